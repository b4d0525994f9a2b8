"""Files: immutable blobs by SHA-256, in a folder on one machine or in the database for several."""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import stat
import tempfile
import threading
import time
import weakref
from collections.abc import Generator
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, or_, select

from bot.ports import Files
from bot.store import tables as t
from bot.store.store import Store

AGAIN = 0o400
"""The mode of a blob that was put more than once; one that was put once can be written."""
DRAFT = "tmp"
"""How the names of files begin that are not yet whole."""


class Presence:
    """Which processes put bytes: each holds a shared lock on a file for as long as it lives."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._first = threading.Lock()
        self._held = -1

    def show(self) -> None:
        """Be one of them from here on; waits while another process is alone."""
        with self._first:
            if self._held < 0:
                held = self._open()
                fcntl.flock(held, fcntl.LOCK_SH)
                self._held = held
                weakref.finalize(self, os.close, held)

    @contextlib.contextmanager
    def alone(self) -> Generator[bool]:
        """True when there is none, and none comes as long as the block runs."""
        held = self._open()
        try:
            yield _locked(held)
        finally:
            os.close(held)

    def _open(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)


def _locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class FolderFiles:
    """Blobs in a folder. A blob appears whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._presence = Presence(folder / ".users")

    async def put(self, data: bytes) -> str:
        """Keep the bytes; gives their hash. Raises OSError when the disk is full."""
        return await asyncio.to_thread(self._put, data)

    def _put(self, data: bytes) -> str:
        self._presence.show()
        sha256 = hashlib.sha256(data).hexdigest()
        path = self._path(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not self._again(path):
            self._first(path, data)
        return sha256

    def _again(self, path: Path) -> bool:
        """Mark bytes that are there already as put again, now."""
        with self._alone(), contextlib.suppress(FileNotFoundError):
            os.utime(path)
            path.chmod(AGAIN)
            return True
        return False

    def _first(self, path: Path, data: bytes) -> None:
        with _written(path, data) as whole, self._alone():
            if path.exists():
                whole.chmod(AGAIN)
            whole.replace(path)

    async def get(self, sha256: str) -> bytes:
        """The bytes. Raises FileNotFoundError."""
        return await asyncio.to_thread(self._path(sha256).read_bytes)

    async def drop(self, sha256: str) -> None:
        """Forget the bytes."""
        await asyncio.to_thread(self._path(sha256).unlink, missing_ok=True)

    async def release(self, sha256: str, quiet: timedelta) -> None:
        """Forget the bytes, unless they were put again within `quiet`."""
        await asyncio.to_thread(self._unlink, self._path(sha256), quiet, once=True)

    async def expire(self, sha256: str, quiet: timedelta) -> None:
        """Forget the bytes, unless they were put within `quiet`."""
        await asyncio.to_thread(self._unlink, self._path(sha256), quiet, once=False)

    def _unlink(self, path: Path, quiet: timedelta, *, once: bool) -> None:
        with self._alone(), contextlib.suppress(FileNotFoundError):
            found = path.stat()
            put_once = stat.S_IMODE(found.st_mode) != AGAIN
            if (once and put_once) or found.st_mtime < time.time() - quiet.total_seconds():
                path.unlink()

    @contextlib.contextmanager
    def _alone(self) -> Generator[None]:
        """Between processes too: nobody puts the bytes again while they are looked at."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    async def tidy(self, quiet: timedelta) -> None:
        """Remove the drafts of a process that was killed, unless they were begun within `quiet`."""
        await asyncio.to_thread(self._tidy, time.time() - quiet.total_seconds())

    def _tidy(self, before: float) -> None:
        for draft in self.folder.glob(f"??/{DRAFT}*"):
            with contextlib.suppress(FileNotFoundError):
                if draft.stat().st_mtime < before:
                    draft.unlink()

    def alone(self) -> contextlib.AbstractContextManager[bool]:
        """True while no process lives that put bytes here, and none can begin to."""
        return self._presence.alone()

    async def all(self) -> tuple[str, ...]:
        """The hashes of everything that is kept."""
        return await asyncio.to_thread(self._all)

    def _all(self) -> tuple[str, ...]:
        return tuple(sorted(p.name for p in self.folder.glob("??/*") if len(p.name) == 64))

    def _path(self, sha256: str) -> Path:
        if len(sha256) != 64 or not sha256.isalnum():
            raise FileNotFoundError("not the hash of a file")
        return self.folder / sha256[:2] / sha256


async def placed(files: Files, sha256: str, path: Path) -> Path:
    """The bytes as a file at `path`, whole, for tools that read files; gives the path.

    Many may ask for one path at once, and one that was killed may have left half a file there.
    Raises FileNotFoundError when the bytes are not kept, OSError when the disk is full.
    """
    if not await asyncio.to_thread(_holds, path, sha256):
        await asyncio.to_thread(_place, path, await files.get(sha256))
    return path


def _holds(path: Path, sha256: str) -> bool:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == sha256
    except FileNotFoundError:
        return False


def _place(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with _written(path, data) as whole:
        whole.replace(path)


@contextlib.contextmanager
def _written(path: Path, data: bytes) -> Generator[Path]:
    """The bytes beside `path`, synced and ready to rename: a crash leaves no half file there."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=DRAFT)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


class SqlFiles:
    """Blobs in the database, for several machines."""

    def __init__(self, store: Store) -> None:
        self.store = store

    async def put(self, data: bytes) -> str:
        """Keep the bytes; gives their hash. Raises StoreDown."""
        sha256 = hashlib.sha256(data).hexdigest()
        async with self.store.begin() as tx:
            await tx.put_file(sha256, data)
        return sha256

    async def get(self, sha256: str) -> bytes:
        """The bytes. Raises FileNotFoundError."""
        async with self.store.reading() as conn:
            query = select(t.files.c.data).where(t.files.c.sha256 == sha256)
            data = (await conn.execute(query)).scalar_one_or_none()
        if data is None:
            raise FileNotFoundError(sha256)
        return bytes(data)

    async def drop(self, sha256: str) -> None:
        """Forget the bytes."""
        async with self.store.begin() as tx:
            await tx.conn.execute(delete(t.files).where(t.files.c.sha256 == sha256))

    async def release(self, sha256: str, quiet: timedelta) -> None:
        """Forget the bytes, unless they were put again within `quiet`. Raises StoreDown."""
        c = t.files.c
        async with self.store.begin() as tx:
            free = or_(c.puts == 1, c.at < tx.now - quiet)
            await tx.conn.execute(delete(t.files).where(c.sha256 == sha256, free))

    async def expire(self, sha256: str, quiet: timedelta) -> None:
        """Forget the bytes, unless they were put within `quiet`. Raises StoreDown."""
        c = t.files.c
        async with self.store.begin() as tx:
            old = c.at < tx.now - quiet
            await tx.conn.execute(delete(t.files).where(c.sha256 == sha256, old))

    async def tidy(self, quiet: timedelta) -> None:
        """Nothing: a transaction leaves nothing half written."""

    def alone(self) -> contextlib.AbstractContextManager[bool]:
        """False: other machines may put bytes at any time."""
        return contextlib.nullcontext(False)

    async def all(self) -> tuple[str, ...]:
        """The hashes of everything that is kept."""
        async with self.store.reading() as conn:
            query = select(t.files.c.sha256).order_by(t.files.c.sha256)
            return tuple(row[0] for row in await conn.execute(query))
