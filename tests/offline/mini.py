"""The mission graph in miniature: the offline model through every purpose, with the real tools."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from pydantic import BaseModel

from bot.documents.convert import convert
from bot.documents.worker import Workers
from bot.domain.plan import Check, HasColumns, NumbersComputed, WordLimit
from bot.domain.work import Fact, FileRef, Output, Source, mechanical
from graphs.intake import tables
from graphs.material import EXCERPT
from graphs.models.offline import OfflineModel
from graphs.schemas import (
    ArtifactDraft,
    CritiqueDraft,
    IntakeDraft,
    PlanDraft,
    RedoDraft,
    ReviewDraft,
    RowDraft,
    WholeReviewDraft,
)
from graphs.team import team
from graphs.tools import Asked, Attachment, Room, Tool, ToolResult, checks, toolbox

SCHEMAS: dict[str, type[BaseModel]] = {
    "intake": IntakeDraft, "plan": PlanDraft, "critique": CritiqueDraft, "review": ReviewDraft,
    "assemble": ArtifactDraft, "whole": WholeReviewDraft, "redo": RedoDraft,
}  # fmt: skip
MAX_STEPS = 24


@dataclass
class Made:
    """Everything that a mission made on its way."""

    intake: IntakeDraft
    plan: PlanDraft
    requirements: list[dict[str, Any]]
    outputs: dict[str, Output]
    verdicts: dict[str, list[RowDraft]]
    artifact: ArtifactDraft
    whole: WholeReviewDraft
    findings: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The whole artifact as a reader gets it."""
        return "\n".join([self.artifact.title, *self.artifact.answer, self.artifact.body])

    @property
    def unmet(self) -> list[str]:
        """What the reviews hold against it, task by task and on the whole."""
        found = [
            f"{t}: {r.criterion}: {r.feedback}"
            for t, rows in self.verdicts.items()
            for r in rows
            if not r.met
        ]
        return found + [f"{r.requirement}: {r.note}" for r in self.whole.rows if not r.met]


def ask(purpose: str, data: dict[str, Any]) -> Any:
    """One question with a structured answer, validated as the graph does."""
    first = HumanMessage("…", additional_kwargs={"ask": {"purpose": purpose, "data": data}})
    answer = OfflineModel().invoke([first])
    return SCHEMAS[purpose].model_validate_json(answer.text)


