"""Review: every output is held against its task, every whole against the mission.

Code decides what code can see; a reviewer who did not make it decides the rest, and must quote
the words of the output that show it.
"""

from collections.abc import Sequence

from bot.domain.plan import Criterion, Task, Tier
from bot.domain.record import Record
from bot.domain.work import Attempt, CriterionVerdict, Verdict, held_to_evidence
from bot.store.store import now
from graphs import checking, material
from graphs.models.ask import Ask, again
from graphs.schemas import ReviewDraft, RowDraft
from graphs.workshop import Workshop

REVIEWER_TIER = Tier.standard


async def judge(shop: Workshop, record: Record, attempt: Attempt) -> Verdict:
    """The verdict on one attempt's output. Raises ModelFailed or OverCap."""
    assert record.plan is not None
    assert attempt.output is not None
    task = record.plan.by_id[attempt.task]
    checked = await checking.check(shop, record, task, attempt)
    left = [c for c in _criteria(record, task) if c.id not in {r.criterion for r in checked}]
    judged = await _judged(shop, record, task, attempt, left, checked) if left else []
    rows = (*checked, *(held_to_evidence(row, attempt.output) for row in judged))
    return Verdict(
        task=task.id, attempt=attempt.number, reviewer=shop.models.judge,
        rows=rows, at=now(),
    )  # fmt: skip


def _criteria(record: Record, task: Task) -> tuple[Criterion, ...]:
    """The task's own criteria, and the requirements that it answers for."""
    texts = record.texts
    asked = (
        Criterion(id=name, text=texts[name]) for name in record.covers(task.id) if name in texts
    )
    return (*task.criteria, *asked)


# -- what the reviewer decides ---------------------------------------------------------------------


async def _judged(
    shop: Workshop,
    record: Record,
    task: Task,
    attempt: Attempt,
    left: Sequence[Criterion],
    checked: Sequence[CriterionVerdict],
) -> list[CriterionVerdict]:
    brief, output = record.brief, attempt.output
    assert brief is not None
    draft = await shop.models.ask(
        Ask(
            mission=record.mission.id,
            key=again(record, f"review:{task.id}", f"review:{task.id}:{attempt.number}"),
            purpose="review", tier=REVIEWER_TIER, schema_=ReviewDraft, task=task.id,
            attempt=attempt.number,
            data={
                "goal": brief.goal,
                "task": {"id": task.id, "title": task.title, "instructions": task.instructions},
                "requirements": material.requirements(brief, record.covers(task.id)),
                "criteria": [{"id": c.id, "text": c.text} for c in left],
                "output": material.output(task.id, task.title, output),
                "checks": [
                    {"criterion": r.text, "met": r.met, "evidence": r.evidence} for r in checked
                ],
                "guidance": material.guidance(record, task.id),
            },
        )
    )  # fmt: skip
    said = {row.criterion: row for row in draft.rows}
    return [_row(c, said.get(c.id) or said.get(c.text)) for c in left]


def _row(criterion: Criterion, said: RowDraft | None) -> CriterionVerdict:
    """A criterion that the reviewer passed over is unmet: silence is no evidence."""
    if said is None:
        return CriterionVerdict(
            criterion=criterion.id, text=criterion.text, met=False,
            feedback="The reviewer did not judge this. Show clearly where it is met.",
        )  # fmt: skip
    return CriterionVerdict(
        criterion=criterion.id, text=criterion.text, met=said.met, evidence=said.evidence,
        feedback=said.feedback or ("" if said.met else "This is not met yet."),
    )  # fmt: skip
