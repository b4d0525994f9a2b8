"""The Web API: every method the adapter uses, as strict as Slack about scopes and shapes."""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.slack.standin.blocks import VIEW_BYTES, message_faults, too_long, view_faults
from tests.slack.standin.world import (
    APP,
    BOT,
    BOT_ID,
    ORG,
    TEAM,
    Canvas,
    Channel,
    Json,
    Upload,
    World,
)

TRIGGER_SECONDS = 3.0
MOST_TEXT = 40_000


class Refusal(Exception):
    """An `ok: false` answer."""

    def __init__(self, error: str, **more: Any) -> None:
        super().__init__(error)
        self.body: Json = {"ok": False, "error": error, **more}


def _invalid(error: str, faults: list[str]) -> Refusal:
    messages = [f"[ERROR] {fault}" for fault in faults]
    return Refusal(error, errors=faults, response_metadata={"messages": messages})


@dataclass(frozen=True)
class Method:
    """One Web API method. `scopes`: any of them is enough; none means any token."""

    run: Callable[["Web", Json], Json]
    tier: int
    scopes: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


METHODS: dict[str, Method] = {}
PER_TEAM = frozenset(
    {"files.list", "usergroups.list", "usergroups.users.list", "users.conversations"}
)
"""What an organisation's token is only told about one workspace, which must be named."""


def method(name: str, tier: int, *scopes: str, needs: str = ""):
    """Register a method under its Slack name."""

    def keep(run: Callable[["Web", Json], Json]) -> Callable[["Web", Json], Json]:
        METHODS[name] = Method(run, tier, scopes, tuple(needs.split()))
        return run

    return keep


