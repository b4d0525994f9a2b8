"""Ranks, groups, totals, single rows, and what a table holds at a glance."""

from dataclasses import replace
from typing import Any

from graphs.models.offline import markdown, voices
from graphs.models.offline.asked import subjects
from graphs.models.offline.asking import settled
from graphs.models.offline.columns import Column, near
from graphs.models.offline.conditions import date_of
from graphs.models.offline.language import cut, sentence, spoken
from graphs.models.offline.lasting import two_dates
from graphs.models.offline.periods import period_column
from graphs.models.offline.questions import OLDEST, Ask, glances, judges
from graphs.models.offline.shape import listed
from graphs.models.offline.steps import Call, Desk
from graphs.models.offline.telling import (
    SHOWN,
    Result,
    Work,
    added,
    conditions_said,
    group_lead,
    header_of,
    measure_said,
    noun,
    remarks,
    told_ranking,
)

MOST_GROUPS = 500
SHOWN_GROUPS = 40
LISTED_COLUMNS = 6
NAMED = 5


def _measured(ask: Ask) -> dict[str, Any]:
    if ask.measure is None:
        return {"fn": "count", "as": "count"}
    return {"fn": ask.fn, "column": ask.measure.name, "as": ask.header}


def by_rank(desk: Desk, ask: Ask, question: str) -> Work:
    if ask.entity is None:
        return (yield from by_row(desk, ask, question))
    ask = yield from settled(desk, ask)
    assert ask.entity is not None
    (reply,) = yield [
        Call(
            "query_table",
            {
                **ask.table.source, "group_by": [ask.entity.name], "measures": [_measured(ask)],
                "where": list(ask.where),
                "sort": [{"column": ask.header, "descending": not ask.words.low}],
                "limit": 500 if ask.words.also else min(500, max(SHOWN, ask.words.n or 0) + 5),
            },
        )
    ]  # fmt: skip
    if not reply.data or not reply.data["rows"]:
        return None
    order = "lowest" if ask.words.low else "highest"
    how = (
        f"Computed {measure_said(ask)} for each “{ask.entity.name}” in "
        f"{ask.table.where}{conditions_said(ask)}; the {order} first."
    )
    rows = [row for row in reply.data["rows"] if row[1]]
    return told_ranking(ask, question, reply.data["columns"], rows, how, reply, [ask.header])


def by_group(desk: Desk, ask: Ask, question: str) -> Work:
    groups: list[Any] = list(ask.groups)
    if not groups and ask.entity is not None:
        groups = [ask.entity.name]
    if not groups:
        return (yield from in_total(desk, ask, question))
    ask = yield from settled(desk, ask)
    timed = any(isinstance(g, dict) for g in groups)
    ranked = not timed and len(groups) == 1 and not _is_time(ask, groups[0])
    args = {
        **ask.table.source, "group_by": groups, "measures": [_measured(ask)],
        "where": list(ask.where),
        "limit": MOST_GROUPS,
    }  # fmt: skip
    if ranked:
        args["sort"] = [{"column": ask.header, "descending": not ask.words.low}]
    else:
        args["sort"] = [{"column": header_of(g), "descending": False} for g in groups]
    (reply,) = yield [Call("query_table", args)]
    if not reply.data or not reply.data["rows"]:
        return None
    columns, rows = reply.data["columns"], reply.data["rows"]
    names = spoken(f"“{header_of(g)}”" for g in groups)
    how = f"Computed {measure_said(ask)} by {names} in {ask.table.where}{conditions_said(ask)}."
    n = ask.words.n if ranked else None
    shown = rows[: n or SHOWN_GROUPS]
    notes = remarks(ask, reply)
    more, said = added(ask, rows, shown)
    shown = [*shown, *more]
    notes += said
    if len(shown) < len(rows) and not n:
        notes.append(f"{len(shown)} of {reply.data['found']} rows are shown.")
    return Result(
        question,
        group_lead(ask, groups, rows, columns),
        columns,
        shown,
        how,
        tuple(notes),
        tuple(r[0] for r in shown),
        tuple(rows) if timed and len(groups) == 1 else (),
    )


