"""A full disk, a locked file, a server that is away: one clear sentence, and nothing is lost."""

import asyncio
import shutil
import subprocess
import sys
import threading
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from bot.store import store as module
from bot.store.store import Store, StoreDown
from tests.conftest import Clock
from tests.core.world import mission
from tests.servers import Postgres

FULL = "The disk is full, so this was not saved. Nothing saved before is lost. "
LOCKED = "The database is in use by another program, so this was not saved."
AWAY = "The database cannot be reached, so this was not saved. Nothing saved before is lost."


async def put(store: Store, name: str, goal: str = "g") -> None:
    async with store.begin() as tx:
        await tx.add_mission(mission(id=name, goal=goal))


async def refused(store: Store, name: str = "lost") -> str:
    """The sentence with which the store says no."""
    with pytest.raises(StoreDown) as caught:
        await put(store, name)
    return str(caught.value)


async def names(store: Store) -> list[str]:
    return sorted(m.id for m in await store.missions("W1", limit=10_000))


# -- a locked file ---------------------------------------------------------------------------------


@contextmanager
def held(path: Path) -> Generator[None]:
    """Another process has the file to itself."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.core.holder", str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        yield
        holder.stdin.close()
        holder.stdout.read()
        holder.wait()


async def test_a_locked_database_says_so_and_takes_it_once_it_is_free(
    sqlite_url: str, tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "BUSY_SECONDS", 0.1)
    store = Store(sqlite_url, clock)
    await put(store, "before")
    with held(tmp_path / "concertmaster.db"):
        assert (await refused(store)).startswith(LOCKED)
    await put(store, "after")
    assert await names(store) == ["after", "before"]
    await store.close()


async def test_a_writer_waits_while_another_program_is_short_about_it(
    sqlite_url: str, tmp_path: Path, clock: Clock
):
    store = Store(sqlite_url, clock)
    await put(store, "before")
    with held(tmp_path / "concertmaster.db"):
        writing = asyncio.create_task(put(store, "patient"))
        done, _ = await asyncio.wait([writing], timeout=0.3)
        assert not done
    await writing
    assert await names(store) == ["before", "patient"]
    await store.close()


async def test_a_program_that_is_killed_with_the_lock_leaves_the_database_usable(
    sqlite_url: str, tmp_path: Path, clock: Clock
):
    store = Store(sqlite_url, clock)
    await put(store, "before")
    with subprocess.Popen(
        [sys.executable, "-m", "tests.core.holder", str(tmp_path / "concertmaster.db")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as holder:  # fmt: skip
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.kill()
        holder.wait()
    await put(store, "after")
    assert await names(store) == ["after", "before"]
    await store.close()


# -- a full disk -----------------------------------------------------------------------------------


class Disk:
    """2 MB for a database: a file system of that size, or SQLite's own limit on its file.

    Anybody may set the limit; only some may mount. The one is full when it writes, the other when
    it makes room.
    """

    def __init__(self, folder: Path, *, mounted: bool) -> None:
        self.folder = folder
        self._mounted = mounted
        self._full = True
        folder.mkdir()
        if mounted:
            self._mount("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs")

    def store(self, clock: Clock) -> Store:
        made = Store(f"sqlite:///{self.folder}/c.db", clock)
        if self._full and not self._mounted:
            event.listen(made.engine.sync_engine, "connect", _two_mb)
        return made

    def grow(self) -> None:
        """Room for the stores that are opened from here on."""
        self._full = False
        if self._mounted:
            self._mount("mount", "-o", "remount,size=8m")

    def close(self) -> None:
        if self._mounted:
            self._mount("umount", "-l")

    def _mount(self, *command: str) -> None:
        subprocess.run([*command, str(self.folder)], check=True)


def _two_mb(connection: Any, _: object) -> None:
    connection.cursor().execute("PRAGMA max_page_count = 512")


def may_mount() -> bool:
    if shutil.which("unshare") is None:
        return False
    tried = subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True)
    return tried.returncode == 0


@pytest.fixture(params=["limited", *(["mounted"] if may_mount() else [])])
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Disk]:
    disk = Disk(tmp_path / "small", mounted=request.param == "mounted")
    yield disk
    disk.close()


async def test_a_full_disk_says_so_and_keeps_what_was_saved(
    small_disk: Disk, sqlite_template: Path, clock: Clock
):
    shutil.copy(sqlite_template, small_disk.folder / "c.db")
    store = small_disk.store(clock)
    kept: list[str] = []

    async def fill() -> None:
        for n in range(1_000):
            await put(store, f"m{n:03}", "x" * 20_000)
            kept.append(f"m{n:03}")

    with pytest.raises(StoreDown, match=FULL):
        await fill()
    assert 0 < len(kept) < 1_000
    assert await names(store) == kept
    await store.close()
    small_disk.grow()
    again = small_disk.store(clock)
    await put(again, "z-after")
    assert await names(again) == [*kept, "z-after"]
    async with again.reading() as conn:
        assert (await conn.execute(text("PRAGMA integrity_check"))).scalar_one() == "ok"
    await again.close()


async def test_a_file_that_cannot_grow_keeps_what_was_saved(
    sqlite_url: str, tmp_path: Path, clock: Clock
):
    """Another process with a limit on the size of its files."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.core.filler", sqlite_url, "1000000"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    kept, _, sentence = done.stdout.strip().partition(" ")
    assert "Nothing saved before is lost." in sentence
    store = Store(sqlite_url, clock)
    assert len(await names(store)) == int(kept) > 0
    await store.close()


