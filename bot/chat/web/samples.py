"""Example missions with files of their own, so that a first mission needs nothing at hand."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

FOLDER = Path(__file__).parent / "examples"


class Sample(NamedTuple):
    """One example: what is asked, and the files that come with it."""

    id: str
    sign: str
    title: str
    about: str
    words: str
    files: tuple[str, ...]


class Samples:
    """The examples by name."""

    def __init__(self, samples: Iterable[Sample]) -> None:
        self.all = tuple(samples)
        self._by_id = {sample.id: sample for sample in self.all}

    def get(self, name: str) -> Sample | None:
        return self._by_id.get(name)

    def files_of(self, name: str) -> list[tuple[str, bytes]]:
        """The files of an example with their bytes; none for an unknown one."""
        sample = self.get(name)
        return [(file, (FOLDER / file).read_bytes()) for file in sample.files] if sample else []


SAMPLES = Samples(
    (
        Sample(
            id="changes",
            sign="table",
            title="What changed?",
            about="Rank the endpoints of an API export, with a table and the reasons.",
            words="From the attached export, which three endpoints changed most by calls, why, and "
            "what should we tell customers? Make a one-page brief with a table.",
            files=("api-export.csv",),
        ),
        Sample(
            id="notes",
            sign="notes",
            title="Meeting notes",
            about="Turn rough notes into decisions, owners and open questions.",
            words="From the attached notes, list the decisions. List who does what by when. List "
            "the open questions. Then write a follow-up that fits one page.",
            files=("meeting-notes.md",),
        ),
        Sample(
            id="voices",
            sign="voices",
            title="Customer voices",
            about="Rate and count what customers wrote, and find the weakest spot.",
            words="From the attached feedback, show the average rating by area in a table. Which "
            "area has the lowest rating? How many entries are there by area?",
            files=("feedback.csv",),
        ),
    )
)
