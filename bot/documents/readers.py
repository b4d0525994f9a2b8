"""Heavy formats to Markdown, one reader each; all of this runs in helper processes.

markitdown's converter classes are used one by one: its front class also knows converters
that ask the network, and loads a file-type model that `sniff` makes needless.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any, Final

from bot.documents.sniff import Kind
from bot.documents.text import MAX_CHARS, MAX_TEXT_BYTES, Draft, decode, table

if TYPE_CHECKING:
    from markitdown import DocumentConverter

MAX_PAGES_WITH_TABLES: Final = 60
MAX_PAGES: Final = 3_000


def read_html(file: IO[bytes]) -> Draft:
    """Give a page's text; scripts, styles and what only a browser needs are dropped."""
    from bs4 import BeautifulSoup
    from markitdown.converters import HtmlConverter

    text, notes = decode(file.read(MAX_TEXT_BYTES))
    soup = BeautifulSoup(text, "lxml")
    for tag in soup(["script", "style", "noscript", "template", "iframe", "object", "svg"]):
        tag.decompose()
    title = soup.title.extract().get_text(" ", strip=True) if soup.title else ""
    markdown = _markitdown(HtmlConverter(), str(soup).encode(), ".html", charset="utf-8")
    heading = f"# {title}\n\n" if title and "# " not in markdown else ""
    return Draft(heading + markdown, notes)


def read_docx(file: IO[bytes]) -> Draft:
    """Give a Word document with headings, lists, tables and links."""
    from markitdown.converters import DocxConverter

    return Draft(_markitdown(DocxConverter(), file.read(), ".docx"))


def read_pptx(file: IO[bytes]) -> Draft:
    """Give a presentation, slide by slide."""
    from markitdown.converters import PptxConverter

    return Draft(_markitdown(PptxConverter(), file.read(), ".pptx"))


def read_pdf(file: IO[bytes]) -> Draft:
    """Give a PDF's text; tables are kept as tables where the document is not too long."""
    from markitdown.converters import PdfConverter
    from pypdfium2 import PdfDocument

    data = file.read()
    with PdfDocument(data) as pages:
        if len(pages) > MAX_PAGES_WITH_TABLES:
            return _quick_pdf(pages)
    return Draft(_markitdown(PdfConverter(), data, ".pdf"))


def read_xlsx(file: IO[bytes]) -> Draft:
    """Give each sheet as a table, with the values that its formulas had when it was saved."""
    # Not by markitdown: it holds whole sheets in memory and shows empty cells as “NaN”.
    from openpyxl import load_workbook

    book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
    return _sheets((sheet.title, _rows(sheet)) for sheet in book.worksheets)


def read_xls(file: IO[bytes]) -> Draft:
    """Give each sheet of an old Excel file as a table."""
    import pandas as pd

    sheets: dict[str, Any] = pd.read_excel(  # pyright: ignore[reportUnknownMemberType]
        file, sheet_name=None, header=None, dtype=object, na_filter=False, engine="xlrd"
    )
    return _sheets((name, sheet.itertuples(index=False)) for name, sheet in sheets.items())


READERS: Final[dict[Kind, Callable[[IO[bytes]], Draft]]] = {
    "html": read_html,
    "docx": read_docx,
    "pptx": read_pptx,
    "pdf": read_pdf,
    "xlsx": read_xlsx,
    "xls": read_xls,
}


def _markitdown(
    converter: DocumentConverter, data: bytes, extension: str, charset: str | None = None
) -> str:
    from markitdown import StreamInfo

    info = StreamInfo(extension=extension, charset=charset)
    return converter.convert(io.BytesIO(data), info).markdown


def _quick_pdf(pages: Iterable[Any]) -> Draft:
    made = Draft("", ["It is a long PDF: tables in it were read as plain lines."])
    texts: list[str] = []
    room = MAX_CHARS
    for number, page in enumerate(pages):
        text = page.get_textpage().get_text_range().strip()
        room -= len(text) + 2
        if room < 0 or number >= MAX_PAGES:
            made.truncated = True
            break
        texts.append(text)
    made.markdown = "\n\n".join(texts)
    return made


def _rows(sheet: Any) -> Iterator[tuple[object, ...]]:
    sheet.reset_dimensions()  # what a file says of its own size is often wrong
    return sheet.iter_rows(values_only=True)


def _sheets(sheets: Iterable[tuple[str, Iterable[Iterable[object]]]]) -> Draft:
    whole = Draft("")
    parts: list[str] = []
    room = MAX_CHARS
    for title, rows in sheets:
        made = table(rows, room)
        room -= len(made.markdown)
        whole.truncated |= made.truncated
        if made.markdown:
            parts.append(f"## {title}\n\n{made.markdown}")
    whole.markdown = "\n\n".join(parts)
    return whole
