"""A process that migrates: `python -m tests.core.migrator URL`."""

import asyncio
import sys

from bot.store.migrate import migrate
from bot.store.store import Store


async def main(url: str) -> None:
    sys.stdin.readline()  # all start at the same word
    store = Store(url)
    await migrate(store)
    await store.close()
    print("done", flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
