"""The stand-in for Slack, driven by the unmodified slack_sdk and slack_bolt."""

import asyncio
from typing import Any

import pytest
from aiohttp import ClientError
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from tests.slack.conftest import Bolt
from tests.slack.standin import BOT, Standin
from tests.slack.standin.blocks import message_faults, view_faults

Json = dict[str, Any]


@pytest.fixture
def client(slack: Standin) -> AsyncWebClient:
    return AsyncWebClient(token=slack.bot_token, base_url=slack.url, retry_handlers=[])


def section(text: str) -> Json:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


async def test_a_posted_message_is_there_with_its_metadata(slack: Standin, client: Any):
    """Metadata comes back only to who asks for it."""
    metadata = {"event_type": "slot", "event_payload": {"mission": "m1"}}
    posted = await client.chat_postMessage(channel="C1", text="hello", metadata=metadata)
    history = await client.conversations_history(channel="C1", include_all_metadata=True)
    bare = await client.conversations_history(channel="C1")
    assert history["messages"][0]["ts"] == posted["ts"]
    assert history["messages"][0]["metadata"] == metadata
    assert "metadata" not in bare["messages"][0]


async def test_replies_and_history_page_by_cursor(slack: Standin, client: Any):
    """A thread of five is read in pages of two, oldest first."""
    root = slack.say("C1", "U1", "root")["ts"]
    for number in range(4):
        slack.say("C1", "U1", f"reply {number}", thread_ts=root)
    texts: list[str] = []
    async for page in await client.conversations_replies(channel="C1", ts=root, limit=2):
        texts += [m["text"] for m in page["messages"]]
    assert texts == ["root", "reply 0", "reply 1", "reply 2", "reply 3"]


@pytest.mark.parametrize(
    ("call", "error"),
    [
        (lambda c: c.chat_postMessage(channel="C9", text="x"), "channel_not_found"),
        (lambda c: c.chat_postMessage(channel="C2", text="x"), "not_in_channel"),
        (lambda c: c.chat_postMessage(channel="C3", text="x"), "is_archived"),
        (lambda c: c.chat_postMessage(channel="C1", text="x" * 40_001), "msg_too_long"),
        (lambda c: c.chat_update(channel="C1", ts="1.1", text="x"), "message_not_found"),
        (lambda c: c.views_open(trigger_id="1.2.ab", view=MODAL), "invalid_trigger_id"),
        (lambda c: c.api_call("chat.shout", json={}), "unknown_method"),
        (lambda c: c.api_call("chat.update", json={"channel": "C1"}), "invalid_arguments"),
        (lambda c: c.chat_postMessage(channel="C1", text="x", token="xoxb-no"), "invalid_auth"),
    ],
)
async def test_refusals_have_slacks_names(slack: Standin, client: Any, call: Any, error: str):
    """Each misuse gets the error that Slack gives."""
    slack.world.channel("C2", "U1", bot=False)
    slack.world.channel("C3", "U1", archived=True)
    with pytest.raises(SlackApiError) as caught:
        await call(client)
    assert caught.value.response["error"] == error


MODAL: Json = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Form"},
    "submit": {"type": "plain_text", "text": "Send"},
    "blocks": [
        {
            "type": "input",
            "block_id": "goal",
            "label": {"type": "plain_text", "text": "Goal"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        }
    ],
}


async def test_another_persons_message_cannot_be_updated(slack: Standin, client: Any):
    """Slack lets an app edit its own messages only."""
    theirs = slack.say("C1", "U1", "mine")
    with pytest.raises(SlackApiError, match="cant_update_message"):
        await client.chat_update(channel="C1", ts=theirs["ts"], text="yours")


async def test_a_missing_scope_is_named(client: Any, slack: Standin):
    """A token without `reactions:write` may not react, and is told which scope it needs."""
    slack.tokens[slack.bot_token] = frozenset({"chat:write"})
    with pytest.raises(SlackApiError) as caught:
        await client.reactions_add(channel="C1", name="eyes", timestamp="1.1")
    assert caught.value.response["needed"] == "reactions:write"


@pytest.mark.parametrize(
    ("blocks", "words"),
    [
        (
            [section("x" * 3001)],
            "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
        ),
        ([section("x")] * 51, "no more than 50 items allowed [json-pointer:/blocks]"),
        (
            [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}],
            "must be one of: plain_text",
        ),
        (
            [{**section("x"), "block_id": "b"}, {**section("y"), "block_id": "b"}],
            "already exists",
        ),
        ([{"type": "markdown", "text": "x" * 12_001}], "12001"),
        ([{"type": "alert", "text": {"type": "plain_text", "text": "x"}}], "unsupported type"),
        ([{"type": "table", "rows": [[{"type": "raw_text", "text": ""}]]}], "more than 0"),
        ([{"type": "plan", "title": "p", "tasks": [{"task_id": "1", "title": "t"}]}], "pending"),
    ],
)
def test_blocks_beyond_a_limit_are_refused_with_a_pointer(blocks: list[Json], words: str):
    """One mutation of a valid message, one complaint in Slack's words."""
    assert words in message_faults(blocks)[0]