class Mini:
    """Runs missions over files in one folder with real helper processes."""

    def __init__(self, folder: Path, workers: Workers) -> None:
        self.folder, self.workers = folder, workers
        self.files: dict[str, Attachment] = {}
        self.questions: list[Asked] = []
        self.answers: list[str] = []

    async def attach(self, files: dict[str, str | bytes]) -> list[dict[str, Any]]:
        """Write and convert the files; give them as planners see them."""
        shown: list[dict[str, Any]] = []
        (self.folder / "given").mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            raw = content if isinstance(content, bytes) else content.encode()
            path = self.folder / "given" / name
            path.write_bytes(raw)
            made = await convert(self.workers, raw, name)
            self.files[name] = Attachment(path, made.markdown)
            shown.append(
                {
                    "name": name, "media_type": "", "chars": made.chars,
                    "excerpt": made.markdown[:EXCERPT], "tables": tables(made.markdown), "note": "",
                }
            )  # fmt: skip
        return shown

    async def run(
        self,
        goal: str,
        files: dict[str, str | bytes] | None = None,
        *,
        may_ask: bool = False,
        **more: Any,
    ) -> Made:
        """The whole way from a goal to a reviewed artifact."""
        shown = await self.attach(files or {})
        brief = {
            "goal": goal,
            "thread": [],
            "attachments": shown,
            "house": {},
            "answers": [],
            "may_ask": may_ask,
            "now": "2026-11-20T10:00",
            "zone": "UTC",
        } | more
        intake: IntakeDraft = ask("intake", brief)
        requirements = [
            {"id": f"R{n}", **r.model_dump()} for n, r in enumerate(intake.requirements, 1)
        ]
        plan, findings = self.planned(brief, intake, requirements)
        outputs, verdicts = await self.executed(brief, plan, requirements)
        artifact, whole = self.finished(brief, intake, plan, requirements, outputs)
        return Made(intake, plan, requirements, outputs, verdicts, artifact, whole, findings)

    def planned(
        self, brief: dict[str, Any], intake: IntakeDraft, requirements: list[dict[str, Any]]
    ) -> tuple[PlanDraft, list[str]]:
        data = {
            **brief, "requirements": requirements, "assumptions": intake.assumptions, "cap": "5",
            "specialists": [
                {"name": s.name, "description": s.description, "tools": list(s.tools)}
                for s in team().values()
            ],
            "previous": None, "findings": [], "words": "", "ticks": {},
        }  # fmt: skip
        plan: PlanDraft = ask("plan", data)
        critique: CritiqueDraft = ask("critique", {**data, "plan": as_plan(plan), "before": []})
        return plan, [f.text for f in critique.findings]

    async def executed(
        self, brief: dict[str, Any], plan: PlanDraft, requirements: list[dict[str, Any]]
    ) -> tuple[dict[str, Output], dict[str, list[RowDraft]]]:
        outputs: dict[str, Output] = {}
        verdicts: dict[str, list[RowDraft]] = {}
        left = list(plan.tasks)
        while left:
            task = next(t for t in left if all(d in outputs for d in t.depends_on))
            left.remove(task)
            outputs[task.key] = await self.worked(brief, task, requirements, outputs, plan)
            verdicts[task.key] = judged(brief, task, requirements, outputs[task.key])
        return outputs, verdicts

    async def worked(
        self, brief: dict[str, Any], task: Any, requirements: list[dict[str, Any]],
        outputs: dict[str, Output],
        plan: PlanDraft, **more: Any,
    ) -> Output:  # fmt: skip
        """One attempt, turn by turn, as the graph's agent loop does it."""
        titles: dict[str, str] = {t.key: t.title for t in plan.tasks}
        data = {
            "goal": brief["goal"],
            "task": {
                "id": task.key, "title": task.title, "instructions": task.instructions,
                "criteria": [
                    {"id": f"{task.key}.{n}", "text": c.text}
                    for n, c in enumerate(task.criteria, 1)
                ],
            },
            "requirements": [r for r in requirements if r["id"] in task.covers],
            "inputs": [seen(d, titles[d], outputs[d]) for d in task.depends_on],
            "attachments": brief["attachments"], "guidance": [], "feedback": "", "house": {},
            "answers": [], "now": brief.get("now", "2026-11-20T10:00"), "zone": "UTC",
        } | more  # fmt: skip
        who = team()[task.specialist]
        names = [t for t in task.tools if t in who.tools] if task.tools else list(who.tools)
        tools = {t.name: t for t in toolbox(names)}
        room = Room(self.folder / f"made-{task.key}", self.workers, self.files)
        model = OfflineModel().bind_tools(
            [{"type": "function", "function": {"name": n}} for n in tools]
        )
        messages: list[BaseMessage] = [
            HumanMessage("…", additional_kwargs={"ask": {"purpose": "work", "data": data}})
        ]
        results: list[ToolResult] = []
        for _ in range(MAX_STEPS):
            said = await model.ainvoke(messages)
            assert isinstance(said, AIMessage)
            if not said.tool_calls:
                return gathered(said.text, results)
            messages.append(said)
            for call in said.tool_calls:
                result = await self.used(tools[call["name"]], call["args"], room)
                assert not (result.failed and "do not fit" in result.text), result.text
                results.append(result)
                messages.append(answered(call, result))
        raise AssertionError("the agent did not come to an end")

    async def used(self, tool: Tool, args: dict[str, Any], room: Room) -> ToolResult:
        """The tool's result; a question is answered as the graph answers it."""
        try:
            return await tool.run(args, room)
        except Asked as asked:
            self.questions.append(asked)
            said = self.answers.pop(0) if self.answers else asked.default
            return ToolResult(text=f"The person answered: {said}")

    def finished(
        self, brief: dict[str, Any], intake: IntakeDraft, plan: PlanDraft,
        requirements: list[dict[str, Any]],
        outputs: dict[str, Output], **more: Any,
    ) -> tuple[ArtifactDraft, WholeReviewDraft]:  # fmt: skip
        shown = [seen(t.key, t.title, outputs[t.key]) for t in plan.tasks]
        artifact: ArtifactDraft = ask(
            "assemble",
            {
                "goal": brief["goal"],
                "title": intake.title,
                "requirements": requirements,
                "outputs": shown,
                "guidance": [],
                "feedback": "",
                "house": {},
            }
            | more,
        )
        covered = [
            {**r, "tasks": [t.key for t in plan.tasks if r["id"] in t.covers]} for r in requirements
        ]
        files = [f for o in shown for f in o["files"]]
        whole: WholeReviewDraft = ask(
            "whole",
            {
                "goal": brief["goal"],
                "requirements": covered,
                "artifact": {**artifact.model_dump(), "files": files},
                "tasks": [{"id": t.key, "title": t.title} for t in plan.tasks],
            },
        )
        text = "\n".join(
            [artifact.title, *artifact.answer, artifact.body, *(f["name"] for f in files)]
        )
        for row in whole.rows:
            assert not row.met or mechanical(row.evidence, text), row
        return artifact, whole


