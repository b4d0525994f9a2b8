"""The clock: what time alone brings about. APScheduler in memory, in every process.

Its jobs hold nothing: each looks at rows, so a process that dies loses no appointment.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from apscheduler.schedulers.asyncio import (
    AsyncIOScheduler,  # pyright: ignore[reportMissingTypeStubs]
)

from bot.missions import Missions
from bot.removal import Removal

log = structlog.get_logger(__name__)

GATES_SECONDS = 30
RETENTION_HOURS = 6
SWEEP_HOURS = 1
REPEATS = timedelta(days=30)
"""How long a platform might send the same once more: until then its key and answer are kept."""


class Clock:
    """Reminds and expires gates; forgets what is too old, and drops what nobody owns."""

    def __init__(self, missions: Missions, removal: Removal, retention: timedelta | None) -> None:
        self.missions = missions
        self.removal = removal
        self.retention = retention
        self._scheduler = AsyncIOScheduler(
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60}
        )

    def start(self) -> None:
        add: Callable[..., object] = self._scheduler.add_job  # pyright: ignore[reportUnknownMemberType,reportUnknownVariableType]
        add(_guarded(self.missions.tend_gates), "interval", seconds=GATES_SECONDS)
        if self.retention is not None:
            add(_guarded(self._retire), "interval", hours=RETENTION_HOURS)
        add(_guarded(self.removal.sweep), "interval", hours=SWEEP_HOURS)
        add(_guarded(self._prune), "interval", hours=RETENTION_HOURS)
        self._scheduler.start()

    def close(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def _retire(self) -> None:
        assert self.retention is not None
        await self.removal.ended(self.retention)

    async def _prune(self) -> None:
        store = self.missions.store
        await store.prune_inbox(store.clock() - REPEATS)


def _guarded(job: Callable[[], Awaitable[object]]) -> Callable[[], Awaitable[None]]:
    """The job with its border: one that stumbles is tried again at its next time."""

    async def run() -> None:
        try:
            await job()
        except Exception:
            log.exception("clock_job_failed")

    return run
