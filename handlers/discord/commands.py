"""`/mission …` and “Make this a mission”. Registered only when they have changed."""

import hashlib
import json
from typing import Any

import discord
import structlog
from discord import app_commands
from discord.app_commands import Choice, Group, Range

from bot.chat.discord.place import DM
from bot.chat.discord.words import clip, inline
from bot.domain.authority import ADMIN
from bot.domain.base import Refused
from bot.domain.mission import Mission, Person
from handlers import asks
from handlers.asks import Ask
from handlers.discord.begin import sent
from handlers.discord.face import Answer, Face
from handlers.discord.guard import BROKEN, Interaction, answer, safely, say
from handlers.discord.letters import Sent, Words, deliver, letter
from handlers.discord.lists import digest, listed
from handlers.discord.messages import words_of
from handlers.discord.people import lacking, missing, person_of

log = structlog.get_logger(__name__)

MENU = "Make this a mission"
GOAL = 6_000
"""Characters of a goal in a command; more fits into a message or a file."""
SUGGESTED = 25
HASH = "discord:commands"
HELP = (
    f"{asks.HOW}\n\n"
    "- `/mission start` or mention me with what you want done; files can come with it.\n"
    f"- Right-click a message, *Apps*, *{MENU}*.\n"
    "- Write to me directly.\n"
    "- In a mission's thread just reply: an answer, a change, or `stop`.\n"
    "- `/mission list`, `status`, `stop`, `digest`."
)


class Tree(app_commands.CommandTree[Any]):
    """The commands. A fault in one is answered, not only logged."""

    def __init__(self, client: Any) -> None:
        super().__init__(client)
        self.add_command(Missions())
        self.add_command(app_commands.ContextMenu(name=MENU, callback=_menu))

    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError) -> None:
        log.error("discord_command_failed", exc_info=error)
        await say(interaction.client.face, interaction, Answer(BROKEN))

    async def sync_when_changed(self, face: Face, application: int) -> bool:
        """Register the commands, unless these are registered already. True when it did."""
        payload = [command.to_dict(self) for command in self.get_commands()]
        text = json.dumps(payload, sort_keys=True, default=str)
        now = f"{application}.{hashlib.sha256(text.encode()).hexdigest()[:32]}"
        if face.cursors.get(HASH) == now:
            return False
        await self.sync()
        await face.cursors.put(HASH, now)
        return True


async def _suggest(interaction: Interaction, typed: str) -> list[Choice[str]]:
    """Missions of this server that the person can see, newest first."""
    person = person_of(interaction.user, interaction.guild_id)
    found = [m for m in await visible(interaction, person) if typed.casefold() in _name(m)]
    return [Choice(name=clip(m.title, 100) or m.id, value=m.id) for m in found[:SUGGESTED]]


def _name(mission: Mission) -> str:
    return f"{mission.title} {mission.id}".casefold()


async def visible(interaction: Interaction, person: Person) -> list[Mission]:
    """The missions whose Place this person can see."""
    face: Face = interaction.client.face
    found = await face.store.missions(person.workspace, limit=100)
    return [m for m in found if sees(interaction, person, m)]


def sees(interaction: Interaction, person: Person, mission: Mission) -> bool:
    """Visibility follows the Place; where that is not known, only the asking person sees it."""
    if mission.requester == person.id or interaction.guild is None:
        return mission.workspace == person.workspace
    if not isinstance(interaction.user, discord.Member):
        return False
    channel = interaction.guild.get_channel_or_thread(int(mission.place.rsplit(":", 1)[-1]))
    if channel is None:
        return ADMIN in person.roles
    if isinstance(channel, discord.Thread):
        parent = channel.parent
        if parent is None or (channel.is_private() and ADMIN not in person.roles):
            return False
        return parent.permissions_for(interaction.user).view_channel
    return channel.permissions_for(interaction.user).view_channel


class Missions(Group):
    """`/mission …`"""

    def __init__(self) -> None:
        super().__init__(
            name="mission", description="Describe it, approve the plan, get the result"
        )

    @app_commands.command(name="start", description="Start a mission, with files if you like")
    @app_commands.describe(goal="What you want done, in a sentence or two")
    async def start(
        self,
        interaction: Interaction,
        goal: Range[str, 1, GOAL],
        file: discord.Attachment | None = None,
        file2: discord.Attachment | None = None,
        file3: discord.Attachment | None = None,
        file4: discord.Attachment | None = None,
        file5: discord.Attachment | None = None,
    ) -> None:
        files = [f for f in (file, file2, file3, file4, file5) if f is not None]
        await safely(interaction.client.face, interaction, start(interaction, goal, sent(files)))

    @app_commands.command(name="list", description="Missions here, what needs you first")
    async def list_(self, interaction: Interaction) -> None:
        await answer(interaction.client.face, interaction, _list(interaction))

    @app_commands.command(name="digest", description="What needs you, what runs, what is done")
    async def digest(self, interaction: Interaction) -> None:
        await answer(interaction.client.face, interaction, _digest(interaction))

    @app_commands.command(name="status", description="Where a mission stands")
    @app_commands.autocomplete(mission=_suggest)
    async def status(self, interaction: Interaction, mission: str = "") -> None:
        await answer(interaction.client.face, interaction, _status(interaction, mission))

    @app_commands.command(name="stop", description="Stop a mission; what is finished is kept")
    @app_commands.autocomplete(mission=_suggest)
    async def stop(self, interaction: Interaction, mission: str = "") -> None:
        await answer(interaction.client.face, interaction, _stop(interaction, mission))

    @app_commands.command(name="help", description="How this works")
    async def help(self, interaction: Interaction) -> None:
        await say(interaction.client.face, interaction, Answer(HELP))


