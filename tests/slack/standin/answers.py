"""`response_url`s: each five times within thirty minutes, for one click, command or shortcut."""

import secrets
import time
from dataclasses import dataclass

USES = 5
SECONDS = 30 * 60.0


@dataclass
class Answer:
    """Who gets private words by it, and which message it may replace ("": none)."""

    channel: str
    user: str
    ts: str
    at: float
    left: int = USES


class Answers:
    """The urls that were given out; `clock` may be moved by a test."""

    def __init__(self) -> None:
        self.clock = time.monotonic
        self._given: dict[str, Answer] = {}

    def path(self, channel: str, user: str, ts: str = "") -> str:
        """Give out a url; gives its path."""
        ticket = secrets.token_hex(12)
        self._given[ticket] = Answer(channel, user, ts, self.clock())
        return f"/respond/{ticket}"

    def use(self, ticket: str) -> tuple[Answer | None, str]:
        """Use it once; else Slack's word for why not."""
        found = self._given.get(ticket)
        if found is None:
            return None, "invalid_url"
        if self.clock() - found.at > SECONDS:
            return None, "expired_url"
        if found.left <= 0:
            return None, "used_url"
        found.left -= 1
        return found, ""
