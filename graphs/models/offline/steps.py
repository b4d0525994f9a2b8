"""An agent's script as a generator: it yields calls, gets replies, and returns its text.

    def script(desk):
        (table,) = yield [Call("describe_table", {"name": "a.csv"})]
        return f"{table.data['found']} rows"

The model keeps nothing between turns: the script is replayed over the replies so far. The same
conversation therefore always gives the same next step, after a crash as well.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Call:
    """One use of a tool."""

    tool: str
    args: dict[str, Any]


@dataclass(frozen=True)
class Reply:
    """What a tool gave: `text` as a model sees it, `data` for code, None when it failed."""

    text: str
    data: Any = None
    facts: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    failed: bool = False


Script = Generator[list[Call], list[Reply], str]


@dataclass(frozen=True)
class Desk:
    """All that a script may look at: the question's data and the names of the tools it has."""

    data: dict[str, Any]
    tools: frozenset[str]

    def has(self, *names: str) -> bool:
        """True when all of these tools are offered."""
        return self.tools.issuperset(names)


Step = list[Call] | str


def advance(script: Callable[[Desk], Script], desk: Desk, replies: Sequence[Reply]) -> Step:
    """The next calls, or the final text, after these replies.

    A script never sees more replies than it asked for; missing ones are failures.
    """
    running = script(desk)
    left = list(replies)
    try:
        calls = next(running)
        while len(left) >= len(calls) and (left or not calls):
            given, left = left[: len(calls)], left[len(calls) :]
            calls = running.send(given)
    except StopIteration as end:
        return str(end.value)
    return calls
