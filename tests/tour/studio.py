"""A running bot and a person in front of it, in a few verbs.

async with studio(folder, script) as bot:
    mission = await bot.mission("Count the calls")
    await mission.until_asked("plan")
    await mission.approve()
    assert (await mission.until_ended()).mission.status is Status.done
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from bot import presenter
from bot.app import App
from bot.cards import Card, plain
from bot.domain.board import Board, TaskState
from bot.domain.gate import Gate, GateKind, Verb
from bot.domain.mission import Attachment, Person
from bot.domain.record import Record
from bot.missions import NewMission, Reply, Said
from bot.settings import Settings
from bot.store.ledger import Ledger
from bot.store.store import Clock, Store, now
from bot.store.tx import Tx
from graphs.models.ask import Models
from graphs.models.tiers import Tiers
from graphs.workshop import Limits
from tests.tour.script import Script

ADA = Person(workspace="W1", id="ada", name="Ada")
PATIENCE = 30
"""Seconds after which a test that waits has failed."""
LULL = 0.3
"""Seconds in which a bot that has something to do commits something."""


class Watched(Store):
    """A store that says when something was committed: tests wait for that, not for the clock."""

    def __init__(self, url: str, clock: Clock = now) -> None:
        super().__init__(url, clock)
        self.commits = 0
        self.changed = asyncio.Condition()

    @asynccontextmanager
    async def begin(self) -> AsyncGenerator[Tx]:
        async with super().begin() as tx:
            yield tx
        async with self.changed:
            self.commits += 1
            self.changed.notify_all()

    async def after(self, seen: int) -> None:
        """Wait for a commit after so many."""
        async with self.changed:
            await self.changed.wait_for(lambda: self.commits > seen)

    async def after_soon(self, seen: int) -> None:
        """The same, or until no more of them come."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LULL):
                await self.after(seen)


@dataclass
class OnStage:
    """One mission, as a person and a test look at it."""

    bot: "Studio"
    id: str

    async def record(self) -> Record:
        record = await self.bot.store.record(self.id)
        assert record is not None
        return record

    async def until(self, true: Callable[[Record], bool]) -> Record:
        """Wait until the rows are so."""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._until(true)
        except TimeoutError:
            raise AssertionError(f"waited in vain; it stands at {await self.story()}") from None

    async def _until(self, true: Callable[[Record], bool]) -> Record:
        while True:
            seen = self.bot.store.commits
            if true(record := await self.record()):
                return record
            await self.bot.store.after(seen)

    async def until_asked(self, kind: str, times: int = 1) -> Gate:
        """Wait until a gate of a kind is open, the `times`-th of its kind; gives it."""

        def found(record: Record) -> list[Gate]:
            return [g for g in record.gates if g.kind is GateKind(kind)]

        def asked(record: Record) -> bool:
            gates = found(record)
            return len(gates) >= times and gates[-1].open

        return found(await self.until(asked))[-1]

    async def until_ended(self) -> Record:
        return await self.until(lambda r: r.mission.status.ended)

    async def until_task(self, name: str, state: TaskState) -> Record:
        """Wait until a task is in a state."""
        return await self.until(
            lambda r: name in (b := Board.of(r).by_id) and b[name].state is state
        )

    # -- what the person says ------------------------------------------------------------------

    async def say(self, verb: Verb, words: str = "", **more: Any) -> Reply:
        """A decision at the gate that is open; `gate` names another one."""
        gate: Gate = more.pop("gate", None) or (await self.record()).open_gates[-1]
        usual: dict[str, Any] = {
            "key": self.bot.key(), "person": ADA, "gate": gate.id, "verb": verb,
            "version": gate.version, "words": words,
        }  # fmt: skip
        return await self.bot.app.missions.decide(Said.model_validate(usual | more))

    async def approve(self, **more: Any) -> Reply:
        return await self.say(Verb.approve, **more)

    async def revise(self, words: str, **more: Any) -> Reply:
        return await self.say(Verb.revise, words, **more)

    async def answer(self, words: str, **more: Any) -> Reply:
        return await self.say(Verb.answer, words, **more)

    async def retry(self, words: str = "", **more: Any) -> Reply:
        return await self.say(Verb.retry, words, **more)

    async def cancel(self, **more: Any) -> Reply:
        return await self.say(Verb.cancel, **more)

    async def stop(self) -> Reply:
        return await self.bot.app.missions.stop(self.bot.key(), ADA, self.id)

    async def steer(self, words: str) -> Reply:
        return await self.bot.app.missions.steer(self.bot.key(), ADA, self.id, words)

    async def to_work(self) -> None:
        """Approve the plan as soon as it is here."""
        await self.until_asked("plan")
        await self.approve()

    async def to_the_end(self) -> Record:
        """Approve everything; gives the last record."""
        await self.to_work()
        await self.until_asked("artifact")
        await self.approve()
        return await self.until_ended()

    # -- what people see -----------------------------------------------------------------------

    async def card(self, slot: str) -> Card:
        card = presenter.card(await self.record(), slot, self.bot.store.clock())
        assert card is not None
        return card

    async def shows(self, slot: str) -> str:
        """The card of a slot as text."""
        return plain(await self.card(slot))

    async def story(self) -> list[str]:
        """What happened, one line an event."""
        events = await self.bot.store.events(self.id)
        return [" ".join([e.kind.value, *map(str, e.data.values())]) for e in events]


