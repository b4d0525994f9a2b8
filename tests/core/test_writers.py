"""Writers share a wait for the disk, and nothing else: each part stands or falls alone."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError, OperationalError

from bot.store.inline import Connection
from bot.store.store import Store, StoreDown
from bot.store.writers import LULL
from tests.core.world import mission


@pytest.fixture
async def store(sqlite_url: str) -> AsyncGenerator[Store]:
    store = Store(sqlite_url)
    yield store
    await store.close()


@pytest.fixture
async def fair(store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """On a disk that has proved itself, after a lull."""
    monkeypatch.setattr("bot.store.disk.FAIR", 1.0)
    monkeypatch.setattr("bot.store.disk.LONGEST", 1.0)
    await put(store, "first")
    async with store.begin() as tx:
        await tx.conn.exec_driver_sql("DELETE FROM missions")
    await asyncio.sleep(LULL * 2)
    return store


async def put(store: Store, name: str, *, error: Exception | None = None) -> None:
    async with store.begin() as tx:
        await tx.add_mission(mission(id=name))
        if error is not None:
            raise error


async def names(store: Store) -> list[str]:
    async with store.reading() as conn:
        return [row[0] for row in await conn.execute(text("SELECT id FROM missions ORDER BY id"))]


async def test_writers_that_come_together_are_committed_together(store: Store):
    """Fewer waits for the disk than writers, and nobody goes on before the commit."""
    commits: list[object] = []
    event.listen(store.engine.sync_engine, "commit", commits.append)

    async def write(name: str) -> None:
        await put(store, name)
        assert name in await names(store)

    await asyncio.gather(*(write(f"m{n:02}") for n in range(20)))
    assert await names(store) == [f"m{n:02}" for n in range(20)]
    assert len(commits) < 20


async def test_an_error_undoes_only_its_own_part(store: Store):
    fault = ValueError("mine")
    done = await asyncio.gather(
        put(store, "before"), put(store, "broken", error=fault), put(store, "after"),
        return_exceptions=True,
    )  # fmt: skip
    assert done == [None, fault, None]
    assert await names(store) == ["after", "before"]


async def test_who_is_alone_on_a_fair_disk_commits_at_once(fair: Store):
    """No task, no turn of the event loop; and an error of its own undoes the whole."""
    done: list[str] = []
    asyncio.get_running_loop().call_soon(done.append, "somebody else's turn")
    await put(fair, "alone")
    assert not done
    with pytest.raises(ValueError, match="mine"):
        await put(fair, "broken", error=ValueError("mine"))
    await put(fair, "next")
    assert await names(fair) == ["alone", "next"]


async def test_a_rollback_that_fails_keeps_the_lock_from_nobody(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    """The connection is closed, and who raised hears their own error."""

    def fails(self: Connection) -> None:
        raise OperationalError("ROLLBACK", {}, OSError("disk I/O error"))

    with monkeypatch.context() as broken:
        broken.setattr(Connection, "undo", fails)
        with pytest.raises(ValueError, match="mine"):
            await put(store, "broken", error=ValueError("mine"))
    await put(store, "next")
    assert await names(store) == ["next"]


async def test_one_who_writes_on_and_on_gives_others_their_turn(fair: Store):
    turns: list[int] = []

    async def others() -> None:
        while True:
            turns.append(1)
            await asyncio.sleep(0)

    task = asyncio.create_task(others())
    for number in range(20):
        await put(fair, f"m{number}")
    task.cancel()
    assert len(turns) > 10


async def test_a_writer_that_is_cancelled_holds_up_nobody(store: Store):
    begun = asyncio.Event()

    async def never() -> None:
        async with store.begin() as tx:
            await tx.add_mission(mission(id="never"))
            begun.set()
            await asyncio.Event().wait()

    stuck = asyncio.create_task(never())
    await begun.wait()
    waiting = [asyncio.create_task(put(store, name)) for name in ("m1", "m2", "m3")]
    await asyncio.sleep(0)
    waiting[1].cancel()
    stuck.cancel()
    await asyncio.gather(stuck, *waiting, return_exceptions=True)
    assert await names(store) == ["m1", "m3"]


async def test_what_the_database_undid_itself_is_kept_for_nobody(store: Store):
    """A full disk makes SQLite undo the whole transaction; `OR ROLLBACK` does so at will."""
    await put(store, "taken")
    undone = "INSERT OR ROLLBACK INTO workspaces (id, name, house) VALUES ('W', '', '{}')"

    async def clash() -> None:
        async with store.begin() as tx:
            await tx.conn.execute(text(undone))
            await tx.conn.execute(text(undone))

    done = await asyncio.gather(put(store, "m1"), clash(), put(store, "m2"), return_exceptions=True)
    assert [type(found) for found in done] == [IntegrityError, IntegrityError, type(None)]
    assert await names(store) == ["m2", "taken"]


async def test_an_error_that_a_writer_passes_over_is_no_commit_for_the_others(store: Store):
    """SQLite undid what they had written: they hear of it."""
    undone = "INSERT OR ROLLBACK INTO workspaces (id, name, house) VALUES ('W', '', '{}')"

    async def passes_over() -> None:
        async with store.begin() as tx:
            await tx.conn.execute(text(undone))
            with suppress(IntegrityError):
                await tx.conn.execute(text(undone))

    done = await asyncio.gather(put(store, "m1"), passes_over(), return_exceptions=True)
    assert [type(found) for found in done] == [StoreDown, StoreDown]
    await put(store, "m2")
    assert await names(store) == ["m2"]


async def test_a_part_that_cannot_be_undone_is_not_committed(store: Store):
    """Its savepoint is gone, as after a fault of the disk: nothing of the whole is kept."""

    async def half() -> None:
        async with store.begin() as tx:
            await tx.add_mission(mission(id="half"))
            await tx.conn.exec_driver_sql("RELEASE part")
            raise ValueError("mine")

    done = await asyncio.gather(put(store, "m1"), half(), return_exceptions=True)
    assert [type(found) for found in done] == [StoreDown, ValueError]
    await put(store, "m2")
    assert await names(store) == ["m2"]


async def test_a_close_that_is_cancelled_stops_no_commit(store: Store):
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow() -> None:
        async with store.begin() as tx:
            await tx.add_mission(mission(id="m1"))
            begun.set()
            await go_on.wait()

    writing = asyncio.create_task(slow())
    await begun.wait()
    closing = asyncio.create_task(store.close())
    await asyncio.sleep(0.01)
    closing.cancel()
    await asyncio.gather(closing, return_exceptions=True)
    go_on.set()
    await writing
    assert await names(store) == ["m1"]


async def test_a_store_that_closes_keeps_what_was_being_committed(sqlite_url: str):
    store = Store(sqlite_url)
    writers = [asyncio.create_task(put(store, f"m{n}")) for n in range(3)]
    await asyncio.wait(writers, return_when=asyncio.FIRST_COMPLETED)
    await store.close()
    assert await asyncio.gather(*writers) == [None, None, None]
    again = Store(sqlite_url)
    assert await names(again) == ["m0", "m1", "m2"]
    await again.close()
