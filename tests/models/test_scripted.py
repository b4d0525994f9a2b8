"""The scripted model: the fake that ships, through all that a real model goes through."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage

from graphs.models.ask import ModelFailed
from graphs.models.scripted import Script, ScriptedModel
from graphs.models.tiers import Tiers
from graphs.schemas import ReviewDraft, RowDraft
from tests.models.conftest import REVIEW, review, work
from tests.models.memory_ledger import MemoryLedger


def scripted(script: Script, ledger: MemoryLedger | None = None) -> tuple[Tiers, ScriptedModel]:
    model = ScriptedModel(script=script)
    ledger = ledger or MemoryLedger()
    return Tiers.local(lambda: model, ledger, name="scripted:test", label="a script"), model


async def test_a_function_answers_by_purpose_and_data() -> None:
    def script(purpose: str, data: dict[str, Any]) -> ReviewDraft:
        return ReviewDraft(rows=[RowDraft(criterion=purpose, met=True, evidence=data["goal"])])

    models, model = scripted(script)
    answer = await models.ask(review(goal="Count"))
    assert (answer.rows[0].criterion, answer.rows[0].evidence) == ("review", "Count")
    assert [call.purpose for call in model.calls] == ["review"]


async def test_replies_by_purpose_are_given_in_order_and_one_is_given_always() -> None:
    models, _ = scripted({"review": REVIEW, "work": ["one", "two"]})
    assert (await models.ask(review("a"))).rows == (await models.ask(review("b"))).rows
    assert (await models.turn(work("a"), [], [])).text == "one"
    assert (await models.turn(work("b"), [], [])).text == "two"
    with pytest.raises(ModelFailed, match="no answer left for “work”"):
        await models.turn(work("c"), [], [])


async def test_an_async_function_can_wait_for_what_a_test_decides() -> None:
    async def script(purpose: str, data: dict[str, Any]) -> dict[str, Any]:
        return REVIEW

    models, _ = scripted(script)
    assert (await models.ask(review())).rows


async def test_its_tool_calls_reach_the_agent_with_the_tools_it_was_given() -> None:
    call = {"name": "count", "args": {}, "id": "c1", "type": "tool_call"}
    models, model = scripted([AIMessage("", tool_calls=[call])])
    step = await models.turn(work(), [], [{"type": "function", "function": {"name": "count"}}])
    assert step.tool_calls[0]["name"] == "count"
    assert model.calls[0].tools


async def test_it_is_told_what_to_mend_and_costs_nothing() -> None:
    ledger = MemoryLedger()
    models, model = scripted(["not json", REVIEW], ledger)
    await models.ask(review())
    assert model.calls[1].errors
    assert model.calls[1].data == review().data
    assert {usage.price for usage in ledger.usage.values()} == {0}


async def test_an_exception_in_the_script_is_a_failure_with_a_sentence() -> None:
    models, _ = scripted({"review": RuntimeError("boom")})
    with pytest.raises(ModelFailed, match="failed in an unexpected way"):
        await models.ask(review())
