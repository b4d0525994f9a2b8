"""Why: what text columns and documents say about the things that an analysis named."""

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphs.models.offline import analyst, markdown, sources
from graphs.models.offline.asked import understand
from graphs.models.offline.columns import Column, Table
from graphs.models.offline.language import cut, keywords, overlap, spoken
from graphs.models.offline.moving import Move, finer, fitting, moves
from graphs.models.offline.passages import Passage, passages
from graphs.models.offline.reading import Texts
from graphs.models.offline.shape import listed
from graphs.models.offline.steps import Call, Desk, Reply, Script
from graphs.models.offline.wants import Want

QUOTES = 3


def reasons(desk: Desk, want: Want, texts: Texts) -> Script:
    """Why, for each thing that the analysis named: what text columns and documents say of it."""
    names = subjects(desk.data)
    tables = yield from analyst.look(desk)
    if not names:
        return _loose_reasons(texts, want) if texts else (yield from _reason_column(desk, tables))
    found = {name: _Found() for name in names}
    changes = understand(want.text).change or moves(desk.data) is not None
    yield from _from_tables(desk, want, tables, found)
    for name in names:
        for passage in _about(texts, name):
            found[name].add(passage.quoted(), changes or bool(_CAUSE.search(passage.text)))
    return _told(found, tables, texts)


@dataclass
class _Found:
    """What is said of one thing: reasons, and notes that stand beside it but explain nothing."""

    reasons: list[str] = field(default_factory=list[str])
    notes: list[str] = field(default_factory=list[str])

    def add(self, quote: str, explains: bool) -> None:
        (self.reasons if explains else self.notes).append(quote)


def subjects(data: dict[str, Any]) -> list[str]:
    """The things that the tasks before named."""
    found = [name for _, names in sources.answers(data) for name in names]
    return list(dict.fromkeys(found))[: sources.MAX_NAMES]


def _from_tables(
    desk: Desk, want: Want, tables: Sequence[Table], found: dict[str, _Found]
) -> Generator[list[Call], list[Reply], None]:
    """Rows about each thing, in every table that has it and a column of words.

    Only rows that the question is about: `in August` holds for the reasons as well.
    """
    if not desk.has("query_table"):
        return
    said = understand(want.text.removeprefix("Explain why: "))
    homes = [(t, r) for t in tables if (r := reason_columns(t))]
    move = moves(desk.data)
    asked: list[_Asked] = []
    for table, columns in homes:
        where = yield from analyst.conditions(desk, said, table)
        keys = _keys(table, columns)
        asked += [_asked(table, k, columns, n, move, where) for k in keys for n in found]
    if not asked:
        return
    replies = yield [one.call for one in asked]
    for one, reply in zip(asked, replies, strict=True):
        if reply.data and reply.data["rows"]:
            name = one.call.args["where"][0]["value"]
            rows = _same_way(reply.data, one, move, name)
            for quote in _quotes(rows, one.call.args):
                column = one.table.get(quote.column)
                moved = said.change or move is not None
                found[name].add(quote.text, moved or _explains(column, quote.cell))


def _explains(column: Column, cell: str) -> bool:
    """True for a cell of a column of reasons, and for words that name a cause.

    Beside a thing that merely leads, any other note is a note: nothing ties it to the number.
    """
    return column.reason >= STRONG or bool(_CAUSE.search(cell))


STRONG = 3
"""How a column counts whose name says that it holds reasons."""


@dataclass(frozen=True)
class _Asked:
    """The rows about one thing. After the `plain` cells: `names` of what a row is about, moves."""

    table: Table
    call: Call
    plain: int
    names: int = 0


def _asked(
    table: Table, key: Column, columns: Sequence[Column], name: str, move: Move | None,
    where: Sequence[dict[str, Any]],
) -> _Asked:  # fmt: skip
    shown = [key.name, *(c.name for c in columns), *_day(table)]
    known = {c.name for c in table.columns}
    more: list[str] = []
    names: list[Column] = []
    if move and move.way(name) and known.issuperset(move.columns):
        names = finer(table, key, columns, move)
        more = [*(c.name for c in names), *move.columns]
    args = {
        **table.source,
        "where": [
            {"column": key.name, "op": "=", "value": name},
            *(w for w in where if w["column"] != key.name),
        ],
        "columns": [*shown, *more], "limit": 500 if more else 40,
    }  # fmt: skip
    return _Asked(table, Call("query_table", args), len(shown), len(names) if more else -1)


def _same_way(data: dict[str, Any], one: _Asked, move: Move | None, name: str) -> dict[str, Any]:
    """The rows without those whose own number went the other way: they explain something else."""
    if move is None or one.names < 0:
        return data
    rows = [[*row[one.plain :], *row[: one.plain]] for row in data["rows"]]
    kept = fitting(rows, one.names, move, move.way(name))
    width = one.names + len(move.columns)
    return {**data, "columns": data["columns"][: one.plain], "rows": [r[width:] for r, _ in kept]}


def _day(table: Table) -> list[str]:
    return [column.name for column in table.dates()[:1]]


def reason_columns(table: Table) -> list[Column]:
    """The columns that explain: by name if there are such, else those of sentences."""
    ranked = sorted((c for c in table.columns if c.reason), key=lambda c: -c.reason)
    best = ranked[0].reason if ranked else 0
    return [c for c in ranked if c.reason == best or c.reason >= 2][:2]


def _keys(table: Table, reasons: Sequence[Column]) -> list[Column]:
    """The columns in which a thing's name may stand."""
    names = [c for c in table.columns if c.text and c not in reasons and not c.prose]
    return names[:3]


