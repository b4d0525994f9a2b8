"""A result as a canvas: once for each version, readable where the message is, never in the way."""

import asyncio
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.cards import Card
from bot.chat.slack.calls import Calls
from bot.chat.slack.canvas import MOST, Canvases, safe
from bot.chat.slack.installs import Installs
from bot.chat.slack.place import Where
from bot.ports import Message
from bot.store.store import Store
from tests.conftest import Clock
from tests.core.world import artifact, mission
from tests.slack.standin import ALL_SCOPES, Standin
from tests.slack.standin.world import Canvas
from tests.slack.test_chat import PING
from tests.slack.town import Town

Json = dict[str, Any]
GOAL = "Compare the offers of the three vendors."
BODY = "# Offers\n\nVendor A is the cheapest.\n"


@pytest.fixture
async def quiet(town: Town) -> Town:
    return await town.start(work=False)


async def result(town: Town, channel: str = "C1") -> Json:
    """A mission whose result waits; gives its message."""
    town.mention(GOAL, channel=channel)
    mission = await town.started()
    await town.asked("artifact", name="artifact:1", version=1)
    thread = mission.place.rsplit(":", 1)[1]
    return await town.button(channel, thread, "👍 Good")


def canvases(slack: Standin) -> list[Canvas]:
    return list(slack.world.canvases.values())


def linked(shown: Json) -> str:
    """The address behind “Open as canvas”, "" without one."""
    found = re.search(r"<([^|>]+)\|Open as canvas>", str(shown["blocks"]))
    return found[1] if found else ""


async def seen_again(town: Town, shown: Json) -> Json:
    """The message after a person approved, as it is then."""
    channel = town.slack.world.channels["C1"].messages
    town.slack.click(shown, "Approve")
    await town.told("U1", "Approved")
    edited = shown.get("edited")
    await town.slack.until(lambda: channel[shown["ts"]].get("edited") != edited)
    return channel[shown["ts"]]


def later(town: Town, seconds: float = 61.0) -> None:
    """So much time goes by for the store, and for all that look at its clock."""
    before = town.app.store.clock
    town.app.store.clock = lambda: before() + timedelta(seconds=seconds)


async def test_a_result_becomes_a_canvas_that_its_readers_may_read(quiet: Town, slack: Standin):
    """The message leads there; the title says which result and version it is."""
    shown = await result(quiet)
    (made,) = canvases(slack)
    assert linked(shown) == f"{slack.web.base}/docs/T1/{made.id}"
    assert made.markdown == artifact(()).body.strip()
    assert made.access == {"C1": "read"}
    mission = (await quiet.missions())[0].id
    assert made.title.endswith(f" · {mission.removeprefix('m')[:6]}-v1")


async def test_in_direct_messages_the_person_may_read_it(quiet: Town, slack: Standin):
    """Slack takes no access for the channel of a direct message."""
    im = slack.world.im("U1").id
    slack.say(im, "U1", GOAL)
    mission = await quiet.started()
    await quiet.asked("artifact", name="artifact:1", version=1)
    shown = await quiet.button(im, mission.place.rsplit(":", 1)[1], "👍 Good")
    assert linked(shown)
    assert canvases(slack)[0].access == {"U1": "read"}


async def test_an_edit_makes_no_second_canvas(quiet: Town, slack: Standin):
    shown = await result(quiet)
    after = await seen_again(quiet, shown)
    assert linked(after) == linked(shown) != ""
    assert len(slack.called("canvases.create")) == 1


async def test_each_version_has_a_canvas_of_its_own(quiet: Town, slack: Standin):
    """The old message leads on to what it showed."""
    shown = await result(quiet)
    mission = (await quiet.missions())[0]
    second = artifact((), version=2, reviewed=True, body="Vendor B, after all.")
    async with quiet.app.store.begin() as tx:
        await tx.put_artifact(mission.id, second)
        await tx.want(mission.id, mission.place, "artifact:1", "artifact:2")
    quiet.app.shown()
    await slack.until(lambda: len(canvases(slack)) == 2)
    first, new = canvases(slack)
    assert new.markdown == "Vendor B, after all."
    thread = shown["thread_ts"]
    await slack.until(lambda: any(new.id in linked(m) for m in _cards(slack, thread)))
    assert any(first.id in linked(m) for m in _cards(slack, thread))


def _cards(slack: Standin, thread: str) -> list[Json]:
    return [m for m in slack.seen("C1", thread) if "blocks" in m]


REFUSALS = (
    "canvas_disabled_user_team", "canvas_globally_disabled", "not_allowed",
    "free_teams_cannot_create_non_tabbed_canvases", "restricted_action", "missing_scope",
    "team_tier_cannot_create_channel_canvases",
)  # fmt: skip


