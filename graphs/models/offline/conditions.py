"""Conditions in a question: values of columns, and spans of time."""

import re
from calendar import monthrange
from collections.abc import Iterable
from typing import Any

from graphs.models.offline.asked import RARE, Words
from graphs.models.offline.columns import Column, Table, near
from graphs.models.offline.language import STOPWORDS, stem, words
from graphs.models.offline.periods import MONTHS


def filters(
    said: Words, table: Table, values: dict[str, list[str]]
) -> tuple[list[dict[str, Any]], tuple[str, ...], set[str]]:
    """Conditions in the question, values set against each other (column first), and used stems."""
    where: list[dict[str, Any]] = []
    used: set[str] = set()
    compared: tuple[str, ...] = ()
    columns = {w for w in said.said for c in table.columns if near(w, c) >= 0.9}
    for name, known in values.items():
        hits = [v for v in known if _says(said, v, columns)]
        hits = [v for v in hits if not any(v != o and v.casefold() in o.casefold() for o in hits)]
        if not hits or len(hits) == len(known) > 2:
            continue
        used |= {stem(w) for v in hits for w in words(v)}
        if len(hits) == 1:
            where.append({"column": name, "op": "=", "value": hits[0]})
        else:
            where.append({"column": name, "op": "in", "value": hits})
            compared = compared or (name, *hits)
    where += _dated(said.text, table)
    return where, compared, used


def _says(said: Words, value: str, columns: Iterable[str]) -> bool:
    if (
        len(value) < 2
        or value.casefold() in columns
        or value.casefold() in RARE
        or value.isdecimal()
    ):
        return False
    if len(value) <= 3:
        return bool(re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", said.text))
    if re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", said.text, re.IGNORECASE):
        return value.casefold() not in STOPWORDS
    single = words(value)
    return len(single) == 1 and len(value) > 4 and stem(value) in {stem(w) for w in said.said}


_MONTH = (
    "|".join(sorted((n for n in MONTHS if len(n) > 3), key=len, reverse=True))
    + "|jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec"
)


_PERIODS = re.compile(
    rf"\b(?P<iso>(?:19|20)\d\d-(?:0[1-9]|1[0-2]))(?:-(?P<day>\d\d))?\b|"
    rf"\b(?P<month>{_MONTH})\.?\s*(?P<year>(?:19|20)\d\d)?\b|"
    r"\bq(?P<quarter>[1-4])\s*(?P<qyear>(?:19|20)\d\d)?\b|\b(?P<only>(?:19|20)\d\d)\b",
    re.IGNORECASE,
)


def _dated(text: str, table: Table) -> list[dict[str, Any]]:
    """`in March`, `in 2026`, `since 2026-04`: conditions on the first column of dates."""
    dates = table.dates()
    spans = [s for m in _PERIODS.finditer(text) if (s := _bounds(m, dates[0]))] if dates else []
    if not spans or (
        len(spans) > 1 and not re.search(r"\b(?:between|from)\b", text, re.IGNORECASE)
    ):
        return []
    name, first, last = dates[0].name, spans[0][0], spans[-1][1]
    lead = text[: next(_PERIODS.finditer(text)).start()].casefold().split()[-1:]
    if lead and lead[0] in ("since", "after", "from") and len(spans) == 1:
        return [{"column": name, "op": ">=", "value": first}]
    if lead and lead[0] in ("before", "until", "till"):
        return [{"column": name, "op": "<", "value": first}]
    return [
        {"column": name, "op": ">=", "value": first},
        {"column": name, "op": "<=", "value": last},
    ]


def _bounds(match: re.Match[str], dates: Column) -> tuple[str, str] | None:
    if match["day"]:
        return match[0], match[0]
    if match["only"]:
        return f"{match['only']}-01-01", f"{match['only']}-12-31"
    if match["quarter"]:
        year, last = int(match["qyear"] or dates.high[:4] or 0), 3 * int(match["quarter"])
        return (f"{year}-{last - 2:02}-01", _end(year, last)) if year else None
    if match["iso"]:
        year, month = map(int, match["iso"].split("-"))
    else:
        word = match["month"]
        if word.casefold() in ("may", "mar", "march") and not (word[0].isupper() or match["year"]):
            return None
        month = MONTHS[word.casefold()]
        year = int(match["year"] or _year_of(month, dates) or 0)
    return (f"{year}-{month:02}-01", _end(year, month)) if year else None


def _end(year: int, month: int) -> str:
    return f"{year}-{month:02}-{monthrange(year, month)[1]}"


def _year_of(month: int, dates: Column) -> int | None:
    """The newest year in which the data has this month."""
    if not (dates.high[:4].isdecimal() and dates.low[:4].isdecimal()):
        return None
    for year in range(int(dates.high[:4]), int(dates.low[:4]) - 1, -1):
        if dates.low[:7] <= f"{year}-{month:02}" <= dates.high[:7]:
            return year
    return int(dates.high[:4])
