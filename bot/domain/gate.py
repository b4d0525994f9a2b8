"""Gates and Decisions: what waits for a person, and what the person said."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import Field

from bot.domain.base import Frozen
from bot.domain.mission import Policy


class GateKind(StrEnum):
    """What is being asked. `budget` asks for more money at the cap."""

    plan = "plan"
    question = "question"
    blocked = "blocked"
    artifact = "artifact"
    budget = "budget"


class Verb(StrEnum):
    """What a person can say at a Gate. `accept` takes an output that the reviewer refused."""

    approve = "approve"
    revise = "revise"
    cancel = "cancel"
    answer = "answer"
    retry = "retry"
    skip = "skip"
    accept = "accept"


VERBS: dict[GateKind, tuple[Verb, ...]] = {
    GateKind.plan: (Verb.approve, Verb.revise, Verb.cancel),
    GateKind.question: (Verb.answer, Verb.cancel),
    GateKind.blocked: (Verb.retry, Verb.skip, Verb.accept, Verb.cancel),
    GateKind.artifact: (Verb.approve, Verb.revise, Verb.cancel),
    GateKind.budget: (Verb.approve, Verb.cancel),
}

LABELS: dict[Verb, str] = {
    Verb.approve: "Approve",
    Verb.revise: "Revise",
    Verb.cancel: "Cancel",
    Verb.answer: "Answer",
    Verb.retry: "Retry",
    Verb.skip: "Go on without it",
    Verb.accept: "Use it as it is",
}

PATIENCE: dict[GateKind, timedelta] = {
    GateKind.plan: timedelta(days=7),
    GateKind.question: timedelta(days=3),
    GateKind.blocked: timedelta(days=7),
    GateKind.artifact: timedelta(days=14),
    GateKind.budget: timedelta(days=7),
}
REMIND_AFTER = timedelta(days=1)


class Gate(Frozen):
    """A request for a decision about one exact subject. It closes once.

    `subject` is the hash of what is decided, `version` the number people see. `name` is the slot
    that shows it: `plan`, `question:Q1`, `blocked:T2`, `artifact`, `budget`.
    """

    id: str
    mission: str
    kind: GateKind
    name: str
    subject: str
    version: int
    policy: Policy = Policy()
    data: dict[str, Any] = Field(default_factory=dict[str, Any])
    opened_at: datetime
    expires_at: datetime
    reminded_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: Verb | None = None
    expired: bool = False

    @property
    def open(self) -> bool:
        return self.closed_at is None

    @property
    def verbs(self) -> tuple[Verb, ...]:
        """What can be said here: a stage cannot be left out, and only an output can be used."""
        verbs = VERBS[self.kind]
        if self.kind is not GateKind.blocked:
            return verbs
        if not self.data.get("task"):
            return (Verb.retry, Verb.cancel)
        return tuple(v for v in verbs if v is not Verb.accept or self.data.get("usable"))


class Decision(Frozen):
    """What a person said at a Gate. Unique per (Gate, Person)."""

    gate: str
    person: str
    name: str = ""
    verb: Verb
    words: str = ""
    data: dict[str, Any] = Field(default_factory=dict[str, Any])
    at: datetime
