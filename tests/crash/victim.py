"""A process that runs one mission to its end, deciding everything itself, and dies when told to.

It kills itself with SIGKILL right before, or right after, its n-th commit. Started again it goes
on. When the mission is done it writes what came of it to `result.json` in its folder.
"""

import asyncio
import json
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import sqlalchemy

from bot import presenter
from bot.app import App
from bot.chat.web.chat import WebChat
from bot.courier import Courier
from bot.domain.gate import Gate, GateKind, Verb
from bot.domain.mission import Person
from bot.domain.record import Record
from bot.log import configure
from bot.missions import NewMission, Said
from bot.settings import Settings
from bot.store import tables as t
from bot.store.ledger import Ledger
from bot.store.store import Store
from bot.store.tx import Tx
from graphs.models.tiers import Tiers
from graphs.workshop import Limits
from tests.crash.team import Team

for _name in ("alembic.command", "graphs.start", "graphs.models.messages"):
    import_module(_name)  # loaded once, before this process is forked

ADA = Person(workspace="local", id="ada", name="Ada")
STUCK_SECONDS = 40.0


class Mortal(Store):
    """A store whose process dies at a commit: `before` it counts, or `after`.

    The courier has one of its own, which is not counted: its boundaries have tests elsewhere.
    """

    def __init__(self, url: str, when: str, number: int) -> None:
        super().__init__(url)
        self.when, self.number = when, number
        self.commits = 0
        self.changed = asyncio.Event()

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[Tx]:
        async with super().begin() as tx:
            yield tx
            self.commits += 1
            mine = self.commits
            self._die("before", mine)
        self._die("after", mine)
        self.changed.set()

    def _die(self, when: str, commit: int) -> None:
        if (when, commit) == (self.when, self.number):
            os.kill(os.getpid(), signal.SIGKILL)


async def run(folder: Path, url: str, when: str, number: int) -> None:
    """The mission, from wherever it is to its end."""
    settings = Settings(data_dir=folder, database_url=url, _env_file=None)  # pyright: ignore[reportCallIssue]
    store = Mortal(settings.database, when, number)
    eyes = Mortal(settings.database, "", 0)
    eyes.changed = store.changed
    app = await App.open(settings, store)
    courier = Courier(eyes, WebChat(eyes), presenter.card)
    serving = asyncio.create_task(courier.run())
    app.couriers.append(courier)
    try:
        team = Team(folder / "asked.log")
        models = Tiers.local(
            lambda: team.model, Ledger(store), name="scripted:team", label="a script"
        )
        await app.work(models=models, limits=Limits(tasks=2, backoff_seconds=0.0))
        ask = NewMission(
            key=folder.name, place=f"web:local:{folder.name}", person=ADA, goal="Count the calls."
        )
        mission = (await app.missions.start(ask)).id
        async with asyncio.timeout(STUCK_SECONDS):
            await to_the_end(app, store, mission)
            await shown(app, store, mission)
        await write(folder, store, mission)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await app.close()
        await eyes.close()


async def to_the_end(app: App, store: Mortal, mission: str) -> None:
    while True:
        store.changed.clear()
        record = await record_of(store, mission)
        if record.mission.status.ended:
            return
        for gate in record.open_gates:
            await app.missions.decide(decision(record, gate))
        await store.changed.wait()


async def record_of(store: Store, mission: str) -> Record:
    record = await store.record(mission)
    assert record is not None
    return record


def decision(record: Record, gate: Gate) -> Said:
    """Approve, answer, and send the first artifact back once. Its key is that of a real click."""
    verb, words = Verb.approve, ""
    if gate.kind is GateKind.question:
        verb, words = Verb.answer, "dollars"
    elif gate.kind is GateKind.artifact and gate.version == 1:
        verb, words = Verb.revise, "Shorter"
    return Said(
        key=f"click-{gate.id}", person=ADA, gate=gate.id, verb=verb, version=gate.version,
        words=words,
    )  # fmt: skip


async def shown(app: App, store: Mortal, mission: str) -> None:
    """Wait until people see all of it."""
    while True:
        store.changed.clear()
        if all(slot.shown >= slot.wanted for slot in await store.slots(mission)):
            return
        app.shown()
        await store.changed.wait()


async def write(folder: Path, store: Store, mission: str) -> None:
    """What came of it, as far as it must be the same whatever happened on the way."""
    record = await record_of(store, mission)
    assert record.artifact is not None
    result: dict[str, Any] = {
        "status": record.mission.status.value,
        "body": record.artifact.body,
        "version": record.artifact.version,
        "made_from": [list(row) for row in record.artifact.made_from],
        "files": [[f.name, f.sha256] for f in record.artifact.files],
        "attempts": [[a.task, a.number, a.status.value] for a in record.attempts],
        "gates": [[g.name, str(g.outcome)] for g in record.gates],
        "decisions": len(record.decisions),
        "events": [
            [e.kind.value, e.data.get("task", ""), e.data.get("gate", "")]
            for e in await store.events(mission)
            if e.kind.value in {"attempt_done", "reviewed", "decided", "gate_opened"}
        ],
        "calls": record.spending.calls,
        "messages": await messages(store, mission),
        "commits": getattr(store, "commits", 0),
    }
    (folder / "result.json").write_text(json.dumps(result), encoding="utf-8")


async def messages(store: Store, mission: str) -> list[list[Any]]:
    """What stands in the chat: each slot, and how many messages it has."""
    c = t.web_messages.c
    query = (
        sqlalchemy.select(c.slot, sqlalchemy.func.count())
        .where(c.mission == mission)
        .group_by(c.slot)
        .order_by(c.slot)
    )
    async with store.reading() as conn:
        return [list(row) for row in await conn.execute(query)]


ENDED = "ended"
"""A file that only a life which came to its end leaves."""


def main(folder: Path, url: str, when: str = "", number: int = 0) -> None:
    """The life of one process."""
    configure("ERROR")
    asyncio.run(run(folder, url, when, number))
    (folder / ENDED).touch()
