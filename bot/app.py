"""The composition root: settings → store, files, engine, missions, chats, couriers, clock.

`open` makes what answers people; `work` then loads the graph and starts the engine, so that a
socket can listen before the heavy imports come.
"""

import asyncio
import os
import secrets
import socket
import sqlite3
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import and_, select
from sqlalchemy.exc import DatabaseError

from bot import collector, presenter
from bot.clock import Clock
from bot.courier import Courier
from bot.documents.worker import Workers
from bot.domain.base import Refused
from bot.engine.embedded import Embedded
from bot.files import FolderFiles, SqlFiles
from bot.inbox import Inbox
from bot.missions import Missions
from bot.ports import Chat, Files
from bot.removal import Removal
from bot.settings import Settings, untraced
from bot.store import tables as t
from bot.store.migrate import migrate
from bot.store.store import Store

log = structlog.get_logger(__name__)

SHELL = "shell:"
"""How the Places of missions begin that were asked for with `run`."""


@dataclass
class App:
    """All parts of a running bot. Close it: open connections hang the exit."""

    settings: Settings
    store: Store
    files: Files
    workers: Workers
    missions: Missions
    engine: Embedded
    inbox: Inbox
    chats: Sequence[Chat] = ()
    couriers: list[Courier] = field(default_factory=list[Courier])
    holder: str = ""
    runner: Any = None
    models: Any = None
    _tasks: list[asyncio.Task[None]] = field(default_factory=list[asyncio.Task[None]])
    _clock: Clock | None = None

    @classmethod
    async def open(
        cls, settings: Settings, store: Store | None = None, *, only: Container[str] | None = None
    ) -> "App":
        """The part that takes missions and decisions. Raises StoreDown; Refused for a wrong place.

        With `only`, this process leaves all other missions to others: a shell's `run --offline`
        must not go on with what somebody began in Slack. Without it, it leaves those of shells to
        `run`: what began offline there must not go on with models that others configured.
        """
        untraced()
        _must_be_usable(settings.data_dir)
        store = store or Store(settings.database)
        await _migrated(store)
        await store.free_dead(alive)
        runnable = store.runnable if only is not None else partial(_besides_shells, store)
        engine = Embedded(runnable, width=settings.missions_at_once, only=only)
        app = cls(
            settings=settings, store=store, files=_files(settings, store),
            workers=Workers(), engine=engine, inbox=Inbox(store, {}), holder=holder(),
            missions=Missions(store, engine.wake, lambda: app.shown(), cap=settings.mission_cap),
        )  # fmt: skip
        return app

    @property
    def removal(self) -> Removal:
        """What removes missions and people for good."""
        return Removal(self.missions, self.files, self.settings.data_dir.resolve() / "work")

    def shown(self, *slots: str) -> None:
        """Something to show has changed: these slots (`mission/name`), or anything."""
        for courier in self.couriers:
            courier.nudge(*slots)

    def face(self, chat: Chat) -> None:
        """Show missions of this chat's places there."""
        courier = Courier(self.store, chat, presenter.card)
        self.chats = (*self.chats, chat)
        self.couriers.append(courier)
        self._tasks.append(asyncio.create_task(courier.run(), name=f"courier {chat.platform}"))

    async def work(self, **more: Any) -> None:
        """Load the graph and begin to advance missions; `more` goes to the Workshop."""
        graphs = await asyncio.to_thread(import_module, "graphs.start")
        self.models = more.pop("models", None) or await graphs.models(self.settings, self.store)
        self.missions.models = self.models.label
        self.runner = graphs.runner(self, self.models, **more)
        await self.runner.start()
        await self.engine.start(self.runner.advance, self.runner.nudge)
        retention = timedelta(days=self.settings.retention_days)
        self._clock = Clock(self.missions, self.removal, retention or None)
        self._clock.start()
        self._tasks.append(asyncio.create_task(self.inbox.run(), name="inbox"))
        collector.settle("graphs")

    async def close(self) -> None:
        """Stop in good order: leases are given back, and rows say where to go on."""
        if self._clock is not None:
            self._clock.close()
        await self.engine.close()
        if self.runner is not None:
            await self.runner.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.models is not None:
            await self.models.close()
        await self.workers.close()
        await self.store.close()


def _must_be_usable(folder: Path) -> None:
    """Make the folder, for its owner alone. Raises Refused when nothing can be kept there."""
    what = f"DATA_DIR ({folder}) cannot be used"
    mend = "Set DATA_DIR to a folder in which you may write."
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Refused(f"{what}: {error.strerror}. {mend}") from None
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Refused(f"{what}: you may not write there. {mend}")


async def _migrated(store: Store) -> None:
    """Raises Refused for a file that is no database: nothing is written over it."""
    try:
        await migrate(store)
    except DatabaseError as error:
        if getattr(error.orig, "sqlite_errorcode", 0) != sqlite3.SQLITE_NOTADB:
            raise
        await store.close()
        raise Refused(
            f"{store.url.database} is no database, and it is left as it is. "
            "Move it away, or set DATA_DIR to another folder."
        ) from None


def _files(settings: Settings, store: Store) -> Files:
    return FolderFiles(settings.data_dir / "files") if store.sqlite else SqlFiles(store)


async def _besides_shells(store: Store) -> tuple[str, ...]:
    """The missions that can go on, but for those of `run` that are not being ended."""
    found = await store.runnable()
    if not found:
        return found
    c = t.missions.c
    goes_on = and_(c.stop_asked.is_(False), c.cancel_asked.is_(False))
    of_shells = select(c.id).where(c.id.in_(found), c.place.startswith(SHELL), goes_on)
    async with store.reading() as conn:
        left = {row[0] for row in await conn.execute(of_shells)}
    return tuple(name for name in found if name not in left)


HOLDERS: set[str] = set()
"""The holders of this process: another one under its process id is from before a restart."""


def holder() -> str:
    """This process in the leases: host, process id, and a word that a later process lacks."""
    name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
    HOLDERS.add(name)
    return name


def alive(name: str) -> bool:
    """False when the holder is a process of this machine that is gone."""
    host, _, rest = name.partition(":")
    pid = rest.partition(":")[0]
    if host != socket.gethostname() or not pid.isdigit():
        return True
    return name in HOLDERS if int(pid) == os.getpid() else _exists(int(pid))


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
