"""Bring a database to the newest schema. Safe to run by several processes at once."""

from pathlib import Path
from typing import Any

from sqlalchemy import Connection, inspect, text
from sqlalchemy.engine import make_url

from bot.store.store import Store

FOLDER = Path(__file__).with_name("migrations")
LOCK = 7_215_001
"""The key of PostgreSQL's advisory lock that lets one process migrate at a time."""
HEAD = "0001"
"""The newest revision; a test holds it against the folder."""


async def migrate(store: Store) -> None:
    """Create or upgrade the schema. Raises StoreDown when the database cannot be reached."""
    async with store.begin() as tx:
        await tx.conn.run_sync(_upgrade)


async def revision(store: Store) -> str:
    """The schema the database is at; "" when it has none. Raises StoreDown."""
    async with store.reading() as conn:
        return await conn.run_sync(_revision)


def file_of(url: str) -> Path | None:
    """Where a SQLite database is kept; None for a server's. A Store would make its folder."""
    parsed = make_url(url)
    return Path(parsed.database or "") if parsed.get_backend_name() == "sqlite" else None


def _upgrade(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
    if _revision(connection) == HEAD:
        return
    from alembic import command

    command.upgrade(config(connection), "head")


def _revision(connection: Connection) -> str:
    """What the database says it is at: asked here, so that Alembic loads only when it is needed."""
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.execute(text("SELECT version_num FROM alembic_version")).scalar())


def config(connection: Connection) -> Any:
    """Alembic's configuration for one open connection."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(FOLDER))
    made.attributes["connection"] = connection
    return made
