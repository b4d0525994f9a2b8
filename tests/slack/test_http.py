"""HTTP mode and several workspaces: the same handlers behind signed requests."""

import re
from collections.abc import AsyncIterator
from html import unescape
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.slack.standin import Standin
from tests.slack.standin.delivery import http_body, sign
from tests.slack.town import Town, settings_for

Json = dict[str, Any]
SECRET = "s3cret"
GOAL = "Compare the offers of the three vendors."
OAUTH = {
    "slack_bot_token": None, "slack_app_token": None, "slack_signing_secret": SECRET,
    "slack_client_id": "1.2", "slack_client_secret": "cs",
    "public_url": "https://bot.example.com",
}  # fmt: skip


class Served:
    """The routes of a town on a port."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.http: httpx.AsyncClient

    async def __aenter__(self) -> "Served":
        await self.town.start(work=False)
        site = Starlette(routes=[*self.town.door.routes, Mount("/", Starlette())])
        transport = httpx.ASGITransport(app=site)
        self.http = httpx.AsyncClient(transport=transport, base_url="https://bot.example.com")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()
        await self.town.stop()

    async def post(self, body: str, headers: dict[str, str], kind: str) -> int:
        said = await self.http.post(
            "/slack/events", content=body, headers={"content-type": kind, **headers}
        )
        return said.status_code


@pytest.fixture
async def http(slack: Standin, tmp_path: Path, sqlite_url: str) -> AsyncIterator[Served]:
    given = {"slack_app_token": None, "slack_signing_secret": SECRET}
    async with Served(Town(slack, settings_for(slack, tmp_path, sqlite_url, **given))) as made:
        yield made


@pytest.fixture
async def many(slack: Standin, tmp_path: Path, sqlite_url: str) -> AsyncIterator[Served]:
    """An app with a client id and no token of its own."""
    async with Served(Town(slack, settings_for(slack, tmp_path, sqlite_url, **OAUTH))) as made:
        yield made


async def test_a_signed_request_is_heard_once_however_often_it_comes(http: Served, slack: Standin):
    """A mission by HTTP; the same request again within the window changes nothing."""
    envelope = slack.command(f"/mission {GOAL}")
    body, kind = http_body(envelope)
    headers = sign(SECRET, body)
    assert [await http.post(body, headers, kind) for _ in range(3)] == [200, 200, 200]
    await http.town.started()
    await http.town.app.inbox.settle()
    assert len(await http.town.missions()) == 1


@pytest.mark.parametrize(
    ("secret", "age", "status"),
    [(SECRET, 0, 200), ("another", 0, 401), (SECRET, 301, 401), (SECRET, -301, 401), ("", 0, 401)],
)
async def test_only_slack_is_heard_and_only_now(
    http: Served, slack: Standin, secret: str, age: int, status: int
):
    """The signature and the time are checked; what is refused has no effect."""
    import time

    body, kind = http_body(slack.command(f"/mission {GOAL}"))
    headers = sign(secret, body, time.time() - age)
    assert await http.post(body, headers, kind) == status
    await http.town.app.inbox.settle()
    assert len(await http.town.missions()) == (1 if status == 200 else 0)


async def test_a_changed_body_is_refused(http: Served, slack: Standin):
    """The signature is over every byte."""
    body, kind = http_body(slack.command(f"/mission {GOAL}"))
    assert await http.post(body + "&x=1", sign(SECRET, body), kind) == 401


async def test_a_body_without_end_is_refused(http: Served):
    """Before it is held in memory."""
    body = "a=" + "x" * (3 * 1024 * 1024)
    form = "application/x-www-form-urlencoded"
    assert await http.post(body, sign(SECRET, body), form) == 413


async def test_slack_finds_the_address(http: Served):
    """`url_verification` answers the challenge, signed like everything else."""
    body = '{"type": "url_verification", "challenge": "c1"}'
    said = await http.http.post(
        "/slack/events", content=body,
        headers={"content-type": "application/json", **sign(SECRET, body)},
    )  # fmt: skip
    assert said.json() == {"challenge": "c1"}


async def test_without_a_signing_secret_no_event_is_taken_by_http(town: Town):
    """An empty secret would be everybody's."""
    await town.start(work=False)
    assert town.door.routes == []


# -- several workspaces ----------------------------------------------------------------------------


async def install(many: Served, **change: str) -> httpx.Response:
    """Walk through the installation as a browser does."""
    page = await many.http.get("/slack/install")
    cookie: Any = SimpleCookie(page.headers["set-cookie"])
    link = unescape(re.findall(r'href="([^"]*authorize[^"]*)"', page.text)[0])
    state = parse_qs(urlsplit(link).query)["state"][0]
    asked = {"code": "good", "state": state, **change}
    kept = {name: morsel.value for name, morsel in cookie.items()}
    many.http.cookies.update(kept)
    return await many.http.get("/slack/oauth_redirect", params=asked)


async def test_a_workspace_installs_the_app_and_is_served(many: Served, slack: Standin):
    """Its token answers for it; the other one's for the other."""
    said = await install(many)
    assert said.status_code == 200
    installs = many.town.face.installs
    assert await installs.token("T2") == "xoxb-T2"
    assert await installs.teams() == ("T2",)
    slack.world.user("U5", "Edsger", team="T2")
    slack.world.channel("C5", "U5")
    payload: Json = {**slack.command(f"/mission {GOAL}", "C5", "U5").payload, "team_id": "T2"}
    from urllib.parse import urlencode

    body = urlencode(payload)
    kind = "application/x-www-form-urlencoded"
    assert await many.post(body, sign(SECRET, body), kind) == 200
    await slack.until(lambda: len(slack.seen("C5")) == 2)
    posts = slack.called("chat.postMessage")
    assert {c.token for c in posts} == {"xoxb-T2"}
    assert [m.place[:9] for m in await many.town.app.store.missions("slack:T2")] == ["slack:T2:"]


async def test_an_event_of_a_workspace_without_the_app_does_nothing(many: Served, slack: Standin):
    """It is answered, and nothing is kept."""
    body, kind = http_body(slack.command(f"/mission {GOAL}"))
    await many.post(body, sign(SECRET, body), kind)
    assert await many.town.kept() == 0


@pytest.mark.parametrize(
    ("change", "status"),
    [({"state": "forged"}, 400), ({"code": "bad"}, 401), ({"error": "access_denied"}, 200)],
)
async def test_an_installation_that_is_not_right_is_refused(
    many: Served, change: dict[str, str], status: int
):
    """Another browser, a wrong code, a person who said no: nothing is kept."""
    assert (await install(many, **change)).status_code == status
    assert await many.town.face.installs.teams() == ()


async def test_the_page_is_served_beside_the_browser_chat(slack: Standin, tmp_path: Path):
    """`/slack/events` needs no token of the page, everything else still does."""
    from bot.app import App
    from bot.commands.serve import Page
    from handlers.slack import Slack

    given = {"slack_app_token": None, "slack_signing_secret": SECRET, "web_port": 0}
    app = await App.open(settings_for(slack, tmp_path, "", **given))
    slack_door = Slack(app)
    async with (
        Page(app, beside=slack_door.routes) as page,
        aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session,
    ):
        base = f"http://127.0.0.1:{page.port}"
        async with session.post(f"{base}/slack/events", data="x") as said:
            assert said.status == 401
        async with session.get(f"{base}/house") as said:
            assert said.status in (401, 403)
        async with session.get(page.url) as said:
            assert said.status == 200
    await slack_door.chat.close()
    await app.close()
