"""Nothing lost, nothing twice: repeats, outages, lost sockets, a process that dies."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from copy import deepcopy
from typing import Any

import pytest

from bot.store.store import StoreDown
from tests.slack.standin import BOT, Standin
from tests.slack.test_chat import PING, called
from tests.slack.town import Town, settings_for

Json = dict[str, Any]
GOAL = "Compare the offers of the three vendors."


@pytest.fixture
async def quiet(town: Town) -> Town:
    return await town.start(work=False)


def posts(slack: Standin, word: str = "") -> list[Json]:
    return [m for m in slack.seen("C1") if word in str(m)]


# -- deliveries ------------------------------------------------------------------------------------


async def test_what_is_delivered_again_changes_nothing(quiet: Town, slack: Standin):
    """A message, a command and a form, each three times."""
    quiet.mention(GOAL)
    slack.command("/mission Summarise the year.")
    slack.command("/mission")
    await slack.until(lambda: slack.world.views)
    slack.submit(slack.modal(), {"What do you want done?": "Count the birds."})
    await quiet.started(3)
    for envelope in list(slack.post.envelopes.values()):
        if envelope.payload.get("text") != "" or envelope.kind != "slash_commands":
            slack.post.repeat(envelope)
            slack.post.repeat(envelope)
    await quiet.settled()
    assert len(await quiet.missions()) == 3
    assert len(posts(slack, "Ada asks for")) == 2


async def test_messages_out_of_order_over_several_sockets_are_each_heard_once(
    quiet: Town, slack: Standin
):
    """Two sockets share what comes; every reply counts, none twice."""
    second = quiet.second_socket()
    await second
    root = quiet.mention(GOAL)["ts"]
    mission = await quiet.started()
    await quiet.settled()
    for number in range(6):
        slack.say("C1", "U1", f"Look at offer {number}.", thread_ts=root)
    for envelope in reversed(list(slack.post.envelopes.values())):
        slack.post.repeat(envelope)
    await quiet.settled()
    heard = (await quiet.app.store.mission(mission.id)).thread  # pyright: ignore
    assert sorted(heard) == [f"Look at offer {n}." for n in range(6)]


async def test_a_store_that_is_down_is_not_acknowledged_and_slack_comes_again(
    quiet: Town, slack: Standin, monkeypatch: pytest.MonkeyPatch
):
    """The promise: inbox row first, acknowledgement after it."""
    slack.post.deadline, slack.post.again = 0.3, (0.0, 0.0)
    accept, tries = quiet.app.inbox.accept, [0]

    async def down_twice(letter: Any) -> bool:
        tries[0] += 1
        if tries[0] < 3:
            raise StoreDown("the disk is away")
        return await accept(letter)

    monkeypatch.setattr(quiet.app.inbox, "accept", down_twice)
    quiet.slack.events = frozenset({"app_mention"})
    quiet.mention(GOAL)
    await quiet.started()
    envelope = next(iter(slack.post.envelopes.values()))
    assert envelope.attempts == 3
    assert len(await quiet.missions()) == 1


async def test_a_socket_dropped_between_click_and_acknowledgement_decides_once(
    quiet: Town, slack: Standin
):
    """Slack never heard the acknowledgement; the person clicks again and is told."""
    root = quiet.mention(GOAL)["ts"]
    mission = await quiet.started()
    await quiet.asked()
    plan = deepcopy(await quiet.button("C1", root, "Approve"))
    slack.post.hold_acks = True
    click = slack.click(plan, "Approve")
    await quiet.told("U1", "Approved")
    await slack.post.drop()
    slack.post.hold_acks = False
    await slack.until(lambda: slack.post.sockets)
    assert not click.acked.is_set()
    slack.click(plan, "Approve")
    await quiet.told("U1", "already")
    record = await quiet.app.store.record(mission.id)
    assert record is not None
    assert len(record.decisions) == 1


@pytest.mark.parametrize("how", ["refresh", "drop"])
async def test_a_lost_socket_is_opened_again_and_nothing_is_missed(
    quiet: Town, slack: Standin, how: str
):
    """What was said meanwhile is read from the thread."""
    root = quiet.mention(GOAL)["ts"]
    mission = await quiet.started()
    await quiet.settled()
    slack.events = frozenset()
    slack.say("C1", "U1", "Leave out vendor C.", thread_ts=root)
    await (slack.post.refresh() if how == "refresh" else slack.post.drop())
    await quiet.told("U1", "Noted")
    assert (await quiet.app.store.mission(mission.id)).thread == ("Leave out vendor C.",)  # pyright: ignore


async def test_ten_minutes_down_and_nothing_is_missed(quiet: Town, slack: Standin):
    """A reply in a mission's thread, and a wish in the direct messages; Slack had given up."""
    root = quiet.mention(GOAL)["ts"]
    first = await quiet.started()
    im = slack.world.im("U1").id
    slack.say(im, "U1", "hello")
    await quiet.settled()
    await slack.until(lambda: slack.seen(im))
    await quiet.stop()
    slack.events = frozenset()
    slack.say("C1", "U2", "I like B.", thread_ts=root)
    slack.say("C1", "U1", "Leave out vendor C.", thread_ts=root)
    slack.say(im, "U1", "Summarise the year.")
    slack.say("C1", "U1", "Lunch?")
    await quiet.start(work=False)
    second = await quiet.started(2)
    await quiet.told("U1", "Noted")
    assert second.goal == "Summarise the year."
    assert (await quiet.app.store.mission(first.id)).thread == ("Leave out vendor C.",)  # pyright: ignore
    await quiet.stop()
    await quiet.start(work=False)
    await quiet.caught_up()
    await quiet.settled()
    assert len(await quiet.missions()) == 2


