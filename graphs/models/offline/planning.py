"""Planning: from requirements to tasks that run side by side where they can."""

import re
from dataclasses import dataclass, field
from typing import Any

from graphs.models.offline import demands, formats, joining, revising, sources
from graphs.models.offline.asked import alone, subjects, understand
from graphs.models.offline.columns import names_it
from graphs.models.offline.comparing import compares_more
from graphs.models.offline.intake import LIMIT, missing
from graphs.models.offline.language import cut, sentence, spoken
from graphs.models.offline.shape import listed
from graphs.models.offline.wants import RECAP, Want, of

SHARE = 0.5
"""Of a length limit for the whole, what the last text may use: findings need the rest."""


@dataclass
class Sketch:
    """A task while the plan is made. `trade` is the kind of specialist it needs."""

    key: str
    trade: str
    title: str
    instructions: str
    covers: list[str]
    depends_on: list[str] = field(default_factory=list[str])
    criteria: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    tools: list[str] = field(default_factory=list[str])
    risk: str = "read"
    names: bool = False
    """True when it finds the things that later questions are about."""
    compares: bool = False


@dataclass(frozen=True)
class Need:
    """A requirement with the want that its words were read as."""

    id: str
    want: Want


def plan(data: dict[str, Any]) -> dict[str, Any]:
    """The PlanDraft: made anew, or the plan before with what was asked for changed.

    What people say while the plan is made is heard like words about a plan before.
    """
    made = fresh(data)
    if data.get("previous"):
        return revising.revised(data, made)
    if listed(data, "since"):
        return revising.revised({**data, "previous": made}, made)
    return made


def fresh(data: dict[str, Any]) -> dict[str, Any]:
    """A PlanDraft from the requirements alone."""
    needs = [Need(r["id"], of(r)) for r in listed(data, "requirements")]
    sketches = _content(data, needs)
    _forms(needs, sketches)
    tasks = [_task(sketch, data) for sketch in sketches]
    return {
        "summary": _summary(tasks),
        "assumptions": list(data.get("assumptions") or [LIMIT]),
        "not_done": _not_done(data, needs),
        "tasks": tasks,
        "answers": [],
    }


# The tasks that find or write something


def _content(data: dict[str, Any], needs: list[Need]) -> list[Sketch]:
    sketches: list[Sketch] = []
    own = [n for n in needs if n.want.kind not in ("format", "tell", "outward")]
    joins = [n for n in own if joining.only(n.want.quote)]
    joins = joins if len(joins) < len(own) else []
    for need in own:
        if not _recaps(need, needs) and need not in joins:
            _add(sketches, need, data)
    _join(joins, sketches)
    _fold_frame(sketches, needs, data)
    found = [s.key for s in sketches if s.trade != "writer"] or [s.key for s in sketches]
    drafts = [n for n in needs if n.want.kind == "tell" or _recaps(n, needs)]
    for need in drafts:
        sketches.append(_draft(_next(sketches), need, found))
    _outward(needs, sketches)
    return sketches or [_only(needs)]


def _join(joins: list[Need], sketches: list[Sketch]) -> None:
    """`Join A with B` before questions is how they are computed, and no question of its own."""
    for need in joins:
        home = next((s for s in sketches if s.trade == "analyst"), sketches[0])
        home.covers.append(need.id)
        home.instructions += f" {sentence(need.want.text)}"


def _recaps(need: Need, needs: list[Need]) -> bool:
    """`Write a short summary` after other wants sums up what they found."""
    before = [n for n in needs[: needs.index(need)] if n.want.kind not in ("format", "outward")]
    return bool(before) and bool(RECAP.fullmatch(need.want.quote.rstrip(".!? ")))


def _fold_frame(sketches: list[Sketch], needs: list[Need], data: dict[str, Any]) -> None:
    """`Plan X: list the steps, risks, roles`: the parts are the plan, so no task repeats it."""
    kinds = {n.id: n.want.kind for n in needs}
    if sources.anything(data) or len(sketches) < 2 or kinds.get(sketches[0].covers[0]) != "create":
        return
    parts = [s for s in sketches[1:] if kinds.get(s.covers[0]) in ("extract", "find")]
    if not parts:
        return
    whole = sketches.pop(0)
    parts[0].covers = [*whole.covers, *parts[0].covers]
    parts[0].instructions = f"{whole.instructions} {parts[0].instructions}"
    for number, sketch in enumerate(sketches, 1):
        old, sketch.key = sketch.key, f"T{number}"
        for other in sketches:
            other.depends_on = [sketch.key if d == old else d for d in other.depends_on]


