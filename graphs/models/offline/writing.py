"""The writer: drafts for people, built only from the findings or from a general checklist."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from graphs.models.offline import demands, markdown, sources
from graphs.models.offline.intake import GREETING, missing, title
from graphs.models.offline.language import cut, keywords, overlap, sentence, sentences, spoken
from graphs.models.offline.passages import plain
from graphs.models.offline.playbooks import Playbook, playbook
from graphs.models.offline.shape import listed
from graphs.models.offline.steps import Desk
from graphs.models.offline.wants import Want, read

ADVICE = "*General advice from a checklist, not from your material: adapt it.*"


@dataclass(frozen=True)
class Findings:
    """What the tasks before found: sentences that answer, names with their numbers, reasons."""

    leads: tuple[str, ...]
    names: tuple[tuple[str, str], ...]
    reasons: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]
    points: tuple[str, ...]
    tables: tuple[list[list[str]], ...]

    @property
    def empty(self) -> bool:
        return not (self.leads or self.points or self.tables)


def write(desk: Desk, wants: Sequence[Want], found: Sequence[str] = ()) -> str:
    """A text for each want. `found` are texts of this very task that count as findings too."""
    inputs = [str(i.get("text", "")) for i in listed(desk.data, "inputs") if not i.get("left_out")]
    findings = gathered([*inputs, *found])
    if findings.empty and (absent := missing(desk.data)):
        return _not_here(absent, wants)
    parts = [_complete(_one(desk, want, findings), want) for want in wants]
    return "\n\n".join(dict.fromkeys(p for p in parts if p))


def _one(desk: Desk, want: Want, findings: Findings) -> str:
    said = want.quote or want.text
    findings = _on_topic(findings, said)
    if findings.empty or (want.kind not in ("tell", "outward") and not sources.anything(desk.data)):
        return _without_findings(desk, said)
    if want.kind == "outward":
        return message(desk, findings, said)
    if re.search(r"\b(?:customers?|clients?|users?|partners?|press|public)\b", said, re.IGNORECASE):
        return for_customers(findings)
    if re.search(
        r"e-?mail|letter|message|note|announcement|reply|respond|post\b|slack|statement|newsletter",
        said,
        re.IGNORECASE,
    ):
        return message(desk, findings, said)
    if told := _TOLD.search(said):
        return for_readers(findings, told["who"])
    if re.search(
        r"\b(?:recommend|suggest|should|advi[sc]e|propose|next steps)", said, re.IGNORECASE
    ):
        return recommendations(findings)
    if re.search(r"\brisks?\b", said, re.IGNORECASE):
        return risks(findings)
    return overview(findings)


def _on_topic(found: Findings, said: str) -> Findings:
    """Only the points that a message is to be about, when some speak of it; each once.

    Open questions are for the team, and are passed on only where they are asked for.
    """
    if _QUESTIONS.search(said):
        return found
    points = tuple(p for p in dict.fromkeys(found.points) if not _ASKS.search(p))
    about = keywords(_topic(said)) if re.search(r"\b(?:about|regarding)\b", said) else []
    near = tuple(p for p in points if about and overlap(about, p) > 0)
    return replace(found, points=near or points, leads=() if near else found.leads)


_ASKS = re.compile(r"\?[”\"*]*\s*(?:\*?\([^()]*\)\*?)?$")
_QUESTIONS = re.compile(
    r"\b(?:questions?|minutes|follow-?up|open points|recap|team)\b", re.IGNORECASE
)


def _complete(text: str, want: Want) -> str:
    """The text with a line for each part that was asked for and that nothing gives."""
    open_ = demands.missing(demands.named(want.text), text)
    return "\n\n".join(filter(None, [text, "\n".join(demands.gap(p, GIVEN) for p in open_)]))


GIVEN = "the mission or its material"


def _without_findings(desk: Desk, said: str) -> str:
    goal = str(desk.data.get("goal", ""))
    if sources.anything(desk.data):
        return "The tasks before found nothing to build on, so nothing was drafted."
    if GREETING.fullmatch(goal.strip()):
        return EXAMPLES
    return from_checklist(goal, said)


def _not_here(absent: str, wants: Sequence[Want]) -> str:
    asked = spoken(f"“{w.text.removeprefix('Answer: ').rstrip('?')}”" for w in wants)
    return (
        f"“{absent[0].upper() + absent[1:]}” is not here: nothing came with the mission.\n\n"
        f"So this is not answered: {asked}. Start the mission again with the file, and it is read "
        "and computed."
    )


EXAMPLES = """This message asks for nothing yet. A mission says what you want in the end, such as:

