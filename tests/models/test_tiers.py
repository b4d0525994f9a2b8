"""One question, three tiers, over real HTTP: what people get, what is paid, what is kept."""

import asyncio
import logging
import traceback
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime

import pytest
import structlog
from langchain_core.messages import AIMessage, ToolMessage

from bot.domain.plan import Tier
from graphs.models.ask import Ask, ModelFailed, OverCap
from graphs.models.retry import TRIES
from graphs.schemas import CritiqueDraft, ReviewDraft
from tests.models.conftest import CANARY, REVIEW, Clock, Make, review, work
from tests.models.memory_ledger import MemoryLedger
from tests.models.openai_server import Answer, Http, OpenAIServer, Stall

DOWN = Http(500)


async def test_a_question_gets_a_typed_answer(tiers: Make, server: OpenAIServer) -> None:
    """The answer has the schema's type, and the model of the tier gave it."""
    server.queue("review", REVIEW)
    answer = await tiers().ask(review())
    assert isinstance(answer, ReviewDraft)
    assert answer.rows[0].evidence == "42 calls"
    assert [r.model for r in server.requests] == ["gpt-5.4-mini"]


async def test_the_question_holds_prompt_schema_and_data(tiers: Make, server: OpenAIServer) -> None:
    """Prompt, specialist's words and form are the system message; the data follows."""
    server.queue("review", REVIEW)
    await tiers().ask(review().model_copy(update={"system": "You know tariffs."}))
    system, question = server.requests[0].texts
    assert system.startswith("You are the reviewer.")
    assert "You know tariffs." in system
    assert '"title":"ReviewDraft"' in system
    assert "Count the calls" in question
    assert server.requests[0].body["response_format"]["type"] == "json_schema"


async def test_only_the_words_go_over_the_wire(tiers: Make, server: OpenAIServer) -> None:
    """The structured form of a question is for local models; no message carries more than text."""
    server.queue("review", "no json", REVIEW)
    await tiers().ask(review())
    for request in server.requests:
        assert {k for m in request.body["messages"] for k in m} == {"role", "content"}


async def test_what_was_used_and_what_it_cost_is_settled(
    tiers: Make, server: OpenAIServer, ledger: MemoryLedger
) -> None:
    """Tokens as the provider counts them, at list price: cached ones cost less."""
    cached = {
        "prompt_tokens": 1000,
        "completion_tokens": 100,
        "total_tokens": 1100,
        "prompt_tokens_details": {"cached_tokens": 800},
    }
    server.queue("review", REVIEW, Answer('{"rows": []}', usage=cached))
    models = tiers()
    await models.ask(review("a"))
    await models.ask(review("b"))
    assert ledger.usage["a"].tokens_in == 1000
    assert ledger.usage["a"].price == Decimal("0.00165")
    assert ledger.usage["b"].price == Decimal("0.00066")
    assert not ledger.held


async def test_an_unknown_price_is_unknown_and_never_zero(
    tiers: Make, server: OpenAIServer, ledger: MemoryLedger
) -> None:
    server.queue("review", REVIEW)
    await tiers(light="openai:house-model").ask(review())
    assert ledger.usage["review:T1:1"].price is None
    assert ledger.usage["review:T1:1"].tokens_out == 200


async def test_tokens_nobody_counted_are_estimated_and_marked(
    tiers: Make, server: OpenAIServer, ledger: MemoryLedger
) -> None:
    server.queue("review", Answer('{"rows": []}', usage=None))
    await tiers().ask(review())
    usage = ledger.usage["review:T1:1"]
    assert usage.estimated
    assert usage.tokens_in > 100


async def test_a_stored_answer_is_given_without_a_second_request(
    tiers: Make, server: OpenAIServer
) -> None:
    """After a crash the same question costs nothing."""
    server.queue("review", REVIEW)
    first = await tiers().ask(review())
    second = await tiers().ask(review())
    assert first == second
    assert len(server.requests) == 1


