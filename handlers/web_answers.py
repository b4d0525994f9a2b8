"""How the browser is answered: a redirect or a page, or JSON when the page's script asks.

Whatever goes wrong is a sentence in the page, never a traceback.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import Scope

from bot.chat.web import render
from bot.domain.base import Refused
from bot.store.store import StoreDown
from handlers.web_guard import HEADERS, NEEDS_KEY

log = structlog.get_logger(__name__)

BROKEN = (
    "Something went wrong here, and it is in the log. What you sent before is kept. Reload the "
    "page; if it happens again, run `concertmaster doctor`."
)
MISSING = "There is nothing at this address. It may have been forgotten."


def wants_json(headers: Headers) -> bool:
    """True when the page's script asks, not the browser itself."""
    return "application/json" in headers.get("accept", "")


def go(url: str) -> Response:
    """On to another page."""
    return RedirectResponse(url, status_code=303)


def done(request: Request, url: str) -> Response:
    """It is done, and the person should see that page now."""
    return JSONResponse({"url": url}) if wants_json(request.headers) else go(url)


async def again(
    request: Request, error: Exception, page: Callable[[], Awaitable[Response]]
) -> Response:
    """The same page with the words still there, and what was wrong."""
    if wants_json(request.headers):
        return JSONResponse({"error": str(error)}, status_code=_status(error))
    return await page()


def _status(error: Exception) -> int:
    return 503 if isinstance(error, StoreDown) else 400


def sentence(headers: Headers, status: int, title: str, text: str, back: str = "/") -> Response:
    """A page that says one thing."""
    if wants_json(headers):
        return JSONResponse({"error": text}, status_code=status)
    html = render.page("sentence", title=title, text=text, back=back, theme="")
    return HTMLResponse(html, status_code=status)


def refuse(scope: Scope, status: int, text: str) -> Response:
    """The guard's answer."""
    title = "This page needs its key" if text == NEEDS_KEY else "Not from here"
    return sentence(Headers(scope=scope), status, title, text, back="")


async def on_refused(request: Request, error: Exception) -> Response:
    return sentence(request.headers, 400, "That did not work", str(error))


async def on_down(request: Request, error: Exception) -> Response:
    return sentence(request.headers, 503, "Not right now", str(error))


async def on_missing(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return sentence(request.headers, status, "Not here", MISSING)


async def on_gone(request: Request, error: Exception) -> Response:
    """The browser left before it had sent everything: nobody reads this."""
    return Response(status_code=400)


async def on_broken(request: Request, error: Exception) -> Response:
    """Starlette calls this outside the guard, so the guard's headers are added here."""
    log.error("request_broke", path=request.url.path, exc_info=error)
    answer = sentence(request.headers, 500, "Something went wrong", BROKEN)
    answer.headers.update(HEADERS)
    return answer


HANDLERS: Mapping[Any, Any] = {
    Refused: on_refused,
    StoreDown: on_down,
    HTTPException: on_missing,
    ClientDisconnect: on_gone,
    Exception: on_broken,
}
