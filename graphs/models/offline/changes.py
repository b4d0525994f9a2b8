"""What changed most: by a column of changes, two columns, two periods, or a log of changes."""

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

from graphs.models.offline.asked import Words
from graphs.models.offline.asking import settled
from graphs.models.offline.changes_rows import by_size, other_order
from graphs.models.offline.columns import Column, named
from graphs.models.offline.conditions import date_of, time_of
from graphs.models.offline.language import sentence, spoken, stem
from graphs.models.offline.periods import Pair, moment, pairs, period_column
from graphs.models.offline.questions import Ask
from graphs.models.offline.ranking import by_group, by_rank
from graphs.models.offline.series import along, by_series
from graphs.models.offline.spans import day_of, last_day
from graphs.models.offline.steps import Call, Desk, Reply
from graphs.models.offline.telling import (
    SHOWN,
    Calls,
    Result,
    Work,
    change_lead,
    conditions_said,
    direction_said,
    from_to,
    later_ranks,
    remarks,
    told_ranking,
)


def by_change(desk: Desk, ask: Ask, question: str) -> Work:
    if ask.spans:
        return (yield from _by_spans(desk, ask, question))
    if columns := along(ask):
        return (yield from by_series(desk, ask, question, columns))
    if ask.entity is None:
        return (yield from by_group(desk, _over_time(ask), question))
    for way in (_by_delta, _by_pair, _by_period, _by_log):
        result = yield from way(desk, ask, question)
        if result is not None:
            return result
    result = yield from by_rank(desk, ask, question)
    if result is None:
        return None
    note = (
        "The table has no earlier and later value, so the change itself cannot be "
        "computed; this ranks what is there."
    )
    return replace(result, notes=(note, *result.notes))


def _by_spans(desk: Desk, ask: Ask, question: str) -> Work:
    """Two named times against each other: for each thing, or in total."""
    grouped = next((ask.table.get(g) for g in ask.groups if isinstance(g, str)), None)
    some = ask.words.best or ask.words.n or named(ask.words.said, _known(ask))[1] >= 0.8
    entity = grouped or (ask.entity if some else None)
    if entity is None:
        return (yield from _total_of_spans(desk, ask, question))
    return (yield from _by_period(desk, replace(ask, entity=entity), question))


def _known(ask: Ask) -> list[Column]:
    return [ask.entity] if ask.entity else []


def _total_of_spans(desk: Desk, ask: Ask, question: str) -> Work:
    ask = yield from settled(desk, ask)
    if ask.spans is None or not desk.has("change_table"):
        return None
    first, last = ask.spans
    dates = time_of(ask.words, ask.table)
    if dates is None:
        return None
    (reply,) = yield [
        Call(
            "change_table",
            {
                **ask.table.source, "period": dates.name, "before": first, "after": last,
                "where": list(ask.where), **_measured(ask),
            },
        )
    ]  # fmt: skip
    if not reply.data:
        return None
    row = ["all rows", *reply.data["rows"][0]]
    label = ask.header[0].upper() + ask.header[1:] if ask.measure else "Number of rows"
    lead = sentence(f"{label} in {last} against {first}: **{from_to(row)}**")
    how = (
        f"Computed as {ask.header} in {last} against {first} (column “{dates.name}”) in "
        f"{ask.table.where}{conditions_said(ask)}."
    )
    notes = [*remarks(ask, reply), *_unfinished(dates, last)]
    return Result(question, lead, reply.data["columns"], reply.data["rows"], how, tuple(notes))


def _measured(ask: Ask) -> dict[str, Any]:
    """What `change_table` compares: a number's total or average, or the count of rows."""
    if ask.measure is None:
        return {"fn": "count"}
    return {"value": ask.measure.name, "fn": "mean" if ask.measure.rate else "sum"}


def _over_time(ask: Ask) -> Ask:
    if ask.groups or not ask.table.dates():
        return ask
    return replace(ask, groups=({"column": ask.table.dates()[0].name, "by": "month"},))


def _by_delta(desk: Desk, ask: Ask, question: str) -> Work:
    """A column that already holds the change."""
    deltas = [c for c in ask.table.columns if c.delta]
    entity = ask.entity
    if not deltas or entity is None or pairs(ask.table):
        return None
    delta = max(deltas, key=lambda c: (_shares(c, ask.words), c.percent == ask.words.percent))
    fn = "sum" if entity.distinct < ask.table.rows else "max"
    base = {
        **ask.table.source, "group_by": [entity.name], "where": list(ask.where),
        "measures": [{"fn": fn, "column": delta.name, "as": delta.name}],
        "limit": max(ask.words.n or SHOWN, 20),
    }  # fmt: skip
    replies = yield [
        Call("query_table", {**base, "sort": [{"column": delta.name, "descending": down}]})
        for down in (True, False)
    ]
    rows = {row[0]: row for reply in replies if reply.data for row in reply.data["rows"]}
    ranked = by_size(rows.values(), 1, ask.words)
    ask = replace(ask, assumed=())
    how = (
        f"Computed from column “{delta.name}” of "
        f"{ask.table.where}{conditions_said(ask)}; the largest change first, "
        f"{direction_said(ask.words)}."
    )
    return told_ranking(
        ask, question, [entity.name, delta.name], ranked, how, replies[0], [delta.name]
    )


def _shares(column: Column, said: Words) -> int:
    return len(column.stems & {stem(w) for w in said.said})


