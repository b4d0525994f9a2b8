"""The plan: being made, waiting for its decision, or turned into the checklist."""

from collections.abc import Iterable
from datetime import datetime

from bot.cards import (
    Button,
    Card,
    Form,
    Section,
    Ticks,
    Tone,
    Words,
)
from bot.domain.base import counted
from bot.domain.gate import Gate, GateKind, Verb
from bot.domain.mission import Mission
from bot.domain.plan import Finding, Plan, Risk, difference
from bot.domain.record import Record
from bot.presenter import checklist, words


def plan_slot(record: Record, slot: str, rest: str, now: datetime) -> Card | None:
    version = int(rest)
    settled = {p.version: p for p in record.plans if p.settled}
    newest = record.plan.version if record.plan else 1
    if version < newest:
        return checklist.replaced(record, slot, version, f"plan:{newest}", settled.get(version))
    plan = settled.get(version)
    if plan is None:
        return _drafting(record, slot)
    gate = record.gate(GateKind.plan, version)
    if gate is not None and gate.outcome is Verb.revise:
        return _being_revised(record, slot, plan)
    if gate is None or gate.open or gate.outcome is not Verb.approve:
        return _proposal(record, slot, plan, gate)
    return checklist.checklist(record, slot, plan)


def _drafting(record: Record, slot: str) -> Card:
    mission = record.mission
    if mission.status.ended:
        return words.closed(record, slot, 0)
    if record.brief is None:
        text = "Reading what you sent."
    elif any(g.kind is GateKind.question for g in record.open_gates):
        text = "I need an answer from you before I plan. See the message below."
    elif any(g.kind is GateKind.blocked for g in record.open_gates):
        text = "I could not go on. See the message below."
    elif record.plan is None or record.plan.critiqued < record.plan.round:
        text = "Making a plan. A second agent challenges it before you see it."
    else:
        text = "The second agent found something. The planner is answering."
    return Card(
        mission=mission.id, slot=slot, title=mission.title, tone=Tone.busy, text=text,
        sections=_asked_for(record), started_at=mission.created_at, buttons=(words.stop(mission),),
        footer=words.models(mission),
    )  # fmt: skip


def _asked_for(record: Record) -> tuple[Section, ...]:
    if record.brief is None:
        return ()
    lines = [f"- **{r.id}** {r.text}" for r in record.brief.requirements]
    return (Section(heading="What I understood", text="\n".join(lines)),)


def _proposal(record: Record, slot: str, plan: Plan, gate: Gate | None) -> Card:
    """The plan as a person decides about it."""
    mission = record.mission
    waiting = gate is not None and gate.open
    lines = tuple(checklist.line(t, record, None) for t in plan.tasks)
    return Card(
        mission=mission.id, slot=slot, version=plan.version, title=mission.title,
        tone=Tone.ask if waiting else Tone.plain,
        text=plan.summary if waiting else f"{plan.summary}\n{words.outcome(record, gate)}",
        fields=_facts(record, plan),
        tasks=lines,
        sections=(*_differences(record, plan), *_discussion(record, plan)),
        picture=checklist.picture(lines),
        buttons=_plan_buttons(mission, plan, gate) if waiting and gate else (),
        footer=words.footer(record, gate, f"plan v{plan.version}"),
    )  # fmt: skip


def _facts(record: Record, plan: Plan) -> tuple[tuple[str, str], ...]:
    estimate = plan.estimate
    fields = [
        (
            "Estimate",
            f"{words.dollars(estimate.cost, 'cost unknown')} · {words.span(estimate.seconds)}",
        ),
        *_cap(record, plan),
        ("Tasks", _shape(plan)),
    ]
    writers = [
        t.id for t in plan.tasks if t.risk is not Risk.read or checklist.WRITES & set(t.tools)
    ]
    if writers:
        fields.append(("Writes files", ", ".join(writers)))
    return tuple(fields)


def _cap(record: Record, plan: Plan) -> tuple[tuple[str, str], ...]:
    """The cap where it matters; nothing can hold it when the model's price is unknown."""
    if words.uncapped(record):
        return ()
    cap = f"${record.mission.cap:.2f}"
    known = plan.estimate.cost is not None
    return (("Cap", cap if known else f"{cap}, not held: price unknown"),)


def _shape(plan: Plan) -> str:
    first = sum(not t.depends_on for t in plan.tasks)
    text = counted(len(plan.tasks), "task")
    return f"{text}, {first} at once to begin with" if first > 1 else text


