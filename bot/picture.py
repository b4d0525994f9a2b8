"""The plan as a picture: its graph, coloured by the state of each task.

`plan_svg` is pure and gives SVG text; `plan_png` turns that into pixels for platforms that need
them. Colour never stands alone: a state is also a shape and a word. The colours in the text are
those for light paper; a page may restyle them, since every part carries a class.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from html import escape
from pathlib import Path
from typing import Literal, NamedTuple
from unicodedata import east_asian_width

from bot.cards import TaskLine
from bot.layout import Drawing, draw

Shape = Literal["wide", "narrow"]
"""Wide reads from left to right, narrow from top to bottom and fits a phone."""

FONTS = Path(__file__).parent / "fonts"
FAMILY = "Inter, 'DejaVu Sans', sans-serif"


class Look(NamedTuple):
    """How a state is drawn on light paper, and its word."""

    word: str
    paper: str
    edge: str
    ink: str


LOOKS: dict[str, Look] = {
    "": Look("planned", "#ffffff", "#d9d9de", "#62626b"),
    "waiting": Look("waiting", "#ffffff", "#d9d9de", "#62626b"),
    "ready": Look("next", "#ffffff", "#b9bac4", "#4b4c57"),
    "running": Look("running", "#eef2fe", "#8ea4ec", "#2f4fb8"),
    "asking": Look("asks you", "#fdf3e1", "#e0b566", "#8a5300"),
    "reviewing": Look("in review", "#eef2fe", "#b5c3f2", "#2f4fb8"),
    "done": Look("done", "#ecf6ef", "#9ccfae", "#1d6b3c"),
    "failed": Look("needs you", "#fdeeec", "#e6a39b", "#a62b1f"),
    "blocked": Look("blocked", "#f6f6f7", "#c9c9d0", "#62626b"),
    "skipped": Look("left out", "#f6f6f7", "#d9d9de", "#62626b"),
}

_RING = '<circle cx="8" cy="8" r="6" fill="none" stroke="currentColor" stroke-width="1.5"{}/>'
_DISC = '<circle cx="8" cy="8" r="7" fill="currentColor"/>'
_STROKE = '<path d="{}" fill="none" stroke="{}" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"/>'  # noqa: E501
ICONS: dict[str, str] = {
    "": _RING.format(""),
    "waiting": _RING.format(' stroke-dasharray="2.2 2.5"'),
    "ready": _RING.format("") + '<circle cx="8" cy="8" r="2.25" fill="currentColor"/>',
    "running": _RING.format(' stroke-opacity=".28"')
    + _STROKE.format("M8 2a6 6 0 0 1 6 6", "currentColor"),
    "asking": _DISC
    + _STROKE.format("M6.2 6.3a1.9 1.9 0 1 1 2.6 1.9c-.6.3-.8.6-.8 1.2", "#fff")
    + '<circle cx="8" cy="11.7" r="1" fill="#fff"/>',
    "reviewing": '<circle cx="7" cy="7" r="4.6" fill="none" stroke="currentColor" '
    'stroke-width="1.6"/>' + _STROKE.format("M10.5 10.5 14 14", "currentColor"),
    "done": _DISC + _STROKE.format("M4.9 8.3 7.1 10.5 11.2 5.9", "#fff"),
    "failed": '<path d="M8 1.2 15.2 14.2H.8Z" fill="currentColor" stroke="currentColor" '
    'stroke-width="1" stroke-linejoin="round"/>'
    + _STROKE.format("M8 6v3.6", "#fff")
    + '<circle cx="8" cy="12.1" r="1" fill="#fff"/>',
    "blocked": _RING.format("") + _STROKE.format("M3.9 3.9 12.1 12.1", "currentColor"),
    "skipped": _RING.format("") + _STROKE.format("M5.2 8h5.6", "currentColor"),
}
"""What stands for each state: the inside of a 16 × 16 SVG in `currentColor`, known by its shape."""


class _Page(NamedTuple):
    """Sizes in pixels. `across` and `along` are the distances between nodes of one layer and
    between layers; `columns` how many nodes one layer may hold."""

    down: bool
    columns: int
    width: int
    lines: int
    across: int
    along: int


_PAGES: dict[Shape, _Page] = {
    "wide": _Page(down=False, columns=6, width=172, lines=3, across=16, along=40),
    "narrow": _Page(down=True, columns=2, width=148, lines=3, across=14, along=34),
}
TOO_WIDE, TOO_HIGH = 880, 440
"""A wide picture that would be larger than this runs from top to bottom instead."""
_TALL = _Page(down=True, columns=3, width=204, lines=2, across=18, along=30)
MARGIN = 8
TITLE, HEAD = 13, 11
LEADING = 17


def plan_svg(tasks: Sequence[TaskLine], title: str = "The plan", shape: Shape = "wide") -> str:
    """The graph of the tasks as SVG text, for the page and for `plan_png`.

    Any graph is drawn: a dependency that is unknown, closes a circle or follows from others has no
    line. Text is escaped; long titles are cut after two or three lines, whole ones are in `title`.
    """
    canvas = _canvas(tuple([(task.id, task.needs, task.title) for task in tasks]), shape)
    return "".join(_document(tasks, title, shape, canvas))


def plan_png(svg: str, zoom: float = 2.0) -> bytes:
    """The picture as PNG on white, at `zoom` pixels for each of the SVG's.

    Raises ValueError when the text is not SVG.
    """
    import resvg_py

    return resvg_py.svg_to_bytes(
        svg_string=svg,
        background="#ffffff",
        zoom=zoom,
        font_files=_fonts(),
        sans_serif_family="Inter",
    )


def icon(state: str) -> str:
    """The sign of a task's state as a small SVG, for lists. Screen readers pass over it."""
    shape = ICONS.get(state, ICONS[""])
    return f'<svg class="icon" viewBox="0 0 16 16" aria-hidden="true">{shape}</svg>'


