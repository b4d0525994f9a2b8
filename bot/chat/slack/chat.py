"""SlackChat: shows Cards in Slack. Every call is counted, every failure says what it means."""

import asyncio
import logging
import time
from collections import OrderedDict, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from hashlib import sha256
from typing import NamedTuple, cast

from bot.cards import Card, Tone
from bot.chat.slack.calls import API, TIER_3, Calls, Tokens
from bot.chat.slack.canvas import Canvases
from bot.chat.slack.errors import BLOCKS, Refused
from bot.chat.slack.limiter import Limiter
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

PACE = 3.0
LONGEST_TURN = 10.0
"""Seconds after which who waits for an edit asks again: by then it may need a person."""
SPARE = 4
"""Places of a burst that progress leaves to messages which need a person."""
PRIVATE = frozenset({"user_not_in_channel", "messages_tab_disabled"})
REMEMBERED = 2_000


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
        self.calls = Calls(tokens, base_url=base_url, limiter=limiter)
        self._files = files
        self._pictures = _Memory()
        self._uploaded = _Memory()
        self._statuses = _Memory()
        self._turns: defaultdict[str, Turns] = defaultdict(Turns)
        self.canvases: Canvases | None = None
        """Makes results canvases too, where that is wished."""

    async def close(self) -> None:
        await self.calls.close()

    # The port

    async def post(self, message: Message) -> str:
        """Show a new message, files first; gives `channel:ts`.

        Slack takes far fewer edits than posts. A card under way will need an edit soon, so where
        there is no room for one it waits until it says something that stands: with two hundred
        missions at once, plans to approve are posted at once and not edited in minutes later.
        """
        where = Where.of(message.place)
        if message.card.tone is Tone.busy:
            await self._room(where, message, SPARE)

        async def send(shown: Shown) -> Json:
            return await self._post(where, shown, message)

        sent = await self._show(where, message, send)
        await self._set_status(where, message.card)
        return ref_of(str(sent["channel"]), str(sent["ts"]))

    async def edit(self, ref: str, message: Message) -> None:
        """Show this instead. Progress yields to what needs a person when Slack's limit is near."""
        where, (channel, ts) = Where.of(message.place), parts_of(ref)
        spare = SPARE if message.card.tone is Tone.busy else 0
        await self._room(where, message, spare)

        async def send(shown: Shown) -> Json:
            return await self.calls.send(
                where, "chat.update", channel=channel, ts=ts, text=shown.text,
                blocks=shown.blocks, metadata=metadata(message.card, message.version),
            )  # fmt: skip

        await self._show(where, message, send)
        await self._set_status(where, message.card)

    async def _room(self, where: Where, message: Message, spare: int) -> None:
        """Count an edit. Raises ChatBusy with the seconds until this message's turn."""
        key = f"{message.mission}/{message.slot}"
        try:
            await self.calls.count(where, "chat.update", spare)
        except ChatBusy as busy:
            turn = self._turns[where.team].join(key, busy.seconds)
            raise ChatBusy(turn) from None
        self._turns[where.team].leave(key)

    async def find(self, message: Message) -> str | None:
        """Looks at the metadata of the thread's (or channel's) messages; the newest counts."""
        where = Where.of(message.place)
        found: str | None = None
        async for shown in self.calls.messages(where):
            if _is_slot(shown, message):
                found = max(found or "", str(shown["ts"]))
        return ref_of(where.channel, found) if found else None

    async def tell(self, place: str, person: str, text: str) -> None:
        """An ephemeral word; a direct message to who is not in the channel."""
        where, words = Where.of(place), mrkdwn(text, 3_000) or "…"
        await self.whisper(where, person, {"text": words})

    async def whisper(self, where: Where, person: str, body: Json) -> None:
        """The same with blocks of one's own; a person's own id as channel is a direct message."""
        if where.channel == person:
            await self._direct(where, person, body)
            return
        try:
            await self.calls.ask(
                where, "chat.postEphemeral", channel=where.channel, user=person,
                thread_ts=where.thread or None, **body,
            )  # fmt: skip
        except ChatGone:
            await self._direct(where, person, body)
        except Refused as refused:
            if refused.code not in PRIVATE:
                raise
            await self._direct(where, person, body)

    async def _direct(self, where: Where, person: str, body: Json) -> None:
        opened = await self.calls.ask(where, "conversations.open", users=person)
        channel = str(opened["channel"]["id"])
        where = where._replace(channel=channel, thread="")
        await self.calls.ask(where, "chat.postMessage", channel=channel, **body)

    async def say(self, place: str, text: str) -> None:
        """A line that everybody in the place reads."""
        where = Where.of(place)
        await self.calls.ask(
            where, "chat.postMessage", channel=where.channel, thread_ts=where.thread or None,
            text=mrkdwn(text, 3_000) or "…", unfurl_links=False, unfurl_media=False,
        )  # fmt: skip

    # Showing

    async def _show(
        self, where: Where, message: Message, send: Callable[[Shown], Awaitable[Json]]
    ) -> Json:
        """Send the best look that Slack takes."""
        picture = await self._picture(where, message.card)
        canvas = await self.canvases.link(where, message) if self.canvases else ""
        looks = list(_looks(message, picture, canvas))
        for number, (shown, with_picture) in enumerate(looks):
            await self.share(where, await self._uploads(message.card, shown.spill))
            try:
                return await send(shown)
            except Refused as refused:
                if refused.code not in BLOCKS or number == len(looks) - 1:
                    raise
                log.warning("slack refused a card: slot=%s code=%s", message.slot, refused.code)
            if with_picture:
                await self.share(where, [await _picture_upload(message.card)])
        raise ChatError("no look of the card was taken")  # pragma: no cover

    async def _post(self, where: Where, shown: Shown, message: Message) -> Json:
        return await self.calls.ask(
            where, "chat.postMessage", channel=where.channel, thread_ts=where.thread or None,
            text=shown.text, blocks=shown.blocks or None, unfurl_links=False, unfurl_media=False,
            metadata=metadata(message.card, message.version),
        )  # fmt: skip

    async def _set_status(self, where: Where, card: Card) -> None:
        """Move Slack's own session status, which also shows its Stop. Never in the way."""
        status = _session_status(card)
        if not where.thread or not status or self._statuses.get(where.place) == status:
            return
        try:
            await self.calls.ask(
                where, "agents.sessions.setStatus", spare=SPARE, channel_id=where.channel,
                thread_ts=where.thread, status=status, title=clip(card.title, 200) or None,
            )  # fmt: skip
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

    async def share(self, where: Where, uploads: list[Upload]) -> None:
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
        async for message in self.calls.messages(where):
            if message.get("bot_id"):
                files = cast("list[Json]", message.get("files", []))
                found |= {str(file.get("name")) for file in files}
        return found

    async def _send_files(self, where: Where, uploads: list[Upload]) -> list[Json]:
        """Bring the bytes to Slack; nobody sees them before they are completed."""
        made: list[Json] = []
        for upload in uploads:
            url = await self.calls.ask(
                where, "files.getUploadURLExternal", filename=upload.name,
                length=len(upload.data), alt_txt=upload.alt[:1_000] or None,
            )  # fmt: skip
            await self.calls.put(str(url["upload_url"]), upload.data)
            made.append({"id": str(url["file_id"]), "title": upload.title})
        return made

    async def _complete(self, where: Where, files: list[Json], *, shared: bool) -> None:
        place: Json = {"channel_id": where.channel, "thread_ts": where.thread or None}
        await self.calls.ask(
            where, "files.completeUploadExternal", files=files, **(place if shared else {})
        )


class Turns:
    """Who waits for an edit: first come, first served, so that not all ask again at once.

    It only says when to ask again; the limiter decides.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asked: OrderedDict[str, float] = OrderedDict()

    def join(self, key: str, soonest: float) -> float:
        """The seconds until the turn of `key`, at most LONGEST_TURN."""
        now = self._clock()
        for gone in [k for k, at in self._asked.items() if now - at > 3 * LONGEST_TURN]:
            del self._asked[gone]
        self._asked[key] = now
        ahead = list(self._asked).index(key)
        return min(soonest + ahead * TIER_3.every, max(soonest, LONGEST_TURN))

    def leave(self, key: str) -> None:
        self._asked.pop(key, None)


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


def _looks(message: Message, picture: str, canvas: str) -> Iterator[tuple[Shown, bool]]:
    """From the best look to the plainest; whether it shows the picture."""
    card, revision = message.card, message.version
    if picture:
        yield render(card, revision, picture, canvas), True
    yield render(card, revision, "", canvas), False
    yield plainer(card, revision, canvas), False
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
    if card.tone is Tone.ask or (card.tone is Tone.bad and card.buttons):
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
