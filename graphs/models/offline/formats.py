"""How a result should look: length, table, bullets, file type, audience, language, chart."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from graphs.models.offline.language import Span, number, trimmed

Look = Literal[
    "words", "table", "bullets", "sentences", "json", "csv", "chart", "audience", "language",
    "plain",
    "sources",
    "top", "document",
]  # fmt: skip

LENGTHS = frozenset({"words", "sentences", "bullets"})
SCOPE = ", for this part: "
"""Stands in a requirement between a length and the want that it limits."""
PAGE = 450
"""Words of a page that also holds a table."""
SHORT = 300
"""Words of what a person wants short, and gives no number for."""


@dataclass(frozen=True)
class Form:
    """One demand on the look. `value` is the number of words or items, or a name.

    `only` when its words say nothing but the look, so that they are no want of their own.
    """

    kind: Look
    value: str
    quote: str
    start: int
    text: str
    only: bool = True


_N = r"(\d[\d,.]*|one|two|three|four|five|six|seven|eight|nine|ten|twelve|a|single)"
_AT_MOST = (
    r"(?:(?:in|of|to|with|using|keep (?:it|this|that) (?:to|under|below)|within)\s+)?"
    r"(?:under|below|at most|no more than|not more than|max(?:imum)?(?: of)?\.?|less "
    r"than|fewer than|up to|about|around|roughly)?"
)
_PEOPLE = (
    r"customers?|clients?|users?|executives?|the c-suite|management|managers?|"
    r"leadership|the board|board|engineers?|developers?|"
    r"the (?:whole )?team|our team|beginners?|non-technical (?:people|readers)|"
    r"laypeople|investors?|partners?|press|"
    r"stakeholders?|sales|marketing|support|students?|children|everyone|new hires?|"
    r"new employees|employees|staff|colleagues"
)
_LANGUAGES = (
    "german|french|spanish|italian|portuguese|dutch|polish|czech|swedish|norwegian|danish|finnish|"
    "russian|ukrainian|turkish|arabic|hebrew|hindi|chinese|japanese|korean|deutsch|français"
)


@dataclass(frozen=True)
class _Shape:
    kind: Look
    pattern: re.Pattern[str]
    only: bool = True


def _shape(kind: Look, pattern: str, *, only: bool = True) -> _Shape:
    return _Shape(kind, re.compile(pattern, re.IGNORECASE), only)


_PAGE = re.compile(
    r"\b(?:(?:on|in|to|fit (?:it|this)? ?on)\s+)?(?:an?\s+)?(one|a single|single|two|"
    r"three|half a|1|2|3)[\s-]page(?:r|s)?\b"
    r"(?:[\s-](?:long\s+)?(?:brief(?:ing)?|report|summary|memo|document|note|"
    r"overview|doc|paper))?|\bone-?pager\b",
    re.IGNORECASE,
)
_SHORT = re.compile(
    r"\b(?:please )?keep (?:it|this|that|the (?:answer|result|text)) (?:very |really )?"
    r"(?:short|brief|concise)\b",
    re.IGNORECASE,
)
_SHAPES = (
    _shape("words", (
        rf"\b{_AT_MOST}\s*(\d[\d,.]*)[\s-]+words?(?:\s+(?:or less|or fewer|max(?:imum)?|"
        rf"at most))?\b"
    )),
    _shape("table", (
        r"\b(?:make|create|build|draw up|put together|give me|show)\s+(?:me\s+)?a (?:\w+ )?table "
        r"(?:with|of|showing|listing)\s+(?!.*\b(?:total|average|mean|sum|count|number of|top|most|"
        r"least|highest|lowest|by|per)\b)[^.;!?\n]+"
    )),
    _shape("table", (
        r"\b(?:with|include|including|add|show(?: it)?(?: in| as)?|as|in(?:to)?|plus|and|"
        r"make|build|create|draw up)\s+(?:an?|one|some|the results? (?:in|as) "
        r"an?)\s+(?:\w+\s+){0,2}?table\b(?: (?:of|with|showing) (?:the )?(?:results?|"
        r"numbers?|figures?))?"
    )),
    _shape("table", (
        r"\b(?:tabulate|in tabular form|table format)\b|\b(?:the\s+)?table (?:first|on top|at the "
        r"top|at the end|last)\b|\bwith tables?\b"
    )),
    _shape("top", r"^Show \d{1,3} of them$"),
    _shape("bullets", (
        rf"\b(?:in|as|with|using|into|give me|max(?:imum)?|at most|no more "
        rf"than)?\s*(?:{_N}\s+)?(?:short\s+|key\s+)?(?:bullet(?:ed)?(?:[\s-](?:points?|"
        rf"list))?s?|bullets)\b"
    )),
    _shape("sentences", rf"\b{_AT_MOST}\s*(?:only\s+)?{_N}\s+(?:short\s+)?sentences?\b"),
    _shape("json", (
        r"\b(?:as|in|to|into|return|output|"
        r"valid)\s+(?:an?\s+)?(?:valid\s+)?json\b(?:\s+(?:format|array|object|file|"
        r"list))?|\bjson (?:file|format|output)\b"
    )),
    _shape("csv", (
        r"\b(?:as|in|to|into|return|output|export(?: it)? (?:as|"
        r"to))\s+(?:an?\s+)?csv\b(?:\s+(?:format|file))?"
    )),
    _shape("chart", (
        r"\b(?:(?:with|include|including|add|plus|and|show|draw|make|create|plot|"
        r"as)\s+)?(?:an?|one|the)\s+(?:\w+\s+){0,2}?(?:chart|graph|plot|histogram|"
        r"diagram)\b|\b(?:bar|line|pie|column|scatter)[\s-](?:chart|graph|plot)s?\b|"
        r"\b(?:with|and|include) (?:charts?|graphs?)\b"
    )),
    _shape("language", rf"\b(?:(?:in|into|auf)\s+)({_LANGUAGES})\b"),
    _shape("plain", (
        r"\b(?:in|use|using)\s+(?:plain|simple|easy|everyday|clear)\s+(?:language|"
        r"english|words|terms)\b|\bwithout jargon\b"
    )),
    _shape("sources", (
        r"\b(?:with|include|including|cite|citing|quote|give)\s+(?:the\s+|your\s+|their\s+|"
        r"all\s+)?(?:sources?|references?|citations?|sections?|(?:page|line|section) numbers?|"
        r"pages?|lines?)\b"
    )),
    _shape("audience", (
        rf"\b(?:for|aimed at|addressed to|suitable for)\s+((?:our |the |my |all "
        rf")?(?:{_PEOPLE}))(?=[\s,.;!?]|$)"
    ), only=False),
)  # fmt: skip


TOP = re.compile(
    r"(?:please )?(?:show|list|give(?: me| us)?|name|only)\s+(?:me\s+)?(?:only\s+)?(?:the\s+)?"
    r"(?:top|first|best|bottom|worst|biggest|largest)\s+(\d{1,3}|two|three|four|five|six|seven|eight|"
    r"nine|ten|twelve|fifteen|twenty)(?:\s+(?:of them|of these|ones|only|results?))?",
    re.IGNORECASE,
)
"""How many of what was asked before; alone it would be a question of its own."""


DOCUMENT = re.compile(
    r"(?:please )?(?:write|draft|prepare|make|create|produce|put together|give me|give us)\s+"
    r"(?:me |us )?(?:an?|one|the)\s+(?:(?:short|simple|clear|concise|little|nice|quick|small|plain|"
    r"final|single)\s+)*(brief(?:ing)?|report|memo|write-?up)\b"
    r"(?: for (?:the |our |my )?[\w-]+(?: [\w-]+)?)?",
    re.IGNORECASE,
)
"""`Write a brief`: the kind of text that the whole is to be."""


def of_document(match: re.Match[str], quote: str) -> Form:
    """`Write a brief` before or after the questions that it answers."""
    name = match[1].casefold()
    return Form("document", name, quote, 0, f"Make it a {name}")


def of_top(match: re.Match[str], quote: str) -> Form:
    """`Show the top 5` after a question: a demand on its answer."""
    count = str(number(match[1]) or 5)
    return Form("top", count, quote, 0, f"Show {count} of them")


def found(span: Span) -> Iterator[Form]:
    """Every demand on the look in a sentence, by place; one for each kind."""
    forms: dict[str, Form] = {}
    for form in (*_pages(span), *_others(span)):
        forms.setdefault(form.kind, form)
    yield from sorted(forms.values(), key=lambda form: form.start)


def scope(text: str) -> str:
    """The want that a length is for; empty when it is for the whole."""
    return text.partition(SCOPE)[2]


def one(quote: str) -> Form | None:
    """The demand that these few words are, or None when they say something else."""
    if len(quote.split()) > 20:
        return None
    for form in found(trimmed(quote)):
        if form.kind == "table" and form.only and form.quote.rstrip(".") == quote.rstrip(". "):
            return form
        rest = (quote[: form.start] + quote[form.start + len(form.quote) :]).split()
        if form.only and len(rest) <= 3:
            return form
        if not rest:
            return form
    return None


_TOLD: tuple[tuple[Look, str], ...] = (
    ("words", r"Keep it to (?:one page|half a page|[\d.]+ pages): at most (\d+) words"),
    ("words", r"Keep it short: at most (\d+) words"),
    ("words", r"Use at most (\d+) words"),
    ("sentences", r"Use at most (\d+) sentences"),
    ("bullets", r"Use (\d+|bullet) (?:bullet )?points"),
    ("table", r"Show a table"),
    ("chart", r"Show a chart"),
    ("json", r"Give the result as valid JSON"),
    ("csv", r"Give the result as a CSV file"),
    ("audience", r"Write it for (.+)"),
    ("language", r"Write it in (\w+), or say that it is not translated"),
    ("plain", r"Use plain words"),
    ("sources", r"Name the sources"),
    ("top", r"Show (\d+) of them"),
    ("document", r"Make it a ([\w-]+)"),
)
"""What `_said` writes, read again: requirements carry it whatever language they quote."""


def told(text: str) -> Form | None:
    """The demand that a requirement's text states, or None."""
    bare = text.partition(SCOPE)[0].rstrip(". ")
    for kind, shape in _TOLD:
        if found := re.fullmatch(shape, bare):
            raw = found[1].casefold() if found.re.groups else ""
            return Form(kind, "" if raw == "bullet" else raw, text, 0, text)
    return None


