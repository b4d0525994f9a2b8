"""The missions service: what people do to missions. One transaction each, for every face alike."""

import secrets
from collections.abc import Awaitable, Callable, Mapping
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field
from sqlalchemy import and_, select

from bot.domain.authority import may, may_rate, settles, who
from bot.domain.base import Frozen, Refused, writable
from bot.domain.board import Board
from bot.domain.events import EventKind
from bot.domain.gate import LABELS, REMIND_AFTER, Decision, Gate, GateKind, Verb
from bot.domain.mission import (
    DEFAULT_CAP,
    ENDED,
    Attachment,
    HouseContext,
    Mission,
    Person,
    Policy,
    Requirement,
    Status,
    title_of,
)
from bot.domain.plan import MAX_ROUNDS, Plan
from bot.domain.record import Record
from bot.domain.work import Guidance
from bot.store import tables as t
from bot.store.store import Store
from bot.store.tx import Missing, Tx

MAX_GOAL = 20_000
"""Characters. A longer text belongs in a file."""
MAX_WORDS = 10_000
"""Characters of an answer, a revision or guidance."""
PAGE = 200
"""Missions that are told of a pause in one transaction: others must not wait long for it."""

Wake = Callable[[str], Awaitable[None]]
Nothing = Callable[[], None]


class NewMission(Frozen):
    """What a face knows when a person asks for something. `key` makes a repeat harmless.

    With a `plan` of the person's own nothing is planned: it is linted and waits for approval.
    """

    key: str
    place: str
    person: Person
    goal: str
    attachments: tuple[Attachment, ...] = ()
    thread: tuple[str, ...] = ()
    cap: Decimal | None = None
    policy: Policy = Policy()
    plan: Plan | None = None
    requirements: tuple[Requirement, ...] = ()


class Said(Frozen):
    """A decision as it comes from a button, a form or a reply.

    `version` is what the person saw; None when they answered in words, which never approve.
    """

    key: str
    person: Person
    gate: str
    verb: Verb
    version: int | None = None
    words: str = ""
    data: dict[str, Any] = Field(default_factory=dict[str, Any])


class Reply(Frozen):
    """What to tell the person, privately. `done` changed something; the others changed nothing."""

    kind: Literal["done", "repeated", "stale", "refused"]
    text: str
    mission: str = ""


