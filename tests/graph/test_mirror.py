"""The mirror tells what its holder wrote, however slowly the rows are read beside it."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.record import Record
from bot.store.store import Store
from graphs.mirror import Mirror
from graphs.workshop import Hold, Workshop
from tests.core.world import attempt, mission


class SlowShop(Workshop):
    """Its records arrive late: `on_the_way` is called once one was read, before it is given."""

    async def record(self, mission: str) -> Record:
        record = await super().record(mission)
        await on_the_way()
        return record


async def on_the_way() -> None:
    """Replaced by what a test has happen meanwhile."""


@pytest.fixture
async def mirror(store: Store, tmp_path: Path) -> Mirror:
    async with store.begin() as tx:
        await tx.add_mission(mission())
    lease = await store.claim("m1", "me", timedelta(minutes=1))
    record = await store.record("m1")
    assert lease is not None
    assert record is not None
    nothing: Any = None
    shop = SlowShop(store, nothing, nothing, nothing, tmp_path)
    return Mirror(shop, Hold(lease), record)


def put(mirror: Mirror, task: str) -> None:
    made = attempt(task, 1, "f")
    mirror.put(lambda tx: tx.add_attempt(made), mirror.with_attempt(made))


def tasks(mirror: Mirror) -> list[str]:
    return [a.task for a in mirror.record.attempts]


async def test_what_is_put_stands_in_it_at_once(mirror: Mirror):
    put(mirror, "T1")
    assert tasks(mirror) == ["T1"]
    await mirror.journal.settled()
    assert tasks(mirror) == ["T1"]


async def test_what_was_put_and_committed_while_it_read_is_not_forgotten(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
):
    """On PostgreSQL a read takes as long as a commit: what it gives may be from before that."""
    put(mirror, "T1")
    left = ["T2"]

    async def meanwhile() -> None:
        if left:
            put(mirror, left.pop())
            await mirror.journal.settled()

    monkeypatch.setattr("tests.graph.test_mirror.on_the_way", meanwhile)
    await mirror.reload()
    assert tasks(mirror) == ["T1", "T2"]


async def test_it_reads_once_while_others_only_keep_calls(
    mirror: Mirror, monkeypatch: pytest.MonkeyPatch
):
    """Calls and steps are no part of a record: they make none old."""
    reads: list[int] = []

    async def meanwhile() -> None:
        reads.append(1)
        mirror.journal.put(lambda tx: tx.put_step("m1", "k", {}), revises=False)

    monkeypatch.setattr("tests.graph.test_mirror.on_the_way", meanwhile)
    async with asyncio.timeout(10):
        await mirror.reload()
    assert reads == [1]
