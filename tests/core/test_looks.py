"""Looks: one statement sees what is committed, by whomever, and nothing else."""

from collections.abc import Callable
from contextlib import suppress

import pytest

from bot.store.inline import Engine
from bot.store.store import Store
from tests.core.world import mission


@pytest.fixture
async def m1(store: Store) -> None:
    async with store.begin() as tx:
        await tx.add_mission(mission())


async def woken(store: Store) -> None:
    async with store.begin() as tx:
        await tx.wake("m1")


async def test_a_look_sees_what_is_committed_and_nothing_else(store: Store, m1: None) -> None:
    async with store.begin() as tx:
        await tx.wake("m1")
        assert await store.wakes("m1") == 0
    assert await store.wakes("m1") == 1
    with suppress(ZeroDivisionError):
        async with store.begin() as tx:
            await tx.wake("m1")
            raise ZeroDivisionError
    assert await store.wakes("m1") == 1


async def test_a_look_sees_what_another_process_wrote(
    store: Store, m1: None, another: Callable[[], Store]
) -> None:
    other = another()
    assert await store.wakes("m1") == 0
    await woken(other)
    assert await store.wakes("m1") == 1
    async with store.begin() as tx:
        await tx.lock("m1")
        assert await store.wakes("m1") == 1
    await woken(other)
    assert await store.wakes("m1") == 2


async def test_where_the_writers_connection_cannot_answer_a_readers_does(
    sqlite_store: Store,
) -> None:
    """It never waits for another process that opens or closes the file; a reader does."""
    async with sqlite_store.begin() as tx:
        await tx.add_mission(mission())
    assert isinstance(sqlite_store.engine, Engine)
    writer = sqlite_store.engine._writer  # pyright: ignore[reportPrivateUsage]
    assert writer is not None
    writer.raw.set_progress_handler(lambda: 1, 1)  # whatever it is asked, it is interrupted
    assert await sqlite_store.wakes("m1") == 0
    writer.raw.set_progress_handler(None, 0)
    await woken(sqlite_store)
    assert await sqlite_store.wakes("m1") == 1
