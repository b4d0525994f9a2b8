"""A verdict stands on words that are really in the output."""

import pytest

from bot.domain.work import (
    CriterionVerdict,
    FileRef,
    Output,
    Verdict,
    held_to_evidence,
    mechanical,
)
from tests.core.world import AT

OUTPUT = Output(
    text="The **total** is\n42 calls.",
    files=(FileRef(name="table.csv", media_type="text/csv", size=1, sha256="0" * 64),),
)


def row(**more: object) -> CriterionVerdict:
    base: dict[str, object] = {"criterion": "C1", "text": "Has the total", "met": True}
    return CriterionVerdict.model_validate(base | more)


@pytest.mark.parametrize(
    "quote", ["The total is 42 calls.", "the TOTAL  is", "total", "`42` calls", "total is\n\n42"]
)
def test_case_space_and_marks_do_not_matter(quote: str):
    assert mechanical(quote, OUTPUT.text)


@pytest.mark.parametrize("quote", ["43 calls", "42calls", "", "   ", "**", "The total: 42"])
def test_other_words_numbers_and_nothing_are_no_evidence(quote: str):
    assert not mechanical(quote, OUTPUT.text)


def test_a_met_verdict_with_its_evidence_stands():
    said = row(evidence="42 calls")
    assert held_to_evidence(said, OUTPUT) is said


def test_the_name_of_a_file_is_evidence():
    said = row(evidence="table.csv")
    assert held_to_evidence(said, OUTPUT).met


def test_a_met_verdict_with_invented_evidence_is_unmet_and_says_why():
    held = held_to_evidence(row(evidence="43 calls"), OUTPUT)
    assert not held.met
    assert "“43 calls”, which the output does not contain" in held.feedback


def test_a_met_verdict_without_evidence_is_unmet_and_says_why():
    held = held_to_evidence(row(), OUTPUT)
    assert not held.met
    assert "quoted nothing" in held.feedback


def test_an_unmet_verdict_stays_as_it_is():
    said = row(met=False, feedback="Say the total.")
    assert held_to_evidence(said, OUTPUT) is said


def test_what_code_has_checked_needs_no_quote():
    assert held_to_evidence(row(by="check"), OUTPUT).met


def test_a_verdict_accepts_when_every_row_is_met():
    good, bad = row(), row(met=False, feedback="Say the total.")
    judged = Verdict(task="T1", attempt=1, reviewer="r", rows=(good, bad), at=AT)
    assert not judged.accepted
    assert judged.feedback == "- Has the total: Say the total."
    assert judged.model_copy(update={"rows": (good,)}).accepted


def test_equal_outputs_have_equal_hashes_and_a_copy_with_other_words_does_not():
    assert OUTPUT.hash == Output.model_validate(OUTPUT.model_dump()).hash
    assert OUTPUT.model_copy(update={"text": "x"}).hash != OUTPUT.hash
