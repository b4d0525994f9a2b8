"""`manifest.yml`, the one truth about what the app may do and hear, and why."""

from pathlib import Path
from typing import Any

import yaml

Json = dict[str, Any]

SCOPES = {
    "app_mentions:read": "hear when somebody mentions the bot",
    "assistant:write": "suggest how to begin, and show that it is at work",
    "canvases:write": "show a result also as a canvas, where the workspace has them",
    "channels:history": "read the thread that a mission is asked for in, and what was missed",
    "channels:join": "begin a mission in a public channel without an invitation",
    "channels:read": "know whether it is in the channel",
    "chat:write": "write",
    "commands": "`/mission` and “Make this a mission”",
    "files:read": "read what is attached to a mission",
    "files:write": "put results and pictures into the thread",
    "groups:history": "the same in private channels that it was invited to",
    "groups:read": "know whether it is in the private channel",
    "im:history": "read what is written to it directly",
    "im:read": "know that a conversation is with one person",
    "im:write": "tell somebody directly what they may not miss",
    "reactions:write": "show with a reaction what it took a reply for",
    "usergroups:read": "let a user group approve",
    "users:read": "names, time zones, and who is a guest",
}
"""Each scope with its reason; `docs/slack.md` shows the same."""
OPTIONAL = frozenset({"canvases:write"})
"""Those that who installs the app may leave out: all else works without them."""


def scopes() -> list[str]:
    """What a bot token is asked for."""
    return sorted(SCOPES)


def needed() -> list[str]:
    """What a bot token must be allowed."""
    return sorted(set(SCOPES) - OPTIONAL)


ROOT = Path(__file__).parents[2] / "manifest.yml"
INSTALLED = Path(__file__).parent / "manifest.yml"


def text() -> str:
    """The manifest as it is written: from the checkout, or from the installed package."""
    path = ROOT if ROOT.exists() else INSTALLED
    return path.read_text(encoding="utf-8")


def manifest() -> Json:
    """The manifest as Slack takes it."""
    return yaml.safe_load(text())
