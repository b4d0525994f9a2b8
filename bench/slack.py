"""Slack under load: many missions at once on the stand-in, with Slack's own rate tiers.

    python -m bench.slack 200

Bot, offline model and stand-in share this process and its CPU, so the times are upper bounds. In
one workspace Slack takes fifty edits a minute, whoever asks: with two hundred missions the progress
that people see lags, and what they must decide about does not.
"""

import asyncio
import json
import logging
import math
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from bench import work
from bench.house import scripted, sleeper
from bot.chat.slack import Where
from bot.chat.slack.chat import PACE
from bot.domain.gate import Verb
from bot.domain.mission import Mission, Person, Status
from bot.log import configure
from bot.missions import Said
from bot.store.store import SlotRow, Store
from handlers.slack.run import PING
from tests.slack.standin import BOT, Envelope, Standin
from tests.slack.town import CSV, Town, labels, settings_for

Json = dict[str, Any]
GOAL = "From the attached export, which three endpoints changed most? Make a one-page brief."
CHANNELS = 20
EVERY = 0.1
"""Seconds between two people who ask."""
CALL = 5.0
"""Seconds of a model call while acknowledgements are measured."""
TYPING, TYPED = 5, 150
"""Commands a second, and all together."""
UNDER_WAY = frozenset({Status.running, Status.reviewing})
LOOK = 0.25
"""Seconds between two looks at what is shown."""


class Lags:
    """How long messages were behind their state: seconds by kind of slot."""

    def __init__(self) -> None:
        self.posts: list[float] = []
        self.edits: list[float] = []
        self._behind: dict[tuple[str, str], tuple[int, float, bool]] = {}

    def look(self, slots: Sequence[SlotRow]) -> None:
        now = time.monotonic()
        for slot in slots:
            key = (slot.mission, slot.name)
            wanted, since, new = self._behind.get(key, (0, 0.0, False))
            if key in self._behind and slot.shown >= wanted:
                (self.posts if new else self.edits).append(now - since)
                del self._behind[key]
            if key not in self._behind and slot.shown < slot.wanted:
                self._behind[key] = (slot.wanted, now, not slot.ref)


async def measure(number: int) -> Json:
    """So many missions from the mention to the approved result."""
    with tempfile.TemporaryDirectory() as folder:
        async with Standin() as slack:
            town = await _town(slack, Path(folder))
            try:
                return await _run(town, slack, number)
            finally:
                await town.stop()


async def _town(slack: Standin, folder: Path, team: Callable[[Store], Any] | None = None) -> Town:
    slack.world.user("U1", "Ada")
    for n in range(CHANNELS):
        slack.world.channel(f"C{n + 1}", "U1", name=f"room-{n + 1}")
    town = Town(slack, settings_for(slack, folder, ""))
    await town.start(ping=PING, team=team)
    town.door.chat.pace = PACE
    return town


async def _run(town: Town, slack: Standin, number: int) -> Json:
    lags, clicks = Lags(), dict[str, Envelope]()
    watching = asyncio.create_task(_watch(town, lags))
    began = time.perf_counter()
    for n in range(number):
        slack.say(f"C{n % CHANNELS + 1}", "U1", f"<@{BOT}> {GOAL}", files={"export.csv": CSV})
        await asyncio.sleep(EVERY)
    await _approve(town, slack, clicks, number)
    took = time.perf_counter() - began
    watching.cancel()
    return _found(slack, lags, clicks, number, took)


async def _watch(town: Town, lags: Lags) -> None:
    while True:
        for mission in await town.app.store.missions("slack:T1", limit=1_000):
            lags.look(await town.app.store.slots(mission.id))
        await asyncio.sleep(LOOK)


async def _approve(town: Town, slack: Standin, clicks: dict[str, Envelope], number: int) -> None:
    """Press every Approve as it appears, until every mission is done."""
    while True:
        for channel in list(slack.world.channels.values()):
            for message in list(channel.messages.values()):
                key = f"{channel.id}:{message['ts']}"
                lost = key in clicks and clicks[key].given_up
                if (lost or key not in clicks) and "Approve" in labels(message):
                    clicks[key] = slack.click(message, "Approve")
        done = await town.app.store.missions("slack:T1", limit=1_000)
        if len(done) == number and all(m.status.ended for m in done):
            return
        await asyncio.sleep(LOOK)


