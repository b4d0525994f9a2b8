"""Rate limits: buckets per route and channel, the global one, and old edits.

Bucket sizes and the budget for old edits are undocumented: the values follow what bot authors
report. Tests that are about something else may raise them.
"""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass

from tests.discord_.standin.refusal import OLD_EDITS, limited


@dataclass
class Rule:
    """At most `count` in `seconds`."""

    count: int
    seconds: float


class Limits:
    """What may be asked how often."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.channel = Rule(5, 5.0)
        self.other = Rule(50, 1.0)
        self.everything = Rule(50, 1.0)
        self.old_edits = Rule(3, 20.0)
        self._seen: dict[str, deque[float]] = defaultdict(deque)

    def open_wide(self) -> None:
        """No limit but the one for old edits."""
        for rule in (self.channel, self.other, self.everything):
            rule.count = 1_000_000

    def take_global(self) -> None:
        wait, _ = self._take("global", self.everything)
        if wait:
            raise limited(wait, scope="global")

    def take(self, bucket: str, rule: Rule) -> dict[str, str]:
        """The bucket's headers for an answer. Raises Refusal when it is empty."""
        wait, left = self._take(bucket, rule)
        headers = {
            "X-RateLimit-Limit": str(rule.count),
            "X-RateLimit-Remaining": str(left),
            "X-RateLimit-Reset-After": f"{self._reset_after(bucket, rule):.3f}",
            "X-RateLimit-Reset": f"{self._now() + self._reset_after(bucket, rule):.3f}",
            "X-RateLimit-Bucket": bucket.split(":", 1)[0],
        }
        if wait:
            refusal = limited(wait)
            refusal.headers |= headers
            raise refusal
        return headers

    def take_old_edit(self, channel: str) -> None:
        wait, _ = self._take(f"old:{channel}", self.old_edits)
        if wait:
            raise limited(wait, code=OLD_EDITS, scope="shared")

    def _take(self, bucket: str, rule: Rule) -> tuple[float, int]:
        """Seconds to wait (0: taken), and how many are left."""
        seen, now = self._seen[bucket], self._now()
        while seen and seen[0] <= now - rule.seconds:
            seen.popleft()
        if len(seen) >= rule.count:
            return max(0.001, seen[0] + rule.seconds - now), 0
        seen.append(now)
        return 0.0, rule.count - len(seen)

    def _reset_after(self, bucket: str, rule: Rule) -> float:
        seen = self._seen[bucket]
        return max(0.0, seen[0] + rule.seconds - self._now()) if seen else 0.0
