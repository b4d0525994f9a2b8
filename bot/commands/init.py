"""`init`: a .env in which every setting stands, explained; what is needed is asked for."""

import os
import re
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined
from rich.console import Console
from rich.prompt import Confirm, FloatPrompt, Prompt

from bot.commands.errors import Misuse
from bot.domain.base import Refused
from bot.settings import Settings

HEAD = """\
# Concertmaster's settings. A line that begins with # is not in force and shows the default.
# Whoever reads this file can use your accounts: it is readable by you alone (0600).
"""
GROUPS = {
    "data_dir": "Where things are kept", "mission_cap": "Missions", "model_light": "Models",
    "slack_bot_token": "Slack", "discord_token": "Discord",
}  # fmt: skip
PLAIN = re.compile(r"[\w./:@%+,=-]*")


def write_env(path: Path, *, ask: bool) -> None:
    """Write the file. With `ask`, a person at the terminal is asked for what matters.

    Raises Refused when it is there already and nobody says that it may be replaced.
    """
    console = Console(stderr=True, highlight=False)
    if ask and not sys.stdin.isatty():
        raise Misuse("Nobody is at the terminal to ask. Write the defaults with: init --yes")
    if path.exists():
        _may_replace(path, ask=ask, console=console)
    values = questions(console) if ask else {}
    write(path, text(values))
    console.print(f"Wrote {path}. Check it with: concertmaster doctor")


def _may_replace(path: Path, *, ask: bool, console: Console) -> None:
    kept = f"{path} is there already and is left as it is."
    if not ask:
        raise Refused(f"{kept} Edit it, or move it away first.")
    if not Confirm.ask(f"{path} is there already. Replace it?", console=console, default=False):
        raise Refused(kept)
    old = path.with_name(f"{path.name}.old")
    write(old, path.read_text(encoding="utf-8"))
    console.print(f"What was there is kept in {old}.")


# -- questions -------------------------------------------------------------------------------------

PROVIDERS = (
    "OpenAI", "Anthropic", "another endpoint that speaks OpenAI's language",
    "Ollama on this machine", "none for now: the offline model, no AI",
)  # fmt: skip


def questions(console: Console) -> dict[str, str]:
    """Ask for models and money; gives settings by name."""
    console.print("Which models shall do the work?", *_numbered(PROVIDERS), sep="\n")
    chosen = Prompt.ask("Number", choices=list("12345"), default="5", console=console)
    values = _provider(chosen, console)
    if values:
        cap = FloatPrompt.ask("US dollars that a mission may cost", default=2.0, console=console)
        values["MISSION_CAP"] = f"{max(cap, 0.01):.2f}"
    return values


def _provider(chosen: str, console: Console) -> dict[str, str]:
    match chosen:
        case "1":
            return {"OPENAI_API_KEY": _key("OpenAI", console)}
        case "2":
            return {"ANTHROPIC_API_KEY": _key("Anthropic", console)}
        case "3":
            url = Prompt.ask("Its address, such as http://127.0.0.1:8000/v1", console=console)
            model = Prompt.ask("The model's name", console=console)
            key = _key("the endpoint (Enter for none)", console)
            given = {"OPENAI_BASE_URL": url, "MODEL_STANDARD": f"openai:{model}"}
            return given | ({"OPENAI_API_KEY": key} if key else {})
        case "4":
            model = Prompt.ask("The model, such as llama3.1 (Enter for any)", default="",
                               show_default=False, console=console)  # fmt: skip
            return {"MODEL_STANDARD": f"ollama:{model}"} if model else {}
        case _:
            return {}


def _key(name: str, console: Console) -> str:
    """A key, not shown while it is typed."""
    return Prompt.ask(f"The key for {name}", password=True, console=console).strip()


def _numbered(lines: tuple[str, ...]) -> list[str]:
    return [f"  {n}  {text}" for n, text in enumerate(lines, start=1)]


# -- the file --------------------------------------------------------------------------------------


def text(values: Mapping[str, str]) -> str:
    """Every setting with what it is for; those without a value are commented out."""
    lines = [HEAD]
    for name, field in Settings.model_fields.items():
        if name in GROUPS:
            lines.append(f"\n# --- {GROUPS[name]} ---\n")
        key = name.upper()
        given = f"{key}={quoted(values[key])}" if key in values else f"# {key}={_default(field)}"
        lines.append(f"# {field.description}\n{given}\n")
    return "".join(lines)


def _default(field: Any) -> str:
    empty = field.default is None or field.default is PydanticUndefined
    return "" if empty else str(field.default)


def quoted(value: str) -> str:
    """A value as .env files take it."""
    if PLAIN.fullmatch(value):
        return value
    inner = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{inner}'"


def put(path: Path, values: Mapping[str, str]) -> None:
    """Set these in the file and leave every other line as it is; makes the file when needed."""
    body = path.read_text(encoding="utf-8") if path.exists() else text({})
    for key, value in values.items():
        new = f"{key}={quoted(value)}"
        active = re.compile(rf"^{key}=.*$", re.MULTILINE)
        offered = re.compile(rf"^# ?{key}=.*$", re.MULTILINE)
        pattern = active if active.search(body) else offered
        body, count = pattern.subn(lambda _, new=new: new, body, count=1)
        body += "" if count else f"\n{new}\n"
    write(path, body)


def write(path: Path, body: str) -> None:
    """Write it whole or not at all, readable by its owner alone."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".env-")  # made with 0600
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(body)
        Path(draft).replace(path)
    finally:
        Path(draft).unlink(missing_ok=True)
