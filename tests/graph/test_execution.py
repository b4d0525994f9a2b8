"""Execution: tasks start when they can, fail alone, and obey the person at once."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.domain.board import Board, TaskState
from bot.domain.gate import GateKind, Verb
from bot.domain.mission import Status
from bot.domain.record import Record
from bot.domain.work import AttemptStatus
from bot.store.store import Store
from graphs.execution import Execution
from graphs.models.failures import Failure, Kind
from graphs.workshop import Hold, Workshop
from tests.core.world import mission
from tests.tour.conftest import Open
from tests.tour.script import Script, call, task
from tests.tour.studio import OnStage

DOWN = Failure(Kind.down)


def times_down(n: int) -> list[Failure]:
    """A model that is away for `n` attempts; each attempt asks it four times."""
    return [DOWN] * 4 * n


async def states(mission: OnStage) -> dict[str, str]:
    board = Board.of(await mission.record())
    return {v.task.id: v.state.value for v in board.views}


# -- when a task starts --------------------------------------------------------------------------


async def test_a_diamond_beside_a_slow_task_never_waits_for_it(open_studio: Open) -> None:
    """T4 starts when T2 and T3 are accepted, not when the slowest of a wave is done."""
    script = Script(
        task("T1"), task("T2", "T1"), task("T3", "T1"), task("T4", "T2", "T3"), task("T5")
    )
    async with open_studio(script) as bot, script.held("work", "T5"):
        async with script.held("work", "T3"):
            mission = await bot.mission()
            await mission.to_work()
            await mission.until_task("T2", TaskState.done)
            assert script.count("work", "T4") == 0
        await mission.until_task("T4", TaskState.done)
        assert (await states(mission))["T5"] == "running"

        story = await mission.story()
        assert story.index("reviewed T3 1 True") < story.index("attempt_started T4 1")


async def test_a_dependent_waits_for_the_review_of_its_input(open_studio: Open) -> None:
    """An output that nobody has accepted is nobody's input."""
    script = Script(task("T1"), task("T2", "T1"))
    async with open_studio(script) as bot, script.held("review", "T1"):
        mission = await bot.mission()
        await mission.to_work()
        await script.asked("review", "T1")

        assert await states(mission) == {"T1": "reviewing", "T2": "waiting"}


async def test_a_result_is_kept_before_a_dependent_starts(open_studio: Open) -> None:
    """When T2's worker is asked, T1's output is on the disk already."""
    script = Script(task("T1"), task("T2", "T1"))
    async with open_studio(script) as bot, script.held("work", "T2"):
        mission = await bot.mission()
        await mission.to_work()
        await script.asked("work", "T2")

        (first, *_) = (await mission.record()).attempts
        assert (first.task, first.status) == ("T1", AttemptStatus.done)
        given = script.last("work", "T2")["inputs"]
        assert first.output is not None
        assert [i["text"] for i in given] == [first.output.text]


async def test_no_more_tasks_at_once_than_the_limit(open_studio: Open) -> None:
    """Six tasks that could all start, two at a time."""
    names = [f"T{n}" for n in range(1, 7)]
    script = Script(*(task(name, instructions=f"Part {name}") for name in names))
    async with open_studio(script, tasks=2) as bot:
        async with script.held("work", *names):
            await (mission := await bot.mission()).to_work()
            await script.asked("work", "T1")
            await script.asked("work", "T2")
        await mission.until_asked("artifact")

        assert (script.most, script.count("work")) == (2, 6)


async def test_events_tell_each_task_from_start_to_verdict(open_studio: Open) -> None:
    """One line for each thing that happened, in order."""
    async with open_studio(Script(task("T1"))) as bot:
        mission = await bot.mission()
        await mission.to_the_end()

        kinds = [line.split()[0] for line in await mission.story()]
        assert kinds == [
            "started", "briefed", "planned", "critiqued", "gate_opened", "decided",
            "attempt_started", "attempt_done", "reviewed", "assembled", "whole_reviewed",
            "gate_opened", "decided", "ended",
        ]  # fmt: skip


# -- when a task fails ---------------------------------------------------------------------------


async def test_a_task_that_fails_once_is_tried_again(open_studio: Open) -> None:
    """Nobody is troubled with a fault that passes."""
    script = Script(task("T1")).says("work", "T1", *times_down(1))
    async with open_studio(script) as bot:
        await (mission := await bot.mission()).to_work()
        await mission.until_asked("artifact")

        attempts = (await mission.record()).attempts
        assert [(a.number, a.status.value) for a in attempts] == [(1, "failed"), (2, "done")]


