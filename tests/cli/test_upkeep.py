"""Backup, restore, forget, pause: on both databases, with the bot running."""

import gzip
import io
import json
import signal
import stat
import tarfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.files import FolderFiles
from bot.missions import Missions
from bot.removal import Removal
from bot.store import statements as q
from bot.store.store import Store
from tests.asks.world import Chat
from tests.cli.shell import GOAL, Screen, Shell
from tests.conftest import Clock
from tests.core.world import BOB
from tests.models.openai_server import OpenAIServer, Stall
from tests.servers import Postgres

CANARY = "zebrafinch"


def contents(archive: Path) -> dict[str, Any]:
    """What an archive says is in it, with the names of its files."""
    with tarfile.open(archive) as tar:
        data = tar.extractfile("contents.json")
        assert data is not None
        names = sorted(n for n in tar.getnames() if n.startswith("files/"))
        return json.load(data) | {"names": names}


@pytest.fixture(params=["sqlite", "postgresql"])
def two(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Shell, Shell]:
    """Two machines with a database each, of the same kind."""
    made: list[Shell] = []
    for name in ("here", "there"):
        env: dict[str, str] = {}
        if request.param == "postgresql":
            server: Postgres = request.getfixturevalue("postgres")
            env = {"DATABASE_URL": server.database()}
        made.append(Shell(tmp_path / name, **env))
    return made[0], made[1]


def test_a_backup_of_a_running_bot_restores_everything_elsewhere(two: tuple[Shell, Shell]) -> None:
    """Every row and every file: a backup of the restored one is equal, and it works on."""
    here, there = two
    done, waits = here.approved(), here.waiting()
    serving = here.start("try", "--no-open", "--offline", "--port", "0")
    assert serving.stdout is not None
    assert any("Concertmaster is here" in line for line in iter(serving.stdout.readline, ""))
    written = here("backup", "b.tar.gz")
    serving.send_signal(signal.SIGINT)
    serving.communicate(timeout=60)
    assert (written.code, written.err) == (0, "")
    assert "2 missions" in written.out
    archive = here.folder / "b.tar.gz"
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600

    restored = there("restore", str(archive))
    assert restored.out.startswith("Restored 2 missions."), restored.err
    assert there("backup", "again.tar.gz").code == 0
    assert contents(there.folder / "again.tar.gz") == contents(archive)
    assert contents(archive)["names"]
    again = there("run", "--mission", done, "--out", "result")
    assert (again.code, "29" in again.out) == (0, True)
    assert there("run", "--mission", waits, "--approve", "all").code == 0


def test_a_backup_is_read_into_an_empty_place_only(two: tuple[Shell, Shell]) -> None:
    """One mission in the way, and nothing is changed."""
    here, there = two
    assert here("pause").code == 0
    mine = there.waiting()
    assert here("backup", "b.tar.gz").code == 0
    done = there("restore", str(here.folder / "b.tar.gz"))
    assert (done.code, "into an empty place only" in done.err) == (1, True)
    assert there.listed() == {mine: "needs_plan_approval"}


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory, done_once: tuple[Path, str]) -> Path:
    """A good backup with one mission."""
    shell = Shell(tmp_path_factory.mktemp("good"))
    assert shell("backup", "b.tar.gz", DATA_DIR=str(done_once[0])).code == 0
    return shell.folder / "b.tar.gz"


