"""What measures and headers speak of, and how numbers are shown: the words of the checks."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from bot.domain.work import Fact
from graphs.tools import numbers
from graphs.tools.numbers import Style

ALL_ROWS = "all rows"
PARTS = " · "
HEDGED = Decimal("0.1")
"""How far "about 40" may be from the computed number, as a share of it."""


def listed(words: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(words.split())


_AGGREGATES = {
    "sum": "sum total totals totalled overall combined summed",
    "mean": "mean average avg",
    "median": "median p50",
    "min": "min minimum lowest smallest least",
    "max": "max maximum highest largest peak most",
    "count": "count counts number nr num",
    "distinct": "distinct unique different",
    "first": "first earliest",
    "last": "last latest",
    "diff": "difference diff delta change changes changed growth increase decrease",
    "pct": "percent percentage pct",
}
MEANING = {word: kind for kind, listed in _AGGREGATES.items() for word in listed.split()}
STOP = listed("""
    the of in by for all from to and a an with at on is are was were its value values
    vs versus between
""")
UNITS = listed("ms s sec secs seconds eur usd gbp chf gb mb kb tb k m bn mio")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = re.compile(
    r"\b(jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|"
    r"sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?,? (\d{4})\b"
)
_BARE_MONTH = re.compile(  # "may" is a verb as well, and "march" a walk
    r"\b(january|february|april|june|july|august|september|october|november|december|"
    r"jan|feb|apr|jun|jul|aug|sept?|oct|nov|dec)\b|^(may|march|mar)$"
)
_TOKEN = re.compile(r"month-\d\d|\d{4}-(?:\d\d(?:-\d\d)?|q\d)|[^\W\d_]+|\d+")
WHEN = re.compile(r"month-\d\d|\d{4}(?:-(?:\d\d(?:-\d\d)?|q\d))?")
_SYMBOLS = str.maketrans({"%": " percent ", "#": " count ", "Δ": " delta ", "Ø": " average ",
                          "€": " eur ", "$": " usd ", "£": " gbp ", "_": " "})  # fmt: skip


@dataclass(frozen=True)
class Phrase:
    """Words by their role: what is measured, how, in which unit, when."""

    subject: frozenset[str]
    kinds: frozenset[str]
    units: frozenset[str]
    when: frozenset[str]

    @property
    def how(self) -> frozenset[str]:
        return self.kinds - {"diff", "pct"}


@lru_cache(maxsize=4096)
def tokens_of(text: str) -> tuple[str, ...]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text).translate(_SYMBOLS).lower()
    dated = _MONTH.sub(lambda m: f"{m[2]}-{_MONTHS.index(m[1][:3]) + 1:02}", spaced)
    dated = _BARE_MONTH.sub(lambda m: f"month-{_MONTHS.index(m[0][:3]) + 1:02}", dated)
    dated = re.sub(r"\bq(\d) (\d{4})\b", r"\2-q\1", dated)
    return tuple(stem(token) for token in _TOKEN.findall(dated))


def stem(word: str) -> str:
    if word in MEANING or word in UNITS or len(word) <= 3 or word.endswith("ss"):
        return word
    return word[:-1] if word.endswith("s") else word


@lru_cache(maxsize=4096)
def phrase_of(text: str) -> Phrase:
    words = [token for token in tokens_of(text) if token not in STOP]
    when = frozenset(word for word in words if WHEN.fullmatch(word))
    kinds = frozenset(MEANING[word] for word in words if word in MEANING)
    units = frozenset(word for word in words if word in UNITS)
    subject = frozenset(w for w in words if w not in MEANING and w not in UNITS) - when
    return Phrase(subject, kinds, units, when)


def with_months(whens: Iterable[str]) -> frozenset[str]:
    """These times, and each month also as it is called without its year."""
    listed = frozenset(whens)
    return listed | {f"month-{w[5:]}" for w in listed if re.fullmatch(r"\d{4}-\d\d", w)}


def same_when(phrase: Phrase, said: Phrase) -> bool:
    """July may be July 2026: whoever compares accepts any fact that fits."""
    return len(said.when) == len(phrase.when) and said.when <= with_months(phrase.when)


_DEFAULT = (frozenset[str](), listed("sum"), listed("count"))


def same_how(phrase: Phrase, said: Phrase) -> bool:
    """Requests, total requests and number of requests are a sum; an average says so."""
    if phrase.how in _DEFAULT:
        return said.how in _DEFAULT
    return said.how == phrase.how


# The facts, by what they are about


@dataclass(frozen=True)
class Known:
    """One fact, understood: its phrases (alias and name), its condition, its two ends."""

    fact: Fact
    value: Decimal
    phrases: tuple[Phrase, ...]
    condition: frozenset[str]
    ends: frozenset[str]
    change: bool
    percent: bool


_CHANGE = re.compile(r"(difference|change %)(?: of (?P<of>.+?))? from (?P<one>.+) to (?P<two>.+)")
_ALIAS = re.compile(r"(?P<alias>.+) \((?P<name>\w+ of .+)\)")


def understand(fact: Fact) -> Known | None:
    try:
        value = Decimal(fact.value)
    except InvalidOperation:
        return None
    main, _, condition = fact.measure.partition(" where ")
    change = _CHANGE.fullmatch(main)
    limits = frozenset(tokens_of(condition)) - STOP
    if change:
        ends = with_months(tokens_of(change["one"]) + tokens_of(change["two"]))
        phrases = (phrase_of(change["of"] or ""),)
        return Known(fact, value, phrases, limits, ends, True, main.startswith("change %"))
    alias = _ALIAS.fullmatch(main)
    names = (alias["alias"], alias["name"]) if alias else (main,)
    phrases = tuple(phrase_of(name) for name in names)
    percent = any("pct" in phrase.kinds for phrase in phrases)
    return Known(fact, value, phrases, limits, frozenset(), False, percent)


class FactBook:
    """All facts, found by their label."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self.by_label: dict[tuple[str, ...], list[Known]] = {}
        self.spelled: dict[str, tuple[str, ...]] = {}
        for fact in facts:
            if (known := understand(fact)) is not None:
                key = tuple(norm(part) for part in fact.label.split(PARTS))
                self.by_label.setdefault(key, []).append(known)
                self.spelled[fact.label] = key
        self.overall = self.by_label.pop((ALL_ROWS,), [])
        self.spelled.pop(ALL_ROWS, None)
        self.in_prose = _label_pattern(self.spelled)