class Missions:
    """Start, decide, steer, stop. `wake` goes to the engine, `shown` nudges the courier."""

    def __init__(
        self, store: Store, wake: Wake, shown: Nothing, *, cap: Decimal = DEFAULT_CAP,
        models: str = "",
    ) -> None:  # fmt: skip
        self.store = store
        self.cap = cap
        self.models = models
        self._wake = wake
        self._shown = shown

    # -- ways in -------------------------------------------------------------------------------

    async def start(self, ask: NewMission) -> Mission:
        """Accept a mission; the same key gives the same mission again. Raises Refused."""
        goal = _goal(ask.goal)
        async with self.store.begin() as tx:
            workspace = ask.person.workspace
            if not await tx.receive(ask.key, workspace, ask.place, "start", {}):
                return await self._earlier(tx, ask.key)
            mission = _new(ask, goal, tx, ask.cap or self.cap, self.models)
            await tx.put_person(ask.person)
            await tx.add_mission(mission)
            for file in ask.attachments:
                await tx.own_file(file.sha256, mission.id, file.name, ask.person.id)
                if file.text:
                    await tx.own_file(file.text, mission.id, f"{file.name}.txt", ask.person.id)
            await tx.event(mission.id, EventKind.started, title=mission.title)
            if ask.plan is not None:
                await tx.put_plan(mission.id, _given(ask.plan))
            await tx.want(mission.id, mission.place, "plan:1")
            await tx.wake(mission.id)
            await tx.inbox_done(ask.key, {"mission": mission.id})
        await self._after(mission.id)
        return mission

    async def _earlier(self, tx: Tx, key: str) -> Mission:
        kept: dict[str, str] = await tx.inbox_result(key) or {}
        return await tx.lock(kept.get("mission", ""))

    async def decide(self, said: Said) -> Reply:
        """A decision at a gate. What cannot count gets one clear sentence and changes nothing."""
        async with self.store.begin() as tx:
            found = await _locked(tx, said.gate)
            if found is None:
                return Reply(kind="stale", text="That question is not here any more.")
            mission, gate = found
            if not await tx.receive(said.key, mission.workspace, mission.place, "decide", {}):
                kept = await tx.inbox_result(said.key)
                return _repeated(kept, mission.id)
            reply = await self._decide(tx, mission, gate, said)
            await tx.inbox_done(said.key, reply.model_dump(mode="json"))
        await self._after(mission.id)
        return reply

    async def _decide(self, tx: Tx, mission: Mission, gate: Gate, said: Said) -> Reply:
        no = _refusal(mission, gate, said, await tx.decisions(gate.id))
        if no is not None:
            return no
        decision = Decision(
            gate=gate.id, person=said.person.id, name=writable(said.person.name), verb=said.verb,
            words=writable(said.words).strip()[:MAX_WORDS], data=said.data, at=tx.now,
        )  # fmt: skip
        if not await tx.add_decision(mission.id, decision):
            return _say("repeated", mission, "You have already answered this.")
        verb = settles(gate.policy, await tx.decisions(gate.id))
        await tx.want(mission.id, mission.place, gate.name)
        if verb is None:
            return _say("done", mission, "Thank you. One more person must approve.")
        await self._close(tx, mission, gate, verb, decision)
        return _say("done", mission, _thanks(gate.kind, verb))

    async def _close(
        self, tx: Tx, mission: Mission, gate: Gate, verb: Verb, decision: Decision
    ) -> None:
        """Close the gate and do what the verb means, in the same transaction."""
        await tx.close_gate(gate, verb)
        by = decision.name or decision.person
        await tx.event(
            mission.id, EventKind.decided, gate=gate.name, verb=verb.value, by=by,
            words=decision.words,
        )  # fmt: skip
        if verb is Verb.cancel:
            await tx.set_mission(mission.id, cancel_asked=True, reason=f"Cancelled by {by}.")
        elif verb is Verb.retry and gate.data.get("task"):
            await _again(tx, mission.id, gate, decision)
        elif gate.kind is GateKind.budget:
            await tx.set_mission(mission.id, cap=_raised(mission, gate))
        if verb is not Verb.cancel:
            await tx.set_status(mission.id, AFTER[gate.kind, verb])
        await tx.want_all(mission.id)
        await tx.wake(mission.id)

    async def stop(self, key: str, person: Person, mission_id: str) -> Reply:
        """End the mission within one step; what is there is kept."""
        async with self.store.begin() as tx:
            mission = await tx.lock(mission_id)
            no = _may_not(person, mission)
            if no is not None or mission.status.ended:
                return no or _say("stale", mission, "This mission has ended already.")
            if not await tx.receive(key, mission.workspace, mission.place, "stop", {}):
                return _say("repeated", mission, "It is stopping.")
            name = person.name or person.id
            await tx.set_mission(mission.id, stop_asked=True, reason=f"Stopped by {name}.")
            await tx.event(mission.id, EventKind.stopped, by=name)
            await tx.want_all(mission.id)
            await tx.wake(mission.id)
            reply = _say("done", mission, "Stopping. What is finished stays here.")
            await tx.inbox_done(key, reply.model_dump(mode="json"))
        await self._after(mission.id)
        return reply

    async def steer(self, key: str, person: Person, mission_id: str, text: str) -> Reply:
        """Words for a mission under way: they reach the tasks that are not finished yet."""
        words = writable(text).strip()
        if not words or len(words) > MAX_WORDS:
            raise Refused(f"Say it in at most {MAX_WORDS:,} characters, or attach a file.")
        async with self.store.begin() as tx:
            mission = await tx.lock(mission_id)
            no = _may_not(person, mission)
            if no is not None or mission.status.ended:
                return no or _say("stale", mission, "This mission has ended. Start a new one.")
            if not await tx.receive(key, mission.workspace, mission.place, "steer", {}):
                return _repeated(await tx.inbox_result(key), mission.id)
            record = await self.store.record_in(tx, mission)
            reply = await _steer(tx, record, person, words)
            if reply.kind == "done":
                await tx.event(mission.id, EventKind.steered, by=person.name, words=words)
                await tx.want(mission.id, mission.place, _plan_slot(record))
                await tx.wake(mission.id)
            await tx.inbox_done(key, reply.model_dump(mode="json"))
        await self._after(mission.id)
        return reply

    async def rate(
        self, key: str, person: Person, mission_id: str, version: int, *, good: bool
    ) -> Reply:
        """How a person finds a version of the result. It decides nothing, also after the end."""
        async with self.store.begin() as tx:
            mission = await tx.lock(mission_id)
            if not may_rate(person, mission):
                return _say("refused", mission, "Only members of this workspace can rate it.")
            if not await tx.receive(key, mission.workspace, mission.place, "rate", {}):
                return _repeated(await tx.inbox_result(key), mission.id)
            record = await self.store.record_in(tx, mission)
            reply = _rated(record, version, good=good)
            if reply.kind == "done":
                said: dict[str, Any] = {"version": version, "good": good, "by": person.id}
                await tx.event(mission.id, EventKind.rated, **said)
            await tx.inbox_done(key, reply.model_dump(mode="json"))
        return reply

    # -- time ----------------------------------------------------------------------------------

    async def tend_gates(self) -> int:
        """Remind once, and end what waited too long as it was said. Gives how many it touched."""
        due = await self.store.gates_due(self.store.clock() - REMIND_AFTER)
        for gate in due:
            await self._tend(gate.id)
        return len(due)

    async def _tend(self, gate_id: str) -> None:
        async with self.store.begin() as tx:
            found = await _locked(tx, gate_id)
            if found is None or not found[1].open:
                return
            mission, gate = found
            if gate.expires_at <= tx.now:
                await self._expire(tx, mission, gate)
            elif gate.reminded_at is None:
                await tx.set_reminded(gate)
                await tx.event(mission.id, EventKind.reminded, gate=gate.name)
                await tx.want(mission.id, mission.place, f"reminder:{gate.name}")
        await self._after(gate.mission)

    async def _expire(self, tx: Tx, mission: Mission, gate: Gate) -> None:
        verb = Verb.answer if gate.kind is GateKind.question else Verb.cancel
        await tx.close_gate(gate, verb, expired=True)
        await tx.event(mission.id, EventKind.decided, gate=gate.name, verb=verb.value, by="time")
        if verb is Verb.cancel:
            reason = "Nobody decided in time, so it was closed. Nothing was lost."
            await tx.set_mission(mission.id, cancel_asked=True, reason=reason)
        await tx.want_all(mission.id)
        await tx.wake(mission.id)

    # -- the house -----------------------------------------------------------------------------

    async def set_house(self, person: Person, house: HouseContext) -> None:
        """Keep the house context. Every Brief from now on carries it."""
        async with self.store.begin() as tx:
            await tx.put_house(person.workspace, house)

    async def pause_all(self, workspace: str, *, paused: bool) -> None:
        """The operator's switch: nothing new starts here until it is taken back."""
        changed = await self.store.paused(workspace) != paused
        async with self.store.begin() as tx:
            await tx.set_paused(workspace, paused)
        kind = EventKind.paused if paused else EventKind.resumed
        last = ""
        while told := await self._tell_open(workspace, last, kind if changed else None):
            for mission in told:
                await self._after(mission)
            last = told[-1]

    async def _tell_open(
        self, workspace: str, after: str, kind: EventKind | None
    ) -> tuple[str, ...]:
        """Tell a page of the missions that have not ended; gives their ids, none after the last."""
        c = t.missions.c
        here = and_(
            c.workspace == workspace, c.id > after, c.status.not_in([s.value for s in ENDED])
        )
        async with self.store.begin() as tx:
            page = select(c.id).where(here).order_by(c.id).limit(PAGE).with_for_update()
            told = tuple(row[0] for row in await tx.conn.execute(page))
            for mission in told:
                if kind is not None:
                    await tx.event(mission, kind, by="operator")
                await tx.want_all(mission)
                await tx.wake(mission)
        return told

    async def forget(self, mission: str) -> tuple[str, ...]:
        """Remove a mission and all it made; gives the hashes of blobs nobody owns any more."""
        async with self.store.begin() as tx:
            await tx.lock(mission)
            gone = tuple(await tx.forget(mission))
        await self._after(mission)
        return gone

    async def forget_person(self, workspace: str, person: str) -> tuple[str, ...]:
        """Remove a person, the missions they asked for, and their name at others' gates."""
        gone: list[str] = []
        for mission in await self.store.missions_of(workspace, person):
            gone += await self.forget(mission)
        async with self.store.begin() as tx:
            await tx.forget_person(workspace, person)
        return tuple(gone)

    async def _after(self, mission: str) -> None:
        self._shown()
        await self._wake(mission)


