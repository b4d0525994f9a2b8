"""Intake: words and attachments become a Brief, with requirements that quote them."""

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from bot.documents.convert import convert
from bot.documents.errors import DocumentError
from bot.domain.events import EventKind
from bot.domain.gate import GateKind
from bot.domain.mission import Attachment, Brief, Question, Requirement, Status, title_of
from bot.domain.plan import Tier
from bot.domain.record import Record
from bot.domain.route import brief_gate
from bot.domain.work import mechanical
from graphs import gates, material
from graphs.models.ask import Ask, again
from graphs.schemas import IntakeDraft, RequirementDraft
from graphs.workshop import Hold, Workshop

MAX_QUESTIONS = 3


async def intake(shop: Workshop, hold: Hold, record: Record) -> None:
    """Write the next version of the brief; with it, at most one message of questions."""
    attachments = await _attachments(shop, record)
    before = record.brief
    answers = _answers(record, before)
    draft = _given(record) or await shop.models.ask(await _ask(shop, record, attachments, answers))
    brief = await _brief(shop, record, attachments, answers, draft)
    questions = [] if before else _questions(draft, attachments)
    async with shop.commit(hold) as tx:
        for file in attachments:
            if file.text:
                await tx.own_file(file.text, hold.mission, f"{file.name}.txt")
        await tx.add_brief(hold.mission, brief)
        await tx.set_mission(hold.mission, title=title_of(draft.title))
        await tx.event(hold.mission, EventKind.briefed, requirements=len(brief.requirements))
        if questions:
            await gates.open_gate(
                tx, record.mission, GateKind.question, f"question:brief.{brief.version}",
                subject=[q.model_dump() for q in questions], version=brief.version,
                data={"questions": [q.model_dump() for q in questions]},
            )  # fmt: skip
        await tx.set_status(hold.mission, Status.needs_answer if questions else Status.drafting)
        await tx.want(hold.mission, record.mission.place, "plan:1")


# -- attachments -----------------------------------------------------------------------------------


async def _attachments(shop: Workshop, record: Record) -> tuple[Attachment, ...]:
    """The files with their text; one that cannot be read says why, and the others go on."""
    if record.brief is not None:
        return record.brief.attachments
    return tuple(await asyncio.gather(*(_read(shop, file) for file in record.mission.attachments)))


async def _read(shop: Workshop, file: Attachment) -> Attachment:
    try:
        made = await convert(shop.workers, await shop.files.get(file.sha256), file.name)  # pyright: ignore[reportArgumentType]
    except (DocumentError, FileNotFoundError) as error:
        return file.model_copy(update={"note": str(error)})
    text = await shop.files.put(made.markdown.encode())
    note = " ".join(made.notes)
    return file.model_copy(update={"text": text, "chars": made.chars, "note": note})


async def shown(shop: Workshop, files: Sequence[Attachment]) -> list[dict[str, Any]]:
    """The attachments as planners see them: a name, a size and the beginning."""
    found: list[dict[str, Any]] = []
    for file in files:
        text = (await shop.files.get(file.text)).decode() if file.text else ""
        found.append(
            {
                "name": file.name,
                "media_type": file.media_type,
                "chars": file.chars,
                "excerpt": text[: material.EXCERPT],
                "tables": tables(text),
                "note": file.note,
            }
        )
    return found


TABLE_ROW = re.compile(r"^\|(.+)\|\s*$")
RULE_ROW = re.compile(r"^\|[\s:|-]+\|\s*$")
SHEET = re.compile(r"^##\s+(.+?)\s*$")


def tables(markdown: str) -> list[dict[str, Any]]:
    """The Markdown tables of a text: the heading above, the columns, the number of rows."""
    found: list[dict[str, Any]] = []
    sheet, above = "", ""
    for line in markdown.splitlines():
        if heading := SHEET.match(line):
            sheet = heading[1]
        if RULE_ROW.match(line) and TABLE_ROW.match(above):
            columns = [cell.strip() for cell in above.strip().strip("|").split("|")]
            found.append({"sheet": sheet, "columns": columns, "rows": 0})
        elif found and TABLE_ROW.match(line) and TABLE_ROW.match(above):
            found[-1]["rows"] += 1
        above = line
    return found


