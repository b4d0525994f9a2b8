"""Deterministic checks of an output, run before any reviewer reads it.

Each gives a `Check`: whether it is met, evidence quoted from the output (or the file's name),
and what to do when unmet. The functions are pure but for `opens`, which reads one file; run
that one through `opens_safely`, since what an agent wrote is not to be trusted either.
"""

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Collection, Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from bot.documents.errors import DocumentError
from bot.domain.work import Source
from graphs.tools.base import Workers
from graphs.tools.checks_base import Check
from graphs.tools.checks_numbers import numbers_agree
from graphs.tools.tables_read import Cell, load, markdown, markdown_tables, spoken

__all__ = [
    "ONE_PAGE_WORDS",
    "Check",
    "has_columns",
    "json_parses",
    "links_fetched",
    "numbers_agree",
    "opens",
    "opens_safely",
    "within_words",
    "words",
]

ONE_PAGE_WORDS = 500
MAX_UNPACKED = 200 * 1024 * 1024

_LINK = re.compile(r"https?://[^\s<>\"'`|\])}]+(?:\([^\s<>()]*\)[^\s<>\"'`|\])}]*)?")


def within_words(text: str, limit: int = ONE_PAGE_WORDS) -> Check:
    """Met when a reader meets at most `limit` words; marks and addresses do not count."""
    found = words(text)
    if found <= limit:
        return Check(True, _first_line(text), "")
    return Check(False, _first_line(text), f"It has {found} words; at most {limit} are wanted. "
                 f"Cut about {found - limit}.")  # fmt: skip


def words(text: str) -> int:
    """The words a reader meets in a Markdown text, tables included."""
    shown = (t.content if t.type in ("fence", "code_block") else
             spoken(t) if t.type == "inline" else "" for t in markdown(text))  # fmt: skip
    return sum(len(re.findall(r"\w[\w'’.,/-]*", part)) for part in shown)


def json_parses(text: str) -> Check:
    """Met when the text, or every json block fenced in it, is valid JSON."""
    blocks = [t.content for t in markdown(text)
              if t.type == "fence" and t.info.strip().lower() in ("json", "")]  # fmt: skip
    for block in blocks or [text]:
        try:
            json.loads(block)
        except (ValueError, RecursionError) as error:
            return Check(False, "", f"The JSON does not parse: {error}.")
    return Check(True, _first_line((blocks or [text])[0]), "")


def has_columns(columns: Sequence[str], text: str = "", path: Path | None = None) -> Check:
    """Met when one table of the text, or the table in the file, has all these columns."""
    wanted = [_name(column) for column in columns]
    headers = _file_headers(path) if path else [rows[0] for rows in markdown_tables(text) if rows]
    if not headers:
        return Check(False, "", f"There is no table; one with {', '.join(columns)} is wanted.")
    best = max(headers, key=lambda row: len({_name(cell) for cell in row} & set(wanted)))
    missing = [c for c, name in zip(columns, wanted, strict=True)
               if name not in {_name(cell) for cell in best}]  # fmt: skip
    if not missing:
        return Check(True, path.name if path else _line_of(text, best), "")
    known = ", ".join(str(cell) for cell in best if cell)
    return Check(False, "", f"The table lacks {', '.join(missing)}; it has {known}.")


def links_fetched(text: str, sources: Iterable[Source], allowed: Collection[str] = ()) -> Check:
    """Met when every link in the text was really fetched by this attempt.

    `allowed` are further addresses, such as those that stand in the mission's own files.
    """
    known = {_address(s.ref) for s in sources if s.kind == "url"} | {_address(u) for u in allowed}
    links = list(dict.fromkeys(_links(text)))
    unread = [link for link in links if _address(link) not in known]
    if unread:
        listed = ", ".join(unread[:5])
        return Check(False, unread[0], f"Never fetched: {listed}. Fetch it or leave it out.")
    return Check(True, links[0] if links else "", "")


def opens(path: str | Path) -> Check:
    """Met when the file is there, is not empty and opens as what its ending says."""
    file = Path(path)
    if not file.is_file():
        return Check(False, "", f"There is no file “{file.name}”; write it.")
    if not file.stat().st_size:
        return Check(False, file.name, f"“{file.name}” is empty; write its content.")
    try:
        _OPENERS.get(file.suffix.lower(), _any)(file)
    except Exception as error:  # noqa: BLE001 - whatever a parser says, it does not open
        kind = file.suffix.lstrip(".").lower() or "file"
        why = str(error) or type(error).__name__
        return Check(False, file.name, f"“{file.name}” does not open as {kind}: {why[:200]}.")
    return Check(True, file.name, "")


