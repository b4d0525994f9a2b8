"""The writer: drafts for people, built only from the findings or from a general checklist."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from graphs.models.offline import markdown, sources
from graphs.models.offline.intake import title
from graphs.models.offline.language import cut, sentence, sentences, spoken
from graphs.models.offline.playbooks import Playbook, playbook
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
    inputs = [
        str(i.get("text", "")) for i in desk.data.get("inputs") or [] if not i.get("left_out")
    ]
    findings = gathered([*inputs, *found])
    parts = [_one(desk, want, findings) for want in wants]
    return "\n\n".join(dict.fromkeys(p for p in parts if p))


def _one(desk: Desk, want: Want, findings: Findings) -> str:
    said = want.quote or want.text
    if findings.empty and not sources.anything(desk.data):
        return from_checklist(str(desk.data.get("goal", "")), said)
    if findings.empty:
        return "The tasks before found nothing to build on, so nothing was drafted."
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
    if re.search(
        r"\b(?:recommend|suggest|should|advi[sc]e|propose|next steps)", said, re.IGNORECASE
    ):
        return recommendations(findings)
    if re.search(r"\brisks?\b", said, re.IGNORECASE):
        return risks(findings)
    return overview(findings)


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
            elif line.startswith("- "):
                points.append(line[2:])
            elif line and not line.startswith(("*", "#", "!", ">")) or line.startswith("**"):
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
    if line.endswith(":") or re.fullmatch(r"\*\*[^*]+\*\*", line):
        return []
    for name, value in re.findall(r"\*\*([^*]+)\*\*\s+(?:\(([^()]*)\))?", line):
        names.setdefault(name, value)
    return [line]


# Drafts


def for_customers(found: Findings) -> str:
    """A short text that customers may read: what changed, why, what is not known."""
    names = [name for name, _ in found.names]
    subject = f"What changed: {spoken(names[:3])}" if names else "What changed"
    lines = [f"**Draft for customers — {subject}**", "Hello,"]
    if names:
        lines.append(
            sentence(
                f"here is what changed most: {spoken(_with_value(n, v) for n, v in found.names[:5])}"
            )
        )
    elif found.leads:
        lines.append(_bare(found.leads[0]))
    for point in found.points[:5] if not names else ():
        lines.append(f"- {_bare(point)}")
    why = [(n, _said(r)) for n, r in found.reasons if _said(r)]
    if why:
        lines.append("\n".join(["Why:", *(f"- {n}: {text}" for n, text in why[:5])]))
    if found.unknown:
        lines.append(sentence(f"we are still looking into why {spoken(found.unknown)} changed"))
    lines.append("If this affects you, reply to this message and we will help.")
    lines.append(
        "*Before you send it: check the reasons, and add what customers must do and by when; the findings do not say it.*"
    )
    return "\n\n".join(lines)


def _with_value(name: str, value: str) -> str:
    return f"{name} ({value})" if value else name


def _said(reasons: str) -> str:
    """The first quote without its source: sources are for the team, not for customers."""
    found = re.search(r"“([^”]+)”", reasons)
    return found[1].rstrip(".") if found else ""


def _bare(text: str) -> str:
    """A finding without marks and sources."""
    text = re.sub(r"\s*\*?\((?:[^()]*\bline \d+[^()]*)\)\*?", "", text)
    return re.sub(r"\*\*", "", text).strip().strip("“”")


def message(desk: Desk, found: Findings, said: str) -> str:
    """A message that carries the findings: greeting, what was found, lists, end."""
    goal = str(desk.data.get("goal", ""))
    about = title(goal, list(read(goal)))
    to = re.search(r"\bto (?:the |our |my )?([\w ]+?)(?: in| with| under| by|[.,;]|$)", said)
    lines = [
        f"**Draft — Subject: {cut(about, 70)}**",
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
    return "\n".join(
        ["Action items:", *(f"- {row[0]}: {_bare(row[1])} (by {row[2]})" for row in rows[:10])]
    )


def recommendations(found: Findings) -> str:
    """What follows from the findings by plain rules, each with what it rests on."""
    why = dict(found.reasons)
    lines: list[str] = []
    for name, value in found.names[:3]:
        basis = f" ({value})" if value else ""
        said = _said(why.get(name, ""))
        if said:
            lines.append(
                f"- Look at **{name}**{basis} first: the sources give as reason “{said}”. Decide whether it should stay so."
            )
        else:
            lines.append(
                f"- Look at **{name}**{basis}: it stands out, and the sources do not say why. Find out before acting."
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


def risks(found: Findings) -> str:
    """What in the findings is open or stands out."""
    lines = [
        f"- The reason for **{n}** is not known; a decision may rest on a wrong guess."
        for n in found.unknown
    ]
    lines += [
        f"- **{n}** ({v}) stands out; if it goes on like this, plans that assume the old value fail."
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
    if re.search(r"\brisks?\b", said, re.IGNORECASE):
        return f"{_risks(book)}\n\n{ADVICE}"
    if re.search(r"\bwho\b|\broles?\b|\bresponsib|\bowners?\b", said, re.IGNORECASE):
        return f"{_roles(book)}\n\n{ADVICE}"
    if re.search(
        r"\bsteps?|plan|timeline|schedule|agenda|checklist|milestones?|tasks?|organi[sz]e|prepare|how (?:do|to|should|can)\b|what (?:do|should)\b",
        said,
        re.IGNORECASE,
    ):
        return f"{_steps(book)}\n\n{ADVICE}"
    return outline(goal, said)


def _steps(book: Playbook) -> str:
    return "\n".join(f"{n}. {step}." for n, step in enumerate(book.steps, 1))


def _risks(book: Playbook) -> str:
    return markdown.table(["risk", "what to do about it"], [list(pair) for pair in book.risks])


def _roles(book: Playbook) -> str:
    return markdown.table(["who", "what"], [list(pair) for pair in book.roles])


def outline(goal: str, said: str) -> str:
    """What rules can honestly give for a free text: its frame, with what a person must fill in."""
    about = title(goal, list(read(goal)))
    known = [s.text for s in sentences(goal)][:6]
    lines = [
        f"**{about}**",
        "The offline model has no knowledge of its own to write this from. This is the frame:",
    ]
    lines.append(
        "\n".join(
            [
                "1. What it is about: " + cut(said, 160),
                "2. Who it is for, and what they need to know first",
                "3. The facts: names, numbers, dates (attach them, and they are filled in)",
                "4. What the reader should do, and by when",
            ]
        )
    )
    if len(known) > 1:
        lines.append("\n".join(["What the mission already says:", *(f"- {s}" for s in known[1:])]))
    return "\n\n".join(lines)


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
    said = [str(c.get("text", "")) for c in data.get("task", {}).get("criteria") or []]
    found = [int(m[1]) for text in said if (m := re.fullmatch(r"At most (\d+) words", text))]
    return min(found, default=None)
