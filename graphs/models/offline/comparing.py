"""Two documents side by side: the same, different, only in one."""

import re
from collections import Counter
from collections.abc import Sequence

from graphs.models.offline import markdown
from graphs.models.offline.language import cut, keywords, words
from graphs.models.offline.passages import Passage, passages, plain, summarised
from graphs.models.offline.reading import Texts
from graphs.models.offline.wants import Want

MOST = 400
"""Statements of one side that are compared."""
SHOWN = 10
TOPICS = 6
ALIKE = 0.45
"""From this share of common words on, two statements speak of the same thing."""


def compares_more(want: Want) -> bool:
    """`List the differences` or `where do they agree` beside a comparison asks for nothing more."""
    return bool(_MORE.search(want.text))


_MORE = re.compile(
    r"\b(?:differ|chang|similar|same|common|agree|share|overlap|contradict|conflict)", re.IGNORECASE
)


def compared(texts: Texts, want: Want) -> str:
    """What is in both documents, what differs, what only one has."""
    names = list(texts)[:2]
    left, right = (passages(n, texts[n])[:MOST] for n in names)
    pairs = _pairs(left, right)
    changed = [(a, b) for a, b in pairs if _norm(a.text) != _norm(b.text)]
    paired = {id(p) for pair in pairs for p in pair}
    only = [[p for p in side if id(p) not in paired] for side in (left, right)]
    lead = (
        f"They agree on {_counted(len(pairs) - len(changed), 'statement')}; "
        f"{len(changed)} differ, "
        f"{len(only[0])} stand only in {names[0]}, {len(only[1])} only in {names[1]}."
    )
    parts = [lead, *_differing(names, changed)]
    parts += [_only(name, side) for name, side in zip(names, only, strict=True)]
    if not pairs:
        parts.insert(1, _topics(names, left, right))
    return "\n\n".join(p for p in parts if p)


def _topics(names: Sequence[str], left: Sequence[Passage], right: Sequence[Passage]) -> str:
    """What both speak of though they say different things: the words that both use most."""
    often = [Counter(k for p in side for k in set(keywords(p.text))) for side in (left, right)]
    both = {k: min(n, often[1][k]) for k, n in often[0].items() if len(k) > 3 and often[1][k] > 1}
    best = sorted(both, key=lambda k: (-both[k], k))[:TOPICS]
    rows = [[_word(k, left), _first(k, left), _first(k, right)] for k in best]
    if not rows:
        return "They have no topic in common."
    return "**What both speak of**\n\n" + markdown.table(["topic", *names], rows)


def _word(stem_: str, said: Sequence[Passage]) -> str:
    return next((w for p in said for w in words(p.text) if keywords(w) == [stem_]), stem_)


def _first(stem_: str, said: Sequence[Passage]) -> str:
    """The shortest full statement on a topic."""
    hits = [p for p in said if stem_ in keywords(p.text) and len(p.text.split()) > 4]
    best = min(hits or [p for p in said if stem_ in keywords(p.text)], key=lambda p: len(p.text))
    return f"{cut(plain(best.text), 140)} (line {best.line})"


def _differing(names: Sequence[str], changed: Sequence[tuple[Passage, Passage]]) -> list[str]:
    if not changed:
        return []
    rows = [
        [f"{plain(a.text)} (line {a.line})", f"{plain(b.text)} (line {b.line})"]
        for a, b in changed[:SHOWN]
    ]
    more = [f"*{SHOWN} of {len(changed)} differences are shown.*"] if len(changed) > SHOWN else []
    return ["**What differs**", markdown.table(names, rows), *more]


def _pairs(left: Sequence[Passage], right: Sequence[Passage]) -> list[tuple[Passage, Passage]]:
    """The statements of both sides that speak of the same thing, the closest first taken."""
    theirs = [frozenset(keywords(p.text)) for p in right]
    found: list[tuple[Passage, Passage]] = []
    taken: set[int] = set()
    for passage in left:
        mine = frozenset(keywords(passage.text))
        score, at = max(
            ((_alike(mine, other), -i) for i, other in enumerate(theirs) if i not in taken),
            default=(0.0, 0),
        )
        if score >= ALIKE:
            taken.add(-at)
            found.append((passage, right[-at]))
    return found


def _alike(one: frozenset[str], other: frozenset[str]) -> float:
    """The share of their words that two statements have in common."""
    return len(one & other) / max(1, len(one | other))


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _norm(text: str) -> str:
    return " ".join(words(plain(text)))


def _only(name: str, found: Sequence[Passage]) -> str:
    if not found:
        return ""
    picked = summarised(found, 8)
    return f"**Only in {name}**\n\n" + "\n".join(
        f"- “{plain(p.text)}” (line {p.line})" for p in picked
    )
