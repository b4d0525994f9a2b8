"""Words are dealt with: a thread and files where a mission begins, then the words themselves.

Every step can be done twice: a crash in between loses nothing, since the letter is still there.
"""

import mimetypes
from typing import Any

import aiohttp
import discord
import structlog

from bot.chat.discord import limits
from bot.chat.discord.place import DM, PLATFORM
from bot.chat.discord.words import clip, inline, neutral
from bot.domain.base import Refused
from bot.domain.mission import Attachment, Policy, title_of
from handlers import asks
from handlers.asks import Ask, Heard, hear
from handlers.discord.face import Answer, Face
from handlers.discord.letters import Sent, Words

log = structlog.get_logger(__name__)

MB = 1024 * 1024
MAX_FILE, MAX_TOTAL = 50 * MB, 60 * MB
THREAD_EXISTS, TOO_MANY_THREADS = 160004, 160006
THREAD_LASTS = 4_320
"""Minutes without a word after which Discord archives a mission's thread."""
REACTIONS = {"started": "👀", "answered": "✅", "revised": "✏️", "steered": "🧭", "stopped": "🛑"}


async def deal(face: Face, client: discord.Client, key: str, words: Words) -> Answer:
    """Take the words for what they are. Raises Refused, with one sentence."""
    if not words.called and await _current(face, words, words.place) is None:
        return Answer("")
    place, start = await _where(face, client, key, words)
    if words.menu and await _current(face, words, place) is not None:
        return Answer(f"That message is a mission already: {_mention(place)}.")
    heard = await hear(face.missions, await _ask(face, client, key, words, place))
    if place not in face.cursors:
        await face.cursors.put(place, start or words.channel)
    return await _told(client, words, place, heard)


async def _current(face: Face, words: Words, place: str) -> Any:
    ask = Ask(key="", place=place, person=words.person, text=words.text)
    return await asks.current(face.missions, ask)


async def _told(client: discord.Client, words: Words, place: str, heard: Heard) -> Answer:
    """A command is answered; a message gets one reaction, a line or both."""
    if words.command or words.menu:
        text = f"It is a mission now: {_mention(place)}." if heard.kind == "started" else heard.text
        return Answer(text)
    if heard.kind == "refused":
        return Answer(heard.text)
    if heard.kind in REACTIONS:
        await react(client, words.channel, words.message, heard.kind)
    if heard.text:
        await reply(client, words.channel, words.message, heard.text)
    return Answer("")


def _mention(place: str) -> str:
    return f"<#{place.rsplit(':', 1)[-1]}>"


# The thread


async def _where(face: Face, client: discord.Client, key: str, words: Words) -> tuple[str, str]:
    """The Place of the mission, and the message from which on it is read."""
    start = words.message
    if words.command and words.guild != DM:
        start = await _announce(client, key, words)
    if words.thread:
        return words.place, start
    made = await _thread(client, words, start)
    return f"{PLATFORM}:{words.guild}:{made}", start


async def _announce(client: discord.Client, key: str, words: Words) -> str:
    """What a command asked for, as a message that everyone sees; gives its id."""
    quoted = "\n".join(f"> {line}" for line in neutral(words.text).splitlines())
    text = clip(f"**{inline(words.person.name, 80)}** asked for:\n{quoted}", limits.CONTENT)
    options: dict[str, Any] = {
        "nonce": key[-limits.NONCE :],
        "allowed_mentions": discord.AllowedMentions.none(),
        "suppress_embeds": True,
    }
    target = client.get_partial_messageable(int(words.channel))
    try:
        return str((await target.send(text, **options)).id)
    except discord.Forbidden as error:
        raise Refused(_why(error)) from error


async def _thread(client: discord.Client, words: Words, start: str) -> str:
    """The id of the message's thread, made when it is new: a message has one at most."""
    name = clip(title_of(words.text), limits.THREAD_NAME) or "Mission"
    try:
        made = await client.http.start_thread_with_message(
            int(words.channel), int(start), name=name, auto_archive_duration=THREAD_LASTS
        )
    except discord.HTTPException as error:
        if error.code == THREAD_EXISTS:
            return start
        if error.status >= 500:
            raise
        raise Refused(_why(error)) from error
    return str(made["id"])


def _why(error: discord.HTTPException) -> str:
    if error.code == TOO_MANY_THREADS:
        return (
            "This server has as many active threads as Discord allows. Archive some, and ask me "
            "again. Nothing was started."
        )
    if isinstance(error, discord.Forbidden):
        return (
            "I may not write here or make a thread. Give my role **Send Messages**, **Create "
            "Public Threads** and **Send Messages In Threads**, and ask me again. Nothing was "
            "started."
        )
    return "Discord did not let me make a thread. Nothing was started: please ask me again."


# What was sent


def sent(attachments: list[discord.Attachment]) -> tuple[Sent, ...]:
    return tuple(Sent(name=a.filename, url=a.url, size=a.size) for a in attachments)


async def _ask(face: Face, client: discord.Client, key: str, words: Words, place: str) -> Ask:
    return Ask(
        key=key,
        place=place,
        person=words.person,
        text=words.text,
        attachments=await _attachments(face, client, words.files),
        thread=words.context,
        fresh=words.command or words.menu,
        policy=Policy(shown="" if place.startswith(DIRECT) else words.person.name),
    )


DIRECT = "discord:dm:"
"""Places where nobody reads along: there the one who decides is “you”."""


async def _attachments(
    face: Face, client: discord.Client, files: tuple[Sent, ...]
) -> tuple[Attachment, ...]:
    """Fetch and keep the files. Raises Refused when they are too large or cannot be had."""
    if any(f.size > MAX_FILE for f in files) or sum(f.size for f in files) > MAX_TOTAL:
        raise Refused(
            "A file can have 50 MB, and all together 60 MB. Nothing was started: attach less."
        )
    return tuple([await _attachment(face, client, file) for file in files])


async def _attachment(face: Face, client: discord.Client, file: Sent) -> Attachment:
    try:
        data = await client.http.get_from_cdn(file.url)
        sha256 = await face.files.put(data)
    except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
        log.warning("discord_file_not_kept", error=type(error).__name__)
        raise Refused(
            f"“{file.name}” could not be fetched and kept. Nothing was started: send it again."
        ) from error
    kind = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    return Attachment(name=file.name, media_type=kind, size=len(data), sha256=sha256)


# Answers to messages


async def react(client: discord.Client, channel: str, message: str, kind: str) -> None:
    """One sign below the message, for what it was taken for."""
    try:
        await client.http.add_reaction(int(channel), int(message), REACTIONS[kind])
    except (discord.HTTPException, aiohttp.ClientError, OSError):
        log.info("discord_no_reaction")


async def reply(client: discord.Client, channel: str, message: str, text: str) -> None:
    """A line below the message; nobody is called."""
    target = client.get_partial_messageable(int(channel)).get_partial_message(int(message))
    none = discord.AllowedMentions.none()
    try:
        await target.reply(
            clip(neutral(text), limits.CONTENT), mention_author=False, allowed_mentions=none
        )
    except (discord.HTTPException, aiohttp.ClientError, OSError):
        log.warning("discord_reply_not_sent")
