"""Numbers in the sentences of a text, held against the computed ones."""

import re
from collections.abc import Iterator, Sequence

from graphs.tools.checks_words import (
    MEANING,
    STOP,
    UNITS,
    WHEN,
    WHENS,
    FactBook,
    Finding,
    Known,
    Phrase,
    Shown,
    listed,
    near,
    norm,
    problem,
    same_how,
    same_when,
    shown_in,
    stem,
    tokens_of,
)

_LABEL = "\x00"
_DOUBT = re.compile(
    r"\b(only|excluding|except|among|within|without|of which|of those|during|since|until|before|"
    r"after|between|when|where|daily|weekly|monthly|yearly|hourly|per|each|every|if|would|could|"
    r"should|target|goal|forecast|expect\w*|plan\w*|budget\w*|limit\w*|quota|threshold|not|never|"
    r"e\.g\.|for example|instead|last|past|previous|next|yesterday|today|tomorrow|week\w*|days?|"
    r"month|hour\w*|quarter|year|further|another|extra|additional|other|combined|together|"
    r"peaked|averaged|ranged?|as many as|usual\w*|typical\w*)\b",
    re.I,
)
_LINKS = listed("""
    was were is are of to at : = reached totalled totaled equals numbered rose fell grew
    dropped increased decreased went stood a an
""")
_ENDS = listed("""
    . , ; : ! ? ) ( – — - | and but while
""")
_BEFORE = listed("""
    the its total had has have with of in a an and , : ; ( – — - received got saw served
    handled made counted recorded shows show showed s
""")
_NOT_BEFORE = listed("""
    by than from between another extra every
""")
_BARE = listed("of a an : was")
_UP = listed("""
    rose rise rises risen grew grow grows grown increase increases increased up gain gains gained
    more higher jumped climbed
""")
_DOWN = listed("""
    fell fall falls fallen drop drops dropped decrease decreases decreased down decline declines
    declined lost less lower fewer shrank
""")


def in_sentence(known: FactBook, sentence: str, around: str) -> Iterator[Finding]:
    if known.in_prose is None or not (named := _named(known, sentence)):
        return
    if _DOUBT.search(sentence):
        return
    facts = [fact for label in named for fact in known.by_label[label]]
    tokens, spans = _marked(known, sentence)
    if not _placed(tokens):
        return
    context = frozenset(tokens_of(f"{sentence}\n{around}"))
    for place, number in spans.items():
        meant = [f for f in facts if _beside(f, tokens, place, number, context, sentence)]
        if not meant:
            continue
        if any(number.equals(fact) for fact in (*facts, *known.overall)):
            yield Finding(sentence)
        else:
            yield Finding(sentence, problem(meant, number))
    yield from _changes(facts, named, sentence, tokens, list(spans.values()))


def _named(known: FactBook, sentence: str) -> list[tuple[str, ...]]:
    """The labels that a sentence is about, the exact ones before the general."""
    assert known.in_prose is not None
    parts = {norm(found) for found in known.in_prose.findall(sentence)}
    fitting = [label for label in known.by_label if parts.issuperset(label)]
    longest = max(map(len, fitting), default=0)
    return [label for label in fitting if len(label) == longest]


def _marked(known: FactBook, sentence: str) -> tuple[list[str], dict[int, Shown]]:
    """The sentence as tokens, its labels and numbers as single marks; numbers by place."""
    assert known.in_prose is not None
    hidden = known.in_prose.sub(lambda m: _LABEL * len(m[0]), sentence)
    found = shown_in(hidden)
    tokens: list[str] = []
    spans: dict[int, Shown] = {}
    at = 0
    for number in [*found, None]:
        piece = hidden[at : number.start if number else len(hidden)]
        tokens += [_LABEL if t[0] == _LABEL else t.lower()
                   for t in re.findall(rf"{_LABEL}+|[^\W\d_]+|\d+|[^\s\w]", piece)]  # fmt: skip
        if number:
            spans[len(tokens)] = number
            tokens.append("0")
            at = number.end
    return tokens, spans


def _placed(tokens: Sequence[str]) -> bool:
    """False when an "in …" narrows the sentence down to something that is no label."""
    fine = {_LABEL, "total", "all", "data", "file", "export", "table", "attachment", "report",
            "particular", "addition", "fact", "0", "sum"}  # fmt: skip
    for i, token in enumerate(tokens):
        if token in ("in", "for", "across"):
            after = [t for t in tokens[i + 1 : i + 3] if t not in ("the", "this", "our")][:1]
            if not after or (after[0] not in fine and not WHENS.fullmatch(after[0])):
                return False
    return True


