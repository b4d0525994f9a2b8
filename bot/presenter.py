"""What people see: (record, slot) → Card. Pure: the same rows give the same card on every face."""

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.cards import (
    Button,
    Card,
    CardFile,
    Choice,
    Click,
    Form,
    Picture,
    Section,
    Table,
    TaskLine,
    Ticks,
    Tone,
    Words,
    encode,
)
from bot.domain.artifact import Artifact
from bot.domain.authority import who
from bot.domain.base import counted
from bot.domain.board import Board, TaskState, TaskView
from bot.domain.gate import LABELS, Gate, GateKind, Verb
from bot.domain.mission import Mission, Question, Status
from bot.domain.plan import Finding, Plan, Risk, Task, difference
from bot.domain.record import Record
from bot.domain.work import FileRef
from bot.picture import plan_svg

FORMATS = ("md", "html", "docx", "pdf")
WRITES = {"write_file", "chart", "join_tables"}
STOP = "stop"


def card(record: Record, slot: str, now: datetime) -> Card | None:
    """The card that this slot should show; None when there is nothing to show there."""
    kind, _, rest = slot.partition(":")
    make: Callable[[Record, str, str, datetime], Card | None] | None = {
        "plan": _plan_slot,
        "question": _gate_slot,
        "blocked": _gate_slot,
        "budget": _gate_slot,
        "artifact": _artifact_slot,
        "reminder": _reminder,
    }.get(kind)
    return make(record, slot, rest, now) if make else None


# -- the plan, which turns into the live checklist -------------------------------------------------


def _plan_slot(record: Record, slot: str, rest: str, now: datetime) -> Card | None:
    version = int(rest)
    settled = {p.version: p for p in record.plans if p.settled}
    newest = record.plan.version if record.plan else 1
    if version < newest:
        return _replaced(record, slot, version, f"plan:{newest}", settled.get(version))
    plan = settled.get(version)
    if plan is None:
        return _drafting(record, slot)
    gate = record.gate(GateKind.plan, version)
    if gate is not None and gate.outcome is Verb.revise:
        return _being_revised(record, slot, plan)
    if gate is None or gate.open or gate.outcome is not Verb.approve:
        return _proposal(record, slot, plan, gate)
    return _checklist(record, slot, plan)


def _drafting(record: Record, slot: str) -> Card:
    mission = record.mission
    if mission.status.ended:
        return _closed(record, slot, 0)
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
        sections=_asked_for(record), started_at=mission.created_at, buttons=(_stop(mission),),
        footer=_models(mission),
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
    return Card(
        mission=mission.id, slot=slot, version=plan.version, title=mission.title,
        tone=Tone.ask if waiting else Tone.plain,
        text=plan.summary if waiting else f"{plan.summary}\n{_outcome(record, gate)}",
        fields=_facts(record, plan),
        tasks=tuple(_line(t, record, None) for t in plan.tasks),
        sections=(*_differences(record, plan), *_discussion(record, plan)),
        picture=_picture(tuple(_line(t, record, None) for t in plan.tasks)),
        buttons=_plan_buttons(mission, plan, gate) if waiting and gate else (),
        footer=_footer(record, gate, f"plan v{plan.version}"),
    )  # fmt: skip


def _facts(record: Record, plan: Plan) -> tuple[tuple[str, str], ...]:
    estimate = plan.estimate
    fields = [
        ("Estimate", f"{_dollars(estimate.cost, 'cost unknown')} · {_span(estimate.seconds)}"),
        ("Cap", f"${record.mission.cap:.2f}"),
        ("Tasks", _shape(plan)),
    ]
    writers = [t.id for t in plan.tasks if t.risk is not Risk.read or WRITES & set(t.tools)]
    if writers:
        fields.append(("Writes files", ", ".join(writers)))
    return tuple(fields)


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
        sections.append(Section(heading="I assume", text=_bullets(plan.assumptions)))
    if plan.not_done:
        sections.append(Section(heading="Not part of this", text=_bullets(plan.not_done)))
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
        _button(mission, gate, Verb.approve, style="primary"),
        _button(mission, gate, Verb.revise, form=form),
        _button(mission, gate, Verb.cancel, style="danger", confirm="Cancel this mission?"),
    )