def test_a_modal_with_an_input_needs_a_submit():
    """The base is fine; without `submit` it is not."""
    assert view_faults(MODAL) == []
    assert view_faults({k: v for k, v in MODAL.items() if k != "submit"})


async def test_a_lost_response_leaves_the_message_there(slack: Standin, client: Any):
    """The connection breaks after Slack stored the message: only the answer is lost."""
    slack.fault("chat.postMessage", "reset_after")
    with pytest.raises(ClientError):
        await client.chat_postMessage(channel="C1", text="hello")
    assert [m["text"] for m in slack.seen("C1")] == ["hello"]


async def test_a_server_error_before_storing_leaves_nothing(slack: Standin, client: Any):
    """And the one after storing leaves the message."""
    slack.fault("chat.postMessage", "500_before")
    with pytest.raises(SlackApiError):
        await client.chat_postMessage(channel="C1", text="first")
    slack.fault("chat.postMessage", "500_after")
    with pytest.raises(SlackApiError):
        await client.chat_postMessage(channel="C1", text="second")
    assert [m["text"] for m in slack.seen("C1")] == ["second"]


async def test_tiers_are_counted_and_retry_after_is_said(slack: Standin, client: Any):
    """The 51st update within a minute is refused; so is a burst of posts in one channel."""
    slack.tiers.clock = lambda: 0.0
    ts = (await client.chat_postMessage(channel="C1", text="x"))["ts"]
    for number in range(50):
        await client.chat_update(channel="C1", ts=ts, text=str(number))
    with pytest.raises(SlackApiError) as caught:
        await client.chat_update(channel="C1", ts=ts, text="one more")
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "60"
    assert caught.value.response["error"] == "ratelimited"


async def test_posts_in_a_channel_are_held_to_one_a_second(slack: Standin, client: Any):
    """A small burst passes, then Retry-After; another channel is not touched by it."""
    slack.world.channel("C2", "U1")
    slack.tiers.clock = lambda: 0.0
    for number in range(5):
        await client.chat_postMessage(channel="C1", text=str(number))
    with pytest.raises(SlackApiError, match="ratelimited"):
        await client.chat_postMessage(channel="C1", text="too fast")
    await client.chat_postMessage(channel="C2", text="fine")


async def test_a_file_goes_up_in_three_steps_into_the_thread(slack: Standin, client: Any):
    """The SDK's own upload works, and people with the token can fetch the bytes."""
    root = slack.say("C1", "U1", "root")["ts"]
    await client.files_upload_v2(
        filename="a.csv", content=b"a,b\n1,2\n", channel="C1", thread_ts=root, title="A"
    )
    shared = slack.seen("C1", root)[0]["files"][0]
    assert shared["name"] == "a.csv"
    assert slack.world.files[shared["id"]].data == b"a,b\n1,2\n"


async def test_a_mention_is_delivered_twice_as_slack_does(bolt: Bolt, slack: Standin):
    """Once as `message`, once as `app_mention`, with the same ts; both are acknowledged."""
    heard: list[tuple[str, str]] = []

    async def hear(event: Json) -> None:
        heard.append((event["type"], event["ts"]))

    bolt.app.event("app_mention")(hear)
    bolt.app.event("message")(hear)
    await bolt.connect()
    ts = slack.say("C1", "U1", f"<@{BOT}> hello")["ts"]
    await slack.until(lambda: len(heard) == 2)
    assert sorted(heard) == [("app_mention", ts), ("message", ts)]
    await slack.until(lambda: all(e.acked.is_set() for e in slack.post.envelopes.values()))


async def test_an_unacknowledged_event_comes_again(bolt: Bolt, slack: Standin):
    """Slack's retries say their number and reason."""
    slack.post.deadline, slack.post.again = 0.05, (0.0, 0.0)
    heard: list[str] = []

    async def refuse(req: Any, next_: Any) -> None:
        heard.append(req.headers.get("x-slack-retry-num", ["0"])[0])
        raise RuntimeError("the store is down")

    bolt.app.middleware(refuse)
    await bolt.connect()
    slack.say("C1", "U1", "hello")
    await slack.until(lambda: [e for e in slack.post.envelopes.values() if e.given_up])
    assert heard == ["0", "1", "2"]


async def test_each_envelope_goes_to_one_of_several_sockets(bolt: Bolt, slack: Standin):
    """Two sockets share the events; nobody hears one twice."""
    heard: list[str] = []

    async def hear(event: Json) -> None:
        heard.append(event["text"])

    bolt.app.event("message")(hear)
    await bolt.connect()
    await bolt.connect()
    for number in range(6):
        slack.say("C1", "U1", str(number))
    await slack.until(lambda: len(heard) == 6)
    assert sorted(heard) == list("012345")


