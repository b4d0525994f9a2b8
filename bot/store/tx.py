"""One transaction: each method writes one thing, and nothing is visible until all of it is."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Table, and_, delete, func, insert, select, update

from bot.domain.artifact import Artifact
from bot.domain.base import Refused
from bot.domain.events import EventKind
from bot.domain.gate import Decision, Gate, Verb
from bot.domain.mission import Brief, HouseContext, Mission, Person, Status
from bot.domain.plan import Plan
from bot.domain.record import Record
from bot.domain.work import Attempt, Guidance, Verdict
from bot.store import rows
from bot.store import statements as q
from bot.store import tables as t
from bot.store.inline import Conn
from bot.store.late import Taken
from bot.store.lease import Lease
from bot.store.nameless import make_nameless


class Fenced(Exception):
    """Another holder has the mission now: what this one did is not committed."""


class Missing(Refused):
    """There is no such mission."""


BY = 12
"""Signs of its request by which an answer is found that was put by."""
GONE = "That mission is not here any more."


Follow: TypeAlias = Callable[[Record], Record] | None
"""How a record that was kept goes along with what was written."""


class Tx:
    """Writes of one transaction. Lock the mission first: that puts its writers in order.

    `wanted` names the slots that have something new to show, as `mission/name`; `revisions` the
    missions whose records change, `follows` how those that are kept go along; `caps` what missions
    that are held may cost. Who holds a mission's row writes what waits for it, see
    `bot.store.late`.
    """

    def __init__(self, conn: Conn, now: datetime, late: Taken) -> None:
        self.conn = conn
        self.now = now
        self.wanted: list[str] = []
        self.revisions: dict[str, int] = {}
        self.caps: dict[str, Decimal] = {}
        self.follows: dict[str, list[Follow]] = {}
        self._late = late

    # -- the mission ---------------------------------------------------------------------------

    async def lock(self, mission: str) -> Mission:
        """The mission, with its row held until the commit. Raises Missing."""
        now = {"of_mission": mission, "updated_at": self.now}
        found = await self.conn.execute(q.LOCK, now)
        row = found.mappings().first()
        if row is None:
            raise Missing(GONE)
        await self.catch_up(mission)
        return rows.mission_of(row)

    async def lock_cap(self, mission: str) -> None:
        """Hold the mission's row until the commit, for its cap alone. Raises Missing."""
        now = {"of_mission": mission, "updated_at": self.now}
        cap = (await self.conn.execute(q.LOCK_CAP, now)).scalar_one_or_none()
        if cap is None:
            raise Missing(GONE)
        self.caps[mission] = cap
        await self.catch_up(mission)

    async def fence(self, lease: Lease, *, revises: bool = False) -> None:
        """Go on only as the holder of this epoch, and renew the lease. Raises Fenced.

        `revises` at once, as `revise` would with a statement of its own.
        """
        mission, epoch, until = lease.mission, lease.epoch, self.now + lease.ttl
        held = {
            "of_mission": mission, "of_epoch": epoch, "updated_at": self.now, "lease_until": until,
        }  # fmt: skip
        query = q.FENCE_AND_REVISE if revises else q.FENCE
        row = (await self.conn.execute(query, held)).first()
        if row is None:
            raise Fenced(f"mission {mission} is held under another epoch than {epoch}")
        if revises:
            self.revisions[mission] = row[0]
        self.caps[mission] = row[1]
        await self.catch_up(mission)

    async def catch_up(self, mission: str) -> None:
        """Write what waits for this mission's next transaction."""
        for note in self._late.take(mission):
            await note(self)

    async def add_mission(self, mission: Mission) -> None:
        await self.conn.execute(insert(t.missions), rows.mission_row(mission))

    async def set_status(self, mission: str, status: Status, reason: str | None = None) -> None:
        values: dict[str, Any] = {"status": status.value}
        if reason is not None:
            values["reason"] = reason
        if status.ended:
            values["ended_at"] = self.now
        await self.set_mission(mission, **values)

    async def set_mission(self, mission: str, **values: Any) -> None:
        """Change columns of `statements.MOVING`. Raises ValueError for another one: it would need
        a new revision.
        """
        if other := values.keys() - q.MOVING:
            raise ValueError(f"{', '.join(sorted(other))} of a mission stays as it is")
        await self.conn.execute(q.SET_MISSION, {"of_mission": mission, **values})

    async def wake(self, mission: str) -> None:
        """Leave word that something changed; the holder lets go only of what it has seen."""
        await self.conn.execute(q.WAKE, {"of_mission": mission})

    async def revise(self, mission: str, follow: Follow = None) -> None:
        """A record kept from before tells no longer what the rows say: a new revision, once.

        `follow` gives the record that tells it, of the one before; None when only the rows do.
        """
        self.follows.setdefault(mission, []).append(follow)
        if mission not in self.revisions:
            found = await self.conn.execute(q.REVISE, {"of_mission": mission})
            self.revisions[mission] = found.scalar_one_or_none() or 0

    # -- what the graph makes ------------------------------------------------------------------

    async def add_brief(self, mission: str, brief: Brief) -> None:
        await self.revise(mission)
        await self._put(t.briefs, _body(mission, brief, version=brief.version))

    async def put_plan(self, mission: str, plan: Plan) -> None:
        await self.revise(mission)
        row = _body(mission, plan, version=plan.version, fingerprint=plan.fingerprint)
        await self._put(t.plans, row)

    async def put_artifact(self, mission: str, artifact: Artifact) -> None:
        await self.revise(mission)
        row = _body(mission, artifact, version=artifact.version, fingerprint=artifact.fingerprint)
        await self._put(t.artifacts, row)

    async def add_attempt(self, attempt: Attempt) -> None:
        await self.revise(attempt.mission)
        await self._put(t.attempts, rows.attempt_row(attempt))

    async def end_attempt(self, attempt: Attempt) -> None:
        """Write how far the attempt came; one that has ended before stays as it was."""
        await self.revise(attempt.mission)
        row = rows.attempt_row(attempt)
        key = {f"of_{name}": row[name] for name in ("mission", "task", "number")}
        ended = {name: row[name] for name in ("status", "error", "final", "output", "ended_at")}
        await self.conn.execute(q.END_ATTEMPT, {**key, **ended})

    async def add_verdict(self, mission: str, verdict: Verdict) -> None:
        await self.revise(mission)
        row = _body(mission, verdict, task=verdict.task, attempt=verdict.attempt)
        await self._put(t.verdicts, row)

    async def add_guidance(self, mission: str, guidance: Guidance) -> None:
        await self.revise(mission)
        await self.conn.execute(
            insert(t.guidance).values(**_body(mission, guidance, number=guidance.number))
        )

    async def next_guidance(self, mission: str) -> int:
        found = await self.conn.execute(
            select(func.coalesce(func.max(t.guidance.c.number), 0)).where(
                t.guidance.c.mission == mission
            )
        )
        return int(found.scalar_one()) + 1

    # -- gates -----------------------------------------------------------------------------------

    async def open_gate(self, gate: Gate) -> bool:
        """False when this gate was opened before: then nothing changes."""
        if opened := await self._once(t.gates, rows.gate_row(gate)):
            await self.revise(gate.mission)
        return opened

    async def gate(self, gate: str) -> Gate | None:
        found = await self.conn.execute(q.GATE, {"of_gate": gate})
        row = found.mappings().first()
        return rows.gate_of(row) if row else None

    async def close_gate(self, gate: Gate, outcome: Verb, *, expired: bool = False) -> bool:
        """False when it was closed already: a gate closes once."""
        closed = {"closed_at": self.now, "outcome": outcome.value, "expired": expired}
        done = await self.conn.execute(q.CLOSE_GATE, {"of_gate": gate.id, **closed})
        if done.rowcount != 1:
            return False
        now = {"closed_at": self.now, "outcome": outcome, "expired": expired}
        await self.revise(gate.mission, lambda record: record.with_gate(gate.id, **now))
        return True

    async def close_gates(self, mission: str, outcome: Verb) -> None:
        """Close whatever still waits, when the mission ends."""
        await self.revise(mission)
        still_open = and_(t.gates.c.mission == mission, t.gates.c.closed_at.is_(None))
        await self.conn.execute(
            update(t.gates)
            .where(still_open)
            .values(closed_at=self.now, outcome=outcome.value, expired=True)
        )

    async def set_reminded(self, gate: Gate) -> None:
        await self.revise(gate.mission)
        await self.conn.execute(
            update(t.gates).where(t.gates.c.id == gate.id).values(reminded_at=self.now)
        )

    async def add_decision(self, mission: str, decision: Decision) -> bool:
        """False when this person has decided at this gate before."""
        new = await self._once(t.decisions, rows.decision_row(decision, mission))
        if new:
            await self.revise(mission, lambda record: record.with_decision(decision))
        return new

    async def decisions(self, gate: str) -> tuple[Decision, ...]:
        found = await self.conn.execute(q.DECISIONS_AT, {"of_gate": gate})
        return tuple(rows.decision_of(r) for r in found.mappings())

    # -- what people see -------------------------------------------------------------------------

    async def want(self, mission: str, place: str, *names: str) -> None:
        """These slots have something new to show."""
        row = {"mission": mission, "place": place, "wanted": 1, "made_at": self.now}
        new = [name for name in names if f"{mission}/{name}" not in self.wanted]
        self.wanted += [f"{mission}/{name}" for name in new]
        for name in new:
            await self.conn.execute(q.want(self.conn.dialect.name), {**row, "name": name})

    async def show(self, mission: str, name: str, shown: int) -> None:
        """The slot's message shows so much of what is wanted; that never goes back."""
        of = {"of_mission": mission, "of_name": name, "of_shown": shown}
        await self.conn.execute(q.SHOW_SLOT, of)

    async def want_all(self, mission: str) -> None:
        """Every slot of the mission has something new to show."""
        self.wanted.append(f"{mission}/*")
        await self.conn.execute(q.WANT_ALL, {"of_mission": mission})

    async def event(self, mission: str, kind: EventKind, **data: Any) -> None:
        row = {"mission": mission, "kind": kind.value, "data": data, "at": self.now}
        await self.conn.execute(q.ADD_EVENT, {"of_mission": mission, **row})

    # -- the inbox, steps, files -------------------------------------------------------------

    async def arrive(self, key: str, workspace: str, place: str, kind: str, payload: Any) -> bool:
        """Store what came in; False when this key came before."""
        row = {
            "key": key, "workspace": workspace, "place": place, "kind": kind,
            "payload": payload, "received_at": self.now,
        }  # fmt: skip
        return await self._once(t.inbox, row)

    async def receive(self, key: str, workspace: str, place: str, kind: str, payload: Any) -> bool:
        """Take a key in hand, whether or not it was stored before; False when it is done."""
        if await self.arrive(key, workspace, place, kind, payload):
            return True
        found = await self.conn.execute(select(t.inbox.c.done_at).where(t.inbox.c.key == key))
        return found.scalar_one() is None

    async def inbox_tried(self, key: str) -> int:
        """Count one more try; gives how many there were."""
        mine = t.inbox.c.key == key
        await self.conn.execute(update(t.inbox).where(mine).values(tries=t.inbox.c.tries + 1))
        return int((await self.conn.execute(select(t.inbox.c.tries).where(mine))).scalar_one())

    async def inbox_done_if_open(self, key: str) -> None:
        """What nobody answered is done as well, and what was received is not kept."""
        still_open = and_(t.inbox.c.key == key, t.inbox.c.done_at.is_(None))
        values: dict[str, Any] = {"done_at": self.now, "payload": {}}
        await self.conn.execute(update(t.inbox).where(still_open).values(**values))

    async def inbox_done(self, key: str, result: Any) -> None:
        """Keep the answer for repeats. What was received has had its effect and is not kept."""
        done: dict[str, Any] = {"done_at": self.now, "result": result, "payload": {}}
        await self.conn.execute(q.ANSWER, {"of_key": key, **done})

    async def inbox_result(self, key: str) -> Any:
        """The kept answer of a key; None when it is unknown or not yet answered."""
        found = await self.conn.execute(select(t.inbox.c.result).where(t.inbox.c.key == key))
        return found.scalar_one_or_none()

    async def put_step(self, mission: str, key: str, result: Mapping[str, Any]) -> None:
        await self._put(t.steps, {"mission": mission, "key": key, "result": dict(result)})

    async def reserve(self, row: Mapping[str, Any], cap: Decimal) -> bool:
        """False when there is a call under this key, or the mission might cost more than `cap`."""
        query = q.reserve(self.conn.dialect.name)
        values = {**row, "of_mission": row["mission"], "of_cap": cap}
        return (await self.conn.execute(query, values)).rowcount == 1

    async def has_call(self, mission: str, key: str) -> bool:
        c = t.calls.c
        found = await self.conn.execute(select(c.key).where(c.mission == mission, c.key == key))
        return found.first() is not None

    async def set_aside(self, mission: str, key: str) -> Decimal:
        """What an earlier try of this call, whose process died, has set aside."""
        mine = select(t.calls.c.reserved).where(_call(mission, key, "reserved"))
        return (await self.conn.execute(mine)).scalar_one_or_none() or Decimal(0)

    async def put_by(self, mission: str, key: str, request: str) -> None:
        """Keep an answer to another question under this key: it was paid for."""
        c = t.calls.c
        await self.conn.execute(
            update(t.calls)
            .where(_call(mission, key, "done"), c.request != request)
            .values(key=c.key + "~" + func.substr(c.request, 1, BY))
        )

    async def bring_back(self, mission: str, key: str, request: str) -> bool:
        """Put an answer to this question in its place again. False when none was put by."""
        c = t.calls.c
        kept = and_(_call(mission, f"{key}~{request[:BY]}", "done"), c.request == request)
        if (await self.conn.execute(select(c.key).where(kept))).first() is None:
            return False
        await self.put_by(mission, key, request)
        await self.conn.execute(delete(t.calls).where(c.mission == mission, c.key == key))
        await self.conn.execute(update(t.calls).where(kept).values(key=key))
        return True

    async def put_call(self, row: Mapping[str, Any]) -> bool:
        """False, and nothing changes, when the call under this key has its answer."""
        done = await self.conn.execute(q.put_call(self.conn.dialect.name, tuple(row)), dict(row))
        return done.rowcount == 1

    async def end_call(self, mission: str, ended: Mapping[str, Any]) -> None:
        """Put what came of a call in place of its reservation: see `Ledger` for its columns."""
        await self.conn.execute(q.END_CALL, {"of_mission": mission, **ended})

    async def put_file(self, sha256: str, data: bytes) -> None:
        """Keep bytes, or mark those that are there as put again, now."""
        row = {"sha256": sha256, "size": len(data), "data": data, "puts": 1, "at": self.now}
        await self.conn.execute(q.put_file(self.conn.dialect.name), row)

    async def set_cursor(self, place: str, seen: str) -> None:
        """How far a place was read, as its platform counts; for catching up after a gap."""
        await self._put(t.cursors, {"place": place, "seen": seen, "at": self.now})

    async def own_file(self, sha256: str, mission: str, name: str, person: str = "") -> None:
        row = {"sha256": sha256, "mission": mission, "name": name, "person": person}
        await self._once(t.file_owners, row)

    # -- the house and its people --------------------------------------------------------------

    async def put_house(self, workspace: str, house: HouseContext) -> None:
        row = {"id": workspace, "house": house.model_dump(mode="json"), "name": ""}
        await self._put(t.workspaces, row, keep=("name", "paused"))

    async def set_paused(self, workspace: str, paused: bool) -> None:
        empty = HouseContext().model_dump(mode="json")
        row = {"id": workspace, "house": empty, "name": "", "paused": paused}
        await self._put(t.workspaces, row, keep=("name", "house"))

    async def put_person(self, person: Person) -> None:
        row = person.model_dump(mode="python")
        await self._put(t.people, {**row, "roles": list(person.roles)})

    async def forget(self, mission: str) -> Sequence[str]:
        """Remove every row of a mission; gives the hashes of files nobody owns any more."""
        owners = t.file_owners
        found = await self.conn.execute(
            select(owners.c.sha256).where(owners.c.mission == mission).distinct()
        )
        mine = [row[0] for row in found]
        for table in (*t.MISSION_TABLES, t.missions):
            column = table.c.id if table is t.missions else table.c.mission
            await self.conn.execute(delete(table).where(column == mission))
        await self._forget_answers(mission)
        left = await self.conn.execute(
            select(owners.c.sha256).where(owners.c.sha256.in_(mine)).distinct()
        )
        kept = {row[0] for row in left}
        return [sha for sha in mine if sha not in kept]

    async def _forget_answers(self, mission: str) -> None:
        """The keys stay, so that a late repeat starts nothing; what was answered does not."""
        answered = t.inbox.c.result["mission"].as_string() == mission
        await self.conn.execute(
            update(t.inbox).where(answered).values(result={"mission": mission}, place="")
        )

    async def forget_person(self, workspace: str, person: str) -> None:
        """Remove who they were; what they decided and said elsewhere stays, without a name."""
        await make_nameless(self.conn, workspace, person)
        who = and_(t.people.c.workspace == workspace, t.people.c.id == person)
        await self.conn.execute(delete(t.people).where(who))

    # -- statements that both databases word alike -------------------------------------------

    async def _once(self, table: Table, row: Mapping[str, Any]) -> bool:
        done = await self.conn.execute(q.once(self.conn.dialect.name, table), dict(row))
        return done.rowcount == 1

    async def _put(self, table: Table, row: Mapping[str, Any], keep: Sequence[str] = ()) -> None:
        """Insert, or replace the row with this key except the columns to keep."""
        query = q.put(self.conn.dialect.name, table, tuple(row), tuple(keep))
        await self.conn.execute(query, dict(row))


def _call(mission: str, key: str, state: str) -> ColumnElement[bool]:
    c = t.calls.c
    return and_(c.mission == mission, c.key == key, c.state == state)


def _body(mission: str, model: Any, **columns: Any) -> dict[str, Any]:
    return {"mission": mission, "body": model.model_dump(mode="json"), **columns}
