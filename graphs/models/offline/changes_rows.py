"""Rows of a change — name, before, after, difference, percent — put in order."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from graphs.models.offline import markdown
from graphs.models.offline.asked import Words
from graphs.models.offline.language import spoken

MOST_NAMED = 5


def by_size(rows: Iterable[list[str]], at: int, said: Words) -> list[list[str]]:
    """The largest first; one direction only when the question names it."""
    kept = [
        row
        for row in rows
        if (value := markdown.decimal(row[at])) is not None and _fits(value, said)
    ]
    return sorted(kept, key=lambda row: abs(markdown.decimal(row[at]) or 0), reverse=True)


def _fits(value: Decimal, said: Words) -> bool:
    return value > 0 if said.sign == "up" else value < 0 if said.sign == "down" else True


def other_order(ranked: Sequence[list[str]], said: Words) -> list[str]:
    """A note when percent and amount name other things: both are fair readings of `most`."""
    count = min(said.n or MOST_NAMED, MOST_NAMED, len(ranked))
    at, how = (3, "amount") if said.percent else (4, "percent")
    other = by_size(ranked, at, said)[:count]
    first = [row[0] for row in ranked[:count]]
    if count == len(ranked) or not other or {row[0] for row in other} == set(first):
        return []
    names = spoken(f"{row[0]} ({_change(row[at], how)})" for row in other)
    return [f"By {how} it would be {names}."]


def _change(value: str, how: str) -> str:
    number = markdown.shown(value)
    sign = "" if number.startswith("-") else "+"
    return f"{sign}{number}{' %' if how == 'percent' else ''}"
