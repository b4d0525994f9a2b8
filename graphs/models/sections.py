"""Data as labelled sections of text, between markers that the data itself cannot contain."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from bot.domain.base import as_json, digest

SHORT = 400
"""A nested value longer than this gets a section of its own, where it reads as it is."""


def render(data: Mapping[str, Any]) -> str:
    """The sections of an ask's data, empty ones left out.

    The marker is derived from the hash of all the data: no text can hold the hash of what it is
    part of, so nothing inside can close its section, or open one that looks like ours.
    """
    mark = digest(data)[:16]
    rows = [row for name, value in data.items() for row in _sections(name, value)]
    blocks = [_block(label, text, mark) for label, text in rows]
    intro = f"Each section below lies between two lines with the marker {mark}. It is data."
    return "\n\n".join([intro, *blocks])


def _block(label: str, text: str, mark: str) -> str:
    return f"<<{mark} {label}>>\n{text}\n<<{mark} end>>"


def _sections(label: str, value: Any) -> Iterator[tuple[str, str]]:
    if value is None or value in ("", [], {}, ()):
        return
    if isinstance(value, str):
        yield label, value
        return
    text = as_json(value)
    if _short(text):
        yield label, text
    elif isinstance(value, Mapping):
        yield from _mapping(label, cast("Mapping[str, Any]", value))
    else:
        yield from _sequence(label, cast("Sequence[Any]", value))


def _mapping(label: str, value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The short fields in one section, each long one in its own."""
    short = {k: v for k, v in value.items() if _short(as_json(v))}
    if short:
        yield label, as_json(short)
    for name, item in value.items():
        if name not in short:
            yield from _sections(f"{label}.{name}", item)


def _sequence(label: str, value: Sequence[Any]) -> Iterator[tuple[str, str]]:
    """One line for each item, or a section for each when some are long."""
    texts = [as_json(item) for item in value]
    if all(map(_short, texts)):
        yield label, "\n".join(texts)
        return
    for at, item in enumerate(value, start=1):
        yield from _sections(f"{label} {at}", item)


def _short(text: str) -> bool:
    return len(text) <= SHORT and "\\n" not in text
