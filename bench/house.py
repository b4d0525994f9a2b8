"""The product as it is measured: the whole App in this process, shown to a person who approves."""

import asyncio
import tempfile
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bench import work
from bot.app import App
from bot.cards import decode
from bot.chat.memory import MemoryChat
from bot.chat.web.chat import PACE
from bot.domain.gate import Verb
from bot.domain.mission import Status
from bot.missions import new_id
from bot.ports import Message
from bot.settings import Settings
from bot.store import tables as t
from bot.store.ledger import Ledger
from bot.store.store import Store
from graphs.models.ask import Models
from graphs.models.brain import Brain
from graphs.models.config import TierConfig
from graphs.models.scripted import ScriptedModel
from graphs.models.tiers import Tiers
from handlers.clicks import click


class Approver(MemoryChat):
    """A chat at the browser's pace, whose one person presses Approve as soon as it is there."""

    def __init__(self) -> None:
        super().__init__("memory", PACE)
        self.app: App | None = None
        self._approved: dict[str, asyncio.Future[float]] = {}
        self._clicks: set[asyncio.Task[Any]] = set()

    def approved(self, mission: str) -> asyncio.Future[float]:
        """When the mission's plan was approved, as `time.perf_counter` tells it."""
        return self._approved.setdefault(mission, asyncio.get_running_loop().create_future())

    async def post(self, message: Message) -> str:
        ref = await super().post(message)
        self._look(message)
        return ref

    async def edit(self, ref: str, message: Message) -> None:
        await super().edit(ref, message)
        del self.shown[ref].history[:-1]  # a platform keeps the last one only
        self._look(message)

    def _look(self, message: Message) -> None:
        for button in message.card.buttons:
            if decode(button.id).verb == Verb.approve:
                if not (approved := self.approved(message.mission)).done():
                    approved.set_result(time.perf_counter())
                task = asyncio.create_task(self._press(button.id))
                self._clicks.add(task)
                task.add_done_callback(self._clicks.discard)

    async def _press(self, button: str) -> None:
        assert self.app is not None
        await click(self.app.missions, new_id("k"), work.ME, button, {})


class Recorder(Brain):
    """A Brain that keeps what it was asked, so that others can ask the very same."""

    def __init__(self, brain: Brain) -> None:
        vars(self).update(vars(brain))
        self.asked: dict[str, tuple[Any, int]] = {}
        self.assembling: asyncio.Future[float] = asyncio.Future()
        """When the last verdict was in and the assembly began to ask."""

    async def say(self, question: Any, most: int) -> Any:
        self.asked[question.ask.key] = (question, most)
        if question.ask.purpose == "assemble":
            self._assembles()
        return await super().say(question, most)

    def _assembles(self) -> None:
        """Only the first of many missions is timed."""
        if not self.assembling.done():
            self.assembling.set_result(time.perf_counter())

    async def again(self, key: str) -> Any:
        """The same call once more."""
        return await super().say(*self.asked[key])


def over_http(store: Store, port: int, concurrency: int = 8) -> tuple[Tiers, Recorder]:
    """The tiers as a user configures them, with the stub server as their endpoint."""
    name = "openai:gpt-5.4-mini"
    config = TierConfig(
        light=name, standard=name, strong=name, openai_base_url=f"http://127.0.0.1:{port}/v1"
    )
    brains = config.brains()
    recorder = Recorder(next(iter(brains.values())))
    tiers = Tiers(dict.fromkeys(brains, recorder), Ledger(store), concurrency=concurrency)
    return tiers, recorder


def scripted(store: Store, model: ScriptedModel) -> Tiers:
    """A model in this process."""
    return Tiers.local(lambda: model, Ledger(store), name="scripted:bench", label="scripted")


def sleeper(seconds: float) -> ScriptedModel:
    """A model that takes so long for every answer."""

    async def script(purpose: str, data: dict[str, Any]) -> Any:
        await asyncio.sleep(seconds)
        return work.ANSWERS[purpose]

    return ScriptedModel(script=script)


@asynccontextmanager
async def house() -> AsyncGenerator[tuple[App, Approver]]:
    """An App over a new SQLite file, before it begins to work."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), _env_file=None)  # pyright: ignore[reportCallIssue]
        app = await App.open(settings)
        try:
            chat = Approver()
            chat.app = app
            app.face(chat)
            yield app, chat
        finally:
            await app.close()


async def begin(app: App, models: Models) -> None:
    """Load the graph and start the engine."""
    await app.work(models=models)


async def done(app: App, missions: int) -> None:
    """Wait until so many are done. Raises RuntimeError when one ended otherwise."""
    c = t.missions.c
    query = select(c.status, func.count()).group_by(c.status)
    while True:
        async with app.store.reading() as conn:
            found = {row[0]: row[1] for row in await conn.execute(query)}
        if found.get(Status.done.value, 0) >= missions:
            return
        if any(found.get(s.value) for s in (Status.cancelled, Status.failed, Status.paused)):
            raise RuntimeError(f"not every mission went through: {found}")
        await asyncio.sleep(0.05)
