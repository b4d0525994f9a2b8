"""A team that plays its parts: every purpose has a sensible answer, and a test changes one.

script = Script(task("T1"), task("T2", "T1"))
script.says("review", "T1", unmet("More detail, please"), ...)
async with script.held("work", "T2"): ...
"""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, NamedTuple

from graphs.models.scripted import Reply, ScriptedModel

Answer = Reply | Callable[[dict[str, Any]], Reply]
"""A reply, or a function of the question's data that gives one."""


class Heard(NamedTuple):
    """One question that reached the model. `task` is empty when it is about no single one."""

    purpose: str
    task: str
    data: dict[str, Any]


def task(key: str, *needs: str, **more: Any) -> dict[str, Any]:
    """A task of the planner's draft, valid by default."""
    return {
        "key": key, "title": f"Do {key}", "instructions": f"Work on {key}.",
        "specialist": "writer", "depends_on": list(needs), "covers": ["R1"],
        "criteria": [{"text": f"{key} says what it found"}], **more,
    }  # fmt: skip


def call(tool: str, **args: Any) -> Reply:
    """A tool call in place of an answer."""
    from langchain_core.messages import AIMessage

    return AIMessage("", tool_calls=[{"name": tool, "args": args, "id": f"call-{tool}"}])


def unmet(feedback: str) -> Callable[[dict[str, Any]], Reply]:
    """A review that finds every criterion unmet."""

    def review(data: dict[str, Any]) -> Reply:
        rows = [
            {"criterion": c["id"], "met": False, "feedback": feedback} for c in data["criteria"]
        ]
        return {"rows": rows}

    return review


def missing(requirement: str, *tasks: str) -> Callable[[dict[str, Any]], Reply]:
    """A review of the whole that finds one requirement missing, through the fault of `tasks`."""

    def review(data: dict[str, Any]) -> Reply:
        rows = whole(data)["rows"]
        lost = {"requirement": requirement, "met": False, "note": "Not there", "tasks": [*tasks]}
        return {"rows": [lost if r["requirement"] == requirement else r for r in rows]}

    return review


