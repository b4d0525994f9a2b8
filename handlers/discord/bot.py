"""The connection: events in, one call each; fatal ends in a sentence, the rest reconnects."""

from collections.abc import Awaitable
from typing import Any

import discord
import structlog

from bot.cards import PREFIX
from bot.chat.discord.pace import Pace
from bot.chat.discord.place import PLATFORM
from bot.inbox import Letter
from bot.ports import ChatError
from handlers.discord import begin, buttons, changes, messages
from handlers.discord.commands import Tree
from handlers.discord.face import Answer, Face
from handlers.discord.guard import Interaction, safely
from handlers.discord.letters import EDITED, GONE, PRESS, Edited, Gone, Press, Words, settle

log = structlog.get_logger(__name__)

FATAL = {
    4004: "Discord does not know this token. Put the bot's current token into DISCORD_TOKEN.",
    4010: "Discord refused the shard number. Restart; if it happens again, report it.",
    4011: "The bot is on so many servers that Discord wants shards. Restart to get them.",
    4012: "Discord no longer speaks this version. Update concertmaster.",
    4013: "Discord does not know one of the intents. Update concertmaster.",
    4014: "An intent is switched off at Discord. Run `concertmaster doctor` to see which.",
}
READY_WITHIN = 0.5
"""Seconds without another guild after which the list of guilds counts as complete."""


class Ended(Exception):
    """Discord is over for this process; the text says why and what to do."""


class Events:
    """What a connection does with what it hears. A mixin of discord.py's clients."""

    face: Face
    tree: Tree

    def furnish(self, face: Face) -> None:
        self.face = face
        self.tree = Tree(self)

    async def setup_hook(self) -> None:
        """After the login, before the first event."""
        client: Any = self
        client.add_dynamic_items(buttons.Pressed)
        await self.face.cursors.load()
        await self.tree.sync_when_changed(self.face, client.application_id or 0)
        self.face.inbox.serve(PLATFORM, self.deal)

    async def deal(self, sent: Letter) -> None:
        """A letter of the inbox."""
        client: Any = self
        if sent.kind == GONE:
            await changes.offer_stop(self.face, sent.key, Gone.model_validate(sent.payload))
        elif sent.kind == PRESS:
            press = Press.model_validate(sent.payload)
            work = buttons.deal(self.face, sent.key, press)
            await settle(self.face, sent, press.person, work, _nowhere)
        elif sent.kind == EDITED:
            edited = Edited.model_validate(sent.payload)
            work = changes.follow(self.face, client, sent.key, edited)
            await self._settle(sent, edited, work)
        else:
            words = Words.model_validate(sent.payload)
            await self._settle(sent, words, begin.deal(self.face, client, sent.key, words))

    async def _settle(self, sent: Letter, words: Words, work: Awaitable[Answer]) -> None:
        """Words are answered privately, or below them."""
        client: Any = self

        async def below(text: str) -> None:
            if words.message and not words.menu:
                await begin.reply(client, words.channel, words.message, text)

        await settle(self.face, sent, words.person, work, below)

    async def on_connect(self) -> None:
        """A new session: what was missed is not said again, so every Place is behind.

        No await before that: messages of this session come right after.
        """
        self.face.behind |= self.face.cursors.places

    async def on_ready(self) -> None:
        client: Any = self
        await messages.catch_up(self.face, client)

    async def on_message(self, message: discord.Message) -> None:
        client: Any = self
        await messages.on_message(self.face, client, message)

    async def on_raw_message_edit(self, event: discord.RawMessageUpdateEvent) -> None:
        client: Any = self
        await changes.on_edit(self.face, client, event.message)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        await changes.on_delete(self.face, event.guild_id, event.channel_id, event.message_id)

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        for message in event.message_ids:
            await changes.on_delete(self.face, event.guild_id, event.channel_id, message)

    async def on_interaction(self, interaction: Interaction) -> None:
        """Modals: discord.py drops those that it did not send since it started."""
        if interaction.type is not discord.InteractionType.modal_submit:
            return
        data: Any = interaction.data or {}
        if str(data.get("custom_id", "")).startswith(f"{PREFIX}|"):
            await safely(self.face, interaction, buttons.on_submit(self.face, interaction))

    async def on_error(self, event: str, /, *args: Any, **_: Any) -> None:
        log.exception("discord_event_failed", event_name=event)


async def _nowhere(text: str) -> None:
    """A click has no words to answer below."""


class Single(Events, discord.Client):
    """One connection."""


class Sharded(Events, discord.AutoShardedClient):
    """As many connections as Discord asks for."""


class Bot:
    """Discord, for as long as `run` runs."""

    def __init__(self, face: Face, token: str, pace: Pace) -> None:
        self.face = face
        self.client: Single | Sharded | None = None
        self._token = token
        self._pace = pace

    async def run(self) -> None:
        """Serve until cancelled. Raises Ended: this platform stops, the others go on."""
        content = True
        while True:
            try:
                await self._serve(content=content)
            except discord.PrivilegedIntentsRequired:
                if not content:
                    raise Ended(FATAL[4014]) from None
                content = False
                log.warning("discord_without_content_intent")
            except discord.LoginFailure:
                raise Ended(FATAL[4004]) from None
            except discord.ConnectionClosed as closed:
                text = FATAL.get(closed.code, f"Discord closed the connection: {closed.code}.")
                raise Ended(text) from None
            else:
                return

    async def _serve(self, *, content: bool) -> None:
        self.face.reads = content
        client = self.client = await self._make(content=content)
        client.furnish(self.face)
        async with client:
            await client.start(self._token)

    async def _make(self, *, content: bool) -> Single | Sharded:
        shards = await self._shards()
        options: dict[str, Any] = {
            "intents": intents(content=content),
            "allowed_mentions": discord.AllowedMentions.none(),
            "member_cache_flags": discord.MemberCacheFlags.none(),
            "chunk_guilds_at_startup": False,
            "max_messages": None,
            "guild_ready_timeout": READY_WITHIN,
            "http_trace": self._pace.trace(),
        }
        return Single(**options) if shards < 2 else Sharded(shard_count=shards, **options)

    async def _shards(self) -> int:
        """How many connections Discord wants; one when it cannot be asked now."""
        try:
            return await self.face.chat.shards()
        except ChatError as error:
            log.info("discord_shards_unknown", error=str(error))
            return 1


def intents(*, content: bool) -> discord.Intents:
    """Servers, messages and, where it is switched on, their content. Nothing else."""
    return discord.Intents(guilds=True, messages=True, message_content=content)
