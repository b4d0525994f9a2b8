"""What a browser sends, read with care: words, files, clicks. Whatever is wrong is a sentence."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from uuid import uuid4

from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from bot.chat.web.samples import SAMPLES
from bot.domain.base import Refused
from handlers.web_guard import MB, TooLarge

MAX_FILES = 10
MAX_FILE = 50 * MB
MAX_TOTAL = 60 * MB
KEY = re.compile(r"[A-Za-z0-9-]{16,64}")

TOO_MUCH = "Together that is more than 60 MB. Nothing was sent: attach less, or in two messages."
TOO_MANY = f"At most {MAX_FILES} files fit one message. Nothing was sent: attach fewer."


class Sent(NamedTuple):
    """A message from the composer. `files` are names with their bytes."""

    key: str
    words: str
    files: tuple[tuple[str, bytes], ...]


class Clicked(NamedTuple):
    """A button, with what its form was filled in with: text, or `{row: choice}` for ticks."""

    key: str
    id: str
    values: dict[str, Any]


async def read_sent(request: Request) -> Sent:
    """The composer's form. Raises Refused when it is too much."""
    form = await read_form(request)
    uploads = [f for f in form.getlist("files") if isinstance(f, UploadFile) and f.filename]
    files = [(file_name(u.filename or ""), await _bytes(u)) for u in uploads]
    files += SAMPLES.files_of(_text(form, "sample"))
    if sum(len(data) for _, data in files) > MAX_TOTAL:
        raise Refused(TOO_MUCH)
    return Sent(_key(form), _text(form, "words"), _apart(files))


async def read_clicked(request: Request) -> Clicked:
    """A button's form."""
    form = await read_form(request)
    return Clicked(_key(form), _text(form, "id"), read_values(_texts(form)))


async def read_form(request: Request) -> FormData:
    """The form of a request. Raises Refused when it is too large or no form at all."""
    try:
        return await request.form(max_files=MAX_FILES, max_fields=500)
    except TooLarge:
        raise Refused(TOO_MUCH) from None
    except HTTPException as error:
        if "Too many files" in str(error.detail):
            raise Refused(TOO_MANY) from None
        raise Refused("What arrived could not be read. Reload the page and try again.") from None


def read_values(fields: Mapping[str, str]) -> dict[str, Any]:
    """A form's fields by name: `v:words`, `v:Q1:free` over `v:Q1`, `v:tasks:T1` as a row."""
    values: dict[str, Any] = {}
    free: dict[str, str] = {}
    for name, value in fields.items():
        match name.split(":"):
            case ["v", field]:
                values.setdefault(field, value)
            case ["v", field, "free"]:
                free[field] = value.strip()
            case ["v", field, row]:
                rows = values.setdefault(field, {})
                if isinstance(rows, dict):
                    rows[row] = value
            case _:
                pass
    for field, words in free.items():
        if words or field not in values:
            values[field] = words
    return values


def file_name(name: str) -> str:
    """The last part of a file's name, without what a file name should not have."""
    last = re.split(r"[/\\]", name)[-1]
    kept = "".join(c for c in last if c.isprintable()).strip(" .")
    stem, dot, end = kept.rpartition(".")
    if len(kept) > 120 and dot and len(end) < 12:
        return f"{stem[: 119 - len(end)]}.{end}"
    return kept[:120] or "file"


def _apart(files: list[tuple[str, bytes]]) -> tuple[tuple[str, bytes], ...]:
    """Files of one name get numbers: `data.csv`, `data (2).csv`."""
    seen: dict[str, bytes] = {}
    for name, data in files:
        free, count = name, 1
        while free in seen:
            count += 1
            stem, dot, end = name.rpartition(".")
            free = f"{stem} ({count}).{end}" if dot and stem else f"{name} ({count})"
        seen[free] = data
    return tuple(seen.items())


async def _bytes(upload: UploadFile) -> bytes:
    if (upload.size or 0) > MAX_FILE:
        name = file_name(upload.filename or "")
        raise Refused(f"“{name}” is larger than 50 MB. Nothing was sent: attach a part of it.")
    return await upload.read()


def _key(form: FormData) -> str:
    """The key that the browser made; without JavaScript there is none, so each send is new."""
    given = _text(form, "key")
    return f"web:{given if KEY.fullmatch(given) else uuid4().hex}"


def _text(form: FormData, name: str) -> str:
    value = form.get(name)
    return value.replace("\r\n", "\n") if isinstance(value, str) else ""


def _texts(form: FormData) -> dict[str, str]:
    return {name: _text(form, name) for name in form}
