"""Upkeep: pause everything, back up, restore, forget."""

import asyncio
import os
import sqlite3
import sys
import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager, suppress
from pathlib import Path
from typing import IO

from sqlalchemy import select

from bot.app import App
from bot.commands import archive
from bot.domain.base import Refused
from bot.settings import Settings
from bot.store import tables as t
from bot.store.migrate import HEAD, file_of, revision
from bot.store.store import BUSY_SECONDS, Store

LOCAL = "local"


@asynccontextmanager
async def opened(settings: Settings) -> AsyncGenerator[App]:
    """The App without its engine: rows and files, nothing that advances. Raises StoreDown."""
    app = await App.open(settings)
    try:
        yield app
    finally:
        await app.close()


# -- pause -----------------------------------------------------------------------------------------


async def set_paused(settings: Settings, *, paused: bool) -> int:
    """Let nothing new start in any workspace, or take that back; gives how many those are."""
    async with opened(settings) as app:
        names = await _workspaces(app.store)
        for name in names:
            await app.missions.pause_all(name, paused=paused)
        return len(names)


async def _workspaces(store: Store) -> tuple[str, ...]:
    """This machine's, and all that rows name."""
    queries = (
        select(t.workspaces.c.id), select(t.missions.c.workspace), select(t.people.c.workspace),
        select(t.installations.c.workspace),
    )  # fmt: skip
    async with store.reading() as conn:
        found = {row[0] for query in queries for row in await conn.execute(query.distinct())}
    return tuple(sorted(found | {LOCAL}))


# -- backup ----------------------------------------------------------------------------------------


async def backup(settings: Settings, out: Path) -> archive.Contents:
    """Write everything to a new archive, while the bot may be running. Raises Refused.

    It appears whole or not at all, and only its owner may read it.
    """
    _must_be_free(out)
    await _must_be_settled(settings)
    async with opened(settings) as app:
        try:
            with _whole(out) as file:
                return await archive.write(app.store, app.files, file)
        except OSError as error:
            why = error.strerror or str(error)
            raise Refused(f"{out} could not be written ({why}). Nothing was left there.") from error


def _must_be_free(out: Path) -> None:
    if out.exists():
        raise Refused(f"{out} exists already and is left as it is. Name another file.")


async def _must_be_settled(settings: Settings) -> None:
    """Raises Refused unless a database of this version is there: a backup makes none."""
    if not _exists(file_of(settings.database)):
        raise Refused("There is nothing to back up: no database is there. Check DATA_DIR.")
    store = Store(settings.database)
    try:
        if await revision(store) != HEAD:
            raise Refused(
                "The database is of another version. Start the bot once to bring it to this one, "
                "then back up."
            )
    finally:
        await store.close()


def _exists(path: Path | None) -> bool:
    return path is None or path.exists()


@contextmanager
def _whole(out: Path) -> Generator[IO[bytes]]:
    """A file that gets its name when all of it is on the disk."""
    out.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=out.parent, prefix=".backup-")
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        _must_be_free(out)
        Path(name).rename(out)
    finally:
        with suppress(FileNotFoundError):
            Path(name).unlink()


async def restore(settings: Settings, path: Path) -> int:
    """Read an archive into an empty place; gives the number of missions. Raises Refused."""
    async with opened(settings) as app:
        return await archive.read(app.store, app.files, archive.Archive(path))


# -- forget ----------------------------------------------------------------------------------------


async def forget(
    settings: Settings, *, mission: str = "", person: str = "", workspace: str = LOCAL
) -> int:
    """Remove a mission, or a person with all theirs; gives how many missions. Raises Missing."""
    async with opened(settings) as app:
        if mission:
            await app.removal.mission(mission)
        count = 1 if mission else await app.removal.person(workspace, person)
        await app.removal.sweep_alone()
    path = file_of(settings.database)
    if path is not None and not await asyncio.to_thread(scrub, path):
        sys.stderr.write(
            "It is gone from the database, but the bot is so busy that old bytes of it may still "
            "be on the disk. They go with the next `forget`.\n"
        )
    return count


def scrub(path: Path) -> bool:
    """SQLite leaves deleted rows in free pages and in its log: write both anew.

    False when readers or writers did not let go of them in time. PostgreSQL's autovacuum does
    this by itself, in its own time.
    """
    conn = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        conn.execute("VACUUM")
        busy, *_ = conn.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        return not busy
    except sqlite3.OperationalError:
        return False
    finally:
        conn.close()
