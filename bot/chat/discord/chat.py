"""The Chat port on Discord, through the bot's own message endpoints.

Interaction tokens die after fifteen minutes and missions do not, so nothing here uses one. No view
is ever kept in memory: a message is components in JSON, and clicks find their way by their ids.
"""

import asyncio
import hashlib
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from bot.cards import Button, Card, Picture
from bot.chat.discord import limits
from bot.chat.discord.attach import Attach, Link
from bot.chat.discord.errors import FORM, INVALID, Archived, Denied, Rationed, Refused
from bot.chat.discord.marks import reference
from bot.chat.discord.pace import Pace
from bot.chat.discord.place import DM, PLATFORM, Ref, Where, born
from bot.chat.discord.reading import files_of, mark_of, ref_of
from bot.chat.discord.render import V2, Page, bare, classic, live, render, rows
from bot.chat.discord.rest import Json, Rest, Upload
from bot.chat.discord.words import clip, neutral
from bot.ports import ChatBusy, ChatError, ChatGone, Files, Message

log = logging.getLogger(__name__)

MESSAGES = "/channels/{channel}/messages"
MESSAGE = "/channels/{channel}/messages/{message}"
NO_MENTIONS: Json = {"parse": []}
PACE = 3.0
"""Seconds between two edits of one message."""
PAGES, PAGE = 3, 100
"""How far back `find` looks in a channel."""
REMEMBERED = 2_000
PICTURE_RESTS = 30.0
"""Seconds for which a live checklist keeps its picture; the lines beside it are always current."""
OLD_EDIT_EVERY = 30.0
"""Seconds between two edits of old messages in one channel: half of what Discord seems to allow."""
TIER_LIMITS = {2: 50 * 1024 * 1024, 3: 100 * 1024 * 1024}
MOVED = "This goes on in a newer message below."


class _Seen(NamedTuple):
    """What a message has at Discord: attachment ids by name, and its picture since `at`."""

    files: dict[str, str]
    picture: Picture | None
    at: float