@dataclass
class Studio:
    """A running bot with a scripted team."""

    app: App
    script: Script
    store: Watched
    _keys: "count[int]" = field(default_factory=count)

    def key(self) -> str:
        """A key that nobody used before."""
        return f"key-{id(self)}-{next(self._keys)}"

    async def mission(
        self, goal: str = "Count the calls.", files: dict[str, bytes] | None = None, **more: Any
    ) -> OnStage:
        """Ada asks for something."""
        attached = [await self.attach(name, data) for name, data in (files or {}).items()]
        usual: dict[str, Any] = {
            "key": self.key(), "place": "memory:W1:C1", "person": ADA, "goal": goal,
            "attachments": attached,
        }  # fmt: skip
        mission = await self.app.missions.start(NewMission.model_validate(usual | more))
        return OnStage(self, mission.id)

    async def idle(self) -> None:
        """Wait until no mission is under way here."""
        async with asyncio.timeout(PATIENCE):
            while self.app.engine.busy:
                await asyncio.sleep(0.005)

    async def attach(self, name: str, data: bytes) -> Attachment:
        sha256 = await self.app.files.put(data)
        kind = "application/octet-stream"
        return Attachment(name=name, media_type=kind, size=len(data), sha256=sha256)


async def no_pause(_: float) -> None:
    """Between tries of a model nothing is waited for."""


def team(script: Script, store: Store) -> Models:
    """The script behind all three tiers, journalled like any model."""
    ledger = Ledger(store)
    return Tiers.local(
        lambda: script.model, ledger, name="scripted:team", label="a script", sleep=no_pause
    )


@asynccontextmanager
async def studio(
    folder: Path, script: Script, url: str = "", *, clock: Clock = now, **more: Any
) -> AsyncGenerator[Studio]:
    """A bot that runs until the block ends; `more` are Limits, or `models`, or who makes them."""
    settings = Settings(data_dir=folder, database_url=url, _env_file=None)  # pyright: ignore[reportCallIssue]
    store = Watched(settings.database, clock)
    app = await App.open(settings, store)
    try:
        models = more.pop("models", None) or team(script, store)
        models = models(store) if callable(models) else models
        limits = Limits.model_validate({"backoff_seconds": 0.0} | more)
        await app.work(models=models, limits=limits)
        yield Studio(app, script, store)
    finally:
        await app.close()
