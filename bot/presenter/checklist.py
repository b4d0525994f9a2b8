"""The live checklist: every task with its state, in few words."""

from datetime import datetime
from functools import lru_cache
from typing import Literal

from bot.cards import (
    Card,
    Picture,
    TaskLine,
    Tone,
)
from bot.domain.base import counted
from bot.domain.board import Board, TaskState, TaskView
from bot.domain.gate import GateKind
from bot.domain.mission import Mission, Status
from bot.domain.plan import Plan, Risk, Task, difference
from bot.domain.record import Record
from bot.picture import plan_svg
from bot.presenter import words

WRITES = {"write_file", "chart", "join_tables"}
"""Tools that write into the mission's own folder."""


def checklist(record: Record, slot: str, plan: Plan) -> Card:
    mission, board = record.mission, Board.of(record)
    lines = _lines(record, board)
    return Card(
        mission=mission.id, slot=slot, version=plan.version, title=mission.title,
        tone=_running_tone(record), text=_progress(record, board),
        fields=words.costs(record),
        tasks=lines, picture=picture(lines),
        started_at=mission.created_at, ended_at=mission.ended_at,
        buttons=(words.stop(mission),) if _runs(mission) else (),
        footer=words.footer(record, None, f"plan v{plan.version}"),
    )  # fmt: skip


def _runs(mission: Mission) -> bool:
    """Whether there is anything to stop: a result that waits has its own buttons."""
    return not mission.status.ended and mission.status is not Status.needs_artifact_approval


def _running_tone(record: Record) -> Tone:
    status = record.mission.status
    if status is Status.done:
        return Tone.good
    if status.ended:
        return Tone.plain
    waits = [g for g in record.open_gates if g.kind is not GateKind.artifact]
    return Tone.ask if waits or record.paused else Tone.busy


def _progress(record: Record, board: Board) -> str:
    mission = record.mission
    finished = f"{board.count(TaskState.done)} of {counted(len(board.views), 'task')} finished"
    skipped = board.count(TaskState.skipped)
    finished += f", {skipped} left out" if skipped else ""
    if mission.status is Status.done:
        return f"Done. {finished}. {mission.reason}"
    if mission.status.ended:
        return f"{mission.reason or 'This mission has ended.'} {finished}; what they made is kept."
    if mission.stop_asked or mission.cancel_asked:
        return f"Stopping. {finished}."
    if record.paused:
        return f"Paused by the operator. {finished}. It goes on by itself when the pause ends."
    waits = [g for g in record.open_gates if g.kind is not GateKind.artifact]
    if waits:
        return f"{finished}. I need you: see the message below."
    if mission.status is Status.needs_artifact_approval:
        return f"{finished}. The result is below, for you to approve."
    if board.settled:
        return f"{finished}. Putting it together and holding it against what you asked for."
    return f"{finished}."


def _lines(record: Record, board: Board) -> tuple[TaskLine, ...]:
    """A line for each view, made once: a board keeps the views of what did not change, and only
    the end of the mission gives them another line.
    """
    name, lines = f"line:{record.mission.status.ended}", list[TaskLine]()
    for view in board.views:
        kept = vars(view)
        if name not in kept:
            kept[name] = line(view.task, record, view)
        lines.append(kept[name])
    return tuple(lines)


def line(task: Task, record: Record, view: TaskView | None) -> TaskLine:
    attempt = view.attempt if view else None
    return TaskLine(
        id=task.id, title=task.title, state=_state(record, view), who=task.specialist,
        tier=task.tier.value, needs=task.depends_on, covers=record.covers(task.id),
        writes=task.risk is not Risk.read or bool(WRITES & set(task.tools)),
        mark=_mark(task, record) if view is None else "",
        note=_note(record, view) if view else "", attempt=attempt.number if attempt else 0,
        started_at=attempt.started_at if attempt else None,
        ended_at=_ended(view) if view else None,
    )  # fmt: skip


def _state(record: Record, view: TaskView | None) -> str:
    if view is None:
        return ""
    if record.mission.status.ended and not view.state.settled:
        return "skipped"
    return view.state.value


def _ended(view: TaskView) -> datetime | None:
    if view.verdict is not None:
        return view.verdict.at
    return view.attempt.ended_at if view.attempt and view.state.stuck else None


def _mark(task: Task, record: Record) -> Literal["", "added", "changed"]:
    earlier = [p for p in record.plans if p.settled and record.plan and p is not record.plan]
    if not earlier or record.plan is None or task.id not in record.plan.by_id:
        return ""
    if task.id not in earlier[-1].by_id:
        return "added"
    changed = {name for name, _ in difference(earlier[-1], record.plan).changed}
    return "changed" if task.id in changed else ""


def _note(record: Record, view: TaskView) -> str:
    """Few words on what is not plain from the state."""
    if record.mission.status.ended and not view.state.settled:
        return "not finished"
    if view.state in {TaskState.failed, TaskState.blocked}:
        return _first(view.why)
    if view.state in {TaskState.ready, TaskState.running} and view.attempt:
        reworks = view.action is not None and view.why
        return f"again, because: {_first(view.why)}" if reworks else ""
    if view.state is TaskState.done and view.reused:
        return "kept from before"
    if view.state is TaskState.done and view.verdict and not view.verdict.accepted:
        return "used as it is, on your word"
    return ""


def _first(text: str) -> str:
    line = text.strip().split("\n", 1)[0].removeprefix("- ")
    return line if len(line) <= 160 else line[:157].rsplit(" ", 1)[0] + "…"


def picture(lines: tuple[TaskLine, ...]) -> Picture | None:
    """The tasks as a graph; a single one needs no picture."""
    if len(lines) < 2:
        return None
    alt = _alt(tuple([(t.id, t.needs) for t in lines]))
    return Picture(name="plan.svg", svg=plan_svg(lines), alt=alt)


@lru_cache(maxsize=128)
def _alt(graph: tuple[tuple[str, tuple[str, ...]], ...]) -> str:
    """Kept, since it stays the same while the tasks run."""
    chains = "; ".join(f"{task} after {', '.join(needs)}" for task, needs in graph if needs)
    return f"The plan as a graph: {counted(len(graph), 'task')}. {chains or 'All at once'}."


def replaced(record: Record, slot: str, version: int, by: str, plan: Plan | None) -> Card:
    mission = record.mission
    word, _, number = by.partition(":")
    return Card(
        mission=mission.id, slot=slot, version=version, title=mission.title,
        text=f"Replaced by version {number} of the {word}, below.",
        tasks=tuple(line(t, record, None) for t in plan.tasks) if plan else (),
        footer=f"{word} v{version}",
    )  # fmt: skip
