"""The tour: what the bot does, one idea a test, from the first words to the approved result.

Read it from top to bottom. `bot` is the whole product with a scripted model behind it, `mission`
is one piece of work, and each verb is something that a person does or sees.
"""

from bot.domain.board import Board, TaskState
from bot.domain.gate import Verb
from bot.domain.mission import Status
from bot.domain.plan import difference
from tests.tour.conftest import Open
from tests.tour.script import Script, call, intake, missing, task, unmet


async def test_a_goal_becomes_a_plan(open_studio: Open) -> None:
    """Ada describes what she wants. Nothing runs yet: first she sees what would be done."""
    async with open_studio(Script(task("T1"), task("T2", "T1"))) as bot:
        mission = await bot.mission("Count the calls of each endpoint.")
        await mission.until_asked("plan")

        plan = (await mission.record()).plan
        assert plan is not None
        assert [(t.id, t.depends_on) for t in plan.tasks] == [("T1", ()), ("T2", ("T1",))]
        assert bot.script.count("work") == 0


async def test_requirements_quote_the_words_they_come_from(open_studio: Open) -> None:
    """Every requirement stands on Ada's own words, so that she can see what was understood."""
    async with open_studio(Script(requirements=["Calls are counted"])) as bot:
        mission = await bot.mission("Count the calls of each endpoint.")
        await mission.until_asked("plan")

        brief = (await mission.record()).brief
        assert brief is not None
        assert brief.requirements[0].quote == "Count the calls of each endpoint."


async def test_what_is_missing_is_asked_once_with_a_default(open_studio: Open) -> None:
    """When something essential is missing the bot asks; silence means the stated default."""
    question = {"text": "Which month?", "choices": ["April", "May"], "default": "May"}
    script = Script()
    script.says("intake", "", lambda d: intake(d, ["Count"], questions=[question]))
    async with open_studio(script) as bot:
        mission = await bot.mission("Count the calls.")
        await mission.until_asked("question")
        await mission.answer("April")
        await mission.until_asked("plan")

        assert script.last("plan")["answers"] == [["Which month?", "April"]]


async def test_the_plan_is_challenged_before_anyone_sees_it(open_studio: Open) -> None:
    """A second agent looks for faults; the planner answers; both stand beside the plan."""
    finding = {
        "kind": "missing_case", "severity": "blocking", "about": "T1",
        "text": "Nobody looks at failed calls.",
    }  # fmt: skip
    script = Script().says("critique", "", {"findings": [finding]})
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.until_asked("plan")

        shown = await mission.shows("plan:1")
        assert "Nobody looks at failed calls." in shown
        assert script.count("plan") == 2


async def test_approving_the_plan_starts_the_work(open_studio: Open) -> None:
    """One click, bound to the version that Ada saw."""
    async with open_studio(Script()) as bot:
        mission = await bot.mission()
        await mission.until_asked("plan")
        reply = await mission.approve()

        assert reply.text == "Approved. The work begins."
        await bot.script.asked("work", "T1")


