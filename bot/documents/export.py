"""Markdown to the files that people keep: Markdown, HTML, Word, PDF.

pdf = await export(workers, markdown, "Brief", "pdf", files={"chart.png": data})
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal, get_args

from bot.documents.errors import TooLarge, Unsupported

if TYPE_CHECKING:
    from bot.documents.worker import Workers

Format = Literal["md", "html", "docx", "pdf"]

FORMATS: Final[tuple[Format, ...]] = get_args(Format)
MEDIA_TYPES: Final[dict[Format, str]] = {
    "md": "text/markdown; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "pdf": "application/pdf",
}
MAX_CHARS: Final = 2_000_000
SECONDS: Final = 120.0
MEMORY_MB: Final = 1536
_SPECIAL: Final = re.compile(r"([\\`*_{}\[\]<>()#+\-.!|~&])")


async def export(
    workers: Workers,
    markdown: str,
    title: str,
    format: Format,
    *,
    files: Mapping[str, bytes] | None = None,
    lang: str = "en",
    timeout: float = SECONDS,
) -> bytes:
    """Give the document in `format`, made in a helper process.

    `files` are pictures by the name that the Markdown calls them; `lang` is a BCP 47 tag.
    Raises `Unsupported` (no such format), `TooLarge`, `ExporterMissing`, or a `WorkError`.
    """
    if format not in FORMATS:
        raise Unsupported(f"“{format}” is not a format here; choose one of {', '.join(FORMATS)}.")
    if len(markdown) > MAX_CHARS:
        raise TooLarge(
            f"The text has {len(markdown):,} characters, more than the {MAX_CHARS:,} that can be "
            "exported; download it as Markdown or export a part of it."
        )
    if format == "md":
        return await asyncio.to_thread(_plain, markdown, title)
    made: bytes = await workers.run(
        "bot.documents.export:render",
        markdown,
        title,
        format,
        dict(files or {}),
        lang,
        timeout=timeout,
        memory_mb=MEMORY_MB,
    )
    return made


def _plain(markdown: str, title: str) -> bytes:
    from bot.documents.harmless import harmless

    return harmless(as_markdown(markdown, title)).encode()


def render(markdown: str, title: str, format: Format, files: dict[str, bytes], lang: str) -> bytes:
    """Give the document as bytes; this runs in a helper process. Raises as `export` does."""
    from bot.documents.text import clean

    title = clean(title).strip() or "Document"
    markdown = as_markdown(clean(markdown), title)
    if format == "html":
        from bot.documents.page import render_page as make
    elif format == "docx":
        from bot.documents.word import render_docx as make
    else:
        from bot.documents.pdf import render_pdf as make
    return make(markdown, title, files, lang)


def as_markdown(markdown: str, title: str) -> str:
    """Give the Markdown with its title as a heading, unless it has one of its own."""
    from bot.documents.markdown import has_title

    if has_title(markdown):
        return markdown
    heading = _SPECIAL.sub(r"\\\1", " ".join(title.split()))
    return f"# {heading}\n\n{markdown}"
