"""The style by its numbers: contrast in both themes, nothing from elsewhere, small enough."""

import re
from pathlib import Path

import pytest

from bot.chat.web import render
from bot.picture import LOOKS

STATIC: Path = render.TEMPLATES.parent / "static"
CSS = (STATIC / "app.css").read_text("utf-8")
TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(
        r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", CSS
    )
}
PAIRS = [
    *(
        (ink, paper)
        for ink in ("ink", "soft")
        for paper in ("bg", "side", "surface", "raised", "mine")
    ),
    ("accent-ink", "surface"),
    ("accent-ink", "accent-soft"),
    ("ask", "surface"),
    ("ask", "side"),
    ("ask", "ask-soft"),
    ("good", "surface"),
    ("good", "good-soft"),
    ("bad", "surface"),
    ("bad", "bad-soft"),
    ("ink", "accent-soft"),
    ("ink", "good-soft"),
    ("ink", "ask-soft"),
    ("ink", "bad-soft"),
]


def contrast(one: str, other: str) -> float:
    """WCAG's ratio of two colours, `#rrggbb`."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "paper"), PAIRS)
def test_text_can_be_read(ink: str, paper: str, theme: int):
    """At least 4.5 to 1, in both themes."""
    assert contrast(TOKENS[ink][theme], TOKENS[paper][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_white_on_the_accent_can_be_read(theme: int):
    """The buttons that matter most."""
    assert contrast("#ffffff", TOKENS["accent"][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_the_edge_of_a_box_can_be_seen(theme: int):
    """At least 3 to 1 against the paper: people must find where to write."""
    assert contrast(TOKENS["edge"][theme], TOKENS["surface"][theme]) >= 3


@pytest.mark.parametrize("state", LOOKS)
def test_the_picture_can_be_read_on_paper(state: str):
    """The raster that Slack and Discord get."""
    look = LOOKS[state]
    assert contrast(look.ink, look.paper) >= 4.5
    assert contrast("#1c1c22", look.paper) >= 4.5


def test_nothing_is_loaded_from_elsewhere():
    """Not by the style, not by the script, not by a template."""
    files = [*STATIC.glob("*.css"), *STATIC.glob("*.js"), *render.TEMPLATES.glob("*.html")]
    for file in files:
        text = file.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert "//" not in re.sub(r"^\s*//.*$|\s// .*$", "", text, flags=re.M), file.name


def test_motion_yields_to_those_who_do_not_want_it():
    """One rule for all of it."""
    assert "prefers-reduced-motion: reduce" in CSS


def test_the_page_is_small():
    """No build step, no framework: what a browser loads is read in one sitting."""
    script = (STATIC / "app.js").read_text("utf-8")
    assert len(script.splitlines()) < 300
    assert sum(f.stat().st_size for f in STATIC.iterdir()) < 150_000


def test_every_class_of_the_templates_has_a_style():
    """A class that was renamed in one place only would go unnoticed."""
    used: set[str] = set()
    for file in render.TEMPLATES.glob("*.html"):
        text = re.sub(r"\{%.*?%\}|\{\{.*?\}\}", "", file.read_text("utf-8"))
        for value in re.findall(r'class="([^"]*)"', text):
            used |= set(value.split())
    assert {name for name in used if f".{name}" not in CSS} == set()
