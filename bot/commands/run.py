"""Missions from the shell: the same graph, a terminal or a script in place of a chat."""

import asyncio
import json
import mimetypes
import re
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from bot import presenter
from bot.app import App
from bot.cards import Card
from bot.documents.export import export
from bot.domain.artifact import Artifact
from bot.domain.base import Frozen, Refused
from bot.domain.board import Board
from bot.domain.gate import LABELS, Gate, GateKind, Verb
from bot.domain.mission import Attachment, Mission, Person, Requirement, Status
from bot.domain.plan import Plan
from bot.domain.record import Record
from bot.missions import NewMission, Said, new_id
from bot.settings import Settings

MAX_FILE = 50 * 1024 * 1024
POLL_SECONDS = 0.1
APPROVED, NOT_APPROVED, NEEDS_PERSON = 0, 1, 3
ME = Person(workspace="local", id="you", name="You")


class Order(Frozen):
    """What the command line asks for."""

    goal: str
    files: tuple[Path, ...] = ()
    plan: Path | None = None
    approve: bool = False
    out: Path | None = None
    lines: bool = False
    cap: float | None = None
    offline: bool = False


class PlanFile(Plan):
    """A plan on disk: the Plan, with the goal and the requirements that it covers."""

    version: int = 1
    goal: str = ""
    requirements: tuple[Requirement, ...] = ()


# -- run -------------------------------------------------------------------------------------------


async def run_mission(settings: Settings, order: Order) -> int:
    """Run one mission to its end; gives the exit code. Raises Refused."""
    async with _working(settings, order) as app:
        mission = await _start(app, order)
        face = Script(app, mission) if order.lines else Terminal(app, mission)
        code = await _follow(app, mission.id, face, order)
        if code == APPROVED and order.out is not None:
            await _write(app, mission.id, order.out)
        return code


@asynccontextmanager
async def _working(settings: Settings, order: Order) -> AsyncGenerator[App]:
    app = await App.open(settings)
    try:
        if order.offline:
            graphs = await asyncio.to_thread(import_module, "graphs.start")
            models = await graphs.models(settings, app.store, only_offline=True)
            await app.work(models=models)
        else:
            await app.work()
        yield app
    finally:
        await app.close()


async def _start(app: App, order: Order) -> Mission:
    given = read_plan(order.plan) if order.plan else None
    goal = order.goal or (given.goal if given else "")
    if not goal.strip():
        raise Refused('The plan file names no goal. Say it: run "…" --plan FILE.')
    plan = (
        Plan.model_validate(given.model_dump(exclude={"goal", "requirements"})) if given else None
    )
    key = new_id("shell")
    return await app.missions.start(
        NewMission(
            key=key, place=f"shell:local:{key}", person=ME, goal=goal,
            attachments=tuple([await _attach(app, path) for path in order.files]),
            cap=Decimal(str(order.cap)) if order.cap else None, plan=plan,
            requirements=given.requirements if given else (),
        )
    )  # fmt: skip


async def _attach(app: App, path: Path) -> Attachment:
    size = (await asyncio.to_thread(path.stat)).st_size
    if size > MAX_FILE:
        raise Refused(
            f"{path.name} is {size / 1024 / 1024:.0f} MB; at most 50 MB can be attached. "
            "Send a part of it."
        )
    data = await asyncio.to_thread(path.read_bytes)
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    sha256 = await app.files.put(data)
    return Attachment(name=path.name, media_type=kind, size=len(data), sha256=sha256)