class Web:
    """Answers calls from the world; says what happened through `happened`."""

    def __init__(self, world: World, happened: Callable[[str, Json], None]) -> None:
        self.world = world
        self.happened = happened
        self.base = ""
        self.viewer = TEAM
        """The workspace, or the organisation, of the token that asks."""
        self.owners: dict[str, str] = {}
        """Whose the tokens of other installations are."""
        self.refreshes: dict[str, str] = {}
        self.fail_blocks: set[str] = set()
        """Block types that this Slack refuses although the rules allow them."""
        self.no_canvases = ""
        """The error of a workspace that has no canvases."""

    def answer(self, name: str, args: Json, scopes: frozenset[str]) -> Json:
        """Run a method. Raises Refusal."""
        found = METHODS.get(name)
        if found is None:
            raise Refusal("unknown_method", req_method=name)
        if found.scopes and not scopes.intersection(found.scopes):
            provided = ",".join(sorted(scopes))
            raise Refusal("missing_scope", needed=found.scopes[0], provided=provided)
        if self.viewer == ORG and name in PER_TEAM and not args.get("team_id"):
            raise Refusal("missing_argument", needed="team_id")
        lacking = [n for n in found.needs if args.get(n) in (None, "")]
        if lacking:
            raise _invalid(
                "invalid_arguments",
                [f"missing required field: {n} [json-pointer:/{n}]" for n in lacking],
            )
        return {"ok": True, **found.run(self, args)}

    def channel(self, args: Json, *, field: str = "channel", write: bool = False) -> Channel:
        """The channel of the arguments. Writing to a person's id opens their direct messages."""
        id = args[field]
        if write and id in self.world.users:
            return self.world.im(id)
        found = self.world.channels.get(id)
        if found is None or (found.kind != "public" and BOT not in found.members):
            raise Refusal("channel_not_found")
        if write and found.archived:
            raise Refusal("is_archived")
        if (write or found.kind != "public") and BOT not in found.members:
            raise Refusal("not_in_channel")
        return found

    def content(self, args: Json) -> Json:
        """Text, blocks and metadata as they will be shown. Raises Refusal."""
        text, blocks = args.get("text", ""), args.get("blocks")
        if not text and not blocks:
            raise Refusal("no_text")
        if len(text) > MOST_TEXT:
            raise Refusal("msg_too_long")
        if blocks:
            self._check(blocks)
        return {"text": text, **({"blocks": blocks} if blocks else {}), **_metadata(args)}

    def _check(self, blocks: Any) -> None:
        if faults := message_faults(blocks):
            raise _invalid("invalid_blocks", faults)
        if too_long(blocks):
            raise Refusal("msg_blocks_too_long")
        for number, block in enumerate(blocks):
            if block["type"] in self.fail_blocks:
                where = f"[json-pointer:/blocks/{number}/type]"
                raise _invalid("invalid_blocks", [f"unsupported type: {block['type']} {where}"])
            file = block.get("slack_file", {}).get("id")
            if file and not (self.world.files.get(file) and self.world.files[file].done):
                raise _invalid("invalid_blocks", [f"invalid slack file /blocks/{number}"])

    def message(self, channel: Channel, content: Json, thread: str = "", **more: Any) -> Json:
        """Store a message of the bot and tell its event."""
        ts = self.world.ts()
        made = {
            "type": "message",
            "user": BOT,
            "bot_id": BOT_ID,
            "app_id": APP,
            "team": TEAM,
            "ts": ts,
            **({"thread_ts": thread} if thread else {}),
            **content,
            **more,
        }
        channel.messages[ts] = made
        self.happened("message", self._event(channel, made))
        return made

    def _event(self, channel: Channel, message: Json) -> Json:
        shown = {k: v for k, v in message.items() if k != "metadata"}
        return {
            **shown,
            "channel": channel.id,
            "channel_type": channel.event_kind,
            "event_ts": message["ts"],
        }

    def changed(self, channel: Channel, message: Json, before: Json) -> None:
        ts = self.world.ts()
        event = {
            "type": "message",
            "subtype": "message_changed",
            "hidden": True,
            "message": {k: v for k, v in message.items() if k != "metadata"},
            "previous_message": before,
        }
        where = {"channel": channel.id, "channel_type": channel.event_kind}
        self.happened("message", {**event, **where, "ts": ts, "event_ts": ts})

    def rewrite(self, channel: Channel, message: Json, content: Json) -> None:
        """Show this instead: without blocks, those before are gone."""
        before = dict(message)
        message.pop("blocks", None)
        message.update(content, edited={"user": BOT, "ts": self.world.ts()})
        self.changed(channel, message, before)

    def own(self, channel: Channel, ts: str, refusal: str) -> Json:
        message = channel.messages.get(ts)
        if message is None:
            raise Refusal("message_not_found")
        if message.get("user") != BOT or message.get("subtype") == "tombstone":
            raise Refusal(refusal)
        return message

    def use_trigger(self, id: str) -> Any:
        found = self.world.triggers.get(id)
        if found is None:
            raise Refusal("invalid_trigger_id")
        if found.used:
            raise Refusal("exchanged_trigger_id")
        if self.world.clock() - found.at > TRIGGER_SECONDS:
            raise Refusal("expired_trigger_id")
        found.used = True
        return found

    def view(self, raw: Any) -> Json:
        if len(json.dumps(raw)) > VIEW_BYTES:
            raise Refusal("view_too_large")
        if faults := view_faults(raw):
            raise _invalid("invalid_arguments", faults)
        return raw

    def keep_view(self, raw: Json, root: str = "", previous: str = "") -> Json:
        id = f"V{self.world.number()}"
        kept = {
            "private_metadata": "",
            "callback_id": "",
            "external_id": "",
            **raw,
            "id": id,
            "team_id": TEAM,
            "app_id": APP,
            "bot_id": BOT_ID,
            "root_view_id": root or id,
            "previous_view_id": previous or None,
            "hash": secrets.token_hex(6),
            "state": {"values": {}},
        }
        self.world.views[id] = kept
        self.world.stacks.setdefault(root or id, []).append(id)
        self.happened("view", kept)
        return kept


def _metadata(args: Json) -> Json:
    metadata = args.get("metadata")
    if metadata is None:
        return {}
    if not isinstance(metadata, dict) or {"event_type", "event_payload"} - set(metadata):
        raise Refusal("invalid_metadata_format")
    if len(json.dumps(metadata)) > 16_000:
        raise Refusal("metadata_too_large")
    return {"metadata": metadata}


