"""Installing the app in a workspace: Bolt's OAuth flow over our own table and a sealed state."""

from datetime import UTC, datetime
from logging import Logger
from urllib.parse import urljoin

from cryptography.fernet import Fernet, InvalidToken
from slack_bolt.error import BoltError
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.oauth.installation_store import Installation
from slack_sdk.oauth.installation_store.async_installation_store import AsyncInstallationStore
from slack_sdk.oauth.state_store.async_state_store import AsyncOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.slack.installs import Installs, who
from bot.settings import Settings
from handlers.slack.app import silent
from handlers.slack.manifest import scopes

INSTALL, REDIRECT = "/slack/install", "/slack/oauth_redirect"
STATE_SECONDS = 600


def flow(settings: Settings, installs: Installs, base_url: str) -> AsyncOAuthFlow:
    """The flow of an app with a client id, a client secret and a public address."""
    secret = settings.slack_client_secret
    public = settings.public_url.rstrip("/")
    made = AsyncOAuthSettings(
        client_id=settings.slack_client_id,
        client_secret=secret.get_secret_value() if secret else "",
        scopes=scopes(), user_scopes=[],
        redirect_uri=f"{public}{REDIRECT}" if public else None,
        install_path=INSTALL, redirect_uri_path=REDIRECT,
        authorization_url=urljoin(base_url, "../oauth/v2/authorize"),
        installation_store=Kept(installs, base_url), state_store=Sealed(installs),
        state_expiration_seconds=STATE_SECONDS, logger=silent(),
    )  # fmt: skip
    return AsyncOAuthFlow(settings=made, client=AsyncWebClient(base_url=base_url), logger=silent())


class Kept(AsyncInstallationStore):
    """Bolt's flow saves here; what is read goes through `Installs` itself."""

    def __init__(self, installs: Installs, base_url: str) -> None:
        self._installs = installs
        self._base_url = base_url

    @property
    def logger(self) -> Logger:
        return silent()

    async def async_save(self, installation: Installation) -> None:
        """Keep a workspace, or an organisation as a whole. Raises BoltError without a bot token."""
        token, whole = installation.bot_token, installation.is_enterprise_install
        holder = installation.enterprise_id if whole else installation.team_id
        if not token or not holder:
            raise BoltError("Slack gave no bot token.")
        made = await who(token, self._base_url)
        name = (installation.enterprise_name if whole else installation.team_name) or made.name
        ends = installation.bot_token_expires_at
        await self._installs.save(
            made.model_copy(update={"team": holder, "name": name}), token,
            refresh=installation.bot_refresh_token or "",
            ends_at=datetime.fromtimestamp(ends, UTC) if ends else None,
        )  # fmt: skip


class Sealed(AsyncOAuthStateStore):
    """States that carry their own proof and time; Bolt also holds them against a cookie."""

    def __init__(self, installs: Installs) -> None:
        self._box: Fernet = installs.box

    @property
    def logger(self) -> Logger:
        return silent()

    async def async_issue(self, *args: object, **kwargs: object) -> str:
        return self._box.encrypt(b"slack install").decode()

    async def async_consume(self, state: str) -> bool:
        try:
            return self._box.decrypt(state.encode(), ttl=STATE_SECONDS) == b"slack install"
        except InvalidToken:
            return False
