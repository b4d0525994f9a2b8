"""What a mission's words ask for: its single wants, each with the exact words it comes from."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Literal

from graphs.models.offline import formats
from graphs.models.offline.asked import CONTEXT, alone
from graphs.models.offline.gloss import Gloss, glossed, tongue
from graphs.models.offline.language import Span, sentences, trimmed
from graphs.models.offline.situation import background

Kind = Literal[
    "measure", "why", "tell", "summarise", "extract", "compare", "create", "find", "outward",
    "format",
]  # fmt: skip

MAX_WANTS = 30
MAX_SENTENCE = 1_500
MAX_GOAL = 20_000
"""Characters of a goal that are read as instructions; more is taken as pasted material."""


@dataclass(frozen=True)
class Want:
    """One thing asked for. `quote` occurs in the goal; `text` can be read without the goal.

    `lead` is the want that this one leans on (“why” leans on what is to be explained).
    """

    kind: Kind
    quote: str
    text: str
    lead: str = ""
    form: formats.Form | None = None
    origin: str = ""
    """The person's own words, when `quote` is what they mean in English."""


_QUESTION = r"(?:which|what|who|whom|whose|where|when|why|how|is|are|does|do|did|has|have|was|were)"
_VERB = (
    r"(?:make|write|create|produce|prepare|put|draft|build|give|show|list|find|identify|extract"
    r"|summari[sz]e|sum up|recap|condense|compare|contrast|explain|describe|"
    r"analy[sz]e|calculate|compute|count|rank|sort"
    r"|tell|recommend|suggest|propose|plan|design|outline|name|include|add|send|"
    r"e-?mail|post|publish|share"
    r"|forward|submit|report|review|check|group|break|chart|plot|graph|turn|"
    r"translate|highlight|point"
    r"|note|say|keep|use|split|predict|forecast|estimate|pull|collect|gather|"
    r"research|look|read|evaluate"
    r"|assess|rewrite|answer|determine|mention|visuali[sz]e|quote|cite|decide|return|"
    r"output|export|save|end|start)"
)
_START = rf"(?:(?:please|also|finally|then|next|afterwards|lastly)\s+)*(?:{_QUESTION}|{_VERB})\b"
_SPLIT = re.compile(
    rf"\s*;\s+|:\s+(?={_START})|,?\s+(?:and\s+)?then,?\s+|,\s+(?:and|but|"
    rf"or|so)\s+(?={_START})|,\s+(?={_START})"
    r"|,\s+(?:and|plus|as well as)\s+(?=(?:the|our|my|a list of)\s+(?:top|bottom|\d+|two|three|"
    r"four|five|six|seven|eight|nine|ten|twelve|total|average|biggest|largest|highest|lowest|most|"
    r"smallest|number of)\b)"
    rf"|\s+(?:and|&)\s+(?:also\s+)?(?={_START})|\s+(?:as well as|"
    rf"plus)\s+(?={_START})|\?\s*,?\s*(?:and\s+)?(?=\w)",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"(?:(?:hi|hello|hey|dear)(?:\s+(?:there|team|all|everyone))?[,!.:]?\s+|"
    r"please,?\s+|then,?\s+|also,?\s+|finally,?\s+"
    r"|next,?\s+|and\s+|so,?\s+|(?:can|could|would|will) (?:you|we)(?: please)?\s+|"
    r"(?:i|we)(?:'d| would)? (?:need|want|like)"
    r"(?: you)?(?: to)?\s+|(?:i|we) (?:have to|must|should)\s+|let'?s\s+|help (?:me|"
    r"us)(?: to)?\s+|your (?:task|job) is to\s+|tell (?:me|us),?\s+(?=which|what|who|"
    r"where|when|why|how)"
    r"|(?:i|we) (?:am|are|'m|'re) (?:looking for|interested in)\s+)+",
    re.IGNORECASE,
)
_FILE = r"[“\"'`]?[\w][\w.-]*\.(?:csv|tsv|xlsx?|xlsm|ods|json|pdf|docx?|md|txt|html?|log)[”\"'`]?"
_SETTING = re.compile(
    r"(?:from|based on|using|given|with|in|looking at|according to|out of|for|on the "
    r"basis of|after reading|read|take|open|look at|use)\s+"
    r"(?:both\s+|all\s+)?(?:"
    r"(?:(?:of\s+)?(?:the|this|these|those|our|my|attached|enclosed|following)\s+)+"
    rf"(?:[^,;:.?!]{{0,60}}?|(?:\w+\s+){{0,3}}{_FILE})|{_FILE}(?:\s+and\s+{_FILE})?"
    r")(?:,|:)\s+(?:and\s+)?",
    re.IGNORECASE,
)
_ENUM = re.compile(
    r"(?P<verb>(?:list|extract|give(?: me| us)?|show|find|identify|include|name|"
    r"describe|outline|pull out|collect|gather|highlight"
    r"|tell (?:me|us)|write|report|what (?:are|were)|note)\s+)(?P<rest>.+)",
    re.IGNORECASE | re.DOTALL,
)
_COMMA = re.compile(r",\s*(?:and|or)\s+|,\s*|\s+(?:and|&|as well as|plus)\s+", re.IGNORECASE)
_TIED = re.compile(
    r"\b(?:between|both|by|per|compare|versus|vs|for|to|of|with)\s[^,]*$", re.IGNORECASE
)

