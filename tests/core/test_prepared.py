"""Statements that sqlite3 runs itself give what SQLAlchemy would give, and write what it would."""

import sqlite3
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, insert, select, true

from bot.store import statements as q
from bot.store import tables as t
from bot.store.inline import Connection, Engine
from bot.store.prepared import Prepared, often

AT = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
CALL: dict[str, Any] = {
    "mission": "m1", "key": "work:T1:1:0", "purpose": "work", "task": "T1", "attempt": 1,
    "tier": "light", "model": "a\x00b", "state": "done", "request": "r", "price": Decimal("0.25"),
    "reserved": None, "response": {"words": "größer", "none": float("nan")}, "at": AT,
}  # fmt: skip
ALL = select(t.calls)


@pytest.fixture
async def conn(tmp_path: Path) -> AsyncGenerator[Connection]:
    """A connection to an empty database, in a transaction."""
    engine = Engine(str(tmp_path / "db"), 1.0)
    with engine.sync_engine.begin() as made:
        t.metadata.create_all(made)
    conn = await engine.write()
    yield conn
    conn.close()
    await engine.dispose()


async def test_it_writes_and_reads_what_sqlalchemy_does(conn: Connection) -> None:
    """Every type there and back, the table's defaults, NULL, and the counted rows."""
    once = q.once("sqlite", t.calls)
    assert (await conn.execute(once, CALL)).rowcount == 1
    assert (await conn.execute(once, CALL)).rowcount == 0
    other = {**CALL, "key": "other"}
    await conn.execute(insert(t.calls), other)

    written = [dict(row) for row in (await conn.execute(ALL)).mappings()]
    assert [row.pop("key") for row in written] == ["work:T1:1:0", "other"]
    assert written[0] == written[1]
    assert written[0]["error"] == ""
    assert written[0]["model"] == "ab"
    (raw,) = conn.raw.execute("SELECT DISTINCT at, price FROM calls").fetchall()
    assert raw == ("2026-03-09 09:00:00.000000", 250_000_000_000)

    of = {"of_mission": "m1"}
    read = (await conn.execute(q.SPENDING, of)).mappings().one()
    alike = (await conn.execute(q.SPENDING.where(true()), of)).mappings().one()
    assert dict(read) == dict(alike)
    assert read["spent"] == Decimal("0.50")


async def test_a_statement_that_returns_rows_has_also_written_them(conn: Connection) -> None:
    """Each row in order; the count, as for a write without rows."""
    values = {"mission": "m1", "kind": "started", "data": {"a": [1]}, "at": AT}
    for _ in range(2):
        await conn.execute(q.ADD_EVENT, {"of_mission": "m1", **values})
    found = await conn.execute(select(t.events.c.number, t.events.c.data, t.events.c.at))
    assert [tuple(row) for row in found] == [(1, {"a": [1]}, AT), (2, {"a": [1]}, AT)]
    assert (await conn.execute(q.REVISE, {"of_mission": "m1"})).first() is None


def test_a_parameter_that_is_missing_is_a_fault_of_the_program(conn: Connection) -> None:
    """It is found when the statement is prepared, not taken for NULL."""
    with pytest.raises(KeyError, match="of_mission"):
        Prepared(q.SET_SLOT, ["of_name"], conn.dialect)


def test_a_list_is_refused(conn: Connection) -> None:
    """Its SQL depends on its length: such a statement is left to SQLAlchemy."""
    listed = often(select(t.calls.c.key).where(t.calls.c.key.in_(bindparam("k", expanding=True))))
    with pytest.raises(TypeError, match="k is a list"):
        Prepared(listed, ["k"], conn.dialect)


async def test_sqlite_says_what_is_wrong(conn: Connection) -> None:
    """A row without its key is refused, not half written."""
    with pytest.raises(sqlite3.IntegrityError):
        await conn.execute(q.once("sqlite", t.steps), {"mission": "m1", "key": "k", "result": None}
                           | {"mission": None})  # fmt: skip


async def test_only_what_is_run_often_is_looked_at_without_a_transaction(tmp_path: Path) -> None:
    """SQLAlchemy would begin one, and see that moment ever after."""
    engine = Engine(str(tmp_path / "db"), 1.0)
    with engine.sync_engine.begin() as made:
        t.metadata.create_all(made)
    assert (await engine.look(q.WAKES, {"of_mission": "m1"})).all() == []
    with pytest.raises(TypeError, match="often"):
        await engine.look(ALL, {"of_mission": "m1"})
    await engine.dispose()


async def test_one_row_is_asked_for_and_not_two(conn: Connection) -> None:
    """As of SQLAlchemy's result: neither none nor many pass for one."""
    found = await conn.execute(q.WAKES, {"of_mission": "m1"})
    assert (found.first(), found.scalar_one_or_none(), found.mappings().first()) == (None,) * 3
    for one in (found.scalar_one, found.mappings().one):
        with pytest.raises(ValueError, match="unpack"):
            one()
