"""Reading what came with the mission, and what this attempt has written."""

import math
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field, JsonValue

from bot.domain.work import Source
from graphs.tools import files
from graphs.tools.base import Args, Attachment, Room, Tool, ToolError, ToolResult, as_data

READ_LENGTH = 8_000
PASSAGES = 8
PASSAGE_LENGTH = 600
"""Characters after which a paragraph is cut into further passages."""

_K1, _B = 1.5, 0.75
"""The usual constants of BM25."""

_WORD = re.compile(r"\w+")
_PARAGRAPH = re.compile(r"\S(?:.*?\S)??(?=\s*\n[ \t]*\n|\s*\Z)", re.S)


class ListAttachments(Args):
    """Arguments of `list_attachments`: none."""


class ReadAttachment(Args):
    """Arguments of `read_attachment`; `start` is what the last part called its end."""

    name: str
    start: int = Field(default=0, ge=0, description="character to start at")
    length: int = Field(default=READ_LENGTH, ge=1, le=10_000)


class SearchAttachment(Args):
    """Arguments of `search_attachment`."""

    query: str = Field(min_length=1, max_length=400)
    name: str | None = Field(default=None, description="search only this attachment")


@dataclass(frozen=True)
class Passage:
    """An exact piece of a text: `text[start:end]`, beginning on `line` (from 1)."""

    name: str
    start: int
    end: int
    line: int
    quote: str


def attachment(room: Room, name: str) -> tuple[str, Attachment]:
    """The attachment, or the file written before, of this name. Raises `ToolError`."""
    near = [known for known in room.attachments if known.casefold() == name.casefold()]
    if len(near) == 1:
        return near[0], room.attachments[near[0]]
    data = files.read(room, name)
    if data is not None:
        return name, Attachment(room.folder / files.safe_name(name), _text(data))
    known = ", ".join(f"“{n}”" for n in (*room.attachments, *files.written(room)))
    there = f"There is {known}." if known else "The mission came without files."
    raise ToolError(f"There is no file “{name}”. {there}")


def search(texts: Iterable[tuple[str, str]], query: str, most: int = PASSAGES) -> list[Passage]:
    """The passages of these (name, text) that say most about the query, best first.

    BM25 over paragraphs; every quote is an exact piece of its text.
    """
    passages = [p for name, text in texts for p in _passages(name, text)]
    bags = [Counter(_terms(passage.quote)) for passage in passages]
    scores = _bm25(bags, list(dict.fromkeys(_terms(query))))
    best = sorted(range(len(passages)), key=lambda i: (-scores[i], i))
    return [passages[i] for i in best[:most] if scores[i] > 0]


def _bm25(bags: list[Counter[str]], terms: list[str]) -> list[float]:
    lengths = [bag.total() for bag in bags]
    usual = sum(lengths) / len(bags) if bags else 1.0
    scores = [0.0] * len(bags)
    for term in terms:
        holders = [i for i, bag in enumerate(bags) if term in bag]
        weight = math.log(1 + (len(bags) - len(holders) + 0.5) / (len(holders) + 0.5))
        for i in holders:
            often = bags[i][term]
            norm = often + _K1 * (1 - _B + _B * lengths[i] / (usual or 1))
            scores[i] += weight * often * (_K1 + 1) / norm
    return scores


def _terms(text: str) -> list[str]:
    """Words without case; a plural finds its singular."""
    words = (word.casefold() for word in _WORD.findall(text.replace("_", " ")))
    return [w[:-1] if len(w) > 3 and w.endswith("s") and not w.endswith("ss") else w for w in words]


def _passages(name: str, text: str) -> list[Passage]:
    breaks = [i for i, c in enumerate(text) if c == "\n"]
    return [
        Passage(name, start, end, bisect_right(breaks, start - 1) + 1, text[start:end])
        for paragraph in _PARAGRAPH.finditer(text)
        for start, end in _pieces(text, paragraph.start(), paragraph.end())
    ]


def _pieces(text: str, start: int, end: int) -> Iterable[tuple[int, int]]:
    """Cut a long paragraph at line ends, else at sentence ends, else at its length."""
    while end - start > PASSAGE_LENGTH:
        window = text[start : start + PASSAGE_LENGTH]
        cut = max(window.rfind("\n"), window.rfind(". ") + 1, window.rfind(" ") * (" " in window))
        cut = cut if cut > PASSAGE_LENGTH // 4 else PASSAGE_LENGTH
        yield start, start + len(window[:cut].rstrip())
        start += cut + len(text[start + cut : end]) - len(text[start + cut : end].lstrip())
    if end > start:
        yield start, end


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        return ""


async def _list(args: ListAttachments, room: Room) -> ToolResult:
    rows: list[JsonValue] = [
        {"name": name, "bytes": _size(item.path), "characters": len(item.text)}
        for name, item in room.attachments.items()
    ]
    lines = [
        f"- {name}: {_size(item.path):,} bytes, {len(item.text):,} characters of text"
        for name, item in room.attachments.items()
    ]
    lines += [f"- {name}: written by this task" for name in files.written(room)]
    return ToolResult(text="\n".join(lines) or "The mission came without files.", data=rows)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


async def _read(args: ReadAttachment, room: Room) -> ToolResult:
    name, item = attachment(room, args.name)
    part = item.text[args.start : args.start + args.length]
    if not part:
        raise ToolError(_nothing(name, item, args.start))
    end = args.start + len(part)
    more = f"\n(read on with start={end})" if end < len(item.text) else "\n(the end)"
    where = f"{name}, characters {args.start} to {end} of {len(item.text)}"
    return ToolResult(
        text=as_data("attachment", where, part) + more,
        data={"name": name, "start": args.start, "end": end, "of": len(item.text)},
        sources=(Source(kind="file", title=name, ref=name),),
    )


def _nothing(name: str, item: Attachment, start: int) -> str:
    if not item.text.strip():
        return f"“{name}” has no readable text. If it holds a table, use describe_table."
    return f"“{name}” ends at character {len(item.text)}; {start} is beyond it."


async def _search(args: SearchAttachment, room: Room) -> ToolResult:
    if args.name is None:
        texts = [(name, item.text) for name, item in room.attachments.items()]
    else:
        name, item = attachment(room, args.name)
        texts = [(name, item.text)]
    found = search(texts, args.query)
    if not found:
        return ToolResult(text=f"Nothing about “{args.query}” was found.", data=[])
    return ToolResult(
        text="\n\n".join(as_data("passage", f"{p.name}:{p.line}", p.quote) for p in found),
        data=[
            {"name": p.name, "line": p.line, "start": p.start, "end": p.end, "quote": p.quote}
            for p in found
        ],
        sources=tuple(
            Source(kind="file", title=p.name, ref=f"{p.name}:{p.line}", quote=p.quote)
            for p in found
        ),
    )


LIST_ATTACHMENTS = Tool(
    name="list_attachments",
    description="List the files that came with the mission, with their sizes.",
    args=ListAttachments,
    risk="read",
    work=_list,
)
READ_ATTACHMENT = Tool(
    name="read_attachment",
    description="Read the text of an attached file, part by part.",
    args=ReadAttachment,
    risk="read",
    work=_read,
)
SEARCH_ATTACHMENT = Tool(
    name="search_attachment",
    description="Find the passages of the attached files that say most about some words, "
    "with exact quotes and line numbers.",
    args=SearchAttachment,
    risk="read",
    work=_search,
)
