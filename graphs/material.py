"""What the asks are made of: pieces of a Record as plain JSON, worded alike for every purpose."""

from collections.abc import Iterable
from typing import Any

from bot.domain.board import TaskState, TaskView
from bot.domain.mission import Brief
from bot.domain.plan import Finding, Plan
from bot.domain.record import Record
from bot.domain.work import Output

EXCERPT = 3_000
"""Characters of an attachment that planners see; agents read the rest with tools."""
READ = 60_000
"""Characters of an output that a reviewer or a dependent task sees."""


def requirements(brief: Brief, only: Iterable[str] | None = None) -> list[dict[str, Any]]:
    wanted = None if only is None else set(only)
    return [
        {"id": r.id, "text": r.text, "quote": r.quote, "check": r.check}
        for r in brief.requirements
        if wanted is None or r.id in wanted
    ]


def house(brief: Brief) -> dict[str, str]:
    return brief.house.model_dump()


def answers(brief: Brief) -> list[list[str]]:
    return [list(pair) for pair in brief.answers]


def plan(plan: Plan) -> dict[str, Any]:
    """The plan as a model reads it: without what code alone needs."""
    tasks = [t.model_dump(mode="json", exclude={"stamp"}) for t in plan.tasks]
    return {
        "version": plan.version,
        "summary": plan.summary,
        "assumptions": list(plan.assumptions),
        "not_done": list(plan.not_done),
        "tasks": tasks,
    }


def findings(found: Iterable[Finding]) -> list[dict[str, Any]]:
    return [f.model_dump(mode="json") for f in found]


def output(task: str, title: str, made: Output | None, *, left_out: bool = False) -> dict[str, Any]:
    """An accepted output, or the word that a person left it out."""
    if made is None:
        return {"task": task, "title": title, "text": "", "facts": [], "files": [],
                "sources": [], "left_out": left_out}  # fmt: skip
    return {
        "task": task,
        "title": title,
        "text": made.text[:READ],
        "facts": [f.model_dump(mode="json") for f in made.facts],
        "files": [{"name": f.name, "media_type": f.media_type, "alt": f.alt} for f in made.files],
        "sources": [s.model_dump(mode="json") for s in made.sources],
        "left_out": left_out,
    }


def output_of(view: TaskView) -> dict[str, Any]:
    made = view.attempt.output if view.attempt and view.state is TaskState.done else None
    skipped = view.state is TaskState.skipped
    return output(view.task.id, view.task.title, made, left_out=skipped)


def guidance(record: Record, task: str) -> list[str]:
    return [g.text for g in record.guidance_for(task) if g.text]
