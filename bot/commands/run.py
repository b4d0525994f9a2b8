"""Missions from the shell: the same graph, a terminal or a script in place of a chat."""

import asyncio
import mimetypes
import shlex
from collections.abc import AsyncGenerator, Coroutine
from contextlib import asynccontextmanager
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from bot.app import SHELL, App
from bot.commands import plans, results
from bot.commands.ctrl_c import at_press
from bot.commands.errors import (
    APPROVED,
    NEEDS_PERSON,
    NOT_APPROVED,
    SHORT,
    STOPPED,
    Misuse,
)
from bot.commands.person import ME, said
from bot.commands.results import Written
from bot.commands.script import Script
from bot.commands.short import falls_short
from bot.domain.base import Frozen, Refused
from bot.domain.gate import Gate, GateKind, Verb
from bot.domain.mission import Attachment, Mission, Question, Status
from bot.domain.record import Record
from bot.missions import NewMission, Said, new_id
from bot.settings import Settings
from handlers.asks import is_one_word

MAX_FILE = 50 * 1024 * 1024
POLL_SECONDS = 0.2
STOP_SECONDS = 20.0
"""How long a mission may take to end in order after Ctrl-C."""


class Order(Frozen):
    """What the command line asks for: a goal, a plan, or a mission that is there already."""

    goal: str = ""
    files: tuple[Path, ...] = ()
    plan: Path | None = None
    mission: str = ""
    approve: bool = False
    out: Path | None = None
    lines: bool = False
    cap: float | None = None
    offline: bool = False


class Face(Protocol):
    """What stands in place of a chat."""

    async def show(self, record: Record) -> None:
        """What has happened so far."""
        ...

    async def decide(self, record: Record, gate: Gate) -> Said | None:
        """Ask; None when nobody is there to say."""
        ...

    async def say(self, text: str) -> None: ...

    async def waits(self, record: Record) -> None:
        """A person is needed and nobody is there."""
        ...

    async def end(self, record: Record, written: Written | None) -> None: ...

    def close(self) -> None:
        """Leave nothing half drawn."""
        ...


# -- run -------------------------------------------------------------------------------------------


async def run_mission(settings: Settings, order: Order) -> int:
    """Run one mission to its end; gives the exit code. Raises Refused."""
    await _possible(settings, order)
    async with _working(settings, order) as (app, mine):
        mission = await _begin(app, order, mine)
        face = _face(app, mission, order)
        stop = asyncio.Event()
        with at_press(stop.set):
            try:
                code = await _follow(app, mission.id, face, order, stop)
                return await _ended(app, mission.id, face, order, code)
            finally:
                face.close()


async def _possible(settings: Settings, order: Order) -> None:
    """What can be seen to fail before anything starts. Raises Misuse."""
    if order.plan is not None:
        cap = Decimal(str(order.cap)) if order.cap else settings.mission_cap
        await plans.check(order.plan, plans.read(order.plan), cap)
    elif not order.mission and not order.files and is_one_word(order.goal.strip()):
        raise Misuse(f"“{order.goal}” alone does not tell enough. Say it in a sentence or two.")
    if order.out is not None:
        results.must_be_free(order.out, order.mission)


@asynccontextmanager
async def _working(settings: Settings, order: Order) -> AsyncGenerator[tuple[App, set[str]]]:
    """The App, which advances the missions in the set and no other."""
    mine: set[str] = set()
    app = await App.open(settings, only=mine)
    try:
        earlier = await app.store.mission(order.mission) if order.mission else None
        await _work(app, offline=order.offline, earlier=earlier)
        yield app, mine
    finally:
        await app.close()


async def _work(app: App, *, offline: bool, earlier: Mission | None) -> None:
    """Start the engine. What began offline stays offline: nobody agreed to send it anywhere."""
    graphs = await asyncio.to_thread(import_module, "graphs.start")
    local = await graphs.models(app.settings, app.store, only_offline=True)
    if offline or (earlier is not None and earlier.models == local.label):
        await app.work(models=local)
    else:
        await app.work()


def _face(app: App, mission: Mission, order: Order) -> Face:
    if order.lines:
        return Script(app, mission)
    from bot.commands.terminal import Terminal

    return Terminal(app, mission)


async def _begin(app: App, order: Order, mine: set[str]) -> Mission:
    mission = await (_there(app, order.mission) if order.mission else _start(app, order))
    mine.add(mission.id)
    await app.engine.wake(mission.id)
    return mission


