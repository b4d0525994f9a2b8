"""Missions, plans and records for tests of the core: valid by default, changed where it matters."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from bot.domain.artifact import Artifact
from bot.domain.gate import Decision, Gate, GateKind, Verb
from bot.domain.mission import Brief, Mission, Person, Requirement, Status
from bot.domain.plan import Criterion, Plan, Task
from bot.domain.record import Record
from bot.domain.work import Attempt, AttemptStatus, CriterionVerdict, Guidance, Output, Verdict

AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ADA = Person(workspace="W1", id="ada", name="Ada")
BOB = Person(workspace="W1", id="bob", name="Bob")
CYD = Person(workspace="W1", id="cyd", name="Cyd")


def mission(**more: Any) -> Mission:
    base: dict[str, Any] = {
        "id": "m1", "workspace": "W1", "place": "memory:W1:C1", "requester": "ada",
        "goal": "Compare the offers.", "title": "Compare the offers.",
        "status": Status.running, "cap": Decimal(2), "created_at": AT, "updated_at": AT,
    }  # fmt: skip
    return Mission.model_validate(base | more)


def brief(**more: Any) -> Brief:
    asked = Requirement(id="R1", text="Compare the offers", quote="Compare the offers")
    base: dict[str, Any] = {"version": 1, "goal": "g", "requirements": (asked,), "now": AT}
    return Brief.model_validate(base | more)


def task(name: str, *needs: str, **more: Any) -> Task:
    base: dict[str, Any] = {
        "id": name, "title": f"Do {name}", "instructions": f"Work on {name}",
        "specialist": "writer", "depends_on": needs, "covers": ("R1",),
        "criteria": (Criterion(id="C1", text="It is there"),),
    }  # fmt: skip
    return Task.model_validate(base | more)


def plan(*tasks: Task, **more: Any) -> Plan:
    base: dict[str, Any] = {"version": 1, "summary": "s", "tasks": tasks, "settled": True}
    return Plan.model_validate(base | more)


def record(*tasks: Task, **more: Any) -> Record:
    """A mission whose plan has these tasks and was approved."""
    base: dict[str, Any] = {"mission": mission(), "brief": brief()}
    if tasks:
        base |= {"plans": (plan(*tasks),), "gates": (gate(GateKind.plan, outcome=Verb.approve),)}
    return Record.model_validate(base | more)


def gate(kind: GateKind, name: str = "", **more: Any) -> Gate:
    """An open gate; closed when it has an `outcome`."""
    version = more.get("version", 1)
    base: dict[str, Any] = {
        "id": f"g-{name or kind.value}-{version}", "mission": "m1", "kind": kind,
        "name": name or f"{kind.value}:{version}", "subject": "s", "version": version,
        "opened_at": AT, "expires_at": AT + timedelta(days=7),
    }  # fmt: skip
    if more.get("outcome"):
        base["closed_at"] = AT
    return Gate.model_validate(base | more)


def decision(person: Person, verb: Verb, gate_id: str = "g", **more: Any) -> Decision:
    return Decision(gate=gate_id, person=person.id, name=person.name, verb=verb, at=AT, **more)


def attempt(name: str, number: int, fingerprint: str, **more: Any) -> Attempt:
    base: dict[str, Any] = {
        "mission": "m1", "task": name, "number": number, "fingerprint": fingerprint,
        "plan_version": 1, "status": AttemptStatus.done, "started_at": AT,
        "output": Output(text=f"{name}.{number}"),
    }  # fmt: skip
    return Attempt.model_validate(base | more)


def verdict(name: str, number: int, *, met: bool = True, feedback: str = "more") -> Verdict:
    row = CriterionVerdict(criterion="C1", text="It is there", met=met, feedback=feedback)
    return Verdict(task=name, attempt=number, reviewer="r", rows=(row,), at=AT)


def guidance(number: int, tasks: Iterable[str], text: str = "shorter", **more: Any) -> Guidance:
    return Guidance(number=number, tasks=tuple(tasks), text=text, by="Ada", at=AT, **more)


def artifact(made_from: Iterable[tuple[str, int, str]], **more: Any) -> Artifact:
    base: dict[str, Any] = {
        "version": 1, "title": "t", "answer": ("a",), "body": "b", "plan_version": 1,
        "made_from": tuple(made_from), "at": AT,
    }  # fmt: skip
    return Artifact.model_validate(base | more)


def but(record_: Record, **changes: Any) -> Record:
    """The record with other values."""
    return record_.model_copy(update=changes)


def plus(record_: Record, **more: Any) -> Record:
    """The record with one more of each: `plus(r, attempts=a, verdicts=v)`."""
    added: Mapping[str, Any] = {k: (*getattr(record_, k), v) for k, v in more.items()}
    return record_.model_copy(update=added)


def replaced(record_: Record, new: Attempt) -> Record:
    """The record with this attempt in place of the one with its number."""
    key = (new.task, new.number)
    kept = tuple(new if (a.task, a.number) == key else a for a in record_.attempts)
    return but(record_, attempts=kept)
