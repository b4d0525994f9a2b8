"""Slack: cards as blocks, shown within Slack's limits."""

from bot.chat.slack.chat import SlackChat
from bot.chat.slack.limiter import Limiter, LocalLimiter, RedisLimiter
from bot.chat.slack.place import Where

__all__ = ["Limiter", "LocalLimiter", "RedisLimiter", "SlackChat", "Where"]
