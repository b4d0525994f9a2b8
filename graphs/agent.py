"""An agent at work on one attempt: model turns and tool calls until it writes its answer.

Each turn and each tool result is journalled under `work:<task>:<attempt>:<step>`, so that after
a crash the same attempt goes on with the next step and pays for none twice.
"""

import asyncio
import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from pathlib import Path
from typing import Any

from bot.domain.base import writable
from bot.domain.board import Board, Run
from bot.domain.mission import Attachment as Attached
from bot.domain.plan import Task
from bot.domain.record import Record
from bot.domain.work import Fact, FileRef, Output, Source
from bot.files import placed
from bot.store.journal import Write
from graphs import gates, intake, material
from graphs.models.ask import Ask, ModelFailed, Offer
from graphs.team import tools_of
from graphs.tools import Asked, Attachment, Room, Tool, ToolResult, toolbox
from graphs.workshop import Hold, Workshop

READABLE = ("text/", "application/json")
"""Media types of earlier outputs that are read as text without conversion."""


class Question(Exception):
    """The agent must hear from a person; `number` counts its questions in this attempt."""

    def __init__(self, asked: Asked, number: int) -> None:
        super().__init__(asked.question)
        self.asked = asked
        self.number = number


@dataclass
class Notes:
    """What the tools brought up along the way: it goes into the Output beside the text."""

    facts: list[Fact] = field(default_factory=list[Fact])
    sources: list[Source] = field(default_factory=list[Source])
    files: list[str] = field(default_factory=list[str])

    def add(self, result: ToolResult) -> None:
        self.facts += result.facts
        self.sources += result.sources
        self.files += result.files


async def work(shop: Workshop, hold: Hold, record: Record, run: Run) -> Output:
    """Do the task. Raises Question, ModelFailed or OverCap."""
    agent = Agent(shop, hold, record, run)
    return await agent.run()


