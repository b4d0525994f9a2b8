"""Critique: what is wrong with a plan, found by other rules than those that made it."""

import re
from collections.abc import Iterator
from typing import Any

from graphs.models.offline import sources
from graphs.models.offline.language import cut, keywords, overlap
from graphs.models.offline.shape import listed
from graphs.models.offline.wants import Want, of

MAX_FINDINGS = 12
FEWEST_WORDS = 30
"""Words that one section needs to say anything."""

Plan = dict[str, Any]
Found = Iterator[dict[str, str]]


def critique(data: dict[str, Any]) -> dict[str, Any]:
    """The CritiqueDraft: faults that are new, or that an answer left open."""
    settled = {
        (f.get("about"), f.get("text"))
        for f in listed(data, "before")
        if f.get("answer") or f.get("verdict")
    }
    found = [f for check in _CHECKS for f in check(data["plan"], data)]
    fresh = [f for f in found if (f["about"], f["text"]) not in settled]
    return {"findings": fresh[:MAX_FINDINGS]}


def _finding(kind: str, severity: str, about: str, text: str) -> dict[str, str]:
    return {"kind": kind, "severity": severity, "about": about, "text": text}


def _tasks(plan: Plan) -> list[dict[str, Any]]:
    return list(listed(plan, "tasks"))


def _wants(data: dict[str, Any]) -> list[tuple[str, Want]]:
    return [(r["id"], of(r)) for r in listed(data, "requirements")]


def _uncovered(plan: Plan, data: dict[str, Any]) -> Found:
    covered = {r for t in _tasks(plan) for r in listed(t, "covers")}
    for name, want in _wants(data):
        if name not in covered:
            text = f"No task answers {name}: “{cut(want.quote, 80)}”."
            yield _finding("missing_case", "blocking", name, text)


def _wordless(plan: Plan, data: dict[str, Any]) -> Found:
    """A requirement without a word asks for nothing, so no task can meet it."""
    for requirement in listed(data, "requirements"):
        said = str(requirement.get("quote") or requirement.get("text") or "")
        if not any(c.isalpha() for c in said):
            text = f"{requirement['id']} says only “{cut(said, 40)}”; what is asked for?"
            yield _finding("missing_case", "blocking", requirement["id"], text)


def _unasked(plan: Plan, data: dict[str, Any]) -> Found:
    """A task that is said to cover a requirement but speaks of something else."""
    texts = {name: want for name, want in _wants(data) if not want.form and want.kind != "outward"}
    for task in _tasks(plan):
        claimed = [texts[r] for r in listed(task, "covers") if r in texts]
        for want in claimed:
            said = f"{task.get('title')} {task.get('instructions')}"
            if keywords(want.quote) and overlap(keywords(want.quote), said) < 0.2:
                text = (
                    f"{task['id']} is to cover “{cut(want.quote, 80)}”, but its "
                    f"instructions speak of something else."
                )
                yield _finding("missing_case", "advice", task["id"], text)


def _order(plan: Plan, data: dict[str, Any]) -> Found:
    tasks = _tasks(plan)
    above = {t["id"]: _above(t["id"], tasks) for t in tasks}
    makers = [t for t in tasks if t.get("specialist") in ("analyst", "researcher")]
    for task in tasks:
        if not _reads_findings(task, data):
            continue
        missing = [
            m["id"]
            for m in makers
            if m["id"] not in above[task["id"]] | {task["id"]} and task["id"] not in above[m["id"]]
        ]
        if missing:
            text = (
                f"{task['id']} writes from the findings but does not wait for {', '.join(missing)}."
            )
            yield _finding("dependency", "blocking", task["id"], text)


def _reads_findings(task: dict[str, Any], data: dict[str, Any]) -> bool:
    wants = dict(_wants(data))
    kinds = {wants[r].kind for r in listed(task, "covers") if r in wants}
    return task.get("specialist") == "writer" and bool(kinds & {"tell"})


def _above(key: str, tasks: list[dict[str, Any]]) -> set[str]:
    by_key = {t["id"]: t for t in tasks}
    found, open_ = set[str](), [key]
    while open_:
        for name in listed(by_key.get(open_.pop()), "depends_on"):
            if name not in found:
                found.add(name)
                open_.append(name)
    return found


