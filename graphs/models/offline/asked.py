"""A question's own words, sorted by what they do, before any table is looked at."""

import re
from dataclasses import dataclass
from typing import Literal

from graphs.models.offline.language import STOPWORDS, number, words

Sign = Literal["either", "up", "down"]

CONTEXT = " (about: "
"""Stands between a question that leans on the one before, and that one."""


def alone(question: str) -> str:
    """The question without the one that it leans on."""
    return question.partition(CONTEXT)[0]


@dataclass(frozen=True)
class Words:
    """What the words of a question say before any table is looked at."""

    text: str
    n: int | None = None
    low: bool = False
    fn: str = ""
    change: bool = False
    sign: Sign = "either"
    percent: bool = False
    best: bool = False
    by: tuple[str, ...] = ()
    time: str = ""
    hints: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    context: str = ""
    """The question before, when this one leans on it."""
    also: tuple[str, ...] = ()
    """Names of rows that a person wants beside the ones that rank highest."""


_CHANGE = re.compile(
    r"\b(?:chang(?:e[sd]?|ing)|gr(?:e|o)w(?:n|s|th|ing)?|rose|ris(?:e[sn]?|ing)|"
    r"increas(?:e[sd]?|ing)|fell|fall(?:en|s|ing)?|drop(?:s|ped|ping)?|"
    r"decreas(?:e[sd]?|ing)|declin(?:e[sd]?|ing)|improv(?:e[sd]?|ing)|worsen(?:ed|"
    r"ing)?|gain(?:ed|s)?|lost|shift(?:ed)?|mov(?:ed|ers?)|"
    r"differ(?:s|ence)?|went (?:up|down)|jump(?:ed)?|trend(?:ed)?ing (?:up|down))\b",
    re.IGNORECASE,
)


_UP = re.compile(
    r"\b(?:gr(?:e|o)w\w*|rose|ris(?:e|en|es|ing)|increas\w*|gain\w*|went up|jump\w*)\b",
    re.IGNORECASE,
)


_DOWN = re.compile(
    r"\b(?:fell|fall\w*|drop\w*|decreas\w*|declin\w*|lost|went down|shrank|shrunk)\b", re.IGNORECASE
)


_LOW = re.compile(
    (
        r"\b(?:lowest|least|fewest|smallest|bottom|minimum|min|cheapest|shortest|fastest|"
        r"quickest|youngest|earliest|oldest|worst[- ]rated|weakest|rarest|poorest)\b"
    ),
    re.IGNORECASE,
)


_BEST = re.compile(
    r"\b(?:most|highest|largest|biggest|greatest|top|bottom|best|worst|longest|"
    r"slowest|maximum|max|leading|main|priciest|strongest|rank(?:ed|ing)?|"
    r"newest|latest|lowest|least|fewest|smallest|minimum|min|cheapest|shortest|"
    r"fastest|quickest|earliest|oldest|weakest|rarest|poorest|busiest|heaviest|"
    r"full(?:est)?|expensive)\b",
    re.IGNORECASE,
)


_FNS = (
    ("distinct", (
        r"\b(?:how many|number of) (?:different|distinct|unique)\b|\b(?:different|"
        r"distinct|unique)\b"
    )),
    ("mean", r"\b(?:average|averages|mean|avg|on average|per average)\b"),
    ("median", r"\bmedian\b"),
    ("count", (
        r"\bhow (?:many|often)\b|\bnumber of\b|\bcount(?:s|ed)?\b|\b(?:most|least) "
        r"(?:common|frequent)(?:ly)?\b|\bfrequenc\w+\b|\bdistribution\b|\bbreakdown of\b"
    )),
    ("sum", r"\bhow much\b|\b(?:total|totals|sum|overall|altogether|combined|in all)\b"),
)  # fmt: skip


