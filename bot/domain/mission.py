"""A Mission and the Brief that it starts with."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from functools import cached_property
from typing import Literal

from pydantic import Field

from bot.domain.base import Frozen


class Status(StrEnum):
    """Where a mission stands. The words are the design's."""

    drafting = "drafting"
    needs_answer = "needs_answer"
    needs_plan_approval = "needs_plan_approval"
    queued = "queued"
    running = "running"
    reviewing = "reviewing"
    needs_artifact_approval = "needs_artifact_approval"
    delivering = "delivering"
    done = "done"
    cancelled = "cancelled"
    failed = "failed"
    paused = "paused"

    @property
    def ended(self) -> bool:
        return self in ENDED

    @property
    def needs_person(self) -> bool:
        return self in NEEDS_PERSON


ENDED = frozenset({Status.done, Status.cancelled, Status.failed})
NEEDS_PERSON = frozenset(
    {
        Status.needs_answer,
        Status.needs_plan_approval,
        Status.needs_artifact_approval,
        Status.paused,
    }
)


class Person(Frozen):
    """A platform identity in a Workspace. `zone` is an IANA name."""

    workspace: str
    id: str
    name: str = ""
    zone: str = "UTC"
    roles: tuple[str, ...] = ()


class Attachment(Frozen):
    """A file that came with the mission. `text` is the hash of its converted text, if any."""

    name: str
    media_type: str
    size: int
    sha256: str
    text: str | None = None
    chars: int = 0
    note: str = ""


class Requirement(Frozen):
    """What the finished thing must satisfy: in our words, and in the words it comes from."""

    id: str = Field(pattern=r"^R\d+$")
    text: str
    quote: str
    source: str = "goal"
    check: str = ""


class Question(Frozen):
    """One thing only a person can say, with choices and what is assumed without an answer."""

    id: str
    text: str
    choices: tuple[str, ...] = ()
    default: str = ""


class HouseContext(Frozen):
    """What a person keeps about the house; every Brief carries it."""

    organisation: str = ""
    audience: str = ""
    conventions: str = ""
    preferences: str = ""

    @property
    def empty(self) -> bool:
        return not any(self.model_dump().values())


class Brief(Frozen):
    """The context that a mission starts with. Version n+1 follows an answer or a revision."""

    version: int
    goal: str
    requirements: tuple[Requirement, ...]
    assumptions: tuple[str, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    answers: tuple[tuple[str, str], ...] = ()
    house: HouseContext = HouseContext()
    thread: tuple[str, ...] = ()
    now: datetime
    zone: str = "UTC"

    @cached_property
    def texts(self) -> Mapping[str, str]:
        """The requirements' texts by their ids."""
        return {r.id: r.text for r in self.requirements}

    def asking(self, text: str, *, quote: str, source: str) -> tuple["Brief", Requirement]:
        """The next version with one requirement more, so that the whole is held against it."""
        number = max((int(r.id[1:]) for r in self.requirements), default=0) + 1
        new = Requirement(id=f"R{number}", text=text.strip()[:2_000], quote=quote, source=source)
        update = {"version": self.version + 1, "requirements": (*self.requirements, new)}
        return self.model_copy(update=update), new


class Policy(Frozen):
    """Who may close a Gate. `shown` names them for people, where the ids mean nothing."""

    kind: Literal["requester", "channel", "users", "role", "two_person"] = "requester"
    people: tuple[str, ...] = ()
    role: str = ""
    shown: str = ""


DEFAULT_CAP = Decimal("2.00")
"""US dollars that a mission may cost when nobody said another."""


class Mission(Frozen):
    """One piece of work, asked for in a Place by a requester.

    `requirements` are those that came with a plan of the person's own; else intake draws them.
    """

    id: str
    workspace: str
    place: str
    requester: str
    goal: str
    title: str
    status: Status
    cap: Decimal
    policy: Policy = Policy()
    attachments: tuple[Attachment, ...] = ()
    requirements: tuple[Requirement, ...] = ()
    thread: tuple[str, ...] = ()
    zone: str = "UTC"
    models: str = ""
    reason: str = ""
    stop_asked: bool = False
    cancel_asked: bool = False
    created_at: datetime
    updated_at: datetime
    ended_at: datetime | None = None


TITLE_LENGTH = 72


def title_of(goal: str) -> str:
    """The first line of a goal, cut at a word, for lists and headings."""
    line = " ".join(goal.split("\n", 1)[0].split())
    if len(line) <= TITLE_LENGTH:
        return line
    return line[:TITLE_LENGTH].rsplit(" ", 1)[0].rstrip(",;:") + "…"
