"""Attempts, what they produce, and how it is judged."""

from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal

from bot.domain.base import Frozen, digest


class Source(Frozen):
    """Where something comes from. `ref` is a file name with a line, or a URL that was fetched."""

    kind: Literal["file", "url", "person", "tool"]
    title: str
    ref: str = ""
    quote: str = ""


class Fact(Frozen):
    """A number that code computed: `value` is an exact decimal as text."""

    label: str
    measure: str
    value: str
    source: str = ""


class Claim(Frozen):
    """Something the output says, with the words it rests on."""

    text: str
    evidence: str = ""
    source: str = ""


class FileRef(Frozen):
    """A file that an Attempt wrote or an Artifact carries; Files holds the bytes by `sha256`."""

    name: str
    media_type: str
    size: int
    sha256: str
    alt: str = ""


class Output(Frozen):
    """What an Attempt produced."""

    text: str
    files: tuple[FileRef, ...] = ()
    sources: tuple[Source, ...] = ()
    claims: tuple[Claim, ...] = ()
    facts: tuple[Fact, ...] = ()

    @cached_property
    def hash(self) -> str:
        return digest(self.model_dump(mode="json"))


class AttemptStatus(StrEnum):
    running = "running"
    asking = "asking"
    done = "done"
    failed = "failed"
    stopped = "stopped"


class Attempt(Frozen):
    """One execution of a Task. Its number grows over all plan versions.

    `final` marks an error that trying again by itself cannot mend.
    """

    mission: str
    task: str
    number: int
    fingerprint: str
    plan_version: int
    status: AttemptStatus
    feedback: str = ""
    output: Output | None = None
    error: str = ""
    final: bool = False
    epoch: int = 0
    started_at: datetime
    ended_at: datetime | None = None

    def ended(
        self,
        status: AttemptStatus,
        at: datetime,
        *,
        output: Output | None = None,
        error: str = "",
        final: bool = False,
    ) -> "Attempt":
        """The same attempt at its end."""
        end = {"status": status, "output": output, "error": error, "final": final, "ended_at": at}
        return self.model_copy(update=end)


class CriterionVerdict(Frozen):
    """Met or unmet, with the words of the output that show it, and what to do when unmet."""

    criterion: str
    text: str
    met: bool
    evidence: str = ""
    feedback: str = ""
    by: Literal["check", "reviewer", "person"] = "reviewer"


class Verdict(Frozen):
    """The review of one Attempt."""

    task: str
    attempt: int
    reviewer: str
    rows: tuple[CriterionVerdict, ...]
    at: datetime

    @property
    def accepted(self) -> bool:
        return all(row.met for row in self.rows)

    @property
    def feedback(self) -> str:
        """What the maker must mend, one line each."""
        return "\n".join(f"- {r.text}: {r.feedback}" for r in self.rows if not r.met)


class Guidance(Frozen):
    """Words that change what a task is asked to do, from a person or from the whole review.

    They enter the fingerprints of `tasks`, which is how they invalidate: no other switch exists.
    `requirement` is one that these words added; `gate` the one at which a person said them.
    """

    number: int
    tasks: tuple[str, ...]
    text: str
    by: str
    kind: Literal["steer", "revise", "review", "retry"] = "steer"
    requirement: str = ""
    gate: str = ""
    at: datetime


MAX_REWORKS = 2


def mechanical(evidence: str, text: str) -> bool:
    """True when the evidence really stands in the text, blank space and case set aside.

    >>> mechanical("Total:  42", "the total: 42 calls")
    True
    """
    needle = _plain(evidence)
    return bool(needle) and needle in _plain(text)


def _plain(text: str) -> str:
    return " ".join(text.replace("*", "").replace("`", "").casefold().split())


def held_to_evidence(row: CriterionVerdict, output: Output) -> CriterionVerdict:
    """The row as it may stand: a reviewer's "met" without evidence in the output is unmet."""
    if not row.met or row.by == "check" or mechanical(row.evidence, evidence_text(output)):
        return row
    said = (
        f"The reviewer quoted “{row.evidence}”" if row.evidence else "The reviewer quoted nothing"
    )
    why = f"{said}, which the output does not contain. Show it in the output's own words."
    return row.model_copy(update={"met": False, "feedback": why})


def evidence_text(output: Output) -> str:
    """Everything a quote may come from: the text, the names of files, and what was claimed."""
    parts: list[Any] = [output.text, *(f.name for f in output.files)]
    return "\n".join(parts)
