"""Many missions at once in one process: eight calls of 10 ms each.

python -m bench.crowd product|stub|peer|floor MISSIONS [PORT]      one JSON object
"""

import asyncio
import gc
import json
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import psutil

from bench import peers, work
from bench.house import begin, done, house, over_http, scripted, sleeper

SECONDS = 0.010
"""How long each call takes."""
OVER_HTTP = 64
"""Calls at once to the stub server."""


async def product(missions: int, port: int = 0) -> dict[str, float]:
    """The whole App: plan, approval, work, review, assembly, approval, and what people see."""
    async with house() as (app, _):
        if port:
            await begin(app, over_http(app.store, port, OVER_HTTP)[0])
        else:
            await begin(app, scripted(app.store, sleeper(SECONDS)))

        async def start(number: int) -> None:
            await app.missions.start(work.order(work.small(), f"memory:local:{number}"))

        async def all_of(first: int, count: int) -> None:
            await asyncio.gather(*(start(first + n) for n in range(count)))
            await done(app, first + count)

        await all_of(0, 1)
        return await _measured(missions, lambda: all_of(1, missions))


async def peer(missions: int) -> dict[str, float]:
    """LangGraph with its SQLite checkpointer: eight nodes, and none of the rest."""
    model = sleeper(SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        async with peers.chain(Path(folder), lambda: model.ainvoke(_asked())) as run:
            await run("warm")
            return await _measured(
                missions, lambda: asyncio.gather(*(run(f"m{n}") for n in range(missions)))
            )


async def floor(missions: int) -> dict[str, float]:
    """Nothing but the calls."""
    model = sleeper(SECONDS)

    async def run() -> None:
        for _ in range(peers.CALLS):
            await model.ainvoke(_asked())

    await run()
    return await _measured(missions, lambda: asyncio.gather(*(run() for _ in range(missions))))


def _asked() -> list[Any]:
    from langchain_core.messages import HumanMessage

    return [HumanMessage("Write.", additional_kwargs={"ask": {"purpose": "work", "data": {}}})]


async def _measured(missions: int, run: Callable[[], Awaitable[Any]]) -> dict[str, float]:
    gc.collect()
    process = psutil.Process()
    memory, cpu, begun = process.memory_info().rss, time.process_time(), time.perf_counter()
    await run()
    return {
        "missions": missions,
        "per_second": missions / (time.perf_counter() - begun),
        "cpu_ms": (time.process_time() - cpu) / missions * 1_000,
        "kib": (process.memory_info().rss - memory) / missions / 1_024,
    }


def main(kind: str, missions: int, port: int = 0) -> dict[str, float]:
    match kind:
        case "peer":
            return asyncio.run(peer(missions))
        case "floor":
            return asyncio.run(floor(missions))
        case _:
            return asyncio.run(product(missions, port))


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], *map(int, sys.argv[2:]))))