async def test_other_data_under_the_same_key_is_another_question(
    tiers: Make, server: OpenAIServer
) -> None:
    server.queue("review", REVIEW, REVIEW)
    models = tiers()
    await models.ask(review(output="one"))
    await models.ask(review(output="two"))
    assert len(server.requests) == 2


async def test_nothing_is_sent_beyond_the_cap(
    tiers: Make, server: OpenAIServer, ledger: MemoryLedger
) -> None:
    """The money is set aside before the call; where it is not there, no call is made."""
    ledger.cap = Decimal("0.001")
    with pytest.raises(OverCap):
        await tiers().ask(review())
    assert server.requests == []


async def test_a_busy_model_is_asked_again_when_it_said(
    tiers: Make, server: OpenAIServer, clock: Clock, ledger: MemoryLedger
) -> None:
    """429 with Retry-After in seconds."""
    server.queue("review", Http(429, {"retry-after": "7"}), REVIEW)
    await tiers().ask(review())
    assert clock.pauses == [7.0]
    assert ledger.keys == ["review:T1:1"]


async def test_retry_after_may_be_a_date(tiers: Make, server: OpenAIServer, clock: Clock) -> None:
    moment = format_datetime(datetime.now(UTC) + timedelta(seconds=9), usegmt=True)
    server.queue("review", Http(429, {"retry-after": moment}), REVIEW)
    await tiers().ask(review())
    assert 5 < clock.pauses[0] <= 9


async def test_a_pause_longer_than_the_deadline_goes_to_the_next_tier(
    tiers: Make, server: OpenAIServer, clock: Clock
) -> None:
    """Nobody waits an hour for a light model while a standard one is free."""
    server.queue("review", Http(429, {"retry-after": "3600"}), REVIEW)
    await tiers().ask(review())
    assert clock.pauses == []
    assert [r.model for r in server.requests] == ["gpt-5.4-mini", "gpt-5.4"]


async def test_pauses_double_when_the_provider_names_none(
    tiers: Make, server: OpenAIServer, clock: Clock
) -> None:
    server.queue("review", DOWN, DOWN, DOWN, REVIEW)
    await tiers().ask(review())
    assert len(clock.pauses) == 3
    assert clock.pauses == sorted(clock.pauses)


async def test_a_model_that_stays_down_is_replaced_by_the_next_tier(
    tiers: Make, server: OpenAIServer, ledger: MemoryLedger
) -> None:
    server.queue_model("gpt-5.4-mini", *[DOWN] * TRIES)
    server.queue("review", REVIEW)
    await tiers().ask(review())
    assert ledger.keys == ["review:T1:1", "review:T1:1#standard"]
    assert ledger.released == {"review:T1:1": "down (500)"}
    assert ledger.usage["review:T1:1#standard"].model == "openai:gpt-5.4"


async def test_a_restart_goes_on_with_the_model_that_had_answered(
    tiers: Make, server: OpenAIServer
) -> None:
    """The fallback's stored answer is found before the broken model is asked again."""
    server.queue_model("gpt-5.4-mini", *[DOWN] * TRIES)
    server.queue("review", REVIEW)
    await tiers().ask(review())
    before = len(server.requests)
    await tiers().ask(review())
    assert len(server.requests) == before


async def test_strong_falls_back_to_standard(tiers: Make, server: OpenAIServer) -> None:
    server.queue_model("gpt-5.5", *[DOWN] * TRIES)
    server.queue("review", REVIEW)
    await tiers().ask(review(tier=Tier.strong))
    assert server.requests[-1].model == "gpt-5.4"


async def test_a_model_that_is_gone_is_replaced(tiers: Make, server: OpenAIServer) -> None:
    server.queue("review", REVIEW)
    await tiers(light="openai:gpt-retired").ask(review())
    assert [r.model for r in server.requests] == ["gpt-retired", "gpt-5.4"]