async def test_the_first_words_of_somebody_who_has_looked_in_are_not_missed(
    quiet: Town, slack: Standin
):
    """They had opened the direct messages before, and said nothing yet."""
    slack.open_home("U2", "messages")
    await slack.until(lambda: slack.world.prompts)
    await quiet.stop()
    slack.events = frozenset()
    slack.say(slack.world.im("U2").id, "U2", GOAL)
    await quiet.start(work=False)
    assert (await quiet.started()).requester == "U2"


async def test_a_busy_slack_delays_the_catch_up_and_loses_nothing(quiet: Town, slack: Standin):
    """A 429 names the seconds; then it is read all the same."""
    root = quiet.mention(GOAL)["ts"]
    await quiet.started()
    await quiet.stop()
    slack.events = frozenset()
    slack.say("C1", "U1", "Leave out vendor C.", thread_ts=root)
    slack.fault("conversations.replies", "ratelimited", seconds=1)
    await quiet.start(work=False)
    await quiet.told("U1", "Noted")


# -- calls that fail -------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["ratelimited", "500_after", "500_before", "reset_after"])
async def test_every_call_may_fail_once(quiet: Town, slack: Standin, kind: Any):
    """One root message, one plan card, one mission: whatever happens on the way."""
    for method in ("users.info", "conversations.info", "chat.postMessage", "reactions.add"):
        slack.fault(method, kind)
    slack.command(f"/mission {GOAL}")
    await quiet.started()
    await slack.until(lambda: len(slack.seen("C1")) >= 2, 20)
    await quiet.settled()
    assert len(posts(slack, "Ada asks for")) == 1
    assert len(slack.seen("C1")) == 2
    assert len(await quiet.missions()) == 1


async def test_a_storm_of_429_delays_and_loses_nothing(quiet: Town, slack: Standin):
    """Every method refuses for a while; in the end everybody reads their card, once."""
    slack.fault("*", "ratelimited", times=8, seconds=1)
    roots = [quiet.mention(f"{GOAL} Number {n}.")["ts"] for n in range(5)]
    await quiet.started(5)
    await slack.until(lambda: all(slack.seen("C1", root) for root in roots), 30)
    for root in roots:
        assert len(slack.seen("C1", root)) == 1


async def test_what_the_model_writes_calls_nobody(quiet: Town, slack: Standin):
    """A goal that mentions everyone is shown as words."""
    slack.command("/mission Tell <!channel> and @here and <@U2> about the offers")
    await quiet.started()
    await slack.until(lambda: len(slack.seen("C1")) == 2)
    assert not [m for m in slack.seen("C1") if PING.search(called(m))]


async def test_a_card_that_slack_refuses_is_shown_plainer(quiet: Town, slack: Standin):
    """With its buttons."""
    slack.web.fail_blocks = {"markdown", "container", "image"}
    root = quiet.mention(GOAL)["ts"]
    await quiet.started()
    await quiet.asked()
    plan = await quiet.button("C1", root, "Approve")
    slack.click(plan, "Approve")
    await quiet.told("U1", "Approved")


# -- the end of an installation --------------------------------------------------------------------


@pytest.mark.parametrize("event", ["app_uninstalled", "tokens_revoked"])
async def test_a_workspace_that_removes_the_app_is_forgotten(
    quiet: Town, slack: Standin, event: str
):
    """Its token is dropped; no mission is lost, and the others are served."""
    installs = quiet.face.installs
    made = (await installs.of("T1")).model_copy(update={"team": "T2"})
    await installs.save(made, "xoxb-two")
    tokens = {"tokens": {"bot": ["UBOT"]}} if event == "tokens_revoked" else {}
    slack.happen(event, team="T2", **tokens)
    await quiet.settled()
    with pytest.raises(LookupError):
        await installs.token("T2")
    assert await installs.token("T1") == slack.bot_token


