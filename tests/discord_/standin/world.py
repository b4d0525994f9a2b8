"""What exists on the stand-in's side: users, guilds, channels, threads, messages, commands."""

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.discord_.standin.clock import Clock, Snowflakes
from tests.discord_.standin.refusal import Refusal, unknown
from tests.discord_.standin.rules import EPHEMERAL, TEXT, walk

Json = dict[str, Any]

BITS = {
    "add_reactions": 1 << 6,
    "view_channel": 1 << 10,
    "send_messages": 1 << 11,
    "manage_messages": 1 << 13,
    "embed_links": 1 << 14,
    "attach_files": 1 << 15,
    "read_message_history": 1 << 16,
    "manage_threads": 1 << 34,
    "create_public_threads": 1 << 35,
    "create_private_threads": 1 << 36,
    "send_messages_in_threads": 1 << 38,
}
USUAL = sum(v for k, v in BITS.items() if k not in ("manage_messages", "manage_threads"))
TEXT_CHANNEL, DM, PUBLIC_THREAD, PRIVATE_THREAD = 0, 1, 11, 12
THREADS = frozenset({10, PUBLIC_THREAD, PRIVATE_THREAD})
DEFAULT, CREATED_THREAD, REPLY = 0, 18, 19
CONTENT_INTENT = 1 << 15
MB = 1024 * 1024
UPLOAD_LIMITS = {0: 10 * MB, 1: 10 * MB, 2: 50 * MB, 3: 100 * MB}


@dataclass
class Ping:
    """Who a message of the bot would have notified."""

    message: str
    everyone: bool
    users: tuple[str, ...]
    roles: tuple[str, ...]