async def test_a_task_that_pauses_before_its_next_try_holds_nobody_up(open_studio: Open) -> None:
    """While T1 waits out its pause the only place goes to T2, and Stop does not wait for it."""
    script = Script(task("T1"), task("T2")).says("work", "T1", *times_down(1))
    async with open_studio(script, tasks=1, backoff_seconds=3600.0) as bot:
        await (mission := await bot.mission()).to_work()
        await mission.until_task("T2", TaskState.done)
        await mission.stop()
        record = await mission.until_ended()

        assert [a.status.value for a in record.attempts_of("T1")] == ["failed"]


async def test_a_failing_task_never_cancels_its_siblings(open_studio: Open) -> None:
    """T2 is at work while T1 fails for good, and comes to its end."""
    script = Script(task("T1"), task("T2"), task("T3", "T1"))
    script.says("work", "T1", *times_down(2))
    async with open_studio(script) as bot:
        async with script.held("work", "T2"):
            await (mission := await bot.mission()).to_work()
            await mission.until_asked("blocked")
            assert await states(mission) == {"T1": "failed", "T2": "running", "T3": "blocked"}
        await mission.until_task("T2", TaskState.done)

        assert script.count("work", "T2") == 1
        shown = await mission.shows("plan:1")
        assert "⛔" in shown


async def test_the_mission_says_that_it_needs_a_person(open_studio: Open) -> None:
    """When nothing can go on, the list of missions shows it first."""
    script = Script(task("T1")).says("work", "T1", *times_down(2))
    async with open_studio(script) as bot:
        await (mission := await bot.mission()).to_work()
        await mission.until_asked("blocked")

        await mission.until(lambda r: r.mission.status is Status.paused)


async def test_retry_starts_the_task_afresh(open_studio: Open) -> None:
    """With new tries, and the person's words."""
    script = Script(task("T1"), task("T2", "T1")).says("work", "T1", *times_down(2))
    async with open_studio(script) as bot:
        await (mission := await bot.mission()).to_work()
        await mission.until_asked("blocked")
        await mission.retry("Take the other file")
        await mission.until_asked("artifact")

        assert script.last("work", "T1")["guidance"] == ["Take the other file"]
        assert [a.number for a in (await mission.record()).attempts_of("T1")] == [1, 2, 3]


async def test_going_on_without_a_task_tells_those_who_read_it(open_studio: Open) -> None:
    """The dependent runs, and knows that its input was left out; the ledger says so."""
    script = Script(task("T1"), task("T2", "T1")).says("work", "T1", *times_down(2))
    async with open_studio(script) as bot:
        await (mission := await bot.mission()).to_work()
        await mission.until_asked("blocked")
        await mission.say(Verb.skip)
        await mission.until_asked("artifact")

        (given,) = script.last("work", "T2")["inputs"]
        assert given["left_out"]
        artifact = (await mission.record()).artifact
        assert artifact is not None
        assert artifact.ledger[0].note == "T1 was left out by you"


async def test_cancel_at_a_blocked_task_ends_the_mission(open_studio: Open) -> None:
    """What is there stays."""
    script = Script(task("T1"), task("T2")).says("work", "T1", *times_down(2))
    async with open_studio(script) as bot:
        await (mission := await bot.mission()).to_work()
        await mission.until_asked("blocked")
        await mission.until_task("T2", TaskState.done)
        await mission.cancel()
        record = await mission.until_ended()

        assert record.mission.status is Status.cancelled
        assert Board.of(record).by_id["T2"].state is TaskState.done


async def test_a_task_that_takes_too_long_is_ended(open_studio: Open) -> None:
    """And said so, in its own words."""
    script = Script(task("T1"))
    async with open_studio(script, attempt_seconds=0.2) as bot, script.held("work", "T1"):
        await (mission := await bot.mission()).to_work()
        gate = await mission.until_asked("blocked")

        assert gate.data["why"].startswith("T1 was not finished within")


async def test_an_agent_that_never_answers_is_ended(open_studio: Open) -> None:
    """Tool call after tool call, until its steps are used up."""
    script = Script(task("T1")).always("work", "T1", call("list_attachments"))
    async with open_studio(script, steps=3) as bot:
        await (mission := await bot.mission()).to_work()
        gate = await mission.until_asked("blocked")

        assert "within 3 steps" in gate.data["why"]


# -- when a person speaks ------------------------------------------------------------------------


