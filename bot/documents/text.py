"""Plain text, CSV and JSON to Markdown: quick and bounded, so any thread will do."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from bot.documents.sniff import Kind, utf16

MAX_CHARS: Final = 2_000_000
MAX_TEXT_BYTES: Final = 4 * MAX_CHARS + 4  # no encoding needs more for what is kept
MAX_COLUMNS: Final = 500
CUT: Final = f"It is very long: only the first {MAX_CHARS:,} characters were kept."
_SAMPLE: Final = 256 * 1024
_DELIMITERS: Final = (",", ";", "\t", "|")
_BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\x00\x00", "utf-32"),
    (b"\x00\x00\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# The legacy encodings people still save in; a free choice of all finds odd cousins of them.
_LEGACY: Final = [
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "cp1255", "cp1256", "koi8_r",
    "shift_jis", "euc_jp", "gb18030", "big5", "euc_kr", "mac_roman",
]  # fmt: skip
_LINE_END: Final = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028]")
_UNPRINTABLE: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufeff]")


@dataclass
class Draft:
    """Markdown on its way: notes for people, and whether something was left out."""

    markdown: str
    notes: list[str] = field(default_factory=list[str])
    truncated: bool = False


def draft(raw: bytes, kind: Kind) -> Draft:
    """Give Markdown for the bytes of a txt, md, csv or json file."""
    text, notes = decode(raw)
    made = _DRAFTS.get(kind, prose)(text)
    made.notes = notes + made.notes
    made.truncated |= len(raw) > MAX_TEXT_BYTES
    return made


def decode(raw: bytes) -> tuple[str, list[str]]:
    """Give the text of at most `MAX_TEXT_BYTES` bytes, and a note when its encoding was guessed."""
    encoding, notes = _encoding(raw[:_SAMPLE])
    text = raw[:MAX_TEXT_BYTES].decode(encoding, errors="replace")
    if "\ufffd" in text[:-1]:
        notes.append("Some characters could not be read and are shown as “\ufffd”.")
    return clean(text), notes


def clean(text: str) -> str:
    """Give text with `\\n` line ends and without control characters or broken pairs."""
    return _UNPRINTABLE.sub("", _LINE_END.sub("\n", text))


def prose(text: str) -> Draft:
    """Give the text itself, cut at a line end when it is too long."""
    text = text.strip()
    return Draft(_head(text, MAX_CHARS), truncated=len(text) > MAX_CHARS)


def table(rows: Iterable[Iterable[object]], room: int = MAX_CHARS) -> Draft:
    """Give a Markdown table of at most `room` characters; its first filled row is the header."""
    kept: list[list[str]] = []
    truncated = False
    for row in rows:
        cells = _cells(row)
        room -= sum(map(len, cells)) + 3 * len(cells)
        if room < 0:
            truncated = True
            break
        if cells:
            kept.append(cells)
    return Draft(_layout(kept), truncated=truncated)


def separated(text: str) -> Draft:
    """Give a Markdown table of comma-, semicolon-, tab- or bar-separated values."""
    csv.field_size_limit(MAX_CHARS)
    marked = re.match(r"sep=(.)\n", text)
    delimiter = marked[1] if marked else _delimiter(text)
    lines = io.StringIO(text[marked.end() :] if marked else text)
    return table(csv.reader(lines, delimiter=delimiter))


def fenced_json(text: str) -> Draft:
    """Give the JSON, as it was written, in a code fence."""
    made = prose(text)
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        made.notes.append("It is not valid JSON; it was kept as text.")
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", text)), default=0))
    made.markdown = f"{fence}json\n{made.markdown}\n{fence}"
    return made


_DRAFTS: Final = {"csv": separated, "json": fenced_json}


def _encoding(sample: bytes) -> tuple[str, list[str]]:
    for mark, encoding in _BOMS:
        if sample.startswith(mark):
            return encoding, []
    if utf16(sample):
        return ("utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"), []
    try:
        sample[: len(sample) - 3 if len(sample) == _SAMPLE else None].decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason != "unexpected end of data":
            return _guess(sample)
    return "utf-8", []


def _guess(sample: bytes) -> tuple[str, list[str]]:
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=_LEGACY, preemptive_behaviour=False).best()
    same = best.could_be_from_charset if best else ["cp1252"]
    encoding = next(code for code in [*_LEGACY, *same] if code in same)
    return encoding, [f"Its text encoding was guessed: {encoding}."]


def _head(text: str, room: int) -> str:
    if len(text) <= room:
        return text
    end = text.rfind("\n", room - 2000, room)
    return text[: end if end > 0 else room]


def _delimiter(text: str) -> str:
    lines = [line for line in text[:_SAMPLE].split("\n") if line.strip()][:50]

    def regularity(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter))
        width, times = max(widths.items(), key=lambda item: (item[0] > 1, item[1]), default=(1, 0))
        return (times if width > 1 else 0, width)

    return max(_DELIMITERS, key=regularity)


def _cells(row: Iterable[object]) -> list[str]:
    cells = [_cell(value) for value in islice(row, MAX_COLUMNS)]
    while cells and not cells[-1]:
        cells.pop()
    return cells


def _cell(value: object) -> str:
    if value is None or value != value:  # NaN: an empty cell, not a word
        return ""
    if isinstance(value, float):
        return format(value, ".15g")
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    return " ".join(clean(str(value)).replace("\\", "\\\\").replace("|", "\\|").split())


def _layout(rows: list[list[str]]) -> str:
    if not rows:
        return ""
    width = max(map(len, rows))
    lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in rows]
    lines.insert(1, "|" + " --- |" * width)
    return "\n".join(lines)
