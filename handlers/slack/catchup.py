"""What was said while nobody listened: threads with a mission and direct messages are read on.

A message that was heard before is known by its key, so reading too much changes nothing.
"""

import asyncio
from datetime import datetime, timedelta

import structlog

from bot.chat.slack.place import PLATFORM, Where
from bot.ports import ChatBusy, ChatError, ChatLost
from bot.store.store import StoreDown
from handlers.slack.face import Face
from handlers.slack.letters import words_of
from handlers.slack.listeners import hear

log = structlog.get_logger(__name__)

RECENT = timedelta(days=1)
"""Threads whose mission ended so lately are read as well: a reply may have come before that."""
PATIENCE = 20
"""How often a place is tried when Slack asks to wait or does not answer."""


async def catch_up(face: Face) -> int:
    """Read on everywhere; gives how many messages were new."""
    try:
        places = await _places(face)
    except StoreDown as error:
        log.warning("slack_not_caught_up", error=str(error))
        return 0
    count = 0
    for where, since in places:
        count += await _read_on(face, where, since)
    return count


async def _places(face: Face) -> list[tuple[Where, str]]:
    """Each place with the last thing that was read there."""
    cursors = await face.store.cursors(PLATFORM)
    recent = await face.store.places(PLATFORM, face.store.clock() - RECENT)
    direct = [place for place in cursors if Where.of(place).thread == ""]
    return [
        (where, cursors.get(place) or await _began(face, where))
        for place in dict.fromkeys([*recent, *direct])
        if (where := Where.of(place)).channel
    ]


async def _began(face: Face, where: Where) -> str:
    """When the place's mission began, as Slack writes it."""
    mission = await face.newest(where)
    at: datetime = mission.created_at if mission else face.store.clock()
    return f"{at.timestamp():.6f}"


async def _read_on(face: Face, where: Where, since: str) -> int:
    for _ in range(PATIENCE):
        try:
            return await _messages(face, where, since)
        except (ChatBusy, ChatLost) as busy:
            await asyncio.sleep(getattr(busy, "seconds", 5.0))
        except (ChatError, StoreDown, LookupError) as error:
            log.warning("slack_place_not_read", error=str(error))
            return 0
    log.warning("slack_place_not_read", error="Slack did not answer in time")
    return 0


async def _messages(face: Face, where: Where, since: str) -> int:
    """Oldest first, so that an answer comes before what was said about it."""
    found = [m async for m in face.calls.messages(where, oldest=since)]
    count = 0
    for message in sorted(found, key=lambda m: str(m["ts"])):
        words = words_of({**message, "channel": where.channel}, where.team)
        if words is not None and words.ts > since:
            count += await hear(face, words)
    return count
