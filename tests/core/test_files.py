"""Blobs as files on the disk: whole, whoever asks at once and whoever was killed."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bot.files import FolderFiles, placed

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
