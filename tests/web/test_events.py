"""The line to an open page: it is told what it has not seen, in order, also after a break."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import anyio
import httpx
import pytest
from sse_starlette.event import ServerSentEvent

from bot.cards import Card
from bot.chat.web.chat import WebChat
from bot.ports import Message
from bot.store.store import Store
from handlers.web_events import OVERLAP, events, moment, stamp
from tests.conftest import Clock
from tests.web.conftest import TOKEN, Live

PLACE = "web:local:1"


def plan(version: int, title: str) -> Message:
    card = Card(mission="m1", slot="plan:1", title=title)
    return Message(place=PLACE, mission="m1", slot="plan:1", version=version, card=card)


class Page:
    """An open page that reads one event after the other."""

    def __init__(self, chat: WebChat, since: datetime) -> None:
        self.list = {"html": "<p>list</p>", "models": "offline"}
        self.ending = anyio.Event()
        self._events: AsyncIterator[ServerSentEvent] = events(
            chat, PLACE, since, self._listed, self.ending
        )

    async def _listed(self) -> dict[str, str]:
        return self.list

    async def next(self, name: str) -> dict[str, Any]:
        """The data of the next event of this name."""
        async for event in self._events:
            if event.event == name:
                return {"id": event.id, **json.loads(event.data or "{}")}
        raise AssertionError("the line ended")

    async def close(self) -> None:
        await self._events.aclose()  # pyright: ignore[reportAttributeAccessIssue]


@pytest.fixture
def chat(store: Store) -> WebChat:
    return WebChat(store)


async def test_a_page_is_told_of_new_cards_and_edits(chat: WebChat, clock: Clock):
    """As they happen, as HTML."""
    page = Page(chat, clock())
    await page.next("list")
    ref = await chat.post(plan(1, "Drafting"))
    assert "Drafting" in (await page.next("message"))["html"]
    await chat.edit(ref, plan(2, "Ready"))
    assert "Ready" in (await page.next("message"))["html"]
    await page.close()


async def test_a_page_that_lost_its_line_goes_on_where_it_was(chat: WebChat, clock: Clock):
    """The id of an event is the moment of its change: what came later is shown, no more."""
    first = Page(chat, clock())
    await chat.post(plan(1, "Seen"))
    seen = moment((await first.next("message"))["id"])
    await first.close()
    assert seen is not None
    clock.move(seconds=60)
    await chat.messages.say(PLACE, "key-of-a-try-1234", "m1", "Missed", ())
    again = Page(chat, seen + OVERLAP + timedelta(seconds=1))
    assert "Missed" in (await again.next("message"))["html"]
    await again.close()


async def test_twenty_changes_at_once_are_one_event(chat: WebChat, clock: Clock):
    """A page looks at rows; it never replays what is no longer true."""
    ref = await chat.post(plan(1, "0"))
    page = Page(chat, clock())
    await page.next("message")
    for n in range(2, 22):
        await chat.edit(ref, plan(n, str(n)))
    assert ">21<" in (await page.next("message"))["html"]
    await page.close()


async def test_a_private_word_reaches_the_open_pages_of_its_place(chat: WebChat, clock: Clock):
    """And no page of another place."""
    page = Page(chat, clock())
    await page.next("list")
    await chat.tell(PLACE, "you", "Version 3 is current.")
    assert (await page.next("toast"))["text"] == "Version 3 is current."
    await page.close()


async def test_the_list_is_told_when_it_changes(chat: WebChat, clock: Clock):
    """Not with every look."""
    page = Page(chat, clock())
    await page.next("list")
    page.list = {"html": "<p>other</p>", "models": "offline"}
    chat.nudge()
    assert (await page.next("list"))["html"] == "<p>other</p>"
    await page.close()


async def test_a_line_ends_when_the_server_does(chat: WebChat, clock: Clock):
    """So a page that is open never holds up the end."""
    page = Page(chat, clock())
    await page.next("list")
    page.ending.set()
    with pytest.raises(AssertionError, match="the line ended"):
        await page.next("message")


def test_a_moment_survives_being_an_id():
    """To the microsecond; what is none of ours is nothing."""
    at = datetime(2026, 3, 2, 9, 0, 0, 123456, tzinfo=UTC)
    assert moment(stamp(at)) == at
    assert moment(None) is moment("x") is moment("-1") is moment("9" * 40) is None


def test_a_reconnecting_browser_is_sent_what_it_missed(live: Live):
    """Over a real socket, with the header that browsers send."""
    headers = {"Cookie": f"concertmaster_{live.base.rsplit(':', 1)[-1]}={TOKEN}"}
    live.do(live.face.chat.post(plan(1, "First")))
    with httpx.Client(base_url=live.base, headers=headers, timeout=20) as client:
        last = _read(client, {}, "First")
        live.do(live.face.chat.messages.say(PLACE, "key-of-a-try-1234", "m1", "Missed", ()))
        assert _read(client, {"Last-Event-ID": last}, "Missed")


def _read(client: httpx.Client, headers: dict[str, str], words: str) -> str:
    """Listen until these words come; gives the id of the last event."""
    last = ""
    query = {"place": PLACE, "since": "0"}
    with client.stream("GET", "/events", params=query, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        for line in answer.iter_lines():
            last = line.removeprefix("id: ") if line.startswith("id: ") else last
            if line.startswith("data: ") and words in line:
                break
    return last
