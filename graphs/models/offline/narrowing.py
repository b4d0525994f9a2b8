"""Words after a first result that narrow its rows: only EU, since March, without returns."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from graphs.models.offline.asked import understand
from graphs.models.offline.columns import Table
from graphs.models.offline.conditions import filters
from graphs.models.offline.gloss import in_english
from graphs.models.offline.language import spoken
from graphs.models.offline.questions import Ask

_WORDS: tuple[tuple[str, str, str], ...] = (
    (
        "English",
        "only|limit(?:ed)? (?:it |this )?to|where|since|between|after|before|until|from",
        "exclud(?:e|ing)|without|except(?: for)?|leave out|ignore|but not",
    ),
    ("German", "nur|ausschließlich|seit|zwischen|ab|bis|vor", "ohne|außer|ausgenommen"),
    ("French", "seulement|uniquement|depuis|entre|avant|après", "sans|sauf|hormis"),
    ("Spanish", "solo|sólo|solamente|únicamente|desde|entre|antes de", "sin|excepto|salvo"),
)
"""For each language: words before what is kept, and before what goes."""
_SURE = re.compile(
    r"only|limit|where|since|between|exclud|nur|ausschließlich|seit|zwischen|seulement|uniquement|"
    r"depuis|s[oó]lo|solamente|únicamente|desde",
    re.IGNORECASE,
)
"""Words that can hardly mean anything else: when they have no effect, that is said."""
_END = (
    r"(?=,?\s+(?:and|but|und|aber|et|mais|y|pero)\s+(?:please|make|show|add|rank)|"
    r"[;\n]|\.(?:\s|$)|$)"
)


@dataclass(frozen=True)
class Clause:
    """A piece of guidance: `text` in the rules' English, `said` as it was written."""

    said: str
    text: str
    out: bool

    @property
    def sure(self) -> bool:
        return bool(_SURE.match(self.said))


def clauses(wishes: str) -> list[Clause]:
    """The pieces of guidance that name rows to keep, or rows to leave out."""
    return [clause for line in wishes.splitlines() for clause in _of(line)]


def _of(line: str) -> Iterator[Clause]:
    """The clauses of the first language whose words stand in a line."""
    for language, kept, out in _WORDS:
        found = re.search(rf"\b(?:{kept}|{out})\b.+?{_END}", line, re.IGNORECASE)
        if found is None:
            continue
        cut = re.search(rf"(?<!^)\b(?:{out})\b.+", found[0], re.IGNORECASE)
        pieces = [found[0][: cut.start()], cut[0]] if cut else [found[0]]
        for piece in filter(None, (p.strip(" ,.") for p in pieces)):
            gone = bool(re.match(out, piece, re.IGNORECASE))
            yield Clause(piece, in_english(piece, language), gone)
        return


def without(wishes: str) -> str:
    """Guidance without what leaves rows out: such words would be taken for rows to keep."""
    for clause in clauses(wishes):
        if clause.out:
            wishes = wishes.replace(clause.said, " ")
    return wishes


def narrowed(ask: Ask, wishes: str, table: Table, values: dict[str, list[str]], today: date) -> Ask:
    """The question on the rows that guidance leaves; what could not be heeded is its caveat.

    What the question itself leaves out (`excluding returns`) is left out as well.
    """
    unheard: list[str] = []
    own = [clause for clause in clauses(ask.words.text) if clause.out]
    for clause in [*(c for c in own if c.said not in wishes), *clauses(wishes)]:
        wheres = _conditions(clause, table, values, today)
        if wheres:
            ask = replace(ask, where=_merged(ask.where, wheres))
        elif clause.sure and not _says_more(clause):
            unheard.append(clause.said)
    if not unheard:
        return ask
    names = spoken(f"“{said}”" for said in dict.fromkeys(unheard))
    caveat = f"{names} could not be applied: no column or value of {table.where} fits."
    return replace(ask, caveat=f"{ask.caveat} {caveat}".strip())


def _says_more(clause: Clause) -> bool:
    """`Only the top five` says how many, `only by month` how it is grouped, `only once` neither."""
    said = understand(clause.text)
    return bool(_WORDING.search(clause.text)) or bool(
        said.n or said.by or said.time or said.best or said.fn
    )


_WORDING = re.compile(
    r"\b(?:once|if|mention|say|sentences?|words?|lines?|paragraphs?|title|end|beginning|summary|"
    r"tables?|charts?|bullets?|numbers?|results?|draft|text)\b",
    re.IGNORECASE,
)


def _conditions(
    clause: Clause, table: Table, values: dict[str, list[str]], today: date
) -> list[dict[str, Any]]:
    found = filters(understand(clause.text), table, values, today).where
    if not clause.out:
        return found
    turned = {"=": "!=", "in": "not in", ">": "<=", ">=": "<", "<": ">=", "<=": ">"}
    # Both ends of a span cannot be turned one by one.
    spans = [w["column"] for w in found if w["op"] in ("<=", ">=")]
    return [
        {**w, "op": turned[w["op"]]}
        for w in found
        if w["op"] in turned and spans.count(w["column"]) < 2
    ]


def _merged(
    before: Sequence[dict[str, Any]], wheres: Sequence[dict[str, Any]]
) -> tuple[dict[str, Any], ...]:
    """What guidance says of a column counts instead of what the question said of it."""
    new = {w["column"] for w in wheres}
    return (*(w for w in before if w["column"] not in new), *wheres)
