"""A part of a document that a question names: a version of a changelog, a section, an article."""

import re

from graphs.models.offline.reading import Texts

_VERSION = re.compile(r"(?<![\w.])v?(\d+\.\d+(?:\.\d+)*)(?![\w.]*\d)")
_SECTION = re.compile(
    r"\b(?:section|article|chapter|clause|paragraph|part|appendix|§)\s*(\d{1,3}(?:\.\d+)*|[A-Z])\b",
    re.IGNORECASE,
)
_NUMBERED = r"\s*(?:#{1,6}\s*)?(?:\*\*)?(?:§\s*|section\s+|article\s+|chapter\s+)?"


def named_part(texts: Texts, question: str) -> Texts:
    """Only the named part of each document that has it; all of them when none has.

    Everything else becomes blank lines, so that lines keep their numbers.
    """
    starts = [shape for shape in (_version(question), _section(question)) if shape]
    for shape in starts:
        found = {n: part for n, text in texts.items() if (part := _part(text, shape))}
        if found:
            return found
    return texts


def _version(question: str) -> re.Pattern[str] | None:
    found = _VERSION.search(question)
    if found is None:
        return None
    # A heading, or a line such as `dpkg (1.21.20) unstable`, opens a version's part.
    return re.compile(
        rf"^(?:#{{1,6}}\s.*|\*\*.*|[\w .:/-]{{0,40}}[(\[ v]?|<a .*)(?<![\d.])v?"
        rf"{re.escape(found[1])}(?![\d]|\.\d).{{0,80}}$"
    )


def _section(question: str) -> re.Pattern[str] | None:
    found = _SECTION.search(question)
    if found is None:
        return None
    return re.compile(rf"^{_NUMBERED}{re.escape(found[1])}[.):\s].*$", re.IGNORECASE)


def _part(text: str, shape: re.Pattern[str]) -> str:
    """The lines from the one that opens the part to the next one that opens another."""
    lines = text.splitlines()
    first = next((i for i, line in enumerate(lines) if shape.match(line)), None)
    if first is None:
        return ""
    end = next(
        (i for i in range(first + 1, len(lines)) if _like(lines[first], lines[i])), len(lines)
    )
    if end - first < 2:
        return ""
    return "\n" * first + "\n".join(lines[first:end])


def _like(opening: str, line: str) -> bool:
    """True when a line opens a part of the same rank as the opening line."""
    if level := re.match(r"#{1,6}(?=\s)", opening):
        other = re.match(r"#{1,6}(?=\s)", line)
        return bool(other) and len(other[0]) <= len(level[0])
    if opening.startswith("<a"):
        return line.startswith("<a")
    if opening[:1].isspace() or re.match(r"\s*(?:§|section|article|chapter|\d)", opening, re.I):
        shape = re.sub(r"\d+", r"\\d+", re.escape(opening[: _digits(opening)]))
        return bool(re.match(rf"{shape}[.):\s]", line))
    return bool(line[:1].strip()) and bool(_VERSION.search(line)) and line[:3] == opening[:3]


def _digits(line: str) -> int:
    found = re.search(r"\d+", line)
    return found.end() if found else 0
