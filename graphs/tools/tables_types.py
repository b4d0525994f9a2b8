"""What the cells of a column are: numbers, dates or text; and how a value is written again."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from functools import lru_cache
from typing import Literal

from graphs.tools import numbers
from graphs.tools.numbers import Style
from graphs.tools.tables_read import Cell, Table, TableError, blank

MOSTLY = 0.8
"""Share of a column's filled cells that must read as numbers (or dates) to make it one."""

_NONE = "no number"
_MAGNITUDES = frozenset({"%", "‰", "k", "K", "M", "m", "bn", "B", "Mio", "Mrd"})
_SPELLED = ("%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y", "%d-%b-%y")
_ISO = re.compile(r"(\d{4})[-/](\d\d?)[-/](\d\d?)(?:[T ].*)?")
_LOCAL = re.compile(r"(\d\d?)([./])(\d\d?)\2(\d{4})(?: .*)?")
_TOTAL = re.compile(r"((grand |overall )?totals?|sum|summe|gesamt|gesamtsumme|insgesamt):?", re.I)


@dataclass(frozen=True)
class Column:
    """A column with one meaning. `values` are Decimals, dates or texts; None where missing.

    `marks` has the unit of each number, as it was written. `odd` are texts in a column of
    numbers or dates that are neither that nor missing.
    """

    name: str
    kind: Literal["number", "date", "text"]
    values: list[Cell]
    marks: list[str] = field(default_factory=list[str])
    odd: tuple[str, ...] = ()
    note: str = ""

    @property
    def units(self) -> tuple[str, ...]:
        """The units in this column that cannot be added up."""
        return _apart(self.marks)

    @property
    def missing(self) -> int:
        """How many cells say nothing."""
        return sum(value is None for value in self.values) - len(self.odd)


class Typed:
    """A table whose columns are understood when they are first asked for."""

    def __init__(self, table: Table) -> None:
        self.table, dropped = _without_total(table, _hint(table))
        self.notes = [*self.table.notes, *dropped]
        self._hint = _hint(self.table)
        self._known: dict[str, Column] = {}

    def __len__(self) -> int:
        return len(self.table.rows)

    def column(self, name: str) -> Column:
        """The column of this name. Raises `TableError`."""
        place = self.table.at(name)
        exact = self.table.columns[place]
        if exact not in self._known:
            cells = [row[place] for row in self.table.rows]
            self._known[exact] = understand(exact, cells, self._hint)
        return self._known[exact]

    def numbers(self, name: str, places: Sequence[int] | None = None) -> Column:
        """A column of numbers in one unit (in these rows); what it left out becomes a note."""
        column = self.column(name)
        if column.kind != "number":
            kind = "dates" if column.kind == "date" else "text"
            raise TableError(f"Column “{column.name}” holds {kind}, not numbers.")
        units = column.units if places is None else _apart(column.marks[i] for i in places)
        if len(units) > 1:
            known = ", ".join(unit or "none" for unit in units)
            raise TableError(
                f"Column “{column.name}” mixes units ({known}); its numbers cannot be added or "
                "compared. Keep the rows of one unit with a condition such as contains."
            )
        self.mention(column)
        return column

    def mention(self, column: Column) -> None:
        """Say once what the readers of this column should know."""
        for note in (column.note, _left_out(column)):
            if note and note not in self.notes:
                self.notes.append(note)


def understand(name: str, cells: list[Cell], hint: Style | None = None) -> Column:
    """Find out what a column of cells is."""
    filled = [cell for cell in cells if not blank(cell)]
    texts = [cell for cell in filled if isinstance(cell, str)]
    if filled and not _identifiers(texts):
        style = numbers.style_of(dict.fromkeys(texts)) or hint
        for column in (_numbers(name, cells, style), _dates(name, cells, texts, style)):
            if len(filled) - len(column.odd) >= MOSTLY * len(filled):
                return column
    return Column(name, "text", [None if blank(cell) else said(cell) for cell in cells])


def _numbers(name: str, cells: list[Cell], style: Style | None) -> Column:
    found = [_number(cell, style or Style.point) for cell in cells]
    return Column(
        name,
        "number",
        [number.value if number else None for number in found],
        [number.unit if number else _NONE for number in found],
        tuple(said(c) for c, n in zip(cells, found, strict=True) if n is None and not blank(c)),
        _doubt(name, cells, style),
    )


def _number(cell: Cell, style: Style) -> numbers.Number | None:
    if isinstance(cell, Decimal):
        return numbers.Number(cell)
    return numbers.read(cell, style) if isinstance(cell, str) else None


def _apart(marks: Iterable[str]) -> tuple[str, ...]:
    """Units that cannot be added up: 5 and 5 € can, 5 and 5 % or 5 and 5 k cannot."""
    marks = dict.fromkeys(mark for mark in marks if mark is not _NONE)
    plain = "" in marks and not any(mark in _MAGNITUDES for mark in marks)
    return tuple(mark for mark in marks if mark or not plain or len(marks) == 1)


