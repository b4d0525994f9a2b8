"""SlackChat: shows Cards in Slack. Every call is counted, every failure says what it means."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from hashlib import sha256
from typing import Any, NamedTuple, cast

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.cards import Card, Tone
from bot.chat.slack.errors import BLOCKS, Refused, explain
from bot.chat.slack.limiter import Limiter, LocalLimiter, Rate
from bot.chat.slack.place import PLATFORM, Where, parts_of, ref_of
from bot.chat.slack.render import (
    EVENT_TYPE,
    Json,
    Shown,
    bare,
    live,
    metadata,
    plainer,
    render,
    spill_name,
)
from bot.chat.slack.words import clip, mrkdwn
from bot.ports import ChatBusy, ChatError, ChatGone, Files, Message

log = logging.getLogger(__name__)

API = "https://slack.com/api/"
PACE = 3.0
TIMEOUT = 30

Tokens = Callable[[str], Awaitable[str]]
"""Gives a team's bot token. Raises LookupError when the app is not installed there."""

POST = Rate(every=1.0, burst=4)
"""`chat.postMessage`: one a second in each channel, a few at once."""
TIER_2 = Rate(every=3.75, burst=4)
TIER_3 = Rate(every=1.5, burst=10)
TIER_4 = Rate(every=0.75, burst=20)
"""In any minute at most 20, 50, 100 calls: the burst and what flows after it together."""
SPARE = 4
"""Places of a burst that progress leaves to messages which need a person."""
RATES = {
    "chat.postMessage": POST,
    "chat.update": TIER_3,
    "chat.postEphemeral": TIER_4,
    "conversations.replies": TIER_3,
    "conversations.history": TIER_3,
    "conversations.open": TIER_3,
    "agents.sessions.setStatus": TIER_3,
    "files.getUploadURLExternal": TIER_4,
    "files.completeUploadExternal": TIER_4,
}
PRIVATE = frozenset({"user_not_in_channel", "messages_tab_disabled"})
REMEMBERED = 2_000
PAGES = 5
"""Pages of 200 messages that `find` reads, newest or whole thread first."""


class Upload(NamedTuple):
    """A file to show as `title`. `name` is its own in the thread: by it a lost answer is mended."""

    name: str
    title: str
    data: bytes
    alt: str = ""


