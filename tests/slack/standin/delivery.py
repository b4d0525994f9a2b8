"""Socket Mode (and HTTP) from Slack's side: envelopes, acks, redelivery, disconnects."""

import asyncio
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web as http

from tests.slack.standin.world import APP, Json

REDELIVER_AFTER = (0.0, 60.0, 300.0)


@dataclass
class Envelope:
    """One thing sent to the app. `answer` is the payload of its ack, once `acked` is set."""

    kind: str
    payload: Json
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    sent: list[float] = field(default_factory=list[float])
    reasons: list[str] = field(default_factory=list[str])
    acked: asyncio.Event = field(default_factory=asyncio.Event)
    given_up: bool = False
    answer: Any = None
    seconds: float = 0.0

    @property
    def attempts(self) -> int:
        return len(self.sent)

    def wire(self) -> Json:
        retry: Json = {}
        if self.kind == "events_api":
            retry = {
                "retry_attempt": max(0, self.attempts - 1),
                "retry_reason": self.reasons[-1] if self.reasons else "",
            }
        return {
            "envelope_id": self.id,
            "type": self.kind,
            "payload": self.payload,
            "accepts_response_payload": self.kind != "events_api",
            **retry,
        }


class Post:
    """Delivers envelopes to one of the open sockets, or to `request_url` when that is set.

    `deadline` is Slack's three seconds and `again` the pauses before each redelivery; tests may
    shorten both, the order of things stays.
    """

    def __init__(self, happened: Callable[[str, Json], None]) -> None:
        self.happened = happened
        self.deadline = 3.0
        self.again: tuple[float, ...] = REDELIVER_AFTER
        self.request_url = ""
        self.signing_secret = ""
        self.sockets: list[http.WebSocketResponse] = []
        self.envelopes: dict[str, Envelope] = {}
        self.hold_acks = False
        self._turn = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._connected = asyncio.Event()

    def send(self, kind: str, payload: Json) -> Envelope:
        """Deliver, and deliver again as Slack does; gives the envelope at once."""
        envelope = Envelope(kind, payload)
        self.envelopes[envelope.id] = envelope
        self._spawn(self._deliver(envelope))
        return envelope

    def repeat(self, envelope: Envelope, reason: str = "timeout") -> None:
        """Deliver once more although it was acknowledged: Slack does that now and then."""
        envelope.reasons.append(reason)
        self._spawn(self._once(envelope))

    def _spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for socket in list(self.sockets):
            await socket.close()

    async def _deliver(self, envelope: Envelope) -> None:
        pauses = self.again if envelope.kind == "events_api" else ()
        await self._once(envelope)
        for pause in pauses:
            if envelope.acked.is_set():
                return
            await asyncio.sleep(pause)
            envelope.reasons.append("timeout")
            await self._once(envelope)
        if not envelope.acked.is_set():
            envelope.given_up = True
            self.happened("given_up", {"envelope": envelope.id})

    async def _once(self, envelope: Envelope) -> None:
        try:
            async with asyncio.timeout(self.deadline):
                if self.request_url:
                    await self._http(envelope)
                else:
                    await self._socket(envelope)
        except (TimeoutError, ConnectionError, aiohttp.ClientError):
            self.happened("unacknowledged", {"envelope": envelope.id})

    async def _socket(self, envelope: Envelope) -> None:
        socket = await self._next()
        envelope.sent.append(time.monotonic())
        await socket.send_str(json.dumps(envelope.wire()))
        await envelope.acked.wait()

    async def _next(self) -> http.WebSocketResponse:
        """The next open socket in turn: each envelope goes to one of them."""
        while not self.sockets:
            self._connected.clear()
            await self._connected.wait()
        self._turn += 1
        return self.sockets[self._turn % len(self.sockets)]

    async def _http(self, envelope: Envelope) -> None:
        body, kind = http_body(envelope)
        envelope.sent.append(time.monotonic())
        headers = {"Content-Type": kind, **sign(self.signing_secret, body)}
        if envelope.kind == "events_api" and envelope.attempts > 1:
            headers |= {"X-Slack-Retry-Num": str(envelope.attempts - 1)}
            headers |= {"X-Slack-Retry-Reason": "http_timeout"}
        async with (
            aiohttp.ClientSession() as session,
            session.post(self.request_url, data=body.encode(), headers=headers) as answer,
        ):
            text = await answer.text()
            if answer.status == 200:
                self.acknowledge(envelope.id, json.loads(text) if text.startswith("{") else None)

    def acknowledge(self, id: str, answer: Any) -> None:
        envelope = self.envelopes.get(id)
        if envelope is None or envelope.acked.is_set() or self.hold_acks:
            return
        envelope.seconds = time.monotonic() - envelope.sent[-1]
        envelope.answer = answer
        envelope.acked.set()
        self.happened("acked", {"envelope": id, "seconds": envelope.seconds})

    async def serve(self, request: http.Request) -> http.WebSocketResponse:
        """One Socket Mode connection."""
        socket = http.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        await socket.send_str(json.dumps(self._hello()))
        self._connected.set()
        self.happened("connected", {"sockets": len(self.sockets)})
        try:
            async for message in socket:
                self._heard(message)
        finally:
            if socket in self.sockets:
                self.sockets.remove(socket)
            self.happened("disconnected", {"sockets": len(self.sockets)})
        return socket

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": len(self.sockets),
            "connection_info": {"app_id": APP},
            "debug_info": {
                "host": "standin",
                "build_number": 1,
                "approximate_connection_time": 18060,
            },
        }

    def _heard(self, message: aiohttp.WSMessage) -> None:
        if message.type is not aiohttp.WSMsgType.TEXT:
            return
        body = json.loads(message.data)
        if "envelope_id" in body:
            self.acknowledge(body["envelope_id"], body.get("payload"))

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Ask every socket to reconnect, as Slack does every few hours."""
        for socket in list(self.sockets):
            await socket.send_str(json.dumps({"type": "disconnect", "reason": reason}))

    async def drop(self) -> None:
        """Cut every socket without a word."""
        for socket in list(self.sockets):
            self.sockets.remove(socket)
            transport = socket._req.transport if socket._req else None  # pyright: ignore
            if transport is not None:
                transport.abort()
        await asyncio.sleep(0)


def http_body(envelope: Envelope) -> tuple[str, str]:
    """How an envelope looks over HTTP: JSON for events, a form for the rest."""
    form = "application/x-www-form-urlencoded"
    if envelope.kind == "events_api":
        return json.dumps(envelope.payload), "application/json"
    if envelope.kind == "interactive":
        return urlencode({"payload": json.dumps(envelope.payload)}), form
    return urlencode(envelope.payload), form


def sign(secret: str, body: str, at: float | None = None) -> dict[str, str]:
    """Slack's signature headers for a body."""
    stamp = str(int(time.time() if at is None else at))
    mac = hmac.new(secret.encode(), f"v0:{stamp}:{body}".encode(), hashlib.sha256).hexdigest()
    return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={mac}"}
