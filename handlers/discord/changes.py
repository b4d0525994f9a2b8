"""Messages that are changed or taken back after they were heard.

Discord says neither what a message was before nor who deleted it: what came of it is in the inbox,
under the message's key.
"""

import discord
import structlog

from bot.cards import Button, Click, encode
from bot.chat.discord.place import DM, PLATFORM
from bot.domain.base import digest
from bot.domain.mission import Mission
from bot.ports import ChatGone
from bot.store.store import StoreDown
from handlers import asks
from handlers.asks import Ask, Heard
from handlers.discord.begin import react
from handlers.discord.face import Answer, Face
from handlers.discord.letters import Edited, Gone, letter, message_key
from handlers.discord.messages import Seat, accept, concerns, mentioned, seat_of, speaker, words_of

log = structlog.get_logger(__name__)

STOP = "Stop the mission"
DELETED = "The message that this mission began with was deleted. The mission goes on."


async def on_edit(face: Face, client: discord.Client, message: discord.Message) -> None:
    """Keep what a message was changed to, when it was or may have been for the bot."""
    if message.author.bot or message.edited_at is None:
        return
    seat = seat_of(message)
    lives = _lives(face, seat, str(message.id))
    if not (lives or concerns(face, client, message, seat)):
        return
    async with face.turns[seat.place]:
        try:
            if lives or not await _called_late(face, client, message, seat):
                await _keep(face, client, message, seat)
        except StoreDown as error:
            # Only the change is lost: what was said first goes on, and can be corrected in words.
            log.warning("discord_edit_not_kept", error=str(error))


def _lives(face: Face, seat: Seat, message: str) -> bool:
    """True where a mission lives or lived: in this place, or in the message's own thread."""
    return seat.place in face.cursors or f"{PLATFORM}:{seat.guild}:{message}" in face.cursors


async def _called_late(
    face: Face, client: discord.Client, message: discord.Message, seat: Seat
) -> bool:
    """A mention that was put in later counts as if it had been there from the beginning."""
    return mentioned(client, message) and await accept(face, client, message, seat)


async def _keep(face: Face, client: discord.Client, message: discord.Message, seat: Seat) -> None:
    text = words_of(client, message)
    if not text or message.edited_at is None:
        return
    edited = Edited(
        guild=seat.guild, channel=seat.channel, person=await speaker(client, message), text=text,
        message=str(message.id),
    )  # fmt: skip
    stamp = f"{message.edited_at.timestamp():.3f}:{digest(text)[:8]}"
    await face.inbox.accept(letter(f"discord:e:{message.id}:{stamp}", edited))


async def follow(face: Face, client: discord.Client, key: str, words: Edited) -> Answer:
    """An edit: while the plan is being made it is heard; later the person is told what to do."""
    ask = Ask(key=key, place=words.place, person=words.person, text=words.text)
    heard = await asks.reword(face.missions, ask, message_key(words.message)) or Heard(kind="said")
    if heard.kind == "steered":
        await react(client, words.channel, words.message, heard.kind)
        return Answer("")
    return Answer(heard.text)


# Deletions


async def on_delete(face: Face, guild: int | None, channel: int, message: int) -> None:
    """Keep that a message is gone, when a mission may have begun with it."""
    gone = Gone(guild=str(guild) if guild else DM, channel=str(channel), message=str(message))
    if not _lives(face, Seat(gone.guild, gone.channel, thread=False), gone.message):
        return
    try:
        await face.inbox.accept(letter(f"discord:d:{message}", gone))
    except StoreDown as error:
        # The mission goes on as it would anyway; its own card has a Stop as well.
        log.warning("discord_deletion_not_kept", error=str(error))


async def offer_stop(face: Face, key: str, gone: Gone) -> None:
    """Say that the mission goes on, with a button that stops it."""
    mission = await _begun_by(face, gone)
    if mission is None or mission.status.ended:
        return
    click = encode(Click(verb="stop", mission=mission.id))
    stop = Button(id=click, label=STOP, style="danger")
    try:
        await face.chat.say(mission.place, DELETED, stop, key=key)
    except ChatGone as error:
        log.info("discord_stop_not_offered", error=str(error))


async def _begun_by(face: Face, gone: Gone) -> Mission | None:
    """The mission that this message asked for, or whose thread hangs on it."""
    async with face.store.begin() as tx:
        taken = await tx.inbox_result(message_key(gone.message))
    if taken is not None:
        return await face.store.mission(taken["mission"]) if asks.began(taken) else None
    place = f"{PLATFORM}:{gone.guild}:{gone.message}"
    found = await face.store.missions(gone.workspace, place=place, limit=1)
    return found[0] if found else None
