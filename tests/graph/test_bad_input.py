"""Bad input, and a house that is on fire: one clear sentence, and nothing accepted is lost."""

import io
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest

from bot.domain.base import Refused
from bot.domain.mission import Status
from bot.domain.record import Record
from bot.missions import MAX_GOAL
from bot.store import store as stores
from bot.store.store import StoreDown
from tests.tour.conftest import Open
from tests.tour.script import Script, call, task
from tests.tour.studio import OnStage

CSV = b"endpoint,calls\n/a,3\n/b,5\n"
BIG = 60 * 1024 * 1024


# -- goals -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("goal", ["", "  \n\t "])
async def test_an_empty_goal_is_refused_with_what_to_do(open_studio: Open, goal: str) -> None:
    """Nothing is started, and the sentence says how to begin."""
    async with open_studio(Script()) as bot:
        with pytest.raises(Refused, match="Say what you want done"):
            await bot.mission(goal)

        assert await bot.store.missions("W1") == ()


async def test_one_word_is_a_goal(open_studio: Open) -> None:
    """The plan shows what was understood; nobody is sent away."""
    async with open_studio(Script()) as bot:
        mission = await bot.mission("Summary")
        await mission.until_asked("plan")

        brief = (await mission.record()).brief
        assert brief is not None
        assert brief.requirements[0].quote == "Summary"


async def test_a_goal_of_200_000_characters_is_refused(open_studio: Open) -> None:
    """It belongs in a file, and the sentence says so; the same text as a file is fine."""
    text = "Count the calls of every endpoint. " * 6_000
    async with open_studio(Script()) as bot:
        with pytest.raises(Refused, match=f"a goal can have {MAX_GOAL:,}"):
            await bot.mission(text[:200_000])

        mission = await bot.mission("Do as the file says.", {"goal.txt": text.encode()})
        await mission.until_asked("plan")


# -- files -----------------------------------------------------------------------------------------


def bomb(inner: str) -> bytes:
    """A small zip that unpacks to 2 GB."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(inner, "w", force_zip64=True) as file,
    ):
        for _ in range(2_048):
            file.write(b"\0" * 1024 * 1024)
    return made.getvalue()


BAD_FILES = {
    "cut.xlsx": b"PK\x03\x04 and then nothing",
    "cut.docx": b"PK\x03\x04 and then nothing",
    "cut.pdf": b"%PDF-1.7\nnothing of a PDF",
    "empty.csv": b"",
}


@pytest.mark.parametrize("name", BAD_FILES)
async def test_a_corrupt_file_is_said_and_the_others_are_used(open_studio: Open, name: str) -> None:
    """One sentence about it, beside the plan; the mission goes on."""
    async with open_studio(Script()) as bot:
        mission = await bot.mission(files={name: BAD_FILES[name], "calls.csv": CSV})
        record = await planned(mission)

        (note,) = noted(record, name)
        assert note in await mission.shows("plan:1")


async def test_a_file_of_60_mb_is_said_before_any_plan(open_studio: Open) -> None:
    """It is all that came, so the person is asked whether to go on without it."""
    row = b"/v1/users,180,Mobile app release doubled logins\n"
    data = b"endpoint,calls,notes\n" + row * (BIG // len(row))
    async with open_studio(Script()) as bot:
        mission = await bot.mission(files={"big.csv": data})
        gate = await mission.until_asked("question")
        assert "could not read big.csv" in gate.data["questions"][0]["text"]
        await mission.answer("Go on without it")
        record = await planned(mission)

        assert noted(record, "big.csv")


@pytest.mark.parametrize(
    ("name", "inner"), [("bomb.xlsx", "xl/workbook.xml"), ("bomb.docx", "word/document.xml")]
)
async def test_a_zip_bomb_harms_nothing(open_studio: Open, name: str, inner: str) -> None:
    """It is not unpacked; the sentence says why it was not read."""
    async with open_studio(Script()) as bot:
        mission = await bot.mission(files={name: bomb(inner), "calls.csv": CSV})
        record = await planned(mission)

        assert noted(record, name)
        assert record.brief is not None
        assert [bool(f.text) for f in record.brief.attachments] == [False, True]


async def planned(mission: OnStage) -> Record:
    await mission.until_asked("plan")
    return await mission.record()


def noted(record: Record, name: str) -> list[str]:
    assert record.brief is not None
    return [a for a in record.brief.assumptions if a.startswith(f"{name}: ")]


# -- answers of models -----------------------------------------------------------------------------


NONSENSE: dict[str, Any] = {
    "prose": "I think we should begin with the data.",
    "half": '{"summary": "The plan", "tasks": [{"key": "T1"',
    "another form": {"steps": ["one", "two"]},
    "a list": "[1, 2, 3]",
}


@pytest.mark.parametrize("kind", NONSENSE)
@pytest.mark.parametrize("purpose", ["intake", "plan", "critique", "assemble", "whole"])
async def test_an_answer_out_of_form_is_mended_or_said(
    open_studio: Open, purpose: str, kind: str
) -> None:
    """Once: mended unseen. Three times: the person is told, and Retry goes on from there."""
    script = Script(task("T1")).says(purpose, "", *[NONSENSE[kind]] * 3)
    async with open_studio(script) as bot:
        mission = await bot.mission()
        if purpose in {"assemble", "whole"}:
            await mission.to_work()
        await mission.until_asked("blocked")
        work = script.count("work")
        await mission.retry()
        await mission.until_asked("artifact" if work else "plan")

        assert script.count("work") == work


async def test_a_review_out_of_form_never_costs_the_output(open_studio: Open) -> None:
    """The maker's work stays; only the review is asked for again."""
    script = Script(task("T1")).says("review", "T1", *["Looks good to me!"] * 3)
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        await mission.until_asked("blocked")
        await mission.retry()
        await mission.until_asked("artifact")

        assert script.count("work") == 1


