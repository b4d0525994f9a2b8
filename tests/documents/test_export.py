"""Artifacts as files: what was written is found again in every format."""

import io
import re
import zipfile
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from typing import cast

import matplotlib as mpl
import pytest
from docx import Document
from docx.document import Document as Word
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from pypdfium2 import PdfDocument

from bot.documents.convert import convert
from bot.documents.errors import ExporterMissing, TooLarge, Unsupported
from bot.documents.export import FORMATS, MEDIA_TYPES, Format, export, render
from bot.documents.markdown import safe_html
from bot.documents.worker import Workers

pytestmark = pytest.mark.asyncio(loop_scope="module")

BRIEF = """# API changes ✅

**Three** endpoints changed, `GET /orders` *most*; see [the docs](https://example.org/a?b=1&c=2).[^1]

## Numbers

| Endpoint | Calls | Change |
|:--|--:|:-:|
| `GET /orders` | 12,345 | +20 % |
| POST /users/<id> | 9 | −3 € |

- [x] checked 🎉
- [ ] open
  - inside

1. first
2. second

Between.

1. again first

> A quote.

```python
print("code")
```

![A chart](chart.png)

日本語 中文 العربية Ελληνικά

[^1]: The note.
"""


SNIPPETS = [
    "# h", "###### h", "- a\n  - b\n    - c\n      - d", "3) z", "> > q", "|a|\n|-|", "---",
    "| a | b |\n|--|:-:|\n| 1 |", "```js\n`` \\\n```", "![i](p.png)", "- [x] t\n- ",
    "[![b](q)](http://z)", "**b *i* ~~s~~** `c`", "x[^1]\n\n[^1]: n\n\n    m", "1. ",
    "<div>x</div>", "a<br>b <ref>", '\\ " ; # $ @ * ~ // /* _', "&#0; &amp; \u202e",
    "- ```\n  c\n  ```\n- | a |\n  |---|\n  | 1 |\n- # h", "[](http://x)",
]  # fmt: skip


def chart(kind: str = "png") -> bytes:
    mpl.use("Agg")
    figure = Figure(figsize=(3, 2))
    figure.subplots().plot([1, 3, 2])  # pyright: ignore[reportUnknownMemberType]
    out = io.BytesIO()
    figure.savefig(out, format=kind)  # pyright: ignore[reportUnknownMemberType]
    return out.getvalue()


FILES = {"chart.png": chart()}


@pytest.fixture(scope="module")
async def workers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Workers]:
    home = tmp_path_factory.mktemp("cache")
    async with Workers(size=1, cache=home, allow=("tests.documents.jobs",)) as pool:
        yield pool


def made(markdown: str, format: Format, **files: bytes) -> bytes:
    return render(markdown, "Title", format, files, "en")


def pdf_text(data: bytes) -> str:
    with PdfDocument(data) as pages:
        return "\n".join(page.get_textpage().get_text_range() for page in pages)


def word(markdown: str, **files: bytes) -> Word:
    return Document(io.BytesIO(made(markdown, "docx", **files)))


