"""What every handler of Slack needs."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from bot import presenter
from bot.cards import Button, Card, Click
from bot.chat.slack import SlackChat
from bot.chat.slack.calls import Calls
from bot.chat.slack.installs import Installs
from bot.chat.slack.place import PLATFORM, Where, parts_of
from bot.chat.slack.views import read
from bot.chat.slack.words import mrkdwn
from bot.documents.worker import Workers
from bot.domain.authority import may
from bot.domain.mission import Mission, Person
from bot.domain.record import Record
from bot.inbox import Inbox, Letter
from bot.missions import Missions, Reply
from bot.ports import ChatBusy, ChatError, Files
from bot.store.store import Store
from handlers import clicks
from handlers.slack.people import People

log = structlog.get_logger(__name__)

PATIENCE = 5
"""How often a private word is tried while Slack is busy."""
REMEMBERED = 2_000
"""Addresses of messages, and people, of which something is kept in memory."""
NOT_FOR_GUESTS = (
    "Guests and people of other workspaces cannot start or steer missions here. Ask a member of "
    "this workspace to do it."
)


class Beside:
    """The channel that people last had open beside their messages, while this process runs."""

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], str] = OrderedDict()

    def get(self, team: str, user: str) -> str:
        """The channel's id, "" for none."""
        return self._seen.get((team, user), "")

    def put(self, team: str, user: str, channel: str) -> None:
        self._seen[team, user] = channel
        self._seen.move_to_end((team, user))
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)