async def test_a_question_is_answered_while_a_sibling_runs(open_studio: Open) -> None:
    """T1 asks and goes on with the answer, in the same attempt; T2 is at work all the time."""
    script = Script(task("T1"), task("T2"))
    script.says("work", "T1", call("ask_person", question="Which currency?", default="euro"))
    async with open_studio(script) as bot, script.held("work", "T2"):
        await (mission := await bot.mission()).to_work()
        await mission.until_asked("question")
        await mission.until_task("T1", TaskState.asking)
        await mission.answer("dollars")
        record = await mission.until_task("T1", TaskState.done)

        (attempt,) = record.attempts_of("T1")
        assert attempt.number == 1
        last = [c for c in script.model.calls if c.data.get("task", {}).get("id") == "T1"][-2]
        assert "dollars" in str(last.messages[-1].content)
        assert Board.of(record).by_id["T2"].state is TaskState.running
        assert script.count("work", "T1") == 2


async def test_while_only_an_answer_is_missing_the_mission_says_so(open_studio: Open) -> None:
    """The status is that of a mission that needs its person."""
    script = Script(task("T1"))
    script.says("work", "T1", call("ask_person", question="Which currency?", default="euro"))
    async with open_studio(script) as bot:
        await (mission := await bot.mission()).to_work()
        await mission.until(lambda r: r.mission.status is Status.needs_answer)
        await mission.answer("dollars")
        await mission.until_asked("artifact")


async def test_steering_restarts_only_what_is_unfinished(open_studio: Open) -> None:
    """T1 is done and stays; T2 is taken back and starts again with the new words."""
    script = Script(task("T1"), task("T2"), task("T3", "T2"))
    async with open_studio(script) as bot:
        async with script.held("work", "T2"):
            await (mission := await bot.mission()).to_work()
            await mission.until_task("T1", TaskState.done)
            await script.asked("work", "T2")
            reply = await mission.steer("In euros, please")
            await script.asked("work", "T2", times=2)
        await mission.until_asked("artifact")

        assert reply.text == "Noted for T2, T3. What is finished stays as it is."
        assert (script.count("work", "T1"), script.count("work", "T2")) == (1, 2)
        assert script.last("work", "T2")["guidance"] == ["In euros, please"]
        record = await mission.record()
        statuses = [(a.number, a.status.value) for a in record.attempts_of("T2")]
        assert statuses == [(1, "stopped"), (2, "done")]


async def test_stop_ends_within_one_step(open_studio: Open) -> None:
    """No question reaches a model after the stop; open attempts are closed, nothing is lost."""
    script = Script(*(task(f"T{n}", instructions=f"Part {n}") for n in range(1, 5)))
    async with open_studio(script) as bot, script.held("work", "T2", "T3", "T4"):
        await (mission := await bot.mission()).to_work()
        await mission.until_task("T1", TaskState.done)
        heard = len(script.heard)
        reply = await mission.stop()
        record = await mission.until_ended()

        assert reply.text == "Stopping. What is finished stays here."
        assert len(script.heard) == heard
        left = [a.status.value for a in record.attempts]
        assert left == ["done", "stopped", "stopped", "stopped"]
        assert not record.open_gates


@pytest.mark.parametrize("purpose", ["intake", "plan", "critique", "review", "assemble", "whole"])
async def test_stop_is_heard_at_every_stage(open_studio: Open, purpose: str) -> None:
    """Also while a model is being asked for something else than a task."""
    script = Script(task("T1"))
    about = "T1" if purpose == "review" else ""
    async with open_studio(script) as bot:
        async with script.held(purpose, about):
            mission = await bot.mission()
            if purpose in {"review", "assemble", "whole"}:
                await mission.to_work()
            await script.asked(purpose, about)
            await mission.stop()
            record = await mission.until_ended()

        assert record.mission.status is Status.cancelled


async def test_two_words_in_a_row_are_both_heard(open_studio: Open) -> None:
    """Steering twice takes the task back twice, and the last attempt knows both."""
    script = Script(task("T1"))
    async with open_studio(script) as bot:
        async with script.held("work", "T1"):
            await (mission := await bot.mission()).to_work()
            await script.asked("work", "T1")
            await mission.steer("In euros")
            await mission.steer("Without tax")
            await mission.until(lambda r: len(r.guidance) == 2)
        await mission.until_asked("artifact")

        assert script.last("work", "T1")["guidance"] == ["In euros", "Without tax"]