def _reasons(plan: Plan, data: dict[str, Any]) -> Found:
    """`Why` is about what the analysis names, so it must come after it."""
    tasks = _tasks(plan)
    kinds = dict(_kinds(tasks, data))
    counting = [name for name, found in kinds.items() if "measure" in found]
    for name, found in kinds.items():
        waits = set(counting) & (_above(name, tasks) | {name})
        if "why" in found and counting and not waits:
            text = (
                f"{name} looks for reasons but does not wait for {counting[0]}, which "
                f"finds what they are about."
            )
            yield _finding("dependency", "blocking", name, text)


def _kinds(tasks: list[dict[str, Any]], data: dict[str, Any]) -> Iterator[tuple[str, set[str]]]:
    """For each task the kinds of wants that it covers."""
    wants = dict(_wants(data))
    for task in tasks:
        yield task["id"], {wants[r].kind for r in listed(task, "covers") if r in wants}


def _numbers(plan: Plan, data: dict[str, Any]) -> Found:
    if not sources.tables(data):
        return
    by = {r: t for t in _tasks(plan) for r in listed(t, "covers")}
    for name, want in _wants(data):
        task = by.get(name)
        tools = set(listed(task, "tools"))
        if want.kind == "measure" and task and not tools & {"query_table", "change_table"}:
            text = f"{name} asks for numbers, but {task['id']} has no tool that computes them."
            yield _finding("missing_case", "blocking", name, text)


def _unread(plan: Plan, data: dict[str, Any]) -> Found:
    reading = {"read_attachment", "search_attachment", "query_table", "describe_table"}
    tools = {tool for t in _tasks(plan) for tool in listed(t, "tools")}
    files = sources.attachments(data)
    if files and not tools & reading:
        yield _finding(
            "missing_case", "blocking", "plan", "Files are attached, but no task can read them."
        )
        return
    said = " ".join(f"{t.get('title')} {t.get('instructions')}" for t in _tasks(plan))
    for file in files if len(files) > 1 else []:
        if str(file["name"]) not in said:
            text = f"No task names “{file['name']}”: it may stay unread."
            yield _finding("missing_case", "advice", "plan", text)


def _broad(plan: Plan, data: dict[str, Any]) -> Found:
    content = {name for name, want in _wants(data) if not want.form}
    for task in _tasks(plan):
        covers = content & set(listed(task, "covers"))
        if len(covers) > 4:
            text = (
                f"{task['id']} is to answer {len(covers)} requirements at once; smaller "
                f"tasks run side by side and fail alone."
            )
            yield _finding("scope", "advice", task["id"], text)


def _room(plan: Plan, data: dict[str, Any]) -> Found:
    wants = _wants(data)
    limits = [
        int(w.form.value) for _, w in wants if w.form and w.form.kind == "words" and w.form.value
    ]
    parts = sum(not w.form and w.kind != "outward" for _, w in wants)
    if limits and min(limits) < parts * FEWEST_WORDS:
        text = (
            f"{min(limits)} words are few for {parts} parts: about "
            f"{min(limits) // max(parts, 1)} each."
        )
        yield _finding("conflict", "advice", "plan", text)


def _outside(plan: Plan, data: dict[str, Any]) -> Found:
    said = " ".join([*map(str, listed(plan, "not_done")), *map(str, listed(plan, "assumptions"))])
    for name, want in _wants(data):
        if want.kind == "outward" and not re.search(r"\b(?:sen[dt]|outside|post|publish)", said):
            text = (
                f"{name} asks for something outside (“{cut(want.quote, 60)}”); the plan "
                f"must say who does it, as nothing is sent here."
            )
            yield _finding("scope", "blocking", name, text)
    for task in _tasks(plan):
        if task.get("risk") == "outward" and not task.get("approval"):
            yield _finding(
                "risk", "blocking", task["id"], f"{task['id']} reaches outside without an approval."
            )


def _unchecked(plan: Plan, data: dict[str, Any]) -> Found:
    for task in _tasks(plan):
        if not task.get("criteria"):
            text = (
                f"{task['id']} has no acceptance criterion; its result cannot be held "
                f"against anything."
            )
            yield _finding("risk", "advice", task["id"], text)


_CHECKS = (
    _uncovered, _wordless, _order, _reasons, _numbers, _outside, _unread, _unasked, _broad, _room,
    _unchecked,
)  # fmt: skip