_PARTS = (
    r"decisions?|action(?: item)?s?|to-?dos?|next steps?|steps?|tasks?|risks?|"
    r"owners?|deadlines?|due dates?|dates?|milestones?|"
    r"open questions?|questions?|issues?|problems?|blockers?|complaints?|themes?|"
    r"topics?|requests?|suggestions?|praise|"
    r"assumptions?|dependenc(?:y|ies)|goals?|objectives?|requirements?|obligations?|"
    r"duties|rights|exceptions?|penalt(?:y|ies)|"
    r"roles?|responsibilit(?:y|ies)|people|participants?|attendees?|names?|quotes?|"
    r"numbers?|figures?|costs?|"
    r"prices?|budgets?|timeline|schedule|checklist|agenda|changes?|differences?|"
    r"similarities|strengths?|weakness(?:es)?|"
    r"pros|cons|advantages?|disadvantages?|opportunit(?:y|ies)|threats?|who (?:does|"
    r"is|will|owns?|should)[\w ]*|findings?|"
    r"recommendations?|conclusions?|key points?|main points?|points?|facts?|errors?|"
    r"warnings?|bugs?|fixes|features?|"
    r"breaking changes?|deprecations?|e-?mails?|phone numbers?|links?|urls?|"
    r"definitions?|terms|contacts?"
)
_PART = re.compile(rf"\b(?:{_PARTS})\b", re.IGNORECASE)

