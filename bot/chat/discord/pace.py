"""How fast the bot may ask: Discord's buckets as its answers tell them, and fifty a second.

discord.py waits inside a call, for minutes when it must. The courier rather wants to know at once,
and to show a newer card later: `wait` names the seconds and takes nothing.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp

EACH_SECOND = 45
"""Requests in any one second, over all routes. Discord's limit is 50 for the whole bot."""
FREE = ("/interactions/", "/webhooks/")
"""Paths that Discord does not count: people wait there for their answer."""
KEPT = 2_000


@dataclass
class _Bucket:
    left: int
    until: float


class Pace:
    """Shared by everything in this process that asks Discord. Times are the event loop's."""

    def __init__(self, each_second: int = EACH_SECOND) -> None:
        self._each_second = each_second
        self._buckets: dict[str, _Bucket] = {}
        self._recent: deque[float] = deque()
        self._stopped_until = 0.0

    def take(self, bucket: str) -> float:
        """0 when the request may go now, and it is counted; else the seconds to wait."""
        wait = max(self._all(), self._own(bucket))
        if wait <= 0:
            self._recent.append(_now())
            if (found := self._buckets.get(bucket)) is not None:
                found.left -= 1
        return wait

    def _own(self, bucket: str) -> float:
        found = self._buckets.get(bucket)
        return 0.0 if found is None or found.left > 0 else found.until - _now()

    def _all(self) -> float:
        now = _now()
        while self._recent and self._recent[0] <= now - 1:
            self._recent.popleft()
        full = len(self._recent) >= self._each_second
        return max(self._stopped_until - now, self._recent[0] + 1 - now if full else 0.0)

    def learn(self, bucket: str, headers: Mapping[str, str]) -> None:
        """What an answer says about its bucket."""
        left, after = headers.get("X-RateLimit-Remaining"), headers.get("X-RateLimit-Reset-After")
        if left is None or after is None:
            return
        self._buckets[bucket] = _Bucket(int(left), _now() + float(after))
        if len(self._buckets) > KEPT:
            now = _now()
            self._buckets = {k: b for k, b in self._buckets.items() if b.until > now}

    def hold(self, bucket: str, seconds: float, *, everything: bool = False) -> None:
        """Nothing more from this bucket, or from any, for so long."""
        if everything:
            self._stopped_until = max(self._stopped_until, _now() + seconds)
        else:
            self._buckets[bucket] = _Bucket(0, _now() + seconds)

    def trace(self) -> aiohttp.TraceConfig:
        """For discord.py's own requests: they wait their turn here, and are counted."""
        config = aiohttp.TraceConfig()
        config.on_request_start.append(self._started)
        return config

    async def _started(
        self, _: aiohttp.ClientSession, context: object, about: aiohttp.TraceRequestStartParams
    ) -> None:
        if not any(part in about.url.path for part in FREE):
            await self._turn()

    async def _turn(self) -> None:
        if (wait := self._all()) > 0:
            await asyncio.sleep(wait)
            return await self._turn()
        self._recent.append(_now())
        return None


def _now() -> float:
    return asyncio.get_running_loop().time()
