"""A clicked message can be changed by the click's url, and who waits for an edit has a turn."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.cards import Tone
from bot.chat.slack import LocalLimiter, SlackChat, Where
from bot.chat.slack.answers import REMEMBERED, Answers
from bot.chat.slack.calls import Calls
from bot.chat.slack.chat import PACE
from bot.chat.slack.turns import FIRST, LONGEST_TURN, Turns
from bot.files import FolderFiles
from bot.ports import ChatBusy
from tests.chat_contract import APPROVE, message
from tests.slack.standin import Standin
from tests.slack.test_chat import UNDER_WAY, SlackHouse
from tests.slack.town import GOAL, Town, labels

Json = dict[str, Any]
WHERE = Where("T1", "C1")
ENDED = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture
async def house(slack: Standin, tmp_path: Path) -> AsyncIterator[SlackHouse]:
    async def token(team: str) -> str:
        return {"T1": slack.bot_token}[team]

    chat = SlackChat(token, FolderFiles(tmp_path), base_url=slack.url)
    yield SlackHouse(slack, chat, FolderFiles(tmp_path))
    await chat.close()


async def _clicked(house: SlackHouse) -> str:
    """A message that was clicked, while the workspace's edits are used up; gives its ref."""
    ref = await house.chat.post(message(house, buttons=(APPROVE,), tone=Tone.ask))
    click = house.slack.click(house.messages()[-1], APPROVE.label)
    house.chat.calls.answers.heard(ref, click.payload["response_url"])
    await _use_up(house)
    return ref


async def _use_up(house: SlackHouse) -> None:
    """No room for an edit is left, neither here nor at Slack."""
    while not house.slack.tiers.seconds("chat.update", 3, ""):
        pass
    await _taken(house.chat.calls, 10)


async def _taken(calls: Calls, number: int) -> None:
    """So many edits of other messages were made in this moment."""
    for n in range(number):
        await calls.turn(WHERE, "chat.update", f"other {n}", urgent=True)


def _updates(house: SlackHouse) -> list[str]:
    """How the message was changed, call by call."""
    names = ("chat.update", "response_url")
    return [c.method for c in house.slack.calls if c.method in names]


async def test_a_clicked_message_is_changed_although_edits_are_used_up(house: SlackHouse):
    """With its text, its blocks and its metadata, in place of what was there."""
    ref = await _clicked(house)
    await house.chat.edit(ref, message(house, version=2, text="Approved by Ada", **UNDER_WAY))
    shown = house.messages()
    assert len(shown) == 1
    assert "Approved by Ada" in house.seen()[0]
    assert shown[0]["metadata"]["event_payload"]["version"] == 2
    assert APPROVE.id not in str(shown[0]["blocks"])
    assert _updates(house) == ["response_url"]
    assert house.whispers() == []


async def test_the_last_use_is_kept_for_the_end(house: SlackHouse):
    """Progress takes what it may and waits then; the end of the mission is shown at once."""
    ref = await _clicked(house)
    shown = 0
    for version in range(2, 10):
        try:
            await house.chat.edit(ref, message(house, version=version, **UNDER_WAY))
            shown += 1
        except ChatBusy:
            continue
    assert shown == 3
    await house.chat.edit(ref, message(house, version=11, text="The result is below"))
    with pytest.raises(ChatBusy):
        await house.chat.edit(ref, message(house, version=12, text="Still below"))
    await house.chat.edit(ref, message(house, version=13, text="Done", ended_at=ENDED))
    assert "Done" in house.seen()[0]
    assert _updates(house) == ["response_url"] * 5


async def test_a_gate_that_closes_does_not_wait_with_progress(house: SlackHouse):
    """Without a url, as after a restart, the buttons go by an edit that progress left free."""
    ref = await house.chat.post(message(house, buttons=(APPROVE,), tone=Tone.ask))
    await _taken(house.chat.calls, 7)
    await house.chat.edit(ref, message(house, version=2, text="Approved by Ada", **UNDER_WAY))
    assert APPROVE.id not in str(house.messages()[0]["blocks"])
    with pytest.raises(ChatBusy):
        await house.chat.edit(ref, message(house, version=3, **UNDER_WAY))


