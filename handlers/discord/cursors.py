"""How far each Place of Discord was read: the rows, with a copy in memory.

One process holds Discord's connection, so the copy is never behind.
"""

from datetime import timedelta

from bot.chat.discord.place import DM, PLATFORM
from bot.store.store import Store

RECENT = timedelta(days=14)
"""Where nothing has happened for longer, what was missed waits until somebody speaks there."""


class Cursors:
    """`place in cursors` tells whether a mission lives or lived there."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: dict[str, str] = {}

    async def load(self) -> None:
        """Read all rows. Raises StoreDown."""
        self._seen = await self._store.cursors(PLATFORM)

    def __contains__(self, place: str) -> bool:
        return place in self._seen

    @property
    def places(self) -> frozenset[str]:
        """Every Place that was ever read."""
        return frozenset(self._seen)

    def get(self, place: str) -> str:
        """The id of the last message that was read there, "" when nothing was."""
        return self._seen.get(place, "")

    async def put(self, place: str, seen: str) -> None:
        """Keep how far this Place was read. Raises StoreDown."""
        async with self._store.begin() as tx:
            await tx.set_cursor(place, seen)
        self._seen[place] = seen

    async def lively(self) -> list[str]:
        """The Places where a mission is under way or was lately, and all direct messages."""
        recent = await self._store.places(PLATFORM, self._store.clock() - RECENT)
        direct = [place for place in self._seen if place.startswith(f"{PLATFORM}:{DM}:")]
        return sorted(self._seen.keys() & {*recent, *direct})
