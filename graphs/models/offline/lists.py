"""Decisions, action items, risks and their like, picked from documents with their source."""

import re
from dataclasses import dataclass

from graphs.models.offline import markdown
from graphs.models.offline.asked import top
from graphs.models.offline.cues import CUES, SAME
from graphs.models.offline.language import STOPWORDS, keywords, spoken, stem, words
from graphs.models.offline.looking import found
from graphs.models.offline.passages import Passage, passages, plain
from graphs.models.offline.reading import Texts
from graphs.models.offline.wants import Want

SHOWN = 15
"""Items of a list when the want names no number."""
MOST_LINES = 6
"""Lines that are named one by one."""


@dataclass(frozen=True)
class Item:
    """A found thing with who and when, as far as the sentence says."""

    passage: Passage
    who: str = ""
    when: str = ""


def extracted(texts: Texts, want: Want) -> str:
    """The decisions, actions, risks or whatever a want names, each quoted with its source."""
    kind = kind_of_list(want)
    if not kind:
        return found(texts, want)
    items = [i for n, t in texts.items() for i in _items(n, t, kind)]
    if not items:
        return f"No {_plural(kind)} stand in {spoken(texts)}; none were made up."
    items, lead = _narrowed(items, want, kind)
    items, rest = items[: top(want.quote) or SHOWN], items[top(want.quote) or SHOWN :]
    tail = _elsewhere(len(items), rest, kind)
    if kind == "action":
        rows = [
            [i.who or "not said", _task_of(i), i.when or "not said", i.passage.ref] for i in items
        ]
        return markdown.table(["who", "what", "by when", "source"], rows) + tail
    return "\n".join([*lead, *(f"- {i.passage.quoted()}" for i in items)]) + tail


def _elsewhere(shown: int, rest: list[Item], kind: str) -> str:
    """How many are not shown, and in which lines of which document they stand."""
    if not rest:
        return ""
    places: dict[str, list[int]] = {}
    for item in rest:
        places.setdefault(item.passage.name, []).append(item.passage.line)
    where = spoken(f"{name}, {_lines(lines)}" for name, lines in places.items())
    return f"\n\n*{shown} of {shown + len(rest)} {_plural(kind)} are shown. The others: {where}.*"


def _lines(found: list[int]) -> str:
    """`line 7`, or the first lines and how far the others reach."""
    lines = sorted(set(found))
    if len(lines) == 1:
        return f"line {lines[0]}"
    if len(lines) <= MOST_LINES:
        return f"lines {spoken(map(str, lines))}"
    return f"lines {lines[0]} to {lines[-1]}"


_PLAIN = frozenset(
    ["open", "key", "main", "important", "all", "biggest", "most", "top", "main", "major", "any",
     "every", "current", "possible", "different", "each", "new", "action", "item", "next", "due",
     "breaking", "first", "following", "list", "name", "show", "give", "find", "extract",
     "identify", "collect", "report", "highlight", "summarise", "summarize", "pull", "gather",
     "add", "include", "section", "part", "paragraph", "chapter"]
)  # fmt: skip


def _narrowed(items: list[Item], want: Want, kind: str) -> tuple[list[Item], list[str]]:
    """`security fixes` are the fixes that speak of security; a line says so when none does."""
    said = re.search(r"([A-Za-z-]+)\s+(?=[A-Za-z-]+)", want.quote)
    before = [w for w in words(want.quote) if w not in STOPWORDS and w not in _PLAIN]
    at = next((i for i, w in enumerate(before) if _is_kind(w, kind)), 0)
    if said is None or at == 0:
        return items, []
    word = before[at - 1]
    near_by = {stem(word), *_NEAR.get(stem(word), ())}
    hits = [i for i in items if near_by & _stems(i)]
    if hits:
        return hits, []
    return items, [f"None of them speaks of “{word}”; these are all {_plural(kind)}:", ""]


_NEAR = {"security": ("cve", "vulnerability", "secur")}


def _stems(item: Item) -> set[str]:
    return {
        stem(part)
        for word in words(f"{item.passage.text} {item.passage.heading}")
        for part in re.split(r"[-/._]", word)
    }


def _is_kind(word: str, kind: str) -> bool:
    return stem(word).startswith(kind[:5]) or SAME.get(stem(word)) == kind


def _task_of(item: Item) -> str:
    """What is to be done, without the name before a colon."""
    text = plain(item.passage.text)
    return re.sub(rf"^{re.escape(item.who)}\s*[:–—-]\s*", "", text) if item.who else text


def _plural(kind: str) -> str:
    return {
        "deprecat": "deprecations",
        "recommend": "recommendations",
        "breaking": "breaking changes",
        "action": "action items",
        "fix": "fixes",
    }.get(kind, f"{kind}s")


def kind_of_list(want: Want) -> str:
    """Which list a want means; empty when no rule knows it."""
    said = want.quote.casefold() or want.text.casefold()
    said = re.sub(r"\s(?:in|from|of|for) (?:this|the|these|our|my|that|attached)\b.*", "", said)
    if "breaking" in said:
        return "breaking"
    if _FORBIDDEN.search(said):
        return "prohibition"
    if re.search(r"\bobligations?\b|\bduties\b", said):
        return "obligation"
    if re.search(
        r"\bwho (?:does|is|will|owns?|must|has to|should)\b|action|to-?do|next steps", said
    ):
        return "action"
    for word in reversed([stem(w) for w in words(said)]):
        for kind in (SAME.get(word, ""), word):
            if kind and (
                match := next(
                    (k for k in CUES if kind == k or (len(kind) > 4 and kind.startswith(k))), ""
                )
            ):
                return match
    return ""


