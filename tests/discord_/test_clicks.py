"""Buttons and modals: once, by the right person, on the right version, whatever happens."""

import asyncio
from typing import Any

import pytest

from bot.domain.gate import Verb
from bot.domain.mission import Policy, Question
from bot.domain.record import Record
from tests.discord_.standin import Json
from tests.discord_.town import Town


async def record(town: Town, mission: str) -> Record:
    found = await town.app.store.record(mission)
    assert found
    return found


async def proposal(town: Town, **more: Any) -> tuple[str, Json]:
    """A mission whose plan is shown in its thread: its id, and the message."""
    thread = town.own_thread()
    made = await town.planned(thread, **more)
    return made.id, await town.button(thread, "Approve")


async def test_approve_closes_the_gate_and_locks_the_buttons(town: Town) -> None:
    """One private answer; the message no longer offers it."""
    await town.start()
    mission, shown = await proposal(town)
    pressed = town.standin.click(town.ada, shown, "Approve")
    assert "Approved" in await town.told(pressed)
    assert pressed.private
    assert (await record(town, mission)).gates[0].outcome is Verb.approve
    await town.standin.until(lambda: "Approve" not in town.standin.buttons(shown))


async def test_revise_asks_for_ticks_and_words(town: Town) -> None:
    """The modal's values come back as the decision."""
    await town.start()
    mission, shown = await proposal(town)
    opened = await town.standin.answered(town.standin.click(town.ada, shown, "Revise"))
    sent = town.standin.submit(opened, words="Shorter.", **{"ticks~drop~0": ["T2"]})
    assert "new version" in await town.told(sent)
    decided = (await record(town, mission)).decisions[0]
    assert decided.verb is Verb.revise
    assert decided.words == "Shorter."
    assert decided.data == {"ticks": {"T2": "drop"}}


async def test_questions_are_answered_in_one_form(town: Town) -> None:
    """A menu for each, one box for own words; what is left alone keeps its default."""
    await town.start()
    thread = town.own_thread()
    mission = await town.asking(
        thread,
        Question(id="Q1", text="Which quarter?", choices=("Q3", "Q4"), default="Q4"),
        Question(id="Q2", text="For whom?", choices=("board", "team"), default="team"),
        Question(id="Q3", text="How long?", choices=("a page", "ten"), default="a page"),
    )
    shown = await town.button(thread, "Answer")
    opened = await town.standin.answered(town.standin.click(town.ada, shown, "Answer"))
    own = {"Q1": ["0"], "~own words": "Q2: our customers"}
    await town.told(town.standin.submit(opened, **own))
    answers = (await record(town, mission.id)).decisions[0].data["answers"]
    assert answers == {"Q1": "Q3", "Q2": "our customers", "Q3": "a page"}


async def test_cancel_asks_once_more(town: Town) -> None:
    """A modal with the question; only its submit cancels."""
    await town.start()
    mission, shown = await proposal(town)
    opened = await town.standin.answered(town.standin.click(town.ada, shown, "Cancel"))
    assert "Cancel this mission?" in str(opened.modal)
    assert (await record(town, mission)).gates[0].open
    assert "Cancelled" in await town.told(town.standin.submit(opened))
    assert (await record(town, mission)).mission.cancel_asked


async def test_a_button_outlives_a_restart(town: Town) -> None:
    """Nothing about it was in memory."""
    await town.start()
    mission, shown = await proposal(town)
    await town.stop()
    await town.start()
    assert "Approved" in await town.told(town.standin.click(town.ada, shown, "Approve"))
    assert (await record(town, mission)).gates[0].outcome is Verb.approve


async def test_a_modal_outlives_a_restart(town: Town) -> None:
    """Its id is all that it needs."""
    await town.start()
    mission, shown = await proposal(town)
    opened = await town.standin.answered(town.standin.click(town.ada, shown, "Revise"))
    await town.stop()
    await town.start()
    assert "new version" in await town.told(town.standin.submit(opened, words="Shorter."))
    assert (await record(town, mission)).decisions[0].words == "Shorter."


async def test_two_clickers_at_once_decide_once(town: Town) -> None:
    """One counts, the other is told who was first."""
    await town.start()
    mission, shown = await proposal(town, policy=Policy(kind="channel"))
    clicks = [town.standin.click(who, shown, "Approve") for who in (town.ada, town.bob)]
    texts = [await town.told(c) for c in clicks]
    assert sum("Approved." in t for t in texts) == 1
    assert sum("already" in t for t in texts) == 1
    assert len((await record(town, mission)).decisions) == 1


async def test_a_double_click_decides_once(town: Town) -> None:
    """Two interactions of one person."""
    await town.start()
    mission, shown = await proposal(town)
    clicks = [town.standin.click(town.ada, shown, "Approve") for _ in range(2)]
    for pressed in clicks:
        await town.told(pressed)
    assert len((await record(town, mission)).decisions) == 1


@pytest.mark.parametrize("button", ["Approve", "Revise", "Cancel"])
async def test_the_wrong_person_is_told_so(town: Town, button: str) -> None:
    """No form is opened for somebody who may not decide."""
    await town.start()
    mission, shown = await proposal(town)
    pressed = town.standin.click(town.bob, shown, button)
    assert "Only" in await town.told(pressed)
    assert pressed.private
    assert (await record(town, mission)).gates[0].open


