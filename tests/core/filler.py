"""A program whose disk is full: `python -m tests.core.filler URL BYTES`.

Writes missions until the store says no, with no file allowed to grow beyond BYTES. Prints the
store's sentence and how many missions it was told are kept.
"""

import asyncio
import resource
import sys

from bot.store.store import Store, StoreDown
from tests.core.world import mission


async def main(url: str, size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    store = Store(url)
    kept = 0
    try:
        while True:
            async with store.begin() as tx:
                await tx.add_mission(mission(id=f"f{kept}", goal="x" * 20_000))
            kept += 1
    except StoreDown as error:
        print(f"{kept} {error}", flush=True)
    await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
