"""Text that Discord shows as it was meant: cut to a size, with nothing that pings."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.cards import with_times

CUT = "…"
_NOTHING = "\u200b"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_REFERENCE = re.compile(r"<(?=[@#/]|id:|a?:\w+:\d)")
_EVERYONE = re.compile(r"@(?=(?:everyone|here)\b)", re.IGNORECASE)
_CODE = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]*`)", re.DOTALL)
_DEEP = re.compile(r"^#{4,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE)
_IMAGE = re.compile(r"!\[([^\]\n]*)\]\((https?://[^\s()<>]+)\)")
_BULLET = re.compile(r"^([ \t]*)[*+](?=[ \t])", re.MULTILINE)
_RULE = re.compile(r"^[ \t]*(?:-{3,}|\*{3,}|_{3,})[ \t]*$", re.MULTILINE)
_TABLE = re.compile(r"(?:^[ \t]*\|.*\|[ \t]*$\n?){2,}", re.MULTILINE)
_DASHES = re.compile(r"[\s|:\-]+")
_MARKS = re.compile(r"([\\*_~`|#>\[\]])")
CELL = 28
"""Characters of a table's cell: wider ones make lines that phones wrap."""


def size(text: str) -> int:
    """The length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clean(text: str) -> str:
    """The text without control characters and halves of characters."""
    return _CONTROL.sub("", text.encode("utf-8", "replace").decode())


def clip(text: str, most: int) -> str:
    """The text in at most `most` units, with `…` where it was cut."""
    text = clean(text).strip()
    if size(text) <= most:
        return text
    return _head(text, most - len(CUT)).rstrip() + CUT if most > 0 else ""


def _head(text: str, most: int) -> str:
    raw = text.encode("utf-16-le", "surrogatepass")[: max(0, most) * 2]
    return raw.decode("utf-16-le", "ignore")


def clip_markdown(text: str, most: int) -> str:
    """Markdown in at most `most` units: cut at a line where one is near, code fences closed."""
    text = clean(text).strip()
    if size(text) <= most:
        return text
    head = _head(text, most - len(CUT) - 5)
    line = head.rfind("\n")
    head = head[:line] if line > len(head) // 2 else head
    fence = "\n```" if head.count("```") % 2 else ""
    return clip(f"{head.rstrip()}{fence}\n{CUT}", most)


def neutral(text: str) -> str:
    """Markdown in which nobody is called: `<@1>`, `<#1>` and `@everyone` are only words."""
    return _EVERYONE.sub(f"@{_NOTHING}", _REFERENCE.sub(f"<{_NOTHING}", text))


def inline(text: str, most: int) -> str:
    """Words on one line, shown literally: no mark of theirs is read as Markdown."""
    flat = _MARKS.sub(r"\\\1", " ".join(clean(text).split()))
    return neutral(clip(flat, most).rstrip("\\"))


def markdown(text: str) -> str:
    """Markdown as Discord reads it: tables in code, deep headings bold, times local, no pings."""
    shown = _TABLE.sub(_table, clean(text))
    parts = _CODE.split(shown)
    return "".join(neutral(p) if n % 2 else _prose(p) for n, p in enumerate(parts))


def _prose(text: str) -> str:
    text = _DEEP.sub(r"**\1**", _IMAGE.sub(_image, text))
    text = _BULLET.sub(r"\1-", _RULE.sub("", text))
    return with_times(neutral(text), moment)


def _image(match: re.Match[str]) -> str:
    return f"[{match.group(1) or 'picture'}]({match.group(2)})"


def moment(at: datetime, style: str = "f") -> str:
    """A time, shown in each reader's own zone. Style `R` counts from now."""
    return f"<t:{int(at.timestamp())}:{style}>"


def _table(match: re.Match[str]) -> str:
    lines = [line.strip().strip("|") for line in match.group().strip().splitlines()]
    rows = [[cell.strip() for cell in line.split("|")] for line in lines]
    kept = [row for row, line in zip(rows, lines, strict=True) if not _DASHES.fullmatch(line)]
    return f"{grid(kept)}\n" if kept else match.group()


def grid(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a code block with aligned columns; the first row is the heading."""
    return fenced(list(grid_lines(rows)))


def fenced(lines: Sequence[str]) -> str:
    return "\n".join(["```", *lines, "```"])


def grid_lines(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """The lines of a table, columns aligned, a rule below the heading."""
    count = max((len(row) for row in rows), default=0)
    cells = [[_cell(row[n]) if n < len(row) else "" for n in range(count)] for row in rows]
    widths = [max(len(row[n]) for row in cells) for n in range(count)]
    for number, row in enumerate(cells):
        padded = zip(row, widths, strict=True)
        yield "  ".join(c.ljust(w) for c, w in padded).rstrip()
        if number == 0 and len(cells) > 1:
            yield "  ".join("─" * w for w in widths)


def _cell(text: str) -> str:
    return clip(" ".join(clean(text).replace("`", "'").split()), CELL)
