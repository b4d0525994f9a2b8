"""Discord's part of `init` and `doctor`."""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.prompt import Prompt

from bot.chat.discord import point
from bot.chat.discord.doctor import STEPS, Found, examine, post_test_card
from bot.commands.doctor import CHECKS, Finding
from bot.commands.errors import Misuse
from bot.commands.init import put
from bot.files import FolderFiles
from bot.settings import Settings


def set_up(folder: Path, token: str, *, ask: bool) -> None:
    """Say the steps, and write the token into .env (0600). Raises Misuse when it is none."""
    console = Console(stderr=True, highlight=False)
    steps = "\n".join(f"{n}. {step}" for n, step in enumerate(STEPS, start=1))
    console.print(steps, soft_wrap=True)
    if ask and not token and sys.stdin.isatty():
        words = "DISCORD_TOKEN (Enter to leave it)"
        token = Prompt.ask(words, password=True, default="", show_default=False, console=console)
    token = token.strip()
    if token and token.count(".") != 2:
        raise Misuse("A bot's token has three parts with dots between. Nothing was written.")
    put(folder / ".env", {"DISCORD_TOKEN": token} if token else {})
    known = "DISCORD_TOKEN" if token else "no token yet"
    console.print(f".env ({known}) is in {folder.resolve()}.")


async def discord(settings: Settings) -> Sequence[Finding]:
    """Token, intents, commands, servers with their permissions, connections."""
    if settings.discord_token is None:
        return []
    point(settings.discord_api_base, settings.discord_gateway_url)
    return [_finding(f) for f in await examine(settings.discord_token.get_secret_value())]


def _finding(found: Found) -> Finding:
    return Finding(level=found.level, name=found.name, text=found.text, mend=found.mend)


async def try_card(settings: Settings, channel: str) -> Finding:
    """Post a card in a channel or thread and delete it again."""
    if settings.discord_token is None:
        mend = "Set DISCORD_TOKEN."
        return Finding(level="bad", name="Discord card", text="No card was tried.", mend=mend)
    point(settings.discord_api_base, settings.discord_gateway_url)
    files = FolderFiles(settings.data_dir / "files")
    return _finding(await post_test_card(settings.discord_token.get_secret_value(), files, channel))


def checks(card: str = "") -> None:
    """Let `doctor` look at Discord too; with `card`, also by a test card in that channel."""
    CHECKS.append(discord)
    if card:

        async def discord_card(settings: Settings) -> Sequence[Finding]:
            return [await try_card(settings, card)]

        CHECKS.append(discord_card)
