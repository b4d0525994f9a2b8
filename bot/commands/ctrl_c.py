"""Ctrl-C, from the first moment of a process to its last: never lost, and never noisy.

Who started the process may have told it to ignore SIGINT, as a script does with what it runs in the
background. It counts all the same: Python and asyncio leave it ignored unless it is asked for.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

STOPPED = 130
"""The exit code of a process that was stopped with Ctrl-C."""


def leave(*_: object) -> NoReturn:
    """End the process at once: nothing was begun, or the rows say where to go on."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError, RuntimeError):
            stream.flush()
    os._exit(STOPPED)


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """The result of the work. Ctrl-C cancels it; once it has cleaned up, the process ends.

    A second one ends the process at once. None counts when the work is done and only its result
    is still to be told.
    """
    signal.signal(signal.SIGINT, leave)
    try:
        with asyncio.Runner() as runner:
            return runner.run(_worked(work))
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


async def _worked(work: Coroutine[Any, Any, Any]) -> Any:
    """The result; a press ends the process here, where threads that still import keep nobody."""
    pressed, me = asyncio.Event(), asyncio.current_task()
    assert me is not None

    def press() -> None:
        pressed.set()
        me.cancel()

    with at_press(press):
        try:
            return await work
        except asyncio.CancelledError:
            if pressed.is_set():
                leave()
            raise


@contextmanager
def at_press(act: Callable[[], object]) -> Generator[None]:
    """The next Ctrl-C does this, on the running loop; the one after it does what it did before."""
    loop, before = asyncio.get_running_loop(), signal.getsignal(signal.SIGINT)

    def press(*_: object) -> None:
        signal.signal(signal.SIGINT, before)
        loop.call_soon_threadsafe(act)

    signal.signal(signal.SIGINT, press)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGINT) is press:
            signal.signal(signal.SIGINT, before)


@contextmanager
def raised() -> Generator[None]:
    """Ctrl-C raises KeyboardInterrupt: for a question that waits for a line of the terminal."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
