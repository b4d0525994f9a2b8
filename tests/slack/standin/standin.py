"""The stand-in itself: a server for the app, and hands and eyes for a test."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

from aiohttp import web as http

from tests.slack.standin.answers import Answer, Answers
from tests.slack.standin.delivery import Envelope, Post
from tests.slack.standin.faults import Fault, Faults, Kind
from tests.slack.standin.limits import Tiers
from tests.slack.standin.web import METHODS, Refusal, Web
from tests.slack.standin.world import APP, BOT, TEAM, Json, World

ALL_SCOPES = frozenset(scope for m in METHODS.values() for scope in m.scopes)
EVENTS = frozenset(
    [
        "app_mention",
        "message.channels",
        "message.groups",
        "message.im",
        "app_home_opened",
        "agent_session_stopped",
        "app_context_changed",
        "app_uninstalled",
        "tokens_revoked",
    ]
)
GENERAL = {"channel": "message.channels", "group": "message.groups", "im": "message.im"}


@dataclass(frozen=True)
class Call:
    """One Web API call as it was answered. `error` is empty when it was taken."""

    method: str
    args: Json
    error: str
    at: float
    token: str


class Standin:
    """Slack for one workspace (`T1`) with one installed app. All state is there to be read.

    Serves on a port of its own while the `async with` lasts. The rate tiers are on; `tiers.on`
    switches them off. `scopes` are those of the bot token.
    """

    bot_token = "xoxb-standin"
    app_token = "xapp-standin"

    def __init__(
        self, *, scopes: frozenset[str] = ALL_SCOPES, events: frozenset[str] = EVENTS
    ) -> None:
        self.world = World()
        self.tiers = Tiers()
        self.faults = Faults()
        self.answers = Answers()
        self.post = Post(self._happened)
        self.web = Web(self.world, self._happened)
        self.tokens = {self.bot_token: scopes}
        self.ended: set[str] = set()
        """Tokens with rotation that are too old."""
        self.events = events
        self.calls: list[Call] = []
        self.journal: list[tuple[float, str, Json]] = []
        self.forbid_files = False
        """Files show the sign-in page, as for a token without `files:read`."""
        self.url = ""
        self._news = asyncio.Event()
        self._runner: http.AppRunner | None = None

    async def __aenter__(self) -> Self:
        app = http.Application(client_max_size=100 * 1024 * 1024)
        app.router.add_route("*", "/api/{method}", self._call)
        app.router.add_post("/upload/{file}", self._upload)
        app.router.add_get("/files/{file}/{rest:.*}", self._download)
        app.router.add_post("/respond/{ticket}", self._respond)
        app.router.add_get("/socket/{ticket}", self.post.serve)
        self._runner = http.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        site = http.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        host, port = self._runner.addresses[0][:2]
        self.url = f"http://{host}:{port}/api/"
        self.web.base = f"http://{host}:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.post.close()
        if self._runner:
            await self._runner.cleanup()

    # What the app asks

    async def _call(self, request: http.Request) -> http.StreamResponse:
        name, args = request.match_info["method"], await arguments(request)
        token = _bearer(request, args)
        channel = str(args.get("channel") or args.get("channel_id") or "")
        fault = self.faults.take(name, channel)
        try:
            answer = await self._answer(name, args, token, channel, fault)
        except Refusal as refusal:
            self._note(name, args, refusal.body["error"], token)
            if refusal.body["error"] == "ratelimited":
                headers = {"Retry-After": str(refusal.body.pop("retry_after"))}
                return http.json_response(refusal.body, status=429, headers=headers)
            return http.json_response(refusal.body)
        self._note(name, args, "", token)
        if fault and fault.kind == "reset_after":
            return _cut(request)
        if fault and fault.kind == "delay_after":
            await fault.open.wait()
        if fault and fault.kind == "500_after":
            return http.Response(status=500, text="<html>Server Error</html>")
        return answer

    async def _answer(
        self, name: str, args: Json, token: str, channel: str, fault: Fault | None
    ) -> http.StreamResponse:
        if fault:
            await self._before(fault)
            if fault.kind == "500_before":
                return http.Response(status=500, text="<html>Server Error</html>")
        if name == "apps.connections.open":
            return http.json_response(self._open_socket(token))
        if name == "oauth.v2.access":
            if not token.startswith("Basic "):
                raise Refusal("bad_client_secret")
            made = self.web.answer(name, args, frozenset())
            self.tokens[made["access_token"]] = ALL_SCOPES
            return http.json_response(made)
        if token in self.ended:
            raise Refusal("token_expired")
        if token not in self.tokens:
            raise Refusal("invalid_auth" if token else "not_authed")
        tier = METHODS[name].tier if name in METHODS else 3
        wait = self.tiers.seconds(name, tier, channel) if tier or name == "chat.postMessage" else 0
        if wait:
            raise Refusal("ratelimited", retry_after=wait)
        self.web.viewer = self.web.owners.get(token, TEAM)
        made = self.web.answer(name, args, self.tokens[token])
        granted = ",".join(sorted(self.tokens[token]))
        return http.json_response(made, headers={"x-oauth-scopes": granted})

    async def _before(self, fault: Fault) -> None:
        match fault.kind:
            case "reset_before":
                raise ConnectionResetError
            case "ratelimited":
                raise Refusal("ratelimited", retry_after=fault.seconds)
            case "delay":
                await fault.open.wait()
            case _:
                pass

    def _open_socket(self, token: str) -> Json:
        if token != self.app_token:
            raise Refusal("invalid_auth" if token else "not_authed")
        url = self.web.base.replace("http", "ws", 1)
        return {"ok": True, "url": f"{url}/socket/{self.world.number()}"}

    def _note(self, name: str, args: Json, error: str, token: str) -> None:
        self.calls.append(Call(name, args, error, time.monotonic(), token))
        self._happened("call", {"method": name, "error": error})

    async def _upload(self, request: http.Request) -> http.StreamResponse:
        file = self.world.files.get(request.match_info["file"])
        data = await request.read()
        if file is None or len(data) != file.length:
            return http.Response(status=400, text="bad upload")
        file.data = data
        return http.Response(text=f"OK - {len(data)}")

    async def _download(self, request: http.Request) -> http.StreamResponse:
        file = self.world.files.get(request.match_info["file"])
        if self.forbid_files or _bearer(request, {}) not in self.tokens:
            return http.Response(text="<html>sign in</html>", content_type="text/html")
        if file is None or file.data is None:
            return http.Response(status=404)
        return http.Response(body=file.data, content_type=file.shown()["mimetype"])

    async def _respond(self, request: http.Request) -> http.StreamResponse:
        """A response_url: private words to who clicked or typed, or the clicked message anew."""
        body = await request.json()
        answer, error = self.answers.use(request.match_info["ticket"])
        status = 404
        if answer is not None:
            try:
                self._answer_to(answer, body)
            except Refusal as refusal:
                error, status = refusal.body["error"], 400
        self._note("response_url", body, error, "")
        if error:
            return http.json_response({"ok": False, "error": error}, status=status)
        return http.Response(text="ok")

    def _answer_to(self, answer: Answer, body: Json) -> None:
        content = self.web.content(body)
        if body.get("replace_original") is True and answer.ts:
            channel = self.world.channels[answer.channel]
            message = self.web.own(channel, answer.ts, "cant_update_message")
            self.web.rewrite(channel, message, content)
            return
        said = {"channel": answer.channel, "user": answer.user, **content}
        self.world.ephemerals.append(said)
        self._happened("ephemeral", said)

    def _response_url(self, channel: str, user: str, ts: str = "") -> str:
        return self.web.base + self.answers.path(channel, user, ts)

    # What happens

    def _happened(self, kind: str, data: Json) -> None:
        self.journal.append((time.monotonic(), kind, data))
        if kind == "message":
            self._event(data, GENERAL[data["channel_type"]])
        self._news.set()
        self._news = asyncio.Event()

    def _event(self, event: Json, name: str, by: str = "") -> Envelope | None:
        """Deliver an event, when the app subscribed to it and something listens.

        `by` is the person whom it concerns, where Slack names them beside the event.
        """
        listens = self.post.sockets or self.post.request_url
        if name not in self.events or (event.get("user") == BOT and not listens):
            return None
        payload = {
            "token": "legacy",
            "team_id": TEAM,
            "api_app_id": APP,
            "event": event,
            "type": "event_callback",
            "event_id": f"Ev{self.world.number()}",
            "event_time": int(time.time()),
            "authorizations": [{"team_id": TEAM, "user_id": by or BOT, "is_bot": not by}],
        }
        return self.post.send("events_api", payload)

    async def until(self, true: Callable[[], Any], timeout: float = 10.0) -> Any:
        """Wait until `true()` holds, looking whenever something happens; gives its value."""
        async with asyncio.timeout(timeout):
            while not (found := true()):
                news = self._news
                try:
                    await asyncio.wait_for(news.wait(), 0.1)
                except TimeoutError:
                    continue
            return found

    # Hands: what people do

    def say(
        self,
        channel: str,
        user: str,
        text: str,
        thread_ts: str | None = None,
        files: Mapping[str, bytes] | None = None,
        **more: Any,
    ) -> Json:
        """A person writes; gives the message. A mention of the bot also sends `app_mention`."""
        place = self.world.channels[channel]
        ts = self.world.ts()
        shared = [self._file(n, d, user) for n, d in (files or {}).items()]
        message: Json = {
            "type": "message",
            "user": user,
            "text": text,
            "ts": ts,
            "team": self.world.users[user].team,
            "client_msg_id": f"c{ts}",
            **({"thread_ts": thread_ts} if thread_ts else {}),
            **({"files": shared, "subtype": "file_share"} if shared else {}),
            **more,
        }
        if "files_shown" in message:
            message["files"] = message.pop("files_shown")
        place.messages[ts] = message
        self._tell(channel, message)
        return message

    def _file(self, name: str, data: bytes, user: str) -> Json:
        from tests.slack.standin.world import Upload

        id = f"F{self.world.number()}"
        file = Upload(id, name, len(data), data=data, done=True, base=self.web.base)
        self.world.files[id] = file
        return {**file.shown(), "user": user}

    def say_with_size(self, channel: str, user: str, text: str, name: str, size: int) -> Json:
        """A message with a file that says it is so large."""
        file = {**self._file(name, b"x", user), "size": size}
        return self.say(channel, user, text, subtype="file_share", files_shown=[file])

    def _tell(self, channel: str, message: Json) -> None:
        place = self.world.channels[channel]
        if BOT not in place.members:
            return
        where = {"channel": channel, "channel_type": place.event_kind, "event_ts": message["ts"]}
        self._event({**message, **where}, GENERAL[place.event_kind])
        if f"<@{BOT}>" in message["text"] and place.kind != "im":
            named = {k: v for k, v in message.items() if k != "subtype"}
            self._event({**named, "type": "app_mention", **where}, "app_mention")

    def rewrite(self, channel: str, ts: str, text: str) -> None:
        """A person edits a message of theirs."""
        place = self.world.channels[channel]
        message, before = place.messages[ts], dict(place.messages[ts])
        message.update(text=text, edited={"user": message["user"], "ts": self.world.ts()})
        self.web.changed(place, message, before)

    def remove(self, channel: str, ts: str) -> None:
        """A person deletes a message; a root with replies leaves a tombstone."""
        place = self.world.channels[channel]
        before = place.messages[ts]
        if len(place.thread(ts)) > 1:
            place.messages[ts] = {"type": "message", "subtype": "tombstone", "ts": ts, "text": ""}
        else:
            del place.messages[ts]
        event = {"type": "message", "subtype": "message_deleted", "hidden": True, "deleted_ts": ts}
        now = self.world.ts()
        where = {"channel": channel, "channel_type": place.event_kind}
        more = {"previous_message": before, "ts": now, "event_ts": now}
        self._event({**event, **where, **more}, GENERAL[place.event_kind])

    def command(self, line: str, channel: str = "C1", user: str = "U1") -> Envelope:
        """A person types a slash command in a channel (never in a thread)."""
        name, _, text = line.partition(" ")
        payload = {
            "token": "legacy",
            "team_id": TEAM,
            "team_domain": "t1",
            "channel_id": channel,
            "channel_name": self.world.channels[channel].name,
            "user_id": user,
            "user_name": self.world.users[user].name,
            "command": name,
            "text": text,
            "api_app_id": APP,
            "is_enterprise_install": "false",
            "response_url": self._response_url(channel, user),
            "trigger_id": self.world.trigger(user),
        }
        return self.post.send("slash_commands", payload)

    def click(self, message: Json, label: str, user: str = "U1", *, option: str = "") -> Envelope:
        """A person clicks the button (or picks an option of the menu) with this label."""
        element, block = _find(message.get("blocks", []), label)
        action = {
            "type": element["type"],
            "action_id": element["action_id"],
            "block_id": block.get("block_id", "auto"),
            "action_ts": self.world.ts(),
            **({"value": element["value"]} if "value" in element else {}),
            **_picked(element, option),
        }
        return self.post.send("interactive", self._action(message, action, user))

    def click_private(self, said: Json, label: str, user: str = "U1") -> Envelope:
        """A person clicks a button of a private answer; no history has its message."""
        element, block = _find(said["blocks"], label)
        ts, channel = self.world.ts(), said["channel"]
        action = {
            "type": element["type"], "action_id": element["action_id"], "value": element["value"],
            "block_id": block.get("block_id", "auto"), "action_ts": self.world.ts(),
        }  # fmt: skip
        container = {"type": "message", "message_ts": ts, "channel_id": channel}
        if said.get("thread_ts"):
            container["thread_ts"] = said["thread_ts"]
        payload = {
            "type": "block_actions", "api_app_id": APP, "token": "legacy",
            "user": {"id": user, "name": self.world.users[user].name, "team_id": TEAM},
            "container": {**container, "is_ephemeral": True},
            "trigger_id": self.world.trigger(user), "team": {"id": TEAM, "domain": "t1"},
            "channel": {"id": channel, "name": self.world.channels[channel].name},
            "response_url": self._response_url(channel, user), "actions": [action],
        }  # fmt: skip
        return self.post.send("interactive", payload)

    def _action(self, message: Json, action: Json, user: str) -> Json:
        channel = self.channel_of(message)
        team = self.world.users[user].team
        return {
            "type": "block_actions",
            "user": {"id": user, "name": self.world.users[user].name, "team_id": team},
            "api_app_id": APP,
            "token": "legacy",
            "container": {
                "type": "message",
                "message_ts": message["ts"],
                "channel_id": channel,
                "is_ephemeral": False,
                **({"thread_ts": message["thread_ts"]} if "thread_ts" in message else {}),
            },
            "trigger_id": self.world.trigger(user),
            "team": {"id": TEAM, "domain": "t1"},
            "channel": {"id": channel, "name": self.world.channels[channel].name},
            "message": {k: v for k, v in message.items() if k not in ("metadata", "unfurl")},
            "response_url": self._response_url(channel, user, message["ts"]),
            "actions": [action],
        }

    def click_view(self, view: Json, label: str, user: str = "U1", *, option: str = "") -> Envelope:
        """A person clicks a button on the App Home or in a modal."""
        element, block = _find(view["blocks"], label)
        action = {
            "type": element["type"],
            "action_id": element["action_id"],
            "block_id": block.get("block_id", "auto"),
            "action_ts": self.world.ts(),
            **({"value": element["value"]} if "value" in element else {}),
            **_picked(element, option),
        }
        team = self.world.users[user].team
        payload = {
            "type": "block_actions",
            "user": {"id": user, "name": self.world.users[user].name, "team_id": team},
            "api_app_id": APP,
            "token": "legacy",
            "container": {"type": "view", "view_id": view["id"]},
            "trigger_id": self.world.trigger(user, view["id"]),
            "team": {"id": TEAM, "domain": "t1"},
            "view": view,
            "actions": [action],
        }
        return self.post.send("interactive", payload)

    def shortcut(self, callback: str, message: Json, user: str = "U1") -> Envelope:
        """A person uses a message shortcut."""
        channel = self.channel_of(message)
        payload = {
            "type": "message_action",
            "callback_id": callback,
            "trigger_id": self.world.trigger(user),
            "message_ts": message["ts"],
            "action_ts": self.world.ts(),
            "user": {"id": user, "name": self.world.users[user].name, "team_id": TEAM},
            "team": {"id": TEAM, "domain": "t1"},
            "channel": {"id": channel, "name": self.world.channels[channel].name},
            "message": message,
            "response_url": self._response_url(channel, user),
            "token": "legacy",
        }
        return self.post.send("interactive", payload)

    def submit(self, view: Json, values: Mapping[str, Any], user: str = "U1") -> Envelope:
        """A person fills a modal in by its labels; refuses what Slack's own client would."""
        state = {"values": _state(view, values)}
        payload = {
            "type": "view_submission",
            "team": {"id": TEAM, "domain": "t1"},
            "user": {"id": user, "name": self.world.users[user].name, "team_id": TEAM},
            "api_app_id": APP,
            "token": "legacy",
            "trigger_id": self.world.trigger(user, view["id"]),
            "view": {**view, "state": state},
            "response_urls": [],
        }
        return self.post.send("interactive", payload)

    def open_home(self, user: str = "U1", tab: str = "home") -> None:
        """A person opens the app's home or messages tab."""
        im = self.world.im(user)
        event = {"type": "app_home_opened", "user": user, "channel": im.id, "tab": tab}
        self._event({**event, "event_ts": self.world.ts()}, "app_home_opened")

    def look_beside(self, user: str, *entities: Json, bare: bool = False) -> Envelope | None:
        """A person opens something beside the app; `bare`: nameless, as in Slack's reference."""
        named = {"user": user, "channel": self.world.im(user).id, "event_ts": self.world.ts()}
        context: Json = {"entities": list(entities)} if entities else {}
        event = {"type": "app_context_changed", "context": context, **({} if bare else named)}
        return self._event(event, "app_context_changed", by=user if bare else "")

    def press_stop(self, channel: str, thread_ts: str, user: str = "U1") -> None:
        """A person presses the native Stop of an agent session."""
        event = {
            "type": "agent_session_stopped",
            "channel": channel,
            "user": user,
            "thread_ts": thread_ts,
            "streaming_message_ts": [],
            "event_ts": self.world.ts(),
        }
        self._event(event, "agent_session_stopped")

    def happen(self, event: str, team: str = TEAM, **more: Any) -> Envelope:
        """An event of another installation of the app."""
        payload = {
            "team_id": team, "api_app_id": APP, "type": "event_callback",
            "event": {"type": event, **more}, "event_id": f"Ev{self.world.number()}",
            "event_time": int(time.time()),
            "authorizations": [{"team_id": team, "user_id": BOT, "is_bot": True}],
        }  # fmt: skip
        return self.post.send("events_api", payload)

    def uninstall(self) -> None:
        """The workspace removes the app."""
        self.tokens.pop(self.bot_token, None)
        self._event({"type": "app_uninstalled"}, "app_uninstalled")

    def fault(self, method: str, kind: Kind, **more: Any) -> Fault:
        """Something goes wrong with the next `times` calls of this method."""
        return self.faults.add(Fault(method, kind, **more))

    # Eyes: what people see

    def channel_of(self, message: Json) -> str:
        """The id of the channel that has this message."""
        for channel in self.world.channels.values():
            if message["ts"] in channel.messages:
                return channel.id
        raise LookupError(message["ts"])

    def seen(self, channel: str, thread_ts: str = "") -> list[Json]:
        """The bot's messages in a channel or thread, oldest first."""
        place = self.world.channels[channel]
        found = place.thread(thread_ts) if thread_ts else list(place.messages.values())
        return sorted((m for m in found if m.get("user") == BOT), key=lambda m: m["ts"])

    def private(self, user: str) -> list[Json]:
        """The private answers that a person got."""
        return [e for e in self.world.ephemerals if e["user"] == user]

    def called(self, method: str) -> list[Call]:
        """The calls of a method, refused ones included."""
        return [c for c in self.calls if c.method == method]

    def modal(self) -> Json:
        """The newest view."""
        return list(self.world.views.values())[-1]


