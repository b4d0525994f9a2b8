"""`kill -9` at every boundary of the journal, and the mission comes to the same end.

A real process runs a whole mission and kills itself at its n-th commit: right before it counts,
or right after. The next process goes on. What comes of it is compared with a life that nobody
interrupted: nothing is lost, nothing is done twice, and no answer of a model is paid for twice.
"""

import asyncio
import json
import random
import shutil
import signal
import tempfile
from collections.abc import AsyncGenerator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.store import tables as t
from bot.store.store import Store
from tests.crash import victim

FORK = get_context("forkserver")
FORK.set_forkserver_preload(["tests.crash.victim"])
AT_ONCE = 3
"""Lives at once."""
KILLED = -signal.SIGKILL
SAME = (
    "status", "body", "version", "made_from", "files", "attempts", "gates", "decisions",
    "messages", "calls",
)  # fmt: skip

MakeUrl = Callable[[Path], str]


@dataclass
class Life:
    """One mission's folder and database; every process of it writes what it asked a model."""

    folder: Path
    url: str
    dead: int = 0
    asked: list[int] = field(default_factory=list[int])

    async def live(self, when: str = "", number: int = 0, kill_after: float = 0.0) -> int:
        """One process, to its end; gives its exit code."""
        code = await asyncio.to_thread(self._process, when, number, kill_after)
        self.asked.append(self._questions() - sum(self.asked))
        return code

    def _process(self, when: str, number: int, kill_after: float) -> int:
        ended = self.folder / victim.ENDED
        ended.unlink(missing_ok=True)
        process = FORK.Process(target=victim.main, args=(self.folder, self.url, when, number))
        process.start()
        if kill_after:
            process.join(kill_after)
            process.kill()
        process.join(60)
        if process.is_alive():
            process.kill()
            process.join()
            raise AssertionError(f"the process after {when} {number} did not come to its end")
        assert process.exitcode is not None
        # 255 is multiprocessing's word for an exit code that its fork server lost
        if process.exitcode == 255:
            return 0 if ended.exists() else KILLED
        return process.exitcode

    def _questions(self) -> int:
        log = self.folder / "asked.log"
        return len(log.read_text("utf-8").splitlines()) if log.exists() else 0

    async def paid(self) -> int:
        """How many answers the journal of the dead process holds."""
        store = Store(self.url)
        mine = select(t.inbox.c.result["mission"].as_string()).where(
            t.inbox.c.key == self.folder.name
        )
        done = select(func.count()).where(
            t.calls.c.state == "done", t.calls.c.mission.in_(mine.scalar_subquery())
        )
        async with store.reading() as conn:
            count = int((await conn.execute(done)).scalar_one())
        await store.close()
        return count

    def result(self) -> dict[str, Any]:
        return json.loads((self.folder / "result.json").read_text("utf-8"))


@dataclass
class Nursery:
    """Makes lives, a few at once."""

    folder: Path
    make_url: MakeUrl
    gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))

    @asynccontextmanager
    async def life(self, name: str) -> AsyncGenerator[Life]:
        async with self.gate:
            folder = self.folder / name
            folder.mkdir()
            yield Life(folder, self.make_url(folder))

    async def uninterrupted(self) -> dict[str, Any]:
        async with self.life("alone") as life:
            assert await life.live() == 0
            return life.result()

    async def killed(self, name: str, alone: dict[str, Any], **how: Any) -> bool:
        """A life that is killed once, goes on, and is the same. False when it was never killed."""
        async with self.life(name) as life:
            if await life.live(**how) != KILLED:
                return False
            paid = await life.paid()
            assert await life.live() == 0, name
            differs(name, alone, life.result())
            assert life.asked[1] == alone["calls"] - paid, f"{name}: answers were paid for twice"
            return True


def differs(name: str, alone: dict[str, Any], result: dict[str, Any]) -> None:
    for key in SAME:
        assert result[key] == alone[key], f"{name}: {key}"
    assert sorted(result["events"]) == sorted(alone["events"]), f"{name}: events"


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: a killed process loses nothing that it wrote."""
    shm = Path("/dev/shm")
    if not shm.is_dir():
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=shm) as folder:
        yield Path(folder)


@pytest.fixture
def on_sqlite(memory: Path, sqlite_template: Path) -> Nursery:
    def make(folder: Path) -> str:
        shutil.copy(sqlite_template, folder / "mission.db")
        return f"sqlite:///{folder / 'mission.db'}"

    return Nursery(memory, make)


@pytest.fixture
def on_postgres(tmp_path: Path, postgres_url: str) -> Nursery:
    return Nursery(tmp_path, lambda _: postgres_url)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("when", ["before", "after"])
async def test_killed_at_any_commit_it_comes_to_the_same_end(on_sqlite: Nursery, when: str) -> None:
    """Every commit of the whole run, one after the other."""
    alone = await on_sqlite.uninterrupted()
    number = 0
    while True:
        numbers = range(number + 1, number + 1 + AT_ONCE * 4)
        names = {n: f"{when}-{n}" for n in numbers}
        lives = [on_sqlite.killed(names[n], alone, when=when, number=n) for n in numbers]
        if not all(await asyncio.gather(*lives)):
            break
        number = numbers[-1]
    assert number >= alone["calls"]


@pytest.mark.timeout(600)
async def test_killed_at_any_time_it_comes_to_the_same_end(on_sqlite: Nursery) -> None:
    """Not at a commit, but whenever: in a model's answer, a file's write, a message's post."""
    alone = await on_sqlite.uninterrupted()
    when = random.Random(7)
    pauses = [round(when.uniform(0.1, 1.5), 3) for _ in range(8)]
    await asyncio.gather(*(on_sqlite.killed(f"at-{p}", alone, kill_after=p) for p in pauses))


@pytest.mark.timeout(600)
async def test_killed_twice_in_a_row_it_comes_to_the_same_end(on_sqlite: Nursery) -> None:
    """Also a process that was going on after a crash may die."""
    alone = await on_sqlite.uninterrupted()
    async with on_sqlite.life("twice") as life:
        half = alone["commits"] // 2  # how many there are depends on what happens to come together
        assert await life.live("after", half) == KILLED
        assert await life.live("before", half // 2) == KILLED
        assert await life.live() == 0
        differs("twice", alone, life.result())


@pytest.mark.timeout(600)
async def test_on_postgresql_it_is_the_same(on_postgres: Nursery) -> None:
    """A sample of the boundaries, on the other database."""
    on_postgres.gate = asyncio.Semaphore(1)
    alone = await on_postgres.uninterrupted()
    last = alone["commits"] - 12  # how many there are depends on what happens to come together
    for number in (2, last // 4, last // 2, last * 3 // 4, last):
        for when in ("before", "after"):
            name = f"{when}-{number}"
            assert await on_postgres.killed(name, alone, when=when, number=number), name
