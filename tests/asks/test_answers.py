"""Replies in words, and the answers they give."""

import pytest

from bot.domain.answers import answers, pick
from bot.domain.mission import Question

COLOUR = Question(id="Q1", text="Which colour?", choices=("Red", "Blue", "Black"), default="Red")
DAY = Question(id="Q2", text="Which day?", choices=("Monday", "Friday"))
WHY = Question(id="Q3", text="Why?")


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("Blue", "Blue"),
        (" blue! ", "Blue"),
        ("2", "Blue"),
        ("2.", "Blue"),
        ("b", "Blue"),
        ("C)", "Black"),
        ("r", "Red"),
        ("you decide", "Red"),
        ("egal", "Red"),
        ("green, like grass", "green, like grass"),
        ("7", "7"),
        ("blueish", "blueish"),
    ],
)
def test_a_number_a_letter_or_the_word_picks_the_choice(text: str, chosen: str) -> None:
    """What is no choice is the answer itself."""
    assert pick(COLOUR, text) == chosen


def test_a_number_that_begins_one_choice_means_that_choice() -> None:
    """“4” is “4 weeks”, not the fourth."""
    weeks = Question(id="Q1", text="How long?", choices=("2 weeks", "4 weeks", "6 weeks"))
    assert pick(weeks, "4") == "4 weeks"
    assert pick(weeks, "2") == "2 weeks"


@pytest.mark.parametrize(("text", "chosen"), [("ja", "Yes"), ("Yep", "Yes"), ("nein", "No")])
def test_yes_and_no_are_understood_in_other_words(text: str, chosen: str) -> None:
    assert pick(Question(id="Q1", text="Shall I?", choices=("Yes", "No")), text) == chosen


@pytest.mark.parametrize(
    ("text", "given"),
    [
        ("1. blue\n2. Friday", {"Q1": "Blue", "Q2": "Friday"}),
        ("1) blue 2) friday", {"Q1": "Blue", "Q2": "Friday"}),
        ("Q2: Friday\nQ1: b", {"Q1": "Blue", "Q2": "Friday"}),
        ("2. Friday", {"Q2": "Friday"}),
        ("blue\nFriday", {"Q1": "Blue", "Q2": "Friday"}),
        ("blue, friday", {"Q1": "Blue", "Q2": "Friday"}),
        ("2, 1", {"Q1": "Blue", "Q2": "Monday"}),
        ("Friday", {"Q2": "Friday"}),
        ("green, because of spring", {"Q1": "green, because of spring"}),
        ("3. something", {"Q1": "3. something"}),
    ],
)
def test_one_reply_answers_several_questions(text: str, given: dict[str, str]) -> None:
    """By number, by line, or by a choice that only one question has."""
    assert answers((COLOUR, DAY), text) == given


def test_an_answer_may_take_several_lines() -> None:
    """The lines up to the next number belong to it."""
    said = answers((COLOUR, WHY), "1. red\n2. Because it is warm.\nAnd cheap.")
    assert said == {"Q1": "Red", "Q3": "Because it is warm.\nAnd cheap."}
