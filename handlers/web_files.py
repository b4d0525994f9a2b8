"""What the browser may save: the files of missions, and artifacts in their formats."""

import mimetypes
from urllib.parse import quote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from bot.documents.errors import DocumentError
from bot.documents.export import MEDIA_TYPES, Format, export
from bot.domain.artifact import Artifact
from bot.domain.base import Refused
from handlers.web_face import Face, face_of

PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"}
"""What a page may show of a mission's files; everything else is only ever saved."""


async def file(request: Request) -> Response:
    """A file of a mission, to be saved; never opened as a page of ours."""
    face = face_of(request)
    sha256, name = request.path_params["sha256"], request.path_params["name"]
    if not await face.chat.messages.shows_file(sha256, name):
        raise HTTPException(404)
    try:
        data = await face.files.get(sha256)
    except FileNotFoundError:
        raise HTTPException(404) from None
    kind = mimetypes.guess_type(name)[0] or ""
    return _saved(name, data, kind if kind in PICTURES else "application/octet-stream")


async def artifact(request: Request) -> Response:
    """An artifact in one of its formats."""
    face, wanted = face_of(request), request.path_params
    record = await face.store.record(wanted["mission"])
    if record is None or record.mission.workspace != face.person.workspace:
        raise HTTPException(404)
    found = next((a for a in record.artifacts if a.version == wanted["version"]), None)
    if found is None or wanted["format"] not in MEDIA_TYPES:
        raise HTTPException(404)
    data = await _exported(face, found, wanted["format"])
    return _saved(
        f"{_file_stem(found.title)}.{wanted['format']}", data, MEDIA_TYPES[wanted["format"]]
    )


async def _exported(face: Face, made: Artifact, format: Format) -> bytes:
    pictures = {
        f.name: await face.files.get(f.sha256) for f in made.files if f.media_type in PICTURES
    }
    try:
        return await export(face.workers, made.document, made.title, format, files=pictures)
    except DocumentError as error:
        raise Refused(str(error)) from error


def _file_stem(title: str) -> str:
    words = "".join(c if c.isalnum() or c in " -" else " " for c in title)
    return " ".join(words.split())[:60].strip() or "artifact"


def _saved(name: str, data: bytes, media_type: str) -> Response:
    plain = "".join(c if (c.isascii() and c.isalnum()) or c in " ._-()" else "_" for c in name)
    names = f"filename=\"{plain}\"; filename*=UTF-8''{quote(name)}"
    return Response(
        data,
        media_type=media_type,
        headers={
            "Content-Disposition": f"attachment; {names}",
            "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        },
    )
