"""`doctor`: look at everything that a running bot needs, and say how to mend what is wrong.

A check is an async function from the settings to Findings; `CHECKS` lists them in the order in
which they are shown. A platform adds its own with `CHECKS.append(...)`.
"""

import asyncio
import importlib.util
import platform
import shutil
import socket
import stat
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field
from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.commands.script import line
from bot.domain.base import Frozen
from bot.settings import Settings, untraced
from bot.store.migrate import HEAD, file_of, revision
from bot.store.store import Store, StoreDown

Level = Literal["ok", "warn", "bad"]
SIGNS = {"ok": ("✅ ok", "green"), "warn": ("⚠ look", "yellow"), "bad": ("❌ bad", "bold red")}
ENOUGH = 500 * 1024 * 1024
"""Bytes of free disk below which work may soon fail."""
SECONDS = 30.0
"""How long one check, or one model, may take."""
ENV = Path(".env")


class Finding(Frozen):
    """What a check found. `mend` says what to do; `fix` does it, when that is safe to do."""

    level: Level
    name: str
    text: str
    mend: str = ""
    fix: Callable[[], None] | None = Field(default=None, exclude=True, repr=False)


Check = Callable[[Settings], Awaitable[Sequence[Finding]]]


async def examine(settings: Settings, *, lines: bool = False, fix: bool = False) -> int:
    """Run every check and print what it found; exit code 1 when anything is bad."""
    found = [finding for check in CHECKS for finding in await looked(check, settings, fix=fix)]
    if lines:
        for finding in found:
            line(**finding.model_dump())
    else:
        Console(highlight=False, markup=False).print(table(found))
    return 1 if any(f.level == "bad" for f in found) else 0


async def looked(check: Check, settings: Settings, *, fix: bool) -> Sequence[Finding]:
    """The findings of one check; with `fix`, those after what could be mended was mended."""
    found = await _checked(check, settings)
    fixes = [f.fix for f in found if f.fix is not None and f.level != "ok"]
    if not fix or not fixes:
        return found
    try:
        for mend in fixes:
            mend()
    except OSError as error:
        return [*found, Finding(level="bad", name="fix", text=f"Not mended: {error.strerror}.")]
    return await _checked(check, settings)


async def _checked(check: Check, settings: Settings) -> Sequence[Finding]:
    """A check that breaks is itself something bad, and the others go on."""
    name = check.__name__.strip("_").replace("_", " ")
    try:
        async with asyncio.timeout(SECONDS * 4):
            return await check(settings)
    except TimeoutError:
        return [Finding(level="bad", name=name, text="This could not be checked in time.")]
    except Exception as error:  # noqa: BLE001
        return [Finding(level="bad", name=name, text=f"Not checked: {type(error).__name__}.")]


def table(found: Sequence[Finding]) -> Table:
    """A row for each finding, with what to do below it."""
    grid = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True)
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(ratio=1)
    for finding in found:
        sign, style = SIGNS[finding.level]
        text = Text(finding.text)
        if finding.mend:
            text.append(f"\n→ {finding.mend}", style)
        grid.add_row(Text(sign, style), finding.name, text)
    return grid


# -- this machine ----------------------------------------------------------------------------------


async def python(settings: Settings) -> Sequence[Finding]:
    return [Finding(level="ok", name="Python", text=platform.python_version())]


async def folder(settings: Settings) -> Sequence[Finding]:
    """DATA_DIR can be written, has room, and is nobody else's to read."""
    path = settings.data_dir
    if not path.exists():
        return [
            Finding(level="warn", name="DATA_DIR", text=f"{path.resolve()} is not there yet.",
                    mend="It is made at the first start.", fix=lambda: _make(path))
        ]  # fmt: skip
    try:
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        mend = "Give yourself the right to write there, or set DATA_DIR to another folder."
        text = f"{path.resolve()} cannot be written: {error.strerror}."
        return [Finding(level="bad", name="DATA_DIR", text=text, mend=mend)]
    return [_room(path), *_private(path, 0o700, "warn")]


def _make(path: Path) -> None:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)