async def test_tokens_are_encrypted_at_rest(quiet: Town, slack: Standin):
    """The table holds no token, and another key reads none."""
    installs = quiet.face.installs
    await installs.save((await installs.of("T1")).model_copy(update={"team": "T2"}), "xoxb-two")
    async with quiet.app.store.reading() as conn:
        rows = str((await conn.exec_driver_sql("SELECT * FROM installations")).all())
    assert "xoxb" not in rows
    from bot.chat.slack.installs import Installs

    same = Installs(quiet.app.store, quiet.settings.key(), base_url=slack.url)
    assert await same.token("T2") == "xoxb-two"
    other = Installs(quiet.app.store, "another key", base_url=slack.url)
    with pytest.raises(LookupError):
        await other.token("T2")


async def test_nothing_secret_and_nothing_said_is_logged(
    quiet: Town, slack: Standin, caplog: pytest.LogCaptureFixture, capsys: Any
):
    """Not the words, not the tokens, not the files' addresses; also when things go wrong."""
    caplog.set_level(0)
    slack.fault("users.info", "500_before")
    slack.fault("chat.postMessage", "500_before")
    slack.forbid_files = True
    quiet.mention("The secret recipe of the bakery.", files={"recipe.txt": b"flour"})
    await quiet.told("U1", "I could not read")
    slack.command("/mission The secret recipe again.")
    await quiet.started()
    out = capsys.readouterr()
    logged = "\n".join([out.out, out.err, *(r.getMessage() for r in ours(caplog))])
    for secret in ("secret recipe", slack.bot_token, slack.app_token, "/files/F", "/respond/"):
        assert secret not in logged


def ours(caplog: pytest.LogCaptureFixture) -> list[Any]:
    """Below WARNING only our own loggers count: libraries tell their bytes at DEBUG."""
    return [r for r in caplog.records if r.levelno >= 30 or r.name.startswith(("bot", "handlers"))]


# -- a process that dies ---------------------------------------------------------------------------


async def test_a_process_killed_between_post_and_record_posts_once(town: Town, slack: Standin):
    """A real process, killed when Slack has stored the message and not yet answered."""
    gate = slack.fault("chat.postMessage", "delay_after")
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.slack.child"],
        env={**os.environ, "CHILD": json.dumps(_given(town))},
    )
    try:
        await slack.until(lambda: slack.post.sockets, 30)
        root = slack.say("C1", "U1", f"<@{BOT}> {GOAL}")["ts"]
        await slack.until(lambda: slack.seen("C1", root), 30)
        child.send_signal(signal.SIGKILL)
        child.wait()
        gate.open.set()
        await town.start(work=False)
        await town.app.inbox.settle()
        await slack.until(lambda: slack.called("conversations.replies"), 20)
        async with asyncio.timeout(20):
            while not (slots := await _slots(town)) or slots[0].shown < slots[0].wanted:
                await asyncio.sleep(0.05)
        assert len(slack.seen("C1", root)) == 1
        assert len(await town.missions()) == 1
    finally:
        child.kill()
        child.wait()


def _given(town: Town) -> Json:
    given = town.settings
    return {"folder": str(given.data_dir), "database": given.database, "api": given.slack_api_url,
            "bot": Standin.bot_token, "app": Standin.app_token}  # fmt: skip


async def _slots(town: Town) -> Any:
    found = await town.missions()
    return await town.app.store.slots(found[0].id) if found else ()


async def test_a_root_message_is_not_posted_twice_after_a_crash(town: Town, slack: Standin):
    """The command was kept, the root posted; the process ended before the mission began."""
    await town.start(work=False)
    slack.fault("chat.postMessage", "reset_after")
    begin = town.app.missions.start

    async def dies(_: Any) -> Any:
        raise asyncio.CancelledError

    town.app.missions.start = dies  # type: ignore[method-assign]
    slack.command(f"/mission {GOAL}")
    await slack.until(lambda: posts(slack, "Ada asks for"))
    await town.stop()
    assert begin is not None
    await town.start(work=False)
    await town.started()
    await town.settled()
    assert len(posts(slack, "Ada asks for")) == 1


def test_settings_point_the_adapter_at_another_address(tmp_path: Any):
    """A base URL without a slash at its end works as well."""
    from handlers.slack.run import _slashed

    slack = Standin()
    slack.url = "http://127.0.0.1:1/api"
    assert _slashed(settings_for(slack, tmp_path, "").slack_api_url) == "http://127.0.0.1:1/api/"
