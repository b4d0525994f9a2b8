"""Killable helper processes with limits, for work on files that must not hurt the bot.

    workers = Workers(size=2)
    result = await workers.run("bot.documents.convert:convert_file", path, name)
    await workers.close()

A child starts when it is first needed, stays warm for the next job, and is gone a minute
after the last one. A job that is too slow, too big or cancelled is killed with everything
that it started.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import struct
import sys
import tempfile
from asyncio.subprocess import DEVNULL, PIPE, Process, SubprocessStreamProtocol
from pathlib import Path
from typing import Any, Final, Self

import ormsgpack

from bot.documents.child import TAKEN, allowed, pack
from bot.documents.errors import WorkError, WorkFailed, WorkMemory, WorkTimeout, revive

TIMEOUT: Final = 60.0
MEMORY_MB: Final = 1024
IDLE_SECONDS: Final = 60.0
MAX_JOBS: Final = 50
MAX_ANSWER: Final = 128 * 1024 * 1024
_BUFFER: Final = 1024 * 1024
_HEADER: Final = struct.Struct(">I")
_ROOT: Final = Path(__file__).resolve().parents[2]
_PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SYSTEMROOT", "LD_LIBRARY_PATH")
_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Workers:
    """At most `size` helper processes that run registered functions.

    `idle` seconds after its last job a child is ended; after `max_jobs` jobs it is replaced.
    `cache` is the children's home folder (font caches and the like, kept between starts).
    `allow` registers modules besides `bot.documents.*` and `graphs.tools.*`.
    """

    def __init__(
        self,
        size: int = 2,
        *,
        idle: float = IDLE_SECONDS,
        max_jobs: int = MAX_JOBS,
        max_answer: int = MAX_ANSWER,
        cache: Path | None = None,
        allow: tuple[str, ...] = (),
    ) -> None:
        self._turns = asyncio.Semaphore(size)
        self._idle = idle
        self._max_jobs = max_jobs
        self._max_answer = max_answer
        self._cache = cache
        self._allow = allow
        self._free: list[_Child] = []
        self._all: set[_Child] = set()
        self._ending: set[asyncio.Task[None]] = set()
        self._closed = False

    async def __aenter__(self) -> Self:
        """Give itself; leaving the block closes it."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """End every child."""
        await self.close()

    @property
    def pids(self) -> frozenset[int]:
        """The process ids of the children that live now, working or idle."""
        return frozenset(child.pid for child in self._all)

    async def run(
        self,
        function: str,
        *args: object,
        timeout: float = TIMEOUT,
        memory_mb: int = MEMORY_MB,
    ) -> Any:
        """Run `module:name` in a child with plain arguments and give its plain result.

        Plain means None, bool, int, float, str, bytes, lists and dicts of these. `timeout` is
        in seconds and starts when a child is free. Raises the `DocumentError` that the
        function raised, or `WorkTimeout`, `WorkMemory`, `WorkFailed`.
        """
        if not allowed(function, self._allow):
            raise ValueError(f"{function} is not registered for helper processes")
        request = pack(
            {"function": function, "args": args, "timeout": timeout, "memory": memory_mb << 20}
        )
        async with self._turns:
            answer: dict[str, Any] | None = None
            while answer is None:
                answer = await self._answer(await self._take(), request, timeout)
        return _result(answer, memory_mb)

    async def close(self) -> None:
        """End every child, in mid-job too, and wait until they are gone."""
        self._closed = True
        for child in list(self._all):
            self._end(child)
        while self._ending:
            await asyncio.wait(self._ending)

    async def _take(self) -> _Child:
        if self._closed:
            raise WorkFailed("The bot is shutting down; send this again when it is back.")
        while self._free:
            child = self._free.pop()
            if child.rest():
                return child
            self._end(child)
        child = await _Child.start(self._cache or _default_cache(), self._allow)
        self._all.add(child)
        return child

    async def _answer(self, child: _Child, request: bytes, timeout: float) -> dict[str, Any] | None:
        """The child's answer; None when it had died while it was idle, so that nothing was done."""
        try:
            answer = await self._ask(child, request, timeout)
        except BaseException as error:
            self._end(child)
            if isinstance(error, _DiedIdle):
                return None
            raise
        self._keep(child, fit=answer.get("error") != ["WorkMemory"])
        return answer

    async def _ask(self, child: _Child, request: bytes, timeout: float) -> dict[str, Any]:
        try:
            async with asyncio.timeout(timeout):
                return await child.ask(request, self._max_answer)
        except TimeoutError:
            raise _too_slow(timeout) from None

    def _keep(self, child: _Child, *, fit: bool) -> None:
        if self._closed or not fit or child.jobs >= self._max_jobs:
            self._end(child)
            return
        self._free.append(child)
        child.leave = asyncio.get_running_loop().call_later(self._idle, self._end, child)

    def _end(self, child: _Child) -> None:
        """Kill at once; collect the remains in the background, so cancelling can't lose it."""
        if child not in self._all:
            return
        self._all.discard(child)
        if child in self._free:
            self._free.remove(child)
        child.kill()
        task = asyncio.get_running_loop().create_task(child.bury())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)


class _DiedIdle(Exception):
    """A child that had worked before was gone before it took the request."""


