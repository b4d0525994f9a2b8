"""Execution: our own scheduler inside one node of the graph.

A task starts the moment its own inputs are accepted, not when the slowest of a wave is done.
What to do next is read from the Board, which is a pure function of the rows; each result is
committed under the lease before anything that depends on it can start.
"""

import asyncio
from typing import Any

import structlog

from bot.domain.base import Refused
from bot.domain.board import Action, Block, Board, Review, Run
from bot.domain.events import EventKind
from bot.domain.gate import GateKind
from bot.domain.mission import Status
from bot.domain.record import Record
from bot.domain.route import held_up, review_stage
from bot.domain.spend import OverCap
from bot.domain.work import Attempt, AttemptStatus, Output, Verdict
from bot.store.journal import Write
from bot.store.store import StoreDown
from bot.store.tx import Fenced, Tx
from graphs import agent, gates, pauses, review
from graphs.mirror import Mirror
from graphs.models.ask import ModelFailed
from graphs.workshop import Hold, Workshop

log = structlog.get_logger(__name__)

Flight = tuple[str, int, str]
"""What is in the air: task, attempt number, "run" or "review"."""


def _flight(action: Run | Review) -> Flight:
    return (action.task, action.number, "run" if isinstance(action, Run) else "review")


async def execute(shop: Workshop, hold: Hold, record: Record) -> None:
    """Run what can run until nothing can: all is done, or a person is needed."""
    await Execution(shop, hold, record).run()


