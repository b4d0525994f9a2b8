"""The stand-in's time: real time that a test can move on, and ids that carry it."""

import time
from collections.abc import Callable

EPOCH_MS = 1_420_070_400_000
"""Discord's epoch: a snowflake holds milliseconds since then."""


class Clock:
    """Real time plus what a test has added."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self) -> float:
        """Seconds since 1970."""
        return time.time() + self._ahead

    def advance(self, seconds: float) -> None:
        self._ahead += seconds


class Snowflakes:
    """Ids that only grow."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._last = 0

    def next(self) -> str:
        fresh = int(self._now() * 1000 - EPOCH_MS) << 22
        self._last = max(fresh, self._last + 1)
        return str(self._last)


def born(snowflake: str) -> float:
    """When the id was made, in seconds since 1970."""
    return ((int(snowflake) >> 22) + EPOCH_MS) / 1000
