"""Times in cards: one neutral form in the words, told by each face in its reader's zone."""

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import presenter
from bot.cards import MOMENT, Card, Section, at, local, plain, spelled, tell, with_times
from bot.domain.gate import Gate, GateKind, Verb
from bot.domain.record import Record
from tests.core.world import ADA, AT, artifact, decision, gate, mission, plan, record, task

ZONES = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=ZONES)  # noqa: DTZ001
QUESTION = {"questions": [{"id": "Q1", "text": "Which year?", "default": "2026"}]}
BUDGET = {"cap": "4", "was": "2", "needed": "0.5"}
WORDS = re.compile(r"\b\d\d:\d\d\b")
"""A time of day, wherever it comes from."""


@given(MOMENTS)
def test_a_moment_is_found_again_in_any_words(moment: datetime):
    """To the minute, and the same one in every zone."""
    found: list[datetime] = []
    told = with_times(f"until {at(moment)}.", lambda m: found.append(m) or "then")
    assert told == "until then."
    assert moment - timedelta(minutes=1) < found[0] <= moment


@given(st.text(st.sampled_from("0123456789-T:Z+. x"), max_size=80), MOMENTS)
def test_any_words_are_told_without_failing(text: str, moment: datetime):
    """What only looks like a moment stays as it was written."""
    assert with_times(text, at) == text or MOMENT.search(text)
    assert spelled(f"{text} {at(moment)}").endswith("UTC")


@pytest.mark.parametrize("text", ["2026-13-45T99:99Z", "0001-01-01T00:00+14:00", "2026-11-28"])
def test_what_is_no_moment_stays(text: str):
    assert spelled(text) == text


def test_a_moment_is_told_in_a_readers_zone():
    """UTC is said; so is it where the zone is none."""
    text = "until 2026-11-28T14:00Z"
    assert spelled(text, "Europe/Berlin") == "until Sat 28 Nov 2026, 15:00"
    assert spelled(text, "Asia/Tokyo") == "until Sat 28 Nov 2026, 23:00"
    assert spelled(text, "Mars/Crater") == spelled(text) == "until Sat 28 Nov 2026, 14:00 UTC"
    assert tell(AT) == "Mon 2 Mar 2026, 09:00 UTC"


def test_what_others_wrote_stays_as_it_was_written():
    """A time in a result or in a quotation is data."""
    data = "2026-11-28T14:00Z"
    card = Card(
        mission="m1", slot="plan:1", title="t", text=data, fields=(("By", data),), body=data,
        sections=(Section(heading="Quoted", text=data),), footer=data,
    )  # fmt: skip
    assert plain(local(card, "Europe/Berlin")).splitlines() == [
        "t", "Sat 28 Nov 2026, 15:00", "By: Sat 28 Nov 2026, 15:00", "Quoted", data, data,
        "Sat 28 Nov 2026, 15:00",
    ]  # fmt: skip


def _closed(kind: GateKind, verb: Verb, **more: Any) -> tuple[Gate, Record]:
    made = gate(kind, outcome=verb, **more)
    plans = (plan(task("T1")),)
    asked = record(plans=plans, gates=(made,), decisions=(decision(ADA, verb, made.id),))
    return made, asked.model_copy(update={"artifacts": (artifact([], reviewed=True),)})


def _open(kind: GateKind, **more: Any) -> tuple[Gate, Record]:
    made = gate(kind, **more)
    asked = record(plans=(plan(task("T1")),), gates=(made,))
    return made, asked.model_copy(update={"artifacts": (artifact([], reviewed=True),)})


@pytest.mark.parametrize(
    ("made", "zone"),
    [
        (made, zone)
        for zone in ("UTC", "Asia/Tokyo")
        for made in (
            _open(GateKind.plan),
            _open(GateKind.artifact),
            _open(GateKind.question, data=QUESTION),
            _open(GateKind.blocked, data={"task": "T1", "why": "no"}),
            _open(GateKind.budget, data=BUDGET),
            _closed(GateKind.plan, Verb.cancel),
            _closed(GateKind.artifact, Verb.approve),
            _closed(GateKind.artifact, Verb.revise),
            _closed(GateKind.question, Verb.answer, data=QUESTION),
            _closed(GateKind.blocked, Verb.skip),
            _closed(GateKind.plan, Verb.cancel, expired=True),
        )
    ],
    ids=lambda value: f"{value[0].name}-{value[0].outcome}" if isinstance(value, tuple) else None,
)
def test_every_time_on_a_card_is_neutral(made: tuple[Gate, Record], zone: str):
    """Deadlines, decisions, expiries, reminders: the same words whatever the requester's zone."""
    shown, asked = made
    asked = asked.model_copy(update={"mission": mission(zone=zone)})
    slots = [shown.name, f"reminder:{shown.name}"] if shown.open else [shown.name]
    for slot in slots:
        card = presenter.card(asked, slot, AT)
        assert card is not None
        words = plain(card)
        assert at(shown.expires_at if shown.open else AT) in words
        assert not WORDS.search(MOMENT.sub("", words))


def test_a_time_of_a_card_is_that_of_its_row():
    """Nothing but the form is changed on the way."""
    shown, asked = _open(GateKind.plan)
    card = presenter.card(asked, shown.name, AT)
    assert card is not None
    assert datetime.fromisoformat(MOMENT.findall(card.footer)[0]) == shown.expires_at
    assert shown.expires_at.tzinfo is UTC
