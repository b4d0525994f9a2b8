"""A holder's picture of its mission: what it writes stands in it at once, what others change after
the next look at the rows.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeVar

from bot.domain.board import Board
from bot.domain.record import Record
from bot.domain.work import Attempt, Verdict
from bot.store.journal import Journal, Write
from bot.store.tx import Tx
from graphs.workshop import Hold, Workshop

T = TypeVar("T")
R = TypeVar("R", Attempt, Verdict)

UNKNOWN = -1


class Mirror:
    """`record` is what the rows say, with what was put into the journal and is not committed yet.

    As long as nobody else changes the mission, the record of each commit is also kept for others
    in this process: they need not read it.
    """

    def __init__(self, shop: Workshop, hold: Hold, record: Record) -> None:
        self.record = record
        self.journal = Journal(
            shop.store, hold.lease, lambda: self.record, self._committed, self._left
        )
        self._shop = shop
        self._hold = hold
        self._revision: int = record.revision

    def put(self, write: Write, changed: Mapping[str, Any]) -> None:
        """Write soon, and have the change in the record now. Raises Fenced or StoreDown."""
        self.journal.put(write)
        before, self.record = self.record, self.record.model_copy(update=changed)
        Board.follow(self.record, before)

    async def change(self, write: Callable[[Tx], Awaitable[T]], *, revises: bool = True) -> T:
        """Write, wait until it is on the disk, and read the record again.

        Not `revises` when of all that a Record holds only the mission's own row changes.
        """
        result = await self.journal.commit(write, revises=revises)
        await self.reload()
        return result

    async def reload(self) -> None:
        """Read the record again, with all that was put, also while it was read."""
        while True:
            await self.journal.settled()
            changes = self.journal.changes
            record = await self._shop.record(self.journal.mission)
            if self.journal.changes == changes:
                self.record, self._revision = record, record.revision
                return

    def with_attempt(self, attempt: Attempt) -> dict[str, Any]:
        """What a new state of an attempt changes."""
        return {"attempts": _with(self.record.attempts, attempt, _made)}

    def with_verdict(self, verdict: Verdict) -> dict[str, Any]:
        """What a verdict changes."""
        return {"verdicts": _with(self.record.verdicts, verdict, _held)}

    def _left(self, write: Write) -> None:
        """An answer was paid for: it is kept also by who has lost the mission."""
        self._shop.store.answers.add(self.journal.mission, write)

    def _committed(self, tx: Tx, picture: Record | None) -> None:
        """Go along with a commit of what was put, when it is the next after what is known here."""
        self._hold.kept_at = tx.now
        if tx.wanted:
            self._shop.shown(*tx.wanted)
        revision = tx.revisions.get(self.journal.mission)
        if revision is None:
            return
        if picture is None or revision != self._revision + 1:
            self._revision = UNKNOWN
            return
        self._revision = revision
        self._shop.store.records.keep(picture.at(revision))


_made: Callable[[Attempt], tuple[str, int]] = attrgetter("task", "number")
_held: Callable[[Verdict], tuple[str, int]] = attrgetter("task", "attempt")


def _with(rows: Sequence[R], new: R, key: Callable[[R], tuple[str, int]]) -> tuple[R, ...]:
    """The rows in order, with this one in the place of the one with its key."""
    mine = key(new)
    return tuple(sorted((*(row for row in rows if key(row) != mine), new), key=key))
