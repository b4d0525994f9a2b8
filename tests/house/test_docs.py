"""Docs that can fail: the README tells what the code does."""

import json
import re
import subprocess
import sys
from pathlib import Path

from bot.cli import app
from bot.settings import Settings
from graphs import drawing

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_setting_is_in_the_readme_with_its_default() -> None:
    """The table is generated from nothing else than the settings themselves."""
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.*?) \|", README, re.MULTILINE))
    wanted = {
        name.upper(): f"`{field.default}`" if field.default not in (None, "") else ""
        for name, field in Settings.model_fields.items()
    }
    assert {name: rows.get(name, "missing").strip() for name in wanted} == wanted


def test_the_drawing_in_the_readme_is_current() -> None:
    """`make drawing` brings it up to date."""
    assert drawing.placed(README) == README


def test_every_command_is_in_the_readme() -> None:
    """A command that nobody can find is not there."""
    names = [c.name or c.callback.__name__ for c in app.registered_commands if c.callback]
    missing = [
        name
        for name in names
        if not re.search(rf"`{name}`|concertmaster {name}|make {name}", README)
    ]
    assert not missing


def test_links_and_pictures_in_the_readme_exist() -> None:
    """Every relative link leads to a file of the project."""
    links = re.findall(r"\]\(((?!https?:)[^)#]+)\)", README)
    assert links
    assert not [link for link in links if not (ROOT / link).exists()]


def test_langgraph_json_names_a_graph_that_compiles() -> None:
    """LangGraph's development server opens the mission graph, without key or network."""
    config = json.loads((ROOT / "langgraph.json").read_text(encoding="utf-8"))
    path, _, name = config["graphs"]["mission"].partition(":")
    module = path.removeprefix("./").removesuffix(".py").replace("/", ".")
    code = (
        "import asyncio, importlib, os, tempfile\n"
        "os.chdir(tempfile.mkdtemp())\n"
        "async def main():\n"
        f"    async with getattr(importlib.import_module({module!r}), {name!r})() as graph:\n"
        "        print(sorted(graph.get_graph().nodes))\n"
        "asyncio.run(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": "", "OLLAMA_URL": "http://127.0.0.1:9"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "execute" in done.stdout


def test_nothing_names_a_machine_or_a_registry() -> None:
    """The project stands anywhere: no path of a workplace, no host of a package registry."""
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()
    hosts = ("pypi" + ".org", "files.python" + "hosted", "registry.npm" + "js")
    wrong = [
        name
        for name in tracked
        if (ROOT / name).suffix in {".py", ".md", ".toml", ".lock", ".json", ".yml", ""}
        and (ROOT / name).is_file()
        and any(
            host in (ROOT / name).read_text(encoding="utf-8", errors="ignore") for host in hosts
        )
    ]
    assert not wrong