def _being_revised(record: Record, slot: str, plan: Plan) -> Card:
    mission = record.mission
    if mission.status.ended:
        return _closed(record, slot, plan.version)
    gate = record.gate(GateKind.plan, plan.version)
    return Card(
        mission=mission.id, slot=slot, version=plan.version, title=mission.title, tone=Tone.busy,
        text=f"{_outcome(record, gate)} Making version {plan.version + 1}.",
        tasks=tuple(_line(t, record, None) for t in plan.tasks), buttons=(_stop(mission),),
        footer=f"plan v{plan.version}",
    )  # fmt: skip


def _replaced(record: Record, slot: str, version: int, by: str, plan: Plan | None) -> Card:
    mission = record.mission
    word, _, number = by.partition(":")
    return Card(
        mission=mission.id, slot=slot, version=version, title=mission.title,
        text=f"Replaced by version {number} of the {word}, below.",
        tasks=tuple(_line(t, record, None) for t in plan.tasks) if plan else (),
        footer=f"{word} v{version}",
    )  # fmt: skip


# -- the checklist ---------------------------------------------------------------------------------


def _checklist(record: Record, slot: str, plan: Plan) -> Card:
    mission, board = record.mission, Board.of(record)
    return Card(
        mission=mission.id, slot=slot, version=plan.version, title=mission.title,
        tone=_running_tone(record), text=_progress(record, board),
        fields=(("Cost so far", _spent(record)), ("Cap", f"${mission.cap:.2f}")),
        tasks=tuple(_line(v.task, record, v) for v in board.views),
        picture=_picture(tuple(_line(v.task, record, v) for v in board.views)),
        started_at=mission.created_at, ended_at=mission.ended_at,
        buttons=() if mission.status.ended else (_stop(mission),),
        footer=_footer(record, None, f"plan v{plan.version}"),
    )  # fmt: skip


def _running_tone(record: Record) -> Tone:
    status = record.mission.status
    if status is Status.done:
        return Tone.good
    if status.ended:
        return Tone.plain
    return Tone.ask if record.open_gates or record.paused else Tone.busy


def _progress(record: Record, board: Board) -> str:
    mission = record.mission
    finished = f"{board.count(TaskState.done)} of {counted(len(board.views), 'task')} finished"
    skipped = board.count(TaskState.skipped)
    finished += f", {skipped} left out" if skipped else ""
    if mission.status is Status.done:
        return f"Done. {finished}. {mission.reason}"
    if mission.status.ended:
        return f"{mission.reason or 'This mission has ended.'} {finished}; what they made is kept."
    if mission.stop_asked or mission.cancel_asked:
        return f"Stopping. {finished}."
    if record.paused:
        return f"Paused by the operator. {finished}. It goes on by itself when the pause ends."
    waits = [g for g in record.open_gates if g.kind is not GateKind.artifact]
    if waits:
        return f"{finished}. I need you: see the message below."
    if mission.status is Status.needs_artifact_approval:
        return f"{finished}. The result is below, for you to approve."
    if board.settled:
        return f"{finished}. Putting it together and holding it against what you asked for."
    return f"{finished}."


def _line(task: Task, record: Record, view: TaskView | None) -> TaskLine:
    attempt = view.attempt if view else None
    return TaskLine(
        id=task.id, title=task.title, state=_state(record, view), who=task.specialist,
        tier=task.tier.value, needs=task.depends_on, covers=record.covers(task.id),
        writes=task.risk is not Risk.read or bool(WRITES & set(task.tools)),
        mark=_mark(task, record) if view is None else "",
        note=_note(record, view) if view else "", attempt=attempt.number if attempt else 0,
        started_at=attempt.started_at if attempt else None,
        ended_at=_ended(view) if view else None,
    )  # fmt: skip


def _state(record: Record, view: TaskView | None) -> str:
    if view is None:
        return ""
    if record.mission.status.ended and not view.state.settled:
        return "skipped"
    return view.state.value


def _ended(view: TaskView) -> datetime | None:
    if view.verdict is not None:
        return view.verdict.at
    return view.attempt.ended_at if view.attempt and view.state.stuck else None


def _mark(task: Task, record: Record) -> Literal["", "added", "changed"]:
    earlier = [p for p in record.plans if p.settled and record.plan and p is not record.plan]
    if not earlier or record.plan is None or task.id not in record.plan.by_id:
        return ""
    if task.id not in earlier[-1].by_id:
        return "added"
    changed = {name for name, _ in difference(earlier[-1], record.plan).changed}
    return "changed" if task.id in changed else ""


