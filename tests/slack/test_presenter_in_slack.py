"""The product's own cards, as the presenter makes them, on the stand-in."""

import json
import re

import pytest

from bot import presenter
from bot.domain.gate import GateKind, Verb
from bot.domain.record import Record
from bot.ports import Message
from tests.core.world import AT, gate, plan, record, task
from tests.slack.test_chat import SlackHouse, house

__all__ = ["house"]

TASKS = (task("T1"), task("T2"), task("T3", "T1", "T2"))
PROPOSED = record(plans=(plan(*TASKS),), gates=(gate(GateKind.plan),))
RUNNING = record(*TASKS)
QUESTION = {"questions": [{"id": "Q1", "text": "Which year?", "choices": ["2025", "2026"]}]}
DECLINED = gate(GateKind.plan, outcome=Verb.cancel)
ASKING = record(gates=(gate(GateKind.question, "question:Q1", data=QUESTION),))


def shown(house: SlackHouse, made: Record, slot: str, version: int) -> Message:
    card = presenter.card(made, slot, AT)
    assert card is not None
    return Message(place=house.place, mission="m1", slot=slot, version=version, card=card)


@pytest.mark.parametrize(
    ("made", "slot", "labels"),
    [
        (PROPOSED, "plan:1", ["Approve", "Revise", "Cancel"]),
        (RUNNING, "plan:1", ["Stop"]),
        (ASKING, "question:Q1", ["Answer", "Cancel"]),
    ],
)
async def test_cards_of_the_presenter_are_taken_with_their_buttons(
    house: SlackHouse, made: Record, slot: str, labels: list[str]
):
    """The full look, not a fallback: Slack refused nothing."""
    await house.chat.post(shown(house, made, slot, 1))
    blocks = house.messages()[0]["blocks"]
    buttons = [e for b in blocks if b["type"] == "actions" for e in b["elements"]]
    assert [b["text"]["text"] for b in buttons] == labels
    assert not [c for c in house.slack.calls if c.error]


async def test_one_message_turns_from_plan_to_checklist(house: SlackHouse):
    """The picture gives way to the native list; no second message."""
    ref = await house.chat.post(shown(house, PROPOSED, "plan:1", 1))
    before = [b["type"] for b in house.messages()[0]["blocks"]]
    await house.chat.edit(ref, shown(house, RUNNING, "plan:1", 2))
    blocks = house.messages()[0]["blocks"]
    checklist = next(b for b in blocks if b["type"] == "plan")
    assert "image" in before
    assert "plan" not in before
    assert [t["task_id"] for t in checklist["tasks"]] == ["T1", "T2", "T3"]
    assert len(house.messages()) == 1


async def test_a_decided_question_keeps_no_buttons(house: SlackHouse):
    """Never leave dead buttons."""
    ref = await house.chat.post(shown(house, ASKING, "question:Q1", 1))
    closed = gate(GateKind.question, "question:Q1", data=QUESTION, outcome=Verb.answer)
    await house.chat.edit(ref, shown(house, record(gates=(closed,)), "question:Q1", 2))
    assert "actions" not in {b["type"] for b in house.messages()[0]["blocks"]}


@pytest.mark.parametrize(
    ("made", "slot"),
    [
        (PROPOSED, "plan:1"),
        (ASKING, "question:Q1"),
        (PROPOSED, "reminder:plan:1"),
        (record(plans=(plan(*TASKS),), gates=(DECLINED,)), "plan:1"),
    ],
    ids=["until", "without an answer", "reminder", "decided"],
)
async def test_every_time_is_shown_in_the_readers_zone(house: SlackHouse, made: Record, slot: str):
    """By Slack's date syntax, with UTC only for what does not know it."""
    await house.chat.post(shown(house, made, slot, 1))
    [said] = re.findall(r"<!date\^(\d+)\^", json.dumps(house.messages()[0]["blocks"]))
    gate_ = made.gates[0]
    wanted = gate_.expires_at if gate_.open else gate_.closed_at
    assert wanted is not None
    assert int(said) == int(wanted.timestamp())