def _discussion(record: Record, plan: Plan) -> tuple[Section, ...]:
    """What was assumed, challenged and left out: it stands beside the plan that is approved."""
    sections: list[Section] = []
    if plan.open_findings:
        text = "\n".join(_finding(f) for f in plan.open_findings)
        sections.append(Section(heading="Still open, please look", text=text, tone=Tone.bad))
    if plan.assumptions:
        sections.append(Section(heading="I assume", text=words.bullets(plan.assumptions)))
    if plan.not_done:
        sections.append(Section(heading="Not part of this", text=words.bullets(plan.not_done)))
    answered = [f for f in plan.findings if not f.open]
    if answered:
        text = "\n".join(_finding(f) for f in answered)
        heading = f"Challenged by a second agent ({len(answered)})"
        sections.append(Section(heading=heading, text=text, folded=True))
    if record.brief is not None:
        sections.append(_requirements(record, plan))
    return tuple(sections)


def _requirements(record: Record, plan: Plan) -> Section:
    assert record.brief is not None
    lines = [
        f"- **{r.id}** {r.text} — from “{r.quote}” → "
        + (", ".join(t.id for t in plan.tasks if r.id in t.covers) or "no task")
        for r in record.brief.requirements
    ]
    heading = f"What it must satisfy ({len(lines)})"
    return Section(heading=heading, text="\n".join(lines), folded=True)


FINDING_WORDS = {
    "conflict": "Conflict", "missing_case": "Missing case", "scope": "Scope",
    "dependency": "Order", "risk": "Risk",
}  # fmt: skip


def _finding(finding: Finding) -> str:
    head = f"- **{FINDING_WORDS[finding.kind]}**, {finding.about}: {finding.text}"
    if finding.answer is None:
        return head
    word = "Fixed" if finding.answer.verdict == "fixed" else "Declined"
    because = f": {finding.answer.because}" if finding.answer.because else "."
    return f"{head} → *{word}*{because}"


def _differences(record: Record, plan: Plan) -> tuple[Section, ...]:
    """Against the version the person saw: added, changed, dropped, and nothing else."""
    earlier = [p for p in record.plans if p.settled and p.version < plan.version]
    if not earlier:
        return ()
    diff = difference(earlier[-1], plan)
    lines = [f"- **Added** {t}: {plan.by_id[t].title}" for t in diff.added]
    lines += [
        f"- **Changed** {t}: {plan.by_id[t].title} ({_names(fields)})" for t, fields in diff.changed
    ]
    lines += [f"- **Dropped** {t}: {earlier[-1].by_id[t].title}" for t in diff.dropped]
    heading = f"What changed since version {earlier[-1].version}"
    text = "\n".join(lines) or "The tasks are the same."
    asked = f"You said: “{plan.note}”\n" if plan.note else ""
    return (Section(heading=heading, text=asked + text, tone=Tone.ask),)


FIELD_WORDS = {
    "depends_on": "order", "covers": "requirements", "specialist": "who does it",
    "criteria": "how it is judged",
}  # fmt: skip


def _names(fields: Iterable[str]) -> str:
    return ", ".join(FIELD_WORDS.get(f, f) for f in fields)


def _plan_buttons(mission: Mission, plan: Plan, gate: Gate) -> tuple[Button, ...]:
    rows = tuple((t.id, f"{t.id} {t.title}") for t in plan.tasks)
    form = Form(
        title="Revise the plan",
        submit="Send",
        fields=(
            Words(name="words", label="What should change?",
                  placeholder="Say it in your own words."),
            Ticks(name="ticks", label="Tasks", rows=rows, choices=("keep", "change", "drop"),
                  default="keep"),
        ),
    )  # fmt: skip
    return (
        words.button(mission, gate, Verb.approve, style="primary"),
        words.button(mission, gate, Verb.revise, form=form),
        words.cancel(mission, gate),
    )


def _being_revised(record: Record, slot: str, plan: Plan) -> Card:
    mission = record.mission
    if mission.status.ended:
        return words.closed(record, slot, plan.version)
    gate = record.gate(GateKind.plan, plan.version)
    return Card(
        mission=mission.id, slot=slot, version=plan.version, title=mission.title, tone=Tone.busy,
        text=f"{words.outcome(record, gate)} Making version {plan.version + 1}.",
        tasks=tuple(checklist.line(t, record, None) for t in plan.tasks),
        buttons=(words.stop(mission),),
        footer=f"plan v{plan.version}",
    )  # fmt: skip
