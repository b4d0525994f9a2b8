"""`doctor`: what is wrong and how to mend it, for people and for scripts."""

import stat
from typing import Any

import pytest

from bot.commands import doctor
from bot.commands.doctor import Finding
from bot.settings import Settings
from tests.cli.conftest import CANARY
from tests.cli.shell import NOBODY, Shell
from tests.models.openai_server import Answer, OpenAIServer
from tests.servers import Postgres, Redis


def found(shell: Shell, **env: str) -> dict[str, dict[str, Any]]:
    """The findings by name, the worst of each."""
    lines = shell("doctor", "--json", **env).lines
    return {f["name"]: f for f in sorted(lines, key=lambda f: f["level"], reverse=True)}


def test_a_fresh_machine_is_well(shell: Shell) -> None:
    """Without a key, an account or a server: exit code 0, and nothing was made."""
    done = shell("doctor", "--json", WEB_PORT="0")
    assert done.code == 0, done.out
    assert {f["level"] for f in done.lines} <= {"ok", "warn"}
    assert {"Python", "DATA_DIR", "Database", "Models", "PDF", "Clock", "Port", "Secrets"} <= {
        f["name"] for f in done.lines
    }
    assert not shell.data.exists()


def test_it_reads_well_at_80_columns(shell: Shell) -> None:
    done = shell("doctor", WEB_PORT="0", COLUMNS="80")
    assert "offline model, no AI" in done.out
    assert max(len(line) for line in done.out.splitlines()) <= 80


def test_what_others_can_read_is_bad_and_can_be_mended(shell: Shell) -> None:
    """Exit code 1; `--fix` closes the files, and then it is well."""
    shell.data.mkdir()
    for path in (shell.folder / ".env", shell.data / "secret.key"):
        path.write_text("")
        path.chmod(0o644)
    shell.data.chmod(0o755)
    assert shell("doctor", WEB_PORT="0").code == 1
    done = shell("doctor", "--fix", "--json", WEB_PORT="0")
    assert done.code == 0, done.out
    modes = [(shell.folder / ".env"), (shell.data / "secret.key"), shell.data]
    assert [stat.S_IMODE(p.stat().st_mode) for p in modes] == [0o600, 0o600, 0o700]


def test_each_model_is_asked_one_real_question(online: Shell, server: OpenAIServer) -> None:
    """It answers, and an endpoint of one's own has no known price."""
    server.always = lambda purpose, body: Answer("yes")
    model = found(online)["Model"]
    assert (model["level"], len(server.requests)) == ("warn", 1)
    assert "openai:house-model answers (light, standard, strong)" in model["text"]


def test_a_refused_key_says_which_setting_to_change(online: Shell) -> None:
    """The key itself is nowhere."""
    done = online("doctor", "--json", OPENAI_API_KEY="sk-not-the-right-one")
    (model,) = [f for f in done.lines if f["name"] == "Model"]
    assert (done.code, model["level"]) == (1, "bad")
    assert "refused" in model["text"]
    assert model["mend"] == "Set OPENAI_API_KEY."
    assert "not-the-right" not in done.out + done.err


def test_a_model_that_is_not_there_says_so(shell: Shell) -> None:
    env = {"OPENAI_BASE_URL": f"{NOBODY}/v1", "OPENAI_API_KEY": CANARY, "MODEL_LIGHT": "openai:x"}
    assert "could not be reached" in found(shell, **env)["Model"]["text"]


def test_servers_are_reached_or_said_to_be_away(
    shell: Shell, postgres: Postgres, redis: Redis
) -> None:
    """PostgreSQL and Redis, there and not there."""
    there = found(shell, DATABASE_URL=postgres.database(), REDIS_URL=redis.url)
    assert (there["Database"]["level"], there["Redis"]["level"]) == ("ok", "ok")
    away = found(
        shell, DATABASE_URL="postgresql+asyncpg://u:hunter22@127.0.0.1:9/x",
        REDIS_URL="redis://127.0.0.1:9/0",
    )  # fmt: skip
    assert (away["Database"]["level"], away["Redis"]["level"]) == ("bad", "bad")
    assert "hunter22" not in str(away)


async def test_a_check_that_breaks_is_a_finding_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def slack_thing(settings: Settings) -> list[Finding]:
        raise RuntimeError("xoxb-secret")

    monkeypatch.setattr(doctor, "CHECKS", [slack_thing, doctor.python])
    assert await doctor.examine(Settings(_env_file=None)) == 1  # pyright: ignore[reportCallIssue]
    said = capsys.readouterr().out
    assert "Not checked: RuntimeError." in said
    assert "Python" in said
    assert "xoxb" not in said
