"""A scripted server, a ledger, and tiers of models between them."""

from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from pydantic import SecretStr

from bot.domain.plan import Tier
from graphs.models.ask import Ask
from graphs.models.config import TierConfig
from graphs.models.tiers import Tiers
from graphs.schemas import CritiqueDraft, ReviewDraft
from tests.models.memory_ledger import MemoryLedger
from tests.models.openai_server import OpenAIServer

CANARY = "sk-canary-do-not-leak-4711"


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(key=CANARY) as server:
        yield server


@pytest.fixture
def ledger() -> MemoryLedger:
    return MemoryLedger()


@dataclass
class Clock:
    """Notes the pauses instead of making them."""

    pauses: list[float] = field(default_factory=list)

    async def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)


@pytest.fixture
def clock() -> Clock:
    return Clock()


Make = Callable[..., Tiers]


@pytest.fixture
async def tiers(server: OpenAIServer, ledger: MemoryLedger, clock: Clock) -> AsyncGenerator[Make]:
    """Makes the tiers; keyword arguments change the configuration."""
    made: list[Tiers] = []

    def make(**changes: Any) -> Tiers:
        usual = {
            "light": "openai:gpt-5.4-mini",
            "standard": "openai:gpt-5.4",
            "strong": "openai:gpt-5.5",
            "openai_base_url": server.url,
            "openai_api_key": SecretStr(CANARY),
            "deadline": 20.0,
        }
        config = TierConfig.model_validate(usual | changes)
        made.append(Tiers.configured(config, ledger, sleep=clock.sleep))
        return made[-1]

    yield make
    for each in made:
        await each.close()


REVIEW = {"rows": [{"criterion": "T1.1", "met": True, "evidence": "42 calls"}]}


def review(key: str = "review:T1:1", tier: Tier = Tier.light, **data: Any) -> Ask[ReviewDraft]:
    """A question with a small typed answer."""
    facts = data or {"goal": "Count the calls", "output": {"text": "42 calls"}}
    return Ask(mission="M1", key=key, purpose="review", tier=tier, data=facts, schema_=ReviewDraft)


def critique(**data: Any) -> Ask[CritiqueDraft]:
    return Ask(
        mission="M1", key="critique:1", purpose="critique", tier=Tier.strong, data=data,
        schema_=CritiqueDraft,
    )  # fmt: skip


def work(key: str = "work:T1:1:0", **data: Any) -> Ask[Any]:
    """A step of an agent."""
    facts = data or {"goal": "Count the calls", "task": {"id": "T1", "title": "Count"}}
    return Ask(mission="M1", key=key, purpose="work", tier=Tier.standard, data=facts, task="T1")