# Beginning


async def start(interaction: Interaction, goal: str, files: tuple[Sent, ...]) -> None:
    """The goal of a command. The mission lives in a thread of its own."""
    await _post(interaction, _words(interaction, goal, files))


async def _menu(interaction: Interaction, message: discord.Message) -> None:
    await safely(interaction.client.face, interaction, _make(interaction, message))


async def _make(interaction: Interaction, message: discord.Message) -> None:
    """The context menu: the message is the goal, its thread the mission's."""
    text = words_of(interaction.client, message)
    words = _words(interaction, text, sent(message.attachments))
    words = words.model_copy(update={"message": str(message.id), "menu": True})
    await _post(interaction, words)


async def _post(interaction: Interaction, words: Words) -> None:
    face: Face = interaction.client.face
    refusal = _cannot(interaction, words)
    if refusal:
        await say(face, interaction, Answer(refusal))
    else:
        sent_ = letter(f"discord:i:{interaction.id}", words)
        await answer(face, interaction, deliver(face, sent_))


def _words(interaction: Interaction, text: str, files: tuple[Sent, ...]) -> Words:
    return Words(
        guild=str(interaction.guild_id or DM),
        channel=str(interaction.channel_id),
        person=person_of(interaction.user, interaction.guild_id),
        text=text,
        thread=interaction.guild_id is None or isinstance(interaction.channel, discord.Thread),
        files=files,
    )


def _cannot(interaction: Interaction, words: Words) -> str:
    """Why no mission can begin here, "" when one can."""
    channel = interaction.channel
    if not words.text.strip() and not words.files:
        return "There are no words and no files in that message to work from."
    if interaction.guild_id is None:
        return ""
    if interaction.guild is None:
        return "Add me to this server first; then I can make a thread for the mission."
    if not isinstance(channel, discord.TextChannel | discord.Thread):
        return "Missions live in threads, and this channel has none. Ask me in a text channel."
    if names := missing(interaction.app_permissions, thread=words.thread):
        return lacking(names)
    if isinstance(channel, discord.Thread) and channel.locked:
        return "This thread is locked. Ask me in another one. Nothing was started."
    return ""


# Looking and stopping


async def _list(interaction: Interaction) -> Answer:
    person = person_of(interaction.user, interaction.guild_id)
    return Answer(listed(await visible(interaction, person)))


async def _digest(interaction: Interaction) -> Answer:
    person = person_of(interaction.user, interaction.guild_id)
    face: Face = interaction.client.face
    return Answer(await digest(face.store, await visible(interaction, person)))


async def _status(interaction: Interaction, wanted: str) -> Answer:
    face: Face = interaction.client.face
    mission = await _meant(interaction, wanted)
    record = await face.store.record(mission.id)
    line = asks.status_line(record) if record else "It is not here any more."
    return Answer(f"**{inline(mission.title, 200)}**\n{line}")


async def _stop(interaction: Interaction, wanted: str) -> Answer:
    face: Face = interaction.client.face
    person = person_of(interaction.user, interaction.guild_id)
    mission = await _meant(interaction, wanted)
    reply = await face.missions.stop(f"discord:i:{interaction.id}", person, mission.id)
    return Answer(reply.text)


async def _meant(interaction: Interaction, wanted: str) -> Mission:
    """The named mission, or the one of this thread. Raises Refused."""
    face: Face = interaction.client.face
    person = person_of(interaction.user, interaction.guild_id)
    if not wanted:
        place = f"discord:{interaction.guild_id or DM}:{interaction.channel_id}"
        found = await asks.current(face.missions, Ask(key="", place=place, person=person, text=""))
        if found is None:
            raise Refused("No mission is under way here. Name one, or see `/mission list`.")
        return found
    named = [m for m in await visible(interaction, person) if wanted in (m.id, m.title)]
    if not named:
        raise Refused("I know no such mission here. See `/mission list`.")
    return named[0]
