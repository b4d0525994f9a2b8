"""Markdown to PDF by Typst: one wheel, no system library, tagged for screen readers.

Every word of the document reaches Typst as an escaped string, never as its markup, so that
nothing in it can run, load or break the layout.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import tempfile
import unicodedata
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from markdown_it.tree import SyntaxTreeNode

from bot.documents.errors import ExporterMissing
from bot.documents.markdown import footnote_mark, parse
from bot.documents.pictures import SUFFIXES, find_picture, picture_type

_STYLE: Final = """
#set page(paper: "a4", margin: (x: 22mm, y: 24mm), numbering: "1 / 1")
#set text(font: ("Libertinus Serif", "DejaVu Sans", "Noto Emoji"), size: 11pt, lang: LANG)
#set par(leading: 0.72em, spacing: 1.15em)
#set heading(numbering: none)
#set list(indent: 0.4em, spacing: 0.75em)
#set enum(indent: 0.4em, spacing: 0.75em)
#show heading: set block(above: 1.7em, below: 0.8em, sticky: true)
#show heading.where(level: 1): set text(size: 1.35em)
#show link: set text(fill: rgb("#2454c5"))
#show raw: set text(font: ("DejaVu Sans Mono", "Noto Emoji"), size: 0.95em)
#show raw.where(block: true): it => block(fill: luma(245), inset: 9pt, radius: 4pt, width: 100%, it)
#show quote.where(block: true): it => block(stroke: (left: 2pt + rgb("#2454c5")), inset: (left: 10pt, y: 2pt), text(fill: luma(80), it.body))
#show table.cell.where(y: 0): set text(weight: "bold")
#set table(inset: (x: 7pt, y: 5.5pt), stroke: (x, y) => (bottom: if y == 0 { 1pt + luma(90) } else { 0.5pt + luma(210) }), fill: (x, y) => if y == 0 { luma(246) })
#show table: set par(justify: false, leading: 0.55em)
#show table: set text(number-width: "tabular", hyphenate: true)
"""  # noqa: E501
_SCHEMES: Final = ("http://", "https://", "mailto:", "tel:")
_MISSING: Final = re.compile(r'the text `"(.+?)"` could not be displayed')
_ESCAPED: Final = re.compile(r"\\u\{([0-9a-f]+)\}")
_STAND_INS: Final = {"✅": "✔", "❌": "✘", "❎": "✘", "⭐": "★", "🔴": "●", "🟢": "●", "🟡": "●"}
_LONG_WORD: Final = re.compile(r"\S{28,}")
_TRIES: Final = 4


def render_pdf(markdown: str, title: str, files: Mapping[str, bytes], lang: str) -> bytes:
    """Give the document as PDF/UA on A4 pages.

    Raises `ExporterMissing` when the extra is not installed, or when the text is in a script
    that no font on this machine can show.
    """
    try:
        importlib.import_module("typst")
    except ImportError as error:
        raise ExporterMissing(
            'PDF needs one more package: run  pip install "concertmaster[export]"  and try '
            "again, or download it as HTML or Word.",
            detail=str(error),
        ) from error
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _gather_fonts(root / "fonts")
        return _compile(_Writer(root, files, title, lang), markdown)


def _compile(writer: _Writer, markdown: str) -> bytes:
    """Compile; where no font has a sign, put words for it and compile again."""
    import typst

    standard: str | None = "ua-1"  # it also makes a missing glyph an error: none slips through
    for _ in range(_TRIES):
        writer.write(markdown)
        try:
            return _typst(writer.root, standard)
        except typst.TypstError as error:
            missing = _missing(error.diagnostic)
            if not missing and standard is None:
                raise
            if not missing:
                standard = None  # a plain PDF, still tagged, is better than none
            writer.swaps |= {ord(sign): _stand_in(sign) for sign in missing}
    return _typst(writer.root, None)


def _typst(root: Path, standard: str | None) -> bytes:
    import typst

    made = typst.compile(
        str(root / "main.typ"),
        root=str(root),
        font_paths=[str(root / "fonts")],
        package_path=str(root),
        package_cache_path=str(root),
        pdf_standards=[standard] if standard else [],  # pyright: ignore[reportArgumentType]
    )
    assert isinstance(made, bytes)
    return made


def _missing(diagnostic: str) -> set[str]:
    found = "".join(_MISSING.findall(diagnostic))
    return set(_ESCAPED.sub(lambda match: chr(int(match[1], 16)), found))


def _stand_in(sign: str) -> str:
    """Give words for a sign that no font has. Raises `ExporterMissing` for letters."""
    if unicodedata.category(sign)[0] in "LM":
        raise ExporterMissing(
            f"PDF needs a font that has “{sign}”, and this machine has none: install the Noto "
            "fonts (on Debian: fonts-noto-core, fonts-noto-cjk) and try again, or download it "
            "as HTML or Word.",
            detail=unicodedata.name(sign, hex(ord(sign))),
        )
    simple = unicodedata.normalize("NFKD", sign)
    if simple.isascii() and simple != sign:
        return simple
    name = unicodedata.name(sign, "")
    return _STAND_INS.get(sign) or (f"[{name.lower()}]" if name else "")


def _gather_fonts(folder: Path) -> None:
    """Link the fonts that came with our wheels; Typst adds its own and the machine's."""
    folder.mkdir()
    own = Path(__file__).parent / "fonts"
    # Not the whole folder: its “last resort” font has a box for every character.
    dejavu = _inside("matplotlib", "mpl-data", "fonts", "ttf").glob("DejaVuSans*.ttf")
    japanese = _inside("matplotlib_fontja", "fonts").glob("*.ttf")
    for font in (*own.glob("*.ttf"), *dejavu, *japanese):
        (folder / font.name).symlink_to(font)


