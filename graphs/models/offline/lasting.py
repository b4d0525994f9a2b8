"""How long something lasted: the days between two columns of dates."""

import re
from collections.abc import Sequence

from graphs.models.offline.asked import Words
from graphs.models.offline.columns import Column, fit

_LASTS = re.compile(
    r"\b(?:longest|shortest|how long|quickest|fastest|slowest|duration|took|lasted|"
    r"days? (?:to|until|between)|time (?:to|until|between)|lifetime|turnaround|lead time)\b",
    re.IGNORECASE,
)
_STARTS = frozenset(
    ["created", "create", "start", "started", "begin", "began", "open", "opened", "release",
     "released", "from", "ordered", "order", "received", "reported", "joined", "hired", "requested",
     "submitted", "issued", "beginn", "eröffnet", "erstellt"]
)  # fmt: skip
_ENDS = frozenset(
    ["end", "ended", "eol", "close", "closed", "resolved", "finished", "finish", "completed",
     "done", "due", "shipped", "delivered", "expired", "expires", "expiry", "until", "to", "left",
     "paid", "returned", "merged", "ende", "geschlossen", "erledigt"]
)  # fmt: skip


def lasts(said: Words) -> bool:
    """True when a question asks how long things took or lasted."""
    return bool(_LASTS.search(said.text))


def two_dates(said: Words, dates: Sequence[Column]) -> tuple[Column, Column] | None:
    """The column where it begins and the one where it ends; None when no two say so."""
    ends = [c for c in dates if _parts(c) & _ENDS]
    if not ends or len(dates) < 2:
        return None
    end = max(ends, key=lambda c: fit(said.said, c))
    before = [c for c in dates[: list(dates).index(end)] if c not in ends]
    starts = [c for c in before if _parts(c) & _STARTS] or before
    starts = starts or [c for c in dates if _parts(c) & _STARTS and c is not end]
    if not starts:
        return None
    named = [c for c in starts if fit(said.said, c) >= 0.9]
    return (named or starts)[-1], end


def _parts(column: Column) -> set[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column.name)
    return {part.casefold() for part in re.split(r"[\W_]+", spaced) if part}