@pytest.mark.parametrize("error", REFUSALS)
async def test_a_workspace_without_canvases_is_asked_once(quiet: Town, slack: Standin, error: str):
    """The result is there all the same, and the next one asks nothing."""
    slack.web.no_canvases = error
    assert linked(await result(quiet)) == ""
    quiet.mention("And the offers of last year?")
    await quiet.started(2)
    await quiet.asked("artifact", name="artifact:1", version=1)
    await slack.until(lambda: str(slack.world.channels["C1"].messages).count("👍 Good") == 2)
    assert len(slack.called("canvases.create")) == 1


async def test_it_is_asked_again_after_a_while(quiet: Town, slack: Standin):
    """Somebody may have switched canvases on."""
    shown = await result_without(quiet, slack)
    slack.web.no_canvases = ""
    made = quiet.face.chat.canvases
    assert made is not None
    before = made._clock
    made._clock = lambda: before() + 3_601
    assert linked(await seen_again(quiet, shown))


async def result_without(quiet: Town, slack: Standin) -> Json:
    slack.web.no_canvases = "canvas_disabled_user_team"
    return await result(quiet)


async def test_without_the_scope_nothing_is_asked(town: Town, slack: Standin):
    """Slack says with every answer what a token may do."""
    slack.tokens[slack.bot_token] = ALL_SCOPES - {"canvases:write"}
    await town.start(work=False)
    assert linked(await result(town)) == ""
    assert slack.called("canvases.create") == []


@pytest.mark.parametrize("kind", ["reset_after", "500_after"])
async def test_a_lost_answer_makes_no_second_canvas(quiet: Town, slack: Standin, kind: Any):
    """The message does not wait for it; later the canvas is found by its title."""
    slack.fault("canvases.create", kind)
    shown = await result(quiet)
    assert linked(shown) == ""
    later(quiet)
    after = await seen_again(quiet, shown)
    assert canvases(slack)[0].id in linked(after)
    assert len(slack.called("canvases.create")) == 1


async def test_one_that_never_came_to_be_is_made_later(quiet: Town, slack: Standin):
    """Slack's list says that it is not there."""
    slack.fault("canvases.create", "500_before")
    shown = await result(quiet)
    later(quiet)
    assert linked(await seen_again(quiet, shown))
    assert len(canvases(slack)) == 1


async def test_too_soon_after_a_lost_answer_nobody_looks(quiet: Town, slack: Standin):
    """The list may not have it yet: one more would be a second one."""
    slack.fault("canvases.create", "reset_after")
    shown = await result(quiet)
    assert linked(await seen_again(quiet, shown)) == ""
    assert len(canvases(slack)) == 1


async def test_where_files_may_not_be_listed_none_is_made_again(quiet: Town, slack: Standin):
    slack.fault("canvases.create", "reset_after")
    shown = await result(quiet)
    granted = slack.tokens[slack.bot_token]
    slack.tokens[slack.bot_token] = granted - {"files:read"}
    later(quiet)
    assert linked(await seen_again(quiet, shown)) == ""
    assert len(canvases(slack)) == 1


async def test_a_crash_between_making_and_knowing_makes_no_second(
    quiet: Town, slack: Standin, monkeypatch: pytest.MonkeyPatch
):
    """The new process finds the announcement, and then the canvas."""
    monkeypatch.setattr("bot.chat.slack.canvas.SETTLED", timedelta(0))
    hung = slack.fault("canvases.create", "delay_after")
    quiet.mention(GOAL)
    mission = await quiet.started()
    await quiet.asked("artifact", name="artifact:1", version=1)
    await slack.until(lambda: canvases(slack))
    for task in quiet.app._tasks:
        task.cancel()  # who is killed hears nothing of the connections that are closed
    await quiet.stop()
    hung.open.set()
    await quiet.start(work=False)
    shown = await quiet.button("C1", mission.place.rsplit(":", 1)[1], "👍 Good")
    assert canvases(slack)[0].id in linked(shown)
    assert len(slack.called("canvases.create")) == 1


async def test_a_slack_that_is_busy_holds_no_result_up(quiet: Town, slack: Standin):
    """The next edit brings the canvas."""
    slack.fault("canvases.create", "ratelimited", seconds=1)
    shown = await result(quiet)
    assert linked(shown) == ""
    await asyncio.sleep(1.1)
    assert linked(await seen_again(quiet, shown))
    assert len(canvases(slack)) == 1


