"""Answers that wait for their mission's next transaction: none is lost, none is written twice."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError

from bot.domain.spend import CallKey, Usage
from bot.store import store as module
from bot.store.ledger import Ledger
from bot.store.store import Store
from bot.store.tables import calls
from tests.core.world import mission

CALL = CallKey(mission="m1", key="k", request="r", purpose="plan", tier="light")
ANSWER = {"text": "hi"}
UNDONE = "INSERT OR ROLLBACK INTO workspaces (id, name, house) VALUES ('W', '', '{}')"
"""The second time SQLite undoes the whole transaction, as on a full disk."""


@pytest.fixture
async def ledger(store: Store, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    """Of a mission with one call under way. What is late waits for long."""
    store.answers.seconds = 60.0
    async with store.begin() as tx:
        await tx.add_mission(mission())
    ledger = Ledger(store)
    await ledger.reserve(CALL, "m", Decimal("0.30"))
    return ledger


async def settle(ledger: Ledger) -> None:
    usage = Usage(model="m", tokens_in=1, tokens_out=1, price=Decimal("0.12"))
    ledger.settle(CALL, usage, ANSWER)


async def kept(store: Store) -> bool:
    """Whether another process finds the answer."""
    return bool(await Ledger(store).stored("m1", ["k"], "r"))


async def test_an_answer_is_written_with_what_is_made_of_it(
    ledger: Ledger, another: Callable[[], Store]
):
    other = another()
    lease = await ledger.store.claim("m1", "me", timedelta(minutes=1))
    assert lease is not None
    await settle(ledger)
    assert not await kept(other)
    async with ledger.store.begin() as tx:
        await tx.fence(lease)
    assert await kept(other)


async def test_an_answer_is_written_by_itself_after_a_moment(
    ledger: Ledger, another: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
):
    ledger.store.answers.seconds = 0.01
    other = another()
    await settle(ledger)
    async with asyncio.timeout(10):
        while not await kept(other):
            await asyncio.sleep(0.01)


async def test_who_reads_the_mission_sees_the_answer(ledger: Ledger):
    await settle(ledger)
    record = await ledger.store.record("m1")
    assert record is not None
    assert (record.spending.spent, record.spending.reserved) == (Decimal("0.12"), 0)


async def test_transactions_that_come_to_nothing_hold_it_up_for_a_moment_only(
    ledger: Ledger, another: Callable[[], Store]
):
    """One after the other takes it along and gives it back: it is written by itself."""
    ledger.store.answers.seconds = 0.01
    other = another()
    await settle(ledger)
    async with asyncio.timeout(10):
        while not await kept(other):
            with pytest.raises(ValueError, match="broken"):
                await come_to_nothing(ledger.store)


async def come_to_nothing(store: Store) -> None:
    async with store.begin() as tx:
        await tx.lock("m1")
        raise ValueError("broken")


async def test_a_transaction_that_comes_to_nothing_leaves_the_answer_waiting(
    ledger: Ledger, another: Callable[[], Store]
):
    await settle(ledger)
    with pytest.raises(ValueError, match="broken"):
        await come_to_nothing(ledger.store)
    assert not await kept(another())
    assert await kept(ledger.store)


async def test_who_is_cancelled_before_the_end_leaves_the_answer_waiting(
    ledger: Ledger, another: Callable[[], Store]
):
    await settle(ledger)
    locked = asyncio.Event()

    async def never() -> None:
        async with ledger.store.begin() as tx:
            await tx.lock("m1")
            locked.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(never())
    await locked.wait()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert not await kept(another())
    assert await kept(ledger.store)


async def test_who_is_cancelled_at_the_end_leaves_the_answer_waiting_when_all_was_undone(
    ledger: Ledger, another: Callable[[], Store]
):
    """It shares its transaction with one that makes SQLite undo the whole, as a full disk does."""
    if not ledger.store.sqlite:
        return
    await settle(ledger)
    first = asyncio.create_task(ledger.store.catch_up("m1"))

    async def clash() -> None:
        async with ledger.store.begin() as tx:
            await tx.conn.execute(text(UNDONE))
            first.cancel()
            await tx.conn.execute(text(UNDONE))

    second = asyncio.create_task(clash())
    await asyncio.gather(first, second, return_exceptions=True)
    assert first.cancelled()
    assert isinstance(second.exception(), IntegrityError)
    assert not await kept(another())
    assert await kept(ledger.store)


@asynccontextmanager
async def held_up(store: Store) -> AsyncGenerator[None]:
    """Nobody else can write the call's row."""
    async with store.begin() as tx:
        await tx.conn.execute(update(calls).values(tokens_in=0))
        yield


async def test_a_mission_can_be_read_while_nothing_can_be_written(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
):
    """The answer waits on: people see what there is, also on a full disk."""
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.05)
    store, other = Store(sqlite_url), Store(sqlite_url)
    store.answers.seconds = 60.0
    async with store.begin() as tx:
        await tx.add_mission(mission())
    ledger = Ledger(store)
    await ledger.reserve(CALL, "m", Decimal("0.30"))
    await settle(ledger)
    async with held_up(other):
        record = await store.record("m1")
    assert record is not None
    assert record.spending.reserved == Decimal("0.30")
    assert await kept(store)
    await store.close()
    await other.close()


async def test_an_answer_with_a_number_that_is_none_harms_nobody(ledger: Ledger):
    """A model wrote NaN, which is no JSON: the mission goes on, and the answer is there."""
    usage = Usage(model="m", price=Decimal("0.12"))
    said = {"text": "hi", "args": {"x": float("nan"), "y": (1.5, float("inf"))}}
    ledger.settle(CALL, usage, said)
    async with ledger.store.begin() as tx:
        await tx.lock("m1")
    found = (await ledger.stored("m1", ["k"], "r"))["k"]
    assert found.response == {"text": "hi", "args": {"x": None, "y": [1.5, None]}}


async def test_what_waits_is_written_when_the_store_closes(
    ledger: Ledger, another: Callable[[], Store]
):
    await settle(ledger)
    await ledger.store.answers.close()
    assert await kept(another())


async def test_an_answer_of_a_forgotten_mission_is_nobodys(ledger: Ledger):
    await settle(ledger)
    async with ledger.store.begin() as tx:
        await tx.forget("m1")
    await ledger.store.catch_up("m1")
    assert not await kept(ledger.store)
    assert await ledger.store.record("m1") is None
