"""Slack's door: each event becomes one call of the product."""

from handlers.slack.app import create
from handlers.slack.face import Face
from handlers.slack.run import Ended, Slack, build, configured

__all__ = ["Ended", "Face", "Slack", "build", "configured", "create"]
