"""Modals: every form fits, and what people fill in comes back as it was meant."""

from typing import Any

from hypothesis import HealthCheck, given, settings

from bot.cards import Button, Choice, Form
from bot.chat.discord.forms import OWN, SHARED, modal, read, submitted
from tests.discord_.cards import forms, id_of, plan_card
from tests.discord_.standin.rules import check_modal

CALM = settings(
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def parts(button: Button) -> list[str]:
    """The custom ids of the modal's inputs."""
    inner = [p.get("component") or {} for p in modal(button)["components"]]
    return [c["custom_id"] for c in inner if "custom_id" in c]


def test_revise_offers_ticks_and_words() -> None:
    """One menu for change, one for drop, and a box."""
    assert parts(plan_card(3).buttons[1]) == ["ticks~change~0", "ticks~drop~0", "words"]


def test_fifty_tasks_take_four_menus() -> None:
    """With the box that makes five parts, the most that a modal can have."""
    made = modal(plan_card(50).buttons[1])
    check_modal(made)
    assert parts(plan_card(50).buttons[1])[:2] == ["ticks~change~0", "ticks~change~1"]
    assert [p["label"] for p in made["components"][:2]] == [
        "Change (T1 to T25)",
        "Change (T26 to T50)",
    ]


def test_ticks_come_back_for_every_task() -> None:
    """Untouched ones keep the default; what is both changed and dropped is changed."""
    form = plan_card(3).buttons[1].form
    assert form
    got = read(form, {"ticks~change~0": ["T1"], "ticks~drop~0": ["T1", "T3"], "words": " shorter "})
    assert got == {"ticks": {"T1": "change", "T2": "keep", "T3": "drop"}, "words": "shorter"}


def question(number: int) -> Choice:
    return Choice(name=f"Q{number}", label="Which quarter?", choices=("Q3", "Q4"), default="Q3")


def test_three_questions_share_a_box_for_own_words() -> None:
    """Six parts would be too many."""
    form = Form(title="Answer", submit="Send", fields=tuple(question(n) for n in (1, 2, 3)))
    button = Button(id=id_of("answer"), label="Answer", form=form)
    check_modal(modal(button))
    assert parts(button) == ["Q1", "Q2", "Q3", SHARED]
    got = read(form, {"Q1": ["1"], "Q2": ["0"], "Q3": [], SHARED: "Q2: the whole year\nand 2025"})
    assert got == {"Q1": "Q4", "Q2": "the whole year\nand 2025", "Q3": "Q3"}


def test_one_question_has_a_box_of_its_own() -> None:
    """What is typed wins over what is picked."""
    form = Form(title="Answer", submit="Send", fields=(question(1),))
    assert parts(Button(id=id_of("answer"), label="Answer", form=form)) == ["Q1", "Q1" + OWN]
    assert read(form, {"Q1": ["1"], "Q1" + OWN: "last year"}) == {"Q1": "last year"}


def test_a_button_with_a_warning_asks_once_more() -> None:
    """A modal with the text and nothing to fill in."""
    made = modal(plan_card().buttons[2])
    check_modal(made)
    assert made["components"] == [{"type": 10, "content": "Cancel it all?"}]


def test_values_are_read_from_a_submit() -> None:
    """Text inputs have a value, menus have values."""
    sent: list[dict[str, Any]] = [
        {"type": 18, "component": {"type": 4, "custom_id": "words", "value": "hi"}},
        {"type": 18, "component": {"type": 3, "custom_id": "Q1", "values": ["0"]}},
        {"type": 10, "id": 3},
    ]
    assert submitted(sent) == {"words": "hi", "Q1": ["0"]}


@CALM
@given(forms())
def test_any_form_fits_into_a_modal(form: Form) -> None:
    """Ticks for 60 tasks, three questions, words: never more than five parts."""
    button = Button(id=id_of("answer"), label="Answer", form=form)
    check_modal(modal(button))
    assert set(read(form, {})) == {f.name for f in form.fields}
