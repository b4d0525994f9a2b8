"""The line to an open page: server-sent events, which go on where they were cut.

A page is never told what changed but to look: after each nudge, and every two seconds in case
another process wrote, the rows that changed since the last event are read and shown. The id of an
event is the moment of its change, so a reconnecting page says by itself what it has seen.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import anyio
import structlog
from markupsafe import Markup
from sse_starlette.event import ServerSentEvent

from bot.chat.web import render
from bot.chat.web.chat import Watcher, WebChat
from bot.chat.web.messages import Told
from bot.store.store import StoreDown

log = structlog.get_logger(__name__)

LOOK = 2.0
"""Seconds between two looks when nothing nudges."""
OVERLAP = timedelta(seconds=5)
"""How far before the last event a page's reading starts: writers of other processes may commit
a little out of order, and showing a message twice changes nothing."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Lister = Callable[[], Awaitable[dict[str, str]]]
"""Gives what stands beside every conversation: the list as `html`, and the `models`."""


def stamp(at: datetime) -> str:
    """A moment as an event's id: microseconds since 1970."""
    return str((at - EPOCH) // timedelta(microseconds=1))


def moment(text: str | None) -> datetime | None:
    """The moment of an id; None when it is none of ours."""
    if not text or not text.isdecimal() or len(text) > 17:
        return None
    return EPOCH + timedelta(microseconds=int(text))


def article(told: Told) -> Markup:
    """A message as HTML."""
    if told.bot and told.card is None:
        return render.reply(told.id, told.text)
    if told.card is None:
        return render.mine(render.Mine(told.id, told.text, told.files))
    return render.fragment(render.Shown(told.id, told.card))


async def events(
    chat: WebChat, place: str, since: datetime, listed: Lister, ending: anyio.Event
) -> AsyncIterator[ServerSentEvent]:
    """What an open page of a place should do, until it closes or the server is `ending`.

    `place` is empty on pages that show no conversation.
    """
    line = _Line(chat, place, since, listed)
    with chat.watch(place) as watcher:
        yield ServerSentEvent(retry=1500, comment="open")
        while not (chat.closed or ending.is_set()):
            watcher.changed.clear()
            try:
                async for event in line.news(watcher):
                    yield event
            except StoreDown as error:
                log.warning("page_not_fed", error=str(error))
            await _pause(watcher, ending)


async def _pause(watcher: Watcher, ending: anyio.Event) -> None:
    """Until there may be something new, or the end."""
    waits = [asyncio.ensure_future(w) for w in (watcher.changed.wait(), ending.wait())]
    try:
        await asyncio.wait(waits, timeout=LOOK, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()


class _Line:
    """What one page has been sent."""

    def __init__(self, chat: WebChat, place: str, since: datetime, listed: Lister) -> None:
        self._chat = chat
        self._place = place
        self._last = since
        self._listed = listed
        self._list: dict[str, str] = {}
        self._sent: dict[int, tuple[datetime, int]] = {}

    async def news(self, watcher: Watcher) -> AsyncIterator[ServerSentEvent]:
        for told in await self._changed():
            self._last = max(self._last, told.changed)
            yield _event("message", {"html": article(told)}, id=stamp(self._last))
        listed = await self._listed()
        if listed != self._list:
            self._list = listed
            yield _event("list", listed)
        while watcher.words:
            yield _event("toast", {"text": watcher.words.popleft()})

    async def _changed(self) -> list[Told]:
        """The messages that this page has not been sent as they stand."""
        if not self._place:
            return []
        found: list[Told] = []
        for told in await self._chat.messages.of(self._place, self._last - OVERLAP):
            mark = (told.changed, told.version)
            if self._sent.get(told.id) != mark:
                self._sent[told.id] = mark
                found.append(told)
        return found


def _event(name: str, data: dict[str, str], id: str | None = None) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(data), event=name, id=id)
