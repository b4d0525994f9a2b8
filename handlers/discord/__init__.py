"""Discord's door: each event becomes one call of the product."""

from handlers.discord.bot import Bot, Ended
from handlers.discord.face import Face

__all__ = ["Bot", "Ended", "Face"]
