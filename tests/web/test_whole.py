"""A stranger's export, from the browser to an approved document, without and with a model."""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.models.openai_server import Answer, OpenAIServer
from tests.web.conftest import Trouble, started

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

WORDS = (
    "From the attached export, which three endpoints changed most, why, and what should we tell "
    "customers? Make a one-page brief with a table."
)
FILE = "edge-traffic.csv"
MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04", "2026-05", "2026-06")
ENDS = {
    "/beta/atlas": (4605, 9018), "/beta/birch": (7919, 16341), "/beta/cedar": (2210, 2305),
    "/beta/delta": (5120, 4790), "/beta/ember": (1830, 3380), "/beta/fjord": (990, 1201),
    "/beta/grove": (8811, 5499), "/beta/heron": (3004, 2871), "/beta/inlet": (6402, 6655),
    "/beta/jetty": (8193, 13504),
}  # fmt: skip
"""The first and the last month of each endpoint; those between lie between."""


def export() -> bytes:
    """Sixty rows in a shape of their own, as a spreadsheet saves them: a BOM, CRLF, a total."""
    text = io.StringIO()
    out = csv.writer(text)
    out.writerow(["Month", "Endpoint", "Requests"])
    rows = [
        (month, name, first + (last - first) * at // 5)
        for at, month in enumerate(MONTHS)
        for name, (first, last) in ENDS.items()
    ]
    out.writerows(rows)
    out.writerow(["Total", "", sum(row[2] for row in rows)])
    return text.getvalue().encode("utf-8-sig")


class Change(NamedTuple):
    name: str
    before: Decimal
    after: Decimal

    @property
    def difference(self) -> Decimal:
        return self.after - self.before

    @property
    def percent(self) -> Decimal:
        exact = self.difference / self.before * 100
        return exact.quantize(Decimal("0.01"), ROUND_HALF_UP)


def expected(data: bytes) -> list[Change]:
    """The three largest changes, computed from the file by other means than the product's."""
    totals: dict[str, dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for row in csv.DictReader(io.StringIO(data.decode("utf-8-sig"))):
        if row["Month"] != "Total":
            totals[row["Endpoint"]][row["Month"]] += Decimal(row["Requests"])
    changes = [Change(n, by[MONTHS[0]], by[MONTHS[-1]]) for n, by in totals.items()]
    return sorted(changes, key=lambda c: -abs(c.difference))[:3]


@pytest.fixture
def data(tmp_path: Path) -> bytes:
    made = export()
    assert made.count(b"\r\n") == 62
    (tmp_path / FILE).write_bytes(made)
    return made


def opened(context: BrowserContext, trouble: Trouble, address: str) -> Page:
    page = context.new_page()
    trouble.watch(page, address.split("?")[0])
    page.goto(address)
    return page


def run_to_the_artifact(page: Page, file: Path) -> None:
    """Attach, say, send, approve the plan, and wait for the result."""
    page.locator("input[type=file]").set_input_files(file)
    page.get_by_role("textbox", name="Your mission").fill(WORDS)
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/t/*")
    page.get_by_role("button", name="Approve").click()
    page.get_by_role("link", name="Markdown").wait_for()


def cells(page: Page) -> list[list[str]]:
    """Every cell of the result's table, row by row, the head first."""
    rows = page.locator(".document table").first.get_by_role("row")
    return [row.locator("th, td").all_inner_texts() for row in rows.all()]


def assert_right(table: list[list[str]], data: bytes) -> None:
    """Every cell is what the file says."""
    head, *rows = table
    assert head == ["Endpoint", MONTHS[0], MONTHS[-1], "difference", "change %"]
    wanted = expected(data)
    assert [row[0] for row in rows] == [change.name for change in wanted]
    numbers = [[Decimal(cell) for cell in row[1:]] for row in rows]
    assert numbers == [[c.before, c.after, c.difference, c.percent] for c in wanted]


def approve(page: Page) -> None:
    page.get_by_role("button", name="Approve").click()
    expect(page.locator(".group", has_text="Recent").get_by_text("done")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)


def downloads(page: Page) -> dict[str, bytes]:
    """The four formats, over HTTP, as the links of the page lead to them."""
    found: dict[str, bytes] = {}
    for link in page.locator(".downloads a").all():
        address = str(link.get_attribute("href"))
        answer = page.context.request.get(page.url.split("/t/")[0] + address)
        assert answer.ok
        found[address.rsplit(".", 1)[1]] = answer.body()
    return found


def docx_cells(data: bytes) -> list[list[str]]:
    import docx

    table = docx.Document(io.BytesIO(data)).tables[0]
    return [[cell.text for cell in row.cells] for row in table.rows]


def pdf_words(data: bytes) -> str:
    from pdfminer.high_level import extract_text

    return extract_text(io.BytesIO(data))


def assert_files(files: dict[str, bytes], table: list[list[str]], page: Page) -> None:
    """Each format opens, and holds the table that was approved."""
    assert set(files) == {"md", "html", "docx", "pdf"}
    assert docx_cells(files["docx"]) == table
    markdown, pdf = files["md"].decode(), pdf_words(files["pdf"])
    assert all(cell in markdown and cell in pdf for row in table[1:] for cell in row)
    saved = page.context.new_page()
    saved.set_content(files["html"].decode())
    rows = saved.locator("table").first.get_by_role("row").all()
    assert [row.locator("th, td").all_inner_texts() for row in rows] == table


def test_a_strangers_export_becomes_an_approved_brief(
    context: BrowserContext, trouble: Trouble, tmp_path: Path, data: bytes
):
    """The offline model, a file it never saw: every number in the table is right."""
    with started(tmp_path, "--offline") as address:
        page = opened(context, trouble, address)
        run_to_the_artifact(page, tmp_path / FILE)
        table = cells(page)
        assert_right(table, data)
        approve(page)
        assert_files(downloads(page), table, page)


# -- the same with a model over HTTP ---------------------------------------------------------------


PARTS = {"Find the three": "which three endpoints changed most", "Say why": "why",
         "Tell customers": "what should we tell customers",
         "One page": "Make a one-page brief with a table"}  # fmt: skip
CHANGE = {
    "name": FILE, "key": "Endpoint", "period": "Month", "before": MONTHS[0], "after": MONTHS[-1],
    "value": "Requests", "where": [{"column": "Month", "op": "!=", "value": "Total"}], "limit": 3,
}  # fmt: skip
OPEN = "The export gives no reasons, so none is stated."
TELL = "Tell customers to expect more traffic on the endpoints that grew."


def said(purpose: str, body: dict[str, Any]) -> Any:
    """What a good model would say, from the words of the request alone."""
    words = "\n".join(str(m.get("content") or "") for m in body["messages"][1:])
    match purpose:
        case "intake":
            found = [{"text": text, "quote": quote} for text, quote in PARTS.items()]
            return {"title": "What changed", "requirements": found}
        case "plan":
            return {"summary": "Compute, then write", "tasks": [compute(), write()]}
        case "critique":
            return {"findings": []}
        case "work":
            return worked(body, words)
        case "review":
            names = dict.fromkeys(re.findall(r'"id": ?"(T\d+\.\d+|R\d+)"', words))
            evidence = table_in(words).splitlines()[-1] if "T1.1" in names else TELL
            return {"rows": [{"criterion": n, "met": True, "evidence": evidence} for n in names]}
        case "assemble":
            brief = f"{table_in(words)}\n\n{OPEN}\n\n{TELL}"
            return {"title": "What changed", "answer": [TELL], "body": brief}
        case _:
            rows = [f"R{n}" for n in range(1, 5)]
            return {"rows": [{"requirement": r, "met": True, "evidence": TELL} for r in rows]}


def compute() -> dict[str, Any]:
    return {
        "key": "T1", "title": "Compute the changes", "specialist": "analyst", "covers": ["R1"],
        "instructions": "Rank the endpoints.", "tools": ["describe_table", "change_table"],
        "criteria": [{"text": "Three endpoints with their numbers"}],
    }  # fmt: skip


def write() -> dict[str, Any]:
    return {
        "key": "T2", "title": "Write the brief", "specialist": "writer", "depends_on": ["T1"],
        "instructions": "One page.", "covers": ["R2", "R3", "R4"],
        "criteria": [{"text": "Says why and what to tell"}],
    }  # fmt: skip


def worked(body: dict[str, Any], words: str) -> Answer:
    """An agent: it looks, it computes with the tool, and it hands over what the tool said."""
    if "Write the brief" in str(body["messages"][1]["content"]):
        return Answer(f"{OPEN} {TELL}")
    turns = [m for m in body["messages"] if m["role"] == "tool"]
    calls = (("describe_table", {"name": FILE}), ("change_table", CHANGE))
    if len(turns) < len(calls):
        return Answer(tool_calls=(calls[len(turns)],))
    return Answer(table_in(str(turns[-1]["content"])))


def table_in(words: str) -> str:
    """The table of changes, as it stands in what the model was given."""
    lines = words.replace("\\n", "\n").splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("| Endpoint"))
    return "\n".join(lines[at : at + 5])


@pytest.fixture
def server() -> Iterator[OpenAIServer]:
    with OpenAIServer(always=said) as made:
        yield made


def test_a_model_over_http_brings_it_to_an_approved_brief(
    context: BrowserContext, trouble: Trouble, tmp_path: Path, data: bytes, server: OpenAIServer
):
    """The product as a process: its agent calls the table tool on the file that was attached."""
    env = {"OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": server.key}
    with started(tmp_path, **env) as address:
        page = opened(context, trouble, address)
        run_to_the_artifact(page, tmp_path / FILE)
        table = cells(page)
        assert_right(table, data)
        approve(page)
        assert_files(downloads(page), table, page)
    used = [t["function"]["name"] for r in server.requests for m in r.body["messages"]
            for t in m.get("tool_calls") or ()]  # fmt: skip
    assert "change_table" in used
    assert {"intake", "plan", "critique", "work", "review", "assemble"} <= {
        r.purpose for r in server.requests
    }
