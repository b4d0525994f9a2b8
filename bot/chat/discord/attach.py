"""The files of a card, within what a place takes. Pure: the bytes come later."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from bot.cards import Card, CardFile
from bot.chat.discord import limits
from bot.chat.discord.words import clip, clip_markdown, inline, size

Link = Callable[[CardFile], str]
"""Where a file can be had that is too large for Discord; "" for nowhere."""

IMAGES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
SHOWN_FILES = 8
"""Files beside the picture and the text that did not fit."""


class Attach(NamedTuple):
    """A file of the message. Its bytes are those of `sha256`, of `text`, or of `svg` as PNG.

    `start` and `end` cut a part out of a file that is too large for one.
    """

    name: str
    alt: str = ""
    sha256: str = ""
    text: str = ""
    svg: str = ""
    size: int = 0
    start: int = 0
    end: int = 0
    image: bool = False


class Attached(NamedTuple):
    """What is attached, and lines about what is not."""

    attach: tuple[Attach, ...]
    lines: tuple[str, ...]


def attached(card: Card, most: int, link: Link | None) -> Attached:
    """The card's files within the place's limit; larger ones as a link, or in parts."""
    attach: list[Attach] = []
    lines: list[str] = []
    room = limits.REQUEST
    for file in card.files:
        parts = [] if _linked(file, most, link) else _parts(file, most)
        if parts and len(attach) + len(parts) <= SHOWN_FILES and file.size <= room:
            attach += parts
            room -= file.size
            lines += [_joined(file, len(parts))] if len(parts) > 1 else []
        else:
            lines.append(_elsewhere(file, link))
    return Attached(tuple(_named_apart(attach)), _folded_lines(lines))


def _linked(file: CardFile, most: int, link: Link | None) -> bool:
    return file.size > most and link is not None and bool(link(file))


def _parts(file: CardFile, most: int) -> list[Attach]:
    name, alt = safe(file.name), clip(file.alt, limits.ALT)
    image = file.media_type in IMAGES
    if most <= 0:
        return []
    if file.size <= most:
        return [Attach(name, alt, file.sha256, size=file.size, end=file.size, image=image)]
    count = math.ceil(file.size / most)
    ends = [min(file.size, most * (n + 1)) for n in range(count)]
    return [
        Attach(f"{name}.{n + 1:03}", alt, file.sha256, size=end - most * n, start=most * n, end=end)
        for n, end in enumerate(ends)
    ]


def _joined(file: CardFile, count: int) -> str:
    name = inline(file.name, 60)
    return f"📎 {name} is in {count} parts. Join them with `cat {safe(file.name)[:60]}.* > file`."


def _elsewhere(file: CardFile, link: Link | None) -> str:
    name, megabytes = inline(file.name, 60), file.size / 1024 / 1024
    url = link(file) if link else ""
    if url and size(url) <= 300:
        return f"📎 [{name}]({url}) ({megabytes:.1f} MB)"
    return f"📎 {name} ({megabytes:.1f} MB) does not fit here. It is kept with the mission."


def _folded_lines(lines: Sequence[str]) -> tuple[str, ...]:
    """One display of at most 600 units."""
    text = clip_markdown("\n".join(lines), 600)
    return (text,) if text else ()


def _named_apart(files: Sequence[Attach]) -> Iterator[Attach]:
    """Every name once: a message's references are by name."""
    seen: set[str] = set()
    for file in files:
        name, number = file.name, 2
        while name in seen:
            name, number = f"{number}-{file.name}", number + 1
        seen.add(name)
        yield file._replace(name=name)


def safe(name: str) -> str:
    """A name that Discord leaves as it is: references must match it."""
    flat = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip("._")
    return flat[-80:].lstrip(".") or "file"