def _next(sketches: list[Sketch]) -> str:
    return f"T{len(sketches) + 1}"


def _add(sketches: list[Sketch], need: Need, data: dict[str, Any]) -> None:
    want, last = need.want, sketches[-1] if sketches else None
    if last is not None and _belongs(want, last, data):
        last.covers.append(need.id)
        last.instructions += f" Also: {sentence(want.text)}"
        return
    sketches.append(_made(need, data, sketches))


def _belongs(want: Want, last: Sketch, data: dict[str, Any]) -> bool:
    """True when a want goes on with the same rows, the same comparison, or the same plan."""
    if last.trade == "analyst" and want.kind in ("measure", "find"):
        return bool(_BY_HOW_MUCH.match(want.quote))
    if last.compares and want.kind in ("extract", "find", "compare"):
        return compares_more(want)
    return bool(missing(data))


_BY_HOW_MUCH = re.compile(r"(?:and )?(?:by )?how (?:much|many)\W*$|by what percent", re.IGNORECASE)


def _made(need: Need, data: dict[str, Any], sketches: list[Sketch]) -> Sketch:
    kind = need.want.kind
    if not sources.anything(data):
        return _from_nothing(need, sketches, data)
    if kind == "why":
        return _reasons(need, data, sketches)
    if kind == "compare" and len(sources.texts(data)) > 1:
        return _comparison(need, data, sketches)
    if sources.asks_tables(need.want, data):
        return _computed(need, data, sketches)
    if kind == "create":
        return _draft(_next(sketches), need, [s.key for s in sketches])
    return _read(need, data, sketches)


def _several(data: dict[str, Any]) -> bool:
    """True when there are tables that could be joined."""
    found = sources.tables(data)
    return len(found) > 1 or any(len(listed(a, "tables")) > 1 for a in found)


def _computed(need: Need, data: dict[str, Any], sketches: list[Sketch]) -> Sketch:
    names = spoken(f"“{a['name']}”" for a in sources.tables(data)[:4])
    about = _about(need.want)
    before = [s.key for s in sketches if s.names]
    return Sketch(
        key=_next(sketches),
        trade="analyst",
        title=cut(f"Compute: {about}", 70),
        instructions=f"{sentence(need.want.text)} Work from {names}. Show the rows as a table and "
        f"say "
        "how they were computed.",
        covers=[need.id],
        depends_on=before[-1:] if sources.leans(need.want.quote) else [],
        criteria=[
            _criterion("Every number equals the computed one", {"kind": "numbers_computed"}),
            *_columns(need.want, data),
        ],
        tools=["join_tables"] if _several(data) else [],
        risk="write" if _several(data) else "read",
        names=True,
    )


def _columns(want: Want, data: dict[str, Any]) -> list[dict[str, Any]]:
    """The column of the things asked about must be in the answer, when one plainly is."""
    asked = understand(want.quote)
    said = subjects(asked) if (asked.best or asked.change or asked.n) and not asked.fn else []
    known = [name for table in sources.tables(data) for name in sources.columns(table)]
    fits = [name for name in dict.fromkeys(known) if said and names_it(said[0], name)]
    if len(fits) != 1:
        return []
    return [_criterion(f"A table with “{fits[0]}”", {"kind": "has_columns", "columns": fits})]


def _reasons(need: Need, data: dict[str, Any], sketches: list[Sketch]) -> Sketch:
    before = [s for s in sketches if s.names]
    names = spoken(f"“{a['name']}”" for a in sources.attachments(data)[:4]) or "what is given"
    return Sketch(
        key=_next(sketches),
        trade="researcher",
        title=cut(f"Find the reasons: {_about(need.want)}", 70),
        instructions=f"{sentence(need.want.text)} Look in {names} for what is said about it, and "
        f"quote it with its source. "
        "Where no reason is given, say so.",
        covers=[need.id],
        depends_on=[before[-1].key] if before else [],
        criteria=[
            _criterion("Each reason is quoted with its source, or it is said that none is given")
        ],
    )


def _comparison(need: Need, data: dict[str, Any], sketches: list[Sketch]) -> Sketch:
    names = spoken(f"“{a['name']}”" for a in sources.texts(data)[:6])
    return Sketch(
        key=_next(sketches),
        trade="researcher",
        title=cut(f"Set side by side: {_about(need.want)}", 70),
        instructions=f"{sentence(need.want.text)} Read {names} and set them side by side: what is "
        "in both, what differs, what only one has, each with its line.",
        covers=[need.id],
        criteria=[_criterion("What differs is quoted from both sides, with its source")],
        compares=True,
    )