_OUTWARD = re.compile(
    r"^(?:send|e-?mail|post|publish|share|forward|submit|tweet|upload|deploy|message|"
    r"notify|text|call|book|order|buy|pay|"
    r"schedule|invite|delete|merge|release|file a|open a|create a (?:ticket|issue))\b"
    r"(?!\s+(?:the )?(?:numbers?|figures?)\b)",
    re.IGNORECASE,
)
_WHY = re.compile(
    (
        r"\b(?:why|reasons?\b|causes?\b|what (?:caused|drove|led|is behind|explains|"
        r"happened)|how come|root cause|explain what)"
    ),
    re.IGNORECASE,
)
_TELL = re.compile(
    r"\b(?:should (?:we|i|they|the team)|(?:we|i) should|tell (?:our |the "
    r")?(?:customers?|clients?|users?|people|partners?|team|staff|board|"
    r"stakeholders?)|recommend|recommendations?|suggest|advice|advise|propose|"
    r"message to|announce(?:ment)?|reply|respond|"
    r"draft|(?:write|prepare|create) (?:an? |the |some )?(?:[\w-]+ ){0,3}?(?:e-?mail|"
    r"message|letter|note|reply|"
    r"announcement|post|statement|press release|faq|notice|slack|tweet|newsletter|"
    r"blog)|talking points|next steps we)\b",
    re.IGNORECASE,
)
_SUMMARISE = re.compile(
    r"\b(?:summar(?:y|ies|i[sz]e[sd]?|i[sz]ing)|sum up|recap|tl;?dr|condense|"
    r"overview|gist|key (?:points?|takeaways?|messages?|findings?)|"
    r"main (?:points?|messages?|ideas?)|in a nutshell|digest|what (?:does|do|is|are) "
    r"(?:it|they|this|these|the \w+) (?:say|about)|explain (?:the|this|it))\b",
    re.IGNORECASE,
)
_COMPARE = re.compile(
    (
        r"\b(?:compare[sd]?|comparison|contrast|versus|vs\.?|differences? between|differ|"
        r"what changed between|diff)\b"
    ),
    re.IGNORECASE,
)
_EXTRACT = re.compile(
    rf"\b(?:list|extract|find|identify|give|pull out|collect|gather|highlight|name|"
    rf"show|what (?:are|were))\b.*?\b(?:{_PARTS})\b|^(?:the )?(?:all )?(?:{_PARTS})$"
    r"|\bwho (?:does|is|will|owns?|must|has to|should|said|agreed|decided)\b",
    re.IGNORECASE,
)
_MEASURE = re.compile(
    r"\b(?:how (?:many|much|often|long|large|big|high|fast|slow)|number of|count|"
    r"totals?|sums?|averages?|mean|median|"
    r"top|bottom|best|worst|most|least|fewest|highest|lowest|largest|smallest|"
    r"biggest|greatest|longest|shortest|fastest|slowest|"
    r"cheapest|expensive|maximum|minimum|max|min|rank(?:ed|ing)?|percent(?:age)?|"
    r"share|proportion|ratio|rate|trend|"
    r"grew|grown|growth|fell|rose|increased?|decreased?|declined?|dropped|changed|"
    r"change|distribution|break(?: it)?(?: down|down)|"
    r"broken down|per (?:day|week|month|quarter|year|\w+)|by (?:day|week|month|"
    r"quarter|year|region|country|product|customer|category|team)|"
    r"calculate|compute|analy[sz]e|statistics|stats|sales|revenue|more than|less "
    r"than|at least|over \d|above \d|below \d|latest|earliest|"
    r"newest|oldest|total|frequent(?:ly)?|common|highest-\w+|pivot|tabulate|forecast)\b",
    re.IGNORECASE,
)
_CREATE = re.compile(
    (
        r"\b(?:plan|design|outline|write|draft|create|prepare|build|propose|make|"
        r"brainstorm|develop|set up|organi[sz]e|come up with)\b"
    ),
    re.IGNORECASE,
)
_THING = re.compile(
    r"^(?:(?:make|write|create|produce|prepare|put (?:it|this|that|everything)|list|explain|"
    r"describe|give(?: me| us)?|build|draft|turn (?:it|this|that)|output|return|format|keep|"
    r"use|add|include|show|present|deliver|"
    r"do|i need|we need|end with|answer|reply|save|export)(?:\s+|$))?"
    r"(?:(?:it|this|that|them|these|those|everything|all of (?:it|this|that)|the (?:results?|"
    r"answer|output|list|brief|report|summary|text|page|table|e-?mail|message|plan|document))\s*)?"
    r"(?:(?:must|should|has to|have to|needs? to|ought to|can|may)(?:\s+|$)(?:be\s+|fit\s+)?)?"
    r"(?:(?:all|together|up|down|to|in|into|as|with|at|a|an|the|one|short|brief|"
    r"simple|clear|concise|little|nice|quick|"
    r"small|single|me|us|and|of|that|plain|final|whole|please)\s+)*"
    r"(?:make|brief(?:ing)?|report|summary|memo|page|document|note|overview|doc|"
    r"paper|write-?up|one-?pager|text|answer|output|result)?\s*(?:,?\s*please)?\s*[.!]?$",
    re.IGNORECASE,
)


def pasted(goal: str) -> tuple[str, str]:
    """The instruction and the material that was pasted under it, if any."""
    found = re.search(r":[ \t]*\n|\n[ \t]*\n|\n(?:-{3,}|={3,}|`{3,})", goal)
    if found:
        head, body = goal[: found.start() + 1].strip(), goal[found.end() :].strip()
        long = len(body) > 500 or body.count("\n") >= 5
        if 0 < len(head) < 2_000 and long and not _all_instructions(body):
            return head, body
    if len(goal) > MAX_GOAL:
        head = next((s.text for s in sentences(goal)), goal)[:2_000]
        return head, goal
    return goal, ""


def _all_instructions(body: str) -> bool:
    """True when what follows is a list of wants and no material."""
    lines = [s.text for s in sentences(body[:4_000])]
    asking = sum(bool(re.match(_START, line, re.IGNORECASE)) or "?" in line for line in lines)
    return asking * 2 >= len(lines)


