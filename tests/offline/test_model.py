"""The model itself: its manners towards LangChain, and that nothing makes it fall over."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage, ToolMessage

from graphs.models.offline import OfflineModel
from graphs.schemas import IntakeDraft, PlanDraft
from graphs.team import team
from tests.offline.mini import as_plan, ask

TEAM = [
    {"name": s.name, "description": s.description, "tools": list(s.tools)} for s in team().values()
]


def first(purpose: str, data: dict[str, Any]) -> HumanMessage:
    return HumanMessage("…", additional_kwargs={"ask": {"purpose": purpose, "data": data}})


QUESTION = "Which region sells most?"
COLUMNS = {"sheet": "", "columns": ["region", "sales"], "rows": 2}
DATA: dict[str, Any] = {
    "goal": QUESTION,
    "task": {"id": "T1", "title": "Compute", "instructions": QUESTION, "criteria": []},
    "requirements": [{"id": "R1", "text": f"Answer: {QUESTION}", "quote": QUESTION}],
    "inputs": [], "guidance": [], "feedback": "",
    "attachments": [{"name": "sales.csv", "chars": 10, "tables": [COLUMNS]}],
}  # fmt: skip


def test_it_calls_the_tools_that_it_was_given() -> None:
    """Tools may come in any form that LangChain knows."""
    tools = [
        {"type": "function", "function": {"name": n, "parameters": {}}}
        for n in ("describe_table", "query_table")
    ]
    said = OfflineModel().bind_tools(tools).invoke([first("work", DATA)])
    assert [c["name"] for c in said.tool_calls] == ["describe_table"]
    assert said.usage_metadata == {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}


def test_a_failed_tool_is_answered_for_in_words() -> None:
    """It neither asks again for ever nor makes numbers up."""
    tools = ["describe_table", "query_table"]
    model = OfflineModel().bind_tools(
        [{"name": n, "description": "", "parameters": {}} for n in tools]
    )
    call = model.invoke([first("work", DATA)])
    failed = ToolMessage(
        "The file is damaged.",
        tool_call_id="call-1",
        status="error",
        artifact={"data": None, "facts": []},
    )
    said = model.invoke([first("work", DATA), call, failed])
    assert said.tool_calls == []
    assert "No table could be read" in said.text


def test_without_an_ask_it_refuses() -> None:
    """It is no chat partner."""
    with pytest.raises(ValueError, match="only questions of the mission graph"):
        OfflineModel().invoke("hello")


def test_the_same_question_gets_the_same_answer() -> None:
    """Byte for byte, so that a stored answer equals a new one."""
    data = {"goal": "List the risks, steps and owners. Keep it under 200 words.", "may_ask": True}
    answers = {OfflineModel().invoke([first("intake", data)]).text for _ in range(3)}
    assert len(answers) == 1


JUNK = [
    "?", "😀", "…", "a" * 200_000, "list " * 40_000, "\n".join(["- do it"] * 5_000),
    "((((((" * 1_000, "```\n" * 500,
    "by by by by, and and and",
    "| a | b |\n| --- | --- |\n" * 200, "Welche drei Punkte?", "top 0 things",
    "show " + "the top 5 x, " * 3_000,
]  # fmt: skip


@pytest.mark.parametrize("goal", JUNK, ids=range(len(JUNK)))
def test_junk_becomes_a_small_sound_plan(goal: str) -> None:
    """No goal makes it crash, hang, or plan without bounds."""
    intake: IntakeDraft = ask("intake", {"goal": goal, "may_ask": True, "attachments": []})
    wanted = [{"id": f"R{n}", **r.model_dump()} for n, r in enumerate(intake.requirements, 1)]
    data = {
        "goal": goal,
        "requirements": wanted,
        "attachments": [],
        "specialists": TEAM,
        "previous": None,
    }
    plan: PlanDraft = ask("plan", data)
    ask("critique", {**data, "plan": as_plan(plan), "before": []})
    assert 0 < len(plan.tasks) <= 40
    assert all(r.quote in goal or not goal.strip() for r in intake.requirements)


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400))
def test_any_text_is_a_goal(goal: str) -> None:
    """Whatever people type, an intake comes back with a requirement."""
    assert ask("intake", {"goal": goal, "may_ask": False, "attachments": []}).requirements


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=600), st.text(max_size=200))
def test_any_output_can_be_judged_and_assembled(text: str, goal: str) -> None:
    """Whatever a worker wrote, reviewer and assembler answer in their schema."""
    wanted = [{"id": "R1", "text": goal or "x", "quote": goal, "tasks": ["T1"]}]
    output = {"task": "T1", "title": "Work", "text": text, "facts": [], "files": [], "sources": []}
    ask(
        "review",
        {"criteria": [{"id": "R1", "text": goal or "x"}], "requirements": wanted, "output": output},
    )
    made = ask(
        "assemble", {"goal": goal or "x", "title": "T", "requirements": wanted, "outputs": [output]}
    )
    artifact = {**made.model_dump(), "files": []}
    ask("whole", {"goal": goal, "requirements": wanted, "artifact": artifact, "tasks": []})


def test_empty_data_is_no_reason_to_fall_over() -> None:
    """Each purpose answers, whatever is missing from its data."""
    for purpose in ("intake", "plan", "review", "assemble", "whole", "redo"):
        ask(purpose, {"goal": "x"})
