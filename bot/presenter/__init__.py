"""What people see: (record, slot) → Card. Pure: the same rows give the same card on every face."""

from collections.abc import Callable
from datetime import datetime

from bot.cards import Card
from bot.domain.record import Record
from bot.presenter import artifact, gates, plan


def card(record: Record, slot: str, now: datetime) -> Card | None:
    """The card that this slot should show; None when there is nothing to show there."""
    kind, _, rest = slot.partition(":")
    make: Callable[[Record, str, str, datetime], Card | None] | None = {
        "plan": plan.plan_slot,
        "question": gates.gate_slot,
        "blocked": gates.gate_slot,
        "budget": gates.gate_slot,
        "artifact": artifact.artifact_slot,
        "reminder": gates.reminder,
    }.get(kind)
    return make(record, slot, rest, now) if make else None
