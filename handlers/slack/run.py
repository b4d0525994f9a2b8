"""Slack, for as long as it is served: the parts put together, the socket, and what was missed."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, cast

import aiohttp
import structlog
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from starlette.routing import BaseRoute

from bot.app import App
from bot.chat.slack import Limiter, LocalLimiter, RedisLimiter, SlackChat
from bot.chat.slack.calls import API
from bot.chat.slack.canvas import Canvases
from bot.chat.slack.errors import code_of
from bot.chat.slack.installs import Installs
from bot.chat.slack.place import PLATFORM
from bot.settings import Settings
from handlers.slack.app import create
from handlers.slack.catchup import catch_up
from handlers.slack.desk import desk
from handlers.slack.face import Face
from handlers.slack.http import events, installing
from handlers.slack.oauth import flow
from handlers.slack.people import People

log = structlog.get_logger(__name__)

AWAY = 5.0
"""Seconds between two tries while Slack cannot be reached."""
PING = 10.0
"""Seconds between two pings; after four without an answer the socket is opened anew."""


class Ended(Exception):
    """Slack cannot be served by this process; the text says why and what to do."""


FATAL = {
    "invalid_auth": "Slack does not know this token",
    "not_authed": "There is no token",
    "account_inactive": "The workspace or the app is gone",
    "token_revoked": "The token was taken back",
    "token_expired": "The token has expired",
    "not_allowed_token_type": "This is another kind of token",
    "missing_scope": "The token lacks a scope",
    "no_permission": "The token lacks a permission",
}


class Slack:
    """Slack's part of an App: made with it, served while `async with` lasts."""

    def __init__(self, app: App, *, ping: float = PING) -> None:
        self.settings = app.settings
        self._app = app
        self._ping = ping
        self.chat, self.face = build(app)
        self._signing = _secret(self.settings.slack_signing_secret)
        self.bolt: AsyncApp = create(self.face, signing_secret=self._signing)
        self._socket: AsyncSocketModeHandler | None = None
        self._reading: asyncio.Task[None] | None = None
        self._gaps = 0

    @property
    def routes(self) -> list[BaseRoute]:
        """What is served over HTTP: events where they can be checked, and the installation."""
        found: list[BaseRoute] = [events(self.bolt)] if self._signing else []
        if self.settings.slack_client_id and self.settings.slack_client_secret:
            found += installing(flow(self.settings, self.face.installs, self.chat.calls.base_url))
        return found

    async def run(self) -> None:
        """Serve until cancelled. Raises Ended: this platform stops, the others go on."""
        async with self:
            await asyncio.Event().wait()

    async def __aenter__(self) -> "Slack":
        self._app.face(self.chat)
        self._app.inbox.serve(PLATFORM, desk(self.face))
        try:
            await self._check()
            if token := _secret(self.settings.slack_app_token):
                await self._connect(token)
            else:
                self.missed()
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def _check(self) -> None:
        """The bot's own token, once. An outage is no reason to stop."""
        await _patiently(self.face.installs.teams, "SLACK_BOT_TOKEN")

    async def _connect(self, token: str) -> None:
        client: Any = AsyncWebClient(base_url=self.chat.calls.base_url)
        opened = await _patiently(
            lambda: client.apps_connections_open(app_token=token), "SLACK_APP_TOKEN"
        )
        self._socket = AsyncSocketModeHandler(
            self.bolt, token, web_client=client, ping_interval=self._ping
        )
        self._socket.client.wss_uri = opened["url"]
        listeners = cast("list[Any]", self._socket.client.message_listeners)  # pyright: ignore[reportUnknownMemberType]
        listeners.append(self._hello)
        await self._socket.connect_async()

    async def _hello(self, _: Any, message: dict[str, Any], __: Any = None) -> None:
        """A socket is open, for the first time or again: something may have been missed."""
        if message.get("type") == "hello":
            self.missed()

    def missed(self) -> None:
        """Read on everywhere, in the background; what is missed meanwhile, after that."""
        self._gaps += 1
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_on(), name="slack catch-up")

    async def _read_on(self) -> None:
        while self._gaps:
            self._gaps = 0
            await catch_up(self.face)

    async def __aexit__(self, *_: object) -> None:
        if self._socket is not None:
            await self._socket.close_async()
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self.chat.close()
        await self.face.installs.close()


async def _patiently(ask: Callable[[], Awaitable[Any]], setting: str) -> Any:
    """What Slack answers, however long it is away. Raises Ended when it says no."""
    while True:
        try:
            return await ask()
        except SlackApiError as error:
            if (code := code_of(error)) in FATAL:
                raise Ended(f"{FATAL[code]}: check {setting}, then start again.") from None
            log.warning("slack_not_ready", error=code)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.warning("slack_not_reached", error=type(error).__name__)
        await asyncio.sleep(AWAY)


def build(app: App) -> tuple[SlackChat, Face]:
    """The chat and the face over an App."""
    settings = app.settings
    base_url = _slashed(settings.slack_api_url or API)
    installs = Installs(
        app.store, settings.key(), single=_secret(settings.slack_bot_token), base_url=base_url,
        client=(settings.slack_client_id or "", _secret(settings.slack_client_secret)),
    )  # fmt: skip
    chat = SlackChat(installs.token, app.files, base_url=base_url, limiter=_limiter(settings))
    chat.canvases = Canvases(chat.calls, app.store, installs)
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
