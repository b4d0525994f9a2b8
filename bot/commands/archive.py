"""The archive of a backup, one .tar.gz, the same for both databases.

manifest.json          what this is, the schema it was written under, and when
tables/<name>.jsonl    one row a line, every table from one consistent snapshot
files/<sha256>         the bytes of every file, named by their hash
contents.json          rows and hash of each table, number of files: written last, so that
                       an archive that was cut off is never taken for a whole one
"""

import hashlib
import io
import json
import tarfile
import tempfile
import zlib
from collections.abc import AsyncGenerator, Generator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any, cast

from pydantic import Field, ValidationError
from sqlalchemy import Column, Table, insert, select, text, tuple_

from bot.domain.base import Frozen, Refused
from bot.ports import Files
from bot.store import tables as t
from bot.store.inline import Conn
from bot.store.migrate import HEAD
from bot.store.store import Store
from bot.store.tx import Tx

FORMAT = 1
BATCH = 200
"""Rows that are read or inserted at once."""
DAMAGED = (tarfile.TarError, EOFError, OSError, zlib.error, ValueError, KeyError)

TABLES: Mapping[str, Table] = {
    name: table for name, table in t.metadata.tables.items() if table is not t.files
}
"""Every table but the one of the blobs, which are files in the archive."""


class Manifest(Frozen):
    """The first member."""

    product: str = "concertmaster"
    format: int = FORMAT
    revision: str = HEAD
    made_at: datetime


class Rows(Frozen):
    """A table in the archive."""

    count: int
    sha256: str


class Contents(Frozen):
    """The last member. `missing` are blobs that a row names and that were not there."""

    tables: dict[str, Rows] = Field(default_factory=dict[str, Rows])
    files: int = 0
    missing: tuple[str, ...] = ()


# -- writing ---------------------------------------------------------------------------------------


async def write(store: Store, files: Files, out: IO[bytes]) -> Contents:
    """Write everything as of one moment. Raises StoreDown or OSError."""
    manifest = Manifest(made_at=store.clock())
    with tarfile.open(fileobj=out, mode="w:gz", compresslevel=6) as tar:
        _add(tar, "manifest.json", manifest.model_dump_json().encode())
        async with _snapshot(store) as conn:
            tables = {n: await _add_table(tar, conn, table) for n, table in TABLES.items()}
            owned = {row[0] for row in await conn.execute(select(t.file_owners.c.sha256))}
        kept = [sha for sha in await files.all() if await _add_file(tar, files, sha)]
        missing = tuple(sorted(owned - set(kept)))
        contents = Contents(tables=tables, files=len(kept), missing=missing)
        _add(tar, "contents.json", contents.model_dump_json().encode())
    return contents


@asynccontextmanager
async def _snapshot(store: Store) -> AsyncGenerator[Conn]:
    """A connection that sees one moment, while others write on."""
    async with store.reading() as conn:
        if not store.sqlite:
            await conn.execution_options(isolation_level="REPEATABLE READ")
        yield conn


async def _add_table(tar: tarfile.TarFile, conn: Conn, table: Table) -> Rows:
    """The rows go to a nameless file first: a tar has the size before the bytes."""
    hashed, count = hashlib.sha256(), 0
    with tempfile.TemporaryFile() as spool:
        async for row in _rows(conn, table):
            line = json.dumps(dict(row), ensure_ascii=False, default=_plain).encode() + b"\n"
            hashed.update(line)
            spool.write(line)
            count += 1
        member = _member(f"tables/{table.name}.jsonl", spool.tell())
        spool.seek(0)
        tar.addfile(member, spool)
    return Rows(count=count, sha256=hashed.hexdigest())


async def _rows(conn: Conn, table: Table) -> AsyncGenerator[Mapping[Any, Any]]:
    """Every row in the order of its key, a batch at a time: a table may be larger than memory."""
    key = [*table.primary_key.columns]
    query = select(table).order_by(*key).limit(BATCH)
    page = query
    while True:
        found = (await conn.execute(page)).mappings().all()
        for row in found:
            yield row
        if len(found) < BATCH:
            return
        page = query.where(tuple_(*key) > tuple_(*(found[-1][c.name] for c in key)))


async def _add_file(tar: tarfile.TarFile, files: Files, sha256: str) -> bool:
    """False when the blob was forgotten in the meantime."""
    try:
        _add(tar, f"files/{sha256}", await files.get(sha256))
    except FileNotFoundError:
        return False
    return True


def _add(tar: tarfile.TarFile, name: str, data: bytes) -> None:
    tar.addfile(_member(name, len(data)), io.BytesIO(data))


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