def _read(need: Need, data: dict[str, Any], sketches: list[Sketch]) -> Sketch:
    verbs = {"summarise": "Summarise", "extract": "Extract", "find": "Look up"}
    names = spoken(f"“{a['name']}”" for a in sources.attachments(data)[:4])
    pages = spoken(sources.urls(data)[:4])
    where = spoken(x for x in (names, pages) if x) or sources.MESSAGE
    checks = [{"kind": "links_fetched"}] if pages else []
    return Sketch(
        key=_next(sketches),
        trade="researcher",
        title=cut(f"{verbs.get(need.want.kind, 'Read')}: {_about(need.want)}", 70),
        instructions=(
            f"{sentence(need.want.text)} Read {where} and quote what it says, with its source."
        ),
        covers=[need.id],
        criteria=[
            _criterion(_CRITERIA.get(need.want.kind, "What it says is quoted with its source")),
            *(_criterion("Every link was really fetched", check) for check in checks),
        ],
        names=need.want.kind == "measure",
    )


_CRITERIA = {
    "extract": "Each item is quoted with its source, or it is said that there is none",
    "summarise": "Each point can be found in the source, at the line it names",
}


def _from_nothing(need: Need, sketches: list[Sketch], data: dict[str, Any]) -> Sketch:
    """With no material there is only what the mission says and what checklists know."""
    text = need.want.quote
    waits = re.search(r"\b(?:who|owners?|roles?|timeline|schedule)\b", text, re.IGNORECASE)
    firsts = [s.key for s in sketches if re.search(r"\bsteps?\b", s.title, re.IGNORECASE)]
    how = f"“{missing(data)}” did not come with the mission: say so, and what is needed."
    if not missing(data):
        how = "Work from the mission's words; mark what is general advice as such."
    return Sketch(
        key=_next(sketches),
        trade="writer",
        title=cut(f"Write: {_about(need.want)}", 70),
        instructions=f"{sentence(need.want.text)} {how}",
        covers=[need.id],
        depends_on=firsts[-1:] if waits else [],
        criteria=[
            _criterion("It says what is missing")
            if missing(data)
            else _criterion("What is general advice is marked as such"),
            *_parts(need.want),
        ],
    )


def _draft(key: str, need: Need, found: list[str]) -> Sketch:
    return Sketch(
        key=key,
        trade="writer",
        title=_draft_title(need.want),
        instructions=(
            f"{sentence(need.want.text)} Use only what the tasks before found; copy "
            f"numbers exactly."
        ),
        covers=[need.id],
        depends_on=list(found),
        criteria=[_criterion("It says only what the findings support"), *_parts(need.want)],
    )


def _parts(want: Want) -> list[dict[str, Any]]:
    """One criterion for each part that a text is to come with."""
    return [_criterion(demands.criterion(part)) for part in demands.named(want.text)]


def _draft_title(want: Want) -> str:
    if want.kind == "outward":
        return "Draft: a message that is ready to send"
    return cut(f"Draft: {_about(want)}", 70)


def _only(needs: list[Need]) -> Sketch:
    return Sketch(
        key="T1",
        trade="writer",
        title="Write the result",
        instructions=" ".join(sentence(n.want.text) for n in needs) or "Write the result.",
        covers=[n.id for n in needs],
    )


def _outward(needs: list[Need], sketches: list[Sketch]) -> None:
    for need in needs:
        if need.want.kind != "outward":
            continue
        if not sketches:
            sketches.append(_draft("T1", need, []))
            continue
        if not any(s.trade == "writer" for s in sketches):
            sketches.append(_draft(_next(sketches), need, [s.key for s in sketches]))
            continue
        sketches[-1].covers.append(need.id)


def _about(want: Want) -> str:
    text = alone(want.text.removeprefix("Answer: ").removeprefix("Explain why: "))
    return cut(text.rstrip(".?! "), 140)


# The form of the result


def _forms(needs: list[Need], sketches: list[Sketch]) -> None:
    for need in needs:
        if need.want.form:
            _form(need, needs, need.want.form.kind, need.want.form.value, sketches)


def _before(need: Need, needs: list[Need], sketches: list[Sketch]) -> Sketch | None:
    """The task of the question that stands right before."""
    earlier = [n.id for n in needs[: needs.index(need)] if not n.want.form]
    return next((s for s in sketches if earlier and earlier[-1] in s.covers), None)