class Execution:
    """The tasks of one mission in flight.

    Tasks that are `over_cap` wait for a person, those that are `short` until others are paid.
    """

    def __init__(self, shop: Workshop, hold: Hold, record: Record) -> None:
        self.shop, self.hold = shop, hold
        self.mirror = Mirror(shop, hold, record)
        self.flying: dict[Flight, asyncio.Task[None]] = {}
        self.over_cap: set[str] = set()
        self.short: set[str] = set()
        self._listening = False
        self._nudge: asyncio.Task[Any] | None = None
        self._news = asyncio.Event()
        self._width = asyncio.Semaphore(shop.limits.tasks)
        self._reviews = asyncio.Semaphore(shop.limits.tasks)

    @property
    def record(self) -> Record:
        return self.mirror.record

    async def run(self) -> None:
        self.shop.store.journals[self.hold.mission] = self.mirror.journal
        self.mirror.journal.broken.add_done_callback(self._heard)
        try:
            self._begin()
            while True:
                await self._launch()
                if not self.flying:
                    await self._rest()
                    return
                await self._next()
        finally:
            await self._close()

    async def _close(self) -> None:
        """Leave nothing in the air, and no journal to those who have the mission next."""
        if self._nudge is not None:
            self._nudge.cancel()
        try:
            await self._land()
        finally:
            await self.shop.store.leave_journal(self.hold.mission)

    def _begin(self) -> None:
        """Written down with the first thing that is done."""
        if self.record.mission.status is not Status.running:
            running = self.record.mission.model_copy(update={"status": Status.running})
            self.mirror.put(self._to(Status.running), {"mission": running})

    async def _rest(self) -> None:
        """Nothing more can be done now: when that is for want of a person, the status says so."""
        kinds = {gate.kind for gate in self.record.open_gates}
        if kinds & {GateKind.blocked, GateKind.budget}:
            await self._stand(Status.paused)
        elif GateKind.question in kinds:
            await self._stand(Status.needs_answer)

    async def _stand(self, status: Status) -> None:
        await self.mirror.change(self._to(status), revises=False)

    def _to(self, status: Status) -> Write:
        async def write(tx: Tx) -> None:
            await tx.set_status(self.hold.mission, status)
            await self._show(tx)

        return write

    # -- the loop --------------------------------------------------------------------------------

    async def _launch(self) -> None:
        """Start whatever the board says can start and is not in the air yet."""
        mission = self.record.mission
        if mission.stop_asked or mission.cancel_asked:
            await self._land()
        elif not self.record.paused:
            for action in Board.of(self.record).actions:
                await self._act(action)

    async def _act(self, action: Action) -> None:
        if isinstance(action, Block):
            await self._block(action)
        elif (flight := _flight(action)) not in self.flying and not self._waits(action.task):
            self.flying[flight] = asyncio.create_task(self._fly(action), name=str(flight))

    async def _fly(self, action: Run | Review) -> None:
        """Do it, and review at once what it made."""
        try:
            if pause := self._pause(action):
                await asyncio.sleep(pause)
            await self._in_its_place(action)
            if isinstance(action, Run) and (review := self._review_of(action)):
                self.flying[_flight(review)] = self.flying.pop(_flight(action))
                await self._in_its_place(review)
        finally:
            self._news.set()  # at once: a callback would come a turn of the event loop later

    async def _in_its_place(self, action: Run | Review) -> None:
        """Reviews have places of their own: dependents wait for them, not for fresh tasks."""
        if isinstance(action, Run):
            async with self._width:
                await self._attempt(action)
        else:
            async with self._reviews:
                await self._review(action)

    def _review_of(self, run: Run) -> Review | None:
        """The review of this attempt, when the board asks for it now. None when something else has
        to be thought of first: a person's word, or tasks that go on once money is left.
        """
        mission, word = self.record.mission, self.hold.nudged.is_set() or self._listening
        if word or mission.stop_asked or mission.cancel_asked or self.record.paused or self.short:
            return None
        view = Board.of(self.record).by_id.get(run.task)
        review = Review(run.task, run.number)
        asked = view is not None and view.action == review and not self._waits(run.task)
        return review if asked and _flight(run) in self.flying else None

    def _pause(self, action: Run | Review) -> float:
        """Seconds before another try: each one waits twice as long as the one before, and holds
        no place meanwhile.
        """
        if isinstance(action, Review) or not action.tries:
            return 0.0
        return self.shop.limits.backoff_seconds * 2 ** (action.tries - 1)

    async def _next(self) -> None:
        """Wait until something lands or a person changes something."""
        if self._nudge is None or self._nudge.done():
            self._nudge = asyncio.create_task(self.hold.nudged.wait(), name="nudge")
            self._nudge.add_done_callback(self._heard)
        await self._news.wait()
        self._news.clear()
        if (broken := self.mirror.journal.broken).done():
            raise broken.result()
        landed = [f for f, task in self.flying.items() if task.done()]
        for flight in landed:
            self.flying.pop(flight).result()
        if {flight[0] for flight in landed} - self.short or not self.flying:
            self.short.clear()
        if self.hold.nudged.is_set():
            self._listening = True
            try:
                await self._refresh()
            finally:
                self._listening = False

    def _heard(self, _: asyncio.Future[Any]) -> None:
        """To wait for all that is in the air would cost more, the more there is."""
        self._news.set()

    async def _refresh(self) -> None:
        """Read the rows again: a decision, guidance, an answer, a stop."""
        self.hold.nudged.clear()
        seen = await self.shop.store.wakes(self.hold.mission)
        await self.mirror.reload()
        self.hold.seen = seen
        if self.record.mission.status is Status.queued:
            self._begin()
        self.short.clear()
        if not any(gate.kind is GateKind.budget for gate in self.record.open_gates):
            self.over_cap.clear()
        wanted = {_flight(a) for a in Board.of(self.record).actions if not isinstance(a, Block)}
        for flight in [f for f in self.flying if f not in wanted]:
            if flight in self.flying:  # it may have ended, and be in review, while others did
                await self._recall(flight)

    def _waits(self, task: str) -> bool:
        return task in self.over_cap | self.short or held_up(self.record, task)

    async def _recall(self, flight: Flight) -> None:
        """Take back what is in the air for a task that is asked for something else now."""
        task = self.flying.pop(flight)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await self.mirror.reload()
        attempt = self._attempt_row(*flight[:2])
        if attempt is not None and attempt.status is AttemptStatus.running:
            self._end(attempt, AttemptStatus.stopped, error="Asked for something else.")

    async def _land(self) -> None:
        """Stop everything in the air within one step; the rows say where each would go on."""
        flying, self.flying = list(self.flying.values()), {}
        for task in flying:
            task.cancel()
        await asyncio.gather(*flying, return_exceptions=True)

    # -- one attempt -----------------------------------------------------------------------------

    async def _attempt(self, run: Run) -> None:
        record, attempt = self.record, self._started(run)
        try:
            async with asyncio.timeout(self.shop.limits.attempt_seconds):
                output = await agent.work(self.shop, self.hold, record, run)
        except agent.Question as question:
            await self._ask(attempt, question)
        except OverCap as over:
            await self._hold_up(run.task, over)
        except ModelFailed as failed:
            self._end(attempt, AttemptStatus.failed, error=str(failed), final=failed.final)
        except TimeoutError:
            minutes = self.shop.limits.attempt_seconds / 60
            text = f"{run.task} was not finished within {minutes:g} minutes."
            self._end(attempt, AttemptStatus.failed, error=text)
        except (Fenced, StoreDown):
            raise
        except Refused as refused:
            self._end(attempt, AttemptStatus.failed, error=str(refused))
        except Exception as error:  # the border: one task that breaks never takes its siblings
            log.exception("attempt_broke", mission=self.hold.mission, task=run.task)
            self._end(attempt, AttemptStatus.failed, error=pauses.broke(error))
        else:
            self._end(attempt, AttemptStatus.done, output=output)

    def _started(self, run: Run) -> Attempt:
        known = self._attempt_row(run.task, run.number)
        if known is not None and known.status is AttemptStatus.running:
            return known
        assert self.record.plan is not None
        attempt = Attempt(
            mission=self.hold.mission, task=run.task, number=run.number,
            fingerprint=run.fingerprint, plan_version=self.record.plan.version,
            status=AttemptStatus.running, feedback=run.feedback, epoch=self.hold.lease.epoch,
            started_at=known.started_at if known else self.shop.store.clock(),
        )  # fmt: skip

        async def write(tx: Tx) -> None:
            await tx.add_attempt(attempt)
            await tx.event(
                attempt.mission, EventKind.attempt_started, task=run.task, attempt=run.number
            )
            await self._show(tx)

        self.mirror.put(write, self.mirror.with_attempt(attempt))
        return attempt

    def _end(
        self,
        attempt: Attempt,
        status: AttemptStatus,
        *,
        output: Output | None = None,
        error: str = "",
        final: bool = False,
    ) -> None:
        """Write how the attempt ended: the durability, the idempotency key and the fence.

        It is committed before, or with, the first thing that builds on it: its review's call.
        """
        at = self.shop.store.clock()
        ended = attempt.ended(status, at, output=output, error=error, final=final)
        kind = EventKind.attempt_done if output else EventKind.attempt_failed

        async def write(tx: Tx) -> None:
            await tx.end_attempt(ended)
            for file in output.files if output else ():
                await tx.own_file(file.sha256, attempt.mission, file.name)
            await tx.event(
                attempt.mission, kind, task=attempt.task, attempt=attempt.number, error=error
            )
            await self._show(tx)

        self.mirror.put(write, self.mirror.with_attempt(ended))

    # -- one review ------------------------------------------------------------------------------

    async def _review(self, action: Review) -> None:
        attempt = self._attempt_row(action.task, action.number)
        assert attempt is not None
        try:
            async with asyncio.timeout(self.shop.limits.review_seconds):
                verdict = await review.judge(self.shop, self.record, attempt)
        except OverCap as over:
            await self._hold_up(action.task, over)
        except (ModelFailed, TimeoutError) as failed:
            why = str(failed) or "The review took too long."
            await self._unreviewed(action.task, why)
        except (Fenced, StoreDown):
            raise
        except Exception as error:  # the border: one review that breaks never takes the siblings
            log.exception("review_broke", mission=self.hold.mission, task=action.task)
            await self._unreviewed(action.task, pauses.broke(error))
        else:
            self._judged(verdict)

    def _judged(self, verdict: Verdict) -> None:
        async def write(tx: Tx) -> None:
            await tx.add_verdict(self.hold.mission, verdict)
            await tx.event(
                self.hold.mission, EventKind.reviewed, task=verdict.task,
                attempt=verdict.attempt, accepted=verdict.accepted,
            )  # fmt: skip
            await self._show(tx)

        self.mirror.put(write, self.mirror.with_verdict(verdict))

    async def _unreviewed(self, task: str, why: str) -> None:
        """No reviewer could be had: the output is kept, and the person may send it on."""

        async def write(tx: Tx) -> None:
            await pauses.stage_failed(tx, self.record, review_stage(task), why)
            await self._show(tx)

        await self.mirror.change(write)

    # -- when a person is needed -----------------------------------------------------------------

    async def _ask(self, attempt: Attempt, question: agent.Question) -> None:
        asked = question.asked
        data = {
            "task": attempt.task,
            "attempt": attempt.number,
            "question": question.number,
            "questions": [
                {"id": "Q1", "text": asked.question, "choices": list(asked.choices),
                 "default": asked.default}
            ],
        }  # fmt: skip
        name = f"question:{attempt.task}.{attempt.number}.{question.number}"
        asking = attempt.ended(AttemptStatus.asking, self.shop.store.clock())

        async def write(tx: Tx) -> None:
            await tx.end_attempt(asking)
            await gates.open_gate(
                tx, self.record.mission, GateKind.question, name, subject=data, data=data
            )
            await tx.event(attempt.mission, EventKind.asked, task=attempt.task)
            await self._show(tx)

        await self.mirror.change(write)

    async def _block(self, block: Block) -> None:
        attempt = self._attempt_row(block.task, block.number)
        data = {"task": block.task, "attempt": block.number, "fingerprint": block.fingerprint,
                "why": block.why, "usable": bool(attempt and attempt.output)}  # fmt: skip
        name = f"blocked:{block.task}.{block.number}"

        async def write(tx: Tx) -> None:
            await gates.open_gate(
                tx, self.record.mission, GateKind.blocked, name, subject=data, data=data
            )
            await self._show(tx)

        await self.mirror.change(write)

    async def _hold_up(self, task: str, over: OverCap) -> None:
        """The cap is reached: this task waits where it is, and the person is asked once.

        Calls set aside more than they cost: while others are in the air it may be enough yet.
        """

        async def write(tx: Tx) -> None:
            record = await self.shop.store.record_in(tx, self.record.mission)
            if self._affordable(record, over, task):
                self.short.add(task)
                return
            self.over_cap.add(task)
            await pauses.over_cap(tx, record, over)
            await self._show(tx)

        await self.mirror.change(write)

    def _affordable(self, record: Record, over: OverCap, task: str) -> bool:
        """True when there is money by now, or may be once the calls in the air are paid.

        Tasks that are short themselves have none; and what an ended process set aside stays so.
        """
        spending = record.spending
        left = record.mission.cap - spending.spent
        others = {flight[0] for flight in self.flying} - self.short - self.over_cap - {task}
        return over.needed <= (left if others else left - spending.reserved)

    # -- rows ------------------------------------------------------------------------------------

    def _attempt_row(self, task: str, number: int) -> Attempt | None:
        return next((a for a in self.record.attempts_of(task) if a.number == number), None)

    async def _show(self, tx: Tx) -> None:
        version = self.record.plan.version if self.record.plan else 1
        await tx.want(self.hold.mission, self.record.mission.place, f"plan:{version}")
