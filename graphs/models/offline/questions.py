"""A question in words → what to compute: which table, which columns, how ranked, what filtered."""

import re
from calendar import month_abbr, month_name, monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from graphs.models.offline.columns import Column, Table, fit, named, near
from graphs.models.offline.language import STOPWORDS, number, stem, words

Mode = Literal["change", "rank", "group", "total", "rows", "overview"]
Sign = Literal["either", "up", "down"]


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


_CHANGE = re.compile(
    r"\b(?:chang(?:e[sd]?|ing)|gr(?:e|o)w(?:n|s|th|ing)?|rose|ris(?:e[sn]?|ing)|increas(?:e[sd]?|ing)|fell|fall(?:en|s|ing)?|drop(?:s|ped|ping)?|"
    r"decreas(?:e[sd]?|ing)|declin(?:e[sd]?|ing)|improv(?:e[sd]?|ing)|worsen(?:ed|ing)?|gain(?:ed|s)?|lost|shift(?:ed)?|mov(?:ed|ers?)|"
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
    r"\b(?:lowest|least|fewest|smallest|bottom|minimum|min|cheapest|shortest|fastest|quickest|youngest|earliest|oldest|worst[- ]rated|weakest|rarest|poorest)\b",
    re.IGNORECASE,
)
_BEST = re.compile(
    r"\b(?:most|highest|largest|biggest|greatest|top|bottom|best|worst|longest|slowest|maximum|max|leading|main|priciest|strongest|rank(?:ed|ing)?|"
    r"newest|latest|lowest|least|fewest|smallest|minimum|min|cheapest|shortest|fastest|quickest|earliest|oldest|weakest|rarest|poorest)\b",
    re.IGNORECASE,
)
_FNS = (
    ("distinct", r"\b(?:how many|number of) (?:different|distinct|unique)\b|\b(?:different|distinct|unique)\b"),
    ("mean", r"\b(?:average|averages|mean|avg|on average|per average)\b"),
    ("median", r"\bmedian\b"),
    ("count", r"\bhow (?:many|often)\b|\bnumber of\b|\bcount(?:s|ed)?\b|\b(?:most|least) (?:common|frequent)(?:ly)?\b|\bfrequenc\w+\b|\bdistribution\b|\bbreakdown of\b"),
    ("sum", r"\bhow much\b|\b(?:total|totals|sum|overall|altogether|combined|in all)\b"),
)  # fmt: skip
_BY = re.compile(
    r"\b(?:by|per|for each|for every|in each|across(?: all)?|broken down by|grouped by|split by|within each|against)\s+(?:the\s+)?"
    r"(?P<what>[\w/ -]+?(?:(?:,| and| &)\s+(?!(?:the|what|which|how|list|show|give|make|explain)\b)[\w/-]+)*?)(?=[,.;:?!)]|\s+(?:in|for|with|from|during|since|between|over|of|as|where|and (?:the|what|which|how|list|show))\b|$)",
    re.IGNORECASE,
)
_TIMES = {
    "day": "day", "days": "day", "daily": "day", "date": "day", "week": "day", "month": "month", "months": "month", "monthly": "month",
    "quarter": "quarter", "quarters": "quarter", "quarterly": "quarter", "year": "year",
    "years": "year", "yearly": "year", "annual": "year", "annually": "year", "trend": "month", "time": "month",
}  # fmt: skip
_HINTS = {
    "expensive": "price cost amount", "priciest": "price cost", "cheapest": "price cost", "cheap": "price cost",
    "slowest": "latency duration time p95 ms", "slow": "latency duration time p95 ms",
    "fastest": "latency duration time p95 ms", "quickest": "latency duration time",
    "longest": "duration length time hours days", "shortest": "duration length time hours days",
    "popular": "count visits requests quantity orders", "busiest": "requests count visits", "used": "requests count usage",
    "sell": "revenue sales quantity", "profitable": "profit margin", "rated": "rating score", "sells": "revenue sales quantity", "sold": "quantity units sales",
    "selling": "quantity units revenue sales", "satisfied": "satisfaction rating score", "paid": "salary amount",
    "spend": "amount spend cost", "spent": "amount spend cost", "earn": "revenue amount salary", "failing": "errors failures",
    "biggest": "revenue amount value size", "largest": "revenue amount value size", "valuable": "revenue value amount",
    "late": "delay days", "latest": "date", "newest": "date", "oldest": "date", "earliest": "date",
}  # fmt: skip
_RARE = frozenset(
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
        "break",
        "down",
        "also",
    ]
)


