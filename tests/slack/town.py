"""A workspace with people, and the whole bot in it: `start` and `stop` are its process's life."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import App
from bot.domain.gate import Gate, GateKind
from bot.domain.mission import Status
from bot.settings import Settings
from bot.store.store import Store
from handlers.slack import Slack
from tests.core.world import artifact, brief, gate, plan, task
from tests.slack.standin import BOT, Standin

Json = dict[str, Any]
GOAL = "From the attached export, which three endpoints changed most? Make a one-page brief."
CSV = b"endpoint,before,after\n/a,10,90\n/b,20,25\n/c,5,60\n/d,7,8\n/e,30,2\n"
FAST = 0.05
WAITING = {
    "plan": Status.needs_plan_approval, "question": Status.needs_answer,
    "artifact": Status.needs_artifact_approval,
}  # fmt: skip


def settings_for(slack: Standin, folder: Path, database: str, **more: Any) -> Settings:
    """Socket Mode on the stand-in, nothing from the environment."""
    given: dict[str, Any] = {
        "data_dir": folder, "database_url": database, "slack_bot_token": slack.bot_token,
        "slack_app_token": slack.app_token, "slack_api_url": slack.url, "_env_file": None,
    }  # fmt: skip
    return Settings(**(given | more))


class Town:
    """The stand-in, the App and Slack's door between them."""

    def __init__(self, slack: Standin, settings: Settings) -> None:
        self.slack = slack
        self.settings = settings
        self.running = False
        self._more: list[AsyncSocketModeHandler] = []

    async def start(
        self, *, work: bool = True, ping: float = 1.0, team: Callable[[Store], Any] | None = None
    ) -> "Town":
        """`work` advances missions, with the offline model unless a `team` makes another.

        `ping` is the socket's, in seconds.
        """
        self.app = await App.open(self.settings)
        self.door = Slack(self.app, ping=ping)
        self.door.chat.pace = FAST
        before = len(self.slack.post.sockets)
        await self.door.__aenter__()
        self.face = self.door.face
        if work:
            graphs = import_module("graphs.start")
            models = team(self.app.store) if team else None
            given = (self.settings, self.app.store)
            models = models or await graphs.models(*given, only_offline=True)
            await self.app.work(models=models)
        else:
            self._inbox = asyncio.create_task(self.app.inbox.run())
        if self.settings.slack_app_token:
            await self.slack.until(lambda: len(self.slack.post.sockets) > before)
        self.running = True
        return self

    async def stop(self) -> None:
        if not self.running:
            return
        self.running = False
        for more in self._more:
            await more.close_async()
        self._more.clear()
        await self.door.__aexit__()
        if hasattr(self, "_inbox"):
            self._inbox.cancel()
            await asyncio.gather(self._inbox, return_exceptions=True)
            del self._inbox
        await self.app.close()

    async def asked(self, kind: str = "plan", **more: Any) -> Gate:
        """Bring the newest mission to a gate, as the graph would; gives the gate."""
        mission = (await self.missions())[0]
        tasks = (task("T1"), task("T2", "T1"))
        now = self.app.store.clock()
        base: dict[str, Any] = {
            "mission": mission.id, "policy": mission.policy, "opened_at": now,
            "expires_at": now + timedelta(days=7), "id": f"g{mission.id}{kind}",
        }  # fmt: skip
        opened = gate(GateKind(kind), **(base | more))
        async with self.app.store.begin() as tx:
            await tx.add_brief(mission.id, brief())
            await tx.put_plan(mission.id, plan(*tasks, critiqued=0))
            if kind == "artifact":
                await tx.put_artifact(mission.id, artifact((), reviewed=True))
            await tx.open_gate(opened)
            await tx.set_status(mission.id, WAITING[kind])
            await tx.want(mission.id, mission.place, opened.name)
        self.app.shown()
        return opened

    async def second_socket(self) -> None:
        """Open one more, as a second connection of the same process."""
        client = AsyncWebClient(base_url=self.slack.url)
        more = AsyncSocketModeHandler(
            self.door.bolt, self.slack.app_token, web_client=client, ping_interval=0.2
        )
        await more.connect_async()
        self._more.append(more)
        await self.slack.until(lambda: len(self.slack.post.sockets) == 1 + len(self._more))

    async def caught_up(self) -> None:
        """Wait until what was missed has been read."""
        reading = self.door._reading
        if reading is not None:
            await reading

    # -- people ----------------------------------------------------------------------------------

    def mention(self, text: str, user: str = "U1", channel: str = "C1", **more: Any) -> Json:
        return self.slack.say(channel, user, f"<@{BOT}> {text}", **more)

    async def button(self, channel: str, thread: str, label: str, timeout: float = 60.0) -> Json:
        """The newest message there with this button, once there is one."""

        def shown() -> Json | None:
            found = [m for m in self.slack.seen(channel, thread) if label in labels(m)]
            return found[-1] if found else None

        return await self.slack.until(shown, timeout)

    async def started(self, number: int = 1) -> Any:
        """The newest mission, once there are so many."""
        async with asyncio.timeout(20):
            while len(found := await self.missions()) < number:
                await asyncio.sleep(0.02)
        return found[0]

    async def settled(self) -> None:
        """Wait until everything that was sent was acknowledged, kept and dealt with."""
        envelopes = self.slack.post.envelopes.values()
        await self.slack.until(lambda: all(e.acked.is_set() for e in envelopes))
        await self.app.inbox.settle()

    async def told(self, user: str, words: str, timeout: float = 20.0) -> str:
        """The private answer with these words, once it is there."""

        def found() -> str:
            texts = [e["text"] for e in self.slack.private(user) if words in e["text"]]
            return texts[-1] if texts else ""

        return await self.slack.until(found, timeout)

    async def ended(self, number: int = 1) -> None:
        """Wait until so many missions have ended."""
        async with asyncio.timeout(30):
            while sum(m.status.ended for m in await self.missions()) < number:
                await asyncio.sleep(0.02)

    async def kept(self) -> int:
        """How many letters the inbox has, done or not."""
        async with self.app.store.reading() as conn:
            return int((await conn.exec_driver_sql("SELECT count(*) FROM inbox")).scalar_one())

    async def missions(self) -> Any:
        return await self.app.store.missions("slack:T1")


def labels(message: Json) -> list[str]:
    """The labels of a message's buttons and menus."""
    found: list[str] = []
    for block in message.get("blocks", []):
        for element in block.get("elements", []):
            if element.get("type") == "feedback_buttons":
                pair = (element["positive_button"], element["negative_button"])
                found += [str(thumb["text"]["text"]) for thumb in pair]
                continue
            text = element.get("text") if isinstance(element.get("text"), dict) else None
            text = text or element.get("placeholder") or {}
            if "action_id" in element:
                found.append(str(text.get("text", "")))
    return found


def texts_of(node: Any) -> list[str]:
    """Every text in a block, in order."""
    if isinstance(node, list):
        return [text for item in node for text in texts_of(item)]
    if not isinstance(node, dict):
        return []
    own = [node["text"]] if isinstance(node.get("text"), str) else []
    return own + [text for item in node.values() for text in texts_of(item)]
