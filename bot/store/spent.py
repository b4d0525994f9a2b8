"""What a person's missions have cost, over all of them."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import select

from bot.store import tables as t
from bot.store.store import Store


async def spent_by(
    store: Store, workspace: str, person: str, since: datetime
) -> tuple[Decimal, int]:
    """US dollars since then, and how many calls had no known price. Raises StoreDown."""
    c = t.calls.c
    query = (
        select(c.price)
        .join(t.missions, t.missions.c.id == c.mission)
        .where(t.missions.c.workspace == workspace, t.missions.c.requester == person)
        .where(t.missions.c.created_at >= since, c.state == "done")
    )
    async with store.reading() as conn:
        prices = [row[0] for row in await conn.execute(query)]
    return sum((p for p in prices if p is not None), Decimal(0)), prices.count(None)
