"""Helper processes: warm, limited, killable, and gone when idle."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from bot.documents.errors import Corrupt, DocumentError, WorkFailed, WorkMemory, WorkTimeout
from bot.documents.worker import Workers

JOBS = "tests.documents.jobs"


@pytest.fixture
async def workers(tmp_path: Path) -> AsyncIterator[Workers]:
    async with Workers(size=2, allow=(JOBS,), cache=tmp_path / "cache") as pool:
        yield pool


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


def alive(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


async def test_a_function_runs_elsewhere_and_gives_its_result(workers: Workers):
    """Arguments and result are plain data; the work is not done in this process."""
    value = {"text": "é", "data": b"\x00", "list": [1, 2.5, None, True]}
    assert await workers.run(f"{JOBS}:echo", value) == value
    assert await workers.run(f"{JOBS}:pid") != os.getpid()


async def test_a_warm_child_is_used_again(workers: Workers):
    """The second job finds the first one's process, with its imports done."""
    assert await workers.run(f"{JOBS}:pid") == await workers.run(f"{JOBS}:pid")


async def test_no_more_children_than_the_size(workers: Workers):
    """Six jobs at once share two children."""
    pids = await asyncio.gather(*(workers.run(f"{JOBS}:pid") for _ in range(6)))
    assert len(set(pids)) <= 2


async def test_no_child_starts_before_the_first_job_and_none_stays_after_idling():
    """An idle bot carries no helper process."""
    async with Workers(allow=(JOBS,), idle=0) as workers:
        assert not workers.pids
        pid = await workers.run(f"{JOBS}:pid")
        await until(lambda: not workers.pids and not alive(pid))


async def test_a_child_is_replaced_after_its_share_of_jobs():
    """What a library leaks is gone with its process."""
    async with Workers(size=1, allow=(JOBS,), max_jobs=2) as workers:
        pids = [await workers.run(f"{JOBS}:pid") for _ in range(3)]
    assert pids[0] == pids[1] != pids[2]


async def test_a_hung_job_is_killed_with_all_that_it_started(workers: Workers, tmp_path: Path):
    """On timeout the process group goes, and the error says what to do."""
    marker = tmp_path / "pid"
    with pytest.raises(WorkTimeout, match=r"longer than 3 seconds.*try a smaller file"):
        await workers.run(f"{JOBS}:hang_with_helper", str(marker), timeout=3)
    await until(lambda: not alive(int(marker.read_text())))
    assert await workers.run(f"{JOBS}:echo", 1) == 1


async def test_a_busy_loop_is_killed_too(workers: Workers):
    """A job that never yields can't hold its child."""
    with pytest.raises(WorkTimeout):
        await workers.run(f"{JOBS}:spin", timeout=1)


async def test_cancelling_kills_the_job_and_frees_the_place(tmp_path: Path):
    """A cancelled caller leaves no process behind, and the next job has its turn."""
    async with Workers(size=1, allow=(JOBS,)) as workers:
        marker = tmp_path / "pid"
        job = asyncio.create_task(workers.run(f"{JOBS}:hang", str(marker)))
        await until(lambda: marker.exists() and marker.read_text())
        job.cancel()
        with pytest.raises(asyncio.CancelledError):
            await job
        await until(lambda: not alive(int(marker.read_text())))
        assert await workers.run(f"{JOBS}:echo", "next") == "next"


async def test_a_job_that_wants_too_much_memory_is_refused_it(workers: Workers):
    """The limit holds for the job, not for the child's life: the next one has its own."""
    with pytest.raises(WorkMemory, match=r"more than 200 MB.*smaller file"):
        await workers.run(f"{JOBS}:swallow", 900, memory_mb=200)
    assert await workers.run(f"{JOBS}:swallow", 300, memory_mb=600) == 300 << 20


async def test_kill_9_in_mid_job_fails_that_job_only(workers: Workers, tmp_path: Path):
    """A child shot from outside is a clear error, and the next job works."""
    marker = tmp_path / "pid"
    job = asyncio.create_task(workers.run(f"{JOBS}:hang", str(marker)))
    await until(lambda: marker.exists() and marker.read_text())
    os.kill(int(marker.read_text()), signal.SIGKILL)
    with pytest.raises(WorkFailed, match=r"stopped unexpectedly.*Try again") as caught:
        await job
    assert "exit -9" in caught.value.detail
    assert await workers.run(f"{JOBS}:echo", 1) == 1


async def test_a_child_shot_while_idle_is_replaced_silently(workers: Workers):
    """The next caller does not notice."""
    pid = await workers.run(f"{JOBS}:pid")
    os.kill(pid, signal.SIGKILL)
    await until(lambda: not alive(pid))
    assert await workers.run(f"{JOBS}:pid") != pid


async def test_a_child_found_dead_when_the_request_is_sent_is_replaced_silently(workers: Workers):
    """Its death is not known yet when the next job comes: nothing was begun, so it goes to another.

    A second one that waited is dead too.
    """
    for _ in range(5):
        pids = set(await asyncio.gather(*(workers.run(f"{JOBS}:pid") for _ in range(4))))
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        assert await workers.run(f"{JOBS}:pid") not in pids