def understand(text: str) -> Words:
    """The question's own words, sorted by what they do."""
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
        said=tuple(w for w in words(text) if w not in STOPWORDS and w not in _RARE),
    )


def _is_change(text: str) -> bool:
    """`changed most`, not `most changes requested by`."""
    return bool(_CHANGE.search(text)) and not re.search(r"\b(?:change|changes) requests?\b", text)


def top(text: str) -> int | None:
    """How many rows are asked for, or None."""
    found = re.search(
        r"\b(?:top|bottom|best|worst|first|last|which|what|the|these|those|show|list|name|our)[\s-]+(\d{1,3}|two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|twenty)\b(?! ?(?:%|percent|days?|weeks?|months?|years?|hours?|words))",
        text,
        re.IGNORECASE,
    )
    if found:
        return number(found[1])
    single = re.search(
        r"\b(?:which|what|who)\b (?:is |was )?(?:the )?(?:single )?(\w+)", text, re.IGNORECASE
    )
    plural = single and (single[1].endswith("s") or single[1] in ("are", "were"))
    if (
        single
        and _BEST.search(text)
        and not plural
        and not re.search(r"\b(?:are|were) the\b", text)
    ):
        return 1
    return None


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
        r"\b(monthly|daily|quarterly|yearly|annual(?:ly)?|over time|trends?)\b", text, re.IGNORECASE
    )
    if adverb and not time:
        time = _TIMES.get(adverb[1].casefold().split()[-1].removesuffix("s"), "month")
    return tuple(dict.fromkeys(terms)), time


# Choosing the table


def choose(said: Words, tables: Sequence[Table]) -> Table | None:
    """The table whose columns the question names best; the longer one when none is named."""
    if not tables:
        return None
    return max(tables, key=lambda t: (_named_in(said, t), t.rows > 1, len(t.numbers()) > 0))


def _named_in(said: Words, table: Table) -> float:
    best = [max((near(w, c) for c in table.columns), default=0.0) for w in (*said.said, *said.by)]
    time = 0.5 if said.time and table.dates() else 0.0
    paired = 0.8 if said.change and (pairs(table) or any(c.delta for c in table.columns)) else 0.0
    title = 0.3 * max((w in (table.sheet or "").casefold() for w in said.said), default=False)
    return round(sum(best) + time + paired + title, 6)


# Columns of a question


@dataclass(frozen=True)
class Ask:
    """What will be computed. `assumed` are sentences on how the words were read."""

    table: Table
    words: Words
    mode: Mode
    entity: Column | None = None
    groups: tuple[dict[str, Any] | str, ...] = ()
    measure: Column | None = None
    fn: str = "count"
    where: tuple[dict[str, Any], ...] = ()
    assumed: tuple[str, ...] = ()
    compared: tuple[str, ...] = ()
    also: tuple[Column, ...] = field(default=())

    @property
    def header(self) -> str:
        """The name of the computed column."""
        if self.measure is None:
            return "count"
        return {"sum": "total", "mean": "average"}.get(self.fn, self.fn) + f" {self.measure.name}"


