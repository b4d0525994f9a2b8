"""Attachments become Markdown; what can't is refused in one clear sentence."""

import asyncio
import datetime as dt
import io
import json
import socket
import tempfile
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import msoffcrypto
import openpyxl
import pandas as pd
import pytest
import xlwt
from docx import Document
from fpdf import FPDF
from msoffcrypto.format.ooxml import OOXMLFile

from bot.documents.convert import MAX_BYTES, Converted, convert, convert_file
from bot.documents.errors import (
    Bomb,
    Corrupt,
    DocumentError,
    Protected,
    TooLarge,
    Unsupported,
    WorkFailed,
    WorkTimeout,
)
from bot.documents.text import MAX_CHARS
from bot.documents.worker import Workers
from tests.documents import bombs


@pytest.fixture(scope="module")
async def workers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Workers]:
    async with Workers(size=1, cache=tmp_path_factory.mktemp("cache")) as pool:
        yield pool


pytestmark = pytest.mark.asyncio(loop_scope="module")


def workbook(**sheets: list[list[object]]) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def letter() -> bytes:
    document = Document()
    document.add_heading("Quarter", 1)
    document.add_paragraph("Sales rose by 12 €.")
    document.add_paragraph("one", style="List Bullet")
    table = document.add_table(2, 2)
    for cell, text in zip(
        (*table.rows[0].cells, *table.rows[1].cells), ("Area", "Sum", "North", "7"), strict=True
    ):
        cell.text = text
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


def leaflet(*pages: str, password: str = "") -> bytes:
    pdf = FPDF()
    pdf.set_font("Helvetica")
    if password:
        pdf.set_encryption("owner", password)
    for text in pages:
        pdf.add_page()
        pdf.multi_cell(0, text=text)
    return bytes(pdf.output())


def locked(data: bytes) -> bytes:
    out = io.BytesIO()
    OOXMLFile(io.BytesIO(data)).encrypt("pass", out)
    assert msoffcrypto.OfficeFile(out).is_encrypted()
    return out.getvalue()


