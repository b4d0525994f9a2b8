"""Assembly: the accepted outputs as one brief, in the form that was asked for."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from graphs.models.offline import markdown
from graphs.models.offline.formats import Form, scope
from graphs.models.offline.intake import title
from graphs.models.offline.language import count_words, cut, sentence, spoken
from graphs.models.offline.shape import listed
from graphs.models.offline.steering import steer
from graphs.models.offline.wants import of, read

LABEL = "*Made by the offline model, no AI.*"
SHORTER = 0.8
"""What is left of a text that is to be shorter: its tasks were told so before."""
BELOW = "Also below: "
SOURCES = "Sources"
LENGTH = 5
"""Words of the line that says how long the text is."""
FEWEST = 40
"""Words that are left for the body, however small the limit."""

_PREFIX = re.compile(
    (
        r"^(?:Compute|Find the reasons|Draft|Summarise|Extract|Look up|Read|Set side by "
        r"side|Write|Add):\s*"
    ),
    re.IGNORECASE,
)


_VERB = re.compile(
    r"^(?:show|list|extract|(?:give|tell)(?: me| us)?|summari[sz]e|find|identify|collect|"
    r"write|draft|name|count|"
    r"calculate|compute)\s+(?:me\s+)?(?:all\s+)?(?:the\s+|an?\s+)?(?=\w)",
    re.IGNORECASE,
)


def assemble(data: dict[str, Any]) -> dict[str, Any]:
    """The ArtifactDraft from the outputs, in the plan's order."""
    outputs: list[dict[str, Any]] = listed(data, "outputs")
    forms = {
        f.kind: f
        for r in listed(data, "requirements")
        if (f := of(r).form) and not scope(str(r.get("text") or ""))
    }
    wishes = "\n".join([*map(str, listed(data, "guidance")), str(data.get("feedback") or "")])
    answer = _answer(outputs)
    head = _title(data, wishes)
    body = _body(outputs, answer, forms, data)
    limit = _limit(forms, wishes, " ".join([head, *answer, body]))
    if limit is not None:
        answer, body = _fitted(head, answer, body, limit)
    if "words" in forms:
        count = count_words(" ".join([head, *answer, body, LABEL])) + LENGTH
        body += f"\n\n*This text has {count} words.*"
    body = f"{body}\n\n{LABEL}".strip()
    return {"title": head, "answer": answer, "body": body}


def _fitted(head: str, answer: list[str], body: str, limit: int) -> tuple[list[str], str]:
    """Both within a number of words; a part that found no room is named, not passed over."""

    def cut_to(lines: list[str]) -> str:
        return markdown.fitted(
            body, max(FEWEST, limit - count_words(" ".join([head, *lines])) - 8 - LENGTH)
        )

    names = [s.heading for s in markdown.sections(body) if s.heading and s.heading != SOURCES]
    short = cut_to(answer)
    kept = {s.heading for s in markdown.sections(short)}
    if not (gone := [name for name in names if name not in kept]):
        return answer, short
    said = spoken(f"“{cut(name, 80)}”" for name in gone)
    answer = [*(a for a in answer if not a.startswith(BELOW))][:2]
    answer = [*answer, f"Left out to keep it short: {said}."]
    return answer, cut_to(answer)


# Title and answer


def _title(data: dict[str, Any], wishes: str) -> str:
    if said := re.search(
        (
            r"\b(?:title|call it|headline|heading)\b[^“\"'\n]*?(?:to|:|it|is|"
            r"as)?\s*[“\"']([^”\"'\n]+)[”\"']"
        ),
        wishes,
        re.IGNORECASE,
    ):
        return said[1].strip()
    goal = str(data.get("goal") or "")
    return steer(wishes).renamed(str(data.get("title") or "").strip() or title(goal, [*read(goal)]))


def _answer(outputs: Sequence[dict[str, Any]]) -> list[str]:
    """At most three lines: what each task found first, the numbers before the drafts."""
    made = [o for o in outputs if not o.get("left_out") and o.get("text")]
    leads = _points(made[0]) if len(made) == 1 else []
    leads = leads or [_lead(o) for o in made]
    lines = [_bare(lead) for lead in leads if lead]
    lines = [cut(sentence(line), 320) for line in dict.fromkeys(lines) if line.strip()]
    if not lines:
        return ["Nothing could be found; the text below says why."]
    if len(lines) > 3:
        rest = [_heading(o) for o in outputs if o.get("text") and not o.get("left_out")][2:]
        return [*lines[:2], cut(f"{BELOW}{spoken(rest)}", 300) + "."]
    return lines


def _lead(output: dict[str, Any]) -> str:
    """The sentence of an output that answers: its first, or what its list or draft says first."""
    text = markdown.without_tables(str(output.get("text") or ""))
    lines = [
        line.strip()
        for line in text.splitlines()
        if line.strip() and not line.startswith(("!", "#"))
    ]
    if not lines:
        return _table_lead(output)
    first = lines[0]
    if draft := re.match(r"\*\*Draft[^:,]*[:,]\s*(?:subject:\s*)?(.+?)\*\*", first):
        return f"{_heading(output)}: a draft is ready below (“{draft[1]}”)."
    if first.endswith(":"):
        return _listed(first, lines[1:])
    if first.startswith("*") and not first.startswith("**"):
        return _table_lead(output)
    if re.match(r"1\. ", first):
        count = sum(bool(re.match(r"\d+\. ", line)) for line in lines)
        return f"{_heading(output)}: {count} steps, from “{first[3:].rstrip('.')}”."
    if first.startswith("- "):
        return _first_point(output, lines)
    return first


