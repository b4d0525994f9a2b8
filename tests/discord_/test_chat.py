"""DiscordChat on the stand-in: the contract of every Chat, and what is Discord's own."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest

from bot.cards import Card, CardFile, Picture, TaskLine, Tone
from bot.chat.discord import DiscordChat
from bot.chat.discord.errors import Rationed
from bot.chat.discord.place import Ref, Where
from bot.ports import ChatBusy, ChatError, ChatGone, ChatLost
from tests.chat_contract import APPROVE, SVG, RemoteChatContract, message
from tests.discord_.standin import Json, StandIn
from tests.discord_.standin.rules import walk
from tests.discord_.standin.world import PRIVATE_THREAD


class Blobs:
    """Files in memory: the real ones are tested with the store."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    async def put(self, data: bytes) -> str:
        name = sha256(data).hexdigest()
        self.kept[name] = data
        return name

    async def get(self, sha256: str) -> bytes:
        try:
            return self.kept[sha256]
        except KeyError:
            raise FileNotFoundError(sha256) from None

    async def drop(self, sha256: str) -> None:
        self.kept.pop(sha256, None)

    async def release(self, sha256: str, quiet: timedelta) -> None:
        await self.drop(sha256)

    async def expire(self, sha256: str, quiet: timedelta) -> None:
        await self.drop(sha256)

    async def tidy(self, quiet: timedelta) -> None:
        """Nothing is ever half written here."""

    def alone(self) -> AbstractContextManager[bool]:
        return nullcontext(False)

    async def all(self) -> tuple[str, ...]:
        return tuple(self.kept)


class DiscordHouse:
    """People in a thread of a channel."""

    def __init__(self, standin: StandIn) -> None:
        self.standin, self.blobs = standin, Blobs()
        self.guild = standin.guild()
        self.channel = standin.channel(self.guild)
        self.ada = standin.person("ada", self.guild)
        self.root = standin.say(self.ada, self.channel, "Please compare the vendors")
        bot = standin.world.app
        self.thread = standin.world.thread(self.channel, "Vendors", bot, start=self.root)
        self.place = f"discord:{self.guild['id']}:{self.thread['id']}"
        self.chat = self.fresh()

    @property
    def person(self) -> str:
        return self.ada["id"]

    def fresh(self) -> DiscordChat:
        """A chat that remembers nothing, as after a restart."""
        return DiscordChat(self.standin.token, self.blobs, clock=self.standin.clock.now)

    def messages(self) -> list[Json]:
        return self.standin.mine(self.thread)

    def seen(self) -> list[str]:
        return [self.words(m) for m in self.messages()]

    def words(self, shown: Json) -> str:
        labels = [p["label"] for p in walk(shown["components"]) if p["type"] == 2]
        return "\n".join([self.standin.text(shown), *labels])

    def whispers(self) -> list[str]:
        return [m["content"] for m in self.standin.mine(self.standin.dm(self.ada))]

    def pinged(self) -> bool:
        return bool(self.standin.world.pings)

    async def remove(self, ref: str) -> None:
        del self.standin.world.messages[self.thread["id"]][Ref.of(ref).message]

    def lose_answer(self) -> None:
        self.standin.fault("POST", "/messages$", drop=True, after=True)

    def be_busy(self, seconds: int) -> None:
        self.standin.fault("POST", "/messages$", status=429, body={"retry_after": seconds})


@pytest.fixture
async def house(standin: StandIn) -> AsyncIterator[DiscordHouse]:
    made = DiscordHouse(standin)
    yield made
    await made.chat.close()


class TestDiscordChat(RemoteChatContract):
    """The contract."""


def live(house: DiscordHouse, version: int, **card: Any) -> Any:
    """A checklist of a mission under way."""
    tasks = (TaskLine(id="T1", title="Read the offers", state="running"),)
    return message(house, version=version, tone=Tone.busy, tasks=tasks, **card)


def test_places_and_references_are_read_strictly() -> None:
    """What is not ours is refused."""
    assert Where.of("discord:1:2").channel == "2"
    assert Where.of("discord:dm:2").guild == "dm"
    assert str(Ref.of("1/2/classic")) == "1/2/classic"
    for bad in ("slack:1:2", "discord:1", "discord:x:2", "discord:1:y"):
        with pytest.raises(ValueError, match="not a place"):
            Where.of(bad)
    for bad in ("1", "1/2/3", "a/b"):
        with pytest.raises(ValueError, match="not a message"):
            Ref.of(bad)


