"""The other side of `bench.slack`, in a process of its own so that its work is not counted.

It is Slack (the strict stand-in with its rate limits), the people who ask and approve as they see
it, and whoever looks how long messages are behind their state, in the bot's own database.

    python -m bench.slack_people '{"missions": 200, "every": 2.4, "database": "…"}'

prints where Slack is, plays when it reads a line, and prints what it saw when all missions ended.
"""

import asyncio
import json
import math
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from bench.slack_floor import Change, best
from tests.slack.standin import BOT, Envelope, Standin
from tests.slack.town import CSV, labels

Json = dict[str, Any]
GOAL = "From the attached export, which three endpoints changed most? Make a one-page brief."
CHANNELS = 20
LOOK = 0.1
"""Seconds between two looks, at the screen and at the rows."""
TYPING = 2.0
"""Seconds between two `/mission status`: a command to acknowledge while all that goes on."""
ENDED = frozenset({"done", "cancelled", "failed"})
WAITS = frozenset({"needs_answer", "needs_plan_approval", "needs_artifact_approval", *ENDED})

ROWS = """
SELECT s.mission, s.name, s.place, s.wanted, s.shown, m.status
FROM slots s JOIN missions m ON m.id = s.mission
"""


class Given(NamedTuple):
    """What to play. `every` is the seconds between two people who ask."""

    missions: int
    every: float
    database: str


@dataclass
class Slot:
    """What is known of one message: what it lacks (the wanted number, since when, what kind)."""

    wanted: int = 0
    status: str = ""
    behind: list[tuple[int, float, str]] = field(default_factory=list[tuple[int, float, str]])


class Lags:
    """How long messages were behind their state, by kind; and every change, for the floor.

    `needs` is what a person decides about: a gate that opens or closes, and the end. `posts` are
    first messages. `progress` is every other change.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, list[float]] = {"needs": [], "posts": [], "progress": []}
        self.changes: list[Change] = []
        self.most = 0
        self._slots: dict[tuple[str, str], Slot] = {}

    def look(self, rows: Sequence[tuple[Any, ...]], now: float) -> None:
        alive = {mission for mission, *_, status in rows if status not in ENDED}
        self.most = max(self.most, len(alive))
        for mission, name, place, wanted, shown, status in rows:
            slot = self._slots.setdefault((mission, name), Slot())
            if wanted > slot.wanted:
                self._changed(slot, f"{mission}/{name}", place.split(":")[2], wanted, status, now)
            self._shown(slot, shown, now)

    def _changed(
        self, slot: Slot, key: str, channel: str, wanted: int, status: str, now: float
    ) -> None:
        needs = status != slot.status and (status in WAITS or slot.status in WAITS)
        if not slot.wanted:
            slot.behind.append((wanted, now, "posts"))
        if needs or slot.wanted:
            slot.behind.append((wanted, now, "needs" if needs else "progress"))
        self.changes.append(Change(now, key, channel, needs))
        slot.wanted, slot.status = wanted, status

    def _shown(self, slot: Slot, shown: int, now: float) -> None:
        """What is shown now takes all along that was wanted before: the oldest of a kind counts."""
        oldest: dict[str, float] = {}
        for wanted, since, kind in slot.behind:
            if wanted <= shown:
                oldest.setdefault(kind, since)
        for kind, since in oldest.items():
            self.seconds[kind].append(now - since)
        slot.behind = [one for one in slot.behind if one[0] > shown]


async def play(slack: Standin, given: Given) -> Json:
    """All missions from the mention to the approved result; gives what was seen."""
    lags, clicks = Lags(), dict[str, Envelope]()
    began = time.monotonic()
    asking = asyncio.create_task(_ask(slack, given))
    typing = asyncio.create_task(_type(slack))
    rows = sqlite3.connect(f"file:{given.database}?mode=ro", uri=True, isolation_level=None)
    while not _over(found := rows.execute(ROWS).fetchall(), given.missions):
        lags.look(found, time.monotonic())
        _approve(slack, clicks)
        await asyncio.sleep(LOOK)
    took = time.monotonic() - began
    await asking
    typing.cancel()
    return _found(slack, given, lags, clicks, took)


async def _ask(slack: Standin, given: Given) -> None:
    for n in range(given.missions):
        channel = f"C{n % CHANNELS + 1}"
        slack.say(channel, "U1", f"<@{BOT}> {GOAL}", files={"export.csv": CSV})
        await asyncio.sleep(given.every)


async def _type(slack: Standin) -> None:
    number = 0
    while True:
        number += 1
        slack.command("/mission status", f"C{number % CHANNELS + 1}")
        await asyncio.sleep(TYPING)


def _approve(slack: Standin, clicks: dict[str, Envelope]) -> None:
    """Press every Approve as it appears; again when Slack could not deliver the click."""
    for channel in list(slack.world.channels.values()):
        for message in list(channel.messages.values()):
            if message.get("user") != BOT:
                continue
            key = f"{channel.id}:{message['ts']}"
            lost = key in clicks and clicks[key].given_up
            if (lost or key not in clicks) and "Approve" in labels(message):
                clicks[key] = slack.click(message, "Approve")


def _over(rows: Sequence[tuple[Any, ...]], missions: int) -> bool:
    """True when every mission has ended and every message shows it."""
    done = {mission for mission, *_, status in rows if status in ENDED}
    return len(done) >= missions and all(row[4] >= row[3] for row in rows)


# -- what was seen ---------------------------------------------------------------------------------


def _found(
    slack: Standin, given: Given, lags: Lags, clicks: dict[str, Envelope], took: float
) -> Json:
    envelopes = slack.post.envelopes.values()
    acks = [e for e in envelopes if e.acked.is_set()]
    late = [e for e in envelopes if e.given_up or e.attempts > 1]
    calls = Counter(c.method for c in slack.calls if not c.error)
    floors = best(lags.changes, _clicked(slack, clicks))
    return {
        "missions": given.missions, "seconds": round(took), "live_at_once": lags.most,
        "redelivered": len(late),
        "ack_ms": _milliseconds(acks),
        "ack_of_people_ms": _milliseconds([e for e in acks if _of_people(e)]),
        "calls_per_mission": {k: round(v / given.missions, 2) for k, v in sorted(calls.items())},
        "refused": Counter(f"{c.method}: {c.error}" for c in slack.calls if c.error),
        "edits_closer_than_3_s": _close(slack),
        "behind_s": {k: _against(v, floors[k]) for k, v in lags.seconds.items()},
    }  # fmt: skip


def _milliseconds(acks: Sequence[Envelope]) -> Json:
    found = [e.seconds * 1_000 for e in acks]
    return {"number": len(found), **{f"p{p}": _cut(found, p) for p in (50, 99, 100)}}


def _of_people(envelope: Envelope) -> bool:
    """Clicks, commands and mentions: what is kept before it is acknowledged."""
    event: Json = envelope.payload.get("event") or {}
    return envelope.kind != "events_api" or event.get("type") == "app_mention"


def _clicked(slack: Standin, clicks: dict[str, Envelope]) -> dict[str, float]:
    """When each slot's message was clicked, as `mission/slot`."""
    found: dict[str, float] = {}
    for key, click in clicks.items():
        channel, ts = key.split(":")
        shown = slack.world.channels[channel].messages[ts]["metadata"]["event_payload"]
        found[f"{shown['mission']}/{shown['slot']}"] = click.sent[0]
    return found


