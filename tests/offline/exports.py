"""Exports as teams have them, and what pandas says of them, computed without our tools."""

import io
import json
import random
from dataclasses import dataclass
from typing import Any

import pandas

pd: Any = pandas
"""Untyped here: its stubs know too many shapes for a test to name."""

PATHS = [
    "/v1/orders", "/v1/users", "/v1/search", "/v1/payments", "/v1/reports", "/v1/carts",
    "/v1/webhooks", "/v1/invoices", "/v1/sessions", "/v1/products",
]  # fmt: skip
WHYS = [
    "New mobile app polls every 30 seconds", "Result cache switched on in June",
    "Partner imports run every night", "Old clients moved to v2", "Rate limit raised for partners",
    "Index added after the outage",
]  # fmt: skip


@dataclass(frozen=True)
class Export:
    """A file, the three things that changed most, and the numbers that must stand beside each."""

    files: dict[str, str | bytes]
    expected: list[tuple[str, list[str]]]
    reasons: dict[str, str]


def shown(value: Any) -> str:
    """A number as pandas has it, without a trailing `.0`, two decimals at most."""
    rounded = round(float(value) + 0.0, 2)
    return str(int(rounded)) if rounded == int(rounded) else str(rounded)


def ranked(frame: Any, key: str, before: str, after: str) -> list[tuple[str, list[str]]]:
    """The three with the largest difference, up or down: before, after, difference."""
    made = frame.assign(change=frame[after] - frame[before])
    made = made.reindex(made["change"].abs().sort_values(ascending=False, kind="stable").index)
    return [
        (str(row[key]), [shown(row[before]), shown(row[after]), shown(row["change"])])
        for _, row in made.head(3).iterrows()
    ]


def _random(seed: int) -> random.Random:
    return random.Random(seed)


