"""Small rules of the vocabulary: titles, differences, fingerprints, button ids, cards as text."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from bot.cards import Button, Card, Click, Section, Table, TaskLine, decode, encode, plain
from bot.domain.base import Frozen, as_json, counted, digest, of_json
from bot.domain.board import Board, TaskState
from bot.domain.gate import LABELS, PATIENCE, VERBS, GateKind, Verb
from bot.domain.mission import Person, Status, title_of
from bot.domain.plan import Estimate, Risk, difference, ordered
from bot.domain.record import Record, Spending
from bot.missions import AFTER, THANKS, new_id
from tests.core.world import artifact, brief, but, gate, mission, plan, record, task


def test_values_cannot_be_changed_and_typos_are_refused():
    with pytest.raises(ValidationError):
        Person(workspace="W1", id="ada", nmae="Ada")  # pyright: ignore[reportCallIssue]
    ada = Person(workspace="W1", id="ada")
    with pytest.raises(ValidationError):
        ada.name = "Ada"  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("deep", [False, True])
def test_a_copy_is_what_pydantic_would_make_without_what_was_worked_out(deep: bool):
    """It equals, hashes, dumps and remembers what was given as pydantic's own does."""
    made = plan(task("T1"), task("T2", depends_on=("T1",)))
    known = made.fingerprint, made.by_id
    for update in ({}, {"summary": "Another"}, {"note": "Shorter", "tasks": (task("T1"),)}):
        copied = made.model_copy(update=update, deep=deep)
        theirs = super(Frozen, plan(*made.tasks)).model_copy(update=update, deep=deep)
        assert copied == theirs
        assert hash(copied) == hash(theirs)
        assert copied.model_dump_json() == theirs.model_dump_json()
        assert copied.model_fields_set == theirs.model_fields_set
        assert list(vars(copied)) == list(type(made).model_fields)
        assert copied.by_id.keys() == {task.id for task in copied.tasks}
    assert (made.fingerprint, made.by_id) == known
    whole, again = record(), record().at(7)
    assert (again.revision, again.mission) == (7, whole.mission)


def test_a_record_that_only_moves_on_keeps_what_was_worked_out():
    whole = record(plans=(plan(task("T1")),))
    board = Board.of(whole)
    assert Board.of(whole.at(3)) is board
    assert Board.of(whole.model_copy(update={"revision": 3})) is not board


def test_a_board_is_read_once_for_all_copies_that_were_made_before():
    first = record(plans=(plan(task("T1")),))
    Board.of(first)
    second = first.model_copy(update={"revision": 1})
    Board.follow(second, first)
    third = second.at(2)
    assert Board.of(third) is Board.of(second)
    assert Board.of(third).by_id["T1"] is Board.of(first).by_id["T1"]


def test_hashes_do_not_depend_on_the_order_of_keys():
    assert digest({"a": 1, "b": "ü"}) == digest({"b": "ü", "a": 1})
    assert digest({"a": 1}) != digest({"a": "1"})


@pytest.mark.parametrize(
    "value",
    [
        {"b": [1, 2.5, None, True], "a": "ü\n"},
        {"half": "a\ud800b"},
        {"long": 2**80, "nested": {"z": 1, "ä": [2**70]}},
        {1: "one", "two": 2},
    ],
)
def test_whatever_json_can_say_reads_back(value: dict[str, Any]) -> None:
    text = as_json(value)
    assert json.loads(text) == json.loads(json.dumps(value))
    text.encode()


@pytest.mark.parametrize("rest", [[], [2**80]])
def test_a_number_that_is_none_is_null(rest: list[int]) -> None:
    """Beside what only the slow way can say, too."""
    value = {"x": [float("nan"), float("-inf"), *rest]}
    assert json.loads(as_json(value)) == {"x": [None, None, *rest]}


@pytest.mark.parametrize(
    "text", ['{"half": "\\ud800b"}', "[1208925819614629174706176, -0.0, 1e-7]", '"ü\\n"', "null"]
)
def test_json_is_read_as_python_reads_it(text: str) -> None:
    assert repr(of_json(text)) == repr(json.loads(text))


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(ValueError, match="line 1"):
        of_json("{")


def test_what_json_has_no_form_for_is_refused() -> None:
    with pytest.raises(TypeError):
        as_json({"at": datetime(2026, 1, 1, tzinfo=UTC)})


def test_counting_words():
    assert [counted(n, "task") for n in (0, 1, 2)] == ["0 tasks", "1 task", "2 tasks"]


# -- titles ----------------------------------------------------------------------------------------


def test_a_title_is_the_first_line():
    assert title_of("Compare   the offers\nand more") == "Compare the offers"


def test_a_long_title_is_cut_at_a_word():
    title = title_of("word, " * 40)
    assert len(title) <= 73
    assert title.endswith("word…")


@given(st.text(min_size=1))
def test_no_title_is_longer_than_a_line(goal: str):
    assert len(title_of(goal)) <= 73
    assert "\n" not in title_of(goal)


# -- plans -----------------------------------------------------------------------------------------


def test_the_difference_names_what_was_added_changed_and_dropped():
    old = plan(task("T1"), task("T2"), task("T3"))
    new = plan(task("T1"), task("T3", "T1", title="Other"), task("T4"), version=2)
    found = difference(old, new)
    assert (found.added, found.dropped) == (("T4",), ("T2",))
    assert found.changed == (("T3", ("title", "depends_on")),)
    assert not found.empty


def test_equal_plans_have_no_difference():
    assert difference(plan(task("T1")), plan(task("T1"), version=2)).empty


