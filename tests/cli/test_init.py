"""`init`: a .env that explains itself, private, and never written over unasked."""

import stat
from pathlib import Path

from bot.commands.init import put, text
from bot.settings import Settings
from tests.cli.shell import Screen, Shell


def read(path: Path) -> Settings:
    return Settings(_env_file=path)  # pyright: ignore[reportCallIssue]


def test_it_writes_every_setting_with_what_it_is_for(shell: Shell) -> None:
    """As comments that show the defaults: what is in force is what was given."""
    assert shell("init", "--yes").code == 0
    path = shell.folder / ".env"
    written = path.read_text()
    for name, field in Settings.model_fields.items():
        assert f"# {field.description}\n# {name.upper()}=" in written
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert read(path) == Settings(_env_file=None)  # pyright: ignore[reportCallIssue]


def test_what_is_there_is_left_as_it_is(shell: Shell) -> None:
    """Without a person to ask, it refuses."""
    (shell.folder / ".env").write_text("MISSION_CAP=7\n")
    done = shell("init", "--yes")
    assert (done.code, "left as it is" in done.err) == (1, True)
    assert (shell.folder / ".env").read_text() == "MISSION_CAP=7\n"
    assert shell("init").code == 2


def test_a_person_is_asked_for_what_matters(shell: Shell) -> None:
    """The key is not shown; what was there is kept beside it."""
    (shell.folder / ".env").write_text("MISSION_CAP=7\n")
    screen = Screen(shell, "init")
    screen.until("Replace it?")
    screen.type("y")
    screen.until("Number")
    screen.type("2")
    screen.until("The key for Anthropic")
    screen.child.waitnoecho()
    screen.type("sk-ant-'quoted' key")
    screen.until("may cost")
    screen.type("3.5")
    assert screen.end() == 0
    assert "quoted" not in screen.shows
    made = read(shell.folder / ".env")
    assert made.anthropic_api_key is not None
    assert made.anthropic_api_key.get_secret_value() == "sk-ant-'quoted' key"
    assert str(made.mission_cap) == "3.50"
    old = shell.folder / ".env.old"
    assert (old.read_text(), stat.S_IMODE(old.stat().st_mode)) == ("MISSION_CAP=7\n", 0o600)


def test_one_setting_is_put_and_every_other_line_stays(tmp_path: Path) -> None:
    """Where it is offered as a comment, where it is in force, or at the end."""
    path = tmp_path / ".env"
    path.write_text("# mine\nOWN=1\nMISSION_CAP=7\n# SLACK_BOT_TOKEN=\n")
    put(path, {"MISSION_CAP": "8", "SLACK_BOT_TOKEN": r"xoxb-a\1", "NEW": "a b"})
    assert path.read_text().splitlines() == [
        "# mine", "OWN=1", "MISSION_CAP=8", r"SLACK_BOT_TOKEN='xoxb-a\\1'", "", "NEW='a b'",
    ]  # fmt: skip
    token = read(path).slack_bot_token
    assert token is not None
    assert token.get_secret_value() == r"xoxb-a\1"


def test_values_are_read_back_as_they_were_given(tmp_path: Path) -> None:
    """Spaces, quotes, hashes, dollars and backslashes."""
    path = tmp_path / ".env"
    for value in ("plain", "a b#c", "it's", 'say "x"', "$HOME", "a\\b", "ü€"):
        path.write_text(text({"MODEL_LIGHT": value}))
        assert read(path).model_light == value


def test_ctrl_c_at_a_question_leaves_everything_as_it_was(shell: Shell) -> None:
    """Once is enough, and the terminal shows again what is typed."""
    screen = Screen(shell, "init", "slack")
    screen.until("SLACK_BOT_TOKEN")
    screen.child.waitnoecho()
    screen.child.sendintr()
    assert (screen.end(), sorted(p.name for p in shell.folder.iterdir())) == (130, ["sales.csv"])
