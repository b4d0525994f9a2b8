"""Tables of real files, asked through the tools; every number exact."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from graphs.tools.tables_read import load
from tests.tools.conftest import MakeRoom, call, facts, refuse

LOG = """\
endpoint,period,requests,cost
/v1/users,2026-06,30,0.10
/v1/users,2026-07,42,0.20
/v1/orders,2026-06,100,1.15
/v1/orders,2026-07,67,1.15
/v1/new,2026-07,5,0.01
"""
MESSY = (
    "\ufeffExport of July;;\n\n"
    "Kunde;Umsatz;Anteil\n"
    "Ada GmbH;1.234,50 €;12%\n"
    "Bob AG;(300,00) €;8%\n"
    "Cid;n/a;\n"
    "Dora;unbekannt;80%\n"
    "Eve;0,10 €;n/a\n"
    "Fay;2 000,00 €;0%\n"
    "Summe;2.934,60 €;\n"
)


def sheet_file(path: Path, sheets: dict[str, list[list[Any]]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path.read_bytes()


async def test_a_table_is_described_with_types_gaps_and_first_rows(make_room: MakeRoom):
    result = await call(make_room({"log.csv": LOG}), "describe_table", name="log.csv")
    assert "5 rows, 4 columns" in result.text
    assert "| requests | number |  | 0 | 5 | 5 | 100 |" in result.text
    assert facts(result)["all rows", "sum of requests"] == "244"


async def test_groups_are_summed_exactly_and_become_facts(make_room: MakeRoom):
    result = await call(
        make_room({"log.csv": LOG}),
        "query_table",
        name="log.csv",
        group_by=["endpoint"],
        measures=[{"fn": "sum", "column": "cost"}, {"fn": "mean", "column": "requests"}],
        sort=[{"column": "sum of cost", "descending": True}],
    )
    assert facts(result) == {
        ("/v1/orders", "sum of cost"): "2.3",
        ("/v1/orders", "mean of requests"): "83.5",
        ("/v1/users", "sum of cost"): "0.3",
        ("/v1/users", "mean of requests"): "36",
        ("/v1/new", "sum of cost"): "0.01",
        ("/v1/new", "mean of requests"): "5",
    }
    assert result.facts[0].source == "log.csv"
    assert result.facts[0].label == "/v1/orders"


@pytest.mark.parametrize(
    ("where", "endpoints"),
    [
        ({"column": "requests", "op": ">", "value": 60}, ["/v1/orders", "/v1/orders"]),
        ({"column": "requests", "op": "in", "value": [5, "42"]}, ["/v1/users", "/v1/new"]),
        ({"column": "endpoint", "op": "contains", "value": "NEW"}, ["/v1/new"]),
        ({"column": "endpoint", "op": "!=", "value": "/v1/orders"},
         ["/v1/users", "/v1/users", "/v1/new"]),
        ({"column": "cost", "op": "<=", "value": 0.1}, ["/v1/users", "/v1/new"]),
        ({"column": "cost", "op": "is missing"}, []),
    ],
)  # fmt: skip
async def test_rows_are_kept_by_conditions(
    make_room: MakeRoom, where: dict[str, Any], endpoints: list[str]
):
    room = make_room({"log.csv": LOG})
    result = await call(room, "query_table", name="log.csv", where=[where], columns=["endpoint"])
    data: Any = result.data
    assert [row[0] for row in data["rows"]] == endpoints


async def test_a_condition_is_part_of_the_name_of_the_fact(make_room: MakeRoom):
    result = await call(
        make_room({"log.csv": LOG}),
        "query_table",
        name="log.csv",
        where=[{"column": "period", "value": "2026-07"}],
        measures=[{"fn": "sum", "column": "requests", "as": "calls"}, {"fn": "count"}],
    )
    assert facts(result) == {
        ("all rows", "calls (sum of requests) where period = 2026-07"): "114",
        ("all rows", "count of rows where period = 2026-07"): "3",
    }


async def test_every_function_counts_only_what_is_there(make_room: MakeRoom):
    functions = ["count", "sum", "mean", "min", "max", "median", "distinct", "first", "last"]
    room = make_room({"a.csv": "n,t\n3,x\nn/a,y\n1,X\n\n2,\n"})
    measures = [{"fn": fn, "column": "n", "as": fn} for fn in functions]
    result = await call(room, "query_table", name="a.csv", measures=measures)
    data: Any = result.data
    assert data["rows"] == [["3", "6", "2", "1", "3", "2", "3", "3", "2"]]


async def test_the_habits_of_a_german_export_are_understood(make_room: MakeRoom):
    """BOM, title lines, semicolons, decimal commas, brackets, gaps, words and a row of totals."""
    room = make_room({"umsatz.csv": MESSY})
    result = await call(
        room, "query_table", name="umsatz.csv", measures=[{"fn": "sum", "column": "Umsatz"}]
    )
    assert facts(result) == {("all rows", "sum of Umsatz"): "2934.6"}
    assert "1 line(s) above the header were left out" in result.text
    assert "“unbekannt”" in result.text
    assert "“Summe”, sums up the others" in result.text


async def test_bytes_that_are_not_utf8_are_read_and_noted(make_room: MakeRoom):
    room = make_room({"a.csv": "Größe,n\nklein,1\n".encode("cp1252")})
    assert "Windows-1252" in (await call(room, "describe_table", name="a.csv")).text


async def test_repeated_and_blank_headers_get_names(make_room: MakeRoom):
    room = make_room({"a.csv": "n,n,\n1,2,3\n4,5,6\n"})
    measures = [{"fn": "sum", "column": c} for c in ("n", "n (2)", "column 3")]
    result = await call(room, "query_table", name="a.csv", measures=measures)
    assert list(facts(result).values()) == ["5", "7", "9"]
    assert "Repeated headers are called “n (2)”" in result.text


async def test_units_are_never_added_up_together(make_room: MakeRoom):
    room = make_room({"a.csv": "city,price\nA,5 €\nB,7 $\nC,1 €\n"})
    measures = [{"fn": "sum", "column": "price"}]
    result = await refuse(room, "query_table", name="a.csv", measures=measures)
    assert "mixes units (€, $)" in result.text
    only = [{"column": "price", "op": "contains", "value": "€"}]
    result = await call(room, "query_table", name="a.csv", where=only, measures=measures)
    assert [*facts(result).values()] == ["6"]


async def test_identifiers_with_leading_zeros_stay_text(make_room: MakeRoom):
    room = make_room({"a.csv": "id,n\n007,1\n010,2\n"})
    result = await call(room, "query_table", name="a.csv", where=[{"column": "id", "value": "007"}])
    assert "| 007 | 1 |" in result.text


async def test_an_unknown_column_names_the_known_ones(make_room: MakeRoom):
    result = await refuse(
        make_room({"log.csv": LOG}), "query_table", name="log.csv", group_by=["region"]
    )
    assert result.text == (
        "There is no column “region”. The columns are “endpoint”, “period”, “requests”, “cost”."
    )


async def test_text_cannot_be_summed(make_room: MakeRoom):
    measures = [{"fn": "sum", "column": "endpoint"}]
    room = make_room({"log.csv": LOG})
    result = await refuse(room, "query_table", name="log.csv", measures=measures)
    assert "holds text, not numbers" in result.text


async def test_a_workbook_gives_its_sheets_with_exact_numbers_and_dates(
    make_room: MakeRoom, tmp_path: Path
):
    rows = [["Sales", None, None], ["day", "n", "x"], [date(2026, 6, 30), 0.1, "a"],
            [date(2026, 7, 1), 0.2, "b"], [date(2026, 7, 2), None, "c"]]  # fmt: skip
    book = sheet_file(tmp_path / "b.xlsx", {"Empty": [], "Sales": rows, "Other": [["a"], ["b"]]})
    room = make_room({"b.xlsx": book})
    result = await call(
        room,
        "query_table",
        name="b.xlsx",
        group_by=[{"column": "day", "by": "month"}],
        measures=[{"fn": "sum", "column": "n"}, {"fn": "max", "column": "day"}],
    )
    assert facts(result) == {("2026-06", "sum of n"): "0.1", ("2026-07", "sum of n"): "0.2"}
    assert "2026-07-02" in result.text
    assert "“Sales”; the file also has “Empty”, “Other”" in result.text
    wrong = await refuse(room, "describe_table", name="b.xlsx", sheet="None")
    assert "It has “Empty”, “Sales”, “Other”" in wrong.text


async def test_json_arrays_are_tables(make_room: MakeRoom):
    given = json.dumps({"meta": {}, "rows": [{"a": 0.1, "b": {"c": "x"}}, {"a": 0.2}]})
    room = make_room({"a.json": given})
    result = await call(room, "query_table", name="a.json", measures=[{"fn": "sum", "column": "a"}])
    assert [*facts(result).values()] == ["0.3"]


async def test_markdown_tables_in_a_text_are_tables(make_room: MakeRoom):
    text = "# Notes\n\n| a | b |\n|---|---|\n| `x` | 1,234 |\n\n| c |\n|---|\n| 5 |\n| 6 |\n"
    room = make_room({"a.md": text})
    result = await call(
        room, "query_table", name="a.md", sheet="table 2", measures=[{"fn": "sum", "column": "c"}]
    )
    assert [*facts(result).values()] == ["11"]


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "", "is empty"),
        ("a.csv", "a,b\n", "has columns but no rows"),
        ("a.json", "{bad", "not valid JSON"),
        ("a.json", "[1, 2]", "holds no table"),
        ("a.md", "only words", "holds no table"),
        ("a.xlsx", "junk", "does not open as a spreadsheet"),
    ],
)
async def test_what_holds_no_table_says_so(make_room: MakeRoom, name: str, content: str, says: str):
    result = await refuse(make_room({name: content}), "describe_table", name=name)
    assert result.failed
    assert says in result.text


async def test_two_periods_are_compared_biggest_change_first(make_room: MakeRoom):
    result = await call(
        make_room({"log.csv": LOG}),
        "change_table",
        name="log.csv",
        key="endpoint",
        period="period",
        value="requests",
        before="2026-06",
        after="2026-07",
    )
    data: Any = result.data
    assert data["columns"] == ["endpoint", "2026-06", "2026-07", "difference", "change %"]
    assert data["rows"] == [
        ["/v1/orders", "100", "67", "-33", "-33"],
        ["/v1/users", "30", "42", "12", "40"],
        ["/v1/new", "0", "5", "5", ""],
    ]
    name = "change % of sum of requests from 2026-06 to 2026-07"
    assert facts(result)["/v1/users", name] == "40"
    assert "No percentage where the earlier value is zero" in result.text


async def test_two_columns_are_compared(make_room: MakeRoom):
    room = make_room({"a.csv": "k,june,july\na,3,1\nb,10,11\n"})
    result = await call(
        room, "change_table", name="a.csv", key="k", before="june", after="july", sort_by="percent"
    )
    data: Any = result.data
    assert data["rows"] == [["a", "3", "1", "-2", "-66.666667"], ["b", "10", "11", "1", "10"]]
    assert "-66.67" in result.text


async def test_months_of_dates_are_periods(make_room: MakeRoom):
    room = make_room({"a.csv": "day,k,n\n30.06.2026,a,1\n01.07.2026,a,2\n31.07.2026,a,3\n"})
    args = {"name": "a.csv", "key": "k", "period": "day", "value": "n", "before": "2026-06"}
    result = await call(room, "change_table", **args, after="2026-07")
    data: Any = result.data
    assert data["rows"] == [["a", "1", "5", "4", "400"]]
    wrong = await refuse(room, "change_table", **args, after="2026-08")
    assert "it holds 2026-06-30 to 2026-07-31" in wrong.text


async def test_a_join_can_be_queried_further(make_room: MakeRoom):
    room = make_room(
        {"a.csv": "id;price\n1;1,50\n2;2,50\n3;1,00\n", "b.csv": "id,name\n1,Ada\n2.0,Bob\n9,Z\n"}
    )
    joined = await call(
        room, "join_tables", left="a.csv", right="b.csv", on=["id"], how="outer", file="j"
    )
    assert joined.files == ("j.csv",)
    assert "1 row(s) of “a.csv” have no match" in joined.text
    measures = [{"fn": "sum", "column": "price"}]
    result = await call(room, "query_table", name="j.csv", group_by=["name"], measures=measures)
    assert facts(result) == {
        ("Ada", "sum of price"): "1.5",
        ("Bob", "sum of price"): "2.5",
        ("(blank)", "sum of price"): "1",
        ("Z", "sum of price"): "0",
    }


async def test_a_join_that_would_explode_is_refused(make_room: MakeRoom):
    same = "k,n\n" + "x,1\n" * 4000
    room = make_room({"a.csv": same, "b.csv": same})
    result = await refuse(room, "join_tables", left="a.csv", right="b.csv", on=["k"])
    assert "too big" in result.text


async def test_200_000_rows_are_summed_exactly(make_room: MakeRoom):
    rows = "".join(f"g{i % 7},{i % 100}.10\n" for i in range(200_000))
    room = make_room({"big.csv": "g,n\n" + rows})
    measures = [{"fn": "sum", "column": "n"}]
    result = await call(room, "query_table", name="big.csv", measures=measures)
    assert [*facts(result).values()] == ["9920000"]
    groups = await call(room, "query_table", name="big.csv", group_by=["g"], measures=measures)
    assert len(groups.facts) == 7


async def test_an_answer_says_how_much_of_it_is_shown(make_room: MakeRoom):
    room = make_room({"a.csv": "k,n\n" + "".join(f"k{i},{i}\n" for i in range(90))})
    result = await call(room, "query_table", name="a.csv", limit=10)
    assert "10 of 90 rows are shown" in result.text


@pytest.mark.parametrize("kind", ["bar", "hbar", "line", "pie"])
async def test_a_chart_of_a_table_is_drawn_twice_and_described(make_room: MakeRoom, kind: str):
    room = make_room({"a.csv": "endpoint,requests\n/v1/users,42\n/v1/<b> $x$,12.5\n"})
    result = await call(
        room, "chart", name="a.csv", kind=kind, x="endpoint", y=["requests"], title="Load & more"
    )
    assert result.files == ("chart.svg", "chart.png")
    svg = (room.folder / "chart.svg").read_text()
    assert 'role="img"' in svg
    assert "<title>Load &amp; more</title>" in svg
    assert "/v1/users 42" in result.text
    assert (room.folder / "chart.png").read_bytes().startswith(b"\x89PNG")


async def test_a_chart_with_too_many_bars_says_what_to_do(make_room: MakeRoom):
    rows = [{"x": f"n{i}", "y": i} for i in range(100)]
    result = await refuse(make_room(), "chart", rows=rows, kind="bar", x="x", y=["y"], title="T")
    assert "groups or limits" in result.text


async def test_a_file_that_is_gone_says_so(make_room: MakeRoom):
    room = make_room({"log.csv": LOG})
    room.attachments["log.csv"].path.unlink()
    assert "is gone" in (await refuse(room, "describe_table", name="log.csv")).text


def test_a_table_that_changed_is_read_again(tmp_path: Path):
    path = tmp_path / "a.csv"
    path.write_text("a,b\nx,1\n")
    assert len(load(str(path), "a.csv", None).rows) == 1
    path.write_text("a,b\nx,1\ny,2\n")
    assert len(load(str(path), "a.csv", None).rows) == 2
