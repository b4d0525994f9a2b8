"""Assembly: the accepted outputs become one artifact, held against every requirement."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bot.domain.artifact import Artifact, LedgerRow
from bot.domain.board import Board, TaskState, TaskView
from bot.domain.events import EventKind
from bot.domain.gate import GateKind
from bot.domain.mission import Brief, Status
from bot.domain.plan import Tier
from bot.domain.record import Record
from bot.domain.route import MAX_REPAIRS
from bot.domain.work import FileRef, Guidance, Source, mechanical
from bot.store.tx import Tx
from graphs import gates, material
from graphs.models.ask import Ask, again
from graphs.schemas import ArtifactDraft, LedgerDraft, RedoDraft, WholeReviewDraft
from graphs.workshop import Hold, Workshop

# -- assemble ------------------------------------------------------------------------------------


async def assemble(shop: Workshop, hold: Hold, record: Record) -> None:
    """Make the next version of the artifact from the outputs that were accepted."""
    board = Board.of(record)
    version = record.artifact.version + 1 if record.artifact else 1
    draft = await shop.models.ask(_assemble_ask(record, board, version))
    made = _artifact(record, board, draft, version, shop.store.clock())
    async with shop.commit(hold) as tx:
        await tx.put_artifact(hold.mission, made)
        await tx.set_status(hold.mission, Status.reviewing)
        await tx.event(hold.mission, EventKind.assembled, version=version)
        await _show(tx, record)


def _assemble_ask(record: Record, board: Board, version: int) -> Ask[ArtifactDraft]:
    brief = _brief(record)
    return Ask(
        mission=record.mission.id, key=again(record, "assemble", f"assemble:{version}"),
        purpose="assemble", tier=Tier.strong, schema_=ArtifactDraft,
        data={
            "goal": brief.goal,
            "title": record.mission.title,
            "requirements": material.requirements(brief),
            "outputs": [material.output_of(view) for view in board.views],
            "guidance": [g.text for g in record.guidance if g.text and g.kind != "retry"],
            "feedback": "\n".join(f"{r.text}: {r.note}" for r in _unmet(record)),
            "house": material.house(brief),
        },
    )  # fmt: skip


def _unmet(record: Record) -> tuple[LedgerRow, ...]:
    return record.artifact.unmet if record.artifact else ()


def _artifact(
    record: Record, board: Board, draft: ArtifactDraft, version: int, at: Any
) -> Artifact:
    done = [v.attempt for v in board.views if v.state is TaskState.done]
    outputs = [attempt.output for attempt in done if attempt and attempt.output]
    assert record.plan is not None
    return Artifact(
        version=version,
        title=draft.title,
        answer=tuple(draft.answer),
        body=draft.body,
        files=_files(f for o in outputs for f in o.files),
        sources=_sources(s for o in outputs for s in o.sources),
        ledger=tuple(
            LedgerRow(requirement=r.id, text=r.text, tasks=_tasks(record, r.id))
            for r in _brief(record).requirements
        ),
        cost=record.spending.known,
        seconds=int(record.worked(at).total_seconds()),
        plan_version=record.plan.version,
        made_from=board.accepted,
        at=at,
    )


def _files(files: Iterable[FileRef]) -> tuple[FileRef, ...]:
    """Each file once; of two with one name the later task's counts."""
    return tuple({f.name: f for f in files}.values())


def _sources(sources: Iterable[Source]) -> tuple[Source, ...]:
    return tuple({(s.kind, s.title, s.ref): s for s in sources}.values())


def _tasks(record: Record, requirement: str) -> tuple[str, ...]:
    tasks = record.plan.tasks if record.plan else ()
    return tuple(t.id for t in tasks if requirement in record.covers(t.id))


# -- review the whole ----------------------------------------------------------------------------


async def review_whole(shop: Workshop, hold: Hold, record: Record) -> None:
    """Hold the artifact against every requirement; send back only the tasks at fault."""
    artifact = record.artifact
    assert artifact is not None
    draft = await shop.models.ask(_whole_ask(record, artifact))
    said = {row.requirement: row for row in draft.rows}
    ledger = tuple(
        _row(record, artifact, row, said.get(row.requirement)) for row in artifact.ledger
    )
    judged = artifact.model_copy(update={"ledger": ledger})
    mending = _mending(record, judged, said)
    if mending and _repairs(record) < MAX_REPAIRS:
        await _send_back(shop, hold, record, judged, mending)
    else:
        await _offer(shop, hold, record, judged)


def _repairs(record: Record) -> int:
    """How often the whole was sent back since a person saw it last."""
    earlier = record.artifacts[:-1]
    seen = max((a.version for a in earlier if a.reviewed), default=0)
    return sum(a.version > seen for a in earlier)


