"""Slack's Web API for every workspace: counted before it has to refuse, never repeated by itself.

No token, no text and no file URL gets into a log or an error.
"""

import json
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast
from urllib.parse import urlsplit

import aiohttp
from slack_sdk.errors import SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.chat.slack.answers import Answers
from bot.chat.slack.errors import Refused, explain
from bot.chat.slack.limiter import Limiter, LocalLimiter, Rate
from bot.chat.slack.place import Where
from bot.chat.slack.render import Json
from bot.chat.slack.turns import Turns
from bot.ports import ChatBusy, ChatGone, ChatLost

log = logging.getLogger(__name__)

API = "https://slack.com/api/"
TIMEOUT = 30

Tokens = Callable[[str], Awaitable[str]]
"""Gives a team's bot token. Raises LookupError when the app is not installed there."""

POST = Rate(every=1.0, burst=4)
"""`chat.postMessage`: “one message per second per channel”, and short bursts pass (Slack's rate
limits page)."""
MORE = 4.0
"""Tiers are named “20+”, “50+”, “100+ per minute”: so many times that at most, step by step."""
TIER_2 = Rate(every=3.75, burst=4, most=MORE)
TIER_3 = Rate(every=1.5, burst=10, most=MORE)
TIER_4 = Rate(every=0.75, burst=20, most=MORE)
"""In any first minute at most 20, 50, 100 calls: the burst and what flows after it together."""
DRAFT, DRAFTS = "a card under way", Rate(every=2.0, burst=10)
"""Of our own: a card that is posted before it asks needs an edit to ask, so such posts take half of
what Slack takes in edits; the others are posted when they ask."""
STATUS = Rate(every=0.2, burst=20)
RATES = {
    DRAFT: DRAFTS,
    "canvases.create": TIER_2,
    "assistant.threads.setStatus": STATUS,
    "chat.postMessage": POST,
    "chat.postEphemeral": TIER_4,
    "files.getUploadURLExternal": TIER_4,
    "files.completeUploadExternal": TIER_4,
    "files.info": TIER_4,
    "users.info": TIER_4,
    "views.open": TIER_4,
    "views.publish": TIER_4,
    "conversations.members": TIER_4,
    "usergroups.list": TIER_2,
    "usergroups.users.list": TIER_2,
    "reactions.remove": TIER_2,
}
"""The others are of tier 3."""
PAGES = 5
"""Pages of 200 messages that are read at most, newest first or the whole thread."""
HOOKS = "hooks.slack.com"
"""Where `response_url`s lead."""
SLACK_HOSTS = ("slack.com", "slack-edge.com", "slack-files.com")


