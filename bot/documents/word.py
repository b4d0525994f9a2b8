"""Markdown to a Word document, with real headings, lists, tables and links."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from markdown_it.tree import SyntaxTreeNode

from bot.documents.markdown import footnote_mark, parse
from bot.documents.pictures import as_png, find_picture

if TYPE_CHECKING:
    from docx.text.paragraph import Paragraph

_BLUE: Final = "2454C5"
_SHADE: Final = "F2F4F8"
_MONO: Final = "Consolas"
_DEEPEST: Final = 3  # Word's own list styles go no deeper
_SIDES: Final = {"left": 0, "center": 1, "right": 2}
_SCHEMES: Final = ("http://", "https://", "mailto:", "tel:")


def render_docx(markdown: str, title: str, files: Mapping[str, bytes], lang: str) -> bytes:
    """Give the document as .docx on A4 pages, with the pictures of `files` inside it."""
    writer = _Writer(files)
    writer.set_up(title, lang)
    tokens, _ = parse(markdown, lambda source: source if find_picture(source, files) else None)
    for node in SyntaxTreeNode(tokens).children:
        writer.block(node, _Place())
    return writer.saved()


@dataclass(frozen=True)
class _Place:
    """Where a block stands: paragraph style, list depth, and the number of its list."""

    style: str | None = None
    depth: int = 0
    number: int | None = None


@dataclass(frozen=True)
class _Look:
    """How a run of words looks."""

    bold: bool = False
    italic: bool = False
    strike: bool = False
    mono: bool = False
    raised: bool = False
    link: str = ""


class _Writer:
    """Adds blocks to a python-docx document; its XML is touched where it has no API."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        from docx import Document

        self._files = files
        self._document = Document()

    def set_up(self, title: str, lang: str) -> None:
        """Set paper, fonts, the document's title and its language."""
        from docx.shared import Mm, Pt

        section = self._document.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.left_margin = section.right_margin = Mm(22)
        section.top_margin = section.bottom_margin = Mm(24)
        properties = self._document.core_properties
        properties.title, properties.author, properties.comments = title[:250], "", ""
        properties.language = lang
        normal: Any = self._document.styles["Normal"]
        normal.font.name, normal.font.size = "Calibri", Pt(11)
        normal.paragraph_format.space_after = Pt(7)
        _say_language(normal, lang)

    def saved(self) -> bytes:
        """Give the bytes of the file."""
        out = io.BytesIO()
        self._document.save(out)
        return out.getvalue()

    def block(self, node: SyntaxTreeNode, place: _Place) -> None:
        """Add one block and all inside it."""
        match node.type:
            case "heading":
                self._inlines(self._document.add_heading(level=int(node.tag[1])), node)
            case "paragraph" | "inline":
                self._inlines(self._paragraph(place), node)
            case "bullet_list" | "ordered_list":
                self._list(node, place)
            case "blockquote":
                self._blocks(node, replace(place, style="Quote"))
            case "fence" | "code_block":
                self._code(node, place)
            case "table":
                self._table(node)
            case "hr":
                _underline(self._document.add_paragraph())
            case "footnote_block":
                self._footnotes(node)
            case _:
                self._blocks(node, place)

    def _blocks(self, node: SyntaxTreeNode, place: _Place) -> None:
        for child in node.children:
            self.block(child, place)

    def _paragraph(self, place: _Place) -> Paragraph:
        paragraph = self._document.add_paragraph(style=place.style)
        if place.number is not None:
            _number(paragraph, place.number)
        return paragraph

    def _list(self, node: SyntaxTreeNode, place: _Place) -> None:
        ordered = node.type == "ordered_list"
        depth = min(place.depth + 1, _DEEPEST)
        style = _list_style("List Number" if ordered else "List Bullet", depth)
        number = self._new_number(style, int(node.attrs.get("start", 1))) if ordered else None
        for item in node.children:
            inside = _Place(_list_style("List Continue", depth), depth)
            for index, child in enumerate(item.children):
                first = index == 0 and child.type == "paragraph"
                self.block(child, _Place(style, depth, number) if first else inside)

    def _new_number(self, style: str, start: int) -> int:
        # Without an instance of its own, a list would go on counting where the last one ended.
        numbering: Any = self._document.part.numbering_part.element
        own: Any = self._document.styles[style].element
        base = numbering.num_having_numId(own.pPr.numPr.numId.val)
        made = numbering.add_num(base.abstractNumId.val)
        made.add_lvlOverride(ilvl=0).add_startOverride(start)
        return made.numId

    def _code(self, node: SyntaxTreeNode, place: _Place) -> None:
        from docx.shared import Mm

        paragraph = self._document.add_paragraph()
        _shade(paragraph._p.get_or_add_pPr())  # pyright: ignore[reportPrivateUsage]
        paragraph.paragraph_format.left_indent = Mm(3 + 6 * place.depth)
        _run(paragraph, node.content.rstrip("\n"), _Look(mono=True))

    def _table(self, node: SyntaxTreeNode) -> None:
        rows = [row for part in node.children for row in part.children]
        table = self._document.add_table(len(rows), len(rows[0].children), style="Table Grid")
        for index, row in enumerate(rows):
            made = table.rows[index]
            for cell, source in zip(made.cells, row.children, strict=False):
                self._cell(cell, source, head=index == 0)
        _repeat(table.rows[0])
        self._document.add_paragraph()

    def _cell(self, cell: Any, source: SyntaxTreeNode, *, head: bool) -> None:
        from docx.shared import Pt

        paragraph = cell.paragraphs[0]
        paragraph.alignment = _SIDES[str(source.attrs.get("align", "left"))]
        paragraph.paragraph_format.space_after = Pt(2)
        self._inlines(paragraph, source, _Look(bold=head))
        if head:
            _shade(cell._tc.get_or_add_tcPr())

    def _footnotes(self, node: SyntaxTreeNode) -> None:
        _underline(self._document.add_paragraph())
        for number, note in enumerate(node.children, 1):
            for index, child in enumerate(note.children):
                paragraph = self._document.add_paragraph()
                if index == 0:
                    _run(paragraph, f"[{number}] ", _Look())
                self._inlines(paragraph, child)

    def _inlines(self, paragraph: Paragraph, node: SyntaxTreeNode, look: _Look = _Look()) -> None:
        for child in node.children:
            self._inline(paragraph, child, look)

    def _inline(self, paragraph: Paragraph, node: SyntaxTreeNode, look: _Look) -> None:
        match node.type:
            case "text":
                _run(paragraph, node.content, look)
            case "code_inline":
                _run(paragraph, node.content, replace(look, mono=True))
            case "strong":
                self._inlines(paragraph, node, replace(look, bold=True))
            case "em":
                self._inlines(paragraph, node, replace(look, italic=True))
            case "s":
                self._inlines(paragraph, node, replace(look, strike=True))
            case "link":
                address = str(node.attrs.get("href", ""))
                outside = address if address.lower().startswith(_SCHEMES) else ""
                self._inlines(paragraph, node, replace(look, link=outside))
            case "image":
                self._picture(paragraph, node)
            case "softbreak":
                _run(paragraph, " ", look)
            case "hardbreak":
                paragraph.add_run().add_break()
            case "footnote_ref":
                _run(paragraph, footnote_mark(node), replace(look, raised=True))
            case "footnote_anchor":
                return
            case _:
                self._inlines(paragraph, node, look)

    def _picture(self, paragraph: Paragraph, node: SyntaxTreeNode) -> None:
        try:
            data = as_png(find_picture(str(node.attrs["src"]), self._files) or b"")
        except (ValueError, OSError):
            return _run(paragraph, node.content, _Look())
        shape: Any = paragraph.add_run().add_picture(io.BytesIO(data))
        page: Any = self._document.sections[0]
        most = page.page_width - page.left_margin - page.right_margin
        if shape.width > most:
            shape.height, shape.width = round(shape.height * most / shape.width), most
        shape._inline.docPr.set("descr", node.content)
        return None


