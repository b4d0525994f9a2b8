"""A server with people and the bot in it, on real parts: store, inbox, courier, discord.py."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from bot.app import App
from bot.chat.discord import DiscordChat, Pace
from bot.domain.gate import Gate, GateKind
from bot.domain.mission import Mission, Person, Policy, Question, Status
from bot.missions import NewMission
from bot.settings import Settings
from handlers.discord import Bot, Ended, Face
from tests.core.world import brief, plan, task
from tests.discord_.standin import Interaction, Json, StandIn


class Town:
    """`start` and `stop` are the life of the bot's process; the server and its people go on."""

    def __init__(self, standin: StandIn, folder: Path, database: str) -> None:
        self.standin = standin
        self.settings = Settings(data_dir=folder, database_url=database, _env_file=None)  # pyright: ignore[reportCallIssue]
        self.guild = standin.guild()
        self.channel = standin.channel(self.guild)
        self.ada = standin.person("ada", self.guild)
        self.bob = standin.person("bob", self.guild)
        self.tasks: list[asyncio.Task[None]] = []
        self.ended = ""
        self.up = False

    async def start(self, *, work: bool = False, inbox: bool = True) -> None:
        """`work` with the graph and the offline model; without, nothing advances a mission."""
        self.app = await App.open(self.settings)
        pace = Pace()
        clock = self.standin.clock.now
        self.chat = DiscordChat(self.standin.token, self.app.files, pace=pace, clock=clock)
        self.chat.pace = 0.01
        self.app.face(self.chat)
        parts = (self.app.missions, self.app.inbox, self.app.files, self.app.workers)
        self.face = Face.of(*parts, self.chat)
        if work:
            graphs = import_module("graphs.start")
            models = await graphs.models(self.settings, self.app.store, only_offline=True)
            await self.app.work(models=models)
        elif inbox:
            self.tasks.append(asyncio.create_task(self.app.inbox.run()))
        self.bot = Bot(self.face, self.standin.token, pace)
        self.tasks.append(asyncio.create_task(self._run()))
        self.up = True
        await self.standin.until(lambda: self.ended or self.ready)

    async def _run(self) -> None:
        try:
            await self.bot.run()
        except Ended as ended:
            self.ended = str(ended)
            self.standin.world.touched()

    @property
    def ready(self) -> bool:
        """True when the client has heard of every server."""
        client: Any = self.bot.client
        if client is None or not client.is_ready():
            asyncio.get_running_loop().call_later(0.02, self.standin.world.touched)
            return False
        return True

    async def stop(self) -> None:
        for running in self.tasks:
            running.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        self.tasks.clear()
        await self.app.close()
        await self.chat.close()
        self.up = False

    # looking

    async def until(self, true: Callable[[], Any], timeout: float = 10) -> Any:
        """The first truthy value; looks also when only the bot's side changes."""

        def looked() -> Any:
            asyncio.get_running_loop().call_later(0.02, self.standin.world.touched)
            return true()

        return await self.standin.until(looked, timeout)

    async def told(self, interaction: Interaction) -> str:
        """What the person was told in the end."""
        await self.standin.until(lambda: interaction.said)
        return interaction.text

    async def thread(self, number: int = 1) -> Json:
        """The mission's thread, once it is there."""
        threads = self.standin.threads
        await self.standin.until(lambda: len(threads(self.channel)) >= number)
        return threads(self.channel)[number - 1]

    async def button(self, place: Json, label: str, timeout: float = 30) -> Json:
        """The newest message there with this button, once there is one."""

        def shown() -> Json | None:
            for message in reversed(self.standin.mine(place)):
                if label in self.standin.buttons(message):
                    return message
            return None

        return await self.standin.until(shown, timeout)

    async def missions(self, workspace: str = "") -> tuple[Mission, ...]:
        return await self.app.store.missions(workspace or f"discord:{self.guild['id']}")

    async def mission(self, workspace: str = "") -> Mission:
        """The only mission, once it is there."""
        for _ in range(500):
            found = await self.missions(workspace)
            if found:
                assert len(found) == 1
                return found[0]
            await asyncio.sleep(0.01)
        raise AssertionError("no mission")

    def reactions(self, message: Json) -> list[str]:
        return [r["emoji"]["name"] for r in message.get("reactions", [])]

    # a mission that stands where a test needs it

    async def planned(self, place: Json, policy: Policy | None = None, tasks: int = 2) -> Mission:
        """A mission of Ada's in this place, whose plan waits for a decision."""
        person = Person(workspace=f"discord:{self.guild['id']}", id=self.ada["id"], name="Ada")
        where = f"discord:{self.guild['id']}:{place['id']}"
        made = await self.app.missions.start(
            NewMission(
                key=f"test:{place['id']}", place=where, person=person,
                goal="Compare the vendors and say which one to take.", policy=policy or Policy(),
            )
        )  # fmt: skip
        shown = plan(*(task(f"T{n}") for n in range(1, tasks + 1)))
        now = self.app.store.clock()
        gate = Gate(
            id=f"g{made.id}", mission=made.id, kind=GateKind.plan, name="plan:1",
            subject=shown.fingerprint, version=1, policy=policy or Policy(), opened_at=now,
            expires_at=now + timedelta(days=7),
        )  # fmt: skip
        async with self.app.store.begin() as tx:
            await tx.add_brief(made.id, brief(now=now))
            await tx.put_plan(made.id, shown)
            await tx.open_gate(gate)
            await tx.set_status(made.id, Status.needs_plan_approval)
            await tx.want(made.id, where, "plan:1")
        await self.face.cursors.put(where, place["id"])
        self.app.shown()
        return made

    async def asking(self, place: Json, *questions: Question) -> Mission:
        """A mission of Ada's that has questions before it plans."""
        person = Person(workspace=f"discord:{self.guild['id']}", id=self.ada["id"], name="Ada")
        where = f"discord:{self.guild['id']}:{place['id']}"
        made = await self.app.missions.start(
            NewMission(key=f"test:{place['id']}", place=where, person=person, goal="Compare them.")
        )
        now = self.app.store.clock()
        gate = Gate(
            id=f"q{made.id}", mission=made.id, kind=GateKind.question, name="question:1",
            subject="s", version=1, opened_at=now, expires_at=now + timedelta(days=3),
            data={"questions": [q.model_dump(mode="json") for q in questions]},
        )  # fmt: skip
        async with self.app.store.begin() as tx:
            await tx.add_brief(made.id, brief(now=now))
            await tx.open_gate(gate)
            await tx.set_status(made.id, Status.needs_answer)
            await tx.want(made.id, where, "question:1")
        await self.face.cursors.put(where, place["id"])
        self.app.shown()
        return made

    def own_thread(self, name: str = "Vendors", *, private: bool = False) -> Json:
        """A thread that the bot has made."""
        root = None if private else self.standin.say(self.ada, self.channel, "Compare the vendors")
        bot = self.standin.world.app
        return self.standin.world.thread(self.channel, name, bot, start=root, private=private)
