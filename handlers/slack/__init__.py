"""Slack's door: each event becomes one call of the product."""

from handlers.slack.app import create
from handlers.slack.face import Face
from handlers.slack.run import Slack, build, configured

__all__ = ["Face", "Slack", "build", "configured", "create"]