def shaped(said: Words, table: Table, values: dict[str, list[str]]) -> Ask:
    """The question on this table. `values` are the known values of its text columns."""
    where, compared, used = filters(said, table, values)
    rest = tuple(w for w in said.said if stem(w) not in used)
    said = replace(said, said=rest)
    groups, by_measure = _groups(said, table)
    if compared and compared[0] not in groups:
        groups = [compared[0], *groups]
    measure, fn, assumed = _measure(said, table, by_measure, groups)
    entity = _entity(said, table, groups, measure)
    base = Ask(
        table,
        said,
        "overview",
        entity,
        tuple(groups),
        measure,
        fn,
        tuple(where),
        tuple(assumed),
        compared[1:] if compared else (),
    )
    return replace(base, mode=_mode(said, base))


def _mode(said: Words, ask: Ask) -> Mode:
    if said.change and (said.best or said.n or ask.entity or not said.time):
        return "change"
    if ask.groups or said.time:
        return "group"
    if (said.best or said.n) and ask.entity:
        return "rank"
    if said.best and ask.measure:
        return "rows"
    if said.fn == "count" and ask.entity and ask.entity.distinct <= 12 and ask.measure is None:
        return "group"
    if _GLANCE.match(said.text) and not said.fn:
        return "overview"
    if said.fn or (ask.measure and fit(said.said, ask.measure) > 0.5):
        return "group" if ask.entity and said.fn != "sum" and _plural(said, ask.entity) else "total"
    return "overview"


_GLANCE = re.compile(
    r"\W*(?:please )?(?:analy[sz]e|summari[sz]e|describe|review|look at|overview|profile)\b",
    re.IGNORECASE,
)


def _plural(said: Words, entity: Column) -> bool:
    return bool(re.search(r"\b(?:each|every|all)\b", said.text)) and fit(said.said, entity) > 0.5


def _groups(said: Words, table: Table) -> tuple[list[dict[str, Any] | str], Column | None]:
    groups: list[dict[str, Any] | str] = []
    measure: Column | None = None
    for term in said.by:
        found, score = named(term.split(), table.columns)
        if not found or score < 0.5:
            continue
        if (found.number and not found.identity and found.distinct > 12) or (
            found.number and not found.identity and said.best
        ):
            measure = measure or found
        elif found.name not in groups:
            groups.append(found.name)
    if said.time and (dates := table.dates()):
        date = named(said.said, dates)[0] or dates[0]
        groups.append({"column": date.name, "by": said.time})
    elif said.time and (period := period_column(table)):
        groups.append(period.name)
    return groups, measure


def _entity(
    said: Words, table: Table, groups: list[dict[str, Any] | str], measure: Column | None
) -> Column | None:
    """The column of the things that the question is about."""
    labels = [c for c in table.columns if c.text or (c.identity and c.number)]
    labels = [c for c in labels if c.name not in groups and c is not measure]
    if groups and not said.change and not (said.best and said.n):
        return None
    found, score = named(subjects(said), labels)
    if found is None or score < 0.5:
        found, score = named(said.said, labels)
    if found is not None and score >= 0.5:
        return found
    if said.fn == "count" and not said.change:
        return None
    names = [c for c in labels if c.text and not c.prose and not c.reason]
    return names[0] if names and (said.change or said.best or said.n) else None


def subjects(said: Words) -> list[str]:
    """The noun after `which`, `top 5` or `what`."""
    found = re.search(
        r"\b(?:which|what|whose|top|bottom|best|worst)\s+(?:\d+\s+|two\s+|three\s+|four\s+|five\s+|six\s+|seven\s+|eight\s+|nine\s+|ten\s+)?"
        r"(?:are\s+|is\s+|were\s+|was\s+)?(?:the\s+)?(?:\d+\s+|two\s+|three\s+|four\s+|five\s+|ten\s+)?(?:most\s+\w+\s+|least\s+\w+\s+|\w+est\s+)?([\w-]+)(?:\s+([\w-]+))?",
        said.text,
        re.IGNORECASE,
    )
    return [
        w.casefold() for w in (found.groups() if found else ()) if w and w.casefold() in said.said
    ]


_MAIN = (
    "revenue",
    "amount",
    "sales",
    "total",
    "value",
    "requests",
    "score",
    "rating",
    "quantity",
    "price",
    "cost",
)


