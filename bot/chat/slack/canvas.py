"""A result also as a canvas, where the workspace has them. An extra: message and files come first.

Each version of a result gets a canvas of its own, once. It is announced in the mission's steps
before it is asked for; after a crash or a lost answer it is looked for by its title, and only made
when Slack says that it is not there.
"""

import asyncio
import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete, select

from bot.chat.slack.calls import Calls
from bot.chat.slack.errors import Refused
from bot.chat.slack.installs import Installs
from bot.chat.slack.place import Where
from bot.chat.slack.render import Json
from bot.chat.slack.words import CODE, NOBREAK, clip, neutral
from bot.domain.base import Frozen
from bot.ports import ChatBusy, ChatError, ChatGone, Message
from bot.store import tables as t
from bot.store.store import Store, StoreDown

log = structlog.get_logger(__name__)

SCOPE = "canvases:write"
MOST = 1024 * 1024
"""Bytes of a canvas. Slack takes 1,048,576 characters; the whole text is in a file anyway."""
TITLE = 150
PATIENCE = 5.0
"""Seconds that a result waits for its canvas; without it, it is shown all the same."""
SETTLED = timedelta(seconds=60)
"""After so long Slack's list of files has what was made: what is not in it is not there."""
REFUSED_FOR = 3600.0
"""Seconds for which a workspace that wants no canvases is not asked again."""
THIS_ONE = frozenset({"canvas_creation_failed", "invalid_arguments", "invalid_parameters"})
"""Refusals of this text alone; all others are taken for those of the workspace."""


class Kept(Frozen):
    """What is known of a canvas: announced `at`, then its id, then its address once it is shared.

    `hopeless` when Slack will not have it.
    """

    at: datetime
    canvas: str = ""
    url: str = ""
    hopeless: bool = False


