"""Words from a person → a goal, an answer, a revision, guidance, or a stop. Without a platform."""

import re
from collections.abc import Mapping
from typing import Any, Literal

from bot.domain.answers import answers, pick
from bot.domain.authority import may
from bot.domain.base import Frozen, Refused, counted
from bot.domain.board import Board, TaskState
from bot.domain.gate import Gate, GateKind, Verb
from bot.domain.mission import Attachment, Mission, Person, Policy, Question, Status
from bot.domain.record import Record
from bot.missions import Missions, NewMission, Reply, Said
from handlers.phrases import Meaning, meaning

Kind = Literal["started", "answered", "revised", "steered", "stopped", "said", "refused"]


class Ask(Frozen):
    """What a person wrote in a Place. `fresh` begins a new mission whatever runs there.

    `policy` is who may decide about a mission that begins with it; without one, the person.
    """

    key: str
    place: str
    person: Person
    text: str
    attachments: tuple[Attachment, ...] = ()
    thread: tuple[str, ...] = ()
    fresh: bool = False
    policy: Policy | None = None


class Heard(Frozen):
    """What the words were taken for, and what to tell the person about it."""

    kind: Kind
    text: str = ""
    mission: str = ""


HOW = (
    "Describe a mission in a sentence or two, and attach what it needs. I make a plan, a second "
    "agent challenges it, you approve it, and I come back with the finished result."
)
PRESS = "Please press the button: words alone do not approve."


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


LATE = (
    "You changed your words after I had taken them. I go on with the first ones. To change "
    "something, say what should be different, or press Revise."
)


async def reword(missions: Missions, ask: Ask, first: str) -> Heard | None:
    """Words that were changed after they were heard under the key `first`.

    Those that asked for a mission count while its plan is being made; the answer to all others is
    LATE. None when nothing changed, when nothing came of them, or when it is not theirs to say.
    """
    async with missions.store.begin() as tx:
        taken = await tx.inbox_result(first)
    mission = await missions.store.mission(taken["mission"]) if taken else None
    if mission is None or mission.status.ended or not may(ask.person, mission):
        return None
    if began(taken) and ask.text.strip() == mission.goal.strip():
        return None
    if not began(taken) or mission.status is not Status.drafting:
        return Heard(kind="refused", text=LATE, mission=mission.id)
    text = f"The request was changed. It now says: {ask.text.strip()}"
    return _heard("steered", await missions.steer(ask.key, ask.person, mission.id, text))


def began(taken: Mapping[str, Any]) -> bool:
    """True when what came of words is that a mission began."""
    return set(taken) == {"mission"}


def _chat(text: str) -> Heard | None:
    """A greeting or a question about status starts no mission."""
    match meaning(text):
        case Meaning.wish:
            return None
        case Meaning.thanks:
            return Heard(kind="said", text="You are welcome.")
        case Meaning.hello | Meaning.help:
            return Heard(kind="said", text=HOW)
        case Meaning.status | Meaning.stop:
            return Heard(kind="said", text=f"Nothing is running here. {HOW}")
        case _:
            return Heard(kind="said", text=f"Nothing is waiting for you here. {HOW}")


async def _start(missions: Missions, ask: Ask) -> Heard:
    mission = await missions.start(
        NewMission(
            key=ask.key, place=ask.place, person=ask.person, goal=_goal(ask),
            attachments=ask.attachments, thread=ask.thread, policy=ask.policy or Policy(),
        )
    )  # fmt: skip
    return Heard(kind="started", mission=mission.id)


def _goal(ask: Ask) -> str:
    """Files without words ask for what files are mostly sent for. Raises Refused for one word."""
    text = ask.text.strip()
    if not text:
        return "Summarise the attached files: the key points, with sources."
    if not ask.attachments and is_one_word(text):
        raise Refused(
            f"“{text}” alone does not tell me enough. Say what you want done, in a sentence or "
            "two, and send it again."
        )
    return text


def is_one_word(text: str) -> bool:
    """True for a single word of an alphabet that puts spaces between words."""
    return re.fullmatch(r"[\w'’.-]{1,40}", text) is not None and max(text) < "\u0e00"


