"""A question in words → what to compute: which table, which columns, how ranked."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from graphs.models.offline.asked import Words, change_words, meaning, subjects, understand
from graphs.models.offline.columns import Column, Table, fit, named, near
from graphs.models.offline.conditions import date_of, filters
from graphs.models.offline.language import stem, words
from graphs.models.offline.lasting import lasts, two_dates
from graphs.models.offline.periods import pairs, period_column

Mode = Literal["change", "rank", "group", "total", "rows", "list", "days", "dated", "overview"]


def choose(said: Words, tables: Sequence[Table]) -> Table | None:
    """The table whose columns the question names best; the longer one when none is named."""
    if not tables:
        return None
    if (place := _numbered(said.text)) is not None and place < len(tables):
        return tables[place]
    return max(tables, key=lambda t: (_named_in(said, t), t.rows > 1, len(t.numbers()) > 0))


_SHEET = re.compile(
    r"\b(?P<word>first|second|third|fourth|fifth) (?:sheet|table|tab|file)\b|"
    r"\b(?:sheet|table|tab) (?P<number>[1-9])\b",
    re.IGNORECASE,
)


def _numbered(text: str) -> int | None:
    """`the second sheet` and `sheet 2` as 1."""
    found = _SHEET.search(text)
    if found is None:
        return None
    order = ("first", "second", "third", "fourth", "fifth")
    return int(found["number"]) - 1 if found["number"] else order.index(found["word"].casefold())


def names_sheet(text: str) -> bool:
    """True when a question says which sheet or table it is about."""
    return _numbered(text) is not None


def _named_in(said: Words, table: Table) -> float:
    terms = (*said.said, *said.by, *meaning(said.context))
    best = [max((near(w, c) for c in table.columns), default=0.0) for w in terms]
    time = 0.5 if said.time and table.dates() else 0.0
    paired = 0.8 if said.change and (pairs(table) or any(c.delta for c in table.columns)) else 0.0
    title = 0.3 * max((w in (table.sheet or "").casefold() for w in said.said), default=False)
    return round(sum(best) + time + paired + title, 6)


@dataclass(frozen=True)
class Ask:
    """What will be computed. `assumed` are sentences on how the words were read.

    `unsure` are numbers that are equally likely to be meant, `spans` the two times that are held
    against each other, `unknown` words after `by` that name no column, and `caveat` what a
    reader must know before the answer.
    """

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
    unsure: tuple[Column, ...] = field(default=())
    spans: tuple[str, str] | None = None
    unknown: tuple[str, ...] = ()
    caveat: str = ""

    @property
    def header(self) -> str:
        """The name of the computed column."""
        if self.measure is None:
            return "count"
        return {"sum": "total", "mean": "average"}.get(self.fn, self.fn) + f" {self.measure.name}"


def shaped(said: Words, table: Table, values: dict[str, list[str]], today: date) -> Ask:
    """The question on this table. `values` are the known values of its text columns."""
    found = filters(said, table, values, today)
    rest = tuple(w for w in said.said if stem(w) not in found.used)
    said = replace(said, said=rest)
    if _is_number(said, table):
        said = replace(said, change=False, sign="either")
    groups, by_measure, unknown = _groups(said, table)
    if found.compared and found.compared[0] not in groups:
        groups = [found.compared[0], *groups]
    bound = {w["column"] for w in found.where if w["op"] not in ("=", "in")}
    meant = _rated(said, table, _measure(said, table, by_measure, groups))
    if meant.column is not None and meant.column.name in bound and said.fn in ("", "count"):
        meant = _Meant(None, "count")
    empty = {w["column"] for w in found.where if "missing" in w["op"]}
    base = Ask(
        table, said, "overview", _entity(said, table, groups, meant.column, empty), tuple(groups),
        meant.column, meant.fn, tuple(found.where), (*found.notes, *meant.assumed),
        found.compared[1:], meant.unsure, found.spans, tuple(unknown), meant.lacking,
    )  # fmt: skip
    return replace(base, mode=_mode(said, base))


def _is_number(said: Words, table: Table) -> bool:
    """True when a word of change names a number: `lost` beside a column `lost_minutes`."""
    moving = {stem(w) for w in change_words(said.text)}
    return any(moving & c.stems for c in table.numbers() if not c.delta)


def with_measure(ask: Ask, column: Column) -> Ask:
    """The same question about another number."""
    return replace(ask, measure=column, fn=_function(ask.words, column))


def _mode(said: Words, ask: Ask) -> Mode:
    if ask.spans and len(ask.groups) < 2 and all(isinstance(g, str) for g in ask.groups):
        return "change"
    if said.change and (said.best or said.n or ask.entity or not said.time):
        return "change"
    if ask.groups or said.time:
        return "group"
    if _LISTED.search(said.text) and not said.fn and (said.n or not said.best):
        return "list"
    if lasts(said) and ask.entity and two_dates(said, ask.table.dates()):
        return "days"
    if _DATED.search(said.text) and ask.table.dates():
        return "dated"
    if (said.best or said.n) and ask.entity:
        alone = ask.measure is None and ask.entity.distinct >= ask.table.rows
        return "overview" if alone else "rank"
    if said.best and ask.measure:
        return "rows"
    if said.fn == "count" and ask.entity and ask.entity.distinct <= 12 and ask.measure is None:
        return "group"
    if ask.entity and ask.where and _WHICH.match(said.text) and not said.fn:
        return "list"
    if _GLANCE.match(said.text) and not said.fn:
        return "overview"
    if said.fn or (ask.measure and fit(said.said, ask.measure) > 0.5):
        return "group" if ask.entity and said.fn != "sum" and _plural(said, ask.entity) else "total"
    if ask.entity and (_WHICH.match(said.text) or ask.where) and not _JUDGES.search(said.text):
        return "list"
    return "overview"


OLDEST = re.compile(r"\b(?:oldest|earliest|first)\b", re.IGNORECASE)
_DATED = re.compile(r"\b(?:newest|latest|most recent|oldest|earliest)\b", re.IGNORECASE)
_JUDGES = re.compile(
    r"\b(?:could|might|should|would|may|likely|probably|risky|suspicious|problem\w*|wrong|unusual|"
    r"worr(?:y|ying)|critical|interesting)\b",
    re.IGNORECASE,
)
"""Words of judgement: a list of all would be no answer."""


_GLANCE = re.compile(
    r"\W*(?:please )?(?:(?:give|show|write)(?: me| us)? )?(?:an? |the )?(?:short |quick |brief )?"
    r"(?:analy[sz]e|analysis|summari[sz]e|summary|describe|review|look at|overview|profile|"
    r"what is in|what(?:'s| is) on|what does|what about)\b",
    re.IGNORECASE,
)
_WHICH = re.compile(
    r"\W*(?:answer: )?(?:which|what|who|whose|list|show|name|give)\b", re.IGNORECASE
)
_LISTED = re.compile(
    r"^\W*(?:please )?(?:list|show|give(?: me| us)?|name|print)\s+(?:me\s+)?(?:all\b|every\b|"
    r"(?:the\s+)?(?:first|last)\s+(?:\d+|two|three|four|five|six|seven|eight|nine|ten|twelve)\b)",
    re.IGNORECASE,
)


def judges(text: str) -> bool:
    """True when a question asks for a judgement, which no computation gives."""
    return bool(_JUDGES.search(text))


def glances(text: str) -> bool:
    """True when a question asks only what there is."""
    return bool(_GLANCE.match(text))


def _plural(said: Words, entity: Column) -> bool:
    return bool(re.search(r"\b(?:each|every|all)\b", said.text)) and fit(said.said, entity) > 0.5


def _groups(
    said: Words, table: Table
) -> tuple[list[dict[str, Any] | str], Column | None, list[str]]:
    """What to group by, a number after `by`, and words after it that name no column."""
    groups: list[dict[str, Any] | str] = []
    measure: Column | None = None
    unknown: list[str] = []
    for term in said.by:
        found, score = named(term.split(), table.columns)
        if not found or score < 0.5:
            unknown += [term] if len(term.split()) < 3 else []
            continue
        if (found.number and not found.identity and found.distinct > 12) or (
            found.number and not found.identity and said.best
        ):
            measure = measure or found
        elif found.name not in groups:
            groups.append(found.name)
    if said.time and (dates := table.dates()):
        groups.append({"column": date_of(said, dates).name, "by": said.time})
    elif said.time and (period := period_column(table)):
        groups.append(period.name)
    if not groups and said.context and re.search(r"\beach\W*$", said.text, re.IGNORECASE):
        each = named(subjects(understand(said.context)), table.columns)
        groups += [each[0].name] if each[0] and each[1] >= 0.5 else []
    return groups, measure, unknown


def _entity(
    said: Words, table: Table, groups: list[dict[str, Any] | str], measure: Column | None,
    empty: Collection[str] = (),
) -> Column | None:  # fmt: skip
    """The column of the things asked about; none of those that must be empty, or must not."""
    labels = [c for c in table.columns if c.text or (c.identity and c.number)]
    labels = [c for c in labels if c.name not in (*groups, *empty) and c is not measure]
    if groups and not said.change and not (said.best and said.n):
        return None
    if _WHO.search(said.text) and (person := named(_PEOPLE, labels))[1] >= 0.9:
        return person[0]
    counted = _counted(said, table)
    found, score = named([w for w in subjects(said) if w != counted], labels)
    if found is None or score < 0.5:
        found, score = named([w for w in said.said if w != counted], labels)
    if (found is None or score < 0.5) and said.context:
        before = understand(said.context)
        found, score = named(subjects(before) or before.said, labels)
    if found is not None and score >= 0.5:
        return found
    if said.fn == "count" and not said.change:
        return None
    names = [c for c in labels if c.text and not c.prose and not c.reason]
    names = [c for c in names if c.stems & {"name", "titl", "title", "label"}] or names
    return names[0] if names and _some(said) else None


def _some(said: Words) -> bool:
    """True when some things among many are asked for."""
    return bool(said.change or said.best or said.n or _WHICH.match(said.text))


_WHO = re.compile(r"^\W*(?:answer: )?who(?:se)?\b", re.IGNORECASE)
_PEOPLE = (
    "author", "owner", "assignee", "person", "agent", "rep", "employee", "customer", "user",
    "seller", "manager", "committer", "member", "student", "maintainer",
)  # fmt: skip


_MONEY = ("revenue", "amount", "sales", "turnover", "umsatz", "betrag")
_MAIN = ("total", "value", "requests", "score", "rating", "quantity", "price", "cost", "size")
"""Numbers that are meant when nothing is said; those of money first."""
_TRAFFIC = ("calls", "hits", "visits", "views", "orders", "units", "users", "count", "volume")
"""How much there is of a thing: meant before its errors and its milliseconds."""


@dataclass(frozen=True)
class _Meant:
    """The number that is measured and how. `unsure` when others are as likely.

    `lacking` says which number the question names and the table does not have.
    """

    column: Column | None
    fn: str
    assumed: tuple[str, ...] = ()
    unsure: tuple[Column, ...] = ()
    lacking: str = ""


def _measure(
    said: Words, table: Table, by: Column | None, groups: list[dict[str, Any] | str]
) -> _Meant:
    """The column that is measured, the function, and what was assumed."""
    taken = {g if isinstance(g, str) else g["column"] for g in groups}
    options = [c for c in table.numbers() if c.name not in taken]
    if by is not None:
        return _Meant(by, _function(said, by))
    if close := _closest(said.said, options):
        unsure = tuple(close) if len(close) > 1 else ()
        return _Meant(close[0], _function(said, close[0]), (), unsure)
    hinted = next((c for word in said.hints for c in options if near(word, c) >= 0.8), None)
    if hinted is None:
        hinted, score = named(said.hints, options)
        hinted = hinted if score >= 0.5 else None
    if hinted is not None:
        return _Meant(hinted, _function(said, hinted))
    if said.fn in ("count", "distinct") or not options:
        return _distinct(said, table)
    if _counted(said, table) or _keyed(said, table):
        return _Meant(None, "count")
    return _nameless(said, _guessed(said, options))


def _closest(said: Sequence[str], options: Sequence[Column]) -> list[Column]:
    """The columns that the words name best, several when none is closer than the others."""
    scores = [(fit(said, c), c) for c in options]
    best = max((score for score, _ in scores), default=0.0)
    return [c for score, c in scores if best >= 0.5 and score >= best - 0.01]


def _keyed(said: Words, table: Table) -> bool:
    """True for `tickets per month` where each row is one ticket: then the rows are counted."""
    if said.best or said.n or not (said.by or said.time):
        return False
    before = _BY_WHAT.split(said.text, maxsplit=1)[0]
    thing, score = named(meaning(before), [c for c in table.columns if c.text or c.identity])
    return thing is not None and score >= 0.9 and thing.distinct >= table.rows - thing.missing


_BY_WHAT = re.compile(r"\b(?:by|per|for each|over)\b", re.IGNORECASE)


def _nameless(said: Words, meant: _Meant) -> _Meant:
    """A guess must say so when the question names a number that the table does not have."""
    word = next((w for w in said.said if stem(w) in _NUMBERS), "")
    if not word or meant.column is None or near(word, meant.column) >= 0.5:
        return meant
    note = (
        f"No column holds “{word}”: “{meant.column.name}” is shown instead. If “{word}” is made of "
        "several columns, add it to the file."
    )
    return replace(meant, assumed=(), unsure=(), lacking=note)


_RATE = re.compile(r"\b([a-z][\w-]+[ -](?:rates?|ratios?|percentages?))\b", re.IGNORECASE)


def _rated(said: Words, table: Table, meant: _Meant) -> _Meant:
    """A rate that no column holds is not computed, and the number shown for it is no rate."""
    found = _RATE.search(said.text)
    if found is None or any(c.rate for c in table.numbers() if fit(words(found[1]), c) >= 0.5):
        return meant
    shown = "rows are counted"
    if meant.column is not None:
        if meant.column.rate:
            return meant
        shown = f"“{meant.column.name}” is shown"
    note = (
        f"No column holds “{found[1]}”: {shown} instead, and no rate is computed. Add it to the "
        "file as a column."
    )
    return replace(meant, lacking=note)


_NUMBERS = frozenset(
    map(stem, ["revenue", "sales", "turnover", "income", "profit", "margin", "cost", "spend",
               "expense", "salary", "budget", "price", "latency", "duration", "weight", "age",
               "distance", "traffic", "requests", "visits"])
)  # fmt: skip
"""Stems of words that can only mean a number."""


def _guessed(said: Words, options: Sequence[Column]) -> _Meant:
    """Nothing names a number: the usual one when there is one such, else all are as likely."""
    for usual in (_MONEY, _MAIN, _TRAFFIC):
        fits = [c for c in options if any(near(word, c) >= 0.8 for word in usual)]
        if len(fits) == 1:
            others = [c.name for c in options if c is not fits[0]][:4]
            assumed = f"“{fits[0].name}” was taken as the number that is meant" + (
                f"; the table also has {', '.join(others)}." if others else "."
            )
            return _Meant(fits[0], _function(said, fits[0]), (assumed,))
        if fits:
            return _Meant(fits[0], _function(said, fits[0]), (), tuple(fits))
    first = options[0]
    if len(options) == 1:
        assumed = f"“{first.name}” was taken as the number that is meant."
        return _Meant(first, _function(said, first), (assumed,))
    return _Meant(first, _function(said, first), (), tuple(options))


def _distinct(said: Words, table: Table) -> _Meant:
    if said.fn != "distinct":
        return _Meant(None, "count")
    found, score = named(said.said, table.columns)
    return _Meant(found, "distinct") if found and score >= 0.5 else _Meant(None, "count")


def _counted(said: Words, table: Table) -> str:
    """The noun that is counted: `most tickets` when each row of the file is one ticket."""
    most = re.search(r"\b(?:most|fewest|more|number of)\s+([\w-]+)", said.text, re.IGNORECASE)
    if most is None:
        return ""
    file = {stem(w) for part in words(table.where) for w in re.split(r"[-_./]", part)}
    keys = [c for c in table.columns if c.text and c.distinct >= table.rows - c.missing]
    is_row = stem(most[1]) in file or any(near(most[1], c) >= PLAIN for c in keys)
    named_ = any(near(most[1], c) >= PLAIN for c in table.numbers())
    return most[1].casefold() if is_row and not named_ else ""


PLAIN = 0.9
"""How well a word must name a column to mean no other."""


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
