"""One question to a model, and what the ledger must offer so that no answer is paid for twice."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any, Generic, Literal, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict

from bot.domain.base import canonical
from bot.domain.plan import Tier
from bot.domain.record import Record
from bot.domain.spend import CallKey, OverCap, StoredCall, Usage

__all__ = [
    "Ask",
    "CallKey",
    "Ledger",
    "ModelFailed",
    "Models",
    "Offer",
    "OverCap",
    "StoredCall",
    "Usage",
    "again",
]

T = TypeVar("T", bound=BaseModel)

Purpose = Literal[
    "intake", "plan", "critique", "work", "review", "assemble", "whole", "redo"
]  # fmt: skip
"""Each has a prompt of its own in `graphs/prompts/<purpose>.md`."""


class Ask(BaseModel, Generic[T]):
    """A question with a typed answer.

    `key` names it within the mission (`plan:1:0`, `review:T2:1`): asked again after a crash with
    the same data, the stored answer is given. `data` is JSON; each prompt's README line lists it.
    """

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    mission: str
    key: str
    purpose: Purpose
    tier: Tier
    data: dict[str, Any]
    schema_: type[T] | None = None
    system: str = ""
    task: str = ""
    attempt: int = 0


class Offer(tuple[Any, ...]):
    """Tools as a model is told of them."""

    @cached_property
    def text(self) -> str:
        """Their canonical JSON, made once for all who are offered the same."""
        from langchain_core.utils.function_calling import convert_to_openai_tool

        return canonical([convert_to_openai_tool(tool) for tool in self])


class Ledger(Protocol):
    """The journal of model calls and their cost."""

    async def stored(
        self, mission: str, keys: Sequence[str], request: str
    ) -> Mapping[str, StoredCall]:
        """The results of these keys, as far as they were asked with the same request hash."""
        ...

    async def reserve(
        self, call: CallKey, model: str, amount: Decimal | None, *, again: bool = False
    ) -> bool:
        """Set money aside before the call. Raises OverCap; nothing is set aside then.

        False, and nothing is set aside, when there is a call under this key and not `again`, or
        when its answer is there.
        """
        ...

    def settle(self, call: CallKey, usage: Usage, response: dict[str, Any]) -> None:
        """Keep the result and what it cost, in place of the reservation.

        It waits for nothing: an answer that was paid for is kept also when the mission stops now.
        """
        ...

    async def release(self, call: CallKey, error: str) -> None:
        """The call failed and cost nothing."""
        ...


def again(record: Record, stage: str, key: str) -> str:
    """The key of an ask, another one after each retry: a person who retries wants a new answer."""
    times = record.retries(stage)
    return f"{key}:again{times}" if times else key


class ModelFailed(Exception):
    """No model could answer. `final` when waiting will not help (no key, no quota, refused)."""

    def __init__(self, text: str, *, final: bool = False) -> None:
        super().__init__(text)
        self.final = final


class Models(Protocol):
    """The three tiers, the offline model or a script: all answer the same questions."""

    label: str
    """Shown wherever their work is shown, such as "offline model, no AI"."""

    async def ask(self, ask: Ask[T]) -> T:
        """A validated answer. Raises ModelFailed or OverCap."""
        ...

    async def turn(self, ask: Ask[Any], messages: Sequence[Any], tools: Sequence[Any]) -> Any:
        """One step of an agent: the AI message (LangChain's), with text or tool calls.

        `messages` are those after the first question; `tools` are LangChain tool schemas.
        """
        ...

    def name(self, tier: Tier) -> str:
        """The model behind a tier, for fingerprints and for people."""
        ...

    async def close(self) -> None:
        """Close what it keeps open."""
        ...

    @property
    def judge(self) -> str:
        """The model that criticises and reviews."""
        ...

    def price(self, tier: Tier, tokens_in: int, tokens_out: int) -> Decimal | None:
        """US dollars for so many tokens; None when the price is unknown."""
        ...

    @property
    def pace(self) -> float:
        """How long its work takes compared with an ordinary hosted model: 1 is the same."""
        ...
