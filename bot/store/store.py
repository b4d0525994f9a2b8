"""The Store: SQL on one machine (SQLite, WAL) and for a team (PostgreSQL), with one code."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, or_, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.domain.base import as_json, of_json
from bot.domain.events import Event
from bot.domain.gate import Gate
from bot.domain.mission import ENDED, HouseContext, Mission, Person
from bot.domain.record import Record
from bot.store import rows
from bot.store import statements as q
from bot.store import tables as t
from bot.store.inline import Conn, Engine
from bot.store.journal import Journal
from bot.store.late import Late, Taken
from bot.store.lease import Lease
from bot.store.records import Records
from bot.store.slots import Edits, SlotRow
from bot.store.tx import GONE, Missing, Tx
from bot.store.writers import Writers

BUSY_SECONDS = 30
"""How long a writer waits for another process that holds SQLite."""
ANSWERED = 0.02
"""Seconds that a paid answer waits for its mission's next transaction."""
HOLDS = 10
"""How many failures in a row a slot may have and still hold up the later ones of its Place."""

Clock = Callable[[], datetime]


class StoreDown(Exception):
    """The database cannot take this now: full, locked or away. Nothing of it was kept."""


def now() -> datetime:
    """The time, in UTC."""
    return datetime.now(UTC)


class Store:
    """Reads, and `begin` for writes. Close it, so that SQLite writes its log into the file."""

    def __init__(self, url: str, clock: Clock = now) -> None:
        self.url = make_url(url)
        self.clock = clock
        self.sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = _engine(url, self.sqlite)
        self._writers = Writers(self.engine) if isinstance(self.engine, Engine) else None
        self.answers = Late(self._write_late, seconds=ANSWERED)
        self.edits = Edits(self._write_late)
        self.records = Records()
        self.journals: dict[str, Journal] = {}
        self._left: set[Journal] = set()

    async def close(self) -> None:
        try:
            journals = [*self.journals.values(), *self._left]
            await asyncio.gather(*(j.settled() for j in journals), return_exceptions=True)
            await self.answers.close()
            await self.edits.late.close()
        finally:
            if self._writers is not None:
                await self._writers.close()
            await self.engine.dispose()

    def begin(self) -> AbstractAsyncContextManager[Tx]:
        """One transaction, as a block with a Tx: committed when the block ends, undone when it
        raises.

        SQLite takes one writer at a time, so writers of this process queue here, in order.
        Raises StoreDown when the database cannot take it.
        """
        taken = Taken(self.answers, self.edits.late)
        return Transaction(self._write(), self.clock, taken, self.records)

    def _write(self) -> AbstractAsyncContextManager[Conn]:
        if isinstance(self.engine, Engine):
            assert self._writers is not None
            return self._writers.write()
        return self.engine.begin()

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Conn]:
        """A connection to read with. Raises StoreDown."""
        try:
            async with self.engine.connect() as conn:
                yield conn
        except BaseException as error:
            _raise_down(error)
            raise

    async def _look(
        self, query: Select[*tuple[Any, ...]], **of: Any
    ) -> Sequence[Mapping[Any, Any]]:
        """The rows of one statement that is run often. Raises StoreDown."""
        if not isinstance(self.engine, Engine):
            async with self.reading() as conn:
                return (await conn.execute(query, of)).mappings().all()
        try:
            return (await self.engine.look(query, of)).mappings().all()
        except BaseException as error:
            _raise_down(error)
            raise

    def others(self) -> object:
        """Equal to what it was before as long as no other process has written meanwhile. It may
        differ for no reason: where nobody can tell, it always does.
        """
        return self.engine.others if isinstance(self.engine, Engine) else object()

    async def leave_journal(self, mission: str) -> None:
        """Take a mission's journal from who has the mission next, and wait until all of it is on
        the disk. Raises Fenced or StoreDown. Who is cancelled leaves that to `close`.
        """
        journal = self.journals.pop(mission)
        self._left.add(journal)
        try:
            await journal.settled()
        finally:
            if journal.idle:
                self._left.discard(journal)

    async def catch_up(self, mission: str) -> None:
        """Write the answers that wait for the mission's next transaction. Raises StoreDown; where
        the mission is held, Fenced.
        """
        journal = self.journals.get(mission)
        if journal is not None and journal.keeps:
            await journal.settled()
        if mission in self.answers:
            await self._write_late(mission)

    async def _write_late(self, mission: str) -> None:
        async with self.begin() as tx:
            await tx.catch_up(mission)

    # -- missions ------------------------------------------------------------------------------

    async def mission(self, mission: str) -> Mission | None:
        async with self.reading() as conn:
            found = await conn.execute(select(t.missions).where(t.missions.c.id == mission))
            row = found.mappings().first()
            return rows.mission_of(row) if row else None

    async def missions(
        self, workspace: str, *, place: str | None = None, limit: int = 100
    ) -> tuple[Mission, ...]:
        """The newest first; those of one Place when it is named."""
        where = t.missions.c.workspace == workspace
        if place is not None:
            where = and_(where, t.missions.c.place == place)
        query = select(t.missions).where(where).order_by(t.missions.c.created_at.desc())
        async with self.reading() as conn:
            found = await conn.execute(query.limit(limit))
            return tuple(rows.mission_of(row) for row in found.mappings())

    async def standing(self, workspace: str, ended: int = 100) -> tuple[Mission, ...]:
        """All missions of a Workspace that are open, and so many that have ended: newest first."""
        over = t.missions.c.status.in_([s.value for s in ENDED])
        query = select(t.missions).where(t.missions.c.workspace == workspace)
        query = query.order_by(t.missions.c.created_at.desc())
        async with self.reading() as conn:
            found = [
                *(await conn.execute(query.where(~over))).mappings(),
                *(await conn.execute(query.where(over).limit(ended))).mappings(),
            ]
        return tuple(rows.mission_of(row) for row in found)

    async def record(self, mission: str) -> Record | None:
        """Everything the rows say of a mission, as of one moment."""
        if mission in self.answers:
            with contextlib.suppress(StoreDown):  # a full disk keeps nobody from reading
                await self._write_late(mission)
        for row in await self._look(q.STANDING, of_mission=mission):
            if known := self.records.known(mission, row):
                return known
        async with self.reading() as conn:
            if not self.sqlite:
                await conn.execution_options(isolation_level="REPEATABLE READ")
            record = await self.records.read(conn, mission)
        if record is not None:
            self.records.keep(record)
        return record

    async def record_in(self, tx: Tx, mission: Mission) -> Record:
        """The same, as this transaction sees it."""
        record = await self.records.read(tx.conn, mission.id)
        if record is None:
            raise Missing(GONE)
        return record

    async def events(self, mission: str, after: int = 0) -> tuple[Event, ...]:
        query = select(t.events).where(t.events.c.mission == mission, t.events.c.number > after)
        async with self.reading() as conn:
            found = await conn.execute(query.order_by(t.events.c.number))
            return tuple(Event.model_validate(dict(row)) for row in found.mappings())

    async def step(self, mission: str, key: str) -> dict[str, Any] | None:
        """The kept result of a tool call, when there is one."""
        where = and_(t.steps.c.mission == mission, t.steps.c.key == key)
        async with self.reading() as conn:
            found = await conn.execute(select(t.steps.c.result).where(where))
            return found.scalar_one_or_none()

    # -- the lease -----------------------------------------------------------------------------

    async def claim(self, mission: str, holder: str, ttl: timedelta) -> Lease | None:
        """Take the mission under a new epoch; None while another holder's lease runs."""
        async with self.begin() as tx:
            taken = {"of_mission": mission, "of_holder": holder, "of_now": tx.now}
            new = {"holder": holder, "lease_until": tx.now + ttl}
            row = (await tx.conn.execute(q.CLAIM, taken | new)).first()
        if row is None:
            return None
        return Lease(mission=mission, epoch=row[0], wakes=row[1], crashes=row[2], ttl=ttl)

    async def renew(self, missions: Sequence[str], holder: str, ttl: timedelta) -> None:
        """Keep these for another `ttl`, as each commit of their holder does: see `Tx.fence`."""
        held = and_(t.missions.c.id.in_(missions), t.missions.c.holder == holder)
        async with self.begin() as tx:
            await tx.conn.execute(update(t.missions).where(held).values(lease_until=tx.now + ttl))

    async def wakes(self, mission: str) -> int:
        """How often the mission was woken: grows with each change a holder must look at."""
        found = await self._look(q.WAKES, of_mission=mission)
        return found[0]["wakes"] if found else 0

    async def wakes_held(self, holder: str) -> dict[str, int]:
        """The wakes of every mission that this holder has."""
        found = await self._look(q.WAKES_HELD, of_holder=holder)
        return {row["id"]: row["wakes"] for row in found}

    async def release(self, lease: Lease, wakes: int) -> bool:
        """Let go, having seen this many wakes. False when there are newer ones: look again."""
        mine = and_(t.missions.c.id == lease.mission, t.missions.c.epoch == lease.epoch)
        held = {"of_mission": lease.mission, "of_epoch": lease.epoch, "of_wakes": wakes}
        free = {"holder": "", "lease_until": None, "seen": wakes, "crashes": 0}
        async with self.begin() as tx:
            done = await tx.conn.execute(q.RELEASE, held | free)
            if done.rowcount == 1:
                return True
            found = await tx.conn.execute(select(t.missions.c.id).where(mine))
            return found.first() is None

    async def let_go(self, lease: Lease, *, well: bool = True) -> None:
        """Give the mission back as it is: this process ends in good order, or cannot go on.

        Not `well` when the mission itself ended the work on it: that counts as a crash.
        """
        mine = and_(t.missions.c.id == lease.mission, t.missions.c.epoch == lease.epoch)
        free: dict[str, Any] = {"holder": "", "lease_until": None}
        async with self.begin() as tx:
            query = update(t.missions).where(mine)
            await tx.conn.execute(query.values(free | ({"crashes": 0} if well else {})))

    async def free_dead(self, alive: Callable[[str], bool]) -> None:
        """Take the leases off holders that are known to be dead."""
        async with self.reading() as conn:
            query = select(t.missions.c.holder).where(t.missions.c.holder != "").distinct()
            holders = [row[0] for row in await conn.execute(query)]
        dead = [h for h in holders if not alive(h)]
        if dead:
            async with self.begin() as tx:
                await tx.conn.execute(
                    update(t.missions)
                    .where(t.missions.c.holder.in_(dead))
                    .values(holder="", lease_until=None)
                )

    async def runnable(self, limit: int = 1_000) -> tuple[str, ...]:
        """Missions that nobody holds and that have something to see, or were being worked on."""
        found = await self._look(q.RUNNABLE, of_now=self.clock(), of_limit=limit)
        return tuple(row["id"] for row in found)

    # -- gates, slots, inbox ---------------------------------------------------------------------

    async def gates_due(self, remind_before: datetime) -> tuple[Gate, ...]:
        """Open gates that have expired, or that opened before the moment without a reminder."""
        due = or_(
            t.gates.c.expires_at <= self.clock(),
            and_(t.gates.c.reminded_at.is_(None), t.gates.c.opened_at <= remind_before),
        )
        query = select(t.gates).where(t.gates.c.closed_at.is_(None), due)
        async with self.reading() as conn:
            return tuple(rows.gate_of(row) for row in (await conn.execute(query)).mappings())

    async def slots_behind(self, platform: str, limit: int = 2_000) -> tuple[SlotRow, ...]:
        """Slots of a platform that show less than they should and may be tried now.

        Those not posted yet come first, so that many edits never keep a question from people; of
        each Place only its first: people read them in order, also while that one waits for its
        next try. A slot that failed `HOLDS` times holds nobody up.
        """
        found = await self._look(
            q.BEHIND, of_places=f"{platform}:%", of_holds=HOLDS, of_now=self.clock(),
            of_limit=limit,
        )  # fmt: skip
        read = self.edits.known(SlotRow(**row) for row in found)
        return tuple(slot for slot in read if slot.shown < slot.wanted)

    async def slots_named(self, platform: str, keys: Iterable[str]) -> tuple[SlotRow, ...]:
        """Those of these slots (`mission/name`) that `slots_behind` might find, posts out of turn
        included.
        """
        found: list[SlotRow] = []
        for key in sorted(keys):
            mission, _, name = key.partition("/")
            rows_of = await self._look(q.SLOT, of_mission=mission, of_name=name)
            found += [SlotRow(**row) for row in rows_of]
        now = self.clock()
        return tuple(
            slot for slot in self.edits.known(found)
            if slot.shown < slot.wanted and not slot.gone
            and slot.place.startswith(f"{platform}:")
            and (slot.not_before is None or slot.not_before <= now)
        )  # fmt: skip

    async def slots(self, mission: str) -> tuple[SlotRow, ...]:
        query = select(t.slots).where(t.slots.c.mission == mission)
        async with self.reading() as conn:
            found = await conn.execute(query.order_by(t.slots.c.made_at, t.slots.c.name))
            return self.edits.known(SlotRow(**row) for row in found.mappings())

    async def claim_post(self, slot: SlotRow) -> bool:
        """Mark a slot as being posted. False when it is posted or being posted, or forgotten."""
        c = t.slots.c
        free = and_(_is(slot), c.ref == "", c.posting.is_(False), c.gone.is_(False))
        async with self.begin() as tx:
            done = await tx.conn.execute(update(t.slots).where(free).values(posting=True))
            return done.rowcount == 1

    async def set_slot(self, slot: SlotRow, **values: Any) -> None:
        """Change what is known of a slot's message; `shown` never goes back."""
        of = {"of_mission": slot.mission, "of_name": slot.name}
        query = q.SET_SLOT
        if "shown" in values:
            query, of["of_shown"] = q.SHOW_SLOT, values.pop("shown")
        async with self.begin() as tx:
            await tx.conn.execute(query, {**of, **values})

    async def inbox_waiting(self, limit: int = 500) -> tuple[dict[str, Any], ...]:
        """What was received and not yet dealt with, in the order in which it came."""
        return tuple(dict(row) for row in await self._look(q.INBOX, of_limit=limit))

    async def prune_inbox(self, before: datetime) -> int:
        """Remove what was dealt with before that; gives how much. What still waits stays."""
        async with self.begin() as tx:
            done = await tx.conn.execute(delete(t.inbox).where(t.inbox.c.done_at < before))
            return done.rowcount

    async def owned_files(self) -> frozenset[str]:
        """The hashes of all files that some mission owns."""
        async with self.reading() as conn:
            found = await conn.execute(select(t.file_owners.c.sha256).distinct())
            return frozenset(row[0] for row in found)

    async def cursors(self, platform: str) -> dict[str, str]:
        """How far each place of a platform was read."""
        query = select(t.cursors.c.place, t.cursors.c.seen).where(
            t.cursors.c.place.like(f"{platform}:%")
        )
        async with self.reading() as conn:
            return {row[0]: row[1] for row in await conn.execute(query)}

    async def places(self, platform: str, since: datetime) -> tuple[str, ...]:
        """The places of missions that are open, or that changed since then."""
        c = t.missions.c
        recent = or_(c.status.not_in([s.value for s in ENDED]), c.updated_at >= since)
        query = select(c.place).where(c.place.like(f"{platform}:%"), recent).distinct()
        async with self.reading() as conn:
            return tuple(row[0] for row in await conn.execute(query))

    # -- the house -----------------------------------------------------------------------------

    async def house(self, workspace: str) -> HouseContext:
        async with self.reading() as conn:
            found = await conn.execute(
                select(t.workspaces.c.house).where(t.workspaces.c.id == workspace)
            )
            body = found.scalar_one_or_none()
            return HouseContext.model_validate(body) if body else HouseContext()

    async def paused(self, workspace: str) -> bool:
        found = await self._look(q.PAUSED, of_workspace=workspace)
        return bool(found and found[0]["paused"])

    async def person(self, workspace: str, person: str) -> Person | None:
        where = and_(t.people.c.workspace == workspace, t.people.c.id == person)
        async with self.reading() as conn:
            row = (await conn.execute(select(t.people).where(where))).mappings().first()
            return Person.model_validate(dict(row)) if row else None

    async def owns_file(self, sha256: str) -> tuple[tuple[str, str], ...]:
        """The missions and names under which a file is known."""
        query = select(t.file_owners.c.mission, t.file_owners.c.name).where(
            t.file_owners.c.sha256 == sha256
        )
        async with self.reading() as conn:
            return tuple((row[0], row[1]) for row in await conn.execute(query))

    async def missions_of(self, workspace: str, person: str) -> tuple[str, ...]:
        query = select(t.missions.c.id).where(
            t.missions.c.workspace == workspace, t.missions.c.requester == person
        )
        async with self.reading() as conn:
            return tuple(row[0] for row in await conn.execute(query))

    async def ended_before(self, moment: datetime) -> tuple[str, ...]:
        query = select(t.missions.c.id).where(t.missions.c.ended_at < moment)
        async with self.reading() as conn:
            return tuple(row[0] for row in await conn.execute(query))


