"""The scripted team of the crash tests: it answers from the question alone, so that a process
that died and one that lived hear the same, and it writes every question into a file at once.
"""

import os
from pathlib import Path
from typing import Any

from graphs.models.scripted import Reply, ScriptedModel
from tests.tour.script import USUAL, call, intake, review, task, unmet

REQUIREMENTS = ("Count the calls", "Say why")
TASKS = (
    task("T1", risk="write"), task("T2", covers=["R2"]), task("T3", "T1", "T2", covers=["R1"]),
)  # fmt: skip


class Team:
    """Writes a file, asks a person, is sent back once, and is revised once."""

    def __init__(self, log: Path) -> None:
        self._log = os.open(log, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self.model = ScriptedModel(script=self._answer)

    def _note(self, line: str) -> None:
        os.write(self._log, f"{line}\n".encode())
        os.fsync(self._log)

    def _answer(self, purpose: str, data: dict[str, Any]) -> Reply:
        about = data["task"]["id"] if "task" in data else ""
        turns = sum(m.type == "tool" for m in self.model.calls[-1].messages)
        self._note(f"{purpose} {about} {_which(purpose, data)} {turns}")
        match purpose, about, turns:
            case "intake", _, _:
                return intake(data, REQUIREMENTS)
            case "plan", _, _:
                return {"summary": "The plan", "tasks": [dict(t) for t in TASKS]}
            case "critique", _, _:
                return {"findings": []}
            case "work", "T1", 0:
                return call("write_file", name="calls.csv", text="endpoint,calls\n/a,3\n")
            case "work", "T2", 0:
                return call("ask_person", question="Which currency?", default="euro")
            case "review", "T3", _ if "Heard:" not in data["output"]["text"]:
                return unmet("Say how many")(data)  # type: ignore[operator]
            case "review", _, _:
                return review(data)
            case _:
                return USUAL[purpose](data)


def _which(purpose: str, data: dict[str, Any]) -> str:
    """What tells one question from another of the same purpose."""
    if purpose == "work":
        return f"feedback={bool(data['feedback'])} guidance={len(data['guidance'])}"
    if purpose == "review":
        return str(len(data["output"]["text"]))
    if purpose in {"assemble", "whole"}:
        return str(len(str(data)))
    return ""