def _inside(package: str, *parts: str) -> Path:
    found = importlib.util.find_spec(package)  # the place only: nothing is imported
    base = Path(found.origin).parent if found and found.origin else Path("absent")
    return base.joinpath(*parts)


class _Writer:
    """Writes `main.typ` and the picture files beside it."""

    def __init__(self, root: Path, files: Mapping[str, bytes], title: str, lang: str) -> None:
        self.root = root
        self.swaps: dict[int, str] = {}
        self._files = files
        self._title = title
        self._lang = lang
        self._level = 0
        self._in_cell = False
        self._notes = 0

    def write(self, markdown: str) -> None:
        """Write the whole document, with stand-ins for the signs in `swaps`."""
        self._level = 0
        tokens, _ = parse(markdown, lambda source: source if self._picture(source) else None)
        tree = SyntaxTreeNode(tokens)
        parts = [self._head(), *(self._block(node) for node in tree.children)]
        (self.root / "main.typ").write_text("\n\n".join(parts), encoding="utf-8")

    def _head(self) -> str:
        style = _STYLE.replace("LANG", self._string(self._lang.partition("-")[0].lower()))
        return f"#set document(title: {self._string(self._title)})\n{style}"

    def _block(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "heading":
                return f"#heading(level: {self._rank(node)})[{self._content(node)}];"
            case "paragraph" | "inline":
                return self._content(node)
            case "bullet_list":
                return f"#list(tight: {self._tight(node)}{self._items(node)});"
            case "ordered_list":
                start = int(node.attrs.get("start", 1))
                return f"#enum(start: {start}, tight: {self._tight(node)}{self._items(node)});"
            case "blockquote":
                return f"#quote(block: true)[{self._blocks(node)}];"
            case "fence" | "code_block":
                language = re.sub(r"\W.*", "", node.info)
                code = self._string(node.content.rstrip("\n"))
                return f"#raw({code}, block: true, lang: {self._string(language)});"
            case "table":
                return self._table(node)
            case "hr":
                return "#line(length: 100%, stroke: 0.5pt + luma(180));"
            case "footnote_block":
                return self._footnotes(node)
            case _:
                return self._blocks(node)

    def _blocks(self, node: SyntaxTreeNode) -> str:
        return "\n\n".join(self._block(child) for child in node.children)

    def _rank(self, node: SyntaxTreeNode) -> int:
        # A screen reader's outline may not skip a level.
        self._level = max(1, min(int(node.tag[1]), max(self._level, 1) + 1))
        return self._level

    def _items(self, node: SyntaxTreeNode) -> str:
        return "".join(f", [{self._blocks(item)}]" for item in node.children)

    def _tight(self, node: SyntaxTreeNode) -> str:
        paragraphs = (child for item in node.children for child in item.children[:1])
        return str(all(getattr(p, "hidden", True) for p in paragraphs)).lower()

    def _table(self, node: SyntaxTreeNode) -> str:
        rows = [row for part in node.children for row in part.children]
        head, *body = [[self._cell(cell) for cell in row.children] for row in rows]
        sides = [cell.attrs.get("align", "left") for cell in rows[0].children]
        size = min(10.0, max(6.0, 72 / len(head)))
        cells = "".join(f",\n  {cell}" for row in body for cell in row)
        return (
            f"#block[#set text(size: {size:.1f}pt);\n#table(columns: {len(head)}, "
            f"align: ({', '.join(map(str, sides))},), table.header({', '.join(head)}){cells})];"
        )

    def _cell(self, node: SyntaxTreeNode) -> str:
        self._in_cell = True
        content = self._content(node)
        self._in_cell = False
        return f"[{content}]"

    def _footnotes(self, node: SyntaxTreeNode) -> str:
        notes = "".join(f", [{self._blocks(note)}]" for note in node.children)
        return (
            "#line(length: 30%, stroke: 0.5pt + luma(150));\n"
            f"#text(size: 0.9em)[#enum(numbering: {self._string('[1]')}{notes})];"
        )

    def _content(self, node: SyntaxTreeNode) -> str:
        return "".join(self._inline(child) for child in node.children)

    def _inline(self, node: SyntaxTreeNode) -> str:
        match node.type:
            case "text":
                return self._words(node.content)
            case "inline" | "paragraph":
                return self._content(node)
            case "strong" | "em" | "s":
                name = {"strong": "strong", "em": "emph", "s": "strike"}[node.type]
                return f"#{name}[{self._content(node)}];"
            case "code_inline":
                return f"#raw({self._string(node.content)});"
            case "link":
                return self._link(node)
            case "image":
                return self._image(node)
            case "softbreak":
                return self._words(" ")
            case "hardbreak":
                return "#linebreak();"
            case "footnote_ref":
                return f"#super[{self._words(footnote_mark(node))}];"
            case _:
                return ""

    def _link(self, node: SyntaxTreeNode) -> str:
        address, content = str(node.attrs.get("href", "")), self._content(node)
        if not content or not address.lower().startswith(_SCHEMES):
            return content
        return f"#link({self._string(address, swap=False)})[{content}];"

    def _image(self, node: SyntaxTreeNode) -> str:
        source = str(node.attrs["src"])
        data = self._picture(source)
        if data is None:
            return self._words(node.content)
        name = f"picture-{zlib.crc32(data):x}.{SUFFIXES[picture_type(data) or '']}"
        (self.root / name).write_bytes(data)
        alt = self._string(node.content or Path(source[:80]).stem)
        return f"#box(image({self._string(name, swap=False)}, alt: {alt}));"

    def _picture(self, source: str) -> bytes | None:
        return find_picture(source, self._files)

    def _words(self, text: str) -> str:
        if self._in_cell:
            text = _LONG_WORD.sub(lambda match: _breakable(match[0]), text)
        return f"#{self._string(text)};"

    def _string(self, text: str, *, swap: bool = True) -> str:
        text = text.translate(self.swaps) if swap else text
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + escaped.replace("\n", "\\n").replace("\t", "    ") + '"'


def _breakable(word: str) -> str:
    """Let a long address or name break in a narrow column."""
    return "\u200b".join(re.findall(r".{1,12}[/\-_.,;:=&?]|.{1,12}", word))
