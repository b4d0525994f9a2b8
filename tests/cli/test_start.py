"""The command line itself: quick to import, and honest about what it was given."""

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


def test_a_wrong_setting_is_named(shell: Shell) -> None:
    """Exit code 2, the setting and what is wrong with it; its value is not repeated."""
    done = shell("list", WEB_PORT="eighty-canary")
    assert done.code == 2
    assert done.err.startswith("WEB_PORT: ")
    assert "canary" not in done.err
