"""Serving: the browser chat on this machine, and every platform that is configured."""

import asyncio
import contextlib
import secrets
import socket
import sys
import webbrowser
from collections.abc import Coroutine, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount

from bot.app import App
from bot.chat.web.chat import WebChat
from bot.commands.person import ME
from bot.domain.base import Refused
from bot.domain.mission import Person
from bot.settings import Settings
from handlers.web import Face, create

if TYPE_CHECKING:
    from handlers.slack import Slack

log = structlog.get_logger(__name__)

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


async def try_here(settings: Settings, *, open_browser: bool = True, offline: bool = False) -> None:
    """The browser chat; the URL with its token goes to stdout. Ends on Ctrl-C."""
    app = await App.open(settings)
    try:
        async with Page(app) as page:
            sys.stdout.write(f"\n  Concertmaster is here:  {page.url}\n\n  Ctrl-C ends it.\n\n")
            sys.stdout.flush()
            if open_browser and sys.stdout.isatty():
                webbrowser.open(page.url)
            await begin(app, offline=offline)
            await page.ended()
    finally:
        await app.close()


async def begin(app: App, *, offline: bool = False) -> None:
    """Load the graph and start the engine, while the page answers already."""
    if not offline:
        await app.work()
        return
    graphs = await asyncio.to_thread(import_module, "graphs.start")
    await app.work(models=await graphs.models(app.settings, app.store, only_offline=True))


class Page:
    """The browser chat of an App, listening while the block runs."""

    def __init__(self, app: App, person: Person = ME, *, beside: Sequence[BaseRoute] = ()) -> None:
        """`beside` are routes of platforms; they check for themselves who calls."""
        self.app = app
        self._beside = beside
        self.token = secrets.token_urlsafe(24)
        self.chat = WebChat(app.store)
        self.person = person
        self.port = 0
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The address with the token that lets a browser in."""
        return f"http://{self.app.settings.web_host}:{self.port}/?token={self.token}"

    async def __aenter__(self) -> "Page":
        listening = _listen(self.app.settings)
        self.port = listening.getsockname()[1]
        self.app.face(self.chat)
        face = Face(
            missions=self.app.missions, chat=self.chat, files=self.app.files,
            workers=self.app.workers, person=self.person,
        )  # fmt: skip
        config = uvicorn.Config(
            self._site(create(face, token=self.token, port=self.port)), log_level="warning",
            timeout_graceful_shutdown=2, lifespan="off", server_header=False,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        self._serving = asyncio.create_task(self._server.serve([listening]), name="page")
        return self

    def _site(self, page: Starlette) -> Starlette:
        if not self._beside:
            return page
        return Starlette(routes=[*self._beside, Mount("/", page)])

    async def ended(self) -> None:
        """Wait until the server stops: Ctrl-C, or a signal."""
        if self._serving is not None:
            await self._serving

    async def __aexit__(self, *_: object) -> None:
        if self._server is not None and self._serving is not None:
            self.chat.close()
            self._server.should_exit = True
            with contextlib.suppress(asyncio.CancelledError):
                await self._serving


def _listen(settings: Settings) -> socket.socket:
    """A socket on loopback only. Raises Refused with what to do."""
    if settings.web_host not in LOOPBACK:
        raise Refused("The browser chat listens on this machine only: set WEB_HOST to 127.0.0.1.")
    family = socket.AF_INET6 if ":" in settings.web_host else socket.AF_INET
    listening = socket.socket(family)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.web_host, settings.web_port))
    except OSError as error:
        listening.close()
        raise Refused(
            f"Port {settings.web_port} is taken. Stop what uses it, or set WEB_PORT=0 "
            "for a free one."
        ) from error
    listening.listen(128)
    return listening


async def serve_all(settings: Settings) -> None:
    """Every platform that is configured; one that fails to connect does not stop the others."""
    app = await App.open(settings)
    slack = _slack(app)
    serving: list[asyncio.Task[None]] = []
    try:
        async with Page(app, beside=slack.routes if slack else ()) as page:
            sys.stdout.write(f"Browser chat: {page.url}\n")
            sys.stdout.flush()
            if slack is not None:
                serving.append(asyncio.create_task(_served("Slack", slack.run()), name="slack"))
            if settings.discord_token is not None:
                platform = _served("Discord", _discord(app))
                serving.append(asyncio.create_task(platform, name="discord"))
            await begin(app)
            await page.ended()
    finally:
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
        await app.close()


def _slack(app: App) -> "Slack | None":
    """Slack, when it is configured; it is loaded only then."""
    given = app.settings
    if not (given.slack_bot_token or given.slack_client_id):
        return None
    from handlers.slack import Slack, configured

    if not configured(given):
        sys.stdout.write("Slack is not served: set SLACK_APP_TOKEN, or SLACK_SIGNING_SECRET.\n")
        return None
    return Slack(app)


async def _discord(app: App) -> None:
    """Discord; it is loaded only when it is configured."""
    handlers = await asyncio.to_thread(import_module, "handlers.discord")
    await handlers.Discord(app).run()


async def _served(name: str, platform: Coroutine[Any, Any, None]) -> None:
    """Serve a platform; when it ends, the reason is said and the others go on."""
    try:
        await platform
    except Exception as ended:  # the border of a platform
        log.exception("platform_ended", platform=name)
        sys.stderr.write(f"{name} is not served any more. {ended}\n")
