"""Five minutes from nothing to a bot in Slack: `init slack`, `doctor`, `slack run`, `serve`."""

import asyncio
import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bot.commands.errors import Misuse
from bot.commands.slack import lent, set_up, slack, try_card
from bot.settings import Settings
from handlers.slack import Ended, configured
from handlers.slack.manifest import manifest, needed, scopes
from tests.slack.standin import Standin
from tests.slack.town import Town, settings_for


@pytest.fixture
def settings(slack: Standin, tmp_path: Path) -> Settings:
    slack_scopes: Any = frozenset(scopes())
    slack.tokens[slack.bot_token] = slack_scopes
    return settings_for(slack, tmp_path, "")


def run(folder: Path, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
    """The command line, in a folder of its own."""
    root = str(Path(__file__).parents[2])
    clean = {k: v for k, v in os.environ.items() if not k.startswith("SLACK_")}
    return subprocess.run(
        [sys.executable, "-m", "bot", *words], cwd=folder, capture_output=True, text=True,
        env={**clean, "PYTHONPATH": root, **env}, check=False,
    )  # fmt: skip


async def found(settings: Settings) -> dict[str, tuple[str, str]]:
    """What doctor says: level and text by name."""
    return {f.name: (f.level, f.text) for f in await slack(settings)}


# -- init ------------------------------------------------------------------------------------------


def test_init_writes_tokens_hooks_and_manifest(tmp_path: Path):
    """The file is its owner's alone, and a second run changes only what it is given."""
    first = run(tmp_path, "init", "slack", "--yes", "--bot-token", "xoxb-1")
    assert first.returncode == 0, first.stderr
    assert "api.slack.com/apps" in first.stderr
    assert "xoxb-1" not in first.stdout + first.stderr
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    set_up(tmp_path, {"SLACK_APP_TOKEN": "xapp-1"}, ask=False)
    kept = (tmp_path / ".env").read_text(encoding="utf-8")
    assert "\nSLACK_BOT_TOKEN=xoxb-1\n" in kept
    assert "\nSLACK_APP_TOKEN=xapp-1\n" in kept
    hooks = json.loads((tmp_path / ".slack" / "hooks.json").read_text(encoding="utf-8"))
    assert hooks == {"hooks": {"get-hooks": "concertmaster slack hooks"}}
    assert (tmp_path / "manifest.yml").exists()


def test_init_refuses_tokens_of_another_kind(tmp_path: Path):
    """They are mixed up easily; nothing is written then."""
    with pytest.raises(Misuse, match="SLACK_BOT_TOKEN begins with xoxb-"):
        set_up(tmp_path, {"SLACK_BOT_TOKEN": "xapp-1"}, ask=False)
    assert list(tmp_path.iterdir()) == []


def test_slacks_own_command_line_finds_what_it_calls(tmp_path: Path):
    """The hooks name commands that exist, and the manifest is the one of the file."""
    hooks = json.loads(run(tmp_path, "slack", "hooks").stdout)["hooks"]
    assert set(hooks) == {"get-manifest", "start"}
    words = hooks["get-manifest"].split()[1:]
    assert json.loads(run(tmp_path, *words).stdout) == manifest()


def test_the_tokens_that_slack_run_lends_are_used(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SLACK_CLI_XOXB", "xoxb-9")
    monkeypatch.setenv("SLACK_CLI_XAPP", "xapp-9")
    assert lent() == {"slack_bot_token": "xoxb-9", "slack_app_token": "xapp-9"}


# -- doctor ----------------------------------------------------------------------------------------


async def test_doctor_is_content_when_all_is_well(settings: Settings):
    """Token, scopes, channels, socket."""
    said = await found(settings)
    assert {level for level, _ in said.values()} == {"ok"}
    assert said["Slack channels"][1] == "In #general."
    assert said["Slack scopes"][1] == "Exactly those of the manifest."
    assert said["Slack events"][1] == "By Socket Mode: a socket opens."


async def test_doctor_names_the_scopes_that_lack_with_their_reason(
    settings: Settings, slack: Standin
):
    slack.tokens[slack.bot_token] = frozenset(scopes()) - {"users:read"}
    level, text = (await found(settings))["Slack scopes"]
    assert level == "bad"
    assert "users:read (names, time zones, and who is a guest)" in text


async def test_doctor_names_scopes_that_are_too_many(settings: Settings, slack: Standin):
    slack.tokens[slack.bot_token] = frozenset([*scopes(), "pins:write"])
    assert (await found(settings))["Slack scopes"] == ("warn", "Not needed: pins:write.")


async def test_doctor_says_whether_results_become_canvases(settings: Settings, slack: Standin):
    """Without the scope nothing is wrong: it is left to who installs the app."""
    assert "also become canvases" in (await found(settings))["Slack canvases"][1]
    slack.tokens[slack.bot_token] = frozenset(needed())
    said = await found(settings)
    assert {level for level, _ in said.values()} == {"ok"}
    assert "grant canvases:write" in said["Slack canvases"][1]


@pytest.mark.parametrize(
    ("change", "name", "words"),
    [
        ({"slack_bot_token": "xoxb-wrong"}, "Slack", "invalid_auth"),
        ({"slack_bot_token": "xapp-1"}, "Slack", "not a bot token"),
        ({"slack_app_token": "xapp-wrong"}, "Slack events", "invalid_auth"),
        ({"slack_app_token": None}, "Slack events", "Nothing would be heard"),
        ({"slack_api_url": "http://127.0.0.1:9/api/"}, "Slack", "could not be reached"),
    ],
)
async def test_doctor_says_what_is_wrong(
    slack: Standin, tmp_path: Path, change: dict[str, Any], name: str, words: str
):
    """With what to do, and without the token."""
    said = await found(settings_for(slack, tmp_path, "", **change))
    assert said[name][0] == "bad"
    assert words in said[name][1]


async def test_doctor_looks_at_http_mode_and_at_several_workspaces(slack: Standin, tmp_path: Path):
    """What lacks is named."""
    http = {"slack_app_token": None, "slack_signing_secret": "s", "public_url": "https://b.example"}
    said = await found(settings_for(slack, tmp_path, "", **http))
    assert "https://b.example/slack/events" in said["Slack events"][1]
    many = {"slack_bot_token": None, "slack_client_id": "1.2"}
    level, _ = (await found(settings_for(slack, tmp_path, "", **many)))["Slack"]
    assert level == "bad"


async def test_a_test_card_is_shown_and_deleted(settings: Settings, slack: Standin):
    """On request; a channel without the bot is named."""
    made = await try_card(settings, "C1")
    assert (made.level, slack.seen("C1")) == ("ok", [])
    assert len(slack.called("chat.delete")) == 1
    slack.world.channel("C2", bot=False)
    refused = await try_card(settings, "C2")
    assert refused.level == "bad"
    assert "not_in_channel" in refused.text


async def test_the_command_line_looks_at_slack_too(settings: Settings, tmp_path: Path):
    """`doctor --card slack:C1`, as people run it."""
    given = {
        "SLACK_BOT_TOKEN": Standin.bot_token, "SLACK_APP_TOKEN": Standin.app_token,
        "SLACK_API_URL": settings.slack_api_url, "OLLAMA_URL": "http://127.0.0.1:9",
    }  # fmt: skip
    said = await asyncio.to_thread(run, tmp_path, "doctor", "--card", "slack:C1", **given)
    assert "Shown in C1 and deleted again." in said.stdout
    assert Standin.bot_token not in said.stdout + said.stderr


# -- serve -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "setting"),
    [({"slack_bot_token": "xoxb-wrong"}, "SLACK_BOT_TOKEN"),
     ({"slack_app_token": "xapp-wrong"}, "SLACK_APP_TOKEN")],
)  # fmt: skip
async def test_a_wrong_token_ends_slack_and_names_the_setting(
    slack: Standin, tmp_path: Path, sqlite_url: str, change: dict[str, Any], setting: str
):
    """It does not knock for ever, and the other platforms go on."""
    town = Town(slack, settings_for(slack, tmp_path, sqlite_url, **change))
    with pytest.raises(Ended, match=setting):
        await town.start(work=False)
    await town.app.close()


async def test_slack_that_is_away_at_the_start_is_waited_for(
    slack: Standin, tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
):
    """An outage is no reason to stop."""
    monkeypatch.setattr("handlers.slack.run.AWAY", 0.01)
    slack.fault("auth.test", "500_before", times=2)
    slack.fault("apps.connections.open", "reset_before", times=2)
    town = Town(slack, settings_for(slack, tmp_path, sqlite_url))
    await town.start(work=False)
    await town.stop()


@pytest.mark.parametrize(
    ("given", "there"),
    [
        ({}, False),
        ({"slack_bot_token": "xoxb-1"}, False),
        ({"slack_bot_token": "xoxb-1", "slack_app_token": "xapp-1"}, True),
        ({"slack_bot_token": "xoxb-1", "slack_signing_secret": "s"}, True),
        ({"slack_client_id": "1", "slack_signing_secret": "s"}, True),
    ],
)
def test_slack_is_served_when_it_can_hear(given: dict[str, Any], there: bool):
    more: dict[str, Any] = {"_env_file": None, **given}
    assert configured(Settings(**more)) is there
