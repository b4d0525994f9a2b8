"""The Plan: what will be done, by whom, in which order, and how it will be judged."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field

from bot.domain.base import Frozen, digest


class Tier(StrEnum):
    """How strong a model a task gets."""

    light = "light"
    standard = "standard"
    strong = "strong"


class Risk(StrEnum):
    """What a task may touch: read, write into the mission's own folder, or reach outward."""

    read = "read"
    write = "write"
    outward = "outward"


class FileOpens(Frozen):
    """A file of this name exists and opens as what its name says."""

    kind: Literal["file_opens"] = "file_opens"
    file: str


class JsonParses(Frozen):
    """A file, or the output's text when no file is named, is valid JSON."""

    kind: Literal["json_parses"] = "json_parses"
    file: str = ""


class HasColumns(Frozen):
    """A table in the output, or in the named file, has these columns."""

    kind: Literal["has_columns"] = "has_columns"
    columns: tuple[str, ...]
    file: str = ""


class LinksFetched(Frozen):
    """Every link in the output was really fetched."""

    kind: Literal["links_fetched"] = "links_fetched"


class WordLimit(Frozen):
    """The output has at most so many words."""

    kind: Literal["word_limit"] = "word_limit"
    words: int = Field(gt=0)


class NumbersComputed(Frozen):
    """Every number that names a computed fact equals it."""

    kind: Literal["numbers_computed"] = "numbers_computed"


Check = Annotated[
    FileOpens | JsonParses | HasColumns | LinksFetched | WordLimit | NumbersComputed,
    Field(discriminator="kind"),
]


class Criterion(Frozen):
    """One thing that an output is held against; with a `check`, code decides it."""

    id: str
    text: str
    check: Check | None = None


class Task(Frozen):
    """A piece of the work for one specialist.

    `stamp` is the hash of the specialist's prompt, tools and model when the task was planned:
    part of the attempt's fingerprint, so that a finished result outlives an upgrade.
    """

    id: str = Field(pattern=r"^T\d+$")
    title: str
    instructions: str
    specialist: str
    tier: Tier = Tier.standard
    depends_on: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    tools: tuple[str, ...] = ()
    risk: Risk = Risk.read
    approval: bool = False
    criteria: tuple[Criterion, ...] = ()
    stamp: str = ""


class Severity(StrEnum):
    blocking = "blocking"
    advice = "advice"


FindingKind = Literal["conflict", "missing_case", "scope", "dependency", "risk"]


class Answer(Frozen):
    """What the planner did about a Finding."""

    verdict: Literal["fixed", "declined"]
    because: str = ""


class Finding(Frozen):
    """What the critic, or the lint, holds against a plan."""

    id: str
    kind: FindingKind
    severity: Severity
    about: str
    text: str
    by: Literal["critic", "lint"] = "critic"
    answer: Answer | None = None

    @property
    def open(self) -> bool:
        """Blocking, and not fixed: the person must see it in red."""
        fixed = self.answer is not None and self.answer.verdict == "fixed"
        return self.severity is Severity.blocking and not fixed


class Estimate(Frozen):
    """What a plan is expected to take. `cost` is US dollars; None when a price is unknown."""

    cost: Decimal | None = None
    seconds: int = 0
    calls: int = 0


NOT_APPROVED = {"heard", "round", "critiqued", "settled", "numbered"}
"""The fields of a Plan that say how it came about, and not what will be done."""


class Plan(Frozen):
    """A numbered version of the plan, identified by its fingerprint.

    Planner and critic go over it in rounds: `critiqued` is the last round the critic has seen,
    and a `settled` plan is ready for the person. `heard` counts the messages of the thread that
    it takes into account, `note` is what a person asked for when they sent the last one back.
    `numbered` is the highest number that a task of it has or had: what a round drops stays counted.
    """

    version: int = Field(ge=1)
    summary: str
    assumptions: tuple[str, ...] = ()
    not_done: tuple[str, ...] = ()
    tasks: tuple[Task, ...]
    estimate: Estimate = Estimate()
    findings: tuple[Finding, ...] = ()
    note: str = ""
    heard: int = 0
    round: int = 0
    critiqued: int = -1
    settled: bool = False
    numbered: int = 0

    @cached_property
    def fingerprint(self) -> str:
        """The hash of everything the person approves; how often it was discussed is not."""
        return digest(self.model_dump(mode="json", exclude=NOT_APPROVED))

    @cached_property
    def by_id(self) -> dict[str, Task]:
        return {task.id: task for task in self.tasks}

    @cached_property
    def in_order(self) -> tuple[Task, ...]:
        """Dependencies first. Raises ValueError when there is a cycle."""
        return ordered(self.tasks)

    @cached_property
    def dependents(self) -> Mapping[str, tuple[str, ...]]:
        """The tasks that wait for each."""
        found: dict[str, tuple[str, ...]] = {}
        for task in self.tasks:
            for before in task.depends_on:
                found[before] = (*found.get(before, ()), task.id)
        return found

    @property
    def open_findings(self) -> tuple[Finding, ...]:
        return tuple(f for f in self.findings if f.open)


def last_number(plans: Iterable[Plan]) -> int:
    """The highest number of a task so far, also of those that are dropped: none is used again."""
    return max((max(p.numbered, *map(number_of, p.by_id), 0) for p in plans), default=0)


def number_of(task: str) -> int:
    """`T12` is 12."""
    return int(task[1:])


def ordered(tasks: Iterable[Task]) -> tuple[Task, ...]:
    """The tasks with every dependency before its dependents; ties keep the given order.

    Raises ValueError when there is a cycle. Unknown dependencies are ignored here: lint names them.
    """
    waiting = list(tasks)
    known = {t.id for t in waiting}
    done: dict[str, Task] = {}
    while waiting:
        free = [t for t in waiting if all(d in done or d not in known for d in t.depends_on)]
        if not free:
            raise ValueError("cycle: " + ", ".join(t.id for t in waiting))
        done.update((t.id, t) for t in free)
        waiting = [t for t in waiting if t.id not in done]
    return tuple(done.values())


def critical_path(tasks: Iterable[Task], seconds: Mapping[str, float]) -> float:
    """The longest chain of dependent tasks, in seconds: no schedule is faster."""
    ends: dict[str, float] = {}
    for task in ordered(tasks):
        start = max((ends[d] for d in task.depends_on if d in ends), default=0.0)
        ends[task.id] = start + seconds.get(task.id, 0.0)
    return max(ends.values(), default=0.0)


MAX_ROUNDS = 3
"""How often planner and critic may go over one version."""


class PlanDiff(Frozen):
    """What changed between two versions, as task ids with the words for a person."""

    added: tuple[str, ...] = ()
    changed: tuple[tuple[str, tuple[str, ...]], ...] = ()
    dropped: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        return not (self.added or self.changed or self.dropped)


WATCHED = (
    "title", "instructions", "specialist", "tier", "depends_on", "covers", "tools", "risk",
    "approval", "criteria",
)  # fmt: skip


def difference(old: Plan, new: Plan) -> PlanDiff:
    """What a reader of version n must know about version n+1."""
    changed = [
        (task.id, fields)
        for task in new.tasks
        if task.id in old.by_id and (fields := _fields_changed(old.by_id[task.id], task))
    ]
    return PlanDiff(
        added=tuple(t.id for t in new.tasks if t.id not in old.by_id),
        changed=tuple(changed),
        dropped=tuple(t.id for t in old.tasks if t.id not in new.by_id),
    )


def _fields_changed(old: Task, new: Task) -> tuple[str, ...]:
    return tuple(name for name in WATCHED if getattr(old, name) != getattr(new, name))
