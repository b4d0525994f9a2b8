"""SlackChat on the stand-in: the contract of every Chat, and what is Slack's own."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.cards import Button, Card, Click, Picture, TaskLine, Tone, encode
from bot.chat.slack import LocalLimiter, SlackChat
from bot.chat.slack.errors import Refused
from bot.files import FolderFiles
from bot.ports import ChatBusy, ChatGone, ChatLost, Files
from tests.chat_contract import APPROVE, SVG, RemoteChatContract, file, message
from tests.slack.standin import BOT, Standin

Json = dict[str, Any]
PING = re.compile(r"<!(channel|here|everyone|subteam)|<@U|<@!|@(here|channel|everyone)\b")


UNDER_WAY: Json = {
    "tone": Tone.busy,
    "buttons": (Button(id=encode(Click(verb="stop", mission="m1")), label="Stop"),),
}
"""A card that shows progress, and can be stopped."""


class SlackHouse:
    """People in a thread of a channel."""

    person = "U1"

    def __init__(self, slack: Standin, chat: SlackChat, blobs: Files) -> None:
        self.slack, self.chat, self.blobs = slack, chat, blobs
        self.root = slack.say("C1", "U1", "Please compare the vendors")["ts"]
        self.place = f"slack:T1:C1:{self.root}"

    def messages(self) -> list[Json]:
        """The bot's messages with blocks or words; shared files are not among them."""
        return [m for m in self.slack.seen("C1", self.root) if "files" not in m]

    def files(self) -> list[Json]:
        return [f for m in self.slack.seen("C1", self.root) for f in m.get("files", [])]

    def seen(self) -> list[str]:
        return [_words(m) for m in self.messages()]

    def whispers(self) -> list[str]:
        return [m["text"] for m in self.slack.private("U1")]

    def pinged(self) -> bool:
        return any(PING.search(called(m)) for m in self.messages())

    async def remove(self, ref: str) -> None:
        del self.slack.world.channels["C1"].messages[ref.split(":")[1]]

    def lose_answer(self) -> None:
        self.slack.fault("chat.postMessage", "reset_after")

    def be_busy(self, seconds: int) -> None:
        self.slack.fault("chat.postMessage", "ratelimited", seconds=seconds)


def _words(message: Json) -> str:
    return json.dumps([message["text"], message.get("blocks", [])], ensure_ascii=False)


def called(message: Json) -> str:
    """The parts of a message in which Slack looks for mentions."""
    return " ".join([message["text"], *_parsed(message.get("blocks", []))])


def _parsed(node: Any) -> list[str]:
    if isinstance(node, list):
        return [text for item in node for text in _parsed(item)]
    if not isinstance(node, dict):
        return []
    own = [node["text"]] if node.get("type") in ("mrkdwn", "markdown") else []
    return own + [text for item in node.values() for text in _parsed(item)]


async def _edit(house: SlackHouse, ref: str, version: int, **card: Any) -> float:
    """Try an edit; gives the seconds to wait, 0 when it was made."""
    try:
        await house.chat.edit(ref, message(house, version=version, **card))
    except ChatBusy as busy:
        return busy.seconds
    return 0.0


@pytest.fixture
async def house(slack: Standin, tmp_path: Path) -> AsyncIterator[SlackHouse]:
    blobs = FolderFiles(tmp_path)

    async def token(team: str) -> str:
        return {"T1": slack.bot_token}[team]

    chat = SlackChat(token, blobs, base_url=slack.url)
    yield SlackHouse(slack, chat, blobs)
    await chat.close()


class TestSlackChat(RemoteChatContract):
    """The contract."""


async def test_the_metadata_carries_mission_slot_and_version(house: SlackHouse):
    """After a crash a message is known by it."""
    ref = await house.chat.post(message(house, version=4))
    await house.chat.edit(ref, message(house, version=5))
    assert house.messages()[0]["metadata"] == {
        "event_type": "concertmaster_slot",
        "event_payload": {"mission": "m1", "slot": "plan:1", "version": 5},
    }


async def test_each_edit_has_block_ids_of_its_own(house: SlackHouse):
    """Slack keeps old content where a block id stays the same."""
    ref = await house.chat.post(message(house, version=1))
    before = {b["block_id"] for b in house.messages()[0]["blocks"]}
    await house.chat.edit(ref, message(house, version=2))
    assert not before & {b["block_id"] for b in house.messages()[0]["blocks"]}


