"""A room with real helper processes and real files."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.documents.worker import Workers
from graphs.tools import Attachment, Room, ToolResult, Web, toolbox

MakeRoom = Callable[..., Room]


@pytest.fixture
async def workers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Workers]:
    cache = tmp_path_factory.getbasetemp() / "workers"
    async with Workers(size=1, cache=cache) as running:
        yield running


@pytest.fixture
def make_room(tmp_path: Path, workers: Workers) -> MakeRoom:
    """A room whose attachments are the given files: `make_room({"a.csv": "x,y\\n1,2\\n"})`."""

    def make(files: dict[str, str | bytes] | None = None, **more: Any) -> Room:
        attachments: dict[str, Attachment] = {}
        for name, content in (files or {}).items():
            path = tmp_path / "given" / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
            text = content if isinstance(content, str) else ""
            attachments[name] = Attachment(path, text)
        web = more.pop("web", Web())
        return Room(tmp_path / "made", workers, attachments, web, **more)

    return make


async def call(room: Room, tool: str, **args: Any) -> ToolResult:
    """Run a tool as an agent's loop does; a failed result fails the test."""
    result = await refuse(room, tool, **args)
    assert not result.failed, result.text
    return result


async def refuse(room: Room, tool: str, **args: Any) -> ToolResult:
    """Run a tool and give whatever comes back."""
    return await toolbox([tool])[0].run(args, room)


def facts(result: ToolResult) -> dict[tuple[str, str], str]:
    """(label, measure) → value."""
    return {(fact.label, fact.measure): fact.value for fact in result.facts}
