"""Planning and critique: a draft, the faults that code and a second agent find, the answers."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from bot.domain.base import Refused
from bot.domain.events import EventKind
from bot.domain.gate import GateKind, Verb
from bot.domain.lint import MAX_TASKS, Rules, lint
from bot.domain.mission import Status
from bot.domain.plan import (
    MAX_ROUNDS,
    Answer,
    Criterion,
    Estimate,
    Finding,
    Plan,
    Severity,
    Task,
    Tier,
    critical_path,
    last_number,
    number_of,
    ordered,
)
from bot.domain.record import Record
from bot.store.tx import Tx
from graphs import gates, intake, material
from graphs.models.ask import Ask, again
from graphs.schemas import CritiqueDraft, FindingDraft, PlanDraft, TaskDraft
from graphs.team import stamp
from graphs.tools import NAMES as TOOL_NAMES
from graphs.workshop import Hold, Workshop

TASK_SECONDS: Mapping[Tier, int] = {Tier.light: 20, Tier.standard: 45, Tier.strong: 90}
"""A rough time for a task with its review, for the estimate that people see."""
TASK_TOKENS = (6_000, 1_500)
"""Tokens that a task with its review reads and writes, for the estimate."""
TASK_CALLS = 3


class Unsound(Refused):
    """The planner could not make a plan that can be run."""


# -- plan ------------------------------------------------------------------------------------------


async def plan(shop: Workshop, hold: Hold, record: Record) -> None:
    """Draft a new version, or answer the critic's findings on the one under discussion."""
    open_ = record.plan if record.plan and not record.plan.settled else None
    version = open_.version if open_ else (record.plan.version + 1 if record.plan else 1)
    round_ = open_.round + 1 if open_ else 0
    ask = await _plan_ask(shop, record, version, round_)
    draft = await shop.models.ask(ask)
    made = build(shop, record, draft, version, round_)
    async with shop.commit(hold) as tx:
        await tx.put_plan(hold.mission, made)
        await tx.set_status(hold.mission, Status.drafting)
        await tx.event(hold.mission, EventKind.planned, version=version, round=round_)
        await tx.want(hold.mission, record.mission.place, f"plan:{version}")


async def _plan_ask(shop: Workshop, record: Record, version: int, round_: int) -> Ask[PlanDraft]:
    brief = record.brief
    assert brief is not None
    return Ask(
        mission=record.mission.id, key=again(record, "plan", f"plan:{version}:{round_}"),
        purpose="plan",
        tier=Tier.strong, schema_=PlanDraft,
        data={
            "goal": brief.goal,
            "thread": list(record.mission.thread),
            "since": list(_since(record)),
            "requirements": material.requirements(brief),
            "assumptions": list(brief.assumptions),
            "attachments": await intake.shown(shop, brief.attachments),
            "answers": material.answers(brief),
            "house": material.house(brief),
            "specialists": [
                {"name": s.name, "description": s.description, "tools": list(s.tools)}
                for s in shop.team.values()
            ],
            "cap": str(record.mission.cap),
            "previous": material.plan(record.plan) if record.plan else None,
            "findings": material.findings(_unanswered(record.plan)),
            **_revision(record),
        },
    )  # fmt: skip


def _since(record: Record) -> tuple[str, ...]:
    """What was said after the brief was made and after the newest plan heard the thread."""
    assert record.brief is not None
    before = len(record.brief.thread)
    return record.mission.thread[max(before, record.plan.heard if record.plan else 0) :]


def _revision(record: Record) -> dict[str, Any]:
    """What the person said when they sent the last version back."""
    settled = [p for p in record.plans if p.settled]
    gate = record.gate(GateKind.plan, settled[-1].version) if settled else None
    if gate is None or gate.outcome is not Verb.revise:
        return {"words": "", "ticks": {}}
    ticks: dict[str, str] = {}
    for decision in record.decisions_at(gate):
        ticks |= {k: str(v) for k, v in decision.data.get("ticks", {}).items()}
    return {"words": record.words_at(gate), "ticks": ticks}


def _unanswered(plan: Plan | None) -> tuple[Finding, ...]:
    if plan is None or plan.settled:
        return ()
    return tuple(f for f in plan.findings if f.answer is None)


def build(shop: Workshop, record: Record, draft: PlanDraft, version: int, round_: int) -> Plan:
    """The domain's Plan from a model's draft. Code gives the ids and the stamps."""
    names = carry_ids(record.plans, draft.tasks)
    settled = [p for p in record.plans if p.settled]
    base = settled[-1] if settled else None
    revision = _revision(record)
    tasks = without(
        (_task(shop, d, names, base) for d in draft.tasks),
        {name for name, tick in revision["ticks"].items() if tick == "drop"},
    )
    open_ = record.plan if record.plan and record.plan.version == version else None
    return Plan(
        version=version,
        summary=draft.summary,
        assumptions=_merged(record.brief.assumptions if record.brief else (), draft.assumptions),
        not_done=tuple(draft.not_done),
        tasks=tasks,
        estimate=estimate(shop, tasks),
        findings=_answered(open_.findings if open_ else (), draft),
        note=revision["words"],
        heard=len(record.mission.thread),
        round=round_,
        critiqued=round_ - 1,
        numbered=max(last_number(record.plans), *map(number_of, names.values()), 0),
    )


