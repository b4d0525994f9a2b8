"""SlackChat: shows Cards in Slack. Every call is counted, every failure says what it means."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from hashlib import sha256
from typing import NamedTuple, cast

from bot.cards import Card, Tone
from bot.chat.slack.calls import API, DRAFT, Calls, Tokens
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
POST, EDIT = "chat.postMessage", "chat.update"
UPLOAD, COMPLETE = "files.getUploadURLExternal", "files.completeUploadExternal"
SPARE = 4
"""Places of a burst that progress leaves to messages which need a person."""
HALF = 5
"""Places of a burst of edits below which a click's url is used."""
PICTURES = 10
"""Places of a burst of uploads that plans' pictures leave to results' files."""
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
        self._calm = _Memory()
        """Messages that show progress alone: another step of it may wait."""
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
        where, urgent = Where.of(message.place), message.card.tone is not Tone.busy
        if not urgent:
            await self._turn(where, DRAFT, message, urgent=False, spare=0)
        await self._turn(where, POST, message, urgent=urgent, spare=1)

        async def send(shown: Shown) -> Json:
            return await self._post(where, shown, message)

        sent = await self._show(where, message, POST, send)
        ref = ref_of(str(sent["channel"]), str(sent["ts"]))
        await self._shown(where, ref, message.card)
        return ref

    async def edit(self, ref: str, message: Message) -> None:
        """Show this instead. Progress yields to what needs a person when Slack's limit is near.

        A message that was clicked lately may be changed by the url of the click, which costs
        nothing of that limit.
        """
        where, (channel, ts) = Where.of(message.place), parts_of(ref)
        urgent = not (_progress(message.card) and self._calm.get(ref))
        by_click = await self._by_click(where, ref, message, urgent=urgent)

        async def send(shown: Shown) -> Json:
            body: Json = {
                "text": shown.text, "blocks": shown.blocks,
                "metadata": metadata(message.card, message.version),
            }  # fmt: skip
            if by_click:
                if await self.calls.replace(ref, body):
                    return {}
                await self._turn(where, EDIT, message, urgent=urgent)
            return await self.calls.send(where, EDIT, channel=channel, ts=ts, **body)

        await self._show(where, message, EDIT, send)
        await self._shown(where, ref, message.card)

    async def _by_click(self, where: Where, ref: str, message: Message, *, urgent: bool) -> bool:
        """True when edits are short and a click's url is there; else an edit is counted."""
        if self.calls.answers.left(ref) <= _kept_back(message.card):
            await self._turn(where, EDIT, message, urgent=urgent)
            return False
        self.calls.leave(where, EDIT, _who(message))
        try:
            await self.calls.count(where, EDIT, HALF)
        except ChatBusy:
            return True
        return False

    async def _turn(
        self, where: Where, method: str, message: Message, *, urgent: bool, spare: int = SPARE
    ) -> None:
        """Count a call for this message. Raises ChatBusy with the seconds until its turn."""
        await self.calls.turn(where, method, _who(message), urgent=urgent, spare=spare)

    async def _shown(self, where: Where, ref: str, card: Card) -> None:
        """Remember what the message shows now, and let Slack's own status follow it."""
        self._calm.put(ref, "yes" if _progress(card) else "")
        await self._set_status(where, card)

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
        self, where: Where, message: Message, method: str, send: Callable[[Shown], Awaitable[Json]]
    ) -> Json:
        """Send the best look that Slack takes. The first is counted already."""
        picture = await self._picture(where, message.card)
        canvas = await self.canvases.link(where, message) if self.canvases else ""
        for number, look in enumerate(_looks(message, picture, canvas)):
            await self.share(where, await self._uploads(message.card, look.shown.spill))
            try:
                if number:
                    await self.calls.count(where, method)
                return await send(look.shown)
            except Refused as refused:
                if refused.code not in BLOCKS or look.plainest:
                    raise
                log.warning("slack refused a card: slot=%s code=%s", message.slot, refused.code)
            if look.picture:
                await self.share(where, [await _picture_upload(message.card)])
        raise ChatError("no look of the card was taken")  # pragma: no cover

    async def _post(self, where: Where, shown: Shown, message: Message) -> Json:
        return await self.calls.send(
            where, POST, channel=where.channel, thread_ts=where.thread or None, text=shown.text,
            blocks=shown.blocks or None, unfurl_links=False, unfurl_media=False,
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
        """The id of the card's picture at Slack, uploaded once; "" when there is none to show.

        There is none either while uploads are short: the plan says it all in words, too.
        """
        if card.picture is None or live(card):
            return ""
        key = f"{where.team}:{sha256(card.picture.svg.encode()).hexdigest()}"
        if not (kept := self._pictures.get(key)):
            try:
                kept = await self._new_picture(where, card)
            except (Refused, ValueError) as error:
                log.warning("slack took no picture: %s", error)
            if kept:
                self._pictures.put(key, kept)
        return kept

    async def _new_picture(self, where: Where, card: Card) -> str:
        try:
            for method in (UPLOAD, COMPLETE):
                await self.calls.count(where, method, PICTURES)
        except ChatBusy:
            return ""
        file = await self._send_file(where, await _picture_upload(card))
        await self._complete(where, [file], shared=False)
        return str(file["id"])

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
            files = await self._send_files(where, new)
            await self.calls.count(where, COMPLETE)
            await self._complete(where, files, shared=True)
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
            await self.calls.count(where, UPLOAD)
            made.append(await self._send_file(where, upload))
        return made

    async def _send_file(self, where: Where, upload: Upload) -> Json:
        """Bring one file's bytes; the call is counted already."""
        url = await self.calls.send(
            where, UPLOAD, filename=upload.name, length=len(upload.data),
            alt_txt=upload.alt[:1_000] or None,
        )  # fmt: skip
        await self.calls.put(str(url["upload_url"]), upload.data)
        return {"id": str(url["file_id"]), "title": upload.title}

    async def _complete(self, where: Where, files: list[Json], *, shared: bool) -> None:
        """Make the files usable, in the thread when they are `shared`; the call is counted."""
        place: Json = {"channel_id": where.channel, "thread_ts": where.thread or None}
        await self.calls.send(where, COMPLETE, files=files, **(place if shared else {}))


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


class Look(NamedTuple):
    """A card as blocks; `picture` when it shows the card's, `plainest` when no other is left."""

    shown: Shown
    picture: bool = False
    plainest: bool = False


def _looks(message: Message, picture: str, canvas: str) -> Iterator[Look]:
    """From the best look to the plainest; each is only made when it is needed."""
    card, revision = message.card, message.version
    if picture:
        yield Look(render(card, revision, picture, canvas), picture=True)
    yield Look(render(card, revision, "", canvas))
    yield Look(plainer(card, revision, canvas))
    yield Look(bare(card), plainest=True)


def _who(message: Message) -> str:
    """Whose turn it is in a queue."""
    return f"{message.mission}/{message.slot}"


def _progress(card: Card) -> bool:
    """True for one step of many: work that goes on by itself, and can be stopped."""
    return card.tone is Tone.busy and bool(card.buttons)


def _kept_back(card: Card) -> int:
    """How many uses of a click's url this leaves to later changes: the last is for the end."""
    if _progress(card):
        return 2
    return 0 if card.ended_at else 1


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