async def test_when_every_model_is_gone_it_says_which_to_set(tiers: Make) -> None:
    names = dict.fromkeys(("light", "standard", "strong"), "openai:gpt-retired")
    with pytest.raises(ModelFailed, match=r"no model “openai:gpt-retired” \(404\)") as failed:
        await tiers(**names).ask(review())
    assert "MODEL_STANDARD" in str(failed.value)
    assert failed.value.final


async def test_a_malformed_answer_is_mended_by_its_errors(
    tiers: Make, server: OpenAIServer, ledger: MemoryLedger
) -> None:
    """The model sees its answer and exactly what is wrong with it; both calls are paid."""
    server.queue("review", '{"rows": [{"criterion": "T1.1"}]}', REVIEW)
    answer = await tiers().ask(review())
    assert answer.rows[0].met
    *_, said, mend = server.requests[1].texts
    assert said == '{"rows": [{"criterion": "T1.1"}]}'
    assert "rows.0.met: Field required" in mend
    assert list(ledger.usage) == ["review:T1:1", "review:T1:1#r1"]


async def test_a_crash_during_repair_repeats_nothing(
    tiers: Make, server: OpenAIServer, ledger: MemoryLedger
) -> None:
    """The malformed answer is stored too: a restart goes on with the repair."""
    server.queue("review", "nonsense", Http(401), REVIEW)
    with pytest.raises(ModelFailed):
        await tiers().ask(review())
    await tiers().ask(review())
    assert len(server.requests) == 3
    assert ledger.keys == ["review:T1:1", "review:T1:1#r1", "review:T1:1#r1"]


async def test_an_answer_that_is_never_mended_fails_in_one_sentence(
    tiers: Make, server: OpenAIServer, ledger: MemoryLedger
) -> None:
    """Two repairs with each model of the chain, then the person decides."""
    server.always = lambda purpose, body: "I would rather not use JSON."
    with pytest.raises(ModelFailed) as failed:
        await tiers(standard="openai:gpt-5.4-mini").ask(review())
    assert ledger.keys == [
        "review:T1:1", "review:T1:1#r1", "review:T1:1#r2",
        "review:T1:1#strong", "review:T1:1#strong#r1", "review:T1:1#strong#r2",
    ]  # fmt: skip
    assert "in a form that cannot be used" in str(failed.value)
    assert "Nothing was lost." in str(failed.value)
    assert not failed.value.final


@pytest.mark.parametrize("finish", ["length", None])
async def test_an_answer_that_may_be_cut_off_is_not_taken(
    tiers: Make, server: OpenAIServer, finish: str | None
) -> None:
    """Valid JSON is not enough: a list may lack its end. The cut answer is still paid."""
    server.queue("review", Answer('{"rows": []}', finish=finish), REVIEW)
    answer = await tiers().ask(review())
    assert len(answer.rows) == 1
    assert "cut off" in server.requests[1].texts[-1]


async def test_a_declined_question_goes_to_another_model(tiers: Make, server: OpenAIServer) -> None:
    server.queue_model("gpt-5.4-mini", Answer("", finish="content_filter"))
    server.queue("review", REVIEW)
    await tiers().ask(review())
    assert server.requests[-1].model == "gpt-5.4"


async def test_a_model_that_stalls_is_left_at_the_deadline(
    tiers: Make, server: OpenAIServer, ledger: MemoryLedger
) -> None:
    """What was set aside for it stays aside: the provider may have charged."""
    server.queue("review", Stall(), REVIEW)
    await tiers(deadline=0.5).ask(review())
    assert [r.model for r in server.requests] == ["gpt-5.4-mini", "gpt-5.4"]
    assert list(ledger.held) == [("M1", "review:T1:1")]


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Http(429, code="insufficient_quota"), "no credit left (429)"),
        (Http(402), "no credit left (402)"),
        (Http(401), "The key for OpenAI was refused (401)"),
        (Http(403), "The key for OpenAI was refused (403)"),
    ],
)
async def test_what_only_a_person_can_mend_is_said_at_once(
    tiers: Make, server: OpenAIServer, reply: Http, said: str
) -> None:
    server.queue("review", reply)
    with pytest.raises(ModelFailed) as failed:
        await tiers().ask(review())
    assert said in str(failed.value)
    assert failed.value.final
    assert len(server.requests) == 1


