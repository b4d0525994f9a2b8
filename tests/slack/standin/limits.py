"""Slack's rate tiers, counted in sliding minutes per method, and a second per channel for posts."""

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable

TIERS = {1: 1, 2: 20, 3: 50, 4: 100}
POST_BURST = 5
"""How many posts a channel tolerates in quick succession before one a second is held to."""


class Tiers:
    """Counts calls; `seconds` says how long to wait, 0 when the call is taken."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.on = True
        self._minutes: defaultdict[str, deque[float]] = defaultdict(deque)
        self._free: dict[str, float] = {}

    def seconds(self, method: str, tier: int, channel: str) -> int:
        """Count one call and give 0, or give the Retry-After of its refusal."""
        if not self.on:
            return 0
        if method == "chat.postMessage":
            return self._post(channel)
        return self._minute(method, TIERS[tier])

    def _minute(self, key: str, most: int) -> int:
        now, calls = self.clock(), self._minutes[key]
        while calls and calls[0] <= now - 60:
            calls.popleft()
        if len(calls) >= most:
            return max(1, math.ceil(calls[0] + 60 - now))
        calls.append(now)
        return 0

    def _post(self, channel: str) -> int:
        """One a second, with a small burst: the debt may not pass POST_BURST seconds."""
        now = self.clock()
        free = max(self._free.get(channel, now), now)
        if free - now >= POST_BURST:
            return max(1, math.ceil(free - now - POST_BURST + 1))
        self._free[channel] = free + 1
        return 0
