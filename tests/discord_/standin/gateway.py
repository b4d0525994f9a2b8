"""The gateway, version 10: sessions that can be resumed, intents, shards, close codes."""

import asyncio
import json
from collections import deque
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from tests.discord_.standin.world import CONTENT_INTENT, Json, World

DISPATCH, HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME = 0, 1, 2, 3, 4, 6
RECONNECT, MEMBERS, INVALID, HELLO, ACK = 7, 8, 9, 10, 11
PRIVILEGED = 1 << 1 | 1 << 8
KNOWN_INTENTS = (1 << 26) - 1
RESUMABLE = 120.0
"""How long a lost session's events are kept, in seconds."""
MAX_SENT, MAX_SENDS, SENDS_IN = 4096, 120, 60.0

NEEDS_INTENT = {
    "GUILD": 1 << 0,
    "CHANNEL": 1 << 0,
    "THREAD": 1 << 0,
}


class Fatal(Exception):
    """The connection is closed with this code."""

    def __init__(self, code: int, why: str) -> None:
        super().__init__(why)
        self.code, self.why = code, why


@dataclass
class Session:
    """One identified client; it lives on for a while after its socket is gone."""

    id: str
    intents: int
    shard: tuple[int, int]
    socket: web.WebSocketResponse | None
    number: int = 0
    sent: deque[Json] = field(default_factory=deque[Json])
    lost_at: float = 0.0