def _note(record: Record, view: TaskView) -> str:
    """Few words on what is not plain from the state."""
    if record.mission.status.ended and not view.state.settled:
        return "not finished"
    if view.state in {TaskState.failed, TaskState.blocked}:
        return _first(view.why)
    if view.state in {TaskState.ready, TaskState.running} and view.attempt:
        reworks = view.action is not None and view.why
        if reworks:
            return f"again, because: {_first(view.why)}"
        return f"attempt {view.attempt.number}" if view.attempt.number > 1 else ""
    if view.state is TaskState.done and view.reused:
        return "kept from before"
    if view.state is TaskState.done and view.verdict and not view.verdict.accepted:
        return "used as it is, on your word"
    return ""


def _first(text: str) -> str:
    line = text.strip().split("\n", 1)[0].removeprefix("- ")
    return line if len(line) <= 160 else line[:157].rsplit(" ", 1)[0] + "…"


def _picture(lines: tuple[TaskLine, ...]) -> Picture | None:
    """The tasks as a graph; a single one needs no picture."""
    if len(lines) < 2:
        return None
    chains = "; ".join(f"{t.id} after {', '.join(t.needs)}" for t in lines if t.needs)
    alt = f"The plan as a graph: {counted(len(lines), 'task')}. {chains or 'All at once'}."
    return Picture(name="plan.svg", svg=plan_svg(lines), alt=alt)


# -- gates -----------------------------------------------------------------------------------------


def _gate_slot(record: Record, slot: str, rest: str, now: datetime) -> Card | None:
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
            _button(mission, gate, Verb.answer, style="primary", form=form),
            _button(mission, gate, Verb.cancel, style="danger", confirm="Cancel this mission?"),
        ),
        footer=f"Without an answer I take what I said, at {_when(gate.expires_at, mission.zone)}.",
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
        fields=(("Cost so far", _spent(record)),),
        buttons=tuple(_gate_button(mission, gate, verb) for verb in gate.verbs),
        footer=_footer(record, gate, ""),
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


def _gate_button(mission: Mission, gate: Gate, verb: Verb) -> Button:
    match verb:
        case Verb.retry:
            form = Form(
                title="Try again", submit="Retry",
                fields=(Words(name="words", label="Anything to do differently? (optional)"),),
            )  # fmt: skip
            return _button(
                mission, gate, verb, style="primary", form=form if gate.data.get("task") else None
            )
        case Verb.cancel:
            return _button(mission, gate, verb, style="danger", confirm="Cancel this mission?")
        case _:
            return _button(mission, gate, verb)


def _budget(record: Record, slot: str, gate: Gate) -> Card:
    mission, data = record.mission, gate.data
    cap = Decimal(str(data["cap"]))
    approve = _button(mission, gate, Verb.approve, style="primary").model_copy(
        update={"label": f"Raise the cap to ${cap:.2f}"}
    )
    return Card(
        mission=mission.id, slot=slot, version=gate.version, title="The cap is reached",
        tone=Tone.ask,
        text=f"{_spent(record)} of ${Decimal(str(data['was'])):.2f} is spent, and the next step "
        f"needs about ${Decimal(str(data['needed'])):.2f}. Nothing is spent until you decide.",
        buttons=(approve, _button(mission, gate, Verb.cancel, style="danger",
                                  confirm="Cancel this mission?")),
        footer=_footer(record, gate, ""),
    )  # fmt: skip


