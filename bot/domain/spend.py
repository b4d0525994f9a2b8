"""Money: what model calls cost, and the cap that none of them may pass."""

from decimal import Decimal
from typing import Any

from bot.domain.base import Frozen


class CallKey(Frozen):
    """Which call this is: `key` is unique within the mission."""

    mission: str
    key: str
    request: str
    purpose: str
    tier: str
    task: str = ""
    attempt: int = 0


class StoredCall(Frozen):
    """A model call whose result was kept: the AI message as LangChain dumps it."""

    response: dict[str, Any]
    model: str


class Usage(Frozen):
    """`price` is US dollars, None when unknown. `estimated` when the provider counted no tokens."""

    model: str
    tokens_in: int = 0
    tokens_out: int = 0
    price: Decimal | None = None
    estimated: bool = False


class OverCap(Exception):
    """The next call would pass the mission's cap. `needed` and `left` are US dollars."""

    def __init__(self, needed: Decimal, left: Decimal) -> None:
        super().__init__(
            f"The next step needs about ${needed:.2f}; ${max(left, Decimal(0)):.2f} is left."
        )
        self.needed = needed
        self.left = left
