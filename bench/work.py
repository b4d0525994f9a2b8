"""The work that is measured: plans, the answers to their model calls, and the calls' seconds.

How long a call takes is written into the words of its task (`work 0.40 s, review 0.20 s`), so
that a stub model needs no more than the prompt to know.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from bot.domain.mission import Person, Requirement
from bot.domain.plan import Plan, Task, critical_path, ordered
from bot.missions import NewMission, new_id

ME = Person(workspace="local", id="you", name="You")
SAID = "The part is done."
"""What every task answers, and what its reviewer quotes."""

SKEWED: Mapping[str, tuple[float, tuple[str, ...]]] = {
    "T1": (0.4, ()),
    "T2": (2.0, ()),
    "T3": (0.3, ()),
    "T4": (1.2, ("T1",)),
    "T5": (0.2, ("T3",)),
    "T6": (0.3, ("T2",)),
    "T7": (0.3, ("T4",)),
    "T8": (1.6, ("T5",)),
    "T9": (0.2, ("T6",)),
    "T10": (1.0, ("T7",)),
    "T11": (0.2, ("T8", "T9")),
    "T12": (0.3, ("T10", "T11")),
}
"""Twelve tasks whose levels are uneven: work seconds, and what each waits for."""
REVIEW = 0.2
"""Seconds of each review."""


def skewed() -> Plan:
    """The skewed plan."""
    return _plan(_task(name, needs, work, REVIEW) for name, (work, needs) in SKEWED.items())


def small() -> Plan:
    """Three tasks, the third after the other two: with reviews and the whole, 8 model calls."""
    names: Mapping[str, tuple[str, ...]] = {"T1": (), "T2": (), "T3": ("T1", "T2")}
    return _plan(_task(name, needs, 0.010, 0.010) for name, needs in names.items())


def _plan(tasks: Iterable[Task]) -> Plan:
    return Plan(version=1, summary="Twelve parts make the whole.", tasks=tuple(tasks))


def _task(name: str, needs: tuple[str, ...], work: float, review: float) -> Task:
    return Task(
        id=name, title=f"Part {name}", specialist="writer", depends_on=needs, covers=("R1",),
        instructions=f"Write part {name}. (work {work:.3f} s, review {review:.3f} s)",
    )  # fmt: skip


def bounds(plan: Plan) -> tuple[float, float, float]:
    """Seconds, reviews included: the critical path, the sum of slowest of each level, all."""
    seconds = {
        t.id: takes(t.instructions, "work") + takes(t.instructions, "review") for t in plan.tasks
    }
    levels: dict[str, int] = {}
    for task in ordered(plan.tasks):
        levels[task.id] = 1 + max((levels[d] for d in task.depends_on), default=0)
    slowest = [
        max(seconds[t] for t, at in levels.items() if at == level) for level in set(levels.values())
    ]
    return critical_path(plan.tasks, seconds), sum(slowest), sum(seconds.values())


def order(plan: Plan, place: str) -> NewMission:
    """A mission with a plan of the person's own."""
    asked = Requirement(id="R1", text="The part is done", quote="all parts")
    return NewMission(
        key=new_id("bench"), place=place, person=ME, goal="Write all parts.", plan=plan,
        requirements=(asked,),
    )  # fmt: skip


# -- answers ---------------------------------------------------------------------------------------

TAKES = re.compile(r"\(work (?P<work>[\d.]+) s, review (?P<review>[\d.]+) s\)")


def takes(text: str, purpose: str) -> float:
    """The seconds of a call, as the words of its task say; 0 for calls without a task."""
    found = TAKES.search(text)
    return float(found[purpose]) if found and purpose in {"work", "review"} else 0.0


ROW = {"met": True, "evidence": SAID}
ANSWERS: Mapping[str, Any] = {
    "work": SAID,
    "review": {"rows": [{"criterion": "R1", **ROW}]},
    "assemble": {"title": "All parts", "answer": [SAID], "body": f"# All parts\n\n{SAID}"},
    "whole": {"rows": [{"requirement": "R1", **ROW}]},
}
"""The answer to each purpose: accepted at the first try."""
