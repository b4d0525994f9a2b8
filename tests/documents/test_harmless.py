"""Exported Markdown does nothing in somebody else's viewer, and loses no word."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.documents.export import export
from bot.documents.harmless import _is_harmful, harmless  # pyright: ignore[reportPrivateUsage]
from bot.documents.markdown import safe_html
from bot.documents.worker import Workers

CELLS = """| a |
|---|
| <img src=x onerror=alert(1)> |
| [click](javascript:alert(1)) |
| ![x](http://evil.example/x.png) |
"""


async def test_cells_of_a_table_are_harmless_in_exported_markdown():
    """A tag and a bad link show their source, and an outside picture is a link."""
    async with Workers() as workers:
        made = (await export(workers, CELLS, "T", "md")).decode()
    assert made.splitlines()[4:] == [
        "| \\<img src=x onerror=alert(1)> |",
        "| [click]\\(javascript:alert(1)) |",
        "| [x](http://evil.example/x.png) |",
    ]


def test_what_is_harmless_stays_as_it_was_written():
    text = "![c](chart.png) [a](https://x.y) <https://a.b> a<br>b `<b>` a < b\n\n```\n<b>\n```\n"
    assert harmless(text) == text


@pytest.mark.parametrize(
    "evil",
    [
        "[x]: javascript:alert(1)\n\n[x]",
        "![x][r]\n\n[r]: http://evil.example/x",
        "<script>\nx\n\n</script>",
        "a ` b <img src=x>",
        "| ` | <img src=x> ` |\n|---|---|\n| ` | <img src=y> ` |",
        "> [x](\n> javascript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "wow!![x](http://evil.example/x)",
        "![![x](http://evil.example/a)](http://evil.example/b)",
        "<div>\n```\n</div>\n\n<img src=x>",
    ],
)
def test_every_way_in_is_shut(evil: str):
    assert not _is_harmful(harmless(evil))


@given(st.text(alphabet="<>/ab\"'=!-[]()&;:#`*_|\\\n javscriptonle", max_size=60))
@settings(deadline=None)
def test_any_text_becomes_harmless(text: str):
    assert not _is_harmful(harmless(text))


def test_a_tag_in_a_cell_is_shown_as_it_was_written():
    """An empty cell would have lost what the table says."""
    page = safe_html(CELLS)
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<img" not in page
    assert "<b>" not in safe_html("<div><script>x</script></div>")
    assert "&lt;script&gt;x" in safe_html("<div><script>x</script></div>")
