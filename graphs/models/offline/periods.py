"""Times in names, values and questions: earlier and later columns, periods, months."""

import re
from calendar import month_abbr, month_name
from collections.abc import Sequence
from dataclasses import dataclass

from graphs.models.offline.columns import Column, Table

_BEFORE = (
    ("before", "after"), ("old", "new"), ("previous", "current"), ("prev", "curr"),
    ("prior", "current"), ("prev", "now"), ("previous", "now"),
    ("last", "this"), ("baseline", "current"), ("baseline", "latest"), ("baseline", "new"),
    ("from", "to"), ("start", "end"),
    ("first", "last"), ("then", "now"), ("pre", "post"), ("planned", "actual"),
    ("budget", "actual"), ("plan", "ist"), ("soll", "ist"),
    ("vorher", "nachher"), ("alt", "neu"), ("initial", "final"), ("a", "b"), ("was", "is"),
)  # fmt: skip


MONTHS = {name.casefold(): i for i, name in enumerate(month_name) if name} | {
    name.casefold(): i for i, name in enumerate(month_abbr) if name
} | {"sept": 9, "januar": 1, "februar": 2, "märz": 3, "maerz": 3, "mai": 5, "juni": 6, "juli": 7,
"oktober": 10, "okt": 10, "dezember": 12, "dez": 12}  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """Two columns of one quantity at two times."""

    what: str
    before: Column
    after: Column


def pairs(table: Table) -> list[Pair]:
    """Every pair of columns that are an earlier and a later value of one thing."""
    options = table.numbers() + [c for c in table.columns if c.number and c.identity]
    options = [c for c in options if not c.delta]
    return _worded_pairs(options) or _timed_pairs(options)


def _worded_pairs(options: Sequence[Column]) -> list[Pair]:
    found: list[Pair] = []
    split = [(c, _parts(c.name)) for c in options]
    for first, later in _BEFORE:
        for column, parts in split:
            if first not in parts:
                continue
            rest = _without(parts, first)
            for other, others in split:
                if later in others and other is not column and _without(others, later) == rest:
                    found.append(Pair(" ".join(rest) or "value", column, other))
    unique = {(p.before.name, p.after.name): p for p in found}
    return list(unique.values())


def _parts(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [p.casefold() for p in re.split(r"[\W_]+", spaced) if p]


def _without(parts: list[str], word: str) -> list[str]:
    at = parts.index(word)
    return parts[:at] + parts[at + 1 :]


def _timed_pairs(options: Sequence[Column]) -> list[Pair]:
    """The earliest and the latest of columns named by months, quarters, years or versions."""
    series: dict[str, list[tuple[tuple[int, ...], Column]]] = {}
    for column in options:
        if (place := moment(column.name)) is not None:
            when, rest = place
            series.setdefault(rest, []).append((when, column))
    found: list[Pair] = []
    for rest, members in series.items():
        members.sort(key=lambda pair: pair[0])
        if len(members) > 1 and len({len(when) for when, _ in members}) == 1:
            found.append(Pair(rest or "value", members[0][1], members[-1][1]))
    return found


def moment(name: str) -> tuple[tuple[int, ...], str] | None:
    """When a column or value stands, as something to sort by, and the rest of its name."""
    text = name.casefold()
    year = re.search(r"(?<!\d)(19|20)\d\d(?!\d)", text)
    rest = text.replace(year[0], " ", 1) if year else text
    if iso := re.search(r"(?<!\d)((?:19|20)\d\d)[-_/.](0?[1-9]|1[0-2])(?!\d)", text):
        return (int(iso[1]), int(iso[2])), _rest(text.replace(iso[0], " "))
    for part in _parts(rest):
        if part in MONTHS and len(part) > 2:
            when = (int(year[0]),) if year else ()
            return (*when, MONTHS[part]), _rest(
                re.sub(rf"\b{re.escape(part)}\b", " ", rest.replace("_", " "))
            )
    if quarter := re.search(r"(?<![a-z])q([1-4])(?!\d)", rest):
        when = (int(year[0]),) if year else ()
        return (*when, int(quarter[1])), _rest(rest.replace(quarter[0], " "))
    if step := re.search(
        (
            r"(?<![a-z])(?:v|version|week|kw|w|wave|round|sprint|release|"
            r"day)[\s_-]?(\d{1,4})(?:\.(\d+))?(?!\d)"
        ),
        rest,
    ):
        return (int(step[1]), int(step[2] or 0)), _rest(rest.replace(step[0], " "))
    return ((int(year[0]),), _rest(rest)) if year else None


def _rest(text: str) -> str:
    return " ".join(re.split(r"[\W_]+", text)).strip()


def period_column(table: Table, entity: Column | None = None) -> Column | None:
    """A column of few values that are months, quarters, years or versions, and not the things."""
    options = [c for c in table.columns if 2 <= c.distinct <= 60 and not c.date and c is not entity]
    named_so = [c for c in options if c.stems & _SPANS]
    return next(iter([*named_so, *(c for c in options if c.text and _timed(c))]), None)


_SPANS = frozenset(
    {"month", "period", "quarter", "year", "version", "releas", "week"}
    | {"monat", "jahr", "quartal", "wav", "wave", "sprint", "release"}
)


def _timed(column: Column) -> bool:
    """True when all that its cells say is a time."""
    filled = [cell for cell in column.sample if cell]
    return bool(filled) and all((found := moment(cell)) and not found[1] for cell in filled)