async def _there(app: App, name: str) -> Mission:
    """A mission that was begun before. Raises Refused when it is not ours to decide."""
    mission = await app.store.mission(name)
    if mission is None:
        raise Refused(f"There is no mission “{name}” here. `concertmaster list` shows them.")
    if mission.workspace != ME.workspace:
        raise Refused("That mission belongs to a team: decide about it where it was asked for.")
    return mission


async def _start(app: App, order: Order) -> Mission:
    given = plans.read(order.plan) if order.plan else None
    goal = order.goal or (given.goal if given else "")
    if not goal.strip():
        raise Misuse('The plan file names no goal. Say it: run "…" --plan FILE.')
    key = new_id("shell")
    return await app.missions.start(
        NewMission(
            key=key, place=f"{SHELL}local:{key}", person=ME, goal=goal,
            attachments=tuple([await _attach(app, path) for path in order.files]),
            cap=Decimal(str(order.cap)) if order.cap else None,
            plan=given.plan if given else None,
            requirements=given.requirements if given else (),
        )
    )  # fmt: skip


async def _attach(app: App, path: Path) -> Attachment:
    try:
        data = await asyncio.to_thread(_bytes, path)
    except OSError as error:
        raise Misuse(f"{path} cannot be read: {error.strerror}.") from None
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    sha256 = await app.files.put(data)
    return Attachment(name=path.name, media_type=kind, size=len(data), sha256=sha256)


def _bytes(path: Path) -> bytes:
    size = path.stat().st_size
    if size > MAX_FILE:
        raise Misuse(
            f"{path.name} is {size / 1024 / 1024:.0f} MB; at most 50 MB can be attached. "
            "Send a part of it."
        )
    return path.read_bytes()


# -- follow ----------------------------------------------------------------------------------------


async def _follow(app: App, name: str, face: Face, order: Order, stop: asyncio.Event) -> int:
    """Show what happens and decide what is asked, until the end; gives the exit code."""
    left: set[str] = set()
    while True:
        record = await _record(app, name)
        if record.mission.status.ended:
            await face.show(record)
            return APPROVED if record.mission.status is Status.done else NOT_APPROVED
        if stop.is_set():
            return await _stop(app, name, face)
        await face.show(record)
        gate = next((g for g in record.open_gates if g.id not in left), None)
        if gate is not None:
            await _at(app, record, gate, face, order, left, stop)
        elif (left or record.paused) and await _rests(app, name):
            await face.waits(record)
            return _waiting(record)
        else:
            await _unless(stop, asyncio.sleep(POLL_SECONDS))


def _waiting(record: Record) -> int:
    """Why it waits, as an exit code: for a person's word, or since the work fell short."""
    short = any(falls_short(record, gate) for gate in record.open_gates)
    return SHORT if short else NEEDS_PERSON


async def _at(
    app: App, record: Record, gate: Gate, face: Face, order: Order, left: set[str],
    stop: asyncio.Event,
) -> None:  # fmt: skip
    """Decide at one gate; without anybody to decide it is left, and the other tasks run on."""
    said_ = approval(gate, record) if order.approve else None
    if said_ is not None and gate.kind is GateKind.question:
        await face.say(defaults(gate))
    if said_ is None:
        said_ = await _unless(stop, face.decide(record, gate))
    if stop.is_set():
        return
    if said_ is None:
        left.add(gate.id)
        return
    reply = await app.missions.decide(said_)
    if reply.kind in {"refused", "stale"}:
        await face.say(reply.text)


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, Any]) -> Any:
    """The result of the work; None when the person pressed Ctrl-C before there was one."""
    task, halt = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, halt}, return_when=asyncio.FIRST_COMPLETED)
        return task.result() if task.done() else None
    finally:
        halt.cancel()
        task.cancel()
        await asyncio.gather(task, halt, return_exceptions=True)


async def _rests(app: App, name: str) -> bool:
    """True when nothing of it is under way here or could be."""
    return app.engine.busy == 0 and (await _paused(app, name) or await _seen(app, name))


async def _paused(app: App, name: str) -> bool:
    return (await _record(app, name)).paused


async def _seen(app: App, name: str) -> bool:
    return name not in await app.store.runnable()


