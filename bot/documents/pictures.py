"""Picture files for exported documents: found by name, told by content."""

from __future__ import annotations

import base64
import binascii
import io
from collections.abc import Mapping
from typing import Final

from bot.documents.markdown import DATA_PICTURE, lookup

_MARKS: Final = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
)
SUFFIXES: Final = {
    "image/png": "png",
    "image/jpeg": "jpg",
    "image/gif": "gif",
    "image/webp": "webp",
    "image/svg+xml": "svg",
}


def picture_type(data: bytes) -> str | None:
    """Give the media type of a picture by its content; None when it is not one shown here."""
    for mark, kind in _MARKS:
        if data.startswith(mark):
            return kind
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return "image/webp"
    return "image/svg+xml" if b"<svg" in data[:2048].lower() else None


def find_picture(source: str, files: Mapping[str, bytes]) -> bytes | None:
    """Give the bytes of the picture that a source names: one of `files`, or a `data:` address.

    None when there is no such file, or when it is damaged or refers to something outside.
    """
    data = _decoded(source) if DATA_PICTURE.match(source) else lookup(files, source)
    return data if data and _is_whole(data) else None


def data_address(data: bytes) -> str:
    """Give a picture as a `data:` address, to stand in a page that loads nothing."""
    return f"data:{picture_type(data)};base64,{base64.b64encode(data).decode()}"


def as_png(data: bytes) -> bytes:
    """Give a picture in a form that every word processor shows: plain JPEG as it is, else PNG.

    Raises `ValueError` for an SVG that can't be drawn.
    """
    if data.startswith(b"\x89PNG") or data[6:10] in (b"JFIF", b"Exif"):
        return data
    if picture_type(data) == "image/svg+xml":
        from resvg_py import svg_to_bytes

        # Without a resolution, sizes in points (as matplotlib writes them) are refused.
        return bytes(svg_to_bytes(svg_string=data.decode(), zoom=2, dpi=96))
    from PIL import Image

    out = io.BytesIO()
    with Image.open(io.BytesIO(data)) as picture:
        picture.convert("RGBA").save(out, "PNG")
    return out.getvalue()


def _is_whole(data: bytes) -> bool:
    kind = picture_type(data)
    if kind == "image/svg+xml":
        return _stands_alone(data)
    if kind is None:
        return False
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return False
    return True


def _stands_alone(data: bytes) -> bool:
    """Say whether an SVG is sound and refers to nothing outside itself."""
    from defusedxml.common import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(data, forbid_dtd=False)
    except (ParseError, DefusedXmlException, ValueError):
        return False
    references = (
        address
        for element in root.iter()
        for name, address in element.items()
        if name.endswith("href") and not element.tag.endswith("}a")
    )
    return all(address.startswith(("#", "data:")) for address in references)


def _decoded(source: str) -> bytes | None:
    try:
        return base64.b64decode(source.partition(",")[2], validate=True)
    except (binascii.Error, ValueError):
        return None
