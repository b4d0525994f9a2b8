"""Messages: mentions, direct messages, and replies in threads where a mission lives.

Discord delivers no message twice. What was said while the bot was away is read from each Place's
cursor on; the cursor moves when a message is in the inbox.
"""

import re
from typing import NamedTuple

import discord
import structlog

from bot.chat.discord.place import DM, PLATFORM
from bot.domain.mission import Person
from bot.store.store import StoreDown
from handlers.asks import HOW
from handlers.discord.begin import reply, sent
from handlers.discord.face import Face
from handlers.discord.guard import BROKEN
from handlers.discord.letters import Words, letter, message_key
from handlers.discord.people import lacking, missing, person_of
from handlers.phrases import Meaning, meaning

log = structlog.get_logger(__name__)

KINDS = frozenset({discord.MessageType.default, discord.MessageType.reply})
MAX_CONTEXT = 40
"""Messages of a thread that a mission begun in it can read."""
BLIND = (
    "I cannot read messages on this server unless they mention me. Mention me in your reply, or "
    "use the buttons. Whoever runs me can switch on the Message Content intent."
)


class Seat(NamedTuple):
    """Where a message stands. `thread` where a mission can live without a new thread."""

    guild: str
    channel: str
    thread: bool

    @property
    def place(self) -> str:
        return f"{PLATFORM}:{self.guild}:{self.channel}"


def seat_of(message: discord.Message) -> Seat:
    guild = str(message.guild.id) if message.guild else DM
    # A channel that discord.py does not know can only be a thread: the others came with the server.
    threads = discord.Thread | discord.PartialMessageable
    thread = message.guild is None or isinstance(message.channel, threads)
    return Seat(guild, str(message.channel.id), thread)


async def on_message(face: Face, client: discord.Client, message: discord.Message) -> None:
    """A message as it comes. Those of one Place are taken one after the other."""
    seat = seat_of(message)
    if not concerns(face, client, message, seat):
        return
    async with face.turns[seat.place]:
        if seat.place in face.behind:
            await read_on(face, client, seat.place)
        await _take(face, client, message, seat)


def concerns(face: Face, client: discord.Client, message: discord.Message, seat: Seat) -> bool:
    """True for a person's words to the bot: direct, by mention, or where a mission lives."""
    if message.author.bot or message.webhook_id or message.type not in KINDS:
        return False
    return seat.guild == DM or seat.place in face.cursors or mentioned(client, message)


def mentioned(client: discord.Client, message: discord.Message) -> bool:
    """By name, or by a reply that calls the bot."""
    return client.user is not None and any(u.id == client.user.id for u in message.mentions)


async def _take(face: Face, client: discord.Client, message: discord.Message, seat: Seat) -> None:
    """Put the message into the inbox when it is for us, and note that it was read."""
    known = face.cursors.get(seat.place)
    if known and message.id <= int(known):
        return
    try:
        await accept(face, client, message, seat)
        if seat.thread and (known or seat.guild == DM or mentioned(client, message)):
            await face.cursors.put(seat.place, str(message.id))
    except StoreDown as error:
        await _tell(client, message, f"{error} Please send it again.")
    except Exception:
        log.exception("discord_message_failed")
        await _tell(client, message, BROKEN)


async def accept(face: Face, client: discord.Client, message: discord.Message, seat: Seat) -> bool:
    """Keep the words when they are for us, else say why not. False when they came before."""
    called = seat.guild == DM or mentioned(client, message)
    text = words_of(client, message)
    if not called and not await _for_us(face, client, message, seat, text):
        return True
    if not message.attachments and (not text or (not seat.thread and _talk(text))):
        await _tell(client, message, HOW)
        return True
    if names := _missing(message, seat):
        await _tell(client, message, lacking(names))
        return True
    words = Words(
        guild=seat.guild,
        channel=seat.channel,
        person=await speaker(client, message),
        text=text,
        message=str(message.id),
        thread=seat.thread,
        called=called,
        files=sent(message.attachments),
        context=await _context(face, client, message, seat),
    )
    return await face.inbox.accept(letter(message_key(str(message.id)), words))


