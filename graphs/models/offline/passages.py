"""Documents as lines with numbers: what is picked from them is quoted word for word."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from graphs.models.offline.language import keywords, sentences

MAX_PASSAGE = 2_000
"""Characters of one sentence that rules look at."""
MAX_SENTENCES = 60
"""Sentences compared each with each: the cost grows with the square."""

_NOISE = re.compile(
    r"^\s*(?:\||#{1,6}\s|!\[|```|-{3,}|={3,}|<[/!]?\w[^>]*>.*<?[^>]*>\s*$|<[^>]+>\s*$|"
    r"[\w.-]*(?:</[\w]+>\s*)+$|\[?page \d+)",
    re.IGNORECASE,
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


def glued(text: str) -> bool:
    """True when a tenth or more of the letters stand in runs that are too long for words."""
    runs = re.findall(r"[^\W\d_]{25,}", text[:200_000])
    return 10 * sum(map(len, runs)) > sum(c.isalpha() for c in text[:200_000]) > 0


def plain(text: str) -> str:
    """Words without the marks of Markdown."""
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"^\s*(?:(?:[-*•]|\d{1,3}[.)])\s+)?(?:\[[ xX]\]\s+)?", "", text)
    return " ".join(re.sub(r"\*\*|__|`|(?<!\w)[*_](?=\w)|(?<=\w)[*_](?!\w)", "", text).split())


@lru_cache(maxsize=32)
def passages(name: str, text: str) -> tuple[Passage, ...]:
    """Every sentence of a document; tables and headings are left out, but headings remembered.

    A sentence that runs over several lines is one; its line is where it begins.
    """
    found: list[Passage] = []
    heading = ""
    for block in _blocks(text):
        first = block.lines[0]
        if mark := _heading(first) if len(block.lines) == 1 else "":
            heading = mark
            continue
        bullet = bool(_MARKED.match(first))
        for span in sentences(block.text):
            line = block.line_at(span.start)
            found.append(Passage(name, line, span.text[:MAX_PASSAGE], heading, bullet, len(found)))
    return tuple(found)


@dataclass(frozen=True)
class _Block:
    """Lines that belong together, joined by single blanks; `first` is the number of the first."""

    first: int
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(self.lines)

    def line_at(self, place: int) -> int:
        """The number of the line that a place of the joined text is in."""
        for number, line in enumerate(self.lines, self.first):
            place -= len(line) + 1
            if place < 0:
                return number
        return self.first + len(self.lines) - 1


def _blocks(text: str) -> Iterator[_Block]:
    """The lines with words, those of one wrapped paragraph or list item together."""
    kept: list[str] = []
    first = 0
    for number, line in enumerate(text.splitlines(), 1):
        if len(kept) == 1 and len(kept[0]) <= TERM and _DEFINES.match(line):
            kept.append(line.strip())
            continue
        spoken = bool(line.strip()) and (bool(_heading(line)) or not _NOISE.match(line))
        if kept and not (spoken and _goes_on(kept[-1], line)):
            yield _Block(first, tuple(kept))
            kept = []
        if spoken:
            first = first if kept else number
            kept.append(line.strip() if kept else line.rstrip())
    if kept:
        yield _Block(first, tuple(kept))


_DEFINES = re.compile(r"\s*:\s+\S")
TERM = 40
"""Characters of a term that a line with its definition follows."""

_MARKED = re.compile(r"\s*(?:[-*•–]|\d{1,3}[.)]|\(?[a-z]\))\s")
_ENDS = re.compile(r"[.!?:;|)\]>]\W*$|^\s*$")
_STAMPED = re.compile(r"\W*(?:\d{4}-\d\d|\d\d:\d\d|\w{3} \d\d? \d\d:|\w+=|@|#|--\s)")
WRAPPED = 50
"""From this length on, a line without a stop is taken as cut by the page's width."""


def _goes_on(before: str, line: str) -> bool:
    """True when a line carries on the sentence of the line before it."""
    if _heading(line) or _heading(before) or _MARKED.match(line) or _STAMPED.match(line):
        return False
    start = line.lstrip()[:1]
    if start.islower() or (start in "“\"'(" and not _ENDS.search(before)):
        return not re.search(r"[.!?]\W*$", before) or len(before) >= WRAPPED
    return len(before.strip()) >= WRAPPED and (start.isupper() or start.isdigit())


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
    usable = [p for p in found if _tells(p.text)] or list(found)
    if len(usable) <= count:
        return usable
    wanted = frozenset(about)
    central = _central(tuple(p.text for p in _dense(usable)), 3 * count)
    ranked = sorted(
        (p for p in usable if p.text in central or wanted & set(keywords(p.text))),
        key=lambda p: (-_score(p, central, wanted), p.name, p.place),
    )
    return sorted(_varied(ranked, count), key=lambda p: (p.name, p.place))


FEWEST_WORDS = 6


def _tells(text: str) -> bool:
    """True for a sentence of words, not for numbers, code, a title or a line of contents."""
    runs = text.split()
    if not FEWEST_WORDS <= len(runs) <= 80 or text[:1].islower():
        return False
    plain_words = sum(run.strip(".,;:()“”\"'*`").replace("-", "").isalpha() for run in runs)
    return plain_words >= 0.6 * len(runs) and not re.search(r"\.{4,}|( \.){3,}", text)


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