def _found(
    slack: Standin, lags: Lags, clicks: dict[str, Envelope], number: int, took: float
) -> Json:
    acks = [e.seconds * 1_000 for e in slack.post.envelopes.values() if e.acked.is_set()]
    late = [e for e in slack.post.envelopes.values() if e.given_up or e.attempts > 1]
    calls = Counter(c.method for c in slack.calls if not c.error)
    return {
        "missions": number, "seconds": round(took), "acks": len(acks), "redelivered": len(late),
        "ack_p50_ms": _cut(acks, 50), "ack_p99_ms": _cut(acks, 99),
        "click_p99_ms": _cut([e.seconds * 1_000 for e in clicks.values()], 99),
        "calls_per_mission": {k: round(v / number, 2) for k, v in sorted(calls.items())},
        "refused": Counter(c.error for c in slack.calls if c.error),
        "post_lag_p50_s": _cut(lags.posts, 50), "post_lag_max_s": _cut(lags.posts, 100),
        "edit_lag_p50_s": _cut(lags.edits, 50), "edit_lag_max_s": _cut(lags.edits, 100),
    }  # fmt: skip


def _cut(values: Sequence[float], percent: int) -> float:
    """The value that so many percent do not pass; 0 without values."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return round(ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)], 1)


# -- acknowledgements ------------------------------------------------------------------------------


async def acks(number: int) -> Json:
    """People type commands while so many missions wait for their models, as they mostly do."""
    with tempfile.TemporaryDirectory() as folder:
        async with Standin() as slack:
            town = await _town(slack, Path(folder), lambda store: scripted(store, sleeper(CALL)))
            try:
                await _set_going(town, slack, number)
                typed = [await _typed(slack, n) for n in range(TYPED)]
                await slack.until(lambda: all(e.acked.is_set() or e.given_up for e in typed), 30)
                running = sum(not m.status.ended for m in await _all(town))
            finally:
                await town.stop()
    times = [e.seconds * 1_000 for e in typed if e.acked.is_set()]
    return {
        "running": running, "typed": TYPED, "late": len(typed) - len(times),
        "p50_ms": _cut(times, 50), "p99_ms": _cut(times, 99), "max_ms": _cut(times, 100),
    }  # fmt: skip


async def _set_going(town: Town, slack: Standin, number: int) -> None:
    """Missions with a plan of their own, approved."""
    person = await town.face.person("T1", "U1")
    for n in range(number):
        channel = f"C{n % CHANNELS + 1}"
        root = slack.say(channel, "U1", "Write all parts.")["ts"]
        place = Where("T1", channel, root).place
        order = work.order(work.small(), place).model_copy(update={"person": person})
        await town.app.missions.start(order)
    while any(m.status not in UNDER_WAY for m in await _all(town)):
        await _approve_all(town, person)
        await asyncio.sleep(LOOK)


async def _approve_all(town: Town, person: Person) -> None:
    for mission in await _all(town):
        if mission.status is Status.needs_plan_approval:
            record = await town.app.store.record(mission.id)
            for gate in record.open_gates if record else ():
                said = Said(
                    key=f"ok{gate.id}", person=person, gate=gate.id, verb=Verb.approve,
                    version=gate.version,
                )  # fmt: skip
                await town.app.missions.decide(said)


async def _all(town: Town) -> tuple[Mission, ...]:
    return await town.app.store.missions("slack:T1", limit=1_000)


async def _typed(slack: Standin, number: int) -> Envelope:
    await asyncio.sleep(1 / TYPING)
    return slack.command("/mission status", f"C{number % CHANNELS + 1}")


def main() -> None:
    configure("ERROR")
    logging.disable(logging.CRITICAL)
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    print(json.dumps({"acks": asyncio.run(acks(number))}), flush=True)
    print(json.dumps(asyncio.run(measure(number))))


if __name__ == "__main__":
    main()
