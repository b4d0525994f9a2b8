"""What people can do to a mission: every way to ask, and every answer they get."""

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from bot.domain.base import Refused
from bot.domain.board import Board
from bot.domain.events import EventKind, ratings
from bot.domain.gate import PATIENCE, REMIND_AFTER, Gate, GateKind, Verb
from bot.domain.mission import Attachment, HouseContext, Mission, Person, Policy, Status
from bot.domain.plan import Task
from bot.domain.record import Record
from bot.missions import MAX_GOAL, MAX_WORDS, Missions, NewMission, Reply, Said
from bot.store.store import Store
from bot.store.tx import Missing
from tests.conftest import Clock
from tests.core.test_store import rows_with
from tests.core.world import (
    ADA,
    BOB,
    CYD,
    artifact,
    attempt,
    brief,
    gate,
    guidance,
    mission,
    plan,
    task,
    verdict,
)

PLACE = "memory:W1:C1"


class Office:
    """The service with people around it; `woken` and `shown` tell whom it nudged."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.woken: list[str] = []
        self.shown = 0
        self.missions = Missions(store, self._wake, self._show, cap=Decimal(3), models="offline")
        self._keys = 0

    async def _wake(self, mission: str) -> None:
        self.woken.append(mission)

    def _show(self) -> None:
        self.shown += 1

    def key(self) -> str:
        self._keys += 1
        return f"key-{self._keys}"

    async def start(self, **more: Any) -> Mission:
        base: dict[str, Any] = {
            "key": self.key(), "place": PLACE, "person": ADA, "goal": "Compare the offers."
        }  # fmt: skip
        return await self.missions.start(NewMission.model_validate(base | more))

    async def planned(self, *tasks: Task, version: int = 1, of: Mission | None = None) -> Gate:
        """A settled plan that waits for approval; gives its gate."""
        mission = of or await self.start()
        async with self.store.begin() as tx:
            await tx.add_brief(mission.id, brief())
            await tx.put_plan(mission.id, plan(*(tasks or (task("T1"),)), version=version))
            await tx.set_status(mission.id, Status.needs_plan_approval)
        return await self.open(mission, GateKind.plan, version=version)

    async def open(self, mission: Mission, kind: GateKind, name: str = "", **more: Any) -> Gate:
        """Open a gate, as the graph does, with its slot."""
        name = name or f"{kind.value}:{more.get('version', 1)}"
        now = self.store.clock()
        more = {
            "id": f"g-{mission.id}-{name}", "mission": mission.id, "policy": mission.policy,
            "opened_at": now, "expires_at": now + PATIENCE[kind], **more,
        }  # fmt: skip
        made = gate(kind, name, **more)
        async with self.store.begin() as tx:
            assert await tx.open_gate(made)
            await tx.want(mission.id, mission.place, name)
        return made

    async def say(self, at: Gate, verb: Verb, **more: Any) -> Reply:
        """Ada presses a button of the version she sees, unless told otherwise."""
        base: dict[str, Any] = {
            "key": self.key(), "person": ADA, "gate": at.id, "verb": verb, "version": at.version
        }  # fmt: skip
        return await self.missions.decide(Said.model_validate(base | more))

    async def record(self, mission: str) -> Record:
        found = await self.store.record(mission)
        assert found is not None
        return found

    async def state(self, mission: str) -> tuple[Any, ...]:
        """Everything that a refused request must leave as it is."""
        record = await self.record(mission)
        slots = await self.store.slots(mission)
        calm = record.mission.model_copy(update={"updated_at": record.mission.created_at})
        events = await self.store.events(mission)
        wakes = await self.store.wakes(mission)
        return (record.model_copy(update={"mission": calm}), slots, events, wakes)

    async def events(self, mission: str) -> list[EventKind]:
        return [event.kind for event in await self.store.events(mission)]


@pytest.fixture
def office(store: Store) -> Office:
    return Office(store)


# -- start -----------------------------------------------------------------------------------------


async def test_a_mission_is_there_woken_and_shown_when_start_returns(office: Office):
    mission = await office.start(goal="  Compare the offers.\n", thread=("hello",))
    assert (mission.goal, mission.title) == ("Compare the offers.", "Compare the offers.")
    assert (mission.status, mission.cap, mission.models) == (Status.drafting, 3, "offline")
    assert await office.store.mission(mission.id) == mission
    assert [s.name for s in await office.store.slots(mission.id)] == ["plan:1"]
    assert await office.store.runnable() == (mission.id,)
    assert (office.woken, office.shown) == ([mission.id], 1)
    assert await office.events(mission.id) == [EventKind.started]
    assert await office.store.person("W1", "ada") == ADA


async def test_the_same_key_gives_the_same_mission(office: Office):
    first = await office.start(key="k")
    again = await office.start(key="k")
    assert again.id == first.id
    assert len(await office.store.missions("W1")) == 1
    assert await office.events(first.id) == [EventKind.started]


async def test_the_same_key_at_once_gives_one_mission(office: Office):
    """A platform delivers the same message to two connections."""
    made = await asyncio.gather(*(office.start(key="k") for _ in range(10)))
    assert len({m.id for m in made}) == 1
    assert len(await office.store.missions("W1")) == 1


async def test_another_key_is_another_mission(office: Office):
    assert (await office.start()).id != (await office.start()).id


async def test_attachments_are_owned_with_their_texts(office: Office):
    file = Attachment(name="a.pdf", media_type="application/pdf", size=1, sha256="f", text="t")
    bare = file.model_copy(update={"name": "b.pdf", "sha256": "b", "text": None})
    mission = await office.start(attachments=(file, bare))
    assert await office.store.owns_file("f") == ((mission.id, "a.pdf"),)
    assert await office.store.owns_file("t") == ((mission.id, "a.pdf.txt"),)
    assert await office.store.owns_file("b") == ((mission.id, "b.pdf"),)


async def test_a_cap_of_ones_own(office: Office):
    assert (await office.start(cap=Decimal("0.5"))).cap == Decimal("0.5")


@pytest.mark.parametrize("goal", ["", "   \n\t"])
async def test_an_empty_goal_is_refused_with_what_to_do(office: Office, goal: str):
    with pytest.raises(Refused, match="Say what you want done"):
        await office.start(goal=goal, key="k")
    assert (await office.start(key="k")).goal == "Compare the offers."


async def test_a_goal_of_200_000_characters_belongs_in_a_file(office: Office):
    with pytest.raises(Refused, match=r"200,000 characters.*20,000.*attach it"):
        await office.start(goal="x" * 200_000)
    assert (await office.start(goal="x" * MAX_GOAL)).goal == "x" * MAX_GOAL


async def test_a_plan_of_ones_own_is_kept_and_not_trusted(office: Office):
    """It goes to lint and waits for approval, whatever the file says of itself."""
    given = plan(task("T1"), version=7, settled=True, round=0)
    mission = await office.start(plan=given)
    kept = (await office.record(mission.id)).plan
    assert kept is not None
    assert (kept.version, kept.settled, kept.tasks) == (1, False, given.tasks)


# -- approve, revise, cancel -----------------------------------------------------------------------


async def test_approving_the_plan_closes_its_gate_and_wakes_the_mission(office: Office):
    asked = await office.planned()
    wakes = await office.store.wakes(asked.mission)
    reply = await office.say(asked, Verb.approve)
    assert reply == Reply(kind="done", text="Approved. The work begins.", mission=asked.mission)
    record = await office.record(asked.mission)
    assert record.gates[0].outcome is Verb.approve
    assert record.mission.status is Status.queued
    assert [(d.person, d.name, d.verb) for d in record.decisions] == [("ada", "Ada", Verb.approve)]
    assert await office.store.wakes(asked.mission) == wakes + 1
    assert office.woken[-1] == asked.mission
    assert (await office.events(asked.mission))[-1] is EventKind.decided


async def test_a_name_that_cannot_be_written_is_shown_as_it_is_kept(office: Office):
    """Half a sign in a display name: a card with it could not be sent."""
    asked = await office.planned()
    await office.record(asked.mission)
    await office.say(asked, Verb.approve, person=ADA.model_copy(update={"name": "Ada\ud83d"}))
    record = await office.record(asked.mission)
    assert [d.name for d in record.decisions] == ["Ada"]
    record.model_dump_json()


async def test_a_decision_changes_the_slot_which_locks_the_buttons(office: Office):
    asked = await office.planned()
    before = {s.name: s.wanted for s in await office.store.slots(asked.mission)}
    await office.say(asked, Verb.approve)
    after = {s.name: s.wanted for s in await office.store.slots(asked.mission)}
    assert after["plan:1"] > before["plan:1"]


async def test_the_same_click_delivered_twice_gets_the_same_answer(office: Office):
    asked = await office.planned()
    first = await office.say(asked, Verb.approve, key="click")
    state = await office.state(asked.mission)
    assert await office.say(asked, Verb.approve, key="click") == first
    assert await office.state(asked.mission) == state


async def test_a_second_click_says_that_it_was_decided(office: Office):
    asked = await office.planned()
    await office.say(asked, Verb.approve)
    state = await office.state(asked.mission)
    reply = await office.say(asked, Verb.cancel)
    assert reply.kind == "stale"
    assert reply.text == "Ada chose “Approve” already. Nothing was changed."
    assert await office.state(asked.mission) == state


async def test_twenty_people_at_once_decide_once(office: Office):
    mission = await office.start(policy=Policy(kind="channel"))
    asked = await office.planned(of=mission)
    people = [Person(workspace="W1", id=f"p{n}") for n in range(20)]
    verbs = [Verb.approve, Verb.cancel]
    replies = await asyncio.gather(
        *(office.say(asked, verbs[n % 2], person=p) for n, p in enumerate(people))
    )
    assert sorted(r.kind for r in replies) == ["done"] + ["stale"] * 19
    record = await office.record(mission.id)
    (one,) = record.decisions
    assert record.gates[0].outcome is one.verb
    assert record.mission.cancel_asked == (one.verb is Verb.cancel)
    assert (await office.events(mission.id)).count(EventKind.decided) == 1


async def test_an_old_version_is_not_approved(office: Office):
    asked = await office.planned()
    await office.say(asked, Verb.revise, words="shorter")
    newer = await office.planned(version=2, of=(await office.record(asked.mission)).mission)
    state = await office.state(asked.mission)
    reply = await office.say(asked, Verb.approve)
    assert (reply.kind, reply.text) == (
        "stale",
        "Ada chose “Revise” already. Nothing was changed.",
    )
    reply = await office.say(newer, Verb.approve, version=1)
    assert (reply.kind, reply.text) == ("stale", "Version 2 is current. Look at that one.")
    assert await office.state(asked.mission) == state


async def test_the_wrong_person_is_told_who_may(office: Office):
    asked = await office.planned()
    state = await office.state(asked.mission)
    reply = await office.say(asked, Verb.approve, person=BOB)
    assert reply.kind == "refused"
    assert reply.text == "Only the person who asked can decide this. Nothing was changed."
    assert await office.state(asked.mission) == state
    assert (await office.say(asked, Verb.approve)).kind == "done"


async def test_somebody_of_another_workspace_is_nobody(office: Office):
    asked = await office.planned()
    stranger = Person(workspace="W2", id="ada", roles=("admin",))
    assert (await office.say(asked, Verb.approve, person=stranger)).kind == "refused"


async def test_words_alone_never_approve(office: Office):
    asked = await office.planned()
    reply = await office.say(asked, Verb.approve, version=None, words="yes, approve it")
    assert (reply.kind, "press Approve" in reply.text) == ("refused", True)
    assert (await office.record(asked.mission)).gates[0].open


async def test_what_is_no_choice_here_is_refused(office: Office):
    asked = await office.planned()
    reply = await office.say(asked, Verb.skip)
    assert (reply.kind, reply.text) == ("refused", "Go on without it is not a choice here.")


async def test_revising_takes_words_or_ticks(office: Office):
    asked = await office.planned()
    reply = await office.say(asked, Verb.revise, words="  ")
    assert (reply.kind, reply.text) == (
        "refused",
        "Say what should change, and press Revise again.",
    )
    reply = await office.say(asked, Verb.revise, words=" shorter ", data={"T1": "drop"})
    assert reply.text == "Thank you. A new version of the plan is on its way."
    record = await office.record(asked.mission)
    assert record.words_at(record.gates[0]) == "shorter"
    assert record.decisions[0].data == {"T1": "drop"}
    assert record.mission.status is Status.drafting


async def test_ticks_alone_are_enough_to_revise(office: Office):
    asked = await office.planned()
    assert (await office.say(asked, Verb.revise, data={"T1": "drop"})).kind == "done"


async def test_words_without_a_version_can_revise(office: Office):
    """A reply in the thread sends the plan back; only approval needs the button."""
    asked = await office.planned()
    reply = await office.say(asked, Verb.revise, version=None, words="shorter")
    assert reply.kind == "done"


async def test_very_long_words_are_cut_and_not_lost_altogether(office: Office):
    asked = await office.planned()
    await office.say(asked, Verb.revise, words="x" * (MAX_WORDS + 5))
    assert len((await office.record(asked.mission)).decisions[0].words) == MAX_WORDS


async def test_cancel_asks_the_graph_to_end_it(office: Office):
    asked = await office.planned()
    reply = await office.say(asked, Verb.cancel)
    assert reply.text == "Cancelled. What is there stays here."
    mission = (await office.record(asked.mission)).mission
    assert (mission.cancel_asked, mission.reason) == (True, "Cancelled by Ada.")


async def test_a_mission_that_is_being_ended_takes_no_more_decisions(office: Office):
    asked = await office.planned()
    await office.missions.stop(office.key(), ADA, asked.mission)
    reply = await office.say(asked, Verb.approve)
    assert (reply.kind, reply.text) == (
        "stale",
        "This mission is being ended. Nothing was changed.",
    )
    assert (await office.record(asked.mission)).decisions == ()


async def test_a_gate_that_is_not_there(office: Office):
    reply = await office.missions.decide(Said(key="k", person=ADA, gate="g9", verb=Verb.approve))
    assert (reply.kind, reply.text) == ("stale", "That question is not here any more.")


async def test_the_artifact_is_approved_on_its_version(office: Office):
    mission = await office.start()
    asked = await office.open(mission, GateKind.artifact, version=2)
    assert (await office.say(asked, Verb.approve, version=1)).kind == "stale"
    assert (await office.say(asked, Verb.approve)).text == "Approved. This mission is done."
    assert (await office.record(mission.id)).mission.status is Status.delivering


async def test_the_artifact_is_sent_back_with_words(office: Office):
    mission = await office.start()
    asked = await office.open(mission, GateKind.artifact)
    await office.say(asked, Verb.revise, words="shorter")
    assert (await office.record(mission.id)).mission.status is Status.queued


# -- two people ------------------------------------------------------------------------------------


async def for_two(office: Office) -> Gate:
    mission = await office.start(policy=Policy(kind="two_person"))
    return await office.planned(of=mission)


async def test_two_people_approve_together(office: Office):
    asked = await for_two(office)
    first = await office.say(asked, Verb.approve)
    assert (first.kind, first.text) == ("done", "Thank you. One more person must approve.")
    assert (await office.record(asked.mission)).gates[0].open
    assert (await office.say(asked, Verb.approve, person=BOB)).text == "Approved. The work begins."
    assert (await office.record(asked.mission)).gates[0].outcome is Verb.approve


async def test_the_first_approval_of_two_is_shown(office: Office):
    asked = await for_two(office)
    before = {s.name: s.wanted for s in await office.store.slots(asked.mission)}
    shown = office.shown
    await office.say(asked, Verb.approve)
    after = {s.name: s.wanted for s in await office.store.slots(asked.mission)}
    assert after["plan:1"] == before["plan:1"] + 1
    assert office.shown == shown + 1


async def test_one_person_cannot_be_both(office: Office):
    asked = await for_two(office)
    await office.say(asked, Verb.approve)
    state = await office.state(asked.mission)
    reply = await office.say(asked, Verb.approve)
    assert (reply.kind, reply.text) == ("repeated", "You have already answered this.")
    assert await office.state(asked.mission) == state


async def test_the_second_of_two_can_send_it_back(office: Office):
    asked = await for_two(office)
    await office.say(asked, Verb.approve)
    await office.say(asked, Verb.revise, person=BOB, words="shorter")
    assert (await office.record(asked.mission)).gates[0].outcome is Verb.revise


async def test_two_at_the_same_moment_close_it_once(office: Office):
    asked = await for_two(office)
    replies = await asyncio.gather(
        *(office.say(asked, Verb.approve, person=p) for p in (ADA, BOB, CYD))
    )
    assert sorted(r.kind for r in replies) == ["done", "done", "stale"]
    assert (await office.events(asked.mission)).count(EventKind.decided) == 1


# -- questions, blocked tasks, money ---------------------------------------------------------------


async def test_an_answer_is_kept_and_the_mission_goes_on(office: Office):
    mission = await office.start()
    asked = await office.open(mission, GateKind.question, "question:brief.1")
    reply = await office.say(asked, Verb.answer, data={"answers": {"Q1": "EU"}})
    assert reply.text == "Thank you. Going on with that."
    record = await office.record(mission.id)
    assert record.decisions[0].data == {"answers": {"Q1": "EU"}}
    assert record.mission.status is Status.queued


async def test_a_question_can_be_answered_in_words(office: Office):
    mission = await office.start()
    asked = await office.open(mission, GateKind.question, "question:brief.1")
    assert (await office.say(asked, Verb.answer, version=None, words="EU")).kind == "done"


async def blocked(office: Office, *, usable: bool = True) -> Gate:
    mission = await office.start()
    await office.planned(of=mission)
    data = {"task": "T1", "fingerprint": "f", "usable": usable}
    return await office.open(mission, GateKind.blocked, "blocked:T1.1", data=data)


async def test_retry_becomes_guidance_with_the_persons_words(office: Office):
    asked = await blocked(office)
    reply = await office.say(asked, Verb.retry, words="use the other file")
    assert reply.text == "Trying again."
    (words,) = (await office.record(asked.mission)).guidance
    assert (words.tasks, words.text, words.kind) == (("T1",), "use the other file", "retry")
    assert (words.gate, words.by) == (asked.id, "Ada")


@pytest.mark.parametrize(
    ("verb", "text"),
    [
        (Verb.skip, "Going on without it."),
        (Verb.accept, "Using it as it is. The ledger will say so."),
    ],
)
async def test_a_blocked_task_is_left_out_or_used_as_it_is(office: Office, verb: Verb, text: str):
    asked = await blocked(office)
    assert (await office.say(asked, verb)).text == text
    record = await office.record(asked.mission)
    assert record.guidance == ()
    assert record.mission.status is Status.queued
    assert next(g for g in record.gates if g.id == asked.id).outcome is verb


async def test_an_output_that_is_not_there_cannot_be_used(office: Office):
    asked = await blocked(office, usable=False)
    assert (await office.say(asked, Verb.accept)).kind == "refused"


async def test_retrying_a_stage_adds_no_guidance(office: Office):
    mission = await office.start()
    asked = await office.open(mission, GateKind.blocked, "blocked:plan.1", data={"stage": "plan"})
    assert (await office.say(asked, Verb.retry)).kind == "done"
    assert (await office.record(mission.id)).guidance == ()


async def test_raising_the_cap_takes_what_the_gate_named(office: Office):
    mission = await office.start()
    asked = await office.open(mission, GateKind.budget, data={"cap": "7.50"})
    assert (await office.say(asked, Verb.approve)).text == "The cap is raised. Going on."
    after = (await office.record(mission.id)).mission
    assert (after.cap, after.status) == (Decimal("7.50"), Status.queued)


async def test_a_gate_without_a_named_cap_doubles_it(office: Office):
    mission = await office.start()
    asked = await office.open(mission, GateKind.budget)
    await office.say(asked, Verb.approve)
    assert (await office.record(mission.id)).mission.cap == 6


async def test_cancelling_at_the_cap_does_not_raise_it(office: Office):
    mission = await office.start()
    asked = await office.open(mission, GateKind.budget, data={"cap": "7.50"})
    await office.say(asked, Verb.cancel)
    after = (await office.record(mission.id)).mission
    assert (after.cap, after.cancel_asked) == (3, True)


# -- stop ------------------------------------------------------------------------------------------


async def test_stop_is_asked_once_and_kept(office: Office):
    mission = await office.start()
    reply = await office.missions.stop("k", ADA, mission.id)
    assert (reply.kind, reply.text) == ("done", "Stopping. What is finished stays here.")
    after = (await office.record(mission.id)).mission
    assert (after.stop_asked, after.reason) == (True, "Stopped by Ada.")
    assert EventKind.stopped in await office.events(mission.id)
    state = await office.state(mission.id)
    assert (await office.missions.stop("k", ADA, mission.id)).kind == "repeated"
    assert await office.state(mission.id) == state


async def test_others_cannot_stop_it(office: Office):
    mission = await office.start()
    state = await office.state(mission.id)
    assert (await office.missions.stop("k", BOB, mission.id)).kind == "refused"
    assert await office.state(mission.id) == state


async def test_an_ended_mission_cannot_be_stopped(office: Office):
    mission = await office.start()
    async with office.store.begin() as tx:
        await tx.set_status(mission.id, Status.done)
    reply = await office.missions.stop("k", ADA, mission.id)
    assert (reply.kind, reply.text) == ("stale", "This mission has ended already.")
    assert not (await office.record(mission.id)).mission.stop_asked


async def test_stopping_what_is_not_there_is_said_clearly(office: Office):
    with pytest.raises(Missing, match="not here any more"):
        await office.missions.stop("k", ADA, "m9")


# -- steer -----------------------------------------------------------------------------------------


async def steer(office: Office, mission: str, words: str = "only Europe") -> Reply:
    return await office.missions.steer(office.key(), ADA, mission, words)


async def test_before_the_plan_words_join_the_thread(office: Office):
    mission = await office.start(thread=("first",))
    reply = await steer(office, mission.id)
    assert (reply.kind, reply.text) == ("done", "Noted. I take it into account.")
    assert (await office.record(mission.id)).mission.thread == ("first", "only Europe")
    assert EventKind.steered in await office.events(mission.id)


async def test_a_draft_that_goes_in_circles_can_be_steered(office: Office):
    mission = await office.start()
    async with office.store.begin() as tx:
        await tx.put_plan(mission.id, plan(task("T1", "T1"), settled=False))
    assert (await steer(office, mission.id)).kind == "done"


async def test_while_tasks_run_words_reach_those_not_finished(office: Office):
    asked = await office.planned(task("T1"), task("T2"))
    await office.say(asked, Verb.approve)
    await finish(office, asked.mission, "T1")
    reply = await steer(office, asked.mission)
    assert reply.text == "Noted for T2. What is finished stays as it is."
    (words,) = (await office.record(asked.mission)).guidance
    assert (words.tasks, words.text, words.kind, words.by) == (
        ("T2",), "only Europe", "steer", "Ada"
    )  # fmt: skip


async def finish(office: Office, mission: str, name: str) -> None:
    """Run this task to an accepted output, as the graph would."""
    due = Board.of(await office.record(mission)).by_id[name]
    async with office.store.begin() as tx:
        await tx.add_attempt(attempt(name, 1, due.fingerprint, mission=mission))
        await tx.add_verdict(mission, verdict(name, 1))


async def test_when_the_work_is_finished_words_are_not_swallowed(office: Office):
    """Nothing would read them: the person is told where they count."""
    asked = await office.planned()
    await office.say(asked, Verb.approve)
    await finish(office, asked.mission, "T1")
    async with office.store.begin() as tx:
        await tx.put_artifact(asked.mission, artifact([]))
    state = await office.state(asked.mission)
    reply = await steer(office, asked.mission)
    assert (reply.kind, "press Revise" in reply.text) == ("refused", True)
    assert await office.state(asked.mission) == state


async def test_an_ended_mission_takes_no_words(office: Office):
    mission = await office.start()
    async with office.store.begin() as tx:
        await tx.set_status(mission.id, Status.cancelled)
    reply = await steer(office, mission.id)
    assert (reply.kind, reply.text) == ("stale", "This mission has ended. Start a new one.")


async def test_words_delivered_twice_count_once(office: Office):
    mission = await office.start()
    first = await office.missions.steer("k", ADA, mission.id, "a")
    assert await office.missions.steer("k", ADA, mission.id, "a") == first
    assert (await office.record(mission.id)).mission.thread == ("a",)


async def test_others_cannot_steer(office: Office):
    mission = await office.start()
    assert (await office.missions.steer("k", BOB, mission.id, "a")).kind == "refused"
    assert (await office.record(mission.id)).mission.thread == ()


@pytest.mark.parametrize("words", ["", "  ", "x" * (MAX_WORDS + 1)])
async def test_no_words_or_too_many_are_refused(office: Office, words: str):
    mission = await office.start()
    with pytest.raises(Refused, match="at most 10,000 characters"):
        await steer(office, mission.id, words)


async def test_many_words_at_once_are_all_kept(office: Office):
    asked = await office.planned()
    await office.say(asked, Verb.approve)
    await asyncio.gather(*(steer(office, asked.mission, f"w{n}") for n in range(10)))
    record = await office.record(asked.mission)
    assert [g.number for g in record.guidance] == list(range(1, 11))
    assert {g.text for g in record.guidance} == {f"w{n}" for n in range(10)}


# -- time ------------------------------------------------------------------------------------------


async def test_a_gate_is_reminded_of_once(office: Office, clock: Clock):
    asked = await office.planned()
    assert await office.missions.tend_gates() == 0
    clock.time += REMIND_AFTER
    assert await office.missions.tend_gates() == 1
    assert "reminder:plan:1" in [s.name for s in await office.store.slots(asked.mission)]
    assert await office.missions.tend_gates() == 0
    assert (await office.events(asked.mission)).count(EventKind.reminded) == 1


async def test_two_processes_that_tend_at_once_remind_once(
    office: Office, another: Callable[[], Store], clock: Clock
):
    asked = await office.planned()
    clock.time += REMIND_AFTER
    other = Office(another())
    await asyncio.gather(office.missions.tend_gates(), other.missions.tend_gates())
    assert (await office.events(asked.mission)).count(EventKind.reminded) == 1
    slots = {s.name: s.wanted for s in await office.store.slots(asked.mission)}
    assert slots["reminder:plan:1"] == 1


async def test_a_plan_nobody_decides_on_is_closed_and_nothing_runs(office: Office, clock: Clock):
    asked = await office.planned()
    clock.time += PATIENCE[GateKind.plan]
    assert await office.missions.tend_gates() == 1
    record = await office.record(asked.mission)
    assert (record.gates[0].outcome, record.gates[0].expired) == (Verb.cancel, True)
    assert record.mission.cancel_asked
    assert record.mission.reason == "Nobody decided in time, so it was closed. Nothing was lost."
    assert office.woken[-1] == asked.mission
    assert await office.missions.tend_gates() == 0


async def test_a_question_nobody_answers_goes_on_with_its_defaults(office: Office, clock: Clock):
    mission = await office.start()
    await office.open(mission, GateKind.question, "question:brief.1")
    clock.time += PATIENCE[GateKind.question]
    await office.missions.tend_gates()
    record = await office.record(mission.id)
    assert (record.gates[0].outcome, record.gates[0].expired) == (Verb.answer, True)
    assert not record.mission.cancel_asked
    assert record.decisions == ()


async def test_a_click_after_the_time_is_told_so(office: Office, clock: Clock):
    asked = await office.planned()
    clock.time += PATIENCE[GateKind.plan]
    await office.missions.tend_gates()
    reply = await office.say(asked, Verb.approve)
    assert reply.kind == "stale"
    assert reply.text == "This is closed already. The newest message shows where it stands."


async def test_a_click_and_the_end_of_the_time_at_once_close_it_once(office: Office, clock: Clock):
    asked = await office.planned()
    clock.time += PATIENCE[GateKind.plan]
    reply, _ = await asyncio.gather(office.say(asked, Verb.approve), office.missions.tend_gates())
    record = await office.record(asked.mission)
    approved = record.gates[0].outcome is Verb.approve
    assert approved == (reply.kind == "done") == (not record.mission.cancel_asked)
    assert (await office.events(asked.mission)).count(EventKind.decided) == 1


async def test_a_closed_gate_is_left_in_peace(office: Office, clock: Clock):
    asked = await office.planned()
    await office.say(asked, Verb.approve)
    clock.time += 2 * PATIENCE[GateKind.plan]
    assert await office.missions.tend_gates() == 0


# -- the house -------------------------------------------------------------------------------------


async def test_the_house_is_kept_for_its_workspace(office: Office):
    await office.missions.set_house(ADA, HouseContext(organisation="Acme"))
    assert (await office.store.house("W1")).organisation == "Acme"


async def test_pausing_all_tells_every_mission_that_goes_on(office: Office):
    one, two = await office.start(), await office.start()
    async with office.store.begin() as tx:
        await tx.set_status(two.id, Status.done)
    office.woken.clear()
    await office.missions.pause_all("W1", paused=True)
    assert office.woken == [one.id]
    assert (await office.record(one.id)).paused
    assert await office.store.runnable() == ()
    await office.missions.pause_all("W1", paused=False)
    assert not (await office.record(one.id)).paused
    assert await office.store.runnable() == (one.id,)


async def test_a_pause_reaches_every_mission_however_many_there_are(office: Office):
    """And it stands in the history of each, once for each time that it begins or ends."""
    async with office.store.begin() as tx:
        for n in range(1_001):
            await tx.add_mission(mission(id=f"m{n}"))
    for paused in (True, True, False):
        office.woken.clear()
        await office.missions.pause_all("W1", paused=paused)
        assert len(set(office.woken)) == 1_001
    for name in ("m0", "m1000"):
        kinds = [e.kind for e in await office.store.events(name)]
        assert kinds == [EventKind.paused, EventKind.resumed]


async def test_a_forgotten_mission_gives_the_files_nobody_needs(office: Office):
    file = Attachment(name="a", media_type="text/csv", size=1, sha256="f")
    one = await office.start(attachments=(file,))
    other = await office.start(attachments=(file,))
    assert await office.missions.forget(one.id) == ()
    assert await office.missions.forget(other.id) == ("f",)
    assert await office.store.mission(one.id) is None


async def test_a_late_repeat_does_not_bring_a_forgotten_mission_back(office: Office):
    mission = await office.start(key="k")
    await office.missions.forget(mission.id)
    with pytest.raises(Refused, match="not here any more"):
        await office.start(key="k")


async def test_a_click_on_a_forgotten_mission_is_answered(office: Office):
    asked = await office.planned()
    await office.missions.forget(asked.mission)
    assert (await office.say(asked, Verb.approve)).kind == "stale"


async def test_forgetting_what_is_not_there_is_said_clearly(office: Office):
    with pytest.raises(Missing):
        await office.missions.forget("m9")


async def test_a_person_is_forgotten_with_their_missions(office: Office):
    file = Attachment(name="a", media_type="text/csv", size=1, sha256="f")
    mine = await office.start(attachments=(file,))
    others = await office.start(person=BOB)
    assert await office.missions.forget_person("W1", "ada") == ("f",)
    assert await office.store.mission(mine.id) is None
    assert await office.store.mission(others.id) is not None
    assert await office.store.person("W1", "ada") is None


async def test_nothing_tells_the_name_of_a_forgotten_person_any_more(office: Office):
    """What they decided in others' missions still counts."""
    channel = Policy(kind="channel")
    one, two, three = [await office.start(policy=channel) for _ in range(3)]
    async with office.store.begin() as tx:
        await tx.put_person(BOB)
    asked = await office.planned(task("T1"), of=one)
    await office.say(asked, Verb.approve, person=BOB, words="as Bob likes it")
    await office.missions.steer(office.key(), BOB, one.id, "only Europe")
    await office.missions.stop(office.key(), BOB, two.id)
    await office.say(await office.planned(of=three), Verb.approve)
    before = await office.events(one.id)
    await office.missions.forget_person("W1", "bob")
    async with office.store.begin() as tx:
        assert await rows_with(tx, "Bob") == {}
        assert await rows_with(tx, "bob") == {}
    record = await office.record(one.id)
    assert record.gates[0].outcome is Verb.approve
    assert record.guidance[0].text == "only Europe"
    assert await office.events(one.id) == before
    assert (await office.record(two.id)).mission.reason == "Stopped by someone."
    assert (await office.record(three.id)).decisions[0].name == "Ada"


