"""Discord's door: each event becomes one call of the product."""

from handlers.discord.bot import Bot, Ended
from handlers.discord.face import Face
from handlers.discord.serving import Serving

__all__ = ["Bot", "Ended", "Face", "Serving"]
