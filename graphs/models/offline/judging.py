"""How a demand is held against a text: met with words of the text, or unmet with what to mend."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from graphs.models.offline import demands, formats, markdown
from graphs.models.offline.asked import top
from graphs.models.offline.columns import speaks_of
from graphs.models.offline.language import (
    count_words,
    cut,
    keywords,
    overlap,
    sentences,
    stem,
    words,
)
from graphs.models.offline.periods import MONTHS
from graphs.models.offline.steering import steer
from graphs.models.offline.wants import Want, kind_of

_EVASION = re.compile(
    r"\b(?:i (?:don'?t|do not) know|cannot (?:say|answer|tell)|can'?t (?:say|answer|"
    r"tell)|not sure|unable to|no (?:information|idea)|as an ai|"
    r"nothing was computed|do not answer|to be done|tbd|lorem ipsum)\b",
    re.IGNORECASE,
)
_OPEN = re.compile(
    r"\b(?:no reason is given|none was guessed|nothing was guessed|none were made up|"
    r"reasons stay open|says nothing about|nothing to build on|"
    r"left out, as asked|is not here|asks for nothing|not translated|nothing was "
    r"(?:found|drafted|computed)|could not be read|there are only)\b",
    re.IGNORECASE,
)
_ADVICE = re.compile(
    r"general advice|no knowledge of its own|brackets|not here|asks for nothing", re.IGNORECASE
)
_SOURCE = re.compile(
    (
        r"\bline \d+\b|\bcolumn \w+|https?://|\b[\w -]+\.(?:csv|xlsx|json|md|txt|pdf|"
        r"docx|html)\b|message itself"
    ),
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Text:
    """What is judged: words, names of files, computed facts, and whether sources were read."""

    text: str
    files: tuple[str, ...] = ()
    facts: tuple[dict[str, Any], ...] = ()
    sourced: bool = False
    goal: str = ""


@dataclass(frozen=True)
class Ruling:
    """`evidence` is quoted from the text; `feedback` says what to mend."""

    met: bool
    evidence: str = ""
    feedback: str = ""


def judge(demand: str, quote: str, given: Text) -> Ruling:
    """Hold a demand against the text. `quote` are the mission's words for it, if any."""
    if not given.text.strip():
        return Ruling(False, feedback="The text is empty.")
    if part := formats.scope(demand):
        given = replace(given, text=_part(given.text, part))
    if against := _contradiction(given):
        return Ruling(False, feedback=against)
    if form := formats.told(demand) or formats.one(quote) or formats.one(demand.rstrip(".")):
        return _form(form, given)
    if left := _line(
        given.text,
        lambda line: (
            "left out, as asked" in line.casefold()
            and overlap(keywords(quote or demand), line) > 0.3
        ),
    ):
        return Ruling(True, left)
    wrong = wrong_numbers(given)
    if wrong:
        return Ruling(False, feedback=wrong[0])
    return _content(demand, quote, given)


def _part(text: str, about: str) -> str:
    """The section that a length is for; the whole text when none is about it."""
    found = markdown.sections(text)
    best = max(found, key=lambda s: overlap(keywords(about), s.heading), default=None)
    return best.body if best and overlap(keywords(about), best.heading) >= 0.5 else text


_NOTHING = re.compile(
    r"\b(?:nothing was computed|no table could be read|no table is attached)\b", re.IGNORECASE
)
_UNANSWERED = re.compile(
    r"\bno column of the table answers\b|\bthe tables do not answer\b|"
    r"\bnothing to build on, so nothing was drafted\b|\bleft out to keep it short\b",
    re.IGNORECASE,
)


def _contradiction(given: Text) -> str:
    """What a text says that its own tables and facts deny; empty when it agrees with itself."""
    line = _line(given.text, lambda s: bool(_NOTHING.search(s)))
    if line and (given.facts or markdown.tables(given.text)):
        return f"“{cut(line, 80)}” stands beside numbers that were computed."
    return ""


# Numbers


def wrong_numbers(given: Text) -> list[str]:
    """Numbers in a table that no fact of that row and column has."""
    known: dict[str, list[tuple[str, Decimal]]] = {}
    for fact in given.facts:
        value = markdown.decimal(str(fact.get("value", "")))
        if value is not None:
            label = _name(str(fact.get("label", "")))
            known.setdefault(label, []).append((str(fact.get("measure", "")).casefold(), value))
    return [
        problem
        for table in markdown.tables(given.text)
        for row in table[1:]
        for problem in _mismatches(table[0], row, known)
    ]


