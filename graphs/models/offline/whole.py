"""The review of the whole: each requirement held against the finished artifact."""

from typing import Any

from graphs.models.offline.judging import Text, judge
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
    ruling = judge(str(requirement["text"]), of(requirement).quote, given)
    return {
        "requirement": requirement["id"],
        "met": ruling.met,
        "evidence": ruling.evidence if ruling.met else "",
        "note": ruling.feedback,
        "tasks": [] if ruling.met else _at_fault(requirement, data),
    }


def _at_fault(requirement: dict[str, Any], data: dict[str, Any]) -> list[str]:
    """The tasks that cover it; the last task when none does."""
    named = [str(t) for t in listed(requirement, "tasks")]
    every = [str(t["id"]) for t in listed(data, "tasks")]
    return named or every[-1:]
