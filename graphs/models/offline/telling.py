"""How a computed result is told: the sentence that answers, the table, how it was done."""

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any

from graphs.models.offline import markdown
from graphs.models.offline.asked import Words, subjects
from graphs.models.offline.columns import near
from graphs.models.offline.language import sentence, spoken
from graphs.models.offline.questions import Ask
from graphs.models.offline.shape import listed
from graphs.models.offline.steps import Call, Reply

SHOWN = 10
"""Rows of an answer when the question names no number."""


MOST_SAID = 5
"""Names in the sentence that answers, when the question names no number."""


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
    series: tuple[list[str], ...] = ()
    """All rows, for a chart, when only some are shown."""
    keys: int = 0
    """How many cells name a row; 0 for all before the last."""

    def text(self, *, table: bool = True) -> str:
        """As Markdown: the answer, the table, how it was computed."""
        parts = [self.lead]
        if table and len(self.rows) > 0:
            shown = [[markdown.shown(cell) for cell in row] for row in self.rows]
            parts.append(markdown.table(self.columns, shown))
        parts.append("*" + " ".join([self.how, *self.notes]) + "*")
        return "\n\n".join(parts)


Work = Generator[Calls, list[Reply], Result | None]


def direction_said(said: Words) -> str:
    return {"up": "increases only", "down": "decreases only", "either": "up or down"}[said.sign]


def change_lead(ask: Ask, rows: Sequence[list[str]]) -> str:
    parts = [f"**{row[0]}** ({from_to(row)})" for row in rows[: max(ask.words.n or 0, MOST_SAID)]]
    more = f"; {len(rows) - len(parts)} more in the table" if len(rows) > len(parts) else ""
    return sentence(f"{_what(ask, len(rows))}: {spoken(parts)}{more}")


def from_to(row: Sequence[str]) -> str:
    """`10 → 12, +20 %` of a row: name, before, after, difference, percent."""
    _, before, after, difference, percent = row[:5]
    rise = markdown.shown(percent)
    sign = "" if rise.startswith("-") or not rise else "+"
    moved = f"{markdown.shown(before)} → {markdown.shown(after)}"
    return (
        f"{moved}, {sign}{rise} %" if rise else f"{moved}, difference {markdown.shown(difference)}"
    )


def later_ranks(ask: Ask) -> bool:
    """True for `most in August, compared with July`: August ranks, July only stands beside it."""
    return bool(ask.spans and ask.words.best and not ask.words.change)


def _what(ask: Ask, count: int) -> str:
    """`The three endpoints that changed most`."""
    things = noun(ask, count)
    if ask.spans and later_ranks(ask):
        kind = "lowest" if ask.words.low else "highest"
        return f"The {_number(count)}{things} with the {kind} {ask.header} in {ask.spans[1]}"
    verb = {"up": "rose", "down": "fell", "either": "changed"}[ask.words.sign]
    return f"The {_number(count)}{things} that {verb} most" + (
        " in percent" if ask.words.percent else ""
    )


def _number(count: int) -> str:
    return {1: "", 2: "two ", 3: "three ", 4: "four ", 5: "five "}.get(count, f"{count} ")


def noun(ask: Ask, count: int) -> str:
    """The question's own word for the things that are compared, else the column's name."""
    said = [w for w in ask.words.said if ask.entity and near(w, ask.entity) >= 0.5]
    said = said or subjects(ask.words)[:1]
    name = ask.entity.name if ask.entity else "column"
    word = said[0] if said else re.sub(r"[\W_]+", " ", name).strip().lower()
    return _singular(word) if count == 1 else _plural(word)


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word if word.endswith("ss") else word.removesuffix("s")


def _plural(word: str) -> str:
    if word.endswith("s"):
        return word
    return word[:-1] + "ies" if word.endswith("y") and word[-2:-1] not in "aeiou" else word + "s"


def measure_said(ask: Ask) -> str:
    return (
        "the number of rows"
        if ask.measure is None
        else f"the {ask.header.split(' ', 1)[0]} of “{ask.measure.name}”"
    )