def _points(output: dict[str, Any]) -> list[str]:
    """The first points of a text that is nothing but points."""
    lines = [line for line in str(output.get("text")).splitlines() if line.strip()]
    return [line[2:] for line in lines[:2]] if lines and lines[0].startswith("- ") else []


def _first_point(output: dict[str, Any], lines: Sequence[str]) -> str:
    points = [line[2:] for line in lines if line.startswith("- ")]
    if len(points) == 1:
        return points[0]
    return f"{_heading(output)}: {points[0].rstrip('.')}; {len(points) - 1} more below."


def _listed(first: str, rest: Sequence[str]) -> str:
    """`Why: /a: “…”; /b: “…”` from the list under a line that ends in a colon."""
    items = [
        re.sub(r"\s*\([^()]*\)", "", line[2:].split("; “")[0])
        for line in rest
        if line.startswith("- ")
    ]
    start = "Why:" if "reason" in first.casefold() else first
    return f"{start} {'; '.join(cut(i, 110).rstrip('.') for i in items[:3])}." if items else first


def _table_lead(output: dict[str, Any]) -> str:
    tables = markdown.tables(str(output.get("text") or ""))
    if not tables:
        return ""
    rows = tables[0][1:]
    at = 1 if tables[0][0][0] == "who" and len(tables[0][0]) > 2 else 0
    names = spoken(cut(row[at], 70).rstrip(".") for row in rows[:3] if len(row) > at)
    more = f" and {len(rows) - 3} more" if len(rows) > 3 else ""
    return f"{_heading(output)}: {names}{more}."


def _bare(text: str) -> str:
    """Without marks and without places in files: those stand in the body."""
    text = re.sub(r"\s*\*?\([^()]*\bline \d+[^()]*\)\*?", "", text)
    return re.sub(r"\*\*|`", "", text).strip()


# Body


def _body(
    outputs: Sequence[dict[str, Any]],
    answer: Sequence[str],
    forms: dict[str, Form],
    data: dict[str, Any],
) -> str:
    parts: list[str] = []
    seen: set[str] = {_plain(line) for line in answer}
    alone = len(outputs) == 1
    for output in outputs:
        text = _left_out(output) or _section(output, seen)
        if text:
            parts.append(text if alone else f"## {_heading(output)}\n\n{text}")
    if "bullets" in forms and not any(
        line.startswith("- ") for part in parts for line in part.splitlines()
    ):
        parts.insert(0, "\n".join(f"- {line}" for line in answer))
    if (sources := _sources(outputs)) and not _short(forms):
        parts.append(f"## {SOURCES}\n\n{sources}")
    return "\n\n".join(parts)


def _short(forms: dict[str, Form]) -> bool:
    """True when the sources would take the room of the text."""
    return "words" in forms and int(forms["words"].value or 0) < 150


def _left_out(output: dict[str, Any]) -> str:
    return f"Left out, as asked: {output.get('title')}." if output.get("left_out") else ""


def _section(output: dict[str, Any], seen: set[str]) -> str:
    """An output's text without paragraphs that were said before."""
    blocks = [b.strip() for b in re.split(r"\n{2,}", str(output.get("text") or "")) if b.strip()]
    draft = bool(blocks) and blocks[0].startswith("**Draft")
    kept = [b for b in blocks if draft or len(blocks) == 1 or _plain(b) not in seen]
    seen |= {_plain(b) for b in blocks if count_words(b) > 5}
    if blocks and all(_is_note(b) for b in kept):
        return "The same as above answers this."
    return "\n\n".join(re.sub(r"^#{1,2} ", "### ", b) for b in kept)


def _is_note(block: str) -> bool:
    return block.startswith("*") and not block.startswith("**")


def _plain(text: str) -> str:
    return " ".join(_bare(text).casefold().split()).rstrip(".")


def _heading(output: dict[str, Any]) -> str:
    said = str(output.get("title") or "Result")
    if said.casefold().startswith("find the reasons"):
        return "Why"
    text = _VERB.sub("", _PREFIX.sub("", said)).strip().rstrip("?.")
    text = re.sub(r"\b(?:attached|enclosed)\s+", "", text, flags=re.IGNORECASE)
    return text[:1].upper() + text[1:]


def _sources(outputs: Iterable[dict[str, Any]]) -> str:
    """What was read, each once."""
    names: dict[str, None] = {}
    for output in outputs:
        for source in listed(output, "sources"):
            if name := str(source.get("title") or source.get("ref") or ""):
                names[name] = None
        for fact in listed(output, "facts"):
            if name := str(fact.get("source") or ""):
                names[name] = None
    return "\n".join(f"- {name}" for name in list(names)[:12])


def _limit(forms: dict[str, Form], wishes: str, text: str) -> int | None:
    """The most words for the whole, from the requirements or the person's wishes."""
    limits = [int(f.value) for kind, f in forms.items() if kind == "words" and f.value]
    if said := re.search(r"\b(\d{2,5}) words\b", wishes):
        limits.append(int(said[1]))
    if re.search(r"\b(?:shorter|too long|more concise|condense|tighten)\b", wishes, re.IGNORECASE):
        limits.append(max(60, int(count_words(text) * SHORTER)))
    return min(limits, default=None)
