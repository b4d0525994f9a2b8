"""Looking up: the sentences of documents that answer a question best, quoted."""

import re
from collections.abc import Sequence

from graphs.models.offline.language import keywords, overlap, spoken, stem, words
from graphs.models.offline.passages import Passage, passages
from graphs.models.offline.reading import Texts
from graphs.models.offline.wants import Want


def found(texts: Texts, want: Want) -> str:
    """The sentences that answer a question best, quoted."""
    wanted = keywords(want.origin or want.quote) or keywords(want.text)
    scored = [
        (_answers(p, wanted, want.quote), p) for n, t in texts.items() for p in passages(n, t)
    ]
    best = sorted(scored, key=lambda pair: (-pair[0], pair[1].name, pair[1].place))
    kept = [p for score, p in best if score >= max(0.34, 0.6 * best[0][0])][:4] if best else []
    if not kept:
        about = (
            spoken(f"“{w}”" for w in words(want.quote) if stem(w) in wanted) or f"“{want.quote}”"
        )
        return f"{spoken(texts)} says nothing about {about}; nothing was guessed."
    placed = bool(_WHERE.search(want.quote))
    return "\n".join(f"- {_under(p) if placed else ''}{p.quoted()}" for p in kept)


_WHERE = re.compile(r"\b(?:version|release|section|chapter|article|where|when)\b", re.IGNORECASE)


def _under(passage: Passage) -> str:
    """The heading that a passage stands under, for questions of where."""
    return f"Under “{passage.heading}”: " if passage.heading else ""


def _answers(passage: Passage, wanted: Sequence[str], question: str) -> float:
    """How well a sentence fits a question: its words, and a date, number or name if asked for."""
    said = set(keywords(f"{passage.text} {passage.heading}"))
    kin = sum(bool(said & _KIN.get(word, frozenset())) for word in wanted if word not in said)
    score = overlap(wanted, f"{passage.text} {passage.heading}") + 0.8 * kin / max(1, len(wanted))
    if score == 0:
        return 0.0
    score += _numbers(passage.text, wanted)
    low = question.casefold()
    if re.search(r"\bwhen|date|deadline|how long|window\b", low) and re.search(
        r"\d|monday|tuesday|day|week|month|year", passage.text, re.I
    ):
        score += 0.15
    if re.search(r"\bhow (?:many|much)|cost|price\b", low) and re.search(r"\d", passage.text):
        score += 0.15
    if re.search(r"\bwho\b", low) and re.search(
        (
            r"\b[A-Z][a-z]+\b.*\b(?:is|are|must|will|approves?|owns?|leads?)\b|\bmanager|"
            r"director|head|team\b"
        ),
        passage.text,
    ):
        score += 0.15
    return score


def _numbers(text: str, wanted: Sequence[str]) -> float:
    """A number or version that the question names weighs more than words; so does its absence."""
    named = [word for word in wanted if re.fullmatch(r"v?\d+(?:\.\d+)+|\d{3,}", word)]
    if not named:
        return 0.0
    return 0.5 if any(re.search(rf"(?<!\d){re.escape(n)}(?!\d)", text) for n in named) else -0.3


_KIN = {
    stem(word): frozenset(stem(w) for w in others.split())
    for word, others in {
        "approve": "grant granted sign authorise authorised permit permitted decide",
        "cost": "price fee pay pays charge eur usd", "price": "cost fee charge",
        "limit": "maximum most",
        "limited": "limit maximum up", "deadline": "due until latest",
        "refund": "reimbursed return money back",
        "allowed": "may permitted", "forbidden": "prohibited must not",
        "owner": "responsible owns lead",
        "contact": "mail phone reach", "start": "begin begins from",
        "end": "terminate ends until notice",
        "window": "within days period", "happens": "consequence result",
    }.items()
}  # fmt: skip
"""Words of questions, and those of answers to them."""
