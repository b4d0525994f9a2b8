"""Review: every output is held against its task, and evidence is looked up, not believed."""

from typing import Any

from bot.domain.gate import Verb
from bot.domain.mission import Status
from bot.domain.work import Verdict
from graphs.models.failures import Failure, Kind
from tests.tour.conftest import Open
from tests.tour.script import Script, call, task, unmet
from tests.tour.studio import OnStage


def says(evidence: str) -> Any:
    """A reviewer who finds all met, with this evidence."""

    def review(data: dict[str, Any]) -> dict[str, Any]:
        rows = [{"criterion": c["id"], "met": True, "evidence": evidence} for c in data["criteria"]]
        return {"rows": rows}

    return review


async def verdicts(mission: OnStage) -> tuple[Verdict, ...]:
    return (await mission.record()).verdicts


async def at_the_end(mission: OnStage) -> tuple[Verdict, ...]:
    await mission.to_work()
    await mission.until_asked("artifact")
    return await verdicts(mission)


async def test_evidence_that_is_not_in_the_output_is_no_evidence(open_studio: Open) -> None:
    """The reviewer says met; code does not find the quote; the maker is asked to show it."""
    script = Script(task("T1")).says("review", "T1", says("T1 found 99 inputs"))
    async with open_studio(script) as bot:
        first, second = await at_the_end(await bot.mission())

        assert (first.accepted, second.accepted) == (False, True)
        assert "which the output does not contain" in script.last("work", "T1")["feedback"]


async def test_a_reviewer_who_passes_over_a_criterion_has_not_met_it(open_studio: Open) -> None:
    """Silence is no evidence."""
    script = Script(task("T1")).says("review", "T1", {"rows": []})
    async with open_studio(script) as bot:
        first, *_ = await at_the_end(await bot.mission())

        assert [row.met for row in first.rows] == [False, False]
        assert "did not judge this" in first.feedback


async def test_the_requirements_a_task_covers_are_judged_with_it(open_studio: Open) -> None:
    """A task answers for its criteria and for what it covers."""
    async with open_studio(Script(task("T1"))) as bot:
        (verdict,) = await at_the_end(await bot.mission())

        assert [row.criterion for row in verdict.rows] == ["T1.1", "R1"]


async def test_feedback_reaches_the_maker_and_says_what_is_unmet(open_studio: Open) -> None:
    """Only the lines about what is unmet."""
    half = {
        "rows": [
            {"criterion": "T1.1", "met": True, "evidence": "T1 found"},
            {"criterion": "R1", "met": False, "feedback": "Say how many"},
        ]
    }
    script = Script(task("T1")).says("review", "T1", half)
    async with open_studio(script) as bot:
        await at_the_end(await bot.mission())

        assert script.last("work", "T1")["feedback"] == "- Count the calls: Say how many"


async def test_after_two_reworks_the_person_decides(open_studio: Open) -> None:
    """Three attempts in all; then the output can be used as it is, and the ledger says so."""
    script = Script(task("T1")).always("review", "T1", unmet("Not good"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        gate = await mission.until_asked("blocked")

        assert script.count("work", "T1") == 3
        assert Verb.accept in gate.verbs
        await mission.say(Verb.accept)
        await mission.until_asked("artifact")
        artifact = (await mission.record()).artifact
        assert artifact is not None
        assert artifact.ledger[0].note == "T1 was accepted by you as it is"


async def test_code_checks_first_and_the_reviewer_decides_the_rest(open_studio: Open) -> None:
    """A word limit is counted; the reviewer is not asked about it and cannot overrule it."""
    limited = task(
        "T1",
        criteria=[
            {"text": "At most 3 words", "check": {"kind": "word_limit", "words": 3}},
            {"text": "It is kind"},
        ],
    )
    script = Script(limited).says("work", "T1", "Far too many words here", "Thank you")
    async with open_studio(script) as bot:
        first, second = await at_the_end(await bot.mission())

        assert [(r.criterion, r.met, r.by) for r in first.rows[:1]] == [("T1.1", False, "check")]
        assert second.accepted
        asked = [c["id"] for c in script.last("review", "T1")["criteria"]]
        assert asked == ["T1.2", "R1"]


async def test_a_file_that_does_not_open_is_found_by_code(open_studio: Open) -> None:
    """The maker says that it wrote a file: code looks."""
    wants_file = task(
        "T1",
        criteria=[
            {"text": "calls.json parses", "check": {"kind": "json_parses", "file": "calls.json"}}
        ],
    )
    script = Script(wants_file).always("work", "T1", "I wrote calls.json.")
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        await mission.until_asked("blocked")

        assert not (await verdicts(mission))[0].rows[0].met


async def test_a_reviewer_who_is_away_keeps_the_output(open_studio: Open) -> None:
    """Only the review is asked for again after Retry: the maker is not."""
    script = Script(task("T1"), task("T2"))
    script.says("review", "T1", *[Failure(Kind.down)] * 4)
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        gate = await mission.until_asked("blocked")
        await mission.until(lambda r: r.mission.status is Status.paused)
        assert gate.data["stage"] == "review:T1"
        await mission.retry()
        await mission.until_asked("artifact")

        assert (script.count("work", "T1"), script.count("work", "T2")) == (1, 1)


async def test_a_failed_review_is_not_repeated_before_a_person_says_so(open_studio: Open) -> None:
    """An answer for another task is no Retry for this one."""
    script = Script(task("T1"), task("T2"))
    script.says("review", "T1", *[Failure(Kind.down)] * 4)
    script.says("work", "T2", call("ask_person", question="Which currency?", default="euro"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        question = await mission.until_asked("question")
        blocked = await mission.until_asked("blocked")
        async with script.held("work", "T2"):
            await mission.answer("dollars", gate=question)
            await script.asked("work", "T2", times=2)
            assert script.count("review", "T1") == 4
        await mission.retry(gate=blocked)
        await mission.until_asked("artifact")