_BY = re.compile(
    r"\b(?:by|per|for each|for every|in each|across(?: all)?|broken down by|grouped "
    r"by|split by|within each|against)\s+(?:the\s+)?"
    r"(?P<what>[\w/ -]+?(?:(?:,| and| &)\s+(?!(?:the|what|which|how|list|show|give|"
    r"make|explain)\b)[\w/-]+)*?)(?=[,.;:?!)]|\s+(?:in|for|with|from|during|since|"
    r"between|over|of|as|where|were|was|are|is|did|do|does|has|have|had|there|that|who|only|"
    r"and (?:the|what|which|how|list|show|tell|give|compare))\b|$)",
    re.IGNORECASE,
)


_TIMES = {
    "day": "day", "days": "day", "daily": "day", "date": "day", "week": "week", "weeks": "week",
    "weekly": "week", "month": "month",
    "months": "month", "monthly": "month",
    "quarter": "quarter", "quarters": "quarter", "quarterly": "quarter", "year": "year",
    "years": "year", "yearly": "year", "annual": "year", "annually": "year", "trend": "month",
    "time": "month",
}  # fmt: skip


_HINTS = {
    "expensive": "price cost amount", "priciest": "price cost", "cheapest": "price cost",
    "cheap": "price cost",
    "slowest": "latency duration time p95 ms", "slow": "latency duration time p95 ms",
    "fastest": "latency duration time p95 ms", "quickest": "latency duration time",
    "longest": "duration length time hours days", "shortest": "duration length time hours days",
    "popular": "count visits requests quantity orders", "busiest": "requests count visits",
    "used": "requests count usage",
    "sell": "revenue sales quantity", "profitable": "profit margin", "rated": "rating score",
    "sells": "revenue sales quantity", "sold": "quantity units sales",
    "selling": "quantity units revenue sales", "satisfied": "satisfaction rating score",
    "paid": "salary amount",
    "spend": "amount spend cost", "spent": "amount spend cost", "earn": "revenue amount salary",
    "failing": "errors failures", "full": "capacity percent used use", "fullest": "capacity used",
    "space": "size bytes", "heaviest": "weight size", "important": "revenue amount value",
    "grown": "growth", "traffic": "requests visits",
    "biggest": "revenue amount value size", "largest": "revenue amount value size",
    "valuable": "revenue value amount",
    "late": "delay days", "latest": "date", "newest": "date", "oldest": "date", "earliest": "date",
}  # fmt: skip


RARE = frozenset(
    [
        "most",
        "least",
        "highest",
        "lowest",
        "largest",
        "smallest",
        "biggest",
        "top",
        "bottom",
        "best",
        "worst",
        "many",
        "often",
        "total",
        "average",
        "mean",
        "median",
        "sum",
        "count",
        "number",
        "share",
        "percent",
        "percentage",
        "changed",
        "change",
        "grew",
        "grow",
        "compare",
        "show",
        "list",
        "give",
        "analyse",
        "analyze",
        "calculate",
        "compute",
        "rank",
        "sort",
        "table",
        "chart",
        "common",
        "frequent",
        "frequently",
        "maximum",
        "minimum",
        "overall",
        "each",
        "across",
        "day",
        "month",
        "quarter",
        "year",
        "week",
        "trend",
        "three",
        "two",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "twelve",
        "one",
        "different",
        "distinct",
        "unique",
        "by",
        "per",
        "monthly",
        "daily",
        "yearly",
        "expensive",
        "cheapest",
        "longest",
        "shortest",
        "slowest",
        "fastest",
        "main",
        "ordered",
        "descending",
        "ascending",
        "increase",
        "increased",
        "decrease",
        "decreased",
        "dropped",
        "drop",
        "fell",
        "fall",
        "rose",
        "rise",
        "please",
        "summary",
        "overview",
        "statistics",
        "stats",
        "summarise",
        "summarize",
        "figures",
        "numbers",
        "figure",
        "key",
        "none",
        "ones",
        "break",
        "down",
        "also",
    ]
)