async def test_a_crash_is_an_error_of_that_job(workers: Workers):
    """os._exit in a library takes nothing else along, and nobody tries that file again."""
    await workers.run(f"{JOBS}:pid")
    with pytest.raises(WorkFailed, match="stopped unexpectedly"):
        await workers.run(f"{JOBS}:die")


async def test_the_parents_secrets_are_not_in_the_child(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
):
    """Only listed variables are passed on."""
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-hush")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-hush")
    seen = await workers.run(f"{JOBS}:environ")
    assert "hush" not in repr(seen)
    assert "PATH" in seen


async def test_the_child_has_no_network(workers: Workers):
    """Even a local address is out of reach."""
    with pytest.raises(WorkFailed) as caught:
        await workers.run(f"{JOBS}:fetch", "http://127.0.0.1:9/")
    assert "no network" in caught.value.detail


async def test_noise_on_stdout_does_not_reach_the_conversation(workers: Workers):
    """A library may print, and reads an empty stdin."""
    assert await workers.run(f"{JOBS}:talk") == ""


async def test_an_oversized_answer_is_not_taken():
    """The child is killed before its answer fills our memory."""
    async with Workers(allow=(JOBS,), max_answer=1 << 20) as workers:
        with pytest.raises(WorkFailed, match="too big to take"):
            await workers.run(f"{JOBS}:big", 64 << 20)
        assert len(await workers.run(f"{JOBS}:big", 1 << 19)) == 1 << 19


async def test_an_answer_that_is_not_plain_data_is_an_error(workers: Workers):
    """No object crosses the pipe."""
    with pytest.raises(WorkFailed):
        await workers.run(f"{JOBS}:unplain")


async def test_a_typed_error_keeps_its_words(workers: Workers):
    """What the job says for people arrives unchanged, as the nearest class known here."""
    with pytest.raises(Corrupt, match=r"^The page is torn; attach it again\.$") as caught:
        await workers.run(f"{JOBS}:tear")
    assert caught.value.detail == "page 3"


async def test_inside_words_of_an_exception_are_for_the_log_only(workers: Workers):
    """People see a sentence; `detail` has the exception."""
    with pytest.raises(WorkFailed) as caught:
        await workers.run(f"{JOBS}:blow_up")
    assert "inside words" not in str(caught.value)
    assert caught.value.detail == "RuntimeError: inside words"


@pytest.mark.parametrize(
    "name",
    ["os:system", "bot.missions:start", "bot.documents.convert:_draft", "bot.documents.x:a.b", "x"],
)
async def test_only_registered_functions_can_be_named(workers: Workers, name: str):
    """Refused here, before any child starts."""
    with pytest.raises(ValueError, match="not registered"):
        await workers.run(name)
    assert not workers.pids


async def test_a_name_imported_by_a_registered_module_is_refused(workers: Workers):
    """`convert:sniff` is not convert's own, nor is a class a function."""
    for name in ("bot.documents.convert:sniff", "bot.documents.convert:Path"):
        with pytest.raises(WorkFailed) as caught:
            await workers.run(name)
        assert "not a function of its module" in caught.value.detail


async def test_closing_in_mid_job_ends_it_and_cleans_up(tmp_path: Path):
    """After close no process and no scratch folder is left, and new jobs are refused."""
    workers = Workers(allow=(JOBS,))
    scratch = await workers.run(f"{JOBS}:folders")
    marker = tmp_path / "pid"
    job = asyncio.create_task(workers.run(f"{JOBS}:hang", str(marker)))
    await until(lambda: marker.exists() and marker.read_text())
    await workers.close()
    with pytest.raises(DocumentError):
        await job
    assert not alive(int(marker.read_text()))
    assert not any(Path(folder).exists() for folder in scratch)
    with pytest.raises(WorkFailed, match="shutting down"):
        await workers.run(f"{JOBS}:echo", 1)


PARENT = """
import asyncio, os, sys
from bot.documents.worker import Workers
async def main():
    workers = Workers(allow=("tests.documents.jobs",))
    await workers.run("tests.documents.jobs:hang", sys.argv[1])
asyncio.run(main())
"""


async def test_the_child_dies_with_its_parent(tmp_path: Path):
    """kill -9 of the bot leaves no helper behind, in mid-job too."""
    marker = tmp_path / "pid"
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(marker)])
    await until(lambda: marker.exists() and marker.read_text())
    parent.kill()
    parent.wait()
    await until(lambda: not alive(int(marker.read_text())))


async def test_without_room_for_a_scratch_folder_it_says_so(tmp_path: Path):
    """A full or read-only disk is one sentence, not a stack trace."""
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    async with Workers(allow=(JOBS,), cache=blocked / "cache") as workers:
        with pytest.raises(WorkFailed, match="free some memory or disk space"):
            await workers.run(f"{JOBS}:echo", 1)


async def test_every_end_of_a_child_is_seen_by_its_loop_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    """Nobody else takes its exit, which the loop would say on the terminal."""
    for _ in range(5):
        async with Workers(allow=(JOBS,), cache=tmp_path / "cache") as pool:
            await pool.run(f"{JOBS}:pid")
    assert [r.message for r in caplog.records if r.name == "asyncio"] == []
