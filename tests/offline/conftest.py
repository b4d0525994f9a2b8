"""Missions over real files with real helper processes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.documents.worker import Workers
from tests.offline.mini import Mini


@pytest.fixture
async def mini(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mini]:
    """One mission graph in miniature, in a folder of its own."""
    cache = tmp_path_factory.getbasetemp() / "workers"
    async with Workers(size=1, cache=cache) as workers:
        yield Mini(tmp_path, workers)
