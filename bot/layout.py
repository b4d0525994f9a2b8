"""Where the nodes and lines of a plan go: a layered drawing, in plain arithmetic.

The classic method of Sugiyama: every node gets a layer below those it depends on (at most
`columns` to a layer, so a picture can be kept as narrow as a phone), long lines get a waypoint in
each layer they pass, crossings are reduced by sorting layers by the mean place of their neighbours,
and places are then fitted so that lines run straight. Nothing here knows what a node shows.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

WAYPOINT = 0.08
"""The room a passing line takes, in node widths."""
SWEEPS = 8


@dataclass(frozen=True)
class Drawing:
    """Places in units of (node width, layer): `nodes` maps a name to the centre of its node.

    `lines` maps (from, to) to the points a line passes. `width` is the widest layer's.
    """

    nodes: dict[str, tuple[float, int]]
    lines: dict[tuple[str, str], tuple[tuple[float, int], ...]]
    width: float
    depth: int


@dataclass
class _Grid:
    """Layers of cells; a cell is a node's name or a waypoint `(from, layer)`.

    Lines from one node run together until they must part, so a waypoint is shared.
    """

    layers: list[list["_Cell"]]
    up: dict["_Cell", list["_Cell"]] = field(default_factory=dict["_Cell", list["_Cell"]])
    down: dict["_Cell", list["_Cell"]] = field(default_factory=dict["_Cell", list["_Cell"]])
    chains: dict[tuple[str, str], list["_Cell"]] = field(
        default_factory=dict[tuple[str, str], list["_Cell"]]
    )


_Cell = str | tuple[str, int]
_Near = Callable[[_Cell], Sequence[_Cell]]


def draw(needs: Mapping[str, Iterable[str]], columns: int = 4, gap: float = 0.14) -> Drawing:
    """Lay out a graph. `needs` maps each node to the nodes before it, in the order of reading.

    Unknown names are ignored and a line that closes a circle is left out, so any input is drawn.
    Lines that follow from others (A→B→C makes A→C known) are left out as well.
    """
    before = reduced(acyclic(needs))
    rank = _ranks(before, columns)
    grid = _grid(before, rank)
    _uncross(grid)
    places = _places(grid, gap)
    width = max((places[c] + _size(c) / 2 for layer in grid.layers for c in layer), default=0.0)
    return Drawing(
        nodes={name: (places[name], rank[name]) for name in before},
        lines={k: _points(chain, rank, places) for k, chain in grid.chains.items()},
        width=width,
        depth=len(grid.layers),
    )


def acyclic(needs: Mapping[str, Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """The same graph without unknown names, repeats, and lines that close a circle."""
    kept: dict[str, tuple[str, ...]] = dict.fromkeys(needs, ())
    for name, before in needs.items():
        for other in dict.fromkeys(before):
            if other in kept and name not in above(kept, other):
                kept[name] = (*kept[name], other)
    return kept


def above(needs: Mapping[str, Iterable[str]], name: str) -> set[str]:
    """The node and everything it depends on, at any remove."""
    seen: set[str] = set()
    todo = [name]
    while todo:
        at = todo.pop()
        if at not in seen:
            seen.add(at)
            todo.extend(needs[at])
    return seen


def reduced(needs: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Without the lines that follow from longer ways."""
    closure = {name: above(needs, name) - {name} for name in needs}
    return {
        name: tuple(b for b in before if not any(b in closure[o] for o in before))
        for name, before in needs.items()
    }


def _ranks(needs: Mapping[str, tuple[str, ...]], columns: int) -> dict[str, int]:
    """The layer of each node; the longest way to the end goes first when a layer is full."""
    urgent = _heights(needs)
    rank: dict[str, int] = {}
    room: dict[int, int] = {}
    waiting = list(needs)
    while waiting:
        free = [n for n in waiting if all(b in rank for b in needs[n])]
        name = max(free, key=urgent.__getitem__)
        at = max((rank[b] + 1 for b in needs[name]), default=0)
        while room.get(at, 0) >= columns:
            at += 1
        rank[name] = at
        room[at] = room.get(at, 0) + 1
        waiting.remove(name)
    return rank