def without(tasks: Iterable[Task], dropped: Collection[str]) -> tuple[Task, ...]:
    """The tasks that a person did not tick off; nothing waits for those any more."""
    return tuple(
        task.model_copy(
            update={"depends_on": tuple(d for d in task.depends_on if d not in dropped)}
        )
        for task in tasks
        if task.id not in dropped
    )


def carry_ids(plans: Sequence[Plan], drafts: Sequence[TaskDraft]) -> dict[str, str]:
    """Draft key → task id: ids go on where the key or the title does, none is used twice."""
    known = {t.id: t for plan in plans for t in plan.tasks}
    titles = {t.title.casefold(): t.id for plan in plans for t in plan.tasks}
    next_id = last_number(plans) + 1
    names: dict[str, str] = {}
    for draft in drafts:
        name = draft.key if draft.key in known else titles.get(draft.title.casefold(), "")
        if not name or name in names.values():
            name, next_id = f"T{next_id}", next_id + 1
        names.setdefault(draft.key, name)
    return names


def _task(shop: Workshop, draft: TaskDraft, names: Mapping[str, str], base: Plan | None) -> Task:
    name = names[draft.key]
    task = Task(
        id=name,
        title=draft.title,
        instructions=draft.instructions,
        specialist=draft.specialist,
        tier=draft.tier,
        depends_on=tuple(dict.fromkeys(names.get(d, d) for d in draft.depends_on)),
        covers=tuple(dict.fromkeys(draft.covers)),
        tools=tuple(dict.fromkeys(draft.tools)),
        risk=draft.risk,
        approval=draft.approval,
        criteria=tuple(
            Criterion(id=f"{name}.{n}", text=c.text, check=c.check)
            for n, c in enumerate(draft.criteria, start=1)
        ),
    )
    return stamped(shop, task, base)


def stamped(shop: Workshop, task: Task, base: Plan | None = None) -> Task:
    """The task with the hash of who would do it; an unchanged one keeps the stamp it has."""
    old = base.by_id.get(task.id) if base else None
    if old is not None and old.model_copy(update={"stamp": ""}) == task:
        return old
    who = shop.team.get(task.specialist)
    return task.model_copy(update={"stamp": stamp(task, who, shop.models)}) if who else task


def _answered(findings: Sequence[Finding], draft: PlanDraft) -> tuple[Finding, ...]:
    """The findings with the planner's answers; one it passed over counts as declined."""
    said = {a.finding: a for a in draft.answers}
    made: list[Finding] = []
    for finding in findings:
        if finding.by == "lint":
            continue
        if finding.answer is None:
            given = said.get(finding.id)
            answer = (
                Answer(verdict=given.verdict, because=given.because)
                if given
                else Answer(verdict="declined", because="The planner did not answer this.")
            )
            finding = finding.model_copy(update={"answer": answer})
        made.append(finding)
    return tuple(made)