def understand(text: str) -> Words:
    """The question's own words, sorted by what they do."""
    text, _, context = text.partition(CONTEXT)
    fn = next((fn for fn, shape in _FNS if re.search(shape, text, re.IGNORECASE)), "")
    by, time = _grouped(text)
    return Words(
        text=text,
        n=top(text),
        low=bool(_LOW.search(text)),
        fn=fn,
        change=_is_change(text),
        sign="up" if _UP.search(text) else "down" if _DOWN.search(text) else "either",
        percent=bool(re.search(r"percent|%|relative|proportion", text, re.IGNORECASE)),
        best=bool(_BEST.search(text)),
        by=by,
        time=time,
        hints=tuple(h for w in words(text) for h in _HINTS.get(w, "").split()),
        said=meaning(text),
        context=context.rstrip(")"),
    )


def meaning(text: str) -> tuple[str, ...]:
    """The words that may name a column or a value."""
    return tuple(w for w in words(text) if w not in STOPWORDS and w not in RARE)


def change_words(text: str) -> list[str]:
    """The words of a text that speak of a change."""
    return [match[0] for match in _CHANGE.finditer(text)]


def _is_change(text: str) -> bool:
    """`changed most`, not `change requests` and not `changed the most lines`."""
    return bool(_CHANGE.search(text)) and not _COUNTS.search(text)


_COUNTS = re.compile(
    r"\bchanges? requests?\b|\bchang(?:e[sd]?|ing) (?:the )?(?:most|fewest|least) "
    r"(?!(?:in|between|by|over|since|from|and|during|this|last|per|among|across|within|to|"
    r"compared|relative|on)\b)[a-z]\w+",
    re.IGNORECASE,
)
"""Words of change that count something instead."""


def top(text: str) -> int | None:
    """How many rows are asked for, or None."""
    found = re.search(
        (
            r"\b(?:top|bottom|best|worst|first|last|which|what|the|these|those|show|list|"
            r"name|our)[\s-]+(\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|"
            r"twelve|fifteen|twenty)\b(?! ?(?:%|percent|days?|weeks?|months?|years?|"
            r"hours?|words))"
        ),
        text,
        re.IGNORECASE,
    )
    if found:
        return number(found[1])
    return 1 if _BEST.search(text) and _single(text) else None


_PLURAL_VERBS = frozenset({"are", "were", "have", "do"})


def _single(text: str) -> bool:
    """True for `which region sells most`, not for `which file systems are full`."""
    found = re.search(r"\b(?:which|what|who)\b (?:is |was )?(?:the )?(?:single )?(.+)", text, re.I)
    if found is None or re.search(r"\b(?:are|were) the\b", text):
        return False
    after = words(found[1])[:4]
    return not after[0].endswith("s") and not _PLURAL_VERBS.intersection(after)


def _grouped(text: str) -> tuple[tuple[str, ...], str]:
    """The words after `by` and `per`, and the span of time among them."""
    terms, time = list[str](), ""
    for match in _BY.finditer(text):
        for term in re.split(r",|\band\b|&", match["what"]):
            term = term.strip().casefold()
            if term in _TIMES:
                time = time or _TIMES[term]
            elif term and term not in STOPWORDS:
                terms.append(term)
    adverb = re.search(
        r"\b(monthly|weekly|daily|quarterly|yearly|annual(?:ly)?|over time|trends?)\b",
        text,
        re.IGNORECASE,
    )
    if adverb and not time:
        time = _TIMES.get(adverb[1].casefold().split()[-1].removesuffix("s"), "month")
    return tuple(dict.fromkeys(terms)), time


def subjects(said: Words) -> list[str]:
    """The noun after `which`, `top 5` or `what`."""
    found = re.search(
        r"\b(?:which|what|whose|how many|top|bottom|best|worst)\s+(?:\d+\s+|two\s+|three\s+|"
        r"four\s+|five\s+|six\s+|seven\s+|eight\s+|nine\s+|ten\s+)?"
        r"(?:are\s+|is\s+|were\s+|was\s+)?(?:the\s+)?(?:\d+\s+|two\s+|three\s+|"
        r"four\s+|five\s+|ten\s+)?(?:most\s+\w+\s+|least\s+\w+\s+|"
        r"\w+est\s+)?([\w-]+)(?:\s+([\w-]+))?",
        said.text,
        re.IGNORECASE,
    )
    return [
        w.casefold() for w in (found.groups() if found else ()) if w and w.casefold() in said.said
    ]