- From the attached export, which three endpoints changed most, and why?
- Summarise the attached policy in five bullets.
- List the decisions and action items from these notes."""


# What was found


def gathered(texts: Sequence[str]) -> Findings:
    """The findings in the texts of other tasks."""
    leads: list[str] = []
    points: list[str] = []
    names: dict[str, str] = {}
    reasons: dict[str, str] = {}
    unknown: list[str] = []
    tables: list[list[list[str]]] = []
    for text in texts:
        tables += markdown.tables(text)
        for line in markdown.without_tables(text).splitlines():
            line = line.strip()
            if named := re.match(r"- \*\*(.+?)\*\*: (.+)", line):
                reasons.setdefault(named[1], named[2])
            elif silent := re.match(r"- No reason is given for (.+?) in ", line):
                unknown += re.findall(r"\*\*(.+?)\*\*", silent[1])
            elif line.startswith("- Noted beside **"):
                continue
            elif line.startswith("- "):
                points.append(line[2:])
            elif (line and not line.startswith(("*", "#", "!", ">"))) or line.startswith("**"):
                leads += _lead(line, names)
    return Findings(
        tuple(leads),
        tuple(names.items()),
        tuple(reasons.items()),
        tuple(unknown),
        tuple(points),
        tuple(tables),
    )


def _lead(line: str, names: dict[str, str]) -> list[str]:
    if _SILENT.search(line) or line.endswith(":") or re.fullmatch(r"\*\*[^*]+\*\*", line):
        return []
    found = re.findall(r"\*\*([^*]+)\*\*(?:\s+\(([^()]*)\))?", line)
    if not _RANKING.match(line):
        found = found[:1] if len(found) > 1 else []
    for name, value in found:
        names.setdefault(name, value)
    return [line]


_SILENT = re.compile(r"\bsays nothing about\b|\bnone were made up\b", re.IGNORECASE)
"""Says that nothing was found: for the team, and no finding to pass on."""
_RANKING = re.compile(r"(?:The \w|Highest|Lowest|Most|Least|Named)")


# Drafts


def for_customers(found: Findings) -> str:
    """A short text that customers may read: what changed, why, what is not known."""
    names = [name for name, _ in found.names]
    subject = f"What changed: {spoken(names[:3])}" if names else "What is new"
    why = {name: _said(text) for name, text in found.reasons}
    lines = [f"**Draft for customers: {subject}**", "Hello,"]
    if names:
        lines.append("this is what changed most in the data we looked at:")
        lines.append("\n".join(f"- {_changed(n, v, why.get(n, ''))}" for n, v in found.names[:5]))
    elif found.leads:
        lines.append(_bare(found.leads[0]))
    if not names and found.points:
        lines.append("\n".join(f"- {_bare(point)}" for point in found.points[:5]))
    if found.unknown:
        lines.append(sentence(f"we are still finding out why {spoken(found.unknown)} changed"))
    lines.append("If this affects you, reply to this message and we will help.")
    lines.append(
        "*Before it goes out: check the reasons, and add what customers must do and by when; "
        "the findings do not say it.*"
    )
    return "\n\n".join(lines)


def _changed(name: str, value: str, why: str) -> str:
    return _with_value(name, value) + (f": {why}" if why else "")


def _with_value(name: str, value: str) -> str:
    return f"{name} ({value})" if value else name


def _said(reasons: str) -> str:
    """The first quote without its source: sources are for the team, not for customers."""
    found = re.search(r"“([^”]+)”", reasons)
    return plain(found[1]).rstrip(".") if found else ""


def _bare(text: str) -> str:
    """A finding without marks and sources."""
    text = re.sub(r"\s*\*?\((?:[^()]*\bline \d+[^()]*)\)\*?", "", text)
    return re.sub(r"\*\*", "", text).strip().strip("“”")


_TOLD = re.compile(
    r"\b(?:tell|inform|brief|report to|say to)\s+"
    r"(?!(?:me|us|for|on|about|of|with)\b)(?:the |our |my )?(?P<who>[\w-]+"
    r"(?: team)?)",
    re.IGNORECASE,
)


def for_readers(found: Findings, who: str) -> str:
    """What people inside need to hear: what the data shows, what is open, what to decide."""
    names = [name for name, _ in found.names]
    why = {name: _said(text) for name, text in found.reasons}
    lines = [f"**Draft for the {who}: {spoken(names[:3]) or 'what was found'}**"]
    if names:
        lines.append("What the data shows:")
        lines.append("\n".join(f"- {_changed(n, v, why.get(n, ''))}" for n, v in found.names[:5]))
    else:
        lines += [_bare(lead) for lead in found.leads[:2]]
        lines.append("\n".join(f"- {_bare(point)}" for point in found.points[:5]))
    silent = [n for n in names[:5] if not why.get(n)]
    if silent:
        lines.append(f"What is not known: why {spoken(silent)} stand out. The sources do not say.")
        lines.append(
            "What to decide: who finds out the reasons, and whether anything changes before that."
        )
    lines.append("*Before it goes out: check the numbers, and add what they mean for the readers.*")
    return "\n\n".join(line for line in lines if line)


def message(desk: Desk, found: Findings, said: str) -> str:
    """A message that carries the findings: greeting, what was found, lists, end."""
    goal = str(desk.data.get("goal", ""))
    about = title(goal, list(read(goal)))
    to = re.search(r"\bto (?:the |our |my )?([\w ]+?)(?: in| with| under| by|[.,;]|$)", said)
    lines = [
        f"**Draft, subject: {cut(about, 70)}**",
        f"Hello {to[1].strip()}," if to and len(to[1].split()) < 4 else "Hello,",
    ]
    lines += [_bare(lead) for lead in found.leads[:3]]
    if found.points:
        lines.append("\n".join(f"- {_bare(p)}" for p in found.points[:8]))
    lines += [_listed(t) for t in found.tables[:2] if _is_list(t)]
    if found.reasons:
        lines.append(
            "\n".join(["Why:", *(f"- {n}: {_said(r)}" for n, r in found.reasons[:5] if _said(r))])
        )
    lines.append("Please tell me if something is wrong or missing.")
    return "\n\n".join(lines)


def _is_list(table: list[list[str]]) -> bool:
    return table[0][:2] == ["who", "what"]


def _listed(table: list[list[str]]) -> str:
    rows = [row for row in table[1:] if len(row) >= 3]
    return "\n".join(["Action items:", *(f"- {_named_task(*row[:2])}" for row in rows[:10])])


def _named_task(who: str, what: str) -> str:
    said = _bare(what)
    return said if who == "not said" or who.casefold() in said.casefold() else f"{who}: {said}"


def recommendations(found: Findings) -> str:
    """What follows from the findings by plain rules, each with what it rests on."""
    why = {name: _said(text) for name, text in found.reasons}
    lines = [
        f"- Look at **{_strong(name, value)} first: the sources give as reason "
        f"“{why[name]}”. Decide whether it should stay so."
        for name, value in found.names[:3]
        if why.get(name)
    ]
    silent = [f"**{_strong(n, v)}" for n, v in found.names[:3] if not why.get(n)]
    if silent:
        stand = "it stands" if len(silent) == 1 else "they stand"
        lines.append(
            f"- Look at {spoken(silent)}: {stand} out, and the sources do not say why. "
            "Find out before acting."
        )
    lines += [
        f"- Ask the owner of **{name}** for the reason; none is written down."
        for name in found.unknown
        if name not in dict(found.names[:3])
    ]
    lines += [f"- Decide what to do about: {_bare(p)}" for p in found.points[:5] if not found.names]
    if not lines:
        lines = [f"- Check this and decide: {_bare(lead)}" for lead in found.leads[:3]]
    return "\n".join(["What follows from the findings:", "", *lines])


def _strong(name: str, value: str) -> str:
    """The end of a bold name, with its value."""
    return f"{name}** ({value})" if value else f"{name}**"


def risks(found: Findings) -> str:
    """What in the findings is open or stands out."""
    lines = [
        f"- The reason for **{n}** is not known; a decision may rest on a wrong guess."
        for n in found.unknown
    ]
    lines += [
        (
            f"- **{n}** ({v}) stands out; if it goes on like this, plans that assume the "
            f"old value fail."
        )
        for n, v in found.names[:3]
        if v
    ]
    lines += [
        f"- {_bare(p)}"
        for p in found.points
        if re.search(r"risk|delay|block|fail|depend", p, re.IGNORECASE)
    ]
    if not lines:
        return "The findings name no risk; none was made up."
    return "\n".join(["Risks that the findings show:", "", *lines])


def overview(found: Findings) -> str:
    """The findings in a few lines."""
    lines = [_bare(lead) for lead in found.leads[:4]]
    lines += [f"- {p}" for p in found.points[:6]]
    lines += [f"- {n}: {r}" for n, r in found.reasons[:4]]
    return "\n".join(lines) if lines else "The findings give nothing to write about."


# From nothing


def from_checklist(goal: str, said: str) -> str:
    """Steps, risks or roles for a goal without material; who asks for none of these gets steps."""
    book = playbook(goal)
    if asked := demands.named(said):
        return _composed(book, goal, asked)
    if re.search(r"\brisks?\b", said, re.IGNORECASE):
        return f"{_risks(book)}\n\n{ADVICE}"
    if re.search(r"\bwho\b|\broles?\b|\bresponsib|\bowners?\b", said, re.IGNORECASE):
        return f"{_roles(book)}\n\n{ADVICE}"
    if re.search(
        (
            r"\bsteps?|plan|timeline|schedule|agenda|checklist|milestones?|tasks?|"
            r"organi[sz]e|prepare|how (?:do|to|should|can)\b|what (?:do|should)\b"
        ),
        said,
        re.IGNORECASE,
    ):
        return f"{_steps(book)}\n\n{ADVICE}"
    return outline(goal, said)


def _composed(book: Playbook, goal: str, asked: Sequence[str]) -> str:
    """A plan with the parts that it is to come with, as far as a checklist has them."""
    said = " ".join(asked)
    owners = bool(re.search(r"\bowners?\b|\bresponsib", said, re.IGNORECASE))
    dates = demands.wants_dates(asked)
    blocks = [_scheduled(book, owners, dates)] if owners or dates else [_steps(book)]
    if re.search(r"\brisks?\b", said, re.IGNORECASE):
        blocks.append(_risks(book))
    if re.search(r"\broles?\b", said, re.IGNORECASE):
        blocks.append(_roles(book))
    if dates:
        blocks.append(f"*{_counted_from(book, demands.dated(goal))}*")
    if owners:
        blocks.append("*No owners were named: the roles are suggestions; put a name to each.*")
    return "\n\n".join([*blocks, ADVICE])


def _counted_from(book: Playbook, day: str) -> str:
    """What the times of a plan count from."""
    zero = any(step.startswith("Day 0") for step in book.steps)
    if day:
        return f"{'Day 0' if zero else 'The end of the last week'} is {day}."
    from_ = "day 0 is the day itself" if zero else "the times count from the start"
    return f"No dates were given: {from_}."


def _scheduled(book: Playbook, owners: bool, dates: bool) -> str:
    """The steps as a table with who and when."""
    rows = [
        [*([when] if dates else []), what, *([_suited(book, what)] if owners else [])]
        for when, what in map(_timed, book.steps, range(1, len(book.steps) + 1))
    ]
    head = [*(["when"] if dates else []), "what", *(["owner"] if owners else [])]
    return markdown.table(head, rows)


def _timed(step: str, number: int) -> tuple[str, str]:
    """When a step is due: as it says itself, else a week each."""
    when, _, what = step.partition(": ")
    if what and re.search(r"\b(?:day|days|week)\b", when, re.IGNORECASE):
        return when, what
    return f"Week {number}", step


def _suited(book: Playbook, step: str) -> str:
    """The role whose work a step speaks of; the first, who leads, when none does."""
    return max(book.roles, key=lambda role: overlap(keywords(step), " ".join(role)))[0]


def _steps(book: Playbook) -> str:
    return "\n".join(f"{n}. {step}." for n, step in enumerate(book.steps, 1))


def _risks(book: Playbook) -> str:
    return markdown.table(["risk", "what to do about it"], [list(pair) for pair in book.risks])


def _roles(book: Playbook) -> str:
    return markdown.table(["who", "what"], [list(pair) for pair in book.roles])


def outline(goal: str, said: str) -> str:
    """What rules can honestly give for a free text: its frame, with what a person must fill in."""
    about = _topic(said) or title(goal, list(read(goal)))
    message_ = re.search(
        r"\b(?:e-?mail|message|letter|announcement|post|note|newsletter|invitation|reply)\b",
        said,
        re.IGNORECASE,
    )
    start = ["Hello,", f"this is about {about}."] if message_ else [sentence(about)]
    frame = [
        "- What it is: [one sentence]",
        "- Who it is for, and what they gain: [one sentence]",
        "- The facts: [names, numbers, dates]",
        "- What to do now, and by when: [one sentence]",
    ]
    known = [s.text for s in sentences(goal)][1:6]
    context = ["\n".join(["What the mission says:", *(f"- {s}" for s in known)])] if known else []
    note = (
        "*The offline model, no AI, has no knowledge of its own to write this from: fill in the "
        "brackets, or attach material.*"
    )
    head = f"**Draft, subject: {cut(about[0].upper() + about[1:], 80)}**"
    return "\n\n".join([head, *start, "\n".join(frame), *context, note])


def _topic(said: str) -> str:
    """What a text is to be about: the words after `for`, `about` or `on`."""
    found = re.search(r"\b(?:about|regarding)\s+(.+)", said.rstrip(".?! "), re.IGNORECASE)
    found = found or re.search(r"\b(?:for|on)\s+(.+)", said.rstrip(".?! "), re.IGNORECASE)
    return cut(found[1], 120) if found else ""


def added(wishes: str) -> str:
    """What guidance asks to be said, as sentences: `mention that support is free`."""
    found = re.findall(
        r"\b(?:mention|say|state|note|point out|add)\s+(?:also\s+)?that\s+([^.;\n]+)",
        wishes,
        re.IGNORECASE,
    )
    return " ".join(sentence(text) for text in dict.fromkeys(f.strip() for f in found))


def left_out(instructions: str) -> str:
    """The lines for requirements that a person dropped with their task."""
    found = re.findall(r"left out at the person's wish: (.+?)\.(?=\s|$)", instructions)
    return "\n".join(f"- Left out, as asked: {text.removeprefix('Answer: ')}." for text in found)


def limits(data: dict[str, Any]) -> int | None:
    """The most words that the criteria or the person allow."""
    said = [str(c.get("text", "")) for c in listed(data.get("task", {}), "criteria")]
    found = [int(m[1]) for text in said if (m := re.fullmatch(r"At most (\d+) words", text))]
    return min(found, default=None)
