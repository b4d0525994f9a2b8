"""Whatever the plan and whatever ends first: the board's actions always bring it to its end."""

from collections.abc import Iterable

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.board import Action, Block, Board, Review, Run
from bot.domain.gate import GateKind, Verb
from bot.domain.plan import Task, critical_path, last_number, ordered
from bot.domain.record import Record
from bot.domain.work import AttemptStatus, Output
from tests.core.world import attempt, gate, guidance, plan, plus, record, replaced, task, verdict


def descendants(tasks: Iterable[Task], roots: Iterable[str]) -> frozenset[str]:
    """The roots and every task that reads, at any remove, what they make."""
    tasks = tuple(tasks)
    found = set(roots)
    grown = True
    while grown:
        more = {t.id for t in tasks if t.id not in found and found & set(t.depends_on)}
        found |= more
        grown = bool(more)
    return frozenset(found)


@st.composite
def dags(draw: st.DrawFn) -> tuple[Task, ...]:
    """Up to eight tasks in any order, each reading some of those named before it."""
    names = [f"T{n}" for n in range(1, draw(st.integers(1, 8)) + 1)]
    made = [
        task(name, *draw(st.lists(st.sampled_from(names[:at]), unique=True)) if at else ())
        for at, name in enumerate(names)
    ]
    return tuple(draw(st.permutations(made)))


class Scheduler:
    """Does what the board says, in an order and with results that the test draws."""

    def __init__(self, made: Record, data: st.DataObject) -> None:
        self.record = made
        self.data = data
        self.started: list[tuple[str, int]] = []

    def run_to_the_end(self) -> None:
        """As many steps as a plan of eight tasks can need, and not one more."""
        for _ in range(400):
            actions = Board.of(self.record).actions
            if not actions:
                return
            self._do(self.data.draw(st.sampled_from(actions)))
        raise AssertionError("it never ends")

    def _do(self, action: Action) -> None:
        match action:
            case Run():
                self._run(action)
            case Review():
                met = self.data.draw(st.booleans())
                made = verdict(action.task, action.number, met=met)
                self.record = plus(self.record, verdicts=made)
            case Block():
                self._block(action)

    def _run(self, run: Run) -> None:
        self._inputs_are_there(run.task)
        if run.resume:
            self._end(run)
            return
        assert (run.task, run.number) not in self.started
        self.started.append((run.task, run.number))
        begun = attempt(
            run.task, run.number, run.fingerprint, status=AttemptStatus.running, output=None
        )
        self.record = plus(self.record, attempts=begun)

    def _inputs_are_there(self, name: str) -> None:
        board = Board.of(self.record)
        needs = board.by_id[name].task.depends_on
        assert all(board.by_id[need].state.settled for need in needs)

    def _end(self, run: Run) -> None:
        last = self.record.attempts_of(run.task)[-1]
        status = self.data.draw(
            st.sampled_from([AttemptStatus.done, AttemptStatus.failed, AttemptStatus.stopped])
        )
        text = self.data.draw(st.sampled_from(["one", "two"]))
        output = Output(text=text) if status is AttemptStatus.done else None
        ended = last.model_copy(update={"status": status, "output": output})
        self.record = replaced(self.record, ended)

    def _block(self, block: Block) -> None:
        usable = self.record.attempts_of(block.task)[-1].output is not None
        verbs = [Verb.retry, Verb.skip, *([Verb.accept] if usable else [])]
        verb = self.data.draw(st.sampled_from(verbs))
        data = {"task": block.task, "fingerprint": block.fingerprint}
        name = f"blocked:{block.task}.{block.number}"
        self.record = plus(self.record, gates=gate(GateKind.blocked, name, data=data, outcome=verb))
        if verb is Verb.retry:
            number = len(self.record.guidance) + 1
            # A person's patience ends: from the fifth time on they leave it out.
            again = guidance(number, [block.task], "", kind="retry")
            if number <= 5:
                self.record = plus(self.record, guidance=again)
            else:
                self.record = plus(
                    self.record, gates=gate(GateKind.blocked, name, data=data, outcome=Verb.skip)
                )


@settings(max_examples=50, deadline=None)
@given(tasks=dags(), data=st.data())
def test_any_plan_settles_whatever_ends_first(tasks: tuple[Task, ...], data: st.DataObject):
    """No task runs before its inputs, and no attempt number is given twice."""
    scheduler = Scheduler(record(*tasks), data)
    scheduler.run_to_the_end()
    board = Board.of(scheduler.record)
    assert board.settled
    numbers = [(a.task, a.number) for a in scheduler.record.attempts]
    assert len(set(numbers)) == len(numbers)


