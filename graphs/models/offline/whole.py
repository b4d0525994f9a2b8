"""The review of the whole: each requirement held against the finished artifact."""

import re
from typing import Any

from graphs.models.offline.judging import Ruling, Text, judge
from graphs.models.offline.shape import listed
from graphs.models.offline.wants import of


def whole(data: dict[str, Any]) -> dict[str, Any]:
    """The WholeReviewDraft: one row for each requirement; at fault are the tasks that cover it."""
    artifact: dict[str, Any] = data.get("artifact") or {}
    given = Text(
        _text(artifact),
        tuple(str(f["name"]) for f in listed(artifact, "files")),
        goal=str(data.get("goal") or ""),
    )
    return {"rows": [_row(r, given, data) for r in listed(data, "requirements")]}


def _text(artifact: dict[str, Any]) -> str:
    answer = listed(artifact, "answer")
    lines = [answer] if isinstance(answer, str) else [str(line) for line in answer]
    return "\n\n".join([*lines, str(artifact.get("body") or "")]).strip()


def _row(requirement: dict[str, Any], given: Text, data: dict[str, Any]) -> dict[str, Any]:
    demand = str(requirement["text"])
    left = _unanswered(demand, given.text)
    ruling = Ruling(False, feedback=left) if left else judge(demand, of(requirement).quote, given)
    return {
        "requirement": requirement["id"],
        "met": ruling.met,
        "evidence": ruling.evidence if ruling.met else "",
        "note": ruling.feedback,
        "tasks": [] if ruling.met else _at_fault(requirement, data),
    }


def _unanswered(demand: str, text: str) -> str:
    """Why it is no answer, when the text itself says so. To say it was the task's honest work."""
    line = next((s for s in text.splitlines() if s.startswith("So this is not answered: ")), "")
    asked = demand.removeprefix("Answer: ").rstrip("?. ").casefold()
    said = [q.casefold() for q in re.findall(r"“(.+?)”", line)]
    return "Nothing was attached, so this is not answered." if asked in said else ""


def _at_fault(requirement: dict[str, Any], data: dict[str, Any]) -> list[str]:
    """The tasks that cover it; the last task when none does."""
    named = [str(t) for t in listed(requirement, "tasks")]
    every = [str(t["id"]) for t in listed(data, "tasks")]
    return named or every[-1:]
