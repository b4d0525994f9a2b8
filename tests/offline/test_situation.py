"""What a mission tells before it asks, and files that it names: neither is a requirement."""

import pytest

from graphs.models.offline.intake import intake
from graphs.models.offline.wants import read, situation


def asked(goal: str) -> list[str]:
    return [want.text for want in read(goal)]


@pytest.mark.parametrize(
    ("goal", "told", "asks"),
    [
        (
            "Our API traffic changed between March and April. Which endpoints changed most?",
            ["Our API traffic changed between March and April."],
            ["Answer: Which endpoints changed most?"],
        ),
        (
            "We had trouble with refunds last week. Summarise the notes.",
            ["We had trouble with refunds last week."],
            ["Summarise the notes"],
        ),
        (
            "I attached our sales workbook. Which region is below its target?",
            ["I attached our sales workbook."],
            ["Answer: Which region is below its target?"],
        ),
        (
            "I'm on my phone, so keep it short. Which product brought most revenue?",
            [],
            ["Keep it short: at most 300 words", "Answer: Which product brought most revenue?"],
        ),
        (
            "Support saw 41 tickets about refunds. What should we tell customers?",
            ["Support saw 41 tickets about refunds."],
            ["Answer: What should we tell customers?"],
        ),
    ],
)
def test_a_situation_is_told_and_not_asked(goal: str, told: list[str], asks: list[str]) -> None:
    assert (situation(goal), asked(goal)) == (told, asks)


@pytest.mark.parametrize(
    "goal",
    [
        "The list must name an owner for each item. Turn the notes into a list.",
        "Average order value by month. Top 5 reps by revenue.",
        "The number of orders that were cancelled by month. Which month was worst?",
        "Customers complain that search is slow. Is that true?",
        "Our revenue dropped in May.",
        "We need numbers for the board. Which region grew most?",
        "The board wants a table. Which region grew most?",
    ],
)
def test_what_asks_or_is_asked_about_stays(goal: str) -> None:
    """Also when it is all that was said: nothing that was wanted is taken for background."""
    assert situation(goal) == []


def test_what_happened_is_what_why_is_about() -> None:
    assert asked("Revenue dropped in May. Find out why.") == [
        "Revenue dropped in May", "Explain why: revenue dropped in May",
    ]  # fmt: skip


def test_the_plan_says_what_was_taken_for_background() -> None:
    """A person who meant it as a wish sees so, and can revise."""
    goal = "The board meets on Friday. Which region grew most?"
    found = intake({"goal": goal, "attachments": [{"name": "sales.csv"}]})
    said = "Taken as background, asks for nothing: “The board meets on Friday.”"
    assert said in found["assumptions"]


@pytest.mark.parametrize(
    "opening",
    ["From sales.csv,", "From the attached sales.csv,", "Using “sales.csv”:",
     "In our file sales.csv,", "From a.csv and b.xlsx,", "Look at sales.csv and tell me"],
)  # fmt: skip
def test_the_name_of_a_file_is_no_wish(opening: str) -> None:
    assert asked(f"{opening} which rep sold most units?") == ["Answer: which rep sold most units?"]


def test_words_that_join_a_wish_to_its_form_are_left_out() -> None:
    texts = asked("Make a table of revenue by region. The list must fit on one page.")
    assert texts == [
        "Revenue by region", "Show a table", "Keep it to one page: at most 450 words",
    ]  # fmt: skip
