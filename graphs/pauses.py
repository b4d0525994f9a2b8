"""When a mission cannot go on by itself: what is said, and what the person can do."""

import errno
from decimal import ROUND_CEILING, Decimal

from bot.domain.gate import GateKind
from bot.domain.mission import Status
from bot.domain.record import Record
from bot.domain.spend import OverCap
from bot.store.tx import Tx
from graphs import gates

FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def broke(error: Exception) -> str:
    """What a person is told of an error that nobody foresaw; the log has it whole."""
    if isinstance(error, OSError) and error.errno in FULL:
        return "The disk is full. Everything finished is kept. Free some space, then press Retry."
    return f"Something inside broke ({type(error).__name__}). The log has the details."


async def stage_failed(tx: Tx, record: Record, stage: str, why: str) -> None:
    """Ask whether to try a stage again. Each failure of it asks anew."""
    number = record.retries(stage) + 1
    data = {"stage": stage, "why": why}
    await gates.open_gate(
        tx, record.mission, GateKind.blocked, f"blocked:{stage}.{number}",
        subject=data, data=data,
    )  # fmt: skip
    await tx.set_status(record.mission.id, Status.paused)


async def over_cap(tx: Tx, record: Record, over: OverCap) -> None:
    """Ask for a higher cap, once for each cap."""
    mission = record.mission
    cap = raised(mission.cap, over.needed)
    data = {"cap": str(cap), "was": str(mission.cap), "needed": str(over.needed)}
    await gates.open_gate(
        tx, mission, GateKind.budget, f"budget:{mission.cap}", subject=data, data=data
    )
    await tx.set_status(mission.id, Status.paused)


def raised(cap: Decimal, needed: Decimal) -> Decimal:
    """Twice the cap, or more when even that would not pay for the next step, in whole dollars."""
    return max(cap * 2, cap + needed * 2).quantize(Decimal(1), rounding=ROUND_CEILING)
