"""Numbers in the tables of a text, held against the computed ones."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graphs.tools.checks_words import (
    ALL_ROWS,
    WHENS,
    FactBook,
    Finding,
    Known,
    Phrase,
    Shown,
    cell_number,
    listed,
    norm,
    phrase_of,
    problem,
    same_how,
    same_when,
    shown_in,
    tokens_of,
)


@dataclass(frozen=True)
class TextTable:
    """A table of a text, as readers see it; `lines` are its rows as they were written.

    `around` is what stands right above it, its heading included; `section` is all above it.
    """

    header: list[str]
    rows: list[list[str]]
    lines: list[str]
    around: str
    section: str


_TOTALS = frozenset({"total", "totals", "sum", "all", "overall", "grand total", ALL_ROWS})
_RANKS = frozenset({"", "#", "no", "no.", "nr", "rank", "position", "place"})
_PLAIN_VALUE = frozenset({"value", "result", "figure", "amount", "total", "number", ""})
_ROWS = listed("row")
_NEUTRAL = listed("row before after old new previous prior current then now")
_NARROWED = re.compile(
    r"\b(only|excluding|except|without|filtered|among|restricted|limited|where|sample|of which|"
    r"last|first|past|previous)\b",
    re.I,
)


def in_table(known: FactBook, table: TextTable) -> Iterator[Finding]:
    labels = [_row_label(known, table, row) for row in table.rows]
    often = Counter(label for label in labels if label)
    for row, line, label in zip(table.rows, table.lines, labels, strict=True):
        if label and often[label] == 1:
            yield from _in_row(known.by_label[label], table, row, line)
        elif not label:
            yield from _overall_row(known, table, row, line)
    yield from _crosswise(known, table)


def _row_label(known: FactBook, table: TextTable, row: list[str]) -> tuple[str, ...]:
    """The most exact label whose parts are all cells of the row."""
    cells = {norm(cell) for i, cell in enumerate(row) if _may_name(table, i, cell)}
    fitting = [label for label in known.by_label if cells.issuperset(label)]
    return max(fitting, key=len, default=())


def _may_name(table: TextTable, place: int, cell: str) -> bool:
    header = norm(table.header[place]) if place < len(table.header) else ""
    return bool(re.search(r"[^\W\d]", cell)) or (place == 0 and header not in _RANKS)


def _in_row(
    facts: Sequence[Known], table: TextTable, row: list[str], line: str
) -> Iterator[Finding]:
    for place, (header, cell) in enumerate(zip(table.header, row, strict=False)):
        if (number := cell_number(cell)) is None or norm(cell) == norm(facts[0].fact.label):
            continue
        others = [h for i, h in enumerate(table.header) if i != place and _counts(table, i)]
        yield from _compare(facts, header, table, others, number, _percents(table, place), line)


def _percents(table: TextTable, place: int) -> bool:
    """True when the numbers of a column carry a percent sign."""
    shown = [cell_number(row[place]) for row in table.rows if place < len(row)]
    return any(number.percent for number in shown if number)


def _counts(table: TextTable, place: int) -> bool:
    """True for a column of numbers."""
    return any(place < len(row) and shown_in(row[place]) for row in table.rows)


def _compare(
    facts: Sequence[Known],
    header: str,
    table: TextTable,
    others: Sequence[str],
    number: Shown,
    percents: bool,
    line: str,
) -> Iterator[Finding]:
    meant = [f for f in facts if _speaks_of(f, header, table, others, percents)]
    if not meant:
        return
    # A header that names its time means one fact; any other may mean one of several.
    dated = bool(phrase_of(header).when)
    related = meant if dated else [f for f in facts if f.change == meant[0].change]
    if any(number.equals(f) for f in related):
        yield Finding(line)
    else:
        yield Finding(line, problem(meant, number))


def _speaks_of(
    known: Known, header: str, table: TextTable, others: Sequence[str], percents: bool
) -> bool:
    """True when this header can mean nothing but that measure."""
    around = table.around
    said, context = phrase_of(header), frozenset(tokens_of(around))
    section = frozenset(tokens_of(table.section))
    if not known.condition <= context | frozenset(tokens_of(header)):
        return False
    if not known.condition and _NARROWED.search(f"{header}\n{around}"):
        return False
    whole = not known.change and not any(phrase.when for phrase in known.phrases)
    if whole and WHENS.search(around):
        return False  # a table of one month, a fact of them all
    percent = percents or "pct" in said.kinds
    if known.change:
        moves = "diff" in said.kinds and percent == known.percent
        return moves and _same_change(known, said, others)
    if "diff" in said.kinds:
        return False
    return any(_same_measure(phrase, said, context, section, percent) for phrase in known.phrases)


def _same_measure(
    phrase: Phrase, said: Phrase, context: frozenset[str], section: frozenset[str], percent: bool
) -> bool:
    if percent != ("pct" in phrase.kinds) or (phrase.units and said.units - phrase.units):
        return False
    if not same_how(phrase, said):
        return False
    if not same_when(phrase, said) and (said.when or not phrase.when <= context):
        return False
    if said.subject == phrase.subject:
        return True
    bare = not said.subject and (said.when or said.how)
    rows = phrase.subject == _ROWS and "count" in said.how
    return bool(rows or (bare and said.when and phrase.subject <= section))


def _same_change(known: Known, said: Phrase, others: Sequence[str]) -> bool:
    own = known.phrases[0].subject | known.phrases[0].when | known.ends | _NEUTRAL
    if not (said.subject | said.when) <= own:
        return False
    return all((phrase_of(other).subject | phrase_of(other).when) <= own for other in others)


def _overall_row(known: FactBook, table: TextTable, row: list[str], line: str) -> Iterator[Finding]:
    """A row of totals, or a row that names a measure of everything and gives its value."""
    first = norm(row[0]) if row else ""
    if first.rstrip(":") in _TOTALS:
        for place in range(1, min(len(row), len(table.header))):
            number = cell_number(row[place])
            if number and not _is_sum(table, place, number):
                header, percents = table.header[place], number.percent
                yield from _compare(known.overall, header, table, [], number, percents, line)
    elif _names_a_measure(table, row) and (number := cell_number(row[1])):
        yield from _compare(known.overall, row[0], table, [], number, number.percent, line)


def _names_a_measure(table: TextTable, row: list[str]) -> bool:
    return len(table.header) == len(row) == 2 and norm(table.header[1]) in _PLAIN_VALUE


def _is_sum(table: TextTable, place: int, number: Shown) -> bool:
    """True when a total adds up what the table itself shows: it may show a part of the data."""
    shown = [cell_number(r[place]) for r in table.rows
             if place < len(r) and norm(r[0]).rstrip(":") not in _TOTALS]  # fmt: skip
    values = [n.readings[0][0] for n in shown if n]
    return any(value == sum(values) for value, _ in number.readings)


def _crosswise(known: FactBook, table: TextTable) -> Iterator[Finding]:
    """Labels in the header, measures in the first column."""
    for place, header in enumerate(table.header[1:], 1):
        facts = known.by_label.get((norm(header),))
        if not facts or [norm(h) for h in table.header].count(norm(header)) > 1:
            continue
        for row, line in zip(table.rows, table.lines, strict=True):
            if place < len(row) and (number := cell_number(row[place])):
                others = [r[0] for r in table.rows if r and r is not row]
                yield from _compare(facts, row[0], table, others, number, number.percent, line)
