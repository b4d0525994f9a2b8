"""What the columns of a table are for: names of things, numbers, times, words of explanation."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any

from graphs.models.offline.language import stem, words
from graphs.models.offline.shape import listed

_ALIKE = (
    "endpoint path route url uri api resource method operation",
    "customer client account buyer kunde company user",
    "user customer person member",
    "revenue sales amount turnover umsatz value total income net gross betrag",
    "cost price spend expense amount kosten preis fee",
    "price cost unit_price preis",
    "latency duration response_time elapsed time ms p95 p99 p50 antwortzeit",
    "request call hit traffic volume anfragen",
    "error failure fail fault fehler",
    "region area territory country market",
    "country land nation",
    "product item sku article produkt artikel",
    "category type kind topic group segment kategorie",
    "order purchase transaction sale bestellung",
    "ticket issue case request incident id",
    "employee staff person name mitarbeiter",
    "team department group squad abteilung",
    "rating score stars satisfaction csat nps",
    "answer response reply choice option",
    "quantity units qty pieces menge count number",
    "status state result outcome",
    "date day time timestamp created datum",
    "month monat period",
    "agent assignee owner rep salesperson handler",
    "campaign channel source",
    "service component system module endpoint",
    "priority severity urgency",
    "process command program task job",
    "memory mem ram rss",
    "space size bytes storage disk",
    "line insertion deletion loc",
    "author committer developer person contributor",
    "license licence",
    "package library module dependency name",
    "filesystem disk volume mount drive",
    "stock ticker symbol",
)
"""Words that name the same thing often enough; each line is one family."""

_REASON = re.compile(
    r"(?:^|[\W_])(?:reason|why|cause|root_?cause|note|comment|remark|description|"
    r"detail|explanation|rationale|summary|message|"
    r"feedback|text|grund|begr[uü]ndung|bemerkung|beschreibung|kommentar|change_?log|"
    r"what_?changed|justification)s?(?:$|[\W_])",
    re.IGNORECASE,
)
_STRONG = re.compile(
    r"reason|why|cause|grund|begr[uü]ndung|rationale|explanation|justification", re.IGNORECASE
)
_DELTA = re.compile(
    (
        r"(?:^|[\W_])(?:delta|change|chg|diff|difference|variation|growth|increase|"
        r"decrease|ver[aä]nderung|[aä]nderung|abweichung|zuwachs)(?:$|[\W_])|[Δ±]|%\s*chg"
    ),
    re.IGNORECASE,
)
_IDENTITY = re.compile(
    (
        r"(?:^|[\W_])(?:id|uuid|guid|pid|ppid|uid|gid|nr|no|number|index|row|key|zip|"
        r"postcode|plz|phone|year|line|version|release|code|port|lat|lon|lng|latitude|"
        r"longitude)(?:$|[\W_])"
    ),
    re.IGNORECASE,
)
_RATE = re.compile(
    r"rate|ratio|percent|%|pct|avg|average|mean|median|p\d\d\b|latency|duration|"
    r"_ms\b|\bms\b|seconds|score|rating|stars|satisfaction|csat|nps|"
    r"age\b|price|temperature|speed|margin|antwortzeit|schnitt|hours",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Column:
    """One column as `describe_table` tells of it; `sample` are its first cells."""

    name: str
    type: str
    unit: str
    missing: int
    distinct: int
    low: str
    high: str
    sample: tuple[str, ...]
    running: bool = False

    @cached_property
    def stems(self) -> frozenset[str]:
        spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", self.name).replace("_", " ")
        return frozenset(stem(w) for part in words(spaced) for w in re.split(r"[-/.]", part) if w)

    @property
    def number(self) -> bool:
        return self.type == "number"

    @property
    def date(self) -> bool:
        return self.type == "date"

    @property
    def text(self) -> bool:
        return self.type == "text"

    @property
    def delta(self) -> bool:
        return self.number and bool(_DELTA.search(self.name))

    @property
    def percent(self) -> bool:
        return bool(re.search(r"%|pct|percent", f"{self.name} {self.unit}", re.IGNORECASE))

    @property
    def identity(self) -> bool:
        return self.running or bool(_IDENTITY.search(self.name))

    @property
    def rate(self) -> bool:
        """True when adding its values up says nothing: they are averaged."""
        return bool(_RATE.search(self.name)) or "%" in self.unit

    @property
    def reason(self) -> int:
        """How much it looks like an explanation: 2 by name, 1 by kind of text, 0 not."""
        if not self.text:
            return 0
        if _REASON.search(self.name):
            return 3 if _STRONG.search(self.name) else 2
        return int(self.prose)

    @property
    def prose(self) -> bool:
        """True when its cells are sentences rather than names."""
        filled = [cell for cell in self.sample if cell]
        return bool(filled) and sum(len(c.split()) for c in filled) >= 4 * len(filled)


@dataclass(frozen=True)
class Table:
    """One table of one file."""

    file: str
    sheet: str | None
    rows: int
    columns: tuple[Column, ...]
    notes: tuple[str, ...]

    @property
    def where(self) -> str:
        return f"{self.file}, sheet {self.sheet}" if self.sheet else self.file

    @property
    def source(self) -> dict[str, Any]:
        """The arguments that name it."""
        return {"name": self.file, **({"sheet": self.sheet} if self.sheet else {})}

    def numbers(self) -> list[Column]:
        """Columns of quantities: no ids, no years."""
        return [c for c in self.columns if c.number and not c.identity]

    def dates(self) -> list[Column]:
        return [c for c in self.columns if c.date]

    def names(self) -> list[Column]:
        """Columns of short texts, those that repeat least like prose first."""
        return [c for c in self.columns if c.text and not c.prose]

    def get(self, name: str) -> Column:
        return next(c for c in self.columns if c.name == name)


def described(file: str, data: dict[str, Any], asked: str | None) -> Table:
    """A table from the reply of `describe_table`."""
    sample: list[list[str]] = listed(data, "rows")
    names: list[str] = listed(data, "columns")
    types = {t["column"]: t for t in listed(data, "types")}
    many = len(listed(data, "sheets")) > 1
    columns = tuple(
        _column(n, types.get(n, {}), [r[i] for r in sample], int(data.get("found") or 0))
        for i, n in enumerate(names)
    )
    sheet = asked or (data.get("sheet") if many else None)
    notes = tuple(n for n in listed(data, "notes") if not n.startswith("This is “"))
    return Table(file, sheet, int(data.get("found") or 0), columns, notes)


def _running(kind: dict[str, Any], rows: int) -> bool:
    """True for 1, 2, 3 …: such numbers name rows and are no quantities."""
    low, high = str(kind.get("from") or ""), str(kind.get("to") or "")
    if kind.get("type") != "number" or kind.get("distinct") != rows or rows < 8:
        return False
    return low.isdecimal() and high.isdecimal() and int(high) - int(low) == rows - 1


def _column(name: str, kind: dict[str, Any], sample: Sequence[str], rows: int) -> Column:
    return Column(
        running=_running(kind, rows),
        name=name,
        type=kind.get("type", "text"),
        unit=str(kind.get("unit") or "").strip(),
        missing=int(kind.get("missing") or 0),
        distinct=int(kind.get("distinct") or 0),
        low=str(kind.get("from") or ""),
        high=str(kind.get("to") or ""),
        sample=tuple(sample),
    )


def near(word: str, column: Column) -> float:
    """How well a word of a question names a column, from 0 to 1."""
    root = stem(word)
    if root in column.stems:
        return 1.0 if len(column.stems) == 1 else 0.9
    whole = re.sub(r"\W|_", "", column.name.casefold())
    if len(root) > 3 and (root in whole or whole == root):
        return 0.8
    if any(root in family and column.stems & family for family in _FAMILIES):
        # `mem` is closer to memory than `rss`, though both are memory.
        return 0.7 if any(s[:3] == root[:3] for s in column.stems) else 0.6
    best = max((SequenceMatcher(None, root, s).ratio() for s in column.stems), default=0.0)
    return 0.5 if best >= 0.84 and len(root) > 4 else 0.0


_FAMILIES = [frozenset(stem(w) for w in line.replace("_", " ").split()) for line in _ALIKE]


def names_it(word: str, column: str) -> bool:
    """True when a word plainly names a column, of which only the name is known."""
    return near(word, Column(column, "text", "", 0, 0, "", "", ())) >= 0.9


def speaks_of(words_: str, column: str) -> bool:
    """True when words may mean a column, of which only the name is known."""
    named_ = Column(column, "text", "", 0, 0, "", "", ())
    return any(near(word, named_) >= 0.6 for word in words(words_))


def named(said: Iterable[str], columns: Iterable[Column]) -> tuple[Column | None, float]:
    """The column that these words name best, and how well; earlier columns win ties."""
    said = list(said)
    best: tuple[Column | None, float] = (None, 0.0)
    for column in columns:
        score = fit(said, column)
        if score > best[1]:
            best = (column, score)
    return best


def fit(said: Sequence[str], column: Column) -> float:
    """How well several words together name a column: the best word, and a little for each more."""
    scores = sorted((near(word, column) for word in said), reverse=True)
    if not scores or scores[0] == 0:
        return 0.0
    return scores[0] + 0.15 * sum(scores[1:])
