"""`run` for scripts: pure lines, exit codes to trust, and nothing overwritten."""

import asyncio
import contextlib
import json
import random
import signal
import sqlite3
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.commands import plans
from bot.commands.errors import Misuse
from bot.commands.run import approval
from bot.commands.short import sentence
from bot.domain.artifact import LedgerRow
from bot.domain.gate import GateKind, Verb
from bot.store.store import Store
from tests.cli.shell import GOAL, Shell
from tests.core.world import artifact, gate, record, task
from tests.models.openai_server import OpenAIServer, Stall


def test_an_approved_mission_gives_its_result_and_exit_code_0(shell: Shell) -> None:
    """The result is on stdout, the progress on stderr, the files in the folder."""
    done = shell.mission("--approve", "all", "--out", "result")
    assert done.code == 0, done.err
    assert "29" in done.out
    assert done.out.startswith("# ")
    assert "Reading what you sent." in done.err
    kinds = {path.suffix for path in (shell.folder / "result").iterdir()}
    assert kinds == {".md", ".html", ".docx", ".pdf", ".json"}


def test_json_is_lines_on_stdout_and_nothing_else(shell: Shell) -> None:
    """Events in order, the result last."""
    done = shell.mission("--approve", "all", "--json", "--out", "result")
    events, result = done.lines[:-1], done.lines[-1]
    assert (done.code, done.err) == (0, "")
    assert [e["number"] for e in events] == [*range(1, len(events) + 1)]
    assert events[0]["kind"] == "started"
    assert (result["kind"], result["status"]) == ("result", "done")
    assert "29" in result["artifact"]["body"]
    assert {*result["written"]} == {p.name for p in (shell.folder / "result").iterdir()}


def test_a_mission_that_needs_a_person_waits_and_can_be_continued(shell: Shell) -> None:
    """Exit code 3 names what it waits for; `--mission` takes it from there, still offline."""
    first = shell.mission("--json")
    waits = first.lines[-1]
    assert (first.code, waits["kind"]) == (3, "waits")
    assert waits["gates"][0]["verbs"] == ["approve", "revise", "cancel"]
    second = shell("run", "--mission", waits["mission"], "--approve", "all", "--json")
    assert second.code == 0, second.err
    assert second.lines[-1]["mission"] == waits["mission"]
    assert shell.listed() == {waits["mission"]: "done"}


def test_an_approved_mission_can_be_written_again(shell: Shell, approved: str) -> None:
    """The result is kept: into the same folder, or into another one."""
    for folder in ("a", "b", "a"):
        assert shell("run", "--mission", approved, "--out", folder).code == 0
    names = {p.name for p in (shell.folder / "a").iterdir()}
    assert names == {p.name for p in (shell.folder / "b").iterdir()}


def test_the_result_of_another_mission_is_never_replaced(shell: Shell, approved: str) -> None:
    """It is said before anything is started."""
    shell("run", "--mission", approved, "--out", "result")
    before = {p.name: p.read_bytes() for p in (shell.folder / "result").iterdir()}
    done = shell.mission("--approve", "all", "--out", "result")
    assert (done.code, done.out) == (2, "")
    assert "another mission" in done.err
    assert {p.name: p.read_bytes() for p in (shell.folder / "result").iterdir()} == before
    assert len(shell.listed()) == 1


def test_a_file_of_the_same_name_is_left_as_it_is(shell: Shell, approved: str) -> None:
    """The new one gets a number."""
    shell("run", "--mission", approved, "--out", "first")
    name = next((shell.folder / "first").glob("*.md")).name
    (shell.folder / "second").mkdir()
    (shell.folder / "second" / name).write_text("mine")
    shell("run", "--mission", approved, "--out", "second")
    assert (shell.folder / "second" / name).read_text() == "mine"
    assert (shell.folder / "second" / name.replace(".md", "-2.md")).exists()


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ((), "say what you want done"),
        (("  ",), "say what you want done"),
        (("report",), "alone does not tell enough"),
        (("A goal of words", "--approve", "some"), "the only choice is `all`"),
        (("A goal of words", "-f", "missing.csv"), "does not exist"),
        (("A goal of words", "--mission", "m1"), "--mission goes on"),
        (("A goal of words", "--cap", "0"), "--cap"),
        (("A goal of words", "--out", "sales.csv"), "cannot be used"),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(
    shell: Shell, args: tuple[str, ...], says: str
) -> None:
    """Nothing is started."""
    done = shell("run", *args, "--offline")
    assert (done.code, done.out) == (2, "")
    assert says in " ".join(done.err.split())
    assert "Traceback" not in done.err


