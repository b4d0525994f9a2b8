"""Redo: what a person's words about the artifact mean for its tasks."""

import re
from typing import Any

from graphs.models.offline.language import cut, spoken
from graphs.models.offline.revising import meant, wishes
from graphs.models.offline.shape import listed
from graphs.models.offline.steering import steer

_NEW = re.compile(
    (
        r"^(?:please\s+)?(?:also\s+)?(?:add|include|mention|say|show|explain|list|give|"
        r"put in|we also need|i also want)\b\s*(?:that\s+)?(?P<what>.+)"
    ),
    re.IGNORECASE,
)
_FORM = re.compile(
    (
        r"\b(?:title|heading|headline|call it|shorter|longer|concise|tone|format|wording|"
        r"words?|page|friendlier|formal|simpler|bullets?|order)\b"
    ),
    re.IGNORECASE,
)
_NUMBERS = re.compile(
    (
        r"\b(?:table|column|row|numbers?|figures?|chart|graph|average|total|top \d+|"
        r"percent\w*|compute|calculate|count)\b"
    ),
    re.IGNORECASE,
)


def redo(data: dict[str, Any]) -> dict[str, Any]:
    """The RedoDraft: for each wish the task that it is about, with the wish as guidance."""
    tasks: list[dict[str, Any]] = listed(data, "tasks")
    said = str(data.get("words") or "").strip()
    found: dict[str, list[str]] = {}
    for wish in wishes(said) if said else ():
        for name in _tasks(wish, tasks):
            found.setdefault(name, []).append(wish)
    if not found:
        found = {_last(tasks): [said or "Look at it again."]}
    names = spoken(found)
    return {
        "tasks": [{"task": name, "guidance": ". ".join(words)} for name, words in found.items()],
        "requirement": _requirement(said),
        "reason": (
            f"{names} {'is' if len(found) == 1 else 'are'} about what you asked for; the "
            f"rest is kept."
        ),
    }


def _tasks(wish: str, tasks: list[dict[str, Any]]) -> list[str]:
    known = [str(t["id"]) for t in tasks]
    if named := [k for k in re.findall(r"\bT\d+\b", wish) if k in known]:
        return named
    counting = [str(t["id"]) for t in tasks if _counts(t)]
    if counting and (turn := steer(wish)) and turn.only:
        return counting[:1]
    if _FORM.search(wish):
        return [_last(tasks)]
    if best := meant(wish, tasks):
        return [best]
    if counting and _NUMBERS.search(wish):
        return counting[:1]
    return [_last(tasks)]


def _counts(task: dict[str, Any]) -> bool:
    said = f"{task.get('title')} {task.get('instructions')}"
    return bool(re.search(r"\b(?:compute|table|count|numbers?)\b", said, re.IGNORECASE))


def _last(tasks: list[dict[str, Any]]) -> str:
    """The task that nobody waits for: it writes last."""
    waited = {d for t in tasks for d in listed(t, "depends_on")}
    ends = [str(t["id"]) for t in tasks if t["id"] not in waited]
    return ends[-1] if ends else str(tasks[-1]["id"]) if tasks else "T1"


def _requirement(words: str) -> str:
    """What is asked for anew, in the person's words; empty when only a change is wanted."""
    for wish in wishes(words):
        found = _NEW.match(wish)
        if found and not _FORM.search(wish):
            return cut(wish[0].upper() + wish[1:], 300)
    return ""
