"""What happened in a mission, in order, for people and scripts. Nothing is decided by them."""

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
