"""The rows are the truth: without checkpoints, and through restarts, nothing is lost or repeated.

One mission goes through every status; at each one of them something is taken away. It must come
to the same result as the mission that was left alone, with the same number of model calls.
"""

from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.domain.artifact import Artifact
from bot.domain.mission import Status
from tests.tour.conftest import Open
from tests.tour.script import Script, call, intake, task, unmet
from tests.tour.studio import OnStage, Studio, studio


def script() -> Script:
    """A mission with everything: a question, a rework, an agent's question, a revision."""
    made = Script(task("T1"), task("T2", "T1"), task("T3"))
    asks = [{"text": "Which month?", "choices": ["April"], "default": "May"}]
    made.says("intake", "", lambda d: intake(d, ["Count the calls"], questions=asks))
    made.says("review", "T2", unmet("Say how many"))
    made.says("work", "T3", call("ask_person", question="Which currency?", default="euro"))
    return made


STOPS = ("question", "plan", "question 2", "artifact", "artifact 2")
"""The gates of that mission, in order."""


async def decide(mission: OnStage, stop: str) -> None:
    match stop:
        case "question":
            await mission.answer("April")
        case "question 2":
            await mission.answer("dollars")
        case "artifact":
            await mission.revise("Shorter")
        case _:
            await mission.approve()


async def until(mission: OnStage, stop: str) -> None:
    kind, _, times = stop.partition(" ")
    await mission.until_asked(kind, times=int(times or 1))


def summary(artifact: Artifact | None, heard: Counter[Any]) -> dict[str, Any]:
    assert artifact is not None
    return {
        "body": artifact.body,
        "made_from": artifact.made_from,
        "version": artifact.version,
        "calls": dict(sorted(heard.items())),
    }


def heard(script: Script) -> Counter[Any]:
    return Counter((h.purpose, h.task) for h in script.heard)


Meddle = Callable[[Studio, OnStage, str], Awaitable[None]]


async def played(bot: Studio, meddle: Meddle | None = None) -> dict[str, Any]:
    mission = await bot.mission("Count the calls of a month.")
    for stop in STOPS:
        await until(mission, stop)
        if meddle is not None:
            await meddle(bot, mission, stop)
        await decide(mission, stop)
    record = await mission.until_ended()
    assert record.mission.status is Status.done
    return summary(record.artifact, heard(bot.script))


async def test_without_its_checkpoint_a_mission_goes_on(open_studio: Open, tmp_path: Path) -> None:
    """The saver is emptied at every gate, and between every two steps of the graph."""
    async with open_studio(script()) as bot:
        alone = await played(bot)

    async def forget(bot: Studio, mission: OnStage, stop: str) -> None:
        saver = bot.app.runner.saver
        await saver.adelete_thread(mission.id)
        assert not list(saver.storage.get(mission.id, {}))

    url = f"sqlite:///{tmp_path / 'other.db'}"
    async with studio(tmp_path / "other", script(), url) as bot:
        assert await played(bot, forget) == alone


@pytest.mark.parametrize("at", ["gates", "work"])
async def test_a_restart_at_any_status_changes_nothing(tmp_path: Path, at: str) -> None:
    """Every gate, or every question to a model: the bot ends in good order and starts again."""
    first = f"sqlite:///{tmp_path / 'one.db'}"
    async with studio(tmp_path / "one", script(), first) as bot:
        alone = await played(bot)

    url = f"sqlite:///{tmp_path / 'two.db'}"
    team = script()
    name = ""
    async with studio(tmp_path / "two", team, url) as bot:
        name = (await bot.mission("Count the calls of a month.")).id
        await until(OnStage(bot, name), STOPS[0])
    for stop in STOPS:
        if at == "work":
            await interrupted(tmp_path / "two", team, url, name)
        async with studio(tmp_path / "two", team, url) as bot:
            mission = OnStage(bot, name)
            await until(mission, stop)
            await decide(mission, stop)
            if at == "gates":
                await bot.idle()
    async with studio(tmp_path / "two", team, url) as bot:
        record = await OnStage(bot, name).until_ended()
    assert summary(record.artifact, heard(team)) == alone


async def interrupted(folder: Path, team: Script, url: str, name: str) -> None:
    """Start, let it run for as long as it takes to begin, and end in the middle of it."""
    async with studio(folder, team, url) as bot:
        await bot.app.engine.wake(name)
        record = await OnStage(bot, name).record()
        assert record.mission.id == name
