"""The Board: the state of every task, and what can be done next, as a pure function of rows.

Execution has no memory of its own. After a crash, a revision or a person's decision the same
rows give the same next actions, and a task whose fingerprint already has an accepted attempt is
not run again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property, lru_cache

from bot.domain.base import digest
from bot.domain.gate import Gate, GateKind, Verb
from bot.domain.plan import Plan, Task
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
        return self is TaskState.done or self is TaskState.skipped

    @property
    def stuck(self) -> bool:
        return self is TaskState.failed or self is TaskState.blocked


@dataclass(frozen=True)
class Run:
    """Start attempt `number`; `resume` when its process died or its question was answered."""

    task: str
    number: int
    fingerprint: str
    feedback: str = ""
    resume: bool = False
    tries: int = 0


@dataclass(frozen=True)
class Review:
    """Review the output of this attempt."""

    task: str
    number: int


@dataclass(frozen=True)
class Block:
    """Ask the person what to do about a task that cannot go on by itself."""

    task: str
    number: int
    fingerprint: str
    why: str


Action = Run | Review | Block


@dataclass(frozen=True)
class TaskView:
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
    texts, files = record.texts, record.brief.attachments if record.brief else ()
    return _digest(
        task,  # pyright: ignore[reportArgumentType]  pydantic gives frozen models a hash
        tuple(texts.get(r, r) for r in record.covers(task.id)),
        tuple((g.number, g.text) for g in record.guidance_for(task.id)),
        tuple(f.sha256 for f in files),
        tuple(inputs.items()),
    )


@lru_cache(maxsize=4_096)
def _digest(
    task: Task,
    requirements: tuple[str, ...],
    guidance: tuple[tuple[int, str], ...],
    files: tuple[str, ...],
    inputs: tuple[tuple[str, str], ...],
) -> str:
    """Kept, since a board is read many times while only the states of other tasks change."""
    return digest(
        {
            "instructions": [task.title, task.instructions],
            "criteria": [c.model_dump(mode="json", exclude={"id"}) for c in task.criteria],
            "requirements": requirements,
            "guidance": guidance,
            "specialist": [task.specialist, task.tier, task.tools, task.stamp],
            "attachments": files,
            "inputs": dict(inputs),
        }
    )


@dataclass(frozen=True)
class Board:
    """All tasks of the newest plan, in its order."""

    views: tuple[TaskView, ...] = ()

    @classmethod
    def of(cls, record: Record) -> "Board":
        """Read the board from the rows, once for each record. Empty when there is no plan."""
        reading: Reading | None = vars(record).get(_KEPT)
        if reading is None:
            reading = vars(record)[_KEPT] = Reading()
        if reading.board is None:
            views = _views(record, record.plan, reading.since).values() if record.plan else ()
            reading.board, reading.since = cls(views=tuple(views)), None
        return reading.board

    @staticmethod
    def follow(record: Record, before: Record) -> None:
        """The record comes after this one: once its board is asked for, what did not change since
        is kept from the newest one that was read.
        """
        known: Reading | None = vars(before).get(_KEPT)
        if known is not None:
            vars(record)[_KEPT] = Reading(since=before if known.board else known.since)

    @cached_property
    def by_id(self) -> Mapping[str, TaskView]:
        return {v.task.id: v for v in self.views}

    @property
    def actions(self) -> tuple[Action, ...]:
        """What can be done now, in plan order."""
        return tuple([v.action for v in self.views if v.action is not None])

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


@dataclass(slots=True)
class Reading:
    """The board of a record, None until it is asked for; `since` is one whose board was read."""

    board: Board | None = None
    since: Record | None = None


_KEPT = "board"
"""Where a record keeps its board, as cached properties are kept: a copy begins without it."""


def _views(record: Record, plan: Plan, since: Record | None) -> Mapping[str, TaskView]:
    if since is not None and _alike(record, since):
        return _gone_on(record, plan, since)
    views: dict[str, TaskView] = {}
    for task in plan.in_order:
        views[task.id] = _view(task, record, views)
    return {task.id: views[task.id] for task in plan.tasks}


def _gone_on(record: Record, plan: Plan, since: Record) -> Mapping[str, TaskView]:
    """The views from before, with what changed, and those below that are given something else."""
    views = dict(Board.of(since).by_id)
    changed, given_other = _changed(record, since), set[str]()
    for task in plan.in_order:
        name = task.id
        if name not in changed and name not in given_other:
            continue
        before = views[name]
        if name in given_other:
            view = _view(task, record, views)
        elif before.fingerprint:
            view = _progress(task, record, before.fingerprint)
        else:
            continue
        views[name] = view
        below = plan.dependents.get(name)
        if below and _gives(view) != _gives(before):
            given_other.update(below)
    return views


def _alike(record: Record, since: Record) -> bool:
    """Whether both say the same about everything but attempts and verdicts."""
    return (
        record.plans is since.plans
        and record.brief is since.brief
        and record.gates is since.gates
        and record.guidance is since.guidance
    )


def _changed(record: Record, since: Record) -> set[str]:
    """The tasks whose attempts or verdicts are others."""
    return _tasks_of(record.attempts, since.attempts) | _tasks_of(record.verdicts, since.verdicts)


def _tasks_of(new: Sequence[Attempt | Verdict], old: Sequence[Attempt | Verdict]) -> set[str]:
    """The tasks of those that are only in one of both."""
    if new is old:
        return set()
    one = dict(zip(map(id, new), new, strict=True))
    other = dict(zip(map(id, old), old, strict=True))
    return {(one if made in one else other)[made].task for made in one.keys() ^ other.keys()}


def _view(task: Task, record: Record, above: Mapping[str, TaskView]) -> TaskView:
    needs = [above[d] for d in task.depends_on if d in above]
    if any(v.state.stuck for v in needs):
        stuck = ", ".join(v.task.id for v in needs if v.state.stuck)
        return TaskView(task=task, state=TaskState.blocked, why=f"waits for {stuck}")
    if not all(v.state.settled for v in needs):
        return TaskView(task=task, state=TaskState.waiting)
    print_ = fingerprint(task, record, {v.task.id: _hash(v) for v in needs})
    return _progress(task, record, print_)


def _gives(view: TaskView) -> tuple[TaskState, str] | None:
    """All that the tasks below can see of one; None while they wait for it."""
    over = view.state.settled or view.state.stuck
    return (view.state, _hash(view)) if over else None


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
    state = _state(newest, record)
    view = _seen(task, state, print_, newest, record, _goes_on(newest, state))
    return _failed(view, record, tries, gate) if state is TaskState.failed else view


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
    task: Task, state: TaskState, print_: str, attempt: Attempt | None, record: Record,
    action: Action | None = None,
) -> TaskView:  # fmt: skip
    plan = record.plan
    return TaskView(
        task=task,
        state=state,
        fingerprint=print_,
        attempt=attempt,
        verdict=record.verdict(attempt) if attempt else None,
        action=action,
        reused=bool(attempt and plan and attempt.plan_version != plan.version),
    )


def _goes_on(attempt: Attempt, state: TaskState) -> Action | None:
    """What an attempt that has not come to its end needs next."""
    if state is TaskState.running:
        return Run(
            task=attempt.task, number=attempt.number, fingerprint=attempt.fingerprint,
            feedback=attempt.feedback, resume=True,
        )  # fmt: skip
    if state is TaskState.reviewing:
        return Review(task=attempt.task, number=attempt.number)
    return None


def _failed(view: TaskView, record: Record, tries: list[Attempt], gate: Gate | None) -> TaskView:
    """Used on a person's word; again, when the rules allow one more; else the person decides."""
    attempt, verdict = tries[-1], view.verdict
    if gate is not None and gate.outcome is Verb.accept and attempt.output:
        return replace(view, state=TaskState.done)
    errors = sum(a.status is AttemptStatus.failed for a in tries)
    unmet = sum((v := record.verdict(a)) is not None and not v.accepted for a in tries)
    why = verdict.feedback if verdict else attempt.error
    again = unmet <= MAX_REWORKS if verdict else errors < MAX_TRIES and not attempt.final
    if again:
        number = len(record.attempts_of(view.task.id)) + 1
        feedback = verdict.feedback if verdict else attempt.feedback
        action = Run(
            task=attempt.task, number=number, fingerprint=attempt.fingerprint,
            feedback=feedback, tries=errors,
        )  # fmt: skip
        return replace(view, state=TaskState.ready, action=action, why=why)
    if gate is not None:
        return replace(view, why=why)
    block = Block(task=view.task.id, number=attempt.number, fingerprint=view.fingerprint, why=why)
    return replace(view, action=block, why=why)


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