@lru_cache(maxsize=256)
def read(goal: str) -> tuple[Want, ...]:
    """Every want in the goal, in its order; at least one, when the goal has a word.

    German and French are read through their gloss; the quotes are the person's own words.
    """
    head, _ = pasted(goal)
    gloss = glossed(head)
    found = list(_distinct(_all(gloss.text)))[:MAX_WANTS]
    if not any(want.kind != "format" for want in found):
        found.insert(0, _whole(gloss.text, found))
    if gloss.places:
        found = list(_sourced(found, gloss))
    return tuple(want for want in found if want.quote.strip())


def _sourced(wants: list[Want], gloss: Gloss) -> Iterator[Want]:
    """The wants with quotes in the words that were written."""
    at = 0
    for want in wants:
        place = gloss.text.find(want.quote, at if want.kind != "format" else 0)
        place = place if place >= 0 else gloss.text.find(want.quote)
        quote = gloss.source(place, place + len(want.quote)) if place >= 0 else gloss.original
        at = max(at, place)
        yield replace(want, quote=quote.strip(" ,;"))


def _whole(head: str, forms: list[Want]) -> Want:
    """A goal that names only its form is about whatever came with it."""
    first = next(iter(sentences(head)), trimmed(head))
    kind: Kind = "summarise" if forms else "find"
    return Want(kind, first.text[:500], f"Answer: {first.text[:500]}")


_OPENING = re.compile(
    r"(?:read|open|look at|use|take|see|check)\s+(?:https?://\S+|\S+)", re.IGNORECASE
)
"""Says only where to look; the other wants look there."""


def _distinct(wants: Iterator[Want]) -> Iterator[Want]:
    seen: set[str] = set()
    found = list(wants)
    asked = [want for want in found if want.kind != "format"]
    for want in found:
        if len(asked) > 1 and _OPENING.fullmatch(want.quote):
            continue
        key = f"{want.form.kind}:{want.form.value}" if want.form else want.text.casefold()
        if key not in seen:
            seen.add(key)
            yield want


def _all(goal: str) -> Iterator[Want]:
    lead = ""
    for forms, pieces in _asked(goal):
        mine: list[Want] = []
        scopes: list[tuple[Span, Want]] = []
        for piece in pieces:
            want = _want(piece, lead, forms)
            if want is None:
                continue
            scopes.append((piece, want))
            if want.kind in ("measure", "find", "create", "compare", "extract", "summarise"):
                lead = want.text if want.kind != "extract" or not lead else lead
            mine.append(want)
            yield want
        drafts = [w for w in mine if _MESSAGE.search(w.text)]
        for form in forms:
            scope = _scope(form, drafts, scopes)
            text = f"{form.text}{formats.SCOPE}{_lower(scope)}" if scope else form.text
            yield Want("format", form.quote, text, form=form)


Sentence = tuple[list[formats.Form], list[Span]]


def _sentences(goal: str) -> list[Sentence]:
    """Each sentence with the demands on its look, and what is left of it in pieces."""
    spans = [_bounded(span) for span in _items_of(goal)]
    forms = [list(formats.found(span)) for span in spans]
    return [(f, list(_pieces(_blanked(s, f)))) for s, f in zip(spans, forms, strict=True)]


def _told(said: list[Sentence]) -> set[int]:
    """Where the pieces start that only tell the situation: what follows in a sentence asks."""
    pieces = [piece for _, pieces in said for piece in pieces]
    firsts = {pieces[0].start for _, pieces in said if pieces}
    texts = [piece.text.strip() for piece in pieces]
    told = background([t.rstrip(" .!") for t in texts], [_asks(t) for t in texts])
    return {p.start for p, is_told in zip(pieces, told, strict=True) if is_told} & firsts


def _asks(piece: str) -> bool:
    return piece.endswith("?") or bool(re.match(_START, piece, re.IGNORECASE))


def _asked(goal: str) -> list[Sentence]:
    said = _sentences(goal)
    told = _told(said)
    return [(forms, [p for p in pieces if p.start not in told]) for forms, pieces in said]


def situation(goal: str) -> list[str]:
    """The person's sentences that only tell how things are, and ask for nothing."""
    gloss = glossed(pasted(goal)[0])
    said = _sentences(gloss.text)
    told = _told(said)
    spans = [p for forms, pieces in said if not forms for p in pieces if p.start in told]
    return [gloss.source(p.start, p.end).strip() for p in spans]


_NUMBER = re.compile(r"(?:(?<=\s)|^)\(?\d{1,2}[.)]\s+(?=\S)")


