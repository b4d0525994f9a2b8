"""A mission whose slots change, a chat that suffers, and couriers that come and go."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.cards import Card
from bot.chat.memory import MemoryChat
from bot.courier import Courier
from bot.domain.gate import Gate, GateKind, Verb
from bot.domain.mission import Mission, Status
from bot.domain.record import Record
from bot.ports import Chat, Message
from bot.store.slots import SlotRow
from bot.store.store import Store

PLACE = "memory:W1:C1"


def face(record: Record, slot: str, now: datetime) -> Card | None:
    """A card that tells how much has happened: its title is the mission's title."""
    if slot == "silent":
        return None
    return Card(mission=record.mission.id, slot=slot, title=record.mission.title)


class World:
    """The rows and the server outlive every courier."""

    def __init__(self, store: Store, chat: MemoryChat) -> None:
        self.store = store
        self.chat = chat
        self.state = 0

    async def mission(self, mission: str = "m1", place: str = PLACE) -> None:
        """A mission in a place, without slots."""
        now = self.store.clock()
        made = Mission(
            id=mission, workspace="W1", place=place, requester="ada", goal="g", title="0",
            status=Status.running, cap=Decimal(1), created_at=now, updated_at=now,
        )  # fmt: skip
        async with self.store.begin() as tx:
            await tx.add_mission(made)

    async def change(self, *slots: str, mission: str = "m1", place: str = PLACE) -> None:
        """Something happens that these slots must show."""
        self.state += 1
        async with self.store.begin() as tx:
            await tx.set_mission(mission, title=str(self.state))
            await tx.want(mission, place, *slots)

    async def end(self, mission: str = "m1") -> None:
        async with self.store.begin() as tx:
            await tx.set_status(mission, Status.done)

    async def ask(self, slot: str, mission: str = "m1") -> None:
        """Open a gate that this slot shows."""
        now = self.store.clock()
        gate = Gate(
            id=f"g-{slot}", mission=mission, kind=GateKind.question, name=slot, subject="s",
            version=1, opened_at=now, expires_at=now + timedelta(days=1),
        )  # fmt: skip
        async with self.store.begin() as tx:
            await tx.open_gate(gate)

    async def close(self, slot: str) -> None:
        async with self.store.begin() as tx:
            gate = await tx.gate(f"g-{slot}")
            assert gate is not None
            await tx.close_gate(gate, Verb.answer)

    def courier(self, **more: Any) -> Courier:
        return Courier(self.store, self.chat, face, **more)

    async def row(self, slot: str, mission: str = "m1") -> SlotRow:
        return next(row for row in await self.store.slots(mission) if row.name == slot)

    def reads(self, slot: str, mission: str = "m1") -> list[str]:
        """What people read in this slot, one entry for each message."""
        return [shown.now.card.title for shown in self.chat.messages(mission, slot)]

    def calls(self, call: str) -> list[str]:
        """The slots of the calls of one kind, in the order in which they came."""
        return [slot for name, slot, _ in self.chat.log if name == call]


class Killed(BaseException):
    """The process died here."""


class Fuse:
    """Burns one step at each point; at the last one the process dies."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def step(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed


class DyingStore:
    """A Store whose process dies before or after a statement reached the database."""

    def __init__(self, store: Store, fuse: Fuse) -> None:
        self._store = store
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name == "clock":
            return found

        async def call(*args: Any, **kwargs: Any) -> Any:
            self._fuse.step()
            result = await found(*args, **kwargs)
            self._fuse.step()
            return result

        return call


class DyingChat:
    """A Chat whose process dies before a call left or after the server acted."""

    def __init__(self, chat: MemoryChat, fuse: Fuse) -> None:
        self._chat = chat
        self._fuse = fuse
        self.platform = chat.platform
        self.pace = chat.pace

    async def post(self, message: Message) -> str:
        self._fuse.step()
        ref = await self._chat.post(message)
        self._fuse.step()
        return ref

    async def edit(self, ref: str, message: Message) -> None:
        self._fuse.step()
        await self._chat.edit(ref, message)
        self._fuse.step()

    async def find(self, message: Message) -> str | None:
        self._fuse.step()
        found = await self._chat.find(message)
        self._fuse.step()
        return found

    async def tell(self, place: str, person: str, text: str) -> None:
        await self._chat.tell(place, person, text)


def dying(world: World, steps: int) -> tuple[Courier, Fuse]:
    """A courier whose process dies after so many steps."""
    fuse = Fuse(steps)
    store: Any = DyingStore(world.store, fuse)
    chat: Chat = DyingChat(world.chat, fuse)
    return Courier(store, chat, face), fuse