def _heights(needs: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """How many layers still follow each node."""
    height = dict.fromkeys(needs, 0)
    for _ in needs:
        for name, before in needs.items():
            for other in before:
                height[other] = max(height[other], height[name] + 1)
    return height


def _grid(needs: Mapping[str, tuple[str, ...]], rank: Mapping[str, int]) -> _Grid:
    depth = max(rank.values(), default=-1) + 1
    grid = _Grid(layers=[[n for n in needs if rank[n] == at] for at in range(depth)])
    for name, before in needs.items():
        for other in before:
            chain = _chain(other, name, rank)
            grid.chains[other, name] = chain
            _link(grid, chain, rank[other])
    return grid


def _chain(start: str, end: str, rank: Mapping[str, int]) -> list[_Cell]:
    passed = range(rank[start] + 1, rank[end])
    return [start, *((start, at) for at in passed), end]


def _link(grid: _Grid, chain: list[_Cell], at: int) -> None:
    for step, cell in enumerate(chain[1:-1], start=1):
        if cell not in grid.layers[at + step]:
            grid.layers[at + step].append(cell)
    for one, other in pairwise(chain):
        grid.down.setdefault(one, []).append(other)
        grid.up.setdefault(other, []).append(one)


def _uncross(grid: _Grid) -> None:
    """Sort each layer by the mean place of its neighbours, down and up; keep the best found."""
    best = [list(layer) for layer in grid.layers]
    fewest = _crossings(grid)
    for sweep in range(SWEEPS):
        downward = sweep % 2 == 0
        near = grid.up if downward else grid.down
        order = range(1, len(grid.layers)) if downward else range(len(grid.layers) - 2, -1, -1)
        for at in order:
            _sort(grid.layers, at, at - 1 if downward else at + 1, near)
        if (found := _crossings(grid)) < fewest:
            fewest, best = found, [list(layer) for layer in grid.layers]
    grid.layers[:] = best


def _sort(
    layers: list[list[_Cell]], at: int, beside: int, near: Mapping[_Cell, list[_Cell]]
) -> None:
    place = {cell: n / max(1, len(layers[beside]) - 1) for n, cell in enumerate(layers[beside])}
    own = {cell: n / max(1, len(layers[at]) - 1) for n, cell in enumerate(layers[at])}

    def mean(cell: _Cell) -> float:
        return _mean([place[c] for c in near.get(cell, ())], own[cell])

    layers[at].sort(key=mean)


def _mean(values: Sequence[float], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _crossings(grid: _Grid) -> int:
    return sum(_between(upper, lower, grid.down) for upper, lower in pairwise(grid.layers))


def _between(upper: list[_Cell], lower: list[_Cell], down: Mapping[_Cell, list[_Cell]]) -> int:
    """How many pairs of lines between two layers cross."""
    place = {cell: n for n, cell in enumerate(lower)}
    ends = [n for cell in upper for n in sorted(place[c] for c in down.get(cell, ()))]
    return sum(one > other for at, one in enumerate(ends) for other in ends[at + 1 :])


def _size(cell: _Cell) -> float:
    return 1.0 if isinstance(cell, str) else WAYPOINT


def _places(grid: _Grid, gap: float) -> dict[_Cell, float]:
    """The centre of each cell across its layer: near its neighbours, within the widest layer."""
    offsets = [_offsets(layer, gap) for layer in grid.layers]
    spans = [o[-1] + _size(la[-1]) / 2 for o, la in zip(offsets, grid.layers, strict=True)]
    width = max(spans, default=0.0)
    place: dict[_Cell, float] = {}
    for layer, offset, span in zip(grid.layers, offsets, spans, strict=True):
        place.update((c, o + (width - span) / 2) for c, o in zip(layer, offset, strict=True))
    for sweep in range(SWEEPS):
        downward = sweep % 2 == 0
        order = range(len(grid.layers)) if downward else range(len(grid.layers) - 1, -1, -1)
        for at in order:
            _fit(grid, at, offsets[at], width - spans[at], place)
    return place


def _offsets(layer: list[_Cell], gap: float) -> list[float]:
    """The centres of a layer's cells when they stand as close as they may."""
    found: list[float] = []
    for at, cell in enumerate(layer):
        left = found[-1] + _size(layer[at - 1]) / 2 + gap if found else 0.0
        found.append(left + _size(cell) / 2)
    return found


def _fit(
    grid: _Grid, at: int, offsets: list[float], leeway: float, place: dict[_Cell, float]
) -> None:
    """Move a layer's cells towards the mean of their neighbours, in order and not too close."""
    layer = grid.layers[at]
    wanted = [_wanted(grid, cell, place) - o for cell, o in zip(layer, offsets, strict=True)]
    weights = [1.0 if isinstance(cell, str) else 4.0 for cell in layer]
    for cell, shift, offset in zip(layer, rising(wanted, weights), offsets, strict=True):
        place[cell] = min(max(shift, 0.0), leeway) + offset


def _wanted(grid: _Grid, cell: _Cell, place: Mapping[_Cell, float]) -> float:
    near = [*grid.up.get(cell, ()), *grid.down.get(cell, ())]
    return _mean([place[c] for c in near], place[cell])


def rising(values: Sequence[float], weights: Sequence[float]) -> list[float]:
    """The nearest sequence that never falls (isotonic regression by pooling neighbours)."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        count = 1
        while pools and pools[-1][0] > value:
            last, mass, size = pools.pop()
            value = (value * weight + last * mass) / (weight + mass)
            weight, count = weight + mass, count + size
        pools.append((value, weight, count))
    return [value for value, _, count in pools for _ in range(count)]


def _points(
    chain: list[_Cell], rank: Mapping[str, int], place: Mapping[_Cell, float]
) -> tuple[tuple[float, int], ...]:
    return tuple((place[c], rank[c] if isinstance(c, str) else c[1]) for c in chain)
