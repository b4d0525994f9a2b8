"""The ports: the few things with more than one implementation."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from typing import Protocol

from bot.cards import Card
from bot.domain.base import Frozen

Advance = Callable[[str], Awaitable[None]]
"""Takes a mission id and brings that mission as far as it can go now."""

Nudge = Callable[[str], None]
"""Tells whoever holds the mission in this process to look at its rows again."""


class Message(Frozen):
    """A Card for a Slot. `version` grows with each change; the message carries both."""

    place: str
    mission: str
    slot: str
    version: int
    card: Card


class ChatError(Exception):
    """A message was not shown."""


class ChatBusy(ChatError):
    """The platform asks to wait `seconds`; nothing was shown."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"busy for {seconds:g} s")
        self.seconds = seconds


class ChatLost(ChatError):
    """The answer was lost: the message may or may not be there. Look before posting again."""


class ChatGone(ChatError):
    """The message or the place no longer exists, or the bot may not write there."""


class Chat(Protocol):
    """Where people read and click. One per platform; `platform` is a Place's first word."""

    platform: str
    pace: float
    """The fewest seconds between two edits of one message."""

    async def post(self, message: Message) -> str:
        """Show a new message; gives its reference."""
        ...

    async def edit(self, ref: str, message: Message) -> None:
        """Show this instead of what the message shows."""
        ...

    async def find(self, message: Message) -> str | None:
        """The reference of a message that carries this mission and slot, when there is one."""
        ...

    async def tell(self, place: str, person: str, text: str) -> None:
        """A private word to one person."""
        ...


class Engine(Protocol):
    """Wakes missions. It holds no truth: `wake` may be lost, a sweep finds what is runnable."""

    async def start(self, advance: Advance, nudge: Nudge) -> None: ...

    async def wake(self, mission: str) -> None:
        """Start the mission, or nudge whoever holds it."""
        ...

    async def close(self) -> None:
        """Let running steps end within their grace, then stop."""
        ...


class Files(Protocol):
    """Immutable blobs by SHA-256."""

    async def put(self, data: bytes) -> str:
        """Keep the bytes; gives their hash. Raises OSError when they cannot be kept."""
        ...

    async def get(self, sha256: str) -> bytes:
        """The bytes. Raises FileNotFoundError."""
        ...

    async def drop(self, sha256: str) -> None:
        """Forget the bytes; no error when they are not there."""
        ...

    async def release(self, sha256: str, quiet: timedelta) -> None:
        """Forget bytes that their last owner let go, at once.

        Unless they were put again within `quiet`: then somebody may be about to own them, and
        they are left to `expire`.
        """
        ...

    async def expire(self, sha256: str, quiet: timedelta) -> None:
        """Forget bytes, unless they were put within `quiet`."""
        ...

    async def tidy(self, quiet: timedelta) -> None:
        """Remove what was left half written, unless it was begun within `quiet`."""
        ...

    def alone(self) -> AbstractContextManager[bool]:
        """True while no process lives that put bytes, and none can begin to.

        Then bytes without an owner wait for nobody, however young they are.
        """
        ...

    async def all(self) -> tuple[str, ...]:
        """The hashes of everything that is kept."""
        ...