async def _about(missions: Missions, ask: Ask, mission: Mission, text: str) -> Heard:
    record = await missions.store.record(mission.id)
    if record is None:
        return await _start(missions, ask)
    if ask.attachments:
        raise Refused(
            "Files can come with a new mission only. Start one with this file, or put what "
            "matters into words here."
        )
    gate = _asking(record)
    if gate is not None and _chooses(gate, text):
        return await _answer(missions, ask, gate, text)
    match meaning(text):
        case Meaning.stop:
            return _heard("stopped", await missions.stop(ask.key, ask.person, mission.id))
        case Meaning.status | Meaning.hello | Meaning.thanks:
            return Heard(kind="said", text=status_line(record), mission=mission.id)
        case Meaning.help:
            return Heard(kind="said", text=f"{status_line(record)} {HOW}", mission=mission.id)
        case said if gate is not None:
            return await _at(missions, ask, gate, said)
        case Meaning.wish:
            return _heard("steered", await missions.steer(ask.key, ask.person, mission.id, text))
        case _:
            return Heard(kind="said", text=status_line(record), mission=mission.id)


def _asking(record: Record) -> Gate | None:
    """The gate that words answer: a question first, then what was opened last."""
    gates = sorted(record.open_gates, key=lambda g: (g.kind is not GateKind.question, g.opened_at))
    questions = [g for g in gates if g.kind is GateKind.question]
    return questions[0] if questions else (gates[-1] if gates else None)


def _chooses(gate: Gate, text: str) -> bool:
    """True when these very words are one of the choices: “stop” may be an answer then."""
    return any(pick(q, text) in q.choices for q in _questions(gate))


def _questions(gate: Gate) -> tuple[Question, ...]:
    return tuple(Question.model_validate(q) for q in gate.data.get("questions", ()))


async def _at(missions: Missions, ask: Ask, gate: Gate, said: Meaning) -> Heard:
    """Words at a gate: they answer and send back, and they never approve."""
    match gate.kind:
        case GateKind.question:
            return await _answer(missions, ask, gate, ask.text)
        case GateKind.plan | GateKind.artifact if said is Meaning.wish:
            return await _decide(missions, ask, gate, Verb.revise, "revised")
        case GateKind.plan | GateKind.artifact if said in {Meaning.no, Meaning.again}:
            return _refuse(gate, "Say what should change, or press Cancel.")
        case GateKind.blocked if said is Meaning.again:
            return await _decide(missions, ask, gate, Verb.retry, "answered", words="")
        case GateKind.blocked if said is Meaning.wish:
            return await _try_with(missions, ask, gate)
        case GateKind.blocked | GateKind.budget:
            return _refuse(gate, "Please use the buttons above.")
        case _:
            return _refuse(gate, PRESS)


async def _answer(missions: Missions, ask: Ask, gate: Gate, text: str) -> Heard:
    """The answers that the words give; the rest is taken as it was said."""
    questions = _questions(gate)
    given = answers(questions, text)
    said = Said(
        key=ask.key, person=ask.person, gate=gate.id, verb=Verb.answer, data={"answers": given}
    )
    heard = _heard("answered", await missions.decide(said))
    if heard.kind == "answered" and len(given) < len(questions):
        rest = f"{heard.text} For the rest I take what I said."
        return heard.model_copy(update={"text": rest})
    return heard


async def _try_with(missions: Missions, ask: Ask, gate: Gate) -> Heard:
    """Again, with these words. A stage has no task to give them to: they go to the mission."""
    if gate.data.get("task"):
        return await _decide(missions, ask, gate, Verb.retry, "answered")
    steered = await missions.steer(f"{ask.key}:words", ask.person, gate.mission, ask.text)
    if steered.kind not in {"done", "repeated"}:
        return _heard("answered", steered)
    return await _decide(missions, ask, gate, Verb.retry, "answered", words="")


async def _decide(
    missions: Missions, ask: Ask, gate: Gate, verb: Verb, kind: Kind, words: str | None = None
) -> Heard:
    text = ask.text if words is None else words
    said = Said(key=ask.key, person=ask.person, gate=gate.id, verb=verb, words=text)
    return _heard(kind, await missions.decide(said))


def _refuse(gate: Gate, text: str) -> Heard:
    return Heard(kind="refused", text=text, mission=gate.mission)


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
    board = Board.of(record) if record.plan and record.plan.settled else Board()
    done = board.count(TaskState.done, TaskState.skipped)
    tasks = counted(len(board.views), "task")
    count = f" {done} of {tasks} finished." if board.views else ""
    if record.paused and not record.mission.status.ended:
        return f"Everything is paused by the operator.{count} I go on when the pause ends."
    return STATUS_WORDS[record.mission.status] + count