def open_file(path: str) -> dict[str, Any]:
    """`opens` as plain data, to be run in a helper process."""
    return opens(path)._asdict()


async def opens_safely(path: Path, workers: Workers) -> Check:
    """`opens` in a helper process with limits; `path` is absolute."""
    try:
        found = await workers.run("graphs.tools.checks:open_file", str(path),
                                  timeout=30.0, memory_mb=512)  # fmt: skip
    except DocumentError as error:
        return Check(False, path.name, f"“{path.name}” does not open: {error}")
    return Check(**found)


def _json(file: Path) -> None:
    json.loads(file.read_text("utf-8-sig"))


def _csv(file: Path) -> None:
    rows = [row for row in csv.reader(io.StringIO(file.read_text("utf-8-sig"), newline=""),
                                      strict=True) if row]  # fmt: skip
    widths = {len(row) for row in rows}
    if not rows or len(widths) > 1:
        raise ValueError(f"its rows have {sorted(widths)[:5]} cells")


def _xlsx(file: Path) -> None:
    _unpacks(file)
    from python_calamine import CalamineWorkbook

    book: Any = CalamineWorkbook
    if not any(book.from_path(file).get_sheet_by_index(0).to_python()):
        raise ValueError("its first sheet is empty")


def _docx(file: Path) -> None:
    _unpacks(file)
    from docx import Document

    Document(str(file))


def _unpacks(file: Path) -> None:
    with zipfile.ZipFile(file) as archive:
        if sum(item.file_size for item in archive.infolist()) > MAX_UNPACKED:
            raise ValueError("it unpacks to far more than it should")


def _png(file: Path) -> None:
    from PIL import Image

    with Image.open(file, formats=["PNG"]) as picture:
        picture.verify()
    with Image.open(file, formats=["PNG"]) as picture:
        picture.load()  # verify alone takes a file that was cut off


def _svg(file: Path) -> None:
    from defusedxml.ElementTree import fromstring  # pyright: ignore[reportUnknownVariableType]

    root: Any = fromstring(file.read_bytes(), forbid_dtd=False)
    if not str(root.tag).endswith("svg"):
        raise ValueError("its root is no svg")


def _pdf(file: Path) -> None:
    import pypdfium2

    document: Any = pypdfium2.PdfDocument(file)
    if not len(document):
        raise ValueError("it has no page")
    document.close()


def _words(file: Path) -> None:
    if not file.read_text("utf-8-sig").strip():
        raise ValueError("it has no words")


def _any(file: Path) -> None:
    file.read_bytes()


_OPENERS: dict[str, Callable[[Path], None]] = {
    ".json": _json,
    ".csv": _csv,
    ".xlsx": _xlsx,
    ".docx": _docx,
    ".png": _png,
    ".svg": _svg,
    ".pdf": _pdf,
    ".md": _words,
    ".txt": _words,
    ".html": _words,
}


def _file_headers(path: Path) -> list[Sequence[Cell]]:
    try:
        return [load(str(path), path.name, None).columns]
    except DocumentError:
        return []


def _links(text: str) -> Iterable[str]:
    return (found.rstrip(".,;:!?*_") for found in _LINK.findall(text))


def _address(url: str) -> str:
    """An address without what makes no difference: case of the host, default port, fragment."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return url
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    host = (parts.hostname or "") + (f":{port}" if port and port != usual else "")
    return urlunsplit((parts.scheme.lower(), host, parts.path.rstrip("/"), parts.query, ""))


def _name(cell: Cell) -> str:
    return re.sub(r"[\W_]+", " ", str(cell or "")).strip().casefold()


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "")[:200]


def _line_of(text: str, header: Sequence[Cell]) -> str:
    """The line of the text that holds this header."""
    cells = [str(cell) for cell in header if cell]
    lines = (line for line in text.splitlines() if "|" in line)
    return next((line.strip() for line in lines if all(c in line for c in cells)), "")