async def test_links_are_not_unfurled(house: SlackHouse):
    """A page nobody chose to show stays away."""
    await house.chat.post(message(house, text="See https://example.com"))
    assert house.messages()[0]["unfurl"] is False


@pytest.mark.parametrize("kind", ["reset_after", "500_after", "500_before", "reset_before"])
async def test_one_call_is_one_post_whatever_happens(house: SlackHouse, kind: Any):
    """Nothing below the courier repeats a post by itself."""
    house.slack.fault("chat.postMessage", kind)
    with pytest.raises(ChatLost):
        await house.chat.post(message(house))
    stored = 1 if kind.endswith("after") else 0
    assert len(house.messages()) == stored
    assert (await house.chat.find(message(house)) is not None) == bool(stored)


async def test_refused_blocks_fall_back_to_a_plainer_look(house: SlackHouse):
    """The person still gets the content and the buttons."""
    house.slack.web.fail_blocks = {"markdown", "plan", "table"}
    await house.chat.post(message(house, text="The words", buttons=(APPROVE,)))
    kinds = {b["type"] for b in house.messages()[0]["blocks"]}
    assert kinds == {"header", "section", "actions"}
    assert "The words" in house.seen()[0]


async def test_without_any_blocks_the_text_is_left(house: SlackHouse):
    """The last look is text alone."""
    house.slack.web.fail_blocks = {"markdown", "header", "section"}
    await house.chat.post(message(house, text="The words"))
    assert "blocks" not in house.messages()[0]
    assert "The words" in house.messages()[0]["text"]


async def test_the_picture_is_uploaded_once_and_shown_with_its_alt_text(house: SlackHouse):
    """An edit with the same picture uploads nothing."""
    picture = Picture(name="plan", svg=SVG, alt="Two tasks in a row")
    ref = await house.chat.post(message(house, picture=picture))
    await house.chat.edit(ref, message(house, version=2, picture=picture))
    image = next(b for b in house.messages()[0]["blocks"] if b["type"] == "image")
    upload = house.slack.world.files[image["slack_file"]["id"]]
    assert image["alt_text"] == upload.alt == "Two tasks in a row"
    assert (upload.data or b"").startswith(b"\x89PNG")
    assert len(house.slack.world.files) == 1
    assert house.files() == []


async def test_a_picture_that_slack_does_not_embed_goes_into_the_thread(house: SlackHouse):
    """Plain file instead of image block; everything else stays as it was."""
    house.slack.web.fail_blocks = {"image"}
    await house.chat.post(
        message(house, text="x", picture=Picture(name="plan.svg", svg=SVG, alt="a"))
    )
    assert [f["title"] for f in house.files()] == ["plan.png (version 1)"]
    assert "markdown" in {b["type"] for b in house.messages()[0]["blocks"]}


async def test_files_go_into_the_thread_once(house: SlackHouse):
    """A repeated post after a lost answer does not share them again, even in a new process."""
    name = await house.blobs.put(b"# Brief\n")
    made = message(house, slot="artifact", files=(file("brief.md", name, 8),))
    house.lose_answer()
    with pytest.raises(ChatLost):
        await house.chat.post(made)
    again = SlackChat(house.chat.calls.tokens, house.blobs, base_url=house.slack.url)
    await again.edit(str(await again.find(made)), made)
    await again.close()
    assert [f["title"] for f in house.files()] == ["brief.md (version 1)"]
    assert house.slack.world.files[house.files()[0]["id"]].data == b"# Brief\n"


async def test_a_file_that_is_gone_does_not_hold_the_words_back(house: SlackHouse):
    """Retention may have taken the bytes; the card is shown."""
    await house.chat.post(message(house, slot="artifact", files=(file("a.txt", "0" * 64, 4),)))
    assert len(house.messages()) == 1


async def test_two_missions_in_one_thread_share_their_files_each(house: SlackHouse):
    """The same name in the same version, but another mission's."""
    name = await house.blobs.put(b"data")
    made = message(house, slot="artifact", files=(file("a.txt", name, 4),))
    card = made.card.model_copy(update={"mission": "m2"})
    await house.chat.post(made)
    await house.chat.post(made.model_copy(update={"mission": "m2", "card": card}))
    assert [f["name"] for f in house.files()] == ["a-1-v1.txt", "a-2-v1.txt"]


