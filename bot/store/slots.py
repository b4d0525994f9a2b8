"""Slots: the messages that missions have, or should have."""

from collections import OrderedDict
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.store.late import Late

SECONDS = 1.0
"""How long the word that a message was edited may wait for its mission's next transaction."""
KNOWN = 10_000
"""Of how many messages it is known what they show."""


@dataclass(frozen=True, slots=True)
class SlotRow:
    """What the courier must know of a slot: it is behind while `shown` < `wanted`."""

    mission: str
    name: str
    place: str
    wanted: int
    shown: int
    made_at: datetime
    ref: str = ""
    posting: bool = False
    gone: bool = False
    tries: int = 0
    not_before: datetime | None = None


class Edits:
    """What messages show by now and their rows may not say yet.

    `shown` never goes back, so what is known here holds for good. If the process dies before it
    is written, the message is edited once more, to what it shows.
    """

    def __init__(self, write: Callable[[str], Coroutine[Any, Any, None]]) -> None:
        self.late = Late(write, seconds=SECONDS)
        self._shown: OrderedDict[tuple[str, str], int] = OrderedDict()

    def add(self, slot: SlotRow) -> None:
        """The message shows what was wanted of it."""
        key = (slot.mission, slot.name)
        self._shown[key] = slot.wanted
        self._shown.move_to_end(key)
        if len(self._shown) > KNOWN:
            self._shown.popitem(last=False)
        self.late.add(slot.mission, lambda tx: tx.show(slot.mission, slot.name, slot.wanted))

    def known(self, rows: Iterable[SlotRow]) -> tuple[SlotRow, ...]:
        """The rows with what is known."""
        return tuple(self._now(row) for row in rows)

    def _now(self, row: SlotRow) -> SlotRow:
        shown = self._shown.get((row.mission, row.name), 0)
        return replace(row, shown=shown) if shown > row.shown else row
