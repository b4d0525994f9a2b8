"""How far behind Slack's own limits force messages to be: a schedule for a load that knows it all.

One post a second in a channel (with its small burst), fifty edits in any minute, five more for each
click, and no message more often than every three seconds. What needs a person goes as if nothing
else were there; progress takes what is left, who has waited longest first. An answer takes no time.

What needs a person cannot be shown much sooner. For progress it is a fair schedule, not a bound.
"""

from bisect import bisect_left, bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

EDITS, MINUTE = 50, 60.0
POST_EVERY, POST_BURST = 1.0, 5
PACE = 3.0
USES, USABLE = 5, 30 * 60.0
STEP = 0.1
"""Seconds between two moments at which progress is looked at."""


class Change(NamedTuple):
    """A message should show something else from `at` on; `needs` a person to see it."""

    at: float
    key: str
    channel: str
    needs: bool


class Schedule:
    """When each message is shown. `seconds` are the lags, by kind."""

    def __init__(self, clicked: Mapping[str, float]) -> None:
        self.seconds: dict[str, list[float]] = {"needs": [], "posts": [], "progress": []}
        self._clicked = clicked
        self._shown: defaultdict[str, list[float]] = defaultdict(list)
        self._edits: list[float] = []
        self._used: defaultdict[str, int] = defaultdict(int)
        self._free: defaultdict[str, float] = defaultdict(float)

    # -- what needs a person ---------------------------------------------------------------------

    def urgent(self, change: Change) -> None:
        """The first message of a slot, or a change that a person must see."""
        shown = self._shown[change.key]
        if not shown:
            at = self._post(change)
            self.seconds["posts"].append(at - change.at)
        elif shown[-1] >= change.at:
            at = shown[-1]  # what was waiting takes this along
        else:
            at = self._edit(change.key, max(change.at, shown[-1] + PACE))
        if change.needs:
            self.seconds["needs"].append(at - change.at)

    def _post(self, change: Change) -> float:
        at = max(change.at, self._free[change.channel] - POST_BURST)
        self._free[change.channel] = max(self._free[change.channel], at) + POST_EVERY
        self._shown[change.key].append(at)
        return at

    def _edit(self, key: str, at: float) -> float:
        """The first moment from `at` on; a click's url is used only where that is sooner."""
        while not self._room(at):
            if self._by_click(key, at, kept=0):
                self._used[key] += 1
                break
            at += STEP
        else:
            insort(self._edits, at)
        insort(self._shown[key], at)
        return at

    # -- progress --------------------------------------------------------------------------------

    def progress(self, changes: Iterable[Change]) -> None:
        """Every other change, in what room is left."""
        left, waiting = sorted(changes), dict[str, float]()
        now = left[0].at if left else 0.0
        while left or waiting:
            while left and left[0].at <= now:
                change = left.pop(0)
                waiting.setdefault(change.key, change.at)
            for key in sorted(waiting, key=waiting.__getitem__):
                if (at := self._step(key, waiting[key], now)) is not None:
                    self.seconds["progress"].append(max(0.0, at - waiting.pop(key)))
            now += STEP

    def _step(self, key: str, since: float, now: float) -> float | None:
        """When it is shown, if it is by now: with something else, by a click, or by an edit."""
        shown = self._shown[key]
        next_ = bisect_left(shown, since)
        if next_ < len(shown) and shown[next_] <= now:
            return shown[next_]
        if any(abs(at - now) < PACE for at in shown[max(0, next_ - 1) : next_ + 2]):
            return None
        if self._by_click(key, now, kept=1):
            self._used[key] += 1
        elif self._room(now):
            insort(self._edits, now)
        else:
            return None
        insort(shown, now)
        return now

    # -- limits ----------------------------------------------------------------------------------

    def _room(self, at: float) -> bool:
        """True when one more edit then leaves no minute with more than fifty."""
        after = self._edits[bisect_right(self._edits, at) : bisect_left(self._edits, at + MINUTE)]
        return all(self._in_minute_to(end) < EDITS for end in (at, *after))

    def _in_minute_to(self, end: float) -> int:
        return bisect_right(self._edits, end) - bisect_right(self._edits, end - MINUTE)

    def _by_click(self, key: str, at: float, *, kept: int) -> bool:
        clicked = self._clicked.get(key)
        usable = clicked is not None and clicked <= at <= clicked + USABLE
        return usable and self._used[key] < USES - kept


def best(changes: Iterable[Change], clicked: Mapping[str, float]) -> dict[str, list[float]]:
    """The seconds behind of every change, by kind."""
    made, later, seen = Schedule(clicked), list[Change](), set[str]()
    for change in sorted(changes):
        if change.needs or change.key not in seen:
            made.urgent(change)
        else:
            later.append(change)
        seen.add(change.key)
    made.progress(later)
    return made.seconds
