"""The analyst: looks at the tables, computes what is asked, shows it with how it was done."""

import json
import re
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphs.models.offline import markdown, sources, voices
from graphs.models.offline.columns import Column, Table, described, near
from graphs.models.offline.language import keywords, sentence, spoken, stem, words
from graphs.models.offline.questions import (
    Ask,
    Pair,
    Words,
    choose,
    moment,
    pairs,
    period_column,
    shaped,
    subjects,
    understand,
)
from graphs.models.offline.steps import Call, Desk, Reply, Script

MAX_FILES = 6
MAX_SHEETS = 6
SHOWN = 10
"""Rows of an answer when the question names no number."""
KNOWN_VALUES = 60
"""A text column with at most so many values is looked through for conditions."""
VALUE_COLUMNS = 6

Calls = list[Call]


@dataclass(frozen=True)
class Result:
    """One computed table: `rows` are exact, `lead` is the sentence that answers."""

    question: str
    lead: str
    columns: list[str]
    rows: list[list[str]]
    how: str
    notes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def text(self, *, table: bool = True) -> str:
        """As Markdown: the answer, the table, how it was computed."""
        parts = [self.lead]
        if table and len(self.rows) > 0:
            shown = [[markdown.shown(cell) for cell in row] for row in self.rows]
            parts.append(markdown.table(self.columns, shown))
        parts.append("*" + " ".join([self.how, *self.notes]) + "*")
        return "\n\n".join(parts)


Work = Generator[Calls, list[Reply], Result | None]


def analyse(desk: Desk, questions: Sequence[str], wishes: str = "") -> Script:
    """Answer each question from the tables. `wishes` are guidance and feedback in words."""
    tables = yield from look(desk)
    if not tables:
        return _no_tables(desk)
    results: list[Result] = []
    for question in questions:
        asked = understand(f"{question} {_focus(wishes)}".strip())
        result = yield from answer(desk, asked, question, tables)
        if result is not None:
            results.append(result)
    if not results:
        return _unanswered(questions, tables)
    text = "\n\n".join(r.text() for r in results)
    extra = yield from _extras(desk, results)
    return "\n\n".join(part for part in (text, extra) if part)


def look(desk: Desk) -> Generator[Calls, list[Reply], list[Table]]:
    """Describe every table of every attachment."""
    files = [str(a["name"]) for a in sources.tables(desk.data)][:MAX_FILES]
    if not files or not desk.has("describe_table"):
        return []
    replies = yield [Call("describe_table", {"name": name}) for name in files]
    first = [(n, r.data) for n, r in zip(files, replies, strict=True) if not r.failed and r.data]
    more = [
        (name, sheet)
        for name, data in first
        for sheet in (data.get("sheets") or [])[:MAX_SHEETS]
        if sheet != data.get("sheet")
    ]
    others: list[Reply] = []
    if more:
        others = yield [Call("describe_table", {"name": n, "sheet": s}) for n, s in more]
    tables = [described(name, data, None) for name, data in first]
    tables += [
        described(name, reply.data, sheet)
        for (name, sheet), reply in zip(more, others, strict=True)
        if not reply.failed and reply.data
    ]
    return [t for t in tables if t.rows and t.columns]


def answer(desk: Desk, asked: Words, question: str, tables: Sequence[Table]) -> Work:
    """The result of one question, or None when no table answers it."""
    table = choose(asked, tables)
    if table is None:
        return None
    values = yield from _values(desk, asked, table)
    ask = shaped(asked, table, values)
    if (topic := voices.topic(question)) and (column := voices.column(table)):
        return (yield from _voices(desk, ask, question, topic, column))
    work = {
        "change": _change, "rank": _rank, "group": _group, "total": _total, "rows": _rows,
        "overview": _overview,
    }[ask.mode]  # fmt: skip
    return (yield from work(desk, ask, question))


def _values(
    desk: Desk, asked: Words, table: Table
) -> Generator[Calls, list[Reply], dict[str, list[str]]]:
    """The values of columns that words of the question may name."""
    columns = [
        c for c in table.columns if c.text and not c.prose and 1 < c.distinct <= KNOWN_VALUES
    ]
    columns = columns[:VALUE_COLUMNS]
    if not columns or not asked.said or not desk.has("query_table"):
        return {}
    replies = yield [
        Call("query_table", {**table.source, "group_by": [c.name], "limit": KNOWN_VALUES})
        for c in columns
    ]
    return {
        column.name: [row[0] for row in reply.data["rows"]]
        for column, reply in zip(columns, replies, strict=True)
        if reply.data
    }