def _by_pair(desk: Desk, ask: Ask, question: str) -> Work:
    """Two columns: an earlier and a later value."""
    found = pairs(ask.table)
    if not found or ask.entity is None or not desk.has("change_table"):
        return None
    pair = _pair(found, ask)
    result = yield from _compared(
        desk, replace(ask, assumed=()), question,
        {
            "before": pair.before.name, "after": pair.after.name,
            "fn": "mean" if pair.before.rate else "sum",
        },
        f"the difference between “{pair.before.name}” and “{pair.after.name}”",
    )  # fmt: skip
    others = list(dict.fromkeys(f"“{p.what}”" for p in found if p.what != pair.what))
    if result is None or not others:
        return result
    note = f"The table also holds {spoken(others[:4])} at both times; ask for it by name."
    return replace(result, notes=(*result.notes, note))


def _pair(found: Sequence[Pair], ask: Ask) -> Pair:
    said = {stem(w) for w in (*ask.words.said, *ask.words.hints)}
    return max(found, key=lambda p: len(said & (p.before.stems | p.after.stems)))


def _by_period(desk: Desk, ask: Ask, question: str) -> Work:
    """One row per thing and time: the first against the last period."""
    table, entity = ask.table, ask.entity
    if entity is None or not desk.has("change_table"):
        return None
    if entity.distinct >= table.rows or (ask.measure is None and not ask.spans):
        return None
    column, first, last, note = yield from _ends(desk, ask)
    if not column or not first or first == last:
        return None
    ask = yield from settled(desk, ask)
    args = {"period": column, "before": first, "after": last, **_measured(ask)}
    what = f"{ask.header} in {last} against {first} (column “{column}”)"
    result = yield from _compared(desk, ask, question, args, what)
    return replace(result, notes=(*result.notes, note)) if result and note else result


def _ends(desk: Desk, ask: Ask) -> Generator[Calls, list[Reply], tuple[str, str, str, str]]:
    """The column of time with its first and last period, and a note on what they are."""
    dates = ask.table.dates()
    if ask.spans and (column := time_of(ask.words, ask.table, ask.entity)):
        return column.name, *ask.spans, " ".join(_unfinished(column, ask.spans[1]))
    if dates:
        column = date_of(ask.words, dates)
        low, high = column.low, column.high
        if low[:7] != high[:7]:
            note = f"The data runs from {low} to {high}; its first and last month are compared."
            return column.name, low[:7], high[:7], " ".join([note, *_unfinished(column, high[:7])])
        return column.name, low[:10], high[:10], ""
    column = period_column(ask.table, ask.entity)
    if column is None:
        return "", "", "", ""
    (reply,) = yield [
        Call("query_table", {**ask.table.source, "group_by": [column.name], "limit": 100})
    ]
    values = [row[0] for row in reply.data["rows"]] if reply.data else []
    ordered = (
        sorted(values, key=lambda v: (moment(v) or ((), ""))[0])
        if all(map(moment, values))
        else values
    )
    return (column.name, ordered[0], ordered[-1], "") if len(ordered) > 1 else ("", "", "", "")


def _unfinished(dates: Column, last: str) -> list[str]:
    """A warning when the data stops in the middle of the later month."""
    newest = day_of(dates.high)
    if newest is None or last != dates.high[:7] or newest == last_day(newest.year, newest.month):
        return []
    return [f"{last} may not be complete: the data ends on {newest}."]


def _compared(desk: Desk, ask: Ask, question: str, args: dict[str, Any], what: str) -> Work:
    assert ask.entity is not None
    call = Call(
        "change_table",
        {
            **ask.table.source, "key": ask.entity.name, **args, "where": list(ask.where),
            "sort_by": "percent" if ask.words.percent else "difference",
            "limit": 300,
        },
    )  # fmt: skip
    (reply,) = yield [call]
    if not reply.data:
        return None
    columns: list[str] = reply.data["columns"]
    at = 4 if ask.words.percent else 3
    highest = later_ranks(ask)
    ranked = by_size(reply.data["rows"], 2 if highest else at, ask.words)
    if not ranked:
        return None
    if highest and ask.words.low:
        ranked.reverse()
    order = f"the largest first, {direction_said(ask.words)}"
    if highest:
        order = f"the {'lowest' if ask.words.low else 'highest'} “{columns[2]}” first"
    how = f"Computed as {what} in {ask.table.where}{conditions_said(ask)}; {order}."
    result = told_ranking(ask, question, columns, ranked, how, reply, [])
    kept = ranked[: ask.words.n or SHOWN]
    # Only with all rows at hand is the order by the other measure known.
    whole = reply.data["found"] <= call.args["limit"] and not highest
    other = other_order(ranked, ask.words) if whole else []
    return replace(result, lead=change_lead(ask, kept), notes=(*result.notes, *other))


def _by_log(desk: Desk, ask: Ask, question: str) -> Work:
    """One row per change: the rows are counted."""
    table, entity = ask.table, ask.entity
    if entity is None or entity.distinct >= table.rows:
        return None
    (reply,) = yield [
        Call(
            "query_table",
            {
                **table.source, "group_by": [entity.name],
                "measures": [{"fn": "count", "as": "changes"}],
                "where": list(ask.where), "sort": [{"column": "changes", "descending": True}],
                "limit": 100,
            },
        )
    ]  # fmt: skip
    if not reply.data or not reply.data["rows"]:
        return None
    how = (
        f"Counted the rows for each “{entity.name}” in "
        f"{table.where}{conditions_said(ask)}: one row is one change."
    )
    return told_ranking(
        ask, question, [entity.name, "changes"], reply.data["rows"], how, reply, ["changes"]
    )
