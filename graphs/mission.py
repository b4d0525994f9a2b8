"""The mission graph: the state machine on one screen.

    intake → (ask) → plan ⇄ critique → [approve plan] → execute ⟲ review each → assemble
           → review whole → [approve artifact] → finish

State holds ids only. Each node reads rows and commits under the lease's epoch; `stage` reads
from the rows which node is due. So a checkpoint is only a cache: without it the graph enters at
the same node, and a mission begun under an older graph goes on under this one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping
from typing import Any, TypedDict

import structlog
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

from bot.domain.base import Refused
from bot.domain.record import Record
from bot.domain.route import Stage, stage
from bot.domain.spend import OverCap
from bot.store.store import StoreDown
from bot.store.tx import Fenced
from graphs import assembly, execution, intake, pauses, planning
from graphs.finish import finish
from graphs.models.ask import ModelFailed
from graphs.workshop import Hold, Workshop

log = structlog.get_logger(__name__)

Node = Callable[[Workshop, Hold, Record], Coroutine[Any, Any, None]]
Holds = Callable[[str], Awaitable[Hold]]
"""Gives the hold on a mission. Raises LookupError when this process does not have it."""


class State(TypedDict):
    """Ids only: the rows are the truth."""

    mission: str


NODES: Mapping[Stage, Node] = {
    Stage.intake: intake.intake,
    Stage.plan: planning.plan,
    Stage.critique: planning.critique,
    Stage.execute: execution.execute,
    Stage.assemble: assembly.assemble,
    Stage.review: assembly.review_whole,
    Stage.revise: assembly.revise,
    Stage.finish: finish,
}

ALWAYS = (Stage.wait, Stage.finish, Stage.end)
"""Where every node can lead: a pause, a cancel or stop, the end."""

NEXT: Mapping[Stage, tuple[Stage, ...]] = {
    Stage.intake: (Stage.plan, Stage.critique),
    Stage.plan: (Stage.critique,),
    Stage.critique: (Stage.plan, Stage.critique),
    Stage.execute: (Stage.execute, Stage.assemble, Stage.review),
    Stage.assemble: (Stage.review, Stage.execute, Stage.assemble),
    Stage.review: (Stage.execute, Stage.review, Stage.assemble),
    Stage.revise: (Stage.execute, Stage.assemble),
    Stage.finish: (),
}


def build(shop: Workshop, holds: Holds) -> Any:
    """The StateGraph, ready to compile with a checkpointer."""
    graph: Any = StateGraph(State)

    def lead(name: str, *stages: Stage) -> None:
        """Let a node lead to these stages, as the rows say."""
        ends = {s.value: END if s is Stage.end else s.value for s in stages}
        graph.add_conditional_edges(name, _route(shop, holds, stages), ends)

    for name, node in NODES.items():
        graph.add_node(name.value, _node(shop, holds, name, node))
        lead(name.value, *NEXT[name], *ALWAYS)
    graph.add_node(Stage.wait.value, _wait(shop, holds))
    lead(Stage.wait.value, *NODES, *ALWAYS)
    lead(START, *NODES, *ALWAYS)
    return graph


def _route(
    shop: Workshop, holds: Holds, stages: Collection[Stage]
) -> Callable[[State], Awaitable[str]]:
    """Which of the stages is due; its node begins with the record that was read here.

    A person who decides in this very moment can make it another one: then the run ends, and since
    their decision woke the mission, the next one begins there.
    """

    async def route(state: State) -> str:
        hold = await holds(state["mission"])
        hold.record = await shop.record(hold.mission)
        due = stage(hold.record)
        return (due if due in stages else Stage.end).value

    return route


def _node(shop: Workshop, holds: Holds, name: Stage, node: Node) -> Any:
    """The node with its border: what stops it is said to the person, and nothing is lost."""

    async def run(state: State) -> dict[str, str]:
        hold = await holds(state["mission"])
        record = await shop.begun(hold)
        try:
            work = node(shop, hold, record)
            await (work if name is Stage.execute else _heeding(shop, hold, work))
        except (Fenced, StoreDown):
            raise
        except OverCap as over:
            async with shop.commit(hold) as tx:
                await pauses.over_cap(tx, record, over)
        except (ModelFailed, Refused) as error:
            await _failed(shop, hold, record, name, str(error))
        except Exception as error:  # the border: a stage that breaks asks the person, once
            log.exception("stage_broke", mission=hold.mission, stage=name.value)
            await _failed(shop, hold, record, name, pauses.broke(error))
        return {}

    return run


async def _heeding(shop: Workshop, hold: Hold, work: Coroutine[Any, Any, None]) -> None:
    """The work to its end, or to the moment when a person ends the mission.

    Execution looks out for itself: it has more to heed than the end.
    """
    task = asyncio.create_task(work)
    try:
        while not task.done():
            await _first(task, hold)
            if not task.done() and await _ending(shop, hold):
                return
        await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _first(task: asyncio.Task[None], hold: Hold) -> None:
    """Wait until the task is done or something changed."""
    nudge = asyncio.create_task(hold.nudged.wait())
    try:
        await asyncio.wait([task, nudge], return_when=asyncio.FIRST_COMPLETED)
    finally:
        nudge.cancel()


async def _ending(shop: Workshop, hold: Hold) -> bool:
    hold.nudged.clear()
    mission = await shop.store.mission(hold.mission)
    return mission is None or mission.stop_asked or mission.cancel_asked


async def _failed(shop: Workshop, hold: Hold, record: Record, name: Stage, why: str) -> None:
    async with shop.commit(hold) as tx:
        await pauses.stage_failed(tx, record, name.value, why)
        await tx.want_all(hold.mission)


def _wait(shop: Workshop, holds: Holds) -> Any:
    async def wait(state: State) -> dict[str, str]:
        """A person is needed. What they decide is read from the rows, not from the resume."""
        record = await shop.begun(await holds(state["mission"]))
        interrupt({"gates": [gate.name for gate in record.open_gates]})
        return {}

    return wait
