"""Changing a plan: after findings, ticks on tasks, or a person's words. What stays keeps its id."""

import re
from collections.abc import Iterable
from typing import Any

from graphs.models.offline.language import count_words, cut, keywords, number, overlap, spoken
from graphs.models.offline.review import ADDED
from graphs.models.offline.shape import listed
from graphs.models.offline.sources import leans
from graphs.models.offline.wants import kind_of, of, read

Tasks = list[dict[str, Any]]
LEAST_WORDS = 30

_DROP = re.compile(
    (
        r"\b(?:drop|remove|skip|delete|leave out|without|omit|get rid of|no need (?:for|"
        r"of|to)|don'?t (?:need|do|want|include)|cut|cancel)\b\s*(?:the |a |any |task "
        r")?(?P<what>[^.;,\n]+)"
    ),
    re.IGNORECASE,
)
_ADD = re.compile(
    r"\b(?:add|also|include|plus|additionally|and then)\b\s*(?:(?:add|include)\s+)?"
    r"(?:an? |the |some )?(?P<what>[^.;\n]+)",
    re.IGNORECASE,
)
_SHORTER = re.compile(
    r"\b(?:shorter|more concise|brief(?:er)?|less text|too long|condense|tighten)\b", re.IGNORECASE
)
_LIMIT = re.compile(r"\b(\d{2,5})\s*words?\b", re.IGNORECASE)
_TASK = re.compile(r"\bT\d+\b")


def revised(data: dict[str, Any], fresh: dict[str, Any]) -> dict[str, Any]:
    """The plan before, as a PlanDraft, with findings answered and changes made."""
    previous = data["previous"]
    # A round that answers findings comes after the words were heard: they are not applied twice.
    words = "" if data.get("findings") else str(data.get("words") or "")
    words = "\n".join(filter(None, [words, *map(str, listed(data, "since"))]))
    tasks = [_draft(task) for task in listed(previous, "tasks")]
    notes = list(listed(previous, "not_done"))
    tasks, dropped = _dropped(tasks, _unwanted(tasks, words, data.get("ticks") or {}))
    _tick_changes(tasks, words, data.get("ticks") or {})
    said: list[str] = []
    if words:
        _say(tasks, words)
        said = _add(tasks, words, fresh, listed(data, "requirements"))
    notes += [f"Left out, as you asked: {cut(str(t['title']), 100)}." for t in dropped]
    answers = [_answer(finding, tasks, notes, fresh) for finding in listed(data, "findings")]
    _cover(tasks, dropped, data)
    return {
        "summary": _summary(tasks, dropped, previous),
        "assumptions": [*(previous.get("assumptions") or fresh["assumptions"]), *said],
        "not_done": list(dict.fromkeys(notes)),
        "tasks": tasks,
        "answers": answers,
    }


def _draft(task: dict[str, Any]) -> dict[str, Any]:
    kept = {
        k: task.get(k)
        for k in ("title", "instructions", "specialist", "tier", "risk", "approval")
        if task.get(k) is not None
    }
    lists = {k: list(task.get(k) or []) for k in ("depends_on", "covers", "tools")}
    criteria = [{"text": c["text"], "check": c.get("check")} for c in listed(task, "criteria")]
    return {"key": task.get("id") or task.get("key"), **kept, **lists, "criteria": criteria}


# Dropping


def _unwanted(tasks: Tasks, words: str, ticks: dict[str, str]) -> set[str]:
    found = {key for key, tick in ticks.items() if tick == "drop"}
    for match in _DROP.finditer(words):
        what = match["what"]
        if named := set(_TASK.findall(what)):
            found |= named
        elif (best := meant(what, tasks)) and ticks.get(best) != "keep":
            found.add(best)
    return found if len(found) < len(tasks) else set()


def meant(what: str, tasks: Iterable[dict[str, Any]]) -> str | None:
    """The task that these words speak of, by its title, specialist, instructions or tools."""
    wanted = keywords(what)
    scored = [(_closeness(wanted, task), str(task.get("key") or task.get("id"))) for task in tasks]
    best = max(scored, default=(0.0, ""), key=lambda pair: pair[0])
    return best[1] if best[0] >= 0.5 else None


def _closeness(wanted: list[str], task: dict[str, Any]) -> float:
    title = f"{task.get('title')} {task.get('specialist')} {spoken(task.get('tools') or [])}"
    body = f"{title} {task.get('instructions')}"
    return overlap(wanted, title) + 0.6 * overlap(wanted, body)


