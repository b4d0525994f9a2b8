"""A mission on Discord from the first word to the approved result, with the offline model."""

import asyncio
from collections.abc import AsyncIterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bot.app import App
from bot.chat.discord import DiscordChat, Pace
from bot.settings import Settings
from handlers.discord import Bot, Face
from tests.discord_.standin import Json, StandIn
from tests.discord_.standin.rules import walk

GOAL = "From the attached export, which three endpoints changed most? Make a one-page brief."
CSV = b"endpoint,before,after\n/a,10,90\n/b,20,25\n/c,5,60\n/d,7,8\n/e,30,2\n"


class Town:
    """A server with people, and the bot in it. `start` and `stop` are its process's life."""

    def __init__(self, standin: StandIn, folder: Path, database: str) -> None:
        self.standin = standin
        self.settings = Settings(data_dir=folder, database_url=database, _env_file=None)  # pyright: ignore[reportCallIssue]
        self.guild = standin.guild()
        self.channel = standin.channel(self.guild)
        self.ada = standin.person("ada", self.guild)
        self.bob = standin.person("bob", self.guild)
        self.serving: asyncio.Task[None] | None = None

    async def start(self, *, work: bool = False) -> None:
        self.app = await App.open(self.settings)
        pace = Pace()
        self.chat = DiscordChat(
            self.standin.token, self.app.files, pace=pace, clock=self.standin.clock.now
        )
        self.chat.pace = 0.05
        self.app.face(self.chat)
        self.face = Face.of(
            self.app.missions, self.app.inbox, self.app.files, self.app.workers, self.chat
        )
        if work:
            graphs = import_module("graphs.start")
            models = await graphs.models(self.settings, self.app.store, only_offline=True)
            await self.app.work(models=models)
        self.bot = Bot(self.face, self.standin.token, pace)
        before = self.standin.gateway.identified
        self.serving = asyncio.create_task(self.bot.run())
        await self.standin.until(
            lambda: (
                (self.serving and self.serving.done()) or self.standin.gateway.identified > before
            )
        )
        client: Any = self.bot.client
        if not self.serving.done():
            await client.wait_until_ready()

    async def stop(self) -> None:
        if self.serving is not None:
            self.serving.cancel()
            await asyncio.gather(self.serving, return_exceptions=True)
        self.serving = None
        await self.app.close()
        await self.chat.close()

    async def thread(self, number: int = 1) -> Json:
        """The mission's thread, once it is there."""
        found = await self.standin.until(lambda: len(self.standin.threads(self.channel)) >= number)
        assert found
        return self.standin.threads(self.channel)[number - 1]

    async def button(self, place: Json, label: str, timeout: float = 60) -> Json:
        """The newest message there with this button, once there is one."""

        def shown() -> Json | None:
            for message in reversed(self.standin.mine(place)):
                if label in self.standin.buttons(message):
                    return message
            return None

        return await self.standin.until(shown, timeout)


@pytest.fixture
async def town(standin: StandIn, tmp_path: Path, sqlite_url: str) -> AsyncIterator[Town]:
    made = Town(standin, tmp_path / "data", sqlite_url)
    yield made
    if made.serving is not None:
        await made.stop()


async def test_a_mission_from_a_command_to_the_approved_result(town: Town) -> None:
    """Start with a file, approve the plan, approve the result, download it."""
    await town.start(work=True)
    standin = town.standin
    asked = standin.slash(
        town.ada, town.channel, "mission start", goal=GOAL, file=("export.csv", CSV)
    )
    await standin.answered(asked)
    thread = await town.thread()
    plan = await town.button(thread, "Approve")
    done = await standin.answered(standin.click(town.ada, plan, "Approve"))
    assert done.private
    assert "Approved" in done.text
    result = await standin.until(lambda: _artifact(standin, thread), 60)
    assert "/a" in standin.text(result)
    accepted = await standin.answered(standin.click(town.ada, result, "Approve"))
    assert "done" in accepted.text
    menu = next(p for p in walk(result["components"]) if p["type"] == 3)
    saved = standin.choose(town.ada, result, menu["custom_id"], "md")
    await standin.until(lambda: saved.said, 30)
    assert saved.said[0]["attachments"][0]["filename"].endswith(".md")
    assert list(standin.journal.unhandled) == []


def _artifact(standin: StandIn, thread: Json) -> Json | None:
    for message in standin.mine(thread):
        kinds = {p["type"] for p in walk(message["components"])}
        if 3 in kinds and "Approve" in standin.buttons(message):
            return message
    return None
