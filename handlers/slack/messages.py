"""Messages: mentions, direct messages, replies where a mission lives, edits and deletions."""

import structlog

from bot.cards import Button, Click, encode
from bot.chat.slack.place import Where
from bot.chat.slack.render import button_element
from bot.chat.slack.words import mrkdwn
from bot.domain.authority import GUEST, may
from bot.domain.base import Refused
from bot.domain.mission import Mission, Person, Policy, Status
from bot.ports import ChatError
from handlers import asks
from handlers.asks import Ask, Heard
from handlers.phrases import Meaning, meaning
from handlers.slack.face import NOT_FOR_GUESTS, Face
from handlers.slack.files import attach, context
from handlers.slack.letters import Deleted, Words, plain

log = structlog.get_logger(__name__)

REACTIONS = {
    "started": "eyes", "answered": "white_check_mark", "revised": "pencil2",
    "steered": "compass", "stopped": "octagonal_sign",
}  # fmt: skip
TALK = frozenset({Meaning.hello, Meaning.thanks, Meaning.help, Meaning.status, Meaning.stop})
STOP = "Stop the mission"


async def concerns(face: Face, words: Words) -> bool:
    """True for words to the bot: direct, by mention, or where a mission is under way."""
    if words.direct or words.calls((await face.installs.of(words.team)).bot_user):
        return True
    return bool(words.thread) and await face.running(words.where) is not None


async def hear(face: Face, key: str, words: Words) -> None:
    """Take a person's words for what they are, and say what they were taken for."""
    mission = await _about(face, words)
    person = await face.person(words.team, words.user, mission)
    bot = (await face.installs.of(words.team)).bot_user
    if not _counts(words, bot, person, mission):
        return
    where = Where.of(mission.place) if mission else words.where
    try:
        if GUEST in person.roles:
            raise Refused(NOT_FOR_GUESTS)
        heard = await _hear(face, key, words, person, mission, bot)
    except Refused as refused:
        heard = Heard(kind="refused", text=str(refused))
    await show(face, where, words, heard)
    await face.read(where, words.ts)


def _counts(words: Words, bot: str, person: Person, mission: Mission | None) -> bool:
    """In a mission's thread people also talk to each other: only who may decide is meant."""
    if words.direct or words.calls(bot):
        return True
    return mission is not None and may(person, mission)


async def _about(face: Face, words: Words) -> Mission | None:
    """The mission that the words are about: the thread's.

    At the top of the direct messages each wish begins a mission of its own. What answers a
    question, or is only “stop” or “how is it going?”, is about the newest one there.
    """
    if not words.direct or words.thread:
        return await face.running(words.where)
    found = await face.direct(words.team, words.channel)
    if found is None or found.status is Status.needs_answer:
        return found
    return found if meaning(words.text) is not Meaning.wish and not words.files else None


async def _hear(
    face: Face, key: str, words: Words, person: Person, mission: Mission | None, bot: str
) -> Heard:
    text = plain(words.text, bot)
    if mission is not None:
        ask = Ask(key=key, place=mission.place, person=person, text=text)
        ask = ask.model_copy(update={"attachments": await attach(face, words.team, words.files)})
        return await asks.hear(face.missions, ask)
    if not words.files and (not text or meaning(text) in TALK) and not words.thread:
        return Heard(kind="said", text=asks.HOW)
    await face.react(words.where, words.ts, REACTIONS["started"])
    return await begin(face, key, words, person, text)


async def begin(face: Face, key: str, words: Words, person: Person, text: str) -> Heard:
    """Start a mission where the words stand. In a thread, the thread is the context."""
    where = words.where
    await face.busy(where, "is reading…")
    lines, more = await context(face, words) if words.thread else ((), ())
    files = await attach(face, words.team, (*more, *words.files))
    if not text and lines:
        text = "Do what this thread asks for."
    ask = Ask(
        key=key, place=where.place, person=person, text=text, attachments=files, thread=lines,
        fresh=True, policy=requester(where, person),
    )  # fmt: skip
    return await asks.hear(face.missions, ask)


def requester(where: Where, person: Person) -> Policy:
    """Who asked may decide: by name where others read along, “you” in direct messages."""
    return Policy(shown="" if where.channel.startswith("D") else person.name)


async def show(face: Face, where: Where, words: Words, heard: Heard) -> None:
    """One reaction, and one line where it helps: private unless everybody asked for it."""
    if heard.kind == "refused":
        await face.tell(where, words.user, heard.text)
        return
    if heard.kind in REACTIONS and heard.kind != "started":
        await face.react(words.where, words.ts, REACTIONS[heard.kind])
    if heard.kind == "said":
        await _say(face, where, heard.text)
    elif heard.text:
        await face.tell(where, words.user, heard.text)


async def _say(face: Face, where: Where, text: str) -> None:
    try:
        await face.chat.say(where.place, text)
    except ChatError as error:
        log.warning("slack_not_said", error=str(error))


# -- edits and deletions ---------------------------------------------------------------------------


async def follow(face: Face, key: str, words: Words) -> None:
    """An edit: while the plan is drafted it is heard; later the person is told what to do.

    A mention that was put in later counts as if it had been there from the beginning.
    """
    bot = (await face.installs.of(words.team)).bot_user
    mission = await face.running(words.where)
    if mission is None:
        first = words.model_copy(update={"text": words.before})
        if words.calls(bot) and not first.calls(bot):
            await hear(face, words.first_key, words)
        return
    person = await face.person(words.team, words.user, mission)
    ask = Ask(key=key, place=mission.place, person=person, text=plain(words.text, bot))
    heard = await asks.reword(face.missions, ask, words.first_key)
    if heard is not None:
        await face.tell(Where.of(mission.place), words.user, heard.text)


async def offer_stop(face: Face, gone: Deleted) -> None:
    """The asking message was taken back: the mission is not, unless the person says so."""
    mission = await face.running(gone.where)
    if mission is None or await face.taken(gone.first_key) != {"mission": mission.id}:
        return
    person = await face.person(gone.team, gone.user, mission)
    if not may(person, mission):
        return
    text = "You deleted the message that this mission began with. The mission goes on."
    id = encode(Click(verb="stop", mission=mission.id))
    stop = button_element(Button(id=id, label=STOP, style="danger"))
    blocks = [
        {"type": "section", "text": {"type": "mrkdwn", "text": mrkdwn(text, 500)}},
        {"type": "actions", "elements": [stop]},
    ]
    await face.chat.whisper(gone.where, gone.user, {"text": text, "blocks": blocks})
