"""Reads a table out of a file, in a helper process: rows of cells, whatever the file's habits.

Nothing is converted here but what the file itself types (spreadsheets, JSON); text stays text
until `tables_work` knows what its column is. What was guessed or left out is said in `notes`.
"""

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import count, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from bot.documents.errors import DocumentError
from graphs.tools import numbers
from graphs.tools.tables_maps import mapped

if TYPE_CHECKING:
    from markdown_it.token import Token

Cell = str | Decimal | date | None
"""Text as written, an exact number, a day, or nothing."""

MAX_ROWS = 1_000_000
MAX_COLUMNS = 500
MAX_CELLS = 8_000_000
SNIFFED = 400
"""Rows looked at to find the delimiter and the header."""

_DELIMITERS = ",;\t|"
_SHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")


class TableError(DocumentError):
    """A table cannot be read or asked this; the message says what to do."""


@dataclass(frozen=True)
class Table:
    """Named columns over rows of cells; every row has one cell per column."""

    columns: tuple[str, ...]
    rows: list[list[Cell]]
    notes: tuple[str, ...] = ()
    sheet: str = ""
    sheets: tuple[str, ...] = field(default=())

    def at(self, column: str) -> int:
        """The place of a column, named as people name it. Raises `TableError`."""
        if column in self.columns:
            return self.columns.index(column)
        near = [i for i, name in enumerate(self.columns) if _loose(name) == _loose(column)]
        if len(near) != 1:
            known = ", ".join(f"“{name}”" for name in self.columns)
            raise TableError(f"There is no column “{column}”. The columns are {known}.")
        return near[0]

    def column(self, name: str) -> list[Cell]:
        """One column's cells, from top to bottom."""
        place = self.at(name)
        return [row[place] for row in self.rows]


def load(path: str, name: str, sheet: str | None, text: str = "") -> Table:
    """The table in a file: a sheet, the whole of a csv or json, or the n-th table of its text."""
    size, stamp = _stamp(path)
    if _kind(name) == "text":
        return _pick(_in_text(text or _decode(Path(path).read_bytes())[0]), name, sheet)
    return _load(path, name, sheet, size, stamp)


@lru_cache(maxsize=2)  # a warm process is asked several things about one table
def _load(path: str, name: str, sheet: str | None, size: int, stamp: int) -> Table:
    del size, stamp  # they are in the key: a file that changed is read again
    kind = _kind(name)
    if kind == "sheets":
        return _workbook(path, name, sheet)
    data = Path(path).read_bytes()
    if kind == "json":
        return _pick(_in_json(data, name), name, sheet)
    return _in_csv(data, name)


def _stamp(path: str) -> tuple[int, int]:
    try:
        found = Path(path).stat()
    except OSError as error:
        raise TableError("The file of this table is gone; attach it again.") from error
    return found.st_size, found.st_mtime_ns


def _kind(name: str) -> str:
    suffix = Path(name).suffix.lower()
    if suffix in _SHEETS:
        return "sheets"
    return {".json": "json", ".jsonl": "json", ".ndjson": "json"}.get(
        suffix, "csv" if suffix in (".csv", ".tsv", ".tab", ".psv") else "text"
    )


def _pick(tables: dict[str, Table], name: str, sheet: str | None) -> Table:
    if not tables:
        raise TableError(f"“{name}” holds no table.")
    names = tuple(tables)
    chosen = _named(names, sheet, name) if sheet else names[0]
    table = replace(tables[chosen], sheet=chosen, sheets=names)
    return table if sheet or len(names) == 1 else _others(table)


def _named(names: Sequence[str], sheet: str, file: str) -> str:
    for name in names:
        if _loose(name) == _loose(sheet):
            return name
    known = ", ".join(f"“{n}”" for n in names)
    raise TableError(f"“{file}” has no sheet “{sheet}”. It has {known}.")


def _others(table: Table) -> Table:
    rest = ", ".join(f"“{name}”" for name in table.sheets if name != table.sheet)
    note = f"This is “{table.sheet}”; the file also has {rest}."
    return replace(table, notes=(note, *table.notes))


