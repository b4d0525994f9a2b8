"""Safe calculation: a few lines of Python in a sandbox without files, network or clock.

The sandbox library calls itself experimental, so it is behind `evaluate` alone.
"""

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, cast

from pydantic import Field, JsonValue

from bot.domain.work import Fact, Source
from graphs.tools import numbers
from graphs.tools.base import Args, Room, Tool, ToolError, ToolResult, shorten

SECONDS = 2.0
MEMORY = 64 * 1024 * 1024
PRINTED = 4_000
SOURCE = "calculation"


class Calculate(Args):
    """Arguments of `calculate`."""

    code: str = Field(
        min_length=1,
        max_length=8_000,
        description="Python; its last line is the expression whose value is given back. "
        "math and decimal.Decimal can be imported.",
    )
    measure: str = Field(default="result", max_length=120, description="what the number says")
    label: str = Field(default="calculation", max_length=120, description="what it is about")


async def evaluate(code: str) -> tuple[Any, str]:
    """The value of the last expression, and what was printed. Raises `ToolError`."""
    import pydantic_monty as monty

    printed = monty.CollectString(PRINTED)
    limits = monty.ResourceLimits(
        max_feed_duration_secs=SECONDS, max_memory=MEMORY, max_recursion_depth=200
    )
    # Sleeping does not count as execution, so it is switched off; time stands still too.
    policy = monty.OSPolicy(sleep="zero", random_start={"seed": 0})
    try:
        async with (
            monty.AsyncMonty(request_timeout=SECONDS * 3) as pool,
            pool.checkout(limits=limits, os_policy=policy) as session,
        ):
            value = await session.feed_run(code, print_callback=printed)
    except monty.MontyError as error:
        raise ToolError(f"The calculation failed: {shorten(str(error), 500)}.") from error
    return value, printed.output


def exact(value: object) -> Decimal | None:
    """The number a value is, exactly as it would be written, or None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return numbers.from_float(value) if abs(value) < float("inf") else None
    if isinstance(value, int | Decimal):
        number = Decimal(value)
        fits = number.is_finite() and abs(number.adjusted()) <= numbers.MAX_EXPONENT
        return number if fits else None
    return None


async def _calculate(args: Calculate, room: Room) -> ToolResult:
    value, printed = await evaluate(args.code)
    if value is None and not printed:
        raise ToolError("The last line gave no value; end with the expression to compute.")
    return ToolResult(
        text="\n".join(part for part in (printed.strip(), _text(value)) if part),
        data=_plain(value),
        facts=tuple(_facts(args, value)),
        sources=(Source(kind="tool", title="calculate", ref=SOURCE, quote=args.code[:500]),),
    )


def _facts(args: Calculate, value: object) -> list[Fact]:
    """One fact for a number, one for each number of a mapping."""
    if isinstance(value, Mapping):
        pairs = [(str(k), exact(v)) for k, v in cast(Mapping[object, object], value).items()]
    else:
        pairs = [(args.label, exact(value))]
    return [
        Fact(label=label, measure=args.measure, value=numbers.write(number), source=SOURCE)
        for label, number in pairs
        if number is not None
    ]


def _text(value: object) -> str:
    return "" if value is None else json.dumps(_plain(value), ensure_ascii=False).strip('"')


def _plain(value: object) -> JsonValue:
    """The value as plain data, numbers exactly as text would show them."""
    number = exact(value)
    if number is not None:
        return numbers.write(number)
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in cast(Mapping[object, object], value).items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in cast(list[object], value)]
    return value.isoformat() if isinstance(value, date) else shorten(str(value), 500)


CALCULATE = Tool(
    name="calculate",
    description="Compute with a few lines of Python in a sandbox without files or network; "
    "the last line's value is the result.",
    args=Calculate,
    risk="read",
    work=_calculate,
)