async def test_a_tool_that_does_not_exist_is_told_to_the_agent(open_studio: Open) -> None:
    """It hears what there is, and goes on."""
    script = Script(task("T1")).says("work", "T1", call("send_email", to="all"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        await mission.until_asked("artifact")

        last = [c for c in script.model.calls if c.purpose == "work"][-1]
        assert "There is no tool “send_email”" in str(last.messages[-1].content)


# -- the disk and the database ---------------------------------------------------------------------


class Full:
    """A disk without room for files, until `free` is set."""

    def __init__(self, files: Any) -> None:
        self.files, self.free = files, False

    async def put(self, data: bytes) -> str:
        import errno

        if not self.free:
            raise OSError(errno.ENOSPC, "No space left on device")
        return await self.files.put(data)

    async def get(self, sha256: str) -> bytes:
        return await self.files.get(sha256)

    async def drop(self, sha256: str) -> None:
        await self.files.drop(sha256)


async def test_a_full_disk_for_files_is_said_and_retried(
    open_studio: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sentence; after some space was freed Retry goes on, and what was done stays done."""
    script = Script(task("T1", risk="write"), task("T2"))
    for _ in range(4):
        script.says("work", "T1", call("write_file", name="a.csv", text="a,b\n1,2\n"), "Written.")
    async with open_studio(script) as bot:
        disk = Full(bot.app.files)
        object.__setattr__(bot.app.runner.shop, "files", disk)
        mission = await bot.mission()
        await mission.to_work()
        gate = await mission.until_asked("blocked")
        assert gate.data["why"].startswith("The disk is full.")
        disk.free = True
        await mission.retry()
        await mission.until_asked("artifact")

        assert script.count("work", "T2") == 1


async def test_a_full_disk_for_the_database_stops_and_goes_on(
    open_studio: Open, sqlite_url: str
) -> None:
    """SQLite itself finds no room: the click is refused in one sentence; with room it counts."""
    script = Script(task("T1"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.until_asked("plan")
        await bot.idle()
        await limit(bot.store, pages=1)
        with pytest.raises(StoreDown, match="The disk is full"):
            await mission.approve(words="x" * 9_000)
        await limit(bot.store, pages=1_000_000)
        await mission.approve()
        await mission.until_asked("artifact")

        assert (script.count("plan"), script.count("work")) == (1, 1)


async def limit(store: Any, pages: int) -> None:
    """Let SQLite have so many pages, on every connection that it has and will have."""
    from sqlalchemy import event

    def capped(connection: Any, *_: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}").close()

    await store.engine.dispose()
    event.listen(store.engine.sync_engine, "connect", capped)


async def test_a_locked_database_holds_a_mission_up_and_loses_nothing(
    open_studio: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another program holds the file while T1 works: T1's result is not kept. Once the file is
    free the mission goes on, and what had been accepted before is not done again.
    """
    monkeypatch.setattr(stores, "BUSY_SECONDS", 0.3)
    script = Script(task("T1"), task("T2", "T1"))
    async with open_studio(script) as bot:
        async with script.held("work", "T2"):
            mission = await bot.mission()
            await mission.to_work()
            await script.asked("work", "T2")
            other = sqlite3.connect(tmp_path / "concertmaster.db", isolation_level=None)
            other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(StoreDown, match="in use by another program"):
            await mission.stop()
        await bot.idle()
        other.execute("ROLLBACK")
        other.close()
        await bot.app.engine.wake(mission.id)
        await mission.until_asked("artifact")

        record = await mission.record()
        assert script.count("work", "T1") == 1
        assert [a.status.value for a in record.attempts] == ["done", "done"]
        assert record.mission.status is Status.needs_artifact_approval


async def test_a_locked_database_refuses_a_click_in_one_sentence(
    open_studio: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing was changed: the same click counts once the file is free."""
    monkeypatch.setattr(stores, "BUSY_SECONDS", 0.2)
    async with open_studio(Script()) as bot:
        mission = await bot.mission()
        await mission.until_asked("plan")
        await bot.idle()
        other = sqlite3.connect(tmp_path / "concertmaster.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreDown, match="Try again in a minute"):
            await mission.approve()
        other.execute("ROLLBACK")
        other.close()

        assert (await mission.approve()).kind == "done"
