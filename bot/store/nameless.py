"""What others' missions tell of a person who is forgotten: it stays, without a name or words."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Table, and_, select, update

from bot.domain.base import digest
from bot.store import tables as t
from bot.store.inline import Conn

SOMEONE = "someone"
REASONS = ("Cancelled by {}.", "Stopped by {}.")


async def make_nameless(conn: Conn, workspace: str, person: str) -> None:
    """Take the person out of decisions, events, guidance and reasons of a Workspace."""
    names = await _names(conn, workspace, person)
    c = t.missions.c
    await conn.execute(
        update(t.missions).where(c.workspace == workspace).values(revision=c.revision + 1)
    )
    await _decisions(conn, workspace, person)
    await _bodies(conn, workspace, t.events, "data", names)
    await _bodies(conn, workspace, t.guidance, "body", names)
    for name in names:
        for reason in REASONS:
            mine = and_(c.workspace == workspace, c.reason == reason.format(name))
            said = {"reason": reason.format(SOMEONE)}
            await conn.execute(update(t.missions).where(mine).values(**said))


async def _names(conn: Conn, workspace: str, person: str) -> set[str]:
    """Whatever they were called here: rows keep the name of their day."""
    p, d = t.people.c, t.decisions.c
    known = select(p.name).where(p.workspace == workspace, p.id == person)
    said = select(d.name).where(d.person == person, d.mission.in_(_missions(workspace)))
    found = [row[0] for query in (known, said) for row in await conn.execute(query)]
    return {name for name in (person, *found) if name}


async def _decisions(conn: Conn, workspace: str, person: str) -> None:
    d = t.decisions.c
    theirs = and_(d.person == person, d.mission.in_(_missions(workspace)))
    forgotten = f"forgotten-{digest([workspace, person])[:12]}"
    await conn.execute(
        update(t.decisions).where(theirs).values(person=forgotten, name="", words="")
    )


async def _bodies(
    conn: Conn, workspace: str, table: Table, column: str, names: Collection[str]
) -> None:
    """Rewrite the rows whose JSON says `by` one of these names."""
    body, keys = table.c[column], (table.c.mission, table.c.number)
    theirs = and_(body["by"].as_string().in_(names), table.c.mission.in_(_missions(workspace)))
    found = (await conn.execute(select(*keys, body).where(theirs))).all()
    for mission, number, said in found:
        row = and_(table.c.mission == mission, table.c.number == number)
        await conn.execute(update(table).where(row).values({column: _without(said)}))


def _without(said: dict[str, Any]) -> dict[str, Any]:
    words = {"words": ""} if "words" in said else {}
    return {**said, "by": SOMEONE, **words}


def _missions(workspace: str) -> Any:
    return select(t.missions.c.id).where(t.missions.c.workspace == workspace)