def _list_style(name: str, depth: int) -> str:
    return name if depth == 1 else f"{name} {depth}"


def _element(tag: str, **attributes: str) -> Any:
    import docx.oxml
    from docx.oxml.ns import qn

    make: Any = docx.oxml.OxmlElement  # pyright: ignore[reportUnknownVariableType,reportUnknownMemberType]
    element: Any = make(tag)
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), value)
    return element


def _run(paragraph: Paragraph, text: str, look: _Look) -> None:
    run: Any = paragraph.add_run(text)
    run.bold, run.italic = look.bold or None, look.italic or None
    run.font.strike, run.font.superscript = look.strike or None, look.raised or None
    if look.mono:
        _set_mono(run)
    if look.link:
        _set_link(paragraph, run, look.link)


def _set_mono(run: Any) -> None:
    from docx.shared import Pt

    run.font.name, run.font.size = _MONO, Pt(9.5)


def _set_link(paragraph: Paragraph, run: Any, address: str) -> None:
    from docx.opc.constants import RELATIONSHIP_TYPE
    from docx.oxml.ns import qn
    from docx.shared import RGBColor

    key = paragraph.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
    link = _element("w:hyperlink")
    link.set(qn("r:id"), key)
    run.font.underline, run.font.color.rgb = True, RGBColor.from_string(_BLUE)
    run._r.addprevious(link)
    link.append(run._r)


def _number(paragraph: Paragraph, number: int) -> None:
    properties: Any = paragraph._p.get_or_add_pPr()  # pyright: ignore[reportPrivateUsage]
    numbering = properties.get_or_add_numPr()
    numbering.get_or_add_ilvl().val = 0
    numbering.get_or_add_numId().val = number


def _shade(properties: Any) -> None:
    properties.append(_element("w:shd", val="clear", color="auto", fill=_SHADE))


def _underline(paragraph: Paragraph) -> None:
    borders = _element("w:pBdr")
    borders.append(_element("w:bottom", val="single", sz="6", space="1", color="B8BEC9"))
    properties: Any = paragraph._p.get_or_add_pPr()  # pyright: ignore[reportPrivateUsage]
    properties.append(borders)


def _repeat(row: Any) -> None:
    """Show the header again on each page, and tell it to screen readers."""
    row._tr.get_or_add_trPr().append(_element("w:tblHeader", val="true"))


def _say_language(style: Any, lang: str) -> None:
    style.element.get_or_add_rPr().append(_element("w:lang", val=lang))