def _pages(span: Span) -> Iterator[Form]:
    for match in _PAGE.finditer(span.text):
        size = (match[1] or "one").casefold()
        pages = 0.5 if "half" in size else number(size.replace("a single", "1")) or 1
        words = int(pages * PAGE)
        text = f"Keep it to {_pages_said(pages)}: at most {words} words"
        yield _form("words", str(words), match, span, text)
    for match in _SHORT.finditer(span.text):
        yield _form("words", str(SHORT), match, span, f"Keep it short: at most {SHORT} words")


def _pages_said(pages: float) -> str:
    return "half a page" if pages < 1 else "one page" if pages == 1 else f"{pages:g} pages"


def _others(span: Span) -> Iterator[Form]:
    for shape in _SHAPES:
        for match in shape.pattern.finditer(span.text):
            value = _value(shape.kind, match)
            yield _form(shape.kind, value, match, span, _said(shape.kind, value), shape.only)


def _form(
    kind: Look, value: str, match: re.Match[str], span: Span, text: str, only: bool = True
) -> Form:
    quote = trimmed(match[0], span.start + match.start())
    return Form(kind, value, quote.text, quote.start, text, only)


def _value(kind: Look, match: re.Match[str]) -> str:
    if kind == "top":
        return re.sub(r"\D", "", match[0])
    raw = (match[1] if match.re.groups else None) or ""
    if kind in ("words", "bullets", "sentences"):
        digits = raw.replace(",", "").replace(".", "")
        value = number("one" if digits.casefold() == "single" else digits)
        return str(value) if value else ""
    return raw.casefold()


def _said(kind: Look, value: str) -> str:
    texts: dict[Look, str] = {
        "words": f"Use at most {value} words",
        "table": "Show a table",
        "bullets": f"Use {value or 'bullet'}{' bullet' if value else ''} points",
        "sentences": f"Use at most {value or '3'} sentences",
        "json": "Give the result as valid JSON",
        "csv": "Give the result as a CSV file",
        "chart": "Show a chart",
        "audience": f"Write it for {value}",
        "language": f"Write it in {value.title()}, or say that it is not translated",
        "plain": "Use plain words",
        "sources": "Name the sources",
        "top": f"Show {value} of them",
        "document": f"Make it a {value}",
    }
    return texts[kind]