NAMES = {TEAM: "One", "T2": "Two", ORG: "Org"}


@method("auth.test", 4)
def _auth_test(web: Web, args: Json) -> Json:
    """Who the token belongs to; that of an organisation names it as its team."""
    whole = {"enterprise_id": ORG, "is_enterprise_install": True} if web.viewer == ORG else {}
    return {
        "url": web.base, "team_id": web.viewer, "team": NAMES[web.viewer], "user_id": BOT,
        "bot_id": BOT_ID, "user": "cm", **whole,
    }  # fmt: skip


TWO = {"team": {"id": "T2", "name": "Two"}, "enterprise": None, "is_enterprise_install": False}
WHOLE = {"team": None, "enterprise": {"id": ORG, "name": "Org"}, "is_enterprise_install": True}
CODES: dict[str, Json] = {"good": TWO, "rotating": TWO, "whole": WHOLE}
"""What each code installs: in a second workspace, there with token rotation, in an organisation."""
LIFE = 43_200
"""Seconds for which a token with rotation is good."""


@method("oauth.v2.access", 0)
def _oauth(web: Web, args: Json) -> Json:
    if args.get("grant_type") == "refresh_token":
        return _refreshed(web, str(args.get("refresh_token") or ""))
    where = CODES.get(str(args.get("code") or ""))
    if where is None:
        raise Refusal("invalid_code")
    owner: str = (where["team"] or where["enterprise"])["id"]
    web.owners[f"xoxb-{owner}"] = owner
    rotating = args["code"] == "rotating"
    token = _rotating(web, owner) if rotating else {"access_token": f"xoxb-{owner}"}
    return {
        "app_id": APP, "token_type": "bot", "bot_user_id": BOT, "scope": "chat:write",
        "authed_user": {"id": "U1"}, **where, **token,
    }  # fmt: skip


def _rotating(web: Web, owner: str) -> Json:
    """A token that ends, with what brings the next one."""
    number = web.world.number()
    token, refresh = f"xoxe.xoxb-{owner}-{number}", f"xoxe-{owner}-{number}"
    web.owners[token] = web.refreshes[refresh] = owner
    return {"access_token": token, "refresh_token": refresh, "expires_in": LIFE}


def _refreshed(web: Web, refresh: str) -> Json:
    """A refresh token is good for one use."""
    owner = web.refreshes.pop(refresh, "")
    if not owner:
        raise Refusal("invalid_refresh_token")
    made = _rotating(web, owner)
    return {**made, "token_type": "bot", "bot_user_id": BOT, "team": {"id": owner}}


@method("chat.postMessage", 0, "chat:write", needs="channel")
def _post(web: Web, args: Json) -> Json:
    channel = web.channel(args, write=True)
    content = web.content(args)
    thread = args.get("thread_ts", "")
    if thread and thread not in channel.messages:
        raise Refusal("thread_not_found")
    made = web.message(channel, content, thread, unfurl=_unfurl(args))
    return {"channel": channel.id, "ts": made["ts"], "message": made}


def _unfurl(args: Json) -> bool:
    return args.get("unfurl_links") is not False or args.get("unfurl_media") is not False


@method("chat.update", 3, "chat:write", needs="channel ts")
def _update(web: Web, args: Json) -> Json:
    channel = web.channel(args, write=True)
    message = web.own(channel, args["ts"], "cant_update_message")
    web.rewrite(channel, message, web.content(args))
    return {"channel": channel.id, "ts": args["ts"], "text": message["text"], "message": message}


@method("chat.delete", 3, "chat:write", needs="channel ts")
def _delete(web: Web, args: Json) -> Json:
    channel = web.channel(args, write=True)
    web.own(channel, args["ts"], "cant_delete_message")
    del channel.messages[args["ts"]]
    web.happened("deleted", {"channel": channel.id, "ts": args["ts"]})
    return {"channel": channel.id, "ts": args["ts"]}