def _doubt(name: str, cells: Iterable[Cell], style: Style | None) -> str:
    if style is not None:
        return ""
    for cell in cells:
        if isinstance(cell, str) and re.fullmatch(r"\d{1,3}\.\d{3}", cell):
            return f"“{name}”: {cell} was read with a decimal point, not as thousands."
    return ""


def _dates(name: str, cells: list[Cell], texts: list[str], style: Style | None) -> Column:
    day_first, note = _order(name, texts, style)
    values: list[Cell] = []
    odd: list[str] = []
    for cell in cells:
        found = cell if isinstance(cell, date) else None
        if isinstance(cell, str):
            found = read_date(cell, day_first)
        values.append(found)
        if found is None and not blank(cell):
            odd.append(said(cell))
    return Column(name, "date", values, odd=tuple(odd), note=note)


@lru_cache(maxsize=65_536)
def read_date(text: str, day_first: bool = True) -> date | None:
    """The day a text names: ISO, 31.12.2026, 12/31/2026, 31 Dec 2026; else None."""
    try:
        if iso := _ISO.fullmatch(text):
            return date(*(int(part) for part in iso.groups()))
        if local := _LOCAL.fullmatch(text):
            first, mark, second, year = local.groups()
            days = day_first or mark == "."
            return date(int(year), int(second if days else first), int(first if days else second))
        return _spelled(text) if text[-1:].isdigit() and len(text) < 30 else None
    except ValueError:
        return None


def _spelled(text: str) -> date | None:
    for form in _SPELLED:
        try:
            return datetime.strptime(text, form).date()  # noqa: DTZ007 - a day has no zone
        except ValueError:
            continue
    return None


def _order(name: str, texts: list[str], style: Style | None) -> tuple[bool, str]:
    """Whether the day stands first in 3/4/2026, and a note when nothing tells."""
    pairs = [(int(m[1]), int(m[3])) for t in texts if (m := _LOCAL.fullmatch(t)) and m[2] == "/"]
    if not pairs:
        return True, ""
    if any(first > 12 for first, _ in pairs):
        return True, ""
    if any(second > 12 for _, second in pairs):
        return False, ""
    day_first = style is Style.comma
    order = "day/month" if day_first else "month/day"
    return day_first, f"“{name}”: dates such as {texts[0]} were read as {order}."


def said(cell: Cell) -> str:
    """A cell as text: exact decimals, ISO dates."""
    if isinstance(cell, Decimal):
        return numbers.write(cell)
    return "" if cell is None else str(cell)


def rounded(value: Decimal) -> str:
    """A quotient for reading: two decimals, or four digits when it is small."""
    if abs(value) >= 1 or value == 0:
        return numbers.write(value.quantize(Decimal("0.01"), ROUND_HALF_EVEN))
    return numbers.write(round(value, 3 - value.adjusted()))


def _identifiers(texts: list[str]) -> bool:
    """007 is a name, not seven."""
    return any(re.fullmatch(r"0\d+", text) for text in texts)


def _hint(table: Table) -> Style | None:
    """What the other columns say about commas and points."""
    sample = table.rows[:1000]
    styles: list[Style] = []
    for place in range(len(table.columns)):
        texts = {cell for row in sample if isinstance(cell := row[place], str)}
        numeric = [text for text in texts if numbers.read(text) or numbers.read(text, Style.comma)]
        if len(numeric) >= MOSTLY * len(texts) and (style := numbers.style_of(numeric)):
            styles.append(style)
    return max(styles, key=styles.count, default=None)


def _without_total(table: Table, hint: Style | None) -> tuple[Table, list[str]]:
    """Leave out a last row that sums up the others: it would count everything twice."""
    if len(table.rows) < 3:
        return table, []
    last = table.rows[-1]
    label = next((said(cell) for cell in last if cell is not None), "")
    if not _TOTAL.fullmatch(label.strip()):
        return table, []
    sums = [_adds_up([row[i] for row in table.rows], hint) for i in range(len(table.columns))]
    if True not in sums:
        return table, [f"The last row, “{label}”, does not add up; it is counted as a row."]
    note = f"The last row, “{label}”, sums up the others and was left out."
    return Table(table.columns, table.rows[:-1], table.notes, table.sheet, table.sheets), [note]


def _adds_up(cells: list[Cell], hint: Style | None) -> bool | None:
    column = understand("", cells, hint)
    values = [value for value in column.values[:-1] if isinstance(value, Decimal)]
    last = column.values[-1]
    if not isinstance(last, Decimal) or not values:
        return None
    return total(values) == last


def total(values: Iterable[Decimal]) -> Decimal:
    """The exact sum."""
    result = Decimal(0)
    for value in values:
        result = numbers.EXACT.add(result, value)
    return result


def _left_out(column: Column) -> str:
    if not column.odd:
        return ""
    shown = ", ".join(f"“{text[:30]}”" for text in dict.fromkeys(column.odd))[:120]
    what = "numbers" if column.kind == "number" else "dates"
    return f"“{column.name}”: {len(column.odd)} value(s) are no {what} and were left out: {shown}."
