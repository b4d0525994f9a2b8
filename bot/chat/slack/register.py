"""The `installations` table: who installed the app, with tokens that are encrypted at rest."""

import base64
import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

import structlog
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import delete, or_, select, update

from bot.chat.slack.place import PLATFORM, workspace_of
from bot.domain.base import Frozen
from bot.store import tables as t
from bot.store.statements import once
from bot.store.store import Store

log = structlog.get_logger(__name__)

CLAIM = timedelta(seconds=60)
"""How long one process has a renewal for itself: longer than its call may take."""


class Installed(Frozen):
    """One workspace and the bot in it. `scopes` are what the token may do, () when unknown.

    `team` is the id of an organisation that has the app as a whole. `organisation` names the one
    whose token serves this workspace, "" when it has its own.
    """

    team: str
    bot_user: str
    bot_id: str
    name: str = ""
    scopes: tuple[str, ...] = ()
    organisation: str = ""


class Grant(Frozen):
    """A bot token. One that is good until `ends_at` has a `refresh` token, to be used once."""

    token: str = ""
    refresh: str = ""
    ends_at: datetime | None = None


class Register:
    """Rows by team. All methods raise StoreDown."""

    def __init__(self, store: Store, key: str) -> None:
        self._store = store
        self.box = Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))

    async def teams(self) -> tuple[str, ...]:
        """Everything that has a row, organisations too."""
        query = select(t.installations.c.workspace).where(t.installations.c.platform == PLATFORM)
        async with self._store.reading() as conn:
            return tuple(str(row[0]).partition(":")[2] for row in await conn.execute(query))

    async def load(self, team: str) -> tuple[Installed, Grant] | None:
        """What is kept of a team; None also when its token cannot be read any more."""
        async with self._store.reading() as conn:
            found = await conn.execute(select(t.installations).where(_is(team)))
            row = found.mappings().first()
        if row is None:
            return None
        try:
            secret: dict[str, str] = json.loads(self.box.decrypt(row["secret"].encode()))
        except InvalidToken:
            log.error("slack_token_unreadable", team=team, mend="SECRET_KEY changed: reinstall")
            return None
        return Installed.model_validate(row["body"]), Grant(**secret, ends_at=row["ends_at"])

    async def save(self, installed: Installed, grant: Grant) -> None:
        """Keep an installation; a new one replaces the old."""
        async with self._store.begin() as tx:
            await tx.conn.execute(delete(t.installations).where(_is(installed.team)))
            row = self._row(installed, grant)
            await tx.conn.execute(t.installations.insert().values(**row, at=tx.now))

    async def link(self, installed: Installed) -> None:
        """Keep that a workspace is served by its organisation, unless it has a row by now."""
        async with self._store.begin() as tx:
            row = {**self._row(installed, Grant()), "at": tx.now}
            await tx.conn.execute(once(tx.conn.dialect.name, t.installations), row)

    async def remove(self, team: str) -> None:
        """Forget a workspace, or an organisation with all its workspaces."""
        below = t.installations.c.body["organisation"].as_string() == team
        here = t.installations.c.platform == PLATFORM
        async with self._store.begin() as tx:
            await tx.conn.execute(delete(t.installations).where(or_(_is(team), here & below)))

    # -- renewing ------------------------------------------------------------------------------

    async def claim(self, team: str, grant: Grant) -> bool:
        """Have the renewal of this grant for oneself. False when another process has it."""
        c = t.installations.c
        now = self._store.clock()
        free = or_(c.claimed_until.is_(None), c.claimed_until < now)
        mine = _is(team) & (c.ends_at == grant.ends_at) & free
        async with self._store.begin() as tx:
            values = {"claimed_until": now + CLAIM}
            done = await tx.conn.execute(update(t.installations).where(mine).values(**values))
            return done.rowcount == 1

    async def release(self, team: str) -> None:
        """Let others try."""
        async with self._store.begin() as tx:
            values = {"claimed_until": None}
            await tx.conn.execute(update(t.installations).where(_is(team)).values(**values))

    async def renew(self, team: str, grant: Grant) -> None:
        """Put a new grant in the place of the one that was claimed."""
        values = {**self._sealed(grant), "claimed_until": None}
        async with self._store.begin() as tx:
            await tx.conn.execute(update(t.installations).where(_is(team)).values(**values))

    def _row(self, installed: Installed, grant: Grant) -> dict[str, Any]:
        key = {"platform": PLATFORM, "workspace": workspace_of(installed.team)}
        return {**key, "body": installed.model_dump(mode="json"), **self._sealed(grant)}

    def _sealed(self, grant: Grant) -> dict[str, Any]:
        secret = json.dumps(grant.model_dump(include={"token", "refresh"}))
        return {"secret": self.box.encrypt(secret.encode()).decode(), "ends_at": grant.ends_at}


def _is(team: str) -> Any:
    c = t.installations.c
    return (c.platform == PLATFORM) & (c.workspace == workspace_of(team))
