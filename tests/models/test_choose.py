"""What a start finds: configured models, an endpoint, a local Ollama, or the offline model."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from pydantic import SecretStr

from bot.domain.plan import Tier
from graphs.models.choose import ANTHROPIC_MODELS, OPENAI_MODELS, choose
from tests.models.conftest import CANARY, REVIEW, review
from tests.models.memory_ledger import MemoryLedger
from tests.models.ollama_server import OllamaServer
from tests.models.openai_server import OpenAIServer

NOWHERE = "http://127.0.0.1:9"


@dataclass
class Given:
    """Settings with nothing set."""

    model_light: str | None = None
    model_critic: str | None = None
    model_calls: int = 8
    model_standard: str | None = None
    model_strong: str | None = None
    openai_api_key: SecretStr | None = None
    openai_base_url: str | None = None
    anthropic_api_key: SecretStr | None = None


KEY = SecretStr(CANARY)


@pytest.fixture
def ollama() -> Iterator[OllamaServer]:
    with OllamaServer() as server:
        yield server


async def named(settings: Given, ollama: str = NOWHERE) -> tuple[str, ...]:
    models = await choose(settings, MemoryLedger(), ollama=ollama)
    return tuple(models.name(tier) for tier in Tier)


async def test_without_anything_the_offline_model_works() -> None:
    models = await choose(Given(), MemoryLedger(), ollama=NOWHERE)
    assert models.label == "offline model, no AI"
    assert models.name(Tier.strong) == "offline:rules"
    assert models.price(Tier.strong, 1000, 1000) == 0
    assert models.pace < 1


async def test_named_models_are_taken_and_fill_the_tiers_beside_them() -> None:
    one = Given(model_standard="openai:a", openai_api_key=KEY)
    assert await named(one) == ("openai:a", "openai:a", "openai:a")
    two = Given(model_light="openai:s", model_strong="anthropic:l")
    assert await named(two) == ("openai:s", "anthropic:l", "anthropic:l")


async def test_a_key_alone_is_enough() -> None:
    assert await named(Given(openai_api_key=KEY)) == OPENAI_MODELS
    assert await named(Given(anthropic_api_key=KEY)) == ANTHROPIC_MODELS
    assert await named(Given(openai_api_key=SecretStr(""))) == ("offline:rules",) * 3


async def test_an_endpoint_alone_is_asked_what_it_has() -> None:
    """An endpoint with OpenAI's models gets the tiers; another one gives its first chat model."""
    with OpenAIServer(models=("text-embedding-3", "qwen3")) as own:
        given = Given(openai_base_url=own.url)
        assert await named(given) == ("openai:qwen3",) * 3
    with OpenAIServer() as proxy:
        assert await named(Given(openai_base_url=proxy.url)) == OPENAI_MODELS
    assert await named(Given(openai_base_url=f"{NOWHERE}/v1")) == OPENAI_MODELS


async def test_an_ollama_on_this_machine_is_found_and_answers_for_nothing(
    ollama: OllamaServer,
) -> None:
    """It gets the schema as its format and a context that holds the question; its price is 0."""
    ollama.answer = REVIEW
    ledger = MemoryLedger()
    models = await choose(Given(), ledger, ollama=ollama.url)
    assert models.label == "llama3.2:3b on this machine (Ollama)"
    answer = await models.ask(review())
    assert answer.rows[0].met
    assert ollama.requests[0]["format"]["title"] == "ReviewDraft"
    assert ollama.requests[0]["options"]["num_ctx"] > 4096
    assert ledger.usage["review:T1:1"].price == 0
    assert ledger.usage["review:T1:1"].tokens_in == 321
