"""The Record: everything the rows say of one mission, and what follows from it."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cached_property
from typing import Any, Self

from bot.domain.artifact import Artifact
from bot.domain.base import Frozen
from bot.domain.gate import Decision, Gate, GateKind
from bot.domain.mission import Brief, Mission
from bot.domain.plan import Plan
from bot.domain.work import Attempt, Guidance, Verdict


class Spending(Frozen):
    """What a mission has cost, in US dollars. `unknown` counts calls without a known price."""

    spent: Decimal = Decimal(0)
    reserved: Decimal = Decimal(0)
    calls: int = 0
    unknown: int = 0
    tokens_in: int = 0
    tokens_out: int = 0

    @property
    def known(self) -> Decimal | None:
        """The cost, or None when any part of it is unknown: unknown is never shown as 0."""
        return None if self.unknown else self.spent


class Record(Frozen):
    """One mission as its rows tell it. Everything that is shown or decided is read from here.

    `paused` is the operator's switch for the whole Workspace. `revision` says of which state of
    the rows this tells, the mission's own row, its cost and `paused` aside.
    """

    mission: Mission
    brief: Brief | None = None
    plans: tuple[Plan, ...] = ()
    gates: tuple[Gate, ...] = ()
    decisions: tuple[Decision, ...] = ()
    attempts: tuple[Attempt, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    guidance: tuple[Guidance, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    spending: Spending = Spending()
    paused: bool = False
    revision: int = 0

    def now(self, mission: Mission, spending: Spending, *, paused: bool) -> Self:
        """The same with what changes without a new revision. What was worked out stays with it:
        it rests on the rest.
        """
        new = {"mission": mission, "spending": spending, "paused": paused}
        return self._made_of(new, kept=True)

    def at(self, revision: int) -> Self:
        """The same once it is known which revision it tells of."""
        return self._made_of({"revision": revision}, kept=True)

    def with_gate(self, gate: str, **values: Any) -> Self:
        """The same once a gate has these values."""
        gates = (g.model_copy(update=values) if g.id == gate else g for g in self.gates)
        return self.model_copy(update={"gates": tuple(gates)})

    def with_decision(self, decision: Decision) -> Self:
        """The same once a person has decided this."""
        decisions = sorted((*self.decisions, decision), key=lambda d: d.at)
        return self.model_copy(update={"decisions": tuple(decisions)})

    @property
    def plan(self) -> Plan | None:
        """The newest version."""
        return self.plans[-1] if self.plans else None

    @property
    def artifact(self) -> Artifact | None:
        """The newest version."""
        return self.artifacts[-1] if self.artifacts else None

    def worked(self, until: datetime) -> timedelta:
        """The time since the start, without the time in which a person was waited for."""
        seen = start = self.mission.created_at
        waited = timedelta()
        for gate in sorted(self.gates, key=lambda g: g.opened_at):
            opened, closed = max(gate.opened_at, seen), min(gate.closed_at or until, until)
            waited += max(closed - opened, timedelta())
            seen = max(seen, closed)
        return max(until - start - waited, timedelta())

    @property
    def open_gates(self) -> tuple[Gate, ...]:
        return tuple(g for g in self.gates if g.open)

    def gate(self, kind: GateKind, version: int | None = None) -> Gate | None:
        """The newest gate of a kind, or that of one version."""
        found = [g for g in self.gates if g.kind is kind and version in (None, g.version)]
        return found[-1] if found else None

    def retries(self, stage: str) -> int:
        """How often a person sent this stage on after it had failed."""
        failed = (g for g in self.gates if g.kind is GateKind.blocked and not g.open)
        return sum(g.data.get("stage") == stage for g in failed)

    def decisions_at(self, gate: Gate) -> tuple[Decision, ...]:
        return tuple(d for d in self.decisions if d.gate == gate.id)

    def words_at(self, gate: Gate) -> str:
        """What the deciding person wrote."""
        return "\n".join(d.words for d in self.decisions_at(gate) if d.words)

    def attempts_of(self, task: str) -> tuple[Attempt, ...]:
        return self._attempts.get(task, ())

    @cached_property
    def _attempts(self) -> dict[str, tuple[Attempt, ...]]:
        found: dict[str, tuple[Attempt, ...]] = {}
        for attempt in self.attempts:
            found[attempt.task] = (*found.get(attempt.task, ()), attempt)
        return found

    @property
    def texts(self) -> Mapping[str, str]:
        """The requirements' texts by their ids."""
        return self.brief.texts if self.brief else {}

    @cached_property
    def _verdicts(self) -> dict[tuple[str, int], Verdict]:
        return {(v.task, v.attempt): v for v in self.verdicts}

    def verdict(self, attempt: Attempt) -> Verdict | None:
        return self._verdicts.get((attempt.task, attempt.number))

    def guidance_for(self, task: str) -> tuple[Guidance, ...]:
        return tuple(g for g in self.guidance if task in g.tasks)

    def covers(self, task: str) -> tuple[str, ...]:
        """The requirements a task answers for: the plan's, and those that guidance added."""
        planned = plan.by_id.get(task) if (plan := self.plan) else None
        added = [g.requirement for g in self.guidance if task in g.tasks and g.requirement]
        return tuple(dict.fromkeys((*(planned.covers if planned else ()), *added)))
