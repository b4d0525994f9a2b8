"""Statements as SQL text: compiled by SQLAlchemy once, handed to sqlite3 ever after.

To hand over a statement costs SQLAlchemy four times what sqlite3 takes to run it. Those that are
run again and again are marked with `often`; the types of their columns turn the values to and fro,
as in any other statement.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Column, Dialect, Executable

S = TypeVar("S", bound=Executable)

Turn = Callable[[Any], Any]
Row = Sequence[Any]
_often: dict[int, Executable] = {}


def often(statement: S) -> S:
    """The statement, which is kept for good and prepared when it is first run."""
    _often[id(statement)] = statement
    return statement


class Found:
    """What a statement gave, asked for as SQLAlchemy's Result is; `rowcount` says how many rows
    it wrote. A Result costs more to make than most of the rows in it.
    """

    __slots__ = ("_names", "_rows", "rowcount")

    def __init__(self, names: Sequence[str], rows: Sequence[Row], rowcount: int) -> None:
        self._names = names
        self._rows = rows
        self.rowcount = rowcount

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def all(self) -> Sequence[Row]:
        return self._rows

    def first(self) -> Row | None:
        return self._rows[0] if self._rows else None

    def scalar_one(self) -> Any:
        """The first value of the only row. Raises ValueError when there is another number."""
        ((value, *_),) = self._rows
        return value

    def scalar_one_or_none(self) -> Any:
        return self.scalar_one() if self._rows else None

    def mappings(self) -> "Mappings":
        """The rows by the names of their columns."""
        return Mappings([dict(zip(self._names, row, strict=True)) for row in self._rows])


class Mappings:
    """Rows by the names of their columns."""

    __slots__ = ("_rows",)

    def __init__(self, rows: Sequence[dict[Any, Any]]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[dict[Any, Any]]:
        return iter(self._rows)

    def all(self) -> Sequence[dict[Any, Any]]:
        return self._rows

    def first(self) -> dict[Any, Any] | None:
        return self._rows[0] if self._rows else None

    def one(self) -> dict[Any, Any]:
        """The only row. Raises ValueError when there is another number."""
        (row,) = self._rows
        return row


class Prepared:
    """A statement for one set of parameters. Raises KeyError when one of its own is missing."""

    def __init__(self, statement: Any, names: Sequence[str], dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, column_keys=list(names))
        defaults = {c.key: _default(c) for c in _defaulted(compiled)}
        self._sql: str = compiled.string
        self._fixed: list[Any] = []
        self._given: list[tuple[int, str, Turn | None]] = []
        for at, name in enumerate(compiled.positiontup):
            bound = compiled.binds[name]
            if bound.expanding:
                raise TypeError(f"{name} is a list: its SQL differs from time to time")
            turn = bound.type.dialect_impl(dialect).bind_processor(dialect)
            if name in names:
                self._fixed.append(None)
                self._given.append((at, name, turn))
            elif name in defaults or not bound.required:
                value = defaults.get(name, bound.value)
                self._fixed.append(turn(value) if turn else value)
            else:
                raise KeyError(name)
        columns = statement.exported_columns
        self._names = tuple(columns.keys())
        turns = [c.type.dialect_impl(dialect).result_processor(dialect, None) for c in columns]
        self._turned = [(at, turn) for at, turn in enumerate(turns) if turn]

    def run(self, raw: Any, parameters: Mapping[str, Any]) -> Found:
        """Run it on a connection of sqlite3. Raises sqlite3's errors."""
        values = self._fixed.copy()
        for at, name, turn in self._given:
            value = parameters[name]
            values[at] = turn(value) if turn else value
        cursor = raw.execute(self._sql, values)
        rows = cursor.fetchall()
        if self._turned:
            rows = [self._row(row) for row in rows]
        return Found(self._names, rows, cursor.rowcount)

    def _row(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for at, turn in self._turned:
            values[at] = turn(values[at])
        return tuple(values)


class Preparations:
    """The prepared statements of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._made: dict[tuple[int | str, ...], Prepared] = {}

    def of(self, statement: Executable, parameters: Mapping[str, Any]) -> Prepared | None:
        """The statement for these parameters; None when it is not one that is run often."""
        if id(statement) not in _often:
            return None
        key = (id(statement), *parameters)
        made = self._made.get(key)
        if made is None:
            made = self._made[key] = Prepared(statement, tuple(parameters), self._dialect)
        return made


def _defaulted(compiled: Any) -> list[Column[Any]]:
    """The columns for which the table, not the caller, has a value."""
    return [*(compiled.insert_prefetch or ()), *(compiled.update_prefetch or ())]


def _default(column: Column[Any]) -> Any:
    default: Any = column.default
    if default is None or not default.is_scalar:
        raise TypeError(f"{column} has a default that is not a plain value")
    return default.arg