async def test_words_during_a_review_take_the_task_back(open_studio: Open) -> None:
    """The review began in the flight of the attempt that it holds against the criteria."""
    script = Script(task("T1"), task("T2", "T1"))
    async with open_studio(script) as bot:
        async with script.held("review", "T1"):
            await (mission := await bot.mission()).to_work()
            await script.asked("review", "T1")
            await mission.steer("In euros")
            await mission.until(lambda r: len(r.guidance) == 1)
            await script.asked("work", "T1", times=2)
        await mission.until_asked("artifact")

        assert script.last("work", "T1")["guidance"] == ["In euros"]
        assert [a.number for a in (await mission.record()).attempts_of("T1")] == [1, 2]


class Interrupted(Script):
    """Something happens between the first question to T1's worker and its answer."""

    def __init__(self, *tasks: dict[str, Any], meanwhile: Callable[[], Awaitable[None]]) -> None:
        super().__init__(*tasks)
        self.meanwhile = meanwhile

    async def _answer(self, purpose: str, data: dict[str, Any]) -> Any:
        reply = await super()._answer(purpose, data)
        if purpose == "work" and data["task"]["id"] == "T1" and self.count("work", "T1") == 1:
            await self.meanwhile()
        return reply


@pytest.mark.parametrize(("word", "reviews"), [("stop", 0), ("steer", 1)])
async def test_no_review_begins_once_a_word_was_heard(
    open_studio: Open, monkeypatch: pytest.MonkeyPatch, word: str, reviews: int
) -> None:
    """Also while the rows are read again, which takes a moment: the attempt lands in it."""
    read, made = Workshop.record, list[OnStage]()

    async def slowly(self: Workshop, name: str) -> Record:
        await asyncio.sleep(0.05)
        return await read(self, name)

    async def meanwhile() -> None:
        monkeypatch.setattr(Workshop, "record", slowly)
        await (made[0].stop() if word == "stop" else made[0].steer("In euros"))

    script = Interrupted(task("T1"), task("T2"), meanwhile=meanwhile)
    async with script.held("work", "T2"), open_studio(script) as bot:
        made.append(await bot.mission())
        await made[0].to_work()
        await script.asked("work", "T1")
        await asyncio.sleep(0.8)
        assert script.count("review", "T1") == reviews


async def test_an_execution_that_is_cancelled_twice_leaves_no_journal(
    store: Store, tmp_path: Path
) -> None:
    """Who has the mission next would write into it, under a lease that is over."""
    async with store.begin() as tx:
        await tx.add_mission(mission())
    lease = await store.claim("m1", "me", timedelta(minutes=1))
    record = await store.record("m1")
    assert lease is not None
    assert record is not None
    nothing: Any = None
    shop = Workshop(store, nothing, nothing, nothing, tmp_path)
    execution = Execution(shop, Hold(lease), record)
    execution.flying["T1", 1, "run"] = asyncio.create_task(slow_to_land())
    running = asyncio.create_task(execution.run())
    await asyncio.sleep(0.05)
    assert "m1" in store.journals
    for _ in range(2):
        running.cancel()
        await asyncio.sleep(0.05)
    await asyncio.gather(running, return_exceptions=True)
    assert running.cancelled()
    assert store.journals == {}


async def slow_to_land() -> None:
    try:
        await asyncio.Event().wait()
    finally:
        await asyncio.sleep(60)


async def test_a_file_that_a_task_wrote_reaches_the_artifact(open_studio: Open) -> None:
    """It is kept under its hash with the attempt, and offered with the result."""
    script = Script(task("T1", risk="write"))
    script.says("work", "T1", call("write_file", name="calls.csv", text="endpoint,calls\n/a,3\n"))
    async with open_studio(script) as bot:
        await (mission := await bot.mission()).to_work()
        await mission.until_asked("artifact")

        artifact = (await mission.record()).artifact
        assert artifact is not None
        (file,) = artifact.files
        assert (file.name, await bot.app.files.get(file.sha256)) == (
            "calls.csv",
            b"endpoint,calls\n/a,3\n",
        )


async def test_files_of_a_task_that_was_left_out_are_left_out(open_studio: Open) -> None:
    """What the reviewer refused and the person did not want is not in the result."""
    from tests.tour.script import unmet

    script = Script(task("T1", risk="write"), task("T2"))
    written: dict[str, Any] = {"name": "bad.csv", "text": "a,b\n1,2\n"}
    script.says("work", "T1", call("write_file", **written))
    script.always("review", "T1", unmet("Wrong"))
    async with open_studio(script) as bot:
        await (mission := await bot.mission()).to_work()
        await mission.until_asked("blocked")
        await mission.say(Verb.skip)
        await mission.until_asked("artifact")

        record = await mission.record()
        assert record.artifact is not None
        assert record.artifact.files == ()
        assert record.gate(GateKind.blocked) is not None
