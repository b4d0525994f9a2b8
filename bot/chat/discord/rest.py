"""The courier's way to Discord: each call is one request, and its answer is said plainly.

discord.py repeats requests by itself, waits inside them and loses a 503; what must not be posted
twice cannot go that way. It is used for everything that people wait for.
"""

import io
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import aiohttp
import discord
from discord.http import Route

from bot.chat.discord.errors import explain, mapping, unanswered
from bot.chat.discord.pace import Pace
from bot.ports import ChatBusy, ChatError

Json = dict[str, Any]

TIMEOUT = 45.0
"""Seconds for one request, uploads included."""
CLOSED = 60.0
"""Seconds to wait when Discord is not served any more."""
AGENT = f"DiscordBot (https://github.com/Rapptz/discord.py, {discord.__version__}) concertmaster"


class Upload(NamedTuple):
    """A file on its way; `name` is what references in the message use."""

    name: str
    data: bytes
    alt: str = ""


class Rest:
    """Requests with the bot's own token. Raises ChatError, and nothing else."""

    def __init__(self, token: str, pace: Pace) -> None:
        self._token = token
        self._pace = pace
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def close(self) -> None:
        """Let go of the connections; whoever asks from now on is told to wait."""
        self._closed = True
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def ask(
        self,
        method: str,
        path: str,
        *,
        body: Json | None = None,
        files: Sequence[Upload] = (),
        query: Mapping[str, str] | None = None,
        **names: str,
    ) -> Any:
        """What Discord answers to one request. `names` fill the path."""
        if self._closed:
            raise ChatBusy(CLOSED)
        bucket = f"{method} {path} {names.get('channel', '')}"
        if (wait := self._pace.take(bucket)) > 0:
            raise ChatBusy(wait)
        url = Route(method, path, **names).url
        try:
            return await self._send(method, url, bucket, _content(body, files), query)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise unanswered(error) from None

    async def _send(
        self, method: str, url: str, bucket: str, content: Json, query: Mapping[str, str] | None
    ) -> Any:
        headers = {"Authorization": f"Bot {self._token}", **content.pop("headers", {})}
        async with self._open().request(
            method, url, headers=headers, params=query, **content
        ) as answer:
            data = _parsed(await answer.text())
            self._pace.learn(bucket, answer.headers)
            if answer.status < 400:
                return data
            raise self._refused(answer, data, bucket)

    def _refused(self, answer: aiohttp.ClientResponse, data: Any, bucket: str) -> ChatError:
        said = explain(answer.status, data, answer.headers)
        if answer.status == 429 and isinstance(said, ChatBusy):
            known = mapping(data)
            if not known.get("code"):
                self._pace.hold(bucket, said.seconds, everything=bool(known.get("global")))
        return said

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=TIMEOUT), headers={"User-Agent": AGENT}
            )
        return self._session


def _content(body: Json | None, files: Sequence[Upload]) -> Json:
    """How the body goes onto the wire: JSON, or a form when there are files."""
    if body is None:
        return {}
    if not files:
        return {"data": json.dumps(body), "headers": {"Content-Type": "application/json"}}
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("payload_json", json.dumps(body), content_type="application/json")
    for number, file in enumerate(files):
        form.add_field(
            f"files[{number}]",
            io.BytesIO(file.data),
            filename=file.name,
            content_type="application/octet-stream",
        )
    return {"data": form}


def _parsed(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return None