def read_plan(path: Path) -> PlanFile:
    """A plan from YAML. Raises Refused, naming the first thing that is wrong."""
    try:
        return PlanFile.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Refused(f"{path.name} is not YAML: {str(error).splitlines()[0]}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise Refused(f"{path.name} is not a plan: {where}: {first['msg']}.") from None


async def _follow(app: App, mission: str, face: "Script | Terminal", order: Order) -> int:
    """Show what happens and decide what is asked, until the end."""
    done: set[str] = set()
    while True:
        record = await _record(app, mission)
        await face.show(record)
        if record.mission.status.ended:
            return await face.end(record)
        for gate in [g for g in record.open_gates if g.id not in done]:
            done.add(gate.id)
            said = _approval(gate, record) if order.approve else await face.decide(record, gate)
            if said is None:
                await face.waits(record, gate)
                return NEEDS_PERSON
            reply = await app.missions.decide(said)
            if reply.kind in {"refused", "stale"}:
                done.discard(gate.id)
                await face.say(reply.text)
        await asyncio.sleep(POLL_SECONDS)


async def _record(app: App, mission: str) -> Record:
    record = await app.store.record(mission)
    if record is None:
        raise Refused("That mission is not here any more.")
    return record


def _approval(gate: Gate, record: Record) -> Said:
    """`--approve all`: yes to plans and results; a default for questions; a stop when stuck.

    It raises no cap and uses no output that the reviewer refused: those would be decisions.
    """
    verb = {
        GateKind.plan: Verb.approve, GateKind.artifact: Verb.approve,
        GateKind.question: Verb.answer, GateKind.blocked: Verb.cancel,
        GateKind.budget: Verb.cancel,
    }[gate.kind]  # fmt: skip
    return _said(gate, verb)


def _said(gate: Gate, verb: Verb, words: str = "", **data: Any) -> Said:
    return Said(
        key=f"shell:{gate.id}:{new_id('k')}", person=ME, gate=gate.id, verb=verb,
        version=gate.version, words=words, data=data,
    )  # fmt: skip


# -- faces -----------------------------------------------------------------------------------------


class Script:
    """For programs: each event is one JSON line on stdout, the result is the last one."""

    def __init__(self, app: App, mission: Mission) -> None:
        self.app, self.mission, self.seen = app, mission, 0

    async def show(self, record: Record) -> None:
        for event in await self.app.store.events(self.mission.id, self.seen):
            self.seen = event.number
            self._print(event.model_dump(mode="json"))

    async def decide(self, record: Record, gate: Gate) -> Said | None:
        return None

    async def say(self, text: str) -> None:
        self._print({"kind": "said", "mission": self.mission.id, "text": text})

    async def waits(self, record: Record, gate: Gate) -> None:
        verbs = [v.value for v in gate.verbs]
        self._print(
            {"kind": "waits", "mission": self.mission.id, "gate": gate.name, "verbs": verbs}
        )

    async def end(self, record: Record) -> int:
        await self.show(record)
        mission, artifact = record.mission, record.artifact
        done = mission.status is Status.done
        self._print(
            {
                "kind": "result", "mission": mission.id, "status": mission.status.value,
                "reason": mission.reason,
                "artifact": artifact.model_dump(mode="json") if artifact else None,
            }
        )  # fmt: skip
        return APPROVED if done else NOT_APPROVED

    def _print(self, line: dict[str, Any]) -> None:
        sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
        sys.stdout.flush()


class Terminal:
    """For people: a checklist that moves, cards to read, and questions to answer."""

    def __init__(self, app: App, mission: Mission) -> None:
        from rich.console import Console
        from rich.live import Live

        self.app, self.mission = app, mission
        self.console = Console(stderr=not sys.stdout.isatty())
        self.live = Live(console=self.console, refresh_per_second=8, transient=True)

    async def show(self, record: Record) -> None:
        if not self.live.is_started:
            self.live.start()
        self.live.update(checklist(record))

    async def decide(self, record: Record, gate: Gate) -> Said | None:
        self.live.stop()
        card = presenter.card(record, gate.name, self.app.store.clock())
        if card is not None:
            self._read(card)
        if not sys.stdin.isatty():
            return None
        return await asyncio.to_thread(self._choose, gate, card)

    def _choose(self, gate: Gate, card: Card | None) -> Said:
        from rich.prompt import Prompt

        names = {LABELS[v].lower(): v for v in gate.verbs}
        said = Prompt.ask("Your decision", choices=list(names), console=self.console)
        verb = names[said]
        if verb is Verb.answer:
            answers = {
                q["id"]: Prompt.ask(q["text"], default=q["default"] or None, console=self.console)
                for q in gate.data["questions"]
            }
            return _said(gate, verb, answers=answers)
        words = ""
        if verb in {Verb.revise, Verb.retry}:
            words = Prompt.ask("What should change?", default="", console=self.console)
        return _said(gate, verb, words)

    def _read(self, card: Card) -> None:
        from rich.markdown import Markdown
        from rich.panel import Panel

        lines = [card.text, *(f"**{k}:** {v}" for k, v in card.fields)]
        lines += [f"- **{t.id}** {t.title} ({t.who})" for t in card.tasks]
        lines += [f"\n### {s.heading}\n{s.text}" for s in card.sections]
        text = "\n\n".join(part for part in (*lines, card.body, card.footer) if part)
        self.console.print(Panel(Markdown(text), title=card.title, title_align="left"))

    async def say(self, text: str) -> None:
        self.console.print(text)

    async def waits(self, record: Record, gate: Gate) -> None:
        self.live.stop()
        self.console.print(
            f"It waits for your decision ({gate.name}). Nothing is lost: run this in a terminal, "
            "or pass --approve all."
        )

    async def end(self, record: Record) -> int:
        self.live.stop()
        artifact = record.artifact
        if record.mission.status is Status.done and artifact is not None:
            self._result(artifact)
            return APPROVED
        self.console.print(record.mission.reason or "It ended without an approved result.")
        return NOT_APPROVED

    def _result(self, artifact: Artifact) -> None:
        if sys.stdout.isatty():
            from rich.markdown import Markdown

            self.console.print(Markdown(artifact.body))
            return
        sys.stdout.write(artifact.body + "\n")


def checklist(record: Record) -> Any:
    """The plan with the state of each task, for a terminal."""
    from rich.table import Table

    table = Table(title=record.mission.title, box=None, title_justify="left", show_header=False)
    if record.plan is None or not record.plan.settled:
        table.add_row("…", "planning")
        return table
    for view in Board.of(record).views:
        table.add_row(view.task.id, view.state.value, view.task.title)
    return table


# -- files -----------------------------------------------------------------------------------------


async def _write(app: App, mission: str, folder: Path) -> None:
    """The artifact as Markdown and HTML, its files beside it."""
    record = await _record(app, mission)
    artifact = record.artifact
    assert artifact is not None
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    files = {f.name: await app.files.get(f.sha256) for f in artifact.files}
    name = slug(artifact.title)
    for kind in ("md", "html"):
        data = await export(app.workers, artifact.body, artifact.title, kind, files=files)
        await asyncio.to_thread((folder / f"{name}.{kind}").write_bytes, data)
    for file, data in files.items():
        await asyncio.to_thread((folder / Path(file).name).write_bytes, data)
    account = artifact.model_dump_json(indent=2, exclude={"body"})
    await asyncio.to_thread((folder / "artifact.json").write_text, account, "utf-8")


def slug(title: str) -> str:
    """A title as a file name."""
    return re.sub(r"[^\w-]+", "-", title.lower()).strip("-")[:60] or "artifact"


# -- plan ------------------------------------------------------------------------------------------


async def write_plan(settings: Settings, order: Order, out: Path) -> int:
    """Plan, challenge and lint; write the plan and end the mission. Gives the exit code."""
    async with _working(settings, order) as app:
        mission = await _start(app, order)
        while True:
            record = await _record(app, mission.id)
            gates = [g for g in record.open_gates if g.kind is not GateKind.question]
            for gate in record.open_gates:
                if gate.kind is GateKind.question:
                    await app.missions.decide(_said(gate, Verb.answer))
            if gates or record.mission.status.ended:
                break
            await asyncio.sleep(POLL_SECONDS)
        code = await _keep_plan(record, out)
        await app.missions.stop(new_id("k"), ME, mission.id)
        return code


async def _keep_plan(record: Record, out: Path) -> int:
    plan = record.plan
    if plan is None or not plan.settled or record.brief is None:
        gate = next(iter(record.open_gates), None)
        raise Refused(str(gate.data.get("why", "")) if gate else "No plan could be made.")
    body = {
        "goal": record.brief.goal,
        "requirements": [r.model_dump(mode="json") for r in record.brief.requirements],
        **plan.model_dump(mode="json", exclude={"heard", "round", "critiqued", "settled"}),
    }
    text = yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=100)
    await asyncio.to_thread(out.write_text, text, "utf-8")
    sys.stderr.write(f"Wrote {len(plan.tasks)} tasks to {out}.\n")
    return 0
