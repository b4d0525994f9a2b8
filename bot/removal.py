"""Removing for good: a mission's rows, the blobs that nobody owns any more, its work folder."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import and_, delete, or_, select, update

from bot.domain.mission import Mission, Person
from bot.missions import Missions, new_id
from bot.ports import Files
from bot.store import tables as t
from bot.store.tx import Missing, Tx

PATIENCE = timedelta(seconds=25)
"""How long a holder may take to let go: a little more than a lease runs without its holder."""
LOOK_SECONDS = 0.1
QUIET = timedelta(hours=1)
"""How long bytes that were put may be without an owner: more than the slowest upload and the
turn of a model that lie between."""

SOMEONE = "someone"


class Removal:
    """Forgets missions and people. `work` is the folder under which attempts write files."""

    def __init__(self, missions: Missions, files: Files, work: Path) -> None:
        self.missions = missions
        self.store = missions.store
        self.files = files
        self.work = work

    async def mission(self, mission: str) -> None:
        """Stop it when it runs, then remove all it made. Raises Missing for an unknown id."""
        found = await self.store.mission(mission)
        if found is None:
            raise Missing(f"There is no mission “{mission}” here. `list` shows those there are.")
        if not found.status.ended:
            await self._stopped(found)
        # From here on a holder that did not let go finds no row to hold: all it does is fenced.
        unowned = await self.missions.forget(mission)
        await self._drop(unowned)
        await asyncio.to_thread(_remove, self.work / mission)

    async def person(self, workspace: str, person: str) -> int:
        """Remove who they were and the missions they asked for; gives how many those were.

        Raises Missing when nobody of that id was ever here.
        """
        mine = await self.store.missions_of(workspace, person)
        if not mine and await self.store.person(workspace, person) is None:
            raise Missing(f"Nobody called “{person}” has been here in the workspace “{workspace}”.")
        known = await self.store.person(workspace, person)
        for mission in mine:
            await self.mission(mission)
        await self.missions.forget_person(workspace, person)
        await self._unname(workspace, {person, known.name if known else ""} - {""})
        await self._small_talk(workspace)
        return len(mine)

    async def ended(self, older_than: timedelta) -> int:
        """Retention: remove missions that ended before that; gives how many."""
        old = await self.store.ended_before(self.store.clock() - older_than)
        for mission in old:
            await self.mission(mission)
        return len(old)

    async def _stopped(self, mission: Mission) -> None:
        """Ask whoever holds it to stop, and wait until it is let go."""
        operator = Person(workspace=mission.workspace, id="operator", roles=("admin",))
        await self.missions.stop(new_id("forget"), operator, mission.id)
        until = self.store.clock() + PATIENCE
        while self.store.clock() < until and await self._held(mission.id):  # noqa: ASYNC110  another process lets go
            await asyncio.sleep(LOOK_SECONDS)

    async def _held(self, mission: str) -> bool:
        c = t.missions.c
        running = or_(c.lease_until.is_(None), c.lease_until >= self.store.clock())
        query = select(c.holder).where(c.id == mission, c.holder != "", running)
        async with self.store.reading() as conn:
            return (await conn.execute(query)).first() is not None

    async def sweep(self, quiet: timedelta = QUIET) -> None:
        """Drop bytes that nobody owns: a crash, or an upload that came to nothing, left them."""
        for sha256 in set(await self.files.all()) - await self.store.owned_files():
            await self.files.expire(sha256, quiet)
        await self.files.tidy(quiet)

    async def sweep_alone(self) -> None:
        """The same, and also what is young when no process runs that could still want it.

        For a process that puts no bytes itself.
        """
        with self.files.alone() as alone:
            await self.sweep(timedelta() if alone else QUIET)

    async def _drop(self, unowned: tuple[str, ...]) -> None:
        """Bytes that nobody else ever put go at once; the rest when nobody wants them."""
        for sha256 in unowned:
            if not await self.store.owns_file(sha256):
                await self.files.release(sha256, QUIET)

    async def _unname(self, workspace: str, names: set[str]) -> None:
        """Take their name, and words at gates, out of what happened in the missions of others.

        What they asked for as guidance stays, without their name: work was built on it.
        """
        here = select(t.missions.c.id).where(t.missions.c.workspace == workspace)
        touched: set[str] = set()
        async with self.store.begin() as tx:
            for table, column in ((t.events, t.events.c.data), (t.guidance, t.guidance.c.body)):
                theirs = and_(table.c.mission.in_(here), column["by"].as_string().in_(names))
                found = (await tx.conn.execute(select(table).where(theirs))).mappings().all()
                for row in found:
                    change = {column.name: _nameless(row[column.name], table is t.events)}
                    one = and_(table.c.mission == row["mission"], table.c.number == row["number"])
                    await tx.conn.execute(update(table).where(one).values(change))
                touched |= {row["mission"] for row in found}
            for mission in touched:
                await self._unname_reason(tx, mission, names)
                await tx.want_all(mission)

    async def _unname_reason(self, tx: Tx, mission: str, names: set[str]) -> None:
        reason = (await tx.lock(mission)).reason
        for name in names:
            reason = reason.replace(f" by {name}.", f" by {SOMEONE}.")
        await tx.set_mission(mission, reason=reason)

    async def _small_talk(self, workspace: str) -> None:
        """What was said in the browser outside of any mission: it has one person only."""
        c = t.web_messages.c
        said = delete(t.web_messages).where(c.mission == "", c.place.like(f"web:{workspace}:%"))
        async with self.store.begin() as tx:
            await tx.conn.execute(said)


def _nameless(body: dict[str, Any], happened: bool) -> dict[str, Any]:
    return {**body, "by": SOMEONE, **({"words": ""} if happened and "words" in body else {})}


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
