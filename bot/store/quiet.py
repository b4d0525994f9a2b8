"""Looks at rows that can be left out, because nobody but this process has written since."""

from bot.store.store import Store

EVERY = 5
"""One look in so many is made all the same: whatever was missed is found."""


class Quiet:
    """Who looks again and again, for what nobody told them, asks here whether it is worth it.

    It is, unless their last look was `calm` and no other process has written since then.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._seen: object = None
        self._spare = 0

    def due(self) -> bool:
        """Whether to look. Ask before you look."""
        others = self._store.others()
        if self._spare and others == self._seen:
            self._spare -= 1
            return False
        self._seen, self._spare = others, 0
        return True

    def calm(self) -> None:
        """The look that was due told nothing new."""
        self._spare = EVERY - 1

    def stirred(self) -> None:
        """Something has to be looked for again, whoever wrote."""
        self._spare = 0
