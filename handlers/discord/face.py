"""What every handler of Discord needs."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bot import presenter
from bot.cards import Button, Card, Click
from bot.chat.discord import DiscordChat
from bot.chat.discord.forms import read
from bot.documents.worker import Workers
from bot.domain.authority import may
from bot.domain.mission import Person
from bot.domain.record import Record
from bot.inbox import Inbox
from bot.missions import Missions, Reply
from bot.ports import Files
from bot.store.store import Store
from handlers import clicks
from handlers.discord.cursors import Cursors


class Answer(NamedTuple):
    """What a person gets, for their eyes only."""

    text: str
    files: tuple[tuple[str, bytes], ...] = ()


@dataclass
class Face:
    """The product, as Discord's handlers see it.

    `reads` is False without the content intent; `behind` are Places with messages that may have
    been missed; `hopes` are interactions that wait for what comes of their letter.
    """

    missions: Missions
    inbox: Inbox
    files: Files
    workers: Workers
    chat: DiscordChat
    cursors: Cursors
    reads: bool = True
    behind: set[str] = field(default_factory=set[str])
    hopes: dict[str, "asyncio.Future[Answer]"] = field(
        default_factory=dict[str, "asyncio.Future[Answer]"]
    )
    turns: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    @property
    def store(self) -> Store:
        return self.missions.store

    @classmethod
    def of(
        cls, missions: Missions, inbox: Inbox, files: Files, workers: Workers, chat: DiscordChat
    ) -> "Face":
        return cls(missions, inbox, files, workers, chat, Cursors(missions.store))

    async def button(self, custom_id: str, person: Person) -> Button | None:
        """The button as its card has it now, when this person may press it; else None."""
        click = clicks.read(custom_id)
        record = await self.store.record(click.mission)
        if record is None or not may(person, record.mission):
            return None
        found = (b for c in self._cards(record, click) for b in c.buttons)
        return next((b for b in found if b.id == custom_id), None)

    def _cards(self, record: Record, click: Click) -> list[Card]:
        """The cards that may have the button: the gate's own, or every plan when there is none."""
        slots = [g.name for g in record.gates if g.id == click.gate]
        if not click.gate:
            newest = record.plan.version if record.plan else 1
            slots = [f"plan:{newest}", *(f"artifact:{a.version}" for a in record.artifacts)]
        now = self.store.clock()
        cards = [presenter.card(record, slot, now) for slot in slots]
        return [card for card in cards if card is not None]

    async def press(
        self, key: str, person: Person, custom_id: str, values: Mapping[str, Any] | None = None
    ) -> Reply:
        """Do what the button says. Raises Refused."""
        filled: Mapping[str, Any] = values or {}
        if values is not None:
            shown = await self.button(custom_id, person)
            filled = read(shown.form, values) if shown and shown.form else values
        return await clicks.click(self.missions, key, person, custom_id, filled)