def norm(text: str) -> str:
    return " ".join(text.split()).strip("`*\"'“”").casefold()


def _label_pattern(labels: Iterable[str]) -> re.Pattern[str] | None:
    """Labels as they stand in prose; a short or numeric one would be found by chance."""
    parts = {part for label in labels for part in label.split(PARTS)}
    told = sorted((p for p in parts if len(p) > 1 and re.search(r"[^\W\d]", p)), key=len)
    if not told:
        return None
    listed = "|".join(re.escape(part) for part in reversed(told))
    return re.compile(rf"(?<![\w/.-])(?:{listed})(?![\w/-]|\.\w)")


# Numbers as they are shown


@dataclass(frozen=True)
class Shown:
    """A number in a text: its readings (value, decimals), and how it was written."""

    text: str
    readings: tuple[tuple[Decimal, int], ...]
    percent: bool
    hedged: bool
    start: int
    end: int

    def equals(self, known: Known) -> bool:
        """True when a reading is the computed number, rounded as it is shown."""
        return any(
            near(value, places, known.value, self.hedged) for value, places in self._values(known)
        )

    def _values(self, known: Known) -> Iterator[tuple[Decimal, int]]:
        for value, places in self.readings:
            yield value, places
            if self.percent and not known.percent:  # 12 % of a share kept as 0.12
                yield value / 100, places + 2
            if known.percent and not self.percent and abs(value) <= 1:
                yield value * 100, places - 2


