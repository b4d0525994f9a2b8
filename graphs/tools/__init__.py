"""What agents can do: a small registry of tools.

    tools = toolbox(["read_attachment", "query_table"])
    result = await tools[1].run({"name": "export.csv", "measures": [...]}, room)

A tool gives a `ToolResult`; what goes wrong comes back as text for the model, so an agent
never crashes on a tool. Only `Asked` leaves a tool as an exception: a person must answer.
"""

from collections.abc import Iterable
from functools import cache
from importlib import import_module

from graphs.tools.base import (
    Asked,
    Attachment,
    Room,
    Tool,
    ToolError,
    ToolResult,
    Web,
    Workers,
)

__all__ = [
    "NAMES",
    "Asked",
    "Attachment",
    "Room",
    "Tool",
    "ToolError",
    "ToolResult",
    "Web",
    "Workers",
    "toolbox",
]

_HOMES = {
    "list_attachments": "attachments",
    "read_attachment": "attachments",
    "search_attachment": "attachments",
    "describe_table": "tables",
    "query_table": "tables",
    "join_tables": "tables",
    "change_table": "tables",
    "chart": "tables",
    "fetch_page": "pages",
    "calculate": "calculate",
    "ask_person": "people",
    "write_file": "files",
}

NAMES = tuple(_HOMES)


def toolbox(names: Iterable[str]) -> list[Tool]:
    """The tools of these names, in this order, each once. Raises `ToolError` for an unknown one."""
    return [_find(name) for name in dict.fromkeys(names)]


@cache
def _find(name: str) -> Tool:
    # Imported only when asked for: helper processes load this package for one function.
    if name not in _HOMES:
        raise ToolError(f"There is no tool “{name}”. There are: {', '.join(NAMES)}.")
    found: Tool = getattr(import_module(f"graphs.tools.{_HOMES[name]}"), name.upper())
    return found