def told_ranking(
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
    notes = [*remarks(ask, reply)]
    more, said = added(ask, rows, shown)
    if tie:
        notes.append(f"“{rows[n][0]}” has the same value as the last one shown.")
    if len(shown) < (ask.words.n or 0):
        notes.append(f"There are only {len(shown)}.")
    lead = _rank_lead(ask, shown, measures)
    every = [*shown, *more]
    notes += said
    return Result(question, lead, columns, every, how, tuple(notes), tuple(row[0] for row in every))


def added(
    ask: Ask, rows: Sequence[list[str]], shown: Sequence[list[str]]
) -> tuple[list[list[str]], list[str]]:
    """The rows that a person wants beside those shown, and what to say of each name."""
    more, notes, there = list[list[str]](), list[str](), {row[0].casefold() for row in shown}
    for name in ask.words.also:
        row = next((r for r in rows if r[0].casefold() == name.casefold()), None)
        if row is None:
            notes.append(f"“{name}” has no row among them.")
        elif name.casefold() not in there:
            more.append(row)
    if more:
        notes.append(f"{ADDED} {spoken(f'“{row[0]}”' for row in more)}.")
    return more, notes


ADDED = "Added as asked:"


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
        start = _ranked(ask, kind, label, len(parts))
    return sentence(f"{start}: {spoken(parts)}")


def _ranked(ask: Ask, kind: str, label: str, count: int) -> str:
    """`The five processes with the highest total mem`, or `Most frequent` when rows are counted."""
    if label == "count":
        return "Least frequent" if ask.words.low else "Most frequent"
    if count == 1 or not ask.words.n or not subjects(ask.words):
        return f"{kind} {label}"
    return f"The {_number(count)}{noun(ask, count)} with the {kind.lower()} {label}"


def header_of(group: Any) -> str:
    return group if isinstance(group, str) else f"{group['column']} ({group['by']})"


def group_lead(ask: Ask, groups: list[Any], rows: list[list[str]], columns: list[str]) -> str:
    filled = [row for row in rows if markdown.decimal(row[-1]) is not None]
    filled = [row for row in filled if "(blank)" not in row[:-1]] or filled
    if not filled:
        return f"There is no {columns[-1]} to show."
    high = max(filled, key=lambda r: markdown.decimal(r[-1]) or 0)
    low = min(filled, key=lambda r: markdown.decimal(r[-1]) or 0)
    label = columns[-1]
    names = f"{label[0].upper()}{label[1:]} by {spoken(header_of(g) for g in groups)}"
    if len(filled) == 1:
        return sentence(f"{names}: **{_key(high)}** has {markdown.shown(high[-1])}")
    if len(groups) == 1 and len(filled) <= 4 and not isinstance(groups[0], dict):
        return sentence(
            f"{names}: {spoken(f'**{_key(r)}** {markdown.shown(r[-1])}' for r in filled)}"
        )
    return sentence(
        f"{names}: highest **{_key(high)}** with {markdown.shown(high[-1])}, lowest "
        f"**{_key(low)}** with {markdown.shown(low[-1])}"
    )


def _key(row: Sequence[str]) -> str:
    return ", ".join(row[:-1])


def conditions_said(ask: Ask) -> str:
    """` where region = EU and status = open`, or nothing."""
    said = [_condition(w) for w in ask.where]
    return f" where {spoken(said)}" if said else ""


def _condition(where: dict[str, Any]) -> str:
    value = where.get("value")
    return f"{where['column']} {where['op']}" + (f" {_value(value)}" if value is not None else "")


def _value(value: Any) -> str:
    return value if isinstance(value, str) else spoken(value, "or")


def remarks(ask: Ask, reply: Reply) -> list[str]:
    found = [*ask.assumed]
    found += [n for n in listed(reply.data, "notes") if not n.startswith("This is “")]
    if ask.entity is not None and ask.entity.missing:
        found.append(f"{ask.entity.missing} row(s) without “{ask.entity.name}” stand as (blank).")
    return list(dict.fromkeys(found))
