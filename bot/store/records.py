"""Records from rows, kept while their rows stay as they are.

A mission's `revision` grows with every change of what its record holds (`Tx.revise`). So one look
at the mission's own row tells, whichever process changed it, whether a kept record still stands.
"""

from collections import OrderedDict, defaultdict
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select

from bot.domain.artifact import Artifact
from bot.domain.mission import Brief
from bot.domain.plan import Plan
from bot.domain.record import Record, Spending
from bot.domain.work import Guidance, Verdict
from bot.store import rows
from bot.store import statements as q
from bot.store.inline import Conn
from bot.store.tx import Tx

KEPT = 256
"""How many records are kept, of the open missions that were looked at last."""


class Records:
    """The newest records of this process."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, Record] = OrderedDict()

    async def read(self, conn: Conn, mission: str) -> Record | None:
        """Everything the rows say of a mission. None when it is not there."""
        found = await conn.execute(q.MISSION, {"of_mission": mission})
        row = found.mappings().first()
        if row is None:
            self._kept.pop(mission, None)
            return None
        return self.known(mission, row) or _now(await loaded(conn, row), row)

    def known(self, mission: str, row: Mapping[Any, Any]) -> Record | None:
        """The record that was kept, with what its mission's own row says by now, see `STANDING`;
        None when another revision of it was.
        """
        kept = self._kept.get(mission)
        if kept is None or kept.revision != row["revision"]:
            return None
        self._kept.move_to_end(mission)
        return _now(kept, row)

    def follow(self, tx: Tx) -> None:
        """Go along with what was committed, where the record before it is here."""
        for mission, follows in tx.follows.items():
            kept, revision = self._kept.get(mission), tx.revisions[mission]
            if kept is None or kept.revision != revision - 1 or None in follows:
                continue
            for follow in follows:
                kept = follow(kept) if follow else kept
            self.keep(kept.at(revision))

    def keep(self, record: Record) -> None:
        """Keep a record of what is committed, as long as the mission is open."""
        if record.mission.status.ended:
            self._kept.pop(record.mission.id, None)
            return
        self._kept[record.mission.id] = record
        self._kept.move_to_end(record.mission.id)
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)


def _now(record: Record, row: Mapping[Any, Any]) -> Record:
    return record.now(
        rows.mission_now(record.mission, row), rows.spending_of(row), paused=bool(row["paused"])
    )


async def loaded(conn: Conn, row: Mapping[Any, Any]) -> Record:
    """The record from its rows alone, still without what it cost."""
    of = {"of_mission": row["id"]}

    async def maps(query: Select[Any]) -> list[Any]:
        return list((await conn.execute(query, of)).mappings())

    bodies: defaultdict[str, list[Any]] = defaultdict(list)
    for kind, body, *_ in await conn.execute(q.BODIES, of):
        bodies[kind].append(body)
    return Record(
        mission=rows.mission_of(row),
        revision=row["revision"],
        brief=Brief.model_validate(bodies["briefs"][-1]) if bodies["briefs"] else None,
        plans=tuple(Plan.model_validate(b) for b in bodies["plans"]),
        gates=tuple(rows.gate_of(r) for r in await maps(q.GATES)),
        decisions=tuple(rows.decision_of(r) for r in await maps(q.DECISIONS)),
        attempts=tuple(rows.attempt_of(r) for r in await maps(q.ATTEMPTS)),
        verdicts=tuple(Verdict.model_validate(b) for b in bodies["verdicts"]),
        guidance=tuple(Guidance.model_validate(b) for b in bodies["guidance"]),
        artifacts=tuple(Artifact.model_validate(b) for b in bodies["artifacts"]),
    )


async def spending(conn: Conn, mission: str) -> Spending:
    """What the calls of a mission cost so far, and what is set aside for those under way."""
    found = await conn.execute(q.SPENDING, {"of_mission": mission})
    return rows.spending_of(found.mappings().one())
