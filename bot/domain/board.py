"""The Board: the state of every task, and what can be done next, as a pure function of rows.

Execution has no memory of its own. After a crash, a revision or a person's decision the same
rows give the same next actions, and a task whose fingerprint already has an accepted attempt is
not run again.
"""

from collections.abc import Mapping
from enum import StrEnum
from functools import cached_property

from bot.domain.base import Frozen, digest
from bot.domain.gate import Gate, GateKind, Verb
from bot.domain.plan import Plan, Task, ordered
from bot.domain.record import Record
from bot.domain.work import MAX_REWORKS, Attempt, AttemptStatus, Verdict

MAX_TRIES = 2
"""How often an attempt that ends in an error is started by itself before a person is asked."""


class TaskState(StrEnum):
    """`failed` waits for a person; `blocked` waits for a task that failed."""

    waiting = "waiting"
    ready = "ready"
    running = "running"
    asking = "asking"
    reviewing = "reviewing"
    done = "done"
    failed = "failed"
    blocked = "blocked"
    skipped = "skipped"

    @property
    def settled(self) -> bool:
        return self in {TaskState.done, TaskState.skipped}

    @property
    def stuck(self) -> bool:
        return self in {TaskState.failed, TaskState.blocked}


class Run(Frozen):
    """Start attempt `number`; `resume` when its process died or its question was answered."""

    task: str
    number: int
    fingerprint: str
    feedback: str = ""
    resume: bool = False
    tries: int = 0


class Review(Frozen):
    """Review the output of this attempt."""

    task: str
    number: int


class Block(Frozen):
    """Ask the person what to do about a task that cannot go on by itself."""

    task: str
    number: int
    fingerprint: str
    why: str


Action = Run | Review | Block


class TaskView(Frozen):
    """One task as it stands. `attempt` is the newest one that counts for its fingerprint."""

    task: Task
    state: TaskState
    fingerprint: str = ""
    attempt: Attempt | None = None
    verdict: Verdict | None = None
    action: Action | None = None
    reused: bool = False
    why: str = ""


def fingerprint(task: Task, record: Record, inputs: Mapping[str, str]) -> str:
    """What an attempt at this task depends on; `inputs` maps dependencies to output hashes."""
    texts = {r.id: r.text for r in record.brief.requirements} if record.brief else {}
    files = record.brief.attachments if record.brief else ()
    return digest(
        {
            "instructions": [task.title, task.instructions],
            "criteria": [c.model_dump(mode="json", exclude={"id"}) for c in task.criteria],
            "requirements": [texts.get(r, r) for r in record.covers(task.id)],
            "guidance": [[g.number, g.text] for g in record.guidance_for(task.id)],
            "specialist": [task.specialist, task.tier, task.tools, task.stamp],
            "attachments": [f.sha256 for f in files],
            "inputs": dict(inputs),
        }
    )


class Board(Frozen):
    """All tasks of the newest plan, in an order in which dependencies come first."""

    views: tuple[TaskView, ...]

    @classmethod
    def of(cls, record: Record) -> "Board":
        """Read the board from the rows. An empty one when there is no plan."""
        if record.plan is None:
            return cls(views=())
        views: dict[str, TaskView] = {}
        for task in ordered(record.plan.tasks):
            views[task.id] = _view(task, record, views)
        return cls(views=tuple(views[t.id] for t in record.plan.tasks))

    @cached_property
    def by_id(self) -> dict[str, TaskView]:
        return {v.task.id: v for v in self.views}

    @property
    def actions(self) -> tuple[Action, ...]:
        """What can be done now, in plan order."""
        return tuple(v.action for v in self.views if v.action is not None)

    @property
    def settled(self) -> bool:
        """Every task is done or left out by a person."""
        return all(v.state.settled for v in self.views)

    @property
    def accepted(self) -> tuple[tuple[str, int, str], ...]:
        """The outputs that count: task, attempt, hash of the output."""
        return tuple(
            (v.task.id, v.attempt.number, v.attempt.output.hash)
            for v in self.views
            if v.state is TaskState.done and v.attempt and v.attempt.output
        )

    def count(self, *states: TaskState) -> int:
        return sum(v.state in states for v in self.views)


def _view(task: Task, record: Record, above: Mapping[str, TaskView]) -> TaskView:
    needs = [above[d] for d in task.depends_on if d in above]
    if any(v.state.stuck for v in needs):
        stuck = ", ".join(v.task.id for v in needs if v.state.stuck)
        return TaskView(task=task, state=TaskState.blocked, why=f"waits for {stuck}")
    if not all(v.state.settled for v in needs):
        return TaskView(task=task, state=TaskState.waiting)
    print_ = fingerprint(task, record, {v.task.id: _hash(v) for v in needs})
    return _progress(task, record, print_)


