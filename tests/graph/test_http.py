"""A whole mission over real HTTP: our scripted OpenAI-compatible server, and llmock."""

import json
import re
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.domain.mission import Status
from bot.store.ledger import Ledger
from bot.store.store import Store
from graphs.models.config import TierConfig
from graphs.models.tiers import Tiers
from tests.models.openai_server import Answer, Http, OpenAIServer, Stall
from tests.tour.conftest import Open
from tests.tour.script import Script, task
from tests.tour.studio import no_pause

DONE = "There were 42 calls in May."


def ids(body: dict[str, Any]) -> list[str]:
    """The criteria that a question names."""
    return list(
        dict.fromkeys(re.findall(r'"id": ?"(T\d+\.\d+|R\d+)"', body["messages"][1]["content"]))
    )


def reply(purpose: str, body: dict[str, Any]) -> Any:
    """What a good model would say, from the words of the request alone."""
    match purpose:
        case "intake":
            return {"title": "Calls", "requirements": [{"text": "Calls are counted",
                                                        "quote": "Count the calls"}]}  # fmt: skip
        case "plan":
            return {"summary": "Count, then tell", "tasks": [task("T1"), task("T2", "T1")]}
        case "critique":
            return {"findings": []}
        case "work":
            return Answer(DONE)
        case "review":
            return {"rows": [{"criterion": c, "met": True, "evidence": DONE} for c in ids(body)]}
        case "assemble":
            return {"title": "Calls", "answer": [DONE], "body": f"# Calls\n\n{DONE}"}
        case "whole":
            return {"rows": [{"requirement": "R1", "met": True, "evidence": DONE}]}
        case _:
            return {"tasks": [{"task": "T2", "guidance": "Shorter"}]}


def models(server_url: str, key: str, url: str, **more: Any) -> tuple[Tiers, Store]:
    store = Store(url)
    config = TierConfig(
        light="openai:gpt-5.4-mini", standard="openai:gpt-5.4", strong="openai:gpt-5.5",
        openai_base_url=server_url, openai_api_key=SecretStr(key), **more,
    )  # fmt: skip
    return Tiers.configured(config, Ledger(store), sleep=no_pause), store


async def test_a_mission_runs_over_http_from_words_to_result(
    open_studio: Open, sqlite_url: str
) -> None:
    """Nothing is scripted but the server: every question and answer is on the wire."""
    with OpenAIServer() as server:
        server.always = reply
        tiers, store = models(server.url, server.key, sqlite_url)
        async with open_studio(Script(), models=tiers) as bot:
            record = await (await bot.mission("Count the calls of May.")).to_the_end()

        assert record.mission.status is Status.done
        assert record.artifact is not None
        assert DONE in record.artifact.body
        assert [r.purpose for r in server.requests].count("work") == 2
        await store.close()


async def test_faults_on_the_way_are_overcome(open_studio: Open, sqlite_url: str) -> None:
    """Busy, down, cut off and out of form: nobody is asked, and the result is the same."""
    with OpenAIServer() as server:
        server.always = reply
        server.queue("intake", Http(429, {"retry-after": "0"}), Answer("Sure! Here you go:"))
        server.queue("plan", Http(503), Answer('{"summary": "half', finish="length"))
        server.queue("work", Http(500), Answer("", finish="stop"))
        server.queue("review", "no json", {"rows": "none"})
        tiers, store = models(server.url, server.key, sqlite_url)
        async with open_studio(Script(), models=tiers) as bot:
            record = await (await bot.mission("Count the calls of May.")).to_the_end()

        assert record.mission.status is Status.done
        assert [g.kind.value for g in record.gates] == ["plan", "artifact"]
        await store.close()


async def test_a_model_that_never_answers_is_said_and_asked_again(
    open_studio: Open, sqlite_url: str
) -> None:
    """Each tier's deadline passes, one sentence says so, and Retry goes on."""
    with OpenAIServer() as server:
        server.always = reply
        server.queue("intake", Stall(), Stall(), Stall())
        tiers, store = models(server.url, server.key, sqlite_url, deadline=0.4)
        async with open_studio(Script(), models=tiers) as bot:
            mission = await bot.mission("Count the calls of May.")
            gate = await mission.until_asked("blocked")
            assert gate.data["stage"] == "intake"
            await mission.retry()
            await mission.until_asked("plan")
        await store.close()


async def test_without_quota_it_says_so_and_waits(open_studio: Open, sqlite_url: str) -> None:
    """No other model is tried in silence; the sentence says what to do."""
    with OpenAIServer() as server:
        server.always = reply
        server.queue("work", Http(429, code="insufficient_quota"))
        tiers, store = models(server.url, server.key, sqlite_url)
        async with open_studio(Script(), models=tiers) as bot:
            mission = await bot.mission("Count the calls of May.")
            await mission.to_work()
            gate = await mission.until_asked("blocked")
            assert "quota" in gate.data["why"] or "credit" in gate.data["why"]
            await mission.retry()
            await mission.until_asked("artifact")
        await store.close()


async def test_a_mission_runs_against_llmock(
    open_studio: Open, sqlite_url: str, llmock: Any, tmp_path: Path
) -> None:
    """A server that others wrote, which also judges how we behave towards it."""
    one = {"summary": "Count", "tasks": [task("T1")]}
    steps = ("intake", "plan", "critique", "work", "review", "assemble", "whole")
    llmock.fail(503)
    for step in steps:
        body = {"messages": [{}, {"content": '"id": "T1.1" "id": "R1"'}]}
        said = one if step == "plan" else reply(step, body)
        llmock.reply(said.text if isinstance(said, Answer) else json.dumps(said))
    store = Store(sqlite_url)
    config = TierConfig(
        light="openai:gpt-4o-mini", standard="openai:gpt-4o", strong="openai:gpt-4o",
        openai_base_url=llmock.base_url("openai"), openai_api_key=SecretStr("any"),
    )  # fmt: skip
    tiers = Tiers.configured(config, Ledger(store))
    async with open_studio(Script(), models=tiers) as bot:
        record = await (await bot.mission("Count the calls of May.")).to_the_end()

    assert record.mission.status is Status.done
    llmock.assert_resilient()
    await store.close()
