"""What Slack sends, as letters: little models, with the key that makes a repeat harmless. Pure.

Only what is needed is kept of a payload. A message can arrive as two events, so its key is its
place and time; who looks at it looks at its content, never at the event that brought it.
"""

import re
from typing import Any, cast

from pydantic import ValidationError

from bot.chat.slack.place import Where, workspace_of
from bot.domain.base import Frozen, digest
from bot.inbox import Letter

Json = dict[str, Any]

SAID = frozenset({"", "file_share", "thread_broadcast", "me_message"})
"""The subtypes of a message that a person wrote; all others are Slack's own or a bot's."""
MOST_KEY = 240


class Sent(Frozen):
    """A file at Slack. `lookup` when its address must be asked for (it is another workspace's)."""

    id: str
    name: str
    size: int = 0
    media_type: str = ""
    url: str = ""
    lookup: bool = False


def message_key(team: str, channel: str, ts: str) -> str:
    """Workspace, channel, time: what makes a message one message."""
    return f"slack:m:{team}:{channel}:{ts}"


class Words(Frozen):
    """What a person wrote. `thread` is the root's ts when it is a reply, `edited` the edit's."""

    team: str
    channel: str
    user: str
    ts: str
    text: str
    thread: str = ""
    files: tuple[Sent, ...] = ()
    direct: bool = False
    edited: str = ""
    before: str = ""

    @property
    def where(self) -> Where:
        """The thread that they stand in, or that begins with them."""
        return Where(self.team, self.channel, self.thread or self.ts)

    @property
    def key(self) -> str:
        return f"{self.first_key}:{self.edited}" if self.edited else self.first_key

    @property
    def first_key(self) -> str:
        """The key of the words as they were first said."""
        return message_key(self.team, self.channel, self.ts)

    def calls(self, bot: str) -> bool:
        """True when the bot is mentioned."""
        return f"<@{bot}>" in self.text or f"<@{bot}|" in self.text


class Deleted(Frozen):
    """A person took a message back."""

    team: str
    channel: str
    user: str
    ts: str
    thread: str = ""

    @property
    def where(self) -> Where:
        return Where(self.team, self.channel, self.thread or self.ts)

    @property
    def first_key(self) -> str:
        return message_key(self.team, self.channel, self.ts)


class Command(Frozen):
    """`/mission text`, typed in a channel. `answer` is where a private answer goes."""

    team: str
    channel: str
    user: str
    text: str
    answer: str = ""


class Press(Frozen):
    """A button or a menu, in a message (`place`) or on the App Home."""

    team: str
    user: str
    id: str
    place: str = ""
    option: str = ""
    answer: str = ""
    home: bool = False


class Filled(Frozen):
    """A modal that came back: `values` as Slack has them, `private` as we gave it."""

    team: str
    user: str
    form: str
    private: str
    values: dict[str, dict[str, Json]]


class Shortcut(Frozen):
    """“Make this a mission”, on a message."""

    team: str
    user: str
    words: Words
    answer: str = ""


class Opened(Frozen):
    """A person looks at the App Home or at the direct messages (`tab`), in `channel`.

    `beside` is the channel that they have open next to it, when Slack says so.
    """

    team: str
    user: str
    channel: str
    tab: str
    ts: str = ""
    beside: str = ""


class Halted(Frozen):
    """Slack's own Stop."""

    team: str
    user: str
    channel: str
    thread: str


class Removed(Frozen):
    """The workspace removed the app, or took the bot's token back."""

    team: str


def inner(data: Json, name: str) -> Json:
    """A part of a payload; empty when it is not there."""
    return data.get(name) or {}


# -- reading ---------------------------------------------------------------------------------------


def team_of(body: Json, known: str) -> str:
    """The workspace that something happened in: `known`, as Bolt found it.

    Where an organisation has the app as a whole, Slack may name the workspace beside the grant.
    """
    event = inner(body, "event")
    named = (known, body.get("context_team_id"), body.get("team_id"), event.get("team"))
    return next((str(team) for team in named if str(team or "").startswith("T")), known)


