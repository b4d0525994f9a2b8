"""Work: a task's wants, each by the rules of the trade that can answer it."""

import re
from collections.abc import Sequence
from typing import Any

from graphs.models.offline import analyst, joining, markdown, research, sources, writing
from graphs.models.offline.language import count_words
from graphs.models.offline.shape import listed
from graphs.models.offline.steering import steer
from graphs.models.offline.steps import Desk, Reply, Script, Step, advance
from graphs.models.offline.wants import RECAP, Want, of, read

READING = frozenset({"why", "summarise", "extract", "compare", "find"})


def work(data: dict[str, Any], tools: frozenset[str], replies: Sequence[Reply]) -> Step:
    """The agent's next step: tool calls, or the final Markdown."""
    return advance(_script, Desk(data, tools), replies)


def _script(desk: Desk) -> Script:
    wishes = _wishes(desk.data)
    wants, wishes = _steered(_wants(desk.data), wishes, desk.data)
    parts: list[str] = []
    counting = [w for w in wants if _counts(desk, w)]
    top = _top(desk.data)
    reading = [w for w in wants if w not in counting and _reads(desk, w)]
    writing_ = [w for w in wants if w not in counting and w not in reading]
    if counting:
        questions = [_question(w, top) for w in counting] + _more(steer(wishes).rest)
        parts.append((yield from analyst.analyse(desk, questions, wishes)))
    if reading:
        parts.append((yield from research.research(desk, reading, wishes)))
    if writing_:
        parts.append(writing.write(desk, writing_, parts))
    return _finished(desk, parts, wishes)


def _steered(wants: list[Want], wishes: str, data: dict[str, Any]) -> tuple[list[Want], str]:
    """Wants that only change a computation are wishes; the question itself is still answered."""
    turns = [w for w in wants if steer(w.quote).only or steer(w.text).only]
    if not turns:
        return wants, wishes
    kept = [w for w in wants if w not in turns]
    kept = kept or [w for w in read(str(data.get("goal") or "")) if w.kind == "measure"] or wants
    said = [w.quote if steer(w.quote).only else w.text for w in turns]
    return kept, "\n".join(dict.fromkeys([*wishes.splitlines(), *said]))


def _wishes(data: dict[str, Any]) -> str:
    asked = re.findall(r"The person asked: ([^\n]+?)(?=\.(?:\s|$))", _instructions(data))
    return "\n".join(
        [*asked, *map(str, listed(data, "guidance")), str(data.get("feedback") or "")]
    ).strip()


def _instructions(data: dict[str, Any]) -> str:
    return str(data.get("task", {}).get("instructions") or "")


def _wants(data: dict[str, Any]) -> list[Want]:
    """What the covered requirements ask for, else what the instructions say."""
    found = [of(r) for r in listed(data, "requirements")]
    found = [w for w in found if w.kind != "format"]
    found = [w for w in found if not joining.only(w.quote)] or found
    if re.match(r"Add\b", str(data.get("task", {}).get("title", ""))) or not found:
        said = [w for w in read(_instructions(data)) if w.kind != "format"]
        return said[:1] if found else said
    return found


def _question(want: Want, top: str = "") -> str:
    """The question in its fullest words, with how many are wanted."""
    text = want.text.removeprefix("Answer: ")
    text = text if len(text) > len(want.quote) else want.quote
    return f"{text.rstrip('. ')}, the top {top}" if top else text


def _wants_table(data: dict[str, Any]) -> bool:
    forms = [of(r).form for r in listed(data, "requirements")]
    return any(f and f.kind == "table" for f in forms)


def _top(data: dict[str, Any]) -> str:
    forms = [of(r).form for r in listed(data, "requirements")]
    return next((f.value for f in forms if f and f.kind == "top"), "")


def _counts(desk: Desk, want: Want) -> bool:
    if _recaps(desk, want):
        return False
    return desk.has("describe_table", "query_table") and sources.asks_tables(want, desk.data)


def _recaps(desk: Desk, want: Want) -> bool:
    """True when a want sums up what the tasks before found: then the writer writes from that."""
    return bool(listed(desk.data, "inputs")) and bool(RECAP.fullmatch(want.quote.rstrip(".!? ")))


def _reads(desk: Desk, want: Want) -> bool:
    if _recaps(desk, want):
        return False
    if want.kind in READING or want.kind == "measure":
        able = desk.tools & {"read_attachment", "fetch_page", "query_table"}
        return bool(able or sources.material(desk.data)) and sources.anything(desk.data)
    return False


def _more(wishes: str) -> list[str]:
    """Further numbers that guidance asks for."""
    wanted = re.findall(
        r"(?<!only )\b(?:also|add|include|show)\s+(?:the\s+)?([^.;\n]+)", wishes, re.IGNORECASE
    )
    return [w.quote for text in wanted for w in read(text) if w.kind == "measure"][:3]


def _finished(desk: Desk, parts: Sequence[str], wishes: str) -> str:
    ends = [
        writing.added(steer(wishes).rest),
        writing.left_out(_instructions(desk.data)),
        *_untranslated(desk.data),
    ]
    text = "\n\n".join(p for p in (*parts, *ends) if p)
    if _wants_table(desk.data) and not markdown.tables(text):
        text = markdown.tabled(text)
    limit = writing.limits(desk.data)
    if _SHORTER.search(wishes):
        limit = min(limit or 10_000, max(40, int(count_words(text) * 0.6)))
    return markdown.fitted(text, limit) if limit else text


_SHORTER = re.compile(
    r"\b(?:shorter|more concise|too long|condense|tighten|make it shorter)\b", re.IGNORECASE
)


def _untranslated(data: dict[str, Any]) -> list[str]:
    """Said plainly, since rules cannot translate."""
    forms = [of(r).form for r in listed(data, "requirements")]
    names = [f.value.title() for f in forms if f and f.kind == "language"]
    return [f"Not translated into {name}: the words are those of the sources." for name in names]
