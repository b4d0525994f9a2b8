"""Where the work fell short of what was asked: what `--approve all` leaves to a person."""

from bot.domain.gate import Gate, GateKind
from bot.domain.record import Record


def falls_short(record: Record, gate: Gate) -> bool:
    """True when a yes here would take work that is there, and misses what was asked for."""
    if gate.kind is GateKind.artifact:
        return record.artifact is not None and bool(record.artifact.unmet)
    return gate.kind is GateKind.blocked and bool(gate.data.get("usable"))


def sentence(record: Record) -> str:
    """What is missing, for the open gates; empty when nothing is."""
    short = [g for g in record.open_gates if falls_short(record, g)]
    tasks = [str(g.data.get("task") or g.name) for g in short if g.kind is GateKind.blocked]
    if tasks:
        return f"Not approved: the work of {', '.join(tasks)} does not do what was asked."
    if short and record.artifact is not None:
        rows = record.artifact.unmet
        what = "a requirement" if len(rows) == 1 else f"{len(rows)} requirements"
        names = "; ".join(f"{r.requirement} {r.text}" for r in rows)
        return f"Not approved: the result does not meet {what} ({names})."
    return ""