# Spreadsheets


def _workbook(path: str, name: str, sheet: str | None) -> Table:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(path)  # pyright: ignore[reportUnknownMemberType]
        names = tuple(book.sheet_names)
        if sheet:
            return _sheet(book, _named(names, sheet, name), names)
        for candidate in names:
            table = _sheet(book, candidate, names)
            if table.rows:
                return _others(table) if len(names) > 1 else table
    except (CalamineError, OSError) as error:
        raise TableError(
            f"“{name}” does not open as a spreadsheet; save it again as xlsx or csv.",
            detail=str(error),
        ) from error
    raise TableError(f"“{name}” has no sheet with rows in it.")


def _sheet(book: Any, name: str, names: tuple[str, ...]) -> Table:
    raw: list[list[Any]] = book.get_sheet_by_name(name).to_python()
    table = shape([[typed(value) for value in row] for row in raw])
    return replace(table, sheet=name, sheets=names)


def typed(value: Any) -> Cell:
    """A value that the file itself typed, as an exact cell."""
    if value is None or isinstance(value, bool):
        return None if value is None else str(value).lower()
    if isinstance(value, datetime):
        return value.date() if value.time() == time() else value.isoformat(" ")
    if isinstance(value, int | float | Decimal):
        return _exact(value)
    if isinstance(value, date):
        return value
    if isinstance(value, time | timedelta):
        return str(value)
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    text = str(value).strip()
    return text or None


def _exact(value: float | Decimal) -> Cell:
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            return None
        value = numbers.from_float(value)
    number = Decimal(value)
    return numbers.trim(number) if abs(number.adjusted()) <= numbers.MAX_EXPONENT else str(value)


# Comma-separated and the like


def _in_csv(data: bytes, name: str) -> Table:
    text, note = _decode(data)
    delimiter = _delimiter(text, name)
    return _noted(shape(_parse(text, delimiter)), note)


