"""What a text is to come with: owners, dates, risks, a budget. Each is asked for and checked."""

import re
from collections.abc import Sequence

from graphs.models.offline.cues import CUES
from graphs.models.offline.language import cut, keywords, overlap

_WITH = re.compile(
    r"\b(?:with|including|that has|containing|covering)\s+(?P<what>[^.;:!?\n]+?)"
    r"(?=\s+(?:for|about|on|to|that|which|from|in|of|so|by|using)\s|[.;:!?\n]|$)",
    re.IGNORECASE,
)
_BETWEEN = re.compile(r"\s*,\s*(?:and\s+)?|\s+(?:and|as well as|plus|&)\s+", re.IGNORECASE)
_ARTICLE = re.compile(
    r"^(?:(?:an?|the|some|its|their|our|clear|short|named|all|main|rough|simple)\s+)+",
    re.IGNORECASE,
)
LONGEST = 3
"""Words of one part; more are a clause and no part."""
SAID = 0.5
"""Share of a part's words that a text must have, when no sign of the part is known."""

RELATIVE = re.compile(
    r"\b(?:day|week|month|sprint|quarter)s? [−+-]?\d+\b|\bkw \d+\b", re.IGNORECASE
)
"""Dates that count from a day that is not fixed yet."""
ASSUMED = re.compile(r"\bno dates? (?:was|were|is|are) (?:given|named)\b", re.IGNORECASE)

_SIGNS: tuple[tuple[str, str], ...] = (
    (r"owners?|responsibilit\w+|responsible", r"\bowners?\b|\bwho\b|\bresponsible\b"),
    (r"roles?", r"\broles?\b|\bwho\b"),
    (r"risks?", r"\brisks?\b"),
    (r"budgets?|costs?|prices?", r"[€$£]\s?\d|\d\s?(?:€|eur\b|usd\b|dollars?|euros?)"),
    (r"numbers?|figures?", r"\d"),
    (r"reasons?", r"\breasons?\b|\bbecause\b|\bwhy\b"),
    (r"steps?|tasks?|actions?", r"^\s*\d+\. |^\s*[-*] |^\|"),
)
"""Parts that are known by other signs than their own name."""
_DATES = re.compile(
    r"(?:due |start |end )?(?:dates?|deadlines?|times?|timeline|schedule|milestones?)",
    re.IGNORECASE,
)


def named(text: str) -> list[str]:
    """The parts that a text is to come with, in its order; names of people are none."""
    found = [m["what"] for m in _WITH.finditer(text.rstrip(". "))]
    parts = [_ARTICLE.sub("", p).strip() for what in found for p in _BETWEEN.split(what)]
    return list(dict.fromkeys(p for p in parts if _is_part(p)))


def _is_part(part: str) -> bool:
    return (
        bool(part) and part[0].islower() and len(part.split()) <= LONGEST and bool(keywords(part))
    )


def wants_dates(parts: Sequence[str]) -> bool:
    """True when one of the parts is a matter of dates."""
    return any(_DATES.fullmatch(part) for part in parts)


def dated(text: str) -> str:
    """The first date that a text names; empty when it names none."""
    found = re.search(CUES["date"], text, re.IGNORECASE)
    return found[0] if found else ""


def gap(part: str, source: str) -> str:
    """The line that says that a part is open. `source` is what does not give it."""
    return f"- **{part[0].upper()}{part[1:]}**: not given in {source}; add it here."


def has(part: str, text: str) -> bool:
    """True when a text has a part, or says that it is open.

    Dates that nobody gave may count from a day that is open, when the text says so.
    """
    if re.search(rf"\*\*{re.escape(part)}\*\*: not given\b", text, re.IGNORECASE):
        return True
    if _DATES.fullmatch(part):
        return bool(dated(text) or (RELATIVE.search(text) and ASSUMED.search(text)))
    signs = [sign for name, sign in _SIGNS if re.fullmatch(name, part, re.IGNORECASE)]
    if signs:
        return bool(re.search(signs[0], text, re.IGNORECASE | re.MULTILINE))
    return overlap(keywords(part), text) >= SAID


def missing(parts: Sequence[str], text: str) -> list[str]:
    """The parts that a text neither has nor says to be open."""
    return [part for part in parts if not has(part, text)]


def criterion(part: str) -> str:
    """What the reviewer holds a text against, for one part."""
    return f"It gives {cut(part, 60)}, or says that this is open"


def demanded(criterion_: str) -> str:
    """The part that a criterion is about; empty when it is about none."""
    found = re.fullmatch(r"It gives (.+), or says that this is open\.?", criterion_)
    return found[1] if found else ""