_FORBIDDEN = re.compile(
    r"\b(?:may|must|can|shall|should|are|is) (?:we |i |you |they )?not\b|\bnot (?:be )?allowed|"
    r"\bprohibit|\bforbid|\bforbidden"
)


def _items(name: str, text: str, kind: str) -> list[Item]:
    """Those under a heading of that kind; without such a heading, the sentences with its cues."""
    all_ = list(passages(name, text))
    under = [p for p in all_ if p.heading and _heads(p.heading, kind)]
    cue = re.compile(CUES[kind], re.IGNORECASE if kind != "name" else 0)
    other = {
        p.heading
        for p in all_
        if p.heading
        and any(
            _heads(p.heading, k) for k in ("decision", "action", "risk", "question") if k != kind
        )
    }
    under = [p for p in under if kind == "question" or not p.text.rstrip().endswith("?")]
    all_ = [p for p in all_ if kind in ("question", "request") or not p.text.rstrip().endswith("?")]
    under, all_ = _telling(under), _telling(all_)
    hits = under or [p for p in all_ if cue.search(p.text) and p.heading not in other]
    return [Item(p, _who(p.text), _when(p.text)) for p in hits]


def _telling(found: list[Passage]) -> list[Passage]:
    """Without single words and bare links, which say nothing by themselves."""
    return [p for p in found if len(plain(p.text).split()) > 1]


def _heads(heading: str, kind: str) -> bool:
    stems = set(keywords(heading)) | {stem(w) for w in words(heading)}
    return any(s.startswith(kind) or SAME.get(s) == kind for s in stems)


_NOT_NAMES = frozenset(
    [
        "the",
        "we",
        "it",
        "this",
        "that",
        "they",
        "all",
        "and",
        "but",
        "if",
        "for",
        "in",
        "on",
        "at",
        "by",
        "action",
        "decision",
        "next",
        "todo",
        "please",
        "note",
        "open",
        "risk",
        "step",
        "who",
        "what",
        "when",
        "why",
        "monday",
        "tuesday",
        "wednesday",
        "thursday",
        "friday",
        "saturday",
        "sunday",
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
        "i",
        "a",
        "an",
        "our",
        "no",
        "yes",
        "api",
        "team",
        "everyone",
    ]
)


_TAG = re.compile(r"^(?:actions?|to-?do|task|next step)\s*[:–—-]\s*", re.IGNORECASE)


def _who(text: str) -> str:
    """The person a sentence gives a task to: `Ana will…`, `Ana: …`, `@ana`, `(owner: Ana)`."""
    text = plain(text)
    bare = _TAG.sub("", text)
    if bare != text and (doer := re.match(r"([A-Z][a-z]+) (?:\w+s|to)\b", bare)):
        return doer[1]
    for shape in (
        (
            r"\(?(?:owner|assigned to|responsible|assignee|by|wer|"
            r"who)\s*:\s*@?([A-Z][\w-]+(?: [A-Z][\w-]+)?)"
        ),
        r"@(\w[\w.-]+)",
        r"^([A-Z][\w-]+(?: (?:and|&) [A-Z][\w-]+| [A-Z][\w-]+)?)\s*(?::|–|—| - )\s",
        (
            r"^([A-Z][\w-]+(?: (?:and|&) [A-Z][\w-]+| [A-Z][\w-]+)?) (?:will|to|must|"
            r"should|needs? to|is going to|has to|takes?|prepares?|sends?|writes?|"
            r"checks?|owns?|follows?|agreed to|shall)\b"
        ),
        r"\b([A-Z][\w-]+) (?:will|must|should|needs? to|has to|agreed to|takes|to)\b",
        r"\bassigned to ([A-Z][\w-]+)",
        r"[(\[–—-]\s*([A-Z][a-z]+)\s*(?:[)\],]|$)",
    ):
        found = re.search(shape, text)
        if found and found[1].casefold().split()[0] not in _NOT_NAMES:
            return found[1]
    if re.match(r"(?:the )?(\w+ team)\b", text, re.IGNORECASE):
        return " ".join(text.split()[: 3 if text.lower().startswith("the") else 2])
    return ""


_DAY = r"(?:mon|tues|wednes|thurs|fri|satur|sun)day"


_MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|"
    r"december|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)"
)


def _when(text: str) -> str:
    """The time that a sentence sets, in its own words."""
    found = re.search(
        (
            rf"\b(?:by|until|before|due(?: on| by)?:?|on|no later than|deadline:?|within|"
            rf"bis)\s+((?:the )?(?:end of (?:the |this |next )?\w+|next \w+|this \w+|"
            rf"{_DAY}(?:,? \d{{1,2}}\.? {_MONTH}| \w*\d\w*)?|tomorrow|today|eod|eow|"
            rf"\d{{4}}-\d\d-\d\d|\d{{1,2}}[./]\d{{1,2}}\.?(?:\d{{2,4}})?|\d{{1,2}}\.? "
            rf"{_MONTH}(?: \d{{4}})?|{_MONTH} \d{{1,2}}(?:,? \d{{4}})?|\d+ (?:days?|"
            rf"weeks?|months?|hours?)|q[1-4](?: \d{{4}})?|{_MONTH}))"
        ),
        text,
        re.IGNORECASE,
    )
    return (
        found[1] if found else (iso[0] if (iso := re.search(r"\b\d{4}-\d\d-\d\d\b", text)) else "")
    )
