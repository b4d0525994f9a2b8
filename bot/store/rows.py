"""Rows to domain models and back. The only place that knows both."""

from collections.abc import Mapping
from typing import Any

from bot.domain.gate import Decision, Gate
from bot.domain.mission import Mission, Status
from bot.domain.record import Spending
from bot.domain.work import Attempt
from bot.store.statements import MOVING

SPENDING = tuple(Spending.model_fields)
NOT_OURS = {
    "holder", "epoch", "lease_until", "wakes", "seen", "crashes", "revision", "paused", *SPENDING,
}  # fmt: skip
"""Columns beside a mission's own: the lease, and what a Record says beside it."""


def mission_row(mission: Mission) -> dict[str, Any]:
    row = mission.model_dump(mode="python")
    row["status"] = mission.status.value
    row["policy"] = mission.policy.model_dump(mode="json")
    row["attachments"] = [a.model_dump(mode="json") for a in mission.attachments]
    row["requirements"] = [r.model_dump(mode="json") for r in mission.requirements]
    row["thread"] = list(mission.thread)
    return row


def mission_of(row: Mapping[Any, Any]) -> Mission:
    return Mission.model_validate({k: v for k, v in row.items() if k not in NOT_OURS})


def mission_now(mission: Mission, row: Mapping[Any, Any]) -> Mission:
    """The mission with what its row says by now of `statements.MOVING`."""
    now = {name: row[name] for name in MOVING}
    now["status"], now["thread"] = Status(now["status"]), tuple(now["thread"])
    return mission.model_copy(update=now)


def spending_of(row: Mapping[Any, Any]) -> Spending:
    """What the database added up is of the right kind: it need not be looked at again."""
    return Spending.model_construct(**{name: row[name] for name in SPENDING})


def attempt_row(attempt: Attempt) -> dict[str, Any]:
    row = attempt.model_dump(mode="python", exclude={"output"})
    row["status"] = attempt.status.value
    row["output"] = attempt.output.model_dump(mode="json") if attempt.output else None
    return row


def attempt_of(row: Mapping[Any, Any]) -> Attempt:
    return Attempt.model_validate(dict(row))


def gate_row(gate: Gate) -> dict[str, Any]:
    row = gate.model_dump(mode="python")
    row["kind"] = gate.kind.value
    row["policy"] = gate.policy.model_dump(mode="json")
    row["outcome"] = gate.outcome.value if gate.outcome else None
    return row


def gate_of(row: Mapping[Any, Any]) -> Gate:
    return Gate.model_validate(dict(row))


def decision_row(decision: Decision, mission: str) -> dict[str, Any]:
    row = decision.model_dump(mode="python")
    return {**row, "verb": decision.verb.value, "mission": mission}


def decision_of(row: Mapping[Any, Any]) -> Decision:
    return Decision.model_validate({k: v for k, v in row.items() if k != "mission"})