WAYS: dict[str, Callable[[Office, Gate], Any]] = {
    "decide": lambda o, g: o.say(g, Verb.approve),
    "stop": lambda o, g: o.missions.stop(o.key(), ADA, g.mission),
    "steer": lambda o, g: o.missions.steer(o.key(), ADA, g.mission, "words"),
}


@pytest.mark.parametrize("way", WAYS)
async def test_every_change_wakes_the_engine_and_the_courier(office: Office, way: str):
    asked = await office.planned()
    wakes, shown = len(office.woken), office.shown
    before = {s.name: s.wanted for s in await office.store.slots(asked.mission)}
    await WAYS[way](office, asked)
    after = {s.name: s.wanted for s in await office.store.slots(asked.mission)}
    assert len(office.woken) == wakes + 1
    assert office.shown == shown + 1
    assert after["plan:1"] > before["plan:1"]


async def test_guidance_before_and_after_a_retry_keeps_counting(office: Office):
    asked = await blocked(office)
    async with office.store.begin() as tx:
        await tx.add_guidance(asked.mission, guidance(1, ["T1"]))
    await office.say(asked, Verb.retry)
    assert [g.number for g in (await office.record(asked.mission)).guidance] == [1, 2]


# -- how a result was found ------------------------------------------------------------------------


