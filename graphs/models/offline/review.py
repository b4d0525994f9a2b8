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
    wants = {r["id"]: of(r) for r in listed(data, "requirements")}
    quotes = {name: want.quote for name, want in wants.items()}
    rows = [_row(c, quotes.get(c["id"], ""), given) for c in listed(data, "criteria")]
    if str(data.get("task", {}).get("title", "")).startswith(ADDED):
        questions = {name for name, want in wants.items() if not want.form}
        rows = _beside(rows, questions)
    return {"rows": rows}


ADDED = "Add: "
"""Starts the title of work that a person added to a plan."""


def _beside(rows: list[dict[str, Any]], questions: set[str]) -> list[dict[str, Any]]:
    """Added work stands with a question that others answer: it is held against its own words."""
    own = next((r for r in rows if r["criterion"] not in questions), None)
    if own is None:
        return rows
    return [
        {**own, "criterion": r["criterion"]} if r["criterion"] in questions else r for r in rows
    ]


def _row(criterion: dict[str, Any], quote: str, given: Text) -> dict[str, Any]:
    ruling = judge(str(criterion["text"]), quote, given)
    return {
        "criterion": criterion["id"],
        "met": ruling.met,
        "evidence": ruling.evidence if ruling.met else "",
        "feedback": ruling.feedback,
    }
