"""Discord's door: each event becomes one call of the product."""

from handlers.discord.bot import Bot, Ended
from handlers.discord.face import Face
from handlers.discord.run import Discord

__all__ = ["Bot", "Discord", "Ended", "Face"]