def _is_time(ask: Ask, group: str) -> bool:
    """True for a column of months or quarters: they stand in the order of time."""
    column = ask.table.get(group)
    said = ask.words.time or (not ask.words.best and not ask.words.n)
    return bool(said) and period_column(ask.table) is column and not column.number


def by_days(desk: Desk, ask: Ask, question: str) -> Work:
    """How long each thing lasted, in days, the longest or the shortest first."""
    two = two_dates(ask.words, ask.table.dates())
    if two is None or ask.entity is None or not desk.has("change_table"):
        return (yield from at_a_glance(desk, ask, question))
    (reply,) = yield [
        Call(
            "change_table",
            {
                **ask.table.source, "key": ask.entity.name, "before": two[0].name,
                "after": two[1].name, "where": list(ask.where), "limit": 500,
            },
        )
    ]  # fmt: skip
    if not reply.data:
        return None
    rows = reply.data["rows"][:: -1 if ask.words.low else 1]
    n = ask.words.n or SHOWN
    mean = next((f["value"] for f in reply.facts if f["label"] == "all rows"), "")
    average = f"On average **{markdown.shown(mean)} days**. " if mean else ""
    kind = "Shortest" if ask.words.low else "Longest"
    named = spoken(f"**{r[0]}** ({markdown.shown(r[-1])} days)" for r in rows[: min(n, NAMED)])
    how = (
        f"Counted the days from “{two[0].name}” to “{two[1].name}” in "
        f"{ask.table.where}{conditions_said(ask)}."
    )
    notes = list(reply.data["notes"])
    if len(rows) > n and rows[n][-1] == rows[n - 1][-1]:
        notes.append(f"“{rows[n][0]}” is as long as the last one shown.")
    shown = rows[:n]
    return Result(
        question, f"{average}{kind}: {named}.", reply.data["columns"], shown, how, tuple(notes),
        tuple(row[0] for row in shown),
    )  # fmt: skip


def by_date(desk: Desk, ask: Ask, question: str) -> Work:
    """The newest or the oldest rows, by the column of dates that the question names."""
    date = date_of(ask.words, ask.table.dates())
    oldest = bool(OLDEST.search(ask.words.text))
    first = [ask.entity] if ask.entity else []
    rest = [c for c in ask.table.columns if c not in (*first, date) and not c.prose]
    columns = [c.name for c in (*first, *rest)][: LISTED_COLUMNS - 1]
    (reply,) = yield [
        Call(
            "query_table",
            {
                **ask.table.source, "columns": [*columns, date.name],
                "where": [*ask.where, {"column": date.name, "op": "is not missing"}],
                "sort": [{"column": date.name, "descending": not oldest}],
                "limit": ask.words.n or NAMED,
            },
        )
    ]  # fmt: skip
    if not reply.data or not reply.data["rows"]:
        return None
    rows = reply.data["rows"]
    kind = "Oldest" if oldest else "Newest"
    named = spoken(f"**{row[0]}** ({row[-1]})" for row in rows)
    how = f"Sorted {ask.table.where}{conditions_said(ask)} by “{date.name}”."
    return Result(
        question, f"{kind}: {named}.", reply.data["columns"], rows, how,
        tuple(reply.data["notes"]), tuple(row[0] for row in rows), keys=1,
    )  # fmt: skip


def by_list(desk: Desk, ask: Ask, question: str) -> Work:
    """The things themselves: each once with how often it stands there, or the rows that fit."""
    if ask.entity and ask.entity.distinct < ask.table.rows - ask.entity.missing and not ask.words.n:
        return (yield from by_group(desk, _counted(ask), question))
    empty = {w["column"] for w in ask.where if w["op"] == "is missing"}
    first = [ask.entity] if ask.entity else []
    rest = [c for c in ask.table.columns if c not in first and not c.prose and c.name not in empty]
    sized = [w["column"] for w in ask.where if w["op"] in ("<", "<=", ">", ">=")]
    sized = [name for name in sized if ask.table.get(name).number][:1]
    columns = [c.name for c in (*first, *rest) if c.name not in sized]
    columns = [*columns[: LISTED_COLUMNS - len(sized)], *sized]
    (reply,) = yield [
        Call(
            "query_table",
            {
                **ask.table.source, "columns": columns, "where": list(ask.where),
                "limit": min(500, ask.words.n or SHOWN_GROUPS),
                "sort": [{"column": name, "descending": True} for name in sized],
            },
        )
    ]  # fmt: skip
    if not reply.data:
        return None
    rows, found = reply.data["rows"], int(reply.data["found"])
    order = f"the largest “{sized[0]}” first" if sized else "in the order of the file"
    how = f"Listed the rows of {ask.table.where}{conditions_said(ask)}, {order}."
    notes = [*reply.data["notes"], *_unheard(ask)]
    if len(rows) < found and not ask.words.n:
        notes.append(f"{len(rows)} of {found} rows are shown.")
    return Result(
        question, _listed(ask, rows, found), columns, rows, how, tuple(notes),
        tuple(row[0] for row in rows), keys=1,
    )  # fmt: skip