async def test_revising_the_plan_shows_only_the_difference(open_studio: Open) -> None:
    """Words and ticks make version 2; task ids go on, and none is ever used for another task."""
    script = Script(task("T1"), task("T2", "T1"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.until_asked("plan")
        script.tasks = (task("T1"), task("new", "T1", title="Draw a chart"))
        await mission.revise("A chart instead of a table", data={"ticks": {"T2": "drop"}})
        await mission.until_asked("plan", times=2)

        one, two = (await mission.record()).plans
        changed = difference(one, two)
        assert (changed.added, changed.dropped) == (("T3",), ("T2",))


async def test_a_task_starts_when_its_own_inputs_are_accepted(open_studio: Open) -> None:
    """T3 reads only T1: it does not wait for slow T2."""
    script = Script(task("T1"), task("T2"), task("T3", "T1"))
    async with open_studio(script) as bot, script.held("work", "T2"):
        mission = await bot.mission()
        await mission.to_work()

        record = await mission.until_task("T3", TaskState.done)
        assert Board.of(record).by_id["T2"].state is TaskState.running


async def test_a_fault_goes_back_to_its_maker(open_studio: Open) -> None:
    """Another agent reviews each output; what is unmet becomes feedback for the next attempt."""
    script = Script(task("T1")).says("review", "T1", unmet("Name the busiest endpoint"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        await mission.until_asked("artifact")

        record = await mission.record()
        assert [a.number for a in record.attempts] == [1, 2]
        assert "Name the busiest endpoint" in script.last("work", "T1")["feedback"]


async def test_an_agent_may_ask_while_the_others_work_on(open_studio: Open) -> None:
    """Only the task with the question waits for its answer."""
    script = Script(task("T1"), task("T2"))
    script.says("work", "T1", call("ask_person", question="Which currency?", default="euro"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        await mission.until_asked("question")
        await mission.until_task("T2", TaskState.done)
        await mission.answer("dollars")

        await mission.until_asked("artifact")


async def test_a_task_that_fails_is_for_the_person_to_decide(open_studio: Open) -> None:
    """The other tasks go on. Ada may retry it, go on without it, or cancel."""
    script = Script(task("T1"), task("T2")).always("work", "T1", RuntimeError("no"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        await mission.until_asked("blocked")
        await mission.until_task("T2", TaskState.done)
        await mission.say(Verb.skip)

        gate = await mission.until_asked("artifact")
        assert gate.open


async def test_the_whole_is_held_against_the_mission(open_studio: Open) -> None:
    """What is missing is sent back to the task at fault, and only that one works again."""
    script = Script(
        task("T1"), task("T2", covers=["R2"]), requirements=["Count the calls", "Say why"]
    )
    script.says("whole", "", missing("R2", "T2"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        await mission.until_asked("artifact")

        assert (script.count("work", "T1"), script.count("work", "T2")) == (1, 2)


async def test_the_result_says_how_each_requirement_was_met(open_studio: Open) -> None:
    """Requirement, tasks, verdict and evidence: the ledger stands beside the result."""
    async with open_studio(Script()) as bot:
        mission = await bot.mission()
        await mission.to_work()
        await mission.until_asked("artifact")

        artifact = (await mission.record()).artifact
        assert artifact is not None
        (row,) = artifact.ledger
        assert (row.requirement, row.met, row.evidence) == ("R1", True, "It is done.")


async def test_revising_the_result_redoes_only_what_it_touches(open_studio: Open) -> None:
    """Everything else is reused, and the new version shows what changed."""
    script = Script(task("T1"), task("T2"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        await mission.until_asked("artifact")
        await mission.revise("Make it shorter")
        await mission.until_asked("artifact", times=2)

        assert (script.count("work", "T1"), script.count("work", "T2")) == (1, 2)
        artifact = (await mission.record()).artifact
        assert artifact is not None
        assert "+Heard: Make it shorter" in artifact.changes


async def test_stop_keeps_what_is_there(open_studio: Open) -> None:
    """Stop ends the work within one step. What was finished can still be read."""
    script = Script(task("T1"), task("T2"))
    async with open_studio(script) as bot, script.held("work", "T2"):
        mission = await bot.mission()
        await mission.to_work()
        await mission.until_task("T1", TaskState.done)
        await mission.stop()
        record = await mission.until_ended()

        assert record.mission.status is Status.cancelled
        assert Board.of(record).by_id["T1"].state is TaskState.done


async def test_approving_the_result_ends_the_mission(open_studio: Open) -> None:
    """Done means that a person approved it, and nothing else does."""
    async with open_studio(Script()) as bot:
        mission = await bot.mission()
        record = await mission.to_the_end()

        assert record.mission.status is Status.done
        assert not record.open_gates
