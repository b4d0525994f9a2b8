"""Changes along columns, days between dates, weeks, and JSON maps read as tables."""

import json
from typing import Any

from graphs.tools import ToolResult
from tests.tools.conftest import MakeRoom, call, facts, refuse


def data(result: ToolResult) -> Any:
    """What code reads of a result."""
    return result.data


WIDE = """\
date,ibm,apple,dell,flat
2026-03-01,12,,,5
2026-01-01,10,0.5,,5
2026-02-01,11,1,20,5
2026-04-01,,2,10,
"""
TICKETS = """\
id,team,opened,closed
A,core,2026-01-01,2026-01-31
B,core,2026-01-01,2026-01-02
C,web,2026-02-01,2026-02-11
D,web,2026-02-01,
"""


async def test_columns_are_compared_from_their_first_to_their_last_value(make_room: MakeRoom):
    """Rows are put in order first; a gap at either end does not count as a value."""
    result = await call(
        make_room({"w.csv": WIDE}), "change_table", name="w.csv", order="date",
        columns=["ibm", "apple", "dell", "flat"],
    )  # fmt: skip
    assert data(result)["columns"] == [
        "column", "first", "last", "difference", "change %", "from", "to",
    ]  # fmt: skip
    assert data(result)["rows"] == [
        ["dell", "20", "10", "-10", "-50", "2026-02-01", "2026-04-01"],
        ["ibm", "10", "12", "2", "20", "2026-01-01", "2026-03-01"],
        ["apple", "0.5", "2", "1.5", "300", "2026-01-01", "2026-04-01"],
        ["flat", "5", "5", "0", "0", "2026-01-01", "2026-03-01"],
    ]
    assert facts(result)["dell", "change % from first to last"] == "-50"
    assert "dell begins 2026-02-01" in result.text


async def test_columns_can_be_ranked_by_percent_and_within_a_span(make_room: MakeRoom):
    """Without an order the rows stand as they are; conditions hold first."""
    room = make_room({"w.csv": WIDE})
    where = [{"column": "date", "op": "<=", "value": "2026-03-01"}]
    result = await call(
        room, "change_table", name="w.csv", columns=["ibm", "apple"], order="date",
        where=where, sort_by="percent",
    )  # fmt: skip
    assert [row[:5] for row in data(result)["rows"]] == [
        ["apple", "0.5", "1", "0.5", "100"], ["ibm", "10", "12", "2", "20"],
    ]  # fmt: skip
    nothing = await refuse(room, "change_table", name="w.csv")
    assert "give before and after, with a key; or columns" in nothing.text
    both = await refuse(room, "change_table", name="w.csv", columns=["ibm"], key="date")
    assert "stands alone" in both.text


async def test_dates_are_compared_in_days(make_room: MakeRoom):
    """The longest first; what has not ended is left out and counted."""
    room = make_room({"t.csv": TICKETS})
    result = await call(
        room, "change_table", name="t.csv", key="id", before="opened", after="closed"
    )
    assert data(result)["columns"] == ["id", "opened", "closed", "days"]
    assert [(row[0], row[-1]) for row in data(result)["rows"]] == [
        ("A", "30"), ("C", "10"), ("B", "1"),
    ]  # fmt: skip
    assert "1 row(s) without" in result.text
    assert facts(result)["all rows", "mean of days from opened to closed"] == "13.666667"


async def test_days_are_averaged_where_a_key_repeats(make_room: MakeRoom):
    """The average of each team, with the number of rows behind it."""
    result = await call(
        make_room({"t.csv": TICKETS}), "change_table", name="t.csv", key="team",
        before="opened", after="closed",
    )  # fmt: skip
    assert data(result)["rows"] == [["core", "2", "15.5"], ["web", "1", "10"]]


async def test_dates_are_grouped_by_iso_week(make_room: MakeRoom):
    """A week belongs to the year of its Thursday, and can be compared like a month."""
    text = "day,n\n2026-01-01,1\n2025-12-29,2\n2026-01-05,4\n"
    room = make_room({"d.csv": text})
    result = await call(
        room, "query_table", name="d.csv", group_by=[{"column": "day", "by": "week"}],
        measures=[{"fn": "sum", "column": "n"}],
    )  # fmt: skip
    assert data(result)["rows"] == [["2026-W01", "3"], ["2026-W02", "4"]]
    moved = await call(
        room, "change_table", name="d.csv", key="day", period="day", before="2026-W01",
        after="2026-W02", value="n",
    )  # fmt: skip
    assert data(moved)["found"] == 3


async def test_without_a_key_the_totals_are_compared(make_room: MakeRoom):
    """One row for all: before, after, difference, percent."""
    result = await call(
        make_room({"d.csv": "day,n\n2026-01-01,1\n2026-02-01,3\n2026-02-02,4\n"}),
        "change_table", name="d.csv", period="day", before="2026-01", after="2026-02", value="n",
    )  # fmt: skip
    assert data(result)["columns"] == ["2026-01", "2026-02", "difference", "change %"]
    assert data(result)["rows"] == [["1", "7", "6", "600"]]
    assert facts(result)["all rows", "sum of n in 2026-02"] == "7"


async def test_versions_keep_their_spelling_when_they_name_groups(make_room: MakeRoom):
    """4.10 is no 4.1."""
    result = await call(
        make_room({"v.csv": "version,n\n4.10,1\n5.04,2\n4.1,3\n"}), "query_table",
        name="v.csv", group_by=["version"], measures=[{"fn": "sum", "column": "n"}],
    )  # fmt: skip
    assert data(result)["rows"] == [["4.10", "1"], ["5.04", "2"], ["4.1", "3"]]
    other = await call(
        make_room({"w.csv": "version,n\n3.0,1\n10,2\n"}), "query_table",
        name="w.csv", group_by=["version"], measures=[{"fn": "sum", "column": "n"}],
    )  # fmt: skip
    assert data(other)["rows"] == [["3.0", "1"], ["10", "2"]]


async def test_a_json_map_of_like_objects_is_a_table(make_room: MakeRoom):
    """`{name: {…}}` has a row for each name; paths with methods have one for each pair."""
    spec = {
        "paths": {
            path: {m: {"operationId": f"{m}{path}", "tags": ["a", "b"]} for m in methods}
            | {"parameters": [{"name": "id"}]}
            for path, methods in {"/a": ["get", "post"], "/b": ["get"], "/c": ["delete"]}.items()
        },
        "limits": {name: {"size": n, "unit": "MB"} for n, name in enumerate("xyz")},
    }
    room = make_room({"api.json": json.dumps(spec)})
    counted = await call(
        room, "query_table", name="api.json", sheet="paths", group_by=["method"],
        measures=[{"fn": "count"}],
    )  # fmt: skip
    assert dict(data(counted)["rows"]) == {"get": "2", "post": "1", "delete": "1"}
    shown = await call(room, "query_table", name="api.json", sheet="limits")
    assert data(shown)["rows"][2] == ["z", "2", "MB"]