def _dropped(tasks: Tasks, unwanted: set[str]) -> tuple[Tasks, Tasks]:
    """The tasks that stay, waiting for what a dropped one waited for, and those that go."""
    gone = {t["key"]: t for t in tasks if t["key"] in unwanted}
    kept = [t for t in tasks if t["key"] not in gone]
    for task in kept:
        needs = [n for d in task["depends_on"] for n in _through(d, gone, set())]
        task["depends_on"] = list(dict.fromkeys(n for n in needs if n != task["key"]))
    return kept, list(gone.values())


def _through(key: str, gone: dict[str, dict[str, Any]], seen: set[str]) -> list[str]:
    if key not in gone:
        return [key]
    if key in seen:
        return []
    seen.add(key)
    return [n for d in gone[key]["depends_on"] for n in _through(d, gone, seen)]


def _cover(tasks: Tasks, dropped: Tasks, data: dict[str, Any]) -> None:
    """What a dropped task covered is still answered for: the result says it is left out."""
    covered = {r for task in tasks for r in task["covers"]}
    lost = [r for task in dropped for r in task["covers"] if r not in covered]
    texts = {r["id"]: r["text"] for r in listed(data, "requirements")}
    for name in dict.fromkeys(lost):
        home = _home(tasks, dropped, name)
        home["covers"].append(name)
        home["instructions"] += (
            f" Say that this was left out at the person's wish: {texts.get(name, name)}."
        )
    for name in texts:
        if name not in covered and name not in lost:
            tasks[-1]["covers"].append(name)


def _home(tasks: Tasks, dropped: Tasks, name: str) -> dict[str, Any]:
    """Who says that a requirement is left out: who wrote from it, else a writer, else the last."""
    gone = {t["key"] for t in dropped if name in t["covers"]}
    before = {d for t in dropped if t["key"] in gone for d in t["depends_on"]}
    writers = [t for t in tasks if t["specialist"] == "writer"]
    near = [t for t in writers if before & {*t["depends_on"], t["key"]}]
    return (near or writers or tasks)[-1]


# Changing and adding


def _tick_changes(tasks: Tasks, words: str, ticks: dict[str, str]) -> None:
    for task in tasks:
        if ticks.get(task["key"]) == "change" and words:
            _instruct(task, words)


def _say(tasks: Tasks, words: str) -> None:
    """Bring wishes that change what is there to the tasks that they are about."""
    for wish in _wishes(words):
        if _SHORTER.search(wish) or _LIMIT.search(wish):
            _shorten(tasks, wish)
        elif not _DROP.search(wish) and not _ADD.match(wish):
            for task in _addressed(tasks, wish):
                _instruct(task, wish)


def _wishes(words: str) -> list[str]:
    return [
        w.strip()
        for w in re.split(
            r"[.;\n]+|,\s+(?:and|but)\s+|\s+and\s+(?=(?:add|drop|remove|make|focus|use|skip)\b)",
            words,
        )
        if w.strip()
    ]


def _addressed(tasks: Tasks, wish: str) -> Tasks:
    named = [t for t in tasks if t["key"] in _TASK.findall(wish)]
    best = meant(wish, tasks)
    return named or [t for t in tasks if t["key"] == best] or tasks


def _instruct(task: dict[str, Any], wish: str) -> None:
    line = f" The person asked: {wish.strip().rstrip('.')}."
    if line not in task["instructions"]:
        task["instructions"] += line


def _shorten(tasks: Tasks, wish: str) -> None:
    last = next((t for t in reversed(tasks) if t["specialist"] == "writer"), tasks[-1])
    said = _LIMIT.search(wish)
    old = next(
        (c["check"]["words"] for c in last["criteria"] if _limits(c)),
        300,
    )
    words = (number(said[1]) or old) if said else max(40, int(old * 0.6))
    last["criteria"] = [c for c in last["criteria"] if not _limits(c)]
    last["criteria"].append(
        {"text": f"At most {words} words", "check": {"kind": "word_limit", "words": words}}
    )
    _instruct(last, wish)


