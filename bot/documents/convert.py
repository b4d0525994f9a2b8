"""Attachments to Markdown. Plain text is read at once; the rest by helper processes.

    converted = await convert(workers, data, "figures.xlsx")

Nothing is fetched and no macro is run: only the local converters of markitdown are used, in
a process that has no network.
"""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from pydantic import BaseModel, ConfigDict

from bot.documents.archive import inspect_zip
from bot.documents.errors import Corrupt, DocumentError, Protected, TooLarge, WorkFailed
from bot.documents.readers import READERS
from bot.documents.sniff import HEAD, Kind, check_filled, sniff, text_kind
from bot.documents.text import CUT, MAX_CHARS, MAX_TEXT_BYTES, Draft, clean, draft

if TYPE_CHECKING:
    from bot.documents.worker import Workers

MAX_BYTES: Final = 50 * 1024 * 1024
SECONDS: Final = 90.0
MEMORY_MB: Final = 1024
_FENCE: Final = 100  # what may stand around text that was cut


class Converted(BaseModel):
    """An attachment as Markdown. `chars` counts what is kept; `notes` are for people."""

    model_config = ConfigDict(frozen=True)

    markdown: str
    chars: int
    kind: Kind
    truncated: bool
    notes: tuple[str, ...] = ()


async def convert(
    workers: Workers, data_or_path: bytes | Path, name: str, *, timeout: float = SECONDS
) -> Converted:
    """Give an attachment as Markdown; `name` is the file's name as people know it.

    Raises `TooLarge`, `Unsupported`, `Corrupt`, `Bomb`, `Protected`, or a `WorkError`.
    """
    head, size = await asyncio.to_thread(_peek, data_or_path)
    _check_size(size, name)
    check_filled(head, name)
    if kind := text_kind(head, name):
        return await asyncio.to_thread(_read_text, data_or_path, name, kind)
    async with _as_path(data_or_path) as path:
        found = await workers.run(
            "bot.documents.convert:convert_file",
            str(path),
            name,
            timeout=timeout,
            memory_mb=MEMORY_MB,
        )
    return Converted.model_validate(found)


def convert_file(path: str, name: str) -> dict[str, Any]:
    """Give `Converted` as a dict; this runs in a helper process. Raises as `convert` does."""
    file = Path(path)
    _check_size(file.stat().st_size, name)
    sniffed = sniff(file, name)
    made = _draft(file, name, sniffed.kind)
    if sniffed.note:
        made.notes.insert(0, sniffed.note)
    return _finish(made, name, sniffed.kind).model_dump()


def _peek(source: bytes | Path) -> tuple[bytes, int]:
    if isinstance(source, bytes):
        return source[:HEAD], len(source)
    with source.open("rb") as file:
        return file.read(HEAD), source.stat().st_size


def _check_size(size: int, name: str) -> None:
    if size > MAX_BYTES:
        raise TooLarge(
            f"“{name}” has {size / 1_048_576:.0f} MB; attach at most "
            f"{MAX_BYTES // 1_048_576} MB, for example only the part that matters."
        )


def _read_text(source: bytes | Path, name: str, kind: Kind) -> Converted:
    if isinstance(source, Path):
        with source.open("rb") as file:
            source = file.read(MAX_TEXT_BYTES + 1)
    return _finish(draft(source, kind), name, kind)


@contextlib.asynccontextmanager
async def _as_path(source: bytes | Path) -> AsyncGenerator[Path]:
    if isinstance(source, Path):
        yield source
        return
    with contextlib.ExitStack() as stack:
        try:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="concertmaster-"))
            path = Path(folder, "attachment")
            await asyncio.to_thread(path.write_bytes, source)
        except OSError as error:
            raise WorkFailed(
                "The file could not be put aside to read it; free some disk space and try again.",
                detail=str(error),
            ) from error
        yield path


def _draft(path: Path, name: str, kind: Kind) -> Draft:
    with path.open("rb") as file:
        if kind in READERS:
            return _heavy(file, name, kind)
        return draft(file.read(MAX_TEXT_BYTES + 1), kind)


def _heavy(file: IO[bytes], name: str, kind: Kind) -> Draft:
    if kind in ("xlsx", "docx", "pptx"):
        inspect_zip(file, name)
    try:
        return READERS[kind](file)
    except (MemoryError, DocumentError):
        raise
    except Exception as error:
        raise _reading(error, name) from error


def _reading(error: Exception, name: str) -> DocumentError:
    """Say what a library's own exception means for the person who attached the file."""
    about = f"{type(error).__name__}: {error}"
    if any(word in about.lower() for word in ("password", "encrypt")):
        return Protected(
            f"“{name}” is locked with a password; attach a copy without one.", detail=about
        )
    return Corrupt(
        f"“{name}” is damaged and can't be read; save it again and attach the new copy.",
        detail=about,
    )


def _finish(made: Draft, name: str, kind: Kind) -> Converted:
    markdown = clean(made.markdown).strip()
    truncated = made.truncated or len(markdown) > MAX_CHARS + _FENCE
    if len(markdown) > MAX_CHARS + _FENCE:
        markdown = markdown[:MAX_CHARS]
    notes = [*made.notes, *([CUT] if truncated else []), *_silence(markdown, kind, name)]
    return Converted(
        markdown=markdown,
        chars=len(markdown),
        kind=kind,
        truncated=truncated,
        notes=tuple(notes),
    )


def _silence(markdown: str, kind: Kind, name: str) -> list[str]:
    if markdown:
        return []
    if kind == "pdf":
        return ["No text was found: it is probably a scan. Attach a version with text in it."]
    return [f"No text was found in “{name}”."]
