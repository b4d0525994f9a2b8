"""Discord under load: many missions at once on the stand-in, with its real limits.

    python -m bench.discord_face 200

Bot, offline model and stand-in share this process and its CPU, so the figures are upper bounds.
"""

import asyncio
import logging
import statistics
import sys
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from bot.chat.discord import point
from bot.domain.mission import Person
from bot.missions import NewMission
from tests.discord_.standin import Interaction, Json, StandIn
from tests.discord_.town import Town

GOAL = "From the attached export, which three endpoints changed most? Make a one-page brief."
CSV = b"endpoint,before,after\n/a,10,90\n/b,20,25\n/c,5,60\n/d,7,8\n/e,30,2\n"
CHANNELS = 20
EVERY = 0.1
"""Seconds between two people who start a mission."""
OURS = ("*/handlers/discord/*", "*/bot/chat/discord/*", "*/site-packages/discord/*")


async def acks(number: int) -> None:
    """So many missions from the command to the approved result; every interaction is timed."""
    async with StandIn(fast=False) as standin, _Serving(standin) as town:
        town.chat.pace = 3.0
        channels = [standin.channel(town.guild, f"room-{n}") for n in range(CHANNELS)]
        began = time.perf_counter()
        asked: list[Interaction] = []
        for n in range(number):
            asked.append(_ask(town, channels[n % CHANNELS]))
            await asyncio.sleep(EVERY)
        pressed = await _approve(town, channels, number)
        took = time.perf_counter() - began
        _print_acks("start", asked)
        _print_acks("approve", pressed)
        _print_calls(standin, number, took)


def _ask(town: Town, channel: Json) -> Interaction:
    file = ("export.csv", CSV)
    return town.standin.slash(town.ada, channel, "mission start", goal=GOAL, file=file)


async def _approve(town: Town, channels: list[Json], number: int) -> list[Interaction]:
    """Press every Approve as it appears, until every mission is done."""
    pressed: dict[str, Interaction] = {}
    while len(pressed) < 2 * number or any(not p.said for p in pressed.values()):
        for message in _shown(town, channels):
            approve = [b for b in town.standin.buttons(message) if b == "Approve"]
            if approve and message["id"] not in pressed:
                pressed[message["id"]] = town.standin.click(town.ada, message, "Approve")
        await asyncio.sleep(0.2)
    return list(pressed.values())


def _shown(town: Town, channels: list[Json]) -> list[Json]:
    threads = [t for c in channels for t in town.standin.threads(c)]
    return [m for thread in threads for m in town.standin.mine(thread)]


def _print_acks(name: str, done: Sequence[Interaction]) -> None:
    times = sorted(i.ack_ms for i in done if i.answered)
    late = len(done) - len(times)
    cuts = statistics.quantiles(times, n=100)
    print(f"ack {name:8} n={len(times)}  p50 {cuts[49]:.0f} ms  p99 {cuts[98]:.0f} ms  "
          f"max {times[-1]:.0f} ms  late {late}  (Discord waits 3,000)")  # fmt: skip


def _print_calls(standin: StandIn, number: int, took: float) -> None:
    calls = Counter(e.method for e in standin.journal if not e.path.startswith("/interactions"))
    each = {method: round(count / number, 1) for method, count in sorted(calls.items())}
    refused = Counter(e.status for e in standin.journal if e.status >= 400)
    print(f"{number} missions in {took:.0f} s; REST calls per mission {each}; "
          f"refused {dict(refused)}")  # fmt: skip


async def memory(number: int) -> None:
    """What open missions cost on Discord's side: handlers, chat and discord.py."""
    async with StandIn() as standin, _Serving(standin, work=False) as town:
        await _open(town, 10)
        tracemalloc.start()
        before = _ours()
        await _open(town, number, 10)
        print(f"memory per 100 open missions {(_ours() - before) / number * 100 / 1024:.0f} KiB")


async def _open(town: Town, number: int, first: int = 0) -> None:
    for n in range(first, first + number):
        thread = town.own_thread()
        place = f"discord:{town.guild['id']}:{thread['id']}"
        person = Person(workspace=f"discord:{town.guild['id']}", id=town.ada["id"], name="Ada")
        await town.app.missions.start(
            NewMission(key=f"bench:{n}", place=place, person=person, goal=GOAL)
        )
        await town.face.cursors.put(place, thread["id"])
        await town.standin.until(lambda t=thread: town.standin.mine(t), 30)


def _ours() -> int:
    ours = [tracemalloc.Filter(True, pattern) for pattern in OURS]
    found = tracemalloc.take_snapshot().filter_traces(ours).statistics("filename")
    return sum(s.size for s in found)


class _Serving:
    """The town with its bot, and a folder of its own."""

    def __init__(self, standin: StandIn, *, work: bool = True) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.work = work
        point(standin.base, standin.gateway_url)
        path = Path(self.folder.name)
        self.town = Town(standin, path, f"sqlite:///{path}/bench.db")

    async def __aenter__(self) -> Town:
        await self.town.start(work=self.work)
        return self.town

    async def __aexit__(self, *_: object) -> None:
        await self.town.stop()
        self.folder.cleanup()


def main() -> None:
    logging.disable(logging.CRITICAL)
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    asyncio.run(acks(number))
    asyncio.run(memory(100))


if __name__ == "__main__":
    main()