async def test_a_repeated_post_is_one_message(house: DiscordHouse) -> None:
    """The nonce of a slot outlives a restart; the newer version is shown."""
    first = await house.chat.post(message(house, version=1, text="before"))
    again = house.fresh()
    assert await again.post(message(house, version=2, text="after")) == first
    await again.close()
    assert len(house.seen()) == 1
    assert "after" in house.seen()[0]


async def test_a_slot_whose_message_was_deleted_can_be_posted_again(house: DiscordHouse) -> None:
    """Its old nonce does not stand in the way."""
    ref = await house.chat.post(message(house))
    await house.remove(ref)
    with pytest.raises(ChatGone):
        await house.chat.edit(ref, message(house, version=2))
    assert await house.chat.post(message(house, version=2)) != ref
    assert len(house.seen()) == 1


async def test_another_persons_message_is_never_ours(house: DiscordHouse) -> None:
    """Quoting our last line does not make it a slot."""
    await house.chat.post(message(house))
    line = house.standin.text(house.messages()[0]).splitlines()[-1]
    house.standin.world.messages[house.thread["id"]].clear()
    house.standin.say(house.ada, house.thread, line)
    assert await house.chat.find(message(house)) is None


@pytest.mark.parametrize("after", [True, False])
@pytest.mark.parametrize("how", [{"status": 502}, {"status": 503}, {"drop": True}])
async def test_one_call_is_one_post_whatever_happens(
    house: DiscordHouse, how: dict[str, Any], after: bool
) -> None:
    """Nothing below the courier repeats a post by itself; looking tells whether it is there."""
    house.standin.fault("POST", "/messages$", after=after, **how)
    with pytest.raises(ChatLost):
        await house.chat.post(message(house))
    assert len(house.messages()) == int(after)
    assert (await house.chat.find(message(house)) is not None) == after
    await house.chat.post(message(house))
    assert len(house.messages()) == 1


async def test_buckets_are_kept_before_they_refuse(house: DiscordHouse) -> None:
    """The sixth post is told to wait without asking Discord."""
    house.standin.rest.limits.channel.count = 5
    for number in range(5):
        await house.chat.post(message(house, slot=f"question:Q{number}"))
    with pytest.raises(ChatBusy) as busy:
        await house.chat.post(message(house, slot="question:Q6"))
    assert 0 < busy.value.seconds <= 5
    assert house.standin.journal.unhandled == []


async def test_a_busy_server_stops_every_call(house: DiscordHouse) -> None:
    """A global limit holds all routes."""
    body = {"retry_after": 9, "global": True}
    house.standin.fault("POST", "/messages$", status=429, body=body)
    for _ in range(2):
        with pytest.raises(ChatBusy):
            await house.chat.post(message(house))
    with pytest.raises(ChatBusy):
        await house.chat.find(message(house))
    assert len(house.standin.journal.of("POST", "/messages$")) == 1


async def test_an_unreachable_server_is_busy(standin: StandIn, house: DiscordHouse) -> None:
    """Nothing was shown, and it says so."""
    from bot.chat.discord import point

    point("http://127.0.0.1:9/api/v10")
    with pytest.raises(ChatBusy):
        await house.chat.post(message(house))


async def test_old_messages_take_few_edits(house: DiscordHouse) -> None:
    """A live card goes on in a new message, and the old one points there."""
    ref = await house.chat.post(live(house, 1))
    house.standin.advance(3700)
    await house.chat.edit(ref, live(house, 2))
    with pytest.raises(ChatGone):
        await house.chat.edit(ref, live(house, 3))
    assert "newer message below" in house.seen()[0]
    assert house.standin.buttons(house.messages()[0]) == []
    assert await house.chat.find(live(house, 3)) is None
    new = await house.chat.post(live(house, 3))
    assert new != ref
    assert house.standin.journal.unhandled == []


async def test_an_old_message_that_is_no_checklist_waits(house: DiscordHouse) -> None:
    """A decision is shown where it was asked for."""
    ref = await house.chat.post(message(house, text="v1"))
    house.standin.advance(3700)
    await house.chat.edit(ref, message(house, version=2, text="v2"))
    with pytest.raises(ChatBusy) as busy:
        await house.chat.edit(ref, message(house, version=3, text="v3"))
    house.standin.advance(busy.value.seconds + 1)
    await house.chat.edit(ref, message(house, version=3, text="v3"))
    assert "v3" in house.seen()[0]