class Agent:
    """One attempt of one task. What it writes down is committed before its next model call."""

    def __init__(self, shop: Workshop, hold: Hold, record: Record, run: Run) -> None:
        assert record.plan is not None
        self.shop, self.hold, self.record, self.attempt = shop, hold, record, run
        self.task: Task = record.plan.by_id[run.task]
        self.who = shop.team[self.task.specialist]
        self.notes = Notes()
        self.asked = 0
        self.tools = {t.name: t for t in toolbox(tools_of(self.task, self.who))}
        self.room: Room | None = None

    @cached_property
    def folder(self) -> Path:
        return self.shop.folder_of(self.hold.mission, self.task.id, self.attempt.number)

    async def run(self) -> Output:
        data, offer = await self._data(), _offer(tuple(self.tools.values()))
        messages: list[Any] = []
        for step in range(self.shop.limits.steps):
            message = await self.shop.models.turn(self._ask(data, step), messages, offer)
            if not message.tool_calls:
                return await self._output(_text(message))
            messages.append(message)
            messages += await self._use(message.tool_calls, step)
        steps = self.shop.limits.steps
        raise ModelFailed(f"{self.task.id} did not come to an end within {steps} steps.")

    # -- what it is asked ------------------------------------------------------------------------

    def _ask(self, data: dict[str, Any], step: int) -> Ask[Any]:
        task, number = self.task, self.attempt.number
        return Ask(
            mission=self.hold.mission, key=f"work:{task.id}:{number}:{step}", purpose="work",
            tier=task.tier, system=self.who.prompt, task=task.id, attempt=number, data=data,
        )  # fmt: skip

    async def _data(self) -> dict[str, Any]:
        brief, task = self.record.brief, self.task
        assert brief is not None
        return {
            "goal": brief.goal,
            "task": {
                "id": task.id,
                "title": task.title,
                "instructions": task.instructions,
                "criteria": [{"id": c.id, "text": c.text} for c in task.criteria],
            },
            "requirements": material.requirements(brief, self.record.covers(task.id)),
            "inputs": self._inputs(),
            "attachments": await intake.shown(self.shop, brief.attachments),
            "guidance": material.guidance(self.record, task.id),
            "feedback": self.attempt.feedback,
            "house": material.house(brief),
            "answers": material.answers(brief),
            "now": brief.now.isoformat(timespec="minutes"),
            "zone": brief.zone,
        }

    def _inputs(self) -> list[dict[str, Any]]:
        views = Board.of(self.record).by_id
        return [material.output_of(views[d]) for d in self.task.depends_on if d in views]

    # -- what it may touch -----------------------------------------------------------------------

    async def _room(self) -> Room:
        """Made when the first tool is used: most of it is files on the disk."""
        brief = self.record.brief
        assert brief is not None
        inputs = self.folder.with_name("attachments")
        files = {f.name: await self._attachment(inputs, f) for f in brief.attachments if f.text}
        for made in self._made():
            files.setdefault(made.name, await self._earlier(inputs, made))
        return Room(
            folder=self.folder,
            workers=self.shop.workers,
            attachments=files,
            web=self.shop.web,
        )

    def _made(self) -> list[FileRef]:
        """The files that the tasks before it wrote."""
        views = Board.of(self.record).by_id
        before = [views[d].attempt for d in self.task.depends_on if d in views]
        return [file for a in before if a and a.output for file in a.output.files]

    async def _earlier(self, folder: Path, file: FileRef) -> Attachment:
        path = await self._placed(folder, file)
        if not file.media_type.startswith(READABLE):
            return Attachment(path=path)
        data = await asyncio.to_thread(path.read_bytes)
        return Attachment(path=path, text=data.decode(errors="replace"))

    async def _attachment(self, folder: Path, file: Attached) -> Attachment:
        text = (await self.shop.files.get(file.text)).decode() if file.text else ""
        return Attachment(path=await self._placed(folder, file), text=text)

    async def _placed(self, folder: Path, file: Attached | FileRef) -> Path:
        """The original on disk, under its hash: names from outside never become paths."""
        path = folder / f"{file.sha256}{Path(file.name).suffix.lower()[:10]}"
        return await placed(self.shop.files, file.sha256, path)

    # -- tools -----------------------------------------------------------------------------------

    async def _use(self, calls: Sequence[Any], step: int) -> list[Any]:
        """The answers to the calls of one turn, in their order."""
        from langchain_core.messages import ToolMessage

        room = self.room = self.room or await self._room()
        answers: list[Any] = []
        for number, call in enumerate(calls):
            result = await self._call(call, room, f"{self._key}:{step}.{number}")
            self.notes.add(result)
            answers.append(
                ToolMessage(
                    content=result.text,
                    tool_call_id=call["id"] or f"{step}.{number}",
                    name=call["name"],
                    status="error" if result.failed else "success",
                    artifact={
                        "data": result.data,
                        "facts": [f.model_dump(mode="json") for f in result.facts],
                    },
                )
            )
        return answers

    @property
    def _key(self) -> str:
        return f"tool:{self.task.id}:{self.attempt.number}"

    async def _call(self, call: Any, room: Room, key: str) -> ToolResult:
        tool = self.tools.get(call["name"])
        if tool is None:
            names = ", ".join(self.tools)
            return ToolResult(
                text=f"There is no tool “{call['name']}”. There are: {names}.", failed=True
            )
        kept = await self.shop.store.step(self.hold.mission, key)
        if kept is not None and kept.get("call") == _call_of(call):
            return ToolResult.model_validate(kept["result"])
        result = await self._run_tool(tool, call["args"], room)
        body = {"call": _call_of(call), "result": result.model_dump(mode="json")}
        self._journal(lambda tx: tx.put_step(self.hold.mission, key, body))
        return result

    def _journal(self, write: Write) -> None:
        self.shop.store.journals[self.hold.mission].put(write, revises=False)

    async def _run_tool(self, tool: Tool, args: Any, room: Room) -> ToolResult:
        try:
            return await tool.run(args, room)
        except Asked as asked:
            self.asked += 1
            return ToolResult(text=self._answer(asked))

    def _answer(self, asked: Asked) -> str:
        """What the person said to this question. Raises Question while they have not."""
        for gate in self.record.gates:
            mine = (gate.data.get("task"), gate.data.get("attempt"), gate.data.get("question"))
            if mine != (self.task.id, self.attempt.number, self.asked) or gate.open:
                continue
            (_, words), *_ = gates.answers(self.record, gate)
            return f"The person answered: {words}"
        raise Question(asked, self.asked)

    # -- what it made ----------------------------------------------------------------------------

    async def _output(self, text: str) -> Output:
        if not text.strip():
            raise ModelFailed(f"{self.task.id} ended without an answer.")
        files = [await self._keep(self.folder / name) for name in dict.fromkeys(self.notes.files)]
        return Output(
            text=text.strip(),
            files=tuple(files),
            sources=tuple(dict.fromkeys(self.notes.sources)),
            facts=tuple(dict.fromkeys(self.notes.facts)),
        )

    async def _keep(self, path: Path) -> FileRef:
        data = await asyncio.to_thread(path.read_bytes)
        sha = await self.shop.files.put(data)
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return FileRef(name=path.name, media_type=kind, size=len(data), sha256=sha)


@lru_cache(maxsize=256)
def _offer(tools: tuple[Tool, ...]) -> Offer:
    """The tools of an agent as models are told of them."""
    return Offer(_declared(tool) for tool in tools)


@cache
def _declared(tool: Tool) -> dict[str, Any]:
    """A tool as models are told of it."""
    schema = tool.args.model_json_schema(by_alias=True)
    told = {"name": tool.name, "description": tool.description, "parameters": schema}
    return {"type": "function", "function": told}


def _call_of(call: Any) -> dict[str, Any]:
    return {"name": call["name"], "args": call["args"]}


def _text(message: Any) -> str:
    """The words of an AI message: some providers give them in blocks."""
    content = message.content
    blocks: list[Any] = [content] if isinstance(content, str) else list(content)
    parts = (b if isinstance(b, str) else str(b.get("text", "")) for b in blocks)
    return writable("".join(parts))