AFTER: Mapping[tuple[GateKind, Verb], Status] = {
    (GateKind.plan, Verb.approve): Status.queued,
    (GateKind.plan, Verb.revise): Status.drafting,
    (GateKind.question, Verb.answer): Status.queued,
    (GateKind.blocked, Verb.retry): Status.queued,
    (GateKind.blocked, Verb.skip): Status.queued,
    (GateKind.blocked, Verb.accept): Status.queued,
    (GateKind.artifact, Verb.approve): Status.delivering,
    (GateKind.artifact, Verb.revise): Status.queued,
    (GateKind.budget, Verb.approve): Status.queued,
}
"""Where a decision leaves the mission until the engine has it again."""


async def _locked(tx: Tx, gate_id: str) -> tuple[Mission, Gate] | None:
    """The gate as it stands once its mission is locked: another click may just have closed it."""
    named = await tx.gate(gate_id)
    if named is None:
        return None
    try:
        mission = await tx.lock(named.mission)
    except Missing:
        return None
    gate = await tx.gate(gate_id)
    return (mission, gate) if gate else None


def _goal(text: str) -> str:
    goal = writable(text).strip()
    if not goal:
        raise Refused("Say what you want done, in a sentence or two, and send it again.")
    if len(goal) > MAX_GOAL:
        raise Refused(
            f"That is {len(goal):,} characters, and a goal can have {MAX_GOAL:,}. "
            "Put the long text in a file, attach it, and say in a few sentences what to do with it."
        )
    return goal


