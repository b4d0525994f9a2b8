"""How much something changed, and what changed most: shared by the ways of comparing."""

from decimal import Decimal

from graphs.tools import numbers
from graphs.tools.tables_read import Cell
from graphs.tools.tables_work import Row, ordered, quotient


def change_of(before: Decimal | None, after: Decimal | None) -> Row:
    """Before, after, difference and percent of the earlier value; None for what is not defined."""
    if before is None or after is None:
        return [before, after, None, None]
    difference = numbers.EXACT.subtract(after, before)
    percent = quotient(difference * 100, abs(before)) if before else None
    return [before, after, numbers.trim(difference), percent]


def by_size(rows: list[Row], width: int, by: str) -> list[Row]:
    """Biggest change first, up or down; or by key. The first `width` cells are the key."""
    if by == "key":
        for place in reversed(range(width)):
            rows = ordered(rows, lambda row, place=place: row[place], False)
        return rows
    place = width + (2 if by == "difference" else 3)
    return ordered(rows, lambda row: _size(row[place]), True)


def _size(value: Cell) -> Cell:
    return abs(value) if isinstance(value, Decimal) else None