class Gateway:
    """Speaks to every connected client."""

    def __init__(self, world: World, token: str) -> None:
        self.world = world
        self.token = token
        self.url = ""
        self.sessions: dict[str, Session] = {}
        self.sockets: dict[web.WebSocketResponse, web.Request] = {}
        self.heartbeat_ms = 41_250
        self.refuse = False
        self.close_next = 0
        self.identified = 0
        self.resumed = 0
        self._outbox: deque[tuple[Session, Json]] = deque()
        self._filled = asyncio.Event()

    @property
    def connected(self) -> bool:
        return any(s.socket is not None for s in self.sessions.values())

    # events to clients

    def announce(self, event: str, data: Json) -> None:
        """Queue the event for every session that asked for its kind."""
        for session in self.sessions.values():
            if self._wants(session, event, data):
                self._queue(session, event, data)

    def _wants(self, session: Session, event: str, data: Json) -> bool:
        guild = data["id"] if event == "GUILD_CREATE" else data.get("guild_id")
        index, count = session.shard
        if (int(guild) >> 22) % count != index if guild else index != 0:
            return False
        need = NEEDS_INTENT.get(event.split("_", 1)[0], 0)
        if event.startswith("MESSAGE"):
            need = 1 << 9 if guild else 1 << 12
        return session.intents & need == need

    def _queue(self, session: Session, event: str, data: Json) -> None:
        if event.startswith("MESSAGE"):
            data = self.world.blanked(data, bool(session.intents & CONTENT_INTENT))
        session.number += 1
        frozen = json.loads(json.dumps(data))
        frame = {"op": DISPATCH, "t": event, "s": session.number, "d": frozen}
        session.sent.append(frame)
        if session.socket is not None:
            self._outbox.append((session, frame))
            self._filled.set()

    async def pump(self) -> None:
        """Send what is queued, in order, for ever."""
        while True:
            await self._filled.wait()
            self._filled.clear()
            while self._outbox:
                session, frame = self._outbox.popleft()
                if session.socket is not None:
                    await _send(session.socket, frame)

    # a client's connection

    async def serve(self, request: web.Request) -> web.StreamResponse:
        if self.refuse:
            return web.Response(status=503)
        socket = web.WebSocketResponse(max_msg_size=MAX_SENT * 4, autoclose=False)
        await socket.prepare(request)
        self.sockets[socket] = request
        try:
            await self._talk(socket, request)
        except Fatal as fatal:
            await socket.close(code=fatal.code, message=fatal.why.encode())
        finally:
            self.sockets.pop(socket, None)
            self._lose(socket)
        return socket

    async def _talk(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        if request.query.get("v") != "10":
            raise Fatal(4012, "Invalid API version")
        await _send(socket, {"op": HELLO, "d": {"heartbeat_interval": self.heartbeat_ms}})
        times: deque[float] = deque(maxlen=MAX_SENDS)
        async for frame in socket:
            self._count(times)
            await self._take(socket, _parsed(frame))

    def _count(self, times: deque[float]) -> None:
        now = self.world.clock.now()
        if len(times) == MAX_SENDS and now - times[0] < SENDS_IN:
            raise Fatal(4008, "Rate limited")
        times.append(now)

    async def _take(self, socket: web.WebSocketResponse, frame: Json) -> None:
        op, data = frame.get("op"), frame.get("d")
        match op:
            case 1:
                await _send(socket, {"op": ACK})
            case 2:
                self._identify(socket, _mapping(data))
            case 6:
                await self._resume(socket, _mapping(data))
            case 3 | 4 | 8:
                self._of(socket)
            case _:
                raise Fatal(4001, "Unknown opcode")

    def _of(self, socket: web.WebSocketResponse) -> Session:
        for session in self.sessions.values():
            if session.socket is socket:
                return session
        raise Fatal(4003, "Not authenticated")

    def _identify(self, socket: web.WebSocketResponse, data: Json) -> None:
        self._admit(socket, data)
        session = Session(
            id=self.world.ids.next(),
            intents=data["intents"],
            shard=_shard(data.get("shard")),
            socket=socket,
        )
        self.sessions[session.id] = session
        self.identified += 1
        self._welcome(session)
        self.world.touched()

    def _admit(self, socket: web.WebSocketResponse, data: Json) -> None:
        if any(s.socket is socket for s in self.sessions.values()):
            raise Fatal(4005, "Already authenticated")
        if self.close_next:
            code, self.close_next = self.close_next, 0
            raise Fatal(code, "as the test asked")
        if data.get("token") != self.token:
            raise Fatal(4004, "Authentication failed")
        self._admit_intents(data.get("intents"))
        self._admit_shard(data.get("shard"))

    def _admit_intents(self, intents: Any) -> None:
        if not isinstance(intents, int) or intents & ~KNOWN_INTENTS:
            raise Fatal(4013, "Invalid intents")
        if intents & PRIVILEGED or (intents & CONTENT_INTENT and not self.world.content_allowed):
            raise Fatal(4014, "Disallowed intents")

    def _admit_shard(self, shard: Any) -> None:
        if shard is not None and not 0 <= shard[0] < shard[1]:
            raise Fatal(4010, "Invalid shard")
        if len(self.world.guilds) // (shard[1] if shard else 1) >= self.world.shard_at:
            raise Fatal(4011, "Sharding required")

    def _welcome(self, session: Session) -> None:
        index, count = session.shard
        guilds = [g for g in self.world.guilds.values() if (int(g["id"]) >> 22) % count == index]
        ready = {
            "v": 10,
            "user": self.world.bot,
            "guilds": [{"id": g["id"], "unavailable": True} for g in guilds],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "shard": [index, count],
            "application": {"id": self.world.app, "flags": 0},
            "private_channels": [],
        }
        self._queue(session, "READY", ready)
        for guild in guilds if session.intents & 1 else ():
            self._queue(session, "GUILD_CREATE", self.world.guild_json(guild))

    async def _resume(self, socket: web.WebSocketResponse, data: Json) -> None:
        if data.get("token") != self.token:
            raise Fatal(4004, "Authentication failed")
        session = self.sessions.get(str(data.get("session_id")))
        if session is None or self._expired(session):
            await _send(socket, {"op": INVALID, "d": False})
            return
        session.socket = socket
        missed = [f for f in session.sent if f["s"] > (data.get("seq") or 0)]
        self._outbox.extend((session, frame) for frame in missed)
        self._queue(session, "RESUMED", {})
        self.resumed += 1
        self.world.touched()

    def _expired(self, session: Session) -> bool:
        gone = session.socket is None and self.world.clock.now() - session.lost_at > RESUMABLE
        if gone:
            del self.sessions[session.id]
        return gone

    def _lose(self, socket: web.WebSocketResponse) -> None:
        for session in self.sessions.values():
            if session.socket is socket:
                session.socket, session.lost_at = None, self.world.clock.now()
        self.world.touched()

    # what a test can do to the connection

    async def drop(self) -> None:
        """Cut every socket without a word."""
        for socket, request in list(self.sockets.items()):
            self._lose(socket)
            if request.transport is not None:
                request.transport.abort()

    async def ask_reconnect(self) -> None:
        for socket in list(self.sockets):
            await _send(socket, {"op": RECONNECT, "d": None})

    async def invalidate(self, *, resumable: bool = False) -> None:
        if not resumable:
            self.sessions = {k: s for k, s in self.sessions.items() if s.socket is None}
        for socket in list(self.sockets):
            await _send(socket, {"op": INVALID, "d": resumable})

    async def close(self, code: int) -> None:
        for socket in list(self.sockets):
            await socket.close(code=code)


def _shard(given: Any) -> tuple[int, int]:
    return (int(given[0]), int(given[1])) if given else (0, 1)


def _mapping(data: Any) -> Json:
    if not isinstance(data, dict):
        raise Fatal(4002, "Decode error")
    return data


def _parsed(frame: WSMessage) -> Json:
    if frame.type is not WSMsgType.TEXT or len(frame.data.encode()) > MAX_SENT:
        raise Fatal(4002, "Decode error")
    try:
        return _mapping(json.loads(frame.data))
    except ValueError as error:
        raise Fatal(4002, "Decode error") from error


async def _send(socket: web.WebSocketResponse, frame: Json) -> None:
    if not socket.closed:
        try:
            await socket.send_str(json.dumps(frame))
        except ConnectionError:
            return
