"""Places in Slack: `slack:T1:C1:1690.5`, and references to messages: `C1:1690.7`."""

from typing import NamedTuple, Self

PLATFORM = "slack"


class Where(NamedTuple):
    """A thread, or a channel itself when `thread` is empty."""

    team: str
    channel: str
    thread: str = ""

    @classmethod
    def of(cls, place: str) -> Self:
        """Reads a Place. Raises ValueError when it is not one of Slack's."""
        parts = place.split(":")
        if len(parts) != 4 or parts[0] != PLATFORM or not (parts[1] and parts[2]):
            raise ValueError(f"not a place in Slack: {place!r}")
        return cls(parts[1], parts[2], parts[3])

    @property
    def place(self) -> str:
        return ":".join((PLATFORM, *self))

    @property
    def workspace(self) -> str:
        return workspace_of(self.team)


def workspace_of(team: str) -> str:
    """The Workspace of a team."""
    return f"{PLATFORM}:{team}"


def ref_of(channel: str, ts: str) -> str:
    """The reference of a message."""
    return f"{channel}:{ts}"


def parts_of(ref: str) -> tuple[str, str]:
    """Channel and ts of a reference. Raises ValueError."""
    channel, found, ts = ref.partition(":")
    if not found:
        raise ValueError(f"not a message in Slack: {ref!r}")
    return channel, ts
