"""A column for each thing: its first filled value against its last, in a helper process."""

from decimal import Decimal

from graphs.tools.tables_ask import Change
from graphs.tools.tables_read import TableError
from graphs.tools.tables_size import by_size, change_of
from graphs.tools.tables_types import Column, Typed, said
from graphs.tools.tables_work import Reply, Row, conditions, fact, ordered, replied

HEADERS = ["column", "first", "last", "difference", "change %"]


def by_series(table: Typed, kept: list[int], ask: Change) -> Reply:
    """First, last, difference and percent for each column; with `order` also where they stand."""
    order = table.column(ask.order) if ask.order else None
    places = _in_order(kept, order)
    rows = [_row(table.numbers(name, kept), places, order) for name in ask.columns]
    rows = by_size(rows, 1, ask.sort_by)
    spans = f"from first to last{conditions(ask.where)}"
    measures = ["first", "last", f"difference {spans}", f"change % {spans}"]
    facts = [
        fact(said(row[0]), measure, value)
        for row in rows[: ask.limit]
        for measure, value in zip(measures, row[1:5], strict=True)
    ]
    headers = [*HEADERS, *(["from", "to"] if order else [])]
    return replied(headers, rows, ask.limit, [*table.notes, *_notes(table, rows)], facts, 1)


def _in_order(kept: list[int], order: Column | None) -> list[int]:
    """The rows by that column; those where it is missing cannot be placed and are left out."""
    if order is None:
        return kept
    dated = [i for i in kept if order.values[i] is not None]
    return ordered(dated, lambda i: order.values[i], descending=False)


def _row(column: Column, places: list[int], order: Column | None) -> Row:
    filled = [i for i in places if isinstance(column.values[i], Decimal)]
    if not filled:
        raise TableError(f"Column “{column.name}” has no number in these rows.")
    before, after = column.values[filled[0]], column.values[filled[-1]]
    assert isinstance(before, Decimal)
    assert isinstance(after, Decimal)
    ends = [order.values[filled[0]], order.values[filled[-1]]] if order else []
    return [column.name, *change_of(before, after), *ends]


def _notes(table: Typed, rows: list[Row]) -> list[str]:
    """What a reader must know: columns that do not begin or end together, and no percentages."""
    notes: list[str] = []
    for place, what in ((5, "begins"), (6, "ends")):
        ends = [said(row[place]) for row in rows if len(row) > place]
        odd = {said(row[0]): said(row[place]) for row in rows if len(row) > place}
        usual = max(set(ends), key=lambda end: (ends.count(end), end), default="")
        apart = [f"{name} {what} {end}" for name, end in odd.items() if end != usual]
        if apart:
            notes.append(f"Not all columns have the same span: {', '.join(apart)}.")
    if any(row[4] is None for row in rows):
        notes.append("No percentage where the earlier value is zero.")
    return notes