async def test_a_refused_key_says_what_to_do(tiers: Make, server: OpenAIServer) -> None:
    server.key = "another"
    with pytest.raises(ModelFailed) as failed:
        await tiers().ask(review())
    assert str(failed.value) == (
        "The key for OpenAI was refused (401). Nothing was lost. "
        "Set OPENAI_API_KEY and press Retry."
    )


async def test_a_missing_key_is_said_before_any_request(tiers: Make, server: OpenAIServer) -> None:
    with pytest.raises(ModelFailed, match="ANTHROPIC_API_KEY"):
        await tiers(light="anthropic:claude-haiku-4-5").ask(review())
    assert server.requests == []


async def test_a_provider_nobody_knows_is_a_sentence_too(tiers: Make) -> None:
    with pytest.raises(ModelFailed, match="cannot be used") as failed:
        await tiers(light="nobody:model").ask(review())
    assert failed.value.final


async def test_an_endpoint_that_is_not_there_is_a_sentence_too(tiers: Make, clock: Clock) -> None:
    with pytest.raises(ModelFailed, match="could not be reached") as failed:
        await tiers(openai_base_url="http://127.0.0.1:9/v1").ask(review())
    assert not failed.value.final
    assert clock.pauses


@pytest.mark.parametrize("formats", [("json_object",), ()])
async def test_an_endpoint_without_json_schema_is_asked_in_words(
    tiers: Make, server: OpenAIServer, formats: tuple[str, ...]
) -> None:
    """It is found out once; later questions begin with what worked."""
    server.formats = frozenset(formats)
    server.queue("review", REVIEW, REVIEW)
    models = tiers()
    await models.ask(review("a"))
    before = len(server.requests)
    await models.ask(review("b"))
    assert len(server.requests) == before + 1


async def test_a_body_that_is_not_json_is_tried_again(tiers: Make, server: OpenAIServer) -> None:
    """A proxy's error page with status 200."""
    server.queue("review", Http(200, {"content-type": "application/json"}, body="<html>"), REVIEW)
    await tiers().ask(review())
    assert len(server.requests) == 2


async def test_a_stopped_question_lets_go_at_once(tiers: Make, server: OpenAIServer) -> None:
    """Stop ends a call in flight, and the next question is answered."""
    server.queue("review", Stall(), REVIEW)
    models = tiers()
    asking = asyncio.create_task(models.ask(review("a")))
    while not server.requests:
        await asyncio.sleep(0)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert (await models.ask(review("b"))).rows


