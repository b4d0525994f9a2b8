"""The ledger: the journal of model calls and what they cost."""

from decimal import Decimal
from typing import Any

from sqlalchemy import and_, func, select, update

from bot.domain.spend import CallKey, OverCap, StoredCall, Usage
from bot.store import statements as q
from bot.store import tables as t
from bot.store.store import Store, spending
from bot.store.tx import Tx


class Ledger:
    """Money is set aside before a call and settled after it, so that a crash is never free.

    A reservation whose process died still counts against the cap until the call is made again:
    the provider may have charged for it.
    """

    def __init__(self, store: Store) -> None:
        self.store = store

    async def stored(self, mission: str, key: str, request: str) -> StoredCall | None:
        """The kept result of this key, when it was asked with the same request."""
        of = {"of_mission": mission, "of_key": key, "of_request": request}
        async with self.store.reading() as conn:
            row = (await conn.execute(q.STORED_CALL, of)).first()
        return StoredCall(response=row[0], model=row[1]) if row else None

    async def reserve(self, call: CallKey, model: str, amount: Decimal | None) -> None:
        """Set `amount` US dollars aside, None when the price is unknown.

        Raises OverCap, and Missing once the mission is forgotten: nothing is kept of it then.
        """
        async with self.store.begin() as tx:
            mission = await tx.lock(call.mission)
            if amount:
                await self._afford(tx, call, mission.cap, amount)
            await self._put_by(tx, call)
            row = call.model_dump(mode="python")
            await tx.put_call(
                {**row, "model": model, "state": "reserved", "reserved": amount, "at": tx.now}
            )

    async def _put_by(self, tx: Tx, call: CallKey) -> None:
        """Keep an answer to another question under this key: it was paid for, and stays counted."""
        c = t.calls.c
        paid = and_(c.mission == call.mission, c.key == call.key, c.state == "done")
        await tx.conn.execute(
            update(t.calls)
            .where(paid, c.request != call.request)
            .values(key=c.key + "~" + func.substr(c.request, 1, 12))
        )

    async def _afford(self, tx: Tx, call: CallKey, cap: Decimal, amount: Decimal) -> None:
        spent = await spending(tx.conn, call.mission)
        before = await self._set_aside(tx, call)
        left = cap - spent.spent - spent.reserved + before
        if amount > left:
            raise OverCap(amount, left)

    async def _set_aside(self, tx: Tx, call: CallKey) -> Decimal:
        """What an earlier try of this call, whose process died, has set aside: it is replaced."""
        c = t.calls.c
        where = and_(c.mission == call.mission, c.key == call.key, c.state == "reserved")
        found = await tx.conn.execute(select(c.reserved).where(where))
        return found.scalar_one_or_none() or Decimal(0)

    async def settle(self, mission: str, key: str, usage: Usage, response: dict[str, Any]) -> None:
        """Keep the result and its price in place of the reservation."""
        await self._end(
            mission, key, state="done", model=usage.model, price=usage.price, reserved=None,
            tokens_in=usage.tokens_in, tokens_out=usage.tokens_out, response=response,
        )  # fmt: skip

    async def release(self, mission: str, key: str, error: str) -> None:
        """The call failed and cost nothing."""
        await self._end(mission, key, state="failed", reserved=None, error=error[:500])

    async def _end(self, mission: str, key: str, **values: Any) -> None:
        of = {"of_mission": mission, "of_key": key}
        async with self.store.begin() as tx:
            await tx.conn.execute(q.END_CALL, {**of, "ended_at": tx.now, **values})