class Page(HTMLParser):
    """Collects the tags of a page with their attributes."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attrs for name, attrs in self.tags if name == tag]


class TestEveryFormat:
    """The same document, whichever file it becomes."""

    @pytest.mark.parametrize("format", FORMATS)
    async def test_a_brief_becomes_a_file(self, workers: Workers, format: Format):
        """Made in a helper process, with the media type to send it under."""
        data = await export(workers, BRIEF, "Brief", format, files=FILES)
        start = {"md": b"# API", "html": b"<!doctype html>", "docx": b"PK", "pdf": b"%PDF-"}
        assert data.startswith(start[format])
        assert "/" in MEDIA_TYPES[format]

    @pytest.mark.parametrize("format", ["html", "docx", "pdf"])
    async def test_it_reads_back_with_every_word(self, workers: Workers, format: Format):
        """Through our own reader of attachments: numbers, names and notes are all there."""
        data = await export(workers, BRIEF, "Brief", format, files=FILES)
        found = (await convert(workers, data, f"brief.{format}")).markdown
        for words in (
            "API changes ✅", "Three", "GET /orders", "12,345", "+20 %", "−3 €", "/users/",
            "checked 🎉", "inside", "again first", "A quote.", "print(", "The note.", "中文",
        ):  # fmt: skip
            assert words in found, words

    @pytest.mark.parametrize("format", FORMATS)
    async def test_a_text_without_heading_gets_its_title(self, format: Format):
        """Signs in the title are shown, not understood."""
        data = render("Only text.", "Up *20 %* #1", format, {}, "en")
        if format == "pdf":
            assert "Up *20 %* #1" in pdf_text(data)
        elif format == "docx":
            assert Document(io.BytesIO(data)).paragraphs[0].text == "Up *20 %* #1"
        else:
            assert b"20 %" in data

    async def test_an_unknown_format_is_refused(self, workers: Workers):
        """With the ones that exist."""
        with pytest.raises(Unsupported, match="choose one of md, html, docx, pdf"):
            await export(workers, "x", "T", cast(Format, "odt"))

    async def test_a_text_without_end_is_refused(self, workers: Workers):
        """Rather than half of it exported."""
        with pytest.raises(TooLarge, match="2,000,000"):
            await export(workers, "x" * 2_000_001, "T", "html")

    @settings(deadline=None, max_examples=40)
    @given(st.lists(st.sampled_from(SNIPPETS), max_size=6), st.sampled_from(["\n\n", "\n", " "]))
    async def test_any_mixture_can_be_exported(self, parts: list[str], glue: str):
        """No Markdown breaks a writer."""
        for format in ("html", "docx", "pdf"):
            assert made(glue.join(parts), format)


class TestPage:
    """The HTML file stands alone and can't be turned against its reader."""

    async def test_it_loads_nothing(self):
        """Pictures are inside; scripts, frames and outside styles do not exist."""
        page = Page(made(BRIEF + "\n![r](https://evil.example/x.png)", "html", **FILES).decode())
        assert page.all("img")[0]["src"].startswith("data:image/png;base64,")
        assert len(page.all("img")) == 1
        assert not any(page.all(tag) for tag in ("script", "link", "iframe", "object"))
        policy = next(m for m in page.all("meta") if "http-equiv" in m)
        assert "default-src 'none'" in policy["content"]

    async def test_it_can_be_read_aloud(self):
        """Language, title, alternative texts and header cells are there."""
        page = Page(render(BRIEF, "Brief", "html", FILES, "de").decode())
        assert page.all("html")[0]["lang"] == "de"
        assert page.all("img")[0]["alt"] == "A chart"
        assert all(cell["scope"] == "col" for cell in page.all("th"))

    async def test_a_title_can_not_leave_its_place(self):
        """It is text in the head as well."""
        page = made("x", "html").decode()
        evil = render("x", "</title><script>alert(1)</script>", "html", {}, "en").decode()
        assert "<script>" not in page + evil