@dataclass
class World:
    """The whole state; `announce` hands an event to the gateway."""

    clock: Clock
    announce: Callable[[str, Json], None]
    cdn: str = ""
    content_allowed: bool = True
    shard_at: int = 2500
    thread_cap: int = 1000
    users: dict[str, Json] = field(default_factory=dict[str, Json])
    guilds: dict[str, Json] = field(default_factory=dict[str, Json])
    channels: dict[str, Json] = field(default_factory=dict[str, Json])
    messages: dict[str, dict[str, Json]] = field(default_factory=dict[str, dict[str, Json]])
    commands: dict[str, list[Json]] = field(default_factory=dict[str, list[Json]])
    blobs: dict[str, bytes] = field(default_factory=dict[str, bytes])
    nonces: dict[tuple[str, str], tuple[float, str]] = field(
        default_factory=dict[tuple[str, str], tuple[float, str]]
    )
    pings: list[Ping] = field(default_factory=list[Ping])
    closed_dms: set[str] = field(default_factory=set[str])
    typing: list[str] = field(default_factory=list[str])
    _waiters: set[asyncio.Event] = field(default_factory=set[asyncio.Event])

    def __post_init__(self) -> None:
        self.ids = Snowflakes(self.clock.now)
        self.bot = self.user("concertmaster", bot=True)
        self.app = self.bot["id"]

    def stamp(self) -> str:
        return datetime.fromtimestamp(self.clock.now(), UTC).isoformat()

    def touched(self) -> None:
        """Something changed: whoever waits looks again."""
        for waiter in self._waiters:
            waiter.set()

    async def until(self, true: Callable[[], Any], timeout: float) -> Any:
        """The first truthy value. Raises TimeoutError."""
        waiter = asyncio.Event()
        self._waiters.add(waiter)
        try:
            async with asyncio.timeout(timeout):
                while not (found := true()):
                    await waiter.wait()
                    waiter.clear()
                return found
        finally:
            self._waiters.discard(waiter)

    # people and places

    def user(self, name: str, *, bot: bool = False) -> Json:
        user: Json = {
            "id": self.ids.next(),
            "username": name,
            "global_name": None if bot else name.title(),
            "discriminator": "0000" if bot else "0",
            "avatar": None,
            "bot": bot,
        }
        self.users[user["id"]] = user
        return user

    def guild(self, name: str, tier: int = 0) -> Json:
        guild_id = self.ids.next()
        guild = {
            "id": guild_id,
            "name": name,
            "owner_id": self.ids.next(),
            "icon": None,
            "features": [],
            "premium_tier": tier,
            "preferred_locale": "en-US",
            "roles": [self.role_json(guild_id, "@everyone", USUAL)],
            "members": [self.member_json(self.bot)],
            "channels": [],
            "threads": [],
            "emojis": [],
            "stickers": [],
            "voice_states": [],
            "presences": [],
            "member_count": 1,
            "large": False,
            "unavailable": False,
            "joined_at": self.stamp(),
        }
        self.guilds[guild_id] = guild
        self.announce("GUILD_CREATE", self.guild_json(guild))
        return guild

    def guild_json(self, guild: Json) -> Json:
        """The guild as GUILD_CREATE has it: channels, active threads that the bot may see."""
        mine = [c for c in self.channels.values() if c.get("guild_id") == guild["id"]]
        threads = [c for c in mine if c["type"] in THREADS and not archived(c)]
        seen = [t for t in threads if self.sees(t)]
        return guild | {
            "channels": [c for c in mine if c["type"] not in THREADS],
            "threads": [self.thread_json(t) for t in seen],
        }

    def role_json(self, role_id: str, name: str, permissions: int = 0) -> Json:
        return {
            "id": role_id,
            "name": name,
            "permissions": str(permissions),
            "position": 0 if name == "@everyone" else 1,
            "color": 0,
            "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
            "hoist": False,
            "managed": False,
            "mentionable": True,
            "flags": 0,
        }

    def role(self, guild: Json, name: str, permissions: int = 0) -> Json:
        """The role of this name, made when it is new."""
        for role in guild["roles"]:
            if role["name"] == name:
                return role
        role = self.role_json(self.ids.next(), name, permissions)
        guild["roles"].append(role)
        self.announce("GUILD_ROLE_CREATE", {"guild_id": guild["id"], "role": role})
        return role

    def member_json(self, user: Json, roles: tuple[str, ...] = ()) -> Json:
        return {
            "user": user,
            "roles": list(roles),
            "nick": None,
            "joined_at": self.stamp(),
            "deaf": False,
            "mute": False,
            "flags": 0,
        }

    def member(self, guild: Json, user_id: str) -> Json:
        for member in guild["members"]:
            if member["user"]["id"] == user_id:
                return member
        raise unknown("Member", 10007)

    def channel(self, guild: Json, name: str) -> Json:
        channel = {
            "id": self.ids.next(),
            "type": TEXT_CHANNEL,
            "guild_id": guild["id"],
            "name": name,
            "position": 0,
            "permission_overwrites": [],
            "parent_id": None,
            "nsfw": False,
            "topic": None,
            "rate_limit_per_user": 0,
            "last_message_id": None,
        }
        self._add(channel)
        self.announce("CHANNEL_CREATE", channel)
        return channel

    def _add(self, channel: Json) -> None:
        self.channels[channel["id"]] = channel
        self.messages.setdefault(channel["id"], {})
        self.touched()

    def dm(self, user_id: str) -> Json:
        """The direct channel with this user, made when it is new."""
        for channel in self.channels.values():
            if channel["type"] == DM and channel["recipients"][0]["id"] == user_id:
                return channel
        if user_id not in self.users:
            raise unknown("User", 10013)
        channel = {
            "id": self.ids.next(),
            "type": DM,
            "recipients": [self.users[user_id]],
            "last_message_id": None,
        }
        self._add(channel)
        return channel

    def thread(
        self,
        parent: Json,
        name: str,
        owner: str,
        *,
        start: Json | None = None,
        private: bool = False,
    ) -> Json:
        """A thread, from a message where there is one: then it bears the message's id."""
        thread = {
            "id": start["id"] if start else self.ids.next(),
            "type": PRIVATE_THREAD if private else PUBLIC_THREAD,
            "guild_id": parent["guild_id"],
            "parent_id": parent["id"],
            "owner_id": owner,
            "name": name,
            "message_count": 0,
            "member_count": 1,
            "rate_limit_per_user": 0,
            "last_message_id": None,
            "flags": 0,
            "thread_metadata": {
                "archived": False,
                "locked": False,
                "auto_archive_duration": 1440,
                "archive_timestamp": self.stamp(),
                "create_timestamp": self.stamp(),
            },
            "_members": {owner},
        }
        self._add(thread)
        if start is not None:
            start["thread"] = self.thread_json(thread)
            start["flags"] = start.get("flags", 0) | 1 << 5
        if self.sees(thread):
            self.announce("THREAD_CREATE", self.thread_json(thread) | {"newly_created": True})
        return thread

    def thread_json(self, thread: Json) -> Json:
        """The thread as the bot sees it: with its own membership when it is in."""
        shown = {k: v for k, v in thread.items() if not k.startswith("_")}
        if self.bot["id"] in thread["_members"]:
            shown["member"] = {
                "id": thread["id"],
                "user_id": self.bot["id"],
                "join_timestamp": thread["thread_metadata"]["create_timestamp"],
                "flags": 0,
            }
        return shown

    def set_thread(self, thread: Json, **metadata: Any) -> None:
        """Archive, unarchive, lock or unlock."""
        thread["thread_metadata"] |= metadata | {"archive_timestamp": self.stamp()}
        self.announce("THREAD_UPDATE", self.thread_json(thread))
        self.touched()

    # what the bot may

    def deny(self, channel: Json, *names: str) -> None:
        """Take permissions from the bot in this channel."""
        bits = sum(BITS[n] for n in names)
        overwrite = {"id": self.bot["id"], "type": 1, "allow": "0", "deny": str(bits)}
        channel["permission_overwrites"] = [overwrite]
        self.announce("CHANNEL_UPDATE", channel)

    def permissions(self, channel: Json) -> int:
        if channel["type"] == DM:
            return USUAL
        top = self.channels[channel["parent_id"]] if channel["type"] in THREADS else channel
        bits = USUAL
        for overwrite in top["permission_overwrites"]:
            bits &= ~int(overwrite["deny"])
        return bits

    def sees(self, channel: Json) -> bool:
        if not self.permissions(channel) & BITS["view_channel"]:
            return False
        return channel["type"] != PRIVATE_THREAD or self.bot["id"] in channel["_members"]

    def need(self, channel: Json, *names: str) -> None:
        """Raises Refusal when the bot may not."""
        if not self.sees(channel):
            raise Refusal(403, 50001, "Missing Access")
        if any(not self.permissions(channel) & BITS[n] for n in names):
            raise Refusal(403, 50013, "Missing Permissions")

    def place(self, channel_id: str) -> Json:
        """A channel that the bot can see."""
        if channel_id not in self.channels:
            raise unknown("Channel", 10003)
        channel = self.channels[channel_id]
        self.need(channel)
        return channel

    def upload_limit(self, channel: Json) -> int:
        guild = self.guilds.get(channel.get("guild_id", ""), {})
        return UPLOAD_LIMITS[guild.get("premium_tier", 0)]

    # messages

    def message(self, channel_id: str, message_id: str) -> Json:
        found = self.messages.get(channel_id, {}).get(message_id)
        if found is None:
            raise unknown("Message", 10008)
        return found

    def add_message(self, channel: Json, author: Json, body: Mapping[str, Any]) -> Json:
        """Store a message and tell the gateway."""
        message = self.message_json(channel, author, body)
        self.messages[channel["id"]][message["id"]] = message
        channel["last_message_id"] = message["id"]
        if channel["type"] in THREADS:
            channel["message_count"] += 1
            if archived(channel):
                self.set_thread(channel, archived=False)
        self._announce_message("MESSAGE_CREATE", message)
        return message

    def message_json(self, channel: Json, author: Json, body: Mapping[str, Any]) -> Json:
        text = body.get("content") or ""
        message = {
            "id": self.ids.next(),
            "type": DEFAULT,
            "channel_id": channel["id"],
            "author": author,
            "content": text,
            "timestamp": self.stamp(),
            "edited_timestamp": None,
            "tts": False,
            "mention_everyone": False,
            "mentions": [self.users[u] for u in user_mentions(text) if u in self.users],
            "mention_roles": re.findall(r"<@&(\d+)>", text),
            "attachments": body.get("attachments") or [],
            "embeds": body.get("embeds") or [],
            "components": body.get("components") or [],
            "flags": body.get("flags") or 0,
            "pinned": False,
        }
        if "guild_id" in channel:
            message["guild_id"] = channel["guild_id"]
        if body.get("nonce"):
            message["nonce"] = body["nonce"]
        if body.get("message_reference"):
            message |= self._reply(channel, body["message_reference"])
        return message

    def _reply(self, channel: Json, reference: Mapping[str, Any]) -> Json:
        target = str(reference["message_id"])
        full = {"message_id": target, "channel_id": channel["id"], "type": 0}
        origin = self.messages[channel["id"]].get(target)
        return {"type": REPLY, "message_reference": full, "referenced_message": origin}

    def edit_message(self, message: Json, body: Mapping[str, Any]) -> None:
        for name in ("content", "embeds", "components", "attachments"):
            if name in body:
                message[name] = body[name] if body[name] is not None else type(message[name])()
        if body.get("flags") is not None:
            message["flags"] = message["flags"] | body["flags"]
        if body.get("content"):
            known = [self.users.get(u) for u in user_mentions(body["content"])]
            message["mentions"] = [user for user in known if user]
        message["edited_timestamp"] = self.stamp()
        self._announce_message("MESSAGE_UPDATE", message)

    def delete_message(self, message: Json) -> None:
        """A thread that hangs on it stays. Nobody is told who deleted it."""
        del self.messages[message["channel_id"]][message["id"]]
        self.touched()
        if self.sees(self.channels[message["channel_id"]]):
            kept = ("id", "channel_id", "guild_id")
            self.announce("MESSAGE_DELETE", {k: v for k, v in message.items() if k in kept})

    def _announce_message(self, event: str, message: Json) -> None:
        self.touched()
        if message["flags"] & EPHEMERAL or not self.sees(self.channels[message["channel_id"]]):
            return
        self.announce(event, self.with_member(message))

    def with_member(self, message: Json) -> Json:
        guild = self.guilds.get(message.get("guild_id", ""))
        if guild is None:
            return message
        for member in guild["members"]:
            if member["user"]["id"] == message["author"]["id"]:
                return message | {"member": {k: v for k, v in member.items() if k != "user"}}
        return message

    def blanked(self, message: Json, content: bool) -> Json:
        """The message as an application without the content intent gets it."""
        if content or "guild_id" not in message or message["author"]["id"] == self.bot["id"]:
            return message
        if any(u["id"] == self.bot["id"] for u in message["mentions"]):
            return message
        return message | {"content": "", "embeds": [], "attachments": [], "components": []}

    def note_pings(self, message: Json, body: Mapping[str, Any]) -> None:
        """Keep who this message would notify, given its allowed_mentions."""
        ping = pings(message, body.get("allowed_mentions"))
        if ping.everyone or ping.users or ping.roles:
            self.pings.append(ping)