def _whole_ask(record: Record, artifact: Artifact) -> Ask[WholeReviewDraft]:
    brief = _brief(record)
    tasks = record.plan.tasks if record.plan else ()
    return Ask(
        mission=record.mission.id, key=again(record, "review", f"whole:{artifact.version}"),
        purpose="whole", tier=Tier.strong, schema_=WholeReviewDraft,
        data={
            "goal": brief.goal,
            "requirements": [
                {**r, "tasks": list(_tasks(record, r["id"]))} for r in material.requirements(brief)
            ],
            "artifact": _shown(artifact),
            "tasks": [{"id": t.id, "title": t.title} for t in tasks],
        },
    )  # fmt: skip


def _shown(artifact: Artifact) -> dict[str, Any]:
    return {
        "title": artifact.title,
        "answer": list(artifact.answer),
        "body": artifact.body,
        "files": [{"name": f.name, "media_type": f.media_type} for f in artifact.files],
    }


def _row(record: Record, artifact: Artifact, row: LedgerRow, said: LedgerDraft | None) -> LedgerRow:
    """What the reviewer says, as far as its evidence stands in the artifact."""
    if said is None:
        return row.model_copy(update={"met": False, "note": "The reviewer did not judge this."})
    if not said.met:
        note = said.note or "This is missing."
        return row.model_copy(update={"met": False, "note": note})
    if not mechanical(said.evidence, _text(artifact)):
        note = f"The reviewer quoted “{said.evidence}”, which the artifact does not contain."
        return row.model_copy(update={"met": False, "note": note})
    return row.model_copy(
        update={"met": True, "evidence": said.evidence, "note": _by_hand(record, row)}
    )


def _by_hand(record: Record, row: LedgerRow) -> str:
    """Says so when a person took or left out a task that this rests on."""
    views = Board.of(record).by_id
    known = [t for t in row.tasks if t in views]
    skipped = [t for t in known if _left_out(views[t])]
    taken = [t for t in known if _taken(views[t])]
    notes = [f"{t} was left out by you" for t in skipped]
    notes += [f"{t} was accepted by you as it is" for t in taken]
    return "; ".join(notes)


def _left_out(view: TaskView) -> bool:
    return view.state is TaskState.skipped


def _taken(view: TaskView) -> bool:
    """Done by a person's word alone: the reviewer did not accept it."""
    verdict = view.verdict
    return view.state is TaskState.done and verdict is not None and not verdict.accepted


def _text(artifact: Artifact) -> str:
    names = (f.name for f in artifact.files)
    return "\n".join((artifact.title, *artifact.answer, artifact.body, *names))


Mending = Sequence[tuple[tuple[str, ...], LedgerRow]]
"""Tasks at fault, with the row of the ledger that they must mend."""


def _mending(record: Record, artifact: Artifact, said: Mapping[str, LedgerDraft]) -> Mending:
    """What can be sent back: not the tasks that a person left out or took as they are."""
    views = Board.of(record).by_id
    settled = {name for name, view in views.items() if _left_out(view) or _taken(view)}
    found = [
        (
            tuple(t for t in _at_fault(record, row, said.get(row.requirement)) if t not in settled),
            row,
        )
        for row in artifact.unmet
    ]
    return [(tasks, row) for tasks, row in found if tasks]


async def _send_back(
    shop: Workshop, hold: Hold, record: Record, artifact: Artifact, mending: Mending
) -> None:
    """Guidance changes the fingerprints of the tasks at fault: they and what reads them run."""
    async with shop.commit(hold) as tx:
        await tx.put_artifact(hold.mission, artifact)
        number = await tx.next_guidance(hold.mission)
        for tasks, row in mending:
            await tx.add_guidance(
                hold.mission,
                Guidance(
                    number=number, tasks=tasks, text=f"{row.text}: {row.note}",
                    by="review of the whole", kind="review", at=tx.now,
                ),
            )  # fmt: skip
            number += 1
        await tx.set_status(hold.mission, Status.running)
        unmet = [row.requirement for row in artifact.unmet]
        await tx.event(
            hold.mission, EventKind.whole_reviewed, version=artifact.version, unmet=unmet
        )
        await _show(tx, record)


def _at_fault(record: Record, row: LedgerRow, said: LedgerDraft | None) -> tuple[str, ...]:
    """The tasks that the reviewer names, else those that cover it, else those nothing reads."""
    tasks = record.plan.tasks if record.plan else ()
    known = {t.id for t in tasks}
    named = tuple(t for t in said.tasks if t in known) if said else ()
    read = {d for t in tasks for d in t.depends_on}
    return named or row.tasks or tuple(t.id for t in tasks if t.id not in read)


