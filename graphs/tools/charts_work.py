"""Draws charts in a helper process: one figure, as SVG and as PNG."""

import io
import re
from collections.abc import Callable
from decimal import Decimal
from html import escape
from typing import Any

from graphs.tools import numbers
from graphs.tools.tables_ask import Chart
from graphs.tools.tables_read import Cell, Table, TableError, typed
from graphs.tools.tables_types import Typed, rounded, said
from graphs.tools.tables_work import open_table

MAX_MARKS = 60
"""Bars or points with a name of their own that stay readable."""

MAX_SLICES = 8
MAX_POINTS = 5_000
COLOURS = ("#3b6fd4", "#e0803a", "#2f9e6e", "#b0508f", "#8a7a3c", "#5fa8d3", "#c94f4f", "#9aa0a8")
_INK, _FAINT = "#2b2f36", "#d9dce1"
_STYLE = {
    "font.family": "sans-serif",
    "font.size": 10,
    "text.color": _INK,
    "text.parse_math": False,  # a dollar is a dollar
    "axes.edgecolor": _FAINT,
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.titlesize": 13,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "grid.color": _FAINT,
    "grid.linewidth": 0.7,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "figure.facecolor": "white",
    "svg.hashsalt": "concertmaster",
}

Series = dict[str, list[float]]


def draw(source: dict[str, str] | None, raw: dict[str, Any]) -> dict[str, Any]:
    """The chart as `svg` (text), `png` (bytes) and `alt` (text for those who cannot see it)."""
    ask = Chart.model_validate(raw)
    table = _rows(ask) if source is None else open_table(source, ask.sheet)
    names, series = _data(table, ask)
    alt = _alt(ask, names, series)
    svg, png = _render(ask, names, series)
    return {"svg": _accessible(svg, ask.title, alt), "png": png, "alt": alt, "notes": table.notes}


def _rows(ask: Chart) -> Typed:
    given = ask.rows or []
    columns = tuple(dict.fromkeys(key for row in given for key in row))
    cells: list[list[Cell]] = [[typed(row.get(column)) for column in columns] for row in given]
    return Typed(Table(columns, cells))


def _data(table: Typed, ask: Chart) -> tuple[list[str], dict[str, list[Decimal | None]]]:
    names = [said(cell) for cell in table.table.column(ask.x)]
    series: dict[str, list[Decimal | None]] = {}
    for name in ask.y:
        column = table.numbers(name)
        series[column.name] = [v if isinstance(v, Decimal) else None for v in column.values]
    _fits(ask, names, series)
    return names, series


def _fits(ask: Chart, names: list[str], series: dict[str, list[Decimal | None]]) -> None:
    named = ask.kind in ("bar", "hbar", "pie")
    most = MAX_MARKS if named else MAX_POINTS
    if len(names) > most:
        raise TableError(
            f"{len(names)} values are too many for a {ask.kind} chart (at most {most}); "
            "chart the rows of a query that groups or limits them."
        )
    below = any((value or 0) < 0 for values in series.values() for value in values)
    if ask.kind == "pie" and (len(series) > 1 or below):
        raise TableError("A pie shows one column without negative values; use bars instead.")


def _render(
    ask: Chart, names: list[str], series: dict[str, list[Decimal | None]]
) -> tuple[str, bytes]:
    import matplotlib
    from matplotlib.figure import Figure

    mpl: Any = matplotlib
    floats = {k: [float("nan") if v is None else float(v) for v in vs] for k, vs in series.items()}
    with mpl.rc_context(_STYLE):
        height = max(4.2, 0.32 * len(names) + 1.4) if ask.kind == "hbar" else 4.2
        figure: Any = Figure(figsize=(7.6, height), layout="constrained")
        axes: Any = figure.subplots()
        _KINDS[ask.kind](axes, names, floats)
        axes.set_title(ask.title, pad=12, wrap=True)
        if ask.kind != "pie":
            _frame(axes, ask, list(series))
        svg, png = io.StringIO(), io.BytesIO()
        figure.savefig(svg, format="svg", metadata={"Date": None})
        figure.savefig(png, format="png", dpi=160, metadata={"Title": ask.title})
    return svg.getvalue(), png.getvalue()


def _frame(axes: Any, ask: Chart, columns: list[str]) -> None:
    from matplotlib.ticker import StrMethodFormatter

    across = ask.kind == "hbar"
    values = axes.xaxis if across else axes.yaxis
    values.set_major_formatter(StrMethodFormatter("{x:,g}"))
    (axes.yaxis if across else axes.xaxis).grid(False)
    said_x, said_y = (_plain(ask.x), _plain(columns[0]) if len(columns) == 1 else "")
    axes.set_xlabel(said_y if across else said_x)
    axes.set_ylabel(said_x if across else said_y)
    if len(columns) > 1:
        axes.legend(frameon=False, ncols=min(3, len(columns)), loc="best")


