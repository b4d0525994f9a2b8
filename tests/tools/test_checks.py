"""Deterministic checks of files, links, columns, length and JSON."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.domain.work import Source
from graphs.tools import Room
from graphs.tools.checks import (
    has_columns,
    json_parses,
    links_fetched,
    opens,
    opens_safely,
    within_words,
)
from tests.tools.conftest import MakeRoom, call

TABLE = "Intro\n\n| Endpoint | **Requests** |\n|---|---|\n| /v1/users | 42 |\n"


def page(ref: str) -> Source:
    return Source(kind="url", title="t", ref=ref)


def make_docx(path: Path) -> None:
    from docx import Document

    document = Document()
    document.add_paragraph("Hello")
    document.save(str(path))


def make_xlsx(path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet: Any = book.active
    sheet.append(["a", "b"])
    book.save(path)


def make_pdf(path: Path) -> None:
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.output(str(path))


def make_png(path: Path) -> None:
    from PIL import Image

    Image.effect_noise((60, 60), 50).save(path)


MAKERS = {
    "a.json": lambda p: p.write_text('{"a": 1}'),
    "a.csv": lambda p: p.write_text("a,b\n1,2\n"),
    "a.svg": lambda p: p.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>'),
    "a.md": lambda p: p.write_text("# Hi"),
    "a.docx": make_docx,
    "a.xlsx": make_xlsx,
    "a.pdf": make_pdf,
    "a.png": make_png,
}


@pytest.mark.parametrize("name", MAKERS)
def test_a_whole_file_opens_and_one_cut_in_half_does_not(tmp_path: Path, name: str):
    path = tmp_path / name
    MAKERS[name](path)
    assert opens(path) == (True, name, "")
    whole = path.read_bytes()
    if name not in ("a.md", "a.csv", "a.pdf"):  # a reader of these takes half for whole
        path.write_bytes(whole[: len(whole) // 2])
        assert "does not open" in opens(path).feedback


def test_a_missing_and_an_empty_file_say_so(tmp_path: Path):
    assert "There is no file" in opens(tmp_path / "a.csv").feedback
    (tmp_path / "a.csv").touch()
    assert "is empty" in opens(tmp_path / "a.csv").feedback


def test_uneven_rows_are_no_csv(tmp_path: Path):
    (tmp_path / "a.csv").write_text("a,b\n1,2,3\n")
    assert not opens(tmp_path / "a.csv").met


def test_an_svg_that_unfolds_entities_does_not_open(tmp_path: Path):
    bomb = '<!DOCTYPE svg [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><svg>&b;</svg>'
    (tmp_path / "a.svg").write_text(bomb)
    assert not opens(tmp_path / "a.svg").met


async def test_a_drawn_chart_opens_in_a_helper_process(make_room: MakeRoom):
    """What the chart tool writes passes the check that reviews it."""
    room: Room = make_room()
    rows = [{"x": "a", "y": 1}, {"x": "b", "y": 2}]
    result = await call(room, "chart", kind="bar", x="x", y=["y"], rows=rows, title="Two")
    for name in result.files:
        assert (await opens_safely(room.folder / name, room.workers)).met


def test_valid_json_parses_also_inside_a_fence():
    assert json_parses('{"a": 1}').met
    assert json_parses('Here:\n\n```json\n{"a": 1}\n```\n').met
    assert not json_parses('Here:\n\n```json\n{"a": 1,}\n```\n').met
    assert not json_parses("not json").met


def test_a_table_has_its_columns_whatever_case_and_marks():
    check = has_columns(["endpoint", "requests"], TABLE)
    assert check.met
    assert check.evidence in TABLE


def test_a_missing_column_is_named():
    assert "lacks Change" in has_columns(["Endpoint", "Change"], TABLE).feedback
    assert "no table" in has_columns(["Endpoint"], "only words").feedback


def test_a_file_has_its_columns(tmp_path: Path):
    (tmp_path / "a.csv").write_text("endpoint;requests\n/v1/users;42\n")
    assert has_columns(["Endpoint", "Requests"], path=tmp_path / "a.csv").met


def test_links_that_were_fetched_pass_whatever_their_fragment():
    text = "See [docs](https://Example.com/a#b), <https://example.com/c/> and https://example.com."
    sources = [page("https://example.com/a"), page("https://example.com/c"),
               page("https://example.com/")]  # fmt: skip
    assert links_fetched(text, sources).met


def test_a_link_that_was_never_fetched_is_named():
    check = links_fetched("See https://made.up/page.", [page("https://example.com")])
    assert check.evidence == "https://made.up/page"
    assert "Never fetched" in check.feedback


def test_a_link_of_the_mission_itself_is_allowed():
    assert links_fetched("https://given.example", [], ["https://given.example/"]).met


def test_a_page_has_at_most_500_words_and_marks_are_none():
    assert within_words("**word** " * 500).met
    assert "501 words" in within_words("word " * 501).feedback
    assert within_words("| a | b |\n|---|---|\n| c | [d](https://example.com/x/y) |", 4).met


def test_a_check_is_plain_data():
    assert json.loads(json.dumps(opens("/nowhere/a.csv")._asdict()))["met"] is False
