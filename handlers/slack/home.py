"""The App Home, and what the direct messages suggest to a newcomer."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from functools import partial

import structlog

from bot.cards import Button, Click, encode
from bot.chat.slack import limits
from bot.chat.slack.errors import Refused as SlackRefused
from bot.chat.slack.place import Where
from bot.chat.slack.views import Entry, Home, home
from bot.chat.slack.words import clip
from bot.domain.events import ratings
from bot.domain.mission import HouseContext, Mission
from bot.ports import ChatError, ChatGone
from bot.store.spent import spent_by
from handlers.asks import STATUS_WORDS, status_line
from handlers.slack.face import Face
from handlers.slack.forms import EDIT_HOUSE
from handlers.slack.letters import Opened
from handlers.slack.lists import groups
from handlers.slack.waiting import own, waiting

log = structlog.get_logger(__name__)

Tell = Callable[[Mission], Awaitable[str]]
"""What a line says of a mission."""

MOST = 500
"""The newest ended missions of the workspace, among which the page looks."""
SHOWN = 6
"""Missions of each group, each with a link that is asked for."""
PROMPTS = (
    ("Summarise a document", "Summarise the file I attach: the key points, each with its source."),
    ("Compare two files", "Compare the two files I attach and list what changed, in a table."),
    ("Find what stands out", "From the export I attach, what changed most? Make a one-page brief."),
    ("What can you do?", "What can you do for me?"),
)
"""The manifest has the same; a test compares the two."""


async def opened(face: Face, look: Opened) -> None:
    """A person looks: the home is brought up to date, or the messages suggest how to begin."""
    if look.channel and look.ts:
        await face.begin_reading(Where(look.team, look.channel), look.ts)
    if look.tab == "messages":
        await _suggest(face, look)
    elif look.tab == "home":
        await publish(face, look.team, look.user)


async def _suggest(face: Face, look: Opened) -> None:
    """An extra: where Slack has no agents, nothing is suggested."""
    try:
        prompts = [{"title": t, "message": m} for t, m in await _prompts(face, look)]
        await face.calls.ask(
            Where(look.team, ""), "assistant.threads.setSuggestedPrompts",
            channel_id=look.channel or await _direct(face, look), prompts=prompts,
            title="What shall I do for you?",
        )  # fmt: skip
    except ChatError as error:
        log.info("slack_no_prompts", error=str(error))
    else:
        face.beside.put(look.team, look.user, look.beside)


async def _prompts(face: Face, look: Opened) -> tuple[tuple[str, str], ...]:
    """With a channel beside it, the first is about that channel's people.

    It asks for what is attached: from here the bot reads nothing in that channel.
    """
    if not look.beside:
        return PROMPTS
    where = Where(look.team, look.beside)
    try:
        said = await face.calls.ask(where, "conversations.info", channel=look.beside)
    except (SlackRefused, ChatGone):
        return PROMPTS
    name = f"#{said['channel']['name']}"
    message = (
        f"From the notes I attach, write an update for the people in {name}: what is done, what "
        "is next, what is open."
    )
    return ((clip(f"Write an update for {name}", limits.BUTTON), message), *PROMPTS[:2], PROMPTS[3])


async def _direct(face: Face, look: Opened) -> str:
    opened = await face.calls.ask(Where(look.team, ""), "conversations.open", users=look.user)
    return str(opened["channel"]["id"])


async def publish(face: Face, team: str, user: str) -> None:
    """Show a person their home as it is now."""
    view = await _home(face, team, user)
    try:
        await face.calls.ask(Where(team, ""), "views.publish", user_id=user, view=home(view))
    except ChatError as error:
        log.warning("slack_home_not_shown", error=str(error))


async def _home(face: Face, team: str, user: str) -> Home:
    workspace = Where(team, "").workspace
    (_, asking), (_, runs), (_, ended) = groups(await face.store.standing(workspace, ended=MOST))
    waits = await waiting(face, team, user, asking)
    others, words = [m for m, _ in waits.others], {m.id: text for m, text in waits.others}
    running = [m for m in runs if own(m, user)]
    recent = [m for m in ended if own(m, user)][: 2 * SHOWN]

    async def waits_for(mission: Mission) -> str:
        return words[mission.id]

    return Home(
        needs=await _entries(face, waits.needs, partial(_asked, face, user)),
        others=await _entries(face, others, waits_for),
        running=await _entries(face, running, partial(_status, face), stop=True),
        recent=await _entries(face, recent, partial(_outcome, face)),
        spent=await _spent(face, workspace, user),
        preferences=_preferences(await face.store.house(workspace)),
        buttons=(Button(id=EDIT_HOUSE, label="Change preferences"),),
    )


async def _entries(
    face: Face, missions: Sequence[Mission], tell: Tell, *, stop: bool = False
) -> tuple[Entry, ...]:
    """The first ones with all there is to say, the rest by name."""
    first = await asyncio.gather(*(_entry(face, m, tell, stop=stop) for m in missions[:SHOWN]))
    rest = [Entry(title=m.title, line=STATUS_WORDS[m.status]) for m in missions[SHOWN:]]
    return (*first, *rest)


async def _entry(face: Face, mission: Mission, tell: Tell, *, stop: bool) -> Entry:
    button = Button(
        id=encode(Click(verb="stop", mission=mission.id)), label="Stop", style="danger",
        confirm="Stop now? What is finished is kept.",
    )  # fmt: skip
    link, line = await face.link(mission), await tell(mission)
    return Entry(title=mission.title, line=line, link=link, buttons=(button,) if stop else ())


async def _asked(face: Face, user: str, mission: Mission) -> str:
    """Where it stands, and who asked for it when that is somebody else."""
    line = await _status(face, mission)
    if mission.requester == user:
        return line
    known = await face.store.person(mission.workspace, mission.requester)
    return f"{line} Asked for by {(known and known.name) or 'somebody else'}."


async def _status(face: Face, mission: Mission) -> str:
    record = await face.store.record(mission.id)
    return status_line(record) if record else STATUS_WORDS[mission.status]


async def _outcome(face: Face, mission: Mission) -> str:
    """How it ended, and how people found the newest result that they rated."""
    line = f"{STATUS_WORDS[mission.status]} {mission.reason}".strip()
    found = ratings(await face.store.events(mission.id))
    if not found:
        return line
    good, bad = found[max(found)]
    told = [
        f"{count} found it {word}" for count, word in ((good, "good"), (bad, "not good")) if count
    ]
    return f"{line} Of those who rated it, {' and '.join(told)}."


async def _spent(face: Face, workspace: str, user: str) -> str:
    now = face.store.clock()
    since = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    cost, unknown = await spent_by(face.store, workspace, user, since)
    more = f", and {unknown} calls of unknown price" if unknown else ""
    return f"**Spent this month:** ${cost.quantize(Decimal('0.01'))}{more}"


def _preferences(house: HouseContext) -> str:
    """What every mission is told about the house."""
    told = [f"- {name}: {text}" for name, text in house.model_dump().items() if text]
    return "**What I know about you**\n" + ("\n".join(told) or "Nothing yet.")
