"""The moments of a mission that need a person, as one suite for all faces.

A face's test module subclasses `MomentsContract` as `TestMoments` and gives a `people` fixture.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol

import pytest

from bot import presenter
from bot.cards import Button
from bot.domain.gate import Gate, GateKind, Verb
from bot.domain.mission import Mission, Status
from bot.domain.record import Record
from bot.store.store import Store
from tests.core.world import attempt, brief, gate, plan, task

GOAL = "Compare the offers of the three vendors."
QUESTION = {"id": "Q1", "text": "Which year?", "choices": ["2025", "2026"], "default": "2026"}


class People(Protocol):
    """A person in front of this face, and the bot behind it."""

    @property
    def store(self) -> Store: ...

    async def begin(self) -> Mission:
        """Ask for a mission in this face's own way."""
        ...

    async def show(self, mission: Mission, slot: str) -> None:
        """Let the card of this slot reach the person."""
        ...

    async def press(self, mission: Mission, button: Button, values: Mapping[str, str]) -> None:
        """Press it where it is shown, fill in its form, and say yes when it asks once more."""
        ...


class MomentsContract:
    async def test_a_question_before_the_plan_is_answered(self, people: People):
        """With a choice; the answer is the decision."""
        made = await people.begin()
        asked = await _stand(people, made, GateKind.question, "question:1", Status.needs_answer,
                             questions=[QUESTION])  # fmt: skip
        await _press(people, made, asked.name, "Answer", Q1="2025")
        record = await _until(people, made, _closed(asked))
        assert record.decisions_at(asked)[0].data == {"answers": {"Q1": "2025"}}

    async def test_a_question_of_an_agent_is_answered(self, people: People):
        """While the mission runs; it says which task asks."""
        made = await people.begin()
        asked = await _stand(people, made, GateKind.question, "question:T1.1", Status.running,
                             questions=[QUESTION], task="T1")  # fmt: skip
        await _press(people, made, asked.name, "Answer", Q1="2025")
        record = await _until(people, made, _closed(asked))
        assert record.decisions_at(asked)[0].data == {"answers": {"Q1": "2025"}}

    @pytest.mark.parametrize(
        ("label", "verb", "words"),
        [
            ("Retry", Verb.retry, "Use the other file."),
            ("Go on without it", Verb.skip, ""),
            ("Use it as it is", Verb.accept, ""),
        ],
    )
    async def test_a_blocked_task_offers_its_choices(
        self, people: People, label: str, verb: Verb, words: str
    ):
        """Again with words, without it, or with what there is."""
        made = await people.begin()
        asked = await _stand(people, made, GateKind.blocked, "blocked:T1.1", Status.paused,
                             task="T1", why="The page is gone.", usable=True)  # fmt: skip
        await _press(people, made, asked.name, label, **({"words": words} if words else {}))
        record = await _until(people, made, _closed(asked))
        assert (record.gates[-1].outcome, record.words_at(asked)) == (verb, words)

    async def test_cancel_asks_once_more_and_ends_it(self, people: People):
        """Before anything was run."""
        made = await people.begin()
        asked = await _stand(people, made, GateKind.plan, "plan:1", Status.needs_plan_approval)
        await _press(people, made, asked.name, "Cancel")
        record = await _until(people, made, _closed(asked))
        assert (record.gates[-1].outcome, record.mission.cancel_asked) == (Verb.cancel, True)

    async def test_stop_stops_a_mission_under_way(self, people: People):
        """By the button of its card."""
        made = await people.begin()
        await _press(people, made, "plan:1", "Stop")
        await _until(people, made, lambda record: record.mission.stop_asked)


async def _stand(
    people: People, made: Mission, kind: GateKind, name: str, status: Status, **data: Any
) -> Gate:
    """Bring the mission to an open gate, as the graph would."""
    now = people.store.clock()
    opened = gate(
        kind, name, id=f"g{made.id}", mission=made.id, policy=made.policy, data=data,
        opened_at=now, expires_at=now + timedelta(days=7),
    )  # fmt: skip
    async with people.store.begin() as tx:
        await tx.add_brief(made.id, brief())
        await tx.put_plan(made.id, plan(task("T1"), task("T2", "T1")))
        if data.get("usable"):
            await tx.add_attempt(attempt("T1", 1, "f", mission=made.id))
        await tx.open_gate(opened)
        await tx.set_status(made.id, status)
        await tx.want(made.id, made.place, name)
    return opened


async def _press(people: People, made: Mission, slot: str, label: str, **values: str) -> None:
    await people.show(made, slot)
    record = await people.store.record(made.id)
    assert record is not None
    card = presenter.card(record, slot, people.store.clock())
    assert card is not None
    button = next(b for b in card.buttons if b.label == label)
    await people.press(made, button, values)


def _closed(asked: Gate) -> Callable[[Record], bool]:
    return lambda record: not next(g for g in record.gates if g.id == asked.id).open


async def _until(people: People, made: Mission, true: Callable[[Record], bool]) -> Record:
    async with asyncio.timeout(20):
        while True:
            record = await people.store.record(made.id)
            assert record is not None
            if true(record):
                return record
            await asyncio.sleep(0.02)