@dataclass(frozen=True)
class _Quote:
    """A cell with its column, and how it is quoted."""

    cell: str
    column: str
    text: str


def _quotes(data: dict[str, Any], args: dict[str, Any]) -> list[_Quote]:
    where = f"{args['name']}, {args['sheet']}" if args.get("sheet") else args["name"]
    width = len(data["columns"])
    said: dict[tuple[str, str], list[str]] = {}
    for row in data["rows"]:
        for place, cell in enumerate(row[1:], 1):
            is_day = place == width - 1 and re.fullmatch(r"\d{4}-\d\d-\d\d.*", cell)
            if not _EMPTY.fullmatch(cell.strip()) and not is_day:
                said.setdefault((cell, data["columns"][place]), []).append(row[-1])
    ranked = sorted(said.items(), key=lambda item: (-len(item[1]), not _WEIGHTY.search(item[0][0])))
    return [_quote(cell, column, days, where) for (cell, column), days in ranked[:QUOTES]]


_EMPTY = re.compile(
    (
        r"|ok|none|no|yes|n/?a|nothing(?: special| to report| new)?|no changes?|see "
        r"above|tbd|unknown|same|[-–—.?]+"
    ),
    re.IGNORECASE,
)
"""Cells that stand where a reason could stand, and give none."""


_WEIGHTY = re.compile(
    (
        r"\b(?:breaking|required|removed?|renamed|replaced|deprecat\w+|because|due to|"
        r"outage|security|by (?:law|rules)|no longer)\b"
    ),
    re.IGNORECASE,
)


def _quote(cell: str, column: str, days: Sequence[str], where: str) -> _Quote:
    times = f", {len(days)} rows" if len(days) > 1 else ""
    day = f", {days[0]}" if len(days) == 1 and re.match(r"\d{4}-\d\d-\d\d", days[0]) else ""
    return _Quote(cell, column, f"“{cut(cell, 240)}” ({where}, column {column}{day}{times})")


def _about(texts: Texts, name: str) -> list[Passage]:
    """The sentences that name a thing, those that give a reason first."""
    shape = re.compile(rf"(?<![\w/-]){re.escape(name)}(?![\w/-])", re.IGNORECASE)
    hits = [
        p
        for n, t in texts.items()
        for p in passages(n, t)
        if shape.search(p.text) or (p.heading and shape.search(p.heading))
    ]
    hits = [p for p in hits if not _LOGGED.match(p.text) or _CAUSE.search(p.text)]
    hits.sort(key=lambda p: (not _CAUSE.search(p.text), p.name, p.place))
    return hits[:QUOTES]


_CAUSE = re.compile(
    (
        r"\b(?:because|due to|caused by|reason|since|so that|therefore|as a result|owing "
        r"to|thanks to|in order to|led to|root cause|after|wegen|weil|aufgrund)\b"
    ),
    re.IGNORECASE,
)


_LOGGED = re.compile(r"\W?\d{4}-\d\d-\d\d[T ]\d\d:\d\d")
"""A line of a log says that something happened; that is no reason."""


def _told(found: dict[str, _Found], tables: Sequence[Table], texts: Texts) -> str:
    kept = {name: list(dict.fromkeys(f.reasons))[:QUOTES] for name, f in found.items()}
    lines = [f"- **{name}**: {'; '.join(quotes)}" for name, quotes in kept.items() if quotes]
    silent = [name for name, quotes in kept.items() if not quotes]
    if silent:
        looked = spoken([*dict.fromkeys(t.where for t in tables), *texts]) or "what is given"
        names = spoken(f"**{n}**" for n in silent)
        lines.append(f"- No reason is given for {names} in {looked}; none was guessed.")
    noted = {name: list(dict.fromkeys(found[name].notes))[:QUOTES] for name in silent}
    lines += [
        f"- Noted beside **{name}**, without saying why: {'; '.join(notes)}"
        for name, notes in noted.items()
        if notes
    ]
    head = "Reasons given in the sources:" if len(silent) < len(kept) else "The reasons stay open:"
    return "\n".join([head, "", *lines])


def _loose_reasons(texts: Texts, want: Want) -> str:
    """Why, when no analysis named the things: sentences that give a cause."""
    wanted = keywords(want.text)
    all_ = [p for n, t in texts.items() for p in passages(n, t)]
    hits = [p for p in all_ if _CAUSE.search(p.text)]
    hits.sort(key=lambda p: (-overlap(wanted, p.text), p.name, p.place))
    hits = [p for p in hits if overlap(wanted, p.text) > 0][:5] or hits[:3]
    if not hits:
        return f"{spoken(texts)} gives no reason; none was guessed."
    return "\n".join(["Reasons given in the sources:", "", *(f"- {p.quoted()}" for p in hits)])


def _reason_column(desk: Desk, tables: Sequence[Table]) -> Script:
    """The most frequent reasons of a table, when no single thing is asked about."""
    for table in tables:
        columns = reason_columns(table)
        if not columns or not desk.has("query_table"):
            continue
        column = columns[0]
        (reply,) = yield [
            Call(
                "query_table",
                {
                    **table.source, "group_by": [column.name],
                    "measures": [{"fn": "count", "as": "count"}],
                    "sort": [{"column": "count", "descending": True}], "limit": 8,
                },
            )
        ]  # fmt: skip
        rows = [r for r in listed(reply.data, "rows") if r[0] != "(blank)"]
        if rows:
            shown = markdown.table([column.name, "count"], [[cut(r[0], 160), r[1]] for r in rows])
            return (
                f"The reasons that {table.where} names most often (column "
                f"{column.name}):\n\n{shown}"
            )
    looked = spoken(t.where for t in tables) or "what is given"
    return f"No reason is given in {looked}; none was guessed."