def _add(tasks: Tasks, words: str, fresh: dict[str, Any], requirements: Tasks) -> list[str]:
    """New tasks for what is to be added, with what was assumed about each."""
    said: list[str] = []
    for wish in _wishes(words):
        if not (found := _ADD.match(wish)) or count_words(found["what"]) < 1:
            continue
        if re.search(r"\b(?:table|chart|graph)\b", found["what"], re.IGNORECASE):
            _enrich(tasks, found["what"])
        elif not any(overlap(keywords(found["what"]), t["title"]) == 1 for t in tasks):
            task = _extra(tasks, _wanted(found["what"]), fresh)
            task["covers"], note = _answers(task, wish, tasks, fresh, requirements)
            tasks.append(task)
            said += note
    return said


def _answers(
    task: dict[str, Any], wish: str, tasks: Tasks, fresh: dict[str, Any], requirements: Tasks
) -> tuple[list[str], list[str]]:
    """The requirements that an added task is for; when none asks for it, that is said.

    Then it is held against the person's own words, and stands with the question it adds to: the
    first that the tasks it reads from answer.
    """
    wanted = keywords(task["instructions"].partition(" Use what")[0])
    new = next((t for t in fresh["tasks"] if overlap(wanted, t["title"]) >= MEANT), None)
    close = [r["id"] for r in requirements if overlap(wanted, _text(r)) >= MEANT]
    if covers := [r for r in listed(new, "covers") if r] or close:
        return covers, []
    asked = [r["id"] for r in requirements if not of(r).form]
    read = [r for t in tasks if t["key"] in task["depends_on"] for r in t["covers"] if r in asked]
    covers = (read or asked or list(tasks[-1]["covers"]))[:1]
    note = f"“{cut(wish, 160)}” is new: it is added to {spoken(covers)}, and checked by its words."
    return covers, [note]


def _text(requirement: dict[str, Any]) -> str:
    return f"{requirement.get('text')} {requirement.get('quote')}"


MEANT = 0.6
"""The share of an addition's words that a requirement or task must have to be what is meant."""


_FRAME = re.compile(
    r"^(?:(?:another|one more|a|an|the|new|further|extra|separate)\s+)*(?:task|step|part)\s+"
    r"(?:(?:that|which|who|to|for|on|about|with|where)\s+)?(?:(?:it|we|you|should|must|will)\s+)*",
    re.IGNORECASE,
)
_DOES = re.compile(
    r"^(list|count|compare|check|explain|write|name|show|rank|find|quote|collect|describe|draft|"
    r"compute|calculate|summari[sz]e|estimate|translate|identify|review)s\b",
    re.IGNORECASE,
)


def _wanted(what: str) -> str:
    """What a new task is to do: `task that lists the risks` as `list the risks`."""
    text = _FRAME.sub("", what.strip()) or what.strip()
    return _DOES.sub(lambda m: m[1], text)


def _enrich(tasks: Tasks, what: str) -> None:
    task = next((t for t in tasks if t["specialist"] == "analyst"), tasks[-1])
    task["instructions"] += f" Also show {what.strip()}."
    if re.search(r"chart|graph", what, re.IGNORECASE) and "chart" not in task["tools"]:
        task["tools"].append("chart")
        task["risk"] = "write"


def _extra(tasks: Tasks, what: str, fresh: dict[str, Any]) -> dict[str, Any]:
    """A new task for what was added. A number is computed; all else reads what others found."""
    analyst = _analyst(tasks, what)
    reads = [t["key"] for t in tasks if t["specialist"] != "writer"]
    use = "" if analyst else " Use what the tasks before found."
    return {
        "key": _free(tasks),
        "title": cut(f"{ADDED}{what}", 70),
        "instructions": f"{what[0].upper()}{what[1:]}.{use}",
        "specialist": analyst["specialist"] if analyst else _writer(tasks, fresh),
        "tier": "standard",
        "depends_on": list(analyst["depends_on"]) if analyst else reads,
        "covers": [],
        "tools": list(analyst["tools"]) if analyst else [],
        "risk": "read",
        "approval": False,
        "criteria": [{"text": f"It has “{cut(what, 120)}”", "check": None}],
    }


def _analyst(tasks: Tasks, what: str) -> dict[str, Any] | None:
    """The task that can compute what was added, when it is a number of the tables."""
    if kind_of(what) != "measure" or leans(what):
        return None
    return next((t for t in tasks if "query_table" in t["tools"]), None)


def _writer(tasks: Tasks, fresh: dict[str, Any]) -> str:
    names = [t["specialist"] for t in (*tasks, *fresh["tasks"])]
    return "writer" if "writer" in names or not names else names[-1]


def _free(tasks: Tasks) -> str:
    taken = {t["key"] for t in tasks}
    return next(f"new{n}" for n in range(1, 1_000) if f"new{n}" not in taken)


