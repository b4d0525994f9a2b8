"""Who waits for one of Slack's limits: first what needs a person, then who has waited longest."""

import time
from collections.abc import Callable
from dataclasses import dataclass

LONGEST_TURN = 4.0
"""Seconds after which who waits asks again: by then what it shows may need a person."""
FIRST = 6
"""How many may try at once. Those behind them wait, so that nobody is overtaken for long."""


@dataclass
class Waiting:
    """Since when, when it asked last, and whether it needs a person."""

    since: float
    asked: float
    urgent: bool


class Turns:
    """The queue before one limit. It says when to ask again; the limiter decides.

    `every` is about how many seconds Slack takes for one.
    """

    def __init__(self, every: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._clock = clock
        self._waiting: dict[str, Waiting] = {}

    def may_try(self, key: str, *, urgent: bool) -> bool:
        """False while others are so far ahead that a try would overtake them."""
        return urgent or self._ahead(key, urgent) < FIRST

    def join(self, key: str, *, urgent: bool, soonest: float) -> float:
        """Wait, at the place of one's first try; gives the seconds until the next."""
        now = self._clock()
        kept = self._waiting.get(key) or Waiting(now, now, urgent)
        kept.asked, kept.urgent = now, urgent
        self._waiting[key] = kept
        turn = soonest + self._ahead(key, urgent) * self._every
        return min(turn, max(soonest, LONGEST_TURN))

    def leave(self, key: str) -> None:
        """It had its turn."""
        self._waiting.pop(key, None)

    def __len__(self) -> int:
        return len(self._waiting)

    def _ahead(self, key: str, urgent: bool) -> int:
        """How many others are served before; who has not asked for long has nothing to show."""
        now = self._clock()
        gone = [k for k, w in self._waiting.items() if now - w.asked > 3 * LONGEST_TURN]
        for one in gone:
            del self._waiting[one]
        own = self._waiting.get(key)
        mine = (not urgent, own.since if own else now)
        return sum(k != key and (not w.urgent, w.since) < mine for k, w in self._waiting.items())