async def arguments(request: http.Request) -> Json:
    """Query, form and JSON arguments merged; JSON-looking strings are read as JSON."""
    merged: Json = dict(request.query)
    if request.content_type == "application/json":
        merged |= await request.json()
    elif request.method == "POST":
        merged |= dict(await request.post())
    return {k: _loaded(k, v) for k, v in merged.items()}


NESTED = ("blocks", "view", "metadata", "files", "prompts", "loading_messages", "document_content")


def _loaded(name: str, value: Any) -> Any:
    if name in NESTED and isinstance(value, str) and value[:1] in "[{":
        return json.loads(value)
    return value


def _bearer(request: http.Request, args: Json) -> str:
    header = request.headers.get("Authorization", "")
    return header.removeprefix("Bearer ") or str(args.pop("token", ""))


def _cut(request: http.Request) -> http.StreamResponse:
    if request.transport is not None:
        request.transport.abort()
    raise ConnectionResetError


def _elements(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    for block in blocks:
        for element in block.get("elements", ()):
            if element.get("type") == "feedback_buttons":
                for side in ("positive_button", "negative_button"):
                    yield {**element, **element[side]}, block
            elif "action_id" in element:
                yield element, block
        if "accessory" in block:
            yield block["accessory"], block
        yield from _elements(block.get("child_blocks", []))


def _find(blocks: list[Json], label: str) -> tuple[Json, Json]:
    for element, block in _elements(blocks):
        if label in (_label(element), element["action_id"]):
            return element, block
    raise LookupError(f"no {label!r} among {[_label(e) for e, _ in _elements(blocks)]}")


def _label(element: Json) -> str:
    text = element.get("text") or element.get("placeholder") or {}
    return str(text.get("text", ""))


def _picked(element: Json, option: str) -> Json:
    if element["type"] not in ("static_select", "overflow"):
        return {}
    return {"selected_option": _option(element, option)}


def _option(element: Json, label: str) -> Json:
    for option in element["options"]:
        if label in (option["text"]["text"], option["value"]):
            return option
    raise LookupError(f"no option {label!r}")


def _state(view: Json, values: Mapping[str, Any]) -> Json:
    left, state = dict(values), dict[str, Json]()
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        label, element = block["label"]["text"], block["element"]
        given = left.pop(label, None)
        value = _filled(element, given)
        if not block.get("optional") and not any(value.values()):
            raise AssertionError(f"{label!r} is required")
        state[block["block_id"]] = {element["action_id"]: {"type": element["type"], **value}}
    if left:
        raise LookupError(f"no input {next(iter(left))!r}")
    return state


def _filled(element: Json, given: Any) -> Json:
    match element["type"]:
        case "static_select" | "radio_buttons":
            chosen = _option(element, given) if given else element.get("initial_option")
            return {"selected_option": chosen}
        case "checkboxes":
            if given is None:
                return {"selected_options": element.get("initial_options", [])}
            return {"selected_options": [_option(element, one) for one in given]}
        case "users_select":
            return {"selected_user": given or element.get("initial_user")}
        case "multi_users_select":
            return {"selected_users": given or element.get("initial_users", [])}
        case "datetimepicker":
            return {"selected_date_time": given}
        case _:
            return {"value": given if given is not None else element.get("initial_value")}