def _name(label: str) -> str:
    return " ".join(label.casefold().split())


def _mismatches(
    header: Sequence[str], row: Sequence[str], known: dict[str, list[tuple[str, Decimal]]]
) -> list[str]:
    """What is wrong in one row: its first text cells name the fact, the header the measure."""
    width = next((i for i, cell in enumerate(row) if _number(cell) is not None), len(row))
    label = _name(" · ".join(row[:width]))
    found: list[str] = []
    for name, cell in list(zip(header, row, strict=False))[width:]:
        number = _number(cell)
        values = [v for measure, v in known.get(label, []) if _measures(name, measure)]
        if number is not None and values and not any(_same(number, v) for v in values):
            shown = ", ".join(dict.fromkeys(str(v) for v in values[:4]))
            found.append(
                f"“{cell}” beside “{' · '.join(row[:width])}” is not {shown}, as computed."
            )
    return found


def _number(cell: str) -> Decimal | None:
    return markdown.decimal(cell.translate(_BARE).strip())


_BARE = str.maketrans({"%": None, "−": "-", "+": None, ",": None, "*": None})


def _measures(header: str, measure: str) -> bool:
    """True when a column's name stands in the name of what was computed."""
    return bool(header) and header.casefold() in measure


def _same(said: Decimal, value: Decimal) -> bool:
    """Equal, or the value rounded to the places that are said."""
    exponent = said.as_tuple().exponent
    if said == value or not isinstance(exponent, int):
        return said == value
    return (
        abs(abs(said) - abs(value)) <= Decimal(1).scaleb(exponent) / 2
        if exponent < 0 or value != value.to_integral_value()
        else False
    )


# Form


def _form(form: formats.Form, given: Text) -> Ruling:
    text = given.text
    first = _first(text)
    if form.kind in ("words", "sentences"):
        return _length(form, text, first)
    if form.kind == "table":
        row = _line(text, lambda line: line.lstrip().startswith("|"))
        return Ruling(bool(row), row, "" if row else "Show a table.")
    if form.kind == "top":
        return _counted(form, given)
    if form.kind == "bullets":
        return _bullets(form, text)
    if form.kind in ("json", "csv"):
        name = next((f for f in given.files if f.lower().endswith(form.kind)), "")
        inline = form.kind == "json" and _line(
            text, lambda line: line.strip().startswith(("{", "["))
        )
        return Ruling(
            bool(name or inline),
            name or inline or "",
            "" if name or inline else f"Give the result as a {form.kind.upper()} file.",
        )
    if form.kind == "chart":
        name = next((f for f in given.files if f.lower().endswith((".png", ".svg"))), "")
        return Ruling(bool(name), name, "" if name else "Add a chart.")
    if form.kind == "language":
        said = _line(text, lambda line: "not translated" in line.casefold())
        return Ruling(
            bool(said),
            said,
            "" if said else f"Say that it was not translated into {form.value.title()}.",
        )
    if form.kind == "sources":
        said = _line(text, lambda line: bool(_SOURCE.search(line)))
        return Ruling(bool(said), said, "" if said else "Name the source of each point.")
    if form.kind == "document":
        prose = next((s.text for s in sentences(markdown.without_tables(text))), "")
        return Ruling(bool(prose), first, "" if prose else f"Write a {form.value}, not a table.")
    if form.kind == "audience":
        return Ruling(bool(first), _addressed(form.value, text) or first)
    return Ruling(bool(first), first)


def _addressed(audience: str, text: str) -> str:
    """The line that speaks to an audience: it names it, or opens a draft."""
    stems = keywords(audience)
    return _line(text, lambda s: overlap(stems, s) > 0 and not s.lstrip().startswith("#")) or _line(
        text, lambda s: bool(re.match(r"\*\*Draft|(?:dear|hello|hi)\b", s, re.IGNORECASE))
    )


def _counted(form: formats.Form, given: Text) -> Ruling:
    if _has_rows(int(form.value), given):
        row = _line(given.text, lambda line: line.lstrip().startswith("|"))
        return Ruling(True, row or _first(given.text))
    return Ruling(False, feedback=f"Show {form.value} of them in a table.")