def words_of(event: Json, team: str) -> Words | None:
    """A message event, or a message from the history, as a person's words; None for all else."""
    if event.get("bot_id") or event.get("subtype", "") not in SAID or not event.get("user"):
        return None
    if event["user"] == "USLACKBOT" or not event.get("channel"):
        return None
    thread = str(event.get("thread_ts") or "")
    return Words(
        team=team, channel=event["channel"], user=event["user"], ts=event["ts"],
        text=event.get("text") or "", thread="" if thread == event["ts"] else thread,
        files=tuple(_sent(f) for f in _files(event) if _shared(f)),
        direct=_direct(event),
    )  # fmt: skip


def edited_of(event: Json, team: str) -> Words | None:
    """An edit by a person that changed the words; Slack also says so for previews and files."""
    now, before = inner(event, "message"), inner(event, "previous_message")
    edit = inner(now, "edited")
    if not edit or edit.get("user") != now.get("user") or now.get("text") == before.get("text"):
        return None
    where = {"channel": event.get("channel"), "channel_type": event.get("channel_type")}
    words = words_of({**now, **where}, team)
    if words is None:
        return None
    old = str(before.get("text") or "")
    return words.model_copy(update={"edited": str(edit.get("ts") or ""), "before": old})


def deleted_of(event: Json, team: str) -> Deleted | None:
    before = inner(event, "previous_message")
    words = words_of({**before, "channel": event.get("channel")}, team)
    if words is None:
        return None
    return Deleted(
        team=team, channel=words.channel, user=words.user, ts=words.ts, thread=words.thread
    )


def opened_of(event: Json, team: str) -> Opened:
    """A look at the app's own pages."""
    return Opened(
        team=team, user=event["user"], channel=event.get("channel", ""), tab=event.get("tab", ""),
        ts=str(event["event_ts"]), beside=_beside(event, team),
    )  # fmt: skip


def beside_of(event: Json, body: Json, team: str) -> Opened | None:
    """What a person has open beside the direct messages; None when Slack does not say who."""
    granted: list[Json] = body.get("authorizations") or [{}]
    first = granted[0]
    user = event.get("user") or ("" if first.get("is_bot") else first.get("user_id"))
    if not user:
        return None
    channel = str(event.get("channel") or "")
    direct = channel if channel.startswith("D") else ""
    return Opened(team=team, user=user, channel=direct, tab="messages", beside=_beside(event, team))


def _beside(event: Json, team: str) -> str:
    """The channel among what is in view, the most relevant first; "" when there is none of ours."""
    entities: list[Json] = inner(event, "context").get("entities") or []
    for entity in entities:
        value = entity.get("value")
        message = cast("Json", value) if isinstance(value, dict) else {"channel_id": value}
        channel = str(message.get("channel_id") or "")
        if channel.startswith(("C", "G")) and entity.get("team_id", team) == team:
            return channel
    return ""


def press_of(body: Json, team: str) -> Press:
    """A click. Raises ValueError when it is none."""
    action, holder = body["actions"][0], inner(body, "container")
    channel = str(holder.get("channel_id") or "")
    thread = str(holder.get("thread_ts") or holder.get("message_ts") or "")
    option = str(inner(action, "selected_option").get("value") or "")
    return Press(
        team=team, user=body["user"]["id"], id=str(action.get("value") or action["action_id"]),
        place=Where(team, channel, thread).place if channel else "", option=option,
        answer=body.get("response_url") or "", home=holder.get("type") == "view",
    )  # fmt: skip


def press_key(body: Json, team: str) -> str:
    """Person, container, action id, action time: two clicks are two, a repeat of one is one."""
    action, holder = body["actions"][0], inner(body, "container")
    seen = holder.get("message_ts") or holder.get("view_id") or ""
    parts = [holder.get("channel_id") or "", seen, action["action_id"], action["action_ts"]]
    return _key("slack:c", team, body["user"]["id"], *map(str, parts))