async def test_a_slack_that_hangs_holds_no_result_up_for_long(
    quiet: Town, slack: Standin, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("bot.chat.slack.canvas.PATIENCE", 0.2)
    hung = slack.fault("canvases.create", "delay")
    assert linked(await result(quiet)) == ""
    hung.open.set()


async def test_what_its_readers_may_not_read_is_taken_away(
    quiet: Town, slack: Standin, monkeypatch: pytest.MonkeyPatch
):
    """Nobody gets a link that opens nothing."""

    async def refused(*_: Any) -> None:
        slack.web.no_canvases = "restricted_action"
        await original(*_)

    original = Canvases._open_for
    monkeypatch.setattr(Canvases, "_open_for", refused)
    assert linked(await result(quiet)) == ""
    assert canvases(slack) == []


async def test_two_processes_make_one_canvas(
    slack: Standin, store: Store, another: Callable[[], Store], clock: Clock
):
    """Whoever announces it first, on both databases; the other shows the result without it."""
    made, place = mission(id="m3f2a9c", workspace="slack:T1"), "slack:T1:C1:1.1"
    async with store.begin() as tx:
        await tx.add_mission(made)
    card = Card(mission=made.id, slot="artifact:1", version=1, title="Offers", body=BODY)
    asked = Message(place=place, mission=made.id, slot=card.slot, version=1, card=card)
    one, two = (process(slack, each) for each in (store, another()))
    hung = slack.fault("canvases.create", "delay_after")
    first = asyncio.create_task(one.link(Where.of(place), asked))
    await slack.until(lambda: canvases(slack))
    assert await two.link(Where.of(place), asked) == ""
    clock.move(minutes=2)
    canvases(slack)[0].created = clock().timestamp()
    found = await two.link(Where.of(place), asked)
    hung.open.set()
    assert canvases(slack)[0].id in found
    assert await first == found
    assert len(slack.called("canvases.create")) == 1
    for each in (one, two):
        await each._calls.close()


def process(slack: Standin, store: Store) -> Canvases:
    """One process that serves the workspace."""
    installs = Installs(store, "k", single=slack.bot_token, base_url=slack.url)
    return Canvases(Calls(installs.token, base_url=slack.url), store, installs)


async def asked_for(town: Town, body: str = BODY) -> Message:
    """A mission, and the message of a result that was not shown yet."""
    town.mention(GOAL)
    mission = await town.started()
    card = Card(mission=mission.id, slot="artifact:1", version=1, title="Offers", body=body)
    return Message(place=mission.place, mission=mission.id, slot="artifact:1", version=1, card=card)


async def test_a_forgotten_mission_gets_no_canvas_and_no_rows(quiet: Town, slack: Standin):
    asked = await asked_for(quiet)
    await quiet.app.missions.forget(asked.mission)
    made = Canvases(quiet.face.calls, quiet.app.store, quiet.face.installs)
    assert await made.link(Where.of(asked.place), asked) == ""
    assert await quiet.app.store.step(asked.mission, "canvas:artifact:1") is None
    assert canvases(slack) == []


async def test_what_is_too_long_for_a_canvas_is_left_to_the_file(quiet: Town, slack: Standin):
    asked = await asked_for(quiet, "é" * (MOST // 2 + 1))
    made = Canvases(quiet.face.calls, quiet.app.store, quiet.face.installs)
    assert await made.link(Where.of(asked.place), asked) == ""
    assert slack.called("canvases.create") == []


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("![](@U123)", "@\u200bU123"),
        ("![Ada](@U123)", "Ada"),
        ("![](#C123)", "#\u200bC123"),
        ("![a \\] b](@U123)", "[a \\] b](\u200b@U123)"),
        ("![chart](https://x.example/a.png)", "[chart](https://x.example/a.png)"),
        ("![](https://x.example/a.png)", "[https://x.example/a.png](https://x.example/a.png)"),
        ("#### Deep\n\n###### Deeper", "### Deep\n\n### Deeper"),
        ("```\n#### a comment\n```", "```\n#### a comment\n```"),
        ("- **one**\n- two `x`\n\n| a | b |\n|---|---|\n| 1 | 2 |", None),
    ],
)
def test_markdown_for_a_canvas_calls_nobody(written: str, shown: str | None):
    """Mentions become words, pictures become links; everything else stays."""
    assert safe(written) == (written if shown is None else shown)


@pytest.mark.parametrize("call", ["<!channel>", "<@U1>", "@here", "`<!everyone>`", "![x\ny](@U1)"])
def test_no_call_gets_through(call: str):
    made = safe(f"Please look, {call}, at this.")
    assert not PING.search(made)
    assert "](@" not in made
