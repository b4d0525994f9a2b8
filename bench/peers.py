"""Peers and floors: the same calls through the same client, arranged by others."""

import asyncio
import operator
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Send

Do = Callable[[str], Awaitable[Any]]
"""Does the work of a task with its review, by the task's id."""
Needs = Mapping[str, Sequence[str]]


async def floor(needs: Needs, do: Do) -> None:
    """Nothing but asyncio: each task awaits those before it. Nothing is kept."""
    running: dict[str, asyncio.Task[None]] = {}

    async def run(name: str) -> None:
        await asyncio.gather(*(running[before] for before in needs[name]))
        await do(name)

    for name in needs:
        running[name] = asyncio.create_task(run(name))
    await asyncio.gather(*running.values())


class Wave(TypedDict):
    done: Annotated[list[str], operator.add]


@asynccontextmanager
async def fan_out(folder: Path, needs: Needs, do: Do) -> AsyncGenerator[Callable[[str], Any]]:
    """LangGraph's own way: a `Send` for each task that is ready, kept in SQLite at each step."""

    async def task(state: dict[str, Any]) -> dict[str, list[str]]:
        await do(state["task"])
        return {"done": [state["task"]]}

    def ready(state: Wave) -> list[Send] | str:
        done = set(state["done"])
        found = [n for n, before in needs.items() if n not in done and done.issuperset(before)]
        return [Send("task", {"task": name}) for name in found] or END

    graph: Any = StateGraph(Wave)
    graph.add_node("dispatch", lambda _: {"done": []})  # pyright: ignore[reportUnknownLambdaType]
    graph.add_node("task", task)
    graph.add_edge(START, "dispatch")
    graph.add_conditional_edges("dispatch", ready, ["task", END])
    graph.add_edge("task", "dispatch")
    async with AsyncSqliteSaver.from_conn_string(str(folder / "send.db")) as saver:
        await saver.conn.execute("PRAGMA synchronous=FULL")
        app = graph.compile(checkpointer=saver)

        async def run(thread: str) -> None:
            config = {"configurable": {"thread_id": thread}}
            await app.ainvoke({"done": []}, config, durability="sync")

        yield run


CALLS = 8


@asynccontextmanager
async def chain(folder: Path, call: Callable[[], Awaitable[Any]]) -> AsyncGenerator[Any]:
    """A LangGraph mission of eight nodes with one call each, kept in SQLite at each step."""

    class Counted(TypedDict):
        done: Annotated[list[int], operator.add]

    def node(number: int) -> Any:
        async def run(_: Counted) -> dict[str, list[int]]:
            await call()
            return {"done": [number]}

        return run

    graph: Any = StateGraph(Counted)
    names = [f"n{number}" for number in range(CALLS)]
    for number, name in enumerate(names):
        graph.add_node(name, node(number))
    for here, there in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(here, there)
    async with AsyncSqliteSaver.from_conn_string(str(folder / "chain.db")) as saver:
        await saver.conn.execute("PRAGMA synchronous=FULL")
        app = graph.compile(checkpointer=saver)

        async def run(thread: str) -> None:
            config = {"configurable": {"thread_id": thread}}
            await app.ainvoke({"done": []}, config, durability="sync")

        yield run
