"""Where a mission goes next: a pure function of its rows.

The graph asks this at its start and after each node, so it never matters which process, which
checkpoint or which version of the graph brought the mission here.
"""

from enum import StrEnum

from bot.domain.board import Board
from bot.domain.gate import Gate, GateKind, Verb
from bot.domain.mission import Brief
from bot.domain.record import Record

MAX_REPAIRS = 2
"""How often the review of the whole may send tasks back before the person sees what is missing."""


class Stage(StrEnum):
    """The nodes of the mission graph. `wait` is where a person is needed."""

    intake = "intake"
    plan = "plan"
    critique = "critique"
    wait = "wait"
    execute = "execute"
    assemble = "assemble"
    review = "review"
    revise = "revise"
    finish = "finish"
    end = "end"


def stage(record: Record) -> Stage:
    """The node that is due."""
    mission = record.mission
    if mission.status.ended:
        return Stage.end
    if mission.stop_asked or mission.cancel_asked:
        return Stage.finish
    if record.paused or any(_holds_all(g) for g in record.open_gates):
        return Stage.wait
    return _before_work(record) or _work(record)


def _holds_all(gate: Gate) -> bool:
    """A stage that failed, or the cap, stops everything; what holds one task up does not."""
    if gate.kind is GateKind.blocked:
        return not _task(gate) and not str(gate.data.get("stage", "")).startswith(REVIEW_OF)
    return gate.kind is GateKind.budget


REVIEW_OF = "review:"


def review_stage(task: str) -> str:
    """The stage that a person is asked about when a task's output could not be reviewed."""
    return f"{REVIEW_OF}{task}"


def held_up(record: Record, task: str) -> bool:
    """True while a person has not said whether to try the review of this task again."""
    return any(gate.data.get("stage") == review_stage(task) for gate in record.open_gates)


def _task(gate: Gate) -> str:
    return str(gate.data.get("task", ""))


def _before_work(record: Record) -> Stage | None:
    if record.brief is None:
        return Stage.intake
    asked = brief_gate(record, record.brief)
    if asked is not None:
        return Stage.wait if asked.open else Stage.intake
    plan = record.plan
    if plan is None:
        return Stage.plan
    if not plan.settled:
        return Stage.critique if plan.critiqued < plan.round else Stage.plan
    gate = record.gate(GateKind.plan, plan.version)
    if gate is None:
        return Stage.critique
    if gate.open:
        return Stage.wait
    return Stage.plan if gate.outcome is Verb.revise else None


def brief_gate(record: Record, brief: Brief) -> Gate | None:
    """The question about this version of the brief, whose answer makes the next version."""
    for gate in record.gates:
        if gate.kind is GateKind.question and not _task(gate) and gate.version == brief.version:
            return gate
    return None


def _work(record: Record) -> Stage:
    board = Board.of(record)
    if any(not held_up(record, action.task) for action in board.actions):
        return Stage.execute
    if not board.settled:
        return Stage.wait
    artifact = record.artifact
    if artifact is None or artifact.made_from != board.accepted:
        return Stage.assemble
    if not artifact.reviewed:
        return Stage.review
    return _after_review(record)


def _after_review(record: Record) -> Stage:
    artifact = record.artifact
    gate = record.gate(GateKind.artifact, artifact.version) if artifact else None
    if gate is None:
        return Stage.review
    if gate.open:
        return Stage.wait
    if gate.outcome is Verb.revise:
        return Stage.revise if not handled(record, gate) else Stage.assemble
    return Stage.finish


def handled(record: Record, gate: Gate) -> bool:
    """True when a person's words at this gate already became guidance."""
    return any(g.gate == gate.id for g in record.guidance)