async def test_code_30046_is_heeded(house: DiscordHouse) -> None:
    """When Discord's ration is smaller than ours: the same, without an hour of edits."""
    ref = await house.chat.post(message(house))
    house.standin.rest.limits.old_edits.count = 0
    house.standin.rest.limits._seen["old:" + house.thread["id"]].append(house.standin.clock.now())
    house.standin.advance(3700)
    house.standin.rest.limits._seen["old:" + house.thread["id"]].append(house.standin.clock.now())
    with pytest.raises(ChatBusy) as busy:
        await house.chat.edit(ref, message(house, version=2))
    assert not isinstance(busy.value, Rationed)
    with pytest.raises(ChatBusy):
        await house.chat.edit(ref, message(house, version=2))


async def test_an_archived_thread_is_opened_for_an_edit(house: DiscordHouse) -> None:
    """Threads archive themselves while a gate waits for days."""
    ref = await house.chat.post(message(house, text="v1"))
    house.standin.world.set_thread(house.thread, archived=True)
    await house.chat.edit(ref, message(house, version=2, text="v2"))
    assert "v2" in house.seen()[0]


async def test_a_locked_thread_is_reported(house: DiscordHouse) -> None:
    """Gone, with a sentence; nothing crashes."""
    ref = await house.chat.post(message(house))
    house.standin.world.set_thread(house.thread, archived=True, locked=True)
    with pytest.raises(ChatGone, match="locked"):
        await house.chat.edit(ref, message(house, version=2))
    with pytest.raises(ChatGone, match="locked"):
        await house.chat.post(message(house, slot="question:Q1"))


async def test_a_hidden_channel_is_gone(house: DiscordHouse) -> None:
    """The missing permission is named."""
    house.standin.world.deny(house.channel, "view_channel")
    with pytest.raises(ChatGone, match="View Channel"):
        await house.chat.post(message(house))


async def test_a_private_thread_without_the_bot_is_gone(house: DiscordHouse) -> None:
    """It is respected."""
    world = house.standin.world
    private = world.thread(house.channel, "secret", house.person, private=True)
    assert private["type"] == PRIVATE_THREAD
    place = f"discord:{house.guild['id']}:{private['id']}"
    with pytest.raises(ChatGone):
        await house.chat.post(message(house).model_copy(update={"place": place}))


async def test_without_the_right_to_attach_the_text_is_shown(house: DiscordHouse) -> None:
    """No picture, no file, but the card and its buttons."""
    house.standin.world.deny(house.channel, "attach_files")
    picture = Picture(name="plan", svg=SVG, alt="Two tasks in a row")
    await house.chat.post(message(house, picture=picture, buttons=(APPROVE,)))
    assert "Compare the vendors" in house.seen()[0]
    assert house.standin.buttons(house.messages()[0]) == ["Go"]


async def test_where_components_are_refused_the_card_is_an_embed(house: DiscordHouse) -> None:
    """And it is edited as one from then on."""
    refusal = {"code": 50035, "message": "Invalid Form Body"}
    house.standin.fault("POST", "/messages$", status=400, body=refusal, times=2)
    ref = await house.chat.post(message(house, text="v1", buttons=(APPROVE,)))
    assert ref.endswith("/classic")
    assert await house.chat.find(message(house)) == ref
    await house.chat.edit(ref, message(house, version=2, text="v2", buttons=(APPROVE,)))
    [shown] = house.messages()
    assert shown["embeds"][0]["description"] == "v2"
    assert house.standin.buttons(shown) == ["Go"]


async def test_an_edit_that_is_refused_shows_the_words_at_least(house: DiscordHouse) -> None:
    """A message with components stays one: text and buttons alone."""
    ref = await house.chat.post(message(house, text="v1", buttons=(APPROVE,)))
    refusal = {"code": 50035, "message": "Invalid Form Body"}
    house.standin.fault("PATCH", "/messages/", status=400, body=refusal, times=2)
    await house.chat.edit(ref, message(house, version=2, text="v2", buttons=(APPROVE,)))
    [shown] = house.messages()
    assert [c["type"] for c in shown["components"]] == [10, 1, 10]
    assert "v2" in house.seen()[0]
    assert await house.chat.find(message(house)) == ref