class Canvases:
    """Canvases by mission and slot. `clock` counts seconds."""

    def __init__(
        self, calls: Calls, store: Store, installs: Installs,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._calls = calls
        self._store = store
        self._installs = installs
        self._clock = clock
        self._none: dict[str, float] = {}

    async def link(self, where: Where, message: Message) -> str:
        """The address of a result's canvas, made when there is none yet; "" where there is none.

        It is never in the way: no error, and no longer than PATIENCE.
        """
        if not message.slot.startswith("artifact:"):
            return ""
        try:
            async with asyncio.timeout(PATIENCE):
                return await self._link(where, message)
        except (ChatError, StoreDown, LookupError, TimeoutError) as error:
            log.info("slack_no_canvas", mission=message.mission, error=str(error))
            return ""

    async def _link(self, where: Where, message: Message) -> str:
        kept = await self._kept(message)
        if kept is None or not (kept.canvas or kept.hopeless):
            kept = await self._make(where, message, kept)
        if kept is None or kept.hopeless:
            return ""
        return kept.url or await self._share(where, message, kept)

    # -- making --------------------------------------------------------------------------------

    async def _make(self, where: Where, message: Message, seen: Kept | None) -> Kept | None:
        """A canvas for a result that has none, as far as is known; None when that must wait."""
        text = safe(message.card.body).encode()
        if not text.strip() or len(text) > MOST or not await self._allowed(where.team):
            return None
        if seen is not None:
            if self._store.clock() - seen.at < SETTLED:
                return None
            if found := await self._look(where, message, seen.at):
                return await self._keep(message, seen.model_copy(update={"canvas": found}))
        await self._calls.count(where, "canvases.create")
        announced = await self._announce(message, seen)
        return announced and await self._create(where, message, announced, text.decode())

    async def _create(self, where: Where, message: Message, kept: Kept, text: str) -> Kept:
        """Ask for it. Raises ChatError; what is known then is in the steps."""
        content = {"type": "markdown", "markdown": text}
        try:
            said = await self._calls.send(
                where, "canvases.create", title=_title(message), document_content=content
            )
        except ChatBusy:
            await self._withdraw(message)
            raise
        except (Refused, ChatGone) as refused:
            if isinstance(refused, Refused) and refused.code in THIS_ONE:
                await self._keep(message, kept.model_copy(update={"hopeless": True}))
            else:
                self._none[where.team] = self._clock() + REFUSED_FOR
                await self._withdraw(message)
            raise
        return await self._keep(message, kept.model_copy(update={"canvas": said["canvas_id"]}))

    async def _look(self, where: Where, message: Message, since: datetime) -> str:
        """The canvas that was made without our knowing, by the end of its title. Raises ChatError.

        Titles are compared by their end alone: Slack writes some signs in its own way.
        """
        bot = (await self._installs.of(where.team)).bot_user
        start = int((since - SETTLED).timestamp())
        said = await self._calls.ask(
            where, "files.list", user=bot, types="canvas", ts_from=str(start), count=200,
            team_id=where.team,
        )  # fmt: skip
        files: list[Json] = said.get("files") or []
        mine = _mark(message)
        return next((str(f["id"]) for f in files if str(f.get("title", "")).endswith(mine)), "")

    # -- sharing -------------------------------------------------------------------------------

    async def _share(self, where: Where, message: Message, kept: Kept) -> str:
        """Let those read it who read the message; gives its address. Raises ChatError.

        What cannot be read by them is taken away again.
        """
        try:
            await self._open_for(where, kept.canvas)
        except (Refused, ChatGone):
            self._none[where.team] = self._clock() + REFUSED_FOR
            await self._keep(message, kept.model_copy(update={"hopeless": True}))
            await self._calls.ask(where, "canvases.delete", canvas_id=kept.canvas)
            raise
        file: Json = (await self._calls.ask(where, "files.info", file=kept.canvas))["file"]
        url = str(file.get("permalink") or "")
        await self._keep(message, kept.model_copy(update={"url": url}))
        return url

    async def _open_for(self, where: Where, canvas: str) -> None:
        readers: Json = {"channel_ids": [where.channel]}
        if where.channel.startswith("D"):
            said = await self._calls.ask(where, "conversations.info", channel=where.channel)
            readers = {"user_ids": [str(said["channel"]["user"])]}
        said = await self._calls.ask(
            where, "canvases.access.set", canvas_id=canvas, access_level="read", **readers
        )
        if said.get("failed_to_update_channel_ids") or said.get("failed_to_update_user_ids"):
            raise Refused("canvas_not_shared")

    # -- what is known -------------------------------------------------------------------------

    async def _allowed(self, team: str) -> bool:
        """True unless the scope was not granted, or the workspace lately wanted no canvases."""
        if self._none.get(team, 0.0) > self._clock():
            return False
        scopes = (await self._installs.of(team)).scopes
        return not scopes or SCOPE in scopes

    async def _kept(self, message: Message) -> Kept | None:
        found = await self._store.step(message.mission, _key(message))
        return Kept.model_validate(found) if found else None

    async def _announce(self, message: Message, seen: Kept | None) -> Kept | None:
        """Say that a canvas will be asked for; None when somebody else did, or it is forgotten."""
        mission, key = message.mission, _key(message)
        c = t.steps.c
        async with self._store.begin() as tx:
            there = select(t.missions.c.id).where(t.missions.c.id == mission).with_for_update()
            if (await tx.conn.execute(there)).first() is None:
                return None
            known = select(c.result).where(c.mission == mission, c.key == key)
            result = (await tx.conn.execute(known)).scalar_one_or_none()
            if (Kept.model_validate(result) if result else None) != seen:
                return None
            made = Kept(at=tx.now)
            await tx.put_step(mission, key, made.model_dump(mode="json"))
            return made

    async def _keep(self, message: Message, kept: Kept) -> Kept:
        """What came of it. A mission that was forgotten meanwhile gets no rows again."""
        c = t.steps.c
        mine = (c.mission == message.mission) & (c.key == _key(message))
        values = kept.model_dump(mode="json")
        async with self._store.begin() as tx:
            await tx.conn.execute(t.steps.update().where(mine).values(result=values))
        return kept

    async def _withdraw(self, message: Message) -> None:
        """Nothing was made: the next look begins anew."""
        c = t.steps.c
        mine = (c.mission == message.mission) & (c.key == _key(message))
        async with self._store.begin() as tx:
            await tx.conn.execute(delete(t.steps).where(mine))


def _key(message: Message) -> str:
    return f"canvas:{message.slot}"


def _mark(message: Message) -> str:
    """What no other canvas ends with: `3f2a9c-v1`, as files are named."""
    return f"{message.mission.removeprefix('m')[:6]}-v{message.card.version}"


def _title(message: Message) -> str:
    words = clip(neutral(" ".join(message.card.title.split())), TITLE)
    return f"{words} · {_mark(message)}"


# -- Markdown --------------------------------------------------------------------------------------

_PICTURE = re.compile(r"!\[([^\]\n]*)\]\(\s*<?([^)\s>]*)>?[^)]*\)")
_DEEP = re.compile(r"^#{4,6}(?=[ \t])", re.MULTILINE)
_CALLED = re.compile(r"(\]\(\s*<?)(?=[@#])")


def safe(markdown: str) -> str:
    """Markdown for a canvas that calls nobody and fetches nothing.

    Canvases show `![](@U1)` as a mention and other pictures by fetching them: both become words or
    plain links. They know three levels of headings.
    """
    parts = CODE.split(markdown)
    shown = (part if n % 2 else _DEEP.sub("###", part) for n, part in enumerate(parts))
    text = _PICTURE.sub(_told, "".join(shown)).replace("![", "[")
    return neutral(_CALLED.sub(rf"\1{NOBREAK}", text)).strip()


def _told(match: re.Match[str]) -> str:
    """A picture as a link, where it has an address; else in words."""
    alt, target = match[1].strip(), match[2]
    if re.match(r"https?://", target):
        return f"[{alt or target}]({target})"
    return alt or f"{target[:1]}{NOBREAK}{target[1:]}"
