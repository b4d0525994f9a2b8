"""The embedded engine advances what is woken, one run of a mission at a time, and loses no wake."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from bot.engine.embedded import Embedded


class Works:
    """Advances that wait until they are let go; tells who ran, how often and how many at once."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.nudged: list[str] = []
        self.runnable: list[str] = []
        self.now = 0
        self.most = 0
        self.go = asyncio.Event()
        self.go.set()
        self.fault: Exception | None = None
        self.sweeps = 0
        self._changed = asyncio.Condition()

    async def advance(self, mission: str) -> None:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            await self._note(mission)
            await self.go.wait()
            if self.fault is not None:
                fault, self.fault = self.fault, None
                raise fault
        finally:
            self.now -= 1

    async def _note(self, mission: str) -> None:
        async with self._changed:
            self.ran.append(mission)
            self._changed.notify_all()

    async def look(self) -> tuple[str, ...]:
        async with self._changed:
            self.sweeps += 1
            self._changed.notify_all()
        return tuple(self.runnable)

    async def until_ran(self, count: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.ran) >= count)

    async def until_swept(self, count: int) -> None:
        async with self._changed:
            await self._changed.wait_for(lambda: self.sweeps >= count)


@pytest.fixture
def works() -> Works:
    return Works()


@pytest.fixture
async def engine(works: Works) -> AsyncIterator[Embedded]:
    made = Embedded(works.look, width=3, sweep_seconds=3600)
    await made.start(works.advance, works.nudged.append)
    await works.until_swept(1)
    yield made
    await made.close()


async def idle(engine: Embedded) -> None:
    while engine.busy:
        await asyncio.sleep(0)


async def test_a_woken_mission_is_advanced(engine: Embedded, works: Works):
    await engine.wake("m1")
    await works.until_ran(1)
    await idle(engine)
    assert works.ran == ["m1"]


async def test_missions_that_rows_say_can_go_on_are_found_at_the_start(works: Works):
    works.runnable = ["m1", "m2"]
    engine = Embedded(works.look, sweep_seconds=3600)
    await engine.start(works.advance, works.nudged.append)
    await works.until_ran(2)
    assert sorted(works.ran) == ["m1", "m2"]
    await engine.close()


async def test_a_wake_that_was_lost_is_found_by_the_sweep(works: Works):
    engine = Embedded(works.look, sweep_seconds=0.001)
    await engine.start(works.advance, works.nudged.append)
    await works.until_swept(1)
    works.runnable = ["m1"]
    await works.until_ran(1)
    await engine.close()


async def test_a_wake_during_a_run_nudges_it_and_is_looked_at_afterwards(
    engine: Embedded, works: Works
):
    works.go.clear()
    await engine.wake("m1")
    await works.until_ran(1)
    await engine.wake("m1")
    await engine.wake("m1")
    assert works.nudged == ["m1", "m1"]
    works.go.set()
    await works.until_ran(2)
    await idle(engine)
    assert works.ran == ["m1", "m1"]


async def test_a_mission_is_never_advanced_twice_at_once(engine: Embedded, works: Works):
    works.go.clear()
    for _ in range(5):
        await engine.wake("m1")
    await works.until_ran(1)
    assert works.most == 1
    works.go.set()
    await idle(engine)
    assert works.most == 1


async def test_at_most_width_missions_advance_at_once(engine: Embedded, works: Works):
    works.go.clear()
    for n in range(10):
        await engine.wake(f"m{n}")
    await works.until_ran(3)
    for _ in range(50):
        await asyncio.sleep(0)
    assert (works.most, engine.busy) == (3, 10)
    works.go.set()
    await idle(engine)
    assert sorted(works.ran) == [f"m{n}" for n in range(10)]


async def test_a_mission_that_stumbles_hurts_no_other_and_can_be_woken_again(
    engine: Embedded, works: Works
):
    works.fault = RuntimeError("no")
    with capture_logs() as logs:
        await engine.wake("m1")
        await idle(engine)
    assert [e["event"] for e in logs] == ["mission_stumbled"]
    await engine.wake("m1")
    await engine.wake("m2")
    await idle(engine)
    assert works.ran == ["m1", "m1", "m2"]


async def test_a_sweep_that_fails_is_followed_by_another(works: Works):
    async def look() -> tuple[str, ...]:
        if await works.look() == ():
            works.runnable = ["m1"]
            raise OSError("the database is away")
        return ("m1",)

    engine = Embedded(look, sweep_seconds=0.001)
    with capture_logs() as logs:
        await engine.start(works.advance, works.nudged.append)
        await works.until_ran(1)
    assert logs[0]["event"] == "sweep_failed"
    await engine.close()


async def test_closing_stops_what_is_under_way_and_starts_nothing_new(works: Works):
    works.go.clear()
    engine = Embedded(works.look, sweep_seconds=3600)
    await engine.start(works.advance, works.nudged.append)
    await engine.wake("m1")
    await works.until_ran(1)
    await engine.close()
    assert (works.now, engine.busy) == (0, 0)
    await engine.wake("m2")
    assert (works.ran, engine.busy) == (["m1"], 0)


async def test_a_wake_before_the_start_is_left_to_the_sweep(works: Works):
    engine = Embedded(works.look, sweep_seconds=3600)
    await engine.wake("m1")
    assert engine.busy == 0
    await engine.close()
