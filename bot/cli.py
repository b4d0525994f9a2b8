"""The commands. Each loads what it needs when it runs, so that `--help` answers at once."""

import asyncio
import sys
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any

import typer

app = typer.Typer(
    name="concertmaster", no_args_is_help=True, add_completion=False, rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Describe a mission, approve the plan, review the result.",
)  # fmt: skip

Goal = Annotated[str, typer.Argument(help="What you want done, in a sentence or two.")]
Attach = Annotated[
    list[Path] | None,
    typer.Option(
        "--file", "-f", help="A file that the mission needs.", exists=True, dir_okay=False
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Use the offline model: no AI, no key.")]


@app.command("try")
def try_(
    port: Annotated[int | None, typer.Option(help="Where to listen; 0 takes a free port.")] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page.")] = True,
    offline: Offline = False,
) -> None:
    """The whole bot on this machine: a chat in the browser, no account, no key."""
    from bot.commands.serve import try_here

    _run(try_here(_settings(web_port=port), open_browser=open_browser, offline=offline))


@app.command()
def serve() -> None:
    """Every platform that is configured, the browser chat and the clock included."""
    from bot.commands.serve import serve_all

    _run(serve_all(_settings()))


@app.command()
def run(
    goal: Annotated[str, typer.Argument(help="What you want done.")] = "",
    file: Attach = None,
    plan: Annotated[
        Path | None, typer.Option(help="Run this plan (YAML).", exists=True, dir_okay=False)
    ] = None,
    approve: Annotated[
        str, typer.Option(help="`all`: decide nothing yourself; every gate is approved.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(help="A folder for the artifact and its files.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Events as JSON lines on stdout.")] = False,
    cap: Annotated[float | None, typer.Option(help="US dollars this mission may cost.")] = None,
    offline: Offline = False,
) -> None:
    """One mission from the shell. Exit 0 only with an approved artifact.

    Exit codes: 0 approved; 1 ended without approval; 2 wrong usage; 3 a person is needed and
    nobody is at the terminal (it waits, nothing is lost); 130 stopped.
    """
    from bot.commands.run import Order, run_mission

    if approve not in ("", "all"):
        raise typer.BadParameter("the only choice is `all`", param_hint="--approve")
    if not goal.strip() and plan is None:
        raise typer.BadParameter("say what you want done, or give a --plan")
    order = Order(
        goal=goal, files=tuple(file or ()), plan=plan, approve=approve == "all", out=out,
        lines=json, cap=cap, offline=offline,
    )  # fmt: skip
    raise typer.Exit(_run(run_mission(_settings(), order)))


@app.command()
def plan(
    goal: Goal,
    file: Attach = None,
    out: Annotated[Path, typer.Option(help="Where to write the plan.")] = Path("plan.yaml"),
    offline: Offline = False,
) -> None:
    """Make a plan, challenged and linted, and write it as YAML for `run --plan`."""
    from bot.commands.run import Order, write_plan

    order = Order(goal=goal, files=tuple(file or ()), offline=offline)
    raise typer.Exit(_run(write_plan(_settings(), order, out)))


@app.command()
def pause() -> None:
    """Operator: start nothing new in any mission until `resume`."""
    from bot.commands.upkeep import set_paused

    _run(set_paused(_settings(), paused=True))
    typer.echo("Paused. What runs now ends its step; nothing new starts until `resume`.")


@app.command()
def resume() -> None:
    """Operator: go on after `pause`."""
    from bot.commands.upkeep import set_paused

    _run(set_paused(_settings(), paused=False))
    typer.echo("Going on.")


@app.command()
def backup(out: Annotated[Path, typer.Argument(help="The archive to write (.tar.gz).")]) -> None:
    """Write everything — missions, decisions, files — into one archive."""
    from bot.commands.upkeep import backup as write

    _run(write(_settings(), out))
    typer.echo(f"Written to {out}.")


@app.command()
def restore(
    archive: Annotated[Path, typer.Argument(help="An archive of `backup`.", exists=True)],
) -> None:
    """Read an archive into an empty DATA_DIR or database."""
    from bot.commands.upkeep import restore as read

    count = _run(read(_settings(), archive))
    typer.echo(f"Restored {count} missions.")


@app.command()
def forget(
    mission: Annotated[str, typer.Option(help="The id of a mission.")] = "",
    person: Annotated[str, typer.Option(help="The id of a person.")] = "",
    workspace: Annotated[str, typer.Option(help="The person's workspace.")] = "local",
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove a mission, or a person with all their missions, for good."""
    from bot.commands.upkeep import forget as remove

    if bool(mission) == bool(person):
        raise typer.BadParameter("name either --mission or --person")
    what = f"mission {mission}" if mission else f"{person} and all their missions"
    if not yes and not typer.confirm(f"Remove {what} for good?"):
        raise typer.Exit(1)
    count = _run(remove(_settings(), mission=mission, person=person, workspace=workspace))
    typer.echo(f"Removed {count} {'mission' if count == 1 else 'missions'}.")


@app.command()
def doctor() -> None:
    """Check the configuration, and say how to mend what is wrong."""
    from bot.commands.doctor import examine

    raise typer.Exit(_run(examine(_settings())))


def _settings(**given: Any) -> Any:
    from pydantic import ValidationError

    from bot.settings import Settings

    try:
        return Settings(**{k: v for k, v in given.items() if v is not None})
    except ValidationError as error:
        for problem in error.errors():
            name = ".".join(str(part) for part in problem["loc"]).upper()
            typer.echo(f"{name}: {problem['msg']}", err=True)
        raise typer.Exit(2) from None


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run to the end; what a person can mend is one sentence and exit code 1."""
    from bot.documents.errors import DocumentError
    from bot.domain.base import Refused
    from bot.log import configure
    from bot.store.store import StoreDown

    configure()
    try:
        return asyncio.run(work)
    except (Refused, StoreDown, DocumentError) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    except KeyboardInterrupt:
        sys.exit(130)
