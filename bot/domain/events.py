"""What happened in a mission, in order, for people and scripts. Nothing is decided by them."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import Field

from bot.domain.base import Frozen


class EventKind(StrEnum):
    started = "started"
    briefed = "briefed"
    asked = "asked"
    planned = "planned"
    critiqued = "critiqued"
    gate_opened = "gate_opened"
    decided = "decided"
    steered = "steered"
    attempt_started = "attempt_started"
    attempt_done = "attempt_done"
    attempt_failed = "attempt_failed"
    reviewed = "reviewed"
    assembled = "assembled"
    whole_reviewed = "whole_reviewed"
    revised = "revised"
    rated = "rated"
    reminded = "reminded"
    paused = "paused"
    resumed = "resumed"
    stopped = "stopped"
    ended = "ended"


class Event(Frozen):
    """One thing that happened; `number` counts from 1 within the mission."""

    mission: str
    number: int = 0
    kind: EventKind
    data: dict[str, Any] = Field(default_factory=dict[str, Any])
    at: datetime


def ratings(events: Iterable[Event]) -> dict[int, tuple[int, int]]:
    """By version of the result: how many found it good, how many not. A person's last word counts.

    The events are those of one mission, in their order.
    """
    last: dict[tuple[int, str], bool] = {}
    for event in events:
        if event.kind is EventKind.rated:
            last[int(event.data["version"]), str(event.data["by"])] = bool(event.data["good"])
    found: dict[int, tuple[int, int]] = {}
    for (version, _), good in last.items():
        up, down = found.get(version, (0, 0))
        found[version] = (up + good, down + (not good))
    return found