@method("chat.postEphemeral", 4, "chat:write", needs="channel user")
def _ephemeral(web: Web, args: Json) -> Json:
    channel = web.channel(args, write=True)
    if args["user"] not in channel.members:
        raise Refusal("user_not_in_channel")
    content = web.content(args)
    shown = {"channel": channel.id, "user": args["user"], "thread_ts": args.get("thread_ts", "")}
    web.world.ephemerals.append({**shown, **content})
    web.happened("ephemeral", shown)
    return {"message_ts": web.world.ts()}


@method("chat.getPermalink", 0, needs="channel message_ts")
def _permalink(web: Web, args: Json) -> Json:
    web.channel(args)
    ts = args["message_ts"].replace(".", "")
    return {"permalink": f"https://t1.slack.example/archives/{args['channel']}/p{ts}"}


HISTORY = ("channels:history", "groups:history", "im:history")


@method("conversations.history", 3, *HISTORY, needs="channel")
def _history(web: Web, args: Json) -> Json:
    channel = web.channel(args)
    if BOT not in channel.members:
        raise Refusal("not_in_channel")
    found = [m for m in channel.top() if _within(m["ts"], args)]
    return _page(web, channel, found, args, 100, 999)


@method("conversations.replies", 3, *HISTORY, needs="channel ts")
def _replies(web: Web, args: Json) -> Json:
    channel = web.channel(args)
    if BOT not in channel.members:
        raise Refusal("not_in_channel")
    found = channel.thread(args["ts"])
    if not found:
        raise Refusal("thread_not_found")
    return _page(web, channel, [m for m in found if _within(m["ts"], args)], args, 1000, 1000)


def _within(ts: str, args: Json) -> bool:
    oldest, latest = float(args.get("oldest") or 0), float(args.get("latest") or 0)
    if _true(args.get("inclusive")):
        return float(ts) >= oldest and (not latest or float(ts) <= latest)
    return float(ts) > oldest and (not latest or float(ts) < latest)


def _true(value: Any) -> bool:
    return value in (True, 1, "1", "true", "True")


def _page(web: Web, channel: Channel, found: list[Json], args: Json, usual: int, most: int) -> Json:
    limit = min(int(args.get("limit") or usual), most)
    start = int(args.get("cursor") or 0)
    whole = _true(args.get("include_all_metadata"))
    shown = [_shown(web, channel, m, whole) for m in found[start : start + limit]]
    more = len(found) > start + limit
    cursor = str(start + limit) if more else ""
    return {"messages": shown, "has_more": more, "response_metadata": {"next_cursor": cursor}}


def _shown(web: Web, channel: Channel, message: Json, whole: bool) -> Json:
    replies = [m for m in channel.thread(message["ts"]) if m["ts"] != message["ts"]]
    made = {k: v for k, v in message.items() if (whole or k != "metadata") and k != "unfurl"}
    names = web.world.reactions
    reactions = [
        {"name": name, "users": sorted(users), "count": len(users)}
        for (key, name), users in names.items()
        if key == f"{channel.id}:{message['ts']}"
    ]
    made |= {"reactions": reactions} if reactions else {}
    return made | ({"reply_count": len(replies)} if replies else {})


@method("conversations.info", 3, "channels:read", "groups:read", "im:read", needs="channel")
def _info(web: Web, args: Json) -> Json:
    return {"channel": web.channel(args).shown()}


@method("conversations.members", 4, "channels:read", "groups:read", "im:read", needs="channel")
def _members(web: Web, args: Json) -> Json:
    return {"members": sorted(web.channel(args).members), "response_metadata": {"next_cursor": ""}}