# Change


def _change(desk: Desk, ask: Ask, question: str) -> Work:
    if ask.entity is None:
        return (yield from _group(desk, _over_time(ask), question))
    for way in (_by_delta, _by_pair, _by_period, _by_log):
        result = yield from way(desk, ask, question)
        if result is not None:
            return result
    result = yield from _rank(desk, ask, question)
    if result is None:
        return None
    note = "The table has no earlier and later value, so the change itself cannot be computed; this ranks what is there."
    return replace(result, notes=(note, *result.notes))


def _over_time(ask: Ask) -> Ask:
    if ask.groups or not ask.table.dates():
        return ask
    return replace(ask, groups=({"column": ask.table.dates()[0].name, "by": "month"},))


def _by_delta(desk: Desk, ask: Ask, question: str) -> Work:
    """A column that already holds the change."""
    deltas = [c for c in ask.table.columns if c.delta]
    if not deltas or ask.entity is None or pairs(ask.table):
        return None
    delta = max(
        deltas,
        key=lambda c: (
            _shares(c, ask.words),
            (
                (
                    "%" in c.name
                    or "%" in c.unit
                    or "pct" in c.name.lower()
                    or "percent" in c.name.lower()
                )
                == ask.words.percent
            ),
        ),
    )
    fn = "sum" if ask.entity.distinct < ask.table.rows else "max"
    base = {
        **ask.table.source, "group_by": [ask.entity.name], "where": list(ask.where),
        "measures": [{"fn": fn, "column": delta.name, "as": delta.name}], "limit": max(ask.words.n or SHOWN, 20),
    }  # fmt: skip
    replies = yield [
        Call("query_table", {**base, "sort": [{"column": delta.name, "descending": down}]})
        for down in (True, False)
    ]
    rows = {row[0]: row for reply in replies if reply.data for row in reply.data["rows"]}
    ranked = _by_size(rows.values(), 1, ask.words)
    ask = replace(ask, assumed=())
    how = f"Computed from column “{delta.name}” of {ask.table.where}{_conditions(ask)}; the largest change first, {_direction(ask.words)}."
    return _ranked(
        ask, question, [ask.entity.name, delta.name], ranked, how, replies[0], [delta.name]
    )


def _shares(column: Column, said: Words) -> int:
    return len(column.stems & {stem(w) for w in said.said})


def _by_size(rows: Iterable[list[str]], at: int, said: Words) -> list[list[str]]:
    """The largest first; one direction only when the question names it."""
    kept = [
        row
        for row in rows
        if (value := markdown.decimal(row[at])) is not None and _fits(value, said)
    ]
    return sorted(kept, key=lambda row: abs(markdown.decimal(row[at]) or 0), reverse=True)


def _fits(value: Any, said: Words) -> bool:
    return value > 0 if said.sign == "up" else value < 0 if said.sign == "down" else True


def _direction(said: Words) -> str:
    return {"up": "increases only", "down": "decreases only", "either": "up or down"}[said.sign]


