"""What can go wrong on the way, and a journal of everything that was asked."""

import re
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Fault:
    """Hits requests whose method and path match, `times` times.

    `status` answers with that status; `drop` cuts the connection without an answer; `delay` waits
    seconds first. With `after`, the request takes its effect before it fails.
    """

    method: str
    path: str
    status: int = 0
    drop: bool = False
    delay: float = 0.0
    after: bool = False
    times: int = 1
    body: dict[str, Any] = field(default_factory=dict[str, Any])

    def hits(self, method: str, path: str) -> bool:
        return self.times > 0 and self.method == method and bool(re.search(self.path, path))


@dataclass
class Entry:
    """One request as it was answered; `status` 0 when the connection was cut."""

    method: str
    path: str
    body: Any
    status: int
    at: float
    code: int = 0


class Journal(list[Entry]):
    """Every request, in order."""

    def of(self, method: str, path: str) -> list[Entry]:
        """The requests whose path matches the expression."""
        return [e for e in self if e.method == method and re.search(path, e.path)]

    @property
    def unhandled(self) -> list[Entry]:
        """Answers that a careful client does not provoke."""
        return [e for e in self if e.status in (400, 401, 403, 405, 413, 429)]
