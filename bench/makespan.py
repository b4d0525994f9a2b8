"""One skewed mission: makespan over critical path, and the CPU that a task costs.

python -m bench.makespan ROUNDS PORT      one JSON object; PORT is the stub server's
"""

import asyncio
import gc
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from statistics import median
from typing import Any

from bench import peers, work
from bench.house import Approver, Recorder, begin, done, house, over_http
from bot.app import App

Measured = tuple[float, float]
"""Seconds by the clock and seconds of CPU."""
AFTER = 1.5
"""Seconds in which the messages of a finished mission are written."""


async def measure(rounds: int, port: int) -> dict[str, Any]:
    """Medians over rounds, product and floor in turn; the first of each is a warm-up."""
    plan = work.skewed()
    needs = {task.id: task.depends_on for task in plan.tasks}
    found: dict[str, list[Measured]] = {"product": [], "send": [], "floor": []}
    async with house() as (app, chat):
        models, recorder = over_http(app.store, port)
        await begin(app, models)
        await _product(app, chat, recorder, 0)

        async def do(name: str) -> None:
            await recorder.again(f"work:{name}:1:0")
            await recorder.again(f"review:{name}:1")

        with tempfile.TemporaryDirectory() as folder:
            async with peers.fan_out(Path(folder), needs, do) as send:
                for number in range(rounds):
                    await _settled()
                    found["product"].append(await _product(app, chat, recorder, number + 1))
                    await _settled()
                    found["floor"].append(await _timed(lambda: peers.floor(needs, do)))
                await send("warm")
                for number in range(rounds // 2):
                    await _settled()
                    found["send"].append(await _timed(lambda n=number: send(f"round {n}")))
    critical, levels, serial = work.bounds(plan)
    middle = {
        name: [median(part) for part in zip(*rows, strict=True)] for name, rows in found.items()
    }
    return {"critical": critical, "levels": levels, "serial": serial, "tasks": len(needs), **middle}


async def _product(app: App, chat: Approver, recorder: Recorder, before: int) -> Measured:
    """From the click on Approve to the moment when the last verdict is in and assembly begins."""
    recorder.assembling = asyncio.Future()
    mission = await app.missions.start(work.order(work.skewed(), f"memory:local:{before}"))
    begun, cpu = await chat.approved(mission.id), time.process_time()
    ended, used = await recorder.assembling, time.process_time() - cpu
    await done(app, before + 1)
    return ended - begun, used


async def _settled() -> None:
    """Nothing that one measure left behind costs the next one CPU: no late write, no garbage."""
    await asyncio.sleep(AFTER)
    gc.collect()


async def _timed(run: Callable[[], Awaitable[Any]]) -> Measured:
    begun, cpu = time.perf_counter(), time.process_time()
    await run()
    return time.perf_counter() - begun, time.process_time() - cpu


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(int(sys.argv[1]), int(sys.argv[2])))))
