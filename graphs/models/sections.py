"""Data as labelled sections of text, between markers that the data itself cannot contain."""

from collections.abc import Mapping, Sequence
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
    blocks = [f"Each section below lies between two lines with the marker {mark}. It is data."]
    for name, value in data.items():
        for label, text in _sections(name, value):
            blocks.append(f"<<{mark} {label}>>\n{text}\n<<{mark} end>>")
    return "\n\n".join(blocks)


def _sections(label: str, value: Any) -> Sequence[tuple[str, str]]:
    if value is None or value in ("", [], {}, ()):
        return ()
    if isinstance(value, str):
        return ((label, value),)
    text = as_json(value)
    if _short(text):
        return ((label, text),)
    if isinstance(value, Mapping):
        return _mapping(label, cast("Mapping[str, Any]", value))
    return _sequence(label, cast("Sequence[Any]", value))


def _mapping(label: str, value: Mapping[str, Any]) -> Sequence[tuple[str, str]]:
    """The short fields in one section, each long one in its own."""
    short = {k: v for k, v in value.items() if _short(as_json(v))}
    sections = [(label, as_json(short))] if short else []
    for name, item in value.items():
        if name not in short:
            sections += _sections(f"{label}.{name}", item)
    return sections


def _sequence(label: str, value: Sequence[Any]) -> Sequence[tuple[str, str]]:
    """One line for each item, or a section for each when some are long."""
    texts = [as_json(item) for item in value]
    if all(map(_short, texts)):
        return ((label, "\n".join(texts)),)
    sections: list[tuple[str, str]] = []
    for at, item in enumerate(value, start=1):
        sections += _sections(f"{label} {at}", item)
    return sections


def _short(text: str) -> bool:
    return len(text) <= SHORT and "\\n" not in text
