"""Slack, for as long as it is served: the parts put together, the socket, and what was missed."""

import asyncio
from typing import Any, cast

import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import App
from bot.chat.slack import Limiter, LocalLimiter, RedisLimiter, SlackChat
from bot.chat.slack.calls import API
from bot.chat.slack.installs import Installs
from bot.chat.slack.place import PLATFORM
from bot.settings import Settings
from handlers.slack.app import create
from handlers.slack.catchup import catch_up
from handlers.slack.desk import desk
from handlers.slack.face import Face
from handlers.slack.people import People

log = structlog.get_logger(__name__)

PING = 10.0
"""Seconds between two pings; after four without an answer the socket is opened anew."""


class Slack:
    """`async with Slack(app)`: what people do in Slack reaches the product, and back."""

    def __init__(self, app: App, *, ping: float = PING) -> None:
        settings = app.settings
        self._app = app
        self._ping = ping
        self.chat, self.face = build(app)
        self.bolt: AsyncApp = create(
            self.face, signing_secret=_secret(settings.slack_signing_secret)
        )
        self._socket: AsyncSocketModeHandler | None = None
        self._reading: asyncio.Task[int] | None = None

    async def __aenter__(self) -> "Slack":
        self._app.face(self.chat)
        self._app.inbox.serve(PLATFORM, desk(self.face))
        token = _secret(self._app.settings.slack_app_token)
        if token:
            await self._connect(token)
        else:
            self.missed()
        return self

    async def _connect(self, token: str) -> None:
        client = AsyncWebClient(base_url=self.chat.calls.base_url)
        self._socket = AsyncSocketModeHandler(
            self.bolt, token, web_client=client, ping_interval=self._ping
        )
        listeners = cast("list[Any]", self._socket.client.message_listeners)  # pyright: ignore[reportUnknownMemberType]
        listeners.append(self._hello)
        await self._socket.connect_async()

    async def _hello(self, _: Any, message: dict[str, Any], __: Any = None) -> None:
        """A socket is open, for the first time or again: something may have been missed."""
        if message.get("type") == "hello":
            self.missed()

    def missed(self) -> None:
        """Read on everywhere, in the background; one at a time is enough."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(catch_up(self.face), name="slack catch-up")

    async def __aexit__(self, *_: object) -> None:
        if self._socket is not None:
            await self._socket.close_async()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self.chat.close()


def build(app: App) -> tuple[SlackChat, Face]:
    """The chat and the face over an App."""
    settings = app.settings
    base_url = _slashed(settings.slack_api_url or API)
    installs = Installs(
        app.store, settings.key(), single=_secret(settings.slack_bot_token), base_url=base_url
    )
    chat = SlackChat(installs.token, app.files, base_url=base_url, limiter=_limiter(settings))
    face = Face(
        missions=app.missions, files=app.files, workers=app.workers, chat=chat, installs=installs,
        inbox=app.inbox, people=People(chat.calls),
    )  # fmt: skip
    return chat, face


def configured(settings: Settings) -> bool:
    """True when Slack can be served: by a socket, or by HTTP."""
    tokens = settings.slack_bot_token or settings.slack_client_id
    return bool(tokens and (settings.slack_app_token or settings.slack_signing_secret))


def _limiter(settings: Settings) -> Limiter:
    if not settings.redis_url:
        return LocalLimiter()
    from redis.asyncio import Redis

    return RedisLimiter(Redis.from_url(settings.redis_url))  # pyright: ignore[reportUnknownMemberType]


def _secret(value: Any) -> str:
    return value.get_secret_value() if value is not None else ""


def _slashed(url: str) -> str:
    return url if url.endswith("/") else f"{url}/"
