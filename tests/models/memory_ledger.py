"""A ledger in memory that keeps the promises of `graphs.models.ask.Ledger`, cap included."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from graphs.models.ask import CallKey, OverCap, StoredCall, Usage


class MemoryLedger:
    """`calls` are all reservations in order; `usage` what was settled; `held` what is set aside."""

    def __init__(self, cap: Decimal = Decimal(1000)) -> None:
        self.cap = cap
        self.calls: list[CallKey] = []
        self.held: dict[tuple[str, str], Decimal | None] = {}
        self.usage: dict[str, Usage] = {}
        self.released: dict[str, str] = {}
        self._answers: dict[tuple[str, str, str], StoredCall] = {}

    @property
    def keys(self) -> list[str]:
        return [call.key for call in self.calls]

    async def stored(
        self, mission: str, keys: Sequence[str], request: str
    ) -> dict[str, StoredCall]:
        found = {key: self._answers.get((mission, key, request)) for key in keys}
        return {key: stored for key, stored in found.items() if stored is not None}

    async def reserve(
        self, call: CallKey, model: str, amount: Decimal | None, *, again: bool = False
    ) -> bool:
        known = call.key in self.usage or (call.mission, call.key) in self.held
        if (known or call.key in self.released) and not again:
            return False
        spent = sum((u.price or Decimal(0) for u in self.usage.values()), Decimal(0))
        left = self.cap - spent - sum((a or Decimal(0) for a in self.held.values()), Decimal(0))
        if amount is not None and amount > left:
            raise OverCap(amount, left)
        self.calls.append(call)
        self.held[call.mission, call.key] = amount
        return True

    def settle(self, call: CallKey, usage: Usage, response: dict[str, Any]) -> None:
        del self.held[call.mission, call.key]
        self.usage[call.key] = usage
        kept = StoredCall(response=response, model=usage.model)
        self._answers[call.mission, call.key, call.request] = kept

    async def release(self, call: CallKey, error: str) -> None:
        del self.held[call.mission, call.key]
        self.released[call.key] = error
