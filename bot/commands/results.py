"""An artifact in a folder: as Markdown, HTML, Word and PDF, with its files and its account."""

import json
import os
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from bot.app import App
from bot.commands.errors import Misuse
from bot.documents.errors import DocumentError
from bot.documents.export import FORMATS, export
from bot.domain.artifact import Artifact
from bot.domain.base import Refused

ACCOUNT = "artifact.json"


class Written(NamedTuple):
    """The names in the folder, and a sentence for each format that could not be made."""

    names: tuple[str, ...]
    notes: tuple[str, ...] = ()


def must_be_free(folder: Path, mission: str = "") -> None:
    """Make the folder. Raises Misuse when another mission's result is in it, before any work."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        other = _mission_of(folder)
    except OSError as error:
        raise Misuse(f"{folder} cannot be used for the result: {error.strerror}.") from None
    if other is not None and other != mission:
        raise Misuse(
            f"{folder} holds the result of another mission already, and it is left as it is. "
            "Name another folder with --out."
        )
    if not os.access(folder, os.W_OK | os.X_OK):
        raise Misuse(f"Nothing can be written to {folder}. Name another folder with --out.")


def _mission_of(folder: Path) -> str | None:
    """The mission whose result is there; None when there is none."""
    account = folder / ACCOUNT
    if not account.exists():
        return None
    try:
        return str(json.loads(account.read_text(encoding="utf-8"))["mission"])
    except (ValueError, KeyError, TypeError):
        return "?"


async def write(app: App, mission: str, artifact: Artifact, folder: Path) -> Written:
    """Write all that can be made; a file of somebody else's is never replaced. Raises Refused."""
    must_be_free(folder, mission)
    files = {Path(f.name).name: await app.files.get(f.sha256) for f in artifact.files}
    documents, notes = await _documents(app, artifact, files)
    account = {"mission": mission, **artifact.model_dump(mode="json", exclude={"body"})}
    try:
        names = _put_all(folder, {**documents, **files}, mine=_listed(folder))
        account["written"] = names
        text = json.dumps(account, indent=2, ensure_ascii=False) + "\n"
        _put(folder / ACCOUNT, text.encode())
    except OSError as error:
        raise Refused(
            f"The result could not be written to {folder}: {error.strerror}. It is kept: "
            f"`concertmaster run --mission {mission} --out FOLDER` writes it."
        ) from error
    return Written((*names, ACCOUNT), notes)


async def _documents(
    app: App, artifact: Artifact, files: Mapping[str, bytes]
) -> tuple[dict[str, bytes], tuple[str, ...]]:
    made: dict[str, bytes] = {}
    notes: list[str] = []
    for kind in FORMATS:
        try:
            data = await export(app.workers, artifact.document, artifact.title, kind, files=files)
            made[f"{slug(artifact.title)}.{kind}"] = data
        except DocumentError as error:
            notes.append(f"No {kind.upper()}: {error}")
    return made, tuple(notes)


def _listed(folder: Path) -> set[str]:
    """The names that this mission wrote there before."""
    account = folder / ACCOUNT
    if not account.exists():
        return set()
    return set(json.loads(account.read_text(encoding="utf-8")).get("written", ()))


def _put_all(folder: Path, files: Mapping[str, bytes], mine: set[str]) -> list[str]:
    names: list[str] = []
    for wanted, data in files.items():
        name = _free(folder, wanted, {*names}, mine)
        _put(folder / name, data)
        names.append(name)
    return names


def _free(folder: Path, name: str, taken: set[str], mine: set[str]) -> str:
    """The name, with a number when somebody else's file has it."""
    stem, end, number = Path(name).stem, Path(name).suffix, 1
    while name == ACCOUNT or name in taken or (name not in mine and (folder / name).exists()):
        number += 1
        name = f"{stem}-{number}{end}"
    return name


def _put(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=".draft-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(draft).chmod(0o644)
        Path(draft).replace(path)
    finally:
        Path(draft).unlink(missing_ok=True)


def slug(title: str) -> str:
    """A title as a file name.

    >>> slug("Which region? — South!")
    'which-region-south'
    """
    return re.sub(r"[^\w-]+", "-", title.lower()).strip("-")[:60].strip("-") or "artifact"