def archived(thread: Json) -> bool:
    return thread.get("thread_metadata", {}).get("archived", False)


def user_mentions(text: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r"<@!?(\d+)>", text)))


def texts(message: Json) -> Iterator[str]:
    """Everything that people read in the message."""
    yield message["content"]
    yield from (p["content"] for p in walk(message["components"]) if p["type"] == TEXT)
    for embed in message["embeds"]:
        yield from (str(embed[n]) for n in ("title", "description") if embed.get(n))
        yield from (f"{f['name']}: {f['value']}" for f in embed.get("fields") or [])
        yield (embed.get("footer") or {}).get("text", "")


def pings(message: Json, allowed: Mapping[str, Any] | None) -> Ping:
    """Embeds never notify; content and text displays do. Nothing given allows everything."""
    shown = [message["content"]]
    shown += [p["content"] for p in walk(message["components"]) if p["type"] == TEXT]
    text = "\n".join(shown)
    kinds = ("everyone", "users", "roles") if allowed is None else allowed.get("parse", ())
    named = allowed or {}
    return Ping(
        message=message["id"],
        everyone="everyone" in kinds and bool(re.search(r"@(everyone|here)\b", text)),
        users=tuple(
            u for u in user_mentions(text) if "users" in kinds or u in _ids(named, "users")
        ),
        roles=tuple(
            r
            for r in re.findall(r"<@&(\d+)>", text)
            if "roles" in kinds or r in _ids(named, "roles")
        ),
    )


def _ids(allowed: Mapping[str, Any], name: str) -> set[str]:
    return {str(i) for i in allowed.get(name) or ()}
