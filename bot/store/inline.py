"""SQLite without a thread: SQLAlchemy's plain engine, driven where its statements are asked for.

SQLAlchemy's asyncio layer over aiosqlite hands every step of every statement to a greenlet, a
thread and back, for a row that SQLite finds in ten microseconds. Here a statement runs where it is
asked for, and only what may have to wait leaves the event loop: a commit goes to a thread when the
disk is slow (`bot.store.disk`), and a writer that finds the lock taken by another process asks
again after a pause.
"""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from time import monotonic
from typing import Any, TypeAlias, TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.pool import NullPool

from bot.domain.base import as_json, of_json
from bot.store.disk import Disk, in_thread
from bot.store.prepared import Found, Preparations

T = TypeVar("T")

READ_MS = 1_000
"""How long a reader may wait: only while another process opens or closes the file."""
PAUSES = (0.001, 0.05)
"""Seconds between two tries for the lock: at first, and at most."""
READERS = 8
"""Connections to read with that are kept open; more are opened when they are needed."""

TURN = 8
"""Reads after which others have their turn."""

Rows: TypeAlias = sa.CursorResult[*tuple[Any, ...]] | Found


class Engine:
    """Connections to one file: WAL, with every commit on the disk before it counts.

    Those that are not in use are kept here: SQLAlchemy's pool costs more than a statement.
    """

    def __init__(self, path: str, busy_seconds: float) -> None:
        made: Any = partial(_opened, path, busy_seconds)
        self.sync_engine = sa.create_engine(
            "sqlite+pysqlite://", creator=made, poolclass=NullPool, json_serializer=as_json,
            json_deserializer=of_json,
        )  # fmt: skip
        self._prepared = Preparations(self.sync_engine.dialect)
        self._busy_seconds = busy_seconds
        self._disk = Disk()
        self._reads = 0
        self._readers: list[Connection] = []
        self._writer: Connection | None = None

    @asynccontextmanager
    async def connect(self) -> AsyncGenerator["Connection"]:
        """A connection to read with: it sees one moment until the block is left.

        Others have a turn now and then: who reads in a loop must not have the event loop alone.
        """
        await self._turn()
        conn = await self._reader()
        try:
            conn.raw.execute("BEGIN")
            yield conn
            conn.undo()
        except BaseException:
            conn.close()
            raise
        self._read(conn)

    async def look(self, statement: sa.Executable, parameters: Mapping[str, Any]) -> Rows:
        """What one statement gives: it sees one moment without a transaction.

        The connection to write with is asked while nobody writes: it alone keeps what it has read
        when this process has written. Raises TypeError when the statement is none that is run
        often: SQLAlchemy would begin a transaction.
        """
        prepared = self._prepared.of(statement, parameters)
        if prepared is None:
            raise TypeError("this statement is not marked with `often`")
        await self._turn()
        if self._writer is not None:
            with suppress(sqlite3.OperationalError):  # it does not wait: a reader may
                return prepared.run(self._writer.raw, parameters)
        conn = await self._reader()
        try:
            found = prepared.run(conn.raw, parameters)
        except BaseException:
            conn.close()
            raise
        self._read(conn)
        return found

    @property
    def others(self) -> object:
        """Equal to what it was before as long as no other process has written meanwhile.

        SQLite says it of one connection; all of ours write through the same.
        """
        if self._writer is None:
            return object()
        with suppress(sqlite3.Error):
            (version,) = self._writer.raw.execute("PRAGMA data_version").fetchone()
            return self._writer, version
        return object()

    async def write(self) -> "Connection":
        """The connection to write with, with the lock: for one at a time. Give it back.

        The lock is taken at once: two that take it later stop each other. Raises
        sqlite3.OperationalError when another process keeps it.
        """
        conn, self._writer = self._writer or await self._opened(wait=False), None
        try:
            await _lock(conn.raw, self._busy_seconds)
        except BaseException:
            conn.close()
            raise
        return conn

    @property
    def fair(self) -> bool:
        """Whether a commit that nobody shares is waited for on the event loop."""
        return self._disk.fair

    def written(self, conn: "Connection") -> None:
        """Take the connection back once its transaction has ended."""
        self._writer = conn

    async def dispose(self) -> None:
        """The last one to close writes the log back into the file, which may take a moment."""
        kept = [*self._readers, *([self._writer] if self._writer else [])]
        self._readers, self._writer = [], None
        await in_thread(lambda: [conn.close() for conn in kept])

    async def _turn(self) -> None:
        self._reads += 1
        if self._reads % TURN == 0:
            await asyncio.sleep(0)

    async def _reader(self) -> "Connection":
        return self._readers.pop() if self._readers else await self._opened()

    def _read(self, conn: "Connection") -> None:
        if len(self._readers) < READERS:
            self._readers.append(conn)
        else:
            conn.close()

    async def _opened(self, *, wait: bool = True) -> "Connection":
        """A new connection, opened in a thread: that may have to wait."""
        opened = await in_thread(self.sync_engine.connect)
        conn = Connection(opened, self._prepared, self._disk)
        conn.raw.execute(f"PRAGMA busy_timeout={READ_MS if wait else 0}")
        return conn