def _measure(
    said: Words, table: Table, by: Column | None, groups: list[dict[str, Any] | str]
) -> tuple[Column | None, str, list[str]]:
    """The column that is measured, the function, and what was assumed."""
    taken = {g if isinstance(g, str) else g["column"] for g in groups}
    options = [c for c in table.numbers() if c.name not in taken]
    found, score = (by, 1.0) if by else named(said.said, options)
    if found is None or score < 0.5:
        found, score = named(said.hints, options)
    if found is not None and score >= 0.5:
        return found, _function(said, found), []
    if said.fn in ("count", "distinct") or not options:
        return _distinct(said, table)
    if _rows_meant(said, table):
        return None, "count", []
    main = next((c for word in _MAIN for c in options if near(word, c) >= 0.8), options[0])
    others = [c.name for c in options if c is not main][:4]
    assumed = f"“{main.name}” was taken as the number that is meant" + (
        f"; the table also has {', '.join(others)}." if others else "."
    )
    return main, _function(said, main), [assumed]


def _distinct(said: Words, table: Table) -> tuple[Column | None, str, list[str]]:
    if said.fn != "distinct":
        return None, "count", []
    found, score = named(said.said, table.columns)
    return (found, "distinct", []) if found and score >= 0.5 else (None, "count", [])


def _rows_meant(said: Words, table: Table) -> bool:
    """`most tickets` when the file is called tickets: its rows are counted."""
    file = {stem(w) for part in words(table.where) for w in re.split(r"[-_./]", part)}
    most = re.search(r"\b(?:most|fewest|more|number of)\s+([\w-]+)", said.text, re.IGNORECASE)
    return bool(most) and stem(most[1]) in file if most else False


def _function(said: Words, column: Column) -> str:
    if said.fn in ("mean", "median"):
        return said.fn
    if said.fn == "sum" and not column.rate:
        return "sum"
    if re.search(r"\b(?:maximum|max|peak)\b", said.text, re.IGNORECASE):
        return "max"
    if re.search(r"\b(?:minimum|min)\b", said.text, re.IGNORECASE):
        return "min"
    return "mean" if column.rate else "sum"


# Before and after

_BEFORE = (
    ("before", "after"), ("old", "new"), ("previous", "current"), ("prev", "curr"), ("prior", "current"), ("prev", "now"), ("previous", "now"),
    ("last", "this"), ("baseline", "current"), ("baseline", "latest"), ("baseline", "new"), ("from", "to"), ("start", "end"),
    ("first", "last"), ("then", "now"), ("pre", "post"), ("planned", "actual"), ("budget", "actual"), ("plan", "ist"), ("soll", "ist"),
    ("vorher", "nachher"), ("alt", "neu"), ("initial", "final"), ("a", "b"), ("was", "is"),
)  # fmt: skip
_MONTHS = {name.casefold(): i for i, name in enumerate(month_name) if name} | {
    name.casefold(): i for i, name in enumerate(month_abbr) if name
} | {"sept": 9, "januar": 1, "februar": 2, "märz": 3, "maerz": 3, "mai": 5, "juni": 6, "juli": 7, "oktober": 10, "okt": 10, "dezember": 12, "dez": 12}  # fmt: skip


@dataclass(frozen=True)
class Pair:
    """Two columns of one quantity at two times."""

    what: str
    before: Column
    after: Column


def pairs(table: Table) -> list[Pair]:
    """Every pair of columns that are an earlier and a later value of one thing."""
    options = table.numbers() + [c for c in table.columns if c.number and c.identity]
    options = [c for c in options if not c.delta]
    return _worded_pairs(options) or _timed_pairs(options)


def _worded_pairs(options: Sequence[Column]) -> list[Pair]:
    found: list[Pair] = []
    split = [(c, _parts(c.name)) for c in options]
    for first, later in _BEFORE:
        for column, parts in split:
            if first not in parts:
                continue
            rest = _without(parts, first)
            for other, others in split:
                if later in others and other is not column and _without(others, later) == rest:
                    found.append(Pair(" ".join(rest) or "value", column, other))
    unique = {(p.before.name, p.after.name): p for p in found}
    return list(unique.values())


