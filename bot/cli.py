"""The commands. Each loads what it needs when it runs, so that `--help` answers at once."""

import asyncio
import os
import sys
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager
from json import dumps
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.commands import ctrl_c

app = typer.Typer(
    name="concertmaster", no_args_is_help=True, add_completion=False, rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Describe a mission, approve the plan, review the result.",
)  # fmt: skip
init_app = typer.Typer(
    name="init", invoke_without_command=True, rich_markup_mode=None, pretty_exceptions_enable=False,
    help="Write the configuration: a .env with comments.",
)  # fmt: skip
app.add_typer(init_app)
slack_app = typer.Typer(name="slack", hidden=True, help="What Slack's own command line calls.")
app.add_typer(slack_app)

Goal = Annotated[str, typer.Argument(help="What you want done, in a sentence or two.")]
Attach = Annotated[
    list[Path] | None,
    typer.Option(
        "--file", "-f", help="A file that the mission needs.", exists=True, dir_okay=False
    ),
]
Offline = Annotated[bool, typer.Option("--offline", help="Use the offline model: no AI, no key.")]
Lines = Annotated[bool, typer.Option("--json", help="JSON lines on stdout.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command("try")
def try_(
    port: Annotated[int | None, typer.Option(help="Where to listen; 0 takes a free port.")] = None,
    open_browser: Annotated[bool, typer.Option("--open/--no-open", help="Open the page.")] = True,
    offline: Offline = False,
) -> None:
    """The whole bot on this machine: a chat in the browser, no account, no key."""
    settings = _settings(web_port=port)
    from bot.commands.serve import try_here

    _run(try_here(settings, open_browser=open_browser, offline=offline))


@app.command()
def serve() -> None:
    """Every platform that is configured, the browser chat and the clock included."""
    settings = _settings()
    from bot.commands.serve import serve_all

    _run(serve_all(settings))


@app.command()
def run(
    goal: Annotated[str, typer.Argument(help="What you want done.")] = "",
    file: Attach = None,
    plan: Annotated[
        Path | None, typer.Option(help="Run this plan (YAML).", exists=True, dir_okay=False)
    ] = None,
    mission: Annotated[str, typer.Option(help="Go on with this mission; see `list`.")] = "",
    approve: Annotated[
        str,
        typer.Option(
            help="`all`: approve plans and results, take defaults as answers. Work that misses "
            "what was asked is never approved by it."
        ),
    ] = "",
    out: Annotated[Path | None, typer.Option(help="A folder for the result and its files.")] = None,
    json: Lines = False,
    cap: Annotated[
        float | None, typer.Option(help="US dollars this mission may cost.", min=0.01)
    ] = None,
    offline: Offline = False,
) -> None:
    """One mission from the shell. Exit 0 only with an approved result.

    Exit codes: 0 approved; 1 ended without approval; 2 wrong usage; 3 a person is needed and
    nobody is at the terminal (it waits, nothing is lost); 4 the same, since the work does not
    meet what was asked; 130 stopped with Ctrl-C.
    """
    if approve not in ("", "all"):
        raise typer.BadParameter("the only choice is `all`", param_hint="--approve")
    if mission and (goal.strip() or plan or file or cap):
        raise typer.BadParameter("--mission goes on with what is there: give no goal with it")
    if not (goal.strip() or plan or mission):
        raise typer.BadParameter("say what you want done, or give a --plan or a --mission")
    settings = _settings()
    from bot.commands.run import Order, run_mission

    order = Order(
        goal=goal, files=tuple(file or ()), plan=plan, mission=mission, approve=approve == "all",
        out=out, lines=json, cap=cap, offline=offline,
    )  # fmt: skip
    raise typer.Exit(_run(run_mission(settings, order), lines=json))


@app.command()
def plan(
    goal: Goal,
    file: Attach = None,
    out: Annotated[Path, typer.Option(help="Where to write the plan.")] = Path("plan.yaml"),
    offline: Offline = False,
) -> None:
    """Make a plan, challenged and linted, and write it as YAML for `run --plan`."""
    if not goal.strip():
        raise typer.BadParameter("say what you want done")
    settings = _settings()
    from bot.commands.run import Order, write_plan

    order = Order(goal=goal, files=tuple(file or ()), offline=offline)
    raise typer.Exit(_run(write_plan(settings, order, out)))


@app.command("list")
def list_(
    json: Lines = False,
    limit: Annotated[int, typer.Option(help="How many at most.", min=1)] = 30,
) -> None:
    """The missions: those that need you first, then the newest."""
    settings = _settings()
    from bot.commands.lists import show_missions

    _run(show_missions(settings, lines=json, limit=limit))


@app.command()
def pause() -> None:
    """Operator: start nothing new in any mission until `resume`."""
    settings = _settings()
    from bot.commands.upkeep import set_paused

    _run(set_paused(settings, paused=True))
    typer.echo("Paused. What runs now ends its step; nothing new starts until `resume`.")


@app.command()
def resume() -> None:
    """Operator: go on after `pause`."""
    settings = _settings()
    from bot.commands.upkeep import set_paused

    _run(set_paused(settings, paused=False))
    typer.echo("Going on.")


@app.command()
def backup(out: Annotated[Path, typer.Argument(help="The archive to write (.tar.gz).")]) -> None:
    """Write everything — missions, decisions, files — into one archive, while the bot runs.

    The secret key and .env are not in it: keep them apart, and the archive safe.
    """
    settings = _settings()
    from bot.commands.upkeep import backup as write

    made = _run(write(settings, out))
    count = made.tables["missions"].count
    typer.echo(f"Written to {out}: {_counted(count, 'mission')}, {_counted(made.files, 'file')}.")
    if made.missing:
        typer.echo(f"{_counted(len(made.missing), 'file')} were gone already.", err=True)


@app.command()
def restore(
    archive: Annotated[
        Path, typer.Argument(help="An archive of `backup`.", exists=True, dir_okay=False)
    ],
) -> None:
    """Read an archive into an empty DATA_DIR or database. Stop the old bot first."""
    settings = _settings()
    from bot.commands.upkeep import restore as read

    count = _run(read(settings, archive))
    typer.echo(
        f"Restored {_counted(count, 'mission')}. Missions under way go on at the next start."
    )


@app.command()
def forget(
    mission: Annotated[str, typer.Option(help="The id of a mission.")] = "",
    person: Annotated[str, typer.Option(help="The id of a person.")] = "",
    workspace: Annotated[str, typer.Option(help="The person's workspace.")] = "local",
    yes: Yes = False,
) -> None:
    """Remove a mission, or a person with all their missions, for good. Backups keep theirs."""
    if bool(mission) == bool(person):
        raise typer.BadParameter("name either --mission or --person")
    settings = _settings()
    from bot.commands.upkeep import forget as remove

    what = f"mission {mission}" if mission else f"{person} and all their missions"
    if not yes and not _sure(f"Remove {what} for good?"):
        raise typer.Exit(1)
    count = _run(remove(settings, mission=mission, person=person, workspace=workspace))
    typer.echo(f"Removed {_counted(count, 'mission')}.")


@app.command()
def doctor(
    json: Lines = False,
    fix: Annotated[bool, typer.Option("--fix", help="Mend permissions and folders.")] = False,
    card: Annotated[
        str,
        typer.Option(help="Show a test card in this channel and delete it: slack:C1, discord:123."),
    ] = "",
) -> None:
    """Check the configuration, and say how to mend what is wrong. Exit 1 when something is bad.

    Each configured model is asked one tiny real question.
    """
    platform, channel = _channel(card)
    settings = _settings()
    from bot.commands.doctor import examine

    if settings.slack_bot_token or settings.slack_client_id or platform == "slack":
        from bot.commands.slack import checks

        checks(channel if platform == "slack" else "")
    if settings.discord_token or platform == "discord":
        from bot.commands import discord

        discord.checks(channel if platform == "discord" else "")
    raise typer.Exit(_run(examine(settings, lines=json, fix=fix)))


def _sure(question: str) -> bool:
    """What a person says at the terminal."""
    try:
        with ctrl_c.raised():
            return typer.confirm(question)
    except typer.Abort:
        if sys.stdin.isatty():
            raise typer.Exit(ctrl_c.STOPPED) from None
        typer.echo("\nNobody is there to ask, so nothing was removed. Say --yes.", err=True)
        raise typer.Exit(1) from None


def _channel(card: str) -> tuple[str, str]:
    """Platform and channel of `slack:C1` or `discord:123`; two empty words of none."""
    platform, _, channel = card.partition(":")
    known = (platform == "slack" and channel) or (platform == "discord" and channel.isdecimal())
    if card and not known:
        raise typer.BadParameter(f"{card!r} is no channel: say slack:C0123 or discord:1234567890.")
    return platform, channel


@init_app.callback()
def init(context: typer.Context, yes: Yes = False) -> None:
    """Write a .env with every setting explained; nothing that is there is replaced unasked."""
    if context.invoked_subcommand is not None:
        return
    from bot.commands.init import write_env

    _ask(lambda: write_env(Path(".env"), ask=not yes))


@init_app.command("slack")
def init_slack(
    bot_token: Annotated[str, typer.Option(help="xoxb-…", envvar="SLACK_BOT_TOKEN")] = "",
    app_token: Annotated[str, typer.Option(help="xapp-…", envvar="SLACK_APP_TOKEN")] = "",
    yes: Yes = False,
) -> None:
    """Say how to make the Slack app, and write its tokens into .env (0600) and .slack/hooks.json.

    A token on the command line stays in the shell's history: rather type it when you are asked.
    """
    from bot.commands.slack import set_up

    tokens = {"SLACK_BOT_TOKEN": bot_token, "SLACK_APP_TOKEN": app_token}
    _ask(lambda: set_up(Path(), tokens, ask=not yes))


@init_app.command("discord")
def init_discord(
    token: Annotated[str, typer.Option(help="The bot's token", envvar="DISCORD_TOKEN")] = "",
    yes: Yes = False,
) -> None:
    """Say how to make the Discord application, and write its token into .env (0600).

    A token on the command line stays in the shell's history: rather type it when you are asked.
    """
    from bot.commands.discord import set_up

    _ask(lambda: set_up(Path(), token, ask=not yes))


@slack_app.command("hooks")
def slack_hooks() -> None:
    """Which commands there are for it."""
    from bot.commands.slack import hooks

    typer.echo(dumps(hooks()))


@slack_app.command("manifest")
def slack_manifest() -> None:
    """The app's manifest as JSON."""
    from handlers.slack.manifest import manifest

    typer.echo(dumps(manifest()))


@slack_app.command("start")
def slack_start() -> None:
    """`serve`, with the tokens that Slack's command line lends."""
    from bot.commands.serve import serve_all
    from bot.commands.slack import lent

    _run(serve_all(_settings(**lent())))


def _settings(**given: Any) -> Any:
    """The settings, with the log set up by them. Exit 2 names each that is wrong."""
    from pydantic import ValidationError

    from bot.log import configure
    from bot.settings import Settings

    try:
        settings = Settings(**{k: v for k, v in given.items() if v is not None})
    except ValidationError as error:
        for problem in error.errors(include_input=False):
            name = ".".join(str(part) for part in problem["loc"]).upper()
            typer.echo(f"{name}: {problem['msg'].removeprefix('Value error, ')}", err=True)
        raise typer.Exit(2) from None
    except OSError as error:
        typer.echo(f".env cannot be read: {error.strerror}.", err=True)
        raise typer.Exit(2) from None
    except UnicodeDecodeError:
        typer.echo(".env cannot be read: it is no text in UTF-8.", err=True)
        raise typer.Exit(2) from None
    configure(settings.log_level, settings.secrets())
    return settings


def _run(work: Coroutine[Any, Any, Any], *, lines: bool = False) -> Any:
    """Run to the end."""
    with _border(lines):
        return ctrl_c.run(work)


def _ask(work: Callable[[], None]) -> None:
    """The same for work that asks questions line by line, and waits for nothing else."""
    with _border(), ctrl_c.raised():
        work()


@contextmanager
def _border(lines: bool = False) -> Generator[None]:
    """What goes wrong inside is one sentence; the exit code says of which kind."""
    from bot.commands.errors import Misuse
    from bot.documents.errors import DocumentError
    from bot.domain.base import Refused
    from bot.store.store import StoreDown

    try:
        yield
        return
    except Misuse as error:
        _say(str(error), lines)
        raise typer.Exit(2) from None
    except (Refused, StoreDown, DocumentError) as error:
        _say(str(error), lines)
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise typer.Exit(ctrl_c.STOPPED) from None
    except BrokenPipeError:
        # whoever read stdout is gone; without this, Python complains once more at its end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:  # noqa: BLE001  the border: a person gets a sentence
        _broken(error, lines)
    raise typer.Exit(1)


def _broken(error: Exception, lines: bool) -> None:
    import structlog

    structlog.get_logger(__name__).error("command_broke", exc_info=error)
    if isinstance(error, OSError):
        _say(f"The machine said no: {error.strerror or error}. Run `doctor` to see more.", lines)
    else:
        _say(f"Something inside broke ({type(error).__name__}); the log above says where.", lines)


def _say(text: str, lines: bool) -> None:
    """The sentence to stderr; for scripts also as a line of JSON, where they look."""
    typer.echo(text, err=True)
    if lines:
        from bot.commands.script import line

        line(kind="error", text=text)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
