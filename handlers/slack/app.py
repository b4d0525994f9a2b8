"""The Bolt app: one construction for Socket Mode, HTTP and tests."""

import logging
from typing import Any, cast

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.authorization.async_authorize import AsyncAuthorize
from slack_sdk.web.async_client import AsyncWebClient

from handlers.slack.face import Face
from handlers.slack.listeners import listen


class Authorize(AsyncAuthorize):
    """Who the bot is in a workspace, from memory: nothing is asked before an event is acknowledged.

    None for a workspace without the app, by itself or through its organisation; then nothing is
    done for it. Bolt's client gets no token: it is not used.
    """

    def __init__(self, face: Face) -> None:
        self._installs = face.installs

    async def __call__(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, *, enterprise_id: str | None, team_id: str | None, user_id: str | None, **_: Any
    ) -> AuthorizeResult | None:
        try:
            found = await self._installs.of(team_id or "", enterprise_id or "")
        except LookupError:
            return None
        return AuthorizeResult(
            enterprise_id=enterprise_id, team_id=found.team, bot_user_id=found.bot_user,
            bot_id=found.bot_id, user_id=user_id,
        )  # fmt: skip


def create(face: Face, *, signing_secret: str = "") -> AsyncApp:
    """The app with all listeners. `signing_secret` is for HTTP mode.

    Listeners run before the answer, so that what fails is not acknowledged. Bolt's own client asks
    nothing: all calls go through `Calls`, which counts them and repeats none.
    """
    app = AsyncApp(
        name="concertmaster", logger=silent(), authorize=cast("Any", Authorize(face)),
        client=AsyncWebClient(base_url=face.calls.base_url, retry_handlers=[]),
        signing_secret=signing_secret, process_before_response=True,
    )  # fmt: skip
    listen(app, face)
    return app


def silent() -> logging.Logger:
    """Bolt logs bodies, which hold what people wrote, and codes that install: nothing of it."""
    logger = logging.getLogger("concertmaster.slack")
    logger.setLevel(logging.CRITICAL)
    return logger
