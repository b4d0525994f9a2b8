"""The ledger: the journal of model calls and what they cost."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, update

from bot.domain.spend import CallKey, OverCap, StoredCall, Usage
from bot.store import statements as q
from bot.store import tables as t
from bot.store.records import spending
from bot.store.store import Store
from bot.store.tx import Tx


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

    async def reserve(self, call: CallKey, model: str, amount: Decimal | None) -> None:
        """Set `amount` US dollars aside, None when the price is unknown.

        Raises OverCap, and Missing once the mission is forgotten: nothing is kept of it then.
        """
        row = call.model_dump(mode="python")
        async with self.store.begin() as tx:
            cap = await tx.lock_cap(call.mission)
            row |= {"model": model, "state": "reserved", "reserved": amount, "at": tx.now}
            if not await tx.add_call(row):
                await self._replace(tx, call, row)
            if amount:
                await self._afford(tx, call.mission, cap, amount)

    async def _replace(self, tx: Tx, call: CallKey, row: dict[str, Any]) -> None:
        """Take the place of an earlier try, whose process died; what it had set aside is free.

        An answer to another question under this key was paid for: it is kept and stays counted.
        """
        c = t.calls.c
        paid = and_(c.mission == call.mission, c.key == call.key, c.state == "done")
        await tx.conn.execute(
            update(t.calls)
            .where(paid, c.request != call.request)
            .values(key=c.key + "~" + func.substr(c.request, 1, 12))
        )
        await tx.put_call(row)

    async def _afford(self, tx: Tx, mission: str, cap: Decimal, amount: Decimal) -> None:
        """Raises OverCap when this amount, set aside already, was too much."""
        spent = await spending(tx.conn, mission)
        left = cap - spent.spent - spent.reserved
        if left < 0:
            raise OverCap(amount, left + amount)

    async def settle(self, mission: str, key: str, usage: Usage, response: dict[str, Any]) -> None:
        """Keep the result and its price in place of the reservation.

        It is on the disk with the mission's next transaction: with what is made of it, see
        `bot.store.late`.
        """
        ended = {
            "state": "done", "model": usage.model, "price": usage.price, "reserved": None,
            "tokens_in": usage.tokens_in, "tokens_out": usage.tokens_out, "response": response,
        }  # fmt: skip
        self.store.late.add(mission, {"of_key": key, "ended_at": self.store.clock(), **ended})

    async def release(self, mission: str, key: str, error: str) -> None:
        """The call failed and cost nothing."""
        ended = {"state": "failed", "reserved": None, "error": error[:500]}
        async with self.store.begin() as tx:
            await tx.catch_up(mission)
            await tx.end_call(mission, {"of_key": key, "ended_at": tx.now, **ended})
