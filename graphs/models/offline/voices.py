"""Free text in a column: complaints, praise or requests, gathered by the words they share."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from graphs.models.offline.columns import Column, Table
from graphs.models.offline.cues import CUES
from graphs.models.offline.language import cut, keywords, words

_TOPICS = (
    ("complaint", (
        r"\b(?:complain\w*|problems?|pain points?|unhappy|dislike|criticis\w+|"
        r"frustrat\w+)\b"
    )),
    ("praise", r"\b(?:prais\w*|like most|love|happy about|positive)\b"),
    ("request", r"\b(?:feature requests?|ask(?:ing)? for|wish(?:es)?|suggestions?|want from us)\b"),
    ("theme", (
        r"\b(?:themes?|topics?|comments?|feedback|what (?:do|did) (?:people|customers|"
        r"users|they) say)\b"
    )),
)  # fmt: skip


@dataclass(frozen=True)
class Theme:
    """Cells that share what they say: the common words, how many, and one of them."""

    name: str
    count: int
    example: str


def topic(question: str) -> str:
    """What kind of remarks a question is about; empty when it is about none."""
    return next((name for name, shape in _TOPICS if re.search(shape, question, re.IGNORECASE)), "")


def column(table: Table) -> Column | None:
    """The column in which people write."""
    found = sorted(
        (c for c in table.columns if c.prose or c.reason >= 2), key=lambda c: not c.prose
    )
    return found[0] if found else None


def themes(said: Sequence[str], about: str) -> list[Theme]:
    """The remarks of a kind, most frequent first; remarks with the same main word are one theme."""
    cue = re.compile(CUES[about], re.IGNORECASE) if about in CUES else None
    kept = [text for text in said if cue is None or cue.search(text)]
    often = Counter(stem for text in kept for stem in set(keywords(text)))
    groups: dict[str, list[str]] = {}
    for text in kept:
        main = max(keywords(text), key=lambda k: (often[k], len(k)), default="")
        if main:
            groups.setdefault(main, []).append(text)
    ranked = sorted(groups.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    return [_theme(main, texts, often) for main, texts in ranked]


def _theme(main: str, texts: Sequence[str], often: Counter[str]) -> Theme:
    example = Counter(texts).most_common(1)[0][0]
    name = next((w for w in words(example) if main in keywords(w)), main)
    return Theme(name, len(texts), cut(example, 120))