class SlackChat:
    """The Chat port for Slack; one for all workspaces. Close it when done."""

    platform = PLATFORM
    pace = PACE

    def __init__(
        self, tokens: Tokens, files: Files, *, base_url: str = API, limiter: Limiter | None = None
    ) -> None:
        self._tokens = tokens
        self._files = files
        self._base_url = base_url
        self._limiter = limiter or LocalLimiter()
        self._session: aiohttp.ClientSession | None = None
        self._pictures = _Memory()
        self._uploaded = _Memory()
        self._statuses = _Memory()

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def client(self, team: str) -> AsyncWebClient:
        """The Web API for a team. Raises ChatGone when the app is not installed there.

        It never repeats a call by itself: the SDK's own handler would post twice when the answer
        of the first is lost.
        """
        try:
            token = await self._tokens(team)
        except LookupError as error:
            raise ChatGone(f"not installed in {team}") from error
        if self._session is None or self._session.closed:
            limits = aiohttp.ClientTimeout(total=TIMEOUT)
            self._session = aiohttp.ClientSession(timeout=limits)
        return AsyncWebClient(
            token=token, base_url=self._base_url, session=self._session, retry_handlers=[]
        )

    async def _web(self, where: Where) -> Any:
        """The SDK, which is only half typed."""
        return await self.client(where.team)

    # The port

    async def post(self, message: Message) -> str:
        """Show a new message, files first; gives `channel:ts`."""
        where = Where.of(message.place)

        async def send(shown: Shown) -> Json:
            return await self._post(where, shown, message)

        sent = await self._show(where, message, send)
        await self._set_status(where, message.card)
        return ref_of(str(sent["channel"]), str(sent["ts"]))

    async def edit(self, ref: str, message: Message) -> None:
        """Show this instead. Progress yields to what needs a person when Slack's limit is near."""
        where, (channel, ts) = Where.of(message.place), parts_of(ref)
        spare = SPARE if message.card.tone is Tone.busy else 0
        await self._count(where, "chat.update", spare=spare)

        async def send(shown: Shown) -> Json:
            client = await self._web(where)
            return await self._ask(
                where,
                "chat.update",
                client.chat_update(
                    channel=channel,
                    ts=ts,
                    text=shown.text,
                    blocks=shown.blocks,
                    metadata=metadata(message.card, message.version),
                ),
            )

        await self._show(where, message, send)
        await self._set_status(where, message.card)

    async def find(self, message: Message) -> str | None:
        """Looks at the metadata of the thread's (or channel's) messages; the newest counts."""
        where = Where.of(message.place)
        found: str | None = None
        async for shown in self._messages(where):
            if _is_slot(shown, message):
                found = max(found or "", str(shown["ts"]))
        return ref_of(where.channel, found) if found else None

    async def tell(self, place: str, person: str, text: str) -> None:
        """An ephemeral word; a direct message to who is not in the channel."""
        where, words = Where.of(place), mrkdwn(text, 3_000) or "…"
        await self._count(where, "chat.postEphemeral")
        client = await self._web(where)
        try:
            await self._ask(
                where,
                "chat.postEphemeral",
                client.chat_postEphemeral(
                    channel=where.channel,
                    user=person,
                    text=words,
                    thread_ts=where.thread or None,
                ),
            )
        except ChatGone:
            await self._direct(where, person, words)
        except Refused as refused:
            if refused.code not in PRIVATE:
                raise
            await self._direct(where, person, words)

    async def _direct(self, where: Where, person: str, words: str) -> None:
        client = await self._web(where)
        opened = await self._ask(
            where, "conversations.open", client.conversations_open(users=person)
        )
        channel = str(opened["channel"]["id"])
        where = where._replace(channel=channel, thread="")
        await self._ask(
            where, "chat.postMessage", client.chat_postMessage(channel=channel, text=words)
        )

    # Showing

    async def _show(
        self, where: Where, message: Message, send: Callable[[Shown], Awaitable[Json]]
    ) -> Json:
        """Send the best look that Slack takes."""
        picture = await self._picture(where, message.card)
        looks = list(_looks(message, picture))
        for number, (shown, with_picture) in enumerate(looks):
            await self._share(where, await self._uploads(message.card, shown.spill))
            try:
                return await send(shown)
            except Refused as refused:
                if refused.code not in BLOCKS or number == len(looks) - 1:
                    raise
                log.warning("slack refused a card: slot=%s code=%s", message.slot, refused.code)
            if with_picture:
                await self._share(where, [await _picture_upload(message.card)])
        raise ChatError("no look of the card was taken")  # pragma: no cover

    async def _post(self, where: Where, shown: Shown, message: Message) -> Json:
        await self._count(where, "chat.postMessage")
        client = await self._web(where)
        return await self._ask(
            where,
            "chat.postMessage",
            client.chat_postMessage(
                channel=where.channel,
                thread_ts=where.thread or None,
                text=shown.text,
                blocks=shown.blocks or None,
                metadata=metadata(message.card, message.version),
                unfurl_links=False,
                unfurl_media=False,
            ),
        )

    async def _set_status(self, where: Where, card: Card) -> None:
        """Move Slack's own session status, which also shows its Stop. Never in the way."""
        status = _session_status(card)
        if not where.thread or not status or self._statuses.get(where.place) == status:
            return
        try:
            await self._count(where, "agents.sessions.setStatus", spare=SPARE)
            client = await self._web(where)
            await self._ask(
                where,
                "agents.sessions.setStatus",
                client.agents_sessions_setStatus(
                    channel_id=where.channel,
                    thread_ts=where.thread,
                    status=status,
                    title=clip(card.title, 200) or None,
                ),
            )
        except ChatBusy:
            return
        except ChatError as error:
            log.info("slack session status was not set: %s", error)
        self._statuses.put(where.place, status)

    # Files

    async def _picture(self, where: Where, card: Card) -> str:
        """The id of the card's picture at Slack, uploaded once; "" when there is none to show."""
        if card.picture is None or live(card):
            return ""
        key = f"{where.team}:{sha256(card.picture.svg.encode()).hexdigest()}"
        if not (kept := self._pictures.get(key)):
            try:
                ids = await self._send_files(where, [await _picture_upload(card)])
            except (Refused, ValueError) as error:
                log.warning("slack took no picture: %s", error)
                return ""
            kept = ids[0]["id"]
            await self._complete(where, ids, shared=False)
            self._pictures.put(key, kept)
        return kept

    async def _uploads(self, card: Card, spill: str) -> list[Upload]:
        """What belongs beside the message: the card's files, and the text that did not fit."""
        made = [
            Upload(own_name(f.name, card), _title(f.name, card), data, f.alt)
            for f in card.files
            if (data := await self._data(f.sha256))
        ]
        if spill:
            name = spill_name(card)
            made.append(Upload(own_name(name, card), _title(name, card), spill.encode()))
        return made

    async def _data(self, sha256: str) -> bytes:
        """The bytes; none when they are gone, since the words must be shown all the same."""
        try:
            return await self._files.get(sha256)
        except FileNotFoundError:
            log.warning("a file of a card is gone: %s", sha256[:12])
            return b""

    async def _share(self, where: Where, uploads: list[Upload]) -> None:
        """Put files into the thread, those that are not there yet."""
        lacking = [u for u in uploads if not self._uploaded.get(_file_key(where, u))]
        if not lacking:
            return
        there = await self._there(where)
        new = [upload for upload in lacking if upload.name not in there]
        if new:
            await self._complete(where, await self._send_files(where, new), shared=True)
        for upload in lacking:
            self._uploaded.put(_file_key(where, upload), "there")

    async def _there(self, where: Where) -> set[str]:
        """The names of the files that the bot has shared here."""
        found: set[str] = set()
        async for message in self._messages(where):
            if message.get("bot_id"):
                files = cast("list[Json]", message.get("files", []))
                found |= {str(file.get("name")) for file in files}
        return found

    async def _send_files(self, where: Where, uploads: list[Upload]) -> list[Json]:
        """Bring the bytes to Slack; nobody sees them before they are completed."""
        client, made = await self._web(where), list[Json]()
        for upload in uploads:
            await self._count(where, "files.getUploadURLExternal")
            url = await self._ask(
                where,
                "files.getUploadURLExternal",
                client.files_getUploadURLExternal(
                    filename=upload.name,
                    length=len(upload.data),
                    alt_txt=upload.alt[:1_000] or None,
                ),
            )
            await self._bytes(str(url["upload_url"]), upload.data)
            made.append({"id": str(url["file_id"]), "title": upload.title})
        return made

    async def _bytes(self, url: str, data: bytes) -> None:
        session = self._session
        assert session is not None
        try:
            async with session.post(url, data=data) as answer:
                if answer.status != 200:
                    raise ChatBusy(5.0) if answer.status >= 500 else Refused("upload_failed")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ChatBusy(5.0) from error

    async def _complete(self, where: Where, files: list[Json], *, shared: bool) -> None:
        await self._count(where, "files.completeUploadExternal")
        client = await self._web(where)
        place: Json = {"channel_id": where.channel, "thread_ts": where.thread or None}
        await self._ask(
            where,
            "files.completeUploadExternal",
            client.files_completeUploadExternal(files=files, **(place if shared else {})),
        )

    # Reading

    async def _messages(self, where: Where) -> AsyncIterator[Json]:
        """The messages of a thread, or the newest of a channel, with their metadata."""
        method = "conversations.replies" if where.thread else "conversations.history"
        client, cursor = await self._web(where), ""
        for _ in range(PAGES):
            await self._count(where, method)
            asked: Json = {
                "channel": where.channel,
                "limit": 200,
                "include_all_metadata": True,
                "cursor": cursor or None,
            }
            call = (
                client.conversations_replies(ts=where.thread, **asked)
                if where.thread
                else client.conversations_history(**asked)
            )
            page = await self._ask(where, method, call)
            for message in cast("list[Json]", page.get("messages", [])):
                yield message
            cursor = str(_inner(page, "response_metadata").get("next_cursor") or "")
            if not cursor:
                return

    # Asking

    async def _count(self, where: Where, method: str, spare: int = 0) -> None:
        """Count a call. Raises ChatBusy when Slack's limit would be passed."""
        wait = await self._limiter.take(_rate_key(where, method), RATES[method], spare)
        if wait > 0:
            raise ChatBusy(wait)

    async def _ask(self, where: Where, method: str, call: Awaitable[Any]) -> Json:
        """What Slack answers. Raises ChatError; a 429 holds all callers of the method back."""
        try:
            return cast("Json", (await call).data)
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            said = explain(error)
        if isinstance(said, ChatBusy):
            await self._limiter.hold(_rate_key(where, method), RATES[method], said.seconds)
        raise said


