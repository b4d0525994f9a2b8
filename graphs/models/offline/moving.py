"""Which way things moved in an analysis, and which rows of a table moved the same way."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from graphs.models.offline import markdown
from graphs.models.offline.columns import Column, Table
from graphs.models.offline.periods import period_column
from graphs.models.offline.shape import listed

_PERIODS = re.compile(
    r"Computed as (?:count|(?:total|average|sum|mean) (?P<value>.+?)) in (?P<after>\S+) against "
    r"(?P<before>\S+) \(column “(?P<time>[^”]+)”\)"
)
_COLUMNS = re.compile(
    r"Computed as the difference between “(?P<before>[^”]+)” and “(?P<after>[^”]+)”"
)


@dataclass(frozen=True)
class Move:
    """How an analysis compared: a value in two periods of a time, or two columns of a row.

    Without a value and with a time, rows were counted.
    `ways` has the sign of the difference for each thing that it named, in lower case.
    """

    before: str
    after: str
    time: str = ""
    value: str = ""
    ways: tuple[tuple[str, int], ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of a table that show how a row moved."""
        if self.time:
            return (self.time, self.value) if self.value else (self.time,)
        return self.before, self.after

    def way(self, name: str) -> int:
        """1 up, -1 down, 0 unknown."""
        return dict(self.ways).get(name.casefold(), 0)


def moves(data: dict[str, Any]) -> Move | None:
    """The comparison that the tasks before made, or None when none did."""
    for made in listed(data, "inputs"):
        text = str(made.get("text", ""))
        found = _PERIODS.search(text) or _COLUMNS.search(text)
        if found:
            said = found.groupdict()
            return Move(
                said["before"], said["after"], said.get("time") or "", said.get("value") or "",
                tuple(_ways(text)),
            )  # fmt: skip
    return None


def _ways(text: str) -> list[tuple[str, int]]:
    """The sign beside each name of the tables that have a difference."""
    found: list[tuple[str, int]] = []
    for table in markdown.tables(text):
        if "difference" in table[0]:
            at = table[0].index("difference")
            rows = [r for r in table[1:] if len(r) > at]
            found += [(r[0].casefold(), _sign(_number(r[at]))) for r in rows]
    return found


def finer(table: Table, key: Column, reasons: Sequence[Column], move: Move) -> list[Column]:
    """The other columns that name what a row is about; times are none of them."""
    used = (key, *reasons, period_column(table, key))
    names = [c for c in table.columns if c.text and not c.prose and not c.reason]
    return [c for c in names if c not in used and c.name not in move.columns][:3]


def fitting(
    rows: Sequence[list[str]], width: int, move: Move, way: int
) -> list[tuple[list[str], str]]:
    """The rows whose own thing moved `way`, each with its name.

    A row is: `width` cells of names, then the cells of `move.columns`. Rows of things of which
    no movement is known are left out: what did not move so is no reason.
    """
    moved: dict[tuple[str, ...], Decimal] = {}
    for row in rows:
        name = tuple(row[:width])
        moved[name] = moved.get(name, Decimal(0)) + _step(row[width:], move)
    return [
        (row, ", ".join(filter(None, row[:width])))
        for row in rows
        if _sign(moved[tuple(row[:width])]) == way and not _earlier(row[width:], move)
    ]


def _earlier(cells: Sequence[str], move: Move) -> bool:
    """True for a row of the time before: its note tells how things were, not why they moved."""
    return bool(move.time) and cells[0].startswith(move.before)


def _step(cells: Sequence[str], move: Move) -> Decimal:
    """What a row adds to the difference."""
    if not move.time:
        return _number(cells[1]) - _number(cells[0])
    time, value = cells[0], _number(cells[1]) if move.value else Decimal(1)
    if time.startswith(move.after):
        return value
    return -value if time.startswith(move.before) else Decimal(0)


def _number(cell: str) -> Decimal:
    return markdown.decimal(cell.replace("−", "-").replace(",", "").strip("*+% ")) or Decimal(0)


def _sign(value: Decimal) -> int:
    return (value > 0) - (value < 0)