def _items_of(goal: str) -> Iterator[Span]:
    """The sentences; a list that is numbered within a line is cut at its numbers."""
    for line in re.finditer(r"[^\n]+", goal):
        marks = list(_NUMBER.finditer(line[0])) if _is_list(line[0]) else []
        begins = [0, *(m.end() for m in marks)]
        stops = [*(m.start() for m in marks), len(line[0])]
        for begin, stop in zip(begins, stops, strict=True):
            at = line.start() + begin
            for span in sentences(line[0][begin:stop] if marks else line[0]):
                yield Span(span.text, at + span.start)


def _is_list(line: str) -> bool:
    """True when the numbers in a line count up from 1, so that they are marks and no values."""
    said = [int(re.sub(r"\D", "", m[0])) for m in _NUMBER.finditer(line)]
    return len(said) > 1 and said == list(range(1, len(said) + 1))


def _scope(form: formats.Form, drafts: list[Want], pieces: list[tuple[Span, Want]]) -> str:
    """The want whose length a demand sets, when it is not that of the whole."""
    if form.kind not in formats.LENGTHS:
        return ""
    if drafts:
        return drafts[-1].text
    texts = [(p, w) for p, w in pieces if w.kind != "format"]
    if form.kind == "words" or len(texts) < 2:
        return ""
    return next((w.text for p, w in texts if p.start <= form.start <= p.end + 2), "")


def _bounded(span: Span) -> Span:
    """Rules look at the start of an endless sentence only, or they would take minutes."""
    return span.part(0, MAX_SENTENCE)


_MESSAGE = re.compile(
    r"\b(?:e-?mail|message|letter|announcement|reply|post|statement|tweet|newsletter|invitation|"
    r"(?:write|draft|prepare) an? (?:\w+ ){0,2}?(?:note|memo)|note (?:to|for))\b",
    re.IGNORECASE,
)
"""A text of its own: a length in its sentence is the length of this text only."""


def _blanked(span: Span, forms: list[formats.Form]) -> Span:
    """The sentence without the words that say only how the result should look."""
    text = span.text
    for form in forms:
        if form.only:
            at = form.start - span.start
            text = text[:at] + " " * len(form.quote) + text[at + len(form.quote) :]
    return Span(text, span.start)


def _pieces(span: Span) -> Iterator[Span]:
    begin = 0
    whole = span.text
    if setting := _SETTING.match(whole):
        begin = setting.end()
    cuts = [m for m in _SPLIT.finditer(whole, begin) if not _inside(whole, m.start())]
    for cut_ in cuts:
        stop = cut_.start() + (1 if cut_[0].startswith("?") else 0)
        yield from _enumerated(_polite(span.part(begin, stop)))
        begin = cut_.end()
    yield from _enumerated(_polite(span.part(begin, len(whole))))


def _inside(text: str, at: int) -> bool:
    """True within brackets or quotes."""
    before = text[:at]
    return before.count("(") > before.count(")") or before.count("“") > before.count("”")


def _polite(span: Span) -> Span:
    if setting := _SETTING.match(span.text):
        span = span.part(setting.end(), len(span.text))
    if found := _COURTESY.match(span.text):
        span = span.part(found.end(), len(span.text))
    return span


def _enumerated(span: Span) -> Iterator[Span]:
    """`List the steps, risks and who does what` is three wants; the first keeps its verb."""
    found = _ENUM.match(span.text)
    parts = _items(found["rest"], _PART) or _items(found["rest"], _MEASURE, 12) if found else []
    if not found or len(parts) < 2:
        yield span
        return
    base = found.start("rest")
    for at, (start, end) in enumerate(parts):
        yield span.part(0 if at == 0 else base + start, base + end)


def _items(rest: str, shape: re.Pattern[str], longest: int = 6) -> list[tuple[int, int]]:
    """Where the items of an enumeration stand; empty when one of them does not fit the shape."""
    rest = rest.rstrip(" .!?")
    at, found = 0, list[tuple[int, int]]()
    for mark in _COMMA.finditer(rest):
        before = rest[at : mark.start()]
        listed_ = mark[0].startswith(",") and _EQUIPPED.search(before)
        if mark.start() > at and (listed_ or not _tied(before, rest[mark.end() :])):
            found.append((at, mark.start()))
            at = mark.end()
    found.append((at, len(rest)))
    items = [rest[a:b] for a, b in found]
    bare = [item.partition(" with ")[0] for item in items]
    good = all(len(item.split()) <= longest and shape.search(item) for item in bare)
    return found if good else []


