"""Review: an output held against its criteria, by rules that did not make it."""

from typing import Any

from graphs.models.offline.judging import Text, judge
from graphs.models.offline.shape import listed
from graphs.models.offline.wants import of


def review(data: dict[str, Any]) -> dict[str, Any]:
    """The ReviewDraft: one row for each criterion, in their order."""
    output: dict[str, Any] = data.get("output") or {}
    given = Text(
        text=str(output.get("text") or ""),
        files=tuple(str(f.get("name")) for f in listed(output, "files")),
        facts=tuple(listed(output, "facts")),
        sourced=bool(output.get("sources")),
        goal=str(data.get("goal") or ""),
    )
    quotes = {r["id"]: of(r).quote for r in listed(data, "requirements")}
    return {"rows": [_row(c, quotes.get(c["id"], ""), given) for c in listed(data, "criteria")]}


def _row(criterion: dict[str, Any], quote: str, given: Text) -> dict[str, Any]:
    ruling = judge(str(criterion["text"]), quote, given)
    return {
        "criterion": criterion["id"],
        "met": ruling.met,
        "evidence": ruling.evidence if ruling.met else "",
        "feedback": ruling.feedback,
    }