def _hash(view: TaskView) -> str:
    output = view.attempt.output if view.attempt else None
    return output.hash if output and view.state is TaskState.done else "left out"


def _progress(task: Task, record: Record, print_: str) -> TaskView:
    tries = [a for a in record.attempts_of(task.id) if a.fingerprint == print_]
    gate = _blocked_gate(record, task.id, print_)
    newest = tries[-1] if tries else None
    if gate is not None and gate.outcome is Verb.skip:
        return _seen(task, TaskState.skipped, print_, newest, record)
    if newest is None:
        number = len(record.attempts_of(task.id)) + 1
        return TaskView(
            task=task,
            state=TaskState.ready,
            fingerprint=print_,
            action=Run(task=task.id, number=number, fingerprint=print_),
        )
    view = _seen(task, _state(newest, record), print_, newest, record)
    return _with_action(view, record, tries, gate)


def _state(attempt: Attempt, record: Record) -> TaskState:
    match attempt.status:
        case AttemptStatus.running | AttemptStatus.stopped:
            return TaskState.running
        case AttemptStatus.asking:
            asked = _question_gate(record, attempt)
            return TaskState.asking if asked and asked.open else TaskState.running
        case AttemptStatus.failed:
            return TaskState.failed
        case AttemptStatus.done:
            verdict = record.verdict(attempt)
            if verdict is None:
                return TaskState.reviewing
            return TaskState.done if verdict.accepted else TaskState.failed


def _seen(
    task: Task, state: TaskState, print_: str, attempt: Attempt | None, record: Record
) -> TaskView:
    reused = attempt is not None and record.plan is not None
    return TaskView(
        task=task,
        state=state,
        fingerprint=print_,
        attempt=attempt,
        verdict=record.verdict(attempt) if attempt else None,
        reused=bool(reused and attempt and attempt.plan_version != _version(record.plan)),
    )


def _version(plan: Plan | None) -> int:
    return plan.version if plan else 0


def _with_action(
    view: TaskView, record: Record, tries: list[Attempt], gate: Gate | None
) -> TaskView:
    attempt = tries[-1]
    if view.state is TaskState.running:
        again = _run(view, attempt.number, resume=True, feedback=attempt.feedback)
        return view.model_copy(update={"action": again})
    if view.state is TaskState.reviewing:
        return view.model_copy(update={"action": Review(task=attempt.task, number=attempt.number)})
    if view.state is not TaskState.failed:
        return view
    if gate is not None and gate.outcome is Verb.accept and attempt.output:
        return view.model_copy(update={"state": TaskState.done})
    return _failed(view, record, tries, gate)


def _failed(view: TaskView, record: Record, tries: list[Attempt], gate: Gate | None) -> TaskView:
    """Again, when the rules allow one more; else the person decides."""
    attempt, verdict = tries[-1], view.verdict
    errors = sum(a.status is AttemptStatus.failed for a in tries)
    unmet = sum((v := record.verdict(a)) is not None and not v.accepted for a in tries)
    why = verdict.feedback if verdict else attempt.error
    again = unmet <= MAX_REWORKS if verdict else errors < MAX_TRIES and not attempt.final
    if again:
        number = len(record.attempts_of(view.task.id)) + 1
        feedback = verdict.feedback if verdict else attempt.feedback
        action = _run(view, number, feedback=feedback, tries=errors)
        return view.model_copy(update={"state": TaskState.ready, "action": action, "why": why})
    if gate is not None:
        return view.model_copy(update={"why": why})
    block = Block(task=view.task.id, number=attempt.number, fingerprint=view.fingerprint, why=why)
    return view.model_copy(update={"action": block, "why": why})


def _run(view: TaskView, number: int, **more: object) -> Run:
    return Run.model_validate(
        {"task": view.task.id, "number": number, "fingerprint": view.fingerprint, **more}
    )


def _blocked_gate(record: Record, task: str, print_: str) -> Gate | None:
    found = [
        g
        for g in record.gates
        if g.kind is GateKind.blocked
        and g.data.get("task") == task
        and g.data.get("fingerprint") == print_
    ]
    return found[-1] if found else None


def _question_gate(record: Record, attempt: Attempt) -> Gate | None:
    found = [
        g
        for g in record.gates
        if g.kind is GateKind.question
        and g.data.get("task") == attempt.task
        and g.data.get("attempt") == attempt.number
    ]
    return found[-1] if found else None
