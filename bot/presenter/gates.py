"""What waits for a person: questions, blocked tasks, the cap, reminders."""

from datetime import datetime
from decimal import Decimal

from bot.cards import (
    Button,
    Card,
    Choice,
    Form,
    Section,
    Tone,
    Words,
    at,
)
from bot.domain.base import counted
from bot.domain.gate import Gate, GateKind, Verb
from bot.domain.mission import Mission, Question
from bot.domain.plan import Task
from bot.domain.record import Record
from bot.presenter import words


def gate_slot(record: Record, slot: str, rest: str, now: datetime) -> Card | None:
    gate = next((g for g in record.gates if g.name == slot), None)
    if gate is None:
        return None
    if not gate.open:
        return _answered(record, slot, gate)
    if gate.kind is GateKind.question:
        return _question(record, slot, gate)
    return (
        _budget(record, slot, gate)
        if gate.kind is GateKind.budget
        else _blocked(record, slot, gate)
    )


def _question(record: Record, slot: str, gate: Gate) -> Card:
    mission = record.mission
    questions = [Question.model_validate(q) for q in gate.data["questions"]]
    lines = [f"{n}. {q.text}{_default(q)}" for n, q in enumerate(questions, start=1)]
    form = Form(
        title="Your answer",
        submit="Send",
        fields=tuple(
            Choice(name=q.id, label=q.text, choices=q.choices, default=q.default) for q in questions
        ),
    )
    asks = gate.data.get("task")
    title = f"{asks} asks you something" if asks else "Before I plan"
    return Card(
        mission=mission.id, slot=slot, title=title, tone=Tone.ask, text="\n".join(lines),
        buttons=(
            words.button(mission, gate, Verb.answer, style="primary", form=form),
            words.cancel(mission, gate),
        ),
        footer=f"Without an answer I take what I said, at {at(gate.expires_at)}.",
    )  # fmt: skip


def _default(question: Question) -> str:
    return f" (I would take: {question.default})" if question.default else ""


def _blocked(record: Record, slot: str, gate: Gate) -> Card:
    mission = record.mission
    task = record.plan.by_id.get(str(gate.data.get("task", ""))) if record.plan else None
    title = f"{task.id} needs you: {task.title}" if task else "I could not go on"
    tried = len(record.attempts_of(task.id)) if task else 0
    kept = "Everything that is finished is kept."
    text = f"Tried {counted(tried, 'time')}. {kept}" if tried else kept
    return Card(
        mission=mission.id, slot=slot, title=title, tone=Tone.bad, text=text,
        sections=(Section(heading="What went wrong", text=str(gate.data.get("why", ""))),
                  *_waits_for(record, task), *_last_output(record, task)),
        fields=words.costs(record)[:1],
        buttons=tuple(_gate_button(mission, gate, verb, tried) for verb in gate.verbs),
        footer=words.footer(record, gate, ""),
    )  # fmt: skip


def _waits_for(record: Record, task: Task | None) -> tuple[Section, ...]:
    if task is None or record.plan is None:
        return ()
    held = [f"- {t.id} {t.title}" for t in record.plan.tasks if task.id in t.depends_on]
    return (Section(heading="Waiting for it", text="\n".join(held)),) if held else ()


def _last_output(record: Record, task: Task | None) -> tuple[Section, ...]:
    """What is known: the newest output, even though the reviewer refused it."""
    made = [a.output for a in record.attempts_of(task.id) if a.output] if task else []
    if not made:
        return ()
    return (Section(heading="What it has so far", text=made[-1].text[:3_000], folded=True),)


ENOUGH = 3
"""Tries after which another one is no longer what is proposed."""


def _gate_button(mission: Mission, gate: Gate, verb: Verb, tried: int) -> Button:
    match verb:
        case Verb.retry:
            form = Form(
                title="Try again", submit="Retry",
                fields=(Words(name="words", label="Anything to do differently? (optional)"),),
            )  # fmt: skip
            style = "plain" if tried >= ENOUGH else "primary"
            return words.button(
                mission, gate, verb, style=style, form=form if gate.data.get("task") else None
            )
        case Verb.cancel:
            return words.button(mission, gate, verb, style="danger", confirm="Cancel this mission?")
        case _:
            return words.button(mission, gate, verb)


def _budget(record: Record, slot: str, gate: Gate) -> Card:
    mission, data = record.mission, gate.data
    cap = Decimal(str(data["cap"]))
    approve = words.button(mission, gate, Verb.approve, style="primary").model_copy(
        update={"label": f"Raise the cap to ${cap:.2f}"}
    )
    return Card(
        mission=mission.id, slot=slot, version=gate.version, title="The cap is reached",
        tone=Tone.ask,
        text=f"{words.spent(record)} of ${Decimal(str(data['was'])):.2f} is spent, and the next "
        f"step needs about ${Decimal(str(data['needed'])):.2f}. Nothing is spent until you decide.",
        buttons=(approve, words.cancel(mission, gate)),
        footer=words.footer(record, gate, ""),
    )  # fmt: skip


def _answered(record: Record, slot: str, gate: Gate) -> Card:
    titles = {
        GateKind.question: "Answered", GateKind.blocked: "Decided", GateKind.budget: "Decided",
    }  # fmt: skip
    return Card(
        mission=record.mission.id, slot=slot, version=gate.version,
        title=titles.get(gate.kind, "Decided"), text=words.outcome(record, gate),
        sections=_said(record, gate),
    )  # fmt: skip


def _said(record: Record, gate: Gate) -> tuple[Section, ...]:
    if gate.kind is not GateKind.question:
        return ()
    asked = [Question.model_validate(q) for q in gate.data["questions"]]
    given: dict[str, str] = {}
    for decision in record.decisions_at(gate):
        given |= decision.data.get("answers", {})
        if decision.words and asked:
            given.setdefault(asked[0].id, decision.words)
    lines = [f"- {q.text} **{given.get(q.id) or q.default}**" for q in asked]
    return (Section(heading="", text="\n".join(lines)),)


def reminder(record: Record, slot: str, rest: str, now: datetime) -> Card | None:
    gate = next((g for g in record.gates if g.name == rest), None)
    if gate is None:
        return None
    title = f"Still waiting: {record.mission.title}" if gate.open else "Thank you"
    text = f"I need your decision above. {words.then(gate)}" if gate.open else "This was decided."
    return Card(
        mission=record.mission.id, slot=slot, title=title, text=text,
        tone=Tone.ask if gate.open else Tone.plain,
    )  # fmt: skip
