"""The REST API, version 10, as far as the bot uses it."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from tests.discord_.standin.clock import born
from tests.discord_.standin.faults import Entry, Fault, Journal
from tests.discord_.standin.interactions import Desk, response
from tests.discord_.standin.limits import Limits
from tests.discord_.standin.refusal import Refusal, invalid, limited
from tests.discord_.standin.rules import check_commands, check_files, check_message
from tests.discord_.standin.schema import check
from tests.discord_.standin.world import DM, THREADS, Json, World, archived

Handler = Callable[[web.Request, Any], Awaitable[Any]]
NONCE_LASTS = 300.0
OLD = 3600.0
NO_CONTENT = object()
FREE = re.compile(r"^/(interactions|webhooks)/")
MESSAGES = "/channels/{channel}/messages"


class Rest:
    """Every route. Handlers give JSON, or raise Refusal."""

    def __init__(self, world: World, desk: Desk, token: str) -> None:
        self.world, self.desk, self.token = world, desk, token
        self.limits = Limits(world.clock.now)
        self.faults: list[Fault] = []
        self.journal = Journal()
        self.gateway_url = ""
        self.shards = 1

    def routes(self) -> list[web.RouteDef]:
        """Literal paths come before those with parameters."""
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/users/@me", self.me),
            ("GET", "/users/@me/guilds", self.my_guilds),
            ("POST", "/users/@me/channels", self.open_dm),
            ("GET", "/oauth2/applications/@me", self.application),
            ("GET", "/applications/@me", self.application),
            ("GET", "/gateway/bot", self.gateway_bot),
            ("GET", "/applications/{app}/commands", self.commands),
            ("PUT", "/applications/{app}/commands", self.put_commands),
            ("GET", "/applications/{app}/guilds/{guild}/commands", self.commands),
            ("PUT", "/applications/{app}/guilds/{guild}/commands", self.put_commands),
            ("GET", "/guilds/{guild}", self.guild),
            ("GET", "/guilds/{guild}/roles", self.roles),
            ("GET", "/guilds/{guild}/members/{user}", self.member),
            ("GET", "/guilds/{guild}/threads/active", self.active_threads),
            ("GET", "/channels/{channel}", self.channel),
            ("PATCH", "/channels/{channel}", self.edit_channel),
            ("POST", "/channels/{channel}/typing", self.type_),
            ("GET", MESSAGES, self.history),
            ("POST", MESSAGES, self.post),
            ("GET", MESSAGES + "/{message}", self.one),
            ("PATCH", MESSAGES + "/{message}", self.edit),
            ("DELETE", MESSAGES + "/{message}", self.delete),
            ("PUT", MESSAGES + "/{message}/reactions/{emoji}/@me", self.react),
            ("DELETE", MESSAGES + "/{message}/reactions/{emoji}/@me", self.unreact),
            ("POST", MESSAGES + "/{message}/threads", self.thread_from),
            ("POST", "/channels/{channel}/threads", self.thread_in),
            ("PUT", "/channels/{channel}/thread-members/@me", self.join),
            ("POST", "/interactions/{id}/{token}/callback", self.callback),
            ("POST", "/webhooks/{app}/{token}", self.follow),
            ("GET", "/webhooks/{app}/{token}/messages/{message}", self.follow_get),
            ("PATCH", "/webhooks/{app}/{token}/messages/{message}", self.follow_edit),
            ("DELETE", "/webhooks/{app}/{token}/messages/{message}", self.follow_delete),
        ]
        return [web.route(m, "/api/v10" + p, self._border(m, p, h)) for m, p, h in table]

    # the border: faults, auth, limits, journal, error shapes

    def _border(self, method: str, pattern: str, handler: Handler) -> Any:
        async def serve(request: web.Request) -> web.StreamResponse:
            path = request.path.removeprefix("/api/v10")
            body = await _body(request)
            fault = next((f for f in self.faults if f.hits(method, path)), None)
            if fault is not None:
                fault.times -= 1
                await asyncio.sleep(fault.delay)
            if fault is None or fault.after or not (fault.status or fault.drop):
                answer = await self._answer(request, method, pattern, handler, body)
            else:
                answer = None
            return self._end(request, path, body, fault, answer)

        return serve

    def _end(
        self, request: web.Request, path: str, body: Any, fault: Fault | None, answer: Any
    ) -> web.Response:
        """The answer as the client gets it; a fault may take its place."""
        if fault is not None and (fault.status or fault.drop):
            answer = _faulty(fault)
        status = 0 if fault is not None and fault.drop else answer.status
        code = _code(answer)
        now = self.world.clock.now()
        self.journal.append(Entry(request.method, path, body, status, now, code))
        self.world.touched()
        if status == 0 and request.transport is not None:
            request.transport.abort()
        return answer

    async def _answer(
        self, request: web.Request, method: str, pattern: str, handler: Handler, body: Any
    ) -> web.Response:
        headers: dict[str, str] = {"Via": "1.1 stand-in"}
        try:
            headers |= self._admit(request, method, pattern)
            return _json(await handler(request, body), 200, headers)
        except Refusal as no:
            return _json(no.body, no.status, headers | no.headers)

    def _admit(self, request: web.Request, method: str, pattern: str) -> dict[str, str]:
        if FREE.match(pattern):
            return {}
        if not request.headers.get("User-Agent", "").startswith("DiscordBot ("):
            raise Refusal(403, 0, "error code: 1010")
        if request.headers.get("Authorization") != f"Bot {self.token}":
            raise Refusal(401, 0, "401: Unauthorized")
        self.limits.take_global()
        channel = request.match_info.get("channel", "")
        rule = self.limits.channel if pattern.startswith(MESSAGES) else self.limits.other
        rule = self.limits.other if method == "GET" else rule
        name = f"{method}-{pattern}".replace("/", "_").replace("{", "").replace("}", "")
        return self.limits.take(f"{name}:{channel}", rule)

    # who

    async def me(self, request: web.Request, body: Any) -> Json:
        return self.world.bot | {"verified": True, "mfa_enabled": True, "flags": 0}

    async def my_guilds(self, request: web.Request, body: Any) -> list[Json]:
        guilds = self.world.guilds.values()
        return [
            {"id": g["id"], "name": g["name"], "permissions": g["roles"][0]["permissions"]}
            for g in guilds
        ]

    async def application(self, request: web.Request, body: Any) -> Json:
        allowed = 1 << 19 if self.world.content_allowed else 0
        return {
            "id": self.world.app,
            "name": self.world.bot["username"],
            "icon": None,
            "description": "",
            "owner": self.world.bot,
            "bot_public": True,
            "bot_require_code_grant": False,
            "verify_key": "0" * 64,
            "flags": allowed,
        }

    async def gateway_bot(self, request: web.Request, body: Any) -> Json:
        start = {"total": 1000, "remaining": 1000, "reset_after": 0, "max_concurrency": 1}
        return {"url": self.gateway_url, "shards": self.shards, "session_start_limit": start}

    async def open_dm(self, request: web.Request, body: Any) -> Json:
        return self.world.dm(str(body["recipient_id"]))

    # commands

    async def commands(self, request: web.Request, body: Any) -> list[Json]:
        return self.world.commands.get(request.match_info.get("guild", ""), [])

    async def put_commands(self, request: web.Request, body: Any) -> list[Json]:
        check_commands(body)
        scope = request.match_info.get("guild", "")
        kept = [self._command(c) for c in body]
        self.world.commands[scope] = kept
        return kept

    def _command(self, command: Json) -> Json:
        own = {"id": self.world.ids.next(), "application_id": self.world.app, "version": "1"}
        return {"type": 1, "description": ""} | command | own

    # guilds and channels

    def _guild(self, request: web.Request) -> Json:
        found = self.world.guilds.get(request.match_info["guild"])
        if found is None:
            raise Refusal(403, 50001, "Missing Access")
        return found

    async def guild(self, request: web.Request, body: Any) -> Json:
        return self.world.guild_json(self._guild(request))

    async def roles(self, request: web.Request, body: Any) -> list[Json]:
        return self._guild(request)["roles"]

    async def member(self, request: web.Request, body: Any) -> Json:
        return self.world.member(self._guild(request), request.match_info["user"])

    async def active_threads(self, request: web.Request, body: Any) -> Json:
        return {"threads": self.world.guild_json(self._guild(request))["threads"], "members": []}

    def _place(self, request: web.Request) -> Json:
        return self.world.place(request.match_info["channel"])

    async def channel(self, request: web.Request, body: Any) -> Json:
        found = self._place(request)
        return self.world.thread_json(found) if found["type"] in THREADS else found

    async def edit_channel(self, request: web.Request, body: Any) -> Json:
        found = self._place(request)
        if found["type"] not in THREADS:
            self.world.need(found, "manage_threads")
        locked = found["thread_metadata"]["locked"]
        if found["owner_id"] != self.world.bot["id"] or locked:
            self.world.need(found, "manage_threads")
        if archived(found) and body.get("archived") is not False:
            raise Refusal(400, 50083, "Thread is archived")
        found["name"] = body.get("name", found["name"])
        self.world.set_thread(found, **{k: body[k] for k in ("archived", "locked") if k in body})
        return self.world.thread_json(found)

    async def type_(self, request: web.Request, body: Any) -> Any:
        self.world.need(found := self._place(request), self._send_word(found))
        self.world.typing.append(found["id"])
        return NO_CONTENT

    def _send_word(self, channel: Json) -> str:
        return "send_messages_in_threads" if channel["type"] in THREADS else "send_messages"

    async def join(self, request: web.Request, body: Any) -> Any:
        found = self._place(request)
        if archived(found):
            raise Refusal(400, 50083, "Thread is archived")
        found["_members"].add(self.world.bot["id"])
        return NO_CONTENT

    # threads

    async def thread_from(self, request: web.Request, body: Any) -> Json:
        check("CreateTextThreadWithMessageRequest", body)
        parent = self._parent(request)
        message = self.world.message(parent["id"], request.match_info["message"])
        if message["id"] in self.world.channels:
            raise Refusal(400, 160004, "A thread has already been created for this message")
        return self._thread(parent, body["name"], start=message)

    async def thread_in(self, request: web.Request, body: Any) -> Json:
        check("CreateTextThreadWithoutMessageRequest", body)
        parent = self._parent(request, private=body.get("type") == 12)
        return self._thread(parent, body["name"], private=body.get("type", 12) == 12)

    def _parent(self, request: web.Request, *, private: bool = False) -> Json:
        parent = self._place(request)
        if parent["type"] in (DM, *THREADS):
            raise Refusal(400, 50024, "Cannot execute action on this channel type")
        self.world.need(parent, "create_private_threads" if private else "create_public_threads")
        mine = [c for c in self.world.channels.values() if c.get("guild_id") == parent["guild_id"]]
        if sum(c["type"] in THREADS and not archived(c) for c in mine) >= self.world.thread_cap:
            raise Refusal(400, 160006, "Maximum number of active threads reached")
        return parent

    def _thread(self, parent: Json, name: str, **how: Any) -> Json:
        return self.world.thread_json(self.world.thread(parent, name, self.world.bot["id"], **how))

    # messages

    async def history(self, request: web.Request, body: Any) -> list[Json]:
        place = self._place(request)
        if not self.world.permissions(place) & 1 << 16:
            return []
        found = list(self.world.messages[place["id"]].values())
        query = request.query
        limit = int(query.get("limit", 50))
        if not 1 <= limit <= 100:
            raise invalid("limit", "int value should be between 1 and 100.")
        if "after" in query:
            found = [m for m in found if int(m["id"]) > int(query["after"])][:limit]
        elif "before" in query:
            found = [m for m in found if int(m["id"]) < int(query["before"])][-limit:]
        return [self._read(m) for m in reversed(found[-limit:])]

    def _read(self, message: Json) -> Json:
        return self.world.blanked(message, self.world.content_allowed)

    async def one(self, request: web.Request, body: Any) -> Json:
        place = self._place(request)
        self.world.need(place, "read_message_history")
        return self._read(self.world.message(place["id"], request.match_info["message"]))

    async def post(self, request: web.Request, body: Any) -> Json:
        place = self._place(request)
        self._may_send(place, body)
        self._take_files(place, body, None)
        check_message(body)
        first = self._seen_nonce(place, body)
        if first is not None:
            return first
        message = self.world.add_message(place, self.world.bot, body)
        self.world.note_pings(message, body)
        if body.get("nonce"):
            when = self.world.clock.now()
            self.world.nonces[place["id"], str(body["nonce"])] = (when, message["id"])
        return message

    def _may_send(self, place: Json, body: Json) -> None:
        if place["type"] == DM and place["recipients"][0]["id"] in self.world.closed_dms:
            raise Refusal(403, 50007, "Cannot send messages to this user")
        self.world.need(place, self._send_word(place))
        if body.get("attachments"):
            self.world.need(place, "attach_files")
        if place["type"] in THREADS and place["thread_metadata"]["locked"]:
            raise Refusal(403, 160005, "Thread is locked")

    def _seen_nonce(self, place: Json, body: Json) -> Json | None:
        """The message that this nonce made a few minutes ago."""
        known = self.world.nonces.get((place["id"], str(body.get("nonce"))))
        if not body.get("enforce_nonce") or known is None:
            return None
        when, number = known
        if self.world.clock.now() - when > NONCE_LASTS:
            return None
        return self.world.messages[place["id"]].get(number)

    def _take_files(self, place: Json, body: Json, old: Json | None) -> None:
        """Check and keep uploads; `attachments` becomes what the message will show."""
        uploads: dict[str, tuple[str, bytes]] = body.pop("_files", {})
        sizes = {key: len(data) for key, (_, data) in uploads.items()}
        check_files(sizes, self.world.upload_limit(place))
        if "attachments" not in body and not uploads:
            return
        listed = body.get("attachments") or [{"id": k} for k in uploads]
        kept = {a["id"]: a for a in (old or {}).get("attachments", [])}
        body["attachments"] = [self._attachment(place, a, uploads, kept) for a in listed]

    def _attachment(
        self, place: Json, wanted: Json, uploads: Mapping[str, tuple[str, bytes]], kept: Json
    ) -> Json:
        key = str(wanted["id"])
        if key in kept:
            return kept[key]
        if key not in uploads:
            raise invalid("attachments", f"Attachment {key} was not uploaded")
        name, data = uploads[key]
        return self.keep(place, wanted.get("filename") or name, data, wanted.get("description"))

    def keep(self, place: Json, name: str, data: bytes, description: str | None = None) -> Json:
        """Store a file; gives the attachment that stands for it."""
        number = self.world.ids.next()
        path = f"/attachments/{place['id']}/{number}/{name}"
        self.world.blobs[path] = data
        url = self.world.cdn + path
        return {
            "id": number,
            "filename": name,
            "description": description,
            "size": len(data),
            "url": url,
            "proxy_url": url,
            "content_type": "application/octet-stream",
        }

    async def edit(self, request: web.Request, body: Any) -> Json:
        place = self._place(request)
        message = self.world.message(place["id"], request.match_info["message"])
        if message["author"]["id"] != self.world.bot["id"]:
            raise Refusal(403, 50005, "Cannot edit a message authored by another user")
        if archived(place):
            raise Refusal(400, 50083, "Thread is archived")
        if self.world.clock.now() - born(message["id"]) > OLD:
            self.limits.take_old_edit(place["id"])
        self._take_files(place, body, message)
        check_message(body, old=message)
        self.world.edit_message(message, body)
        return message

    async def delete(self, request: web.Request, body: Any) -> Any:
        place = self._place(request)
        message = self.world.message(place["id"], request.match_info["message"])
        if message["author"]["id"] != self.world.bot["id"]:
            self.world.need(place, "manage_messages")
        self.world.delete_message(message)
        return NO_CONTENT

    async def react(self, request: web.Request, body: Any) -> Any:
        place = self._place(request)
        self.world.need(place, "add_reactions", "read_message_history")
        if archived(place):
            raise Refusal(400, 50083, "Thread is archived")
        message = self.world.message(place["id"], request.match_info["message"])
        reactions = message.setdefault("reactions", [])
        emoji = {"id": None, "name": request.match_info["emoji"]}
        reactions.append({"emoji": emoji, "count": 1, "me": True})
        return NO_CONTENT

    async def unreact(self, request: web.Request, body: Any) -> Any:
        message = self.world.message(self._place(request)["id"], request.match_info["message"])
        name = request.match_info["emoji"]
        kept = [r for r in message.get("reactions", []) if r["emoji"]["name"] != name]
        message["reactions"] = kept
        return NO_CONTENT

    # interactions

    async def callback(self, request: web.Request, body: Any) -> Any:
        token = request.match_info["token"]
        found = self.desk.open.get(token)
        if found is not None and isinstance(body.get("data"), dict):
            body["data"]["_files"] = body.pop("_files", {})
            self._take_files(found.channel, body["data"], found.payload.get("message"))
        made = self.desk.callback(request.match_info["id"], token, body)
        if request.query.get("with_response") not in ("1", "true"):
            return NO_CONTENT
        return response(self.desk.open[token], made)

    async def follow(self, request: web.Request, body: Any) -> Json:
        found = self.desk.of(request.match_info["token"])
        self._take_files(found.channel, body, None)
        return self.desk.follow(found.token, body)

    async def follow_get(self, request: web.Request, body: Any) -> Json:
        return self.desk.message(request.match_info["token"], request.match_info["message"])

    async def follow_edit(self, request: web.Request, body: Any) -> Json:
        found = self.desk.of(request.match_info["token"])
        self._take_files(found.channel, body, None)
        return self.desk.edit(found.token, request.match_info["message"], body)

    async def follow_delete(self, request: web.Request, body: Any) -> Any:
        self.desk.delete(request.match_info["token"], request.match_info["message"])
        return NO_CONTENT


async def _body(request: web.Request) -> Any:
    """The JSON, from the form's `payload_json` when there are files; those under `_files`."""
    if not request.can_read_body:
        return {}
    if not request.content_type.startswith("multipart/"):
        return json.loads(await request.read())
    form = await request.post()
    given: Any = form.get("payload_json", "{}")
    body = json.loads(given)
    files = {k: v for k, v in form.items() if isinstance(v, web.FileField)}
    body["_files"] = {
        re.sub(r"\D", "", key): (part.filename, part.file.read()) for key, part in files.items()
    }
    return body


def _json(value: Any, status: int, headers: Mapping[str, str]) -> web.Response:
    """Exactly `application/json`: discord.py reads nothing else as JSON."""
    if value is NO_CONTENT:
        return web.Response(status=204, headers=headers)
    body = json.dumps(value, default=_set).encode()
    return web.Response(status=status, body=body, content_type="application/json", headers=headers)


def _set(value: Any) -> Any:
    return sorted(value) if isinstance(value, set) else str(value)


def _faulty(fault: Fault) -> web.Response:
    if fault.status == 429:
        no = limited(float(fault.body.get("retry_after", 0.05)))
        headers = {"Via": "1.1 stand-in", **no.headers}
        return _json({**no.body, **fault.body}, 429, headers)
    if fault.body:
        return _json(fault.body, fault.status, {"Via": "1.1 stand-in"})
    return web.Response(status=fault.status or 500, text="upstream trouble")


def _code(answer: web.Response) -> int:
    if answer.status < 400 or answer.content_type != "application/json":
        return 0
    return json.loads(answer.body or b"{}").get("code", 0)  # pyright: ignore[reportArgumentType]