def word(state: str) -> str:
    """The state in a word or two."""
    return LOOKS.get(state, LOOKS[""]).word


@cache
def _fonts() -> list[str]:
    return [str(path) for path in sorted(FONTS.glob("*.ttf"))]


_Graph = tuple[tuple[str, tuple[str, ...], str], ...]
"""Each task with those it needs, and its title."""


def _height(graph: _Graph, page: _Page) -> int:
    lines = max((len(_wrapped(title, page)) for *_, title in graph), default=1)
    return 34 + lines * LEADING


@dataclass
class _Canvas:
    """Turns places of the drawing into pixels."""

    page: _Page
    drawing: Drawing
    height: int

    @cached_property
    def lines(self) -> Sequence[tuple[str, str]]:
        """Each line as a path, with the node in which it starts."""
        return [(line[0], self._path(line)) for line in self.drawing.lines]

    @cached_property
    def tips(self) -> Sequence[str]:
        """The points of all arrows as paths."""
        return [self._tip(name) for name in dict.fromkeys(end for _, end in self.drawing.lines)]

    @cached_property
    def corners(self) -> Mapping[str, tuple[float, float]]:
        """The upper left corner of each node."""
        return {name: self._corner(name) for name in self.drawing.nodes}

    @cached_property
    def size(self) -> tuple[float, float]:
        """Width and height of the whole picture."""
        cross = self.drawing.width * self._unit
        main = self.drawing.depth * self._pitch - self.page.along
        wide, high = (cross, main) if self.page.down else (main, cross)
        return max(wide, 1) + 2 * MARGIN, max(high, 1) + 2 * MARGIN

    @property
    def _unit(self) -> int:
        return self.page.width if self.page.down else self.height

    @property
    def _pitch(self) -> int:
        """From the start of a layer to the start of the next."""
        return self._thick + self.page.along

    @property
    def _thick(self) -> int:
        return self.height if self.page.down else self.page.width

    def _corner(self, name: str) -> tuple[float, float]:
        across, layer = self.drawing.nodes[name]
        cross = MARGIN + (across - 0.5) * self._unit
        main = float(MARGIN + layer * self._pitch)
        return (cross, main) if self.page.down else (main, cross)

    def _path(self, line: tuple[str, str]) -> str:
        """A smooth line: straight through each layer it passes, bent between layers."""
        points = self.drawing.lines[line]
        cross = [MARGIN + across * self._unit for across, _ in points]
        at = [MARGIN + layer * self._pitch for _, layer in points]
        end = len(points) - 1
        parts = [self._go("M", (cross[0], at[0] + self._thick))]
        for n in range(1, len(points)):
            start, stop = at[n - 1] + self._thick, float(at[n]) - (ARROW if n == end else 0)
            bend = (start + stop) / 2
            parts.append(self._go("C", (cross[n - 1], bend), (cross[n], bend), (cross[n], stop)))
            if n != end:
                parts.append(self._go("L", (cross[n], stop + self._thick)))
        return "".join(parts)

    def _go(self, verb: str, *points: tuple[float, float]) -> str:
        pairs = (p if self.page.down else p[::-1] for p in points)
        return verb + " ".join(f"{x:.1f} {y:.1f}" for x, y in pairs)

    def _tip(self, name: str) -> str:
        """The point of the arrow that enters a node."""
        x, y = self.corners[name]
        if self.page.down:
            x, y = x + self.page.width / 2, y - 1.5
            return f"M{x - 3.5:.1f} {y - 4:.1f} {x:.1f} {y:.1f} {x + 3.5:.1f} {y - 4:.1f}"
        x, y = x - 1.5, y + self.height / 2
        return f"M{x - 4:.1f} {y - 3.5:.1f} {x:.1f} {y:.1f} {x - 4:.1f} {y + 3.5:.1f}"


