"""Leases: one holder advances a mission, and a holder that slept too long changes nothing.

Two bots on one database stand for two processes: stores, engines and runners of their own.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from bot.domain.board import TaskState
from bot.domain.gate import GateKind
from bot.domain.mission import Status
from bot.domain.work import AttemptStatus
from bot.store.tx import Fenced
from graphs.runner import MAX_CRASHES
from graphs.workshop import Hold
from tests.conftest import Clock
from tests.tour.script import Script, call, task
from tests.tour.studio import OnStage, Studio, studio

TTL = timedelta(minutes=1)
SWEPT = 0.1
"""Seconds after which the first sweep of both is over: it would take what the test gives one."""
Pair = Callable[..., AbstractAsyncContextManager[tuple[Studio, Studio]]]


@pytest.fixture
def pair(tmp_path: Path, url: str, clock: Clock) -> Pair:
    """Two bots on one database, with one clock."""

    @asynccontextmanager
    async def open_(*tasks: dict[str, object]) -> AsyncGenerator[tuple[Studio, Studio]]:
        async with (
            studio(tmp_path / "one", Script(*tasks), url, clock=clock) as one,
            studio(tmp_path / "two", Script(*tasks), url, clock=clock) as two,
        ):
            await asyncio.sleep(SWEPT)
            yield one, two

    return open_


def seen_by(bot: Studio, mission: OnStage) -> OnStage:
    """The same mission, looked at and clicked on elsewhere."""
    return OnStage(bot, mission.id)


async def test_only_the_holder_advances_a_mission(pair: Pair) -> None:
    """The other one is woken, finds the lease taken and lets it be."""
    async with pair(task("T1"), task("T2", "T1")) as (one, two):
        async with one.script.held("work", "T1"):
            mission = await one.mission()
            await mission.to_work()
            await one.script.asked("work", "T1")
            await two.app.engine.wake(mission.id)
            await two.idle()
        await mission.until_asked("artifact")

        assert two.script.heard == []
        assert one.script.count("work") == 2


async def test_a_click_elsewhere_is_seen_by_the_holder(pair: Pair) -> None:
    """The stop comes in at another process; the holder looks at the rows and obeys."""
    async with pair(task("T1")) as (one, two):
        async with one.script.held("work", "T1"):
            mission = await one.mission()
            await mission.to_work()
            await one.script.asked("work", "T1")
            await seen_by(two, mission).stop()
            record = await mission.until_ended()

        assert record.mission.status is Status.cancelled


async def test_whoever_gets_the_approval_does_the_work(pair: Pair) -> None:
    """Between two decisions nobody holds the mission: any process can go on with it."""
    async with pair(task("T1")) as (one, two):
        mission = await one.mission()
        await mission.until_asked("plan")
        await one.idle()
        there = seen_by(two, mission)
        await there.approve()
        await there.until_asked("artifact")

        assert (one.script.count("work"), two.script.count("work")) == (0, 1)


async def test_a_holder_that_slept_through_its_lease_changes_nothing(
    pair: Pair, clock: Clock
) -> None:
    """As after SIGSTOP: its pulse stood still, another took over, and then it woke up."""
    async with pair(task("T1")) as (one, two):
        one.script.says("work", "T1", "From the sleeper")
        async with one.script.held("work", "T1"):
            mission = await one.mission()
            await mission.to_work()
            await one.script.asked("work", "T1")
            await one.app.runner.close()
            clock.move(seconds=30)
            await two.app.engine.wake(mission.id)
            there = seen_by(two, mission)
            await there.until_asked("artifact")
        await one.idle()

        record = await there.record()
        (attempt,) = record.attempts
        assert attempt.status is AttemptStatus.done
        assert attempt.output is not None
        assert attempt.output.text != "From the sleeper"
        assert (await there.story()).count("attempt_done T1 1 ") == 1


async def test_a_holder_that_waits_long_for_a_model_keeps_its_mission(
    pair: Pair, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is committed meanwhile: the pulse renews its lease."""
    monkeypatch.setattr("graphs.runner.PULSE_SECONDS", 0.01)
    async with pair(task("T1")) as (one, two):
        async with one.script.held("work", "T1"):
            mission = await one.mission()
            await mission.to_work()
            await one.script.asked("work", "T1")
            for _ in range(3):
                clock.move(seconds=15)
                await asyncio.sleep(0.2)
                assert await two.store.claim(mission.id, "other", TTL) is None
        await mission.until_asked("artifact")


