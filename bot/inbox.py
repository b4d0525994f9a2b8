"""The inbox: what a platform sent is stored under its key, then acknowledged, then dealt with.

A crash after the acknowledgement loses nothing, since the dispatcher finds the row at the next
start; a repeat changes nothing, since its key is there. Rows of one Place are dealt with in the
order in which they came, Places side by side.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import structlog

from bot.domain.base import Frozen, Refused
from bot.ports import ChatBusy, ChatLost
from bot.store.quiet import Quiet
from bot.store.store import Store, StoreDown

log = structlog.get_logger(__name__)

TICK = 2.0
"""Seconds between two looks at the rows when nobody nudges."""
MAX_TRIES = 5
"""How often a row that stumbles is tried before it is put aside, with a word in the log."""


class Letter(Frozen):
    """One thing that a platform sent. `key` is unique over all platforms."""

    key: str
    workspace: str
    place: str
    kind: str
    payload: dict[str, Any]
    tries: int = 0
    received_at: datetime | None = None


Apply = Callable[[Letter], Awaitable[None]]
"""Deals with a letter. It passes the letter's key on to the missions service, whose transaction
marks the row done together with the effect. Raises StoreDown, ChatBusy or ChatLost: not now."""


class Inbox:
    """`apply` by platform: the first word of a letter's Place."""

    def __init__(self, store: Store, apply: Mapping[str, Apply], *, width: int = 32) -> None:
        self._store = store
        self._apply = dict(apply)
        self._width = asyncio.Semaphore(width)
        self._changed = asyncio.Event()
        self._serving: dict[str, asyncio.Task[None]] = {}
        self._quiet = Quiet(store)

    def serve(self, platform: str, apply: Apply) -> None:
        """Deal with a platform's letters from now on."""
        self._apply[platform] = apply
        self._changed.set()

    async def accept(self, letter: Letter) -> bool:
        """Store it; False when it came before. Raises StoreDown: then do not acknowledge."""
        async with self._store.begin() as tx:
            new = await tx.arrive(
                letter.key, letter.workspace, letter.place, letter.kind, letter.payload
            )
        self._changed.set()
        return new

    async def run(self) -> None:
        """Deal with what waits, until cancelled."""
        try:
            while True:
                if self._quiet.due() or self._changed.is_set():
                    self._changed.clear()
                    await self._look()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(TICK):
                        await self._changed.wait()
        finally:
            for task in self._serving.values():
                task.cancel()
            await asyncio.gather(*self._serving.values(), return_exceptions=True)

    async def settle(self) -> None:
        """Deal with all that waits now, and return when it is done."""
        await self._look()
        while self._serving:
            await asyncio.gather(*self._serving.values())
            await self._look()

    async def _look(self) -> None:
        try:
            waiting = await self._store.inbox_waiting()
        except StoreDown as error:
            log.warning("inbox_not_read", error=str(error))
            self._quiet.stirred()
            return
        if waiting:
            self._quiet.stirred()
        else:
            self._quiet.calm()
        by_place: dict[str, list[Letter]] = {}
        for row in waiting:
            letter = Letter.model_validate({k: row[k] for k in Letter.model_fields})
            if letter.place.partition(":")[0] in self._apply:
                by_place.setdefault(letter.place, []).append(letter)
        for place, letters in by_place.items():
            if place not in self._serving:
                task = asyncio.create_task(self._serve(place, letters), name=f"inbox {place}")
                self._serving[place] = task

    async def _serve(self, place: str, letters: list[Letter]) -> None:
        """One place's letters in order; a letter that stumbles holds back those after it."""
        try:
            async with self._width:
                for letter in letters:
                    if not await self._deal(letter):
                        return
            self._changed.set()
        finally:
            self._serving.pop(place, None)

    async def _deal(self, letter: Letter) -> bool:
        platform = letter.place.partition(":")[0]
        try:
            await self._apply[platform](letter)
        except (StoreDown, ChatBusy, ChatLost) as error:
            # An outage is nobody's fault: the letter keeps its turn, however long it takes.
            log.warning("letter_waits", key=letter.key, error=str(error))
            return False
        except Refused as refused:
            log.info("letter_refused", key=letter.key, why=str(refused))
        except Exception:  # the border: one letter that cannot be read does not stop the others
            log.exception("letter_stumbled", key=letter.key, tries=letter.tries + 1)
            return await self._again(letter)
        await self._done(letter)
        return True

    async def _again(self, letter: Letter) -> bool:
        """Count the try; True when the letter was put aside, so that the next can go on."""
        async with self._store.begin() as tx:
            tries = await tx.inbox_tried(letter.key)
        if tries >= MAX_TRIES:
            await self._done(letter)
            return True
        return False

    async def _done(self, letter: Letter) -> None:
        """Most letters are done by the transaction of their effect; this is for the others."""
        async with self._store.begin() as tx:
            await tx.inbox_done_if_open(letter.key)