def damaged(archive: Path, how: str) -> bytes:
    """The archive with one thing wrong."""
    whole = archive.read_bytes()
    plain = gzip.decompress(whole)
    match how:
        case "cut off":
            return whole[: len(whole) // 2]
        case "cut off between members":
            return gzip.compress(plain[: plain.rindex(b"contents.json")])
        case "a changed row":
            return gzip.compress(plain.replace(b"South", b"North", 1))
        case "another file":
            return gzip.compress(plain.replace(b"region,product", b"region,produce", 1))
        case "another version":
            return gzip.compress(plain.replace(b'"revision":"0', b'"revision":"9', 1))
        case _:
            return b"not an archive"


@pytest.mark.parametrize(
    ("how", "says"),
    [
        ("cut off", "is damaged"),
        ("cut off between members", "is damaged"),
        ("a changed row", "is damaged"),
        ("another file", "is damaged"),
        ("no archive", "is damaged"),
        ("another version", "another version"),
    ],
)
def test_an_archive_that_is_not_whole_restores_nothing(
    shell: Shell, archive: Path, how: str, says: str
) -> None:
    """All of it is read and checked first; a good one can be restored in its place then."""
    bad = shell.folder / "bad.tar.gz"
    bad.write_bytes(damaged(archive, how))
    done = shell("restore", "bad.tar.gz")
    assert done.code == 1, done.out
    assert says in done.err
    assert done.err.count("\n") == 1
    assert shell.listed() == {}
    assert shell("restore", str(archive)).code == 0


def test_a_backup_never_replaces_a_file(shell: Shell, approved: str) -> None:
    (shell.folder / "b.tar.gz").write_text("mine")
    done = shell("backup", "b.tar.gz")
    assert (done.code, "exists already" in done.err) == (1, True)
    assert (shell.folder / "b.tar.gz").read_text() == "mine"


def test_a_backup_of_nothing_says_so_and_makes_nothing(shell: Shell) -> None:
    done = shell("backup", "b.tar.gz")
    assert (done.code, "nothing to back up" in done.err) == (1, True)
    assert not shell.data.exists()
    assert not (shell.folder / "b.tar.gz").exists()


def test_the_secret_key_is_not_in_a_backup(shell: Shell, approved: str) -> None:
    """Tokens in it stay encrypted: whoever finds the archive cannot use them."""
    (shell.data / "secret.key").write_text(CANARY)
    (shell.folder / ".env").write_text(f"ANTHROPIC_API_KEY={CANARY}\n")
    assert shell("backup", "b.tar.gz").code == 0
    with tarfile.open(shell.folder / "b.tar.gz") as tar:
        members = [tar.extractfile(m) or io.BytesIO() for m in tar.getmembers()]
        assert not any(CANARY.encode() in member.read() for member in members)


# -- forget ----------------------------------------------------------------------------------------


def test_a_forgotten_mission_leaves_no_trace(shell: Shell, approved: str) -> None:
    """No row, no file, no work folder, no byte of it under DATA_DIR; the others are untouched."""
    (shell.folder / "secret.csv").write_text(f"region,units\n{CANARY},3\nSouth,4\n")
    goal = f"Which region sold most units, apart from {CANARY}? Show a table and a chart."
    shell("run", goal, "-f", "secret.csv", "--offline", "--approve", "all")
    (mission,) = shell.listed().keys() - {approved}
    assert shell.traces(CANARY)
    done = shell("forget", "--mission", mission, "--yes")
    assert (done.code, done.out) == (0, "Removed 1 mission.\n")
    assert shell.traces(CANARY) == []
    assert not (shell.data / "work" / mission).exists()
    assert (shell.data / "work" / approved).exists()
    assert shell("run", "--mission", approved, "--out", "result").code == 0


def test_a_forgotten_person_leaves_no_trace(shell: Shell) -> None:
    """All missions that they asked for, on either database's files."""
    for word in ("heron", "wren"):
        shell("run", f"Count the rows about the {word} in the export", "-f", "sales.csv",
              "--offline")  # fmt: skip
    done = shell("forget", "--person", "you", "--yes")
    assert (done.code, done.out) == (0, "Removed 2 missions.\n")
    assert shell.traces("heron", "wren") == []
    assert not list((shell.data / "files").glob("*/*"))


async def test_forget_drops_what_a_crash_left_only_when_nobody_may_want_it(
    shell: Shell, approved: str
) -> None:
    """While another process has put files, what has no owner may be about to get one."""
    folder = shell.data / "files"
    files = FolderFiles(folder)
    sha256 = await files.put(b"just handed in")
    draft = folder / sha256[:2] / "tmphalf"
    draft.write_bytes(b"half")
    mission = shell.waiting()
    assert shell("forget", "--mission", mission, "--yes").code == 0
    assert await files.get(sha256) == b"just handed in"
    assert draft.exists()
    del files  # that process ends
    assert shell("forget", "--mission", approved, "--yes").code == 0
    assert not list(folder.glob("*/*"))


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("--mission", "m404"), "There is no mission “m404” here."),
        (("--mission", "../.."), "There is no mission “../..” here."),
        (("--person", "nobody"), "Nobody called “nobody” has been here"),
        (("--person", "you", "--workspace", "T404"), "has been here in the workspace “T404”"),
    ],
)
def test_forgetting_what_is_not_there_says_so(
    shell: Shell, approved: str, args: tuple[str, ...], says: str
) -> None:
    done = shell("forget", *args, "--yes")
    assert (done.code, done.out) == (1, "")
    assert says in done.err
    assert shell.listed() == {approved: "done"}


def test_nothing_is_forgotten_without_a_yes(shell: Shell, approved: str) -> None:
    assert shell("forget", "--mission", approved).code == 1
    assert shell.listed() == {approved: "done"}


def test_ctrl_c_at_the_question_forgets_nothing(shell: Shell, approved: str) -> None:
    screen = Screen(shell, "forget", "--mission", approved)
    screen.until("for good?")
    screen.child.sendintr()
    assert screen.end() == 130
    assert shell.listed() == {approved: "done"}