def as_plan(plan: PlanDraft) -> dict[str, Any]:
    """A draft as the graph shows plans to models: keys as ids."""
    made = plan.model_dump(mode="json")
    for task in made["tasks"]:
        task["id"] = task.pop("key")
        task["criteria"] = [
            {"id": f"{task['id']}.{n}", **c} for n, c in enumerate(task["criteria"], 1)
        ]
    return made


def answered(call: Any, result: ToolResult) -> ToolMessage:
    facts = [f.model_dump(mode="json") for f in result.facts]
    return ToolMessage(
        content=result.text, tool_call_id=call["id"], name=call["name"],
        status="error" if result.failed else "success",
        artifact=json.loads(json.dumps({"data": result.data, "facts": facts})),
    )  # fmt: skip


def gathered(text: str, results: Sequence[ToolResult]) -> Output:
    facts: list[Fact] = [f for r in results for f in r.facts]
    sources: list[Source] = [s for r in results for s in r.sources]
    names = [n for r in results for n in r.files]
    files = tuple(FileRef(name=n, media_type="", size=1, sha256="0") for n in dict.fromkeys(names))
    return Output(
        text=text,
        files=files,
        facts=tuple(dict.fromkeys(facts)),
        sources=tuple(dict.fromkeys(sources)),
    )


def seen(task: str, title: str, made: Output) -> dict[str, Any]:
    return {
        "task": task, "title": title, "text": made.text, "left_out": False,
        "facts": [f.model_dump(mode="json") for f in made.facts],
        "files": [{"name": f.name, "media_type": "", "alt": ""} for f in made.files],
        "sources": [s.model_dump(mode="json") for s in made.sources],
    }  # fmt: skip


def judged(
    brief: dict[str, Any], task: Any, requirements: list[dict[str, Any]], output: Output
) -> list[RowDraft]:
    """The verdict rows, as the graph makes them: checks by code, the rest by the reviewer."""
    rows: list[RowDraft] = []
    left: list[dict[str, str]] = []
    for number, criterion in enumerate(task.criteria, 1):
        found = checked(criterion.check, output) if criterion.check else None
        if found is None:
            left.append({"id": f"{task.key}.{number}", "text": criterion.text})
        else:
            rows.append(
                RowDraft(
                    criterion=criterion.text,
                    met=found.met,
                    evidence=found.evidence,
                    feedback=found.feedback,
                )
            )
    agree = checks.numbers_agree(output.facts, output.text)
    rows.append(RowDraft(criterion="numbers", met=agree.met, feedback=agree.feedback))
    mine = [r for r in requirements if r["id"] in task.covers]
    left += [{"id": r["id"], "text": r["text"]} for r in mine]
    shown = seen(task.key, task.title, output)
    review: ReviewDraft = ask(
        "review",
        {
            "goal": brief["goal"],
            "task": {"id": task.key, "title": task.title},
            "requirements": mine,
            "criteria": left,
            "output": shown,
            "checks": [],
        },
    )
    assert [r.criterion for r in review.rows] == [c["id"] for c in left]
    for row in review.rows:
        names = "\n".join(f.name for f in output.files)
        assert not row.met or mechanical(row.evidence, f"{output.text}\n{names}"), row
    return rows + review.rows


def checked(check: Check, output: Output) -> Any:
    match check:
        case WordLimit():
            return checks.within_words(output.text, check.words)
        case NumbersComputed():
            return checks.numbers_agree(output.facts, output.text)
        case HasColumns():
            return checks.has_columns(check.columns, output.text)
        case _:
            return None
