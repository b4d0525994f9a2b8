"""What the nodes work with: the store, the models, the team, and the right to advance a mission."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot.domain.base import Frozen
from bot.domain.record import Record
from bot.ports import Files
from bot.store.lease import Lease
from bot.store.store import Store
from bot.store.tx import Missing, Tx
from graphs.models.ask import Models
from graphs.team import Specialist, team
from graphs.tools import Web, Workers


class Limits(Frozen):
    """How much at once and for how long. Seconds, unless a name says otherwise."""

    tasks: int = 8
    attempt_seconds: float = 900.0
    review_seconds: float = 300.0
    backoff_seconds: float = 2.0
    steps: int = 24


def _nobody(*slots: str) -> None:
    """Nobody is looking."""


@dataclass(frozen=True)
class Workshop:
    """Everything a node needs, passed on explicitly. `folder` is where attempts write files;
    `shown` tells the faces which slots (`mission/name`) have something new to show.
    """

    store: Store
    files: Files
    models: Models
    workers: Workers
    folder: Path
    team: Mapping[str, Specialist] = field(default_factory=team)
    limits: Limits = field(default_factory=Limits)
    web: Web = field(default_factory=Web)
    shown: Callable[..., None] = _nobody

    async def record(self, mission: str) -> Record:
        """The mission's record. Raises Missing when it was forgotten."""
        record = await self.store.record(mission)
        if record is None:
            raise Missing("That mission is not here any more.")
        return record

    async def begun(self, hold: "Hold") -> Record:
        """The record to begin a node with: what the route has just read, once, or the rows."""
        record, hold.record = hold.record, None
        return record or await self.record(hold.mission)

    def folder_of(self, mission: str, task: str, attempt: int) -> Path:
        """Where an attempt leaves its files."""
        return self.folder / mission / f"{task}.{attempt}"

    @asynccontextmanager
    async def commit(self, hold: "Hold") -> AsyncGenerator[Tx]:
        """A transaction that counts only while the lease is ours. Raises Fenced."""
        async with self.store.begin() as tx:
            await tx.fence(hold.lease)
            yield tx
        hold.kept_at = tx.now
        if tx.wanted:
            self.shown(*tx.wanted)


@dataclass
class Hold:
    """A mission held under a lease; `nudged` is set when its rows changed from outside.

    `kept_at` is when a commit renewed its lease last; `record` is what the route read, for the
    node that it chose.
    """

    lease: Lease
    nudged: asyncio.Event = field(default_factory=asyncio.Event)
    seen: int = 0
    kept_at: datetime | None = None
    record: Record | None = None

    @property
    def mission(self) -> str:
        return self.lease.mission