@pytest.mark.parametrize("room", [False, True])
async def test_who_was_clicked_waits_no_longer(house: SlackHouse, room: bool):
    """It makes room in the queue for those that have no click, by whichever way it is shown."""
    ref = await house.chat.post(message(house, buttons=(APPROVE,), tone=Tone.ask))
    await _taken(house.chat.calls, 10)
    with pytest.raises(ChatBusy):
        await house.chat.edit(ref, message(house, version=2))
    url = house.slack.click(house.messages()[0], APPROVE.label).payload["response_url"]
    house.chat.calls.answers.heard(ref, url)
    if room:
        house.chat.calls._limiter = LocalLimiter()
    await house.chat.edit(ref, message(house, version=3))
    assert _updates(house) == ["chat.update" if room else "response_url"]
    assert house.chat.calls.waiting(WHERE, "chat.update") == 0


async def test_private_words_spend_the_same_uses(house: SlackHouse):
    """Five in all, whichever way."""
    ref = await house.chat.post(message(house, buttons=(APPROVE,), tone=Tone.ask))
    url = house.slack.click(house.messages()[0], APPROVE.label).payload["response_url"]
    house.chat.calls.answers.heard(ref, url)
    assert await house.chat.calls.respond(url, {"text": "Approved."})
    assert house.chat.calls.answers.left(ref) == 4
    assert house.whispers() == ["Approved."]


async def test_with_room_for_edits_no_use_is_spent(house: SlackHouse):
    """The url is for when edits are short."""
    ref = await house.chat.post(message(house, buttons=(APPROVE,), tone=Tone.ask))
    click = house.slack.click(house.messages()[0], APPROVE.label)
    house.chat.calls.answers.heard(ref, click.payload["response_url"])
    await house.chat.edit(ref, message(house, version=2))
    assert house.chat.calls.answers.left(ref) == 5
    assert _updates(house) == ["chat.update"]


@pytest.mark.parametrize("why", ["used", "expired", "unknown", "elsewhere"])
async def test_a_refused_url_falls_back_to_an_edit(house: SlackHouse, why: str):
    """Used, expired, unknown or not there: the message is changed all the same."""
    ref = await house.chat.post(message(house, buttons=(APPROVE,), tone=Tone.ask))
    url = house.slack.click(house.messages()[0], APPROVE.label).payload["response_url"]
    if why == "used":
        for _ in range(5):
            assert await house.chat.calls.respond(url, {"text": "x"})
    elif why == "expired":
        house.slack.answers.clock = lambda: asyncio.get_running_loop().time() + 10_000
    else:
        url = f"{url[:-1]}x" if why == "unknown" else url.replace("/respond/", "/nowhere/")
    house.chat.calls.answers.heard(ref, url)
    await _taken(house.chat.calls, 5)
    await house.chat.edit(ref, message(house, version=2, text="Approved by Ada"))
    assert "Approved by Ada" in house.seen()[0]
    assert house.slack.calls[-1].method == "chat.update"
    assert house.chat.calls.answers.left(ref) == 0


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("https://hooks.slack.com/actions/T1/2/x", True), ("http://hooks.slack.com/a", False),
        ("https://files.slack.com/x", False), ("https://hooks.slack.com.evil.example/x", False),
        ("https://hooks.slack.com@evil.example/x", False), ("https://evil.example/x", False),
        ("http://127.0.0.1:1/respond/x", False), ("", False),
    ],
)  # fmt: skip
async def test_an_answer_goes_to_slack_alone(house: SlackHouse, url: str, here: bool):
    """What a click brings is data: a url of another host is not asked."""
    assert house.chat.calls._answers_here(url) is here
    assert house.chat.calls._answers_here(house.slack.url) is True


async def test_refused_blocks_are_shown_plainer_by_either_way(house: SlackHouse):
    """A look that Slack does not take is not lost with the url."""
    ref = await house.chat.post(message(house, text="The words", buttons=(APPROVE,), tone=Tone.ask))
    url = house.slack.click(house.messages()[0], APPROVE.label).payload["response_url"]
    house.chat.calls.answers.heard(ref, url)
    house.slack.web.fail_blocks = {"markdown"}
    await _taken(house.chat.calls, 5)
    await house.chat.edit(ref, message(house, version=2, text="Other words"))
    assert "Other words" in house.seen()[0]
    assert "section" in {b["type"] for b in house.messages()[0]["blocks"]}


