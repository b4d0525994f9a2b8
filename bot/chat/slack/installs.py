"""Where the app is installed: one workspace from the settings, or many by OAuth.

What is known of a workspace is kept in memory, so that nothing is asked before an event is
acknowledged. A workspace whose organisation has the app as a whole is served with that token.
Tokens that end are renewed before they do.
"""

import asyncio
import time
from datetime import datetime, timedelta
from typing import Any

import structlog
from slack_sdk.errors import SlackTokenRotationError
from slack_sdk.oauth.installation_store import Bot
from slack_sdk.oauth.token_rotation.async_rotator import AsyncTokenRotator
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.slack.errors import Refused, explain
from bot.chat.slack.register import Grant, Installed, Register
from bot.ports import ChatBusy, ChatError, ChatGone
from bot.store.store import Store, StoreDown

log = structlog.get_logger(__name__)

RENEW = timedelta(hours=2)
"""A token is renewed so long before it ends; Slack's are good for twelve hours."""
MARGIN = timedelta(minutes=2)
"""A token that ends sooner is not used any more: the clocks may differ, and calls take time."""
AGAIN = 60.0
"""Seconds between two tries while the old token is good."""
WRITES = 50
"""How often a new token is written, a second apart, when the database does not take it."""
TURN = 2.0
"""Seconds to wait for another process that renews a token which has ended."""


