"""Blobs: whole on the disk, and gone when nobody owns them, but not under a new owner's hands."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from bot.files import FolderFiles, SqlFiles, placed
from bot.missions import Missions
from bot.ports import Files
from bot.removal import QUIET, Removal
from bot.store.store import Store
from tests.conftest import Clock

BIG = bytes(range(256)) * (50 * 4096)
"""50 MB, as much as one attachment may have."""

DIES = """
import os, sys
with open(sys.argv[1], "wb") as file:
    file.write(b"half")
    file.flush()
    print("written", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def files(tmp_path: Path) -> FolderFiles:
    return FolderFiles(tmp_path / "files")


async def test_eight_tasks_at_once_all_read_a_big_attachment_whole(
    files: FolderFiles, tmp_path: Path
) -> None:
    """Whoever is told the path finds all bytes there, while siblings still write."""
    sha256 = await files.put(BIG)
    path = tmp_path / "attachments" / sha256

    async def read() -> bool:
        return await asyncio.to_thread((await placed(files, sha256, path)).read_bytes) == BIG

    assert all(await asyncio.gather(*(read() for _ in range(8))))
    assert [p.name for p in path.parent.iterdir()] == [sha256]


async def test_a_half_file_of_a_killed_process_is_replaced(
    files: FolderFiles, tmp_path: Path
) -> None:
    """It is there under the right name, and yet nobody computes with it."""
    sha256, path = await files.put(b"half and the other half"), tmp_path / "half.csv"
    command = [sys.executable, "-c", DIES, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"written\n"
        os.kill(writer.pid, signal.SIGKILL)
    assert path.read_bytes() == b"half"
    await placed(files, sha256, path)
    assert path.read_bytes() == b"half and the other half"


async def test_a_whole_file_is_not_written_again(files: FolderFiles, tmp_path: Path) -> None:
    """The bytes need not even be kept any more."""
    sha256, path = await files.put(b"bytes"), tmp_path / "deep" / "a.csv"
    await placed(files, sha256, path)
    await files.drop(sha256)
    inode = path.stat().st_ino
    await placed(files, sha256, path)
    assert path.stat().st_ino == inode


# -- dropping --------------------------------------------------------------------------------------

Kept = tuple[Files, Callable[[], None]]
"""Files, and what lets more than QUIET pass for them."""


@pytest.fixture(params=["folder", "sql"])
def kept(request: pytest.FixtureRequest, store: Store, clock: Clock, tmp_path: Path) -> Kept:
    if request.param == "sql":
        return SqlFiles(store), lambda: clock.move(hours=2)
    folder, long_ago = tmp_path / "files", time.time() - 2 * QUIET.total_seconds()

    def age() -> None:
        for path in folder.glob("??/*"):
            os.utime(path, (long_ago, long_ago))

    return FolderFiles(folder), age


async def test_bytes_that_were_put_once_are_released_at_once(kept: Kept) -> None:
    """Only their one owner ever had them."""
    files, _ = kept
    await files.release(await files.put(b"mine"), QUIET)
    assert await files.all() == ()


async def test_bytes_put_again_just_now_stay_for_who_is_about_to_own_them(kept: Kept) -> None:
    """An upload keeps its bytes first and names their owner later."""
    files, age = kept
    sha256 = await files.put(b"ours")
    assert await files.put(b"ours") == sha256
    await files.release(sha256, QUIET)
    await files.expire(sha256, QUIET)
    assert await files.get(sha256) == b"ours"
    age()
    await files.release(sha256, QUIET)
    assert await files.all() == ()


async def test_two_first_puts_at_once_count_as_two(tmp_path: Path) -> None:
    """Both write the bytes; the later one marks them."""
    files = FolderFiles(tmp_path)
    for _ in range(20):
        (sha256, _) = await asyncio.gather(files.put(b"x"), files.put(b"x"))
        await files.release(sha256, QUIET)
        assert await files.all() == (sha256,)
        await files.drop(sha256)


async def test_the_sweep_drops_what_nobody_owns_and_nothing_young(
    kept: Kept, store: Store, tmp_path: Path
) -> None:
    """Such as what a crash left between a forgotten mission and its bytes."""
    files, age = kept
    removal = Removal(Missions(store, _wake, lambda: None), files, tmp_path / "work")
    owned, lost = await files.put(b"owned"), await files.put(b"lost")
    async with store.begin() as tx:
        await tx.own_file(owned, "m1", "a.csv")
    await removal.sweep()
    assert set(await files.all()) == {owned, lost}
    age()
    young = await files.put(b"young")
    await removal.sweep()
    assert set(await files.all()) == {owned, young}


async def test_the_sweep_removes_old_drafts_and_leaves_young_ones(
    tmp_path: Path, sqlite_store: Store
) -> None:
    """A process that was killed while it wrote left one; one that writes now is not disturbed."""
    files = FolderFiles(tmp_path / "files")
    removal = Removal(Missions(sqlite_store, _wake, lambda: None), files, tmp_path / "work")
    sha256 = await files.put(b"whole")
    old, young = (tmp_path / "files" / sha256[:2] / name for name in ("tmpold", "tmpyoung"))
    old.write_bytes(b"ha")
    young.write_bytes(b"ha")
    os.utime(old, (0, 0))
    await removal.sweep()
    assert (old.exists(), young.exists(), await files.get(sha256)) == (False, True, b"whole")


async def test_an_upload_between_forgetting_and_dropping_keeps_its_bytes(
    kept: Kept, store: Store, tmp_path: Path
) -> None:
    """The same file comes again while its only mission is being removed."""
    files, _ = kept
    sha256 = await files.put(b"the same")
    await files.put(b"the same")  # its owner will be named in a moment
    removal = Removal(Missions(store, _wake, lambda: None), files, tmp_path / "work")
    await removal._drop((sha256,))  # pyright: ignore[reportPrivateUsage]
    assert await files.get(sha256) == b"the same"


async def _wake(mission: str) -> None:
    pass
