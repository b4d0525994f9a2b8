"""Against `llmock`, a server not written by us, which also judges how a client behaves."""

import pytest
from pydantic import SecretStr

from bot.domain.plan import Tier
from graphs.models.ask import ModelFailed
from graphs.models.config import TierConfig
from graphs.models.tiers import Tiers
from tests.models.conftest import critique, review, work
from tests.models.memory_ledger import MemoryLedger

COUNT = {
    "type": "function",
    "function": {
        "name": "count",
        "description": "Count the rows of a table",
        "parameters": {"type": "object", "properties": {"table": {"type": "string"}}},
    },
}


def against(llmock, light: str = "openai:gpt-4o-mini", deadline: float = 20.0) -> Tiers:
    config = TierConfig(
        light=light,
        standard="openai:gpt-4o",
        strong="anthropic:claude-sonnet-4-5",
        openai_base_url=llmock.base_url("openai"),
        openai_api_key=SecretStr("any"),
        anthropic_base_url=llmock.base_url("anthropic"),
        anthropic_api_key=SecretStr("any"),
        deadline=deadline,
    )
    return Tiers.configured(config, MemoryLedger())


async def test_its_schema_valid_answers_are_read(llmock) -> None:
    answer = await against(llmock).ask(review())
    assert answer.rows
    llmock.assert_resilient(strict=True)


async def test_retry_after_is_kept_to(llmock) -> None:
    """The waits are real here: llmock measures them."""
    llmock.rate_limit(times=2, retry_after=0.2)
    assert (await against(llmock).ask(review())).rows
    llmock.assert_resilient()
    assert len(llmock.requests) == 3


async def test_a_server_error_is_tried_again_with_a_pause(llmock) -> None:
    llmock.fail(503)
    assert (await against(llmock).ask(review())).rows
    llmock.assert_resilient(strict=True)


async def test_a_refused_key_is_not_tried_again(llmock) -> None:
    llmock.fail(401, times=None)
    with pytest.raises(ModelFailed):
        await against(llmock).ask(review())
    llmock.assert_resilient(strict=True)
    assert len(llmock.requests) == 1


async def test_a_slow_answer_is_left_for_the_next_model(llmock) -> None:
    from llmock.scenarios import Delay, Match

    llmock.add(Delay(3, match=Match(model="gpt-4o-mini")))
    assert (await against(llmock, deadline=1.0).ask(review())).rows


async def test_broken_tool_calls_are_handed_to_the_agent(llmock) -> None:
    llmock.break_tool_call("unknown_tool")
    step = await against(llmock).turn(work(), [], [COUNT])
    assert step.tool_calls[0]["name"] != "count"
    llmock.break_tool_call("malformed_arguments")
    step = await against(llmock).turn(work("w:2"), [], [COUNT])
    assert step.invalid_tool_calls[0]["name"] == "count"


async def test_anthropic_answers_too(llmock) -> None:
    """Another SDK, other errors, the same promises."""
    llmock.fail(529, provider="anthropic")
    llmock.reply('{"findings": []}', provider="anthropic")
    answer = await against(llmock).ask(critique(goal="Count"))
    assert answer.findings == []
    assert Tier.strong == "strong"
    llmock.assert_resilient()
