"""Planning: drafts, rounds with the critic, lint, and plans that cannot be run."""

from typing import Any

import pytest

from bot.domain.mission import Status
from bot.domain.plan import MAX_ROUNDS, Plan
from tests.tour.conftest import Open
from tests.tour.script import Script, task
from tests.tour.studio import OnStage


def finding(text: str, **more: Any) -> dict[str, Any]:
    return {
        "kind": "missing_case", "severity": "blocking", "about": "T1", "text": text, **more,
    }  # fmt: skip


async def planned(mission: OnStage) -> Plan:
    await mission.until_asked("plan")
    plan = (await mission.record()).plan
    assert plan is not None
    return plan


async def test_a_finding_is_answered_with_fixed_or_declined(open_studio: Open) -> None:
    """Both answers stand beside the plan; only what was not fixed is still open."""
    script = Script().says("critique", "", {"findings": [finding("No dates"), finding("No sums")]})

    def replan(data: dict[str, Any]) -> dict[str, Any]:
        verdicts = [("F1", "fixed"), ("F2", "declined")]
        answers = [{"finding": f, "verdict": v, "because": "So"} for f, v in verdicts]
        return script.plan(data) | {"answers": answers}

    script.says("plan", "", script.plan, replan)
    async with open_studio(script) as bot:
        plan = await planned(await bot.mission())

        said = [(f.id, f.answer.verdict, f.open) for f in plan.findings if f.answer]
        assert said == [("F1", "fixed", False), ("F2", "declined", True)]


async def test_a_silent_planner_has_declined(open_studio: Open) -> None:
    """A finding is never lost because nobody spoke of it."""
    script = Script().says("critique", "", {"findings": [finding("No dates")]})
    script.says("plan", "", script.plan, lambda d: script.plan(d) | {"answers": []})
    async with open_studio(script) as bot:
        plan = await planned(await bot.mission())

        (found,) = plan.findings
        assert found.answer is not None
        assert (found.answer.verdict, found.open) == ("declined", True)


async def test_planner_and_critic_go_over_it_three_times_at_most(open_studio: Open) -> None:
    """A critic that always finds something new does not hold the person up for ever."""
    script = Script()
    for n in range(9):
        script.says("critique", "", {"findings": [finding(f"Fault {n}")]})
    async with open_studio(script) as bot:
        plan = await planned(await bot.mission())

        assert plan.round == MAX_ROUNDS
        assert (script.count("plan"), script.count("critique")) == (MAX_ROUNDS + 1, MAX_ROUNDS)
        assert len(plan.findings) == MAX_ROUNDS


async def test_advice_alone_is_answered_once(open_studio: Open) -> None:
    """Only what blocks is worth another round with the critic."""
    advice = finding("A chart would be nice", severity="advice")
    script = Script().says("critique", "", {"findings": [advice]})
    async with open_studio(script) as bot:
        await planned(await bot.mission())

        assert (script.count("plan"), script.count("critique")) == (2, 1)


async def test_a_requirement_nobody_covers_is_red_and_can_be_approved(open_studio: Open) -> None:
    """Code finds the fault and the planner is told; what stays open is the person's choice."""
    script = Script(task("T1"), requirements=["Count", "Compare"])
    async with open_studio(script) as bot:
        mission = await bot.mission()
        plan = await planned(mission)

        assert [(f.text, f.by, f.open) for f in plan.findings] == [
            ("No task covers R2.", "lint", True)
        ]
        assert "No task covers R2." in await mission.shows("plan:1")
        assert any(f["text"] == "No task covers R2." for f in script.last("plan")["findings"])
        assert (await mission.approve()).kind == "done"


async def test_what_the_planner_mends_is_no_fault_any_more(open_studio: Open) -> None:
    """Lint looks at each draft anew."""
    script = Script(task("T1", covers=["R1", "R2"]), requirements=["Count", "Compare"])
    script.says("plan", "", lambda d: script.plan(d) | {"tasks": [task("T1")]})
    async with open_studio(script) as bot:
        plan = await planned(await bot.mission())

        assert (plan.findings, plan.round) == ((), 1)


async def test_the_id_of_a_task_dropped_between_rounds_is_not_given_again(
    open_studio: Open,
) -> None:
    """The critic's words about T2 must never seem to be about another task."""
    drafts = [task("a"), task("b")], [task("a")], [task("a"), task("c")]
    script = Script()
    for n, tasks in enumerate(drafts):
        script.says("plan", "", lambda d, tasks=tasks: script.plan(d) | {"tasks": tasks})
        script.says("critique", "", {"findings": [finding(f"Fault {n}")] if n < 2 else []})
    async with open_studio(script) as bot:
        mission = await bot.mission()
        plan = await planned(mission)
        assert (plan.round, [(t.id, t.title) for t in plan.tasks]) == (
            2, [("T1", "Do a"), ("T3", "Do c")],
        )  # fmt: skip


UNSOUND = {
    "a circle": ([task("T1", "T2"), task("T2", "T1")], "in a circle"),
    "an unknown dependency": ([task("T1", "T9")], "“T9”, which does not exist"),
    "an unknown specialist": ([task("T1", specialist="wizard")], "“wizard”, which does not exist"),
    "500 tasks": ([task(f"k{n}", title=f"Do {n}") for n in range(500)], "500 tasks"),
    "no tasks": ([], "0 tasks"),
}


