"""The researcher: what documents, text columns and pages say, quoted with their source."""

import re
from collections.abc import Sequence

from graphs.models.offline import analyst, sources
from graphs.models.offline.comparing import compared, compares_more
from graphs.models.offline.counting import counted
from graphs.models.offline.language import keywords, sentence, spoken
from graphs.models.offline.lists import extracted, kind_of_list
from graphs.models.offline.looking import found
from graphs.models.offline.parts import named_part
from graphs.models.offline.passages import glued, passages, plain, summarised
from graphs.models.offline.reading import Texts, nothing_to_read, read_all
from graphs.models.offline.reasons import reasons
from graphs.models.offline.steps import Desk, Script
from graphs.models.offline.wants import Want


def research(desk: Desk, wants: Sequence[Want], wishes: str = "") -> Script:
    """Answer each want from what can be read; say plainly what is not there."""
    parts: list[str] = []
    why = [w for w in wants if w.kind == "why"]
    compares = any(w.kind == "compare" for w in wants)
    rest = [w for w in wants if w.kind != "why"]
    if compares:
        first = next(w for w in rest if w.kind == "compare")
        rest = [w for w in rest if w is first or not _of_differences(w)]
    texts = yield from read_all(desk, only=_named(desk))
    if why:
        parts.append((yield from reasons(desk, why[0], texts)))
    for want in rest:
        part = yield from _one(desk, want, texts, wishes)
        parts.append(part)
    parts += [_glued(name) for name, text in texts.items() if glued(text)]
    return "\n\n".join(part for part in parts if part)


def _glued(name: str) -> str:
    return (
        f"*The words of {name} run together, as its file gives no blanks between them: "
        "what is quoted is hard to read, and some of it may not have been found.*"
    )


def _of_differences(want: Want) -> bool:
    """True for what a comparison answers anyway."""
    return want.kind in ("extract", "find", "compare") and compares_more(want)


def _one(desk: Desk, want: Want, texts: Texts, wishes: str) -> Script:
    if not texts and sources.tables(desk.data):
        return (yield from analyst.analyse(desk, [want.quote or want.text], wishes))
    if not texts:
        return nothing_to_read(desk)
    whole, texts = texts, named_part(texts, want.quote or want.text)
    if texts is not whole and want.kind != "summarise":
        return _contents(texts)
    if want.kind == "compare" and len(texts) > 1:
        return compared(texts, want)
    if want.kind == "compare" and (inputs := desk.data.get("inputs")):
        return "\n\n".join(str(i.get("text")) for i in inputs)
    if want.kind == "measure":
        return counted(texts, want)
    if want.kind == "extract" or kind_of_list(want) == "prohibition":
        return extracted(texts, want)
    if want.kind in ("summarise", "compare", "create"):
        return summary(texts, want, _bullets(desk, wishes))
    return found(texts, want)


MOST_QUOTED = 12


def _contents(texts: Texts) -> str:
    """What a named part says, in its order: its points, else its sentences."""
    said = [p for n, t in texts.items() for p in passages(n, t)]
    points = [p for p in said if p.bullet and len(p.text.split()) > 2] or said
    kept = [f"- {p.quoted()}" for p in points[:MOST_QUOTED]]
    more = len(points) - len(kept)
    return "\n".join([*kept, *([f"- … and {more} more in {spoken(texts)}."] if more else [])])


def _named(desk: Desk) -> list[str]:
    """The files that the instructions name; all when they name none."""
    said = str(desk.data.get("task", {}).get("instructions", ""))
    return [str(a["name"]) for a in sources.attachments(desk.data) if f"“{a['name']}”" in said]


def _bullets(desk: Desk, wishes: str) -> int:
    """How many points a summary has."""
    said = " ".join([str(desk.data.get("task", {}).get("instructions", "")), wishes])
    asked = re.search(r"\b(\d{1,2}) (?:\w+ )?(?:bullet|point|sentence)", said)
    if asked:
        return max(1, min(20, int(asked[1])))
    return 3 if re.search(r"\bshort(?:er)?\b", wishes) else 6


def summary(texts: Texts, want: Want, count: int) -> str:
    """The sentences that say most, document by document, with their lines."""
    about = [
        k
        for k in keywords(want.quote)
        if k not in ("summar", "summary", "overview", "point", "key", "main")
    ]
    parts: list[str] = []
    share = max(1, count // len(texts)) if len(texts) > 1 else count
    for name, text in texts.items():
        picked = summarised(passages(name, text), share, about)
        if not picked:
            parts.append(f"“{name}” has no sentences to summarise.")
            continue
        parts.append("\n".join(f"- {sentence(plain(p.text))} *({p.ref})*" for p in picked))
    return "\n\n".join(f"{_title(n, texts)}{part}" for n, part in zip(texts, parts, strict=True))


def _title(name: str, texts: Texts) -> str:
    return f"**{name}**\n\n" if len(texts) > 1 else ""