def new_id(kind: str) -> str:
    """A short id that cannot be guessed: `m` for missions, `g` for gates."""
    return f"{kind}{secrets.token_hex(6)}"


def _new(ask: NewMission, goal: str, tx: Tx, cap: Decimal, models: str) -> Mission:
    return Mission(
        id=new_id("m"), workspace=ask.person.workspace, place=ask.place, requester=ask.person.id,
        goal=goal, title=title_of(goal), status=Status.drafting, cap=cap, policy=ask.policy,
        attachments=ask.attachments, requirements=ask.requirements, thread=ask.thread,
        zone=ask.person.zone, models=models,
        created_at=tx.now, updated_at=tx.now,
    )  # fmt: skip


def _given(plan: Plan) -> Plan:
    """A plan from outside as the first version, past all rounds with the critic.

    What a critic said of it stays beside it; the lint looks anew.
    """
    findings = tuple(f for f in plan.findings if f.by == "critic")
    fresh = {
        "version": 1, "round": MAX_ROUNDS, "critiqued": -1, "settled": False, "findings": findings,
    }  # fmt: skip
    return plan.model_copy(update=fresh)


def _may_not(person: Person, mission: Mission) -> Reply | None:
    if may(person, mission):
        return None
    names = who(mission.policy, "the person who asked")
    text = f"Only {names} can decide this. Nothing was changed."
    return _say("refused", mission, text)


def _refusal(
    mission: Mission, gate: Gate, said: Said, before: tuple[Decision, ...]
) -> Reply | None:
    """Why this decision cannot count, if it cannot."""
    no = _may_not(said.person, mission)
    if no is not None:
        return no
    if not gate.open:
        return _say("stale", mission, _closed(gate, before))
    if mission.status.ended or mission.stop_asked or mission.cancel_asked:
        return _say("stale", mission, "This mission is being ended. Nothing was changed.")
    if said.version is not None and said.version != gate.version:
        return _say("stale", mission, f"Version {gate.version} is current. Look at that one.")
    if said.verb not in gate.verbs:
        return _say("refused", mission, f"{LABELS[said.verb]} is not a choice here.")
    if said.verb is Verb.approve and said.version is None:
        return _say("refused", mission, "Please press Approve: words alone do not approve.")
    if said.verb is Verb.revise and not (said.words.strip() or said.data):
        return _say("refused", mission, "Say what should change, and press Revise again.")
    return None


