"""Small pieces of Markdown: tables and sections, written and read."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from graphs.models.offline.language import count_words

_RULE = re.compile(r"\s*\|?\s*:?-{2,}:?\s*(?:\|\s*:?-{2,}:?\s*)*\|?\s*")
NUMBER = re.compile(r"(?<![\w.,/])[-+−]?\d+(?:[.,]\d+)*(?:\.\d+)?%?(?![\w/])")


@dataclass(frozen=True)
class Section:
    """A heading with what stands under it; the first may have no heading."""

    heading: str
    body: str


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; columns of numbers are set to the right."""
    marks = ["---:" if _numeric(rows, i) else "---" for i in range(len(columns))]
    lines = [_row(columns), f"| {' | '.join(marks)} |", *map(_row, rows)]
    return "\n".join(lines)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(escaped, cells))} |"


_SPECIAL = re.compile(r"\||\\(?=[!-/:-@\[-`{-~]|$)|<(?=[A-Za-z/!?])")
"""What would end a cell, hide a sign after it, or be taken for a tag."""
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")
_CELL = re.compile(r"((?:\\.|[^\\|]|\\$)*)(?:\||$)")


def escaped(cell: str) -> str:
    """The text of a cell on one line, so that readers see it as it was written."""
    return _SPECIAL.sub(lambda m: f"\\{m[0]}", " ".join(str(cell).split()))


def _numeric(rows: Sequence[Sequence[str]], at: int) -> bool:
    cells = [row[at] for row in rows if at < len(row) and row[at]]
    return bool(cells) and all(NUMBER.fullmatch(cell.strip()) for cell in cells)


_QUOTED = re.compile(r"(?P<what>.+?)\s*\*?\((?P<where>[^()]*\b(?:line|column) [^()]*)\)\*?\.?")


def tabled(text: str) -> str:
    """Quoted points as a table of what is said and where; other text as it is."""
    lines = text.splitlines()
    points = [line[2:].strip() for line in lines if line.startswith("- ")]
    if not points:
        return text
    rows = [[m["what"], m["where"]] if (m := _QUOTED.fullmatch(p)) else [p, ""] for p in points]
    made = table(["what is said", "source"], rows)
    start = next(i for i, line in enumerate(lines) if line.startswith("- "))
    rest = [line for line in lines[start:] if not line.startswith("- ")]
    return "\n".join([*lines[:start], made, *rest]).strip()


def tables(text: str) -> list[list[list[str]]]:
    """Every table as rows of cells, the header first."""
    found: list[list[list[str]]] = []
    lines = text.splitlines()
    for at, line in enumerate(lines[1:], 1):
        if _RULE.fullmatch(line) and "|" in lines[at - 1] and "|" in line:
            found.append([cells(lines[at - 1]), *_below(lines[at + 1 :])])
    return found


def _below(lines: Sequence[str]) -> Iterator[list[str]]:
    for line in lines:
        if "|" not in line:
            return
        yield cells(line)


def cells(line: str) -> list[str]:
    """The cells of one table line."""
    # Behind the last piece the end of the line counts as one more, which is empty.
    found = list(_CELL.finditer(line.strip().removeprefix("|")))
    parts = [m[1].strip() for m in found[:-1]] or [""]
    return [_ESCAPED.sub(r"\1", part) for part in parts]


def without_tables(text: str) -> str:
    """The text without its tables."""
    lines = text.splitlines()
    return "\n".join(line for line in lines if not line.lstrip().startswith("|"))


def sections(text: str) -> list[Section]:
    """The text by its headings."""
    found: list[Section] = []
    heading, body = "", list[str]()
    for line in text.splitlines():
        if mark := re.match(r"#{1,6}\s+(.+)", line):
            found.append(Section(heading, "\n".join(body).strip()))
            heading, body = mark[1].strip(), []
        else:
            body.append(line)
    found.append(Section(heading, "\n".join(body).strip()))
    return [s for s in found if s.heading or s.body]


def decimal(text: str) -> Decimal | None:
    """A number as the tools write it (`1234.5`, `-3`), or None."""
    try:
        return Decimal(text.strip())
    except (InvalidOperation, ValueError):
        return None


def shown(value: str) -> str:
    """An exact value for reading: two decimals, or four digits when it is small."""
    number = decimal(value)
    if number is None or not number.is_finite():
        return value
    places = -int(number.as_tuple().exponent)
    if places <= 2:
        return value
    if abs(number) >= 1:
        return format(number.quantize(Decimal("0.01")).normalize(), "f")
    return format(round(number, 3 - number.adjusted()).normalize(), "f")


def fitted(text: str, words: int) -> str:
    """The text within a number of words: whole blocks and list items go first, from the end.

    Tables, headings and what stands first under them are kept as long as anything else can go;
    the first block is cut last.
    """
    text = re.sub(r"(:\n)\n+(?=- )", r"\1", text.strip())  # a list goes with what announces it
    blocks = [block for block in re.split(r"\n{2,}", text) if block.strip()]
    sizes = [count_words(block) for block in blocks]
    while sum(sizes) > words and len(blocks) > 1:
        at = _least(blocks)
        head, _, last = blocks[at].rpartition("\n")
        if head and not last.lstrip().startswith("|"):
            blocks[at], sizes[at] = head, count_words(head)
        else:
            del blocks[at], sizes[at]
    if sum(sizes) > words:
        blocks = [_head("\n\n".join(blocks), words)]
    return "\n\n".join(_without_bare_headings(_without_bare_drafts(blocks)))


def _least(blocks: Sequence[str]) -> int:
    """The block that is missed least, the last first: a note; more of what a section says; lines
    of a list; a draft; what a section says first; a table.
    """
    draft = _drafted(blocks)

    def rank(at: int) -> tuple[int, int]:
        block = blocks[at].lstrip()
        if block.startswith("*") and not block.startswith("**"):
            return 0, -at
        if block.startswith(("|", "#")):
            return 5, -at
        if at in draft:
            return 3, -at
        return (1 if not _opens(blocks, at) else 2 if block.count("\n- ") > 1 else 4), -at

    return min(range(1, len(blocks)), key=rank)


def _opens(blocks: Sequence[str], at: int) -> bool:
    """True for the first words under a heading: without them nothing says what it is about."""
    return bool(re.match(r"#+ (?!Sources$)", blocks[at - 1]))


def _drafted(blocks: Sequence[str]) -> set[int]:
    """Where the texts stand that a person is to send: they fall apart when they are cut."""
    found, inside = set[int](), False
    for at, block in enumerate(blocks):
        inside = not block.startswith("#") and (inside or block.startswith("**Draft"))
        if inside:
            found.add(at)
    return found


def _head(text: str, words: int) -> str:
    runs = list(re.finditer(r"\S+", text))
    return text[: runs[words - 1].end()] if 0 < words < len(runs) else text


def _without_bare_drafts(blocks: Sequence[str]) -> list[str]:
    """A draft of which only the subject is left is no draft any more."""
    after = [*blocks[1:], "#"]
    return [
        block
        for at, (block, next_) in enumerate(zip(blocks, after, strict=True))
        if at == 0 or not (block.startswith("**Draft") and next_.startswith("#"))
    ]


def _without_bare_headings(blocks: Sequence[str]) -> list[str]:
    """A heading whose text went away goes too."""
    kept: list[str] = []
    for at, block in enumerate(blocks):
        bare = block.startswith("#") and "\n" not in block
        follows = blocks[at + 1] if at + 1 < len(blocks) else "#"
        if not (bare and follows.startswith("#")):
            kept.append(block)
    return kept
