"""What a file really is: by its first bytes, then by its name."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final, Literal

from bot.documents.errors import Corrupt, Protected, Unsupported

Kind = Literal["txt", "md", "csv", "json", "html", "xlsx", "xls", "docx", "pptx", "pdf"]

HEAD: Final = 64 * 1024
READ: Final = "text, CSV, JSON, HTML, PDF, Word (.docx), Excel (.xlsx, .xls) or PowerPoint (.pptx)"
TEXT_KINDS: Final[frozenset[Kind]] = frozenset({"txt", "md", "csv", "json"})
_BY_NAME: Final[dict[str, Kind]] = {
    ".txt": "txt", ".text": "txt", ".log": "txt", ".md": "md", ".markdown": "md",
    ".csv": "csv", ".tsv": "csv", ".tab": "csv", ".json": "json", ".geojson": "json",
    ".html": "html", ".htm": "html", ".xhtml": "html", ".xlsx": "xlsx", ".xlsm": "xlsx",
    ".xls": "xls", ".docx": "docx", ".docm": "docx", ".pptx": "pptx", ".pdf": "pdf",
}  # fmt: skip
_OPEN_XML: Final[dict[str, Kind]] = {
    "word/document.xml": "docx",
    "xl/workbook.xml": "xlsx",
    "ppt/presentation.xml": "pptx",
}
_ADVICE: Final = {
    b"{\\rtf": "rich text; save it as .docx",
    b"\x89PNG": "a picture; attach the text or the table behind it",
    b"\xff\xd8\xff": "a picture; attach the text or the table behind it",
    b"GIF8": "a picture; attach the text or the table behind it",
    b"RIFF": "sound, video or a picture; attach a text version",
    b"ID3": "sound; attach a written version",
    b"\x1f\x8b": "a packed archive; unpack it and attach the files inside",
    b"7z\xbc\xaf": "a packed archive; unpack it and attach the files inside",
    b"Rar!": "a packed archive; unpack it and attach the files inside",
    b"BZh": "a packed archive; unpack it and attach the files inside",
    b"\xfd7zXZ": "a packed archive; unpack it and attach the files inside",
    b"MZ": "a program; attach a document",
    b"\x7fELF": "a program; attach a document",
    b"SQLite format 3": "a database; export the table as .csv",
    b"PAR1": "a Parquet table; export it as .csv",
}
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@dataclass(frozen=True)
class Sniffed:
    """The kind to read a file as, and a note when its name says otherwise."""

    kind: Kind
    note: str = ""


def sniff(path: Path, name: str) -> Sniffed:
    """Say what the file is. Raises `Unsupported`, `Corrupt` (empty, cut off) or `Protected`."""
    with path.open("rb") as file:
        head = file.read(HEAD)
    check_filled(head, name)
    named = _BY_NAME.get(PurePosixPath(name.lower()).suffix)
    kind = _by_magic(path, head, name) or _by_text(head, name, named)
    return Sniffed(kind, _note(name, named, kind))


def check_filled(head: bytes, name: str) -> None:
    """Raise `Corrupt` when a file starts with nothing but blanks."""
    if not head.strip(b" \t\r\n\0\xef\xbb\xbf\xff\xfe"):
        raise Corrupt(f"“{name}” is empty; attach it again with its content.")


def text_kind(head: bytes, name: str) -> Kind | None:
    """Give the kind when the first bytes are plain text by content and name, else None.

    Reads nothing else, so it can answer before a file is written anywhere.
    """
    named = _BY_NAME.get(PurePosixPath(name.lower()).suffix)
    if named not in TEXT_KINDS or _known_binary(head) or not is_text(head):
        return None
    return named


def is_text(head: bytes) -> bool:
    """Say whether bytes look like text in some encoding (UTF-16 and UTF-32 with a BOM too)."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff")):
        return True
    odd = sum(head.count(code) for code in _CONTROLS)
    return odd * 100 <= len(head) or utf16(head)


_CONTROLS: Final = [bytes([n]) for n in range(32) if n not in (8, 9, 10, 12, 13, 27)]


def utf16(head: bytes) -> bool:
    """Say whether bytes look like western text in UTF-16 without a BOM."""
    # Every other byte of it is zero.
    even, odd = head[::2].count(0), head[1::2].count(0)
    return max(even, odd) * 3 > len(head) and min(even, odd) * 20 < len(head)


def _known_binary(head: bytes) -> bool:
    marks = (b"PK\x03\x04", b"PK\x05\x06", _OLE, *_ADVICE)
    return head.startswith(marks) or b"%PDF-" in head[:1024]


def _by_magic(path: Path, head: bytes, name: str) -> Kind | None:
    if b"%PDF-" in head[:1024]:
        return "pdf"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _in_zip(path, name)
    if head.startswith(_OLE):
        return _in_ole(path, name)
    for mark, what in _ADVICE.items():
        if head.startswith(mark) and not (mark in (b"MZ", b"BZh", b"ID3") and is_text(head)):
            raise Unsupported(f"“{name}” is {what}.")
    return None


def _in_zip(path: Path, name: str) -> Kind:
    try:
        with zipfile.ZipFile(path) as box:
            names = set(box.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise Corrupt(
            f"“{name}” is damaged or cut off; save it again and attach the new copy.",
            detail=repr(error),
        ) from error
    for part, kind in _OPEN_XML.items():
        if part in names:
            return kind
    if "xl/workbook.bin" in names:
        raise Unsupported(f"“{name}” is a binary Excel file; save it as .xlsx and attach that.")
    if "mimetype" in names:
        raise Unsupported(
            f"“{name}” is an OpenDocument or e-book file; save it as .docx, .xlsx or .pdf."
        )
    if PurePosixPath(name.lower()).suffix in {".xlsx", ".docx", ".pptx", ".xlsm", ".docm"}:
        raise Corrupt(f"“{name}” lacks its main part; save it again and attach the new copy.")
    raise Unsupported(f"“{name}” is a ZIP archive; unpack it and attach the files inside.")


def _in_ole(path: Path, name: str) -> Kind:
    content = path.read_bytes()
    if _stream("EncryptedPackage") in content:
        raise Protected(f"“{name}” is locked with a password; attach a copy without one.")
    if _stream("Workbook") in content or _stream("Book") in content:
        return "xls"
    if _stream("WordDocument") in content:
        raise Unsupported(f"“{name}” is an old Word file; save it as .docx and attach that.")
    if _stream("PowerPoint Document") in content:
        raise Unsupported(f"“{name}” is an old PowerPoint file; save it as .pptx and attach that.")
    raise Unsupported(f"“{name}” is a file that is not read here; attach {READ}.")


def _stream(title: str) -> bytes:
    return title.encode("utf-16-le") + b"\0\0"


def _by_text(head: bytes, name: str, named: Kind | None) -> Kind:
    if not is_text(head):
        if named in (None, "txt", "md", "csv", "json", "html"):
            raise Unsupported(f"“{name}” is not a text or a document; attach {READ}.")
        raise Corrupt(f"“{name}” is damaged; save it again and attach the new copy.")
    if named in TEXT_KINDS or named == "html":
        return named
    start = head[:512].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html")):
        return "html"
    return "csv" if named in ("xlsx", "xls") else "txt"


def _note(name: str, named: Kind | None, kind: Kind) -> str:
    if named is None or named == kind:
        return ""
    return f"“{name}” is really a .{kind} file; it was read as one."
