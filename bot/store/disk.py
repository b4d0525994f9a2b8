"""Waiting for the disk: on the event loop while it answers at once, in a thread when it does not.

A mission commits at every step, and a good disk has the step in a third of a millisecond. To hand
that to a thread and back costs as much CPU again; but nobody may wait for a slow disk with us.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TypeVar, cast

T = TypeVar("T")

QUICK, PROOF = 0.001, 8
"""Seconds that the event loop may wait; and how often in a row a thread must have waited for no
longer before it may: a slow disk holds up nobody, one that turns slow does so once."""
THREADS = 4
"""How many wait for the disk in this process."""


class Disk:
    """One disk, and how often in a row it was quick."""

    def __init__(self) -> None:
        self._quick = 0

    async def wait(self, work: Callable[[], T]) -> T:
        """The result of work that waits for this disk."""
        if self._quick >= PROOF:
            return self._timed(work)
        return await in_thread(lambda: self._timed(work))

    def _timed(self, work: Callable[[], T]) -> T:
        began = monotonic()
        try:
            return work()
        finally:
            self._quick = self._quick + 1 if monotonic() - began <= QUICK else 0


_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="sqlite")


async def in_thread(work: Callable[[], T]) -> T:
    """The result of the work. Who is cancelled waits for its end: nothing may run beside it.

    `run_in_executor` hands the end on through two futures more, each a turn of the event loop.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[T] = loop.create_future()
    ended: asyncio.Future[None] = loop.create_future()

    def settle(result: T | None, error: BaseException | None) -> None:
        _set(ended, None)
        if error is None:
            _set(done, cast("T", result))
        elif not done.done():
            done.set_exception(error)

    def run() -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  whatever it is, who waits is told
            loop.call_soon_threadsafe(settle, None, error)
        else:
            loop.call_soon_threadsafe(settle, result, None)

    _threads.submit(run)
    try:
        return await done
    except asyncio.CancelledError:
        await asyncio.wait([ended])
        raise


def _set(future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)
