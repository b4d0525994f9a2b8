"""What the stand-in remembers: people, channels, messages, files and views of one workspace."""

import itertools
import secrets
import time
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

TEAM = "T1"
ORG = "E1"
APP = "A1"
BOT = "UBOT"
BOT_ID = "B1"


@dataclass
class User:
    """A person. `guest` is Slack's restricted account, `team` another workspace's when not ours.

    `teams` are the workspaces of the organisation that they are in, besides the one they are at
    home in; `leads` it.
    """

    id: str
    name: str
    zone: str = "Europe/Berlin"
    guest: bool = False
    admin: bool = False
    team: str = TEAM
    bot: bool = False
    teams: tuple[str, ...] = ()
    leads: bool = False

    def shown(self, viewer: str = TEAM) -> Json:
        """As an app installed in `viewer` sees the person."""
        return {
            "id": self.id,
            "team_id": self.team,
            "name": self.name.lower(),
            "real_name": self.name,
            "tz": self.zone,
            "is_bot": self.bot,
            "is_admin": self.admin,
            "is_owner": False,
            "is_restricted": self.guest,
            "is_ultra_restricted": False,
            "is_stranger": viewer not in (self.team, ORG, *self.teams),
            "deleted": False,
            "profile": {"real_name": self.name, "display_name": self.name},
            **({"enterprise_user": self._everywhere()} if self.teams else {}),
        }

    def _everywhere(self) -> Json:
        return {
            "id": self.id, "enterprise_id": ORG, "enterprise_name": "Org", "is_owner": False,
            "is_admin": self.leads, "teams": [self.team, *self.teams],
        }  # fmt: skip


@dataclass
class Channel:
    """A conversation. `kind` is `public`, `private` or `im` (then `members` has the person)."""

    id: str
    name: str = ""
    kind: str = "public"
    members: set[str] = field(default_factory=set[str])
    archived: bool = False
    messages: dict[str, Json] = field(default_factory=dict[str, Json])

    def shown(self) -> Json:
        im = self.kind == "im"
        user = next(iter(self.members - {BOT}), "") if im else None
        return {
            "id": self.id,
            "name": self.name,
            "is_channel": self.kind == "public",
            "is_private": self.kind != "public",
            "is_im": im,
            "is_archived": self.archived,
            "is_member": BOT in self.members,
            "context_team_id": TEAM,
            **({"user": user} if im else {}),
        }

    @property
    def event_kind(self) -> str:
        return {"public": "channel", "private": "group", "im": "im"}[self.kind]

    def thread(self, root: str) -> list[Json]:
        """The root and its replies, oldest first."""
        found = [m for ts, m in self.messages.items() if root in (ts, m.get("thread_ts"))]
        return sorted(found, key=lambda m: m["ts"])

    def top(self) -> list[Json]:
        """What the channel itself shows, newest first."""
        roots = [m for ts, m in self.messages.items() if m.get("thread_ts", ts) == ts]
        return sorted(roots, key=lambda m: m["ts"], reverse=True)


@dataclass
class Upload:
    """A file, from the upload URL to what people can open."""

    id: str
    name: str
    length: int
    alt: str = ""
    title: str = ""
    data: bytes | None = None
    done: bool = False
    base: str = ""

    def shown(self) -> Json:
        return {
            "id": self.id,
            "name": self.name,
            "title": self.title or self.name,
            "size": self.length,
            "mimetype": _media_type(self.name),
            "alt_txt": self.alt,
            "user": BOT,
            "url_private": f"{self.base}/files/{self.id}/{self.name}",
            "url_private_download": f"{self.base}/files/{self.id}/download/{self.name}",
        }


@dataclass
class Canvas:
    """A canvas of the bot; `access` says who may do what, by channel or person."""

    id: str
    title: str
    markdown: str
    base: str = ""
    access: dict[str, str] = field(default_factory=dict[str, str])
    created: float = field(default_factory=time.time)

    def shown(self) -> Json:
        return {
            "id": self.id, "title": self.title, "name": self.title, "filetype": "quip",
            "mode": "quip", "mimetype": "application/vnd.slack-docs", "user": BOT,
            "created": int(self.created), "permalink": f"{self.base}/docs/{TEAM}/{self.id}",
        }  # fmt: skip


def _media_type(name: str) -> str:
    import mimetypes

    return mimetypes.guess_type(name)[0] or "application/octet-stream"


@dataclass
class Trigger:
    """A trigger id: three seconds, one use. `view` is set when it comes from inside a modal."""

    user: str
    at: float
    view: str = ""
    used: bool = False


class World:
    """One workspace with one app installed in it."""

    def __init__(self) -> None:
        self.users = {BOT: User(BOT, "Concertmaster", bot=True)}
        self.channels: dict[str, Channel] = {}
        self.files: dict[str, Upload] = {}
        self.views: dict[str, Json] = {}
        self.stacks: dict[str, list[str]] = {}
        self.homes: dict[str, Json] = {}
        self.ephemerals: list[Json] = []
        self.reactions: dict[tuple[str, str], set[str]] = {}
        self.groups: dict[str, list[str]] = {}
        self.statuses: dict[tuple[str, str], Json] = {}
        self.sessions: dict[tuple[str, str], Json] = {}
        self.prompts: dict[str, Json] = {}
        self.titles: dict[tuple[str, str], str] = {}
        self.canvases: dict[str, Canvas] = {}
        self.triggers: dict[str, Trigger] = {}
        self.clock = time.monotonic
        self._start = int(time.time())
        self._numbers = itertools.count(1)

    def number(self) -> int:
        return next(self._numbers)

    def ts(self) -> str:
        """A message time: unique and growing."""
        return f"{int(time.time())}.{self.number():06d}"

    def user(self, id: str, name: str = "", **more: Any) -> User:
        found = self.users[id] = User(id, name or id.title(), **more)
        return found

    def channel(self, id: str, *members: str, bot: bool = True, **more: Any) -> Channel:
        """A channel with these people, and the bot unless told otherwise."""
        everyone = {*members, *([BOT] if bot else ())}
        found = self.channels[id] = Channel(id, more.pop("name", id.lower()), members=everyone)
        for name, value in more.items():
            setattr(found, name, value)
        return found

    def im(self, user: str) -> Channel:
        """The direct messages between the bot and a person."""
        id = f"D{user}"
        if id not in self.channels:
            self.channels[id] = Channel(id, kind="im", members={user, BOT})
        return self.channels[id]

    def trigger(self, user: str, view: str = "") -> str:
        id = f"{self.number()}.{self.number()}.{secrets.token_hex(8)}"
        self.triggers[id] = Trigger(user, self.clock(), view)
        return id