def _closed(gate: Gate, decisions: tuple[Decision, ...]) -> str:
    if gate.expired or not decisions:
        return "This is closed already. The newest message shows where it stands."
    last = decisions[-1]
    label = LABELS[gate.outcome or last.verb]
    return f"{last.name or last.person} chose “{label}” already. Nothing was changed."


def _say(
    kind: Literal["done", "repeated", "stale", "refused"], mission: Mission, text: str
) -> Reply:
    return Reply(kind=kind, text=text, mission=mission.id)


def _repeated(kept: Any, mission: str) -> Reply:
    if not kept:
        return Reply(kind="repeated", text="That is being dealt with.", mission=mission)
    return Reply.model_validate(kept)


THANKS: Mapping[tuple[GateKind, Verb], str] = {
    (GateKind.plan, Verb.approve): "Approved. The work begins.",
    (GateKind.plan, Verb.revise): "Thank you. A new version of the plan is on its way.",
    (GateKind.question, Verb.answer): "Thank you. Going on with that.",
    (GateKind.blocked, Verb.retry): "Trying again.",
    (GateKind.blocked, Verb.skip): "Going on without it.",
    (GateKind.blocked, Verb.accept): "Using it as it is. The ledger will say so.",
    (GateKind.artifact, Verb.approve): "Approved. This mission is done.",
    (GateKind.artifact, Verb.revise): "Thank you. Only what this touches is done again.",
    (GateKind.budget, Verb.approve): "The cap is raised. Going on.",
}


def _thanks(kind: GateKind, verb: Verb) -> str:
    if verb is Verb.cancel:
        return "Cancelled. What is there stays here."
    return THANKS[kind, verb]


def _rated(record: Record, version: int, *, good: bool) -> Reply:
    if version not in {a.version for a in record.artifacts if a.reviewed}:
        return _say("stale", record.mission, "That result is not here any more.")
    if good:
        return _say("done", record.mission, "Thank you, that is good to know.")
    waits = any(g.kind is GateKind.artifact for g in record.open_gates)
    hint = " To have it changed, press Revise." if waits else ""
    return _say("done", record.mission, f"Thank you for saying so.{hint}")


async def _again(tx: Tx, mission: str, gate: Gate, decision: Decision) -> None:
    """Retry is guidance: it changes the fingerprint, so that the task starts afresh."""
    guidance = Guidance(
        number=await tx.next_guidance(mission), tasks=(str(gate.data["task"]),),
        text=decision.words, by=decision.name, kind="retry", gate=gate.id, at=tx.now,
    )  # fmt: skip
    await tx.add_guidance(mission, guidance)


def _raised(mission: Mission, gate: Gate) -> Decimal:
    """The cap after a person said yes: what the gate named."""
    named = gate.data.get("cap")
    return Decimal(str(named)) if named else mission.cap * 2


async def _steer(tx: Tx, record: Record, person: Person, words: str) -> Reply:
    mission = record.mission
    if record.plan is None or not record.plan.settled:
        heard = [*mission.thread, words]
        await tx.set_mission(mission.id, thread=heard)
        return _say("done", mission, "Noted. I take it into account.")
    board = Board.of(record)
    open_tasks = tuple(v.task.id for v in board.views if not v.state.settled)
    if not open_tasks:
        text = "The work is finished. When the result is here, press Revise and say it there."
        return _say("refused", mission, text)
    guidance = Guidance(
        number=await tx.next_guidance(mission.id), tasks=open_tasks, text=words,
        by=person.name or person.id, at=tx.now,
    )  # fmt: skip
    await tx.add_guidance(mission.id, guidance)
    if record.brief is not None:
        brief, _ = record.brief.asking(words, quote=words, source="guidance")
        await tx.add_brief(mission.id, brief)
    names = ", ".join(open_tasks)
    return _say("done", mission, f"Noted for {names}. What is finished stays as it is.")


def _plan_slot(record: Record) -> str:
    return f"plan:{record.plan.version if record.plan else 1}"
