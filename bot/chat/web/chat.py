"""The Chat port for the browser. Messages live in the store; open pages are told to look again."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Generator
from contextlib import contextmanager

from bot.chat.web.messages import PLACE, Messages
from bot.ports import ChatGone, Message
from bot.store.store import Store

PACE = 1.0
"""Seconds that a message rests after an edit: what changes more often is watched, not read. The
first change after a rest, and every new message, is there at once."""
KEPT = 20
"""Private words kept for a place that nobody looks at."""


class Watcher:
    """One open page. `changed` is set when there may be something new; `words` are for it only."""

    def __init__(self) -> None:
        self.changed = asyncio.Event()
        self.words: deque[str] = deque()


class WebChat:
    """Shows Cards in the browser. One for this machine."""

    platform = "web"
    pace = PACE

    def __init__(self, store: Store) -> None:
        self.messages = Messages(store)
        self.closed = False
        self._watchers: set[tuple[str, Watcher]] = set()
        self._unread: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=KEPT))

    # -- the port ------------------------------------------------------------------------------

    async def post(self, message: Message) -> str:
        """Show a new message; gives its number. Raises ChatGone for a place of another chat."""
        if not message.place.startswith(PLACE):
            raise ChatGone(f"no such place here: {message.place}")
        number = await self.messages.add(
            message.place, message.mission, message.slot, message.version, message.card
        )
        self.nudge()
        return str(number)

    async def edit(self, ref: str, message: Message) -> None:
        """Show this instead; an older version changes nothing. Raises ChatGone."""
        number = int(ref) if ref.isdecimal() else 0
        if not await self.messages.change(number, message.version, message.card):
            raise ChatGone(f"no message {ref}")
        self.nudge()

    async def find(self, message: Message) -> str | None:
        """The newest message of this mission's slot in this place."""
        found = await self.messages.find(message.place, message.mission, message.slot)
        return None if found is None else str(found)

    async def tell(self, place: str, person: str, text: str) -> None:
        """A passing word on the open pages of a place, or on the next one that opens."""
        open_pages = [watcher for at, watcher in self._watchers if at == place]
        for watcher in open_pages:
            watcher.words.append(text)
            watcher.changed.set()
        if not open_pages:
            self._unread[place].append(text)

    # -- open pages ----------------------------------------------------------------------------

    @contextmanager
    def watch(self, place: str) -> Generator[Watcher]:
        """A page of this place is open while the block runs."""
        entry = (place, Watcher())
        self._watchers.add(entry)
        try:
            yield entry[1]
        finally:
            self._watchers.discard(entry)

    def nudge(self) -> None:
        """Something changed: every open page looks again, for its list too."""
        for _, watcher in self._watchers:
            watcher.changed.set()

    def close(self) -> None:
        """The server ends: every open page's line ends by itself, and the page tries again."""
        self.closed = True
        self.nudge()

    def unread(self, place: str) -> tuple[str, ...]:
        """The private words that nobody has seen, once."""
        return tuple(self._unread.pop(place, ()))