def test_an_unknown_mission_is_said_to_be_unknown(shell: Shell) -> None:
    done = shell("run", "--mission", "m404", "--json")
    assert done.code == 1
    assert done.err == "There is no mission “m404” here. `concertmaster list` shows them.\n"
    assert done.lines == [{"kind": "error", "text": done.err.strip()}]


def test_a_goal_that_is_too_long_says_what_to_do(shell: Shell) -> None:
    done = shell("run", "word " * 20_000, "--offline")
    assert (done.code, "Put the long text in a file" in done.err) == (1, True)


# -- plans -----------------------------------------------------------------------------------------

PLAN: dict[str, Any] = {
    "goal": "Compare the offers",
    "summary": "One task.",
    "requirements": [{"id": "R1", "text": "Compare", "quote": "Compare the offers"}],
    "tasks": [
        {"id": "T1", "title": "Compare", "instructions": "Compare the offers.",
         "specialist": "writer", "covers": ["R1"],
         "criteria": [{"id": "T1.1", "text": "It compares."}]}
    ],
}  # fmt: skip
MORE = {"id": "R2", "text": "Add a table", "quote": "offers"}


def changed(**task: object) -> str:
    return yaml.safe_dump(PLAN | {"tasks": [PLAN["tasks"][0] | task]})


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("goal: [unclosed", "is not YAML: line 1"),
        ("just words", "is not a plan: it holds no fields"),
        ("\x00\x01", "is not YAML"),
        (yaml.safe_dump(PLAN | {"colour": "red"}), "there is no field “colour” in a plan"),
        (yaml.safe_dump({"goal": "x"}), "summary: field required"),
        (changed(id="first"), "tasks.0.id"),
        (changed(depends_on=["T1"]), "wait for each other in a circle: T1"),
        (changed(depends_on=["T7"]), "T1 waits for T7, which does not exist"),
        (changed(specialist="wizard"), "“wizard”, who is not on the team"),
        (changed(tools=["magic"]), "the tool “magic”, which does not exist"),
        (changed(covers=[]), "No task covers R1"),
        (yaml.safe_dump(PLAN | {"requirements": [*PLAN["requirements"], MORE]}), "covers R2"),
        (yaml.safe_dump(PLAN | {"tasks": []}), "The plan has no tasks"),
    ],
)
async def test_a_plan_that_cannot_run_is_refused_in_one_sentence(
    tmp_path: Path, text: str, says: str
) -> None:
    """The first thing that is wrong, in words."""
    path = tmp_path / "plan.yaml"
    path.write_text(text)
    with pytest.raises(Misuse) as refused:
        await plans.check(path, plans.read(path), Decimal(2))
    assert says in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_plan_that_cannot_run_starts_nothing(shell: Shell) -> None:
    """Exit code 2 and one line on stderr, before any folder is made."""
    (shell.folder / "plan.yaml").write_text(changed(specialist="wizard"))
    done = shell("run", "--plan", "plan.yaml", "--offline", "--approve", "all")
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1)
    assert not shell.data.exists()


def test_a_plan_of_ones_own_is_run_as_it_is(shell: Shell) -> None:
    """It is linted, approved and worked on, without a planner."""
    (shell.folder / "plan.yaml").write_text(yaml.safe_dump(PLAN))
    done = shell("run", "--plan", "plan.yaml", "--offline", "--json")
    assert done.code == 3, done.err
    assert "planned" not in {line["kind"] for line in done.lines}
    assert done.lines[-1]["gates"][0]["about"] == "plan"


def test_a_written_plan_comes_back_with_the_same_fingerprint(shell: Shell) -> None:
    """`plan --out` and `run --plan` are one round trip: what is approved is what was read."""
    written = shell("plan", GOAL, "-f", "sales.csv", "--offline", "--out", "plan.yaml")
    assert written.code == 0, written.err
    done = shell("run", "--plan", "plan.yaml", "-f", "sales.csv", "--offline", "--json")
    assert done.code == 3, done.err
    assert len(asyncio.run(fingerprints(shell))) == 1
    assert len(shell.listed()) == 2


async def fingerprints(shell: Shell) -> set[str]:
    """Those of the newest plans of all missions."""
    store = Store(f"sqlite:///{shell.data / 'concertmaster.db'}")
    try:
        records = [await store.record(m.id) for m in await store.missions("local")]
        return {r.plan.fingerprint for r in records if r is not None and r.plan is not None}
    finally:
        await store.close()