def _unheard(ask: Ask) -> list[str]:
    """A note on words of the question that no column speaks of: the list does not heed them."""
    known = [*subjects(ask.words), *ask.words.hints]
    said = [w for w in ask.words.said if w not in known]
    odd = [
        w
        for w in said
        if not w.isdecimal() and not any(near(w, c) >= 0.5 for c in ask.table.columns)
    ]
    if not odd or ask.where:
        return []
    return [f"No column says {spoken((f'“{w}”' for w in odd[:3]), 'or')}: all rows are listed."]


def _counted(ask: Ask) -> Ask:
    return replace(ask, measure=None, fn="count", unsure=(), assumed=())


def _listed(ask: Ask, rows: list[list[str]], found: int) -> str:
    if not rows:
        return f"No row fits{conditions_said(ask)}."
    names = [cut(row[0], 60) for row in rows[:NAMED] if row[0]]
    if ask.words.n and len(rows) == ask.words.n:
        return sentence(f"The first {len(rows)} of {found}: {spoken(names)}")
    more = f" and {found - len(names)} more" if found > len(names) else ""
    listed_ = f"{', '.join(names)}{more}" if more else spoken(names)
    things = noun(ask, found) if subjects(ask.words) else "rows"
    return sentence(f"There are **{found}** {things}{conditions_said(ask)}: {listed_}")


def in_total(desk: Desk, ask: Ask, question: str) -> Work:
    ask = yield from settled(desk, ask)
    (reply,) = yield [
        Call(
            "query_table",
            {**ask.table.source, "measures": [_measured(ask)], "where": list(ask.where)},
        )
    ]
    if not reply.data or not reply.data["rows"]:
        return None
    value = reply.data["rows"][0][-1]
    label = "Number of rows" if ask.measure is None else ask.header[0].upper() + ask.header[1:]
    unit = f" {ask.measure.unit}" if ask.measure and ask.measure.unit else ""
    lead = f"{label}{conditions_said(ask)}: **{markdown.shown(value)}**{unit}."
    how = f"Computed over {ask.table.where}{conditions_said(ask)}, {ask.table.rows} rows in all."
    return Result(
        question, lead, reply.data["columns"], reply.data["rows"], how, tuple(remarks(ask, reply))
    )


def by_row(desk: Desk, ask: Ask, question: str) -> Work:
    """The single rows with the highest or lowest value."""
    if ask.measure is None:
        return (yield from in_total(desk, ask, question))
    ask = yield from settled(desk, ask)
    if ask.measure is None:
        return (yield from in_total(desk, ask, question))
    n = ask.words.n or 5
    names = [c.name for c in ask.table.columns if c is not ask.measure and not c.prose][:4]
    (reply,) = yield [
        Call(
            "query_table",
            {
                **ask.table.source, "columns": [*names, ask.measure.name], "where": list(ask.where),
                "sort": [{"column": ask.measure.name, "descending": not ask.words.low}], "limit": n,
            },
        )
    ]  # fmt: skip
    if not reply.data or not reply.data["rows"]:
        return None
    first = reply.data["rows"][0]
    kind = "lowest" if ask.words.low else "highest"
    beside = [f"{name} {cell}" for name, cell in zip(names, first, strict=False) if cell]
    lead = sentence(
        f"The {kind} {ask.measure.name} is **{markdown.shown(first[-1])}** ({', '.join(beside)})"
    )
    how = (
        f"Sorted {ask.table.where}{conditions_said(ask)} by “{ask.measure.name}”, the {kind} first."
    )
    return Result(
        question, lead, reply.data["columns"], reply.data["rows"], how, tuple(remarks(ask, reply))
    )