class Connection:
    """A connection with those methods of SQLAlchemy's AsyncConnection that are called here."""

    def __init__(self, conn: sa.Connection, prepared: Preparations, disk: Disk) -> None:
        self._conn = conn
        self._disk = disk
        self._prepared = prepared
        self.dialect = conn.dialect
        self.raw: sqlite3.Connection = conn.connection.driver_connection  # pyright: ignore[reportAttributeAccessIssue]

    async def execute(self, statement: sa.Executable, parameters: Any = None) -> Rows:
        """What the statement gives. Raises SQLAlchemy's errors, and sqlite3's."""
        prepared = self._prepared.of(statement, parameters) if parameters else None
        if prepared is not None:
            return prepared.run(self.raw, parameters)
        return self._conn.execute(statement, parameters)

    async def exec_driver_sql(self, statement: str) -> Rows:
        """The same for SQL as text."""
        return self._conn.exec_driver_sql(statement)

    async def execution_options(self, **options: Any) -> None:
        """See SQLAlchemy."""
        self._conn = self._conn.execution_options(**options)

    async def run_sync(self, work: Callable[..., T], *args: Any) -> T:
        """What the work does with SQLAlchemy's own connection."""
        return work(self._conn, *args)

    @property
    def in_transaction(self) -> bool:
        """False also once SQLite itself undid the transaction: a full disk makes it do so."""
        return self.raw.in_transaction

    def part(self) -> None:
        """Begin a part of the transaction that can be undone by itself."""
        self.raw.execute("SAVEPOINT part")

    def keep_part(self) -> None:
        """What it wrote is committed, or undone, with the whole."""
        self.raw.execute("RELEASE part")

    def undo_part(self) -> None:
        """What it wrote is undone. Raises sqlite3.Error when that cannot be."""
        self.raw.execute("ROLLBACK TO part")
        self.raw.execute("RELEASE part")

    async def commit(self, *, alone: bool = False) -> None:
        """Put it on the disk. `alone` when nobody else has anything to write now."""
        await self._disk.wait(self.raw.commit, alone=alone)
        if self._conn.in_transaction():
            self._conn.commit()

    def undo(self) -> None:
        """End the transaction; what is not committed is undone."""
        if self._conn.in_transaction():
            self._conn.rollback()
        self.raw.rollback()

    def close(self) -> None:
        """Close it for good; what is not committed is undone."""
        self._conn.close()


Conn: TypeAlias = AsyncConnection | Connection
"""A connection to either database."""


def _opened(path: str, busy_seconds: float) -> sqlite3.Connection:
    """A connection that begins transactions only when it is told to."""
    raw = sqlite3.connect(
        path, timeout=busy_seconds, isolation_level=None, check_same_thread=False,
        cached_statements=512,
    )  # fmt: skip
    raw.execute("PRAGMA journal_mode=WAL")
    raw.execute("PRAGMA synchronous=FULL")
    return raw


async def _lock(raw: sqlite3.Connection, busy_seconds: float) -> None:
    pause, most = PAUSES
    until = monotonic() + busy_seconds
    while not _locked(raw, last=monotonic() >= until):
        await asyncio.sleep(pause)
        pause = min(pause * 2, most)


def _locked(raw: sqlite3.Connection, *, last: bool) -> bool:
    try:
        raw.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if last or error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            raise
        return False
    return True
