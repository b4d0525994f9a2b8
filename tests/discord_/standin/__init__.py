"""A strict stand-in for Discord, used by the unmodified discord.py client."""

from tests.discord_.standin.faults import Fault
from tests.discord_.standin.interactions import Interaction
from tests.discord_.standin.standin import TOKEN, StandIn
from tests.discord_.standin.world import Json

__all__ = ["TOKEN", "Fault", "Interaction", "Json", "StandIn"]
