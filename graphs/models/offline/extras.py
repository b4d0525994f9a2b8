"""Charts and files of what was computed."""

import json
import re
from collections.abc import Generator, Sequence
from typing import Any

from graphs.models.offline import markdown
from graphs.models.offline.shape import listed
from graphs.models.offline.steps import Call, Desk, Reply
from graphs.models.offline.telling import Calls, Result

MOST_BARS = 20
MOST_POINTS = 400


def extras(desk: Desk, results: Sequence[Result]) -> Generator[Calls, list[Reply], str]:
    """A chart, or a file, when they were asked for and can be made."""
    said = " ".join([str(desk.data.get("task", {}).get("instructions")), *_wanted(desk)])
    calls: Calls = []
    if desk.has("chart") and re.search(
        r"\b(?:chart|graph|plot|histogram|diagram)", said, re.IGNORECASE
    ):
        calls += _charts(results, said)
    if desk.has("write_file"):
        calls += _files(results, said)
    if not calls:
        return ""
    replies = yield calls
    made = [r for r in replies if not r.failed]
    failed = [r.text for r in replies if r.failed]
    return "\n\n".join([*(_shown_file(r) for r in made), *failed])


def _wanted(desk: Desk) -> list[str]:
    return [str(r.get("text")) for r in listed(desk.data, "requirements")]


def _shown_file(reply: Reply) -> str:
    data: dict[str, Any] = reply.data or {}
    if "png" in data:
        return f"![{data.get('alt', 'Chart')}]({data['png']})"
    return f"The result is in the file {data.get('name', '')}."


def _charts(results: Sequence[Result], said: str) -> Calls:
    drawn = [_drawn(r, said, f"chart{n if n > 1 else ''}") for n, r in enumerate(results[:3], 1)]
    return [call for call in drawn if call is not None]


def _drawn(result: Result, said: str, file: str) -> Call | None:
    """The chart of one result, None when it has fewer than two numbers to show."""
    compared = result.columns[3:4] == ["difference"]
    at = 3 if compared else _numeric(result)
    keys = 1 if compared else result.keys or at
    x, y = result.columns[0], result.columns[at]
    drawn = result.series[:MOST_POINTS] or result.rows[:MOST_BARS]
    pairs = [(" · ".join(row[:keys]), markdown.decimal(row[at])) for row in drawn]
    rows: list[dict[str, Any]] = [
        {x: name, y: float(value)} for name, value in pairs if value is not None
    ]
    if len(rows) < 2 or x == y:
        return None
    kind = _chart_kind(said, x, all(row[y] > 0 for row in rows))
    args = {
        "kind": kind,
        "x": x,
        "y": [y],
        "title": _chart_title(result),
        "file": file,
        "rows": rows,
    }
    return Call("chart", args)


def _numeric(result: Result) -> int:
    """The last column of numbers, else the last."""
    filled = [row for row in result.rows if any(row)]
    places = range(len(result.columns) - 1, 0, -1)
    return next(
        (i for i in places if all(markdown.decimal(row[i]) is not None for row in filled)),
        len(result.columns) - 1,
    )


_TIMED = ("(day)", "(week)", "(month)", "(quarter)", "(year)")


def _chart_kind(said: str, x: str, positive: bool) -> str:
    if "pie" in said.casefold().split() and positive:
        return "pie"
    return "line" if "line" in said.casefold().split() or x.endswith(_TIMED) else "bar"


def _chart_title(result: Result) -> str:
    title = result.question.removeprefix("Answer: ").strip(" .,;:?!")
    return (title[:1].upper() + title[1:])[:120] or "Chart"


def _files(results: Sequence[Result], said: str) -> Calls:
    if re.search(r"\bjson\b", said, re.IGNORECASE):
        return [Call("write_file", {"name": "result.json", "text": as_json(results)})]
    if (re.search(r"\bcsv\b", said, re.IGNORECASE) and "result.csv" in said) or re.search(
        r"as a csv", said, re.IGNORECASE
    ):
        first = results[0]
        lines = [first.columns, *first.rows]
        return [
            Call(
                "write_file",
                {
                    "name": "result.csv",
                    "text": "\n".join(",".join(map(_quoted, line)) for line in lines) + "\n",
                },
            )
        ]
    return []


def _quoted(cell: str) -> str:
    return '"' + cell.replace('"', '""') + '"' if re.search(r'[",\n]', cell) else cell


def as_json(results: Sequence[Result]) -> str:
    """The results as JSON: exact numbers stay the texts that they are."""
    body = [
        {
            "question": r.question,
            "rows": [dict(zip(r.columns, row, strict=False)) for row in r.rows],
            "how": r.how,
        }
        for r in results
    ]
    return json.dumps(body if len(body) > 1 else body[0], ensure_ascii=False, indent=2)
