"""Words from a person → a goal, an answer, a revision, guidance, or a stop. Without a platform."""

import re
from typing import Literal

from bot.domain.base import Frozen, Refused
from bot.domain.gate import Gate, GateKind, Verb
from bot.domain.mission import Attachment, Mission, Person, Status
from bot.domain.record import Record
from bot.missions import Missions, NewMission, Reply, Said

Kind = Literal["started", "answered", "revised", "steered", "stopped", "said", "refused"]


class Ask(Frozen):
    """What a person wrote in a Place. `fresh` begins a new mission whatever runs there."""

    key: str
    place: str
    person: Person
    text: str
    attachments: tuple[Attachment, ...] = ()
    thread: tuple[str, ...] = ()
    fresh: bool = False


class Heard(Frozen):
    """What the words were taken for, and what to tell the person about it."""

    kind: Kind
    text: str = ""
    mission: str = ""


HELLO = re.compile(
    r"^(hi|hello|hey|hallo|moin|yo|good (morning|afternoon|evening)|thanks?|thank you|thx|danke"
    r"|ok(ay)?|cool|great|nice|test|ping)\b[\s!.,:)👋🙏👍]*$",
    re.IGNORECASE,
)
STATUS = re.compile(
    r"^(status|how('s| is) it going|how far( are you)?|what('s| is) the status|any (news|update)s?"
    r"|where are (we|you)|are you (done|finished)( yet)?)[\s?!.]*$",
    re.IGNORECASE,
)
STOP = re.compile(
    r"^(stop|halt|abort|cancel)( it| this| that| now| please)*[\s!.]*$", re.IGNORECASE
)
HELP = re.compile(r"^(help|what can you do|how does this work)[\s?!.]*$", re.IGNORECASE)
YES = re.compile(
    r"^(approved?|yes|yep|ok(ay)?|go( ahead)?|lgtm|ship it|looks good|fine|👍)[\s!.]*$",
    re.IGNORECASE,
)

HOW = (
    "Describe a mission in a sentence or two, and attach what it needs. I make a plan, a second "
    "agent challenges it, you approve it, and I come back with the finished result."
)


async def hear(missions: Missions, ask: Ask) -> Heard:
    """Take words for what they are and do it. Raises Refused with one sentence."""
    mission = None if ask.fresh else await current(missions, ask)
    text = ask.text.strip()
    if not text and not ask.attachments:
        raise Refused("Say what you want done, in a sentence or two, and send it again.")
    if mission is None:
        return _chat(text) or await _start(missions, ask)
    return await _about(missions, ask, mission, text)


async def current(missions: Missions, ask: Ask) -> Mission | None:
    """The mission that words in this Place are about: the newest, unless it has ended."""
    found = await missions.store.missions(ask.person.workspace, place=ask.place, limit=1)
    return found[0] if found and not found[0].status.ended else None


def _chat(text: str) -> Heard | None:
    """A greeting or a question about status starts no mission."""
    if HELLO.match(text) or HELP.match(text):
        return Heard(kind="said", text=HOW)
    if STATUS.match(text) or STOP.match(text):
        return Heard(kind="said", text="Nothing is running here. " + HOW)
    return None


async def _start(missions: Missions, ask: Ask) -> Heard:
    mission = await missions.start(
        NewMission(
            key=ask.key, place=ask.place, person=ask.person, goal=_goal(ask),
            attachments=ask.attachments, thread=ask.thread,
        )
    )  # fmt: skip
    return Heard(kind="started", mission=mission.id)


def _goal(ask: Ask) -> str:
    """Files without words ask for what files are mostly sent for."""
    return ask.text.strip() or "Summarise the attached files: the key points, with sources."


async def _about(missions: Missions, ask: Ask, mission: Mission, text: str) -> Heard:
    if STOP.match(text):
        return _heard("stopped", await missions.stop(ask.key, ask.person, mission.id))
    record = await missions.store.record(mission.id)
    if record is None:
        return await _start(missions, ask)
    if STATUS.match(text):
        return Heard(kind="said", text=status_line(record), mission=mission.id)
    if ask.attachments:
        raise Refused(
            "Files can come with a new mission only. Start one with this file, or put what "
            "matters into words here."
        )
    gate = _asking(record)
    if gate is None:
        if HELLO.match(text):
            return Heard(kind="said", text=status_line(record), mission=mission.id)
        return _heard("steered", await missions.steer(ask.key, ask.person, mission.id, text))
    return await _at(missions, ask, gate, text)


def _asking(record: Record) -> Gate | None:
    """The gate that words answer: a question first, then what was opened last."""
    gates = sorted(record.open_gates, key=lambda g: (g.kind is not GateKind.question, g.opened_at))
    questions = [g for g in gates if g.kind is GateKind.question]
    return questions[0] if questions else (gates[-1] if gates else None)


VERB: dict[GateKind, tuple[Verb, Kind]] = {
    GateKind.question: (Verb.answer, "answered"),
    GateKind.plan: (Verb.revise, "revised"),
    GateKind.artifact: (Verb.revise, "revised"),
    GateKind.blocked: (Verb.retry, "answered"),
}


async def _at(missions: Missions, ask: Ask, gate: Gate, text: str) -> Heard:
    if gate.kind is not GateKind.question and YES.match(text):
        return Heard(
            kind="refused", text="Please press the button: words alone do not approve.",
            mission=gate.mission,
        )  # fmt: skip
    if gate.kind is GateKind.budget:
        return Heard(kind="refused", text="Please use the buttons above.", mission=gate.mission)
    verb, kind = VERB[gate.kind]
    said = Said(key=ask.key, person=ask.person, gate=gate.id, verb=verb, words=text)
    return _heard(kind, await missions.decide(said))


def _heard(kind: Kind, reply: Reply) -> Heard:
    done = reply.kind in {"done", "repeated"}
    return Heard(kind=kind if done else "refused", text=reply.text, mission=reply.mission)


STATUS_WORDS: dict[Status, str] = {
    Status.drafting: "I am making the plan.",
    Status.needs_answer: "I am waiting for your answer.",
    Status.needs_plan_approval: "The plan is waiting for your decision.",
    Status.queued: "The work is about to begin.",
    Status.running: "The work is under way.",
    Status.reviewing: "The result is being reviewed.",
    Status.needs_artifact_approval: "The result is waiting for your decision.",
    Status.delivering: "Finishing.",
    Status.done: "Done.",
    Status.cancelled: "Cancelled.",
    Status.failed: "It failed.",
    Status.paused: "It is paused and needs you.",
}


def status_line(record: Record) -> str:
    """Where a mission stands, in one sentence."""
    from bot.domain.board import Board, TaskState

    board = Board.of(record) if record.plan and record.plan.settled else Board(views=())
    done = board.count(TaskState.done, TaskState.skipped)
    count = f" {done} of {len(board.views)} tasks are finished." if board.views else ""
    return STATUS_WORDS[record.mission.status] + count
