"""One SQLite transaction for several writers: one wait for the disk commits them all."""

import asyncio
import sqlite3
from typing import Self

from sqlalchemy.exc import SQLAlchemyError

from bot.store.inline import Connection, Engine

LULL = 0.005
"""Seconds without a commit after which a writer takes it that nobody comes to share its own."""


class Writers:
    """The writers of this process, in the order in which they come.

    Those who queue up while the disk is busy go into one transaction, each but the first behind a
    savepoint of its own: an error undoes only its own part, and everybody waits until the whole is
    committed. Who is alone on a fair disk commits at once.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._turn = asyncio.Lock()
        self._coming = 0
        self._last = -LULL
        self._group: Group | None = None
        self._commits: set[asyncio.Task[None]] = set()

    def write(self) -> "Part":
        """A connection to write with, in a block. What was written is on the disk when the block
        is left; when it raises, nothing of it is.
        """
        return Part(self)

    async def join(self) -> "Group":
        """The transaction to write in, once it is our turn: `leave` or `undo` it then."""
        self._coming += 1
        try:
            await self._turn.acquire()
        finally:
            self._coming -= 1
        try:
            if self._group is None or self._group.lost:
                self._group = await Group.open(self._engine)
            self._group.begin_part()
        except BaseException:
            self._turn.release()
            raise
        return self._group

    async def leave(self, group: "Group") -> None:
        """Let the next one have its turn, and wait until the part is on the disk."""
        try:
            group.keep_part()
        except BaseException as error:
            self.undo(group, error)
            raise
        try:
            if group.parts == 1 and self._alone:
                await self._commit_now(group)
                return
            written = group.waits()
            if group.parts == 1:
                self._commit_soon(group)
        finally:
            self._turn.release()
        await written

    def undo(self, group: "Group", error: BaseException) -> None:
        """Undo the part, since its writer raised this, and let the next one have its turn."""
        try:
            if group.parts:
                group.undo_part(error)
            else:
                self._group = None
                group.undo()
        finally:
            self._turn.release()

    async def close(self) -> None:
        """Let what is under way be committed: who is cancelled here stops no commit."""
        if self._commits:
            await asyncio.wait(self._commits)

    @property
    def _alone(self) -> bool:
        """Whether a commit now holds no other writer up, and nobody is there to share it."""
        now = asyncio.get_running_loop().time()
        return not self._coming and self._engine.fair and now - self._last > LULL

    async def _commit_now(self, group: "Group") -> None:
        self._group = None
        await group.commit(alone=True)
        self._last = asyncio.get_running_loop().time()

    def _commit_soon(self, group: "Group") -> None:
        task = asyncio.create_task(self._commit(group), name="commit")
        self._commits.add(task)
        task.add_done_callback(self._commits.discard)

    async def _commit(self, group: "Group") -> None:
        """Take a turn behind the writers that wait now: they are in, and hear what came of it."""
        try:
            async with self._turn:
                if self._group is group:
                    self._group = None
                await group.commit()
        except BaseException as error:
            group.tell(error)
            if not isinstance(error, Exception):
                raise
        else:
            group.tell(None)
        finally:
            self._last = asyncio.get_running_loop().time()


class Part:
    """One writer's part of a transaction, as a block. A generator would cost as much again."""

    __slots__ = ("_group", "_writers")

    def __init__(self, writers: Writers) -> None:
        self._writers = writers
        self._group: Group | None = None

    async def __aenter__(self) -> Connection:
        self._group = await self._writers.join()
        return self._group.conn

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, *_: object
    ) -> None:
        assert self._group is not None
        if error is None:
            await self._writers.leave(self._group)
        else:
            self._writers.undo(self._group, error)


class Group:
    """A transaction that can be shared. `parts` counts what was written in it and stands; `lost`
    is why SQLite undid all of it by itself.
    """

    def __init__(self, engine: Engine, conn: Connection) -> None:
        self.conn = conn
        self.lost: BaseException | None = None
        self.parts = 0
        self._engine = engine
        self._waiting: list[asyncio.Future[None]] = []

    @classmethod
    async def open(cls, engine: Engine) -> Self:
        """Begin one, with the write lock. Raises when another process keeps it."""
        return cls(engine, await engine.write())

    def begin_part(self) -> None:
        """The first one needs no savepoint: it is the whole."""
        if self.parts:
            self.conn.part()

    def keep_part(self) -> None:
        """Raises sqlite3.Error when SQLite has undone the transaction meanwhile."""
        if self.parts:
            self.conn.keep_part()
        elif not self.conn.in_transaction:
            raise sqlite3.OperationalError("the transaction was undone")
        self.parts += 1

    def undo(self) -> None:
        """Undo the whole: nobody else is in it."""
        try:
            self.conn.undo()
        except (sqlite3.Error, SQLAlchemyError):
            self.conn.close()
        else:
            self._engine.written(self.conn)

    def undo_part(self, error: BaseException) -> None:
        """Undo one writer's part, since it raised this.

        A full disk makes SQLite undo the whole transaction: then nobody's part is kept. Nor when
        this part alone cannot be undone: half of it must never be committed.
        """
        try:
            if self.conn.in_transaction:
                self.conn.undo_part()
            else:
                self.lost = error
        except sqlite3.Error as fault:
            self.lost = fault
            self.conn.close()  # who comes next needs the lock

    def waits(self) -> asyncio.Future[None]:
        """Until the whole is on the disk, for one writer. Raises when it cannot be."""
        waits: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waits)
        return waits

    async def commit(self, *, alone: bool = False) -> None:
        """Put it on the disk. Raises when it cannot be; nothing of it is kept then."""
        try:
            if self.lost is not None:
                raise self.lost
            await self.conn.commit(alone=alone)
        except BaseException:
            self.conn.close()
            raise
        self._engine.written(self.conn)

    def tell(self, error: BaseException | None) -> None:
        """Let the writers go on: the whole is on the disk, or nothing of it is."""
        for waits in self._waiting:
            if waits.done():
                continue
            if error is None:
                waits.set_result(None)
            else:
                waits.set_exception(error)