def _unanswered(question: str) -> str:
    """Why only a glance is given: a person must judge, or no column speaks of it."""
    asked = cut(question.removeprefix("Answer: ").rstrip("?. "), 120)
    if judges(question):
        return (
            f"“{asked[0].upper()}{asked[1:]}” asks for a judgement, which a person must make: "
            "the data has no column for it. This is what it holds."
        )
    return f"No column of the table answers “{asked}”; this is what it holds."


def at_a_glance(desk: Desk, ask: Ask, question: str) -> Work:
    """What a table holds at a glance: totals, and the most frequent values."""
    table = ask.table
    numbers = [c for c in table.numbers() if not c.delta][:5]
    labels = [
        c
        for c in table.columns
        if c.text and not c.prose and 1 < c.distinct <= min(30, max(2, table.rows // 2))
    ][:3]
    measures = [{"fn": "count", "as": "rows"}]
    measures += [
        {
            "fn": "mean" if c.rate else "sum",
            "column": c.name,
            "as": f"{'average' if c.rate else 'total'} {c.name}",
        }
        for c in numbers
    ]
    calls = [Call("query_table", {**table.source, "measures": measures, "where": list(ask.where)})]
    main = (
        ask.measure
        if ask.measure and not ask.measure.rate
        else next((c for c in numbers if not c.rate), None)
    )
    second = (
        {"fn": "sum", "column": main.name, "as": f"total {main.name}"}
        if main
        else {"fn": "count", "as": "count"}
    )
    calls += [
        Call(
            "query_table",
            {
                **table.source,
                "group_by": [c.name],
                "measures": [second],
                "where": list(ask.where),
                "sort": [{"column": second["as"], "descending": True}],
                "limit": 5,
            },
        )
        for c in labels
    ]
    replies = yield calls
    if not replies[0].data:
        return None
    head, values = replies[0].data["columns"], replies[0].data["rows"][0]
    rows = [[name, value] for name, value in zip(head, values, strict=True)]
    lead = f"{table.where} has {values[0]} rows and {len(table.columns)} columns."
    if not glances(question):
        lead = f"{_unanswered(question)} {lead}"
    tops = [
        f"{second['as'][0].upper()}{second['as'][1:]} by {label.name}: "
        + spoken(f"**{r[0]}** {markdown.shown(r[-1])}" for r in reply.data["rows"][:3])
        + "."
        for label, reply in zip(labels, replies[1:], strict=True)
        if reply.data and reply.data["rows"]
    ]
    how = f"Computed over all rows of {table.where}{conditions_said(ask)}."
    ask = replace(ask, assumed=())
    return Result(
        question,
        " ".join([lead, *tops]),
        ["what", "value"],
        rows,
        how,
        tuple(remarks(ask, replies[0])),
    )


def by_theme(desk: Desk, ask: Ask, question: str, topic: str, column: Column) -> Work:
    """What people write in a column of free text, by the words that come back."""
    (reply,) = yield [
        Call(
            "query_table",
            {**ask.table.source, "columns": [column.name], "where": list(ask.where), "limit": 500},
        )
    ]
    said = [row[0] for row in listed(reply.data, "rows") if row[0]]
    themes = voices.themes(said, topic)
    if not themes:
        return None
    rows = [[t.name, str(t.count), t.example] for t in themes[: ask.words.n or 6]]
    lead = sentence(f"Most often in {topic}s: {spoken(f'“{r[2]}” ({r[1]})' for r in rows[:3])}")
    how = (
        f"Counted in {len(said)} cells of “{column.name}” in "
        f"{ask.table.where}{conditions_said(ask)}: those that read like a {topic}, by "
        f"the words they share."
    )
    notes = remarks(replace(ask, assumed=()), reply)
    return Result(question, lead, [topic, "cells", "example"], rows, how, tuple(notes))