def _given(record: Record) -> IntakeDraft | None:
    """The requirements that came with a person's own plan: nothing to ask a model for."""
    mission = record.mission
    if not mission.requirements:
        return None
    drafts = [
        RequirementDraft(text=r.text, quote=r.quote, check=r.check) for r in mission.requirements
    ]
    return IntakeDraft(title=mission.title, requirements=drafts)


# -- words -----------------------------------------------------------------------------------------


async def _ask(
    shop: Workshop,
    record: Record,
    files: Sequence[Attachment],
    answers: Sequence[tuple[str, str]],
) -> Ask[IntakeDraft]:
    mission, version = record.mission, (record.brief.version if record.brief else 0) + 1
    house = await shop.store.house(mission.workspace)
    return Ask(
        mission=mission.id, key=again(record, "intake", f"intake:{version}"),
        purpose="intake", tier=Tier.standard, schema_=IntakeDraft,
        data={
            "goal": mission.goal,
            "thread": list(mission.thread),
            "attachments": await shown(shop, files),
            "house": house.model_dump(),
            "answers": [list(pair) for pair in answers],
            "may_ask": record.brief is None,
            "now": mission.created_at.isoformat(timespec="minutes"),
            "zone": mission.zone,
        },
    )  # fmt: skip


async def _brief(
    shop: Workshop,
    record: Record,
    files: tuple[Attachment, ...],
    answers: tuple[tuple[str, str], ...],
    draft: IntakeDraft,
) -> Brief:
    mission, before = record.mission, record.brief
    unread = tuple(f"{f.name}: {f.note}" for f in files if f.note)
    return Brief(
        version=(before.version if before else 0) + 1,
        goal=mission.goal,
        requirements=mission.requirements or _requirements(record, answers, draft.requirements),
        assumptions=(*draft.assumptions, *unread),
        attachments=files,
        answers=answers,
        house=await shop.store.house(mission.workspace),
        thread=mission.thread,
        now=mission.created_at,
        zone=mission.zone,
    )


def _requirements(
    record: Record, answers: Sequence[tuple[str, str]], drafts: Sequence[RequirementDraft]
) -> tuple[Requirement, ...]:
    """`R1…`: the ids of the brief before go on where the words do, and none is used twice."""
    words = [record.mission.goal, *record.mission.thread, *(a for _, a in answers)]
    known = {r.text: r.id for r in record.brief.requirements} if record.brief else {}
    next_id = max((int(name[1:]) for name in known.values()), default=0) + 1
    made: list[Requirement] = []
    for draft in drafts:
        name = known.pop(draft.text, "")
        if not name:
            name, next_id = f"R{next_id}", next_id + 1
        quote = quoted(draft.quote, words)
        made.append(Requirement(id=name, text=draft.text, quote=quote, check=draft.check))
    return tuple(made)


def quoted(quote: str, words: Sequence[str]) -> str:
    """The quote when it really stands in the words, else the sentence of theirs that is nearest."""
    if any(mechanical(quote, text) for text in words):
        return quote
    sentences = [s for text in words for s in re.split(r"(?<=[.!?;\n])\s+", text) if s.strip()]
    wanted = set(quote.casefold().split())
    return max(sentences, key=lambda s: len(wanted & set(s.casefold().split())), default=quote)


def _questions(draft: IntakeDraft, files: Sequence[Attachment]) -> list[Question]:
    """At most three; that nothing of what was sent could be read is asked first."""
    asked = [(q.text, tuple(q.choices), q.default) for q in draft.questions]
    if files and not any(file.text for file in files):
        names = ", ".join(file.name for file in files)
        text = f"I could not read {names}: {files[0].note} {OR_SEND_IT_AGAIN}"
        asked.insert(0, (text, (WITHOUT,), WITHOUT))
    return [
        Question(id=f"Q{n}", text=text, choices=choices, default=default)
        for n, (text, choices, default) in enumerate(asked[:MAX_QUESTIONS], start=1)
    ]


WITHOUT = "Go on without it"
OR_SEND_IT_AGAIN = "Shall I go on without it? If not, cancel and send a readable copy."


def _answers(record: Record, before: Brief | None) -> tuple[tuple[str, str], ...]:
    """What the person said, and the stated default where they said nothing."""
    gate = brief_gate(record, before) if before else None
    if gate is None:
        return ()
    return gates.answers(record, gate)
