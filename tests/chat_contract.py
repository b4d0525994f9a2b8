"""What every Chat promises, as one suite for all adapters.

An adapter's test module subclasses `ChatContract` (and `RemoteChatContract` when there is a network
between the bot and its people) as `TestSomething`, and gives a `house` fixture.
"""

from typing import Any, Protocol

import pytest

from bot.cards import Button, Card, CardFile, Click, Picture, Section, Table, TaskLine, Tone, encode
from bot.ports import Chat, ChatBusy, ChatGone, ChatLost, Message


class House(Protocol):
    """A Chat and the eyes and hands of the people who use it."""

    @property
    def chat(self) -> Chat: ...

    @property
    def place(self) -> str:
        """A Place in which the bot may write."""
        ...

    @property
    def person(self) -> str:
        """Somebody who reads there."""
        ...

    def seen(self) -> list[str]:
        """The words of each message people see in the place now, oldest first."""
        ...

    def whispers(self) -> list[str]:
        """What `person` was told privately."""
        ...

    def pinged(self) -> bool:
        """True when any message called somebody by a mention."""
        ...

    async def remove(self, ref: str) -> None:
        """Somebody deletes the message."""
        ...


class RemoteHouse(House, Protocol):
    """A House behind a network."""

    def lose_answer(self) -> None:
        """The next message arrives, and its answer does not."""
        ...

    def be_busy(self, seconds: int) -> None:
        """The next call is told to wait."""
        ...


def message(house: House, slot: str = "plan:1", version: int = 1, **card: Any) -> Message:
    """A message of mission m1."""
    made = Card.model_validate(
        {"mission": "m1", "slot": slot, "version": 1, "title": "Compare the vendors", **card}
    )
    return Message(place=house.place, mission="m1", slot=slot, version=version, card=made)


APPROVE = Button(id=encode(Click(verb="approve", mission="m1", gate="g1", version=1)), label="Go")
SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="9"/></svg>'
LOUD = "Hello <!channel> <!everyone> <@U1> <@!123> <@&9> @here @everyone @channel <#C1>"


class ChatContract:
    """Holds for every Chat."""

    async def test_a_posted_card_is_seen(self, house: House):
        """Title, text and rows are there for people."""
        tasks = (TaskLine(id="T1", title="Read the offers"), TaskLine(id="T2", title="Rank them"))
        await house.chat.post(message(house, text="Two tasks.", tasks=tasks, buttons=(APPROVE,)))
        words = house.seen()[-1]
        for part in ("Compare the vendors", "Two tasks.", "Read the offers", "Rank them", "Go"):
            assert part in words

    async def test_a_posted_message_is_found_by_its_slot(self, house: House):
        """`find` gives the reference that `post` gave, and None for another slot or mission."""
        plan = message(house)
        ref = await house.chat.post(plan)
        assert await house.chat.find(plan) == ref
        assert await house.chat.find(message(house, slot="artifact")) is None
        other = plan.model_copy(update={"mission": "m2"})
        assert await house.chat.find(other) is None

    async def test_an_edit_changes_what_is_seen(self, house: House):
        """One message, new words; it is still found."""
        ref = await house.chat.post(message(house, text="before"))
        count = len(house.seen())
        await house.chat.edit(ref, message(house, version=2, text="after", tone=Tone.good))
        assert len(house.seen()) == count
        assert "after" in house.seen()[-1]
        assert "before" not in house.seen()[-1]
        assert await house.chat.find(message(house)) == ref

    async def test_an_edit_of_a_deleted_message_is_gone(self, house: House):
        """The courier then decides whether to post anew."""
        ref = await house.chat.post(message(house))
        await house.remove(ref)
        with pytest.raises(ChatGone):
            await house.chat.edit(ref, message(house, version=2))
        assert await house.chat.find(message(house)) is None

    async def test_text_never_pings(self, house: House):
        """Whatever a model writes anywhere on a card calls nobody, and is still readable."""
        card: dict[str, Any] = {
            "title": LOUD,
            "text": LOUD,
            "body": LOUD,
            "footer": LOUD,
            "fields": ((LOUD, LOUD),),
            "sections": (Section(heading=LOUD, text=LOUD),),
            "tasks": (TaskLine(id="T1", title=LOUD, note=LOUD),),
            "table": Table(heading=LOUD, columns=(LOUD,), rows=((LOUD,),)),
        }
        await house.chat.post(message(house, **card))
        assert "Hello" in house.seen()[-1]
        assert not house.pinged()

    async def test_a_private_word_reaches_only_the_person(self, house: House):
        """It is told, and the place shows nothing new."""
        count = len(house.seen())
        await house.chat.tell(house.place, house.person, "Version 3 is current.")
        assert "Version 3 is current." in house.whispers()[-1]
        assert len(house.seen()) == count

    async def test_a_card_with_everything_is_taken(self, house: House):
        """Long text, a table and a picture together."""
        card: dict[str, Any] = {
            "text": "words " * 2_000,
            "body": "# Head\n\n" + "A line of the body.\n\n" * 3_000,
            "sections": tuple(Section(heading=f"Finding {n}", text="x" * 900) for n in range(20)),
            "table": Table(
                heading="Ledger",
                columns=tuple(f"c{n}" for n in range(30)),
                rows=tuple(tuple("cell" for _ in range(30)) for _ in range(300)),
            ),
            "picture": Picture(name="plan", svg=SVG, alt="Two tasks in a row"),
            "tasks": tuple(TaskLine(id=f"T{n}", title="task " * 60) for n in range(50)),
            "buttons": (APPROVE,),
            "downloads": ("Markdown", "PDF"),
        }
        ref = await house.chat.post(message(house, **card))
        assert await house.chat.find(message(house)) == ref


class RemoteChatContract(ChatContract):
    """Holds for every Chat that talks over a network."""

    async def test_a_lost_answer_is_said_and_the_message_is_found(self, house: RemoteHouse):
        """So nothing is posted twice: look, then decide."""
        house.lose_answer()
        with pytest.raises(ChatLost):
            await house.chat.post(message(house))
        assert len(house.seen()) == 1
        assert await house.chat.find(message(house)) is not None

    async def test_a_busy_platform_names_the_seconds(self, house: RemoteHouse):
        """Nothing was shown, and the courier knows how long to wait."""
        house.be_busy(7)
        with pytest.raises(ChatBusy) as caught:
            await house.chat.post(message(house))
        assert caught.value.seconds == pytest.approx(7, abs=1)
        assert house.seen() == []


def file(name: str, sha256: str, size: int) -> CardFile:
    """A file on a card."""
    return CardFile(name=name, media_type="text/plain", size=size, sha256=sha256)