async def test_no_more_than_the_limit_are_in_flight_and_all_get_their_turn(
    tiers: Make, server: OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, most = 0, 0
    models = tiers(concurrency=2)
    brain = models._brains[Tier.light]
    say = brain.say

    async def counted(*question):
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            return await say(*question)
        finally:
            running -= 1

    monkeypatch.setattr(brain, "say", counted)
    server.always = lambda purpose, body: REVIEW
    answers = await asyncio.gather(*(models.ask(review(f"k{n}")) for n in range(8)))
    assert len(answers) == 8
    assert most == 2


async def test_keys_and_prompts_stay_out_of_errors_and_logs(
    tiers: Make, server: OpenAIServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Even when the provider repeats them, even at DEBUG, even in the traceback."""
    secret = "the-merger-is-on-friday"
    caplog.set_level(logging.DEBUG)
    echo = f"{CANARY} {secret}"
    server.queue("review", Http(500, message=echo), f"nonsense {secret}", Http(401, message=echo))
    with structlog.testing.capture_logs() as lines, pytest.raises(ModelFailed) as failed:
        await tiers().ask(review(goal=secret))
    shown = "".join(traceback.format_exception(failed.value)) + caplog.text + str(lines)
    assert lines
    assert CANARY not in shown
    assert secret not in shown


COUNT = {
    "type": "function",
    "function": {
        "name": "count",
        "description": "Count rows",
        "parameters": {"type": "object", "properties": {"table": {"type": "string"}}},
    },
}


async def test_an_agent_calls_a_tool_and_then_answers(
    tiers: Make, server: OpenAIServer, ledger: MemoryLedger
) -> None:
    """Each step is a key of its own; tools reach the model."""
    server.queue("work", Answer(tool_calls=(("count", {"table": "calls"}),)), "There are 42 calls.")
    models = tiers()
    step = await models.turn(work("w:0"), [], [COUNT])
    call = step.tool_calls[0]
    assert (call["name"], call["args"]) == ("count", {"table": "calls"})
    result = ToolMessage("42", tool_call_id=call["id"])
    end = await models.turn(work("w:1"), [step, result], [COUNT])
    assert end.text == "There are 42 calls."
    assert server.requests[0].body["tools"][0]["function"]["name"] == "count"
    assert ledger.keys == ["w:0", "w:1"]


async def test_a_replayed_agent_pays_for_no_step_twice(tiers: Make, server: OpenAIServer) -> None:
    """Messages that come from the journal ask the same question as the live ones did."""
    server.queue("work", Answer(tool_calls=(("count", {}),)), "42")
    for _ in range(2):
        models = tiers()
        step = await models.turn(work("w:0"), [], [COUNT])
        result = ToolMessage("42", tool_call_id=step.tool_calls[0]["id"])
        end = await models.turn(work("w:1"), [step, result], [COUNT])
        assert isinstance(end, AIMessage)
    assert len(server.requests) == 2


async def test_wrong_tool_calls_are_left_to_the_agent(tiers: Make, server: OpenAIServer) -> None:
    """Unknown names and arguments that are no JSON: the agent loop answers them."""
    server.queue("work", Answer(tool_calls=(("fly", {"to": "moon"}), ("count", "{not json"))))
    step = await tiers().turn(work(), [], [COUNT])
    assert step.tool_calls[0]["name"] == "fly"
    assert step.invalid_tool_calls[0]["name"] == "count"


async def test_an_agent_that_says_nothing_is_asked_again(tiers: Make, server: OpenAIServer) -> None:
    server.queue("work", Answer(""), Answer("half a sen", finish="length"), "Done: 42.")
    assert (await tiers().turn(work(), [], [COUNT])).text == "Done: 42."
    assert "empty" in server.requests[1].texts[-1]
    assert "cut off" in server.requests[2].texts[-1]


async def test_a_critic_of_its_own_judges_and_the_planner_plans(
    tiers: Make, server: OpenAIServer
) -> None:
    """Two models look at the plan: what one overlooks, the other may see."""
    both = tiers(critic="openai:gpt-5.4")
    server.queue("critique", {"findings": []})
    await both.ask(
        Ask(
            mission="m1", key="critique:1:0", purpose="critique", tier=Tier.strong,
            schema_=CritiqueDraft, data={"plan": {}},
        )
    )  # fmt: skip
    assert [request.model for request in server.requests] == ["gpt-5.4"]
    assert both.judge == "openai:gpt-5.4"


async def test_the_tier_judges_when_the_critic_is_gone(tiers: Make, server: OpenAIServer) -> None:
    """A critic that is away delays no plan: its tier's model judges, under a key of its own."""
    both = tiers(critic="openai:gone")
    server.queue_model("gone", Http(404, code="model_not_found"))
    server.queue_model("gpt-5.5", {"findings": []})
    await both.ask(
        Ask(
            mission="m1", key="critique:1:0", purpose="critique", tier=Tier.strong,
            schema_=CritiqueDraft, data={"plan": {}},
        )
    )  # fmt: skip
    assert [request.model for request in server.requests] == ["gone", "gpt-5.5"]
