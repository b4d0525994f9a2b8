"""Whenever the process dies, and whatever the platform does: nothing is lost or shown twice."""

import asyncio
import shutil
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.chat.memory import MemoryChat, broken, busy, gone, lost
from bot.store.store import Store
from tests.conftest import Clock
from tests.courier.world import Killed, World, dying

SLOTS = ("plan:1", "question:Q1", "artifact:1")


async def until_shown(world: World, clock: Clock) -> None:
    """Courier after courier, until nothing is behind."""
    for _ in range(100):
        clock.move(seconds=61)
        await world.courier().flush()
        if all(r.shown >= r.wanted or r.gone for r in await world.store.slots("m1")):
            return
    raise AssertionError(f"still behind: {await world.store.slots('m1')}")


async def story(world: World, clock: Clock, steps: int) -> bool:
    """Three posts and an edit, by a process that dies after `steps`; False when it lived."""
    courier, fuse = dying(world, steps)
    await world.mission()
    for slot in SLOTS:
        await world.change(slot)
        clock.move(seconds=1)
    with suppress(Killed):
        await courier.flush()
        await world.change("plan:1")
        await courier.flush()
    return fuse.left < 0


async def test_a_crash_at_any_step_loses_nothing_and_posts_nothing_twice(
    sqlite_template: Path, tmp_path: Path
):
    """The process dies before and after each statement and each call, one run for each."""
    steps, died = 0, True
    while died:
        shutil.copy(sqlite_template, tmp_path / f"{steps}.db")
        clock = Clock()
        store = Store(f"sqlite:///{tmp_path}/{steps}.db", clock)
        world = World(store, MemoryChat())
        died = await story(world, clock, steps)
        await until_shown(world, clock)
        assert [len(world.reads(slot)) for slot in SLOTS] == [1, 1, 1], f"after {steps} steps"
        assert int(world.reads("plan:1")[0]) >= int((await store.record("m1")).mission.title) - 1  # pyright: ignore[reportOptionalMemberAccess]
        order = [shown.now.slot for shown in world.chat.shown.values()]
        assert order == list(SLOTS)
        await store.close()
        steps += 1
    assert steps > 30


changes = st.tuples(st.just("change"), st.sets(st.sampled_from(SLOTS), min_size=1))
faults = st.tuples(
    st.just("fault"),
    st.tuples(
        st.sampled_from(["post", "edit", "find"]),
        st.sampled_from(["busy", "lost", "stored", "broken"]),
    ),
)
others = st.sampled_from([("flush", None), ("wait", None), ("delete", None)])
crashes = st.tuples(st.just("crash"), st.integers(0, 30))
programs = st.lists(changes | faults | others | crashes, max_size=14)

MADE = {
    "busy": lambda: busy(5),
    "lost": lambda: lost(stored=False),
    "stored": lambda: lost(stored=True),
    "broken": lambda: broken(RuntimeError()),
}


class Run:
    """One random program against one world, and what it must come to."""

    def __init__(self, world: World, clock: Clock) -> None:
        self.world = world
        self.clock = clock
        self.courier = world.courier()
        self.owed: dict[str, int] = {}
        self.order: list[str] = []

    async def change(self, slots: set[str]) -> None:
        self.clock.move(seconds=1)
        await self.world.change(*slots)
        self.order += sorted(slots - set(self.order))
        self.owed.update(dict.fromkeys(slots, self.world.state))

    async def fault(self, fault: tuple[Any, str]) -> None:
        call, kind = fault
        self.world.chat.plan(call, MADE[kind]())

    async def flush(self, _: None) -> None:
        await self.courier.flush()

    async def wait(self, _: None) -> None:
        self.clock.move(seconds=61)
        await self.courier.flush()

    async def delete(self, _: None) -> None:
        """Someone deletes the plan, and then something happens."""
        for shown in self.world.chat.messages("m1", "plan:1"):
            self.world.chat.delete(shown.ref)
        await self.change({"plan:1"})

    async def crash(self, steps: int) -> None:
        courier, _ = dying(self.world, steps)
        with suppress(Killed):
            await courier.flush()
        self.courier = self.world.courier()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(program=programs)
def test_any_mix_of_changes_faults_and_crashes_ends_with_what_should_be_seen(
    program: list[tuple[str, Any]], sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory
):
    path = tmp_path_factory.mktemp("any") / "any.db"
    shutil.copy(sqlite_template, path)
    asyncio.run(_any(program, path))


async def _any(program: list[tuple[str, Any]], path: Path) -> None:
    clock = Clock()
    store = Store(f"sqlite:///{path}", clock)
    world = World(store, MemoryChat())
    await world.mission()
    for slot in SLOTS:
        await world.ask(slot)
    run = Run(world, clock)
    for name, given_ in program:
        await getattr(run, name)(given_)
    await until_shown(world, clock)
    for slot, state in run.owed.items():
        assert len(world.reads(slot)) == 1, slot
        assert int(world.reads(slot)[0]) >= state
    firsts = dict.fromkeys(shown.now.slot for shown in world.chat.shown.values())
    assert list(firsts) == run.order
    await store.close()


async def test_a_message_deleted_and_a_crash_in_mid_repost_gives_one_message(
    sqlite_store: Store, clock: Clock
):
    world = World(sqlite_store, MemoryChat())
    await world.mission()
    await world.change("plan:1")
    await world.courier().flush()
    world.chat.plan("edit", gone())
    world.chat.delete("memory-1")
    world.chat.plan("post", lost(stored=True))
    await world.change("plan:1")
    await world.courier().flush()
    await until_shown(world, clock)
    assert world.reads("plan:1") == ["2"]
