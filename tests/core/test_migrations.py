"""The migrations make the schema that the code speaks of, whoever runs them."""

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from bot.store.migrate import HEAD, config, migrate
from bot.store.store import Store
from bot.store.tables import metadata
from tests.servers import Postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/new folder/empty.db"
    server: Postgres = request.getfixturevalue("postgres")
    return server.database()


def drift(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return compare_metadata(context, metadata)


def heads(connection: Connection) -> list[str]:
    return ScriptDirectory.from_config(config(connection)).get_heads()


async def test_the_migrations_make_what_the_tables_say(store: Store):
    async with store.reading() as conn:
        assert await conn.run_sync(drift) == []


async def test_the_newest_revision_is_the_one_named(store: Store):
    async with store.reading() as conn:
        assert await conn.run_sync(heads) == [HEAD]


async def test_migrating_again_changes_nothing(empty: str):
    store = Store(empty)
    await migrate(store)
    await migrate(store)
    async with store.reading() as conn:
        names = await conn.run_sync(lambda c: inspect(c).get_table_names())
    assert {table.name for table in metadata.sorted_tables} <= set(names)
    await store.close()


async def test_four_processes_migrate_at_once(empty: str):
    """As when a team's server and its workers start together."""
    ran = await asyncio.gather(*(_spawn(empty) for _ in range(4)))
    for process in ran:
        assert process.stdin is not None
        process.stdin.write(b"go\n")
    said = await asyncio.gather(*(process.communicate() for process in ran))
    assert [out for out, _ in said] == [b"done\n"] * 4, said
    store = Store(empty)
    async with store.reading() as conn:
        assert await conn.run_sync(drift) == []
    await store.close()


async def _spawn(url: str) -> asyncio.subprocess.Process:
    pipe = asyncio.subprocess.PIPE
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.core.migrator", url, stdin=pipe, stdout=pipe, stderr=pipe
    )
