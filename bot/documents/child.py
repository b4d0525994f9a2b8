"""The helper process behind `worker.Workers`: `python -m bot.documents.child`.

Reads requests as frames (4-byte length, then msgpack) from its first pipe, says that it took one,
runs the named function under limits, and answers on the second. It ends with its parent, writes no
core, reaches no network, and never sees the parent's terminal.
"""

from __future__ import annotations

import ctypes
import importlib
import inspect
import math
import os
import queue
import resource
import signal
import struct
import sys
import threading
from collections.abc import Callable
from typing import Any, BinaryIO, Final

import ormsgpack

from bot.documents.errors import DocumentError, lineage

ALLOWED: Final = ("bot.documents.", "graphs.tools.")
MAX_FILE_BYTES: Final = 512 * 1024 * 1024
SPARE_ADDRESSES: Final = 4 * 1024 * 1024 * 1024
_HEADER: Final = struct.Struct(">I")
TAKEN: Final = b"taken"
"""Goes before each answer, at once: who hears nothing knows that nothing was begun."""
_PR_SET_PDEATHSIG: Final = 1
_NETWORK: Final = frozenset(
    {"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto",
     "socket.bind", "urllib.Request", "http.client.connect", "ftplib.connect"}
)  # fmt: skip


def allowed(function: str, extra: tuple[str, ...] = ()) -> bool:
    """Say whether `module:name` may be run: a public function of a registered module."""
    module, _, name = function.partition(":")
    registered = module.startswith(ALLOWED) or module in extra
    return registered and name.isidentifier() and not name.startswith("_")


def pack(message: object) -> bytes:
    """Give one frame. Raises `ValueError` or `TypeError` when it is not plain data."""
    body = ormsgpack.packb(message, option=ormsgpack.OPT_NON_STR_KEYS)
    return _HEADER.pack(len(body)) + body


def main() -> None:
    """Serve requests until the parent closes the pipe or dies."""
    extra = tuple(sys.argv[2:])
    requests, answers = _take_pipes()
    _settle(parent=int(sys.argv[1]))
    waiting: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(requests, waiting), daemon=True).start()
    while True:
        request = waiting.get()
        _send(answers, TAKEN)
        _send(answers, _serve(request, extra))


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    # A library that reads stdin or prints must not touch the conversation.
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    os.close(null)
    return requests, answers


def _settle(parent: int) -> None:
    os.nice(5)
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _limit(resource.RLIMIT_FSIZE, MAX_FILE_BYTES)
    sys.addaudithook(_no_network)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(0)


def _no_network(event: str, _: tuple[object, ...]) -> None:
    if event in _NETWORK:
        raise PermissionError("helper processes have no network")


def _listen(requests: BinaryIO, waiting: queue.SimpleQueue[dict[str, Any]]) -> None:
    # In a thread of its own, so that the end of the parent is seen in mid-job too.
    try:
        while header := requests.read(_HEADER.size):
            body = requests.read(_HEADER.unpack(header)[0])
            waiting.put(ormsgpack.unpackb(body, option=ormsgpack.OPT_NON_STR_KEYS))
    finally:
        os.killpg(0, signal.SIGKILL)  # with whatever the job itself had started


def _serve(request: dict[str, Any], extra: tuple[str, ...]) -> bytes:
    try:
        work = _find(request["function"], extra)
        _constrain(request["timeout"], request["memory"])
        return pack({"result": work(*request["args"])})
    except BaseException as error:  # noqa: BLE001 - the border: whatever it is goes back as data
        return pack(_explain(error))
    finally:
        _limit(resource.RLIMIT_DATA, resource.RLIM_INFINITY)
        _limit(resource.RLIMIT_AS, resource.RLIM_INFINITY)


def _find(function: str, extra: tuple[str, ...]) -> Callable[..., Any]:
    module, _, name = function.partition(":")
    if not allowed(function, extra):
        raise PermissionError(f"{function} is not registered")
    found = getattr(importlib.import_module(module), name, None)
    if not inspect.isfunction(found) or found.__module__ != module:
        raise PermissionError(f"{function} is not a function of its module")
    return found


def _constrain(timeout: float, memory: int) -> None:
    """Hold the coming job to `memory` bytes; CPU time is the net under the parent's clock."""
    # RLIMIT_DATA counts what is written; RLIMIT_AS also counts reserved addresses, of which
    # numeric libraries take gigabytes that they never touch.
    _limit(resource.RLIMIT_DATA, memory)
    _limit(resource.RLIMIT_AS, memory + SPARE_ADDRESSES)
    used = sum(os.times()[:2])
    _limit(resource.RLIMIT_CPU, math.ceil(used + 2 * timeout + 5))


def _limit(what: int, most: int) -> None:
    hard = resource.getrlimit(what)[1]
    if hard != resource.RLIM_INFINITY:
        most = hard if most == resource.RLIM_INFINITY else min(most, hard)
    try:
        resource.setrlimit(what, (most, hard))
    except (ValueError, OSError):
        if sys.platform == "linux":  # elsewhere some limits can't be set; the clock still holds
            raise


def _explain(error: BaseException) -> dict[str, Any]:
    if isinstance(error, DocumentError):
        return {"error": lineage(error), "message": str(error), "detail": error.detail}
    kind = ["WorkMemory"] if _starved(error) else ["WorkFailed"]
    return {"error": kind, "message": "", "detail": f"{type(error).__name__}: {error}"[:2000]}


def _starved(error: BaseException | None) -> bool:
    seen = 0
    while error is not None and seen < 20:
        if isinstance(error, MemoryError):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False


def _send(answers: BinaryIO, frame: bytes) -> None:
    answers.write(frame)
    answers.flush()


if __name__ == "__main__":
    main()
