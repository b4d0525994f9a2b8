"""The plan as a picture."""

import re
from itertools import pairwise
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import STATE_WORDS, TaskLine
from bot.layout import acyclic, draw, reduced, rising
from bot.picture import LOOKS, described, measure, plan_png, plan_svg
from tests.web import gallery

SVG = "{http://www.w3.org/2000/svg}"


def line(name: str, *needs: str, title: str = "Do it", state: str = "") -> TaskLine:
    return TaskLine(id=name, title=title, needs=needs, state=state)


graphs = st.integers(1, 20).flatmap(
    lambda n: st.lists(st.lists(st.integers(-1, n), max_size=5), min_size=n, max_size=n)
)
"""Any graph at all: unknown names, repeats and circles included."""


def test_a_plan_is_drawn_with_every_task_state_and_line():
    """Each task is a group with its state's class, its number and its word;
    T3→T6 follows from T3→T4→T5→T6."""
    tasks = gallery.tasks("done", "running", "waiting", "asking", "failed", "skipped")
    root = ElementTree.fromstring(plan_svg(tasks))
    groups = [g for g in root.iter(f"{SVG}g") if (g.get("class") or "").startswith("task ")]
    assert [g.get("class") for g in groups] == [f"task {t.state}" for t in tasks]
    words = "".join(root.itertext())
    assert all(LOOKS[task.state].word in words for task in tasks)
    lines = [p for p in root.iter(f"{SVG}path") if p.get("class", "").startswith("line")]
    assert len(lines) == 5


def test_every_state_of_a_task_has_a_look():
    """A state that the board may have is never drawn as nothing."""
    assert set(STATE_WORDS) == set(LOOKS) - {""}


def test_the_picture_tells_itself_in_words():
    """The title and the description are what a screen reader reads."""
    root = ElementTree.fromstring(plan_svg((line("T1"), line("T2", "T1", state="done"))))
    assert root.findtext(f"{SVG}title") == "The plan"
    assert root.findtext(f"{SVG}desc") == "T1 planned: Do it. T2 done: Do it, after T1."
    assert root.get("role") == "img"


@pytest.mark.parametrize("shape", ["wide", "narrow"])
@given(title=st.text(max_size=200))
def test_any_title_is_escaped_and_stays_in_its_node(shape: str, title: str):
    """Whatever a model calls a task, the picture is well-formed and its lines fit."""
    svg = plan_svg((line("T1", title=title), line("T2", "T1")), title, shape)  # pyright: ignore[reportArgumentType]
    root = ElementTree.fromstring(svg)
    names = [t for t in root.iter(f"{SVG}text") if t.get("class") == "name"]
    rows = [span.text or "" for name in names for span in name]
    assert all(measure(row) * 13 <= 175 for row in rows)
    assert not list(root.iter(f"{SVG}script"))


@given(graphs)
def test_any_graph_is_drawn_without_overlaps_and_downhill(needs: list[list[int]]):
    """Nodes of one layer keep apart, and every line goes to a later layer."""
    graph = {f"T{n}": [f"T{m}" for m in before] for n, before in enumerate(needs)}
    drawing = draw(graph, columns=3)
    assert set(drawing.nodes) == set(graph)
    for at in range(drawing.depth):
        row = sorted(x for x, layer in drawing.nodes.values() if layer == at)
        assert 1 <= len(row) <= 3
        assert all(right - left >= 0.999 for left, right in pairwise(row))
        assert all(0.499 <= x <= drawing.width - 0.499 for x in row)
    for start, end in drawing.lines:
        assert drawing.nodes[start][1] < drawing.nodes[end][1]


def test_lines_that_follow_from_others_are_left_out():
    """A→B→C makes A→C known."""
    kept = reduced(acyclic({"A": (), "B": ("A",), "C": ("A", "B")}))
    assert kept == {"A": (), "B": ("A",), "C": ("B",)}


def test_a_circle_is_drawn_as_far_as_it_goes():
    """The lint names the circle; the picture must not fail on it."""
    drawing = draw({"A": ("B",), "B": ("A",)})
    assert len(drawing.lines) == 1


@given(st.lists(st.floats(-100, 100), max_size=20))
def test_a_sequence_is_made_to_rise_by_the_least_change(values: list[float]):
    """Isotonic: never falls, and a rising sequence stays as it is."""
    fitted = rising(values, [1.0] * len(values))
    assert all(a <= b + 1e-9 for a, b in pairwise(fitted))
    assert rising(sorted(values), [1.0] * len(values)) == sorted(values)


def test_a_narrow_picture_fits_a_phone():
    """Six tasks, two to a layer: little wider than a phone, so that text stays readable."""
    root = ElementTree.fromstring(plan_svg(gallery.plan_card().tasks, shape="narrow"))
    assert float(root.get("width", "0")) <= 400


def test_fifty_tasks_are_drawn():
    """The most that a plan may have."""
    tasks = tuple(
        line(f"T{n}", *(f"T{m}" for m in range(1, n) if (n * 7 + m * 13) % 11 == 0))
        for n in range(1, 51)
    )
    assert plan_svg(tasks).count('class="task planned"') == 50


def test_an_empty_plan_is_an_empty_picture():
    """No tasks, no failure."""
    ElementTree.fromstring(plan_svg(()))


def test_png_has_text_on_a_bare_machine():
    """The raster is drawn with our own font: with text it differs from the same without."""
    svg = plan_svg((line("T1", title="Read the export"),))
    png = plan_png(svg)
    assert png.startswith(b"\x89PNG")
    assert png != plan_png(re.sub(r"<tspan.*?</tspan>", "", svg))


def test_what_is_no_picture_is_refused():
    """A caller must not post an empty image."""
    with pytest.raises(ValueError):
        plan_png("<p>no</p>")


def test_the_description_is_the_list_in_words():
    """The same facts as the picture."""
    assert described((line("T1", state="running"),)) == "T1 running: Do it."
