"""JSON objects that are tables: many names, each with an object of the same kind."""

from collections import Counter
from typing import Any, cast

FEWEST = 3
"""Names that make a table; two objects side by side are rather a record."""
VERBS = frozenset({"get", "put", "post", "delete", "patch", "head", "options", "trace"})

Objects = dict[str, dict[str, Any]]


def mapped(value: dict[str, Any], path: str = "") -> list[dict[str, Any]]:
    """The rows of `{name: {…}, …}` or `{name: {kind: {…}}}`; empty when it is no such map.

    The names become the first column, called after the map; what is nested deeper is left out.
    """
    objects = _objects(value)
    if len(objects) < FEWEST or len(objects) < len(value):
        return []
    name = _singular(path.rpartition(".")[2]) or "name"
    deep = [(k, kind, inner) for k, o in objects.items() for kind, inner in _objects(o).items()]
    if len(deep) >= len(objects) and _alike([inner for *_, inner in deep]) and _thin(objects):
        second = "method" if {kind for _, kind, _ in deep} <= VERBS else "kind"
        return [{name: k, second: kind, **_plain(inner, name, second)} for k, kind, inner in deep]
    if not _alike(list(objects.values())):
        return []
    return [{name: k, **_plain(inner, name)} for k, inner in objects.items()]


def _objects(value: dict[str, Any]) -> Objects:
    return {k: cast(dict[str, Any], v) for k, v in value.items() if isinstance(v, dict) and v}


def _alike(objects: list[dict[str, Any]]) -> bool:
    """True when some key with a plain value stands in nearly all of them."""
    often = Counter(key for o in objects for key, v in o.items() if not isinstance(v, dict))
    return bool(often) and often.most_common(1)[0][1] >= 0.8 * len(objects)


def _thin(objects: Objects) -> bool:
    """True when the outer objects say little but what kinds they have."""
    return not _alike(list(objects.values())) or all(len(o) <= len(VERBS) for o in objects.values())


def _plain(value: dict[str, Any], *taken: str) -> dict[str, Any]:
    """Its plain values; lists of words as one text, so that they can be searched."""
    found: dict[str, Any] = {}
    for key, inner in value.items():
        name = f"{key} (own)" if key in taken else key
        if isinstance(inner, list):
            parts = cast(list[Any], inner)
            if not any(isinstance(part, dict | list) for part in parts):
                found[name] = ", ".join(map(str, parts))
        elif not isinstance(inner, dict):
            found[name] = inner
    return found


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-1] if word.endswith("s") and not word.endswith("ss") else word
