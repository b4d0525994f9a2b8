"""The embedded engine: asyncio tasks in this process, and a sweep that finds what is runnable."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Container

import structlog

from bot.ports import Advance, Nudge

log = structlog.get_logger(__name__)

Runnable = Callable[[], Awaitable[tuple[str, ...]]]


class Embedded:
    """At most `width` missions advance at once; the others wait in the order of their wakes.

    `runnable` lists the missions that rows say can go on: asked at the start and every
    `sweep_seconds`, so that a lost wake, a crash or another process's change is found. With
    `only`, those missions alone are advanced here; the set may grow.
    """

    def __init__(
        self, runnable: Runnable, *, width: int = 200, sweep_seconds: float = 5.0,
        only: Container[str] | None = None,
    ) -> None:  # fmt: skip
        self._only = only
        self._runnable = runnable
        self._slots = asyncio.Semaphore(width)
        self._sweep_seconds = sweep_seconds
        self._running: dict[str, asyncio.Task[None]] = {}
        self._again: set[str] = set()
        self._sweeper: asyncio.Task[None] | None = None
        self._advance: Advance | None = None
        self._nudge: Nudge | None = None
        self._closing = False

    async def start(self, advance: Advance, nudge: Nudge) -> None:
        """Begin to advance missions."""
        self._advance, self._nudge = advance, nudge
        self._sweeper = asyncio.create_task(self._sweep(), name="sweep")

    async def wake(self, mission: str) -> None:
        """Start the mission, or nudge it when it runs here already."""
        if self._closing or self._advance is None:
            return
        if self._only is not None and mission not in self._only:
            return
        if mission in self._running:
            self._again.add(mission)
            if self._nudge is not None:
                self._nudge(mission)
            return
        self._running[mission] = asyncio.create_task(self._run(mission), name=f"run {mission}")

    async def close(self) -> None:
        """Stop: what is under way is cancelled, and its rows say where to go on."""
        self._closing = True
        tasks = [*self._running.values(), *([self._sweeper] if self._sweeper else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def busy(self) -> int:
        """How many missions are under way or waiting for their turn here."""
        return len(self._running)

    async def _run(self, mission: str) -> None:
        assert self._advance is not None
        try:
            while True:
                self._again.discard(mission)
                async with self._slots:
                    await self._advance(mission)
                if mission not in self._again:
                    return
        except Exception:  # the border: the sweep tries again from the rows
            log.exception("mission_stumbled", mission=mission)
        finally:
            self._running.pop(mission, None)

    async def _sweep(self) -> None:
        while True:
            with contextlib.suppress(asyncio.TimeoutError):
                await self._sweep_once()
            await asyncio.sleep(self._sweep_seconds)

    async def _sweep_once(self) -> None:
        try:
            for mission in await self._runnable():
                if mission not in self._running:
                    await self.wake(mission)
        except Exception as error:  # noqa: BLE001  the database may be away: look again later
            log.warning("sweep_failed", error=str(error))