class TestWord:
    """Word's own structures, not their looks."""

    async def test_headings_lists_and_quotes_have_their_styles(self):
        """So that Word's outline and numbering work."""
        styles = {p.text: p.style.name for p in word(BRIEF, **FILES).paragraphs if p.style}
        assert styles["API changes ✅"] == "Heading 1"
        assert styles["Numbers"] == "Heading 2"
        assert styles["☑ checked 🎉"] == "List Bullet"
        assert styles["inside"] == "List Bullet 2"
        assert styles["second"] == "List Number"
        assert styles["A quote."] == "Quote"

    async def test_a_second_list_starts_at_one_again(self):
        """Each ordered list has a number of its own."""
        found = {
            p.text: p._p.pPr.numPr.numId.val  # pyright: ignore
            for p in word(BRIEF).paragraphs
            if p.style and p.style.name == "List Number"
        }
        assert found["first"] == found["second"] != found["again first"]

    async def test_tables_have_their_cells_and_a_header_row(self):
        """Cell by cell."""
        table = word(BRIEF).tables[0]
        assert [[cell.text for cell in row.cells] for row in table.rows] == [
            ["Endpoint", "Calls", "Change"],
            ["GET /orders", "12,345", "+20 %"],
            ["POST /users/<id>", "9", "−3 €"],
        ]
        assert "tblHeader" in table.rows[0]._tr.xml  # pyright: ignore

    async def test_bold_italic_code_and_links_are_runs(self):
        """The link goes where it says."""
        document = word(BRIEF)
        runs = {run.text: run for run in document.paragraphs[1].runs}
        assert runs["Three"].bold
        assert runs["most"].italic
        assert runs["GET /orders"].font.name == "Consolas"
        link = document.paragraphs[1].hyperlinks[0]
        assert (link.text, link.address) == ("the docs", "https://example.org/a?b=1&c=2")

    @pytest.mark.parametrize("kind", ["png", "svg", "jpg", "webp"])
    async def test_pictures_are_inside_with_their_text(self, kind: str):
        """Vector pictures as PNG, since few word processors draw SVG."""
        data = made("# T\n\n![A chart](c)", "docx", c=chart(kind))
        shape = Document(io.BytesIO(data)).inline_shapes[0]
        assert shape._inline.docPr.get("descr") == "A chart"  # pyright: ignore

    async def test_a_damaged_picture_leaves_its_words(self):
        """The document is whole without it."""
        document = word("# T\n\n![A chart](c)", c=chart()[:100])
        assert document.paragraphs[1].text == "A chart"


class TestPdf:
    """PDF from wheels alone, with every sign a reader should see."""

    async def test_it_is_tagged_and_titled(self):
        """PDF/UA: a screen reader finds title, language and structure."""
        data = render(BRIEF, "Brief", "pdf", FILES, "de-AT")
        with PdfDocument(data) as pages:
            assert pages.get_metadata_dict()["Title"] == "Brief"
        assert b"/StructTreeRoot" in data
        assert b"pdfuaid" in data
        assert b"/Lang" in data

    async def test_no_sign_comes_out_as_a_box(self):
        """Emoji, arrows, Arabic, Greek, kanji: each has a glyph (else PDF/UA is refused)."""
        signs = "✅ ❌ ⚠️ 🎉 😀 👩‍💻 € → ≤ ∑ ① ☑ العربية עברית Ελληνικά Кириллица 日本語 かな"
        data = made(f"# T\n\n{signs}", "pdf")
        assert b"pdfuaid" in data
        for sign in ("✅", "🎉", "€", "≤", "日本語"):
            assert sign in pdf_text(data)

    async def test_a_sign_that_no_font_has_is_written_in_words(self):
        """Or left out when it means nothing."""
        found = pdf_text(made("# T\n\na \U0001d11e b \U0010ffff c", "pdf"))
        assert re.search(r"a (\U0001d11e|\[musical symbol g clef\]) b +c", found)

    async def test_a_script_that_no_font_has_is_an_error_that_helps(self):
        """Boxes instead of words would be worse."""
        with pytest.raises(ExporterMissing, match="install the Noto fonts"):
            made("# T\n\n\U0001e290", "pdf")  # Toto

    async def test_the_text_is_never_markup(self):
        """Typst's own signs, file reads and imports come out as they were written."""
        evil = '#read("/etc/passwd") #import "@preview/x:1.0.0" \\u{41} "] #panic() $x$ @ref'
        found = pdf_text(made(f"# T\n\n{evil}\n\n`{evil}`\n\n| {evil} |\n|--|\n| x |", "pdf"))
        assert '#read("/etc/passwd")' in found
        assert "root:" not in found

    async def test_a_wide_table_stays_on_the_page(self):
        """Twelve columns are set smaller; a long word breaks."""
        row = "|" + " 1,234,567 |" * 12
        head = row + "\n" + "|--" * 12 + "|\n"
        data = made(f"# T\n\n{head}{row}\n{'|' + ' x' * 40 + '|'}", "pdf")
        with PdfDocument(data) as pages:
            text = pages[0].get_textpage()
            rights = [text.get_charbox(n)[2] for n in range(text.count_chars())]
            assert max(rights) < pages[0].get_width()

    async def test_without_the_extra_it_says_what_to_install(self, workers: Workers):
        """The import is really blocked in the helper."""
        with pytest.raises(ExporterMissing, match=r'pip install "concertmaster\[export\]"'):
            await workers.run("tests.documents.jobs:pdf_without_typst")


