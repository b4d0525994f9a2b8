"""What code can decide about an output, before any reviewer reads it."""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bot.domain.board import Board, TaskView
from bot.domain.plan import (
    Check,
    Criterion,
    FileOpens,
    HasColumns,
    JsonParses,
    LinksFetched,
    NumbersComputed,
    Task,
    WordLimit,
)
from bot.domain.record import Record
from bot.domain.work import Attempt, CriterionVerdict, Fact, FileRef, Output, Source
from bot.files import placed
from graphs.tools import checks
from graphs.workshop import Workshop

T = TypeVar("T")
LINK = re.compile(r"https?://[^\s<>\"'`|\]}]+")


@dataclass(frozen=True)
class Bench:
    """One output with everything it may rest on: its own facts and sources, and its inputs'."""

    shop: Workshop
    attempt: Attempt
    output: Output
    facts: tuple[Fact, ...]
    sources: tuple[Source, ...]
    allowed: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        made = self.attempt
        return self.shop.folder_of(made.mission, made.task, made.number)


async def check(
    shop: Workshop, record: Record, task: Task, attempt: Attempt
) -> list[CriterionVerdict]:
    """The criteria that have a check; and always that numbers equal the computed ones."""
    bench = _bench(shop, record, task, attempt)
    return [await _verdict(criterion, bench) for criterion in _wanted(task, bench)]


def _bench(shop: Workshop, record: Record, task: Task, attempt: Attempt) -> Bench:
    output = attempt.output
    assert output is not None
    read = [v.attempt.output for v in _inputs(record, task) if v.attempt and v.attempt.output]
    brief = record.brief
    return Bench(
        shop=shop,
        attempt=attempt,
        output=output,
        facts=_together(output.facts, *(o.facts for o in read)),
        sources=_together(output.sources, *(o.sources for o in read)),
        allowed=(brief.goal, *(o.text for o in read)) if brief else (),
    )


def _inputs(record: Record, task: Task) -> list[TaskView]:
    views = Board.of(record).by_id
    return [views[d] for d in task.depends_on if d in views]


def _together(*groups: Iterable[T]) -> tuple[T, ...]:
    return tuple(dict.fromkeys(item for group in groups for item in group))


def _wanted(task: Task, bench: Bench) -> tuple[Criterion, ...]:
    """The task's own checks, and the numbers even when the plan forgot them."""
    own = tuple(c for c in task.criteria if c.check is not None)
    if not bench.facts or any(isinstance(c.check, NumbersComputed) for c in own):
        return own
    text = "Numbers equal the computed ones"
    return (*own, Criterion(id=f"{task.id}.numbers", text=text, check=NumbersComputed()))


async def _verdict(criterion: Criterion, bench: Bench) -> CriterionVerdict:
    assert criterion.check is not None
    met, evidence, feedback = await _decide(criterion.check, bench)
    return CriterionVerdict(
        criterion=criterion.id, text=criterion.text, met=met, evidence=evidence,
        feedback=feedback, by="check",
    )  # fmt: skip


async def _decide(check: Check, bench: Bench) -> checks.Check:
    text = bench.output.text
    match check:
        case NumbersComputed():
            return await asyncio.to_thread(checks.numbers_agree, bench.facts, text)
        case WordLimit(words=words):
            return checks.within_words(text, words)
        case LinksFetched():
            return checks.links_fetched(text, bench.sources, _links(bench.allowed))
        case FileOpens(file=name):
            return await checks.opens_safely(await _path(bench, name), bench.shop.workers)
        case JsonParses(file=""):
            return checks.json_parses(text)
        case JsonParses(file=name):
            return await asyncio.to_thread(checks.opens, await _path(bench, name))
        case HasColumns(columns=columns, file=""):
            return checks.has_columns(columns, text)
        case HasColumns(columns=columns, file=name):
            path = await _path(bench, name)
            if not path.is_file():
                return checks.opens(path)
            return await asyncio.to_thread(checks.has_columns, columns, "", path)


async def _path(bench: Bench, name: str) -> Path:
    """The file on disk, written again from Files when it is not as the task left it."""
    path = bench.folder / Path(name).name
    found: FileRef | None = next((f for f in bench.output.files if f.name == path.name), None)
    if found is None:
        return bench.folder / "missing" / path.name
    return await placed(bench.shop.files, found.sha256, path)


def _links(texts: Iterable[str]) -> tuple[str, ...]:
    """The addresses that stand in the mission's own words or in its inputs."""
    return tuple(link.rstrip(".,;)") for text in texts for link in LINK.findall(text))