class _Child:
    """One helper process and its pipe."""

    def __init__(
        self, process: Process, transport: asyncio.SubprocessTransport, scratch: Path
    ) -> None:
        self._process = process
        self._transport = transport
        self._scratch = scratch
        self.jobs = 0
        self.leave: asyncio.TimerHandle | None = None

    @property
    def pid(self) -> int:
        return self._process.pid

    @classmethod
    async def start(cls, cache: Path, allow: tuple[str, ...]) -> _Child:
        """Start a process with a clean environment and a scratch folder of its own."""
        scratch: Path | None = None
        loop = asyncio.get_running_loop()
        command = [sys.executable, "-m", "bot.documents.child", str(os.getpid()), *allow]
        try:
            scratch = _make_folders(cache)
            # What create_subprocess_exec does, with the transport kept: only that can close
            # pipes which hold more than was read.
            transport, protocol = await loop.subprocess_exec(
                lambda: SubprocessStreamProtocol(limit=_BUFFER, loop=loop),
                *command,
                stdin=PIPE,
                stdout=PIPE,
                stderr=DEVNULL,
                cwd=scratch,
                env=environment(cache, scratch),
                start_new_session=True,
            )
        except BaseException as error:
            if scratch:
                shutil.rmtree(scratch, ignore_errors=True)
            if not isinstance(error, OSError):
                raise
            raise WorkFailed(
                "No helper process could be started to work on the file; "
                "free some memory or disk space on this machine and try again.",
                detail=str(error),
            ) from error
        return cls(Process(transport, protocol, loop), transport, scratch)

    def rest(self) -> bool:
        """Stop the idle clock. False: the process has died meanwhile."""
        if self.leave is not None:
            self.leave.cancel()
        return self._process.returncode is None

    async def ask(self, request: bytes, most: int) -> dict[str, Any]:
        """Send a request and give the answer, of at most `most` bytes. Raises _DiedIdle."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self.jobs += 1
        taken = False
        try:
            self._process.stdin.write(request)
            await self._process.stdin.drain()
            await self._process.stdout.readexactly(len(TAKEN))
            taken = True
            size = _HEADER.unpack(await self._process.stdout.readexactly(_HEADER.size))[0]
            if size > most:
                raise WorkFailed(
                    "The result is too big to take; ask for a part of it.",
                    detail=f"answer of {size} bytes",
                )
            body = await self._process.stdout.readexactly(size)
        except (asyncio.IncompleteReadError, OSError):
            if not taken and self.jobs > 1:
                raise _DiedIdle from None
            raise await self._death() from None
        return ormsgpack.unpackb(body, option=ormsgpack.OPT_NON_STR_KEYS)

    async def _death(self) -> WorkError:
        self.kill()
        code = await self._process.wait()
        if code == -signal.SIGXCPU:
            return WorkTimeout("This needed too much computing and was stopped; try a part of it.")
        return WorkFailed(
            "The helper that worked on this file stopped unexpectedly; nothing else was "
            "touched. Try again, or attach the file in another format.",
            detail=f"exit {code}",
        )

    def kill(self) -> None:
        """Kill the process and all that it started, at once."""
        if self.leave is not None:
            self.leave.cancel()
        if self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)

    async def bury(self) -> None:
        """Close its pipes, wait for the end of the process and remove its scratch folder."""
        # The transport's own close() polls the process. That would take its exit from the loop's
        # watcher, which then finds nobody to wait for; so it comes when the exit is known.
        for number in (0, 1):
            if (pipe := self._transport.get_pipe_transport(number)) is not None:
                pipe.close()
        await self._process.wait()
        self._transport.close()
        await asyncio.to_thread(shutil.rmtree, self._scratch, ignore_errors=True)


def environment(cache: Path, scratch: Path) -> dict[str, str]:
    """Give a child's whole environment: nothing secret is in it, only what is listed here."""
    passed = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
    return {
        **passed,
        **dict.fromkeys(_ONE_THREAD, "1"),
        "HOME": str(cache),
        "MPLCONFIGDIR": str(cache / "matplotlib"),
        "MPLBACKEND": "Agg",
        "XDG_CACHE_HOME": str(cache),
        "TMPDIR": str(scratch),
        "MALLOC_ARENA_MAX": "2",
        "PYTHONPATH": str(_ROOT),
        "PYTHONSAFEPATH": "1",
        "PYTHONUTF8": "1",
        "PYTHONWARNINGS": "ignore",
    }


def _make_folders(cache: Path) -> Path:
    cache.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="concertmaster-"))


def _default_cache() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("concertmaster") / "workers"


def _result(answer: dict[str, Any], memory_mb: int) -> Any:
    if "result" in answer:
        return answer["result"]
    if answer["message"]:
        raise revive(answer["error"], answer["message"], answer["detail"])
    if answer["error"] == ["WorkMemory"]:
        raise WorkMemory(
            f"This needed more than {memory_mb} MB of memory and was stopped; "
            "try a smaller file or a part of it.",
            detail=answer["detail"],
        )
    raise WorkFailed(
        "Something in this file could not be worked on; nothing else was touched. "
        "Try again with the file saved in another format.",
        detail=answer["detail"],
    )


def _too_slow(timeout: float) -> WorkTimeout:
    return WorkTimeout(
        f"This took longer than {timeout:g} seconds and was stopped; "
        "try a smaller file or a part of it."
    )