def _beside(
    known: Known,
    tokens: Sequence[str],
    place: int,
    number: Shown,
    context: frozenset[str],
    sentence: str,
) -> bool:
    """True when the number at this place stands right beside the measure's own words."""
    if known.change or number.percent != known.percent or not known.condition <= context:
        return False
    for phrase in known.phrases:
        whens = frozenset(t for t in tokens_of(sentence) if WHEN.fullmatch(t))
        said = Phrase(frozenset(), frozenset(), frozenset(), whens - {number.text})
        if not same_when(phrase, said) or not phrase.subject:
            continue
        if not phrase.when and WHENS.search(sentence.replace(number.text, "")):
            continue
        if _follows(phrase, tokens, place) or _precedes(phrase, tokens, place):
            return True
    return False


def _follows(phrase: Phrase, tokens: Sequence[str], place: int) -> bool:
    """`42 requests`, `a total of 42 requests`, but not `3 of 42 requests`."""
    if tuple(tokens[max(0, place - 2) : place]) in (("0", "of"), ("of", "all"), ("of", "the")):
        return False
    before = [t for t in tokens[max(0, place - 3) : place] if t not in _BARE]
    if (before and before[-1] in _NOT_BEFORE) or not _how_fits(phrase, before[-1:]):
        return False
    rest = list(tokens[place + 1 :])
    while rest and (rest[0] == "total" or rest[0] in UNITS):
        rest.pop(0)
    width = _width(phrase, rest)
    return width > 0 and _closed(rest[width:], phrase)


def _precedes(phrase: Phrase, tokens: Sequence[str], place: int) -> bool:
    """`requests: 42`, `requests rose to 42`."""
    i = place
    while i > 0 and tokens[i - 1] in _LINKS and place - i < 3:
        i -= 1
    if i == place:
        return False
    for start in range(max(0, i - 4), i):
        words = tokens[start:i]
        if _width(phrase, words) == len(words):
            before = list(tokens[max(0, start - 1) : start])
            free = not before or before[0] in _BEFORE or before[0] == _LABEL
            fits = free or (before[0] in MEANING and _how_fits(phrase, before))
            return fits and _how_fits(phrase, before) and _closed(tokens[place + 1 :], phrase)
    return False


def _width(phrase: Phrase, words: Sequence[str]) -> int:
    """How many of the first words are exactly the measure's subject, 0 if they are not."""
    seen = frozenset[str]()
    for width, word in enumerate(words, 1):
        root = stem(word)
        if root not in phrase.subject:
            return 0
        seen |= {root}
        if seen == phrase.subject:
            return width
    return 0


def _how_fits(phrase: Phrase, before: Sequence[str]) -> bool:
    said = frozenset(MEANING[t] for t in before if t in MEANING) - {"diff", "pct"}
    return same_how(phrase, Phrase(frozenset(), said, frozenset(), frozenset()))


def _closed(rest: Sequence[str], phrase: Phrase) -> bool:
    """True when nothing after the measure narrows it down."""
    while rest and rest[0] in UNITS:
        rest = rest[1:]
    if not rest or rest[0] in _ENDS:
        return True
    if tuple(rest[:2]) in (("in", "total"), ("in", "all")) or rest[0] in ("overall", "altogether"):
        return True
    if rest[0] in ("to", "for", "at", "on", "in", "from") and rest[1:2] == [_LABEL]:
        return True
    return bool(phrase.when) and rest[0] in ("in", "for")


_FILLER = (
    STOP
    | _UP
    | _DOWN
    | listed("""
    change changed changes difference most strongest biggest largest while but then next again also
    about around roughly nearly almost over under has have had s it which that percent per cent
    sharply slightly clearly endpoint region product customer item
""")
)
_FILLER_STEMS = frozenset(map(stem, _FILLER))


def _changes(
    facts: Sequence[Known],
    named: Sequence[tuple[str, ...]],
    sentence: str,
    tokens: Sequence[str],
    shown: Sequence[Shown],
) -> Iterator[Finding]:
    """`/v1/users rose by 40 %`: one label, one percentage, and no word left unexplained."""
    percents = [number for number in shown if number.percent]
    changes = [f for f in facts if f.change and f.percent]
    moved = bool(_UP.intersection(tokens)), bool(_DOWN.intersection(tokens))
    if len(named) != 1 or len(percents) != 1 or not changes or moved[0] == moved[1]:
        return
    own = frozenset[str]().union(*(f.phrases[0].subject | f.ends for f in changes))
    words = {stem(t) for t in tokens if t.isalpha()}
    if not words <= own | _FILLER_STEMS:
        return
    number = percents[0]
    for known in changes:
        same = [near(abs(v), p, abs(known.value), number.hedged) for v, p in number.readings]
        if any(same) and (known.value >= 0) == moved[0]:
            yield Finding(sentence)
            return
    way = "up" if moved[0] else "down"
    said = f"{number.text} {way}"
    fact = changes[0].fact
    computed = " or ".join(dict.fromkeys(f"{f.fact.value} %" for f in changes))
    yield Finding(sentence, f"{fact.label}: says {said}, computed {computed} ({fact.measure})")
