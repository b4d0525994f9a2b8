"""The analyst: looks at the tables, computes what is asked, shows it with how it was done."""

import re
from collections.abc import Generator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from graphs.models.offline import joining, narrowing, sources, voices
from graphs.models.offline.asked import CONTEXT, Words, understand
from graphs.models.offline.asking import asked, column_said
from graphs.models.offline.changes import by_change
from graphs.models.offline.columns import Table, described
from graphs.models.offline.extras import extras
from graphs.models.offline.language import spoken
from graphs.models.offline.questions import Ask, choose, glances, names_sheet, shaped
from graphs.models.offline.ranking import (
    at_a_glance,
    by_date,
    by_days,
    by_group,
    by_list,
    by_rank,
    by_row,
    by_theme,
    in_total,
)
from graphs.models.offline.shape import listed
from graphs.models.offline.spans import day_of
from graphs.models.offline.steering import steer
from graphs.models.offline.steps import Call, Desk, Reply, Script
from graphs.models.offline.telling import Calls, Result, Work

MAX_FILES = 6


MAX_SHEETS = 6


KNOWN_VALUES = 60
"""A text column with at most so many values is looked through for conditions."""


VALUE_COLUMNS = 6


MENTIONS = 6
"""Text columns that are searched for what the rows are to be about."""


def analyse(desk: Desk, questions: Sequence[str], wishes: str = "") -> Script:
    """Answer each question from the tables. `wishes` are guidance and feedback in words."""
    tables = yield from look(desk)
    if not tables:
        return _no_tables(desk)
    results: list[Result] = []
    for question in questions:
        results += yield from _answers(desk, question, wishes, tables)
    if not results:
        return _unanswered(questions, tables)
    text = "\n\n".join(r.text() for r in results)
    extra = yield from extras(desk, results)
    return "\n\n".join(part for part in (text, extra) if part)


def _answers(
    desk: Desk, question: str, wishes: str, tables: Sequence[Table]
) -> Generator[Calls, list[Reply], list[Result]]:
    """The results of one question: one table each when it asks only what there is."""
    wish = steer(wishes)
    main, lean, before = wish.turned(question).partition(CONTEXT)
    focus = _focus(narrowing.without(wish.rest))
    said = understand(f"{main} {focus}".strip() + lean + before)
    said = replace(said, also=wish.also)
    question = main
    one = said.fn or said.best or said.n or names_sheet(question)
    glance = glances(question) and not one
    about = tables if glance and len(tables) > 1 else [None]
    results: list[Result] = []
    for table in about:
        chosen = [table] if table else tables
        result = yield from answer(desk, said, question, chosen, wish.rest)
        if result is not None:
            results.append(result)
    return results


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
        for sheet in listed(data, "sheets")[:MAX_SHEETS]
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


def answer(
    desk: Desk, said: Words, question: str, tables: Sequence[Table], wishes: str = ""
) -> Work:
    """The result of one question on the rows that wishes leave; None when no table answers it."""
    table, said, note = yield from _table(desk, said, tables)
    if table is None:
        return None
    values = yield from _values(desk, said, table)
    ask = shaped(said, table, values, _today(desk))
    ask = narrowing.narrowed(ask, wishes, table, values, _today(desk))
    if (topic := voices.topic(question)) and (column := voices.column(table)):
        return (yield from by_theme(desk, ask, question, topic, column))
    ask = _there(desk, ask)
    ask = yield from _mentioned(desk, ask)
    ask = yield from _grouped(desk, ask)
    work = {
        "change": by_change, "rank": by_rank, "group": by_group, "total": in_total, "rows": by_row,
        "list": by_list, "days": by_days, "dated": by_date, "overview": at_a_glance,
    }[ask.mode]  # fmt: skip
    result = yield from work(desk, ask, question)
    if result is None:
        return None
    lead = f"{ask.caveat} {result.lead}".strip()
    return replace(result, lead=lead, notes=(*([note] if note else []), *result.notes))


def _table(
    desk: Desk, said: Words, tables: Sequence[Table]
) -> Generator[Calls, list[Reply], tuple[Table | None, Words, str]]:
    """The table that the question is about; two are joined when it needs both."""
    goal = str(desk.data.get("goal") or "")
    two = joining.pair(said, goal, tables) if desk.has("join_tables") else None
    if two is None:
        return choose(said, tables), said, ""
    table, note = yield from joining.joined(desk, two)
    if table is None:
        return choose(said, tables), said, ""
    rest = joining.rest(said.text)
    return table, understand(rest) if rest != said.text and rest else said, note


