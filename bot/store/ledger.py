"""The ledger: the journal of model calls and what they cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from bot.domain.spend import CallKey, OverCap, StoredCall, Usage
from bot.store import statements as q
from bot.store.records import spending
from bot.store.store import Store
from bot.store.tx import Tx


@dataclass(frozen=True)
class Reservation:
    """`amount` US dollars for a call; None when its price is unknown."""

    call: CallKey
    model: str
    amount: Decimal | None

    async def add(self, tx: Tx) -> bool:
        """Set it aside. False when there is a call under this key. Raises OverCap."""
        mission, key = self.call.mission, self.call.key
        if await tx.reserve(self._row(tx), tx.caps[mission]):
            return True
        if self.amount is None or await tx.has_call(mission, key):
            return False
        raise OverCap(self.amount, await self._left(tx))

    async def replace(self, tx: Tx) -> bool:
        """Take the place of an earlier try, whose process died; what it had set aside is free.

        An answer to another question under this key was paid for: it is kept and stays counted.
        False when this question has its answer: it came meanwhile, or was put by.
        """
        if await tx.bring_back(self.call.mission, self.call.key, self.call.request):
            return False
        if self.amount:
            left = await self._left(tx) + await tx.set_aside(self.call.mission, self.call.key)
            if self.amount > left:
                raise OverCap(self.amount, left)
        await tx.put_by(self.call.mission, self.call.key, self.call.request)
        return await tx.put_call(self._row(tx))

    def _row(self, tx: Tx) -> dict[str, Any]:
        row = {"model": self.model, "state": "reserved", "reserved": self.amount, "at": tx.now}
        return self.call.model_dump(mode="python") | row

    async def _left(self, tx: Tx) -> Decimal:
        """What the mission may still cost."""
        spent = await spending(tx.conn, self.call.mission)
        return tx.caps[self.call.mission] - spent.spent - spent.reserved


class Ledger:
    """Money is set aside before a call and settled after it, so that a crash is never free.

    A reservation whose process died still counts against the cap until the call is made again:
    the provider may have charged for it.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    async def stored(
        self, mission: str, keys: Sequence[str], request: str
    ) -> dict[str, StoredCall]:
        """The kept results of these keys, as far as they were asked with the same request."""
        await self.store.catch_up(mission)
        of = {"of_mission": mission, "of_keys": list(keys), "of_request": request}
        async with self.store.reading() as conn:
            found = await conn.execute(q.STORED_CALLS, of)
            return {key: StoredCall(response=said, model=model) for key, said, model in found}

    async def reserve(
        self, call: CallKey, model: str, amount: Decimal | None, *, again: bool = False
    ) -> bool:
        """Set `amount` US dollars aside, None when the price is unknown.

        False when there is a call under this key: look for what is `stored`, and only then reserve
        it `again`; that is False when its answer is there: look for it once more. Raises OverCap;
        Missing once the mission is forgotten; and, where the mission is held, Fenced. Nothing is
        kept of it then.
        """
        aside = Reservation(call, model, amount)
        put = aside.replace if again else aside.add
        journal = self.store.journals.get(call.mission)
        if journal is not None:
            return await journal.commit(put, revises=False)
        async with self.store.begin() as tx:
            await tx.lock_cap(call.mission)
            return await put(tx)

    def settle(self, call: CallKey, usage: Usage, response: dict[str, Any]) -> None:
        """Keep the result and its price in place of the reservation.

        It is on the disk with the mission's next transaction: with what is made of it, see
        `Journal.keep` and `bot.store.late`.
        """
        ended = {
            "state": "done", "model": usage.model, "price": usage.price, "reserved": None,
            "tokens_in": usage.tokens_in, "tokens_out": usage.tokens_out, "response": response,
        }  # fmt: skip
        answer = _ended(call, self.store.clock(), ended)
        journal = self.store.journals.get(call.mission)
        keep = journal.keep if journal else partial(self.store.answers.add, call.mission)
        keep(lambda tx: tx.end_call(call.mission, answer))

    async def release(self, call: CallKey, error: str) -> None:
        """The call failed and cost nothing."""
        ended = {"state": "failed", "reserved": None, "error": error[:500]}
        async with self.store.begin() as tx:
            await tx.catch_up(call.mission)
            await tx.end_call(call.mission, _ended(call, tx.now, ended))


def _ended(call: CallKey, at: datetime, columns: Mapping[str, Any]) -> dict[str, Any]:
    """What came of a call, for `Tx.end_call`."""
    return {"of_key": call.key, "of_request": call.request, "ended_at": at, **columns}