class DiscordChat:
    """Shows cards in channels, threads and direct messages.

    `link` gives an address for files that Discord does not take; `clock` is wall time in seconds.
    """

    platform = PLATFORM

    def __init__(
        self,
        token: str,
        files: Files,
        *,
        pace: Pace | None = None,
        link: Link | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.pace = PACE
        self._files = files
        self._link = link
        self._clock = clock
        self._rest = Rest(token, pace or Pace())
        self._seen: OrderedDict[str, _Seen] = OrderedDict()
        self._dms: dict[str, str] = {}
        self._most: dict[str, int] = {}
        self._old_edits: dict[str, float] = {}
        self._deleted: OrderedDict[str, str] = OrderedDict()
        self._plain: OrderedDict[str, None] = OrderedDict()
        self._me = ""

    async def close(self) -> None:
        """Let go of the connections."""
        await self._rest.close()

    # the port

    async def post(self, message: Message) -> str:
        """Show a new message; a repeat within some minutes gives the first one again."""
        where = Where.of(message.place)
        looks = _Looks(message, self._link, plainest=classic)
        self._note(message.card)
        made = await self._best(where, message, looks, self._post)
        ref = ref_of(made)
        self._remember(ref, made, message.card.picture)
        if (mark := mark_of(made)) and mark[1] != message.version:
            await self.edit(str(ref), message)
        return str(ref)

    async def edit(self, ref: str, message: Message) -> None:
        """Show this instead. An old message takes few edits: a live card then moves on."""
        target = Ref.of(ref)
        await self._spare_old(target, message)
        try:
            await self._edit(target, message)
        except Archived:
            await self._reopen(target.channel)
            await self._edit(target, message)
        except Rationed as rationed:
            raise await self._moved(target, message, rationed.seconds) from None
        except ChatGone:
            self._forget(target, message)
            raise

    async def find(self, message: Message) -> str | None:
        """Look for the slot's reference in the channel's newest messages."""
        where, wanted = Where.of(message.place), reference(message.mission, message.slot)
        me, before = await self._own_id(), ""
        for _ in range(PAGES):
            page = await self._history(where.channel, before)
            for found in page:
                mark = mark_of(found)
                if found["author"]["id"] == me and mark and mark[0] == wanted:
                    self._remember(ref_of(found), found, None)
                    return str(ref_of(found))
            if len(page) < PAGE:
                return None
            before = page[-1]["id"]
        return None

    async def tell(self, place: str, person: str, text: str) -> None:
        """A direct message. Raises ChatGone when the person takes none."""
        if person not in self._dms:
            opened = await self._rest.ask(
                "POST", "/users/@me/channels", body={"recipient_id": person}
            )
            self._dms[person] = opened["id"]
        body = {"content": clip(neutral(text), limits.CONTENT), "allowed_mentions": NO_MENTIONS}
        await self._rest.ask("POST", MESSAGES, body=body, channel=self._dms[person])

    async def say(self, place: str, text: str, *buttons: Button, key: str) -> None:
        """A line for all who are there, with buttons below it; once for each key.

        Raises ChatBusy, ChatLost or ChatGone.
        """
        body: Json = {
            "content": clip(neutral(text), limits.CONTENT),
            "components": rows(buttons),
            "allowed_mentions": NO_MENTIONS,
            "nonce": hashlib.sha256(key.encode()).hexdigest()[: limits.NONCE],
            "enforce_nonce": True,
        }
        await self._rest.ask("POST", MESSAGES, body=body, channel=Where.of(place).channel)

    def plain(self, custom_id: str) -> bool:
        """True for a button that was shown lately and acts at once, without a form."""
        return custom_id in self._plain

    async def shards(self) -> int:
        """How many connections Discord wants for this bot. Raises ChatError."""
        return int((await self._rest.ask("GET", "/gateway/bot"))["shards"])

    # looks: from the best to the plainest

    async def _best(
        self, where: Where, message: Message, looks: "_Looks", send: Callable[..., Any]
    ) -> Json:
        """Send the best look that Discord takes here."""
        problem: ChatError | None = None
        for page in looks.pages(await self._largest(where)):
            if isinstance(problem, Denied) and page.files:
                continue
            try:
                return await send(where.channel, message, page)
            except (Refused, Denied) as no:
                if isinstance(no, Refused) and no.code not in FORM:
                    raise
                if isinstance(no, Denied) and not page.files:
                    raise
                log.warning("Discord refused a card: slot=%s %s", message.slot, no)
                problem = no
        raise problem or ChatError("no look of the card was taken")

    async def _post(self, channel: str, message: Message, page: Page) -> Json:
        body, uploads = await self._body(page, {})
        body |= {"nonce": self._nonce(message), "enforce_nonce": True}
        return await self._rest.ask("POST", MESSAGES, body=body, files=uploads, channel=channel)

    def _nonce(self, message: Message) -> str:
        """The same for every try at one slot, until its message was found deleted."""
        slot = f"{message.mission}/{message.slot}"
        text = f"{slot}/{self._deleted.get(slot, '')}"
        return hashlib.sha256(text.encode()).hexdigest()[: limits.NONCE]

    async def _edit(self, target: Ref, message: Message) -> None:
        message = self._rested(target, message)
        where = Where(Where.of(message.place).guild, target.channel)
        looks = _Looks(message, self._link, plainest=bare, only_classic=target.classic)
        self._note(message.card)

        async def send(channel: str, message: Message, page: Page) -> Json:
            seen = self._seen.get(str(target))
            body, uploads = await self._body(page, seen.files if seen else {})
            return await self._rest.ask(
                "PATCH", MESSAGE, body=body, files=uploads, channel=channel, message=target.message
            )

        made = await self._best(where, message, looks, send)
        self._remember(target, made, message.card.picture)

    # old messages

    async def _spare_old(self, target: Ref, message: Message) -> None:
        """Ration edits of old messages before Discord does."""
        now = self._clock()
        if now - born(target.message) < limits.OLD_AFTER:
            return
        wait = self._old_edits.get(target.channel, 0.0) + OLD_EDIT_EVERY - now
        if wait > 0:
            raise await self._moved(target, message, wait)
        self._old_edits[target.channel] = now

    async def _moved(self, target: Ref, message: Message, seconds: float) -> ChatError:
        """What to do instead of an edit: wait, or post a live card anew and point there."""
        if not live(message.card):
            return ChatBusy(seconds)
        pointer = Card(
            mission=message.mission,
            slot=f"{message.slot}:moved",
            title=message.card.title,
            text=MOVED,
        )
        try:
            await self._edit(target, message.model_copy(update={"card": pointer}))
        except ChatError as error:
            log.info("an old message could not point to the new one: %s", error)
        return ChatGone("The message is more than an hour old; it goes on in a new one.")

    async def _reopen(self, channel: str) -> None:
        """Open an archived thread again. Raises ChatGone when it is locked."""
        try:
            await self._rest.ask(
                "PATCH", "/channels/{channel}", body={"archived": False}, channel=channel
            )
        except (Denied, Refused):
            raise ChatGone("The thread is archived and locked.") from None

    # files

    async def _body(self, page: Page, kept: dict[str, str]) -> tuple[Json, list[Upload]]:
        """The request for a page: what is at Discord already is not uploaded again."""
        uploads = [await self._load(f) for f in page.files if f.name not in kept]
        listed: list[Json] = [{"id": kept[f.name]} for f in page.files if f.name in kept]
        listed += [_listed(number, upload) for number, upload in enumerate(uploads)]
        body: Json = {
            "components": page.components,
            "attachments": listed,
            "allowed_mentions": NO_MENTIONS,
        }
        return body | ({"flags": V2} if page.v2 else {"embeds": list(page.embeds)}), uploads

    async def _load(self, file: Attach) -> Upload:
        """The bytes of an attachment. Raises Refused when they cannot be had."""
        if file.text:
            return Upload(file.name, file.text.encode(), file.alt)
        try:
            if file.svg:
                return Upload(file.name, await _png(file.svg), file.alt)
            data = await self._files.get(file.sha256)
        except (ValueError, FileNotFoundError) as error:
            log.warning("a file of a card cannot be shown: %s", type(error).__name__)
            raise Refused(0, INVALID) from None
        return Upload(file.name, data[file.start : file.end], file.alt)

    async def _largest(self, where: Where) -> int:
        """The largest file this place takes, in bytes."""
        if where.guild == DM:
            return limits.FILE
        if where.guild not in self._most:
            try:
                guild = await self._rest.ask("GET", "/guilds/{guild}", guild=where.guild)
                tier = int(guild.get("premium_tier") or 0)
            except (ChatGone, Refused):
                tier = 0
            self._most[where.guild] = TIER_LIMITS.get(tier, limits.FILE)
        return self._most[where.guild]

    # what this process remembers: it saves uploads, it decides nothing

    def _rested(self, target: Ref, message: Message) -> Message:
        """A live checklist keeps a picture that is young enough: no upload for every edit."""
        seen = self._seen.get(str(target))
        young = seen and seen.picture and self._clock() - seen.at < PICTURE_RESTS
        if not (seen and young and live(message.card) and message.card.picture):
            return message
        card = message.card.model_copy(update={"picture": seen.picture})
        return message.model_copy(update={"card": card})

    def _remember(self, ref: Ref, made: Json, picture: Picture | None) -> None:
        old = self._seen.pop(str(ref), None)
        same = old is not None and picture is not None and old.picture == picture
        at = old.at if old is not None and same else self._clock()
        self._seen[str(ref)] = _Seen(files_of(made), picture, at)
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)

    def _note(self, card: Card) -> None:
        for button in card.buttons:
            if button.form is None and not button.confirm:
                self._plain[button.id] = None
                self._plain.move_to_end(button.id)
        while len(self._plain) > REMEMBERED:
            self._plain.popitem(last=False)

    def _forget(self, target: Ref, message: Message) -> None:
        """A deleted message's nonce would bring it back unseen: the next post has another."""
        self._seen.pop(str(target), None)
        self._deleted[f"{message.mission}/{message.slot}"] = target.message
        if len(self._deleted) > REMEMBERED:
            self._deleted.popitem(last=False)

    async def _own_id(self) -> str:
        if not self._me:
            self._me = (await self._rest.ask("GET", "/users/@me"))["id"]
        return self._me

    async def _history(self, channel: str, before: str) -> Sequence[Json]:
        query = {"limit": str(PAGE)} | ({"before": before} if before else {})
        return await self._rest.ask("GET", MESSAGES, query=query, channel=channel)


class _Looks(NamedTuple):
    """The pages of one message, best first. A message's kind, once posted, cannot change."""

    message: Message
    link: Link | None
    plainest: Callable[..., Page]
    only_classic: bool = False

    def pages(self, most: int) -> Iterator[Page]:
        card, revision = self.message.card, self.message.version
        first = classic if self.only_classic else render
        yield first(card, revision, most=most, link=self.link)
        without = card.model_copy(update={"picture": None})
        yield first(without, revision, most=0, link=self.link, attach=False)
        if not self.only_classic:
            yield self.plainest(without, revision, most=0, link=self.link, attach=False)


def _listed(number: int, upload: Upload) -> Json:
    described = {"description": upload.alt} if upload.alt else {}
    return {"id": number, "filename": upload.name, **described}


async def _png(svg: str) -> bytes:
    """The picture as PNG. Raises ValueError when its SVG cannot be drawn."""
    from bot.picture import plan_png

    return await asyncio.to_thread(plan_png, svg)