async def test_a_lost_answer_to_an_upload_does_not_upload_twice(house: SlackHouse):
    """The thread shows that the file is there."""
    name = await house.blobs.put(b"data")
    made = message(house, slot="artifact", files=(file("a.txt", name, 4),))
    house.slack.fault("files.completeUploadExternal", "reset_after")
    with pytest.raises(ChatLost):
        await house.chat.post(made)
    await house.chat.post(made)
    assert len(house.files()) == 1


async def test_long_text_goes_whole_into_a_file(house: SlackHouse):
    """The message says where; the last line is in the file."""
    body = "".join(f"Line {n}.\n\n" for n in range(4_000)) + "The very end."
    await house.chat.post(message(house, slot="artifact", body=body))
    shared = house.files()[0]
    assert (shared["title"], shared["name"]) == ("artifact.md (version 1)", "artifact-1-v1.md")
    assert (house.slack.world.files[shared["id"]].data or b"").endswith(b"The very end.\n")
    assert "artifact.md" in house.seen()[0]


async def test_a_live_checklist_uploads_nothing(house: SlackHouse):
    """Edits every three seconds must not fill the thread with files."""
    tasks = tuple(TaskLine(id=f"T{n}", title="words " * 90, state="running") for n in range(50))
    await house.chat.post(message(house, tasks=tasks, text="x" * 9_000, tone=Tone.busy))
    assert house.files() == []


async def test_the_limits_are_kept_before_slack_refuses(house: SlackHouse):
    """A hundred eager edits meet ChatBusy from us, and no 429."""
    ref = await house.chat.post(message(house))
    waits = [await _edit(house, ref, version) for version in range(2, 102)]
    assert sum(wait > 0 for wait in waits) > 80
    assert not [c for c in house.slack.calls if c.error == "ratelimited"]


async def test_progress_leaves_room_for_what_needs_a_person(house: SlackHouse):
    """When progress has used its share, an edit that asks still goes through."""
    ref = await house.chat.post(message(house))
    waits = [await _edit(house, ref, version, **UNDER_WAY) for version in range(2, 40)]
    assert waits[-1] > 0
    await house.chat.edit(ref, message(house, version=41, tone=Tone.ask, text="Your turn"))
    assert "Your turn" in house.seen()[0]


async def test_many_cards_under_way_wait_until_they_ask(house: SlackHouse):
    """Slack takes far fewer edits than posts: each of them would need one to ask."""
    posted = 0
    for n in range(30):
        house.slack.world.channel(f"C{n}", "U1")
        made = message(house, slot=f"plan:{n}", **UNDER_WAY)
        made = made.model_copy(update={"place": f"slack:T1:C{n}:"})
        try:
            await house.chat.post(made)
            posted += 1
        except ChatBusy:
            asking = message(house, slot=f"plan:{n}", tone=Tone.ask)
            await house.chat.post(asking.model_copy(update={"place": f"slack:T1:C{n}:"}))
    assert 10 <= posted < 15
    assert len(house.slack.called("chat.postMessage")) == 30


async def test_plans_are_not_held_up_by_their_pictures(house: SlackHouse):
    """While uploads are short a plan is shown without one: its tasks are there in words."""
    svgs = [SVG.replace("<svg", f"<svg data-n='{n}'", 1) for n in range(12)]
    for n, svg in enumerate(svgs):
        picture = Picture(name="plan", svg=svg, alt=f"Plan {n}")
        made = message(house, slot=f"plan:{n}", picture=picture, tone=Tone.ask)
        place = f"slack:T1:C{n}:"
        house.slack.world.channel(f"C{n}", "U1")
        await house.chat.post(made.model_copy(update={"place": place}))
    assert len(house.slack.called("files.getUploadURLExternal")) == 10
    assert len(house.slack.called("chat.postMessage")) == 12


async def test_a_retry_after_holds_the_method_back(house: SlackHouse):
    """After a 429 nobody asks again before its time."""
    ref = await house.chat.post(message(house))
    house.slack.fault("chat.update", "ratelimited", seconds=30)
    for _ in range(2):
        with pytest.raises(ChatBusy) as caught:
            await house.chat.edit(ref, message(house, version=2))
        assert caught.value.seconds == pytest.approx(30, abs=1)
    assert len(house.slack.called("chat.update")) == 1


@pytest.mark.parametrize(
    ("place", "reason"),
    [("slack:T1:C9:1.1", "channel_not_found"), ("slack:T9:C1:1.1", "not installed")],
)
async def test_places_that_are_not_there_are_gone(house: SlackHouse, place: str, reason: str):
    """An unknown channel and a workspace without the app."""
    made = message(house).model_copy(update={"place": place})
    with pytest.raises(ChatGone, match=reason):
        await house.chat.post(made)