def _bars(axes: Any, names: list[str], series: Series, *, across: bool = False) -> None:
    width = 0.8 / len(series)
    for turn, (name, values) in enumerate(series.items()):
        places = [i - 0.4 + width * (turn + 0.5) for i in range(len(names))]
        paint = axes.barh if across else axes.bar
        bars = paint(places, values, width * 0.92, label=_plain(name), color=_colour(turn))
        if len(names) * len(series) <= 12:
            axes.bar_label(bars, fmt="{:,.6g}", padding=3, fontsize=8)
    labels = [_short(name) for name in names]
    if across:
        axes.set_yticks(range(len(names)), labels)
        axes.invert_yaxis()
    else:
        slanted = sum(map(len, labels)) > 60
        axes.set_xticks(range(len(names)), labels, rotation=35 if slanted else 0,
                        ha="right" if slanted else "center")  # fmt: skip


def _across(axes: Any, names: list[str], series: Series) -> None:
    _bars(axes, names, series, across=True)


def _lines(axes: Any, names: list[str], series: Series) -> None:
    for turn, (name, values) in enumerate(series.items()):
        mark = "o" if len(names) <= 40 else ""
        axes.plot(range(len(names)), values, marker=mark, markersize=4, linewidth=2,
                  label=_plain(name), color=_colour(turn))  # fmt: skip
    step = max(1, -(-len(names) // 10))
    axes.set_xticks(range(0, len(names), step), [_short(name) for name in names[::step]],
                    rotation=35 if len(names) > 6 else 0,
                    ha="right" if len(names) > 6 else "center")  # fmt: skip


def _dots(axes: Any, names: list[str], series: Series) -> None:
    read = [numbers.read(name) for name in names]
    if not all(read):
        raise TableError("A scatter chart needs numbers on x; use bars or a line instead.")
    places = [float(number.value) for number in read if number]
    for turn, (name, values) in enumerate(series.items()):
        axes.scatter(places, values, s=22, alpha=0.75, label=_plain(name), color=_colour(turn))


def _pie(axes: Any, names: list[str], series: Series) -> None:
    values = next(iter(series.values()))
    pairs = [pair for pair in zip(values, names, strict=True) if pair[0] > 0]
    pairs.sort(key=lambda pair: -pair[0])
    rest = sum(value for value, _ in pairs[MAX_SLICES - 1 :])
    if len(pairs) > MAX_SLICES:
        pairs = [*pairs[: MAX_SLICES - 1], (rest, "other")]
    if not pairs:
        raise TableError("A pie needs at least one value above zero.")
    shades = [_colour(i) for i in range(len(pairs))]
    axes.pie([v for v, _ in pairs], labels=[_short(n) for _, n in pairs], colors=shades,
             autopct="%.1f%%", startangle=90, counterclock=False,
             wedgeprops={"linewidth": 1, "edgecolor": "white"})  # fmt: skip


_KINDS: dict[str, Callable[[Any, list[str], Series], None]] = {
    "bar": _bars,
    "hbar": _across,
    "line": _lines,
    "scatter": _dots,
    "pie": _pie,
}


def _colour(turn: int) -> str:
    return COLOURS[turn % len(COLOURS)]


def _plain(text: str) -> str:
    """A leading underscore would hide a legend entry."""
    return text.lstrip("_")


def _short(text: str) -> str:
    return _plain(text if len(text) <= 28 else f"{text[:27]}…")


def _alt(ask: Chart, names: list[str], series: dict[str, list[Decimal | None]]) -> str:
    """The chart in words: its kind, its columns, every value if few, else the ends."""
    kind = {"hbar": "Bar", "scatter": "Scatter"}.get(ask.kind, ask.kind.capitalize())
    parts = [f"{kind} chart: {ask.title}."]
    for column, values in series.items():
        pairs = [(n, v) for n, v in zip(names, values, strict=True) if v is not None]
        if len(pairs) > 10:
            low, high = min(pairs, key=_value), max(pairs, key=_value)
            parts.append(f"{column}: {len(pairs)} values by {ask.x}, from {_pair(low)} "
                         f"to {_pair(high)}.")  # fmt: skip
        else:
            parts.append(f"{column} by {ask.x}: {'; '.join(map(_pair, pairs))}.")
    return " ".join(parts)


def _value(pair: tuple[str, Decimal]) -> Decimal:
    return pair[1]


def _pair(pair: tuple[str, Decimal]) -> str:
    name, value = pair
    text = rounded(value) if numbers.places(value) > 4 else numbers.write(value)
    return f"{name} {text}"


def _accessible(svg: str, title: str, alt: str) -> str:
    """Screen readers take the role, the title and the description of an SVG."""
    head = f"<title>{escape(title)}</title><desc>{escape(alt)}</desc>"
    return re.sub(
        r"<svg ([^>]*)>",
        lambda found: f'<svg role="img" aria-label="{escape(alt)}" {found[1]}>{head}',
        svg,
        count=1,
    )