async def test_a_holder_that_commits_renews_its_lease_with_nothing_else(
    pair: Pair, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("graphs.runner.PULSE_SECONDS", 0.01)
    async with pair(task("T1")) as (one, _):
        renewed: list[str] = []

        async def renew(missions: list[str], *_: object) -> None:
            renewed.extend(missions)

        monkeypatch.setattr(one.store, "renew", renew)
        async with one.script.held("work", "T1"):
            mission = await one.mission()
            await mission.to_work()
            await one.script.asked("work", "T1")
            renewed.clear()
            await asyncio.sleep(0.2)
            assert renewed == []
            clock.move(seconds=1)
            await asyncio.sleep(0.2)
            assert set(renewed) == {mission.id}


async def test_an_attempt_that_was_overtaken_has_no_second_review(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Words that came in elsewhere are read with something else, before anybody was told of them:
    the next attempt is in review already when the first one ends.
    """
    monkeypatch.setattr("graphs.runner.PULSE_SECONDS", 1_000)
    async with pair(task("T1"), task("T2")) as (one, two):
        script = one.script
        script.says("work", "T2", call("ask_person", question="Which?", default="euro"))
        async with script.held("review", "T1"):
            async with script.held("work", "T1"):
                async with script.held("work", "T2"):
                    mission = await one.mission()
                    await mission.to_work()
                    await script.asked("work", "T1")
                    await script.asked("work", "T2")
                    async with script.held("work", "T1"):
                        pass  # the next attempt is not held
                    await seen_by(two, mission).steer("In euros")
                await script.asked("work", "T1", times=2)
                await script.asked("review", "T1")
            await asyncio.sleep(0.3)
            assert script.count("review", "T1") == 1


async def test_every_commit_is_fenced(pair: Pair, clock: Clock) -> None:
    """The old epoch's transaction is refused, and what it would have written is not there."""
    async with pair(task("T1")) as (one, two):
        mission = await one.mission()
        await mission.until_asked("plan")
        await one.idle()
        old = await one.store.claim(mission.id, "sleeper", TTL)
        assert old is not None
        clock.move(minutes=2)
        assert await two.store.claim(mission.id, "other", TTL) is not None

        with pytest.raises(Fenced):
            async with one.app.runner.shop.commit(Hold(old)) as tx:
                await tx.set_status(mission.id, Status.failed)
        assert (await mission.record()).mission.status is Status.needs_plan_approval


async def test_both_sweeps_find_one_mission_and_one_takes_it(pair: Pair) -> None:
    """Whoever is first; the work is done once."""
    async with pair(task("T1"), task("T2")) as (one, two):
        mission = await one.mission()
        await mission.until_asked("plan")
        await one.idle()
        await mission.approve()
        await two.app.engine.wake(mission.id)
        there = seen_by(two, mission)
        await one.idle()
        await two.idle()
        await there.until_task("T2", TaskState.done)

        done = one.script.count("work") + two.script.count("work")
        assert done == 2


async def test_whoever_ends_while_it_takes_a_mission_gives_it_back(pair: Pair) -> None:
    """The lease is on the disk a moment before its holder hears of it."""
    async with pair(task("T1")) as (one, two):
        mission = await one.mission()
        await mission.until_asked("plan")
        await one.idle()
        for ticks in range(1, 12):
            claiming = asyncio.create_task(one.app.runner.advance(mission.id))
            for _ in range(ticks):
                await asyncio.sleep(0)
            claiming.cancel()
            await asyncio.gather(claiming, return_exceptions=True)
            lease = await two.store.claim(mission.id, "other", TTL)
            assert lease is not None, f"kept when cancelled after {ticks} ticks"
            await two.store.let_go(lease)


async def test_a_mission_that_breaks_its_runner_asks_a_person_soon(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time the lease is given back, and counted; no time has passed on the clock."""
    async with pair(task("T1")) as (one, two):
        mission = await one.mission()
        await mission.until_asked("plan")
        await one.idle()
        for bot in (one, two):
            await bot.app.engine.close()
        runner = one.app.runner

        async def breaks(hold: Hold) -> None:
            raise RuntimeError("no way")

        with monkeypatch.context() as broken:
            broken.setattr(runner, "_drive", breaks)
            for _ in range(MAX_CRASHES):
                with pytest.raises(RuntimeError):
                    await runner.advance(mission.id)
            await runner.advance(mission.id)
        await runner.advance(mission.id)

        (gate,) = (g for g in (await mission.record()).open_gates if g.kind is GateKind.blocked)
        assert "ended badly several times" in str(gate.data)
