"""A Slack workspace with two people and one channel, and the unmodified Bolt app beside it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from tests.slack.standin import Standin
from tests.slack.town import Town, settings_for


@pytest.fixture
async def slack() -> AsyncIterator[Standin]:
    async with Standin() as made:
        made.world.user("U1", "Ada")
        made.world.user("U2", "Grace")
        made.world.channel("C1", "U1", "U2", name="general")
        yield made


class Bolt:
    """A Bolt app on the stand-in, connected by Socket Mode."""

    def __init__(self, slack: Standin) -> None:
        self.client = AsyncWebClient(token=slack.bot_token, base_url=slack.url)
        logger = logging.getLogger("bolt-under-test")
        logger.setLevel(logging.CRITICAL)
        self.app = AsyncApp(token=slack.bot_token, client=self.client, logger=logger)
        self.slack = slack
        self.handlers: list[AsyncSocketModeHandler] = []

    async def connect(self) -> AsyncSocketModeHandler:
        """Open one more socket."""
        client = AsyncWebClient(base_url=self.slack.url)
        handler = AsyncSocketModeHandler(
            self.app, self.slack.app_token, web_client=client, ping_interval=0.2
        )
        before = len(self.slack.post.sockets)
        await handler.connect_async()
        await self.slack.until(lambda: len(self.slack.post.sockets) > before)
        self.handlers.append(handler)
        return handler

    async def close(self) -> None:
        for handler in self.handlers:
            await handler.close_async()
        await asyncio.sleep(0)


@pytest.fixture
async def bolt(slack: Standin) -> AsyncIterator[Bolt]:
    made = Bolt(slack)
    yield made
    await made.close()


@pytest.fixture
async def town(
    slack: Standin, tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Town]:
    """The whole bot beside the stand-in; a test starts it."""
    monkeypatch.setattr("bot.inbox.TICK", 0.2)
    made = Town(slack, settings_for(slack, tmp_path / "data", sqlite_url))
    yield made
    await made.stop()