@pytest.mark.parametrize("how", ["refresh", "drop"])
async def test_the_sdk_comes_back_after_a_disconnect(bolt: Bolt, slack: Standin, how: str):
    """Asked politely or cut off, the socket is opened again and events flow."""
    heard: list[str] = []

    async def hear(event: Json) -> None:
        heard.append(event["text"])

    bolt.app.event("message")(hear)
    await bolt.connect()
    opened = len(slack.called("apps.connections.open"))
    await (slack.post.refresh() if how == "refresh" else slack.post.drop())
    await slack.until(
        lambda: len(slack.called("apps.connections.open")) > opened and slack.post.sockets
    )
    slack.say("C1", "U1", "still there?")
    await slack.until(lambda: "still there?" in heard)


async def test_a_command_opens_a_modal_that_is_submitted(bolt: Bolt, slack: Standin):
    """The trigger works once; the ack of a submission can carry errors back."""

    async def command(ack: Any, body: Json, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view={**MODAL, "callback_id": "f"})

    async def view(ack: Any, view: Json) -> None:
        value = view["state"]["values"]["goal"]["text"]["value"]
        await ack(response_action="errors", errors={"goal": f"not {value}"})

    bolt.app.command("/mission")(command)
    bolt.app.view("f")(view)
    await bolt.connect()
    envelope = slack.command("/mission")
    await slack.until(lambda: slack.world.views)
    trigger = envelope.payload["trigger_id"]
    with pytest.raises(SlackApiError, match="exchanged_trigger_id"):
        await bolt.client.views_open(trigger_id=trigger, view=MODAL)
    submitted = slack.submit(slack.modal(), {"Goal": "this"})
    await submitted.acked.wait()
    assert submitted.answer == {"response_action": "errors", "errors": {"goal": "not this"}}


async def test_a_trigger_expires_after_three_seconds(slack: Standin, client: Any):
    """Too late is `expired_trigger_id`."""
    now = [0.0]
    slack.world.clock = lambda: now[0]
    trigger = slack.world.trigger("U1")
    now[0] = 3.1
    with pytest.raises(SlackApiError, match="expired_trigger_id"):
        await client.views_open(trigger_id=trigger, view=MODAL)


async def test_a_click_carries_the_button_and_its_ack_is_timed(bolt: Bolt, slack: Standin):
    """The journal holds how long each ack took."""
    clicked = asyncio.get_running_loop().create_future()

    async def click(ack: Any, action: Json) -> None:
        await ack()
        clicked.set_result(action["value"])

    bolt.app.action("go")(click)
    await bolt.connect()
    button = {
        "type": "button",
        "action_id": "go",
        "value": "v1",
        "text": {"type": "plain_text", "text": "Go"},
    }
    await bolt.client.chat_postMessage(
        channel="C1", text="?", blocks=[{"type": "actions", "elements": [button]}]
    )
    envelope = slack.click(slack.seen("C1")[0], "Go")
    assert await clicked == "v1"
    await envelope.acked.wait()
    assert envelope.seconds > 0


async def test_push_stops_at_three_views_and_update_sees_a_stale_hash(slack: Standin, client: Any):
    """The stack holds three; a hash of before is refused."""
    view = (await client.views_open(trigger_id=slack.world.trigger("U1"), view=MODAL))["view"]
    for _ in range(2):
        trigger = slack.world.trigger("U1", view["id"])
        await client.views_push(trigger_id=trigger, view=MODAL)
    with pytest.raises(SlackApiError, match="push_limit_reached"):
        await client.views_push(trigger_id=slack.world.trigger("U1", view["id"]), view=MODAL)
    await client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)
    with pytest.raises(SlackApiError, match="hash_conflict"):
        await client.views_update(view_id=view["id"], hash=view["hash"], view=MODAL)


async def test_http_mode_is_signed(slack: Standin, bolt: Bolt):
    """Over HTTP the body is signed, and Bolt's own verification takes it."""
    from slack_bolt.app.async_app import AsyncApp
    from slack_bolt.request.async_request import AsyncBoltRequest

    from tests.slack.standin.delivery import http_body, sign

    app = AsyncApp(token=slack.bot_token, signing_secret="s3", client=bolt.client)
    heard: list[str] = []

    async def command(ack: Any, body: Json) -> None:
        heard.append(body["text"])
        await ack()

    app.command("/mission")(command)
    body, kind = http_body(slack.command("/mission go"))
    for secret, status in (("s3", 200), ("other", 401)):
        headers: dict[str, Any] = {"content-type": kind, **sign(secret, body)}
        answer = await app.async_dispatch(AsyncBoltRequest(body=body, headers=headers))
        assert answer.status == status
    assert heard == ["go"]
