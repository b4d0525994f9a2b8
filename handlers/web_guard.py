"""What stands before every page: only this machine, only this browser, nothing too large.

A page on another site can send a browser here too. So the Host must be a loopback name (no DNS
rebinding), the Origin of whatever changes something must be ours, and the browser must hold the
token that was printed at the start, in a cookie that is never sent from elsewhere.
"""

import secrets
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), browsing-topics=()",
    "Cache-Control": "no-store",
}
OPEN = ("/static/", "/healthz")
"""What needs no token: it tells nothing of anyone."""
MB = 1 << 20
MAX_UPLOAD = 61 * MB
"""The whole body of a message with files; the form around them takes a little."""
MAX_BODY = MB
DRAINED = 4 * MAX_UPLOAD
"""What is read and thrown away, so that a browser reads the answer instead of a broken line."""

Refusal = Callable[[Scope, int, str], Response]
"""A page (or JSON) with a status and one sentence."""

NEEDS_KEY = (
    "Open the address that Concertmaster printed in the terminal when it started. It carries "
    "the key (?token=…) that lets this browser in."
)
WRONG_HOST = "This address does not lead here. Use the one that was printed at the start."
WRONG_ORIGIN = "Another site asked for this, so it was refused. Nothing was changed."


class TooLarge(Exception):
    """The body is larger than it may be; the rest was thrown away."""


class Guard:
    """ASGI middleware. `token` is this start's; `port` is the one in the address."""

    def __init__(self, app: ASGIApp, *, token: str, port: int, refuse: Refusal) -> None:
        self._app = app
        self._token = token
        end = "" if port == 80 else f":{port}"
        self._hosts = frozenset(f"{host}{end}" for host in LOOPBACK)
        self._cookie = f"concertmaster_{port}"
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = self._check(scope)
        if answer is not None:
            await answer(scope, receive, _with_headers(send))
            return
        most = MAX_UPLOAD if scope["path"].startswith("/t") else MAX_BODY
        await self._app(scope, _Counted(receive, most), _with_headers(send))

    def _check(self, scope: Scope) -> Response | None:
        """The answer to a request that may not pass; None for one that may."""
        headers = Headers(scope=scope)
        if headers.get("host", "").lower() not in self._hosts:
            return self._refuse(scope, 421, WRONG_HOST)
        if not self._same_origin(scope, headers):
            return self._refuse(scope, 403, WRONG_ORIGIN)
        if scope["path"].startswith(OPEN):
            return None
        return self._check_key(scope, headers)

    def _same_origin(self, scope: Scope, headers: Headers) -> bool:
        """Whatever changes something, and the line of events, comes from a page of ours."""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin is not None:
            scheme, _, host = origin.lower().partition("://")
            return scheme == "http" and host in self._hosts
        if scope["method"] not in {"GET", "HEAD"}:
            return site == "same-origin"
        return scope["path"] != "/events" or site in {None, "same-origin"}

    def _check_key(self, scope: Scope, headers: Headers) -> Response | None:
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        given = dict(query).get("token")
        if given is not None and scope["method"] == "GET":
            if not _equal(given, self._token):
                return self._refuse(scope, 403, NEEDS_KEY)
            return self._let_in(scope, [pair for pair in query if pair[0] != "token"])
        if _equal(_cookie(headers, self._cookie), self._token):
            return None
        return self._refuse(scope, 403, NEEDS_KEY)

    def _let_in(self, scope: Scope, query: list[tuple[str, str]]) -> Response:
        """Keep the key in a cookie and go on to the same address without it."""
        path = "/" + scope["path"].lstrip("/\\")
        clean = path + (f"?{urlencode(query)}" if query else "")
        answer = RedirectResponse(clean, status_code=303)
        answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict", path="/")
        return answer


class _Counted:
    """A body that may not be larger than it may be, counted as it streams in."""

    def __init__(self, receive: Receive, most: int) -> None:
        self._receive = receive
        self._most = most
        self._read = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._count(message)
        if self._read <= self._most:
            return message
        while message.get("more_body") and self._read <= DRAINED:
            message = await self._receive()
            self._count(message)
        raise TooLarge

    def _count(self, message: Message) -> None:
        self._read += len(message.get("body", b""))


def _equal(one: str, other: str) -> bool:
    return secrets.compare_digest(one.encode(), other.encode())


def _cookie(headers: Headers, name: str) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _with_headers(send: Send) -> Send:
    """Add the headers of every answer; a route's own stay."""

    async def wrapped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return wrapped