@method("users.conversations", 3, "channels:read", "groups:read", "im:read")
def _conversations(web: Web, args: Json) -> Json:
    """Those of `user`, the bot itself unless named; private ones when the bot is there too."""
    kinds = str(args.get("types") or "public_channel").split(",")
    names = {"public": "public_channel", "private": "private_channel", "im": "im"}
    who = str(args.get("user") or BOT)
    found = [
        c.shown()
        for c in web.world.channels.values()
        if who in c.members and names[c.kind] in kinds and not c.archived
        and (c.kind == "public" or BOT in c.members)
    ]  # fmt: skip
    start, limit = int(args.get("cursor") or 0), int(args.get("limit") or 100)
    cursor = str(start + limit) if len(found) > start + limit else ""
    page = found[start : start + limit]
    return {"channels": page, "response_metadata": {"next_cursor": cursor}}


@method("conversations.join", 3, "channels:join", needs="channel")
def _join(web: Web, args: Json) -> Json:
    channel = web.channel(args)
    if channel.kind != "public":
        raise Refusal("method_not_supported_for_channel_type")
    if channel.archived:
        raise Refusal("is_archived")
    channel.members.add(BOT)
    return {"channel": channel.shown()}


@method("conversations.open", 3, "im:write", needs="users")
def _open(web: Web, args: Json) -> Json:
    if args["users"] not in web.world.users:
        raise Refusal("user_not_found")
    return {"channel": web.world.im(args["users"]).shown()}


@method("users.info", 4, "users:read", needs="user")
def _user(web: Web, args: Json) -> Json:
    if args["user"] not in web.world.users:
        raise Refusal("user_not_found")
    return {"user": web.world.users[args["user"]].shown(web.viewer)}


@method("usergroups.users.list", 2, "usergroups:read", needs="usergroup")
def _group(web: Web, args: Json) -> Json:
    if args["usergroup"] not in web.world.groups:
        raise Refusal("no_such_subteam")
    return {"users": web.world.groups[args["usergroup"]]}


@method("usergroups.list", 2, "usergroups:read")
def _groups(web: Web, args: Json) -> Json:
    groups = [{"id": id, "handle": id.lower(), "name": id} for id in web.world.groups]
    return {"usergroups": groups}


@method("reactions.add", 3, "reactions:write", needs="channel name timestamp")
def _react(web: Web, args: Json) -> Json:
    users = _reaction(web, args)
    if BOT in users:
        raise Refusal("already_reacted")
    users.add(BOT)
    web.happened("reaction", dict(args))
    return {}


@method("reactions.remove", 2, "reactions:write", needs="channel name timestamp")
def _unreact(web: Web, args: Json) -> Json:
    users = _reaction(web, args)
    if BOT not in users:
        raise Refusal("no_reaction")
    users.discard(BOT)
    return {}


def _reaction(web: Web, args: Json) -> set[str]:
    channel = web.channel(args, write=True)
    if args["timestamp"] not in channel.messages:
        raise Refusal("message_not_found")
    key = (f"{channel.id}:{args['timestamp']}", args["name"])
    return web.world.reactions.setdefault(key, set())


@method("files.getUploadURLExternal", 4, "files:write", needs="filename length")
def _upload_url(web: Web, args: Json) -> Json:
    length = int(args["length"])
    if length < 1:
        raise _invalid("invalid_arguments", ["must be more than 0 [json-pointer:/length]"])
    id = f"F{web.world.number()}"
    alt = args.get("alt_txt", "")
    web.world.files[id] = Upload(id, args["filename"], length, alt, base=web.base)
    return {"file_id": id, "upload_url": f"{web.base}/upload/{id}"}


@method("files.completeUploadExternal", 4, "files:write", needs="files")
def _complete(web: Web, args: Json) -> Json:
    items = args["files"]
    found = [web.world.files.get(item["id"]) for item in items]
    ready = [f for f in found if f is not None and f.data is not None and not f.done]
    if len(ready) != len(items):
        raise Refusal("file_not_found")
    where = args.get("channel_id")
    channel = web.channel({"channel": where}, write=True) if where else None
    if args.get("thread_ts") and channel and args["thread_ts"] not in channel.messages:
        raise Refusal("invalid_thread_ts")
    for file, item in zip(ready, items, strict=True):
        file.done, file.title = True, item.get("title", "")
    if channel:
        _share(web, channel, ready, args)
    return {"files": [f.shown() for f in ready]}