_SCALES = {"k": 3, "thousand": 3, "m": 6, "mio": 6, "million": 6, "bn": 9, "b": 9, "billion": 9}
_SHOWN = re.compile(
    r"(?<![\w/:#^])(?<![\d][.,–-])(?P<sign>[-+−–]\s?)?(?:[€$£]\s?)?"
    r"(?P<digits>\d{1,3}(?: \d{3})+(?![\d.,]\d)|\d[\d.,'\u00a0\u2009\u202f]*\d|\d)"
    r"(?:\s?(?P<scale>k|K|M|m|bn|B|Mio|thousand|million|billion)\b)?"
    r"\s?(?P<percent>%|percent\b|per cent\b)?(?!\w|[-–/:]\d)"
)


def shown_in(text: str) -> list[Shown]:
    return [number for m in _SHOWN.finditer(text) if (number := _one_shown(m)).readings]


def _one_shown(match: re.Match[str]) -> Shown:
    scale = _SCALES.get((match["scale"] or "").lower(), 0)
    hedged = bool(_HEDGE.search(match.string[: match.start()]))
    negative = (match["sign"] or "").strip() in ("-", "−", "–")
    found: dict[tuple[Decimal, int], None] = {}
    for style in Style:
        number = numbers.read(match["digits"], style)
        if number is not None:
            value = number.value.scaleb(scale)
            places = numbers.places(number.value) - scale
            found[(-value if negative else value), places] = None
    if " " in match["digits"]:  # or two numbers side by side: "week 27 100 requests"
        found |= {(Decimal(part), 0): None for part in match["digits"].split(" ")}
    return Shown(match[0].strip(), tuple(found), bool(match["percent"]), hedged, *match.span())


def near(shown: Decimal, places: int, computed: Decimal, loosely: bool) -> bool:
    """Equal after rounding to the decimals that are shown (or that were computed)."""
    leeway = Decimal(5).scaleb(-places - 1) if places or shown % 1 == 0 else Decimal(0)
    if numbers.places(computed) >= 4:  # a rounded quotient itself
        leeway = max(leeway, Decimal(5).scaleb(-numbers.places(computed) - 1))
    if loosely:
        leeway = max(leeway, abs(computed) * HEDGED)
    return abs(shown - computed) <= leeway


def cell_number(cell: str) -> Shown | None:
    """The number a cell is for: its only one, or the one before a remark in brackets."""
    found = shown_in(cell)
    if len(found) > 1 and re.fullmatch(r"[^(]*\([^()]*\)\s*", cell):
        found = [number for number in found if number.end <= cell.index("(")]
    return found[0] if len(found) == 1 else None


WHENS = re.compile(
    r"\b(jan(uary)?|feb(ruary)?|march|april|june|july|aug(ust)?|sept?(ember)?|oct(ober)?|"
    r"nov(ember)?|dec(ember)?|q[1-4]|(19|20)\d\d(-\d\d)*|(mon|tues|wednes|thurs|fri|satur|sun)day)\b",
    re.I,
)
"""Words that narrow a text down to a time."""

_HEDGE = re.compile(
    r"(~|≈|\b(about|around|approximately|approx|roughly|nearly|almost|some|circa|ca|over|under|"
    r"above|below|more than|less than|at least|up to)\.?)\s*$",
    re.I,
)


@dataclass(frozen=True)
class Finding:
    """A number that was held against a fact; `problem` says how they differ."""

    quote: str
    problem: str = ""


def problem(meant: Sequence[Known], number: Shown) -> str:
    computed = " or ".join(dict.fromkeys(known.fact.value for known in meant))
    fact = meant[0].fact
    return f"{fact.label}: says {number.text}, computed {computed} ({fact.measure})"
