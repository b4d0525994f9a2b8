"""Conditions in a question: values of columns, and spans of time."""

import re
from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from graphs.models.offline.asked import RARE, Words
from graphs.models.offline.columns import Column, Table, fit, named, near
from graphs.models.offline.language import STOPWORDS, stem, words
from graphs.models.offline.periods import MONTHS, period_column
from graphs.models.offline.spans import against, before, day_of, relative


@dataclass
class Found:
    """Conditions, values set against each other (column first), stems that are used up.

    `spans` are two times that are held against each other: then they are no condition.
    """

    where: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    compared: tuple[str, ...] = ()
    used: set[str] = field(default_factory=set[str])
    spans: tuple[str, str] | None = None
    notes: tuple[str, ...] = ()


def filters(said: Words, table: Table, values: dict[str, list[str]], today: date) -> Found:
    """Everything in the question that narrows the rows down."""
    found = Found()
    columns = {w for w in said.said for c in table.columns if near(w, c) >= 0.9}
    for name, known in values.items():
        hits = [v for v in known if _says(said, v, columns)]
        hits = [v for v in hits if not any(v != o and v.casefold() in o.casefold() for o in hits)]
        if not hits or len(hits) == len(known) > 2:
            continue
        found.used |= {stem(w) for v in hits for w in words(v)}
        if len(hits) == 1:
            found.where.append({"column": name, "op": "=", "value": hits[0]})
        else:
            found.where.append({"column": name, "op": "in", "value": hits})
            found.compared = found.compared or (name, *hits)
    _filled(said, table, found)
    found.where += _sized(said, table)
    _timed(said, table, today, found)
    if not table.dates():
        _labelled(said, table, values, found)
    return found


_HAVING = re.compile(
    r"\b(?P<not>without|lack(?:s|ing)?|missing|(?:have|has|having|with) no|do(?:es)? not have|"
    r"don'?t have|doesn'?t have)\b|\b(?:have|has|having|with)\s+(?:an?|the|any)\b",
    re.IGNORECASE,
)


def _filled(said: Words, table: Table, found: Found) -> None:
    """`with an official name`, `without an end date`: whether a column says anything."""
    text = f"{said.text} {said.context}"
    match = _HAVING.search(text)
    if match is None:
        return
    after = words(text[match.end() : match.end() + 60])[:4]
    after = [w for w in after if w not in STOPWORDS]
    gaps = [c for c in table.columns if 0 < c.missing < table.rows]
    column = max(gaps, key=lambda c: fit(after, c), default=None)
    if column is None or fit(after, column) < 0.9:
        return
    found.used |= {stem(w) for w in after if near(w, column) >= 0.8}
    lacking = bool(match["not"]) != bool(re.search(r"\bnone\b", said.text, re.IGNORECASE))
    op = "is missing" if lacking else "is not missing"
    found.where.append({"column": column.name, "op": op})


_SIZED = re.compile(
    r"\b(?P<op>(?P<more>more|greater|bigger|larger|higher|longer|older|over|above|exceeding|"
    r"at least)(?: than)?|(?:less|fewer|smaller|lower|shorter|younger|under|below|at most)"
    r"(?: than)?)\s+"
    r"(?P<number>\d[\d,.]*)\s*(?P<unit>%|[a-z]+)?",
    re.IGNORECASE,
)


def _sized(said: Words, table: Table) -> list[dict[str, Any]]:
    """`over 500`, `at least 20 files`: a bound on the number that the words around it name."""
    match = _SIZED.search(said.text)
    numbers = table.numbers()
    if match is None or not numbers or re.fullmatch(r"(?:19|20)\d\d", match["number"]):
        return []
    unit = [match["unit"].casefold()] if match["unit"] else []
    near_by = [*unit, *words(said.text[: match.start()])[-3:]]
    best = max(numbers, key=lambda c: fit(near_by, c))
    if fit(near_by, best) < 0.6 and len(numbers) > 1:
        return []
    op = (">" if match["more"] else "<") + ("=" if match["op"].casefold().startswith("at ") else "")
    return [{"column": best.name, "op": op, "value": match["number"].replace(",", "").rstrip(".")}]


def time_of(said: Words, table: Table, entity: Column | None = None) -> Column | None:
    """The column of times: dates before labels such as months."""
    return date_of(said, dates) if (dates := table.dates()) else period_column(table, entity)


def date_of(said: Words, dates: Sequence[Column]) -> Column:
    """The column of dates that the question names, else the first."""
    found, score = named(said.said, dates)
    return found if found is not None and score >= 0.5 else dates[0]


def _timed(said: Words, table: Table, today: date, found: Found) -> None:
    """Conditions on time: named ones, else those told from today; or two spans to compare."""
    dates = table.dates()
    if not dates:
        return
    column = date_of(said, dates)
    if pair := _two_spans(said, column):
        found.spans = pair
        return
    if named_times := _dated(said.text, column):
        found.where += named_times
        return
    spell = relative(said.text, today, day_of(column.high))
    if spell is None:
        return
    found.notes = (spell.note,) if spell.note else ()
    if against(said.text):
        found.spans = (before(spell).label, spell.label)
        return
    found.where += [
        {"column": column.name, "op": ">=", "value": spell.start.isoformat()},
        {"column": column.name, "op": "<=", "value": spell.end.isoformat()},
    ]


