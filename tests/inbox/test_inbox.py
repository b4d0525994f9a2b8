"""The inbox: stored, acknowledged, dealt with once and in order, whatever happens between."""

import asyncio
import contextlib
from collections import defaultdict
from typing import Any

import pytest
from sqlalchemy import select

from bot.domain.base import Refused
from bot.domain.mission import Person
from bot.inbox import MAX_TRIES, Inbox, Letter
from bot.missions import Missions, NewMission
from bot.ports import ChatLost
from bot.store import tables
from bot.store.store import Store, StoreDown

PERSON = Person(workspace="T1", id="U1", name="Ada")


def letter(number: int, place: str = "slack:T1:C1:1") -> Letter:
    return Letter(
        key=f"key-{place}-{number}", workspace="T1", place=place, kind="message",
        payload={"n": number},
    )  # fmt: skip


class Desk:
    """Remembers what was dealt with, and stumbles where it is told to."""

    def __init__(self) -> None:
        self.dealt: dict[str, list[int]] = defaultdict(list)
        self.broken: set[int] = set()

    async def __call__(self, letter: Letter) -> None:
        await asyncio.sleep(0)
        if letter.payload["n"] in self.broken:
            raise ValueError("cannot read this")
        self.dealt[letter.place].append(letter.payload["n"])


async def test_letters_of_a_place_are_dealt_with_in_order(store: Store) -> None:
    """Places go side by side; within one nothing overtakes."""
    desk = Desk()
    inbox = Inbox(store, {"slack": desk})
    for number in range(5):
        await inbox.accept(letter(number))
        await inbox.accept(letter(number, "slack:T1:C2:1"))
    await inbox.settle()
    assert desk.dealt == {"slack:T1:C1:1": [0, 1, 2, 3, 4], "slack:T1:C2:1": [0, 1, 2, 3, 4]}


async def test_a_repeat_changes_nothing(store: Store) -> None:
    """The same key is stored once and dealt with once, also after it is done."""
    desk = Desk()
    inbox = Inbox(store, {"slack": desk})
    assert await inbox.accept(letter(1))
    assert not await inbox.accept(letter(1))
    await inbox.settle()
    assert not await inbox.accept(letter(1))
    await inbox.settle()
    assert desk.dealt["slack:T1:C1:1"] == [1]


async def test_what_was_acknowledged_before_a_crash_is_dealt_with_after_it(store: Store) -> None:
    """The row is there; the process that took it is not."""
    await Inbox(store, {}).accept(letter(1))
    desk = Desk()
    await Inbox(store, {"slack": desk}).settle()
    assert desk.dealt["slack:T1:C1:1"] == [1]


async def test_an_effect_and_its_mark_are_one_transaction(store: Store) -> None:
    """A crash after the effect but before the dispatcher's own mark does not do it twice."""
    missions = Missions(store, _nothing, lambda: None)

    async def start(letter: Letter) -> None:
        await missions.start(
            NewMission(key=letter.key, place=letter.place, person=PERSON, goal="Count the stars")
        )
        raise asyncio.CancelledError

    inbox = Inbox(store, {"slack": start})
    await inbox.accept(letter(1))
    with contextlib.suppress(asyncio.CancelledError):
        await inbox.settle()
    desk = Desk()
    await Inbox(store, {"slack": desk}).settle()
    assert not desk.dealt
    assert len(await store.missions("T1")) == 1


async def test_a_letter_that_cannot_be_read_is_put_aside_in_the_end(store: Store) -> None:
    """It holds its place back for a few tries, never for good, and never other places."""
    desk = Desk()
    desk.broken = {1}
    inbox = Inbox(store, {"slack": desk})
    for number in (1, 2):
        await inbox.accept(letter(number))
    await inbox.accept(letter(3, "slack:T1:C2:1"))
    for _ in range(MAX_TRIES):
        await inbox.settle()
    assert desk.dealt == {"slack:T1:C2:1": [3], "slack:T1:C1:1": [2]}


async def test_a_refusal_is_an_answer(store: Store) -> None:
    """What the service declines was dealt with: it is not tried again."""
    tries: list[str] = []

    async def refuse(letter: Letter) -> None:
        tries.append(letter.key)
        raise Refused("Say what you want done.")

    inbox = Inbox(store, {"slack": refuse})
    await inbox.accept(letter(1))
    await inbox.settle()
    await inbox.settle()
    assert len(tries) == 1


async def test_what_was_said_is_not_kept_when_it_was_dealt_with(store: Store) -> None:
    """Answered, refused or put aside: a repeat is still known, people's words are gone."""
    desk = Desk()
    desk.broken = {2}

    async def deal(letter: Letter) -> None:
        if letter.payload["n"] == 3:
            raise Refused("Say what you want done.")
        await desk(letter)

    inbox = Inbox(store, {"slack": deal})
    for number in (1, 2, 3):
        await inbox.accept(letter(number, f"slack:T1:C{number}:1"))
    for _ in range(MAX_TRIES):
        await inbox.settle()
    async with store.reading() as conn:
        rows = (await conn.execute(select(tables.inbox))).mappings().all()
    assert [row["payload"] for row in rows] == [{}, {}, {}]
    assert all(row["done_at"] for row in rows)
    assert not await inbox.accept(letter(1, "slack:T1:C1:1"))


@pytest.mark.parametrize("why", ["the chat is away", "the database is away"])
async def test_a_letter_that_waits_is_tried_again_soon(
    store: Store, monkeypatch: pytest.MonkeyPatch, why: str
) -> None:
    """Also when there was nothing to do before, and nobody else has written since."""
    monkeypatch.setattr("bot.inbox.TICK", 0.05)
    monkeypatch.setattr("bot.store.quiet.EVERY", 1_000_000)
    dealt, tries, read = asyncio.Event(), 0, store.inbox_waiting

    async def deal(letter: Letter) -> None:
        nonlocal tries
        if letter.payload["n"] == 0:
            return
        tries += 1
        if tries == 1 and why == "the chat is away":
            raise ChatLost
        dealt.set()

    async def look() -> tuple[dict[str, Any], ...]:
        found = await read()
        if found and found[0]["payload"] == {"n": 1} and why == "the database is away":
            monkeypatch.setattr(store, "inbox_waiting", read)
            raise StoreDown
        return found

    monkeypatch.setattr(store, "inbox_waiting", look)
    inbox = Inbox(store, {"slack": deal})
    running = asyncio.create_task(inbox.run())
    await inbox.accept(letter(0))
    await asyncio.sleep(0.5)
    await inbox.accept(letter(1))
    await asyncio.wait_for(dealt.wait(), 10)
    running.cancel()
    await asyncio.wait([running])


async def test_a_running_inbox_sees_a_letter_at_once(store: Store) -> None:
    """Nobody waits for the slow tick."""
    seen = asyncio.Event()

    async def see(letter: Letter) -> None:
        seen.set()

    inbox = Inbox(store, {"slack": see})
    running = asyncio.create_task(inbox.run())
    await inbox.accept(letter(1))
    await asyncio.wait_for(seen.wait(), 10)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_letters_of_an_unknown_platform_wait(store: Store) -> None:
    """They are kept until that platform is served again."""
    desk = Desk()
    inbox = Inbox(store, {})
    await inbox.accept(letter(1))
    await inbox.settle()
    inbox.serve("slack", desk)
    await inbox.settle()
    assert desk.dealt["slack:T1:C1:1"] == [1]


async def _nothing(mission: str) -> None:
    return None
