"""The command line itself: quick to import, and honest about what it was given."""

import stat
import subprocess
import sys

import pytest

from tests.cli.shell import ROOT, Shell

HEAVY = ("sqlalchemy", "langgraph", "langchain", "starlette", "pandas", "pydantic", "rich.live",
         "matplotlib", "markitdown", "trafilatura", "alembic", "slack_sdk", "discord")  # fmt: skip


def test_help_loads_nothing_heavy() -> None:
    """Each command loads what it needs when it runs."""
    code = "import sys, bot.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not {*done.stdout.split()} & {*HEAVY}


@pytest.mark.parametrize(
    "command",
    ["try", "serve", "run", "plan", "list", "pause", "resume", "backup", "restore", "forget",
     "doctor", "init"],
)  # fmt: skip
def test_every_command_explains_itself(shell: Shell, command: str) -> None:
    """Without a data folder, a key or a network."""
    done = shell(command, "--help")
    assert (done.code, done.err) == (0, "")
    assert "Usage" in done.out
    assert not shell.data.exists()


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("LOG_LEVEL", "LOUD", "LOG_LEVEL: say one of DEBUG, INFO, WARNING, ERROR\n"),
        ("DATABASE_URL", "mysql://x", "DATABASE_URL: it must begin with postgresql+asyncpg:// or "
         "sqlite://; empty: DATA_DIR\n"),
    ],
)  # fmt: skip
def test_a_setting_that_names_nothing_known_says_what_is(
    shell: Shell, name: str, value: str, says: str
) -> None:
    done = shell("list", **{name: value})
    assert (done.code, done.err) == (2, says)


@pytest.mark.parametrize("command", [("list",), ("run", "Count the rows", "--offline"), ("try",)])
def test_a_data_dir_that_cannot_be_used_is_one_sentence(
    shell: Shell, command: tuple[str, ...]
) -> None:
    done = shell(*command, DATA_DIR="sales.csv")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "DATA_DIR (sales.csv) cannot be used: File exists. "
        "Set DATA_DIR to a folder in which you may write.\n"
    )


def test_a_file_that_is_no_database_is_left_as_it_is(shell: Shell) -> None:
    shell.data.mkdir()
    path = shell.data / "concertmaster.db"
    path.write_text("my diary\n" * 200)
    done = shell("list")
    assert (done.code, done.err) == (
        1, f"{path} is no database, and it is left as it is. "
        "Move it away, or set DATA_DIR to another folder.\n",
    )  # fmt: skip
    assert path.read_text() == "my diary\n" * 200


def test_what_is_kept_is_its_owners_alone_and_ids_are_never_cut(shell: Shell) -> None:
    """From the first start; an id in the list can be copied, also where the window is narrow."""
    mission = shell.waiting()
    assert stat.S_IMODE(shell.data.stat().st_mode) == 0o700
    assert mission in shell("list", COLUMNS="60").out


def test_a_wrong_setting_is_named(shell: Shell) -> None:
    """Exit code 2, the setting and what is wrong with it; its value is not repeated."""
    done = shell("list", WEB_PORT="eighty-canary")
    assert done.code == 2
    assert done.err.startswith("WEB_PORT: ")
    assert "canary" not in done.err
