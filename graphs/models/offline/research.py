"""The researcher: what documents, text columns and pages say, quoted with their source."""

import re
from collections import Counter
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from graphs.models.offline import analyst, markdown, sources
from graphs.models.offline.columns import Column, Table, fit
from graphs.models.offline.cues import CUES, SAME
from graphs.models.offline.language import cut, keywords, overlap, sentence, spoken, stem, words
from graphs.models.offline.passages import Passage, passages, plain, summarised
from graphs.models.offline.questions import Words, top, understand
from graphs.models.offline.steps import Call, Desk, Reply, Script
from graphs.models.offline.wants import Want

READ = 10_000
MAX_PARTS = 12
"""Parts of one document that are read: 120,000 characters."""
MAX_DOCUMENTS = 6
MAX_NAMES = 10
QUOTES = 3

Texts = dict[str, str]
Reading = Generator[list[Call], list[Reply], Texts]


def research(desk: Desk, wants: Sequence[Want], wishes: str = "") -> Script:
    """Answer each want from what can be read; say plainly what is not there."""
    parts: list[str] = []
    why = [w for w in wants if w.kind == "why"]
    compares = any(w.kind == "compare" for w in wants)
    rest = [w for w in wants if w.kind != "why" and not (compares and _of_differences(w))]
    texts = yield from read_all(desk, only=_named(desk))
    if why:
        parts.append((yield from reasons(desk, why[0], texts)))
    for want in rest:
        parts.append((yield from _one(desk, want, texts, wishes)))
    return "\n\n".join(part for part in parts if part)


def _of_differences(want: Want) -> bool:
    """`list the differences` beside a comparison asks for nothing more."""
    return want.kind in ("extract", "find") and bool(
        re.search(r"\b(?:differ|chang|similar|same|common)", want.text, re.IGNORECASE)
    )


def _one(desk: Desk, want: Want, texts: Texts, wishes: str) -> Script:
    if not texts and sources.tables(desk.data):
        return (yield from analyst.analyse(desk, [want.quote or want.text], wishes))
    if not texts:
        return _nothing_to_read(desk)
    if want.kind == "compare" and len(texts) > 1:
        return compared(texts, want)
    if want.kind == "compare" and (inputs := desk.data.get("inputs")):
        return "\n\n".join(str(i.get("text")) for i in inputs)
    if want.kind == "measure":
        return counted(texts, want)
    if want.kind == "extract":
        return extracted(texts, want)
    if want.kind in ("summarise", "compare", "create"):
        return summary(texts, want, _bullets(desk, wishes))
    return found(texts, want)


def _named(desk: Desk) -> list[str]:
    """The files that the instructions name; all when they name none."""
    said = str(desk.data.get("task", {}).get("instructions", ""))
    return [str(a["name"]) for a in sources.attachments(desk.data) if f"“{a['name']}”" in said]


def read_all(desk: Desk, only: Sequence[str] = ()) -> Reading:
    """The text of every document, page and pasted note, whole as far as the limits allow."""
    texts: Texts = {}
    if body := sources.material(desk.data):
        texts[sources.MESSAGE] = body
    files = [a for a in sources.texts(desk.data) if not only or a["name"] in only]
    if desk.has("read_attachment"):
        texts |= yield from _files(files[:MAX_DOCUMENTS])
    urls = sources.urls(desk.data)[:4]
    if urls and desk.has("fetch_page"):
        replies = yield [Call("fetch_page", {"url": url}) for url in urls]
        texts |= {u: unwrapped(r.text) for u, r in zip(urls, replies, strict=True) if not r.failed}
    return texts