def _close(slack: Standin) -> int:
    """Edits of a message less than three seconds after the one before (a tenth for the way)."""
    last: dict[str, float] = {}
    close = 0
    for call in slack.calls:
        if call.error or call.method not in {"chat.update", "response_url"}:
            continue
        metadata: Json = call.args.get("metadata") or {}
        if shown := metadata.get("event_payload"):
            key = f"{shown['mission']}/{shown['slot']}"
            close += call.at - last.get(key, -9.0) < 2.9
            last[key] = call.at
    return close


def _against(measured: list[float], floor: list[float]) -> Json:
    """Percentiles beside those of the best schedule; a floor below one look counts as one."""
    cuts = {"p50": 50, "p95": 95, "max": 100}
    made: Json = {"changes": len(measured)}
    for name, percent in cuts.items():
        here, least = _cut(measured, percent), _cut(floor, percent)
        made[name] = {"here": here, "floor": least, "ratio": round(here / max(least, LOOK), 1)}
    made["over_5_s"] = {
        "here": sum(s > 5 for s in measured), "floor": sum(s > 5 for s in floor)
    }  # fmt: skip
    return made


def _cut(values: Sequence[float], percent: int) -> float:
    """The value that so many percent do not pass; 0 without values."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return round(ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)], 1)


async def main() -> None:
    given = Given(**json.loads(sys.argv[1]))
    async with Standin() as slack:
        slack.world.user("U1", "Ada")
        for n in range(CHANNELS):
            slack.world.channel(f"C{n + 1}", "U1", name=f"room-{n + 1}")
        print(json.dumps({"url": slack.url}), flush=True)
        await asyncio.to_thread(sys.stdin.readline)
        print(json.dumps(await play(slack, given)), flush=True)
        await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    asyncio.run(main())
