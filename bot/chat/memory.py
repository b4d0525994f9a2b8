"""A chat in memory: a small model of a platform's server, with the faults that servers have.

Headless runs show their cards here, and tests ask it what people saw. `plan` lines up what goes
wrong with the next calls, in order:

    chat = MemoryChat()
    chat.plan("post", lost(stored=True), busy(3))
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from bot.ports import ChatBusy, ChatGone, ChatLost, Message

Call = Literal["post", "edit", "find", "tell"]


@dataclass(frozen=True)
class Fault:
    """What happens to a call: the server acts first when `stored`; the answer waits for `until`."""

    error: Exception | None = None
    stored: bool = False
    until: asyncio.Event | None = None


def busy(seconds: float) -> Fault:
    """Too many calls: nothing is shown, come back in `seconds`."""
    return Fault(ChatBusy(seconds))


def lost(*, stored: bool) -> Fault:
    """No answer; `stored` tells whether the server had shown the message."""
    return Fault(ChatLost("no answer"), stored=stored)


def gone() -> Fault:
    """The message or the place is not there."""
    return Fault(ChatGone("not there"))


def broken(error: Exception) -> Fault:
    """An error that no adapter foresaw."""
    return Fault(error)


def slow(until: asyncio.Event, *, stored: bool = True) -> Fault:
    """The answer comes when `until` is set; not `stored`: the server acts only then."""
    return Fault(stored=stored, until=until)


@dataclass
class Shown:
    """One message as the server has it, with all it ever showed."""

    ref: str
    history: list[Message] = field(default_factory=list[Message])
    deleted: bool = False

    @property
    def now(self) -> Message:
        """What it shows."""
        return self.history[-1]


class MemoryChat:
    """The Chat port over a dict of messages. `log` lists every call that reached the server."""

    def __init__(self, platform: str = "memory", pace: float = 0.0) -> None:
        self.platform = platform
        self.pace = pace
        self.shown: dict[str, Shown] = {}
        self.log: list[tuple[Call, str, int]] = []
        self.told: list[tuple[str, str, str]] = []
        self._refs = count(1)
        self._faults: defaultdict[Call, deque[Fault]] = defaultdict(deque)
        self._changed = asyncio.Condition()

    def plan(self, call: Call, *faults: Fault) -> None:
        """Let these happen to the next calls of this kind."""
        self._faults[call].extend(faults)

    def delete(self, ref: str) -> None:
        """Someone deletes a message: from now on edits find it gone."""
        self.shown[ref].deleted = True

    def messages(self, mission: str, slot: str) -> list[Shown]:
        """What stands in a slot, oldest first; more than one is a double post."""
        return [
            shown
            for shown in self.shown.values()
            if (shown.now.mission, shown.now.slot) == (mission, slot) and not shown.deleted
        ]

    async def until(self, calls: int) -> None:
        """Wait until so many calls reached the server."""
        async with self._changed:
            await self._changed.wait_for(lambda: len(self.log) >= calls)

    # -- the port ------------------------------------------------------------------------------

    async def post(self, message: Message) -> str:
        ref = f"{self.platform}-{next(self._refs)}"
        await self._call("post", message, lambda: self._add(ref, message))
        return ref

    async def edit(self, ref: str, message: Message) -> None:
        await self._call("edit", message, lambda: self._change(ref, message))

    async def find(self, message: Message) -> str | None:
        await self._call("find", message, lambda: None)
        found = self.messages(message.mission, message.slot)
        return found[-1].ref if found else None

    async def tell(self, place: str, person: str, text: str) -> None:
        await _meet(self._next("tell"), lambda: self.told.append((place, person, text)))

    # -- the server ----------------------------------------------------------------------------

    async def _call(self, call: Call, message: Message, effect: Callable[[], None]) -> None:
        async with self._changed:
            self.log.append((call, message.slot, message.version))
            self._changed.notify_all()
        await _meet(self._next(call), effect)

    def _next(self, call: Call) -> Fault:
        return self._faults[call].popleft() if self._faults[call] else Fault()

    def _add(self, ref: str, message: Message) -> None:
        self.shown[ref] = Shown(ref, [message])

    def _change(self, ref: str, message: Message) -> None:
        found = self.shown.get(ref)
        if found is None or found.deleted:
            raise ChatGone("not there")
        found.history.append(message)


async def _meet(fault: Fault, effect: Callable[[], None]) -> None:
    """Let the effect happen before the fault when it is `stored`, else after it, if ever."""
    if fault.stored:
        effect()
    if fault.until is not None:
        await fault.until.wait()
    if fault.error is not None:
        raise fault.error
    if not fault.stored:
        effect()