def test_a_url_has_five_uses_and_thirty_minutes():
    """Private words count, too; a second click brings five more, the same click none."""
    now = [0.0]
    answers = Answers(lambda: now[0])
    answers.heard("C1:1", "u")
    answers.heard("C1:1", "u")
    answers.used("u")
    assert answers.left("C1:1") == 4
    answers.heard("C1:1", "v")
    assert answers.left("C1:1") == 9
    assert [answers.take("C1:1") for _ in range(5)] == ["u", "u", "u", "u", "v"]
    answers.drop("v")
    assert (answers.left("C1:1"), answers.take("C1:1")) == (0, "")
    answers.heard("C1:2", "w")
    now[0] = 30 * 60
    assert answers.left("C1:2") == 0


def test_urls_do_not_pile_up():
    """A busy workspace clicks a lot; the oldest are forgotten."""
    answers = Answers()
    for n in range(REMEMBERED + 10):
        answers.heard(f"C1:{n}", f"u{n}")
    assert answers.left("C1:9") == 0
    assert answers.left("C1:10") == 5


# -- the whole way ---------------------------------------------------------------------------------


async def test_an_approval_in_a_busy_workspace_is_shown_at_once(town: Town, slack: Standin):
    """The click's url takes the buttons away while no edit is to be had."""
    await town.start(work=False)
    root = town.mention(GOAL)["ts"]
    await town.started()
    await town.asked()
    plan = await town.button("C1", root, "Approve")
    before = len(slack.called("chat.update"))
    with pytest.raises(ChatBusy):
        await _taken(town.face.calls, 11)
    slack.click(plan, "Approve")
    await slack.until(lambda: "Approve" not in labels(_now(slack, plan)))
    assert len(slack.called("chat.update")) == before
    assert not [c for c in slack.calls if c.error]


def _now(slack: Standin, shown: Json) -> Json:
    return slack.world.channels["C1"].messages[shown["ts"]]


# -- turns -----------------------------------------------------------------------------------------


def test_who_waited_longest_is_next_and_needs_come_first():
    """Two hundred messages do not all ask again at once, and nobody waits long to ask."""
    now = [0.0]
    turns = Turns(1.5, lambda: now[0])
    waits = list[float]()
    for n in range(200):
        waits.append(turns.join(f"m{n}", urgent=False, soonest=1.0))
        now[0] += 0.001
    assert waits[:3] == [1.0, 2.5, 4.0]
    assert max(waits) == LONGEST_TURN
    assert [turns.may_try(f"m{n}", urgent=False) for n in (0, FIRST - 1, FIRST)] == [
        True, True, False,
    ]  # fmt: skip
    assert not turns.may_try("new", urgent=False)
    assert turns.may_try("new", urgent=True)
    assert turns.join("new", urgent=True, soonest=1.0) == 1.0
    assert turns.join("m0", urgent=False, soonest=1.0) == 2.5
    turns.leave("new")
    turns.leave("m0")
    assert turns.may_try(f"m{FIRST}", urgent=False)


def test_who_no_longer_asks_holds_nobody_up():
    """A mission that ended, or needs a person by now, leaves its place to the others."""
    now = [0.0]
    turns = Turns(1.5, lambda: now[0])
    for n in range(20):
        turns.join(f"m{n}", urgent=False, soonest=1.0)
        now[0] += 0.001
    now[0] = 2 * LONGEST_TURN
    assert not turns.may_try("late", urgent=False)
    now[0] = 4 * LONGEST_TURN
    assert turns.may_try("late", urgent=False)
    assert len(turns) == 0


async def test_many_checklists_share_the_edits_evenly(slack: Standin):
    """Twenty missions, more steps than edits: in the end each was shown as often as the others."""
    now = [0.0]

    def clock() -> float:
        return now[0]

    calls = Calls(_no_token, base_url=slack.url, limiter=LocalLimiter(clock), clock=clock)
    due = {f"m{n}": 0.0 for n in range(20)}
    shown = dict.fromkeys(due, 0)
    while now[0] < 240:
        now[0] += 0.05
        for who in [w for w, at in due.items() if at <= now[0]]:
            try:
                await calls.turn(WHERE, "chat.update", who, urgent=False, spare=4)
            except ChatBusy as busy:
                due[who] = now[0] + busy.seconds
            else:
                shown[who] += 1
                due[who] = now[0] + PACE
    assert sum(shown.values()) >= 160
    assert max(shown.values()) - min(shown.values()) <= 2


async def _no_token(team: str) -> str:
    raise LookupError(team)
