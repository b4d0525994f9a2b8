"""A question in words → what to compute: which table, which columns, how ranked."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from graphs.models.offline.asked import Words, subjects
from graphs.models.offline.columns import Column, Table, fit, named, near
from graphs.models.offline.conditions import filters
from graphs.models.offline.language import stem, words
from graphs.models.offline.periods import pairs, period_column

Mode = Literal["change", "rank", "group", "total", "rows", "overview"]


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