@dataclass
class Face:
    """The product, as Slack's handlers see it."""

    missions: Missions
    files: Files
    workers: Workers
    chat: SlackChat
    installs: Installs
    inbox: Inbox
    people: People
    since: float = field(default_factory=time.time)
    """When this process began: what was received before may have been half done."""
    tried: set[str] = field(default_factory=set[str])
    """The keys of letters whose root message this process has tried to post."""
    beside: Beside = field(default_factory=Beside)
    links: dict[str, str] = field(default_factory=dict[str, str])
    """The addresses of messages, which never change."""

    @property
    def store(self) -> Store:
        return self.missions.store

    @property
    def calls(self) -> Calls:
        return self.chat.calls

    def again(self, letter: Letter) -> bool:
        """True when an earlier try at this letter may have left something behind."""
        before = letter.received_at is not None and letter.received_at.timestamp() < self.since
        return before or letter.key in self.tried

    # -- missions and people -------------------------------------------------------------------

    async def newest(self, where: Where) -> Mission | None:
        """The mission of a thread, ended or not."""
        found = await self.store.missions(where.workspace, place=where.place, limit=1)
        return found[0] if found else None

    async def running(self, where: Where) -> Mission | None:
        """The mission under way in a thread."""
        found = await self.newest(where)
        return found if found and not found.status.ended else None

    async def person(self, team: str, user: str, mission: Mission | None = None) -> Person:
        """Who is speaking; with the mission's user group among the roles, when they are in it."""
        policy = mission.policy if mission else None
        group = policy.role if policy and policy.kind == "role" else ""
        return await self.people.person(team, user, group)

    async def mission_of(self, team: str, button: str) -> Mission | None:
        """The mission that a button names, when it is of this workspace."""
        found = await self.store.mission(clicks.read(button).mission)
        return found if found and found.workspace == Where(team, "").workspace else None

    async def direct(self, team: str, channel: str) -> Mission | None:
        """The newest mission under way in somebody's direct messages."""
        prefix = Where(team, channel).place
        found = await self.store.missions(Where(team, "").workspace, limit=200)
        here = (m for m in found if m.place.startswith(prefix) and not m.status.ended)
        return next(here, None)

    async def taken(self, key: str) -> Any:
        """What came of an earlier message; None when it was not for the bot."""
        async with self.store.begin() as tx:
            return await tx.inbox_result(key)

    async def read(self, where: Where, ts: str) -> None:
        """This place was read up to there: after a gap it is read on from there."""
        places = [where.place]
        if where.channel.startswith("D"):
            places.append(where._replace(thread="").place)
        async with self.store.begin() as tx:
            for place in places:
                await tx.set_cursor(place, ts)

    async def begin_reading(self, where: Where, ts: str) -> None:
        """From now on this place is read on after a gap; where it is read already, nothing."""
        if where.place not in await self.store.cursors(PLATFORM):
            await self.read(where, ts)

    # -- buttons -------------------------------------------------------------------------------

    async def button(self, id: str, person: Person) -> Button | None:
        """The button as its card has it now, when this person may press it; else None."""
        click = clicks.read(id)
        record = await self.store.record(click.mission)
        if record is None or not may(person, record.mission):
            return None
        found = (b for c in self._cards(record, click) for b in c.buttons)
        return next((b for b in found if b.id == id), None)

    def _cards(self, record: Record, click: Click) -> list[Card]:
        slots = [g.name for g in record.gates if g.id == click.gate]
        now = self.store.clock()
        cards = [presenter.card(record, slot, now) for slot in slots]
        return [card for card in cards if card is not None]

    async def press(
        self, key: str, person: Person, id: str,
        values: Mapping[str, Mapping[str, dict[str, Any]]] | None = None,
    ) -> Reply:  # fmt: skip
        """Do what the button says; `values` are its form's, as Slack has them. Raises Refused."""
        filled: Mapping[str, Any] = {}
        if values is not None:
            shown = await self.button(id, person)
            filled = read(shown.form, values) if shown and shown.form else {}
        return await clicks.click(self.missions, key, person, id, filled)

    # -- words ---------------------------------------------------------------------------------

    async def tell(self, where: Where, person: str, text: str, answer: str = "") -> None:
        """A private word where the bot may write; by `answer` (a response_url) when it is busy.

        It is never in the way of what was done: what cannot be told in the end is logged.
        """
        if not text:
            return
        for _ in range(PATIENCE):
            try:
                await self.chat.tell(where.place, person, text)
            except ChatBusy as busy:
                if answer and await self._respond(where, text, answer):
                    return
                await asyncio.sleep(busy.seconds)
            except ChatError as error:
                log.warning("slack_not_told", error=str(error))
                return
            else:
                return
        log.warning("slack_not_told", error="Slack was busy for too long")

    async def answer(self, where: Where, person: str, text: str, answer: str) -> None:
        """The same by the response_url first: the bot may be no member of the channel."""
        if text and not (answer and await self._respond(where, text, answer)):
            await self.tell(where, person, text)

    async def _respond(self, where: Where, text: str, answer: str) -> bool:
        body: dict[str, Any] = {
            "response_type": "ephemeral", "replace_original": False, "text": mrkdwn(text, 3_000),
        }  # fmt: skip
        body |= {"thread_ts": where.thread} if where.thread else {}
        return await self.calls.respond(answer, body)

    async def react(self, where: Where, ts: str, name: str) -> None:
        """A reaction on a message. An extra: never in the way."""
        try:
            await self.calls.ask(
                where, "reactions.add", channel=where.channel, timestamp=ts, name=name
            )
        except ChatError as error:
            log.info("slack_no_reaction", error=str(error))

    async def busy(self, where: Where, text: str) -> None:
        """Slack's own line below a thread until the next message. An extra."""
        try:
            await self.calls.ask(
                where, "assistant.threads.setStatus", channel_id=where.channel,
                thread_ts=where.thread, status=text,
            )  # fmt: skip
        except ChatError as error:
            log.info("slack_no_status", error=str(error))

    async def link(self, mission: Mission) -> str:
        """The address of a mission's newest message; "" when Slack does not give one."""
        where = Where.of(mission.place)
        slots = await self.store.slots(mission.id)
        ts = next((parts_of(s.ref)[1] for s in reversed(slots) if s.ref), where.thread)
        key = f"{where.team}:{where.channel}:{ts}"
        if key not in self.links:
            try:
                said = await self.calls.ask(
                    where, "chat.getPermalink", channel=where.channel, message_ts=ts
                )
            except ChatError:
                return ""
            if len(self.links) >= REMEMBERED:
                self.links.clear()
            self.links[key] = str(said.get("permalink") or "")
        return self.links[key]
