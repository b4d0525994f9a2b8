"""The courier: makes what people see equal to what should be seen.

A slot is behind while `shown` < `wanted`. The courier reads the slot, then the mission's record,
renders the card of that moment and posts or edits one message, until nothing is behind. A post is
announced in the slot's row before it is sent, so that after a crash or a lost answer the courier
looks for the message before it posts again. One courier serves a platform at a time.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import structlog

from bot.cards import Card
from bot.domain.record import Record
from bot.ports import Chat, ChatBusy, ChatGone, ChatLost, Message
from bot.store.quiet import Quiet
from bot.store.slots import SlotRow
from bot.store.store import HOLDS, Store, StoreDown

log = structlog.get_logger(__name__)

Render = Callable[[Record, str, datetime], Card | None]
"""The card that a slot should show now; None when it has nothing to show."""

T = TypeVar("T")

TICK = 2.0
"""Seconds between two looks at all rows, for what nobody nudges; more while it is `Quiet`."""
BREATH, LONG_BREATH, SHARE = 0.05, 0.5, 9.0
"""Seconds between two looks at the least: what changes meanwhile is looked at together. A look
that took long is followed by a rest of `SHARE` times as long, up to the long breath."""
NAMED = 64
"""Of how many slots one by one is read at most; of more, what is behind is read at once."""
SILENCE = 60.0
"""Seconds after which an answer counts as lost."""
LONGEST = 60.0
"""Seconds between two tries at most."""
REMEMBERED = 5_000
"""How many messages' last cards are known, to leave out edits that change nothing."""