def _has_rows(wanted: int, given: Text) -> bool:
    """True when a table has as many rows, or the data really has no more.

    Rows that were added at a person's wish do not count. That there are only so many holds when
    the table shows them all, and no condition that nobody asked for left others out.
    """
    extra = sum(m[0].count("“") for m in re.finditer(r"Added as asked: [^.]*\.", given.text))
    sizes = [len(table) - 1 for table in markdown.tables(given.text)]
    if any(wanted in (size, size - extra) for size in sizes):
        return True
    lines = [s for s in given.text.splitlines() if re.search(r"\bthere are only\b", s, re.I)]
    said = [(s, int(m[1])) for s in lines if (m := re.search(r"there are only (\d+)", s, re.I))]
    return any(n in sizes and n < wanted and not _narrowed(line, given.goal) for line, n in said)


def _narrowed(line: str, goal: str) -> bool:
    """True when a condition of the computation names a value that the goal does not."""
    named = re.findall(r"(?:where| and|,) [\w ./-]+? = (.+?)(?=;|, | and |\.\s|\*|$)", line)
    return bool(goal) and any(v.strip(" .").casefold() not in goal.casefold() for v in named)


def _length(form: formats.Form, text: str, first: str) -> Ruling:
    if form.kind == "sentences":
        count = len(list(sentences(markdown.without_tables(text))))
        allowed = int(form.value or 3) + 2
        return Ruling(
            count <= allowed,
            first,
            ""
            if count <= allowed
            else f"It has {count} sentences; at most {form.value} are wanted.",
        )
    count, most = count_words(text), int(form.value or 10_000)
    return Ruling(
        count <= most,
        _line(text, lambda line: bool(_COUNTED.search(line))) or _last(text),
        ""
        if count <= most
        else f"It has {count} words; at most {most} are wanted. Make it shorter.",
    )


_COUNTED = re.compile(r"\bthis text has \d+ words\b", re.IGNORECASE)


def _last(text: str) -> str:
    """The line at which a text ends: so far it was counted."""
    lines = [s.strip() for s in text.splitlines() if s.strip() and not _rule(s)]
    return _evidence(lines[-1]) if lines else ""


def _bullets(form: formats.Form, text: str) -> Ruling:
    lines = [line for line in text.splitlines() if re.match(r"\s*[-*•] \S", line)]
    if not lines:
        return Ruling(False, feedback="Use bullet points.")
    if form.value and len(lines) > int(form.value) + 2:
        return Ruling(
            False, feedback=f"It has {len(lines)} bullet points; {form.value} are wanted."
        )
    return Ruling(True, re.sub(r"^\s*[-*•] ", "", lines[0]))


# Content


def _content(demand: str, quote: str, given: Text) -> Ruling:
    want = Want(kind_of((quote or demand).rstrip(".?! ")), quote or demand, demand)
    if turned := _steered(demand, given):
        return turned
    if said := _line(given.text, lambda s: bool(_NOTHING.search(s)) or _leaves_open(s, demand)):
        return Ruling(False, feedback=f"“{cut(said, 80)}” is no answer.")
    if hollow := _hollow(want, given):
        return Ruling(False, feedback=hollow)
    if part := demands.demanded(demand):
        return Ruling(True, _line(given.text, lambda s: demands.has(part, s)) or _first(given.text))
    if want.kind == "why" and (reason := _line(given.text, lambda s: bool(_REASON.search(s)))):
        return Ruling(True, reason)
    if evasion := _only_evasion(given):
        return Ruling(
            False,
            feedback=f"“{cut(evasion, 80)}” is no answer; the data is there. Compute or quote it.",
        )
    if re.search(r"quoted|with its source|with lines|it quotes", demand, re.IGNORECASE):
        return _quoted(given)
    if "general advice" in demand.casefold():
        line = _line(given.text, lambda s: bool(_ADVICE.search(s)))
        return Ruling(bool(line), line, "" if line else "Mark what is general advice as such.")
    if "what is missing" in demand.casefold():
        line = _line(given.text, lambda s: "not here" in s)
        return Ruling(bool(line), line, "" if line else "Say what is missing.")
    if re.search(
        r"only what the findings|from the source|found in the source", demand, re.IGNORECASE
    ):
        return Ruling(True, _first(given.text))
    if want.kind == "measure":
        return _measured(want, given)
    return _topical(want, given)


def _leaves_open(line: str, demand: str) -> bool:
    """True when the line says that this very demand is not answered, and not another one."""
    if not _UNANSWERED.search(line):
        return False
    asked: list[str] = re.findall(r"“(.+?)…?”", line)
    return not asked or any(name.casefold() in demand.casefold() for name in asked)


_REASON = re.compile(
    r"^- \*\*.+“|no reason is given|gives no reason|^- .*\b(?:because|due to|caused by)\b",
    re.IGNORECASE,
)


