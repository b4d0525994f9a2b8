"""Every measure in one run, as ratios: `python -m bench [--quick]`.

Each measure has a process of its own, one after the other; the stub model server has another.
"""

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any

from rich.console import Console
from rich.table import Table

QUICK = "--quick" in sys.argv
ROUNDS = 4 if QUICK else 16
SIZES = (10, 100) if QUICK else (10, 100, 1_000)
Row = tuple[str, str, str, str]
"""What was measured, the product's figure, beside what, and what was aimed at."""


def main() -> None:
    console = Console()
    for title, rows in (
        ("One skewed mission of 12 tasks, each reviewed", makespan),
        ("Starting, and waiting", startup),
        ("Many missions at once, 8 calls of 10 ms each", crowd),
    ):
        with console.status(title):
            found = rows()
        console.print(_table(title, found))


def _table(title: str, rows: list[Row]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in ("Measure", "Here", "Beside", "Aim"):
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


# -- the measures ----------------------------------------------------------------------------------


def makespan() -> list[Row]:
    with _stub() as port:
        found = _child("bench.makespan", ROUNDS, port)
    critical, tasks = found["critical"], found["tasks"]
    (product, own), (send, _), (floor, client) = (found[n] for n in ("product", "send", "floor"))
    return [
        (
            "Makespan ÷ critical path", f"{product / critical:.3f}",
            f"asyncio alone {floor / critical:.3f} · LangGraph Send {send / critical:.2f}"
            f" (level by level {found['levels'] / critical:.2f})",
            "≤ 1.05",
        ),
        ("Send ÷ product", f"{send / product:.2f}", "", ""),
        (
            "Own CPU per task", f"{(own - client) / tasks * 1_000:.1f} ms",
            f"its two calls in the client alone {client / tasks * 1_000:.1f} ms:"
            f" × {(own - client) / client:.2f} · together {own / tasks * 1_000:.1f} ms",
            "≤ 5 ms",
        ),
    ]  # fmt: skip


def startup() -> list[Row]:
    found = _child("bench.startup")
    helps, bare, second = found["help"], found["bare"], found["second"]
    return [
        (
            "concertmaster --help", f"{helps:.2f} s",
            f"python -c pass {bare:.3f} s: × {helps / bare:.1f}", "≤ 0.4 s",
        ),
        (
            "try serves, second start", f"{second['serving']:.2f} s",
            f"first start {found['first']['serving']:.2f} s"
            f" · × {second['serving'] / bare:.0f} of python -c pass",
            "≤ 3 s",
        ),
        (
            "Idle memory, engine loaded", f"{second['rss']:.0f} MB",
            f"shared pages counted once {second['pss']:.0f} MB", "≤ 150 MB",
        ),
    ]  # fmt: skip


def crowd() -> list[Row]:
    own = {size: _child("bench.crowd", "product", size) for size in SIZES}
    with _stub() as port:
        stub = _child("bench.crowd", "stub", 100, port)
    peer, floor = (_child("bench.crowd", kind, 100) for kind in ("peer", "floor"))
    at = own[100]
    rows: list[Row] = [
        (
            "Missions/s at 100", f"{at['per_second']:.1f}",
            f"LangGraph + SQLite, 8 nodes {peer['per_second']:.1f}"
            f" · asyncio alone {floor['per_second']:.1f} · over HTTP {stub['per_second']:.1f}", "",
        ),
        (
            "CPU per mission at 100", f"{at['cpu_ms']:.0f} ms",
            f"LangGraph {peer['cpu_ms']:.0f} ms: × {at['cpu_ms'] / peer['cpu_ms']:.1f}"
            f" · asyncio alone {floor['cpu_ms']:.1f} ms · over HTTP {stub['cpu_ms']:.0f} ms", "",
        ),
        (
            "Memory per mission at 100", f"{at['kib']:.0f} KiB",
            f"LangGraph {peer['kib']:.0f} KiB", "",
        ),
    ]  # fmt: skip
    for fewer, more in pairwise(SIZES):
        cpu = own[more]["cpu_ms"] / own[fewer]["cpu_ms"]
        rows.append(
            (
                f"Growth {fewer} → {more:,}", f"CPU per mission × {cpu:.2f}",
                f"missions/s × {own[more]['per_second'] / own[fewer]['per_second']:.2f}"
                f" · memory per mission {own[fewer]['kib']:.0f} → {own[more]['kib']:.0f} KiB",
                "CPU × ≤ 1",
            )
        )  # fmt: skip
    return rows


# -- processes -------------------------------------------------------------------------------------


def _child(module: str, *args: object) -> dict[str, Any]:
    """What another process measured: the JSON on its last line."""
    command = [sys.executable, "-m", module, *map(str, args)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


@contextmanager
def _stub() -> Generator[int]:
    """A stub model server; gives its port."""
    command = [sys.executable, "-m", "bench.stub"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield int(server.stdout.readline())
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