async def test_an_old_version_is_told_so_and_the_words_are_kept(town: Town) -> None:
    """The plan was decided while the modal was open."""
    await town.start()
    mission, shown = await proposal(town)
    opened = await town.standin.answered(town.standin.click(town.ada, shown, "Revise"))
    await town.told(town.standin.click(town.ada, shown, "Approve"))
    text = await town.told(town.standin.submit(opened, words="A page less."))
    assert "already" in text
    assert "A page less." in text
    assert (await record(town, mission)).gates[0].outcome is Verb.approve


async def test_a_role_may_decide_and_a_name_alone_may_not(town: Town) -> None:
    """A role called “admin” is only a name; the policy's role counts."""
    await town.start()
    mallory = town.standin.person("mallory", town.guild, roles=("Admin", "guest"))
    carol = town.standin.person("carol", town.guild, roles=("Leads",))
    mission, shown = await proposal(town, policy=Policy(kind="role", role="Leads"))
    assert "Only" in await town.told(town.standin.click(mallory, shown, "Approve"))
    assert "Approved" in await town.told(town.standin.click(carol, shown, "Approve"))
    assert len((await record(town, mission)).decisions) == 1


async def test_two_people_must_approve(town: Town) -> None:
    """The first approval waits for a second one, of somebody else."""
    await town.start()
    mission, shown = await proposal(town, policy=Policy(kind="two_person"))
    await town.told(town.standin.click(town.ada, shown, "Approve"))
    assert (await record(town, mission)).gates[0].open
    await town.told(town.standin.click(town.bob, shown, "Approve"))
    decided = await record(town, mission)
    assert decided.gates[0].outcome is Verb.approve
    assert {d.person for d in decided.decisions} == {town.ada["id"], town.bob["id"]}


async def test_who_runs_the_server_may_decide(town: Town) -> None:
    """Manage Server is enough."""
    await town.start()
    boss = town.standin.person("boss", town.guild, powers=1 << 5)
    _, shown = await proposal(town)
    assert "Approved" in await town.told(town.standin.click(boss, shown, "Approve"))


async def test_a_click_while_the_socket_is_cut_counts_once(town: Town) -> None:
    """It is delivered when the session is resumed."""
    await town.start()
    mission, shown = await proposal(town)
    await town.standin.gateway.drop()
    pressed = town.standin.click(town.ada, shown, "Approve")
    assert "Approved" in await town.told(pressed)
    assert town.standin.gateway.resumed == 1
    assert len((await record(town, mission)).decisions) == 1


async def test_a_late_answer_still_counts_and_is_told_directly(town: Town) -> None:
    """The interaction is dead (10062); the decision is not."""
    await town.start()
    mission, shown = await proposal(town)
    pressed = town.standin.click(town.ada, shown, "Approve")
    town.standin.advance(4)
    direct = town.standin.dm(town.ada)
    await town.standin.until(lambda: town.standin.mine(direct))
    assert "Approved" in town.standin.mine(direct)[0]["content"]
    assert pressed.said == []
    assert (await record(town, mission)).gates[0].outcome is Verb.approve


async def test_slow_work_is_acknowledged_in_time(town: Town, monkeypatch: Any) -> None:
    """First "thinking", then the answer in its place."""
    from handlers.discord import guard

    monkeypatch.setattr(guard, "ACK_WITHIN", 0.05)
    await town.start()
    _, shown = await proposal(town)
    async with town.app.store.begin():
        pressed = await town.standin.answered(town.standin.click(town.ada, shown, "Approve"))
        assert pressed.answered == 5
    assert "Approved" in await town.told(pressed)
    assert pressed.private


async def test_a_fault_is_said_in_words(town: Town, monkeypatch: Any) -> None:
    """discord.py would leave the person with "did not respond"."""
    await town.start()
    _, shown = await proposal(town)

    async def broken(*_: Any) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(town.face, "button", broken)
    pressed = town.standin.click(town.ada, shown, "Revise")
    assert "Something went wrong" in await town.told(pressed)


async def test_a_button_of_another_time_is_told_so(town: Town) -> None:
    """The mission was forgotten."""
    await town.start()
    mission, shown = await proposal(town)
    await town.app.missions.forget(mission)
    assert "not here any more" in await town.told(town.standin.click(town.ada, shown, "Approve"))


async def test_an_archived_thread_still_shows_the_decision(town: Town) -> None:
    """Nobody wrote for days; the thread is opened again for the edit."""
    await town.start()
    _, shown = await proposal(town)
    thread = town.standin.world.channels[shown["channel_id"]]
    town.standin.world.set_thread(thread, archived=True)
    await town.told(town.standin.click(town.ada, shown, "Approve"))
    await town.standin.until(lambda: "Approve" not in town.standin.buttons(shown))


async def test_a_lost_answer_makes_no_double_post(town: Town) -> None:
    """502 after storing, twice: the plan stands there once."""
    await town.start()
    thread = town.own_thread()
    town.standin.fault("POST", f"{thread['id']}/messages$", status=502, after=True, times=2)
    await town.planned(thread)
    await town.button(thread, "Approve")
    await asyncio.sleep(0)
    assert len(town.standin.mine(thread)) == 1