def _merged(first: Sequence[str], second: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def estimate(shop: Workshop, tasks: Sequence[Task]) -> Estimate:
    """A rough cost and time; the cost is None when a price is unknown."""
    prices = [shop.models.price(t.tier, *TASK_TOKENS) for t in tasks]
    known = [p for p in prices if p is not None]
    try:
        seconds = critical_path(tasks, {t.id: float(TASK_SECONDS[t.tier]) for t in tasks})
    except ValueError:
        seconds = 0.0
    return Estimate(
        cost=sum(known[1:], known[0]) * TASK_CALLS if known and len(known) == len(prices) else None,
        seconds=int(seconds * shop.models.pace),
        calls=len(tasks) * TASK_CALLS + 2,
    )


# -- critique --------------------------------------------------------------------------------------


async def critique(shop: Workshop, hold: Hold, record: Record) -> None:
    """Hold the plan against lint and critic; settle it, or send it back to the planner."""
    plan = record.plan
    assert plan is not None
    faults = lint(plan, rules(shop, record))
    found = await _critic(shop, record, plan) if _asks_critic(plan) else ()
    judged = plan.model_copy(
        update={"findings": (*plan.findings, *faults, *found), "critiqued": plan.round}
    )
    if (faults or found) and plan.round < MAX_ROUNDS:
        await _send_back(shop, hold, record, judged)
    else:
        await _settle_sound(shop, hold, record, judged)


def _asks_critic(plan: Plan) -> bool:
    """Always the first time; again only while something blocking was on the table."""
    if plan.round >= MAX_ROUNDS:
        return False
    blocking = any(f.severity is Severity.blocking for f in plan.findings)
    return plan.round == 0 or blocking


async def _critic(shop: Workshop, record: Record, plan: Plan) -> tuple[Finding, ...]:
    brief = record.brief
    assert brief is not None
    draft = await shop.models.ask(
        Ask(
            mission=record.mission.id,
            key=again(record, "critique", f"critique:{plan.version}:{plan.round}"),
            purpose="critique", tier=Tier.strong, schema_=CritiqueDraft,
            data={
                "goal": brief.goal,
                "requirements": material.requirements(brief),
                "assumptions": list(brief.assumptions),
                "attachments": await intake.shown(shop, brief.attachments),
                "house": material.house(brief),
                "plan": material.plan(plan),
                "before": material.findings(plan.findings),
            },
        )
    )  # fmt: skip
    return _numbered(plan, draft.findings)


def _numbered(plan: Plan, drafts: Sequence[FindingDraft]) -> tuple[Finding, ...]:
    """`F1…`, counted over the rounds; what was said before is not said twice."""
    before = {(f.about, f.text.casefold()) for f in plan.findings}
    new = [d for d in drafts if (d.about, d.text.casefold()) not in before]
    start = sum(f.by == "critic" for f in plan.findings) + 1
    return tuple(
        Finding(id=f"F{n}", **draft.model_dump()) for n, draft in enumerate(new, start=start)
    )


def rules(shop: Workshop, record: Record) -> Rules:
    assert record.brief is not None
    return Rules(
        requirements=tuple(r.id for r in record.brief.requirements),
        specialists=tuple(shop.team),
        tools=TOOL_NAMES,
        cap=record.mission.cap,
    )


async def _send_back(shop: Workshop, hold: Hold, record: Record, plan: Plan) -> None:
    async with shop.commit(hold) as tx:
        await _put_back(tx, record, plan)


async def _put_back(tx: Tx, record: Record, plan: Plan) -> None:
    """The plan as it was judged; the planner has it next."""
    mission = record.mission
    await tx.put_plan(mission.id, plan)
    count = len(_unanswered(plan))
    await tx.event(mission.id, EventKind.critiqued, version=plan.version, findings=count)
    await tx.want(mission.id, mission.place, f"plan:{plan.version}")


async def _settle_sound(shop: Workshop, hold: Hold, record: Record, plan: Plan) -> None:
    """Raises Unsound for a plan that cannot be run; the planner has its faults for a retry."""
    try:
        _sound(shop, plan)
    except Unsound:
        await _send_back(shop, hold, record, plan)
        raise
    await _settle(shop, hold, record, plan)


async def _settle(shop: Workshop, hold: Hold, record: Record, plan: Plan) -> None:
    """The plan is ready for the person, unless they said more while it was looked at."""
    settled = plan.model_copy(update={"settled": True, "tasks": _stamped(shop, plan)})
    async with shop.commit(hold) as tx:
        if plan.heard < len((await tx.lock(hold.mission)).thread):
            await _put_back(tx, record, plan)
            return
        await tx.put_plan(hold.mission, settled)
        await tx.event(hold.mission, EventKind.critiqued, version=plan.version, findings=0)
        await tx.set_status(hold.mission, Status.needs_plan_approval)
        await gates.open_gate(
            tx, record.mission, GateKind.plan, f"plan:{plan.version}",
            subject=settled.fingerprint, version=plan.version,
        )  # fmt: skip
        await tx.want_all(hold.mission)


def _stamped(shop: Workshop, plan: Plan) -> tuple[Task, ...]:
    """The tasks of a plan from a file have no stamps yet."""
    return tuple(task if task.stamp else stamped(shop, task) for task in plan.tasks)


def _sound(shop: Workshop, plan: Plan) -> None:
    """Some faults no approval can mend: without an order, or a specialist, nothing can run."""
    again = "Nothing was run. Press Retry, or cancel and say the goal in other words."
    if not 0 < len(plan.tasks) <= MAX_TASKS:
        raise Unsound(f"The planner made a plan of {len(plan.tasks)} tasks. {again}")
    try:
        ordered(plan.tasks)
    except ValueError:
        raise Unsound(f"The planner's tasks wait for each other in a circle. {again}") from None
    if len({t.id for t in plan.tasks}) < len(plan.tasks):
        raise Unsound(f"The planner named two tasks alike. {again}")
    for task in plan.tasks:
        missing = [d for d in task.depends_on if d not in plan.by_id]
        if missing or task.specialist not in shop.team:
            what = ", ".join(missing) or task.specialist
            raise Unsound(f"The plan needs “{what}”, which does not exist. {again}")
