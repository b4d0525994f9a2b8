"""Two tables that are needed together: which columns agree, and the joined table."""

import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from graphs.models.offline.asked import Words
from graphs.models.offline.columns import Column, Table, described, near
from graphs.models.offline.language import words
from graphs.models.offline.steps import Call, Desk, Reply

PLAIN = 0.8
"""How well a word must name a column for the column to be needed."""
_JOIN = re.compile(
    r"\b(?:join|merge|combine|match(?: up)?|link|connect)(?:ed|ing)?\b\s+(?P<what>.+?)"
    r"(?:\s+(?:by|on|using|via|through)\s+(?:the\s+)?(?P<key>[\w ]+?))?"
    r"(?=\s+and\s+(?:sum|count|show|give|list|total|then|add|compute|calculate|average|find|tell|"
    r"group|rank)\b|\s*[,;.]\s|\s*[.;]?$)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Pair:
    """Two tables and the columns in which they agree; `left` has the rows that are kept."""

    left: Table
    right: Table
    ours: Column
    theirs: Column


def wanted(question: str) -> bool:
    """True when a question says that tables are to be put together."""
    return bool(_JOIN.search(question))


def only(question: str) -> bool:
    """True when a question says how tables are put together, and nothing more."""
    return wanted(question) and not rest(question.strip(" .?!"))


def rest(question: str) -> str:
    """The question without the words that only say how tables are put together."""
    return re.sub(r"^\W*(?:and|then)\b\s*", "", _JOIN.sub("", question)).strip()


def pair(said: Words, goal: str, tables: Sequence[Table]) -> Pair | None:
    """The two tables that a question needs together; None when one is enough or none agree.

    What the goal says of joining holds for all of its questions.
    """
    match = _JOIN.search(said.text) or _JOIN.search(goal)
    if match:
        named_ = [t for t in tables if _called(t, match["what"])]
        pool = named_ if len(named_) > 1 else list(tables)
        return _best(pool, words(match["key"] or ""))
    needed = _needed(said, tables)
    return _best(needed, []) if len(needed) == 2 else None


def _called(table: Table, text: str) -> bool:
    stem = table.file.rsplit(".", 1)[0].casefold()
    said = text.casefold()
    return stem in said or bool(table.sheet and table.sheet.casefold() in said)


def _needed(said: Words, tables: Sequence[Table]) -> list[Table]:
    """The table that has most of what the words name, and one that has something it lacks."""
    terms = list(dict.fromkeys([*said.said, *(w for term in said.by for w in term.split())]))
    has = [{w for w in terms if any(near(w, c) >= PLAIN for c in t.columns)} for t in tables]
    if len(tables) < 2 or not any(has):
        return []
    first = max(range(len(tables)), key=lambda i: (len(has[i]), bool(tables[i].numbers())))
    others = [i for i in range(len(tables)) if i != first and has[i] - has[first]]
    if not others or not has[first] - has[others[0]]:
        return []
    return [tables[first], tables[others[0]]]


def _best(tables: Sequence[Table], keys: Sequence[str]) -> Pair | None:
    """The pair whose columns agree best; the longer table is kept whole."""
    found = [
        (score, p)
        for a in tables
        for b in tables
        if a is not b and a.rows >= b.rows
        for score, p in _agreeing(a, b, keys)
    ]
    return max(found, key=lambda pair: pair[0])[1] if found else None


def _agreeing(left: Table, right: Table, keys: Sequence[str]) -> list[tuple[float, Pair]]:
    pairs = [
        (_agree(ours, theirs, right, keys), Pair(left, right, ours, theirs))
        for ours in left.columns
        for theirs in right.columns
        if ours.type == theirs.type and not ours.prose
    ]
    return [(score, p) for score, p in pairs if score >= 1]


def _agree(ours: Column, theirs: Column, right: Table, keys: Sequence[str]) -> float:
    """How well two columns suit as a key: the same name, and each value once on the right."""
    once = theirs.distinct >= right.rows - theirs.missing
    same = _loose(ours) == _loose(theirs)
    owned = _loose(ours) == f"{_thing(right)}{_loose(theirs)}"
    asked = bool(keys) and any(near(k, ours) >= 0.9 and near(k, theirs) >= 0.9 for k in keys)
    return 2.0 * asked + 1.0 * (same or owned) + 0.5 * once + 0.1 * (ours.identity or ours.text)


def _loose(column: Column) -> str:
    return re.sub(r"[\W_]+", "", column.name.casefold())


def _thing(table: Table) -> str:
    """What a row of the table is called: `customers.csv` holds a customer."""
    name = (table.sheet or table.file.rsplit(".", 1)[0]).casefold()
    return re.sub(r"[\W_]+", "", name).removesuffix("s")


def joined(desk: Desk, two: Pair) -> Generator[list[Call], list[Reply], tuple[Table | None, str]]:
    """The joined table with every row of the left one, and what to know about it.

    No table when it cannot be made.
    """
    left, right = two.left, two.right
    args = {
        "left": left.file, "right": right.file, "how": "left", "file": "joined.csv",
        "on": [{"left": two.ours.name, "right": two.theirs.name}],
        **({"left_sheet": left.sheet} if left.sheet else {}),
        **({"right_sheet": right.sheet} if right.sheet else {}),
    }  # fmt: skip
    (made,) = yield [Call("join_tables", args)]
    if made.failed or not made.data:
        return None, ""
    (seen,) = yield [Call("describe_table", {"name": made.data["file"]})]
    if seen.failed or not seen.data:
        return None, ""
    notes = re.findall(r"^Note: (.+)$", made.text, re.MULTILINE)
    return described(made.data["file"], seen.data, None), " ".join([_told(two), *notes])


def _told(two: Pair) -> str:
    """How the tables were put together, in one sentence."""
    keys = f"“{two.ours.name}”"
    if two.theirs.name != two.ours.name:
        keys += f" = “{two.theirs.name}”"
    return f"{two.left.where} and {two.right.where} were joined by {keys}."