def _form(need: Need, needs: list[Need], look: str, value: str, sketches: list[Sketch]) -> None:
    task = _bearer(look, sketches, formats.scope(need.want.text))
    if look == "top":
        task = _before(need, needs, sketches) or task
    if need.id in task.covers:
        return
    task.covers.append(need.id)
    task.instructions += f" {need.want.text}."
    if look == "words" and value.isdecimal():
        own = len(sketches) == 1 or bool(formats.scope(need.want.text))
        words = int(value) if own else max(20, int(int(value) * SHARE))
        task.criteria.append(
            _criterion(f"At most {words} words", {"kind": "word_limit", "words": words})
        )
    if look in ("json", "csv"):
        _as_file(task, look)
    if look == "chart":
        task.tools.append("chart")
        task.risk = "write"


def _bearer(look: str, sketches: list[Sketch], scope: str) -> Sketch:
    """The task that can meet a demand on the look."""
    if scope and (own := [s for s in sketches if scope.casefold() in s.instructions.casefold()]):
        return own[-1]
    if look in ("table", "chart", "csv", "top"):
        return next((s for s in sketches if s.trade == "analyst"), sketches[0])
    if look == "json":
        return next((s for s in sketches if s.trade in ("analyst", "researcher")), sketches[-1])
    return next((s for s in reversed(sketches) if s.trade == "writer"), sketches[-1])


def _as_file(task: Sketch, look: str) -> None:
    task.tools.append("write_file")
    task.risk = "write"
    name = f"result.{look}"
    check = (
        {"kind": "json_parses", "file": name}
        if look == "json"
        else {"kind": "file_opens", "file": name}
    )
    task.criteria.append(_criterion(f"The file {name} opens", check))


def _criterion(text: str, check: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"text": text, "check": check}


# The draft


def _task(sketch: Sketch, data: dict[str, Any]) -> dict[str, Any]:
    specialist = _specialist(sketch.trade, listed(data, "specialists"))
    return {
        "key": sketch.key,
        "title": sketch.title,
        "instructions": sketch.instructions,
        "specialist": specialist["name"],
        "tier": "light" if sketch.trade == "researcher" else "standard",
        "depends_on": sketch.depends_on,
        "covers": sketch.covers,
        "tools": _tools(sketch, specialist),
        "risk": sketch.risk,
        "approval": False,
        "criteria": sketch.criteria,
    }


def _specialist(trade: str, known: list[dict[str, Any]]) -> dict[str, Any]:
    """The specialist of this trade: by name, else by what the description says, else the first."""
    for person in known:
        if person["name"] == trade:
            return person
    signs = {
        "analyst": "tabl comput numb",
        "researcher": "read document page",
        "writer": "writ draft",
    }
    if known:
        wanted = signs[trade].split()
        return max(
            known, key=lambda p: sum(w in str(p.get("description", "")).lower() for w in wanted)
        )
    return {"name": trade, "tools": []}


_NEEDED = {
    "analyst": ("describe_table", "query_table", "change_table", "ask_person"),
    "researcher": ("read_attachment", "search_attachment", "describe_table", "query_table"),
    "writer": (),
}


def _tools(sketch: Sketch, specialist: dict[str, Any]) -> list[str]:
    wanted = [*_NEEDED[sketch.trade], *sketch.tools]
    if "http" in sketch.instructions:
        wanted.append("fetch_page")
    offered = specialist.get("tools")
    return [t for t in dict.fromkeys(wanted) if not offered or t in offered]


def _summary(tasks: list[dict[str, Any]]) -> str:
    first = [t["key"] for t in tasks if not t["depends_on"]]
    people = spoken(dict.fromkeys(t["specialist"] for t in tasks))
    count = "One task" if len(tasks) == 1 else f"{len(tasks)} tasks"
    start = f"; {spoken(first)} start at once" if len(first) > 1 else ""
    return f"{count} for {people}{start}. Made by the offline model, no AI."


def _not_done(data: dict[str, Any], needs: list[Need]) -> list[str]:
    found = [
        f"Not done: {cut(n.want.quote, 100)}. The text is made ready; a person sends it."
        for n in needs
        if n.want.kind == "outward"
    ]
    found += [
        f"No translation: the offline model cannot write in {n.want.form.value.title()}."
        for n in needs
        if n.want.form and n.want.form.kind == "language"
    ]
    if not sources.urls(data):
        found.append("No search of the web.")
    if any(n.want.kind == "why" for n in needs):
        found.append("No guesses: a reason that the sources do not give stays open.")
    return found
