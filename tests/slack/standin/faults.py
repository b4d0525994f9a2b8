"""What can go wrong on the way: each fault is used up by the calls that meet it."""

import asyncio
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "reset_before", "reset_after", "500_before", "500_after", "ratelimited", "delay", "delay_after"
]


@dataclass
class Fault:
    """`after` kinds do the work first and lose the answer; `delay` and
    `delay_after` wait for `open`, before and after the work."""

    method: str
    kind: Kind
    times: int = 1
    seconds: int = 1
    channel: str = ""
    open: asyncio.Event = field(default_factory=asyncio.Event)

    def meets(self, method: str, channel: str) -> bool:
        return (
            self.times > 0
            and self.method in ("*", method)
            and (not self.channel or self.channel == channel)
        )


class Faults:
    """The faults in wait."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        self._faults.append(fault)
        return fault

    def take(self, method: str, channel: str) -> Fault | None:
        """The first fault that this call meets, used once."""
        for fault in self._faults:
            if fault.meets(method, channel):
                fault.times -= 1
                return fault
        return None
