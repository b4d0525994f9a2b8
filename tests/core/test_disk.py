"""Who waits for the disk: the event loop while it is quick, or fair and nobody else writes; else a
thread.
"""

import asyncio
import threading
import time
from functools import partial

import pytest

from bot.store.disk import FAIR, LONGEST, QUICK, Disk, in_thread

MAIN = threading.main_thread()
PROOF = 20
"""Times in which a quick disk proves itself."""
SCALE = 200
"""However busy this machine is: a millisecond may become a fifth of a second."""


def quick() -> threading.Thread:
    return threading.current_thread()


def slow(seconds: float = QUICK * 5) -> threading.Thread:
    time.sleep(seconds)
    return threading.current_thread()


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    slower(monkeypatch, SCALE)


def slower(monkeypatch: pytest.MonkeyPatch, scale: int) -> None:
    monkeypatch.setattr("bot.store.disk.QUICK", QUICK * scale)
    monkeypatch.setattr("bot.store.disk.FAIR", FAIR * scale)
    monkeypatch.setattr("bot.store.disk.LONGEST", LONGEST * scale)


async def proved() -> Disk:
    disk = Disk()
    for _ in range(PROOF):
        await disk.wait(quick)
    return disk


async def test_a_disk_that_was_quick_is_waited_for_at_once(patient: None) -> None:
    """Once it has been often enough."""
    disk = Disk()
    threads = [await disk.wait(quick) for _ in range(PROOF + 2)]
    assert threads[0] is not MAIN
    assert threads[PROOF:] == [MAIN, MAIN]


async def test_who_is_alone_waits_for_a_disk_that_is_fair(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody else would have to; and a slow one is waited for in a thread all the same."""
    scale = 40
    slower(monkeypatch, scale)
    disk, fair = await proved(), partial(slow, QUICK * scale * 1.5)
    for _ in range(PROOF // 2):
        await disk.wait(fair)
    assert disk.fair
    assert await disk.wait(fair) is not MAIN
    assert await disk.wait(fair, alone=True) is MAIN
    for _ in range(PROOF // 2):
        await disk.wait(partial(slow, LONGEST * scale))
    assert not disk.fair
    assert await disk.wait(fair, alone=True) is not MAIN


async def test_a_slow_disk_holds_nobody_up() -> None:
    disk = Disk()
    assert MAIN not in [await disk.wait(slow) for _ in range(PROOF + 2)]


async def test_one_slow_moment_of_a_quick_disk_changes_nothing(patient: None) -> None:
    disk = await proved()
    assert await disk.wait(partial(slow, QUICK * SCALE * 1.5)) is MAIN
    assert await disk.wait(quick) is MAIN


@pytest.mark.parametrize("alone", [False, True])
async def test_a_disk_that_stalls_holds_the_event_loop_up_once(alone: bool, patient: None) -> None:
    """And has to make up for it."""
    disk = await proved()
    stall = partial(slow, LONGEST * SCALE)
    assert await disk.wait(stall, alone=alone) is MAIN
    assert await disk.wait(stall, alone=alone) is not MAIN
    threads = [await disk.wait(quick, alone=alone) for _ in range(PROOF)]
    assert threads[0] is not MAIN
    assert threads[-1] is MAIN


async def test_others_go_on_while_a_thread_waits() -> None:
    disk = Disk()
    waiting = asyncio.create_task(disk.wait(lambda: time.sleep(0.2)))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await waiting


@pytest.mark.parametrize("before", [0, PROOF])
async def test_what_it_raises_is_heard(before: int, patient: None) -> None:
    """From a thread, and on the event loop."""
    disk = Disk()
    for _ in range(before):
        await disk.wait(quick)
    with pytest.raises(ZeroDivisionError):
        await disk.wait(lambda: 1 / 0)


async def test_who_is_cancelled_waits_for_the_end() -> None:
    """Nothing may run beside it on the same connection."""
    ended = threading.Event()

    def work() -> None:
        time.sleep(0.1)
        ended.set()

    task = asyncio.create_task(in_thread(work))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()


def test_a_thread_outlives_an_event_loop_that_was_closed() -> None:
    """Four of them serve the process: none is lost to a result that nobody hears any more."""

    async def leave() -> None:
        task = asyncio.create_task(in_thread(lambda: time.sleep(0.1)))
        await asyncio.sleep(0.01)
        asyncio.get_running_loop().call_soon(task.cancel)

    for _ in range(8):
        loop = asyncio.new_event_loop()
        loop.run_until_complete(leave())
        loop.close()
    time.sleep(0.3)

    async def alive() -> str:
        async with asyncio.timeout(10):
            return await in_thread(lambda: "alive")

    assert asyncio.run(alive()) == "alive"