def _decode(data: bytes) -> tuple[str, str]:
    """The text and, when its encoding had to be guessed, a note."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace"), ""
    if b"\0" in data[:1000]:
        half = "le" if data[1:2] == b"\0" else "be"
        return data.decode(f"utf-16-{half}", "replace"), "Read as UTF-16."
    try:
        return data.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace"), "Not UTF-8; read as Windows-1252."


def _parse(text: str, delimiter: str, most: int = MAX_ROWS + SNIFFED) -> list[list[Cell]]:
    csv.field_size_limit(10_000_000)
    known: dict[str, str] = {}  # equal cells share one string: big exports repeat themselves
    rows: list[list[Cell]] = []
    cells = 0
    try:
        for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter):
            rows.append([known.setdefault(c, c) if (c := cell.strip()) else None for cell in row])
            cells += len(row)
            if len(rows) >= most or cells > MAX_CELLS:
                break
    except csv.Error as error:
        raise TableError(f"Line {len(rows) + 1} cannot be read as a table row: {error}.") from error
    return rows


def _delimiter(text: str, name: str) -> str:
    if name.lower().endswith((".tsv", ".tab")):
        return "\t"
    start = text[:200_000]
    if said := re.match(r"sep=(.)\r?\n", start):
        return said[1]
    return max(_DELIMITERS, key=lambda mark: _fit(start, mark))


def _fit(text: str, delimiter: str) -> float:
    """How table-like the text is with this delimiter: the share of rows as wide as most."""
    widths = [len(row) for row in _parse(text, delimiter, SNIFFED) if any(row)]
    wide = [width for width in widths if width > 1]
    if not wide:
        return 0.0
    width, times = Counter(wide).most_common(1)[0]
    return times / len(widths) + min(width, 50) / 1000


# JSON


def _in_json(data: bytes, name: str) -> dict[str, Table]:
    text, note = _decode(data)
    found = {key: _noted(_records(rows), note) for key, rows in _arrays(_json(text, name)).items()}
    return {key: table for key, table in found.items() if table.columns}


def _json(text: str, name: str) -> Any:
    parse: Callable[[str], Any] = json.JSONDecoder(parse_float=Decimal).decode
    try:
        return parse(text.strip())
    except (ValueError, RecursionError) as error:
        try:
            return [parse(line) for line in text.splitlines() if line.strip()]
        except (ValueError, RecursionError):
            raise TableError(f"“{name}” is not valid JSON: {error}.") from error


def _arrays(value: Any, path: str = "") -> dict[str, list[Any]]:
    """Every array of objects or arrays, and every map of like objects, under its path of keys."""
    if isinstance(value, list):
        items = cast(list[Any], value)
        return {path or "table 1": items} if _tabular(items) else {}
    found: dict[str, list[Any]] = {}
    if isinstance(value, dict) and path.count(".") < 4:
        inside = cast(dict[str, Any], value)
        if rows := mapped(inside, path):
            return {path or "table 1": rows}
        for key, inner in inside.items():
            found |= _arrays(inner, f"{path}.{key}" if path else str(key))
        if not found and not path:
            found = {"table 1": [value]}
    return found


def _tabular(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(item, dict | list) for item in items)


def _records(items: list[Any]) -> Table:
    if isinstance(items[0], list):
        return shape([[typed(v) for v in cast(list[Any], row)] for row in items])
    flat = [_flat(cast(dict[str, Any], item)) for item in items if isinstance(item, dict)]
    columns = tuple(dict.fromkeys(key for item in flat for key in item))
    rows = [[typed(item.get(key)) for key in columns] for item in flat]
    return _bounded(Table(columns, rows))


def _flat(item: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in item.items():
        if isinstance(value, dict) and prefix.count(".") < 3:
            found |= _flat(cast(dict[str, Any], value), f"{prefix}{key}.")
        else:
            found[f"{prefix}{key}"] = value
    return found


# Tables inside text


def _in_text(text: str) -> dict[str, Table]:
    """The Markdown tables of a text as `table 1`, `table 2`, … from top to bottom."""
    found = [shape(rows, headed=True) for rows in markdown_tables(text)]
    return {f"table {i}": table for i, table in enumerate(found, 1)}


def markdown_tables(text: str) -> list[list[list[Cell]]]:
    """Each Markdown table as rows of plain cell text, the header first."""
    tables: list[list[list[Cell]]] = []
    for token in markdown(text):
        if token.type == "table_open":
            tables.append([])
        elif token.type == "tr_open":
            tables[-1].append([])
        elif token.type == "inline" and token.meta.get("cell"):
            tables[-1][-1].append(spoken(token) or None)
    return tables


def markdown(text: str) -> list["Token"]:
    """The Markdown tokens, with `meta["cell"]` on what stands in a table's cell."""
    from markdown_it import MarkdownIt

    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    for before, token in pairwise(tokens):
        if before.type in ("th_open", "td_open"):
            token.meta["cell"] = True
    return tokens


def spoken(token: "Token") -> str:
    """What a reader sees of an inline token: no marks, no addresses."""
    shown = {"softbreak": " ", "hardbreak": " "}
    words = (shown.get(child.type, child.content) for child in token.children or [])
    return " ".join("".join(words).split())


# What every source needs


def shape(rows: list[list[Cell]], *, headed: bool = False) -> Table:
    """A table from raw rows: finds the header, skips what stands above, evens the width."""
    filled = [row for row in rows if _extent(row)]
    if not filled:
        return Table((), [])
    width = _width(filled)
    top = 0 if headed else _header(filled, width)
    notes = [f"{top} line(s) above the header were left out."] if top else []
    if headed or _heads(filled[top], filled[top + 1 :]):
        columns, renamed = _names(filled[top], width)
        notes, body = notes + renamed, filled[top + 1 :]
    else:
        columns, body = tuple(f"column {i}" for i in range(1, width + 1)), filled[top:]
        notes.append("The table has no header row; its columns are numbered.")
    return _bounded(Table(columns, body, tuple(notes)))


def _width(rows: list[list[Cell]]) -> int:
    return Counter(_extent(row) for row in rows[:SNIFFED]).most_common(1)[0][0]


