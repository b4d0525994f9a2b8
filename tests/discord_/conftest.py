"""A Discord and a client for each test."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import discord
import pytest

from bot.chat.discord.where import point
from tests.discord_.standin import StandIn
from tests.discord_.town import Town


@pytest.fixture
async def standin() -> AsyncIterator[StandIn]:
    """A Discord of its own, that discord.py is pointed at."""
    async with StandIn() as made:
        point(made.base, made.gateway_url)
        yield made
    point()


@pytest.fixture
async def connect(standin: StandIn) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """Start a client and wait until it is ready; it is closed after the test."""
    running: list[tuple[discord.Client, asyncio.Task[None]]] = []

    async def start(client: discord.Client) -> discord.Client:
        running.append((client, asyncio.create_task(client.start(standin.token))))
        ready = asyncio.create_task(client.wait_until_ready())
        await asyncio.wait([ready, running[-1][1]], return_when=asyncio.FIRST_COMPLETED)
        return client

    yield start
    for client, task in running:
        await client.close()
        await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def town(standin: StandIn, tmp_path: Path, sqlite_url: str) -> AsyncIterator[Town]:
    """A server with Ada, Bob and the bot; the test starts it."""
    made = Town(standin, tmp_path / "data", sqlite_url)
    yield made
    if made.up:
        await made.stop()
