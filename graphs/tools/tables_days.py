"""How many days lie between two columns of dates, in a helper process."""

from datetime import date
from decimal import Decimal

from graphs.tools import numbers
from graphs.tools.tables_ask import Change, Group
from graphs.tools.tables_read import TableError
from graphs.tools.tables_types import Column, Typed, total
from graphs.tools.tables_work import (
    ALL_ROWS,
    Reply,
    Row,
    conditions,
    fact,
    label,
    ordered,
    quotient,
    replied,
    split,
)


def by_days(table: Typed, kept: list[int], ask: Change, keys: list[str]) -> Reply:
    """The days from `before` to `after` for each key, most first; averaged where a key repeats."""
    before, after = _dates(table, ask.before), _dates(table, ask.after)
    days = _days(before, after, kept)
    groups = split(table, list(days), [Group(column=key) for key in keys])
    once = all(len(places) == 1 for places in groups.values())
    rows = [
        [*key, *(_ends(before, after, places) if once else _count(places)), _mean(days, places)]
        for key, places in groups.items()
    ]
    rows = _sorted(rows, len(keys), ask.sort_by)
    told = f"days from {before.name} to {after.name}{conditions(ask.where)}"
    measure = told if once else f"mean of {told}"
    facts = [fact(label(row[: len(keys)]), measure, row[-1]) for row in rows[: ask.limit]]
    facts.append(fact(ALL_ROWS, f"mean of {told}", _mean(days, list(days))))
    names = [table.column(key).name for key in keys]
    ends = [before.name, after.name, "days"] if once else ["rows", "average days"]
    notes = [*table.notes, *_left_out(len(kept) - len(days), before, after)]
    return replied([*names, *ends], rows, ask.limit, notes, facts, len(keys))


def _dates(table: Typed, name: str | None) -> Column:
    column = table.column(name or "")
    if column.kind != "date":
        raise TableError(f"Column “{column.name}” holds no dates; compare two columns of one kind.")
    table.mention(column)
    return column


def _days(before: Column, after: Column, kept: list[int]) -> dict[int, Decimal]:
    found: dict[int, Decimal] = {}
    for i in kept:
        first, last = before.values[i], after.values[i]
        if isinstance(first, date) and isinstance(last, date):
            found[i] = Decimal((last - first).days)
    if not found:
        raise TableError(f"No row has both “{before.name}” and “{after.name}”.")
    return found


def _ends(before: Column, after: Column, places: list[int]) -> Row:
    return [before.values[places[0]], after.values[places[0]]]


def _count(places: list[int]) -> Row:
    return [Decimal(len(places))]


def _mean(days: dict[int, Decimal], places: list[int]) -> Decimal:
    values = [days[i] for i in places]
    return numbers.trim(quotient(total(values), Decimal(len(values))))


def _sorted(rows: list[Row], width: int, by: str) -> list[Row]:
    place = 0 if by == "key" else -1
    return ordered(rows, lambda row: row[place], descending=by != "key")


def _left_out(count: int, before: Column, after: Column) -> list[str]:
    if not count:
        return []
    return [f"{count} row(s) without “{before.name}” or “{after.name}” were left out."]
