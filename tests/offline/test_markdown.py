"""Tables of the offline model: what stands in a cell is what a reader sees."""

import pytest
from markdown_it import MarkdownIt

from graphs.models.offline import markdown

CELLS = [
    "a|b",
    "C:\\temp\\",
    "two\nlines",
    "  edges ",
    "<b>bold</b>",
    "/users/<id>",
    "<!-- gone? -->",
    "\\| and \\*",
    "3 < 4",
    "",
]


def rendered(text: str) -> list[str]:
    """The cells of the body as a Markdown reader gets them."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    inline = [t for t in tokens if t.type == "inline"]
    assert all(c.type in ("text", "text_special") for t in inline for c in t.children or [])
    return ["".join(c.content for c in t.children or []) for t in inline]


@pytest.mark.parametrize("cell", CELLS)
def test_a_cell_is_read_as_it_was_written(cell: str) -> None:
    """Bars, backslashes, tags and line breaks neither end the row nor disappear."""
    text = markdown.table(["key", cell or "head"], [["row", cell], ["next", "1"]])
    said = " ".join(cell.split())
    assert rendered(text) == ["key", said or "head", "row", said, "next", "1"]


@pytest.mark.parametrize("cell", CELLS)
def test_a_table_is_read_back_whole(cell: str) -> None:
    """The reviewer reads the same cells that the analyst wrote."""
    said = " ".join(cell.split())
    text = markdown.table(["key", "value"], [[cell, cell], ["", ""]])
    assert markdown.tables(text) == [[["key", "value"], [said, said], ["", ""]]]


def test_a_shorter_text_keeps_what_stands_first_in_each_part() -> None:
    """Notes go first, then more of what was said; a draft and a caveat outlast both."""
    text = (
        "## Why\n\nThe reason.\n\nMore on the reason, at length.\n\n*A note on how.*\n\n"
        "## Letter\n\n**Draft: news**\n\nHello,\n\nit changed.\n\n"
        "## Rate\n\nNo column holds the rate.\n\n| a | b |\n| - | - |\n| 1 | 2 |"
    )
    short = markdown.fitted(text, 28)
    assert "note" not in short
    short = markdown.fitted(text, 23)
    assert "at length" not in short
    assert all(s in short for s in ("The reason.", "it changed.", "No column holds", "| 1 | 2 |"))


def test_a_list_keeps_its_first_item_and_a_draft_more_than_its_subject() -> None:
    """Neither `Reasons:` nor a subject says anything alone."""
    text = (
        "Lead.\n\n## Why\n\nReasons:\n\n- one reason here\n- another reason here\n\n"
        "## Letter\n\n**Draft: news**\n\nHello, it changed.\n\n"
    )
    assert "Reasons:\n- one reason here\n\n" in markdown.fitted(text, 13)
    assert "Draft" not in markdown.fitted(text, 10)
    assert "## Letter" not in markdown.fitted(text, 10)
