"""Where the app is installed, with its tokens: one workspace from the settings, or many by OAuth.

Tokens are encrypted in the `installations` table. What is known of a workspace is kept in memory,
so that nothing is asked before an event is acknowledged.
"""

import asyncio
import base64
import hashlib
import json
from typing import Any

import structlog
from cryptography.fernet import Fernet, InvalidToken
from slack_sdk.web.async_client import AsyncWebClient
from sqlalchemy import delete, select

from bot.chat.slack.place import PLATFORM, workspace_of
from bot.domain.base import Frozen
from bot.store import tables as t
from bot.store.store import Store

log = structlog.get_logger(__name__)


class Installed(Frozen):
    """One workspace and the bot in it. `scopes` are what the token may do, () when unknown."""

    team: str
    bot_user: str
    bot_id: str
    name: str = ""
    scopes: tuple[str, ...] = ()


class Installs:
    """Tokens and bots by team. `single` is the token of the one workspace, "" with OAuth only."""

    def __init__(self, store: Store, key: str, *, single: str = "", base_url: str) -> None:
        self._store = store
        self.box = Fernet(base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()))
        self._single = single
        self._base_url = base_url
        self._known: dict[str, tuple[Installed, str]] = {}
        self._asking = asyncio.Lock()
        self._asked = False

    async def token(self, team: str) -> str:
        """The bot token of a team. Raises LookupError, StoreDown."""
        return (await self._find(team))[1]

    async def of(self, team: str) -> Installed:
        """The bot of a team. Raises LookupError, StoreDown."""
        return (await self._find(team))[0]

    async def _find(self, team: str) -> tuple[Installed, str]:
        found = self._known.get(team) or await self._stored(team) or await self._own(team)
        if found is None:
            raise LookupError(team)
        self._known[team] = found
        return found

    async def teams(self) -> tuple[str, ...]:
        """Every team that is served. Raises StoreDown."""
        await self._own("")
        query = select(t.installations.c.workspace).where(t.installations.c.platform == PLATFORM)
        async with self._store.reading() as conn:
            rows = [str(row[0]).partition(":")[2] for row in await conn.execute(query)]
        return tuple(dict.fromkeys([*rows, *self._known]))

    # -- the one of the settings ---------------------------------------------------------------

    async def _own(self, team: str) -> tuple[Installed, str] | None:
        """The workspace of the token in the settings, asked for once."""
        if not self._single:
            return None
        async with self._asking:
            if not self._asked:
                made = await who(self._single, self._base_url)
                self._known[made.team] = (made, self._single)
                self._asked = True
        return self._known.get(team)

    # -- those of OAuth ------------------------------------------------------------------------

    async def save(self, installed: Installed, token: str) -> None:
        """Keep an installation; a new one replaces the old."""
        secret = self.box.encrypt(token.encode()).decode()
        row: dict[str, Any] = {
            "platform": PLATFORM, "workspace": workspace_of(installed.team), "secret": secret,
            "body": installed.model_dump(mode="json"),
        }  # fmt: skip
        async with self._store.begin() as tx:
            await tx.conn.execute(delete(t.installations).where(_is(installed.team)))
            await tx.conn.execute(t.installations.insert().values(**row, at=tx.now))
        self._known[installed.team] = (installed, token)

    async def remove(self, team: str) -> None:
        """Forget a workspace: it removed the app, or took its token back."""
        async with self._store.begin() as tx:
            await tx.conn.execute(delete(t.installations).where(_is(team)))
        self._known.pop(team, None)
        log.warning("slack_uninstalled", team=team)

    async def _stored(self, team: str) -> tuple[Installed, str] | None:
        query = select(t.installations.c.secret, t.installations.c.body).where(_is(team))
        async with self._store.reading() as conn:
            row = (await conn.execute(query)).first()
        if row is None:
            return None
        try:
            token = self.box.decrypt(row.secret.encode()).decode()
        except InvalidToken:
            log.error("slack_token_unreadable", team=team, mend="SECRET_KEY changed: reinstall")
            return None
        body = json.loads(row.body) if isinstance(row.body, str) else row.body
        return Installed.model_validate(body), token


async def who(token: str, base_url: str) -> Installed:
    """The bot that a token belongs to. Raises what the SDK raises."""
    client: Any = AsyncWebClient(token=token, base_url=base_url)
    said: Any = await client.auth_test()
    granted = str(said.headers.get("x-oauth-scopes") or said.headers.get("X-OAuth-Scopes") or "")
    scopes = tuple(filter(None, granted.replace(" ", "").split(",")))
    return Installed(
        team=said["team_id"], bot_user=said["user_id"], bot_id=said.get("bot_id") or "",
        name=said.get("team") or "", scopes=scopes,
    )  # fmt: skip


def _is(team: str) -> Any:
    c = t.installations.c
    return (c.platform == PLATFORM) & (c.workspace == workspace_of(team))
