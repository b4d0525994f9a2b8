"""Slack under load: many missions at once on the strict stand-in, with Slack's own rate limits.

    python -m bench.slack            200 missions live at once, then 200 asked for in 20 seconds
    python -m bench.slack 40 100     40 missions, asked for within 100 seconds

Slack and the people are a process of their own (`bench.slack_people`); beside each time stands that
of the best schedule which Slack's limits allow for the same load (`bench.slack_floor`).
"""

import asyncio
import json
import logging
import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from bench.stalls import Stalls
from bot.app import App
from bot.domain.plan import Tier
from bot.log import configure
from bot.settings import Settings
from bot.store.ledger import Ledger
from bot.store.store import Store
from graphs.models.ask import Models
from graphs.models.brain import Brain
from graphs.models.scripted import Reply
from graphs.models.tiers import Tiers
from graphs.start import models
from handlers.slack.run import Slack
from tests.slack.standin import Standin
from tests.tour.script import Script, task

Json = dict[str, Any]
MISSIONS, SPREAD = 200, 480.0
"""Missions, and the seconds within which they are asked for: 25 a minute, since each needs an edit
of its own when it asks, and Slack takes fifty a minute."""
BURST = 0.1
"""Seconds between two people who ask in the burst."""
CALLS = 9
"""Model calls one after the other in a mission: what follows the request, and the parts."""
MOST_LINE = 2**26


class Load(NamedTuple):
    """Missions that are asked for `every` so many seconds, with model calls that take `call`.

    Without a call's seconds it is the offline model, which takes none but this process's own CPU.
    """

    missions: int
    every: float
    call: float = 0.0


class Remote(Script):
    """A team whose every answer takes its seconds, as a model far away does."""

    def __init__(self, seconds: float) -> None:
        super().__init__(task("T1"), task("T2"), task("T3", "T1", "T2"))
        self._seconds = seconds
        self.model.script = self._later

    async def _later(self, purpose: str, data: dict[str, Any]) -> Reply:
        await asyncio.sleep(self._seconds)
        answer = self._usual(purpose, data)
        self.model.calls.clear()
        return answer


async def measure(load: Load) -> Json:
    """What was seen of the load, and what it cost this process."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Path(folder)
        people = await _people(load, settings / "concertmaster.db")
        try:
            url = json.loads(await _line(people))["url"]
            return await _serve(load, _settings(settings, url), people)
        finally:
            await _end(people)


async def _serve(load: Load, settings: Settings, people: asyncio.subprocess.Process) -> Json:
    app = await App.open(settings)
    try:
        async with Slack(app):
            await app.work(models=await _team(load, app.store, settings))
            before = _cpu()
            async with Stalls() as stalls:
                await _say(people)
                found: Json = json.loads(await _line(people))
            used = round(1_000 * (_cpu() - before) / load.missions)
            return found | {"cpu_ms_per_mission": used, **_stood(stalls)}
    finally:
        await app.close()


async def _team(load: Load, store: Store, settings: Settings) -> Models:
    if not load.call:
        return await models(settings, store, only_offline=True)
    remote = Remote(load.call)
    make: Callable[[], Any] = lambda: remote.model  # noqa: E731
    brain = Brain("scripted:bench", make, local=True)
    ledger = Ledger(store)
    return Tiers(dict.fromkeys(Tier, brain), ledger, label="scripted", concurrency=load.missions)


def _settings(folder: Path, url: str) -> Settings:
    given: Json = {
        "data_dir": folder, "slack_bot_token": Standin.bot_token, "slack_api_url": url,
        "slack_app_token": Standin.app_token, "missions_at_once": 1_000, "_env_file": None,
    }  # fmt: skip
    return Settings(**given)


def _stood(stalls: Stalls) -> Json:
    late = sorted(stalls.late)
    cut = {f"p{p}": round(late[min(len(late) - 1, len(late) * p // 100)] * 1_000) for p in (50, 99)}
    return {
        "loop_late_ms": {**cut, "max": round(late[-1] * 1_000)}, "stood_still_in": stalls.worst(12)
    }  # fmt: skip


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


# -- the other side --------------------------------------------------------------------------------


async def _people(load: Load, database: Path) -> asyncio.subprocess.Process:
    given = {"missions": load.missions, "every": load.every, "database": str(database)}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.slack_people", json.dumps(given),
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=MOST_LINE,
    )  # fmt: skip


async def _line(people: asyncio.subprocess.Process) -> bytes:
    """The next line. Raises RuntimeError when the other side ended."""
    assert people.stdout is not None
    if not (line := await people.stdout.readline()):
        raise RuntimeError("the other side ended")
    return line


async def _say(people: asyncio.subprocess.Process) -> None:
    assert people.stdin is not None
    people.stdin.write(b"go\n")
    await people.stdin.drain()


async def _end(people: asyncio.subprocess.Process) -> None:
    if people.returncode is None:
        people.kill()
    await people.wait()


def main() -> None:
    configure("ERROR")
    logging.disable(logging.CRITICAL)
    number = int(sys.argv[1]) if len(sys.argv) > 1 else MISSIONS
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else SPREAD
    spread = Load(number, seconds / number, 1.05 * seconds / CALLS)
    for name, load in (("spread", spread), ("burst", Load(number, BURST))):
        print(json.dumps({name: asyncio.run(measure(load))}), flush=True)


if __name__ == "__main__":
    main()
