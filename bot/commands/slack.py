"""Slack's part of `init` and `doctor`: how to make the app, and whether it is as it must be."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import aiohttp
from rich.console import Console
from rich.prompt import Prompt
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.slack.calls import API
from bot.chat.slack.canvas import SCOPE
from bot.chat.slack.errors import code_of
from bot.chat.slack.installs import who
from bot.commands.doctor import CHECKS, Finding
from bot.commands.errors import Misuse
from bot.commands.init import put
from bot.settings import Settings
from handlers.slack.manifest import SCOPES, needed, text

HOOKS = {"hooks": {"get-hooks": "concertmaster slack hooks"}}
"""What Slack's own command line reads first; see `hooks`."""
STEPS = """\
1. Open https://api.slack.com/apps, choose “Create New App”, “From a manifest”, your workspace,
   and paste manifest.yml.
2. Choose “Install to Workspace”. Under “OAuth & Permissions” copy the Bot User OAuth Token
   (xoxb-…).
3. Under “Basic Information”, “App-Level Tokens”, make a token with connections:write (xapp-…).
4. Give both to this command, or put them into .env as SLACK_BOT_TOKEN and SLACK_APP_TOKEN.
5. Run `concertmaster doctor`, then `concertmaster serve`. Type /mission in Slack.
"""
SECRETS = {"SLACK_BOT_TOKEN": "xoxb-", "SLACK_APP_TOKEN": "xapp-"}
Json = dict[str, Any]


# -- init ------------------------------------------------------------------------------------------


def set_up(folder: Path, given: Mapping[str, str], *, ask: bool) -> None:
    """Say the steps, and write what is known into .env (0600) and .slack/hooks.json.

    Raises Misuse for a token of another kind; nothing is written then.
    """
    console = Console(stderr=True, highlight=False)
    console.print(STEPS, soft_wrap=True)
    values = {k: v for k, v in given.items() if v}
    if ask and sys.stdin.isatty():
        values = {k: values.get(k) or _asked(k, console) for k in SECRETS}
        values = {k: v for k, v in values.items() if v}
    for name, token in values.items():
        _must_be(name, token)
    put(folder / ".env", values)
    _once(folder / ".slack" / "hooks.json", json.dumps(HOOKS, indent=2) + "\n")
    _once(folder / "manifest.yml", text())
    known = ", ".join(values) or "no token yet"
    console.print(f".env ({known}), .slack/hooks.json and manifest.yml are in {folder.resolve()}.")


def _asked(name: str, console: Console) -> str:
    words = f"{name} ({SECRETS[name]}…, Enter to leave it)"
    return Prompt.ask(words, password=True, default="", show_default=False, console=console).strip()


def _must_be(name: str, token: str) -> None:
    if not token.startswith(SECRETS[name]):
        raise Misuse(f"{name} begins with {SECRETS[name]}. Nothing was written.")


def _once(path: Path, body: str) -> None:
    """Write a file; one that is there is left as it is."""
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_text(body, encoding="utf-8")


def hooks() -> Json:
    """What `slack run` and its like call: the manifest, and the bot itself."""
    return {
        "hooks": {
            "get-manifest": "concertmaster slack manifest", "start": "concertmaster slack start",
        },
        "config": {
            "protocol-version": ["message-boundaries", "default"],
            "sdk-managed-connection-enabled": True,
        },
        "runtime": "python",
    }  # fmt: skip


def lent() -> dict[str, str]:
    """The tokens that `slack run` lends to what it starts, as settings."""
    names = {"slack_bot_token": "SLACK_CLI_XOXB", "slack_app_token": "SLACK_CLI_XAPP"}
    return {name: os.environ[lent] for name, lent in names.items() if os.environ.get(lent)}


# -- doctor ----------------------------------------------------------------------------------------


async def slack(settings: Settings) -> Sequence[Finding]:
    """Tokens, scopes against the manifest, the socket, and the channels that the bot is in."""
    token = settings.slack_bot_token
    if token is None:
        return [_many(settings)] if settings.slack_client_id else []
    try:
        found = [*await _bot(token.get_secret_value(), _base(settings))]
        found += [await _socket(settings)]
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        text = f"It could not be reached: {type(error).__name__}."
        return [_bad("Slack", text, "Check the network, and SLACK_API_URL when it is set.")]
    return found


def _many(settings: Settings) -> Finding:
    lacking = [
        name.upper() for name in ("slack_client_secret", "slack_signing_secret", "public_url")
        if not getattr(settings, name)
    ]  # fmt: skip
    if lacking:
        return _bad("Slack", "Not complete for several workspaces.", f"Set {', '.join(lacking)}.")
    return _ok("Slack", f"Several workspaces; install at {settings.public_url}/slack/install.")


async def _bot(token: str, base: str) -> list[Finding]:
    if not token.startswith("xoxb-"):
        mend = "SLACK_BOT_TOKEN is the Bot User OAuth Token, under “OAuth & Permissions”."
        return [_bad("Slack", "This is not a bot token (xoxb-…).", mend)]
    try:
        found = await who(token, base)
    except SlackApiError as error:
        mend = "Copy the Bot User OAuth Token again, or install the app again."
        return [_bad("Slack", f"Slack refuses the bot token: {code_of(error)}.", mend)]
    name = f"Slack knows the bot in {found.name or found.team}."
    scopes = found.scopes
    return [
        _ok("Slack", name), _granted(scopes), _canvases(scopes), await _channels(token, base),
    ]  # fmt: skip