def _rate_key(where: Where, method: str) -> str:
    channel = where.channel if method == "chat.postMessage" else ""
    return ":".join((where.team, method, channel))


class _Memory:
    """What was seen lately. It saves calls, it decides nothing: forgotten, Slack is asked again."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, str] = OrderedDict()

    def get(self, key: str) -> str:
        return self._kept.get(key, "")

    def put(self, key: str, value: str) -> None:
        self._kept[key] = value
        if len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)


def _looks(message: Message, picture: str) -> Iterator[tuple[Shown, bool]]:
    """From the best look to the plainest; whether it shows the picture."""
    card, revision = message.card, message.version
    if picture:
        yield render(card, revision, picture), True
    yield render(card, revision), False
    yield plainer(card, revision), False
    yield bare(card), False


def _inner(data: Json, name: str) -> Json:
    return cast("Json", data.get(name) or {})


def _is_slot(shown: Json, message: Message) -> bool:
    found = _inner(shown, "metadata")
    payload = _inner(found, "event_payload")
    return (
        found.get("event_type") == EVENT_TYPE
        and payload.get("mission") == message.mission
        and payload.get("slot") == message.slot
    )


def _session_status(card: Card) -> str:
    if card.tone is Tone.busy:
        return "processing"
    if card.tone is Tone.ask:
        return "suspended"
    return "closed" if card.ended_at else ""


def own_name(name: str, card: Card) -> str:
    """`brief.md` of version 1 of mission m3f2a9c… → `brief-3f2a9c-v1.md`."""
    stem, dot, kind = name.rpartition(".")
    tail = f"-{card.mission.removeprefix('m')[:6]}" + (f"-v{card.version}" if card.version else "")
    return f"{stem or kind}{tail}{dot + kind if stem else ''}"


def _title(name: str, card: Card) -> str:
    return f"{name} (version {card.version})" if card.version else name


def _file_key(where: Where, upload: Upload) -> str:
    return f"{where.place}:{upload.name}"


async def _picture_upload(card: Card) -> Upload:
    """The card's picture as PNG. Raises ValueError when its SVG cannot be drawn."""
    from bot.picture import plan_png

    assert card.picture is not None
    data = await asyncio.to_thread(plan_png, card.picture.svg)
    name = f"{card.picture.name.removesuffix('.svg') or 'picture'}.png"
    return Upload(own_name(name, card), _title(name, card), data, clip(card.picture.alt, 1_000))
