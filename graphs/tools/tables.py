"""The table tools: describe, query, join, compare and chart, computed in helper processes."""

import re
from collections.abc import Sequence
from typing import Any

from pydantic import JsonValue

from bot.domain.work import Fact, Source
from graphs.tools import files
from graphs.tools.attachments import attachment
from graphs.tools.base import Room, Tool, ToolError, ToolResult, as_data
from graphs.tools.tables_ask import Change, Chart, Describe, Join, Query

SECONDS = 60.0
MEMORY_MB = 1024
SHOWN_CELL = 120
_MARKS = re.compile(r"[|`\[\]]|<(?=[A-Za-z/!?])|\\(?=[|`\[\]<\\])")
"""What would make a cell more than its words: a tag, a link, a picture, code, another cell."""


async def _describe(args: Describe, room: Room) -> ToolResult:
    name, source = _source(room, args.name)
    reply = await _run(room, "tables_work:describe", source, args.sheet)
    head = ["column", "type", "unit", "missing", "distinct", "from", "to"]
    profile = [[str(item[key]) for key in head] for item in reply["types"]]
    text = (
        f"{reply['found']:,} rows, {len(reply['columns'])} columns.\n\n{_table(head, profile)}"
        f"\n\nFirst rows:\n{_table(reply['columns'], reply['rows'])}"
    )
    return _result(name, text, reply, args.sheet)


async def _query(args: Query, room: Room) -> ToolResult:
    name, source = _source(room, args.name)
    reply = await _run(room, "tables_work:query", source, args.model_dump(by_alias=True))
    return _result(name, _answer(reply), reply, args.sheet)


async def _change(args: Change, room: Room) -> ToolResult:
    name, source = _source(room, args.name)
    reply = await _run(room, "tables_change:change", source, args.model_dump())
    return _result(name, _answer(reply), reply, args.sheet)


async def _join(args: Join, room: Room) -> ToolResult:
    left, first = _source(room, args.left)
    right, second = _source(room, args.right)
    file = args.file if args.file.lower().endswith(".csv") else f"{args.file}.csv"
    files.safe_name(file)
    reply = await _run(room, "tables_join:join", first, second, args.model_dump())
    name = files.write(room, file, reply["csv"].encode())
    text = (
        f"{reply['found']:,} rows written to {name}; ask it with query_table.\n\n"
        f"{_table(reply['columns'], reply['sample'])}"
    )
    return ToolResult(
        text=as_data("table", name, text) + _notes(reply["notes"]),
        data={"file": name, "columns": reply["columns"], "rows": reply["found"]},
        sources=tuple(Source(kind="file", title=n, ref=n) for n in dict.fromkeys((left, right))),
        files=(name,),
    )


async def _chart(args: Chart, room: Room) -> ToolResult:
    name, source = _source(room, args.name) if args.name else ("", None)
    stem = args.file.removesuffix(".svg").removesuffix(".png")
    names = [files.safe_name(f"{stem}.svg"), files.safe_name(f"{stem}.png")]
    reply = await _run(room, "charts_work:draw", source, args.model_dump())
    files.write(room, names[0], reply["svg"].encode())
    files.write(room, names[1], reply["png"])
    return ToolResult(
        text=f"Drew {names[0]} and {names[1]}. {reply['alt']}" + _notes(reply["notes"]),
        data={"svg": names[0], "png": names[1], "alt": reply["alt"], "notes": reply["notes"]},
        sources=(Source(kind="file", title=name, ref=name),) if name else (),
        files=tuple(names),
    )


def _source(room: Room, name: str) -> tuple[str, dict[str, str]]:
    exact, item = attachment(room, name)
    if not item.path.is_file():
        raise ToolError(f"The original of “{exact}” is gone; ask the person to attach it again.")
    return exact, {"path": str(item.path.resolve()), "name": exact, "text": item.text}


async def _run(room: Room, function: str, *args: object) -> dict[str, Any]:
    return await room.workers.run(
        f"graphs.tools.{function}", *args, timeout=SECONDS, memory_mb=MEMORY_MB
    )


def _result(name: str, text: str, reply: dict[str, Any], sheet: str | None) -> ToolResult:
    where = f"{name}, {sheet}" if sheet else name
    data: JsonValue = {key: value for key, value in reply.items() if key not in ("facts", "shown")}
    return ToolResult(
        text=as_data("table", where, text) + _notes(reply["notes"]),
        data=data,
        facts=tuple(Fact(**fact, source=name) for fact in reply["facts"]),
        sources=(Source(kind="file", title=name, ref=where),),
    )


def _answer(reply: dict[str, Any]) -> str:
    shown = len(reply["rows"])
    more = f"\n\n{shown} of {reply['found']:,} rows are shown." if shown < reply["found"] else ""
    if not shown:
        return "No row fits."
    return _table(reply["columns"], reply["shown"]) + more


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    short = text if len(text) <= SHOWN_CELL else f"{text[:SHOWN_CELL]}…"
    return _MARKS.sub(r"\\\g<0>", " ".join(short.splitlines()))


def _notes(notes: Sequence[str]) -> str:
    return "".join(f"\nNote: {note}" for note in notes)


DESCRIBE_TABLE = Tool(
    name="describe_table",
    description="Show what a table holds: its columns with types and gaps, and its first rows.",
    args=Describe,
    risk="read",
    work=_describe,
)
QUERY_TABLE = Tool(
    name="query_table",
    description="Filter, group, count, sum, sort a table exactly; use it for every number "
    "that comes from a file.",
    args=Query,
    risk="read",
    work=_query,
)
JOIN_TABLES = Tool(
    name="join_tables",
    description="Put two tables together by columns that agree, into a new csv file that can "
    "be queried.",
    args=Join,
    risk="write",
    work=_join,
)
CHANGE_TABLE = Tool(
    name="change_table",
    description="Compare two columns of numbers or dates, or two periods, key by key; or the first "
    "with the last value of several columns: difference and change in percent, biggest first.",
    args=Change,
    risk="read",
    work=_change,
)
CHART = Tool(
    name="chart",
    description="Draw a bar, line, scatter or pie chart of a table or of given rows, as SVG "
    "and PNG files.",
    args=Chart,
    risk="write",
    work=_chart,
)