class Script:
    """Answers by purpose. `heard` keeps every question in the order of arrival.

    `most` is how many questions to workers were open at once, at most.
    """

    def __init__(
        self, *tasks: Mapping[str, Any], requirements: Sequence[str] = ("Count the calls",)
    ) -> None:
        self.tasks = tasks or (task("T1"), task("T2", "T1"))
        self.requirements = requirements
        self.heard: list[Heard] = []
        self.model = ScriptedModel(script=self._answer)
        self._queued: defaultdict[tuple[str, str], deque[Answer]] = defaultdict(deque)
        self._always: dict[tuple[str, str], Answer] = {}
        self._held: dict[tuple[str, str], asyncio.Event] = {}
        self._arrived = asyncio.Condition()
        self.most = 0
        self._now = 0

    # -- what a test changes -------------------------------------------------------------------

    def says(self, purpose: str, about: str = "", *answers: Answer) -> "Script":
        """These answers, in order, to questions of a purpose about one task; then the usual."""
        self._queued[purpose, about].extend(answers)
        return self

    def always(self, purpose: str, about: str, answer: Answer) -> "Script":
        """This answer each time."""
        self._always[purpose, about] = answer
        return self

    @asynccontextmanager
    async def held(self, purpose: str, *about: str) -> AsyncGenerator[None]:
        """These questions get no answer while the block runs."""
        let_go = asyncio.Event()
        keys = [(purpose, name) for name in about or ("",)]
        self._held |= dict.fromkeys(keys, let_go)
        try:
            yield
        finally:
            for key in keys:
                self._held.pop(key, None)
            let_go.set()

    async def asked(self, purpose: str, about: str = "", times: int = 1) -> None:
        """Wait until such a question has arrived so often."""
        async with self._arrived, asyncio.timeout(20):
            await self._arrived.wait_for(lambda: self.count(purpose, about) >= times)

    def count(self, purpose: str, about: str | None = None) -> int:
        """How many questions of a purpose arrived, about one task when it is named."""
        return sum(h.purpose == purpose and about in (None, h.task) for h in self.heard)

    def last(self, purpose: str, about: str = "") -> dict[str, Any]:
        """The data of the newest such question."""
        return [h.data for h in self.heard if (h.purpose, h.task) == (purpose, about)][-1]

    # -- the model ---------------------------------------------------------------------------------

    async def _answer(self, purpose: str, data: dict[str, Any]) -> Reply:
        about = data["task"]["id"] if "task" in data else ""
        async with self._arrived:
            self.heard.append(Heard(purpose, about, json.loads(json.dumps(data))))
            self._arrived.notify_all()
        async with self._counted(purpose):
            if (purpose, about) in self._held:
                await self._held[purpose, about].wait()
        answer = self._chosen((purpose, about))
        if answer is None:
            return self._usual(purpose, data)
        return answer(data) if callable(answer) else answer

    @asynccontextmanager
    async def _counted(self, purpose: str) -> AsyncGenerator[None]:
        at_work = purpose == "work"
        self._now += at_work
        self.most = max(self.most, self._now)
        try:
            yield
            await asyncio.sleep(0)
        finally:
            self._now -= at_work

    def _chosen(self, key: tuple[str, str]) -> Answer | None:
        return self._queued[key].popleft() if self._queued[key] else self._always.get(key)

    def _usual(self, purpose: str, data: dict[str, Any]) -> Reply:
        match purpose:
            case "intake":
                return intake(data, self.requirements)
            case "plan":
                return self.plan(data)
            case "critique":
                return {"findings": []}
            case _:
                return USUAL[purpose](data)

    def plan(self, data: dict[str, Any], **more: Any) -> dict[str, Any]:
        """The plan of this script's tasks; every finding counts as fixed."""
        answers = [
            {"finding": f["id"], "verdict": "fixed", "because": "Seen to"} for f in data["findings"]
        ]
        tasks = [dict(t) for t in self.tasks]
        return {"summary": "The plan", "tasks": tasks, "answers": answers, **more}


def intake(data: dict[str, Any], requirements: Sequence[str], **more: Any) -> dict[str, Any]:
    """A brief with these requirements, which quote the whole goal."""
    quote = data["goal"][:200]
    asked = [{"text": text, "quote": quote} for text in requirements]
    return {"title": "A mission", "requirements": asked, **more}


def work(data: dict[str, Any]) -> dict[str, Any] | str:
    """An output that names its task, its inputs and what it was told."""
    said = [f"{data['task']['id']} found {len(data['inputs'])} inputs."]
    said += [f"Heard: {text}" for text in (*data["guidance"], data["feedback"]) if text]
    return "\n".join(said)


def review(data: dict[str, Any]) -> dict[str, Any]:
    """Every criterion is met, with the first line of the output as evidence."""
    quote = data["output"]["text"].splitlines()[0]
    return {
        "rows": [{"criterion": c["id"], "met": True, "evidence": quote} for c in data["criteria"]]
    }


def assemble(data: dict[str, Any]) -> dict[str, Any]:
    """The outputs, one after the other."""
    body = "\n\n".join(f"## {o['title']}\n{o['text']}" for o in data["outputs"])
    return {"title": "The result", "answer": ["It is done."], "body": body}


def whole(data: dict[str, Any]) -> dict[str, Any]:
    """Every requirement is met, with the answer as evidence."""
    rows = [
        {"requirement": r["id"], "met": True, "evidence": data["artifact"]["answer"][0]}
        for r in data["requirements"]
    ]
    return {"rows": rows}


def redo(data: dict[str, Any]) -> dict[str, Any]:
    """The person's words go to the last task."""
    return {"tasks": [{"task": data["tasks"][-1]["id"], "guidance": data["words"]}]}


USUAL: Mapping[str, Callable[[dict[str, Any]], Reply]] = {
    "work": work, "review": review, "assemble": assemble, "whole": whole, "redo": redo,
}  # fmt: skip