def _tied(before: str, after: str) -> bool:
    """True when `and` or a comma joins two words of one item, as in `by region and month`."""
    return bool(_TIED.search(before)) and not _FRESH.match(after)


_EQUIPPED = re.compile(r"\bwith\s[^,]*$", re.IGNORECASE)
"""`Items with owners and dates` is one item, and a comma ends it."""
_FRESH = re.compile(
    r"(?:the|an?|total|average|mean|median|number|top|how|all|any|each|every)\b", re.IGNORECASE
)


_LINK = re.compile(r"^(?:of|on|about|showing|covering)\s+(?=\w)", re.IGNORECASE)
"""Joins a want to the words of its form that were set aside: `a table | of revenue`."""


def _want(span: Span, lead: str, forms: list[formats.Form]) -> Want | None:
    text = span.text.strip(" \t,;:–-—")
    bare = _LINK.sub("", " ".join(text.rstrip(".!?").split()).rstrip(" ,;:"))
    if not any(c.isalpha() for c in bare):
        return None
    if document := formats.DOCUMENT.fullmatch(bare):
        form = formats.of_document(document, _true_quote(text))
        return Want("format", form.quote, form.text, lead, form)
    if lead and RECAP.fullmatch(bare):
        return Want("summarise", _true_quote(text), bare[0].upper() + bare[1:], lead)
    if _THING.match(bare) or bare.casefold() in _FILLER:
        return None
    if forms and not _MESSAGE.search(bare) and _THING.match(_without(bare, forms)):
        return None
    if lead and (top := formats.TOP.fullmatch(bare)):
        form = formats.of_top(top, _true_quote(text))
        return Want("format", form.quote, form.text, lead, form)
    kind = kind_of(bare)
    return Want(kind, _true_quote(text), _worded(kind, bare, lead), lead)


RECAP = re.compile(
    r"(?:write|draft|prepare|make|create|give me|give us|add|end with)\s+(?:me |us )?(?:an?|the)\s+"
    r"(?:(?:short|brief|quick|concise|clear|simple|executive|final|plain)\s+)*"
    r"(?:summary|overview|recap|conclusion)(?: of (?:it|this|that|these|all|the (?:results?|"
    r"findings?|numbers?)))?(?: for .+)?",
    re.IGNORECASE,
)
"""After other wants: a summary of what they found, not of the sources."""


def _without(bare: str, forms: list[formats.Form]) -> str:
    """What is left when even words that say more than the look are set aside."""
    for form in forms:
        bare = bare.replace(form.quote.rstrip(".!?"), " ")
    return " ".join(bare.split())


_FILLER = frozenset(
    {"thanks", "thank you", "cheers", "regards", "best", "best regards", "hi", "hello", "hey", "ok",
     "thanks in advance", "thank you very much", "many thanks", "please", "and", "then", "also",
     "explain", "explain it", "describe"}
)  # fmt: skip


def _true_quote(text: str) -> str:
    """The longest run of the text without the blanks left by words that were set aside."""
    runs = re.split(r"\s{3,}", text)
    return max(runs, key=len).strip(" ,;:–-—")


_SECTION = re.compile(
    r"^(?:please )?(?:also )?(?:add|include) (?:an? |the )?(?:\w+ )?(?:section|part|paragraph|"
    r"chapter|list) (?:with|on|about|of|for|listing) (?=(?:the |all )*\w)",
    re.IGNORECASE,
)
"""Words for a place in the result: `add a section with the risks` asks for the risks."""


def kind_of(text: str) -> Kind:
    """What kind of work a want is."""
    text = _SECTION.sub("", text)
    if _OUTWARD.match(text):
        return "outward"
    for kind, shape in _ORDER:
        if shape.search(text):
            return kind
    return "find"