def test_a_plan_alone_leaves_nothing_that_needs_a_person(shell: Shell) -> None:
    """The mission behind it has ended when the command ends; the words say how to go on."""
    done = shell("plan", GOAL, "-f", "sales.csv", "--offline")
    assert "concertmaster run --plan plan.yaml --file sales.csv" in done.err
    assert [*shell.listed().values()] == ["cancelled"]


def test_a_plan_for_a_folder_that_is_not_there_is_refused_before_any_work(shell: Shell) -> None:
    done = shell("plan", GOAL, "-f", "sales.csv", "--offline", "--out", "nowhere/plan.yaml")
    assert (done.code, done.err) == (
        2, "There is no folder nowhere. Name another file with --out.\n",
    )  # fmt: skip
    assert not shell.data.exists()


def test_a_plan_file_that_is_there_is_not_replaced(shell: Shell) -> None:
    (shell.folder / "plan.yaml").write_text("mine")
    done = shell("plan", GOAL, "-f", "sales.csv", "--offline")
    assert (done.code, "exists already" in done.err) == (2, True)
    assert (shell.folder / "plan.yaml").read_text() == "mine"


# -- deciding nothing by oneself -------------------------------------------------------------------


def test_approve_all_raises_no_cap_and_uses_nothing_that_was_refused() -> None:
    """Those are decisions: a person is needed. Questions get the default that was stated."""
    said = {kind: approval(gate(kind), record(task("T1"))) for kind in GateKind}
    assert {kind: s.verb for kind, s in said.items() if s} == {
        GateKind.plan: Verb.approve, GateKind.artifact: Verb.approve,
        GateKind.question: Verb.answer,
    }  # fmt: skip


def test_approve_all_takes_no_result_that_misses_a_requirement() -> None:
    """Exit code 0 must mean that everything asked for is there."""
    row = LedgerRow(requirement="R1", text="Five bullets", tasks=("T1",), met=False)
    waits = gate(GateKind.artifact)
    short = record(task("T1"), artifacts=(artifact((), ledger=(row,)),), gates=(waits,))
    assert approval(waits, short) is None
    said = "Not approved: the result does not meet a requirement (R1 Five bullets)."
    assert sentence(short) == said
    assert sentence(record(task("T1"))) == ""


def test_work_that_was_refused_is_short_and_work_that_is_not_there_is_not() -> None:
    """Exit code 4 is about what was made; a model that failed needs a person: exit code 3."""
    refused = gate(GateKind.blocked, data={"task": "T1", "usable": True})
    failed = gate(GateKind.blocked, data={"task": "T1", "usable": False})
    said = "Not approved: the work of T1 does not do what was asked."
    assert sentence(record(task("T1"), gates=(refused,))) == said
    assert sentence(record(task("T1"), gates=(failed,))) == ""


def test_a_result_in_which_nothing_was_computed_is_not_approved(shell: Shell) -> None:
    """A broken workbook: exit code 4, a sentence that says so, and no folder with a result."""
    (shell.folder / "broken.xlsx").write_bytes(b"PK\x03\x04" + bytes(range(256)) * 8)
    args = ("run", "Which region grew most?", "-f", "broken.xlsx", "--offline", "--approve", "all")
    told = shell(*args, "--out", "result")
    assert (told.code, told.out) == (4, "")
    assert "Not approved: the work of T1 does not do what was asked." in told.err
    assert "Taken: " in told.err
    assert not list((shell.folder / "result").iterdir())
    lines = shell(*args, "--json")
    assert lines.code == 4
    assert lines.lines[-1]["kind"] == "waits"
    assert lines.lines[-1]["short"].startswith("Not approved: ")


def test_a_question_about_a_file_that_is_not_there_is_not_approved(shell: Shell) -> None:
    """The result says that it is no answer, so no script may take it for one."""
    goal = "What are the total sales per region in the attached export?"
    done = shell("run", goal, "--offline", "--approve", "all")
    assert done.code == 4
    assert "the result does not meet a requirement (R1 Answer: What are the total" in done.err


def test_a_model_that_is_down_leaves_the_mission_waiting(online: Shell) -> None:
    """Also with `--approve all`: exit code 3, and it can be gone on with."""
    done = online(
        "run", GOAL, "-f", "sales.csv", "--approve", "all", "--json", OPENAI_API_KEY="sk-wrong-key"
    )
    waits = done.lines[-1]
    assert (done.code, waits["kind"]) == (3, "waits")
    assert waits["gates"][0]["about"] == "blocked"


# -- Ctrl-C ----------------------------------------------------------------------------------------


