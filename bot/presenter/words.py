"""Small words that cards share: who decided, what it cost, until when."""

from collections.abc import Iterable
from decimal import Decimal

from bot.cards import (
    Button,
    Card,
    CardFile,
    Click,
    Form,
    at,
    encode,
)
from bot.domain.authority import who
from bot.domain.base import counted
from bot.domain.gate import LABELS, Gate, GateKind, Verb
from bot.domain.mission import DEFAULT_CAP, Mission
from bot.domain.record import Record
from bot.domain.work import FileRef

STOP = "stop"


def closed(record: Record, slot: str, version: int) -> Card:
    mission = record.mission
    return Card(
        mission=mission.id, slot=slot, version=version, title=mission.title,
        text=f"{mission.reason or 'This mission has ended.'} Nothing was run.",
        ended_at=mission.ended_at, footer=footer(record, None, ""),
    )  # fmt: skip


def button(
    mission: Mission,
    gate: Gate,
    verb: Verb,
    *,
    style: str = "plain",
    confirm: str = "",
    form: Form | None = None,
) -> Button:
    click = Click(verb=verb.value, mission=mission.id, gate=gate.id, version=gate.version)
    return Button.model_validate(
        {"id": encode(click), "label": LABELS[verb], "style": style, "confirm": confirm,
         "form": form}
    )  # fmt: skip


def cancel(mission: Mission, gate: Gate) -> Button:
    """Cancel, which asks once more."""
    return button(mission, gate, Verb.cancel, style="danger", confirm="Cancel this mission?")


def stop(mission: Mission) -> Button:
    click = Click(verb=STOP, mission=mission.id)
    confirm = "Stop now? What is finished is kept."
    return Button(id=encode(click), label="Stop", style="danger", confirm=confirm)


PAST = {
    Verb.approve: "Approved", Verb.revise: "Sent back", Verb.cancel: "Cancelled",
    Verb.answer: "Answered", Verb.retry: "Tried again", Verb.skip: "Left out",
    Verb.accept: "Used as it is",
}  # fmt: skip


def outcome(record: Record, gate: Gate | None) -> str:
    """Who decided what and when, in one line."""
    if gate is None or gate.open or gate.outcome is None or gate.closed_at is None:
        return ""
    if gate.expired:
        return f"Closed at {at(gate.closed_at)} without a decision."
    decisions = record.decisions_at(gate)
    names = ", ".join(dict.fromkeys(d.name or d.person for d in decisions))
    words = record.words_at(gate)
    said = f" “{words}”" if words and gate.kind is not GateKind.question else ""
    return f"{PAST[gate.outcome]} by {names}, {at(gate.closed_at)}.{said}"


def then(gate: Gate) -> str:
    """What comes when nobody decides."""
    what = "I go on with what I said" if gate.kind is GateKind.question else "it is closed"
    return f"Without one, {what} at {at(gate.expires_at)}."


def footer(record: Record, gate: Gate | None, *parts: str) -> str:
    mission = record.mission
    asks = ""
    if gate is not None and gate.open:
        alone = gate.policy.kind == "requester" and not gate.policy.shown
        name = "you" if alone else who(gate.policy, mission.requester)
        asks = f"for {name} to decide, until {at(gate.expires_at)}"
    return " · ".join(part for part in (*parts, asks, models(mission)) if part)


def models(mission: Mission) -> str:
    return mission.models


def file(file: FileRef) -> CardFile:
    return CardFile(**file.model_dump())


def bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def spent(record: Record) -> str:
    known = record.spending
    if known.unknown:
        return f"${known.spent:.2f} and {counted(known.unknown, 'call')} of unknown price"
    return f"${known.spent:.2f}"


def free(record: Record) -> bool:
    """True when nothing costs anything here: no call did, and the plan says none will."""
    spending, plan = record.spending, record.plan
    expects = plan.estimate.cost if plan else None
    return not (spending.spent or spending.reserved or spending.unknown) and expects == 0


def uncapped(record: Record) -> bool:
    """True when the cap is noise: all is free, and nobody set another than the usual one."""
    return free(record) and record.mission.cap == DEFAULT_CAP


def costs(record: Record) -> tuple[tuple[str, str], ...]:
    """What was spent, and of how much."""
    cost = ("Cost so far", "free" if free(record) else spent(record))
    return (cost,) if uncapped(record) else (cost, ("Cap", f"${record.mission.cap:.2f}"))


def dollars(cost: Decimal | None, unknown: str) -> str:
    if cost is None:
        return unknown
    if cost == 0:
        return "free"
    return f"${cost:.2f}" if cost >= Decimal("0.01") else "under $0.01"


def span(seconds: int) -> str:
    if seconds < 60:
        return f"{max(seconds, 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"
