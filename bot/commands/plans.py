"""Plan files: a Plan as YAML, with the goal and the requirements that it covers."""

import asyncio
from decimal import Decimal
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from bot.commands.errors import Misuse
from bot.domain.lint import Rules, lint
from bot.domain.mission import Requirement
from bot.domain.plan import NOT_APPROVED, Plan
from bot.domain.record import Record

MAX_BYTES = 1_000_000


class PlanFile(Plan):
    """A plan on disk. Without requirements of its own, intake draws them from the goal."""

    version: int = 1
    goal: str = ""
    requirements: tuple[Requirement, ...] = ()

    @property
    def plan(self) -> Plan:
        """The Plan alone."""
        return Plan.model_validate(self.model_dump(exclude={"goal", "requirements"}))


def read(path: Path) -> PlanFile:
    """A plan from YAML. Raises Misuse, naming the first thing that is wrong."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise Misuse(f"{path.name} is larger than a plan can be (1 MB).")
        body: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(body, dict):
            raise Misuse(f"{path.name} is not a plan: it holds no fields such as `tasks`.")
        return PlanFile.model_validate(body)
    except OSError as error:
        raise Misuse(f"{path.name} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise Misuse(f"{path.name} is not YAML: it is not even text in UTF-8.") from None
    except (yaml.YAMLError, RecursionError) as error:
        raise Misuse(f"{path.name} is not YAML: {_where(error)}.") from None
    except ValidationError as error:
        raise Misuse(f"{path.name} is not a plan: {_first(error)}.") from None


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    said = getattr(error, "problem", None) or str(error).split("\n", 1)[0] or "it is too deep"
    return f"line {mark.line + 1}: {said}" if mark else said


def _first(error: ValidationError) -> str:
    found = error.errors(include_input=False)[0]
    where = ".".join(str(part) for part in found["loc"]) or "the file"
    if found["type"] == "extra_forbidden":
        return f"there is no field “{where}” in a plan"
    return f"{where}: {found['msg'][:1].lower()}{found['msg'][1:]}"


async def check(path: Path, file: PlanFile, cap: Decimal) -> None:
    """Hold a plan against the lint before anything starts. Raises Misuse with the first fault."""
    team = await asyncio.to_thread(import_module, "graphs.team")
    tools = await asyncio.to_thread(import_module, "graphs.tools")
    wanted = tuple(r.id for r in file.requirements) or _covered(file)
    rules = Rules(
        requirements=wanted, specialists=tuple(team.team()), tools=tuple(tools.NAMES), cap=cap
    )
    faults = lint(file, rules)
    for fault in faults[:1]:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise Misuse(f"{path.name} cannot be run: {fault.text}{more} Nothing was started.")


def _covered(file: PlanFile) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for task in file.tasks for name in task.covers))


def text(record: Record) -> str:
    """The newest plan as YAML."""
    plan, brief = record.plan, record.brief
    assert plan is not None
    assert brief is not None
    body = {
        "goal": brief.goal,
        "requirements": [r.model_dump(mode="json") for r in brief.requirements],
        **plan.model_dump(mode="json", exclude=NOT_APPROVED),
    }
    return yaml.safe_dump(body, sort_keys=False, allow_unicode=True, width=100)
