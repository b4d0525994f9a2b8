"""The artifact: the result with its ledger, to approve or to send back."""

from datetime import datetime

from bot.cards import (
    Button,
    Card,
    Form,
    Section,
    Table,
    Tone,
    Words,
)
from bot.domain.artifact import Artifact
from bot.domain.board import Board, TaskState
from bot.domain.gate import Gate, GateKind, Verb
from bot.domain.mission import Mission, Status
from bot.domain.record import Record
from bot.presenter import checklist, words

FORMATS = ("md", "html", "docx", "pdf")


def artifact_slot(record: Record, slot: str, rest: str, now: datetime) -> Card | None:
    version = int(rest)
    seen = {a.version: a for a in record.artifacts if a.reviewed}
    artifact = seen.get(version)
    if artifact is None:
        return None
    if version < max(seen):
        newest = max(seen)
        return checklist.replaced(record, slot, version, f"artifact:{newest}", None)
    gate = record.gate(GateKind.artifact, version)
    if gate is not None and gate.outcome is Verb.revise and not record.mission.status.ended:
        return _artifact_revised(record, slot, artifact, gate)
    return _artifact(record, slot, artifact, gate)


def _artifact(record: Record, slot: str, artifact: Artifact, gate: Gate | None) -> Card:
    mission, waiting = record.mission, gate is not None and gate.open
    answer = "\n".join(artifact.answer)
    return Card(
        mission=mission.id, slot=slot, version=artifact.version, title=artifact.title,
        tone=_artifact_tone(record, artifact, waiting),
        text=answer if waiting else f"{answer}\n{words.outcome(record, gate)}",
        body=artifact.body,
        sections=(*_missing(artifact), *_changes(artifact), *_sources(artifact)),
        table=_ledger(artifact),
        files=tuple(words.file(f) for f in artifact.files), downloads=FORMATS,
        buttons=_artifact_buttons(mission, gate) if waiting and gate else (), rating=True,
        footer=words.footer(record, gate, f"version {artifact.version}", _price(artifact)),
    )  # fmt: skip


def _price(artifact: Artifact) -> str:
    cost = words.dollars(artifact.cost, "cost unknown")
    return f"{cost} · {words.span(artifact.seconds)}"


def _artifact_tone(record: Record, artifact: Artifact, waiting: bool) -> Tone:
    if artifact.unmet:
        return Tone.bad
    if waiting:
        return Tone.ask
    return Tone.good if record.mission.status in {Status.done, Status.delivering} else Tone.plain


def _missing(artifact: Artifact) -> tuple[Section, ...]:
    lines = [f"- **{r.requirement}** {r.text}: {r.note or 'not met'}" for r in artifact.unmet]
    if not lines:
        return ()
    return (Section(heading="Not met, please look", text="\n".join(lines), tone=Tone.bad),)


def _changes(artifact: Artifact) -> tuple[Section, ...]:
    if not artifact.changes:
        return ()
    text = f"```diff\n{artifact.changes}\n```"
    return (Section(heading="What changed since the version before", text=text, folded=True),)


def _sources(artifact: Artifact) -> tuple[Section, ...]:
    lines = [f"- {s.title}{f' ({s.ref})' if s.ref else ''}" for s in artifact.sources]
    if not lines:
        return ()
    heading = f"Sources ({len(lines)})"
    return (Section(heading=heading, text="\n".join(lines), folded=True),)


MET = {True: "✅ met", False: "❌ not met", None: "… not reviewed"}


def _ledger(artifact: Artifact) -> Table:
    rows = tuple(
        (r.requirement, r.text, ", ".join(r.tasks), MET[r.met], r.evidence or r.note)
        for r in artifact.ledger
    )
    columns = ("", "You asked for", "Done in", "Review", "Evidence")
    return Table(heading="What you asked for, and where it is", columns=columns, rows=rows)


def _artifact_buttons(mission: Mission, gate: Gate) -> tuple[Button, ...]:
    form = Form(
        title="Revise the result", submit="Send",
        fields=(Words(name="words", label="What should change?", required=True,
                      placeholder="Only what this touches is done again."),),
    )  # fmt: skip
    return (
        words.button(mission, gate, Verb.approve, style="primary"),
        words.button(mission, gate, Verb.revise, form=form),
        words.button(mission, gate, Verb.cancel, style="danger",
                confirm="Close this mission without approving the result?"),
    )  # fmt: skip


def _artifact_revised(record: Record, slot: str, artifact: Artifact, gate: Gate) -> Card:
    redo = [name for g in record.guidance if g.gate == gate.id for name in g.tasks]
    board = Board.of(record).by_id
    kept = [t for t in board if t not in redo and board[t].state is TaskState.done]
    plan = ""
    if redo:
        plan = f"Doing again: {', '.join(dict.fromkeys(redo))} and what builds on it."
        plan += f" Keeping: {', '.join(kept)}." if kept else ""
    return Card(
        mission=record.mission.id, slot=slot, version=artifact.version, title=artifact.title,
        tone=Tone.busy, text=f"{words.outcome(record, gate)} {plan}".strip(), downloads=FORMATS,
        files=tuple(words.file(f) for f in artifact.files), buttons=(words.stop(record.mission),),
        footer=f"version {artifact.version}",
    )  # fmt: skip
