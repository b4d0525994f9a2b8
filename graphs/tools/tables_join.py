"""Puts two tables side by side, in a helper process."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from graphs.tools.tables_ask import Join, On
from graphs.tools.tables_read import MAX_CELLS, Table, TableError
from graphs.tools.tables_types import Typed, said
from graphs.tools.tables_work import SAMPLE, Groups, Key, fold_cell, open_table


def join(left: dict[str, str], right: dict[str, str], raw: dict[str, Any]) -> dict[str, Any]:
    """Two tables where their keys agree, as the text of a csv with notes and a sample."""
    ask = Join.model_validate(raw)
    return _Join(open_table(left, ask.left_sheet), open_table(right, ask.right_sheet), ask).reply()


class _Join:
    """One join: the two tables, and which rows of the right one each left row meets."""

    def __init__(self, left: Typed, right: Typed, ask: Join) -> None:
        self.ask = ask
        self.pairs = [
            item if isinstance(item, On) else On(left=item, right=item) for item in ask.on
        ]
        ours = _keys(left, [pair.left for pair in self.pairs])
        self.index = _index(_keys(right, [pair.right for pair in self.pairs]))
        self.met = [self.index.get(key, []) for key in ours]
        self.notes = [*left.notes, *right.notes]
        self.left, self.right = _settled(left), _settled(right)
        self.width = len(left.table.columns)
        keys = {right.table.at(pair.right) for pair in self.pairs}
        self.rest = [i for i in range(len(right.table.columns)) if i not in keys]

    def reply(self) -> dict[str, Any]:
        rows, columns = self._rows(), self._columns()
        return {
            "csv": _csv(columns, rows),
            "columns": columns,
            "found": len(rows),
            "notes": list(dict.fromkeys([*self.notes, *self._unmatched()])),
            "sample": rows[:SAMPLE],
        }

    def _rows(self) -> list[list[str]]:
        if sum(map(len, self.met)) * (self.width + len(self.rest)) > MAX_CELLS:
            raise TableError(
                "These keys repeat so often that the joined table would be too big; "
                "join on more columns, or group one table first."
            )
        rows = [[*self.left.rows[i], *self._part(j)] for i, met in enumerate(self.met) for j in met]
        if self.ask.how != "inner":
            rows += [[*self.left.rows[i], *[""] * len(self.rest)] for i in self._alone()]
        if self.ask.how == "outer":
            rows += [[*self._keys_only(j), *self._part(j)] for j in self._unused()]
        return rows

    def _part(self, place: int) -> list[str]:
        return [self.right.rows[place][i] for i in self.rest]

    def _keys_only(self, place: int) -> list[str]:
        row = [""] * self.width
        for pair in self.pairs:
            row[self.left.at(pair.left)] = self.right.rows[place][self.right.at(pair.right)]
        return row

    def _alone(self) -> list[int]:
        return [i for i, met in enumerate(self.met) if not met]

    def _unused(self) -> list[int]:
        used = {j for met in self.met for j in met}
        return [j for j in range(len(self.right.rows)) if j not in used]

    def _columns(self) -> list[str]:
        names = [self.right.columns[i] for i in self.rest]
        ours = self.left.columns
        return [*ours, *(f"{n} ({self.ask.right})" if n in ours else n for n in names)]

    def _unmatched(self) -> list[str]:
        ask, alone, unused = self.ask, len(self._alone()), len(self._unused())
        repeated = any(len(places) > 1 for places in self.index.values())
        notes = {
            f"{alone} row(s) of “{ask.left}” have no match.": alone,
            f"{unused} row(s) of “{ask.right}” have no match.": unused,
            f"Keys repeat in “{ask.right}”: some rows of “{ask.left}” appear repeatedly.": repeated,
        }
        return [note for note, holds in notes.items() if holds]


@dataclass(frozen=True)
class _Settled:
    """A table whose numbers and dates are written in one way, whatever its file's habits."""

    table: Table
    rows: list[list[str]]

    @property
    def columns(self) -> tuple[str, ...]:
        return self.table.columns

    def at(self, column: str) -> int:
        return self.table.at(column)


def _settled(table: Typed) -> _Settled:
    columns = [_written(table, name) for name in table.table.columns]
    return _Settled(table.table, [list(row) for row in zip(*columns, strict=True)])


def _written(table: Typed, name: str) -> list[str]:
    column, cells = table.column(name), table.table.column(name)
    marks = column.marks or [""] * len(cells)
    return [
        said(cell) if value is None else f"{said(value)} {mark}".strip()
        for cell, value, mark in zip(cells, column.values, marks, strict=True)
    ]


def _index(keys: list[Key]) -> Groups:
    index: Groups = {}
    for place, key in enumerate(keys):
        if None not in key:
            index.setdefault(key, []).append(place)
    return index


def _keys(table: Typed, names: list[str]) -> list[Key]:
    """Each row's key. Numbers and dates agree by value, texts without case and outer space."""
    columns = [table.column(name) for name in names]
    for column in columns:
        table.mention(column)
    return [tuple(fold_cell(column.values[i]) for column in columns) for i in range(len(table))]


def _csv(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return out.getvalue()
