"""Answers that were paid for and wait a moment for their mission's next transaction.

What is done with an answer is committed right after it: both then share one wait for the disk.
Nothing is built on an answer before that, so a crash in between costs what a crash before the
answer would have: the call is made again, and what was set aside for it stays counted.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

Answer = Mapping[str, Any]
"""What came of a call, as `Tx.end_call` takes it."""

WAITS, AGAIN = 0.02, 1.0
"""Seconds after which an answer is written by itself when no transaction came for it: at first,
and after one that came to nothing."""


class Late:
    """The answers by their missions. `write` puts those of a mission into a transaction."""

    def __init__(self, write: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        self._write = write
        self._waiting: dict[str, list[Answer]] = {}
        self._writing: set[asyncio.Task[None]] = set()

    def __contains__(self, mission: str) -> bool:
        return mission in self._waiting

    def add(self, mission: str, answer: Answer) -> None:
        """Keep this for the mission's next transaction."""
        self._waiting.setdefault(mission, []).append(answer)
        asyncio.get_running_loop().call_later(WAITS, self._due, mission)

    def take(self, mission: str) -> list[Answer]:
        """What waits, to be written now; give it back if it is not."""
        return self._waiting.pop(mission, [])

    def give_back(self, mission: str, answers: list[Answer]) -> None:
        """Keep them for the mission's next transaction again."""
        self._waiting[mission] = answers + self._waiting.get(mission, [])
        asyncio.get_running_loop().call_later(AGAIN, self._due, mission)

    async def close(self) -> None:
        """Write what waits."""
        for mission in list(self._waiting):
            await self._write(mission)
        await asyncio.gather(*self._writing, return_exceptions=True)

    def _due(self, mission: str) -> None:
        if mission in self._waiting:
            task = asyncio.create_task(self._write(mission), name="late answers")
            self._writing.add(task)
            task.add_done_callback(self._written)

    def _written(self, task: asyncio.Task[None]) -> None:
        """One that could not be written was given back, and is tried again."""
        self._writing.discard(task)
        if not task.cancelled():
            task.exception()


class Taken:
    """What one transaction took along."""

    def __init__(self, late: Late) -> None:
        self._late = late
        self._answers: list[tuple[str, list[Answer]]] = []

    def take(self, mission: str) -> list[Answer]:
        """The answers that wait for this mission: now this transaction's to write."""
        answers = self._late.take(mission)
        if answers:
            self._answers.append((mission, answers))
        return answers

    def give_back(self) -> None:
        """The transaction is not on the disk, or nobody knows: they wait again."""
        for mission, answers in self._answers:
            self._late.give_back(mission, answers)
