"""The journal of one mission in the hands of its holder: writes in order, many in one commit.

`put` keeps a write for the next commit, `commit` waits until one is on the disk. As writes are
committed in the order in which they came, whoever has waited for one may rest on all before it:
so nothing reaches outside before its write, and what led up to it, is durable. Every commit
begins with the fence: once another holder has the mission, nothing of this one's is written.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from bot.domain.record import Record
from bot.domain.spend import OverCap
from bot.store.lease import Lease
from bot.store.tx import Missing, Tx

T = TypeVar("T")

Write = Callable[[Tx], Awaitable[Any]]
"""Writes its rows. It may raise OverCap or Missing as long as it has written nothing."""

SOON = 0.005
"""Seconds after which a write that nobody waits for is committed."""


class Begins(Protocol):
    """What a journal must know of a store."""

    def begin(self) -> Any: ...


@dataclass
class Entry:
    """A write, and who waits for it; one that `stays` is handed on when it cannot be written."""

    write: Write
    revises: bool
    waits: asyncio.Future[Any] | None = None
    stays: bool = False


class Journal:
    """Writes under one mission's lease.

    `changes` counts the writes so far that change a Record. `picture` is asked for the Record with
    all that was put; `committed` hears of each commit: its transaction, and the picture from the
    moment when it was begun, None when more of a Record was written than what was put. Once a
    commit has failed the journal is `broken` for good: what was put after it is not written, but
    what is to be kept all the same is `left`.
    """

    def __init__(
        self,
        store: Begins,
        lease: Lease,
        picture: Callable[[], Record],
        committed: Callable[[Tx, Record | None], None],
        left: Callable[[Write], None],
    ) -> None:
        self.lease = lease
        self.changes = 0
        self.broken: asyncio.Future[BaseException] = asyncio.get_running_loop().create_future()
        self._store = store
        self._picture = picture
        self._committed = committed
        self._left = left
        self._queue: list[Entry] = []
        self._staying = 0
        self._writing: asyncio.Task[None] | None = None
        self._soon: asyncio.TimerHandle | None = None

    @property
    def mission(self) -> str:
        return self.lease.mission

    @property
    def idle(self) -> bool:
        """Everything that was put is committed."""
        return not self._queue and self._writing is None

    @property
    def keeps(self) -> bool:
        """Something that is to be kept is not on the disk yet."""
        return self._staying > 0

    def put(self, write: Write, *, revises: bool = True) -> None:
        """Write this with the next commit, which comes soon. Raises Fenced or StoreDown.

        Not `revises` when it changes nothing that a Record holds.
        """
        self._add(Entry(write, revises))
        self._begin_soon()

    def keep(self, write: Write) -> None:
        """Write this with the next commit, or hand it on as `left`. It changes no Record."""
        if self.broken.done():
            self._left(write)
            return
        self._add(Entry(write, revises=False, stays=True))
        self._staying += 1
        self._begin_soon()

    async def commit(self, write: Callable[[Tx], Awaitable[T]], *, revises: bool = True) -> T:
        """Write this, after all that was put before, and wait until it is on the disk.

        Raises what the write raised; Fenced, StoreDown.
        """
        entry = Entry(write, revises, asyncio.get_running_loop().create_future())
        self._add(entry)
        self._begin()
        assert entry.waits is not None
        try:
            return await entry.waits
        except asyncio.CancelledError:
            if entry in self._queue:
                self._queue.remove(entry)
            raise

    async def settled(self) -> None:
        """Wait until all that was put is on the disk. Raises Fenced or StoreDown."""
        while not self.idle:
            self._begin()
            assert self._writing is not None
            await asyncio.wait([self._writing])
        self._raise()

    def _add(self, entry: Entry) -> None:
        self._raise()
        self._queue.append(entry)
        self.changes += entry.revises

    def _raise(self) -> None:
        if self.broken.done():
            raise self.broken.result()

    def _begin_soon(self) -> None:
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(SOON, self._due)

    def _due(self) -> None:
        self._soon = None
        self._begin()

    def _forget_timer(self) -> None:
        """What it was set for is being written: nobody needs to be woken for it."""
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None

    def _begin(self) -> None:
        if self._queue and self._writing is None:
            self._writing = asyncio.create_task(self._write_all(), name="journal")

    async def _write_all(self) -> None:
        try:
            while self._queue:
                batch, self._queue = self._queue, []
                self._forget_timer()
                await self._write(batch)
        except BaseException as error:  # noqa: BLE001  whatever it is, who waits is told
            self._break(error)
        finally:
            self._writing = None

    async def _write(self, batch: Sequence[Entry]) -> None:
        put = not any(entry.revises and entry.waits is not None for entry in batch)
        revises = any(entry.revises for entry in batch)
        try:
            picture = self._picture() if put else None
            async with self._store.begin() as tx:
                await tx.fence(self.lease, revises=revises)
                results = [await _result(entry.write, tx) for entry in batch]
        except BaseException as error:
            self._give_up(batch, error)
            raise
        for entry, result in zip(batch, results, strict=True):
            _tell(entry, result)
            self._staying -= entry.stays
        told = revises or self.mission not in tx.revisions
        self._committed(tx, picture if told else None)

    def _break(self, error: BaseException) -> None:
        self.broken.set_result(error)
        queue, self._queue = self._queue, []
        self._give_up(queue, error)

    def _give_up(self, entries: Sequence[Entry], error: BaseException) -> None:
        for entry in entries:
            _tell(entry, error)
            if entry.stays:
                self._staying -= 1
                self._left(entry.write)


async def _result(write: Write, tx: Tx) -> Any:
    try:
        return await write(tx)
    except (OverCap, Missing) as refused:
        return refused


def _tell(entry: Entry, result: Any) -> None:
    if entry.waits is None or entry.waits.done():
        return
    if isinstance(result, BaseException):
        entry.waits.set_exception(result)
    else:
        entry.waits.set_result(result)
