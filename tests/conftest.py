"""What many tests need: real servers, and a migrated store on each database."""

import asyncio
import contextlib
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.domain.board import Board
from bot.domain.record import Record
from bot.store import statements as q
from bot.store.inline import Conn
from bot.store.migrate import migrate
from bot.store.records import Records, loaded
from bot.store.store import Store, StoreDown
from bot.store.tables import metadata
from tests.servers import Postgres, Redis


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def move(self, **by: float) -> None:
        """`move(days=1, seconds=5)`"""
        self.time += timedelta(**by)


@pytest.fixture(autouse=True)
def kept_records_tell_what_the_rows_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test does: a record that was kept equals the one that its rows give."""
    read, record = Records.read, Store.record

    async def compare(conn: Conn, found: Record) -> None:
        row = (await conn.execute(q.MISSION, {"of_mission": found.mission.id})).mappings().first()
        if row is not None and row["revision"] == found.revision:
            rows = await loaded(conn, row)
            same = {"mission": rows.mission, "spending": rows.spending, "paused": rows.paused}
            assert found.model_copy(update=same) == rows

    async def compared_read(self: Records, conn: Conn, mission: str) -> Record | None:
        found = await read(self, conn, mission)
        if found is not None:
            await compare(conn, found)
        return found

    async def compared_record(self: Store, mission: str) -> Record | None:
        found = await record(self, mission)
        with contextlib.suppress(StoreDown):
            async with self.reading() as conn:
                if not self.sqlite:
                    await conn.execution_options(isolation_level="REPEATABLE READ")
                if found is not None:
                    await compare(conn, found)
        return found

    monkeypatch.setattr(Records, "read", compared_read)
    monkeypatch.setattr(Store, "record", compared_record)


@pytest.fixture(autouse=True)
def boards_are_those_of_their_records(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test does: a board that kept some of an earlier one equals a new one."""
    of = Board.of

    def compared(record: Record) -> Board:
        board = of(record)
        assert board == of(record.model_copy())
        return board

    monkeypatch.setattr(Board, "of", compared)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server for all tests of this process."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    """A Redis server for all tests of this process."""
    server = Redis()
    yield server
    server.close()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file, to copy."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    asyncio.run(_migrated(f"sqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres) -> str:
    """The name of a migrated PostgreSQL database, to copy."""
    postgres.sql("CREATE DATABASE migrated")
    asyncio.run(_migrated(postgres.url("migrated")))
    return "migrated"


async def _migrated(url: str) -> None:
    store = Store(url)
    await migrate(store)
    await store.close()


@pytest.fixture
def sqlite_url(tmp_path: Path, sqlite_template: Path) -> str:
    """A migrated SQLite database of one's own."""
    path = tmp_path / "concertmaster.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture(scope="session")
def postgres_shared(postgres: Postgres, postgres_template: str) -> str:
    """The URL of a database that tests use one after the other: making one costs 300 files."""
    return postgres.database(postgres_template)


@pytest.fixture
def postgres_url(postgres: Postgres, postgres_shared: str) -> str:
    """A migrated PostgreSQL database with nothing in it."""
    tables = [f"DELETE FROM {table.name};" for table in metadata.sorted_tables]
    name = postgres_shared.rsplit("/", 1)[1]
    postgres.sql("SET lock_timeout = '10s'; " + " ".join(tables), name)
    return postgres_shared


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """A migrated database of one's own: the test runs on each kind."""
    return request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")


@pytest.fixture
async def store(url: str, clock: Clock) -> AsyncIterator[Store]:
    """A store on each kind of database, whose clock the test moves."""
    made = Store(url, clock)
    yield made
    await made.close()


@pytest.fixture
async def sqlite_store(sqlite_url: str, clock: Clock) -> AsyncIterator[Store]:
    """A store on SQLite, whose clock the test moves."""
    made = Store(sqlite_url, clock)
    yield made
    await made.close()


@pytest.fixture
async def another(url: str, clock: Clock) -> AsyncIterator[Callable[[], Store]]:
    """Open the same database once more, as another process would."""
    made: list[Store] = []

    def open_() -> Store:
        made.append(Store(url, clock))
        return made[-1]

    yield open_
    for one in made:
        await one.close()
