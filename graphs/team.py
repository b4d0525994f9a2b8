"""The specialists: one Markdown file each in `graphs/specialists`, with YAML front matter."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

import yaml

from bot.domain.base import Frozen, digest
from bot.domain.plan import Task, Tier
from graphs.models.ask import Models

FOLDER = Path(__file__).with_name("specialists")


class Specialist(Frozen):
    """An agent profile. `tools` are names of `graphs.tools`, `prompt` is added to its own."""

    name: str
    description: str
    tier: Tier = Tier.standard
    tools: tuple[str, ...] = ()
    prompt: str = ""


@cache
def team(folder: Path = FOLDER) -> Mapping[str, Specialist]:
    """The specialists of a folder, by name. Raises ValueError for a file that is not a profile."""
    found = (_read(path) for path in sorted(folder.glob("*.md")))
    return MappingProxyType({s.name: s for s in found})


def _read(path: Path) -> Specialist:
    parts = path.read_text(encoding="utf-8").split("---\n", 2)
    if len(parts) != 3 or parts[0].strip():
        raise ValueError(f"{path.name} has no front matter between two lines of ---")
    return Specialist.model_validate({**yaml.safe_load(parts[1]), "prompt": parts[2].strip()})


def tools_of(task: Task, who: Specialist) -> tuple[str, ...]:
    """The tools that a task may use: those it names, or all of its specialist's."""
    if not task.tools:
        return who.tools
    return tuple(name for name in task.tools if name in who.tools)


def stamp(task: Task, who: Specialist, models: Models) -> str:
    """The hash of the prompt, the tools and the model that would do this task now."""
    return digest([who.prompt, tools_of(task, who), models.name(task.tier)])[:16]