def _by_pair(desk: Desk, ask: Ask, question: str) -> Work:
    """Two columns: an earlier and a later value."""
    found = pairs(ask.table)
    if not found or ask.entity is None or not desk.has("change_table"):
        return None
    pair = _pair(found, ask)
    result = yield from _compared(
        desk, replace(ask, assumed=()), question,
        {"before": pair.before.name, "after": pair.after.name, "fn": "mean" if pair.before.rate else "sum"},
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
    if entity is None or ask.measure is None or not desk.has("change_table"):
        return None
    if entity.distinct >= table.rows:
        return None
    column, first, last, note = yield from _ends(desk, ask)
    if not column or not first or first == last:
        return None
    args = {
        "period": column, "before": first, "after": last, "value": ask.measure.name,
        "fn": "mean" if ask.measure.rate else "sum",
    }  # fmt: skip
    what = f"{ask.header} in {last} against {first} (column “{column}”)"
    result = yield from _compared(desk, ask, question, args, what)
    return replace(result, notes=(*result.notes, note)) if result and note else result


def _ends(desk: Desk, ask: Ask) -> Generator[Calls, list[Reply], tuple[str, str, str, str]]:
    """The column of time with its first and last period, and a note on what they are."""
    dates = ask.table.dates()
    if dates:
        low, high = dates[0].low, dates[0].high
        if low[:7] != high[:7]:
            return (
                dates[0].name,
                low[:7],
                high[:7],
                f"The data runs from {low} to {high}; whole months are compared.",
            )
        return dates[0].name, low[:10], high[:10], ""
    column = period_column(ask.table)
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


def _compared(desk: Desk, ask: Ask, question: str, args: dict[str, Any], what: str) -> Work:
    assert ask.entity is not None
    call = Call(
        "change_table",
        {
            **ask.table.source, "key": ask.entity.name, **args, "where": list(ask.where),
            "sort_by": "percent" if ask.words.percent else "difference",
            "limit": 300 if ask.words.sign != "either" else max(ask.words.n or 0, SHOWN) + 5,
        },
    )  # fmt: skip
    (reply,) = yield [call]
    if not reply.data:
        return None
    columns: list[str] = reply.data["columns"]
    at = 4 if ask.words.percent else 3
    ranked = _by_size(reply.data["rows"], at, ask.words)
    if not ranked:
        return None
    how = f"Computed as {what} in {ask.table.where}{_conditions(ask)}; the largest first, {_direction(ask.words)}."
    result = _ranked(ask, question, columns, ranked, how, reply, [])
    kept = ranked[: len(result.rows)]
    return replace(result, lead=_change_lead(ask, kept))


def _change_lead(ask: Ask, rows: Sequence[list[str]]) -> str:
    assert ask.entity is not None
    parts = [f"**{row[0]}** ({_from_to(row)})" for row in rows]
    return sentence(f"{_what(ask, len(rows))}: {spoken(parts)}")


def _from_to(row: Sequence[str]) -> str:
    _, before, after, difference, percent = row[:5]
    rise = markdown.shown(percent)
    sign = "" if rise.startswith("-") or not rise else "+"
    moved = f"{before} → {after}"
    return f"{moved}, {sign}{rise} %" if rise else f"{moved}, difference {difference}"


def _what(ask: Ask, count: int) -> str:
    """`The three endpoints that changed most`."""
    noun = _noun(ask, count)
    number = {1: "", 2: "two ", 3: "three ", 4: "four ", 5: "five "}.get(count, f"{count} ")
    verb = {"up": "rose", "down": "fell", "either": "changed"}[ask.words.sign]
    return f"The {number}{noun} that {verb} most" + (" in percent" if ask.words.percent else "")


def _noun(ask: Ask, count: int) -> str:
    """The question's own word for the things in the column, else the column's name."""
    assert ask.entity is not None
    said = [w for w in ask.words.said if near(w, ask.entity) >= 0.5] or subjects(ask.words)[:1]
    noun = said[0] if said else re.sub(r"[\W_]+", " ", ask.entity.name).strip().lower()
    if count == 1:
        return (
            noun[:-3] + "y"
            if noun.endswith("ies")
            else noun.removesuffix("s")
            if not noun.endswith("ss")
            else noun
        )
    if noun.endswith("s"):
        return noun
    return noun[:-1] + "ies" if noun.endswith("y") and noun[-2:-1] not in "aeiou" else noun + "s"


def _by_log(desk: Desk, ask: Ask, question: str) -> Work:
    """One row per change: the rows are counted."""
    table, entity = ask.table, ask.entity
    if entity is None or entity.distinct >= table.rows:
        return None
    (reply,) = yield [
        Call(
            "query_table",
            {
                **table.source, "group_by": [entity.name], "measures": [{"fn": "count", "as": "changes"}],
                "where": list(ask.where), "sort": [{"column": "changes", "descending": True}], "limit": 100,
            },
        )
    ]  # fmt: skip
    if not reply.data or not reply.data["rows"]:
        return None
    how = f"Counted the rows for each “{entity.name}” in {table.where}{_conditions(ask)}: one row is one change."
    return _ranked(
        ask, question, [entity.name, "changes"], reply.data["rows"], how, reply, ["changes"]
    )


# Rank, group, total


def _measured(ask: Ask) -> dict[str, Any]:
    if ask.measure is None:
        return {"fn": "count", "as": "count"}
    return {"fn": ask.fn, "column": ask.measure.name, "as": ask.header}


def _rank(desk: Desk, ask: Ask, question: str) -> Work:
    if ask.entity is None:
        return (yield from _rows(desk, ask, question))
    (reply,) = yield [
        Call(
            "query_table",
            {
                **ask.table.source, "group_by": [ask.entity.name], "measures": [_measured(ask)], "where": list(ask.where),
                "sort": [{"column": ask.header, "descending": not ask.words.low}], "limit": min(500, max(SHOWN, ask.words.n or 0) + 5),
            },
        )
    ]  # fmt: skip
    if not reply.data or not reply.data["rows"]:
        return None
    order = "lowest" if ask.words.low else "highest"
    how = f"Computed {_measure_said(ask)} for each “{ask.entity.name}” in {ask.table.where}{_conditions(ask)}; the {order} first."
    rows = [row for row in reply.data["rows"] if row[1]]
    return _ranked(ask, question, reply.data["columns"], rows, how, reply, [ask.header])


def _measure_said(ask: Ask) -> str:
    return (
        "the number of rows"
        if ask.measure is None
        else f"the {ask.header.split(' ', 1)[0]} of “{ask.measure.name}”"
    )


def _ranked(
    ask: Ask,
    question: str,
    columns: list[str],
    rows: list[list[str]],
    how: str,
    reply: Reply,
    measures: list[str],
) -> Result:
    n = ask.words.n or (1 if _single(ask.words) else SHOWN)
    shown = rows[: max(n, 1)]
    tie = len(rows) > n and len(shown) == n and rows[n][1] == rows[n - 1][1] and len(columns) == 2
    notes = [*_notes(ask, reply)]
    if tie:
        notes.append(f"“{rows[n][0]}” has the same value as the last one shown.")
    if len(shown) < (ask.words.n or 0):
        notes.append(f"There are only {len(shown)}.")
    lead = _rank_lead(ask, shown, measures)
    return Result(question, lead, columns, shown, how, tuple(notes), tuple(row[0] for row in shown))


def _single(said: Words) -> bool:
    return said.n == 1


def _rank_lead(ask: Ask, rows: Sequence[list[str]], measures: Sequence[str]) -> str:
    if not rows:
        return "No row fits the question."
    label = measures[0] if measures else ask.header
    unit = " changes" if label == "changes" else ""
    parts = [
        f"**{row[0]}** ({markdown.shown(row[1])}{unit})" for row in rows[: max(ask.words.n or 0, 5)]
    ]
    if ask.words.change and label in ("changes", *[c.name for c in ask.table.columns if c.delta]):
        start = _what(ask, len(parts))
    else:
        kind = "Lowest" if ask.words.low else "Highest"
        start = (
            f"{kind} {label}"
            if label != "count"
            else ("Least frequent" if ask.words.low else "Most frequent")
        )
    return sentence(f"{start}: {spoken(parts)}")


def _group(desk: Desk, ask: Ask, question: str) -> Work:
    groups: list[Any] = list(ask.groups)
    if not groups and ask.entity is not None:
        groups = [ask.entity.name]
    if not groups:
        return (yield from _total(desk, ask, question))
    timed = any(isinstance(g, dict) for g in groups)
    ranked = not timed and len(groups) == 1
    args = {
        **ask.table.source, "group_by": groups, "measures": [_measured(ask)], "where": list(ask.where),
        "limit": 100,
    }  # fmt: skip
    if ranked:
        args["sort"] = [{"column": ask.header, "descending": not ask.words.low}]
    else:
        args["sort"] = [{"column": _header(g), "descending": False} for g in groups]
    (reply,) = yield [Call("query_table", args)]
    if not reply.data or not reply.data["rows"]:
        return None
    columns, rows = reply.data["columns"], reply.data["rows"]
    names = spoken(f"“{_header(g)}”" for g in groups)
    how = f"Computed {_measure_said(ask)} by {names} in {ask.table.where}{_conditions(ask)}."
    n = ask.words.n if ranked else None
    shown = rows[: n or 40]
    notes = _notes(ask, reply)
    if len(shown) < len(rows):
        notes.append(f"{len(shown)} of {reply.data['found']} rows are shown.")
    return Result(
        question,
        _group_lead(ask, groups, rows, columns),
        columns,
        shown,
        how,
        tuple(notes),
        tuple(r[0] for r in shown),
    )


def _header(group: Any) -> str:
    return group if isinstance(group, str) else f"{group['column']} ({group['by']})"


def _group_lead(ask: Ask, groups: list[Any], rows: list[list[str]], columns: list[str]) -> str:
    filled = [row for row in rows if markdown.decimal(row[-1]) is not None]
    if not filled:
        return f"There is no {columns[-1]} to show."
    high = max(filled, key=lambda r: markdown.decimal(r[-1]) or 0)
    low = min(filled, key=lambda r: markdown.decimal(r[-1]) or 0)
    label = columns[-1]
    names = f"{label[0].upper()}{label[1:]} by {spoken(_header(g) for g in groups)}"
    if len(filled) == 1:
        return sentence(f"{names}: **{_key(high)}** has {markdown.shown(high[-1])}")
    if len(groups) == 1 and len(filled) <= 4 and not isinstance(groups[0], dict):
        return sentence(
            f"{names}: {spoken(f'**{_key(r)}** {markdown.shown(r[-1])}' for r in filled)}"
        )
    return sentence(
        f"{names}: highest **{_key(high)}** with {markdown.shown(high[-1])}, lowest **{_key(low)}** with {markdown.shown(low[-1])}"
    )


def _key(row: Sequence[str]) -> str:
    return ", ".join(row[:-1])


def _total(desk: Desk, ask: Ask, question: str) -> Work:
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
    lead = f"{label}{_conditions(ask)}: **{markdown.shown(value)}**{f' {ask.measure.unit}' if ask.measure and ask.measure.unit else ''}."
    how = f"Computed over {ask.table.where}{_conditions(ask)}, {ask.table.rows} rows in all."
    return Result(
        question, lead, reply.data["columns"], reply.data["rows"], how, tuple(_notes(ask, reply))
    )


def _rows(desk: Desk, ask: Ask, question: str) -> Work:
    """The single rows with the highest or lowest value."""
    if ask.measure is None:
        return (yield from _total(desk, ask, question))
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
    lead = sentence(
        f"The {kind} {ask.measure.name} is **{first[-1]}** ({', '.join(x for x in first[:-1] if x)})"
    )
    how = f"Sorted {ask.table.where}{_conditions(ask)} by “{ask.measure.name}”, the {kind} first."
    return Result(
        question, lead, reply.data["columns"], reply.data["rows"], how, tuple(_notes(ask, reply))
    )


def _overview(desk: Desk, ask: Ask, question: str) -> Work:
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
    tops = [
        f"{second['as'][0].upper()}{second['as'][1:]} by {label.name}: "
        + spoken(f"**{r[0]}** {markdown.shown(r[-1])}" for r in reply.data["rows"][:3])
        + "."
        for label, reply in zip(labels, replies[1:], strict=True)
        if reply.data and reply.data["rows"]
    ]
    how = f"Computed over all rows of {table.where}{_conditions(ask)}."
    return Result(
        question,
        " ".join([lead, *tops]),
        ["what", "value"],
        rows,
        how,
        tuple(_notes(ask, replies[0])),
    )


def _voices(desk: Desk, ask: Ask, question: str, topic: str, column: Column) -> Work:
    """What people write in a column of free text, by the words that come back."""
    (reply,) = yield [
        Call(
            "query_table",
            {**ask.table.source, "columns": [column.name], "where": list(ask.where), "limit": 500},
        )
    ]
    said = [row[0] for row in (reply.data or {}).get("rows") or [] if row[0]]
    themes = voices.themes(said, topic)
    if not themes:
        return None
    rows = [[t.name, str(t.count), t.example] for t in themes[: ask.words.n or 6]]
    lead = sentence(f"Most often in {topic}s: {spoken(f'**{r[0]}** ({r[1]})' for r in rows[:3])}")
    how = f"Counted in {len(said)} cells of “{column.name}” in {ask.table.where}{_conditions(ask)}: those that read like a {topic}, by the words they share."
    return Result(question, lead, [topic, "cells", "example"], rows, how, tuple(_notes(ask, reply)))


# Words about the work


def _conditions(ask: Ask) -> str:
    if not ask.where:
        return ""
    said = (
        f"{w['column']} {w['op']} {spoken(w['value'], 'or') if isinstance(w['value'], list) else w['value']}"
        for w in ask.where
    )
    return f" where {spoken(said)}"


def _notes(ask: Ask, reply: Reply) -> list[str]:
    found = [*ask.assumed]
    found += [n for n in (reply.data or {}).get("notes") or [] if not n.startswith("This is “")]
    if ask.entity is not None and ask.entity.missing:
        found.append(f"{ask.entity.missing} row(s) without “{ask.entity.name}” stand as (blank).")
    return list(dict.fromkeys(found))


def _focus(wishes: str) -> str:
    """What a person's guidance adds to the question: `only EU`, `top 5`, `by percent`."""
    found = re.findall(
        r"(?:focus on|only|just|limit to|for|by|top|in|where|exclude)\s[^.;\n]+",
        wishes,
        re.IGNORECASE,
    )
    return " ".join(found)[:300]


def _extras(desk: Desk, results: Sequence[Result]) -> Generator[Calls, list[Reply], str]:
    """A chart, or a file, when they were asked for and can be made."""
    said = " ".join([str(desk.data.get("task", {}).get("instructions")), *_wanted(desk)])
    calls: Calls = []
    if desk.has("chart") and re.search(
        r"\b(?:chart|graph|plot|histogram|diagram)", said, re.IGNORECASE
    ):
        calls += _charts(results, said)
    if desk.has("write_file"):
        calls += _files(results, said)
    if not calls:
        return ""
    replies = yield calls
    made = [r for r in replies if not r.failed]
    failed = [r.text for r in replies if r.failed]
    return "\n\n".join([*(_shown_file(r) for r in made), *failed])


def _wanted(desk: Desk) -> list[str]:
    return [str(r.get("text")) for r in desk.data.get("requirements") or []]


def _shown_file(reply: Reply) -> str:
    data = reply.data if isinstance(reply.data, dict) else {}
    if "png" in data:
        return f"![{data.get('alt', 'Chart')}]({data['png']})"
    return f"The result is in the file {data.get('name', '')}."


def _charts(results: Sequence[Result], said: str) -> Calls:
    calls: Calls = []
    for number, result in enumerate(results, 1):
        if len(result.rows) < 2 or markdown.decimal(result.rows[0][-1]) is None:
            continue
        at = 3 if result.columns[3:4] == ["difference"] else len(result.columns) - 1
        rows = [
            {
                result.columns[0]: " · ".join(row[:at])
                if at > 1 and result.columns[3:4] != ["difference"]
                else row[0],
                result.columns[at]: float(row[at]),
            }
            for row in result.rows[:20]
            if markdown.decimal(row[at]) is not None
        ]
        kind = (
            "pie"
            if "pie" in said.lower() and all(r[result.columns[at]] > 0 for r in rows)
            else "line"
            if "line" in said.lower() or "(month)" in result.columns[0]
            else "bar"
        )
        calls.append(
            Call(
                "chart",
                {
                    "kind": kind,
                    "x": result.columns[0],
                    "y": [result.columns[at]],
                    "title": _chart_title(result),
                    "file": f"chart{number if number > 1 else ''}",
                    "rows": rows,
                },
            )
        )
    return calls[:3]


def _chart_title(result: Result) -> str:
    title = result.question.removeprefix("Answer: ").strip(" .?!")
    return (title[:1].upper() + title[1:])[:120] or "Chart"


def _files(results: Sequence[Result], said: str) -> Calls:
    if re.search(r"\bjson\b", said, re.IGNORECASE):
        return [Call("write_file", {"name": "result.json", "text": as_json(results)})]
    if (re.search(r"\bcsv\b", said, re.IGNORECASE) and "result.csv" in said) or re.search(
        r"as a csv", said, re.IGNORECASE
    ):
        first = results[0]
        lines = [first.columns, *first.rows]
        return [
            Call(
                "write_file",
                {
                    "name": "result.csv",
                    "text": "\n".join(",".join(map(_quoted, line)) for line in lines) + "\n",
                },
            )
        ]
    return []


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if re.search(r'[",\n]', cell) else cell


def as_json(results: Sequence[Result]) -> str:
    """The results as JSON: exact numbers stay the texts that they are."""
    body = [
        {
            "question": r.question,
            "rows": [dict(zip(r.columns, row, strict=False)) for row in r.rows],
            "how": r.how,
        }
        for r in results
    ]
    return json.dumps(body if len(body) > 1 else body[0], ensure_ascii=False, indent=2)


def _no_tables(desk: Desk) -> str:
    names = spoken(f"“{a['name']}”" for a in sources.attachments(desk.data))
    if names:
        return f"No table could be read in {names}, so nothing was computed. Attach the data as csv or xlsx."
    return "No table is attached, so nothing was computed. Attach the data as csv or xlsx."


def _unanswered(questions: Sequence[str], tables: Sequence[Table]) -> str:
    known = "; ".join(f"{t.where}: {spoken(c.name for c in t.columns[:12])}" for t in tables)
    asked = spoken(f"“{q}”" for q in questions)
    return f"The tables do not answer {asked}. They hold {known}. Which of these columns is meant?"


def mentioned(text: str, wanted: Iterable[str]) -> bool:
    """True when a text has all of these stems."""
    return set(wanted) <= set(keywords(text)) | set(words(text))
