"""Discord: the outbound adapter and its renderer."""

from bot.chat.discord.attach import Link
from bot.chat.discord.chat import DiscordChat
from bot.chat.discord.pace import Pace
from bot.chat.discord.where import point

__all__ = ["DiscordChat", "Link", "Pace", "point"]
