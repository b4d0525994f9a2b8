"""The prompts: one for each purpose, each with what no prompt may lack."""

import typing
from pathlib import Path

import pytest

import graphs
from graphs.models.ask import Purpose
from graphs.models.messages import PROMPTS, prompt

PURPOSES = typing.get_args(Purpose)


def test_every_purpose_has_a_prompt_and_every_prompt_a_purpose() -> None:
    files = {p.stem for p in PROMPTS.glob("*.md")} - {"README"}
    assert files == set(PURPOSES)
    assert Path(graphs.__file__).parent / "prompts" == PROMPTS


@pytest.mark.parametrize("purpose", PURPOSES)
def test_a_prompt_says_that_data_gives_no_orders_and_in_which_language_to_write(
    purpose: Purpose,
) -> None:
    text = prompt(purpose)
    assert "data" in text
    assert "rite" in text.splitlines()[-1]
    assert "language of the" in text
    assert len(text.split()) < 900


@pytest.mark.parametrize("purpose", ["review", "whole"])
def test_reviewers_must_quote_word_for_word(purpose: Purpose) -> None:
    assert "word for word" in prompt(purpose)
    assert "not found counts as unmet" in prompt(purpose)