async def test_a_result_can_be_rated_by_who_may_not_decide_and_after_the_end(office: Office):
    """Each person's last word for a version counts; nothing else changes."""
    mission = await office.start()
    async with office.store.begin() as tx:
        await tx.put_plan(mission.id, plan(task("T1")))
        await tx.put_artifact(mission.id, artifact((), reviewed=True))
        await tx.set_status(mission.id, Status.done)
    woken = len(office.woken)

    async def rate(person: Person, *, good: bool, version: int = 1, key: str = "") -> Reply:
        given = (key or office.key(), person, mission.id, version)
        return await office.missions.rate(*given, good=good)

    assert (await rate(BOB, good=False)).text == "Thank you for saying so."
    assert (await rate(BOB, good=True, key="k")).kind == "done"
    assert (await rate(BOB, good=True, key="k")).kind == "done"
    assert (await rate(ADA, good=False)).kind == "done"
    assert (await rate(ADA, good=True, version=9)).kind == "stale"
    guest = BOB.model_copy(update={"roles": ("guest",)})
    stranger = BOB.model_copy(update={"workspace": "memory:W2"})
    assert [(await rate(p, good=False)).kind for p in (guest, stranger)] == ["refused"] * 2
    assert ratings(await office.store.events(mission.id)) == {1: (1, 1)}
    assert (await office.events(mission.id)).count(EventKind.rated) == 3
    assert len(office.woken) == woken