# Findings


def _answer(
    finding: dict[str, Any], tasks: Tasks, notes: list[str], fresh: dict[str, Any]
) -> dict[str, str]:
    because = _fixed(finding, tasks, notes, fresh)
    if because:
        return {"finding": finding["id"], "verdict": "fixed", "because": because}
    said = "It is advice, and the plan holds without it."
    if finding.get("severity") == "blocking":
        said = "The rules of the offline model cannot mend this; please decide."
    return {"finding": finding["id"], "verdict": "declined", "because": said}


def _fixed(finding: dict[str, Any], tasks: Tasks, notes: list[str], fresh: dict[str, Any]) -> str:
    about, text = str(finding.get("about")), str(finding.get("text"))
    task = next((t for t in tasks if t["key"] == about), None)
    if re.fullmatch(r"R\d+", about):
        return _covered(about, tasks, fresh)
    if finding.get("kind") == "dependency" and task:
        return _waits(task, text, tasks, fresh)
    if finding.get("kind") in ("scope", "risk") and re.search(r"outside|sen[dt]", text):
        notes.append("Nothing is sent or changed outside; the text is made ready for a person.")
        return "The plan now says that nothing is sent."
    if finding.get("kind") == "conflict" and "word" in text:
        return _widened(tasks)
    return ""


def _covered(name: str, tasks: Tasks, fresh: dict[str, Any]) -> str:
    if any(name in t["covers"] for t in tasks):
        return f"{name} is covered now."
    if not tasks:
        return ""
    new = next((t for t in fresh["tasks"] if name in t["covers"]), None)
    home = next((t for t in tasks if new and t["specialist"] == new["specialist"]), tasks[-1])
    home["covers"].append(name)
    if new:
        home["instructions"] += f" Also: {new['instructions']}"
    return f"{home['key']} covers {name} now."


def _waits(task: dict[str, Any], text: str, tasks: Tasks, fresh: dict[str, Any]) -> str:
    known = {t["key"] for t in tasks}
    unknown = [d for d in task["depends_on"] if d not in known]
    if unknown:
        task["depends_on"] = [d for d in task["depends_on"] if d in known]
        return f"{task['key']} no longer waits for {spoken(unknown)}."
    wanted = [k for k in _TASK.findall(text) if k in known and k != task["key"]]
    wanted = [k for k in wanted if task["key"] not in _above(k, tasks)]
    if wanted:
        task["depends_on"] = list(dict.fromkeys([*task["depends_on"], *wanted]))
        return f"{task['key']} now waits for {spoken(wanted)}."
    names = {t["specialist"] for t in fresh["tasks"]}
    if task["specialist"] not in names and names:
        task["specialist"] = sorted(names)[-1]
        return f"{task['key']} now goes to the {task['specialist']}."
    return ""


def _above(key: str, tasks: Tasks) -> set[str]:
    """Everything that a task waits for, at any remove."""
    by_key = {t["key"]: t for t in tasks}
    found: set[str] = set()
    open_ = [key]
    while open_:
        for name in by_key.get(open_.pop(), {}).get("depends_on", []):
            if name not in found:
                found.add(name)
                open_.append(name)
    return found


def _widened(tasks: Tasks) -> str:
    for criterion in (c for task in tasks for c in task["criteria"] if _limits(c)):
        if criterion["check"]["words"] < LEAST_WORDS:
            criterion["check"] = {**criterion["check"], "words": LEAST_WORDS}
            criterion["text"] = f"At most {LEAST_WORDS} words"
    return f"Each text has room for at least {LEAST_WORDS} words."


def _limits(criterion: dict[str, Any]) -> bool:
    """True when a criterion bounds the number of words."""
    check: Any = criterion["check"]
    return bool(check) and check["kind"] == "word_limit"


def _summary(tasks: Tasks, dropped: Tasks, previous: dict[str, Any]) -> str:
    old = str(previous.get("summary") or "")
    now = "One task" if len(tasks) == 1 else f"{len(tasks)} tasks"
    same = len(tasks) == len(listed(previous, "tasks")) and not dropped
    people = spoken(dict.fromkeys(t["specialist"] for t in tasks))
    return old if same and old else f"{now} for {people}. Made by the offline model, no AI."


def wishes(words: str) -> list[str]:
    """The single wishes in a person's words; at least one."""
    return _wishes(words) or [w.quote for w in read(words)] or [words.strip()]
