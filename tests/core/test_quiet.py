"""Looks that are left out while nobody else writes: another process's change is never missed."""

from collections.abc import Callable

from bot.store.quiet import EVERY, Quiet
from bot.store.store import Store
from tests.core.world import mission


async def write(store: Store, name: str) -> None:
    async with store.begin() as tx:
        await tx.add_mission(mission(id=name))


async def test_what_another_process_wrote_is_looked_for_at_once(
    store: Store, another: Callable[[], Store]
) -> None:
    other = another()
    await write(store, "m1")
    quiet = Quiet(store)
    assert quiet.due()
    quiet.calm()
    await write(other, "m2")
    assert quiet.due()
    quiet.calm()
    await write(store, "m3")
    async with store.reading():
        await write(other, "m4")
    assert quiet.due()


async def test_a_writer_at_work_leaves_nothing_out(store: Store) -> None:
    """Nobody can tell at that moment."""
    quiet = Quiet(store)
    assert quiet.due()
    quiet.calm()
    async with store.begin():
        assert quiet.due()


async def test_what_this_process_wrote_is_not_looked_for(sqlite_store: Store) -> None:
    """It tells itself. One look in a few is made all the same."""
    quiet = Quiet(sqlite_store)
    await write(sqlite_store, "m0")
    assert quiet.due()
    quiet.calm()
    looks: list[bool] = []
    for number in range(1, 2 * EVERY + 1):
        await write(sqlite_store, f"m{number}")
        looks.append(quiet.due())
        if looks[-1]:
            quiet.calm()
    assert looks == [*[False] * (EVERY - 1), True] * 2


async def test_who_found_something_looks_again(sqlite_store: Store) -> None:
    quiet = Quiet(sqlite_store)
    await write(sqlite_store, "m1")
    assert quiet.due()
    assert quiet.due()
    quiet.calm()
    quiet.stirred()
    assert quiet.due()


async def test_where_nobody_can_tell_every_look_is_made(postgres_url: str) -> None:
    store = Store(postgres_url)
    quiet = Quiet(store)
    for _ in range(3):
        assert quiet.due()
        quiet.calm()
    await store.close()
