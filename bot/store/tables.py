"""The schema: one for SQLite and PostgreSQL. Every row of a mission carries its id; every query is
scoped by it or by a Workspace. Bodies are the domain's models as JSON.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    false,
    text,
)

from bot.domain.base import writable

T = TypeVar("T")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Straight(TypeDecorator[T]):
    """A type whose values SQLite is given, and gives, as they are turned here: SQLAlchemy's own way
    there has three stops. Other databases take that way.
    """

    to_sqlite: ClassVar[Callable[[Any], Any]]
    of_sqlite: ClassVar[Callable[[Any], Any] | None] = None

    def bind_processor(self, dialect: Dialect) -> Any:
        return self.to_sqlite if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Any:
        plain = dialect.name == "sqlite"
        return self.of_sqlite if plain else super().result_processor(dialect, coltype)


def _moment_text(moment: datetime | None) -> str | None:
    if moment is None:
        return None
    return _utc_text(moment if moment.tzinfo is UTC else moment.astimezone(UTC))


@lru_cache(maxsize=256)
def _utc_text(moment: datetime) -> str:
    """Kept, since what is written together has one time."""
    return moment.replace(tzinfo=None).isoformat(" ", "microseconds")


def _moment_of(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).replace(tzinfo=UTC)


class Moment(Straight[datetime]):
    """A point in time: UTC in the database, aware in Python (SQLite forgets the zone)."""

    impl = DateTime(timezone=True)
    cache_ok = True
    to_sqlite = staticmethod(_moment_text)
    of_sqlite = staticmethod(_moment_of)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


CENT = Decimal("0.01")


def _places(money: Decimal) -> int:
    exponent = money.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


@lru_cache(maxsize=1_024)
def _pico(money: Decimal | None) -> int | None:
    return None if money is None else int(money.scaleb(12).to_integral_value())


def _money(pico: int | None) -> Decimal | None:
    return None if pico is None else _dollars(int(pico))


@lru_cache(maxsize=1_024)
def _dollars(pico: int) -> Decimal:
    """With two decimals, or as many as it takes."""
    money = Decimal(pico).scaleb(-12).normalize()
    return max(money, money.quantize(CENT), key=_places)


class Money(Straight[Decimal]):
    """US dollars as whole picodollars (10⁻¹²): exact, and both databases can add them up.

    The dearest list prices have nine decimals for a token; a finer part is rounded to even.
    """

    impl = BigInteger
    cache_ok = True
    to_sqlite = staticmethod(_pico)
    of_sqlite = staticmethod(_money)

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> int | None:
        return _pico(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return _money(value)


def _written(text: str | None) -> str | None:
    return None if text is None else writable(text)


class Words(Straight[str]):
    """Text from anywhere: what neither database can hold is left out, see `writable`."""

    impl = Text
    cache_ok = True
    to_sqlite = staticmethod(_written)

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return _written(value)


def _id(name: str, **more: Any) -> Column[str]:
    return Column(name, String(120), nullable=False, **more)


def _body(name: str = "body") -> Column[Any]:
    return Column(name, JSON, nullable=False)


def _at(name: str, *, needed: bool = True) -> Column[datetime]:
    return Column(name, Moment, nullable=not needed)


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False, default=False, server_default=false())


def _count(name: str) -> Column[int]:
    return Column(name, Integer, nullable=False, default=0, server_default="0")


OPEN, BEHIND = text("ended_at IS NULL"), text("shown < wanted")
"""Partial indexes hold these rows alone: few, however long the history."""

workspaces = Table(
    "workspaces",
    metadata,
    _id("id", primary_key=True),
    Column("name", Words, nullable=False, default=""),
    _body("house"),
    _flag("paused"),
)

people = Table(
    "people",
    metadata,
    _id("workspace"),
    _id("id"),
    Column("name", Words, nullable=False, default=""),
    Column("zone", String(60), nullable=False, default="UTC"),
    _body("roles"),
    PrimaryKeyConstraint("workspace", "id"),
)

missions = Table(
    "missions",
    metadata,
    _id("id", primary_key=True),
    _id("workspace"),
    Column("place", String(255), nullable=False),
    _id("requester"),
    Column("goal", Words, nullable=False),
    Column("title", Words, nullable=False),
    Column("status", String(40), nullable=False),
    Column("cap", Money, nullable=False),
    _body("policy"),
    _body("attachments"),
    _body("requirements"),
    _body("thread"),
    Column("zone", String(60), nullable=False, default="UTC"),
    Column("models", Words, nullable=False, default=""),
    Column("reason", Words, nullable=False, default=""),
    _flag("stop_asked"),
    _flag("cancel_asked"),
    _at("created_at"),
    _at("updated_at"),
    _at("ended_at", needed=False),
    # the lease: one holder at a time, an epoch that only grows
    Column("holder", String(120), nullable=False, default="", server_default=""),
    _count("epoch"),
    _at("lease_until", needed=False),
    # a wake not yet seen keeps the holder from letting go
    _count("wakes"),
    _count("seen"),
    _count("crashes"),
    # grows with every change of what the mission's record holds beside this row
    _count("revision"),
    Index(None, "workspace", "created_at"),
    Index(None, "place"),
    Index(None, "holder"),
    # the history grows, the sweep must not: it looks at what has not ended
    Index("ix_missions_open", "created_at", sqlite_where=OPEN, postgresql_where=OPEN),
)

briefs = Table(
    "briefs",
    metadata,
    _id("mission"),
    Column("version", Integer, nullable=False),
    _body(),
    PrimaryKeyConstraint("mission", "version"),
)

plans = Table(
    "plans",
    metadata,
    _id("mission"),
    Column("version", Integer, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    _body(),
    PrimaryKeyConstraint("mission", "version"),
)

attempts = Table(
    "attempts",
    metadata,
    _id("mission"),
    _id("task"),
    Column("number", Integer, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    Column("plan_version", Integer, nullable=False),
    Column("status", String(20), nullable=False),
    Column("feedback", Words, nullable=False, default=""),
    Column("output", JSON(none_as_null=True)),
    Column("error", Words, nullable=False, default=""),
    _flag("final"),
    _count("epoch"),
    _at("started_at"),
    _at("ended_at", needed=False),
    PrimaryKeyConstraint("mission", "task", "number"),
)

verdicts = Table(
    "verdicts",
    metadata,
    _id("mission"),
    _id("task"),
    Column("attempt", Integer, nullable=False),
    _body(),
    PrimaryKeyConstraint("mission", "task", "attempt"),
)

guidance = Table(
    "guidance",
    metadata,
    _id("mission"),
    Column("number", Integer, nullable=False),
    _body(),
    PrimaryKeyConstraint("mission", "number"),
)

artifacts = Table(
    "artifacts",
    metadata,
    _id("mission"),
    Column("version", Integer, nullable=False),
    Column("fingerprint", String(64), nullable=False),
    _body(),
    PrimaryKeyConstraint("mission", "version"),
)

gates = Table(
    "gates",
    metadata,
    _id("id", primary_key=True),
    _id("mission"),
    Column("kind", String(20), nullable=False),
    _id("name"),
    Column("subject", String(64), nullable=False),
    Column("version", Integer, nullable=False),
    _body("policy"),
    _body("data"),
    _at("opened_at"),
    _at("expires_at"),
    _at("reminded_at", needed=False),
    _at("closed_at", needed=False),
    Column("outcome", String(20)),
    _flag("expired"),
    UniqueConstraint("mission", "name"),
    Index(None, "closed_at", "expires_at"),
)

decisions = Table(
    "decisions",
    metadata,
    _id("gate"),
    _id("person"),
    _id("mission"),
    Column("name", Words, nullable=False, default=""),
    Column("verb", String(20), nullable=False),
    Column("words", Words, nullable=False, default=""),
    _body("data"),
    _at("at"),
    PrimaryKeyConstraint("gate", "person"),
    Index(None, "mission"),
)

calls = Table(
    "calls",
    metadata,
    _id("mission"),
    Column("key", String(120), nullable=False),
    Column("purpose", String(20), nullable=False),
    _id("task", default=""),
    _count("attempt"),
    Column("tier", String(20), nullable=False),
    Column("model", Words, nullable=False),
    Column("state", String(10), nullable=False),
    Column("request", String(64), nullable=False),
    Column("reserved", Money),
    Column("price", Money),
    _count("tokens_in"),
    _count("tokens_out"),
    Column("response", JSON(none_as_null=True)),
    Column("error", Words, nullable=False, default=""),
    _at("at"),
    _at("ended_at", needed=False),
    PrimaryKeyConstraint("mission", "key"),
)

steps = Table(
    "steps",
    metadata,
    _id("mission"),
    Column("key", String(120), nullable=False),
    _body("result"),
    PrimaryKeyConstraint("mission", "key"),
)

slots = Table(
    "slots",
    metadata,
    _id("mission"),
    _id("name"),
    Column("place", String(255), nullable=False),
    _count("wanted"),
    _count("shown"),
    Column("ref", String(255), nullable=False, default=""),
    _flag("posting"),
    _flag("gone"),
    _count("tries"),
    _at("not_before", needed=False),
    _at("made_at"),
    PrimaryKeyConstraint("mission", "name"),
    Index("ix_slots_behind", "place", sqlite_where=BEHIND, postgresql_where=BEHIND),
)

inbox = Table(
    "inbox",
    metadata,
    Column("key", String(255), primary_key=True),
    _id("workspace"),
    Column("place", String(255), nullable=False),
    Column("kind", String(30), nullable=False),
    _body("payload"),
    Column("result", JSON(none_as_null=True)),
    _count("tries"),
    _at("received_at"),
    _at("done_at", needed=False),
    Index(None, "done_at", "received_at"),
)

events = Table(
    "events",
    metadata,
    _id("mission"),
    Column("number", Integer, nullable=False),
    Column("kind", String(30), nullable=False),
    _body("data"),
    _at("at"),
    PrimaryKeyConstraint("mission", "number"),
)

files = Table(
    "files",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("size", Integer, nullable=False),
    Column("data", LargeBinary, nullable=False),
    _count("puts"),
    _at("at"),
)

file_owners = Table(
    "file_owners",
    metadata,
    Column("sha256", String(64), nullable=False),
    _id("mission"),
    Column("name", String(255), nullable=False),
    _id("person", default=""),
    PrimaryKeyConstraint("sha256", "mission", "name"),
    Index(None, "mission"),
)

web_messages = Table(
    "web_messages",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("place", String(255), nullable=False),
    _id("author"),
    _id("mission", default=""),
    _id("slot", default=""),
    _count("version"),
    _body(),
    _at("at"),
    _at("edited_at", needed=False),
    Index(None, "place", "id"),
    Index(None, "mission", "slot"),
)

installations = Table(
    "installations",
    metadata,
    _id("platform"),
    _id("workspace"),
    Column("secret", Text, nullable=False),
    _body(),
    # a token that ends is renewed by one process at a time
    _at("ends_at", needed=False),
    _at("claimed_until", needed=False),
    _at("at"),
    PrimaryKeyConstraint("platform", "workspace"),
)

cursors = Table(
    "cursors",
    metadata,
    Column("place", String(255), primary_key=True),
    Column("seen", String(60), nullable=False),
    _at("at"),
)

MISSION_TABLES = (
    briefs, plans, attempts, verdicts, guidance, artifacts, gates, decisions, calls, steps,
    slots, events, file_owners, web_messages,
)  # fmt: skip
"""Everything that belongs to one mission: `forget` empties these for it."""
