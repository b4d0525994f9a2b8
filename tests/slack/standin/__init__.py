"""A strict stand-in for Slack over real HTTP and WebSocket: `async with Standin() as slack:`."""

from tests.slack.standin.delivery import Envelope
from tests.slack.standin.faults import Fault
from tests.slack.standin.standin import ALL_SCOPES, Call, Standin
from tests.slack.standin.world import APP, BOT, BOT_ID, TEAM, Channel, User

__all__ = [
    "ALL_SCOPES",
    "APP",
    "BOT",
    "BOT_ID",
    "TEAM",
    "Call",
    "Channel",
    "Envelope",
    "Fault",
    "Standin",
    "User",
]
