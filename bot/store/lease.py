"""The right to advance a mission."""

from datetime import timedelta

from bot.domain.base import Frozen


class Lease(Frozen):
    """The right to advance one mission, as long as the epoch is the newest and its holder has been
    heard of within `ttl`.

    `crashes` counts how often it was taken without ever being given back in good order, this time
    included.
    """

    mission: str
    epoch: int
    wakes: int
    crashes: int
    ttl: timedelta
