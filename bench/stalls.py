"""When the event loop stands still: how long, and where."""

import asyncio
import sys
import threading
import time
import traceback
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any, Self

BEAT = 0.01
"""Seconds between two beats of the loop."""
STALL = 0.05
"""Seconds without a beat from which on the loop counts as standing still."""
HOME = Path(__file__).parents[1]


class Stalls:
    """`async with Stalls() as stalls:` watches the loop it runs in. `late`: each beat's delay."""

    def __init__(self) -> None:
        self.late: list[float] = []
        self.places: Counter[str] = Counter()
        """By place in the project's code: how often it was seen while the loop stood still."""
        self._beat = time.perf_counter()
        self._over = threading.Event()
        self._loop = threading.get_ident()

    async def __aenter__(self) -> Self:
        self._beating = asyncio.create_task(self._beats())
        threading.Thread(target=self._watch, daemon=True).start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._over.set()
        self._beating.cancel()
        await asyncio.gather(self._beating, return_exceptions=True)

    async def _beats(self) -> None:
        while True:
            await asyncio.sleep(BEAT)
            now = time.perf_counter()
            self.late.append(max(0.0, now - self._beat - BEAT))
            self._beat = now

    def _watch(self) -> None:
        while not self._over.wait(STALL / 2):
            if time.perf_counter() - self._beat > STALL:
                frames = sys._current_frames()  # pyright: ignore[reportPrivateUsage]
                self.places[_place(frames.get(self._loop))] += 1

    def worst(self, number: int) -> list[tuple[str, int]]:
        """The places seen most often, with how often."""
        return self.places.most_common(number)


def _place(frame: FrameType | None) -> str:
    """The innermost line of the project, and what it called there."""
    stack: list[Any] = list(traceback.walk_stack(frame)) if frame else []
    inner = stack[0][0].f_code.co_name if stack else ""
    for found, line in stack:
        path = Path(found.f_code.co_filename)
        if path.is_relative_to(HOME) and ".venv" not in path.parts:
            return f"{path.relative_to(HOME)}:{line} {found.f_code.co_name} > {inner}"
    return f"({inner})"