async def _for_us(
    face: Face, client: discord.Client, message: discord.Message, seat: Seat, text: str
) -> bool:
    """Without a mention, only words to a mission that has not ended count: the rest is talk."""
    if not text and not message.attachments:
        if not face.reads:
            await _tell(client, message, BLIND)
        return False
    workspace = f"{PLATFORM}:{seat.guild}"
    found = await face.store.missions(workspace, place=seat.place, limit=1)
    return not (found and found[0].status.ended)


def _talk(text: str) -> bool:
    """A greeting gets an answer where it stands: it needs no thread."""
    return meaning(text) is not Meaning.wish


def words_of(client: discord.Client, message: discord.Message) -> str:
    """The text without the mention of the bot, and with names instead of ids."""
    text = message.content
    if client.user is not None:
        text = re.sub(rf"<@!?{client.user.id}>[ \t]*", "", text)
    for user in message.mentions:
        text = re.sub(rf"<@!?{user.id}>", f"@{user.display_name}".replace("\\", ""), text)
    return text.strip()


def _missing(message: discord.Message, seat: Seat) -> tuple[str, ...]:
    guild, channel = message.guild, message.channel
    if guild is None or isinstance(channel, discord.PartialMessageable):
        return ()
    if isinstance(channel, discord.Thread) and channel.parent is None:
        return ()
    return missing(channel.permissions_for(guild.me), thread=seat.thread)


async def _context(
    face: Face, client: discord.Client, message: discord.Message, seat: Seat
) -> tuple[str, ...]:
    """What was said before, in a thread where no mission has been; else what is replied to."""
    if seat.thread and seat.guild != DM and seat.place not in face.cursors:
        history = message.channel.history(limit=MAX_CONTEXT, before=message)
        lines = [_line(client, m) async for m in history if m.type in KINDS and m.content]
        return tuple(reversed(lines))
    origin = message.reference.resolved if message.reference else None
    if seat.place in face.cursors or not isinstance(origin, discord.Message):
        return ()
    return (_line(client, origin),) if origin.content else ()


def _line(client: discord.Client, message: discord.Message) -> str:
    return f"{message.author.display_name}: {words_of(client, message)}"


async def speaker(client: discord.Client, message: discord.Message) -> Person:
    """The author with their roles; what is read later comes without them."""
    author, guild = message.author, message.guild
    if guild is not None and not isinstance(author, discord.Member):
        try:
            author = guild.get_member(author.id) or await guild.fetch_member(author.id)
        except discord.NotFound:
            log.info("discord_author_left")
    return person_of(author, guild.id if guild else None)


async def _tell(client: discord.Client, message: discord.Message, text: str) -> None:
    await reply(client, str(message.channel.id), str(message.id), text)


# What was missed


async def read_on(face: Face, client: discord.Client, place: str) -> None:
    """Take everything that was said in this Place since its cursor. Hold the Place's turn."""
    guild, channel = place.split(":")[1:]
    source = client.get_partial_messageable(
        int(channel), guild_id=None if guild == DM else int(guild)
    )
    since = discord.Object(int(face.cursors.get(place)))
    seat = Seat(guild, channel, thread=True)
    try:
        async for message in source.history(after=since, limit=None, oldest_first=True):
            if concerns(face, client, message, seat):
                await _take(face, client, message, seat)
    except (discord.Forbidden, discord.NotFound):
        log.info("discord_place_not_there", place=place)
    face.behind.discard(place)


async def catch_up(face: Face, client: discord.Client) -> None:
    """Read on in every lively Place; the others stay behind until somebody speaks there."""
    for place in await face.cursors.lively():
        async with face.turns[place]:
            if place in face.behind:
                try:
                    await read_on(face, client, place)
                except (discord.HTTPException, OSError) as error:
                    log.warning("discord_not_caught_up", error=type(error).__name__)