def _pairs(seed: int, low: int = 100, high: int = 90_000) -> Any:
    dice = _random(seed)
    before = [dice.randint(low, high) for _ in PATHS]
    after = [max(0, b + dice.randint(-b // 2, b)) for b in before]
    reason = [dice.choice(WHYS) if n % 3 else "" for n in range(len(PATHS))]
    return pd.DataFrame(
        {"endpoint": PATHS, "requests_before": before, "requests_after": after, "reason": reason}
    )


def _why(frame: Any, key: str, reason: str) -> dict[str, str]:
    return {str(row[key]): str(row[reason]) for _, row in frame.iterrows() if row[reason]}


def before_after(seed: int) -> Export:
    """A csv with a column before and one after, and an owner column in between."""
    frame = _pairs(seed)
    frame.insert(1, "owner", [["checkout", "identity"][n % 2] for n in range(len(frame))])
    text = frame.to_csv(index=False)
    expected = ranked(frame, "endpoint", "requests_before", "requests_after")
    return Export({"api-export.csv": text}, expected, _why(frame, "endpoint", "reason"))


def two_sheets(seed: int) -> Export:
    """An xlsx: numbers on the first sheet, notes on the second."""
    frame = _pairs(seed)
    numbers = pd.DataFrame(
        {
            "Endpoint": PATHS,
            "Calls June": frame["requests_before"],
            "Calls July": frame["requests_after"],
            "Owner": "core",
        }
    )
    notes = pd.DataFrame({"Endpoint": PATHS, "Note": frame["reason"]})
    out = io.BytesIO()
    with pd.ExcelWriter(out, engine="openpyxl") as book:
        numbers.to_excel(book, sheet_name="Traffic", index=False)
        notes.to_excel(book, sheet_name="Notes", index=False)
    expected = ranked(numbers, "Endpoint", "Calls June", "Calls July")
    return Export({"traffic.xlsx": out.getvalue()}, expected, _why(notes, "Endpoint", "Note"))


def change_log(seed: int) -> Export:
    """One row per change, with a reason each."""
    dice = _random(seed)
    counts = dict(zip(PATHS, [9, 7, 6, 4, 3, 3, 2, 2, 1, 1], strict=True))
    rows = [(path, dice.choice(WHYS)) for path, n in counts.items() for _ in range(n)]
    dice.shuffle(rows)
    frame = pd.DataFrame(rows, columns=["endpoint", "reason"])
    frame.insert(0, "date", [f"2026-0{1 + n % 6}-{1 + n % 28:02}" for n in range(len(frame))])
    frame.insert(2, "type", [dice.choice(["fixed", "added", "breaking"]) for _ in rows])
    top = frame["endpoint"].value_counts().head(3)
    expected = [(str(name), [shown(count)]) for name, count in top.items()]
    return Export({"changelog.csv": frame.to_csv(index=False)}, expected, {})


def months(seed: int) -> Export:
    """A column for each month."""
    dice = _random(seed)
    frame = pd.DataFrame({"path": PATHS})
    for month in ("Jan 2026", "Feb 2026", "Mar 2026", "Apr 2026"):
        frame[month] = [dice.randint(50, 20_000) for _ in PATHS]
    expected = ranked(frame, "path", "Jan 2026", "Apr 2026")
    return Export({"usage.csv": frame.to_csv(index=False)}, expected, {})


def german(seed: int) -> Export:
    """Semicolons, decimal commas, German headers."""
    dice = _random(seed)
    before = [dice.randint(5_000, 900_000) / 100 for _ in PATHS]
    after = [dice.randint(5_000, 900_000) / 100 for _ in PATHS]
    reason = ["Index ergänzt" if n % 2 else "Neue Prüfung" for n in range(len(PATHS))]
    frame = pd.DataFrame(
        {
            "Endpunkt": PATHS,
            "Antwortzeit vorher": before,
            "Antwortzeit nachher": after,
            "Begründung": reason,
        }
    )
    text = frame.to_csv(index=False, sep=";", decimal=",")
    expected = ranked(frame, "Endpunkt", "Antwortzeit vorher", "Antwortzeit nachher")
    return Export({"export.csv": text}, expected, _why(frame, "Endpunkt", "Begründung"))


def json_rows(seed: int) -> Export:
    """A JSON array with one object per endpoint and month."""
    dice = _random(seed)
    rows = [
        {"endpoint": path, "month": month, "requests": dice.randint(10, 50_000), "comment": ""}
        for path in PATHS
        for month in ("2026-05", "2026-06", "2026-07")
    ]
    for row in rows[2::6]:
        row["comment"] = dice.choice(WHYS)
    frame = pd.DataFrame(rows)
    wide = frame.pivot_table(
        index="endpoint", columns="month", values="requests", aggfunc="sum"
    ).reset_index()
    expected = ranked(wide, "endpoint", "2026-05", "2026-07")
    return Export({"stats.json": json.dumps(rows)}, expected, _why(frame, "endpoint", "comment"))


def daily(seed: int) -> Export:
    """One row per endpoint and day over four months: sums of months are compared."""
    dice = _random(seed)
    days = pd.date_range("2026-03-01", "2026-06-30", freq="D")
    rows = [
        (
            day.strftime("%Y-%m-%d"),
            path,
            dice.randint(1, 400) * (1 + n * (day.month - 3)),
            dice.randint(20, 60),
        )
        for n, path in enumerate(PATHS)
        for day in days
        if dice.random() < 0.5
    ]
    frame = pd.DataFrame(rows, columns=["date", "endpoint", "calls", "latency_ms"])
    frame["month"] = frame["date"].str[:7]
    wide = frame.pivot_table(
        index="endpoint", columns="month", values="calls", aggfunc="sum"
    ).reset_index()
    expected = ranked(wide, "endpoint", "2026-03", "2026-06")
    return Export({"daily.csv": frame.drop(columns="month").to_csv(index=False)}, expected, {})


def deltas(seed: int) -> Export:
    """A column that already holds the change in percent."""
    dice = _random(seed)
    frame = pd.DataFrame({"Endpoint": PATHS, "Calls": [dice.randint(10, 9_000) for _ in PATHS]})
    frame["Change %"] = dice.sample(range(-90, 200), len(PATHS))
    frame["Comment"] = [WHYS[n % len(WHYS)] for n in range(len(PATHS))]
    order = frame["Change %"].abs().sort_values(ascending=False, kind="stable").index
    expected = [
        (str(r["Endpoint"]), [shown(r["Change %"])])
        for _, r in frame.reindex(order).head(3).iterrows()
    ]
    return Export(
        {"delta.csv": frame.to_csv(index=False)}, expected, _why(frame, "Endpoint", "Comment")
    )


def notes(seed: int) -> Export:
    """Release notes: bullets that name endpoints, with their reasons in words."""
    dice = _random(seed)
    counts = dict(zip(PATHS, [8, 6, 5, 3, 2, 2, 1, 1, 1, 1], strict=True))
    said = ["accepts a new filter", "returns fewer fields", "moved to POST"]
    lines = [
        f"- `{path}` {dice.choice(said)} because {dice.choice(WHYS).lower()} ({n})."
        for path, times in counts.items()
        for n in range(times)
    ]
    dice.shuffle(lines)
    text = (
        "# Release notes\n\n## 3.1\n"
        + "\n".join(lines[:15])
        + "\n\n## 3.0\n"
        + "\n".join(lines[15:])
        + "\n"
    )
    expected = [(path, [str(counts[path])]) for path in PATHS[:3]]
    return Export({"release-notes.md": text}, expected, {})


SHAPES = [before_after, two_sheets, change_log, months, german, json_rows, daily, deltas, notes]