def filled_of(body: Json, team: str) -> Filled:
    view = body["view"]
    return Filled(
        team=team, user=body["user"]["id"], form=view["callback_id"],
        private=view.get("private_metadata") or "", values=inner(view, "state")["values"],
    )  # fmt: skip


def filled_key(body: Json, team: str) -> str:
    """The view's id and hash."""
    view = body["view"]
    return _key("slack:v", team, str(view["id"]), str(view.get("hash") or ""))


def command_of(body: Json, team: str) -> Command:
    return Command(
        team=team, channel=body["channel_id"], user=body["user_id"],
        text=body.get("text") or "", answer=body.get("response_url") or "",
    )  # fmt: skip


def shortcut_of(body: Json, team: str) -> Shortcut | None:
    """None for a message that no person wrote."""
    message = {**body["message"], "channel": body["channel"]["id"]}
    words = words_of(message, team)
    if words is None:
        return None
    return Shortcut(
        team=team, user=body["user"]["id"], words=words, answer=body.get("response_url") or ""
    )


def trigger_key(body: Json, team: str) -> str:
    """Commands and shortcuts: the trigger id."""
    return _key("slack:t", team, str(body["trigger_id"]))


def letter(key: str, kind: str, team: str, place: str, model: Frozen) -> Letter:
    """The letter; its place says which letters are dealt with one after the other."""
    payload = model.model_dump(mode="json")
    return Letter(key=key, workspace=workspace_of(team), place=place, kind=kind, payload=payload)


def _key(*parts: str) -> str:
    key = ":".join(parts)
    return key if len(key) <= MOST_KEY else f"{parts[0]}:{digest(list(parts))}"


def _files(event: Json) -> list[Json]:
    return event.get("files") or []


def _direct(event: Json) -> bool:
    return event.get("channel_type") == "im" or str(event["channel"]).startswith("D")


def _shared(file: Json) -> bool:
    """False for what is not at Slack: links to other services, files over the plan's limit."""
    gone = file.get("mode") in {"tombstone", "hidden_by_limit", "external"}
    return bool(file.get("id")) and not gone and not file.get("is_external")


def _sent(file: Json) -> Sent:
    url = str(file.get("url_private_download") or file.get("url_private") or "")
    return Sent(
        id=file["id"], name=str(file.get("name") or file.get("title") or "file"),
        size=int(file.get("size") or 0), media_type=str(file.get("mimetype") or ""), url=url,
        lookup=not url or file.get("file_access") == "check_file_info",
    )  # fmt: skip


# -- text ------------------------------------------------------------------------------------------

_MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|([^>]*))?>")
_CHANNEL = re.compile(r"<#[CG][A-Z0-9]+(?:\|([^>]*))?>")
_GROUP = re.compile(r"<!(?:subteam\^[A-Z0-9]+\|)?@?([^>|^]+)(?:\|([^>]*))?>")
_LINK = re.compile(r"<((?:https?|mailto):[^>|]+)(?:\|([^>]*))?>")


def plain(text: str, bot: str, names: dict[str, str] | None = None) -> str:
    """Slack's mark-up as a person reads it, without the mention of the bot."""
    known = names or {}
    text = re.sub(rf"<@{re.escape(bot)}(?:\|[^>]*)?>[,:]?", " ", text)
    text = _MENTION.sub(lambda m: f"@{known.get(m[1]) or m[2] or m[1]}", text)
    text = _CHANNEL.sub(lambda m: f"#{m[1] or 'channel'}", text)
    text = _LINK.sub(_linked, text)
    text = _GROUP.sub(lambda m: f"@{m[2] or m[1]}", text)
    text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return "\n".join(re.sub(r"[ \t]+", " ", line).strip() for line in text.splitlines()).strip()


def _linked(match: re.Match[str]) -> str:
    url, label = match[1], match[2]
    bare = url.removeprefix("mailto:")
    return bare if not label or label in (bare, url) else f"{label} ({bare})"


def read(model: type[Frozen], payload: Json) -> Any:
    """A letter's payload again. Raises ValueError."""
    try:
        return model.model_validate(payload)
    except ValidationError as error:
        raise ValueError(f"not a {model.__name__}") from error
