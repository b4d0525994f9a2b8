"""The journal writes in order, waits once for many, and stops for good where the lease was lost."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from bot.domain.record import Record
from bot.domain.spend import OverCap
from bot.store import statements as q
from bot.store.journal import Journal, Write
from bot.store.lease import Lease
from bot.store.store import Store
from bot.store.tx import Fenced, Tx
from tests.core.world import attempt, mission

Commit = tuple[int | None, str | None]
"""Its revision, and the picture of its beginning: by what was put last."""


class Book:
    """A journal with what it said of its commits."""

    def __init__(self, store: Store, lease: Lease) -> None:
        self.store = store
        self.commits: list[Commit] = []
        self.last = ""
        self.left: list[Write] = []
        self.journal = Journal(store, lease, self._picture, self._committed, self.left.append)

    def _picture(self) -> Record:
        return Record(mission=mission(title=self.last))

    def _committed(self, tx: Tx, picture: Record | None) -> None:
        self.commits.append((tx.revisions.get("m1"), picture and picture.mission.title))

    def put(self, task: str) -> None:
        self.journal.put(writes(task))
        self.last = task

    async def tasks(self) -> list[str]:
        record = await self.store.record("m1")
        assert record is not None
        return [a.task for a in record.attempts]


def writes(task: str) -> Callable[[Tx], Any]:
    return lambda tx: tx.add_attempt(attempt(task, 1, "f"))


async def over_cap(_: Tx) -> None:
    raise OverCap(Decimal(2), Decimal(1))


async def breaks(_: Tx) -> None:
    raise ValueError("a fault of the program")


@pytest.fixture
async def book(store: Store) -> AsyncGenerator[Book]:
    async with store.begin() as tx:
        await tx.add_mission(mission())
    lease = await store.claim("m1", "me", timedelta(minutes=1))
    assert lease is not None
    book = Book(store, lease)
    yield book
    await asyncio.gather(book.journal.settled(), return_exceptions=True)


async def test_what_is_put_is_committed_by_itself(book: Book):
    book.put("T1")
    assert not book.journal.idle
    async with asyncio.timeout(10):
        while not book.journal.idle:
            await asyncio.sleep(0.005)
    assert await book.tasks() == ["T1"]


async def test_who_waits_for_a_write_has_all_before_it(book: Book):
    book.put("T1")
    book.put("T2")
    await book.journal.commit(writes("T3"))
    assert await book.tasks() == ["T1", "T2", "T3"]
    assert len(book.commits) == 1


async def test_many_that_wait_share_commits(book: Book):
    await asyncio.gather(*(book.journal.commit(writes(f"T{n}")) for n in range(1, 10)))
    assert await book.tasks() == [f"T{n}" for n in range(1, 10)]
    assert len(book.commits) <= 2


async def test_settled_waits_for_all(book: Book):
    book.put("T1")
    await book.journal.settled()
    assert book.journal.idle
    assert await book.tasks() == ["T1"]


async def test_it_tells_what_a_commit_held(book: Book):
    """The revision, and the picture unless more was written than what was put."""
    book.put("T1")
    await book.journal.settled()
    await book.journal.commit(writes("T2"))
    await book.journal.commit(lambda tx: tx.put_step("m1", "k", {}), revises=False)
    assert book.commits == [(1, "T1"), (2, None), (None, "T1")]


async def test_what_is_put_during_a_commit_is_in_the_next_picture(book: Book):
    """The first picture is what the rows say then, and no more."""

    async def meanwhile(tx: Tx) -> None:
        await tx.add_attempt(attempt("T1", 1, "f"))
        book.put("T2")

    book.journal.put(meanwhile)
    book.last = "T1"
    await book.journal.settled()
    assert book.commits == [(1, "T1"), (2, "T2")]


async def test_one_that_is_refused_harms_nobody(book: Book):
    book.put("T1")
    refused, done = await asyncio.gather(
        book.journal.commit(over_cap), book.journal.commit(writes("T2")), return_exceptions=True
    )
    assert isinstance(refused, OverCap)
    assert done is None
    assert await book.tasks() == ["T1", "T2"]


async def test_who_is_cancelled_before_its_turn_writes_nothing(book: Book):
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: Tx) -> None:
        begun.set()
        await go_on.wait()

    first = asyncio.create_task(book.journal.commit(slow))
    await begun.wait()
    second = asyncio.create_task(book.journal.commit(writes("T2")))
    third = asyncio.create_task(book.journal.commit(writes("T3")))
    await asyncio.sleep(0)
    second.cancel()
    go_on.set()
    await asyncio.gather(first, second, third, return_exceptions=True)
    assert second.cancelled()
    assert await book.tasks() == ["T3"]


async def test_once_another_holds_the_mission_nothing_is_written(book: Book, store: Store):
    async with store.begin() as tx:
        free = {"of_mission": "m1", "holder": "", "lease_until": None}
        await tx.conn.execute(q.SET_MISSION, free)
    assert await store.claim("m1", "other", timedelta(minutes=1)) is not None
    book.put("T1")
    with pytest.raises(Fenced):
        await book.journal.commit(writes("T2"))
    assert isinstance(await book.journal.broken, Fenced)
    with pytest.raises(Fenced):
        book.put("T3")
    with pytest.raises(Fenced):
        await book.journal.settled()
    assert await book.tasks() == []


async def test_what_is_kept_is_committed_with_the_next_and_by_itself(book: Book):
    book.journal.keep(writes("T1"))
    await book.journal.commit(writes("T2"))
    assert len(book.commits) == 1
    book.journal.keep(writes("T3"))
    async with asyncio.timeout(10):
        while not book.journal.idle:
            await asyncio.sleep(0.005)
    assert await book.tasks() == ["T1", "T2", "T3"]
    assert book.left == []


async def test_what_is_kept_is_handed_on_when_it_cannot_be_written(book: Book):
    """What breaks a commit, what waited behind it and what came later: each once."""
    first, second, third = writes("T1"), writes("T2"), writes("T3")

    async def breaks_later(_: Tx) -> None:
        book.journal.keep(second)
        raise ValueError("a fault of the program")

    book.journal.keep(first)
    book.journal.put(breaks_later)
    assert isinstance(await book.journal.broken, ValueError)
    book.journal.keep(third)
    assert book.left == [first, second, third]
    assert await book.tasks() == []


async def test_who_waits_is_told_of_the_commit_whatever_is_made_of_it(book: Book, store: Store):
    """It is on the disk, also when what hears of commits is at fault."""

    def fault(*_: object) -> None:
        raise ValueError("a fault of the program")

    lease, left = book.journal.lease, book.left.append
    journal = Journal(store, lease, lambda: Record(mission=mission()), fault, left)
    async with asyncio.timeout(10):
        journal.keep(writes("T0"))
        await journal.commit(writes("T1"))
        assert isinstance(await journal.broken, ValueError)
    assert await book.tasks() == ["T0", "T1"]
    assert book.left == []


async def test_a_write_that_breaks_takes_its_commit_along_and_is_heard_of(book: Book):
    """What was put waits for nobody: whoever asks next is told, and so is who looks at `broken`."""
    book.put("T1")
    book.journal.put(breaks)
    assert isinstance(await book.journal.broken, ValueError)
    with pytest.raises(ValueError, match="fault"):
        await book.journal.settled()
    assert await book.tasks() == []