def conditions(
    desk: Desk, said: Words, table: Table
) -> Generator[Calls, list[Reply], tuple[dict[str, Any], ...]]:
    """What narrows a question down, as conditions on the rows of one table."""
    values = yield from _values(desk, said, table)
    return shaped(said, table, values, _today(desk)).where


def _today(desk: Desk) -> date:
    """The day that the mission counts from; without one, no time is taken as relative."""
    return day_of(str(desk.data.get("now") or "")) or date.max.replace(year=9000)


def _there(desk: Desk, ask: Ask) -> Ask:
    """`there` is what the task before found: only the rows of that."""
    if not sources.leans(ask.words.text):
        return ask
    known = {c.name for c in ask.table.columns}
    for column, names in reversed(sources.answers(desk.data)):
        if column in known and column not in ask.groups and len(names) <= sources.MAX_NAMES:
            one = len(names) == 1
            where = {"column": column, "op": "=" if one else "in"}
            value = names[0] if one else names
            return replace(ask, where=(*ask.where, {**where, "value": value}))
    return ask


_ABOUT = re.compile(
    r"\b(?:about|containing|contains?|mention(?:s|ing)?|related to|regarding|concerning|with the "
    r"word)\s+(?:the\s+)?[“\"']?(?P<what>[\w/.-]{3,})",
    re.IGNORECASE,
)


def _mentioned(desk: Desk, ask: Ask) -> Generator[Calls, list[Reply], Ask]:
    """`about webhooks`: the rows in which some text says so."""
    found = _ABOUT.search(ask.words.text)
    texts = [c for c in ask.table.columns if c.text][:MENTIONS]
    if found is None or ask.where or not texts or not desk.has("query_table"):
        return ask
    word = found["what"].rstrip("s.")
    wheres = [{"column": c.name, "op": "contains", "value": word} for c in texts]
    replies = yield [
        Call("query_table", {**ask.table.source, "measures": [{"fn": "count"}], "where": [w]})
        for w in wheres
    ]
    counts = [int(r.data["rows"][0][0]) if r.data and r.data["rows"] else 0 for r in replies]
    if not any(counts):
        return ask
    where = wheres[counts.index(max(counts))]
    mode = "list" if ask.mode == "overview" else ask.mode
    return replace(ask, where=(where,), mode=mode)


def _grouped(desk: Desk, ask: Ask) -> Generator[Calls, list[Reply], Ask]:
    """A word after `by` or `per` that names no column: a person may say which one it is."""
    if not ask.unknown or ask.groups or ask.mode not in ("total", "group", "rank"):
        return ask
    term = ask.unknown[0]
    missing = replace(ask, caveat=f"No column is called “{term}”.")
    names = [c.name for c in ask.table.columns if not c.prose and (c.text or c.identity)][:4]
    if not names or not desk.has("ask_person"):
        return missing
    said = yield from asked(
        desk,
        f"No column of {ask.table.where} is called “{term}”. Which one is meant?",
        [*names, NONE],
        NONE,
    )
    column = None if said == NONE else column_said(said, ask.table.columns)
    if column is None:
        return missing
    note = f"“{column.name}” was taken for “{term}”."
    return replace(ask, mode="group", groups=(column.name,), assumed=(*ask.assumed, note))


NONE = "None of them: give the total"


def _values(
    desk: Desk, said: Words, table: Table
) -> Generator[Calls, list[Reply], dict[str, list[str]]]:
    """The values of columns that words of the question may name."""
    columns = [
        c for c in table.columns if c.text and not c.prose and 1 < c.distinct <= KNOWN_VALUES
    ]
    columns = columns[:VALUE_COLUMNS]
    if not columns or not said.said or not desk.has("query_table"):
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


def _focus(wishes: str) -> str:
    """What a person's guidance adds to the question: `only EU`, `top 5`, `by percent`."""
    found = re.findall(
        r"(?:focus on|only|just|limit to|for|by|top|in|where|exclude)\s[^.;\n]+",
        wishes,
        re.IGNORECASE,
    )
    return " ".join(found)[:300]


def _no_tables(desk: Desk) -> str:
    names = spoken(f"“{a['name']}”" for a in sources.attachments(desk.data))
    if names:
        return (
            f"No table could be read in {names}, so nothing was computed. Attach the "
            f"data as csv or xlsx."
        )
    return "No table is attached, so nothing was computed. Attach the data as csv or xlsx."


def _unanswered(questions: Sequence[str], tables: Sequence[Table]) -> str:
    known = "; ".join(f"{t.where}: {spoken(c.name for c in t.columns[:12])}" for t in tables)
    asked = spoken(f"“{q}”" for q in questions)
    return f"The tables do not answer {asked}. They hold {known}. Which of these columns is meant?"