_FIRST_TELL = re.compile(
    r"^(?:what|how) should\b|\btell (?:our |the )?(?:customers?|clients?|users?)", re.IGNORECASE
)
_WHO = re.compile(
    r"^who (?:does|is|will|owns?|must|has to|should|said|agreed|decided)\b", re.IGNORECASE
)
_BARE_PART = re.compile(
    rf"^(?:the |all |any )*(?:\w+ )?(?:{_PARTS})(?: (?:from|in|of|for|with) .*)?$", re.IGNORECASE
)
_COMPARED_NUMBERS = re.compile(
    r"\bcompare\b.*\b(?:by|per|average|total|sum|revenue|sales|count|number)\b", re.IGNORECASE
)
_AGAINST = re.compile(
    r"(?:and )?compared? (?:it |that |this )?(?:with|to|against) (?:the )?(?:(?:month|week|"
    r"quarter|year|day|one|period) before|(?:previous|prior|preceding) (?:\w+)|"
    r"last (?:month|week|year)|(?:in )?(?:(?:january|february|march|april|may|june|july|august|"
    r"september|october|november|december)(?: \d{4})?|q[1-4](?: \d{4})?|(?:19|20)\d\d(?:-\d\d)?))"
    r"\W*",
    re.IGNORECASE,
)
"""Only the other side of a comparison; the question before says what is compared."""

_ORDER: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("measure", re.compile(r"^how (?:many|much|often)\b", re.IGNORECASE)),
    ("measure", re.compile(rf"^{_AGAINST.pattern}$", re.IGNORECASE)),
    ("tell", _FIRST_TELL),
    ("why", _WHY),
    ("tell", _TELL),
    ("summarise", _SUMMARISE),
    ("extract", _WHO),
    ("extract", re.compile((
        rf"^(?:list|extract|identify|pull out|collect|gather|highlight|what (?:are|were|"
        rf"is) the|find|give me|name|show)\s+(?:me |us )?(?:all |the |any |every |main |"
        rf"key |open |most important |\w+ )*?(?:{_PARTS})\b(?!.*\b(?:top|highest|lowest|"
        rf"by|per|average|total)\b)(?!.*\bmost (?:common|frequent))"
    ), re.IGNORECASE)),
    ("extract", _BARE_PART),
    ("measure", _COMPARED_NUMBERS),
    ("compare", _COMPARE),
    ("measure", _MEASURE),
    ("extract", _EXTRACT),
    ("create", _CREATE),
)  # fmt: skip


_LEANS = re.compile(
    r"\b(?:which|what|how many) (?:ones?|of (?:them|these|those))\b|\bhave none\b|\beach\W*$|"
    r"\b(?:do|does|did|are|were|is|was|of) (?:they|them|these|those)\b",
    re.IGNORECASE,
)


def _worded(kind: Kind, text: str, lead: str) -> str:
    """The want so that it can be read by itself."""
    if kind == "why" and len(text.split()) <= 3 and lead:
        return f"Explain why: {_lower(lead.rstrip('.?!'))}"
    if lead and _AGAINST.fullmatch(text.rstrip("?.! ")):
        against = re.sub(r"^(?:and )?compared? ", "compared ", text, flags=re.IGNORECASE)
        return f"{lead.rstrip('.?!')}, {against}"
    if lead and kind in ("measure", "find", "extract") and _LEANS.search(text):
        return f"Answer: {text.rstrip('?')}{CONTEXT}{_lower(lead.rstrip('.?!')).split(CONTEXT)[0]})"
    if kind == "outward":
        return f"Make the result ready, so that a person can do this: {text}"
    if re.match(rf"(?:{_QUESTION})\b", text, re.IGNORECASE):
        return f"Answer: {text}?"
    if re.match(rf"(?:{_VERB})\b", text, re.IGNORECASE):
        return text[0].upper() + text[1:]
    if kind == "extract":
        return f"List {_lower(text)}"
    return text[0].upper() + text[1:]


def _lower(text: str) -> str:
    text = text.removeprefix("Answer: ")
    return text[0].lower() + text[1:] if text[1:2].islower() else text


def of(requirement: dict[str, str]) -> Want:
    """A requirement as it was read at intake: the same words give the same want.

    A quote in another language gives way to the English that it was read as.
    """
    text, quote = requirement.get("text", ""), requirement.get("quote", "")
    if form := formats.told(text) or formats.one(quote) or formats.one(text):
        return Want("format", quote, text, form=form)
    origin = ""
    if _foreign(quote, text):
        origin, quote = quote, alone(text.removeprefix("Answer: "))
    kind = kind_of(quote.rstrip(".!?"))
    if kind == "find":
        kind = kind_of(text.removeprefix("Answer: ").rstrip(".!?"))
    return Want(kind, quote, text, origin=origin)


def _foreign(quote: str, text: str) -> bool:
    """True when the requirement says in English what its quote says in another language."""
    if not text or tongue(text):
        return False
    return bool(tongue(quote)) and glossed(quote).text.casefold() != quote.casefold()
