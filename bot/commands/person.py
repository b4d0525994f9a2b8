"""The person at the shell, and what they say at a gate."""

from typing import Any

from tzlocal import get_localzone_name

from bot.domain.gate import Gate, Verb
from bot.domain.mission import Person
from bot.missions import Said, new_id

ME = Person(workspace="local", id="you", name="You", zone=get_localzone_name())
"""The same as in the browser chat: a mission begun in one can be decided in the other."""


def said(gate: Gate, verb: Verb, words: str = "", **data: Any) -> Said:
    """A decision on the version that was shown."""
    return Said(
        key=f"shell:{gate.id}:{new_id('k')}", person=ME, gate=gate.id, verb=verb,
        version=gate.version, words=words, data=data,
    )  # fmt: skip