@settings(max_examples=40, deadline=None)
@given(tasks=dags(), data=st.data())
def test_guidance_in_the_middle_never_stops_it(tasks: tuple[Task, ...], data: st.DataObject):
    """Words arrive at any moment, for any tasks, and it settles all the same."""
    scheduler = Scheduler(record(*tasks), data)
    for number in (1, 2):
        for _ in range(data.draw(st.integers(0, 10))):
            actions = Board.of(scheduler.record).actions
            if actions:
                scheduler._do(data.draw(st.sampled_from(actions)))
        names = data.draw(st.sets(st.sampled_from([t.id for t in tasks]), min_size=1))
        words = guidance(90 + number, sorted(names))
        scheduler.record = plus(scheduler.record, guidance=words)
    scheduler.run_to_the_end()
    assert Board.of(scheduler.record).settled


@settings(max_examples=50, deadline=None)
@given(tasks=dags(), data=st.data())
def test_the_same_rows_give_the_same_board(tasks: tuple[Task, ...], data: st.DataObject):
    """Read again, from a copy, or with every row of a finished attempt written twice over."""
    scheduler = Scheduler(record(*tasks), data)
    for _ in range(data.draw(st.integers(0, 20))):
        actions = Board.of(scheduler.record).actions
        if actions:
            scheduler._do(data.draw(st.sampled_from(actions)))
    made = scheduler.record
    copied = Record.model_validate_json(made.model_dump_json())
    assert Board.of(copied) == Board.of(made)
    for one in made.attempts:
        made = replaced(made, one)
    assert Board.of(made) == Board.of(scheduler.record)


@settings(max_examples=60, deadline=None)
@given(tasks=dags(), data=st.data())
def test_a_board_that_goes_on_from_an_earlier_one_is_the_same(
    tasks: tuple[Task, ...], data: st.DataObject
):
    """Whatever happened since, in one step or in several, what is kept is what is true."""
    scheduler = Scheduler(record(*tasks), data)
    before = scheduler.record
    while actions := Board.of(scheduler.record).actions:
        scheduler._do(data.draw(st.sampled_from(actions)))
        now = scheduler.record.model_copy()
        Board.follow(now, before)
        before = now
        if data.draw(st.booleans()):
            assert Board.of(now) == Board.of(scheduler.record)


@settings(max_examples=40, deadline=None)
@given(tasks=dags(), data=st.data())
def test_guidance_touches_only_the_task_and_what_reads_it(
    tasks: tuple[Task, ...], data: st.DataObject
):
    made = record(*tasks)
    while actions := Board.of(made).actions:
        made = _accept(made, actions[0])
    roots = data.draw(st.sets(st.sampled_from([t.id for t in tasks]), min_size=1))
    made = plus(made, guidance=guidance(1, sorted(roots)))
    before = len(made.attempts)
    while actions := Board.of(made).actions:
        made = _accept(made, actions[0], text="another")
    again = {a.task for a in made.attempts[before:]}
    assert again == descendants(tasks, roots)


def _accept(made: Record, action: Action, text: str = "first") -> Record:
    assert isinstance(action, Run)
    done = attempt(
        action.task, action.number, action.fingerprint, output=Output(text=action.task + text)
    )
    return plus(made, attempts=done, verdicts=verdict(action.task, action.number))


@given(tasks=dags())
def test_ordering_puts_every_input_first_and_loses_no_task(tasks: tuple[Task, ...]):
    names = [t.id for t in ordered(tasks)]
    assert sorted(names) == sorted(t.id for t in tasks)
    for one in tasks:
        assert all(names.index(need) < names.index(one.id) for need in one.depends_on)


@given(tasks=dags(), data=st.data())
def test_no_chain_is_longer_than_the_critical_path(tasks: tuple[Task, ...], data: st.DataObject):
    """Held against every chain, one by one."""
    seconds = {t.id: float(data.draw(st.integers(0, 9))) for t in tasks}
    by_id = {t.id: t for t in tasks}

    def longest(name: str) -> float:
        return seconds[name] + max((longest(n) for n in by_id[name].depends_on), default=0.0)

    assert critical_path(tasks, seconds) == max(longest(t.id) for t in tasks)


def test_the_number_of_a_task_that_was_dropped_stays_counted():
    assert last_number(()) == 0
    plans = plan(task("T1"), task("T12")), plan(task("T2"), version=2)
    assert last_number(plans) == 12
    assert last_number((plan(task("T1"), numbered=4),)) == 4