@lru_cache(maxsize=128)
def _canvas(graph: _Graph, shape: Shape) -> _Canvas:
    """Kept, since a plan is drawn many times while only its states change."""
    page = _PAGES[shape]
    canvas = _drawn(graph, page)
    wide, high = canvas.size
    too_large = not page.down and (wide > TOO_WIDE or high > TOO_HIGH)
    return _drawn(graph, _TALL) if too_large else canvas


def _drawn(graph: _Graph, page: _Page) -> _Canvas:
    height = _height(graph, page)
    unit = page.width if page.down else height
    needs = {name: before for name, before, _ in graph}
    return _Canvas(page, draw(needs, page.columns, page.across / unit), height)


ARROW = 2


def _document(
    tasks: Sequence[TaskLine], title: str, shape: Shape, canvas: _Canvas
) -> Iterator[str]:
    (wide, high), sentences = canvas.size, _sentences(tasks)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="plan {shape}" role="img" '
        f'viewBox="0 0 {wide:.0f} {high:.0f}" width="{wide:.0f}" height="{high:.0f}" '
        f'font-family="{FAMILY}">'
        f"<title>{_text(title)}</title><desc>{_text(_described(sentences))}</desc>"
    )
    states = {task.id: task.state for task in tasks}
    yield '<g class="lines" fill="none" stroke="#c3c4cd" stroke-width="1.5">'
    for start, path in canvas.lines:
        told = " told" if states[start] == "done" else ""
        yield f'<path class="line{told}" d="{path}"/>'
    for path in canvas.tips:
        yield f'<path class="tip" stroke-linecap="round" d="{path}"/>'
    yield "</g>"
    for task, sentence in zip(tasks, sentences, strict=True):
        place = (canvas.corners[task.id], canvas.page, canvas.height)
        yield _node(sentence, task.id, task.title, task.state, *place)
    yield "</svg>"


def described(tasks: Sequence[TaskLine]) -> str:
    """The picture in words, for those who do not see it."""
    return _described(_sentences(tasks))


def _described(sentences: Iterable[str]) -> str:
    return " ".join([f"{sentence}." for sentence in sentences])