@pytest.mark.parametrize("fault", UNSOUND)
async def test_a_plan_that_cannot_run_is_said_in_one_sentence(
    open_studio: Open, fault: str
) -> None:
    """Nothing was run; Retry asks the model anew, and its better answer is taken."""
    tasks, words = UNSOUND[fault]
    script = Script()
    bad = {"summary": "The plan", "tasks": tasks}
    script.says("plan", "", *[bad] * (MAX_ROUNDS + 1))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        gate = await mission.until_asked("blocked")

        assert words in gate.data["why"]
        assert "Nothing was run." in gate.data["why"]
        assert (await mission.record()).mission.status is Status.paused
        await mission.retry()
        assert [t.id for t in (await planned(mission)).tasks] == ["T1", "T2"]


async def test_two_tasks_with_one_key_are_refused(open_studio: Open) -> None:
    """Which of the two would another one read?"""
    script = Script()
    twice = {"summary": "The plan", "tasks": [task("a", title="One"), task("a", title="Two")]}
    script.says("plan", "", *[twice] * (MAX_ROUNDS + 1))
    async with open_studio(script) as bot:
        gate = await (await bot.mission()).until_asked("blocked")

        assert "named two tasks alike" in gate.data["why"]


async def test_ids_go_on_and_are_never_used_again(open_studio: Open) -> None:
    """By key or by title a task keeps its id; a dropped one's is not given to another."""
    script = Script(task("a", title="Read"), task("b", "a", title="Count"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await planned(mission)
        script.tasks = (task("x", title="Read"),)
        await mission.revise("Reading is enough")
        await mission.until_asked("plan", times=2)
        script.tasks = (task("T1", title="Read all"), task("new", "T1", title="Draw"))
        await mission.revise("And draw")
        await mission.until_asked("plan", times=3)

        plans = (await mission.record()).plans
        assert [[t.id for t in p.tasks] for p in plans] == [["T1", "T2"], ["T1"], ["T1", "T3"]]
        assert plans[2].by_id["T3"].depends_on == ("T1",)


async def test_words_and_ticks_reach_the_planner_once(open_studio: Open) -> None:
    """The revision of version 1 makes version 2, and is not repeated to version 3."""
    script = Script(task("T1"), task("T2"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await planned(mission)
        script.tasks = (task("T1"),)
        await mission.revise("Only May", data={"ticks": {"T1": "change", "T2": "drop"}})
        await mission.until_asked("plan", times=2)

        heard = script.last("plan")
        assert (heard["words"], heard["ticks"]) == ("Only May", {"T1": "change", "T2": "drop"})
        assert heard["previous"]["version"] == 1
        await mission.revise("Shorter")
        await mission.until_asked("plan", times=3)
        assert script.last("plan")["words"] == "Shorter"
        assert script.last("plan")["ticks"] == {}


async def test_a_task_ticked_drop_is_gone_whatever_the_planner_thinks(open_studio: Open) -> None:
    """The person's tick is not a suggestion: nothing waits for the dropped task either."""
    script = Script(task("T1"), task("T2", "T1"), task("T3", "T2"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await planned(mission)
        await mission.revise("", data={"ticks": {"T2": "drop"}})
        await mission.until_asked("plan", times=2)

        plan = (await mission.record()).plan
        assert plan is not None
        assert [(t.id, t.depends_on) for t in plan.tasks] == [("T1", ()), ("T3", ())]


async def test_the_new_version_shows_the_difference(open_studio: Open) -> None:
    """Added and changed tasks are marked, the dropped one is named."""
    script = Script(task("T1"), task("T2"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await planned(mission)
        script.tasks = (task("T1", instructions="Only May"), task("n", title="Draw"))
        await mission.revise("Only May, and a chart")
        await mission.until_asked("plan", times=2)

        card = await mission.card("plan:2")
        assert {t.id: t.mark for t in card.tasks} == {"T1": "changed", "T3": "added"}
        assert "T2" in await mission.shows("plan:2")


async def test_a_click_on_the_old_version_changes_nothing(open_studio: Open) -> None:
    """Version 1 is locked once version 2 is asked for."""
    script = Script()
    async with open_studio(script) as bot:
        mission = await bot.mission()
        old = await mission.until_asked("plan")
        await mission.revise("Shorter")
        await mission.until_asked("plan", times=2)
        reply = await mission.approve(gate=old)

        assert reply.kind == "stale"
        assert (await mission.record()).open_gates[0].version == 2


async def test_words_while_it_is_planned_are_taken_into_account(open_studio: Open) -> None:
    """What Ada adds before the plan is there makes the planner look again."""
    script = Script()
    async with open_studio(script) as bot:
        async with script.held("critique"):
            mission = await bot.mission()
            await script.asked("critique")
            reply = await mission.steer("Leave out test calls")
        await planned(mission)

        assert reply.kind == "done"
        assert script.last("plan")["thread"] == ["Leave out test calls"]


async def test_a_plan_of_ones_own_is_linted_and_not_planned(open_studio: Open) -> None:
    """No planner is asked; the faults that code sees are shown, and it can be approved."""
    from bot.domain.mission import Requirement
    from bot.domain.plan import Task

    own = Plan(
        version=1, summary="Mine",
        tasks=(Task(id="T1", title="Read", instructions="Read", specialist="writer",
                    covers=("R1",)),),
    )  # fmt: skip
    asked = tuple(Requirement(id=f"R{n}", text=f"Text {n}", quote="Count") for n in (1, 2))
    async with open_studio(Script()) as bot:
        mission = await bot.mission(plan=own, requirements=asked)
        plan = await planned(mission)

        assert (bot.script.count("plan"), bot.script.count("critique")) == (0, 0)
        assert [f.text for f in plan.findings] == ["No task covers R2."]
        await mission.approve()
        await mission.until_asked("artifact")
