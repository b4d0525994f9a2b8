"""The `response_url`s of clicks: a second way to change the message that was clicked.

Slack takes each five times within thirty minutes and counts it against no other limit. Whoever has
one may write there, so they are kept in memory alone, and neither logged nor stored.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

USES = 5
SECONDS = 30 * 60.0
"""What Slack allows; `MARGIN` of it is left for a slow answer."""
MARGIN = 30.0
REMEMBERED = 2_000
"""Messages whose clicks are remembered."""


@dataclass
class Answer:
    """One click's `url`: how often it may still be used, and until when."""

    url: str
    left: int
    until: float


class Answers:
    """By message (`channel:ts`), the newest click last."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._of: OrderedDict[str, list[Answer]] = OrderedDict()

    def heard(self, ref: str, url: str) -> None:
        """A click on this message brought this url. The same click twice counts once."""
        kept = self._open(ref)
        if url and all(answer.url != url for answer in kept):
            kept.append(Answer(url, USES, self._clock() + SECONDS - MARGIN))
        self._of[ref] = kept
        self._of.move_to_end(ref)
        if len(self._of) > REMEMBERED:
            self._of.popitem(last=False)

    def left(self, ref: str) -> int:
        """How often this message may still be changed this way."""
        return sum(answer.left for answer in self._open(ref))

    def take(self, ref: str) -> str:
        """A url for this message, one use counted; "" when there is none."""
        found = next(iter(self._open(ref)), None)
        if found is None:
            return ""
        found.left -= 1
        return found.url

    def used(self, url: str) -> None:
        """One use went elsewhere: into a private word to who clicked."""
        for answer in self._with(url):
            answer.left -= 1

    def drop(self, url: str) -> None:
        """Slack does not take it any more."""
        for answer in self._with(url):
            answer.left = 0

    def _open(self, ref: str) -> list[Answer]:
        now = self._clock()
        return [a for a in self._of.get(ref, ()) if a.left > 0 and a.until > now]

    def _with(self, url: str) -> list[Answer]:
        return [a for answers in self._of.values() for a in answers if a.url == url]
