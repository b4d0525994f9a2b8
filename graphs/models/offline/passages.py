"""Documents as lines with numbers: what is picked from them is quoted word for word."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphs.models.offline.language import keywords, sentences

MAX_PASSAGE = 2_000
"""Characters of one sentence that rules look at."""
MAX_SENTENCES = 60
"""Sentences compared each with each: the cost grows with the square."""

_NOISE = re.compile(
    r"^\s*(?:\||#{1,6}\s|!\[|```|-{3,}|={3,}|<[^>]+>\s*$|\[?page \d+)", re.IGNORECASE
)


@dataclass(frozen=True)
class Passage:
    """A sentence of a document. `place` is its number there, `heading` what it stands under."""

    name: str
    line: int
    text: str
    heading: str = ""
    bullet: bool = False
    place: int = 0

    @property
    def ref(self) -> str:
        """Where it stands, as people say it."""
        return f"{self.name}, line {self.line}" if self.line else self.name

    def quoted(self) -> str:
        """The words with their source."""
        return f"“{plain(self.text)}” ({self.ref})"


def plain(text: str) -> str:
    """Words without the marks of Markdown."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"^\s*(?:[-*•]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s*)?", "", text)
    return " ".join(re.sub(r"\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)", "", text).split())


@lru_cache(maxsize=32)
def passages(name: str, text: str) -> tuple[Passage, ...]:
    """Every sentence of a document; tables and headings are left out, but headings remembered."""
    found: list[Passage] = []
    heading = ""
    for number, line in enumerate(text.splitlines(), 1):
        if mark := _heading(line):
            heading = mark
            continue
        if not line.strip() or _NOISE.match(line):
            continue
        bullet = bool(re.match(r"\s*(?:[-*•–]|\d{1,3}[.)])\s", line))
        for span in sentences(line):
            if span.text.strip():
                found.append(
                    Passage(name, number, span.text[:MAX_PASSAGE], heading, bullet, len(found))
                )
    return tuple(found)


def _heading(line: str) -> str:
    """`## Decisions`, `**Decisions**` and `Decisions:` open a part of a document."""
    if mark := re.match(r"\s*#{1,6}\s+(.+?)\s*#*\s*$", line):
        return plain(mark[1])
    if mark := re.match(r"\s*(?:\*\*|__)([^*_]{2,80})(?:\*\*|__):?\s*$", line):
        return mark[1].strip(" :")
    if mark := re.match(r"\s*([A-Z][\w /&'-]{2,60}):\s*$", line):
        return mark[1]
    return ""


def summarised(found: Sequence[Passage], count: int, about: Iterable[str] = ()) -> list[Passage]:
    """The `count` sentences that say most, in their order. Few come back whole.

    `about` are stems that matter more.
    """
    usable = [p for p in found if 4 <= len(p.text.split()) <= 80] or list(found)
    if len(usable) <= count:
        return usable
    wanted = frozenset(about)
    central = _central(tuple(p.text for p in _dense(usable)), 3 * count)
    ranked = sorted(
        (p for p in usable if p.text in central or wanted & set(keywords(p.text))),
        key=lambda p: (-_score(p, central, wanted), p.name, p.place),
    )
    return sorted(_varied(ranked, count), key=lambda p: (p.name, p.place))


def _dense(found: Sequence[Passage]) -> list[Passage]:
    """The sentences worth comparing with each other: those of the words that occur most."""
    if len(found) <= MAX_SENTENCES:
        return list(found)
    often = Counter(stem for p in found for stem in keywords(p.text))
    weight = {id(p): _mean([often[stem] for stem in keywords(p.text)]) for p in found}
    best = sorted(found, key=lambda p: (-weight[id(p)], p.place))[:MAX_SENTENCES]
    return sorted(best, key=lambda p: (p.name, p.place))


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values) if values else 0.0


def _score(passage: Passage, central: Mapping[str, float], wanted: frozenset[str]) -> float:
    met = len(wanted & set(keywords(passage.text)))
    opening = 0.3 if passage.place < 2 else 0.0
    return central.get(passage.text, 0.0) + opening + 0.5 * met


def _varied(ranked: Sequence[Passage], count: int) -> list[Passage]:
    """The best that do not say the same twice."""
    kept: list[Passage] = []
    for passage in ranked:
        mine = set(keywords(passage.text))
        if all(len(mine & set(keywords(k.text))) < 0.6 * max(1, len(mine)) for k in kept):
            kept.append(passage)
        if len(kept) == count:
            break
    return kept


@lru_cache(maxsize=16)
def _central(texts: tuple[str, ...], count: int) -> dict[str, float]:
    """The most central sentences, found in two helpings: those of the smaller weigh more."""
    from sumy.models.dom import (  # pyright: ignore[reportMissingTypeStubs]
        ObjectDocumentModel,
        Paragraph,
        Sentence,
    )
    from sumy.summarizers.lex_rank import LexRankSummarizer  # pyright: ignore[reportMissingTypeStubs]

    tokens = _Tokens()
    document: Any = ObjectDocumentModel([Paragraph([Sentence(text, tokens) for text in texts])])
    rank: Any = LexRankSummarizer()
    weights: dict[str, float] = {}
    for share, weight in ((1.0, 0.5), (0.34, 1.0)):
        best = rank(document, max(1, int(count * share)))
        weights.update((str(sentence), weight) for sentence in best)
    return weights


class _Tokens:
    """Words for sumy by our own rules: its tokenizer needs data from the network."""

    def to_words(self, sentence: str) -> tuple[str, ...]:
        return tuple(keywords(sentence))

    def to_sentences(self, text: str) -> tuple[str, ...]:
        return tuple(span.text for span in sentences(text))