def _answered(record: Record, slot: str, gate: Gate) -> Card:
    titles = {
        GateKind.question: "Answered", GateKind.blocked: "Decided", GateKind.budget: "Decided",
    }  # fmt: skip
    return Card(
        mission=record.mission.id, slot=slot, version=gate.version,
        title=titles.get(gate.kind, "Decided"), text=_outcome(record, gate),
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


def _reminder(record: Record, slot: str, rest: str, now: datetime) -> Card | None:
    gate = next((g for g in record.gates if g.name == rest), None)
    if gate is None:
        return None
    title = f"Still waiting: {record.mission.title}" if gate.open else "Thank you"
    text = (
        f"I need your decision above. {_then(gate, record.mission.zone)}"
        if gate.open
        else "This was decided."
    )
    return Card(
        mission=record.mission.id, slot=slot, title=title, text=text,
        tone=Tone.ask if gate.open else Tone.plain,
    )  # fmt: skip


# -- the artifact ----------------------------------------------------------------------------------


def _artifact_slot(record: Record, slot: str, rest: str, now: datetime) -> Card | None:
    version = int(rest)
    seen = {a.version: a for a in record.artifacts if a.reviewed}
    artifact = seen.get(version)
    if artifact is None:
        return None
    if version < max(seen):
        newest = max(seen)
        return _replaced(record, slot, version, f"artifact:{newest}", None)
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
        text=answer if waiting else f"{answer}\n{_outcome(record, gate)}",
        body=artifact.body,
        sections=(*_missing(artifact), *_changes(artifact), *_sources(artifact)),
        table=_ledger(artifact),
        files=tuple(_file(f) for f in artifact.files), downloads=FORMATS,
        buttons=_artifact_buttons(mission, gate) if waiting and gate else (),
        footer=_footer(record, gate, f"version {artifact.version}",
                       f"{_dollars(artifact.cost, 'cost unknown')} · {_span(artifact.seconds)}"),
    )  # fmt: skip


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
        _button(mission, gate, Verb.approve, style="primary"),
        _button(mission, gate, Verb.revise, form=form),
        _button(mission, gate, Verb.cancel, style="danger",
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
        tone=Tone.busy, text=f"{_outcome(record, gate)} {plan}".strip(), downloads=FORMATS,
        files=tuple(_file(f) for f in artifact.files), buttons=(_stop(record.mission),),
        footer=f"version {artifact.version}",
    )  # fmt: skip


# -- small words -----------------------------------------------------------------------------------


def _closed(record: Record, slot: str, version: int) -> Card:
    mission = record.mission
    return Card(
        mission=mission.id, slot=slot, version=version, title=mission.title,
        text=f"{mission.reason or 'This mission has ended.'} Nothing was run.",
        footer=_footer(record, None, ""),
    )  # fmt: skip


def _button(
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


def _stop(mission: Mission) -> Button:
    click = Click(verb=STOP, mission=mission.id)
    confirm = "Stop now? What is finished is kept."
    return Button(id=encode(click), label="Stop", style="danger", confirm=confirm)


PAST = {
    Verb.approve: "Approved", Verb.revise: "Sent back", Verb.cancel: "Cancelled",
    Verb.answer: "Answered", Verb.retry: "Tried again", Verb.skip: "Left out",
    Verb.accept: "Used as it is",
}  # fmt: skip


def _outcome(record: Record, gate: Gate | None) -> str:
    """Who decided what and when, in one line."""
    if gate is None or gate.open or gate.outcome is None or gate.closed_at is None:
        return ""
    zone = record.mission.zone
    if gate.expired:
        return f"Closed at {_when(gate.closed_at, zone)} without a decision."
    decisions = record.decisions_at(gate)
    names = ", ".join(dict.fromkeys(d.name or d.person for d in decisions))
    words = record.words_at(gate)
    said = f" “{words}”" if words and gate.kind is not GateKind.question else ""
    return f"{PAST[gate.outcome]} by {names}, {_when(gate.closed_at, zone)}.{said}"


def _then(gate: Gate, zone: str) -> str:
    what = "I go on with what I said" if gate.kind is GateKind.question else "it is closed"
    return f"Without one, {what} at {_when(gate.expires_at, zone)}."


def _footer(record: Record, gate: Gate | None, *parts: str) -> str:
    mission = record.mission
    asks = ""
    if gate is not None and gate.open:
        name = "you" if gate.policy.kind == "requester" else who(gate.policy, mission.requester)
        asks = f"for {name} to decide, until {_when(gate.expires_at, mission.zone)}"
    return " · ".join(part for part in (*parts, asks, _models(mission)) if part)


def _models(mission: Mission) -> str:
    return mission.models


def _file(file: FileRef) -> CardFile:
    return CardFile(**file.model_dump())


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _spent(record: Record) -> str:
    known = record.spending
    if known.unknown:
        return f"${known.spent:.2f} and {counted(known.unknown, 'call')} of unknown price"
    return f"${known.spent:.2f}"


def _dollars(cost: Decimal | None, unknown: str) -> str:
    if cost is None:
        return unknown
    if cost == 0:
        return "free"
    return f"${cost:.2f}" if cost >= Decimal("0.01") else "under $0.01"


def _span(seconds: int) -> str:
    if seconds < 60:
        return f"{max(seconds, 1)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def _when(moment: datetime, zone: str) -> str:
    try:
        local = moment.astimezone(ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        local, zone = moment, "UTC"
    text = f"{local:%a} {local.day} {local:%b}, {local:%H:%M}"
    return f"{text} UTC" if zone == "UTC" else text
