"""The whole: held against the mission, mended where it is at fault, revised where it is asked."""

from typing import Any

from bot.domain.artifact import Artifact
from bot.domain.gate import Verb
from bot.domain.route import MAX_REPAIRS
from graphs.models.failures import Failure, Kind
from tests.tour.conftest import Open
from tests.tour.script import Script, missing, task, whole
from tests.tour.studio import OnStage

CHAIN = (
    task("T1", covers=["R1"]), task("T2", "T1", covers=["R2"]), task("T3", "T2", covers=["R1"]),
    task("T4", covers=["R1"]),
)  # fmt: skip
"""T1 → T2 → T3, and T4 beside them; T2 alone covers R2."""


def chain() -> Script:
    return Script(*CHAIN, requirements=["Count the calls", "Say why"])


def works(script: Script) -> dict[str, int]:
    return {f"T{n}": script.count("work", f"T{n}") for n in range(1, 5)}


async def artifact(mission: OnStage, times: int = 1) -> Artifact:
    await mission.until_asked("artifact", times=times)
    made = (await mission.record()).artifact
    assert made is not None
    return made


# -- mended ----------------------------------------------------------------------------------------


async def test_only_the_task_at_fault_and_those_that_read_it_run_again(open_studio: Open) -> None:
    """Nobody else's model is called a second time."""
    script = chain().says("whole", "", missing("R2", "T2"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        made = await artifact(mission)

        assert works(script) == {"T1": 1, "T2": 2, "T3": 2, "T4": 1}
        assert script.last("work", "T2")["guidance"] == ["Say why: Not there"]
        assert (made.version, made.unmet) == (2, ())


async def test_without_a_name_the_fault_is_with_those_who_cover_it(open_studio: Open) -> None:
    """The plan says who answers for a requirement."""
    script = chain().says("whole", "", missing("R2"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        await artifact(mission)

        assert works(script) == {"T1": 1, "T2": 2, "T3": 2, "T4": 1}


async def test_evidence_for_the_whole_is_looked_up_too(open_studio: Open) -> None:
    """A requirement that is met by words which are not there is not met."""

    def believing(data: dict[str, Any]) -> dict[str, Any]:
        return {"rows": [r | {"evidence": "Nowhere to be found"} for r in whole(data)["rows"]]}

    script = Script(task("T1")).says("whole", "", believing)
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        await artifact(mission)

        assert "does not contain" in script.last("work", "T1")["guidance"][0]


async def test_what_stays_missing_is_shown_to_the_person(open_studio: Open) -> None:
    """After two repairs nobody is kept waiting: the ledger says what is missing."""
    script = chain().always("whole", "", missing("R2", "T2"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        made = await artifact(mission)

        assert [row.requirement for row in made.unmet] == ["R2"]
        assert script.count("work", "T2") == 1 + MAX_REPAIRS
        assert "Say why" in await mission.shows(f"artifact:{made.version}")


async def test_what_a_person_left_out_is_not_brought_back(open_studio: Open) -> None:
    """They chose to go on without T2: that R2 is missing is shown, not mended behind them."""
    script = Script(
        task("T1"), task("T2", covers=["R2"]), requirements=["Count the calls", "Say why"]
    )
    script.says("work", "T2", *[Failure(Kind.down)] * 8)
    script.always("whole", "", missing("R2", "T2"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        await mission.until_asked("blocked")
        await mission.say(Verb.skip)
        made = await artifact(mission)

        assert [row.requirement for row in made.unmet] == ["R2"]
        assert len((await mission.record()).attempts_of("T2")) == 2


async def test_a_review_of_the_whole_that_fails_is_tried_again_alone(open_studio: Open) -> None:
    """Retry asks for the review, and for nothing that is done."""
    script = chain().says("whole", "", *[Failure(Kind.down)] * 4)
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        gate = await mission.until_asked("blocked")
        await mission.retry()
        await artifact(mission)

        assert gate.data["stage"] == "review"
        assert works(script) == {"T1": 1, "T2": 1, "T3": 1, "T4": 1}
        assert script.count("assemble") == 1


# -- revised ---------------------------------------------------------------------------------------


async def test_a_revision_reuses_what_it_does_not_touch(open_studio: Open) -> None:
    """Counted at the model: T2 and its reader again, the others not."""
    script = chain()
    script.says("redo", "", {"tasks": [{"task": "T2", "guidance": "Only May"}]})
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        await artifact(mission)
        await mission.revise("Only May, please")
        made = await artifact(mission, times=2)

        assert works(script) == {"T1": 1, "T2": 2, "T3": 2, "T4": 1}
        assert [a for t, a, _ in made.made_from if t in {"T1", "T4"}] == [1, 1]
        assert "revised 1 ['T2']" in await mission.story()


async def test_a_revision_that_asks_for_more_adds_a_requirement(open_studio: Open) -> None:
    """With an id nobody had, the person's words as its quote, and a row in the ledger."""
    script = chain()
    asked = {"tasks": [{"task": "T4", "guidance": "Add a chart"}], "requirement": "It has a chart"}
    script.says("redo", "", asked)
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        await artifact(mission)
        await mission.revise("And a chart")
        made = await artifact(mission, times=2)

        brief = (await mission.record()).brief
        assert brief is not None
        new = brief.requirements[-1]
        assert (new.id, new.quote, brief.version) == ("R3", "And a chart", 2)
        assert [(r.requirement, r.tasks) for r in made.ledger][-1] == ("R3", ("T4",))
        assert [c["id"] for c in script.last("review", "T4")["criteria"]] == ["T4.1", "R1", "R3"]


async def test_the_new_version_shows_what_changed(open_studio: Open) -> None:
    """Lines taken away and lines added; nothing for what is the same."""
    script = Script(task("T1"), task("T2"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        await artifact(mission)
        await mission.revise("Shorter")
        made = await artifact(mission, times=2)

        assert made.changes == "+Heard: Shorter"


async def test_the_old_version_is_locked(open_studio: Open) -> None:
    """Its Approve says which one is current, and changes nothing."""
    async with open_studio(Script()) as bot:
        mission = await bot.mission()
        await mission.to_work()
        old = await mission.until_asked("artifact")
        await mission.revise("Shorter")
        await artifact(mission, times=2)
        reply = await mission.approve(gate=old)

        assert reply.kind == "stale"
        assert not (await mission.card("artifact:1")).buttons
        assert (await mission.record()).open_gates[0].version == 2


async def test_a_revision_for_an_unknown_task_goes_to_the_last_one(open_studio: Open) -> None:
    """The person's words are never lost over a model's slip."""
    script = Script(task("T1"), task("T2", "T1"))
    script.says("redo", "", {"tasks": [{"task": "T9", "guidance": "Shorter"}]})
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        await artifact(mission)
        await mission.revise("Make it shorter")
        await artifact(mission, times=2)

        assert script.last("work", "T2")["guidance"] == ["Make it shorter"]


async def test_each_revision_is_heard_once(open_studio: Open) -> None:
    """Two revisions make versions 2 and 3; the first one's words stay in force."""
    script = Script(task("T1"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        await artifact(mission)
        await mission.revise("Shorter")
        await artifact(mission, times=2)
        await mission.revise("Warmer")
        made = await artifact(mission, times=3)

        assert (made.version, script.count("redo")) == (3, 2)
        assert script.last("work", "T1")["guidance"] == ["Shorter", "Warmer"]
