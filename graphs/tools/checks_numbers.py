"""Do the numbers of a text equal the computed ones?

A wrong alarm sends good work back, so a number is held against a fact only where the text
leaves no doubt that it speaks of that fact: a table's row and header, or a sentence in which
the number stands beside the measure's own words and nothing narrows it down ("in June",
"per day", "failed requests"). Whatever equals any fact of the same thing is right.
"""

import re
from collections.abc import Iterable, Iterator

from bot.domain.work import Fact
from graphs.tools.checks_base import Check
from graphs.tools.checks_prose import in_sentence
from graphs.tools.checks_tables import TextTable, in_table
from graphs.tools.checks_words import FactBook, Finding
from graphs.tools.tables_read import markdown, spoken

MAX_REPORTED = 10

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[^\W\d_a-z]|[/“\"'(])")


def numbers_agree(facts: Iterable[Fact], text: str) -> Check:
    """Met when no number in the text contradicts the computed one it speaks of."""
    known = FactBook(facts)
    found = list(_findings(known, text))
    wrong = list(dict.fromkeys(f.problem for f in found if f.problem))
    if wrong:
        more = f" and {len(wrong) - MAX_REPORTED} more" if len(wrong) > MAX_REPORTED else ""
        first = next(f for f in found if f.problem)
        return Check(False, first.quote, f"Numbers differ from the computed ones. "
                     f"{'; '.join(wrong[:MAX_REPORTED])}{more}.")  # fmt: skip
    return Check(True, found[0].quote if found else "", "")


def _findings(known: FactBook, text: str) -> Iterator[Finding]:
    for block in _blocks(text):
        if isinstance(block, TextTable):
            yield from in_table(known, block)
        else:
            sentence, around = block
            yield from in_sentence(known, sentence, around)


def _blocks(text: str) -> Iterator[TextTable | tuple[str, str]]:
    """Tables, and sentences with the heading that they stand under, in order."""
    lines = text.splitlines()
    heading = before = section = ""
    in_heading = in_table = False
    rows: list[list[str]] = []
    raw: list[str] = []
    for token in markdown(text):
        if token.type in ("heading_open", "heading_close"):
            in_heading = token.type == "heading_open"
        elif token.type == "table_open":
            in_table, rows, raw = True, [], []
        elif token.type == "table_close":
            in_table = False
            if len(rows) > 1:
                yield TextTable(rows[0], rows[1:], raw[1:], f"{heading}\n{before}", section)
        elif token.type == "tr_open":
            rows.append([])
            raw.append(lines[token.map[0]].strip() if token.map else "")
        elif token.type == "inline" and in_table:
            rows[-1].append(spoken(token))
        elif token.type == "inline" and in_heading:
            heading, before = spoken(token), ""
            section += f"\n{heading}"
        elif token.type == "inline":
            for before in _SENTENCE_END.split(spoken(token)):
                section += f"\n{before}"
                yield before, heading