def test_ctrl_c_stops_the_mission_in_order(online: Shell, server: OpenAIServer) -> None:
    """While a model is thinking: exit code 130, the mission is cancelled, the last line says so."""
    server.always = lambda purpose, body: Stall()
    process = online.start("run", GOAL, "-f", "sales.csv", "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    first = json.loads(process.stdout.readline())
    while not server.requests:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    last = json.loads(out.splitlines()[-1])
    assert (process.returncode, last["kind"], last["status"]) == (130, "result", "cancelled")
    assert "Traceback" not in err
    assert online.listed() == {first["mission"]: "cancelled"}


def test_ctrl_c_before_anything_began_is_quiet(online: Shell, server: OpenAIServer) -> None:
    """Pressed once, whatever is being loaded: exit code 130, no word, and nothing half written."""
    server.always = lambda purpose, body: Stall()
    loads = loaded(online, server)
    for after in random.Random(11).sample(range(loads), 8):
        code, err = pressed(online, after)
        assert (after, code, err) == (after, 130, "")
    assert set(online.listed().values()) <= {"drafting", "cancelled"}
    assert not [p for p in online.folder.rglob("*") if p.name.startswith(("tmp", ".draft-"))]


FIRST = "asyncio.constants"
"""Among the first that are loaded once Ctrl-C is ours; before that, Python itself is starting."""


def loading(shell: Shell) -> "subprocess.Popen[str]":
    """A `run` that tells on stderr what it has imported."""
    return shell.start("run", GOAL, "-f", "sales.csv", "--json", PYTHONPROFILEIMPORTTIME="1")


def loaded(shell: Shell, server: OpenAIServer) -> int:
    """How many modules are loaded from there until the model has its first question."""
    process = loading(shell)
    with ThreadPoolExecutor(1) as reader:
        left = reader.submit(process.communicate)
        while not server.requests:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, err = left.result(60)
    return sum(map(is_load, err.partition(FIRST)[2].splitlines()))


def is_load(line: str) -> bool:
    return line.startswith("import time:")


def pressed(shell: Shell, after: int) -> tuple[int, str]:
    """Press Ctrl-C once when so many modules are there: the exit code, and what was said."""
    process = loading(shell)
    assert process.stderr is not None
    for line in process.stderr:
        if FIRST in line:
            break
    for _ in range(after):
        process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    return process.returncode, "".join(x for x in err.splitlines() if not is_load(x))


def test_ctrl_c_counts_also_where_it_was_ignored(online: Shell, server: OpenAIServer) -> None:
    """A script starts what it runs in the background like that."""
    server.always = lambda purpose, body: Stall()
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process = online.start("run", GOAL, "-f", "sales.csv", "--json")
    finally:
        signal.signal(signal.SIGINT, before)
    while not online.data.exists():
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert (process.returncode, err) == (130, "")


def test_a_reader_that_goes_away_ends_it_without_noise(shell: Shell, approved: str) -> None:
    """`… | head -1`"""
    process = shell.start("run", "--mission", approved, "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    err = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=60) in {0, 1}
    assert "Traceback" not in err
    assert "BrokenPipe" not in err


def test_a_shell_leaves_the_missions_of_others_alone(shell: Shell) -> None:
    """What waits for its next step in the same database is not advanced by a `run` of another."""
    asyncio.run(begun(shell))
    shell.approved()
    assert sorted(shell.listed().values()) == ["done", "drafting"]


def test_a_served_bot_leaves_the_missions_of_shells_alone(shell: Shell) -> None:
    """What `run --offline` began, or left when it was killed, goes to no model of the bot's."""
    asyncio.run(begun(shell, "shell:local:k1"))
    asyncio.run(begun(shell, "web:local:1"))
    process = shell.start("try", "--no-open", "--port", "0")
    try:
        until = time.monotonic() + 60
        while sorted(shell.listed().values()) != ["drafting", "needs_plan_approval"]:
            assert time.monotonic() < until, shell.listed()
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
    assert places(shell) == {"shell:local:k1": "drafting", "web:local:1": "needs_plan_approval"}


def places(shell: Shell) -> dict[str, str]:
    """The status of every mission, by its Place."""
    with contextlib.closing(sqlite3.connect(shell.data / "concertmaster.db")) as conn:
        return dict(conn.execute("SELECT place, status FROM missions").fetchall())


async def begun(shell: Shell, place: str = "slack:T1:C1:1") -> None:
    """A mission that somebody began elsewhere, ready for its first step."""
    from bot.app import App
    from bot.commands.person import ME
    from bot.missions import NewMission
    from bot.settings import Settings

    app = await App.open(Settings(data_dir=shell.data, _env_file=None))  # pyright: ignore[reportCallIssue]
    await app.missions.start(
        NewMission(key=place, place=place, person=ME, goal="Compare the offers")
    )
    await app.close()
