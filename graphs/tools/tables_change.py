"""What changed between two columns, two periods or along columns, in a helper process."""

from datetime import date
from decimal import Decimal
from typing import Any

from graphs.tools.tables_ask import Change, Group
from graphs.tools.tables_days import by_days
from graphs.tools.tables_read import Cell, TableError
from graphs.tools.tables_series import by_series
from graphs.tools.tables_size import by_size, change_of
from graphs.tools.tables_types import Column, Typed, said
from graphs.tools.tables_work import (
    FUNCTIONS,
    Key,
    Reply,
    Row,
    conditions,
    decimals,
    fact,
    fold,
    kept_rows,
    label,
    open_table,
    rank,
    replied,
    span,
    split,
)


def change(source: dict[str, str], raw: dict[str, Any]) -> dict[str, Any]:
    """Before, after, difference and change in percent for each thing, the biggest first."""
    ask = Change.model_validate(raw)
    table = open_table(source, ask.sheet)
    return _changed(table, kept_rows(table, ask.where), ask).plain()


def _changed(table: Typed, kept: list[int], ask: Change) -> Reply:
    keys = [ask.key] if isinstance(ask.key, str) else ask.key
    if ask.columns:
        return by_series(table, kept, ask)
    if not ask.period and table.column(ask.before or "").kind == "date":
        return by_days(table, kept, ask, keys)
    return _by_keys(table, kept, ask, keys)


def _by_keys(table: Typed, kept: list[int], ask: Change, keys: list[str]) -> Reply:
    names, pairs = (_by_period if ask.period else _by_columns)(table, kept, ask, keys)
    rows: list[Row] = [[*key, *change_of(*pair)] for key, pair in pairs.items()]
    width = len(keys)
    rows = by_size(rows, width, ask.sort_by)
    columns = [table.column(key).name for key in keys]
    headers = [*columns, ask.before or "", ask.after or "", "difference", "change %"]
    measures = [name + conditions(ask.where) for name in names]
    facts = [
        fact(label(row[:width]), measure, value)
        for row in rows[: ask.limit]
        for measure, value in zip(measures, row[width:], strict=True)
    ]
    if any(row[-1] is None for row in rows):
        table.notes.append("No percentage where the earlier value is zero or missing.")
    return replied(headers, rows, ask.limit, table.notes, facts, width)


Pair = tuple[Decimal | None, Decimal | None]
Pairs = dict[Key, Pair]


def _by_columns(
    table: Typed, kept: list[int], ask: Change, keys: list[str]
) -> tuple[list[str], Pairs]:
    before, after = table.numbers(ask.before or "", kept), table.numbers(ask.after or "", kept)
    groups = split(table, kept, [Group(column=key) for key in keys])
    if any(len(places) > 1 for places in groups.values()):
        table.notes.append(f"Several rows share a key; their {ask.fn} is compared.")
    pairs = {k: (_of(ask, before, p), _of(ask, after, p)) for k, p in groups.items()}
    span_name = f"from {before.name} to {after.name}"
    return [before.name, after.name, f"difference {span_name}", f"change % {span_name}"], pairs


def _by_period(
    table: Typed, kept: list[int], ask: Change, keys: list[str]
) -> tuple[list[str], Pairs]:
    periods = table.column(ask.period or "")
    column = table.numbers(ask.value, kept) if ask.value else None
    halves = [_within(periods, kept, period) for period in (ask.before or "", ask.after or "")]
    groups = [split(table, half, [Group(column=key) for key in keys]) for half in halves]
    pairs: Pairs = {}
    for key in {**groups[0], **groups[1]}:
        first, second = (_of(ask, column, group.get(key, [])) for group in groups)
        pairs[key] = (first, second)
    lone = sum(key not in groups[0] or key not in groups[1] for key in pairs)
    if lone:
        table.notes.append(f"{lone} key(s) have rows in only one of the two periods.")
    what = f"{ask.fn} of {column.name if column else 'rows'}"
    span_name = f"from {ask.before} to {ask.after}"
    names = [f"{what} in {ask.before}", f"{what} in {ask.after}"]
    return [*names, f"difference of {what} {span_name}", f"change % of {what} {span_name}"], pairs


def _of(ask: Change, column: Column | None, places: list[int]) -> Decimal | None:
    if column is None:
        return Decimal(len(places))
    values = decimals(column.values[i] for i in places)
    if ask.fn == "count":
        return Decimal(len(values))
    if values:
        return FUNCTIONS[ask.fn](values)
    return Decimal(0) if ask.fn == "sum" and ask.period else None


def _within(column: Column, kept: list[int], period: str) -> list[int]:
    if column.kind == "date":
        by = _span_of(period)
        days = [column.values[i] for i in kept]
        found = [i for i, day in zip(kept, days, strict=True)
                 if isinstance(day, date) and span(day, by) == period.upper()]  # fmt: skip
    else:
        found = [i for i in kept if fold(said(column.values[i])) == fold(period)]
    if not found:
        raise TableError(
            f"No row of column “{column.name}” is in “{period}”; it holds {_examples(column)}."
        )
    return found


def _span_of(period: str) -> str:
    """Which span of time is written so: 2026, 2026-06, 2026-Q2, 2026-W07 or a day."""
    if "W" in period.upper():
        return "week"
    if "Q" in period.upper():
        return "quarter"
    return {7: "month", 4: "year"}.get(len(period), "day")


def _examples(column: Column) -> str:
    filled = [said(value) for value in column.values if value is not None]
    if column.kind != "text":
        return f"{said(min(_known(column), key=rank))} to {said(max(_known(column), key=rank))}"
    return ", ".join(f"“{text}”" for text in list(dict.fromkeys(filled))[:5])


def _known(column: Column) -> list[Cell]:
    return [value for value in column.values if value is not None]
