"""Look into a ZIP container before any library opens it, since its own figures may lie."""

from __future__ import annotations

import zipfile
import zlib
from tempfile import TemporaryFile
from typing import IO, Final

from bot.documents.errors import Bomb, Corrupt, Protected

MAX_UNPACKED: Final = 300 * 1024 * 1024
MAX_RATIO: Final = 200
RATIO_FREE: Final = 16 * 1024 * 1024  # below this a high ratio is only a repetitive file
MAX_ENTRIES: Final = 10_000
MAX_DEPTH: Final = 2
_CHUNK: Final = 256 * 1024
_ENTITIES: Final = tuple(
    mark.encode(code)
    for mark in ("<!DOCTYPE", "<!ENTITY")
    for code in ("utf-8", "utf-16-le", "utf-16-be")
)
_OVERLAP: Final = 32
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    ValueError,
    OSError,
)


def inspect_zip(file: IO[bytes], name: str) -> None:
    """Unpack every member of an Office file into nothing, within limits.

    Raises `Bomb` (too much inside, or XML entities that could grow), `Protected`, `Corrupt`.
    """
    size = file.seek(0, 2)
    try:
        _Inspection(name, size).walk(file, depth=0)
    except _BROKEN as error:
        raise Corrupt(
            f"“{name}” is damaged and can't be opened; save it again and attach the new copy.",
            detail=repr(error),
        ) from error
    finally:
        file.seek(0)


class _Inspection:
    """One budget for a container and all containers inside it."""

    def __init__(self, name: str, packed: int) -> None:
        self._name = name
        self._left = min(MAX_UNPACKED, max(RATIO_FREE, packed * MAX_RATIO))
        self._entries = 0

    def walk(self, file: IO[bytes], depth: int) -> None:
        with zipfile.ZipFile(file) as box:
            members = box.infolist()
            self._count(members)
            for member in members:
                self._member(box, member, depth)

    def _count(self, members: list[zipfile.ZipInfo]) -> None:
        self._entries += len(members)
        if self._entries > MAX_ENTRIES or sum(m.file_size for m in members) > self._left:
            raise self._bomb()

    def _member(self, box: zipfile.ZipFile, member: zipfile.ZipInfo, depth: int) -> None:
        if member.flag_bits & 1:
            raise Protected(f"“{self._name}” is locked with a password; attach a copy without one.")
        with box.open(member) as packed:
            head = packed.read(4)
            self._spend(len(head))
            if head == b"PK\x03\x04":
                self._nested(packed, head, depth)
            else:
                self._drain(packed, head, xml=_is_xml(member.filename, head))

    def _drain(self, packed: IO[bytes], tail: bytes, *, xml: bool) -> None:
        while chunk := packed.read(_CHUNK):
            self._spend(len(chunk))
            if xml and any(mark in (tail + chunk) for mark in _ENTITIES):
                raise self._bomb()
            tail = chunk[-_OVERLAP:]

    def _nested(self, packed: IO[bytes], head: bytes, depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise self._bomb()
        with TemporaryFile() as inner:
            inner.write(head)
            while chunk := packed.read(_CHUNK):
                self._spend(len(chunk))
                inner.write(chunk)
            self.walk(inner, depth + 1)

    def _spend(self, size: int) -> None:
        self._left -= size
        if self._left < 0:
            raise self._bomb()

    def _bomb(self) -> Bomb:
        return Bomb(
            f"“{self._name}” unpacks to far more than a file of its size should, so it was not "
            "opened; save it again from the program it came from, or attach a part of it."
        )


def _is_xml(filename: str, head: bytes) -> bool:
    named = filename.lower().endswith((".xml", ".rels", ".vml"))
    return named or head.startswith((b"<?xm", b"\xff\xfe<\x00", b"\xfe\xff\x00<", b"\xef\xbb\xbf<"))