def _sentences(tasks: Sequence[TaskLine]) -> list[str]:
    return [_sentence(task.id, task.state, task.title, task.needs) for task in tasks]


@lru_cache(maxsize=2_048)
def _sentence(name: str, state: str, title: str, needs: tuple[str, ...]) -> str:
    """Kept, as the node is that it belongs to."""
    after = f", after {', '.join(needs)}" if needs else ""
    return f"{name} {word(state)}: {title}{after}"


@lru_cache(maxsize=2_048)
def _node(
    sentence: str, name: str, title: str, state: str, corner: tuple[float, float], page: _Page,
    height: int,
) -> str:  # fmt: skip
    """Kept, since most tasks look as they did in the picture before."""
    x, y = corner
    look = LOOKS.get(state, LOOKS[""])
    dashes = ' stroke-dasharray="4 3"' if state in {"waiting", "skipped"} else ""
    rows = "".join(
        f'<tspan x="12" dy="{LEADING if n else 0}">{_text(row)}</tspan>'
        for n, row in enumerate(_wrapped(title, page))
    )
    sign = ICONS.get(state, ICONS[""])
    return (
        f'<g class="task {state or "planned"}" transform="translate({x:.1f} {y:.1f})">'
        f"<title>{_text(sentence)}</title>"
        f'<rect width="{page.width}" height="{height}" rx="9" '
        f'fill="{look.paper}" stroke="{look.edge}"{dashes}/>'
        f'<g class="sign" color="{look.ink}" transform="translate(12 9) scale(.8125)">{sign}</g>'
        f'<text class="head" x="30" y="19.5" font-size="{HEAD}" fill="{look.ink}">'
        f'<tspan font-weight="600">{_text(name)}</tspan> {_text(look.word)}</text>'
        f'<text class="name" y="40" font-size="{TITLE}" fill="#1c1c22">{rows}</text></g>'
    )


@lru_cache(maxsize=2_048)
def _wrapped(title: str, page: _Page) -> tuple[str, ...]:
    """The title in at most `page.lines` lines that fit a node, cut with an ellipsis."""
    room = (page.width - 24) / TITLE
    lines = [""]
    for part in (piece for w in title.split() for piece in _pieces(w, room)):
        longer = f"{lines[-1]} {part}".strip()
        if measure(longer) <= room:
            lines[-1] = longer
        else:
            lines.append(part)
    kept = tuple(line for line in lines if line) or ("",)
    return kept if len(kept) <= page.lines else (*kept[: page.lines - 1], _cut(kept, page, room))


def _cut(lines: Sequence[str], page: _Page, room: float) -> str:
    last = " ".join(lines[page.lines - 1 : page.lines + 1])
    while measure(last + "…") > room:
        last = last[:-1]
    return last.rstrip(" ,;:-") + "…"


def _pieces(long: str, room: float) -> Iterator[str]:
    """A word, broken where it would be wider than the room."""
    piece = ""
    for sign in long:
        if piece and measure(piece + sign) > room:
            yield piece
            piece = ""
        piece += sign
    yield piece


_WIDTHS = "&,5MNaO\"44CP+<*3P=KNPLNHNN*+PPPCqUOWUJHXW(EQFhWZM[NNOVUrRSN434=<?FLGLH3LJ''F'gJJKK5D3JGaEGE414P"  # noqa: E501
"""The advance of each ASCII sign of Inter, semi-bold, as chr(33 + hundredths of an em - 20)."""


def measure(text: str) -> float:
    """About how wide a text is, in ems of the picture's font."""
    return sum(_advance(sign) for sign in text)


def _advance(sign: str) -> float:
    if " " <= sign <= "~":
        return (ord(_WIDTHS[ord(sign) - 32]) - 13) / 100
    return 1.0 if east_asian_width(sign) in "WF" else 0.66


def _text(words: str) -> str:
    """Escaped for XML, without the control signs that XML forbids."""
    return escape(words if words.isprintable() else "".join(c for c in words if c.isprintable()))
