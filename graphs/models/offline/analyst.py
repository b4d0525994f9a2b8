"""The analyst: looks at the tables, computes what is asked, shows it with how it was done."""

import re
from collections.abc import Generator, Sequence

from graphs.models.offline import sources, voices
from graphs.models.offline.asked import Words, understand
from graphs.models.offline.changes import by_change
from graphs.models.offline.columns import Table, described
from graphs.models.offline.extras import extras
from graphs.models.offline.language import spoken
from graphs.models.offline.questions import choose, shaped
from graphs.models.offline.ranking import at_a_glance, by_group, by_rank, by_row, by_theme, in_total
from graphs.models.offline.shape import listed
from graphs.models.offline.steps import Call, Desk, Reply, Script
from graphs.models.offline.telling import Calls, Result, Work

MAX_FILES = 6


MAX_SHEETS = 6


KNOWN_VALUES = 60
"""A text column with at most so many values is looked through for conditions."""


VALUE_COLUMNS = 6


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
    extra = yield from extras(desk, results)
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


def answer(desk: Desk, asked: Words, question: str, tables: Sequence[Table]) -> Work:
    """The result of one question, or None when no table answers it."""
    table = choose(asked, tables)
    if table is None:
        return None
    values = yield from _values(desk, asked, table)
    ask = shaped(asked, table, values)
    if (topic := voices.topic(question)) and (column := voices.column(table)):
        return (yield from by_theme(desk, ask, question, topic, column))
    work = {
        "change": by_change, "rank": by_rank, "group": by_group, "total": in_total, "rows": by_row,
        "overview": at_a_glance,
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
