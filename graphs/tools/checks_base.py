"""What a deterministic check gives."""

from typing import NamedTuple


class Check(NamedTuple):
    """`met`, what shows it (a quote of the output or a file's name), and what to do if not."""

    met: bool
    evidence: str
    feedback: str