def with_part(data: bytes, name: str, content: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for part in old.namelist():
            new.writestr(part, content if part == name else old.read(part))
    return out.getvalue()


class TestReading:
    """Every kind that is read, on real files."""

    async def test_plain_text_needs_no_helper_process(self):
        """Text, Markdown, CSV and JSON are read at once, in a thread."""
        async with Workers() as idle:
            for name, data in {
                "a.txt": b"hello",
                "a.md": b"# hello",
                "a.csv": b"hello,1\n",
                "a.json": b'{"hello": 1}',
            }.items():
                assert "hello" in (await convert(idle, data, name)).markdown
            assert not idle.pids

    async def test_text_is_kept_as_it_is(self, workers: Workers):
        """No change but line ends; nothing to note."""
        found = await convert(workers, "one\r\ntwo € ✅\r\n".encode(), "notes.txt")
        assert found == Converted(
            markdown="one\ntwo € ✅", chars=11, kind="txt", truncated=False, notes=()
        )

    @pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
    async def test_unicode_encodings_need_no_guess(self, workers: Workers, encoding: str):
        """With a mark, or as UTF-16 by its zeros."""
        text = "Grüße aus Zürich, ganz herzlich"
        found = await convert(workers, text.encode(encoding), "a.txt")
        assert found.markdown == text
        assert not found.notes

    @pytest.mark.parametrize(
        ("encoding", "text"),
        [
            ("cp1252", "Müller – 5 € für schöne Äpfel"),
            ("cp1251", "Привет, как дела? Это простой текст."),
            ("shift_jis", "これは日本語のテキストです。"),
            ("gb18030", "这是一个简单的中文文本文件。"),
        ],
    )
    async def test_legacy_encodings_are_guessed_and_said(
        self, workers: Workers, encoding: str, text: str
    ):
        """The note names the guess."""
        found = await convert(workers, text.encode(encoding), "a.txt")
        assert found.markdown == text
        assert "guessed" in found.notes[0]

    @pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
    async def test_csv_finds_its_own_delimiter(self, workers: Workers, mark: str):
        """Decimal commas and quoted delimiters do not mislead it."""
        rows = [["name", "sum"], ["a", "1,5" if mark == ";" else "1.5"], [f'"x{mark}y"', "2"]]
        data = "\n".join(mark.join(row) for row in rows).encode()
        found = await convert(workers, data, "a.csv")
        assert found.markdown.splitlines()[:2] == ["| name | sum |", "| --- | --- |"]
        assert len(found.markdown.splitlines()) == 4

    async def test_a_cell_can_not_break_its_table(self, workers: Workers):
        """Bars are escaped, line breaks become blanks, short rows are filled."""
        found = await convert(workers, b'a,b\n"x|y","1\n2"\nz\n', "a.csv")
        assert found.markdown.splitlines()[2:] == ["| x\\|y | 1 2 |", "| z |  |"]

    async def test_json_is_fenced_as_it_was_written(self, workers: Workers):
        """Numbers keep their digits; broken JSON is kept and noted."""
        found = await convert(workers, b'{"a": 1.10}', "a.json")
        assert found.markdown == '```json\n{"a": 1.10}\n```'
        broken = await convert(workers, b'{"a": ', "a.json")
        assert "not valid JSON" in broken.notes[0]

    async def test_xlsx_gives_each_sheet_as_a_table(self, workers: Workers):
        """Empty cells stay empty, dates are dates, numbers have the digits people see."""
        data = workbook(
            Sales=[["Area", "When", "Sum"], ["North", dt.date(2026, 5, 1), 0.1 + 0.2]],
            Gaps=[[None, "b"], [1, None]],
        )
        found = await convert(workers, data, "a.xlsx")
        assert "## Sales" in found.markdown
        assert "| North | 2026-05-01 | 0.3 |" in found.markdown
        assert "|  | b |\n| --- | --- |\n| 1 |  |" in found.markdown

    async def test_xlsx_from_pandas_agrees_with_the_frame(self, workers: Workers):
        """Every value of a real frame is found again."""
        frame = pd.DataFrame({"n": range(500), "square": [n * n for n in range(500)]})
        out = io.BytesIO()
        frame.to_excel(out, index=False)
        lines = (await convert(workers, out.getvalue(), "a.xlsx")).markdown.splitlines()[4:]
        assert lines == [f"| {n} | {n * n} |" for n in range(500)]

    async def test_xls_is_read_too(self, workers: Workers):
        """The old binary format, without “NaN” for empty cells."""
        book = xlwt.Workbook()
        sheet = book.add_sheet("Old")
        for row, (name, value) in enumerate([("name", "sum"), ("a", 3), ("b", None)]):
            sheet.write(row, 0, name)
            sheet.write(row, 1, value)
        out = io.BytesIO()
        book.save(out)
        found = await convert(workers, out.getvalue(), "a.xls")
        assert found.kind == "xls"
        assert "| a | 3 |\n| b |  |" in found.markdown

    async def test_docx_keeps_headings_lists_and_tables(self, workers: Workers):
        """By markitdown's own converter."""
        found = await convert(workers, letter(), "a.docx")
        assert "# Quarter" in found.markdown
        assert "Sales rose by 12 €." in found.markdown
        assert "* one" in found.markdown
        assert "| North | 7 |" in found.markdown

    async def test_pdf_gives_its_text(self, workers: Workers):
        """From every page."""
        found = await convert(workers, leaflet("First page", "Second page"), "a.pdf")
        assert "First page" in found.markdown
        assert "Second page" in found.markdown

    async def test_a_long_pdf_is_read_quickly_and_says_so(self, workers: Workers):
        """Tables are not looked for on hundreds of pages."""
        found = await convert(workers, leaflet(*(f"page {n}" for n in range(200))), "a.pdf")
        assert "page 199" in found.markdown
        assert "long PDF" in found.notes[0]

    async def test_a_scan_is_said_to_have_no_text(self, workers: Workers):
        """Empty pages are not an error, and not silent."""
        found = await convert(workers, leaflet(""), "a.pdf")
        assert found.markdown == ""
        assert "scan" in found.notes[0]

    async def test_html_loses_scripts_and_styles(self, workers: Workers):
        """What a reader sees stays, with its tables."""
        page = (
            "<title>T</title><style>p{}</style><script>steal()</script><noscript>on</noscript>"
            "<body><h1>Hi</h1><p onclick='x()'>Text é <a href='javascript:x()'>l</a>"
            "<table><tr><th>a<th>b<tr><td>1<td>2</table>"
        )
        found = await convert(workers, page.encode(), "a.html")
        assert found.markdown.startswith("# Hi\n\nText é")
        assert "| 1 | 2 |" in found.markdown
        for gone in ("steal", "p{}", "onclick", "javascript"):
            assert gone not in found.markdown

    async def test_nothing_is_fetched(self, workers: Workers):
        """Pictures, frames and styles of a page stay where they are."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(0)
            at = f"http://127.0.0.1:{server.getsockname()[1]}"
            page = f"<img src='{at}/i.png'><iframe src='{at}'></iframe><link href='{at}'>text"
            assert "text" in (await convert(workers, page.encode(), "a.html")).markdown
            with pytest.raises(BlockingIOError):
                server.accept()

    async def test_the_content_counts_and_the_name_is_corrected(self, workers: Workers):
        """A workbook named .pdf is read as a workbook, and the note says so."""
        found = await convert(workers, workbook(S=[["a"], [1]]), "report.pdf")
        assert found.kind == "xlsx"
        assert "really a .xlsx" in found.notes[0]

    async def test_text_named_xlsx_is_read_as_a_table(self, workers: Workers):
        """As some programs export it."""
        found = await convert(workers, b"a\tb\n1\t2\n", "export.xls")
        assert found.kind == "csv"
        assert "| 1 | 2 |" in found.markdown

    async def test_an_unknown_name_with_text_inside_is_text(self, workers: Workers):
        """Source code, logs, settings."""
        assert (await convert(workers, b"x = 1\n", "main.py")).markdown == "x = 1"

    async def test_a_path_is_read_in_place(self, workers: Workers, tmp_path: Path):
        """No copy is made of a file that is there already."""
        path = tmp_path / "stored"
        path.write_bytes(letter())
        assert (await convert(workers, path, "a.docx")).kind == "docx"

    async def test_convert_file_gives_plain_data(self, tmp_path: Path):
        """For those who run it in a helper process of their own."""
        path = tmp_path / "a.csv"
        path.write_bytes(b"a,b\n1,2\n")
        found = convert_file(str(path), "a.csv")
        assert json.loads(json.dumps(found))["chars"] == len(found["markdown"])


class TestLimits:
    """Too big, too long, too slow."""

    async def test_sixty_megabytes_are_refused(self, workers: Workers, tmp_path: Path):
        """Before anything is read, with the limit in the words."""
        path = tmp_path / "big.csv"
        with path.open("wb") as file:
            file.truncate(60 * 1024 * 1024)
        with pytest.raises(TooLarge, match=r"“big.csv” has 60 MB; attach at most 50 MB"):
            await convert(workers, path, "big.csv")
        with pytest.raises(TooLarge):
            await convert(workers, bytes(MAX_BYTES + 1), "big.xlsx")

    @pytest.mark.parametrize("name", ["a.txt", "a.md", "a.csv", "a.json"])
    async def test_long_text_is_cut_and_says_so(self, workers: Workers, name: str):
        """Whole lines of the beginning are kept."""
        found = await convert(workers, b"0123456789,abc\n" * 1_000_000, name)
        assert found.truncated
        assert 0.7 * MAX_CHARS < found.chars <= MAX_CHARS + 100
        assert any("first 2,000,000 characters" in note for note in found.notes)

    async def test_a_long_workbook_is_cut_and_says_so(self, workers: Workers):
        """Rows beyond the limit are not even read."""
        rows: list[list[object]] = [["x" * 1000, n] for n in range(3000)]
        found = await convert(workers, workbook(S=rows), "a.xlsx")
        assert found.truncated
        assert found.chars <= MAX_CHARS + 100

    async def test_a_slow_conversion_is_stopped(self, workers: Workers):
        """The clock is the helper's, not the file's."""
        with pytest.raises(WorkTimeout, match="try a smaller file"):
            await convert(workers, leaflet("x"), "a.pdf", timeout=0.001)

    async def test_without_disk_space_it_says_so(
        self, workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        """Nothing can be put aside, and the words say what to do."""
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
        with pytest.raises(WorkFailed, match="free some disk space"):
            await convert(workers, letter(), "a.docx")

    async def test_many_at_once_wait_for_their_turn(self, workers: Workers):
        """One child serves them all."""
        found = await asyncio.gather(*(convert(workers, letter(), "a.docx") for _ in range(5)))
        assert len({one.markdown for one in found}) == 1


def archive(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as box:
        for name in names:
            box.writestr(name, "text")
    return out.getvalue()


def billion_laughs(data: bytes, part: str) -> bytes:
    laughs = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return with_part(
        data,
        part,
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{laughs}]><x>&l9;</x>'.encode(),
    )


HOSTILE: dict[str, tuple[str, bytes, type[DocumentError]]] = {
    "a zip bomb of 4 GB in 50 kB": ("a.xlsx", bombs.overlapping(43, 100), Bomb),
    "a zip bomb by ratio": ("a.xlsx", bombs.overlapping(120, 1), Bomb),
    "a zip bomb that lies about itself": ("a.xlsx", bombs.lying(120, 1000), Corrupt),
    "archives in archives": ("a.xlsx", bombs.nested(5), Bomb),
    "very many members": ("a.docx", bombs.crowded(10_001), Bomb),
    "billion laughs in xlsx": (
        "a.xlsx",
        billion_laughs(workbook(S=[["a"]]), "xl/worksheets/sheet1.xml"),
        Bomb,
    ),
    "billion laughs in docx": ("a.docx", billion_laughs(letter(), "word/document.xml"), Bomb),
    "billion laughs in UTF-16": (
        "a.docx",
        with_part(letter(), "word/document.xml", '<!DOCTYPE x [<!ENTITY a "b">]>'.encode("utf-16")),
        Bomb,
    ),
    "a locked pdf": ("a.pdf", leaflet("secret", password="user"), Protected),
    "a locked workbook": ("a.xlsx", locked(workbook(S=[["a"]])), Protected),
    "a locked letter": ("a.docx", locked(letter()), Protected),
    "half a letter": ("a.docx", letter()[:5000], Corrupt),
    "half a workbook": ("a.xlsx", workbook(S=[["a"]])[:2000], Corrupt),
    "a pdf of rubbish": ("a.pdf", b"%PDF-1.7\n" + b"rubbish " * 50, Corrupt),
    "a letter without its main part": ("a.docx", archive("notes.txt"), Corrupt),
    "broken xml": ("a.docx", with_part(letter(), "word/document.xml", b"<w:document"), Corrupt),
    "rubbish named docx": ("a.docx", bytes(range(256)) * 20, Corrupt),
    "an empty file": ("a.csv", b"", Corrupt),
    "blanks": ("a.txt", b" \r\n\t ", Corrupt),
    "a picture": ("a.png", b"\x89PNG\r\n\x1a\n" + bytes(50), Unsupported),
    "a program": ("a.exe", b"MZ" + bytes(range(256)) * 9, Unsupported),
    "an archive": ("a.zip", archive("notes.txt"), Unsupported),
    "rich text": ("a.rtf", b"{\\rtf1 hello}", Unsupported),
    "bytes named txt": ("a.txt", bytes(range(256)) * 20, Unsupported),
}


class TestRefusals:
    """Hostile and broken files: one sentence, a type, and nothing else happens."""

    @pytest.mark.parametrize("case", HOSTILE)
    async def test_each_gives_one_clear_sentence(self, workers: Workers, case: str):
        """It names the file and says what to do."""
        name, data, kind = HOSTILE[case]
        with pytest.raises(kind) as caught:
            await convert(workers, data, name)
        words = str(caught.value)
        assert words.startswith(f"“{name}”")
        assert words.endswith(".")
        assert "\n" not in words
        assert len(words) < 220

    async def test_the_next_file_is_read_as_if_nothing_had_been(self, workers: Workers):
        """A refusal costs the helper nothing."""
        with pytest.raises(Bomb):
            await convert(workers, bombs.overlapping(43, 100), "a.xlsx")
        assert (await convert(workers, letter(), "a.docx")).kind == "docx"

    async def test_a_bomb_is_small(self):
        """The one above really is: under 60 kB, over 4 GB."""
        data = bombs.overlapping(43, 100)
        with zipfile.ZipFile(io.BytesIO(data)) as box:
            assert sum(member.file_size for member in box.infolist()) > 4 << 30
        assert len(data) < 60_000
