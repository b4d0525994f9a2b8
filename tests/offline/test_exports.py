"""The mission that the product is measured by, over exports of many shapes."""

import re
from collections.abc import Callable

import pytest

from graphs.models.offline.language import count_words
from tests.offline.exports import SHAPES, Export
from tests.offline.mini import Mini

GOAL = (
    "From the attached export, which three endpoints changed most, why, and what should we tell "
    "customers? Make a one-page brief with a table."
)


def rows_of(text: str) -> list[list[str]]:
    """The cells of every table line."""
    return [
        [c.strip() for c in line.strip("| ").split("|")]
        for line in text.splitlines()
        if line.startswith("|")
    ]


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("shape", SHAPES)
async def test_a_brief_names_the_right_three_with_every_number_right(
    shape: Callable[[int], Export], seed: int, mini: Mini
) -> None:
    """The table's first three rows are those that pandas finds, with the very same numbers."""
    export = shape(seed)
    made = await mini.run(GOAL, export.files)
    table = [row for row in rows_of(made.artifact.body) if row[0].startswith("/")]
    assert [row[0] for row in table[:3]] == [name for name, _ in export.expected]
    for row, (_, numbers) in zip(table, export.expected, strict=False):
        assert row[1 : 1 + len(numbers)] == numbers


@pytest.mark.parametrize("shape", SHAPES)
async def test_the_brief_is_accepted_by_every_check_and_reviewer(
    shape: Callable[[int], Export], mini: Mini
) -> None:
    """No verdict is unmet, no finding is left, and the page is kept."""
    made = await mini.run(GOAL, shape(3).files)
    assert made.unmet == []
    assert made.findings == []
    assert count_words(made.text) <= 450


@pytest.mark.parametrize("shape", SHAPES)
async def test_reasons_are_those_that_the_export_gives(
    shape: Callable[[int], Export], mini: Mini
) -> None:
    """A reason in the data is quoted; where there is none, the brief says so."""
    export = shape(4)
    made = await mini.run(GOAL, export.files)
    why = made.outputs["T2"].text
    for name, _ in export.expected:
        if name in export.reasons:
            assert f"**{name}**: “{export.reasons[name]}”" in why or export.reasons[name] in why
        elif not export.reasons and "No reason" in why:
            assert re.search(rf"No reason is given for .*\*\*{re.escape(name)}\*\*", why)


async def test_the_plan_is_a_graph_with_the_writer_last(mini: Mini) -> None:
    """Numbers, then reasons about what they name, then the draft that needs both."""
    made = await mini.run(GOAL, SHAPES[0](5).files)
    tasks = {t.specialist: t for t in made.plan.tasks}
    assert tasks["researcher"].depends_on == [tasks["analyst"].key]
    assert set(tasks["writer"].depends_on) == {tasks["analyst"].key, tasks["researcher"].key}


async def test_the_draft_for_customers_holds_no_internal_sources(mini: Mini) -> None:
    """Customers read what changed and why, and no file names."""
    made = await mini.run(GOAL, SHAPES[0](6).files)
    draft = made.outputs["T3"].text
    assert "Draft for customers" in draft
    assert ".csv" not in draft
