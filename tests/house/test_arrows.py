"""The arrows run one way: handlers → bot ← graphs, and the domain knows none of them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("bot", "graphs", "handlers")
MAY_SEE_ALL = ("bot/__main__.py", "bot/cli.py", "bot/app.py", "bot/commands/")
PLATFORMS = re.compile(r"slack|discord", re.IGNORECASE)
PLATFORM_HOMES = ("bot/chat/", "handlers/slack", "handlers/discord", *MAY_SEE_ALL)


def modules() -> list[Path]:
    return sorted(p for name in PACKAGES for p in (ROOT / name).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Every module that the file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", modules(), ids=named)
def test_a_module_imports_only_what_lies_in_its_direction(path: Path) -> None:
    """The bot knows neither faces nor graphs; faces and graphs do not know each other."""
    home = named(path)
    if home.startswith(MAY_SEE_ALL):
        return
    forbidden = {
        "bot": ("graphs", "handlers", "bot.app", "bot.cli", "bot.commands"),
        "graphs": ("handlers", "bot.cli", "bot.commands"),
        "handlers": ("graphs", "bot.cli", "bot.commands"),
    }[home.split("/")[0]]
    if home == "graphs/studio.py":
        forbidden = ("handlers",)
    wrong = [name for name in imports(path) if name.split(".")[0] in forbidden or name in forbidden]
    assert not wrong, f"{home} imports {wrong}"


@pytest.mark.parametrize("path", sorted((ROOT / "bot/domain").rglob("*.py")), ids=named)
def test_the_domain_is_pure(path: Path) -> None:
    """Standard library, pydantic, orjson and itself: no platform, no database, no LangGraph."""
    allowed = ("bot.domain", "pydantic", "orjson")
    stdlib = {"collections", "dataclasses", "datetime", "decimal", "enum", "functools", "hashlib",
              "json", "math", "typing", "re", "unicodedata"}  # fmt: skip
    wrong = [
        name
        for name in imports(path)
        if not name.startswith(allowed) and name.split(".")[0] not in stdlib
    ]
    assert not wrong, f"{named(path)} imports {wrong}"


@pytest.mark.parametrize("path", modules(), ids=named)
def test_platforms_are_named_only_in_their_adapters(path: Path) -> None:
    """A newcomer who removes a platform deletes its folders and nothing else."""
    home = named(path)
    if home.startswith(PLATFORM_HOMES) or home in {"bot/settings.py", "bot/log.py"}:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    names |= {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute)} | set(imports(path))
    assert not [name for name in names if PLATFORMS.search(name)], home


def test_there_is_no_circle() -> None:
    """No module imports, at its top, one that imports it at any remove."""
    known = {named(p)[:-3].replace("/", ".").removesuffix(".__init__"): p for p in modules()}
    leads = {name: _top(path, known) for name, path in known.items()}
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, " → ".join((*trail, name))
        if name in done:
            return
        for other in leads[name]:
            visit(other, (*trail, name))
        done.add(name)

    for name in leads:
        visit(name, ())


def _top(path: Path, known: dict[str, Path]) -> set[str]:
    """The project's own modules that are imported when this one is."""
    found: set[str] = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            whole = [f"{node.module}.{alias.name}" for alias in node.names]
            deep = [name for name in whole if name in known]
            found |= set(deep) or ({node.module} & known.keys())
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names} & known.keys()
    return found