def approval(gate: Gate, record: Record) -> Said | None:
    """`--approve all`: yes to plans and results, and the stated default for questions.

    It raises no cap, uses no output that the reviewer refused, leaves nothing out and takes no
    result in which a requirement is not met: those would be decisions, so a person is needed.
    """
    if falls_short(record, gate):
        return None
    match gate.kind:
        case GateKind.plan | GateKind.artifact:
            return said(gate, Verb.approve)
        case GateKind.question:
            return said(gate, Verb.answer)
        case _:
            return None


def defaults(gate: Gate) -> str:
    """The questions of a gate with the answers that are taken when nobody gives one."""
    asked = (Question.model_validate(q) for q in gate.data.get("questions", ()))
    return "\n".join(f"{q.text} Taken: {q.default or 'no answer'}" for q in asked)


async def _record(app: App, name: str) -> Record:
    record = await app.store.record(name)
    if record is None:
        raise Refused("That mission is not here any more: it was forgotten.")
    return record


async def _ended(app: App, name: str, face: Face, order: Order, code: int) -> int:
    """The last words, with the result in its folder."""
    if code in {NEEDS_PERSON, SHORT}:
        return code
    record = await _record(app, name)
    written: Written | None = None
    if code == APPROVED and order.out is not None and record.artifact is not None:
        face.close()
        written = await results.write(app, name, record.artifact, order.out)
    await face.end(record, written)
    return code


# -- Ctrl-C ----------------------------------------------------------------------------------------


async def _stop(app: App, name: str, face: Face) -> int:
    """Stop the mission in order: what is finished is kept."""
    await face.say("Stopping. What is finished is kept. Ctrl-C again leaves at once.")
    await _stopped(app, name)
    record = await _record(app, name)
    if record.mission.status.ended:
        await face.show(record)
    return STOPPED


async def _stopped(app: App, name: str) -> None:
    """Stop it, and wait until it has ended."""
    await app.missions.stop(new_id("k"), ME, name)
    until = app.store.clock().timestamp() + STOP_SECONDS
    while app.store.clock().timestamp() < until:
        if (await _record(app, name)).mission.status.ended:
            return
        await asyncio.sleep(POLL_SECONDS)


# -- plan ------------------------------------------------------------------------------------------


async def write_plan(settings: Settings, order: Order, out: Path) -> int:
    """Plan, challenge and lint; write the plan and end the mission. Gives the exit code."""
    await _possible(settings, order)
    if out.exists():  # noqa: ASYNC240  nothing else runs yet
        raise Misuse(f"{out} exists already and is left as it is. Name another file with --out.")
    if not out.parent.is_dir():
        raise Misuse(f"There is no folder {out.parent}. Name another file with --out.")
    async with _working(settings, order) as (app, mine):
        mission = await _begin(app, order, mine)
        face = _face(app, mission, order)
        stop = asyncio.Event()
        with at_press(stop.set):
            try:
                record = await _planned(app, mission.id, face, stop)
                return await _keep(record, face, order, out) if record else STOPPED
            finally:
                face.close()
                await _stopped(app, mission.id)


async def _planned(app: App, name: str, face: Face, stop: asyncio.Event) -> Record | None:
    """The record once it has a plan, or something in the way of one; None after Ctrl-C."""
    while not stop.is_set():
        record = await _record(app, name)
        await face.show(record)
        for gate in record.open_gates:
            if gate.kind is GateKind.question:
                await app.missions.decide(said(gate, Verb.answer))
        if any(g.kind is not GateKind.question for g in record.open_gates):
            return record
        if record.mission.status.ended or (record.paused and await _rests(app, name)):
            return record
        await _unless(stop, asyncio.sleep(POLL_SECONDS))
    return None


async def _keep(record: Record, face: Face, order: Order, out: Path) -> int:
    plan = record.plan
    if plan is None or not plan.settled or record.brief is None:
        why = next((str(g.data["why"]) for g in record.open_gates if g.data.get("why")), "")
        raise Refused(why or "No plan could be made: everything is paused by the operator.")
    try:
        await asyncio.to_thread(out.write_text, plans.text(record), "utf-8")
    except OSError as error:
        raise Refused(f"{out} could not be written: {error.strerror}.") from None
    tasks = "1 task" if len(plan.tasks) == 1 else f"{len(plan.tasks)} tasks"
    again = shlex.join(["--plan", str(out), *(w for f in order.files for w in ("--file", str(f)))])
    await face.say(f"Wrote {tasks} to {out}. Run it: concertmaster run {again}")
    return APPROVED