def _room(path: Path) -> Finding:
    free = shutil.disk_usage(path).free
    text = f"{path.resolve()}, {free / 1024**3:.1f} GB free."
    if free < ENOUGH:
        return Finding(level="warn", name="DATA_DIR", text=text, mend="Free some space soon.")
    return Finding(level="ok", name="DATA_DIR", text=text)


async def secrets(settings: Settings) -> Sequence[Finding]:
    """Files with secrets are readable by their owner alone."""
    found = [f for p in (ENV, settings.data_dir / "secret.key") for f in _private(p, 0o600, "bad")]
    return found or [Finding(level="ok", name="Secrets", text=".env and secret.key are private.")]


def _private(path: Path, mode: int, level: Level) -> list[Finding]:
    if not path.exists() or not stat.S_IMODE(path.stat().st_mode) & 0o077:
        return []
    text = f"Others on this machine can read {path}."
    mend = f"chmod {mode:o} {path}  (or: doctor --fix)"
    return [
        Finding(level=level, name=path.name, text=text, mend=mend, fix=lambda: path.chmod(mode))
    ]


async def port(settings: Settings) -> Sequence[Finding]:
    """Where the browser chat would listen."""
    where = f"{settings.web_host}:{settings.web_port}"
    with socket.socket(socket.AF_INET6 if ":" in settings.web_host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.web_host, settings.web_port))
        except OSError as error:
            text = f"{where} cannot be used: {error.strerror}."
            mend = "If that is not the bot itself, set WEB_PORT to another one; 0 finds one."
            return [Finding(level="warn", name="Port", text=text, mend=mend)]
    return [Finding(level="ok", name="Port", text=f"{where} is free.")]


async def clock(settings: Settings) -> Sequence[Finding]:
    """The time, the zone, and that zones can be looked up at all."""
    now = datetime.now(UTC)
    try:
        ZoneInfo("Europe/Berlin")
    except ZoneInfoNotFoundError:
        return [
            Finding(level="bad", name="Clock", text="No time zones are known here.",
                    mend="pip install tzdata")
        ]  # fmt: skip
    zone = now.astimezone().tzname() or "unknown zone"
    text = f"{now:%Y-%m-%d %H:%M} UTC, {now.astimezone():%H:%M} {zone} here."
    if not 2025 <= now.year <= 2100:
        mend = "Set this machine's clock: certificates and schedules depend on it."
        return [Finding(level="bad", name="Clock", text=text, mend=mend)]
    return [Finding(level="ok", name="Clock", text=text)]


# -- where things are kept -------------------------------------------------------------------------


async def database(settings: Settings) -> Sequence[Finding]:
    """Reachable, and at the schema of this version. Nothing is made or changed."""
    path = file_of(settings.database)
    kind = "PostgreSQL" if path is None else "SQLite"
    if not _there(path):
        return [Finding(level="ok", name="Database", text=f"{kind}, made at the first start.")]
    store = Store(settings.database)
    try:
        found = await revision(store)
    except StoreDown:
        mend = "Check DATABASE_URL, and that the server runs and lets this machine in."
        text = f"{kind} cannot be reached."
        return [Finding(level="bad", name="Database", text=text, mend=mend)]
    finally:
        await store.close()
    if found in {"", HEAD}:
        text = f"{kind}, schema {found or 'made at the first start'}."
        return [Finding(level="ok", name="Database", text=text)]
    text = f"{kind} is at schema {found}; this version has {HEAD}."
    mend = "Back up with the old version; the next start brings it to the new one."
    return [Finding(level="warn", name="Database", text=text, mend=mend)]


def _there(path: Path | None) -> bool:
    return path is None or path.exists()


async def redis(settings: Settings) -> Sequence[Finding]:
    if not settings.redis_url:
        return [Finding(level="ok", name="Redis", text="Not used: one process.")]
    from redis.asyncio import Redis
    from redis.exceptions import RedisError

    try:
        client: Any = Redis.from_url(settings.redis_url, socket_timeout=5, socket_connect_timeout=5)  # pyright: ignore[reportUnknownMemberType]
        async with client:
            await client.ping()
    except (RedisError, OSError, ValueError):
        mend = "Check REDIS_URL, or unset it: one process needs none."
        text = "It does not answer; missions run on without shared limits."
        return [Finding(level="bad", name="Redis", text=text, mend=mend)]
    return [Finding(level="ok", name="Redis", text="It answers.")]