def _files(files: Sequence[dict[str, Any]]) -> Reading:
    calls = [
        Call("read_attachment", {"name": str(f["name"]), "start": part * READ, "length": READ})
        for f in files
        for part in range(max(1, min(MAX_PARTS, -(-int(f.get("chars") or 0) // READ))))
    ]
    if not calls:
        return {}
    replies = yield calls
    texts: Texts = {}
    for call, reply in zip(calls, replies, strict=True):
        if not reply.failed:
            name = call.args["name"]
            texts[name] = texts.get(name, "") + unwrapped(reply.text)
    return texts


def unwrapped(text: str) -> str:
    """What stands between the marks that tools put around what others wrote."""
    found = re.match(r"<(\w+) [^>\n]*>\n(.*)\n</\1>", text, re.DOTALL)
    return found[2] if found else text


def _nothing_to_read(desk: Desk) -> str:
    if urls := sources.urls(desk.data):
        return f"{spoken(urls)} could not be read, so nothing is said about it."
    return "There is no document to read, so nothing was found. Attach a file or paste the text."


# Reasons


def reasons(desk: Desk, want: Want, texts: Texts) -> Script:
    """Why, for each thing that the analysis named: what text columns and documents say of it."""
    names = subjects(desk.data)
    tables = yield from analyst.look(desk)
    if not names:
        return _loose_reasons(texts, want) if texts else (yield from _reason_column(desk, tables))
    quoted: dict[str, list[str]] = {name: [] for name in names}
    yield from _from_tables(desk, tables, quoted)
    for name in names:
        quoted[name] += [p.quoted() for p in _about(texts, name)]
    return _told(quoted, tables, texts)


def subjects(data: dict[str, Any]) -> list[str]:
    """The things that the tasks before named: the first column of their first tables."""
    found: list[str] = []
    for made in data.get("inputs") or []:
        for table in markdown.tables(str(made.get("text", "")))[:1]:
            if len(table) > 1 and table[0][0] not in ("what", "value"):
                found += [row[0] for row in table[1:] if row and row[0]]
    return list(dict.fromkeys(found))[:MAX_NAMES]


def _from_tables(
    desk: Desk, tables: Sequence[Table], quoted: dict[str, list[str]]
) -> Generator[list[Call], list[Reply], None]:
    """Rows about each thing, in every table that has it and a column of words."""
    if not desk.has("query_table"):
        return
    homes = [(t, e, r) for t in tables if (r := reason_columns(t)) for e in _keys(t, r)]
    calls = [
        Call(
            "query_table",
            {
                **table.source, "where": [{"column": key.name, "op": "=", "value": name}],
                "columns": [key.name, *(c.name for c in columns), *(d.name for d in table.dates()[:1])],
                "limit": 40,
            },
        )
        for table, key, columns in homes
        for name in quoted
    ]  # fmt: skip
    if not calls:
        return
    replies = yield calls
    for call, reply in zip(calls, replies, strict=True):
        if reply.data and reply.data["rows"]:
            name = call.args["where"][0]["value"]
            quoted[name] += _quotes(reply.data, call.args)


def reason_columns(table: Table) -> list[Column]:
    """The columns that explain: by name if there are such, else those of sentences."""
    ranked = sorted((c for c in table.columns if c.reason), key=lambda c: -c.reason)
    best = ranked[0].reason if ranked else 0
    return [c for c in ranked if c.reason == best or c.reason >= 2][:2]


def _keys(table: Table, reasons: Sequence[Column]) -> list[Column]:
    """The columns in which a thing's name may stand."""
    names = [c for c in table.columns if c.text and c not in reasons and not c.prose]
    return names[:3]


def _quotes(data: dict[str, Any], args: dict[str, Any]) -> list[str]:
    dates = data["columns"][-1] if len(data["columns"]) == len(args["columns"]) else ""
    where = f"{args['name']}, {args['sheet']}" if args.get("sheet") else args["name"]
    width = len(args["columns"])
    said: dict[str, list[str]] = {}
    for row in data["rows"]:
        for place, cell in enumerate(row[1:], 1):
            is_day = place == width - 1 and re.fullmatch(r"\d{4}-\d\d-\d\d.*", cell)
            if not _EMPTY.fullmatch(cell.strip()) and not is_day:
                said.setdefault(f"{cell}\0{data['columns'][place]}", []).append(row[-1])
    ranked = sorted(said.items(), key=lambda item: (-len(item[1]), not _WEIGHTY.search(item[0])))
    return [_quote(key, days, where, dates) for key, days in ranked[:QUOTES]]


_EMPTY = re.compile(
    r"|ok|none|no|yes|n/?a|nothing(?: special| to report| new)?|no changes?|see above|tbd|unknown|same|[-–—.?]+",
    re.IGNORECASE,
)
"""Cells that stand where a reason could stand, and give none."""
_WEIGHTY = re.compile(
    r"\b(?:breaking|required|removed?|renamed|replaced|deprecat\w+|because|due to|outage|security|by (?:law|rules)|no longer)\b",
    re.IGNORECASE,
)


def _quote(key: str, days: Sequence[str], where: str, dates: str) -> str:
    text, _, column = key.partition("\0")
    times = f", {len(days)} rows" if len(days) > 1 else ""
    day = f", {days[0]}" if len(days) == 1 and re.match(r"\d{4}-\d\d-\d\d", days[0]) else ""
    return f"“{cut(text, 240)}” ({where}, column {column}{day}{times})"


def _about(texts: Texts, name: str) -> list[Passage]:
    """The sentences that name a thing, those that give a reason first."""
    shape = re.compile(rf"(?<![\w/-]){re.escape(name)}(?![\w/-])", re.IGNORECASE)
    hits = [
        p
        for n, t in texts.items()
        for p in passages(n, t)
        if shape.search(p.text) or (p.heading and shape.search(p.heading))
    ]
    hits.sort(key=lambda p: (not _CAUSE.search(p.text), p.name, p.place))
    return hits[:QUOTES]


_CAUSE = re.compile(
    r"\b(?:because|due to|caused by|reason|since|so that|therefore|as a result|owing to|thanks to|in order to|led to|root cause|after|wegen|weil|aufgrund)\b",
    re.IGNORECASE,
)


def _told(quoted: dict[str, list[str]], tables: Sequence[Table], texts: Texts) -> str:
    lines: list[str] = []
    silent: list[str] = []
    for name, quotes in quoted.items():
        kept = list(dict.fromkeys(quotes))[:QUOTES]
        if kept:
            lines.append(f"- **{name}**: {'; '.join(kept)}")
        else:
            silent.append(name)
    if silent:
        looked = spoken([*dict.fromkeys(t.where for t in tables), *texts]) or "what is given"
        names = spoken(f"**{n}**" for n in silent)
        lines.append(f"- No reason is given for {names} in {looked}; none was guessed.")
    head = (
        "Reasons given in the sources:" if len(silent) < len(quoted) else "The reasons stay open:"
    )
    return "\n".join([head, "", *lines])


def _loose_reasons(texts: Texts, want: Want) -> str:
    """Why, when no analysis named the things: sentences that give a cause for the question's words."""
    wanted = keywords(want.text)
    all_ = [p for n, t in texts.items() for p in passages(n, t)]
    hits = [p for p in all_ if _CAUSE.search(p.text)]
    hits.sort(key=lambda p: (-overlap(wanted, p.text), p.name, p.place))
    hits = [p for p in hits if overlap(wanted, p.text) > 0][:5] or hits[:3]
    if not hits:
        return f"{spoken(texts)} gives no reason; none was guessed."
    return "\n".join(["Reasons given in the sources:", "", *(f"- {p.quoted()}" for p in hits)])


def _reason_column(desk: Desk, tables: Sequence[Table]) -> Script:
    """The most frequent reasons of a table, when no single thing is asked about."""
    for table in tables:
        columns = reason_columns(table)
        if not columns or not desk.has("query_table"):
            continue
        column = columns[0]
        (reply,) = yield [
            Call(
                "query_table",
                {
                    **table.source, "group_by": [column.name], "measures": [{"fn": "count", "as": "count"}],
                    "sort": [{"column": "count", "descending": True}], "limit": 8,
                },
            )
        ]  # fmt: skip
        rows = [r for r in (reply.data or {}).get("rows", []) if r[0] != "(blank)"]
        if rows:
            shown = markdown.table([column.name, "count"], [[cut(r[0], 160), r[1]] for r in rows])
            return f"The reasons that {table.where} names most often (column {column.name}):\n\n{shown}"
    looked = spoken(t.where for t in tables) or "what is given"
    return f"No reason is given in {looked}; none was guessed."


# Summaries, looking up


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


def found(texts: Texts, want: Want) -> str:
    """The sentences that answer a question best, quoted."""
    wanted = keywords(want.quote) or keywords(want.text)
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
    return "\n".join(f"- {p.quoted()}" for p in kept)


def _answers(passage: Passage, wanted: Sequence[str], question: str) -> float:
    """How well a sentence fits a question: its words, and a date, number or name if asked for."""
    said = set(keywords(f"{passage.text} {passage.heading}"))
    kin = sum(bool(said & _KIN.get(word, frozenset())) for word in wanted if word not in said)
    score = overlap(wanted, f"{passage.text} {passage.heading}") + 0.8 * kin / max(1, len(wanted))
    if score == 0:
        return 0.0
    low = question.casefold()
    if re.search(r"\bwhen|date|deadline|how long|window\b", low) and re.search(
        r"\d|monday|tuesday|day|week|month|year", passage.text, re.I
    ):
        score += 0.15
    if re.search(r"\bhow (?:many|much)|cost|price\b", low) and re.search(r"\d", passage.text):
        score += 0.15
    if re.search(r"\bwho\b", low) and re.search(
        r"\b[A-Z][a-z]+\b.*\b(?:is|are|must|will|approves?|owns?|leads?)\b|\bmanager|director|head|team\b",
        passage.text,
    ):
        score += 0.15
    return score


_KIN = {
    stem(word): frozenset(stem(w) for w in others.split())
    for word, others in {
        "approve": "grant granted sign authorise authorised permit permitted decide",
        "cost": "price fee pay pays charge eur usd", "price": "cost fee charge", "limit": "maximum most",
        "limited": "limit maximum up", "deadline": "due until latest", "refund": "reimbursed return money back",
        "allowed": "may permitted", "forbidden": "prohibited must not", "owner": "responsible owns lead",
        "contact": "mail phone reach", "start": "begin begins from", "end": "terminate ends until notice",
        "window": "within days period", "happens": "consequence result",
    }.items()
}  # fmt: skip
"""Words of questions, and those of answers to them."""

# Lists of a kind


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
    items = items[: top(want.quote) or 15]
    if kind == "action":
        rows = [
            [i.who or "not said", _task_of(i), i.when or "not said", i.passage.ref] for i in items
        ]
        return markdown.table(["who", "what", "by when", "source"], rows)
    return "\n".join(f"- {i.passage.quoted()}" for i in items)


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
    if "breaking" in said:
        return "breaking"
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


def _items(name: str, text: str, kind: str) -> list[Item]:
    """Those under a heading of that kind; without such a heading, the sentences with its cues."""
    all_ = passages(name, text)
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
    hits = under or [p for p in all_ if cue.search(p.text) and p.heading not in other]
    return [Item(p, _who(p.text), _when(p.text)) for p in hits]


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


def _who(text: str) -> str:
    """The person a sentence gives a task to: `Ana will…`, `Ana: …`, `@ana`, `(owner: Ana)`."""
    text = plain(text)
    for shape in (
        r"\(?(?:owner|assigned to|responsible|assignee|by|wer|who)\s*:\s*@?([A-Z][\w-]+(?: [A-Z][\w-]+)?)",
        r"@(\w[\w.-]+)",
        r"^([A-Z][\w-]+(?: (?:and|&) [A-Z][\w-]+| [A-Z][\w-]+)?)\s*(?::|–|—| - )\s",
        r"^([A-Z][\w-]+(?: (?:and|&) [A-Z][\w-]+| [A-Z][\w-]+)?) (?:will|to|must|should|needs? to|is going to|has to|takes?|prepares?|sends?|writes?|checks?|owns?|follows?|agreed to|shall)\b",
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
_MONTH = r"(?:january|february|march|april|may|june|july|august|september|october|november|december|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)"


def _when(text: str) -> str:
    """The time that a sentence sets, in its own words."""
    found = re.search(
        rf"\b(?:by|until|before|due(?: on| by)?:?|on|no later than|deadline:?|within|bis)\s+((?:the )?(?:end of (?:the |this |next )?\w+|next \w+|this \w+|{_DAY}(?:,? \d{{1,2}}\.? {_MONTH}| \w*\d\w*)?|tomorrow|today|eod|eow|\d{{4}}-\d\d-\d\d|\d{{1,2}}[./]\d{{1,2}}\.?(?:\d{{2,4}})?|\d{{1,2}}\.? {_MONTH}(?: \d{{4}})?|{_MONTH} \d{{1,2}}(?:,? \d{{4}})?|\d+ (?:days?|weeks?|months?|hours?)|q[1-4](?: \d{{4}})?|{_MONTH}))",
        text,
        re.IGNORECASE,
    )
    return (
        found[1] if found else (iso[0] if (iso := re.search(r"\b\d{4}-\d\d-\d\d\b", text)) else "")
    )


# Counting in documents

_PATH = re.compile(
    r"(?<![\w:/])(?:(?:GET|POST|PUT|PATCH|DELETE|HEAD)\s+)?(/[A-Za-z][\w{}:.-]*(?:/[\w{}:.-]+)*)(?=[\s`'\",.;:)\]?]|$)"
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
    ("person people name author user", re.compile(r"@\w[\w.-]+|\b[A-Z][a-z]+ [A-Z][a-z]+\b")),
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
    return _tallied(ranked, n, said, first, texts)


def _tallied(
    ranked: Sequence[tuple[str, int]], n: int, said: Words, first: dict[str, str], texts: Texts
) -> str:
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
    notes = [f"Counted the lines of {spoken(texts)} that name each one."]
    if said.change and log:
        notes.append(
            "A log does not say what changed, so this only shows how often each one occurs."
        )
    if len(ranked) > n and ranked[n][1] == ranked[n - 1][1]:
        notes.append(f"“{ranked[n][0]}” has as many as the last one shown.")
    table = markdown.table([label, noun, "first named"], rows)
    return "\n\n".join([f"{start}: {shown}.", table, f"*{' '.join(notes)}*"])


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


# Side by side


def compared(texts: Texts, want: Want) -> str:
    """What is in both documents, what differs, what only one has."""
    names = list(texts)[:2]
    left, right = (passages(n, texts[n]) for n in names)
    changed, only_left, taken = [], [], set[int]()
    same = 0
    for passage in left:
        match, score = _closest(passage, right, taken)
        if match is None or score < 0.45:
            only_left.append(passage)
            continue
        taken.add(match.place)
        if _norm(match.text) == _norm(passage.text):
            same += 1
        else:
            changed.append((passage, match))
    only_right = [p for p in right if p.place not in taken]
    lead = f"{_counted(same, 'statement')} the same in both, {len(changed)} differ, {len(only_left)} stand only in {names[0]}, {len(only_right)} only in {names[1]}."
    parts = [lead]
    if changed:
        rows = [
            [f"{plain(a.text)} (line {a.line})", f"{plain(b.text)} (line {b.line})"]
            for a, b in changed[:10]
        ]
        parts += ["**What differs**", markdown.table(names, rows)]
    parts += [_only(names[0], only_left), _only(names[1], only_right)]
    return "\n\n".join(p for p in parts if p)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun} is" if number == 1 else f"{number} {noun}s are"


def _closest(
    passage: Passage, others: Sequence[Passage], taken: set[int]
) -> tuple[Passage | None, float]:
    mine = set(keywords(passage.text))
    best: tuple[Passage | None, float] = (None, 0.0)
    for other in others:
        if other.place in taken:
            continue
        theirs = set(keywords(other.text))
        score = len(mine & theirs) / max(1, len(mine | theirs))
        if score > best[1]:
            best = (other, score)
    return best


def _norm(text: str) -> str:
    return " ".join(words(plain(text)))


def _only(name: str, found: Sequence[Passage]) -> str:
    if not found:
        return ""
    picked = summarised(found, 8)
    return f"**Only in {name}**\n\n" + "\n".join(
        f"- “{plain(p.text)}” (line {p.line})" for p in picked
    )


def best_column(tables: Sequence[Table], question: str) -> Column | None:
    """The column that a question names best over all tables."""
    said = words(question)
    options = [c for t in tables for c in t.columns]
    return max(options, key=lambda c: fit(said, c), default=None)
