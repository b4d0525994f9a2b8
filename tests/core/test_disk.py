"""Who waits for the disk: the event loop while it is quick, a thread once it was not."""

import asyncio
import threading
import time

import pytest

from bot.store.disk import QUICK, Disk, in_thread

MAIN = threading.main_thread()


def quick() -> threading.Thread:
    return threading.current_thread()


def slow() -> threading.Thread:
    time.sleep(QUICK * 5)
    return threading.current_thread()


async def test_a_quick_disk_is_waited_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.disk.QUICK", 60.0)
    disk = Disk()
    assert [await disk.wait(quick) for _ in range(3)] == [MAIN] * 3


async def test_a_slow_disk_holds_the_event_loop_up_once() -> None:
    """Until it has rested, and has its next chance."""
    disk = Disk()
    assert await disk.wait(slow) is MAIN
    assert await disk.wait(slow) is not MAIN
    assert await disk.wait(quick) is not MAIN


async def test_a_disk_gets_another_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.store.disk.REST", 0.05)
    disk = Disk()
    await disk.wait(slow)
    await asyncio.sleep(0.1)
    assert await disk.wait(quick) is MAIN


async def test_others_go_on_while_a_thread_waits() -> None:
    disk = Disk()
    await disk.wait(slow)
    waiting = asyncio.create_task(disk.wait(lambda: time.sleep(0.2)))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    await waiting


@pytest.mark.parametrize("first", [quick, slow])
async def test_what_it_raises_is_heard(first: object) -> None:
    """On the event loop, and from a thread."""
    disk = Disk()
    await disk.wait(first)  # pyright: ignore[reportArgumentType]
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
    assert asyncio.run(in_thread(lambda: "alive")) == "alive"
