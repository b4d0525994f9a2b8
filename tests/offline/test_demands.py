"""`With owners, dates and a budget`: every part is asked for, written and checked."""

import pytest

from graphs.models.offline import demands
from graphs.models.offline.judging import Text, judge
from tests.offline.mini import Mini

PLAN = "Write a plan for the move to the new warehouse with owners, dates, risks and a budget."


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Write a launch plan with owners and dates", ["owners", "dates"]),
        (PLAN, ["owners", "dates", "risks", "budget"]),
        ("Draft an agenda including breaks and a quiz for Friday", ["breaks", "quiz"]),
        ("Plan a workshop with Anna and Ben", []),
        ("Plan the summer party", []),
    ],
)
def test_the_parts_are_those_that_the_words_name(text: str, parts: list[str]) -> None:
    """Each by its own name; people are no parts."""
    assert demands.named(text) == parts


async def test_every_part_is_a_criterion_and_in_the_plan(mini: Mini) -> None:
    """Without dates, names and sums: relative times, roles, and a line that is open."""
    made = await mini.run(PLAN)
    (task,) = made.plan.tasks
    for part in ("owners", "dates", "risks", "budget"):
        assert f"It gives {part}, or says that this is open" in [c.text for c in task.criteria]
    assert any("No dates were given" in a for a in made.intake.assumptions)
    assert "| Week 1 |" in made.artifact.body
    assert "No dates were given" in made.artifact.body
    assert "**Budget**: not given" in made.artifact.body
    assert made.unmet == []


async def test_a_given_date_is_the_day_that_a_plan_counts_to(mini: Mini) -> None:
    """It is taken from the mission, and no assumption is made."""
    made = await mini.run("Write a launch plan with dates for our shop on 2027-02-01.")
    assert not any("No dates were given" in a for a in made.intake.assumptions)
    assert "Day 0 is 2027-02-01" in made.artifact.body
    assert made.unmet == []


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("| when | what | owner |\n| --- | --- | --- |\n| Week 1 | Pack. | Store |", "dates"),
        ("1. Pack on 2027-03-01.\n2. Tell the risk owner.", "budget"),
        ("1. Pack on 2027-03-01. It costs 300 EUR.\n2. Name the risks.", "owners"),
    ],
)
def test_a_part_that_is_missing_is_named(text: str, met: str) -> None:
    """Relative times alone are no dates: it must be said that none were given."""
    ruling = judge(PLAN, PLAN, Text(text))
    assert not ruling.met
    assert f"no {met}" in ruling.feedback
    assert not judge(demands.criterion(met), "", Text(text)).met