def _plain(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(type(value).__name__)


# -- reading ---------------------------------------------------------------------------------------


class Archive:
    """An archive on disk. `check` it before anything is taken from it."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def check(self) -> Contents:
        """Read all of it and hold it against its own account. Raises Refused."""
        with self._honest():
            found, kept, said = dict[str, Rows](), 0, None
            for name, data in self._members():
                kind, _, rest = name.partition("/")
                if name == "manifest.json":
                    self._fits(Manifest.model_validate_json(data.read()))
                elif kind == "tables":
                    found[rest.removesuffix(".jsonl")] = _counted(data)
                elif kind == "files":
                    kept += _sound(rest, data)
                elif name == "contents.json":
                    said = Contents.model_validate_json(data.read())
            if said is None or said.tables != found or said.files != kept or {*found} != {*TABLES}:
                raise ValueError("the contents are not what it says")
            return said

    def blobs(self) -> Iterator[bytes]:
        """The files, one after the other."""
        for name, data in self._members():
            if name.startswith("files/"):
                yield data.read()

    def rows(self) -> Iterator[tuple[Table, list[dict[str, Any]]]]:
        """The rows, by table and at most BATCH at once."""
        for name, data in self._members():
            if name.startswith("tables/"):
                table = TABLES[name.removeprefix("tables/").removesuffix(".jsonl")]
                yield from ((table, batch) for batch in _batches(table, data))

    def _members(self) -> Iterator[tuple[str, IO[bytes]]]:
        with tarfile.open(self.path, "r:gz") as tar:
            for member in tar:
                data = tar.extractfile(member)
                if data is None:
                    raise ValueError(f"{member.name} is no file")
                yield member.name, data

    def _fits(self, manifest: Manifest) -> None:
        if (manifest.format, manifest.revision) != (FORMAT, HEAD):
            raise Refused(
                f"{self.path.name} was written by another version (schema {manifest.revision}; "
                f"this one reads {HEAD}). Nothing was restored: restore it with that version, "
                "then upgrade."
            )

    @contextmanager
    def _honest(self) -> Generator[None]:
        try:
            yield
        except (*DAMAGED, ValidationError) as error:
            raise Refused(
                f"{self.path.name} is damaged, or not a backup of Concertmaster. "
                "Nothing was restored: use another copy."
            ) from error


def _counted(data: IO[bytes]) -> Rows:
    hashed, count = hashlib.sha256(), 0
    for line in data:
        hashed.update(line)
        count += 1
    return Rows(count=count, sha256=hashed.hexdigest())


def _sound(name: str, data: IO[bytes]) -> int:
    if hashlib.file_digest(cast("Any", data), "sha256").hexdigest() != name:
        raise ValueError(f"the bytes of {name} are others")
    return 1


def _batches(table: Table, data: IO[bytes]) -> Iterator[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    for line in data:
        batch.append(_typed(table, json.loads(line)))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _typed(table: Table, row: dict[str, Any]) -> dict[str, Any]:
    """The row as the columns take it. Nobody holds a mission that was just restored."""
    made = {name: _value(table.columns[name], value) for name, value in row.items()}
    if table is t.missions:
        made |= {"holder": "", "lease_until": None, "crashes": 0}
    return made


def _value(column: Column[Any], value: Any) -> Any:
    if value is None:
        return None
    if isinstance(column.type, t.Moment):
        return datetime.fromisoformat(value)
    return Decimal(value) if isinstance(column.type, t.Money) else value


# -- restoring -------------------------------------------------------------------------------------


async def read(store: Store, files: Files, archive: Archive) -> int:
    """Put everything back, all or nothing; gives the number of missions. Raises Refused."""
    contents = archive.check()
    await _must_be_empty(store, files)
    put: list[str] = []
    try:
        for data in archive.blobs():
            put.append(await files.put(data))  # noqa: PERF401  the list is what a failure undoes
        async with store.begin() as tx:
            for table, batch in archive.rows():
                await tx.conn.execute(insert(table), batch)
            await _count_on(tx)
    except BaseException:
        for sha256 in put:
            await files.drop(sha256)
        raise
    return contents.tables["missions"].count


async def _must_be_empty(store: Store, files: Files) -> None:
    async with store.reading() as conn:
        full = [n for n, table in TABLES.items() if (await conn.execute(select(table))).first()]
    if full or await files.all():
        raise Refused(
            "There is something here already, and a backup is read into an empty place only: "
            "nothing was changed. Set DATA_DIR (or DATABASE_URL) to a new one and try again."
        )


async def _count_on(tx: Tx) -> None:
    """PostgreSQL counts on from the highest number that was restored."""
    if tx.conn.dialect.name != "postgresql":
        return
    statement = "SELECT setval(pg_get_serial_sequence('web_messages', 'id'), max(id)) FROM web_messages HAVING max(id) > 0"  # noqa: E501
    await tx.conn.execute(text(statement))