def _parts(name: str) -> list[str]:
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return [p.casefold() for p in re.split(r"[\W_]+", spaced) if p]


def _without(parts: list[str], word: str) -> list[str]:
    at = parts.index(word)
    return parts[:at] + parts[at + 1 :]


def _timed_pairs(options: Sequence[Column]) -> list[Pair]:
    """The earliest and the latest of columns named by months, quarters, years or versions."""
    series: dict[str, list[tuple[tuple[int, ...], Column]]] = {}
    for column in options:
        if (place := moment(column.name)) is not None:
            when, rest = place
            series.setdefault(rest, []).append((when, column))
    found: list[Pair] = []
    for rest, members in series.items():
        members.sort(key=lambda pair: pair[0])
        if len(members) > 1 and len({len(when) for when, _ in members}) == 1:
            found.append(Pair(rest or "value", members[0][1], members[-1][1]))
    return found


def moment(name: str) -> tuple[tuple[int, ...], str] | None:
    """When a column or value stands, as something to sort by, and the rest of its name."""
    text = name.casefold()
    year = re.search(r"(?<!\d)(19|20)\d\d(?!\d)", text)
    rest = text.replace(year[0], " ", 1) if year else text
    if iso := re.search(r"(?<!\d)((?:19|20)\d\d)[-_/.](0?[1-9]|1[0-2])(?!\d)", text):
        return (int(iso[1]), int(iso[2])), _rest(text.replace(iso[0], " "))
    for part in _parts(rest):
        if part in _MONTHS and len(part) > 2:
            when = (int(year[0]),) if year else ()
            return (*when, _MONTHS[part]), _rest(
                re.sub(rf"\b{re.escape(part)}\b", " ", rest.replace("_", " "))
            )
    if quarter := re.search(r"(?<![a-z])q([1-4])(?!\d)", rest):
        when = (int(year[0]),) if year else ()
        return (*when, int(quarter[1])), _rest(rest.replace(quarter[0], " "))
    if step := re.search(
        r"(?<![a-z])(?:v|version|week|kw|w|wave|round|sprint|release|day)[\s_-]?(\d{1,4})(?:\.(\d+))?(?!\d)",
        rest,
    ):
        return (int(step[1]), int(step[2] or 0)), _rest(rest.replace(step[0], " "))
    return ((int(year[0]),), _rest(rest)) if year else None


def _rest(text: str) -> str:
    return " ".join(re.split(r"[\W_]+", text)).strip()


def period_column(table: Table) -> Column | None:
    """A text or year column whose values are months, quarters, years or versions."""
    for column in table.columns:
        filled = [cell for cell in column.sample if cell]
        timed = bool(filled) and all(moment(cell) is not None for cell in filled)
        named_so = column.stems & {
            "month",
            "period",
            "quarter",
            "year",
            "version",
            "release",
            "week",
            "monat",
            "jahr",
            "quartal",
            "wave",
            "sprint",
        }
        small = 2 <= column.distinct <= 60
        if small and not column.date and (named_so or (timed and column.text)):
            return column
    return None


# Conditions


def filters(
    said: Words, table: Table, values: dict[str, list[str]]
) -> tuple[list[dict[str, Any]], tuple[str, ...], set[str]]:
    """Conditions in the question, values set against each other (column first), and used stems."""
    where: list[dict[str, Any]] = []
    used: set[str] = set()
    compared: tuple[str, ...] = ()
    columns = {w for w in said.said for c in table.columns if near(w, c) >= 0.9}
    for name, known in values.items():
        hits = [v for v in known if _says(said, v, columns)]
        hits = [v for v in hits if not any(v != o and v.casefold() in o.casefold() for o in hits)]
        if not hits or len(hits) == len(known) > 2:
            continue
        used |= {stem(w) for v in hits for w in words(v)}
        if len(hits) == 1:
            where.append({"column": name, "op": "=", "value": hits[0]})
        else:
            where.append({"column": name, "op": "in", "value": hits})
            compared = compared or (name, *hits)
    where += _dated(said.text, table)
    return where, compared, used