@pytest.mark.parametrize(
    "change",
    [
        {"title": "x"}, {"instructions": "x"}, {"specialist": "x"}, {"tier": "light"},
        {"depends_on": ("T2",)}, {"covers": ()}, {"tools": ("x",)}, {"risk": Risk.write},
        {"criteria": ()}, {"approval": True},
    ],
)  # fmt: skip
def test_whatever_a_person_approved_shows_when_it_changes(change: dict[str, object]):
    found = difference(plan(task("T1"), task("T2")), plan(task("T1", **change), task("T2")))
    assert found.changed == (("T1", (next(iter(change)),)),)


def test_a_circle_cannot_be_ordered():
    with pytest.raises(ValueError, match="T1, T2"):
        ordered([task("T1", "T2"), task("T2", "T1"), task("T3")])


def test_an_unknown_dependency_does_not_stop_the_ordering():
    assert [t.id for t in ordered([task("T2", "T9"), task("T1")])] == ["T2", "T1"]


def test_a_plans_fingerprint_is_what_the_person_approves():
    base = plan(task("T1"))
    same = base.model_copy(update={"heard": 3, "round": 2, "critiqued": 2, "settled": False})
    other = base.model_copy(update={"estimate": Estimate(cost=Decimal(1))})
    assert base.fingerprint == same.fingerprint
    assert base.fingerprint != other.fingerprint


def test_an_artifacts_fingerprint_does_not_change_by_its_review():
    base = artifact([])
    assert base.fingerprint == base.model_copy(update={"reviewed": True}).fingerprint
    assert base.fingerprint != base.model_copy(update={"body": "other"}).fingerprint


# -- records ---------------------------------------------------------------------------------------


def test_the_newest_gate_of_a_kind_or_that_of_one_version():
    first, second = gate(GateKind.plan), gate(GateKind.plan, version=2)
    made = but(record(), gates=(first, second))
    assert made.gate(GateKind.plan) == second
    assert made.gate(GateKind.plan, 1) == first
    assert made.gate(GateKind.artifact) is None
    assert made.open_gates == (first, second)


def test_an_unknown_price_is_never_shown_as_nothing():
    assert Spending(spent=Decimal(1)).known == Decimal(1)
    assert Spending(spent=Decimal(1), unknown=1).known is None


def test_a_stage_counts_its_failures_that_were_answered():
    failed = [
        gate(GateKind.blocked, f"blocked:plan.{n}", data={"stage": "plan"}, outcome=outcome)
        for n, outcome in ((1, Verb.retry), (2, None))
    ]
    made = but(record(), gates=tuple(failed))
    assert (made.retries("plan"), made.retries("intake")) == (1, 0)


def test_a_record_survives_being_written_as_json():
    made = but(record(task("T1")), brief=brief(assumptions=("a",)))
    assert Record.model_validate_json(made.model_dump_json()) == made


# -- gates -----------------------------------------------------------------------------------------


def test_every_choice_of_every_gate_has_a_label_an_effect_and_thanks():
    for kind, verbs in VERBS.items():
        assert kind in PATIENCE
        for verb in verbs:
            assert LABELS[verb]
            if verb is not Verb.cancel:
                assert AFTER[kind, verb]
                assert THANKS[kind, verb]


def test_every_gate_can_be_cancelled():
    assert all(Verb.cancel in verbs for verbs in VERBS.values())


def test_a_failed_stage_cannot_be_left_out():
    assert gate(GateKind.blocked, data={"stage": "plan"}).verbs == (Verb.retry, Verb.cancel)


def test_only_an_output_that_exists_can_be_used_as_it_is():
    without = gate(GateKind.blocked, data={"task": "T1"}).verbs
    assert without == (Verb.retry, Verb.skip, Verb.cancel)
    assert Verb.accept in gate(GateKind.blocked, data={"task": "T1", "usable": True}).verbs
    assert gate(GateKind.plan).verbs == VERBS[GateKind.plan]


def test_statuses_that_end_need_nobody():
    assert not any(status.ended and status.needs_person for status in Status)
    assert mission(status=Status.paused).status.needs_person


# -- cards -----------------------------------------------------------------------------------------


def test_a_click_survives_its_button():
    click = Click(verb="approve", mission=new_id("m"), gate=new_id("g"), version=12)
    assert decode(encode(click)) == click
    assert len(encode(click)) <= 100


@pytest.mark.parametrize(
    "text", ["", "cm", "cm|a|b|c", "xx|a|b|c|1", "cm|a|b|c|x", "cm|a|b|c|-1", "cm|a|b|c|1|2"]
)
def test_what_is_not_a_button_of_ours_is_refused(text: str):
    with pytest.raises(ValueError, match="not a button"):
        decode(text)


def test_a_card_has_a_text_with_all_that_it_says():
    card = Card(
        mission="m1", slot="plan:1", title="Plan", text="Two tasks", fields=(("Cost", "$1"),),
        tasks=(TaskLine(id="T1", title="Read", state="done", needs=("T0",), note="fast"),),
        sections=(Section(heading="Not done", text="Nothing"),), body="Body",
        table=Table(heading="Sums", columns=("a", "b"), rows=(("1", "2"),)),
        buttons=(Button(id="x", label="Approve"),), footer="End",
    )  # fmt: skip
    text = plain(card)
    for words in ("Plan", "Two tasks", "Cost: $1", "T1 ✅ done · Read (after T0) — fast",
                  "Not done", "Body", "a | b", "1 | 2", "[Approve]", "End"):  # fmt: skip
        assert words in text


@pytest.mark.parametrize("state", list(TaskState))
def test_every_state_of_a_task_has_words(state: TaskState):
    card = Card(mission="m", slot="s", title="", tasks=(TaskLine(id="T1", title="x", state=state),))
    assert plain(card).startswith("T1 ")
