"""The rows are the truth: without checkpoints, and through restarts, nothing is lost or repeated.

One mission goes through every status; at each one of them something is taken away. It must come
to the same result as the mission that was left alone, with the same number of model calls.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.domain.artifact import Artifact
from bot.domain.mission import Status
from bot.store import tables as t
from bot.store.store import Store
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


async def test_a_restart_at_every_gate_changes_nothing(tmp_path: Path) -> None:
    """The bot ends in good order while a person is asked, and starts again."""
    async with studio(tmp_path / "one", script(), url_in(tmp_path / "one")) as bot:
        alone = await played(bot)

    again = Again(tmp_path / "two", script())
    for stop in STOPS:
        async with again.open() as mission:
            await until(mission, stop)
            await decide(mission, stop)
            await mission.bot.idle()
    async with again.open() as mission:
        record = await mission.until_ended()
    assert summary(record.artifact, heard(again.script)) == alone


async def test_a_restart_in_the_midst_of_work_repeats_no_answer(tmp_path: Path) -> None:
    """It ends after every commit that it makes on its way, and goes on at the next start at once.

    A question to a model that was cut off is asked again. One that was answered never is.
    """
    async with studio(tmp_path / "one", script(), url_in(tmp_path / "one")) as bot:
        alone = await played(bot)

    again = Again(tmp_path / "two", script())
    cut_off: Counter[Any] = Counter()
    for stop in STOPS:
        for commits in range(1, 7):
            async with again.open() as mission:
                await mission.bot.store.after_soon(commits)
            cut_off += await again.unanswered()
        async with again.open() as mission, asyncio.timeout(SOON):
            await until(mission, stop)
            await decide(mission, stop)
    async with again.open() as mission:
        record = await mission.until_ended()
    once = summary(record.artifact, heard(again.script) - cut_off)
    assert once | {"calls": {}} == alone | {"calls": {}}
    assert Counter(once["calls"]) <= Counter(alone["calls"])


SOON = 10
"""Seconds, well below those after which a lease that nobody gave back runs out."""


def url_in(folder: Path) -> str:
    folder.mkdir(exist_ok=True)
    return f"sqlite:///{folder / 'bot.db'}"


class Again:
    """One mission in the hands of one bot after another."""

    def __init__(self, folder: Path, team: Script) -> None:
        self.script = team
        self._folder, self._url = folder, url_in(folder)
        self._mission = ""

    @asynccontextmanager
    async def open(self) -> AsyncGenerator[OnStage]:
        """The mission with a new bot, which ends with the block, whatever it is doing."""
        async with studio(self._folder, self.script, self._url) as bot:
            if not self._mission:
                self._mission = (await bot.mission("Count the calls of a month.")).id
            yield OnStage(bot, self._mission)

    async def unanswered(self) -> Counter[Any]:
        """The questions to models that no answer is kept for."""
        store = Store(self._url)
        async with store.reading() as conn:
            open_calls = select(t.calls.c.purpose, t.calls.c.task)
            found = await conn.execute(open_calls.where(t.calls.c.state == "reserved"))
            rows = Counter((row[0], row[1]) for row in found)
        await store.close()
        return rows
