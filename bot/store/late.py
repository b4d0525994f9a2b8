"""Writes that wait a moment for their mission's next transaction, to share its wait for the disk.

Answers that were paid for, of missions that have no journal or whose journal broke: what is done
with one is committed right after it. Nothing is built on it before that, so a crash in between
costs what a crash before the answer would have: the call is made again, and what was set aside for
it stays counted. And what messages show by now: a crash in
between costs one edit that changes nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

Note = Callable[[Any], Awaitable[None]]
"""Writes one row, given a Tx."""

AGAIN = 1.0
"""Seconds after which it is tried again by itself when a transaction came to nothing."""


class Late:
    """The notes by their missions. `write` puts those of a mission into a transaction, at the
    latest after so many seconds.
    """

    def __init__(
        self, write: Callable[[str], Coroutine[Any, Any, None]], *, seconds: float
    ) -> None:
        self.seconds = seconds
        self._write = write
        self._waiting: dict[str, list[Note]] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._writing: set[asyncio.Task[None]] = set()

    def __contains__(self, mission: str) -> bool:
        return mission in self._waiting

    def add(self, mission: str, note: Note) -> None:
        """Keep this for the mission's next transaction."""
        self._waiting.setdefault(mission, []).append(note)
        if mission not in self._timers:
            self._write_in(self.seconds, mission)

    def take(self, mission: str) -> list[Note]:
        """What waits, to be written now: say whether it was, or give it back."""
        return self._waiting.pop(mission, [])

    def written(self, mission: str) -> None:
        """What was taken is on the disk: nobody needs to be woken for it."""
        if mission not in self._waiting and (timer := self._timers.pop(mission, None)):
            timer.cancel()

    def give_back(self, mission: str, notes: list[Note]) -> None:
        """Keep them for the mission's next transaction again."""
        self._waiting[mission] = notes + self._waiting.get(mission, [])
        if mission not in self._timers:
            self._write_in(AGAIN, mission)

    async def close(self) -> None:
        """Write what waits, as far as that can be: nobody is left to try it again."""
        writes = [self._write(mission) for mission in self._waiting]
        await asyncio.gather(*writes, *self._writing, return_exceptions=True)
        for timer in self._timers.values():
            timer.cancel()

    def _write_in(self, seconds: float, mission: str) -> None:
        loop = asyncio.get_running_loop()
        self._timers[mission] = loop.call_later(seconds, self._due, mission)

    def _due(self, mission: str) -> None:
        del self._timers[mission]
        if mission in self._waiting:
            task = asyncio.create_task(self._write(mission), name="late")
            self._writing.add(task)
            task.add_done_callback(self._written)

    def _written(self, task: asyncio.Task[None]) -> None:
        """One that could not be written was given back, and is tried again."""
        self._writing.discard(task)
        if not task.cancelled():
            task.exception()


class Taken:
    """What one transaction took along."""

    def __init__(self, *lates: Late) -> None:
        self._lates = lates
        self._taken: list[tuple[Late, str, list[Note]]] = []

    def take(self, mission: str) -> list[Note]:
        """The notes that wait for this mission: now this transaction's to write."""
        notes: list[Note] = []
        for late in self._lates:
            if taken := late.take(mission):
                self._taken.append((late, mission, taken))
                notes += taken
        return notes

    def written(self) -> None:
        """The transaction is on the disk."""
        for late, mission, _ in self._taken:
            late.written(mission)

    def give_back(self) -> None:
        """The transaction is not on the disk, or nobody knows: they wait again."""
        for late, mission, notes in self._taken:
            late.give_back(mission, notes)
