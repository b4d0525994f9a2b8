"""Counting in documents: how many lines name each endpoint, version, person or ticket."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from graphs.models.offline import markdown
from graphs.models.offline.asked import Words, understand
from graphs.models.offline.language import spoken, stem
from graphs.models.offline.looking import found
from graphs.models.offline.reading import Texts
from graphs.models.offline.wants import Want

_PATH = re.compile(
    r"(?<![\w:/])(?:(?:GET|POST|PUT|PATCH|DELETE|"
    r"HEAD)\s+)?(/[A-Za-z][\w{}:.-]*(?:/[\w{}:.-]+)*)(?=[\s`'\",.;:)\]?]|$)"
)


_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("endpoint path route url api resource", _PATH),
    ("version release", re.compile(r"\bv?\d+\.\d+(?:\.\d+)?\b")),
    ("ticket issue bug", re.compile(r"\b[A-Z]{2,10}-\d+\b|(?<!\w)#\d+\b")),
    ("email address", re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+")),
    (
        "error level severity warning",
        re.compile(r"\b(?:DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b"),
    ),
    ("ip host address client", re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3}\b")),
    ("status code", re.compile(r"(?<!\d)[1-5]\d\d(?!\d)")),
    (
        "person people name author user who",
        re.compile(
            r"(?<![\w.])@\w[\w.-]+|\b[A-ZÀ-Þ][a-zß-ÿ'’-]+(?: [A-Z]\.)?(?: (?:van|von|de|der))*"
            r" [A-ZÀ-Þ][a-zß-ÿ'’-]+(?:[A-Z][a-z]+)?\b"
        ),
    ),
    ("date day", re.compile(r"\b\d{4}-\d\d-\d\d\b")),
    (
        "service component module",
        re.compile(r"\[([\w.-]{3,40})\]|\b([a-z][\w]*-(?:service|api|worker|gateway|db))\b"),
    ),
)


def counted(texts: Texts, want: Want) -> str:
    """How many lines of the documents name each thing of the asked kind."""
    said = understand(want.quote or want.text)
    shape = next(
        (
            p
            for names, p in _SHAPES
            if {stem(w) for w in said.said} & {stem(n) for n in names.split()}
        ),
        None,
    )
    if shape is None:
        return found(texts, want)
    lines = [
        (n, i, line)
        for n, t in texts.items()
        for i, line in enumerate(t.splitlines(), 1)
        if not line.lstrip().startswith("#") or shape is not _PATH
    ]
    lines = [entry for entry in lines if _kept(entry[2], said.text)]
    lines, verb = _doing(lines, said, shape)
    tally: Counter[str] = Counter()
    first: dict[str, str] = {}
    for name, number, line in lines:
        for hit in dict.fromkeys(_names(shape, line)):
            tally[hit] += 1
            first.setdefault(hit, f"{name}, line {number}")
    if not tally:
        return f"{spoken(texts)} names none of what was asked for: {want.quote}."
    ranked = sorted(tally.items(), key=lambda pair: (pair[1] if said.low else -pair[1], pair[0]))
    n = said.n or min(len(ranked), 10)
    return _tallied(ranked, n, said, first, texts, verb)


def _tallied(
    ranked: Sequence[tuple[str, int]], n: int, said: Words, first: dict[str, str], texts: Texts,
    verb: str,
) -> str:  # fmt: skip
    log = any(_TIMED.match(line) for text in texts.values() for line in text.splitlines()[:20])
    changes = said.change and not log
    noun = "changes" if changes else "lines"
    rows = [[name, str(count), first[name]] for name, count in ranked[:n]]
    label = _label(said.said)
    shown = spoken(
        f"**{r[0]}** ({r[1]} {noun if r[1] != '1' else noun[:-1]})" for r in rows[:n][:10]
    )
    start = (
        f"The {label} that changed most"
        if changes
        else f"Named in {'fewest' if said.low else 'most'} lines"
    )
    also = f" and say “{verb}”" if verb else ""
    notes = [f"Counted the lines of {spoken(texts)} that name each one{also}."]
    if said.change and log:
        notes.append(
            "A log does not say what changed, so this only shows how often each one occurs."
        )
    if len(ranked) > n and ranked[n][1] == ranked[n - 1][1]:
        notes.append(f"“{ranked[n][0]}” has as many as the last one shown.")
    table = markdown.table([label, noun, "first named"], rows)
    return "\n\n".join([f"{start}: {shown}.", table, f"*{' '.join(notes)}*"])


FEWEST_LINES = 3


def _doing(
    lines: list[tuple[str, int, str]], said: Words, shape: re.Pattern[str]
) -> tuple[list[tuple[str, int, str]], str]:
    """`people who are thanked`: only the lines that say so, when enough do."""
    kinds = {stem(n) for names, p in _SHAPES if p is shape for n in names.split()}
    for word in said.said:
        root = stem(word)
        if root in kinds or len(root) < 4 or not word.endswith(("ed", "en", "s", "t")):
            continue
        kept = [entry for entry in lines if re.search(rf"\b{re.escape(root)}", entry[2], re.I)]
        if FEWEST_LINES <= len(kept) < len(lines):
            return kept, root
    return lines, ""


_TIMED = re.compile(r"\W?\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


def _names(shape: re.Pattern[str], line: str) -> Iterable[str]:
    for hit in shape.finditer(line):
        yield next((g for g in hit.groups() if g), hit[0]).rstrip(".:")


def _kept(line: str, question: str) -> bool:
    """`errors` and `failed` in a question keep only such lines."""
    if re.search(r"\b(?:error|fail(?:ed|ure|ing)?|exception)s?\b", question, re.IGNORECASE):
        return bool(
            re.search(r"\b(?:error|fail\w*|exception|fatal|critical|5\d\d)\b", line, re.IGNORECASE)
        )
    return bool(line.strip())


def _label(said: Sequence[str]) -> str:
    return said[0] if said else "name"