def test_a_mission_under_way_is_stopped_before_it_is_forgotten(
    online: Shell, server: OpenAIServer
) -> None:
    """The process that worked on it writes nothing any more, and ends with a sentence."""
    server.always = lambda purpose, body: Stall()
    goal = f"Count the rows about the {CANARY} in the attached export"
    process = online.start("run", goal, "-f", "sales.csv", "--json")
    assert process.stdout is not None
    mission = json.loads(process.stdout.readline())["mission"]
    while not server.requests:
        assert process.poll() is None
    done = online("forget", "--mission", mission, "--yes")
    assert (done.code, done.out) == (0, "Removed 1 mission.\n")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "Traceback" not in err
    assert online.listed() == {}
    assert online.traces(CANARY) == []


async def test_retention_removes_rows_blobs_and_work_folders(
    store: Store, clock: Clock, tmp_path: Path
) -> None:
    """Of missions that ended long ago, and of no others."""
    chat = Chat(store)
    files = FolderFiles(tmp_path / "files")
    removal = Removal(Missions(store, chat_wake, lambda: None), files, tmp_path / "work")
    old = await chat.mission()
    async with store.begin() as tx:
        await tx.own_file(await files.put(b"old"), old.id, "old.txt")
        await tx.own_file(await files.put(b"shared"), old.id, "shared.txt")
        await tx.set_mission(old.id, status="done", ended_at=clock())
    clock.move(days=40)
    young = await chat.mission()
    async with store.begin() as tx:
        await tx.own_file(await files.put(b"shared"), young.id, "shared.txt")
        await tx.set_mission(young.id, status="done", ended_at=clock())
    for name in (old.id, young.id):
        (tmp_path / "work" / name / "T1.1").mkdir(parents=True)
    assert await removal.ended(timedelta(days=30)) == 1
    assert [m.id for m in await store.missions("W1")] == [young.id]
    assert [await files.get(sha) for sha in await files.all()] == [b"shared"]
    assert [p.name for p in (tmp_path / "work").iterdir()] == [young.id]


async def test_a_forgotten_person_is_nameless_in_the_missions_of_others(
    store: Store, tmp_path: Path
) -> None:
    """What they decided and steered there stays, without who they were and what they wrote."""
    chat = Chat(store)
    mission = await chat.mission()
    async with store.begin() as tx:
        policy = {"of_mission": mission.id, "policy": {"kind": "channel"}}
        await tx.conn.execute(q.SET_MISSION, policy)
        await tx.revise(mission.id)
        await tx.put_person(BOB)
    await chat.writes("Look at the second sheet only", BOB)
    await chat.writes("stop", BOB)
    removal = Removal(chat.missions, FolderFiles(tmp_path / "files"), tmp_path / "work")
    assert await removal.person("W1", "bob") == 0
    record = await store.record(mission.id)
    assert record is not None
    assert [g.text for g in record.guidance] == ["Look at the second sheet only"]
    events = await store.events(mission.id)
    everything = record.model_dump_json() + "".join(e.model_dump_json() for e in events)
    assert "bob" not in everything.lower()
    assert record.mission.reason == "Stopped by someone."


async def chat_wake(mission: str) -> None:
    pass


# -- pause -----------------------------------------------------------------------------------------


def test_pause_holds_everything_until_resume(shell: Shell) -> None:
    """A script is told that it waits, and why; after `resume` it goes on."""
    assert shell("pause").code == 0
    done = shell.mission("--approve", "all", "--json")
    waits = done.lines[-1]
    assert (done.code, waits["kind"], waits["paused"]) == (3, "waits", True)
    assert shell("resume").code == 0
    again = shell("run", "--mission", waits["mission"], "--approve", "all", "--json")
    assert again.code == 0, again.err


# -- secrets ---------------------------------------------------------------------------------------

KEYS = {
    "ANTHROPIC_API_KEY": "sk-ant-canary-4711-aaaa", "SLACK_BOT_TOKEN": "xoxb-canary-4711-bbbb",
    "SLACK_APP_TOKEN": "xapp-canary-4711-cccc", "DISCORD_TOKEN": "canary4711dddd.eeee.ffff",
    "SECRET_KEY": "canary-4711-gggg", "SLACK_SIGNING_SECRET": "canary-4711-hhhh",
}  # fmt: skip


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_secrets_are_seen_nowhere_when_everything_fails(online: Shell, command: str) -> None:
    """A refused key, everything logged: neither stdout, stderr nor the data holds any secret."""
    env = {**KEYS, "OPENAI_API_KEY": "sk-canary-4711-wrong", "LOG_LEVEL": "DEBUG"}
    args = ("run", GOAL, "-f", "sales.csv", "--json") if command == "run" else ("doctor",)
    done = online(*args, **env)
    assert done.code in {1, 3}
    assert "refused" in done.out + done.err or "waits" in done.out
    assert "canary" not in done.out + done.err
    assert not online.data.exists() or online.traces("canary-4711", "canary4711") == []
