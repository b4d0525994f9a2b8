"""`manifest.yml` is the one truth: it passes Slack's schema and says what the handlers do."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from bot.chat.slack.calls import RATES
from handlers.slack import home
from handlers.slack.commands import NAME
from handlers.slack.listeners import EVENTS, MAKE
from handlers.slack.manifest import OPTIONAL, SCOPES, manifest, needed, scopes
from tests.slack.standin import ALL_SCOPES, Standin
from tests.slack.standin.standin import EVENTS as DELIVERED
from tests.slack.standin.web import METHODS
from tests.slack.town import Town

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((Path(__file__).parent / "manifest.schema.json").read_text(encoding="utf-8"))
"""slackapi/manifest-schema 2.0.0, MIT."""
MESSAGES = {"message.channels", "message.groups", "message.im"}
NEEDED_BY_EVENTS = {
    "app_mention": "app_mentions:read", "message.channels": "channels:history",
    "message.groups": "groups:history", "message.im": "im:history",
}  # fmt: skip
BY_FEATURE = {"commands", "files:read", "app_mentions:read", "groups:history", "im:history"}
"""Scopes of features and events, and those of which the stand-in takes any of several."""


def test_slack_takes_the_manifest():
    """By Slack's own schema, and by the limits that it does not say."""
    jsonschema.validate(manifest(), SCHEMA)
    words = manifest()["display_information"]
    assert 175 <= len(words["long_description"]) <= 4_000
    assert len(words["description"]) <= 140


def test_the_schema_would_notice_a_typo():
    """One mutation of the valid one."""
    wrong = manifest()
    wrong["features"]["slash_commands"][0]["comand"] = "/mission"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(wrong, SCHEMA)


def test_the_events_are_those_that_have_a_handler():
    """And no others: Slack delivers again what nobody handles."""
    events = set(manifest()["settings"]["event_subscriptions"]["bot_events"])
    assert events > MESSAGES
    assert (events - MESSAGES) | {"message"} == set(EVENTS)
    assert events <= DELIVERED


async def test_what_is_registered_is_what_the_manifest_says(town: Town):
    """Read from Bolt itself."""
    await town.start(work=False)
    listeners: Any = town.door.bolt._async_listeners
    names = {listener.ack_function.__name__ for listener in listeners}
    assert names == {
        "message", "look", "beside", "halt", "removed", "revoked", "command", "shortcut", "click",
        "edit_house", "form", "start_form",
    }  # fmt: skip


def test_commands_shortcuts_and_prompts_are_those_of_the_handlers():
    features = manifest()["features"]
    assert [c["command"] for c in features["slash_commands"]] == [NAME]
    assert [s["callback_id"] for s in features["shortcuts"]] == [MAKE]
    prompts = [(p["title"], p["message"]) for p in features["agent_view"]["suggested_prompts"]]
    assert prompts == list(home.PROMPTS)
    assert "assistant_view" not in features


def test_every_scope_has_a_reason_and_every_reason_a_scope():
    """In the manifest, in the code and in the docs."""
    asked = manifest()["oauth_config"]["scopes"]
    assert asked == {"bot": scopes(), "bot_optional": sorted(OPTIONAL)}
    assert needed() == sorted(set(scopes()) - OPTIONAL)
    docs = (ROOT / "docs" / "slack.md").read_text(encoding="utf-8")
    assert [s for s, why in SCOPES.items() if f"| `{s}` | {why} |" not in docs] == []


def called() -> Iterator[str]:
    """Every method that the adapter and the handlers call, by its name in the source."""
    folders = ("bot/chat/slack", "handlers/slack")
    for path in (p for name in folders for p in (ROOT / name).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        yield from re.findall(r"\"((?:[a-z]+\.)+[a-z]+[A-Za-z]*)\"", text)


def test_no_scope_is_missing_and_none_is_too_many():
    """Every method that is called finds its scope, and every scope has a method or an event."""
    methods = {name for name in called() if name in METHODS}
    assert "chat.postMessage" in methods
    granted = set(scopes())
    for name in methods:
        assert not METHODS[name].scopes or granted & set(METHODS[name].scopes), name
    used = {scope for name in methods for scope in METHODS[name].scopes}
    used |= BY_FEATURE | set(NEEDED_BY_EVENTS.values())
    assert granted - used == set()
    assert granted <= ALL_SCOPES | BY_FEATURE


def test_every_method_has_a_rate_of_its_tier():
    """What is counted slower or faster than tier 3 stands in the table."""
    methods = {name for name in called() if name in METHODS and METHODS[name].tier in (2, 4)}
    extras = {"chat.getPermalink", "auth.test"}
    assert {name for name in methods if name not in RATES} - extras == set()


@pytest.mark.parametrize("granted", [scopes(), needed()])
async def test_a_mission_needs_no_scope_but_these(slack: Standin, town: Town, granted: list[str]):
    """The whole way with a token that may do nothing else, also without the optional ones."""
    slack.tokens[slack.bot_token] = frozenset(granted)
    await town.start(work=False)
    root = town.mention("Compare the offers.", files={"a.csv": b"a,b\n1,2\n"})["ts"]
    await town.started()
    await town.asked()
    slack.click(await town.button("C1", root, "Approve"), "Approve")
    await town.told("U1", "Approved")
    await town.asked("artifact", name="artifact:1", version=1)
    await town.button("C1", root, "👍 Good")
    slack.open_home("U1")
    slack.open_home("U1", "messages")
    await slack.until(lambda: slack.world.homes and slack.world.prompts)
    assert not [c for c in slack.calls if c.error == "missing_scope"]
