"""Discord as a part of a running bot: made from its parts, and ended with them."""

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from bot.chat.discord import DiscordChat, Link, Pace, point
from bot.documents.worker import Workers
from bot.inbox import Inbox
from bot.missions import Missions
from bot.ports import Chat, Files
from handlers.discord.bot import Bot, Ended
from handlers.discord.face import Face

log = structlog.get_logger(__name__)


class Serving:
    """Discord while the block runs. When Discord ends it, `ended` says why; the others go on."""

    def __init__(
        self,
        token: str,
        missions: Missions,
        inbox: Inbox,
        files: Files,
        workers: Workers,
        *,
        show: Callable[[Chat], None],
        api_base: str = "",
        gateway_url: str = "",
        link: Link | None = None,
    ) -> None:
        point(api_base, gateway_url)
        pace = Pace()
        self.chat = DiscordChat(token, files, pace=pace, link=link)
        self.bot = Bot(Face.of(missions, inbox, files, workers, self.chat), token, pace)
        self.ended = ""
        self._show = show
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "Serving":
        self._show(self.chat)
        self._task = asyncio.create_task(self._run(), name="discord")
        return self

    async def _run(self) -> None:
        try:
            await self.bot.run()
        except Ended as ended:
            self.ended = str(ended)
            log.error("discord_ended", why=self.ended)
        except Exception:
            self.ended = "Discord stopped for a reason that is in the log. Restart to try again."
            log.exception("discord_broke")

    async def wait(self) -> str:
        """Wait until Discord has ended; gives why."""
        if self._task is not None:
            await self._task
        return self.ended

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        await self.chat.close()
