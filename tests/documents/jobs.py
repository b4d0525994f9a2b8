"""Jobs that misbehave on purpose; tests register this module with their Workers."""

import os
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from bot.documents.errors import Corrupt


class Torn(Corrupt):
    """An error class that the parent process may not know."""


def echo(value: Any) -> Any:
    return value


def hang(marker: str) -> None:
    Path(marker).write_text(str(os.getpid()))
    time.sleep(3600)


def hang_with_helper(marker: str) -> None:
    helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3600)"])
    Path(marker).write_text(str(helper.pid))
    helper.wait()


def spin() -> None:
    while True:
        pass


def swallow(megabytes: int) -> int:
    return len(bytearray(megabytes << 20))


def blow_up() -> None:
    raise RuntimeError("inside words")


def tear() -> None:
    raise Torn("The page is torn; attach it again.", detail="page 3")


def die() -> None:
    os._exit(3)


def big(size: int) -> bytes:
    return b"x" * size


def environ() -> dict[str, str]:
    return dict(os.environ)


def pid() -> int:
    return os.getpid()


def talk() -> str:
    print("noise on stdout", flush=True)
    return sys.stdin.read()


def fetch(url: str) -> bytes:
    return urllib.request.urlopen(url, timeout=5).read()


def unplain() -> object:
    return object()


def folders() -> list[str]:
    return [os.getcwd(), os.environ["TMPDIR"]]


def pdf_without_typst() -> bytes:
    from bot.documents.export import render

    sys.modules["typst"] = None  # pyright: ignore[reportArgumentType]
    return render("text", "Title", "pdf", {}, "en")
