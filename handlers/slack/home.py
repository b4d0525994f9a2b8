"""The App Home, and what the direct messages suggest to a newcomer."""

from collections.abc import Sequence
from decimal import Decimal

import structlog

from bot.cards import Button, Click, encode
from bot.chat.slack.place import Where
from bot.chat.slack.views import Entry, Home, home
from bot.domain.mission import HouseContext, Mission
from bot.ports import ChatError
from bot.store.spent import spent_by
from handlers.asks import STATUS_WORDS, status_line
from handlers.slack.face import Face
from handlers.slack.forms import EDIT_HOUSE
from handlers.slack.letters import Opened
from handlers.slack.lists import groups

log = structlog.get_logger(__name__)

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
    prompts = [{"title": title, "message": message} for title, message in PROMPTS]
    try:
        await face.calls.ask(
            Where(look.team, look.channel), "assistant.threads.setSuggestedPrompts",
            channel_id=look.channel, prompts=prompts, title="What shall I do for you?",
        )  # fmt: skip
    except ChatError as error:
        log.info("slack_no_prompts", error=str(error))


async def publish(face: Face, team: str, user: str) -> None:
    """Show a person their home as it is now."""
    view = await _home(face, team, user)
    try:
        await face.calls.ask(Where(team, ""), "views.publish", user_id=user, view=home(view))
    except ChatError as error:
        log.warning("slack_home_not_shown", error=str(error))


async def _home(face: Face, team: str, user: str) -> Home:
    workspace = Where(team, "").workspace
    found = await face.store.missions(workspace, limit=500)
    mine = [m for m in found if m.requester == user or user in m.policy.people]
    (_, needs), (_, runs), (_, ended) = groups(mine)
    return Home(
        needs=await _entries(face, needs),
        running=await _entries(face, runs, stop=True),
        recent=await _entries(face, ended[: 2 * SHOWN]),
        spent=await _spent(face, workspace, user),
        preferences=_preferences(await face.store.house(workspace)),
        buttons=(Button(id=EDIT_HOUSE, label="Change preferences"),),
    )


async def _entries(
    face: Face, missions: Sequence[Mission], *, stop: bool = False
) -> tuple[Entry, ...]:
    first = [await _entry(face, m, stop=stop) for m in missions[:SHOWN]]
    rest = [Entry(title=m.title, line=STATUS_WORDS[m.status]) for m in missions[SHOWN:]]
    return (*first, *rest)


async def _entry(face: Face, mission: Mission, *, stop: bool) -> Entry:
    record = None if mission.status.ended else await face.store.record(mission.id)
    line = status_line(record) if record else f"{STATUS_WORDS[mission.status]} {mission.reason}"
    button = Button(
        id=encode(Click(verb="stop", mission=mission.id)), label="Stop", style="danger",
        confirm="Stop now? What is finished is kept.",
    )  # fmt: skip
    buttons = (button,) if stop else ()
    link = await face.link(mission)
    return Entry(title=mission.title, line=line.strip(), link=link, buttons=buttons)


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
