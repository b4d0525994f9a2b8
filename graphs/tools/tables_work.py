"""Answers questions about tables, in a helper process.

Every number is an exact decimal; only quotients are rounded (`QUOTIENT` decimals) and said to
be. Functions take and give plain data, so that they can run behind a pipe.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, TypeVar

from graphs.tools import numbers
from graphs.tools.tables_ask import Group, Measure, Query, Scalar, Sort, Where
from graphs.tools.tables_read import Cell, TableError, blank, load
from graphs.tools.tables_types import Column, Typed, read_date, rounded, said, total

QUOTIENT = 6
"""Decimals of means and percentages."""

MAX_FACTS = 400
ALL_ROWS = "all rows"
BLANK = "(blank)"
SAMPLE = 5

Row = list[Cell]
Key = tuple[Cell, ...]
Groups = dict[Key, list[int]]
T = TypeVar("T")


@dataclass
class Reply:
    """A table to show, the numbers computed for it, and what to know about it."""

    columns: list[str]
    rows: list[list[str]]
    shown: list[list[str]]
    found: int
    notes: list[str] = field(default_factory=list[str])
    facts: list[dict[str, str]] = field(default_factory=list[dict[str, str]])

    def plain(self) -> dict[str, Any]:
        """As plain data. Facts beyond the cap are left out and counted in a note."""
        notes = list(dict.fromkeys(self.notes))
        return {
            "columns": self.columns,
            "rows": self.rows,
            "shown": self.shown,
            "found": self.found,
            "notes": notes,
            "facts": self.facts[:MAX_FACTS],
        }


def describe(source: dict[str, str], sheet: str | None) -> dict[str, Any]:
    """Columns with type, range and gaps, the first rows, and facts over all rows."""
    table = open_table(source, sheet)
    columns = [table.column(name) for name in table.table.columns]
    for column in columns:
        table.mention(column)
    facts = [fact(ALL_ROWS, "count of rows", Decimal(len(table)))]
    for column in columns:
        facts += _overall(column)
    sample = [[said(cell) for cell in row] for row in table.table.rows[:SAMPLE]]
    reply = Reply(list(table.table.columns), sample, sample, len(table), table.notes, facts)
    return reply.plain() | {
        "sheet": table.table.sheet,
        "sheets": list(table.table.sheets),
        "types": [_profile(column) for column in columns],
    }


def query(source: dict[str, str], raw: dict[str, Any]) -> dict[str, Any]:
    """The rows, or the groups with their measures, that the question asks for."""
    ask = Query.model_validate(raw)
    table = open_table(source, ask.sheet)
    kept = kept_rows(table, ask.where)
    return (_groups if ask.measures or ask.group_by else _select)(table, kept, ask).plain()


def open_table(source: dict[str, str], sheet: str | None) -> Typed:
    """The table in a file. Raises `TableError` when it has no rows."""
    table = Typed(load(source["path"], source["name"], sheet, source["text"]))
    if not len(table):
        raise TableError(f"“{source['name']}” has columns but no rows." if table.table.columns
                         else f"“{source['name']}” is empty.")  # fmt: skip
    return table


# Describing


def _profile(column: Column) -> dict[str, Any]:
    filled: list[Cell] = [value for value in column.values if value is not None]
    low, high = _ends(column, filled)
    return {
        "column": column.name,
        "type": column.kind,
        "unit": " ".join(column.units),
        "missing": column.missing,
        "odd": len(column.odd),
        "distinct": len(set(filled)),
        "from": low,
        "to": high,
    }


def _ends(column: Column, filled: list[Cell]) -> tuple[str, str]:
    if column.kind == "text" or not filled:
        return "", ""
    return said(min(filled, key=rank)), said(max(filled, key=rank))


def _overall(column: Column) -> list[dict[str, str]]:
    if column.kind != "number" or len(column.units) > 1:
        return []
    values = decimals(column.values)
    found = [(fn, FUNCTIONS[fn](values)) for fn in ("sum", "mean", "min", "max")] if values else []
    return [fact(ALL_ROWS, f"{fn} of {column.name}", value) for fn, value in found]


# Filtering


def kept_rows(table: Typed, wheres: list[Where]) -> list[int]:
    """The places of the rows where all conditions hold, in their order."""
    kept = list(range(len(table)))
    for where in wheres:
        if where.op in _WORDS:
            cells, holds = table.table.column(where.column), _word_test(where)
        else:
            column = table.column(where.column)
            table.mention(column)
            cells, holds = column.values, _test(column, where)
        kept = [i for i in kept if holds(cells[i])]
    return kept


def _word_test(where: Where) -> Callable[[Cell], bool]:
    word, holds = fold(_plain(where.value)), _WORDS[where.op]
    return lambda cell: not blank(cell) and holds(fold(said(cell)), word)


def _test(column: Column, where: Where) -> Callable[[Cell], bool]:
    if where.op in ("is missing", "is not missing"):
        return lambda value: (value is None) == (where.op == "is missing")
    if isinstance(where.value, list):
        wanted = {fold_cell(_like(column, item)) for item in where.value}
        return lambda value: (fold_cell(value) in wanted) == (where.op == "in")
    other = _like(column, where.value)
    if where.op in ("=", "!="):
        return lambda value: (fold_cell(value) == fold_cell(other)) == (where.op == "=")
    holds = _ORDER[where.op]
    return lambda value: value is not None and holds(rank(value), rank(other))


_WORDS: dict[str, Callable[[str, str], bool]] = {
    "contains": lambda text, word: word in text,
    "not contains": lambda text, word: word not in text,
    "starts with": str.startswith,
    "ends with": str.endswith,
}
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
}


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return numbers.write(numbers.from_float(value)) if isinstance(value, float) else str(value)


def _like(column: Column, value: object) -> Cell:
    """What was asked for, as the kind of value that the column holds."""
    text = _plain(value)
    if column.kind == "number":
        found = numbers.read(text)
        if found is None:
            raise TableError(f"Column “{column.name}” holds numbers; “{text}” is none.")
        return found.value
    if column.kind == "date":
        day = read_date(text)
        if day is None:
            raise TableError(f"Column “{column.name}” holds dates; give “{text}” as 2026-12-31.")
        return day
    return text


def fold(text: str) -> str:
    """Text for comparing: no outer space, no case."""
    return text.strip().casefold()


def fold_cell(value: Cell) -> Cell:
    """A cell for comparing by value."""
    return fold(value) if isinstance(value, str) else value


def rank(value: Cell) -> Any:
    """A cell for sorting; cells of one column are of one kind."""
    return fold(value) if isinstance(value, str) else value


# Selecting and sorting


def _select(table: Typed, kept: list[int], ask: Query) -> Reply:
    names = [table.table.columns[table.table.at(name)] for name in ask.columns]
    names = names or list(table.table.columns)
    for order in reversed(ask.sort):
        column = table.column(order.column)
        kept = ordered(kept, lambda i, column=column: column.values[i], order.descending)
    places = [table.table.at(name) for name in names]
    rows = [[said(table.table.rows[i][p]) for p in places] for i in kept[: ask.limit]]
    return Reply(names, rows, rows, len(kept), table.notes)


def ordered(items: list[T], value: Callable[[T], Cell], descending: bool) -> list[T]:
    """Sorted and stable; what is missing comes last either way."""
    filled = [item for item in items if value(item) is not None]
    empty = [item for item in items if value(item) is None]
    return sorted(filled, key=lambda item: rank(value(item)), reverse=descending) + empty


# Grouping


def decimals(values: Iterable[Cell]) -> list[Decimal]:
    """The numbers among the cells."""
    return [value for value in values if isinstance(value, Decimal)]


def _mean(values: list[Decimal]) -> Decimal:
    return quotient(total(values), Decimal(len(values)))


def _median(values: list[Decimal]) -> Decimal:
    ordered, middle = sorted(values), len(values) // 2
    if len(ordered) % 2:
        return ordered[middle]
    return numbers.EXACT.divide(ordered[middle - 1] + ordered[middle], Decimal(2))


FUNCTIONS: dict[str, Callable[[list[Decimal]], Decimal]] = {
    "sum": total,
    "mean": _mean,
    "min": min,
    "max": max,
    "median": _median,
}


def quotient(top: Decimal, bottom: Decimal) -> Decimal:
    """A quotient with `QUOTIENT` decimals, or more when what is divided has more."""
    decimals = QUOTIENT + max(0, numbers.places(top) - 2)
    exact = numbers.EXACT.divide(top, bottom)
    return numbers.trim(exact.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN))


def _groups(table: Typed, kept: list[int], ask: Query) -> Reply:
    keys = [item if isinstance(item, Group) else Group(column=item) for item in ask.group_by]
    measures = ask.measures or [Measure(fn="count")]
    groups = split(table, kept, keys)
    headers = _headers(table, keys, measures)
    rows = [
        [*key, *(_measured(table, measure, places) for measure in measures)]
        for key, places in groups.items()
    ]
    for order in reversed(ask.sort):
        place = _place(headers, order)
        rows = ordered(rows, lambda row, place=place: row[place], order.descending)
    said_where = conditions(ask.where)
    facts = [
        fact(label(row[: len(keys)]), _name(table, measure) + said_where, value)
        for row in rows[: ask.limit]
        for measure, value in zip(measures, row[len(keys) :], strict=True)
    ]
    return replied(headers, rows, ask.limit, table.notes, facts, len(keys))


def split(table: Typed, kept: list[int], keys: list[Group]) -> Groups:
    """The rows of each group, groups in order of first appearance."""
    if not keys:
        return {(): kept}
    columns = [_keyed(table, key) for key in keys]
    groups: Groups = {}
    for i in kept:
        groups.setdefault(tuple(column[i] for column in columns), []).append(i)
    table.notes += _near_doubles(groups)
    return groups


def _keyed(table: Typed, key: Group) -> list[Cell]:
    column = table.column(key.column)
    if key.by is None:
        cells = table.table.column(key.column)
        odd = column.kind == "text" or bool(column.odd)
        return [None if blank(c) else said(c) for c in cells] if odd else _as_written(column, cells)
    if column.kind != "date":
        raise TableError(f"Column “{column.name}” holds no dates, so it has no {key.by}.")
    table.mention(column)
    return [span(value, key.by) if isinstance(value, date) else None for value in column.values]


def _as_written(column: Column, cells: list[Cell]) -> list[Cell]:
    """The values; those of short numbers in their own spelling, when each has but one.

    Versions and the like are names: 3.0 is not 3, and 4.10 is not 4.1.
    """
    filled = [(cell, v) for cell, v in zip(cells, column.values, strict=True) if not blank(cell)]
    short = all(isinstance(cell, str) and _SHORT.fullmatch(cell) for cell, _ in filled)
    if column.kind != "number" or not short:
        return column.values
    spelled = {said(cell) for cell, _ in filled}
    pointed = all(_POINTED.fullmatch(text) for text in spelled)
    if not pointed and len(spelled) > len({value for _, value in filled}):
        return column.values
    return [None if blank(cell) else said(cell) for cell in cells]


_SHORT = re.compile(r"\d{1,3}(?:\.\d{1,3})?(?: [A-Za-z]+)?")
_POINTED = re.compile(r"\d{1,3}\.\d{1,3}(?: [A-Za-z]+)?")


def span(day: date, by: str) -> str:
    """The span of time that a day is in: 2026-07-01, 2026-W27, 2026-07, 2026-Q3 or 2026.

    Weeks are those of ISO 8601: they start on Monday and belong to the year of their Thursday.
    """
    if by == "week":
        year, week, _ = day.isocalendar()
        return f"{year}-W{week:02}"
    if by == "quarter":
        return f"{day.year}-Q{(day.month + 2) // 3}"
    return day.isoformat()[: {"day": 10, "month": 7, "year": 4}[by]]


def _near_doubles(groups: Iterable[tuple[Cell, ...]]) -> list[str]:
    seen: dict[tuple[Cell, ...], tuple[Cell, ...]] = {}
    for key in groups:
        other = seen.setdefault(tuple(map(fold_cell, key)), key)
        if other != key:
            return [f"Groups differ only in case: “{label(other)}” and “{label(key)}”."]
    return []


def _measured(table: Typed, measure: Measure, places: list[int]) -> Cell:
    if measure.column is None:
        return Decimal(len(places))
    if measure.fn in FUNCTIONS and not (measure.fn in ("min", "max") and _is_dates(table, measure)):
        column = table.numbers(measure.column, places)
        values = decimals(column.values[i] for i in places)
        return FUNCTIONS[measure.fn](values) if values else _nothing(measure)
    column = table.column(measure.column)
    table.mention(column)
    filled: list[Cell] = [v for i in places if (v := column.values[i]) is not None]
    return _counted(measure.fn, filled)


def _nothing(measure: Measure) -> Cell:
    return Decimal(0) if measure.fn == "sum" else None


def _is_dates(table: Typed, measure: Measure) -> bool:
    return table.column(measure.column or "").kind == "date"


def _counted(fn: str, filled: list[Cell]) -> Cell:
    if fn == "count":
        return Decimal(len(filled))
    if fn == "distinct":
        return Decimal(len(set(map(fold_cell, filled))))
    return _PICKS[fn](filled) if filled else None


_PICKS: dict[str, Callable[[list[Cell]], Cell]] = {
    "first": lambda filled: filled[0],
    "last": lambda filled: filled[-1],
    "min": lambda filled: min(filled, key=rank),
    "max": lambda filled: max(filled, key=rank),
}


def _headers(table: Typed, keys: list[Group], measures: list[Measure]) -> list[str]:
    names: list[str] = []
    for key in keys:
        exact = table.column(key.column).name
        names.append(f"{exact} ({key.by})" if key.by else exact)
    return names + [measure.alias or _name(table, measure) for measure in measures]


def _name(table: Typed, measure: Measure) -> str:
    """What a measure is called in facts: `sum of requests`, beside its alias if it has one."""
    column = table.column(measure.column).name if measure.column else "rows"
    name = f"{measure.fn} of {column}"
    return f"{measure.alias} ({name})" if measure.alias else name


def _place(headers: list[str], order: Sort) -> int:
    folded = [fold(header) for header in headers]
    matches = [i for i, header in enumerate(folded) if header == fold(order.column)]
    matches = matches or [i for i, h in enumerate(folded) if h.endswith(f" {fold(order.column)}")]
    if len(matches) != 1:
        known = ", ".join(f"“{header}”" for header in headers)
        raise TableError(f"Cannot sort by “{order.column}”. The answer has {known}.")
    return matches[0]


def conditions(wheres: list[Where]) -> str:
    """` where region = EU`, or nothing; it ends the name of a measure."""
    said_all = ", ".join(_condition(where) for where in wheres)
    return f" where {said_all}" if said_all else ""


def _condition(where: Where) -> str:
    if where.value is None:
        return f"{where.column} {where.op}"
    values: list[Scalar] = where.value if isinstance(where.value, list) else [where.value]
    return f"{where.column} {where.op} {' or '.join(map(_plain, values))}"


def label(key: Iterable[Cell]) -> str:
    """What a group is called in facts: its values with a dot between."""
    return " · ".join(said(part) or BLANK for part in key) or ALL_ROWS


def fact(name: str, measure: str, value: Cell) -> dict[str, str]:
    """A computed number as plain data; the value is blank when there is none."""
    text = said(value) if isinstance(value, Decimal) else ""
    return {"label": name, "measure": measure, "value": text}


def replied(
    headers: list[str],
    rows: list[Row],
    limit: int,
    notes: list[str],
    facts: list[dict[str, str]],
    keys: int,
) -> Reply:
    """The answer of the first `limit` rows; their first `keys` cells name the group."""
    kept = rows[:limit]
    exact = [[said(cell) or (BLANK if i < keys else "") for i, cell in enumerate(r)] for r in kept]
    shown = [
        [_shown(cell) or (BLANK if i < keys else "") for i, cell in enumerate(r)] for r in kept
    ]
    return Reply(headers, exact, shown, len(rows), notes, [f for f in facts if f["value"]])


def _shown(cell: Cell) -> str:
    return rounded(cell) if isinstance(cell, Decimal) and numbers.places(cell) > 4 else said(cell)