def _steered(demand: str, given: Text) -> Ruling | None:
    """A row that was added, or another number to rank by, is held against the tables."""
    turn = steer(demand)
    if not turn.only:
        return None
    tables = markdown.tables(given.text)
    cells = {_name(c.strip("*")) for table in tables for row in table[1:] for c in row[:1]}
    missing = [n for n in turn.also if _name(n) not in cells]
    missing = [n for n in missing if f"“{n}” has no row" not in given.text]
    if missing:
        return Ruling(False, feedback=f"No row for “{missing[0]}” stands in the table.")
    heads = [c for table in tables for c in table[0]]
    if wrong := [new for new, _ in turn.swaps if not _heads(new, heads)]:
        return Ruling(False, feedback=f"No table shows “{wrong[0]}”.")
    sought = [*turn.also, *(new for new, _ in turn.swaps)]
    line = _line(given.text, lambda s: s.startswith("|") and sought[0].casefold() in s.casefold())
    return Ruling(True, line or _first(given.text))


def _heads(measure: str, heads: Sequence[str]) -> bool:
    """True when a column's head names a number, in its own word or in one that means the same."""
    return any(measure.casefold() in h.casefold() or speaks_of(measure, h) for h in heads)


def _hollow(want: Want, given: Text) -> str:
    """What a text that was to come `with owners and dates` does not have."""
    asked = demands.named(want.text) if want.kind in ("create", "tell") else []
    asked = [part] if (part := demands.demanded(want.text)) else asked
    open_ = demands.missing(asked, given.text)
    if not open_:
        return ""
    if demands.wants_dates(open_[:1]) and demands.RELATIVE.search(given.text):
        return f"It gives no {open_[0]}: say that none were given, and what the days count from."
    return f"It gives no {open_[0]}."


def _only_evasion(given: Text) -> str:
    """A sentence that avoids the question, when little else is said and data was there."""
    if not (given.facts or given.sourced) or count_words(given.text) > 60:
        return ""
    found = _EVASION.search(given.text)
    honest = _OPEN.search(given.text)
    return (
        _line(given.text, lambda line: bool(_EVASION.search(line))) if found and not honest else ""
    )


def _quoted(given: Text) -> Ruling:
    line = _line(given.text, lambda s: "“" in s and bool(_SOURCE.search(s))) or _line(
        given.text, lambda s: bool(_SOURCE.search(s)) or bool(_OPEN.search(s))
    )
    if not line:
        return Ruling(
            False,
            feedback=(
                "Quote the words that show it and name where they stand, or say that "
                "there are none."
            ),
        )
    bare = [
        s
        for s in given.text.splitlines()
        if s.startswith("- ") and not _SOURCE.search(s) and not _OPEN.search(s)
    ]
    if bare:
        return Ruling(False, feedback=f"“{cut(bare[0][2:], 80)}” has no source.")
    return Ruling(True, line)


def _measured(want: Want, given: Text) -> Ruling:
    line = _line(
        given.text, lambda s: bool(re.search(r"\d", s)) and not s.lstrip().startswith(("|", "#"))
    )
    line = line or _line(given.text, lambda s: bool(re.search(r"\d", s)))
    if not line:
        honest = _line(given.text, lambda s: bool(_OPEN.search(s)))
        if honest and not given.facts:
            return Ruling(True, honest)
        return Ruling(False, feedback=f"“{cut(want.quote, 80)}” asks for numbers; there is none.")
    wanted, tables = top(want.quote), markdown.tables(given.text)
    if wanted and tables and not _has_rows(wanted, given):
        rows = max(len(t) - 1 for t in tables)
        return Ruling(False, feedback=f"{wanted} are asked for; the table shows {rows}.")
    return _topical(want, given, prefer=line)


def _topical(want: Want, given: Text, prefer: str = "") -> Ruling:
    """Met when the text speaks of what was asked; the line that does so most is the evidence."""
    wanted = [k for k in keywords(want.text) if k not in _COMMON]
    if not any(c.isalpha() for c in want.text):
        return Ruling(False, feedback=f"“{cut(want.text, 40)}” asks for nothing that can be found.")
    lines = [line.strip() for line in given.text.splitlines() if line.strip() and not _rule(line)]
    if prefer:  # a number is shown by a sentence, not by the head of a table or a note
        lines = [s for s in lines if s == prefer or not re.match(r"\||\*(?!\*)", s)]
    best = max(lines, key=lambda line: (_speaks(wanted, line), line == prefer), default="")
    if prefer and _speaks(wanted, best) <= _speaks(wanted, prefer) + 0.34:
        best = prefer
    if not prefer and _beside(want, wanted, given.text):
        missed = [w for w in wanted if _speaks([w], given.text) == 0]
        names = ", ".join(f"“{w}”" for w in _spelled(want.text, missed)[:4])
        return Ruling(False, feedback=f"Nothing here speaks of {names}.")
    if best.startswith("#"):
        after = lines[lines.index(best) + 1 :]
        best = next((line for line in after if not line.startswith(("#", "|"))), best.lstrip("# "))
    return Ruling(True, _evidence(best or _first(given.text)))