def _says(said: Words, value: str, columns: Iterable[str]) -> bool:
    if (
        len(value) < 2
        or value.casefold() in columns
        or value.casefold() in _RARE
        or value.isdecimal()
    ):
        return False
    if len(value) <= 3:
        return bool(re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", said.text))
    if re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", said.text, re.IGNORECASE):
        return value.casefold() not in STOPWORDS
    single = words(value)
    return len(single) == 1 and len(value) > 4 and stem(value) in {stem(w) for w in said.said}


_MONTH = (
    "|".join(sorted((n for n in _MONTHS if len(n) > 3), key=len, reverse=True))
    + "|jan|feb|mar|apr|jun|jul|aug|sep|oct|nov|dec"
)
_PERIODS = re.compile(
    rf"\b(?P<iso>(?:19|20)\d\d-(?:0[1-9]|1[0-2]))(?:-(?P<day>\d\d))?\b|\b(?P<month>{_MONTH})\.?\s*(?P<year>(?:19|20)\d\d)?\b|"
    r"\bq(?P<quarter>[1-4])\s*(?P<qyear>(?:19|20)\d\d)?\b|\b(?P<only>(?:19|20)\d\d)\b",
    re.IGNORECASE,
)


def _dated(text: str, table: Table) -> list[dict[str, Any]]:
    """`in March`, `in 2026`, `since 2026-04`: conditions on the first column of dates."""
    dates = table.dates()
    spans = [s for m in _PERIODS.finditer(text) if (s := _bounds(m, dates[0]))] if dates else []
    if not spans or (
        len(spans) > 1 and not re.search(r"\b(?:between|from)\b", text, re.IGNORECASE)
    ):
        return []
    name, first, last = dates[0].name, spans[0][0], spans[-1][1]
    lead = text[: next(_PERIODS.finditer(text)).start()].casefold().split()[-1:]
    if lead and lead[0] in ("since", "after", "from") and len(spans) == 1:
        return [{"column": name, "op": ">=", "value": first}]
    if lead and lead[0] in ("before", "until", "till"):
        return [{"column": name, "op": "<", "value": first}]
    return [
        {"column": name, "op": ">=", "value": first},
        {"column": name, "op": "<=", "value": last},
    ]


def _bounds(match: re.Match[str], dates: Column) -> tuple[str, str] | None:
    if match["day"]:
        return match[0], match[0]
    if match["only"]:
        return f"{match['only']}-01-01", f"{match['only']}-12-31"
    if match["quarter"]:
        year, last = int(match["qyear"] or dates.high[:4] or 0), 3 * int(match["quarter"])
        return (
            f"{year}-{last - 2:02}-01",
            f"{year}-{last:02}-{monthrange(year, last)[1]}" if year else None,
        )
    if match["iso"]:
        year, month = map(int, match["iso"].split("-"))
    else:
        word = match["month"]
        if word.casefold() in ("may", "mar", "march") and not (word[0].isupper() or match["year"]):
            return None
        month = _MONTHS[word.casefold()]
        year = int(match["year"] or _year_of(month, dates) or 0)
    return (
        (f"{year}-{month:02}-01", f"{year}-{month:02}-{monthrange(year, month)[1]}")
        if year
        else None
    )


def _year_of(month: int, dates: Column) -> int | None:
    """The newest year in which the data has this month."""
    if not (dates.high[:4].isdecimal() and dates.low[:4].isdecimal()):
        return None
    for year in range(int(dates.high[:4]), int(dates.low[:4]) - 1, -1):
        if dates.low[:7] <= f"{year}-{month:02}" <= dates.high[:7]:
            return year
    return int(dates.high[:4])
