"""Wide tables: a row for each time and a column for each thing."""

from graphs.models.offline.asked import subjects
from graphs.models.offline.changes_rows import by_size, other_order
from graphs.models.offline.columns import Column, fit, named
from graphs.models.offline.periods import pairs
from graphs.models.offline.questions import Ask
from graphs.models.offline.steps import Call, Desk
from graphs.models.offline.telling import (
    SHOWN,
    Result,
    Work,
    change_lead,
    conditions_said,
    direction_said,
    noun,
    remarks,
)

UNIQUE = 0.95
"""Share of different times from which on every row is a time of its own."""


def along(ask: Ask) -> list[Column]:
    """The columns that are the things asked about; empty when rows or groups are."""
    order = clock(ask)
    numbers = [c for c in ask.table.numbers() if not c.delta]
    if order is None or ask.groups or not numbers or pairs(ask.table):
        return []
    if ask.entity is not None and named(subjects(ask.words), [ask.entity])[1] >= 0.8:
        return []
    chosen = [c for c in numbers if fit(ask.words.said, c) >= 0.9]
    if chosen and not (ask.words.n and ask.words.n > len(chosen)):
        return chosen
    return numbers if len(numbers) > 1 else []


def clock(ask: Ask) -> Column | None:
    """The column of dates that differs from row to row, if there is one."""
    rows = ask.table.rows
    return next((c for c in ask.table.dates() if c.distinct >= UNIQUE * (rows - c.missing)), None)


def by_series(desk: Desk, ask: Ask, question: str, columns: list[Column]) -> Work:
    """The first against the last value of each column, the largest change first."""
    order = clock(ask)
    if order is None or not desk.has("change_table"):
        return None
    (reply,) = yield [
        Call(
            "change_table",
            {
                **ask.table.source, "columns": [c.name for c in columns], "order": order.name,
                "where": list(ask.where), "limit": min(500, len(columns)),
                "sort_by": "percent" if ask.words.percent else "difference",
            },
        )
    ]  # fmt: skip
    if not reply.data:
        return None
    ranked = by_size(reply.data["rows"], 4 if ask.words.percent else 3, ask.words)
    if not ranked:
        return None
    shown = ranked[: ask.words.n or SHOWN]
    spans = {(row[5], row[6]) for row in shown}
    head = [noun(ask, 1), *reply.data["columns"][1:]]
    kept = 5 if len(spans) == 1 else 7
    rows = [row[:kept] for row in shown]
    how = (
        f"Compared the first and the last value of {_counted(columns)} of {ask.table.where}, "
        f"in the order of “{order.name}”{conditions_said(ask)}{_span(spans)}; the largest "
        f"{'percentage' if ask.words.percent else 'difference'} first, {direction_said(ask.words)}."
    )
    notes = [n for n in remarks(ask, reply) if n not in ask.assumed]
    notes += other_order(ranked, ask.words)
    if len(shown) < (ask.words.n or 0):
        notes.append(f"There are only {len(shown)}.")
    return Result(
        question, change_lead(ask, rows), head[:kept], rows, how, tuple(notes),
        tuple(row[0] for row in rows),
    )  # fmt: skip


def _counted(columns: list[Column]) -> str:
    if len(columns) == 1:
        return f"column “{columns[0].name}”"
    return f"each of {len(columns)} columns"


def _span(spans: set[tuple[str, str]]) -> str:
    return " ({} to {})".format(*next(iter(spans))) if len(spans) == 1 else ""
