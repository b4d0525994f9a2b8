"""Writing into the attempt's own folder, and nowhere else."""

import base64
import binascii
import os
import re
import secrets
import unicodedata
from typing import Self

from pydantic import Field, model_validator

from graphs.tools.base import Args, Room, Tool, ToolError, ToolResult

MAX_BYTES = 10 * 1024 * 1024
MAX_FILES = 50
MAX_NAME = 120
"""Bytes of a name in UTF-8; well below what any file system takes."""

_SAFE = re.compile(r"[\w](?:[\w .,()+=@&-]*[\w)])?")
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.I)


class WriteFile(Args):
    """Arguments of `write_file`."""

    name: str = Field(description="a plain file name with its ending, no folders")
    text: str | None = None
    base64: str | None = Field(default=None, description="the bytes of a file that is not text")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.text is None) == (self.base64 is None):
            raise ValueError("give either text or base64")
        return self


def safe_name(name: str) -> str:
    """The name in NFC. Raises `ToolError` for anything but a plain, portable file name."""
    plain = unicodedata.normalize("NFC", name)
    fits = _SAFE.fullmatch(plain) and len(plain.encode()) <= MAX_NAME
    if not fits or ".." in plain or _DEVICES.fullmatch(plain):
        raise ToolError(
            f"“{name[:80]}” cannot be a file name here. Use letters, digits, spaces, - and _ "
            "with one ending, such as report.md; no folders."
        )
    return plain


def write(room: Room, name: str, data: bytes) -> str:
    """Write a file into the room's folder, whole or not at all, and give its name.

    Raises `ToolError` when the name is unsafe, the file too big, the folder full, or the
    disk refuses.
    """
    plain = safe_name(name)
    if len(data) > MAX_BYTES:
        raise ToolError(
            f"“{plain}” has {len(data) / 2**20:.1f} MB; a file may have "
            f"{MAX_BYTES // 2**20} MB. Nothing was written."
        )
    try:
        room.folder.mkdir(parents=True, exist_ok=True)
        # Everything below goes through this handle: swapping the folder for a link later
        # cannot move a write elsewhere.
        folder = os.open(room.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            _admit(folder, plain)
            _replace(folder, plain, data)
        finally:
            os.close(folder)
    except OSError as error:
        raise ToolError(
            f"“{plain}” could not be written ({error.strerror or error}). Nothing was changed; "
            "tell the person if it happens again."
        ) from error
    return plain


def read(room: Room, name: str) -> bytes | None:
    """The bytes of a file written before, or None when there is none of this name."""
    try:
        folder = os.open(room.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return None
    try:
        handle = os.open(safe_name(name), os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder)
        with os.fdopen(handle, "rb") as file:
            return file.read()
    except (OSError, ToolError):
        return None
    finally:
        os.close(folder)


def written(room: Room) -> list[str]:
    """The names of the files written so far, sorted."""
    try:
        return sorted(e.name for e in os.scandir(room.folder) if e.is_file(follow_symlinks=False)
                      and not e.name.startswith("."))  # fmt: skip
    except FileNotFoundError:
        return []


def _admit(folder: int, name: str) -> None:
    taken = os.listdir(folder)
    if name not in taken and len(taken) >= MAX_FILES:
        raise ToolError(f"This task has already written {MAX_FILES} files; reuse one of them.")
    if name in taken and not _is_file(folder, name):
        raise ToolError(f"“{name}” is taken by something that is no plain file; use another name.")


def _is_file(folder: int, name: str) -> bool:
    from stat import S_ISREG

    return S_ISREG(os.stat(name, dir_fd=folder, follow_symlinks=False).st_mode)


def _replace(folder: int, name: str, data: bytes) -> None:
    draft = f".{secrets.token_hex(8)}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    handle = os.open(draft, flags, 0o600, dir_fd=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        os.unlink(draft, dir_fd=folder)
        raise


def _bytes(args: WriteFile) -> bytes:
    if args.text is not None:
        return args.text.encode("utf-8", "replace")
    try:
        return base64.b64decode(args.base64 or "", validate=True)
    except binascii.Error as error:
        raise ToolError(f"The base64 of “{args.name}” is broken: {error}.") from error


async def _write_file(args: WriteFile, room: Room) -> ToolResult:
    data = _bytes(args)
    name = write(room, args.name, data)
    return ToolResult(
        text=f"Wrote {name} ({len(data):,} bytes).",
        data={"name": name, "bytes": len(data)},
        files=(name,),
    )


WRITE_FILE = Tool(
    name="write_file",
    description="Write a file that belongs to the result, as text or as base64.",
    args=WriteFile,
    risk="write",
    work=_write_file,
)
