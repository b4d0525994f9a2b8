"""Opening gates, and reading what was said at them."""

from collections.abc import Mapping
from typing import Any

from bot.domain.base import digest
from bot.domain.events import EventKind
from bot.domain.gate import PATIENCE, Gate, GateKind
from bot.domain.mission import Mission, Question
from bot.domain.record import Record
from bot.missions import new_id
from bot.store.tx import Tx


async def open_gate(
    tx: Tx,
    mission: Mission,
    kind: GateKind,
    name: str,
    *,
    subject: Any,
    version: int = 1,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Ask a person, once: a gate of this name that exists already is left as it is."""
    gate = Gate(
        id=new_id("g"), mission=mission.id, kind=kind, name=name, subject=digest(subject),
        version=version, policy=mission.policy, data=dict(data or {}), opened_at=tx.now,
        expires_at=tx.now + PATIENCE[kind],
    )  # fmt: skip
    if await tx.open_gate(gate):
        await tx.event(mission.id, EventKind.gate_opened, gate=name, about=kind.value)
    await tx.want(mission.id, mission.place, name)


def questions(gate: Gate) -> tuple[Question, ...]:
    """What a question gate asks."""
    return tuple(Question.model_validate(q) for q in gate.data.get("questions", ()))


def answers(record: Record, gate: Gate) -> tuple[tuple[str, str], ...]:
    """Each question with its answer; the default stands where the person said nothing."""
    said: dict[str, str] = {}
    words = ""
    for decision in record.decisions_at(gate):
        said |= {k: str(v) for k, v in decision.data.get("answers", {}).items()}
        words = decision.words or words
    asked = questions(gate)
    if words and asked and not said:
        said = {asked[0].id: words}
    return tuple((q.text, said.get(q.id) or q.default) for q in asked)
