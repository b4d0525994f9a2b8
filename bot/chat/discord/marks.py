"""How a message is found again: its last line ends with slot and version. Pure."""

import hashlib
import re

from bot.cards import Card


def reference(mission: str, slot: str) -> str:
    """The short word by which the message of a slot is found in a channel."""
    return hashlib.sha256(f"{mission}/{slot}".encode()).hexdigest()[:10]


def mark(card: Card, revision: int) -> str:
    """What the last line of a message ends with: its slot's reference and version."""
    return f"ref {reference(card.mission, card.slot)}.{revision}"


_MARK = re.compile(r"ref ([0-9a-f]{10})\.(\d+)\s*$")


def marked(text: str) -> tuple[str, int] | None:
    """Reference and version of a message's last line, when it is one of ours."""
    found = _MARK.search(text)
    return (found.group(1), int(found.group(2))) if found else None