async def test_a_disk_that_is_full_for_postgresql_says_so():
    """A real one needs a disk of its own: here is the error that it gives."""
    gone = OSError("could not extend file: No space left on device")
    assert module._why(gone).startswith(FULL)


# -- a server that is away -------------------------------------------------------------------------


async def test_a_server_that_stops_says_so_and_takes_it_when_it_is_back(
    postgres: Postgres, postgres_template: str, clock: Clock
):
    """Also for connections that were open before."""
    store = Store(postgres.database(postgres_template), clock)
    await put(store, "before")
    postgres.stop()
    try:
        assert (await refused(store)).startswith(AWAY)
        with pytest.raises(StoreDown, match="cannot be reached"):
            await store.record("before")
    finally:
        postgres.start()
    await put(store, "after")
    assert await names(store) == ["after", "before"]
    await store.close()


async def test_a_server_that_stops_in_mid_transaction_keeps_none_of_it(
    postgres: Postgres, postgres_template: str, clock: Clock
):
    store = Store(postgres.database(postgres_template), clock)

    async def write() -> None:
        async with store.begin() as tx:
            await tx.add_mission(mission(id="half"))
            await asyncio.to_thread(postgres.stop)
            await tx.add_mission(mission(id="other half"))

    try:
        with pytest.raises(StoreDown, match="cannot be reached"):
            await write()
    finally:
        postgres.start()
    assert await names(store) == []
    await store.close()


async def test_a_connection_that_the_server_ends_is_no_fault_of_the_program(
    postgres: Postgres, postgres_template: str, clock: Clock
):
    store = Store(postgres.database(postgres_template), clock)

    async def write() -> None:
        async with store.begin() as tx:
            await tx.add_mission(mission(id="half"))
            pid = (await tx.conn.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            await asyncio.to_thread(postgres.sql, f"SELECT pg_terminate_backend({pid})")
            await tx.wake("half")

    with pytest.raises(StoreDown):
        await write()
    await put(store, "after")
    assert await names(store) == ["after"]
    await store.close()


async def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path):
    (tmp_path / "file").touch()
    store = Store(f"sqlite:///{tmp_path}/missing.db")
    (tmp_path / "missing.db").mkdir()
    with pytest.raises(StoreDown, match="cannot be reached"):
        await put(store, "m1")
    await store.close()
    # The thread of the connection that never was still speaks to this loop when it ends.
    workers = [t for t in threading.enumerate() if "_connection_worker" in t.name]
    await asyncio.to_thread(lambda: [t.join() for t in workers])


async def test_a_fault_of_the_program_is_not_called_the_databases(store: Store):
    """It must be seen and mended, not waited out."""
    await put(store, "m1")
    with pytest.raises(IntegrityError):
        await put(store, "m1")