class Transaction:
    """The block of `Store.begin`. A generator would cost more than a statement."""

    __slots__ = ("_clock", "_records", "_taken", "_tx", "_write")

    def __init__(
        self,
        write: AbstractAsyncContextManager[Conn],
        clock: Clock,
        taken: Taken,
        records: Records,
    ) -> None:
        self._write = write
        self._clock = clock
        self._taken = taken
        self._records = records
        self._tx: Tx | None = None

    async def __aenter__(self) -> Tx:
        try:
            conn = await self._write.__aenter__()
        except BaseException as error:
            _raise_down(error)
            raise
        try:
            self._tx = Tx(conn, self._clock(), self._taken)
        except BaseException as error:
            await self._write.__aexit__(type(error), error, error.__traceback__)
            raise
        return self._tx

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Who is cancelled in the last moment does not know whether it is on the disk: what it
        took along waits again; an answer that is there stays as it is.
        """
        try:
            await self._write.__aexit__(kind, error, trace)
        except BaseException as failed:
            self._taken.give_back()
            _raise_down(failed)
            raise
        if error is not None:
            self._taken.give_back()
            _raise_down(error)
            return
        self._taken.written()
        if self._tx is not None:
            self._records.follow(self._tx)


def _is(slot: SlotRow) -> ColumnElement[bool]:
    return and_(t.slots.c.mission == slot.mission, t.slots.c.name == slot.name)


def _engine(url: str, sqlite: bool) -> AsyncEngine | Engine:
    if not sqlite:
        return create_async_engine(
            url, pool_size=10, max_overflow=20, pool_pre_ping=True, json_serializer=as_json,
            json_deserializer=of_json,
        )  # fmt: skip
    path = make_url(url).database
    if path:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    return Engine(path or ":memory:", BUSY_SECONDS)


def _raise_down(error: BaseException) -> None:
    """Raises StoreDown in place of the errors that say so."""
    if isinstance(error, DBAPIError | PoolTimeout | OSError | sqlite3.Error) and _away(error):
        raise StoreDown(_why(error)) from error


AWAY = ("08", "40", "53", "57", "58")
"""PostgreSQL's classes of errors that are not ours: connection, conflict, resources, shutdown."""
OURS = (sqlite3.IntegrityError, sqlite3.ProgrammingError, sqlite3.DataError)
"""SQLite's errors that are ours."""


def _away(error: Exception) -> bool:
    """True when the database cannot take this now; anything else is a fault of the program."""
    if isinstance(error, sqlite3.Error):
        return not isinstance(error, OURS)
    if not isinstance(error, DBAPIError) or isinstance(error, OperationalError):
        return True
    state = str(getattr(error.orig, "sqlstate", None) or "")
    return error.connection_invalidated or state.startswith(AWAY)


def _why(error: Exception) -> str:
    text = str(getattr(error, "orig", error)).lower()
    if "full" in text or "no space" in text:
        return (
            "The disk is full, so this was not saved. Nothing saved before is lost. "
            "Free some space and try again."
        )
    if "locked" in text or "busy" in text:
        return (
            "The database is in use by another program, so this was not saved. "
            "Nothing saved before is lost. Try again in a minute."
        )
    return (
        "The database cannot be reached, so this was not saved. Nothing saved before is lost. "
        "Try again in a minute."
    )
