"""The browser as a Chat: the contract of all chats, on real rows."""

from collections import deque
from typing import Any

import pytest

from bot.cards import Tone
from bot.chat.web.chat import WebChat
from bot.chat.web.messages import PLACE, Told
from bot.ports import ChatGone, Message
from bot.store import tables as t
from bot.store.store import Store
from handlers.web_events import article
from tests.chat_contract import ChatContract, message
from tests.web.test_render import Seen


class WebHouse:
    """A page of the place is open, and its reader looks at it as HTML."""

    place = f"{PLACE}1"
    person = "you"

    def __init__(self, store: Store) -> None:
        self.store = store
        self.chat: Any = Watched(self, WebChat(store))
        self.told: tuple[Told, ...] = ()
        self.heard: deque[str] = deque()

    def seen(self) -> list[str]:
        return [Seen(article(told)).words for told in self.told]

    def whispers(self) -> list[str]:
        return list(self.heard)

    def pinged(self) -> bool:
        """A page calls people by an alert, and no card may make one."""
        tags = [pair for told in self.told for pair in Seen(article(told)).tags]
        return any(attributes.get("role") == "alert" for _, attributes in tags)

    async def remove(self, ref: str) -> None:
        async with self.store.begin() as tx:
            await tx.conn.execute(t.web_messages.delete().where(t.web_messages.c.id == int(ref)))
        await self.look()

    async def look(self) -> None:
        self.told = await self.chat.chat.messages.of(self.place)


class Watched:
    """The chat, with the reader looking after each call."""

    def __init__(self, house: WebHouse, chat: WebChat) -> None:
        self.house = house
        self.chat = chat
        self.platform, self.pace = chat.platform, chat.pace

    async def post(self, message: Message) -> str:
        ref = await self.chat.post(message)
        await self.house.look()
        return ref

    async def edit(self, ref: str, message: Message) -> None:
        await self.chat.edit(ref, message)
        await self.house.look()

    async def find(self, message: Message) -> str | None:
        return await self.chat.find(message)

    async def tell(self, place: str, person: str, text: str) -> None:
        with self.chat.watch(place) as page:
            await self.chat.tell(place, person, text)
            self.house.heard.extend(page.words)


@pytest.fixture
def house(store: Store) -> WebHouse:
    return WebHouse(store)


class TestWebChat(ChatContract):
    """The browser keeps what every chat promises, on both databases."""


async def test_an_older_version_never_comes_back(house: WebHouse):
    """Two couriers may overtake each other; the newer card stays."""
    ref = await house.chat.post(message(house))  # pyright: ignore[reportArgumentType]
    await house.chat.edit(ref, message(house, version=3, text="newest"))  # pyright: ignore[reportArgumentType]
    await house.chat.edit(ref, message(house, version=2, text="older", tone=Tone.bad))  # pyright: ignore[reportArgumentType]
    assert "newest" in house.seen()[-1]


async def test_a_place_of_another_chat_is_gone(store: Store, house: WebHouse):
    """Nothing is kept for a place that no page shows."""
    other = message(house).model_copy(update={"place": "slack:T1:C1:1.5"})  # pyright: ignore[reportArgumentType]
    with pytest.raises(ChatGone):
        await WebChat(store).post(other)


async def test_words_that_nobody_reads_wait_for_the_next_page(store: Store):
    """They are shown once."""
    chat = WebChat(store)
    await chat.tell("web:local:1", "you", "Version 3 is current.")
    assert chat.unread("web:local:1") == ("Version 3 is current.",)
    assert chat.unread("web:local:1") == ()


async def test_a_fresh_place_is_used_by_nobody(store: Store, house: WebHouse):
    """Places are numbered; one that a message uses is not given out again."""
    chat = WebChat(store)
    assert await chat.messages.fresh_place() == "web:local:1"
    await chat.messages.say("web:local:1", "key-of-a-try-1234", "m1", "Hello", ())
    assert await chat.messages.fresh_place() == "web:local:2"


async def test_the_same_words_under_one_key_are_kept_once(store: Store):
    """A browser may send twice what it sent once."""
    chat = WebChat(store)
    for _ in range(2):
        await chat.messages.say("web:local:1", "key-of-a-try-1234", "m1", "Hello", ())
    assert len(await chat.messages.of("web:local:1")) == 1
