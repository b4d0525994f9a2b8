"""The end of a mission: approved, stopped or cancelled, with everything it made kept."""

from bot.domain.events import EventKind
from bot.domain.gate import GateKind, Verb
from bot.domain.mission import Status
from bot.domain.record import Record
from bot.domain.work import AttemptStatus
from graphs.workshop import Hold, Workshop


async def finish(shop: Workshop, hold: Hold, record: Record) -> None:
    """Close what is open and write the last status. Done means: a person approved the artifact."""
    status = Status.done if approved(record) else Status.cancelled
    reason = record.mission.reason or ("Approved." if status is Status.done else "Cancelled.")
    async with shop.commit(hold) as tx:
        for attempt in record.attempts:
            if attempt.status in {AttemptStatus.running, AttemptStatus.asking}:
                await tx.end_attempt(attempt.ended(AttemptStatus.stopped, tx.now))
        await tx.close_gates(hold.mission, Verb.cancel)
        await tx.set_status(hold.mission, status, reason)
        await tx.event(hold.mission, EventKind.ended, status=status.value, reason=reason)
        await tx.want_all(hold.mission)


def approved(record: Record) -> bool:
    """True when the newest artifact's own gate was closed by an approval."""
    mission, artifact = record.mission, record.artifact
    if mission.stop_asked or mission.cancel_asked or artifact is None:
        return False
    gate = record.gate(GateKind.artifact, artifact.version)
    return gate is not None and gate.outcome is Verb.approve and not gate.expired