# -- models ----------------------------------------------------------------------------------------


async def models(settings: Settings) -> Sequence[Finding]:
    """Which model stands behind each tier, whether its price is known, and that it answers."""
    from importlib import import_module

    untraced()
    choose = await asyncio.to_thread(import_module, "graphs.models.choose")
    tiers = await choose.choose(settings, None, ollama=settings.ollama_url)
    try:
        brains = tiers.distinct()
        if all(brain.local for brain in brains):
            text = f"The {tiers.label}: rules that work on real input."
            mend = "Set OPENAI_API_KEY, ANTHROPIC_API_KEY or MODEL_STANDARD for a real one."
            return [Finding(level="ok", name="Models", text=text, mend=mend)]
        return await asyncio.gather(*(_model(tiers, brain) for brain in brains))
    finally:
        await tiers.close()


async def _model(tiers: Any, brain: Any) -> Finding:
    """One real question to one model."""
    from bot.domain.plan import Tier
    from graphs.models.failures import Failure, advice
    from graphs.models.pricing import Tokens

    names = [tier.value for tier in Tier if tiers.name(tier) == brain.name] or ["critic"]
    name = "Model"
    try:
        async with asyncio.timeout(SECONDS):
            await brain.say(_greeting(), 64)
    except TimeoutError:
        text = f"{brain.name} did not answer within {SECONDS:.0f} s."
        mend = "Check the address and the network, or choose another model."
        return Finding(level="bad", name=name, text=text, mend=mend)
    except Failure as failure:
        what, mend = advice(brain.name, failure)
        return Finding(level="bad", name=name, text=what, mend=mend)
    known = brain.price(Tokens(1_000, 1_000)) is not None
    price = "its price is known" if known else "its price is unknown, so no cap can hold it"
    level: Level = "ok" if known else "warn"
    text = f"{brain.name} answers ({', '.join(names)}); {price}."
    return Finding(level=level, name=name, text=text)


def _greeting() -> Any:
    from langchain_core.messages import HumanMessage

    from bot.domain.plan import Tier
    from graphs.models.ask import Ask
    from graphs.models.messages import Question

    ask: Ask[Any] = Ask(mission="", key="doctor", purpose="work", tier=Tier.light, data={})
    hello = HumanMessage("Answer with the one word: yes")
    return Question(ask=ask, messages=(hello,), request="doctor", size=len(hello.text))


# -- results and platforms -------------------------------------------------------------------------


async def exports(settings: Settings) -> Sequence[Finding]:
    """PDF needs an extra, and fonts for some scripts."""
    if importlib.util.find_spec("typst") is None:
        mend = 'pip install "concertmaster[export]"'
        text = "Results can be had as Markdown, HTML and Word; PDF needs one more package."
        return [Finding(level="warn", name="PDF", text=text, mend=mend)]
    return [Finding(level="ok", name="PDF", text="Markdown, HTML, Word and PDF can be made.")]


async def fonts(settings: Settings) -> Sequence[Finding]:
    """Pictures use the font that comes along; PDF of kanji and kana needs one more."""
    if importlib.util.find_spec("matplotlib_fontja") is None:
        mend = 'pip install "concertmaster[export]", or install the Noto fonts.'
        text = "PDF and charts have no font for Japanese."
        return [Finding(level="warn", name="Fonts", text=text, mend=mend)]
    return [Finding(level="ok", name="Fonts", text="Latin, Greek, Cyrillic, emoji, Japanese.")]


async def platforms(settings: Settings) -> Sequence[Finding]:
    """Which chats are configured. The platforms' own checks look closer."""
    slack = settings.slack_bot_token is not None or bool(settings.slack_client_id)
    named = {"Slack": slack, "Discord": settings.discord_token is not None}
    return [
        Finding(level="ok", name=name, text="Configured." if there else "Not configured.")
        for name, there in named.items()
    ]


CHECKS: list[Check] = [
    python, folder, secrets, clock, database, redis, port, models, exports, fonts, platforms,
]  # fmt: skip
