"""The runner: takes a mission under a lease, drives the graph, and lets go when all is seen."""

import asyncio
import contextlib
from datetime import timedelta
from typing import Any

import structlog
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from bot.store.lease import Lease
from bot.store.quiet import Quiet
from bot.store.store import StoreDown
from bot.store.tx import Fenced, Missing
from graphs import mission, pauses
from graphs.workshop import Hold, Workshop

log = structlog.get_logger(__name__)

TTL = timedelta(seconds=20)
PULSE_SECONDS = 1.0
"""How soon a change that another process made is seen."""
RENEW_PULSES = 5
"""Every so many pulses the leases are renewed that no commit has renewed just now."""
MAX_CRASHES = 3
"""A mission that took its process down this often waits for a person."""
STEPS = 200
"""Nodes of one run: a guard against a circle, far above what the limits on rounds allow."""


class Runner:
    """Advances missions in this process. `holder` names it in the leases."""

    def __init__(
        self, shop: Workshop, holder: str, saver: BaseCheckpointSaver[Any] | None = None
    ) -> None:
        self.shop = shop
        self.holder = holder
        self.held: dict[str, Hold] = {}
        self.saver = saver or InMemorySaver()
        self._graph: Any = mission.build(shop, self._held).compile(checkpointer=self.saver)
        self._pulse: asyncio.Task[None] | None = None
        self._quiet = Quiet(shop.store)

    async def _held(self, name: str) -> Hold:
        return self.held[name]

    async def start(self) -> None:
        self._pulse = asyncio.create_task(self._pulses(), name="pulse")

    async def close(self) -> None:
        if self._pulse is not None:
            self._pulse.cancel()
            await asyncio.gather(self._pulse, return_exceptions=True)

    def nudge(self, name: str) -> None:
        """The rows of a mission that may be held here changed."""
        if name in self.held:
            self.held[name].nudged.set()

    async def advance(self, name: str) -> None:
        """Bring a mission as far as it can go now; nothing when somebody else holds it."""
        lease = await self._claimed(name)
        if lease is None:
            return
        hold = self.held[name] = Hold(lease)
        try:
            await self._hold(hold)
        except Fenced:
            log.info("fenced", mission=name)
        except Missing:
            log.info("forgotten", mission=name)
        except StoreDown as error:
            log.warning("store_down", mission=name, error=str(error))
            await self._let_go(hold)
        except asyncio.CancelledError:
            await asyncio.shield(self._let_go(hold))
            raise
        except Exception:
            await self._let_go(hold, well=False)
            raise
        finally:
            self.held.pop(name, None)
            await self.saver.adelete_thread(name)

    async def _claimed(self, name: str) -> Lease | None:
        """A lease, or None. Who is cancelled while it is written down gives it back."""
        claim = asyncio.create_task(self.shop.store.claim(name, self.holder, TTL))
        try:
            return await asyncio.shield(claim)
        except asyncio.CancelledError:
            with contextlib.suppress(StoreDown):
                if lease := await claim:
                    await self.shop.store.let_go(lease)
            raise

    async def _hold(self, hold: Hold) -> None:
        go_on = self._park if hold.lease.crashes > MAX_CRASHES else self._drive
        hold.seen = hold.lease.wakes
        while True:
            await go_on(hold)
            if await self.shop.store.release(hold.lease, hold.seen):
                return
            go_on = self._drive
            hold.seen = await self.shop.store.wakes(hold.mission)
            hold.nudged.clear()

    async def _drive(self, hold: Hold) -> None:
        """One run of the graph: resumed at its interrupt when there is one, else from the rows."""
        config: Any = {"configurable": {"thread_id": hold.mission}, "recursion_limit": STEPS}
        entry: Any = {"mission": hold.mission}
        begun = await self.saver.aget_tuple(config)
        snapshot = await self._graph.aget_state(config) if begun else None
        if snapshot and snapshot.interrupts:
            resume = {i.id: "look at the rows" for i in snapshot.interrupts}
            entry = Command(resume=resume, update=entry)
        await self._graph.ainvoke(entry, config, durability="exit")

    async def _park(self, hold: Hold) -> None:
        """It took its process down again and again: ask before it may do so once more."""
        record = await self.shop.record(hold.mission)
        text = "Working on this ended badly several times in a row. What was finished is kept."
        async with self.shop.commit(hold) as tx:
            await pauses.stage_failed(tx, record, "engine", text)
            await tx.want_all(hold.mission)

    async def _let_go(self, hold: Hold, *, well: bool = True) -> None:
        with contextlib.suppress(StoreDown):
            await self.shop.store.let_go(hold.lease, well=well)

    # -- the pulse -------------------------------------------------------------------------------

    async def _pulses(self) -> None:
        beat = 0
        while True:
            await asyncio.sleep(PULSE_SECONDS)
            beat += 1
            try:
                await self._look()
                if beat % RENEW_PULSES == 0:
                    await self._renew()
            except StoreDown as error:
                log.warning("pulse_failed", error=str(error))
            except Exception:  # the border: a pulse that stops would end every lease
                log.exception("pulse_broke")

    async def _renew(self) -> None:
        """Keep the missions of which nothing has been committed lately."""
        lately = self.shop.store.clock() - timedelta(seconds=PULSE_SECONDS)
        silent = [n for n, h in self.held.items() if h.kept_at is None or h.kept_at <= lately]
        if silent:
            await self.shop.store.renew(silent, self.holder, TTL)

    async def _look(self) -> None:
        """See what other processes changed in the missions held here."""
        if not self.held or not self._quiet.due():
            return
        for name, wakes in (await self.shop.store.wakes_held(self.holder)).items():
            hold = self.held.get(name)
            if hold is not None and wakes > hold.seen:
                hold.nudged.set()
        self._quiet.calm()