async def test_a_picture_is_a_png_with_a_description(house: DiscordHouse) -> None:
    """Uploaded once; an edit that does not change it keeps it."""
    picture = Picture(name="plan", svg=SVG, alt="Two tasks in a row")
    ref = await house.chat.post(message(house, picture=picture))
    [shown] = house.messages()[0]["attachments"]
    assert house.standin.data(shown).startswith(b"\x89PNG")
    assert shown["description"] == "Two tasks in a row"
    await house.chat.edit(ref, message(house, version=2, picture=picture, text="more"))
    assert house.messages()[0]["attachments"] == [shown]
    other = picture.model_copy(update={"svg": SVG.replace("9", "8")})
    await house.chat.edit(ref, message(house, version=3, picture=other))
    assert house.messages()[0]["attachments"] != [shown]


async def test_a_live_checklist_keeps_its_picture_for_a_while(house: DiscordHouse) -> None:
    """No upload for every edit; after half a minute it is drawn again."""
    ref = await house.chat.post(live(house, 1, picture=Picture(name="plan", svg=SVG, alt="a")))
    [first] = house.messages()[0]["attachments"]
    newer = Picture(name="plan", svg=SVG.replace("9", "8"), alt="b")
    await house.chat.edit(ref, live(house, 2, picture=newer))
    assert house.messages()[0]["attachments"] == [first]
    house.standin.advance(31)
    await house.chat.edit(ref, live(house, 3, picture=newer))
    assert house.messages()[0]["attachments"] != [first]


async def csv(house: DiscordHouse, name: str, data: bytes) -> CardFile:
    """A file of a card, with its bytes in Files."""
    sha = await house.blobs.put(data)
    return CardFile(name=name, media_type="text/csv", size=len(data), sha256=sha)


async def test_files_arrive_whole(house: DiscordHouse) -> None:
    """As they are in Files; one over the limit in parts that join to the same."""
    small, large = b"a,b\n1,2\n", b"0123456789" * 1_100_000
    files = [await csv(house, "small.csv", small), await csv(house, "large.csv", large)]
    await house.chat.post(message(house, files=tuple(files)))
    kept = house.messages()[0]["attachments"]
    assert [a["filename"] for a in kept] == ["small.csv", "large.csv.001", "large.csv.002"]
    assert house.standin.data(kept[0]) == small
    assert b"".join(house.standin.data(a) for a in kept[1:]) == large


async def test_a_boosted_server_takes_larger_files(standin: StandIn, house: DiscordHouse) -> None:
    """The guild's own limit counts."""
    house.guild["premium_tier"] = 2
    data = b"0123456789" * 1_100_000
    await house.chat.post(message(house, files=(await csv(house, "large.csv", data),)))
    assert len(house.messages()[0]["attachments"]) == 1


async def test_a_missing_file_does_not_hide_the_card(house: DiscordHouse) -> None:
    """The text is shown, and says that the file is elsewhere."""
    file = CardFile(name="lost.csv", media_type="text/csv", size=9, sha256="f" * 64)
    await house.chat.post(message(house, files=(file,)))
    assert "lost.csv" in house.seen()[0]


async def test_a_person_who_takes_no_messages_is_reported(house: DiscordHouse) -> None:
    """Gone, in words."""
    house.standin.world.closed_dms.add(house.person)
    with pytest.raises(ChatGone, match="direct messages"):
        await house.chat.tell(house.place, house.person, "psst")


async def test_a_wrong_token_is_an_error_without_the_token(house: DiscordHouse) -> None:
    """No secret gets into words or logs."""
    chat = DiscordChat("a-very-secret-token", house.blobs)
    with pytest.raises(ChatError) as error:
        await chat.post(message(house))
    await chat.close()
    assert "secret" not in repr(error.value)


async def test_a_message_is_found_far_up(house: DiscordHouse) -> None:
    """Over more than one page of history."""
    ref = await house.chat.post(message(house))
    for number in range(150):
        house.standin.say(house.ada, house.thread, f"chatter {number}")
    assert await house.chat.find(message(house)) == ref


def test_cards_of_the_contract_are_valid() -> None:
    """A typo in the suite itself would show here."""
    assert Card(mission="m", slot="s", title="t").title == "t"
