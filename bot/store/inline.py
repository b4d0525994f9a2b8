"""SQLite without a thread hop for each statement: the driver below SQLAlchemy's aiosqlite dialect.

aiosqlite hands every step of every statement to a thread and back, some four hops for a row that
SQLite finds in ten microseconds. Here a statement runs where it is asked for, and only what may
have to wait leaves the event loop: a commit goes to a thread, since it waits for the disk, and a
writer that finds the lock taken by another process asks again after a pause.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import Any, Self, TypeVar

T = TypeVar("T")

READ_MS = 1_000
"""How long a reader may wait: only while another process opens or closes the file."""
PAUSES = (0.001, 0.05)
"""Seconds between two tries for the lock: at first, and at most."""

_disk = ThreadPoolExecutor(4, thread_name_prefix="sqlite")


async def connect(path: str, busy_seconds: float) -> "Connection":
    """Open the file: WAL, with every commit on the disk before it counts."""
    raw = await _in_thread(lambda: _opened(path, busy_seconds))
    return Connection(raw, busy_seconds)


def _opened(path: str, busy_seconds: float) -> sqlite3.Connection:
    """A connection that begins transactions only when it is told to."""
    raw = sqlite3.connect(
        path, timeout=busy_seconds, isolation_level=None, check_same_thread=False,
        cached_statements=512,
    )  # fmt: skip
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=FULL")
    raw.execute(f"PRAGMA busy_timeout={READ_MS}")
    return raw


class Connection:
    """A connection with the methods of aiosqlite's that SQLAlchemy calls."""

    def __init__(self, raw: sqlite3.Connection, busy_seconds: float) -> None:
        self._conn = raw
        self._connection: sqlite3.Connection | None = raw
        self._busy_seconds = busy_seconds

    @property
    def in_transaction(self) -> bool:
        """False also once SQLite itself undid the transaction: a full disk makes it do so."""
        return self._conn.in_transaction

    def cursor(self) -> "Cursor":
        return Cursor(self._conn.cursor())

    async def begin(self) -> None:
        """Take the write lock. Raises sqlite3.OperationalError when it stays taken."""
        pause, most = PAUSES
        until = monotonic() + self._busy_seconds
        self._conn.execute("PRAGMA busy_timeout=0")
        try:
            while not self._locked(last=monotonic() >= until):
                await asyncio.sleep(pause)
                pause = min(pause * 2, most)
        finally:
            self._conn.execute(f"PRAGMA busy_timeout={READ_MS}")

    def _locked(self, *, last: bool) -> bool:
        try:
            self._conn.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if last or error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            return False
        return True

    def begin_reading(self) -> None:
        """See one moment until the connection goes back to the pool."""
        self._conn.execute("BEGIN")

    def part(self) -> None:
        """Begin a part of the transaction that can be undone by itself."""
        self._conn.execute("SAVEPOINT part")

    def keep_part(self) -> None:
        self._conn.execute("RELEASE part")

    def undo_part(self) -> None:
        self._conn.execute("ROLLBACK TO part")
        self._conn.execute("RELEASE part")

    async def commit(self) -> None:
        if self._conn.in_transaction:
            await _in_thread(self._conn.commit)

    async def rollback(self) -> None:
        self._conn.rollback()

    async def execute(self, statement: str) -> None:
        """Something that takes long, such as VACUUM: in a thread."""
        await _in_thread(lambda: self._conn.execute(statement).close())

    async def create_function(self, *args: Any, **more: Any) -> None:
        self._conn.create_function(*args, **more)

    async def close(self) -> None:
        """The last one to close writes the log back into the file, which may take a moment."""
        if self._connection is not None:
            self._connection = None
            await _in_thread(self._conn.close)

    def stop(self) -> None:
        self._connection = None
        self._conn.close()


class Cursor:
    """A cursor with the methods of aiosqlite's that SQLAlchemy calls."""

    def __init__(self, raw: sqlite3.Cursor) -> None:
        self._raw = raw
        self.arraysize = 1

    @property
    def description(self) -> Any:
        return self._raw.description

    @property
    def rowcount(self) -> int:
        return self._raw.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._raw.lastrowid

    async def __aenter__(self) -> Self:
        return self

    async def execute(self, statement: str, values: Sequence[Any] = ()) -> Self:
        self._raw.execute(statement, values)
        return self

    async def executemany(self, statement: str, rows: Sequence[Sequence[Any]]) -> Self:
        self._raw.executemany(statement, rows)
        return self

    async def fetchall(self) -> list[Any]:
        return self._raw.fetchall()

    async def close(self) -> None:
        self._raw.close()


async def _in_thread(work: Callable[[], T]) -> T:
    """The result of the work. Who is cancelled waits for its end: nothing may run beside it."""
    done = asyncio.get_running_loop().run_in_executor(_disk, work)
    try:
        return await asyncio.shield(done)
    except asyncio.CancelledError:
        await asyncio.wait([done])
        raise
