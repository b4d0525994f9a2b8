"""Places in Discord: `discord:G1:C1`, and references to messages: `C1/M1`, `C1/M1/classic`."""

from typing import NamedTuple, Self

PLATFORM = "discord"
DM = "dm"
EPOCH_MS = 1_420_070_400_000
CLASSIC = "classic"


class Where(NamedTuple):
    """A channel or thread of a guild; the guild of direct messages is `dm`."""

    guild: str
    channel: str

    @classmethod
    def of(cls, place: str) -> Self:
        """Reads a Place. Raises ValueError when it is not one of Discord's."""
        parts = place.split(":")
        if len(parts) != 3 or parts[0] != PLATFORM or not parts[2].isdigit():
            raise ValueError(f"not a place in Discord: {place!r}")
        if not (parts[1].isdigit() or parts[1] == DM):
            raise ValueError(f"not a place in Discord: {place!r}")
        return cls(parts[1], parts[2])

    @property
    def place(self) -> str:
        return f"{PLATFORM}:{self.guild}:{self.channel}"

    @property
    def workspace(self) -> str:
        """The guild; direct messages are a workspace of their own."""
        return f"{PLATFORM}:{self.guild}"


class Ref(NamedTuple):
    """A message. A classic one can never be shown with Components V2, nor the other way round."""

    channel: str
    message: str
    classic: bool = False

    @classmethod
    def of(cls, text: str) -> Self:
        """Reads a reference. Raises ValueError."""
        parts = text.split("/")
        ids = parts[:2]
        if len(ids) != 2 or not all(i.isdigit() for i in ids) or parts[2:] not in ([], [CLASSIC]):
            raise ValueError(f"not a message in Discord: {text!r}")
        return cls(ids[0], ids[1], len(parts) == 3)

    def __str__(self) -> str:
        return "/".join((self.channel, self.message, *([CLASSIC] if self.classic else [])))


def born(snowflake: str) -> float:
    """When the id was made, in seconds since 1970."""
    return ((int(snowflake) >> 22) + EPOCH_MS) / 1000
