"""What a browser sends, as values that the product takes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import Click, encode
from bot.chat.web.samples import SAMPLES
from bot.domain.base import Refused
from bot.domain.gate import Verb
from handlers import clicks
from handlers.web import Face
from handlers.web_forms import file_name, read_values
from tests.web.conftest import ME


def test_a_form_s_fields_become_values():
    """Text by name, own words over a choice, ticks by row."""
    fields = {
        "id": "cm|…",
        "key": "k",
        "v:words": "Compare with last year",
        "v:Q1": "Last week",
        "v:Q1:free": "  ",
        "v:Q2": "Yes",
        "v:Q2:free": "Only on Mondays",
        "v:ticks:T1": "keep",
        "v:ticks:T2": "drop",
    }
    assert read_values(fields) == {
        "words": "Compare with last year",
        "Q1": "Last week",
        "Q2": "Only on Mondays",
        "ticks": {"T1": "keep", "T2": "drop"},
    }


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=20)))
def test_any_fields_are_read_without_failing(fields: dict[str, str]):
    """A form may be made by hand."""
    read_values(fields)


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("report.csv", "report.csv"),
        ("C:\\Users\\ada\\report.csv", "report.csv"),
        ("../../etc/passwd", "passwd"),
        ("a\x00b\n.txt", "ab.txt"),
        ("..", "file"),
        ("", "file"),
        ("Ü 表.xlsx", "Ü 表.xlsx"),
    ],
)
def test_a_file_s_name_is_its_last_part(sent: str, kept: str):
    """No folders, no control signs, never empty."""
    assert file_name(sent) == kept


def test_a_long_name_keeps_its_ending():
    """The ending says what the file is."""
    assert file_name("x" * 300 + ".xlsx").endswith("x.xlsx")
    assert len(file_name("x" * 300 + ".xlsx")) <= 120


def test_a_revision_carries_words_and_the_ticks_that_ask_for_something():
    """“keep” is no wish, so a form left as it was asks for nothing."""
    said = clicks.said(
        "k",
        ME,
        Click(verb="revise", mission="m1", gate="g1", version=2),
        {"words": " Shorter ", "ticks": {"T1": "keep", "T2": "drop"}},
    )
    assert (said.verb, said.version, said.words) == (Verb.revise, 2, "Shorter")
    assert said.data == {"ticks": {"T2": "drop"}}


def test_answers_go_by_question():
    """One form, up to three questions."""
    said = clicks.said(
        "k",
        ME,
        Click(verb="answer", mission="m1", gate="g1", version=1),
        {"Q1": "Last week", "Q2": ""},
    )
    assert said.data == {"answers": {"Q1": "Last week"}}


@pytest.mark.parametrize("button", ["", "x", "cm|approve|m1", "cm|approve|m1|g1|one"])
def test_a_button_that_is_not_ours_is_refused(button: str):
    """With a sentence that says where to look."""
    with pytest.raises(Refused, match="newest message"):
        clicks.read(button)


async def test_a_verb_that_does_not_exist_is_refused(face: Face):
    """A button made by hand does nothing."""
    button = encode(Click(verb="explode", mission="m1", gate="g1"))
    with pytest.raises(Refused):
        await clicks.click(face.missions, "k", ME, button, {})


def test_every_example_brings_its_files():
    """A first mission needs nothing at hand."""
    assert len(SAMPLES.all) == 3
    for sample in SAMPLES.all:
        assert [name for name, data in SAMPLES.files_of(sample.id) if data] == list(sample.files)
    assert SAMPLES.files_of("unknown") == []