def _extent(row: list[Cell]) -> int:
    """The row's length without the blank cells at its end."""
    return next((i for i in range(len(row), 0, -1) if row[i - 1] is not None), 0)


def _header(rows: list[list[Cell]], width: int) -> int:
    """The first row that is about as wide, and as full, as the table."""
    for place, row in enumerate(rows[:50]):
        full = sum(cell is not None for cell in row)
        if len(row) >= 0.8 * width and full >= 0.6 * width:
            return place
    return 0


def _heads(top: list[Cell], body: list[list[Cell]]) -> bool:
    """False when the first row holds numbers just where the rows below hold numbers."""
    if not body:
        return not all(_numeric(cell) for cell in top if cell is not None)
    places = [i for i in range(len(top)) if _mostly_numeric(body[:SNIFFED], i)]
    return not places or not all(_numeric(top[i]) and not _year(top[i]) for i in places)


def _mostly_numeric(rows: list[list[Cell]], place: int) -> bool:
    cells = [row[place] for row in rows if place < len(row) and not blank(row[place])]
    return bool(cells) and sum(map(_numeric, cells)) >= 0.8 * len(cells)


def _numeric(cell: Cell) -> bool:
    return isinstance(cell, Decimal) or (isinstance(cell, str) and numbers.read(cell) is not None)


def _year(cell: Cell) -> bool:
    return bool(re.fullmatch(r"(19|20)\d\d", str(cell)))


def blank(cell: Cell) -> bool:
    """True when a cell says that there is nothing to say."""
    return cell is None or (isinstance(cell, str) and numbers.is_missing(cell))


def _names(header: list[Cell], width: int) -> tuple[tuple[str, ...], list[str]]:
    """Unique, non-blank column names, and notes on what had to be named anew."""
    width = max(width, _extent(header))
    padded = [*header[:width], *[None] * (width - len(header))]
    said = [" ".join(str(cell).split()) if cell is not None else "" for cell in padded]
    names: list[str] = []
    for place, name in enumerate(said, 1):
        names.append(_unused(name or f"column {place}", names))
    unnamed = [name for name, old in zip(names, said, strict=True) if not old]
    doubled = [name for name, old in zip(names, said, strict=True) if old and name != old]
    notes = [f"Columns without a header are called {_listed(unnamed)}."] if unnamed else []
    notes += [f"Repeated headers are called {_listed(doubled)}."] if doubled else []
    return tuple(names), notes


def _unused(name: str, names: list[str]) -> str:
    tries = (f"{name} ({i})" if i > 1 else name for i in count(1))
    return next(candidate for candidate in tries if candidate not in names)


def _listed(names: list[str]) -> str:
    shown = ", ".join(f"“{name}”" for name in names[:5])
    return f"{shown} and {len(names) - 5} more" if len(names) > 5 else shown


def _bounded(table: Table) -> Table:
    """The table with even rows, held to the limits."""
    width = len(table.columns)
    if width > MAX_COLUMNS:
        raise TableError(f"The table has {width} columns; at most {MAX_COLUMNS} can be read.")
    if len(table.rows) > MAX_ROWS or len(table.rows) * width > MAX_CELLS:
        raise TableError(
            f"The table is too big (over {MAX_ROWS:,} rows or {MAX_CELLS:,} cells); "
            "attach a part of it."
        )
    long = sum(_extent(row) > width for row in table.rows)
    rows = [_even(row, width) for row in table.rows]
    notes = [f"{long} row(s) have more cells than the header; the extra were left out."]
    return replace(table, rows=rows, notes=(*table.notes, *(notes if long else [])))


def _even(row: list[Cell], width: int) -> list[Cell]:
    return row if len(row) == width else [*row[:width], *[None] * (width - len(row))]


def _noted(table: Table, note: str) -> Table:
    return replace(table, notes=(note, *table.notes)) if note else table


def _loose(name: str) -> str:
    return re.sub(r"[\W_]+", " ", name).strip().casefold() or name
