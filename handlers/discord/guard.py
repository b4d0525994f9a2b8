"""Every callback goes through here: answered in time, and a fault is said in words.

discord.py logs what a callback raises and leaves the person with "did not respond".
"""

import asyncio
import io
from collections.abc import Awaitable
from typing import Any

import aiohttp
import discord
import structlog

from bot.chat.discord import limits
from bot.chat.discord.words import clip
from bot.domain.base import Refused
from bot.ports import ChatError
from bot.store.store import StoreDown
from handlers.discord.face import Answer, Face

log = structlog.get_logger(__name__)

ACK_WITHIN = 0.5
"""Seconds after which an answer is announced instead of given; Discord waits for three."""
FORM_WITHIN = 1.5
"""Seconds for a form, which cannot be announced: it must be the first answer."""
BROKEN = (
    "Something went wrong here, and it is in the log. What was accepted before is kept. "
    "Please try again; if it happens again, ask whoever runs me to run `concertmaster doctor`."
)
Interaction = discord.Interaction[Any]


async def answer(face: Face, interaction: Interaction, work: Awaitable[Answer]) -> None:
    """Do the work and say what came of it. The work goes on when the answer cannot be given."""
    task = asyncio.ensure_future(_sentence(work))
    await asyncio.wait({task}, timeout=ACK_WITHIN)
    if not task.done() and not interaction.response.is_done():
        await _tried(interaction.response.defer(ephemeral=True, thinking=True))
    await say(face, interaction, await task)


async def safely(face: Face, interaction: Interaction, call: Awaitable[object]) -> None:
    """The border of a callback: whatever it raises is said to the person."""
    try:
        await call
    except (Refused, StoreDown) as error:
        await say(face, interaction, Answer(str(error)))
    except Exception:
        log.exception("discord_callback_failed")
        await say(face, interaction, Answer(BROKEN))


async def _sentence(work: Awaitable[Answer]) -> Answer:
    """The answer, or a sentence about what went wrong."""
    try:
        return await work
    except (Refused, StoreDown) as error:
        return Answer(str(error))
    except Exception:
        log.exception("discord_callback_failed")
        return Answer(BROKEN)


async def say(face: Face, interaction: Interaction, said: Answer) -> None:
    """Tell the person privately: in answer, or by direct message when it is too late for that."""
    text = clip(said.text, limits.CONTENT)
    if await _tried(_reply(interaction, text, said.files)):
        return
    try:
        await face.chat.tell("", str(interaction.user.id), text)
    except ChatError as error:
        log.warning("discord_answer_not_given", error=str(error))


async def _reply(interaction: Interaction, text: str, files: tuple[tuple[str, bytes], ...]) -> None:
    options: dict[str, Any] = {
        "ephemeral": True,
        "allowed_mentions": discord.AllowedMentions.none(),
        "files": [discord.File(io.BytesIO(data), name) for name, data in files],
    }
    if interaction.response.is_done():
        await interaction.followup.send(text or "Done.", **options)
    else:
        await interaction.response.send_message(text or "Done.", **options)


async def _tried(call: Awaitable[object]) -> bool:
    """False when Discord did not take it: too late, or not reachable."""
    try:
        await call
    except (discord.HTTPException, aiohttp.ClientError, OSError, TimeoutError) as error:
        log.warning("discord_not_answered", error=type(error).__name__)
        return False
    return True
