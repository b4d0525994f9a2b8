"""What came with a mission: which files hold tables, which hold text, what was pasted."""

import re
from typing import Any

from graphs.models.offline import markdown
from graphs.models.offline.language import keywords
from graphs.models.offline.shape import listed
from graphs.models.offline.wants import Want, pasted

MESSAGE = "the message itself"
"""The name of material that was pasted under the instruction."""

_TABLES = (
    ".csv",
    ".tsv",
    ".tab",
    ".psv",
    ".xlsx",
    ".xlsm",
    ".xls",
    ".ods",
    ".json",
    ".jsonl",
    ".ndjson",
)
_URL = re.compile(r"https?://[^\s<>\"'“”)\]]+[^\s<>\"'“”)\].,;:!?]")


def tables(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The attachments with rows and columns, those that are nothing else first."""
    found = [a for a in attachments(data) if is_table(a) or a.get("tables")]
    return sorted(found, key=lambda a: not is_table(a))


def texts(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The attachments that are read as prose."""
    return [a for a in attachments(data) if not is_table(a)]


def attachments(data: dict[str, Any]) -> list[dict[str, Any]]:
    """All of them, those without a name set aside."""
    return [a for a in listed(data, "attachments") if a.get("name")]


def is_table(attachment: dict[str, Any]) -> bool:
    """True for spreadsheets, separated values and JSON."""
    return str(attachment["name"]).lower().endswith(_TABLES)


def columns(attachment: dict[str, Any]) -> list[str]:
    """The names of all columns in all of its tables, each once."""
    found = (str(c) for table in listed(attachment, "tables") for c in listed(table, "columns"))
    return list(dict.fromkeys(found))


def urls(data: dict[str, Any]) -> list[str]:
    """The addresses that the mission names, in its order."""
    said = " ".join([str(data.get("goal", "")), *map(str, listed(data, "thread"))])
    return list(dict.fromkeys(_URL.findall(said)))


def material(data: dict[str, Any]) -> str:
    """What was pasted into the goal, or the thread around it when nothing was."""
    body = pasted(str(data.get("goal", "")))[1]
    return body or "\n".join(map(str, listed(data, "thread")))


def anything(data: dict[str, Any]) -> bool:
    """True when there is something to work from."""
    return bool(attachments(data) or urls(data) or material(data))


def asks_tables(want: Want, data: dict[str, Any]) -> bool:
    """True when a want is answered by computing on the attached tables, not by reading."""
    found = tables(data)
    if not found or want.kind not in ("measure", "summarise", "compare", "find", "extract"):
        return False
    if want.kind == "measure":
        return True
    if not texts(data):
        return True
    known = {stem for table in found for name in columns(table) for stem in keywords(name)}
    return want.kind == "find" and len(known & set(keywords(want.quote))) >= 2


MAX_NAMES = 10


def answers(data: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """The things that each task before named: the first column of its first table, its cells."""
    firsts = [
        table
        for made in listed(data, "inputs")
        for table in markdown.tables(str(made.get("text", "")))[:1]
        if len(table) > 1 and table[0][0] not in ("what", "value")
    ]
    return [(t[0][0], [row[0] for row in t[1:] if row and row[0]]) for t in firsts]


_THERE = re.compile(
    r"(?<!\bare )(?<!\bis )(?<!\bwere )(?<!\bwas )\bthere\b(?! (?:are|is|were|was)\b)|"
    r"\b(?:in|for|of) (?:it|that one|those|them)\b",
    re.IGNORECASE,
)


def leans(text: str) -> bool:
    """True when words such as `there` stand for what the question before finds."""
    return bool(_THERE.search(text))