async def _offer(shop: Workshop, hold: Hold, record: Record, artifact: Artifact) -> None:
    """The artifact is ready for the person, with whatever is still missing said plainly."""
    async with shop.commit(hold) as tx:
        now = await shop.store.record_in(tx, record.mission)
        reviewed = artifact.model_copy(
            update={"reviewed": True, "changes": _changes(record, artifact),
                    "cost": now.spending.known, "seconds": int(now.worked(tx.now).total_seconds())}
        )  # fmt: skip
        await tx.put_artifact(hold.mission, reviewed)
        unmet = [row.requirement for row in artifact.unmet]
        await tx.event(
            hold.mission, EventKind.whole_reviewed, version=artifact.version, unmet=unmet
        )
        await tx.set_status(hold.mission, Status.needs_artifact_approval)
        await gates.open_gate(
            tx, record.mission, GateKind.artifact, f"artifact:{artifact.version}",
            subject=reviewed.fingerprint, version=artifact.version,
        )  # fmt: skip
        await tx.want_all(hold.mission)


def _changes(record: Record, artifact: Artifact) -> str:
    """Against the version the person saw last: a unified diff of the body."""
    from difflib import unified_diff

    seen = [a for a in record.artifacts if a.reviewed]
    if not seen:
        return ""
    lines = unified_diff(seen[-1].body.splitlines(), artifact.body.splitlines(), lineterm="", n=0)
    return "\n".join(line for line in list(lines)[2:] if not line.startswith("@@"))


# -- revise ----------------------------------------------------------------------------------------


async def revise(shop: Workshop, hold: Hold, record: Record) -> None:
    """A person's words about the artifact: which tasks they touch, and what each must change."""
    artifact = record.artifact
    gate = record.gate(GateKind.artifact, artifact.version if artifact else None)
    assert artifact is not None
    assert gate is not None
    words = record.words_at(gate)
    draft = await shop.models.ask(_redo_ask(record, artifact, words))
    changes = _guidance(record, draft, words)
    async with shop.commit(hold) as tx:
        requirement = await _ask_for(shop, tx, record, draft.requirement, words)
        number = await tx.next_guidance(hold.mission)
        for tasks, text in changes:
            await tx.add_guidance(
                hold.mission,
                Guidance(
                    number=number, tasks=tasks, text=text, by="you", kind="revise",
                    requirement=requirement, gate=gate.id, at=tx.now,
                ),
            )  # fmt: skip
            number += 1
        redo = [name for tasks, _ in changes for name in tasks]
        await tx.set_status(hold.mission, Status.running)
        await tx.event(hold.mission, EventKind.revised, version=artifact.version, redo=redo)
        await _show(tx, record)


async def _ask_for(shop: Workshop, tx: Tx, record: Record, text: str, words: str) -> str:
    """The id of what the revision newly asks for, if it does; the person's words are its quote."""
    current = await shop.store.record_in(tx, record.mission)
    if not text.strip() or current.brief is None:
        return ""
    brief, requirement = current.brief.asking(text, quote=words, source="revision")
    await tx.add_brief(record.mission.id, brief)
    return requirement.id


def _redo_ask(record: Record, artifact: Artifact, words: str) -> Ask[RedoDraft]:
    brief = _brief(record)
    tasks = record.plan.tasks if record.plan else ()
    return Ask(
        mission=record.mission.id, key=again(record, "revise", f"redo:{artifact.version}"),
        purpose="redo", tier=Tier.standard, schema_=RedoDraft,
        data={
            "goal": brief.goal,
            "words": words,
            "tasks": [
                {"id": t.id, "title": t.title, "instructions": t.instructions,
                 "depends_on": list(t.depends_on)}
                for t in tasks
            ],
            "artifact": _shown(artifact),
            "requirements": material.requirements(brief),
        },
    )  # fmt: skip


def _guidance(
    record: Record, draft: RedoDraft, words: str
) -> Sequence[tuple[tuple[str, ...], str]]:
    """Guidance per task; unknown tasks are left out, and the last one is asked if none is left."""
    tasks = record.plan.tasks if record.plan else ()
    known = {t.id for t in tasks}
    found = [((r.task,), r.guidance) for r in draft.tasks if r.task in known]
    return found or [(tuple(t.id for t in tasks[-1:]), words)]


# -- together --------------------------------------------------------------------------------------


def _brief(record: Record) -> Brief:
    assert record.brief is not None
    return record.brief


async def _show(tx: Tx, record: Record) -> None:
    version = record.plan.version if record.plan else 1
    names = [f"plan:{version}"]
    if record.artifact is not None and record.artifact.reviewed:
        names.append(f"artifact:{record.artifact.version}")
    await tx.want(record.mission.id, record.mission.place, *names)