class TestSafeHtml:
    """What the browser chat may put into its own page."""

    async def test_markdown_is_shown(self):
        """Tables, ticks, code and notes."""
        page = safe_html(BRIEF)
        assert '<td align="right">12,345</td>' in page
        assert "☑ checked" in page
        assert '<code class="language-python">' in page
        assert "POST /users/&lt;id&gt;" in page

    async def test_links_open_apart_and_tell_nothing(self):
        """And only to places that can be followed safely."""
        link = Page(safe_html("[x](https://example.org) https://bare.example/y")).all("a")
        assert [a["target"] for a in link] == ["_blank", "_blank"]
        assert {a["rel"] for a in link} == {"noopener noreferrer nofollow"}

    @pytest.mark.parametrize(
        "evil",
        [
            "[x](javascript:alert(1))",
            "[x](JaVaScRiPt:alert(1))",
            "[x](java&#10;script:alert(1))",
            "[x](&#106;avascript:alert(1))",
            "[x](vbscript:x)",
            "[x](data:text/html;base64,PHNjcmlwdD4=)",
            "[x](file:///etc/passwd)",
            "<javascript:alert(1)>",
            "<script>alert(1)</script>",
            "a <script>alert(1)</script> b",
            "<img src=x onerror=alert(1)>",
            "<svg onload=alert(1)>",
            '<a href="javascript:alert(1)">x</a>',
            "<iframe src=//evil.example></iframe>",
            "<style>*{display:none}</style>",
            '<form action="//evil.example"><input></form>',
            '![x](data:image/svg+xml,<svg onload="alert(1)">)',
            '[x](https://ok.example "\\" onmouseover=alert(1) x=\\"")',
            '![x" onerror=alert(1) y="](a.png)',
            '```"><script>alert(1)</script>\nx\n```',
            "<div><div onclick=x><b>",
            "<!--[if IE]><script>x</script><![endif]-->",
        ],
    )
    async def test_nothing_runs(self, evil: str):
        """No tag, attribute or address that a browser would execute."""
        page = Page(safe_html(evil))
        for tag, attributes in page.tags:
            assert tag in {"p", "a", "img", "pre", "code"}
            assert not any(name.startswith("on") for name in attributes)
            for name in ("href", "src"):
                assert re.match(r"(?i)https?:|a\.png$|$", attributes.get(name, ""))

    async def test_remote_pictures_become_links(self):
        """Looking at an artifact tells nobody."""
        page = Page(safe_html("![far](https://evil.example/x.png) ![r](//evil.example/x.png)"))
        assert not page.all("img")
        assert page.all("a")[0]["href"] == "https://evil.example/x.png"

    async def test_own_pictures_are_shown(self):
        """By relative path, `data:`, or the address that we give for a name."""
        text = "![a](x/a.png) ![b](data:image/png;base64,AAAA) ![c](files/chart.png)"
        sources = [i["src"] for i in Page(safe_html(text, {"chart.png": "/files/7"})).all("img")]
        assert sources == ["x/a.png", "data:image/png;base64,AAAA", "/files/7"]

    @settings(deadline=None)
    @given(st.text(alphabet="<>/ab\"'=!-[]()&;:#`*_\n javscriptonle", max_size=60))
    async def test_any_text_gives_safe_html(self, text: str):
        """Whatever is typed."""
        for tag, attributes in Page(safe_html(text)).tags:
            assert tag not in {"script", "style", "iframe", "svg", "form", "input"}
            assert not any(name.startswith("on") for name in attributes)


async def test_a_word_file_is_sound_inside():
    """Each part of the package is well-formed."""
    with zipfile.ZipFile(io.BytesIO(made(BRIEF, "docx", **FILES))) as box:
        assert box.testzip() is None
