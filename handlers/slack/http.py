"""HTTP mode: the same handlers behind signed requests, and the pages that install the app."""

from collections.abc import Awaitable, Callable

from slack_bolt.adapter.starlette.async_handler import (
    to_async_bolt_request,
    to_starlette_response,
)
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.oauth.async_oauth_flow import AsyncOAuthFlow
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from handlers.slack.oauth import INSTALL, REDIRECT

EVENTS = "/slack/events"
MOST = 2 * 1024 * 1024
"""Bytes of a request; Slack's own are far smaller."""


def events(app: AsyncApp) -> BaseRoute:
    """Where Slack sends everything. `app` has a signing secret: Bolt checks it, and the time."""

    async def receive(request: Request) -> Response:
        body = await _body(request)
        if body is None:
            return PlainTextResponse("too large", status_code=413)
        return to_starlette_response(await app.async_dispatch(to_async_bolt_request(request, body)))

    return Route(EVENTS, receive, methods=["POST"])


def installing(flow: AsyncOAuthFlow) -> list[BaseRoute]:
    """The page with the button, and where Slack leads people back to."""
    return [
        Route(INSTALL, _page(flow.handle_installation)),
        Route(REDIRECT, _page(flow.handle_callback)),
    ]


def _page(
    handle: Callable[[AsyncBoltRequest], Awaitable[BoltResponse]],
) -> Callable[[Request], Awaitable[Response]]:
    async def show(request: Request) -> Response:
        return to_starlette_response(await handle(to_async_bolt_request(request, b"")))

    return show


async def _body(request: Request) -> bytes | None:
    """The body; None when it is too large."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST:
            return None
    return bytes(body)