TOPIC = 0.34
"""The share of a topic's words that a text must speak of, when its form does not show its kind."""


def _beside(want: Want, wanted: Sequence[str], text: str) -> bool:
    """True when a text speaks of something else than what was asked."""
    if len(wanted) < 2 or _OPEN.search(text) or _kindred(want, text):
        return False
    return _speaks(wanted, text) < TOPIC


def _speaks(wanted: Sequence[str], text: str) -> float:
    """The share of the wanted stems in a text, in which `2026-07` also speaks of July.

    Words that only end differently (`resolve`, `resolution`) are the same.
    """
    said = {int(m[1]) for m in re.finditer(r"\b(?:19|20)\d\d-(0[1-9]|1[0-2])\b", text)}
    names = " ".join(name for name, at in MONTHS.items() if at in said)
    stems = set(keywords(f"{text} {names}"))
    roots = {s[:ROOT] for s in stems if len(s) > ROOT}
    met = [w for w in wanted if w in stems or (len(w) > ROOT and w[:ROOT] in roots)]
    return len(met) / len(wanted) if wanted else 0.0


ROOT = 5
"""Letters at the start of longer words that are taken for their common root."""


_COMMON = frozenset(
    {
        "brief",
        "report",
        "memo",
        "note",
        "board",
        "audience",
        "page",
        "table",
        "giv",
        "give",
        "prepar",
        "prepare",
        "creat",
        "create",
        "answer",
        "explain",
        "list",
        "show",
        "writ",
        "write",
        "make",
        "draft",
        "summar",
        "summaris",
        "result",
        "person",
        "ready",
        "overview",
        "short",
        "summary",
        "workbook",
        "spreadsheet",
        "document",
        "sheet",
        "text",
        "pdf",
        "analys",
        "analyz",
        "describ",
        "look",
        "quick",
        "compar",
        "two",
        "attach",
        "pleas",
        "includ",
        "mention",
        "inform",
        "information",
        "detail",
        "thing",
        "way",
        "based",
        "good",
    }
)


def _kindred(want: Want, text: str) -> bool:
    """True when the form of the text shows that it is of the wanted kind."""
    shapes = {
        "extract": _SHOWN,
        "summarise": _SHOWN,
        "find": _SHOWN,
        "tell": r"\bdraft|recommend|follows|\bhello\b",
        "outward": r"\bdraft|\bhello\b",
        "create": _ADVICE.pattern,
        "why": r"\breasons?\b|\bbecause\b",
    }
    shape = shapes.get(want.kind)
    return bool(shape and re.search(shape, text, re.IGNORECASE | re.MULTILINE))


_SHOWN = (
    rf"“[^”]+”.*(?:{_SOURCE.pattern})|\((?:{_SOURCE.pattern})[^)]*\)|^\|.*(?:{_SOURCE.pattern})"
)
"""What is quoted with its place was looked up; that it fits is held against each item."""


def _spelled(text: str, stems: Sequence[str]) -> list[str]:
    return [w for w in dict.fromkeys(words(text)) if stem(w) in stems]


# Lines


def _rule(line: str) -> bool:
    return bool(re.fullmatch(r"[\s|:*=_-]+", line))


def _line(text: str, fits: Callable[[str], bool]) -> str:
    found = next(
        (
            line.strip()
            for line in text.splitlines()
            if line.strip() and not _rule(line) and fits(line)
        ),
        "",
    )
    return _evidence(found)


def _first(text: str) -> str:
    """The first line that says something."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not _rule(line)]
    return _evidence(
        next((line for line in lines if not line.startswith(("#", "!"))), lines[0] if lines else "")
    )


def _evidence(line: str) -> str:
    """A line as it can be found again: without the mark of its list, cut at a word."""
    line = re.sub(r"^(?:[-•>]|\d+\.)\s+", "", line)
    if len(line) <= 200:
        return line
    return line[:200].rsplit(" ", 1)[0]
