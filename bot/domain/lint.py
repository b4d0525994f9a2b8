"""Plan lint: faults that code can see, found before a person does. Always on."""

from collections.abc import Callable, Collection, Iterator
from decimal import Decimal

from bot.domain.base import Frozen
from bot.domain.plan import Finding, FindingKind, Plan, Risk, Severity, Task, ordered

MAX_TASKS = 50


class Rules(Frozen):
    """What the plan is held against."""

    requirements: tuple[str, ...]
    specialists: tuple[str, ...]
    tools: tuple[str, ...] = ()
    cap: Decimal | None = None


class Fault(Frozen):
    kind: FindingKind
    about: str
    text: str
    severity: Severity = Severity.blocking


def lint(plan: Plan, rules: Rules) -> tuple[Finding, ...]:
    """Every fault of the plan, as Findings `L1…` in a fixed order."""
    faults = [fault for check in CHECKS for fault in check(plan, rules)]
    return tuple(
        Finding(id=f"L{n}", by="lint", **fault.model_dump())
        for n, fault in enumerate(faults, start=1)
    )


def _size(plan: Plan, rules: Rules) -> Iterator[Fault]:
    if not plan.tasks:
        yield Fault(kind="scope", about="plan", text="The plan has no tasks.")
    if len(plan.tasks) > MAX_TASKS:
        text = f"The plan has {len(plan.tasks)} tasks; at most {MAX_TASKS} can be followed."
        yield Fault(kind="scope", about="plan", text=text)


def _identity(plan: Plan, rules: Rules) -> Iterator[Fault]:
    seen: set[str] = set()
    for task in plan.tasks:
        if task.id in seen:
            yield Fault(kind="conflict", about=task.id, text=f"{task.id} occurs twice.")
        seen.add(task.id)


def _dependencies(plan: Plan, rules: Rules) -> Iterator[Fault]:
    for task in plan.tasks:
        for name in _unknown(task.depends_on, plan.by_id):
            text = f"{task.id} waits for {name}, which does not exist."
            yield Fault(kind="dependency", about=task.id, text=text)


def _cycles(plan: Plan, rules: Rules) -> Iterator[Fault]:
    try:
        ordered(plan.tasks)
    except ValueError as error:
        names = str(error).removeprefix("cycle: ")
        text = f"These tasks wait for each other in a circle: {names}."
        yield Fault(kind="dependency", about=names.split(",")[0], text=text)


def _specialists(plan: Plan, rules: Rules) -> Iterator[Fault]:
    for task in plan.tasks:
        if task.specialist not in rules.specialists:
            text = f"{task.id} needs “{task.specialist}”, who is not on the team."
            yield Fault(kind="dependency", about=task.id, text=text)
        for name in _unknown(task.tools, rules.tools) if rules.tools else ():
            text = f"{task.id} needs the tool “{name}”, which does not exist."
            yield Fault(kind="dependency", about=task.id, text=text)


def _coverage(plan: Plan, rules: Rules) -> Iterator[Fault]:
    covered = {name for task in plan.tasks for name in task.covers}
    for name in _unknown(rules.requirements, covered):
        text = f"No task covers {name}."
        yield Fault(kind="missing_case", about=name, text=text)


def _purpose(plan: Plan, rules: Rules) -> Iterator[Fault]:
    for task in plan.tasks:
        for name in _unknown(task.covers, rules.requirements):
            text = f"{task.id} covers {name}, which nobody asked for."
            yield Fault(kind="scope", about=task.id, text=text)
        if not task.covers:
            text = f"{task.id} covers no requirement."
            yield Fault(kind="scope", about=task.id, text=text)


def _duplicates(plan: Plan, rules: Rules) -> Iterator[Fault]:
    tasks = plan.tasks[: MAX_TASKS + 1]
    for at, task in enumerate(tasks):
        for other in tasks[:at]:
            if _same_work(task, other):
                text = f"{task.id} does the same work as {other.id}."
                yield Fault(kind="conflict", about=task.id, text=text)


def _same_work(one: Task, other: Task) -> bool:
    """Equal words only: two tasks that differ in one name are often two right tasks."""
    return _words(one) == _words(other)


def _words(task: Task) -> tuple[str, str, tuple[str, ...]]:
    return (task.specialist, " ".join(task.instructions.casefold().split()), task.depends_on)


def _outward(plan: Plan, rules: Rules) -> Iterator[Fault]:
    for task in plan.tasks:
        if task.risk is Risk.outward and not task.approval:
            text = f"{task.id} reaches outside without an approval of its own."
            yield Fault(kind="risk", about=task.id, text=text)


def _budget(plan: Plan, rules: Rules) -> Iterator[Fault]:
    cost = plan.estimate.cost
    if rules.cap is not None and cost is not None and cost > rules.cap:
        text = f"The estimate of ${cost:.2f} is over the cap of ${rules.cap:.2f}."
        yield Fault(kind="risk", about="estimate", text=text)


def _unknown(names: Collection[str], known: Collection[str]) -> Iterator[str]:
    return (name for name in names if name not in known)


CHECKS: tuple[Callable[[Plan, Rules], Iterator[Fault]], ...] = (
    _size, _identity, _dependencies, _cycles, _specialists, _coverage, _purpose, _duplicates,
    _outward, _budget,
)  # fmt: skip