class Courier:
    """Serves one Chat. `width` Places at a time; within a Place one message after the other."""

    def __init__(
        self, store: Store, chat: Chat, card: Render, *, width: int = 16, tick: float = TICK
    ) -> None:
        self._store = store
        self._chat = chat
        self._card = card
        self._tick = tick
        self._width = asyncio.Semaphore(width)
        self._changed = asyncio.Event()
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._held: dict[str, float] = {}
        self._behind: set[str] = set()
        self._all_at = 0.0
        self._tick_at: asyncio.TimerHandle | None = None
        self._quiet = Quiet(store)
        self._last: OrderedDict[str, int] = OrderedDict()

    def nudge(self, *slots: str) -> None:
        """Something changed: look now, at the slots that changed (`mission/name`), or at all.

        There is nothing to look for while all of them are held: each is looked for when it is
        free again.
        """
        if not slots or any(slot.endswith("/*") for slot in slots):
            self._all_at = 0.0
        self._behind.update(slots)
        if not slots or any(slot not in self._held for slot in slots):
            self._changed.set()

    async def run(self) -> None:
        """Serve until cancelled. What is under way then is found again at the next start."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                self._changed.clear()
                began = loop.time()
                await self._serve()
                ended = loop.time()
                rested = ended + min(max(BREATH, SHARE * (ended - began)), LONG_BREATH)
                self._wake_at(max(self._all_at, ended))
                await self._changed.wait()
                if (short := rested - loop.time()) > 0:
                    await asyncio.sleep(short)
        finally:
            await self._drop()

    def _wake_at(self, moment: float) -> None:
        """Look at the latest then. The timer stays for the next look, when that is as late."""
        if self._tick_at is None or self._tick_at.when() != moment:
            if self._tick_at is not None:
                self._tick_at.cancel()
            self._tick_at = asyncio.get_running_loop().call_at(moment, self._ticked)

    def _ticked(self) -> None:
        self._tick_at = None
        self._changed.set()

    async def flush(self) -> None:
        """Show all that can be shown now, and return when it is."""
        self._all_at = 0.0
        while await self._serve() or self._serving:
            await asyncio.wait(self._serving.values())
            self._all_at = 0.0

    # -- places --------------------------------------------------------------------------------

    async def _serve(self) -> int:
        """Start on every Place that has something due; gives how many.

        What is nudged while it reads stays behind: the rows may be from before that.
        """
        behind = self._behind - self._held.keys()
        self._behind -= behind
        try:
            due = await self._due(behind)
        except Exception as error:  # noqa: BLE001  whatever it is, people wait: look again later
            log.warning("slots_not_read", error=type(error).__name__)
            self._behind |= behind
            self._quiet.stirred()
            return 0
        free = [slot for slot in due if self._free(slot)]
        self._behind |= {_key(slot) for slot in due} - {_key(slot) for slot in free}
        places = _by_place(free)
        for place, slots in places.items():
            self._serving[place] = asyncio.create_task(self._place(place, slots))
        return len(places)

    async def _due(self, behind: set[str]) -> tuple[SlotRow, ...]:
        """What is due of these slots; of all, when that was asked for or is long ago, or when a
        post is among them: it must wait for those before it.
        """
        now, platform = asyncio.get_running_loop().time(), self._chat.platform
        if now >= self._all_at and not self._quiet.due() and self._all_at:
            self._all_at = now + self._tick
        if now < self._all_at and len(behind) <= NAMED:
            due = await self._store.slots_named(platform, behind)
            if all(slot.ref for slot in due):
                return due
        self._all_at = now + self._tick
        due = await self._store.slots_behind(platform)
        if behind.union(self._held).issuperset(map(_key, due)):
            self._quiet.calm()
        return due

    async def _place(self, place: str, slots: list[SlotRow]) -> None:
        records: dict[str, Record | None] = {}
        try:
            async with self._width:
                for slot in slots:
                    if not self._waits(slot):
                        await self._slot(slot, records)
        finally:
            del self._serving[place]
            if not all(slot.ref for slot in slots):
                self.nudge()
            elif self._behind:
                self._changed.set()

    async def _slot(self, slot: SlotRow, records: dict[str, Record | None]) -> None:
        """Serve one slot; whatever goes wrong is put in its row, to be tried again."""
        try:
            if slot.mission not in records:
                records[slot.mission] = await self._store.record(slot.mission)
            record = records[slot.mission]
            if record is None:
                self._later(slot)
                return
            await self._try(slot, record)
        except Exception as error:  # noqa: BLE001  the row cannot be written now: look again later
            log.warning("slot_not_kept", **_name(slot), error=type(error).__name__)
            self._later(slot)

    async def _try(self, slot: SlotRow, record: Record) -> None:
        try:
            await self._show(slot, record)
        except StoreDown:
            raise
        except ChatBusy as busy:
            await self._wait(slot, busy.seconds)
        except (ChatLost, TimeoutError):
            # An outage keeps its turn: only a slot that is itself at fault lets others pass.
            await self._again(slot, min(slot.tries + 1, HOLDS - 1))
        except Exception as error:  # noqa: BLE001  the border: an adapter's or a renderer's fault
            log.warning("slot_not_shown", **_name(slot), error=type(error).__name__)
            await self._failed(slot, record)

    # -- one slot ------------------------------------------------------------------------------

    async def _show(self, slot: SlotRow, record: Record) -> None:
        card = self._card(record, slot.name, self._store.clock())
        if card is None:
            await self._done(slot)
            return
        message = Message(
            place=slot.place, mission=slot.mission, slot=slot.name, version=slot.wanted, card=card
        )
        ref = slot.ref or await self._found(slot, message)
        if ref:
            await self._edit(slot, record, ref, message)
        else:
            await self._post(slot, record, message)

    async def _found(self, slot: SlotRow, message: Message) -> str:
        """The message of a post that was begun and never recorded, if it is there."""
        ref = await _answer(self._chat.find(message)) if slot.posting else None
        if ref:
            await self._store.set_slot(slot, ref=ref, posting=False)
        return ref or ""

    async def _post(self, slot: SlotRow, record: Record, message: Message) -> None:
        if not slot.posting and not await self._store.claim_post(slot):
            self._later(slot)
            return
        try:
            ref = await _answer(self._chat.post(message))
        except ChatBusy:
            await self._store.set_slot(slot, posting=False)
            raise
        except ChatGone:
            await self._failed(slot, record, posting=False, gone=not needed(slot.name, record))
        else:
            await self._done(slot, ref=ref, posting=False)
            self._remember(slot, _told(message.card))

    async def _edit(self, slot: SlotRow, record: Record, ref: str, message: Message) -> None:
        card = _told(message.card)
        if self._last.get(_key(slot)) == card:
            await self._done(slot)
            return
        try:
            await _answer(self._chat.edit(ref, message))
        except ChatGone:
            again = needed(slot.name, record)
            await self._store.set_slot(slot, ref="" if again else ref, gone=not again)
            self.nudge()
        else:
            await self._done(slot)
            self._remember(slot, card)

    # -- what came of it -----------------------------------------------------------------------

    async def _done(self, slot: SlotRow, **values: Any) -> None:
        """It shows what was wanted. When that is all, it need not be written at once."""
        if not values and not slot.tries and slot.not_before is None:
            self._store.edits.add(slot)
            return
        await self._store.set_slot(slot, shown=slot.wanted, tries=0, not_before=None, **values)

    async def _wait(self, slot: SlotRow, seconds: float) -> None:
        """The platform named the time: for the whole Place, or for the edits there alone.

        A new message calls a person: it does not wait until there is room for progress again.
        """
        self._hold(_edits(slot) if slot.ref else slot.place, seconds)
        await self._store.set_slot(slot, not_before=self._in(seconds))

    def _later(self, slot: SlotRow) -> None:
        """Leave it to the next look at all rows."""
        self._hold(_key(slot), self._tick)
        self._quiet.stirred()

    async def _failed(self, slot: SlotRow, record: Record, **values: Any) -> None:
        """Give up only on what nobody waits for."""
        tries = slot.tries + 1
        if tries >= HOLDS and not needed(slot.name, record):
            values["gone"] = True
        await self._again(slot, tries, **values)

    async def _again(self, slot: SlotRow, tries: int, **values: Any) -> None:
        seconds = min(2.0 ** min(tries, HOLDS), LONGEST)
        not_before = self._in(seconds)
        await self._store.set_slot(slot, tries=tries, not_before=not_before, **values)

    def _in(self, seconds: float) -> datetime:
        """That moment; the courier looks again then."""
        asyncio.get_running_loop().call_later(seconds, self.nudge)
        return self._store.clock() + timedelta(seconds=seconds)

    # -- what this process remembers -------------------------------------------------------------

    def _remember(self, slot: SlotRow, card: int) -> None:
        """What the message shows now, and that it rests for the chat's pace."""
        self._last[_key(slot)] = card
        self._last.move_to_end(_key(slot))
        if len(self._last) > REMEMBERED:
            self._last.popitem(last=False)
        self._hold(_key(slot), self._chat.pace)

    def _hold(self, key: str, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        if seconds > 0:
            until = self._held[key] = loop.time() + seconds
            loop.call_at(until, self._freed, key, until)

    def _freed(self, key: str, until: float) -> None:
        """A hold has ended, unless it was renewed: look, if anything waits to be shown."""
        if self._held.get(key) != until:
            return
        del self._held[key]
        if self._behind:
            self._changed.set()

    def _free(self, slot: SlotRow) -> bool:
        return not self._waits(slot) and slot.place not in self._serving

    def _waits(self, slot: SlotRow) -> bool:
        held = {slot.place, _key(slot), *([_edits(slot)] if slot.ref else [])}
        return not held.isdisjoint(self._held)

    async def _drop(self) -> None:
        if self._tick_at is not None:
            self._tick_at.cancel()
            self._tick_at = None
        tasks = list(self._serving.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def needed(slot: str, record: Record) -> bool:
    """True while people must see this slot: a gate waits there, or the work goes on there."""
    if any(gate.name == slot for gate in record.open_gates):
        return True
    newest = record.plan.version if record.plan else 1
    return not record.mission.status.ended and slot == f"plan:{newest}"


async def _answer(call: Awaitable[T]) -> T:
    """What the platform said. Raises TimeoutError after `SILENCE`: the answer is lost."""
    async with asyncio.timeout(SILENCE):
        return await call


def _by_place(slots: Iterable[SlotRow]) -> dict[str, list[SlotRow]]:
    places: dict[str, list[SlotRow]] = {}
    for slot in slots:
        places.setdefault(slot.place, []).append(slot)
    return places


def _key(slot: SlotRow) -> str:
    return f"{slot.mission}/{slot.name}"


def _edits(slot: SlotRow) -> str:
    """What is held back when only the edits of a Place have to wait."""
    return f"{slot.place}#edits"


def _name(slot: SlotRow) -> dict[str, str]:
    """How a slot is named in a log: never with its words."""
    return {"mission": slot.mission, "slot": slot.name}


def _told(card: Card) -> int:
    """What tells the card from others in this process: the hash of all but its picture, which is
    made from the tasks that it lists.
    """
    return hash(card.model_copy(update={"picture": None}))