def _granted(granted: Sequence[str]) -> Finding:
    """The token's scopes against those of the manifest."""
    if not granted:
        return Finding(level="warn", name="Slack scopes", text="Slack did not say which there are.")
    lacking = [scope for scope in needed() if scope not in granted]
    if lacking:
        text = "Lacking: " + "; ".join(f"{s} ({SCOPES[s]})" for s in lacking) + "."
        return _bad("Slack scopes", text, "Put manifest.yml into the app, and install it again.")
    more = sorted(set(granted) - set(SCOPES))
    text = f"Not needed: {', '.join(more)}." if more else "Exactly those of the manifest."
    return Finding(level="warn" if more else "ok", name="Slack scopes", text=text)


def _canvases(granted: Sequence[str]) -> Finding:
    """Whether results may become canvases. Slack says only at the first one whether they can."""
    if SCOPE in granted:
        text = "Results also become canvases, if this workspace has them."
        return _ok("Slack canvases", text)
    text = f"Results are messages and files. For canvases too, grant {SCOPE}."
    return _ok("Slack canvases", text)


async def _channels(token: str, base: str) -> Finding:
    client: Any = AsyncWebClient(token=token, base_url=base)
    kinds = "public_channel,private_channel"
    try:
        said = await client.users_conversations(types=kinds, limit=200)
    except SlackApiError as error:
        return Finding(level="warn", name="Slack channels", text=f"Not known: {code_of(error)}.")
    names = [f"#{c['name']}" for c in said["channels"]]
    if not names:
        text, mend = "The bot is in no channel yet.", "Invite it: /invite @Concertmaster"
        return Finding(level="warn", name="Slack channels", text=text, mend=mend)
    more = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return _ok("Slack channels", f"In {', '.join(names[:8])}{more}.")


async def _socket(settings: Settings) -> Finding:
    """That a socket can be opened, or that HTTP mode is complete."""
    if settings.slack_app_token is None:
        if settings.slack_signing_secret is None:
            mend = "Set SLACK_APP_TOKEN (xapp-…), or SLACK_SIGNING_SECRET for HTTP mode."
            return _bad("Slack events", "Nothing would be heard.", mend)
        url = f"{settings.public_url or 'PUBLIC_URL'}/slack/events"
        return _ok("Slack events", f"By HTTP: the app's request URL must be {url}.")
    client: Any = AsyncWebClient(base_url=_base(settings))
    try:
        opened = await client.apps_connections_open(
            app_token=settings.slack_app_token.get_secret_value()
        )
        hello = await _hello(str(opened["url"]))
    except SlackApiError as error:
        text = f"Slack refuses the app token: {code_of(error)}."
        return _bad("Slack events", text, "Make an app-level token with connections:write.")
    if hello.get("type") != "hello":
        return _bad("Slack events", "The socket said no hello.", "Switch Socket Mode on.")
    return _ok("Slack events", "By Socket Mode: a socket opens.")


async def _hello(url: str) -> Json:
    """The first word on a socket."""
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        return await socket.receive_json(timeout=10)


async def try_card(settings: Settings, channel: str) -> Finding:
    """Post a card in a channel and delete it again: everything from token to blocks at once."""
    from bot.cards import Card, Tone
    from bot.chat.slack.render import render

    token = settings.slack_bot_token
    if token is None:
        return _bad("Slack card", "No card was tried.", "Set SLACK_BOT_TOKEN.")
    client: Any = AsyncWebClient(token=token.get_secret_value(), base_url=_base(settings))
    text = "This card is only a test. It is deleted at once."
    shown = render(Card(mission="doctor", slot="doctor", title="A test", tone=Tone.good, text=text))
    try:
        made = await client.chat_postMessage(channel=channel, text=shown.text, blocks=shown.blocks)
        await client.chat_delete(channel=made["channel"], ts=made["ts"])
    except (SlackApiError, aiohttp.ClientError, TimeoutError) as error:
        code = code_of(error) if isinstance(error, SlackApiError) else type(error).__name__
        mend = f"Invite the bot into {channel}, and look at the scopes above."
        return _bad("Slack card", f"It could not be shown in {channel}: {code}.", mend)
    return _ok("Slack card", f"Shown in {channel} and deleted again.")


def _base(settings: Settings) -> str:
    url = settings.slack_api_url or API
    return url if url.endswith("/") else f"{url}/"


def _ok(name: str, text: str) -> Finding:
    return Finding(level="ok", name=name, text=text)


def _bad(name: str, text: str, mend: str) -> Finding:
    return Finding(level="bad", name=name, text=text, mend=mend)


def checks(card: str = "") -> None:
    """Let `doctor` look at Slack too; with `card`, also by a test card in that channel."""
    CHECKS.append(slack)
    if card:

        async def slack_card(settings: Settings) -> Sequence[Finding]:
            return [await try_card(settings, card)]

        CHECKS.append(slack_card)