class Calls:
    """One for all workspaces. Close it when done. `clock` counts seconds."""

    def __init__(
        self, tokens: Tokens, *, base_url: str = API, limiter: Limiter | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self.tokens = tokens
        self.base_url = base_url
        self.answers = Answers(clock)
        self._limiter = limiter or LocalLimiter()
        self._turns: dict[str, Turns] = {}
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def close(self) -> None:
        self._closed = True
        await self._limiter.close()
        if self._session is not None:
            await self._session.close()

    @property
    def session(self) -> aiohttp.ClientSession:
        """The open connections. Raises ChatBusy at the end of the process: nothing was sent."""
        if self._closed:
            raise ChatBusy(60.0)
        if self._session is None or self._session.closed:
            limits = aiohttp.ClientTimeout(total=TIMEOUT)
            self._session = aiohttp.ClientSession(timeout=limits)
        return self._session

    async def token(self, team: str) -> str:
        """The bot token. Raises ChatGone when the app is not installed there."""
        try:
            return await self.tokens(team)
        except LookupError as error:
            raise ChatGone(f"not installed in {team}") from error

    async def client(self, team: str) -> AsyncWebClient:
        """The SDK for a team. Raises ChatGone when the app is not installed there.

        It never repeats a call by itself: the SDK's own handler would post twice when the answer
        of the first is lost.
        """
        return AsyncWebClient(
            token=await self.token(team), base_url=self.base_url, session=self.session,
            retry_handlers=[],
        )  # fmt: skip

    # -- asking --------------------------------------------------------------------------------

    async def ask(self, where: Where, method: str, *, spare: int = 0, **args: Any) -> Json:
        """Count a call, make it, and give what Slack answers. Raises ChatError."""
        await self.count(where, method, spare)
        return await self.send(where, method, **args)

    async def count(self, where: Where, method: str, spare: int = 0) -> None:
        """Count a call. Raises ChatBusy when Slack's limit would be passed."""
        wait = await self._limiter.take(_key(where, method), _rate(method), spare)
        if wait > 0:
            raise ChatBusy(wait)

    async def turn(
        self, where: Where, method: str, who: str, *, urgent: bool, spare: int = 0
    ) -> None:
        """Count a call in the turn of `who`. Raises ChatBusy with the seconds until it may be.

        What is urgent goes first, and may use the `spare` places; then who has waited longest.
        """
        key, rate = _key(where, method), _rate(method)
        wait = rate.every
        if self._queue(key, rate).may_try(who, urgent=urgent):
            wait = await self._limiter.take(key, rate, 0 if urgent else spare)
        if wait > 0:
            raise ChatBusy(self._queue(key, rate).join(who, urgent=urgent, soonest=wait))
        self.leave(where, method, who)

    def waiting(self, where: Where, method: str) -> int:
        """How many wait for their turn."""
        found = self._turns.get(_key(where, method))
        return len(found) if found else 0

    def _queue(self, key: str, rate: Rate) -> Turns:
        return self._turns.setdefault(key, Turns(rate.every, self._clock))

    def leave(self, where: Where, method: str, who: str) -> None:
        """No longer wait for a turn."""
        key = _key(where, method)
        if (turns := self._turns.get(key)) is not None:
            turns.leave(who)
            if not len(turns):
                del self._turns[key]

    async def send(self, where: Where, method: str, **args: Any) -> Json:
        """Make a call that was counted; a 429 holds all callers of the method back."""
        client: Any = await self.client(where.team)
        call = getattr(client, method.replace(".", "_"))
        try:
            return cast("Json", (await call(**args)).data)
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            said = explain(error)
        if isinstance(said, ChatBusy):
            await self._limiter.hold(_key(where, method), _rate(method), said.seconds)
        raise said

    # -- reading -------------------------------------------------------------------------------

    async def messages(
        self, where: Where, *, oldest: str = "", pages: int = PAGES
    ) -> AsyncIterator[Json]:
        """The messages of a thread, or the newest of a channel, with their metadata."""
        cursor = ""
        for _ in range(pages):
            page = await self._page(where, oldest, cursor)
            for message in cast("list[Json]", page.get("messages", [])):
                yield message
            inner = cast("Json", page.get("response_metadata") or {})
            cursor = str(inner.get("next_cursor") or "")
            if not cursor:
                return

    async def _page(self, where: Where, oldest: str, cursor: str) -> Json:
        args: Json = {
            "channel": where.channel, "limit": 200, "include_all_metadata": True,
            "cursor": cursor or None, "oldest": oldest or None,
        }  # fmt: skip
        if where.thread:
            return await self.ask(where, "conversations.replies", ts=where.thread, **args)
        return await self.ask(where, "conversations.history", **args)

    # -- bytes ---------------------------------------------------------------------------------

    async def put(self, url: str, data: bytes) -> None:
        """Bring bytes to an upload URL. Raises ChatBusy: nobody sees them before the completion."""
        try:
            async with self.session.post(url, data=data) as answer:
                if answer.status != 200:
                    raise ChatBusy(5.0) if answer.status >= 500 else Refused("upload_failed")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ChatBusy(5.0) from error

    async def fetch(self, team: str, url: str, most: int) -> bytes:
        """A file of Slack, at most `most` bytes. The token goes to Slack's own hosts only.

        Raises ChatError: Refused `not_slack`, `too_large` or `no_access`; else it may work later.
        """
        if not self._of_slack(url):
            raise Refused("not_slack")
        headers = {"Authorization": f"Bearer {await self.token(team)}"}
        try:
            async with self.session.get(url, headers=headers, allow_redirects=False) as answer:
                return await _bytes(answer, url, most)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise ChatLost(f"a file did not come: {type(error).__name__}") from None

    def _of_slack(self, url: str) -> bool:
        parts, own = urlsplit(url), urlsplit(self.base_url)
        if parts[:2] == own[:2]:
            return True
        host = (parts.hostname or "").lower()
        known = any(host == name or host.endswith(f".{name}") for name in SLACK_HOSTS)
        return parts.scheme == "https" and known

    # -- response_urls -------------------------------------------------------------------------

    async def respond(self, url: str, body: Json) -> bool:
        """Answer privately by a `response_url`; False when Slack does not take it any more."""
        self.answers.used(url)
        return await self._answered(url, body)

    async def replace(self, ref: str, body: Json) -> bool:
        """Change a clicked message by the `response_url` of its click; False when it cannot be.

        A refused url is not tried again. An answer that was lost counts as refused: to show the
        same once more changes nothing.
        """
        url = self.answers.take(ref)
        if await self._answered(url, {"replace_original": True, **body}):
            return True
        self.answers.drop(url)
        return False

    async def _answered(self, url: str, body: Json) -> bool:
        """True when Slack took it. Where it is not Slack that listens, nothing is sent."""
        if not self._answers_here(url):
            return False
        try:
            async with self.session.post(url, json=body, allow_redirects=False) as answer:
                return answer.status == 200 and _took(await answer.text())
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            log.info("slack did not answer a click: %s", type(error).__name__)
            return False

    def _answers_here(self, url: str) -> bool:
        """Slack's own `hooks.` host, or the configured base's."""
        parts, own = urlsplit(url), urlsplit(self.base_url)
        hooks = parts.scheme == "https" and parts.netloc in (HOOKS, f"hooks.{own.netloc}")
        return hooks or (bool(own.netloc) and parts[:2] == own[:2])


def _took(text: str) -> bool:
    """A `response_url` answers `ok`, or JSON that says so; a refusal may come with status 200."""
    try:
        said: Any = json.loads(text)
    except ValueError:
        return text.strip() == "ok"
    return isinstance(said, dict) and cast("Json", said).get("ok") is True


async def _bytes(answer: aiohttp.ClientResponse, url: str, most: int) -> bytes:
    """The body. Slack shows who may not read a file its sign-in page, with status 200."""
    if answer.status >= 500 or answer.status == 429:
        raise ChatLost(f"a file did not come: {answer.status}")
    page = answer.content_type == "text/html" and not urlsplit(url).path.endswith((".html", ".htm"))
    if answer.status != 200 or page:
        raise Refused("no_access")
    data = bytearray()
    async for part in answer.content.iter_chunked(64 * 1024):
        data += part
        if len(data) > most:
            raise Refused("too_large")
    return bytes(data)


def _rate(method: str) -> Rate:
    return RATES.get(method, TIER_3)


def _key(where: Where, method: str) -> str:
    channel = where.channel if method == "chat.postMessage" else ""
    return ":".join((where.team, method, channel))