async def test_a_revoked_token_is_gone_and_never_in_the_words(house: SlackHouse):
    """The error names Slack's reason and no secret."""
    house.slack.uninstall()
    with pytest.raises(ChatGone) as caught:
        await house.chat.post(message(house))
    assert house.slack.bot_token not in str(caught.value) + repr(caught.value)
    assert caught.value.__cause__ is None


async def test_an_unreachable_slack_is_busy(house: SlackHouse):
    """Nothing was sent, so nothing can have been shown."""
    chat = SlackChat(house.chat.calls.tokens, house.blobs, base_url="http://127.0.0.1:9/api/")
    with pytest.raises(ChatBusy):
        await chat.post(message(house))
    await chat.close()


async def test_who_is_not_in_the_channel_is_told_directly(house: SlackHouse):
    """A private word finds its person."""
    house.slack.world.user("U7", "Edsger")
    await house.chat.tell(house.place, "U7", "Only Ada can decide this.")
    assert house.slack.seen("DU7")[0]["text"] == "Only Ada can decide this."


async def test_slacks_own_status_follows_the_card(house: SlackHouse):
    """Processing while it works, suspended while it asks; said once each."""
    ref = await house.chat.post(message(house, tone=Tone.busy))
    await house.chat.edit(ref, message(house, version=2, tone=Tone.busy))
    await house.chat.edit(ref, message(house, version=3, tone=Tone.ask))
    said = [c.args["status"] for c in house.slack.called("agents.sessions.setStatus")]
    assert said == ["processing", "suspended"]


async def test_a_workspace_without_agent_sessions_sees_the_card_all_the_same(house: SlackHouse):
    """The status is an extra."""
    house.slack.fault("agents.sessions.setStatus", "500_before")
    await house.chat.post(message(house, tone=Tone.busy))
    assert len(house.messages()) == 1


async def test_a_place_without_thread_is_the_channel_itself(house: SlackHouse):
    """Root messages are found by the channel's history."""
    made = message(house).model_copy(update={"place": "slack:T1:C1:"})
    ref = await house.chat.post(made)
    assert await house.chat.find(made) == ref
    posted = house.slack.world.channels["C1"].messages[ref.split(":")[1]]
    assert "thread_ts" not in posted
    assert posted["user"] == BOT


async def test_local_limits_keep_any_minute_below_the_tier():
    """Burst and flow together: at most 50 in the first minute for tier 3."""
    from bot.chat.slack.calls import TIER_2, TIER_3, TIER_4

    for rate, most in ((TIER_2, 20), (TIER_3, 50), (TIER_4, 100)):
        now = [0.0]
        limiter, taken = LocalLimiter(lambda now=now: now[0]), 0
        while now[0] < 60:
            taken += await limiter.take("k", rate) == 0
            now[0] += 0.05
        assert taken <= most


def test_cards_of_the_contract_are_valid():
    """A typo in the suite itself would show here."""
    assert Card(mission="m", slot="s", title="t").title == "t"


@pytest.mark.parametrize(
    "url",
    ["https://evil.example/a", "http://files.slack.com/a", "https://files.slack.com.evil.example/a",
     "https://evilslack.com/a", "file:///etc/passwd"],
)  # fmt: skip
async def test_the_token_goes_to_slack_alone(house: SlackHouse, url: str):
    """A file that lies elsewhere is not fetched, and a private answer is not sent there."""
    with pytest.raises(Refused, match="not_slack"):
        await house.chat.calls.fetch("T1", url, 100)
    assert not await house.chat.calls.respond(url, {"text": "x"})


async def test_a_file_is_read_up_to_its_limit(house: SlackHouse):
    """What is larger than it said is not held in memory."""
    said = house.slack.say("C1", "U1", "look", files={"a.txt": b"x" * 101})
    url = said["files"][0]["url_private"]
    assert len(await house.chat.calls.fetch("T1", url, 101)) == 101
    with pytest.raises(Refused, match="too_large"):
        await house.chat.calls.fetch("T1", url, 100)


async def test_after_the_end_nothing_is_sent(house: SlackHouse):
    """A courier that is still at it is told to wait, not that it was lost."""
    await house.chat.close()
    with pytest.raises(ChatBusy):
        await house.chat.post(message(house))
