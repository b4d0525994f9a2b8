"""`/mission …`, its form, and “Make this a mission”: the ways in that need no message."""

import structlog

from bot.cards import Card
from bot.chat.slack.errors import Refused as SlackRefused
from bot.chat.slack.place import Where, parts_of
from bot.domain.authority import GUEST
from bot.domain.base import Refused, digest
from bot.domain.mission import Person
from bot.inbox import Letter
from bot.missions import NewMission
from bot.ports import ChatError, ChatGone, Message
from handlers import asks
from handlers.phrases import Meaning, meaning
from handlers.slack import lists
from handlers.slack.face import NOT_FOR_GUESTS, Face
from handlers.slack.forms import Start
from handlers.slack.letters import Command, Shortcut, plain
from handlers.slack.messages import begin, requester, show

log = structlog.get_logger(__name__)

NAME = "/mission"
INVITE = (
    "I am not in this channel, and I may not join it by myself. Type `/invite @{bot}` here and "
    "then your command again, or write to me directly."
)
HELP = (
    f"{asks.HOW}\n\n"
    "- `/mission` and what you want done, in a channel; `/mission` alone opens a form.\n"
    "- Mention me, also in a thread: what was said there is the context. Files can come with it.\n"
    "- Write to me directly, or choose *Make this a mission* in a message's menu.\n"
    "- In a mission's thread just reply: an answer, a change, or `stop`. Slack has no commands in "
    "threads.\n"
    "- `/mission list`, `status`, `stop`, `digest`."
)


# -- commands --------------------------------------------------------------------------------------


async def command(face: Face, letter: Letter, said: Command) -> None:
    """A word such as `list` is answered; everything else is a mission."""
    where = Where(said.team, said.channel)
    person = await face.person(said.team, said.user)
    word = said.text.strip().lower()
    try:
        if answer := await _asked(face, letter.key, where, person, word):
            await face.answer(where, said.user, answer, said.answer)
            return
        text = plain(said.text, (await face.installs.of(said.team)).bot_user)
        await start(face, letter, where, person, Start(goal=text))
    except Refused as refused:
        await face.answer(where, said.user, str(refused), said.answer)


async def _asked(face: Face, key: str, where: Where, person: Person, word: str) -> str:
    """The answer to a word, "" for a wish."""
    match word:
        case "help":
            return HELP
        case "list":
            return lists.listed(await lists.visible(face.store, where, person))
        case "digest":
            return await lists.digest(face.store, await lists.visible(face.store, where, person))
        case "status":
            return await lists.status(face.store, await lists.visible(face.store, where, person))
        case "stop":
            return await _stop(face, key, where, person)
        case _:
            return HELP if meaning(word) in (Meaning.hello, Meaning.help, Meaning.thanks) else ""


async def _stop(face: Face, key: str, where: Where, person: Person) -> str:
    """Stop the one mission that this can mean; else say which there are."""
    open_ = [m for m in await lists.visible(face.store, where, person) if not m.status.ended]
    mine = [m for m in open_ if m.requester == person.id] or open_
    if not mine:
        return "Nothing is running here."
    if len(mine) > 1:
        listed = lists.listed(mine)
        return f"Several missions are under way. Press Stop in the one you mean:\n\n{listed}"
    reply = await face.missions.stop(key, person, mine[0].id)
    return f"*{mine[0].title}*: {reply.text}"


# -- beginning -------------------------------------------------------------------------------------


async def start(face: Face, letter: Letter, where: Where, person: Person, wish: Start) -> None:
    """Post the root message in the channel, and let the mission live in its thread.

    Raises Refused, with the one step that helps.
    """
    if GUEST in person.roles:
        raise Refused(NOT_FOR_GUESTS)
    await enter(face, where)
    root = await _root(face, letter, where, person, wish)
    place = where._replace(thread=root)
    alone = wish.policy.kind == "requester"
    await face.missions.start(
        NewMission(
            key=letter.key, place=place.place, person=person, goal=wish.goal, cap=wish.cap,
            policy=requester(where, person) if alone else wish.policy,
        )
    )  # fmt: skip
    await face.read(place, root)


async def enter(face: Face, where: Where) -> None:
    """Be in the channel: by being there, or by joining where that is allowed. Raises Refused."""
    refused = Refused(INVITE.format(bot=await _name(face, where.team)))
    try:
        info = (await face.calls.ask(where, "conversations.info", channel=where.channel))["channel"]
        if info.get("is_member") or info.get("is_im"):
            return
        await face.calls.ask(where, "conversations.join", channel=where.channel)
    except (ChatGone, SlackRefused):
        raise refused from None


async def _name(face: Face, team: str) -> str:
    bot = (await face.installs.of(team)).bot_user
    try:
        return await face.people.name(team, bot)
    except ChatError:
        return "Concertmaster"


async def _root(face: Face, letter: Letter, where: Where, person: Person, wish: Start) -> str:
    """The ts of the root message. After a crash or a lost answer it is looked for first."""
    card = Card(
        mission=digest(letter.key)[:16], slot="root", title=f"{person.name} asks for",
        text=wish.goal[:2_000],
    )  # fmt: skip
    message = Message(place=where.place, mission=card.mission, slot="root", version=1, card=card)
    found = await face.chat.find(message) if face.again(letter) else None
    face.tried.add(letter.key)
    return parts_of(found or await face.chat.post(message))[1]


async def shortcut(face: Face, key: str, asked: Shortcut) -> None:
    """The message is the goal, its thread the mission's."""
    words, where = asked.words, asked.words.where
    person = await face.person(asked.team, asked.user)
    try:
        if GUEST in person.roles:
            raise Refused(NOT_FOR_GUESTS)
        await enter(face, where)
        if await face.running(where) is not None:
            raise Refused("A mission is under way in this thread already. Reply there instead.")
        text = plain(words.text, (await face.installs.of(asked.team)).bot_user)
        await face.react(where, words.ts, "eyes")
        heard = await begin(face, key, words, person, text)
        await show(face, where, words.model_copy(update={"user": asked.user}), heard)
        await face.read(where, words.ts)
    except Refused as refused:
        await face.answer(where, asked.user, str(refused), asked.answer)