class Installs:
    """Tokens and bots by team. `single` is the token of the one workspace, "" with OAuth only.

    `client` is the app's id and secret, with which tokens are renewed. Close it when done.
    """

    def __init__(
        self, store: Store, key: str, *, single: str = "", base_url: str,
        client: tuple[str, str] = ("", ""),
    ) -> None:  # fmt: skip
        self._clock = store.clock
        self._register = Register(store, key)
        self.box = self._register.box
        self._single = single
        self._base_url = base_url
        self._client = client
        self._known: dict[str, tuple[Installed, Grant]] = {}
        self._asking = asyncio.Lock()
        self._asked = False
        self._renewing: dict[str, asyncio.Task[Grant]] = {}
        self._not_before: dict[str, float] = {}
        self._over: dict[str, str] = {}

    async def close(self) -> None:
        """Let a renewal under way end: half done, it would cost the installation."""
        await asyncio.gather(*self._renewing.values(), return_exceptions=True)

    async def of(self, team: str, organisation: str = "") -> Installed:
        """The bot of a team; where it has none of its own, its organisation's.

        Raises LookupError, StoreDown.
        """
        try:
            return (await self._served(team))[0]
        except LookupError:
            if organisation in ("", team):
                raise
        whole, _ = await self._find(organisation)
        return await self._link(team, whole) if team else whole

    async def _link(self, team: str, whole: Installed) -> Installed:
        """Keep that a workspace is served by its organisation: it is asked for without an event."""
        made = whole.model_copy(update={"team": team, "organisation": whole.team})
        await self._register.link(made)
        return made

    async def _served(self, team: str) -> tuple[Installed, Grant]:
        """What a workspace has, by itself or from its organisation. Raises LookupError."""
        made, grant = await self._find(team)
        if not made.organisation:
            return made, grant
        whole, grant = await self._find(made.organisation)
        return whole.model_copy(update={"team": team, "organisation": whole.team}), grant

    async def _find(self, team: str) -> tuple[Installed, Grant]:
        found = self._known.get(team) or await self._register.load(team) or await self._own(team)
        if found is None:
            raise LookupError(team)
        self._known[team] = found
        return found

    async def teams(self) -> tuple[str, ...]:
        """Every workspace that is served, as far as it was heard of. Raises StoreDown."""
        await self._own("")
        found = (*await self._register.teams(), *self._known)
        return tuple(dict.fromkeys(team for team in found if not team.startswith("E")))

    # -- the one of the settings ---------------------------------------------------------------

    async def _own(self, team: str) -> tuple[Installed, Grant] | None:
        """The workspace of the token in the settings, asked for once."""
        if not self._single:
            return None
        async with self._asking:
            if not self._asked:
                made = await who(self._single, self._base_url)
                self._known[made.team] = (made, Grant(token=self._single))
                self._asked = True
        return self._known.get(team)

    # -- those of OAuth ------------------------------------------------------------------------

    async def save(
        self, installed: Installed, token: str, *, refresh: str = "",
        ends_at: datetime | None = None,
    ) -> None:  # fmt: skip
        """Keep an installation; a new one replaces the old. `refresh` renews what `ends_at`."""
        grant = Grant(token=token, refresh=refresh, ends_at=ends_at)
        await self._register.save(installed, grant)
        self._known[installed.team] = (installed, grant)

    async def remove(self, team: str) -> None:
        """Forget a workspace, or an organisation: it removed the app, or took its token back."""
        await self._register.remove(team)
        served = [k for k, (made, _) in self._known.items() if team in (k, made.organisation)]
        for gone in served:
            self._known.pop(gone)
        log.warning("slack_uninstalled", team=team)

    # -- tokens --------------------------------------------------------------------------------

    async def token(self, team: str) -> str:
        """The bot token of a team.

        Raises LookupError, StoreDown, and ChatBusy when it has ended and the next is not there yet.
        """
        made, grant = await self._served(team)
        holder = made.organisation or team
        if not self._ends_within(grant, RENEW):
            return grant.token
        if self._ends_within(grant, MARGIN):
            return (await asyncio.shield(self._renew(holder))).token
        now = asyncio.get_running_loop().time()
        if now >= self._not_before.get(holder, 0.0):
            self._not_before[holder] = now + AGAIN
            self._renew(holder)
        return grant.token

    def _ends_within(self, grant: Grant, span: timedelta) -> bool:
        return grant.ends_at is not None and grant.ends_at - self._clock() < span

    def _renew(self, team: str) -> asyncio.Task[Grant]:
        """The renewal under way. Nobody who waits for it can break it off: half done is lost."""
        task = self._renewing.get(team)
        if task is None:
            task = asyncio.create_task(self._renewed(team), name="slack token")
            self._renewing[team] = task
            task.add_done_callback(lambda done: self._ended(team, done))
        return task

    def _ended(self, team: str, task: asyncio.Task[Grant]) -> None:
        del self._renewing[team]
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, LookupError | ChatBusy):
            log.warning("slack_token_not_renewed", team=team, error=type(error).__name__)

    async def _renewed(self, team: str) -> Grant:
        """The grant after its renewal, by this process or another. Raises LookupError, ChatError.

        A refresh token can be used once: who uses it has claimed it first.
        """
        installed, grant = await self._read_again(team)
        if not self._ends_within(grant, RENEW):
            return grant
        if self._over.get(team) == grant.refresh:
            raise LookupError(team)
        if not await self._register.claim(team, grant):
            raise ChatBusy(TURN)
        try:
            new = await self._ask(installed, grant)
        except (ChatError, LookupError):
            await self._register.release(team)
            raise
        self._known[team] = (installed, new)
        await self._write(team, new)
        return new

    async def _write(self, team: str, grant: Grant) -> None:
        """Keep a new grant, also when the database is away for a moment: there is no other."""
        for _ in range(WRITES):
            try:
                await self._register.renew(team, grant)
            except StoreDown:
                await asyncio.sleep(1.0)
            else:
                return
        log.error("slack_token_not_kept", team=team, mend="install the app again after a restart")

    async def _read_again(self, team: str) -> tuple[Installed, Grant]:
        self._known.pop(team, None)
        return await self._find(team)

    async def _ask(self, installed: Installed, grant: Grant) -> Grant:
        """A new token from Slack. Raises ChatBusy, ChatLost; LookupError when that is over."""
        bot = Bot(
            team_id=installed.team, bot_token=grant.token, bot_id=installed.bot_id,
            bot_user_id=installed.bot_user, bot_refresh_token=grant.refresh,
            bot_token_expires_at=0, installed_at=0.0,
        )  # fmt: skip
        id, secret = self._client
        web = AsyncWebClient(base_url=self._base_url, retry_handlers=[])
        rotator = AsyncTokenRotator(client_id=id, client_secret=secret, client=web)
        try:
            made = await rotator.perform_bot_token_rotation(bot=bot)
        except SlackTokenRotationError as error:
            said = explain(error.api_error)
        except Exception as error:  # noqa: BLE001  the SDK lets aiohttp's and the system's through
            said = explain(error)
        else:
            if made is None or not made.bot_token_expires_at:
                raise LookupError(installed.team)
            life = timedelta(seconds=made.bot_token_expires_at - time.time())
            ends = self._clock() + life
            return Grant(token=made.bot_token, refresh=made.bot_refresh_token or "", ends_at=ends)
        if isinstance(said, Refused | ChatGone):
            mend = "install the app again; check SLACK_CLIENT_ID and SLACK_CLIENT_SECRET"
            log.error("slack_token_refused", team=installed.team, error=str(said), mend=mend)
            self._over[installed.team] = grant.refresh
            raise LookupError(installed.team)
        raise said


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
