"""The browser chat's own memory: what Slack keeps for Slack, `web_messages` keeps here."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, func, insert, select, update

from bot.cards import Card, CardFile
from bot.store import tables as t
from bot.store.store import Store

PLACE = "web:local:"
_C = t.web_messages.c


class Told(NamedTuple):
    """One message as it stands. `card` is None for words: a person's, or the bot's reply."""

    id: int
    changed: datetime
    version: int
    card: Card | None = None
    text: str = ""
    files: tuple[CardFile, ...] = ()
    bot: bool = False


class Messages:
    """Reads and writes messages. Raises StoreDown when the database cannot take it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    # -- cards ---------------------------------------------------------------------------------

    async def add(self, place: str, mission: str, slot: str, version: int, card: Card) -> int:
        """A new message with a card; gives its number."""
        body = {"card": card.model_dump(mode="json")}
        return await self._add(
            place=place, author="bot", mission=mission, slot=slot, version=version, body=body
        )

    async def change(self, number: int, version: int, card: Card) -> bool:
        """Show this card there, unless a newer one is there already. False when nothing is."""
        body = {"card": card.model_dump(mode="json")}
        async with self._store.begin() as tx:
            newest = and_(_C.id == number, _C.version <= version)
            done = await tx.conn.execute(
                update(t.web_messages)
                .where(newest)
                .values(version=version, body=body, edited_at=tx.now)
            )
            if done.rowcount:
                return True
            found = await tx.conn.execute(select(_C.id).where(_C.id == number))
            return found.first() is not None

    async def find(self, place: str, mission: str, slot: str) -> int | None:
        """The newest message of a mission's slot."""
        query = select(func.max(_C.id)).where(
            _C.place == place, _C.mission == mission, _C.slot == slot
        )
        async with self._store.reading() as conn:
            return (await conn.execute(query)).scalar_one_or_none()

    # -- words ---------------------------------------------------------------------------------

    async def say(
        self, place: str, key: str, mission: str, text: str, files: Sequence[CardFile]
    ) -> None:
        """Keep what a person wrote; the same key changes nothing."""
        body = {"text": text, "files": [f.model_dump(mode="json") for f in files]}
        await self._once(place, "person", mission, f"said:{key}", body)

    async def reply(self, place: str, key: str, mission: str, text: str) -> None:
        """Keep what the bot said to words of this key; the same key changes nothing."""
        await self._once(place, "bot", mission, f"reply:{key}", {"text": text})

    async def _once(
        self, place: str, author: str, mission: str, slot: str, body: Mapping[str, Any]
    ) -> None:
        async with self._store.begin() as tx:
            seen = await tx.conn.execute(select(_C.id).where(_C.place == place, _C.slot == slot))
            if seen.first() is not None:
                return
            await tx.conn.execute(
                insert(t.web_messages).values(
                    place=place, author=author, mission=mission, slot=slot, body=body, at=tx.now
                )
            )

    # -- reading -------------------------------------------------------------------------------

    async def of(self, place: str, since: datetime | None = None) -> tuple[Told, ...]:
        """The messages of a place in order; with `since`, those that changed from then on."""
        where: ColumnElement[bool] = _C.place == place
        if since is not None:
            where = and_(where, func.coalesce(_C.edited_at, _C.at) >= since)
        query = select(t.web_messages).where(where).order_by(_C.id)
        async with self._store.reading() as conn:
            return tuple(_told(row) for row in (await conn.execute(query)).mappings())

    async def fresh_place(self) -> str:
        """A place that no message and no mission uses yet."""
        places = select(_C.place).union(select(t.missions.c.place)).subquery()
        query = select(places.c.place).where(places.c.place.like(f"{PLACE}%"))
        async with self._store.reading() as conn:
            ends = [row[0].removeprefix(PLACE) for row in await conn.execute(query)]
        return f"{PLACE}{max((int(n) for n in ends if n.isdecimal()), default=0) + 1}"

    async def asking(self, workspace: str) -> tuple[str, ...]:
        """The missions in which a question is open, whatever else they do."""
        query = (
            select(t.gates.c.mission)
            .join(t.missions, t.missions.c.id == t.gates.c.mission)
            .where(t.missions.c.workspace == workspace, t.gates.c.closed_at.is_(None))
            .distinct()
        )
        async with self._store.reading() as conn:
            return tuple(row[0] for row in await conn.execute(query))

    async def shows_file(self, sha256: str, name: str) -> bool:
        """True when a mission owns this file under this name."""
        owners = t.file_owners.c
        mine = and_(owners.sha256 == sha256, owners.name == name)
        query = select(owners.sha256).where(mine)
        async with self._store.reading() as conn:
            return (await conn.execute(query.limit(1))).first() is not None

    async def _add(self, **values: Any) -> int:
        async with self._store.begin() as tx:
            row = insert(t.web_messages).values(at=tx.now, **values)
            return int((await tx.conn.execute(row.returning(t.web_messages.c.id))).scalar_one())


def _told(row: Mapping[Any, Any]) -> Told:
    body = row["body"]
    changed = row["edited_at"] or row["at"]
    if "card" in body:
        card = Card.model_validate(body["card"])
        return Told(row["id"], changed, row["version"], card=card)
    files = tuple(CardFile.model_validate(f) for f in body.get("files", ()))
    text, bot = str(body.get("text", "")), row["author"] == "bot"
    return Told(row["id"], changed, row["version"], text=text, files=files, bot=bot)
