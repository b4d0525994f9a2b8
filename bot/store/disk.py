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

QUICK, FAIR = 0.001, 0.004
"""Seconds that the event loop may usually wait: whoever is there, and when nobody else writes."""
LAST, LONGEST = 8, 8 * QUICK
"""Of about how many times the usual one is the mean, and the longest that is counted: twenty quick
ones prove a quick disk, half a dozen a fair one. One that takes this long is a stall: it does away
with the first proof, for which a few make up, and sends the next to a thread whoever is alone."""
THREADS = 4
"""How many wait for the disk in this process."""


class Disk:
    """One disk, and how long it usually takes: long, until it is known."""

    def __init__(self) -> None:
        self._usual = LONGEST
        self._stalls = False

    @property
    def fair(self) -> bool:
        """Whether who is alone may wait for it on the event loop."""
        return self._usual <= FAIR and not self._stalls

    async def wait(self, work: Callable[[], T], *, alone: bool = False) -> T:
        """The result of work that waits for this disk."""
        if self._usual <= QUICK or (alone and self.fair):
            return self._timed(work)
        return await in_thread(lambda: self._timed(work))

    def _timed(self, work: Callable[[], T]) -> T:
        began = monotonic()
        try:
            return work()
        finally:
            took = min(monotonic() - began, LONGEST)
            self._usual += (took - self._usual) / LAST
            self._stalls = took == LONGEST


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