def _share(web: Web, channel: Channel, files: list[Upload], args: Json) -> None:
    text, thread = args.get("initial_comment", ""), args.get("thread_ts", "")
    web.message(channel, {"text": text, "files": [f.shown() for f in files]}, thread)


@method("files.list", 3, "files:read")
def _list_files(web: Web, args: Json) -> Json:
    """What the bot made since `ts_from`; canvases alone when `types` says so."""
    wanted, since = _listed(args.get("types")), float(args.get("ts_from") or 0)
    canvases = [c.shown() for c in web.world.canvases.values()]
    files = [f.shown() for f in web.world.files.values() if f.done]
    found = canvases if wanted == ["canvas"] else [*files, *canvases]
    mine = [f for f in found if args.get("user") in (None, f["user"])]
    shown = [f for f in mine if f.get("created", since) >= since]
    most = int(args.get("count") or 100)
    paging = {"count": most, "total": len(shown), "page": 1, "pages": -(-len(shown) // most)}
    return {"files": shown[:most], "paging": paging}


@method("files.info", 4, "files:read", needs="file")
def _file(web: Web, args: Json) -> Json:
    if canvas := web.world.canvases.get(args["file"]):
        return {"file": canvas.shown()}
    file = web.world.files.get(args["file"])
    if file is None or not file.done:
        raise Refusal("file_not_found")
    return {"file": file.shown()}


@method("views.open", 4, needs="trigger_id view")
def _views_open(web: Web, args: Json) -> Json:
    raw = web.view(args["view"])
    web.use_trigger(args["trigger_id"])
    return {"view": web.keep_view(raw)}


@method("views.push", 4, needs="trigger_id view")
def _views_push(web: Web, args: Json) -> Json:
    raw = web.view(args["view"])
    trigger = web.use_trigger(args["trigger_id"])
    if not trigger.view or trigger.view not in web.world.views:
        raise Refusal("not_found")
    root = web.world.views[trigger.view]["root_view_id"]
    if len(web.world.stacks[root]) >= 3:
        raise Refusal("push_limit_reached")
    return {"view": web.keep_view(raw, root, trigger.view)}


@method("views.update", 4, needs="view")
def _views_update(web: Web, args: Json) -> Json:
    raw = web.view(args["view"])
    found = web.world.views.get(args.get("view_id", "")) or next(
        (v for v in web.world.views.values() if v["external_id"] == args.get("external_id", "-")),
        None,
    )
    if found is None:
        raise Refusal("not_found")
    if args.get("hash") and args["hash"] != found["hash"]:
        raise Refusal("hash_conflict")
    found.update(raw, hash=secrets.token_hex(6))
    web.happened("view", found)
    return {"view": found}


@method("views.publish", 4, needs="user_id view")
def _publish(web: Web, args: Json) -> Json:
    raw = web.view(args["view"])
    if raw["type"] != "home":
        raise _invalid("invalid_arguments", ["must be a home view [json-pointer:/view/type]"])
    if args["user_id"] not in web.world.users:
        raise Refusal("user_not_found")
    before = web.world.homes.get(args["user_id"])
    if args.get("hash") and before and args["hash"] != before["hash"]:
        raise Refusal("hash_conflict")
    kept = web.world.homes[args["user_id"]] = {
        **raw,
        "id": f"V{web.world.number()}",
        "hash": secrets.token_hex(6),
    }
    web.happened("home", kept)
    return {"view": kept}


SESSION = ("active", "processing", "suspended", "closed")


@method("agents.sessions.setStatus", 3, "chat:write", needs="channel_id status")
def _session(web: Web, args: Json) -> Json:
    channel = web.channel(args, field="channel_id", write=True)
    if args["status"] not in SESSION:
        raise Refusal("invalid_status")
    if not args.get("thread_ts"):
        raise Refusal("thread_ts_required")
    web.world.sessions[channel.id, args["thread_ts"]] = dict(args)
    web.happened("session", dict(args))
    return {}


@method("assistant.threads.setStatus", 0, "chat:write", needs="channel_id thread_ts")
def _status(web: Web, args: Json) -> Json:
    channel = web.channel(args, field="channel_id", write=True)
    loading = args.get("loading_messages") or []
    if len(loading) > 10 or any(not 1 <= len(line) <= 50 for line in loading):
        raise _invalid("invalid_arguments", ["must be 1-50 characters [json-pointer:/loading]"])
    web.world.statuses[channel.id, args["thread_ts"]] = dict(args)
    web.happened("status", dict(args))
    return {}


@method("assistant.threads.setTitle", 0, "assistant:write", needs="channel_id thread_ts title")
def _title(web: Web, args: Json) -> Json:
    channel = web.channel(args, field="channel_id", write=True)
    web.world.titles[channel.id, args["thread_ts"]] = args["title"]
    return {}


@method("assistant.threads.setSuggestedPrompts", 0, "assistant:write", needs="channel_id prompts")
def _prompts(web: Web, args: Json) -> Json:
    channel = web.channel(args, field="channel_id", write=True)
    prompts = args["prompts"]
    if not 1 <= len(prompts) <= 4 or any({"title", "message"} - set(p) for p in prompts):
        raise _invalid("invalid_arguments", ["must be 1-4 prompts [json-pointer:/prompts]"])
    web.world.prompts[channel.id] = dict(args)
    web.happened("prompts", dict(args))
    return {}


CANVAS_CHARS = 1024 * 1024


def _has_canvases(web: Web) -> None:
    if web.no_canvases:
        raise Refusal(web.no_canvases)


@method("canvases.create", 2, "canvases:write")
def _canvas(web: Web, args: Json) -> Json:
    _has_canvases(web)
    content = args.get("document_content") or {}
    if content and (content.get("type") != "markdown" or set(content) != {"type", "markdown"}):
        raise Refusal("invalid_parameters")
    if len(content.get("markdown", "")) > CANVAS_CHARS:
        raise Refusal("canvas_creation_failed", detail="content is too long")
    id = f"F{web.world.number()}"
    made = Canvas(id, args.get("title", ""), content.get("markdown", ""), base=web.base)
    web.world.canvases[id] = made
    web.happened("canvas", made.shown())
    return {"canvas_id": id}


def _own_canvas(web: Web, args: Json) -> Canvas:
    found = web.world.canvases.get(args["canvas_id"])
    if found is None:
        raise Refusal("canvas_not_found")
    return found


@method("canvases.access.set", 3, "canvases:write", needs="canvas_id access_level")
def _canvas_access(web: Web, args: Json) -> Json:
    """Channels or people, never both; direct messages are no channels here."""
    _has_canvases(web)
    found = _own_canvas(web, args)
    channels, users = (_listed(args.get(name)) for name in ("channel_ids", "user_ids"))
    if bool(channels) == bool(users) or args["access_level"] not in ("read", "write", "owner"):
        raise Refusal("invalid_parameters")
    for id in channels:
        if web.channel({"channel": id}).kind == "im":
            raise Refusal("channel_not_found")
    if any(user not in web.world.users for user in users):
        raise Refusal("user_not_found")
    found.access |= dict.fromkeys([*channels, *users], args["access_level"])
    return {}


def _listed(value: Any) -> list[str]:
    return [part for part in str(value or "").split(",") if part]


@method("canvases.delete", 3, "canvases:write", needs="canvas_id")
def _delete_canvas(web: Web, args: Json) -> Json:
    del web.world.canvases[_own_canvas(web, args).id]
    return {}


@method("blocks.validate", 0)
def _validate(web: Web, args: Json) -> Json:
    if args.get("view"):
        faults = view_faults(args["view"])
    else:
        faults = message_faults(args.get("blocks") or (args.get("message") or {}).get("blocks"))
    if faults:
        raise _invalid("invalid_blocks", faults)
    return {}


@method("auth.revoke", 3)
def _revoke(web: Web, args: Json) -> Json:
    web.happened("revoked", {})
    return {"revoked": True}
