"""Words, sentences and lists of plain text, with their places, by rules alone.

English first; what it does not know passes through unharmed.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

MAX_TEXT = 400_000
"""Characters of one text that rules look at; what lies beyond is said to be left out."""

NUMBER_WORDS = {
    "a": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7,
    "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15, "twenty": 20,
    "dozen": 12,
}  # fmt: skip

STOPWORDS = frozenset(
    [
        "a",
        "about",
        "above",
        "after",
        "again",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "been",
        "before",
        "being",
        "below",
        "between",
        "both",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "down",
        "during",
        "each",
        "either",
        "else",
        "ever",
        "every",
        "few",
        "for",
        "from",
        "further",
        "get",
        "give",
        "gives",
        "go",
        "had",
        "has",
        "have",
        "having",
        "he",
        "her",
        "here",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "itself",
        "just",
        "let",
        "like",
        "made",
        "make",
        "makes",
        "many",
        "may",
        "me",
        "might",
        "mine",
        "more",
        "most",
        "much",
        "must",
        "my",
        "need",
        "no",
        "nor",
        "not",
        "now",
        "of",
        "off",
        "on",
        "once",
        "one",
        "only",
        "or",
        "other",
        "our",
        "ours",
        "out",
        "over",
        "own",
        "per",
        "please",
        "same",
        "shall",
        "she",
        "should",
        "show",
        "since",
        "so",
        "some",
        "such",
        "tell",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "to",
        "too",
        "under",
        "until",
        "up",
        "us",
        "use",
        "used",
        "using",
        "very",
        "want",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "whether",
        "which",
        "while",
        "who",
        "whom",
        "whose",
        "why",
        "will",
        "with",
        "within",
        "without",
        "would",
        "you",
        "your",
        "yours",
        "attached",
        "attachment",
        "file",
        "export",
        "data",
    ]
)

_WORD = re.compile(r"[^\W_]+(?:['’_/.-][^\W_]+)*")
_ABBREVIATION = re.compile(
    (
        r"(?:\b(?:e\.g|i\.e|etc|vs|approx|dr|mr|mrs|ms|no|nr|inc|ltd|st|fig|cf|al|z\.b|"
        r"bzw|ca)|\b[A-Z])\.$"
    ),
    re.IGNORECASE,
)
_STOP = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s|$)")
_BULLET = re.compile(r"^\s*(?:[-*•–]|\d{1,3}[.)]|[a-z]\))\s+|^\s*#{1,6}\s+|^\s*>\s?")


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a text and where it begins in it."""

    text: str
    start: int

    @property
    def end(self) -> int:
        return self.start + len(self.text)

    def part(self, start: int, end: int) -> "Span":
        """A piece of this piece, without the blank space around it."""
        return trimmed(self.text[start:end], self.start + start)


def trimmed(text: str, start: int = 0) -> Span:
    """The text without blank space around it, where it really begins."""
    return Span(text.strip(), start + len(text) - len(text.lstrip()))


def sentences(text: str) -> Iterator[Span]:
    """Every sentence, line or list item of a text, in order, as it is written."""
    at = 0
    for line in text[:MAX_TEXT].splitlines(keepends=True):
        yield from _in_line(line, at)
        at += len(line)


def _in_line(line: str, at: int) -> Iterator[Span]:
    bullet = _BULLET.match(line)
    begin = bullet.end() if bullet else 0
    for stop in _STOP.finditer(line, begin):
        near = max(begin, stop.end() - 12)
        if _ABBREVIATION.search(line, near, stop.end()) and stop.end() < len(line.rstrip()):
            continue
        if stop[0] == "." and line[stop.end() :].lstrip()[:1].islower():
            continue
        yield from _filled(trimmed(line[begin : stop.end()], at + begin))
        begin = stop.end()
    yield from _filled(trimmed(line[begin:], at + begin))


def _filled(span: Span) -> Iterator[Span]:
    if any(c.isalnum() for c in span.text):
        yield span


def words(text: str) -> list[str]:
    """The words of a text in lower case; `/v1/users` and `follow-up` are one each."""
    return [found.casefold() for found in _WORD.findall(text)]


def count_words(text: str) -> int:
    """How many words a reader would count: blank-separated runs with a letter or digit."""
    return sum(any(c.isalnum() for c in run) for run in text.split())


@lru_cache(maxsize=20_000)
def stem(word: str) -> str:
    """A word without its common English endings: good enough to meet its relatives.

    >>> stem("policies"), stem("changed"), stem("changes"), stem("endpoints")
    ('policy', 'chang', 'chang', 'endpoint')
    """
    word = word.casefold()
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    for ending, kept in (("ations", 4), ("ation", 4), ("ings", 4), ("ing", 4), ("edly", 4)):
        if word.endswith(ending) and len(word) - len(ending) >= kept - 1:
            return word[: -len(ending)]
    for ending in ("sses", "shes", "ches", "xes"):
        if word.endswith(ending):
            return word[:-2]
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    if len(word) > 4 and word.endswith("ed"):
        word = word[:-2]
    return word[:-1] if len(word) > 4 and word.endswith("e") else word


def keywords(text: str) -> list[str]:
    """The stems of the words that carry meaning, in order, each once."""
    found = (stem(word) for word in words(text) if word not in STOPWORDS and len(word) > 1)
    return list(dict.fromkeys(found))


def overlap(wanted: Iterable[str], text: str) -> float:
    """The share of the wanted stems that a text has; 0 when nothing is wanted."""
    wanted = set(wanted)
    return len(wanted & set(keywords(text))) / len(wanted) if wanted else 0.0


def number(word: str) -> int | None:
    """`three` and `3` as 3; None for what is no small whole number."""
    word = word.casefold()
    if word.isdecimal() and len(word) < 7:
        return int(word)
    return NUMBER_WORDS.get(word)


def spoken(items: Iterable[str], last: str = "and") -> str:
    """`a, b and c`."""
    items = list(items)
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last} {items[-1]}"


def sentence(text: str) -> str:
    """Words as a sentence: a capital at the start, a stop at the end."""
    text = " ".join(text.split())
    if not text:
        return ""
    text = text[0].upper() + text[1:] if text[0].islower() and not _codelike(text) else text
    return text if text[-1] in ".!?…:|”" else text + "."


def _codelike(text: str) -> bool:
    first = text.split()[0]
    return bool(re.search(r"[/_.\d]|[a-z][A-Z]", first.rstrip(".,:;!?")))


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, cut at a word, with a mark when something is missing."""
    text = " ".join(text.split())
    if len(text) <= limit:
        return text
    return text[:limit].rsplit(" ", 1)[0].rstrip(",;:.") + "…"
