"""What a command can end with, besides the sentences of the product itself."""

from bot.commands import ctrl_c
from bot.domain.base import Refused

APPROVED, NOT_APPROVED, MISUSED, NEEDS_PERSON, SHORT, STOPPED = 0, 1, 2, 3, 4, ctrl_c.STOPPED
"""Exit codes that scripts can trust."""


class Misuse(Refused):
    """The command was given something that it cannot work with: exit code 2."""