def _two_spans(said: Words, column: Column) -> tuple[str, str] | None:
    """`from March to June`, when a change is asked for, or `May compared with June`."""
    found = [match for match, _ in _times(said.text, column)]
    if len(found) != 2 or not (said.change or _COMPARES.search(said.text)):
        return None
    labels = [_label(match, column) for match in found]
    first, last = sorted(labels)
    return (first, last) if first and len(first) == len(last) and first != last else None


def _labelled(said: Words, table: Table, values: dict[str, list[str]], found: Found) -> None:
    """`in August` where the times are labels, such as 2026-08 or Aug, and no dates."""
    column = period_column(table)
    labels = _label_spans(values.get(column.name, [])) if column else {}
    if column is None or not labels or any(w["column"] == column.name for w in found.where):
        return
    times = replace(column, low=min(labels.values())[0], high=max(labels.values())[1])
    if pair := _two_labels(said, labels, times):
        found.spans = pair
        return
    kept = list(labels)
    for bound in _dated(said.text, times):
        kept = [v for v in kept if _holds(labels[v], bound)]
    if 0 < len(kept) < len(labels):
        one = len(kept) == 1
        found.where.append(
            {"column": column.name, "op": "=" if one else "in", "value": kept[0] if one else kept}
        )


def _label_spans(labels: Sequence[str]) -> dict[str, tuple[str, str]]:
    """The days of each label, all in one year when none is named; empty when one is no time."""
    dated = any(re.search(r"(?:19|20)\d\d", label) for label in labels)
    year = Column("", "text", "", 0, 0, "2000-01-01", "2000-12-31", ())
    spans: dict[str, tuple[str, str]] = {}
    for label in labels:
        match = _PERIODS.search(label.title())
        bounds = _bounds(match, year) if match else None
        if bounds is None or (dated and bounds[0].startswith("2000") and "2000" not in label):
            return {}
        spans[label] = bounds
    return spans


def _two_labels(
    said: Words, labels: dict[str, tuple[str, str]], times: Column
) -> tuple[str, str] | None:
    """The labels of two named times that are held against each other, the earlier first."""
    named_times = [bounds for _, bounds in _times(said.text, times)]
    if len(named_times) != 2 or not (said.change or _COMPARES.search(said.text)):
        return None
    two = [next((v for v, span in labels.items() if span == b), "") for b in sorted(named_times)]
    return (two[0], two[1]) if all(two) and two[0] != two[1] else None


def _holds(span: tuple[str, str], bound: dict[str, Any]) -> bool:
    if bound["op"] == ">=":
        return span[0] >= bound["value"]
    return span[1] <= bound["value"] if bound["op"] == "<=" else span[1] < bound["value"]


_COMPARES = re.compile(r"\b(?:compare[ds]?|compared|versus|vs|against|difference)\b", re.IGNORECASE)


def _label(match: re.Match[str], column: Column) -> str:
    bounds = _bounds(match, column)
    if bounds is None or match["day"]:
        return match[0] if match["day"] else ""
    if match["quarter"]:
        return f"{bounds[0][:4]}-Q{match['quarter']}"
    return match["only"] or bounds[0][:7]


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
    + "|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
)


_PERIODS = re.compile(
    rf"\b(?P<iso>(?:19|20)\d\d-(?:0[1-9]|1[0-2]))(?:-(?P<day>\d\d))?\b|"
    rf"\b(?P<month>{_MONTH})\.?\s*(?P<year>(?:19|20)\d\d)?\b|"
    r"\bq(?P<quarter>[1-4])\s*(?P<qyear>(?:19|20)\d\d)?\b|\b(?P<only>(?:19|20)\d\d)\b",
    re.IGNORECASE,
)


def _dated(text: str, column: Column) -> list[dict[str, Any]]:
    """`in March`, `in 2026`, `since 2026-04`: conditions on a column of dates."""
    spans = [bounds for _, bounds in _times(text, column)]
    if not spans or (
        len(spans) > 1 and not re.search(r"\b(?:between|from)\b", text, re.IGNORECASE)
    ):
        return []
    name, first, last = column.name, spans[0][0], spans[-1][1]
    lead = text[: _times(text, column)[0][0].start()].casefold().split()[-1:]
    if lead and lead[0] in ("since", "after", "from") and len(spans) == 1:
        return [{"column": name, "op": ">=", "value": first}]
    if lead and lead[0] in ("before", "until", "till"):
        return [{"column": name, "op": "<", "value": first}]
    return [
        {"column": name, "op": ">=", "value": first},
        {"column": name, "op": "<=", "value": last},
    ]


def _times(text: str, dates: Column) -> list[tuple[re.Match[str], tuple[str, str]]]:
    """The times that a text names, each with its first and last day."""
    return [(m, bounds) for m in _PERIODS.finditer(text) if (bounds := _bounds(m, dates))]


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
