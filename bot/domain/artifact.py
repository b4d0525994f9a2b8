"""The finished thing, and the account of how each requirement was met."""

from datetime import datetime
from decimal import Decimal
from functools import cached_property

from pydantic import Field

from bot.domain.base import Frozen, digest
from bot.domain.work import FileRef, Source


class LedgerRow(Frozen):
    """Requirement → tasks → verdict → evidence. `met` is None until the whole was reviewed."""

    requirement: str
    text: str
    tasks: tuple[str, ...]
    met: bool | None = None
    evidence: str = ""
    note: str = ""


class Artifact(Frozen):
    """A numbered version of the finished thing.

    `answer` is at most three lines. `made_from` names the accepted Outputs: task, attempt, hash.
    `cost` is US dollars, None when a price is unknown.
    """

    version: int = Field(ge=1)
    title: str
    answer: tuple[str, ...] = Field(max_length=3)
    body: str
    files: tuple[FileRef, ...] = ()
    sources: tuple[Source, ...] = ()
    ledger: tuple[LedgerRow, ...] = ()
    cost: Decimal | None = None
    seconds: int = 0
    plan_version: int
    made_from: tuple[tuple[str, int, str], ...] = ()
    reviewed: bool = False
    changes: str = ""
    at: datetime

    @cached_property
    def fingerprint(self) -> str:
        """The hash of what the person approves; the review itself is not part of it."""
        return digest(self.model_dump(mode="json", include={"title", "answer", "body", "files"}))

    @property
    def document(self) -> str:
        """The text that a file carries: the answer, then the body; nothing stands there twice."""
        lead = [line for line in self.answer if line not in self.body]
        return "\n\n".join([*lead, self.body])

    @property
    def unmet(self) -> tuple[LedgerRow, ...]:
        return tuple(row for row in self.ledger if row.met is False)
