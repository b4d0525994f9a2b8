"""Python's garbage collector, told what stays: large libraries are held, small things are made.

Left alone it goes through every object of LangChain again and again: 0.1 s at a time in which
nobody is answered, and a twentieth of the CPU of a mission.
"""

import gc
from functools import cache

YOUNG = 20_000
"""New objects before the youngest are looked through; Python's own 700 are those of two steps."""


@cache
def settle(loaded: str) -> None:
    """What has been loaded stays: take it out of the collector's sight, once for each name."""
    gc.set_threshold(YOUNG, *gc.get_threshold()[1:])
    gc.collect()
    gc.freeze()
