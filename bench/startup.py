"""How soon it answers, and how much memory it holds when nothing happens.

python -m bench.startup      one JSON object
"""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from statistics import median
from typing import Any

import psutil

RUNS = 9
IDLE_SECONDS = 10.0
BOT = [sys.executable, "-m", "bot"]
TRY = [*BOT, "try", "--port", "0", "--no-open", "--offline"]
URL = re.compile(r"http://\S+")


def measure() -> dict[str, Any]:
    helps, bare = _turns([*BOT, "--help"], [sys.executable, "-c", "pass"])
    with tempfile.TemporaryDirectory() as folder:
        first = _start(folder, 0.0)
        second = _start(folder, IDLE_SECONDS)
    return {"help": helps, "bare": bare, "first": first, "second": second}


def _turns(*commands: list[str]) -> list[float]:
    """The median seconds of each command, run in turns; the first of each warms the disk."""
    found: list[list[float]] = [[] for _ in commands]
    for _ in range(RUNS + 1):
        for seconds, command in zip(found, commands, strict=True):
            begun = time.perf_counter()
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
            seconds.append(time.perf_counter() - begun)
    return [median(seconds[1:]) for seconds in found]


def _start(folder: str, idle: float) -> dict[str, float]:
    """Seconds from the start of the process to the page; then its memory after so long."""
    begun = time.perf_counter()
    with _trying(folder) as process:
        assert process.stdout is not None
        url = next(found[0] for line in process.stdout if (found := URL.search(line)))
        threading.Thread(target=process.stdout.read, daemon=True).start()
        _answered(url)
        serving = time.perf_counter() - begun
        time.sleep(idle)
        return {"serving": serving, **_memory(process.pid)}


@contextmanager
def _trying(folder: str) -> Generator[subprocess.Popen[str]]:
    env = {**os.environ, "DATA_DIR": folder, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(TRY, stdout=subprocess.PIPE, env=env, text=True) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)


def _answered(url: str) -> None:
    """Wait for the page, as a browser that keeps the cookie it is given. Raises HTTPError."""
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
    while True:
        try:
            browser.open(url, timeout=5).close()
        except urllib.error.HTTPError:
            raise
        except OSError:
            time.sleep(0.01)
        else:
            return


def _memory(pid: int) -> dict[str, float]:
    """MB of the process and its children: resident, and with shared pages counted once."""
    process = psutil.Process(pid)
    tree = [p.memory_full_info() for p in (process, *process.children(recursive=True))]
    return {"rss": sum(p.rss for p in tree) / 1e6, "pss": sum(p.pss for p in tree) / 1e6}


if __name__ == "__main__":
    print(json.dumps(measure()))
