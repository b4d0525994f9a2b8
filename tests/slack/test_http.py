"""HTTP mode and several workspaces: the same handlers behind signed requests."""

import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from html import unescape
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp
import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from tests.slack.standin import BOT, Standin
from tests.slack.standin.delivery import Envelope, http_body, sign
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


async def test_an_app_with_token_rotation_is_served_on(many: Served, slack: Standin):
    """What Slack says of the token's end is kept, and the next one is used in time."""
    await install(many, code="rotating")
    installs = many.town.face.installs
    first = await installs.token("T2")
    before = many.town.app.store.clock
    many.town.app.store.clock = installs._clock = lambda: before() + timedelta(hours=12)
    second = await installs.token("T2")
    assert [token.startswith("xoxe.xoxb-T2-") for token in (first, second)] == [True, True]
    assert first != second
    slack.ended.add(first)
    slack.world.user("U5", "Edsger", team="T2")
    assert (await many.town.face.person("T2", "U5")).name == "Edsger"


# -- a whole organisation --------------------------------------------------------------------------


async def said(many: Served, payload: Json) -> int:
    """Slack sends this event."""
    body = json.dumps(payload)
    return await many.post(body, sign(SECRET, body), "application/json")


def of_the_organisation(envelope: Envelope, team: str | None = None) -> Json:
    """The event as Slack sends it for an app that the organisation has: `team` is in the grant."""
    grant = {
        "enterprise_id": "E1", "team_id": team, "user_id": BOT, "is_bot": True,
        "is_enterprise_install": True,
    }  # fmt: skip
    named = {"team_id": "T3", "context_team_id": "T3", "context_enterprise_id": "E1"}
    return {**envelope.payload, **named, "enterprise_id": "E1", "authorizations": [grant]}


async def organisation(many: Served, slack: Standin) -> None:
    """It has the app, and a workspace T3 with a person and a channel."""
    await install(many, code="whole")
    slack.world.user("U5", "Edsger", team="T3", teams=("T4",))
    slack.world.channel("C5", "U5")


def mention(slack: Standin) -> Envelope:
    root = slack.say("C5", "U5", f"<@{BOT}> {GOAL}")
    return slack.happen("app_mention", **{**root, "type": "app_mention"}, channel="C5")


@pytest.mark.parametrize("team", ["T3", None])
async def test_every_workspace_of_an_organisation_is_served(
    many: Served, slack: Standin, team: str | None
):
    """With the organisation's token; the place is the workspace's, wherever Slack names it."""
    await organisation(many, slack)
    assert await said(many, of_the_organisation(mention(slack), team)) == 200
    await many.town.app.inbox.settle()
    (mission,) = await many.town.app.store.missions("slack:T3")
    assert mission.place.startswith("slack:T3:C5:")
    await slack.until(lambda: slack.seen("C5"))
    assert {c.token for c in slack.called("chat.postMessage")} == {"xoxb-E1"}
    assert await many.town.face.installs.teams() == ("T3",)


async def test_a_command_of_an_organisation_is_heard(many: Served, slack: Standin):
    await organisation(many, slack)
    whole = {"team_id": "T3", "enterprise_id": "E1", "is_enterprise_install": "true"}
    body = urlencode({**slack.command(f"/mission {GOAL}", "C5", "U5").payload, **whole})
    kind = "application/x-www-form-urlencoded"
    assert await many.post(body, sign(SECRET, body), kind) == 200
    await slack.until(lambda: len(slack.seen("C5")) == 2)
    assert {c.token for c in slack.called("chat.postMessage")} == {"xoxb-E1"}


async def test_after_a_restart_its_workspaces_are_served_before_anything_comes(
    many: Served, slack: Standin
):
    """Whose token serves a workspace is kept: what is shown there need not wait for an event."""
    await organisation(many, slack)
    await said(many, of_the_organisation(mention(slack)))
    await many.town.stop()
    await many.town.start(work=False)
    assert await many.town.face.installs.token("T3") == "xoxb-E1"


async def test_what_changes_for_the_organisation_changes_for_its_workspaces(
    many: Served, slack: Standin
):
    """A new installation may bring more scopes."""
    await organisation(many, slack)
    installs = many.town.face.installs
    await installs.of("T3", "E1")
    whole = (await installs.of("E1")).model_copy(update={"scopes": ("chat:write",)})
    await installs.save(whole, "xoxb-new")
    assert (await installs.of("T3")).scopes == ("chat:write",)
    assert (await installs.of("T3")).team == "T3"
    assert await installs.token("T3") == "xoxb-new"


async def test_a_workspace_with_a_token_of_its_own_keeps_it(many: Served, slack: Standin):
    await install(many, code="good")
    await install(many, code="whole")
    installs = many.town.face.installs
    assert (await installs.of("T2", "E1")).organisation == ""
    assert await installs.token("T2") == "xoxb-T2"


async def test_workspaces_of_other_organisations_are_not_served(many: Served, slack: Standin):
    await organisation(many, slack)
    with pytest.raises(LookupError):
        await many.town.face.installs.of("T9", "E9")
    assert await many.town.face.installs.teams() == ()


@pytest.mark.parametrize("event", ["app_uninstalled", "tokens_revoked"])
async def test_an_organisation_that_removes_the_app_is_forgotten_with_its_workspaces(
    many: Served, slack: Standin, event: str
):
    await organisation(many, slack)
    await said(many, of_the_organisation(mention(slack)))
    gone = slack.happen(event, tokens={"bot": [BOT]})
    assert await said(many, of_the_organisation(gone)) == 200
    await many.town.app.inbox.settle()
    installs = many.town.face.installs
    for team in ("T3", "E1"):
        with pytest.raises(LookupError):
            await installs.token(team)


async def test_what_an_organisations_token_must_say_is_said(many: Served, slack: Standin):
    """Groups and channels are those of one workspace."""
    await organisation(many, slack)
    await many.town.face.installs.of("T3", "E1")
    slack.world.groups["S1"] = ["U5"]
    people = many.town.face.people
    assert await people.groups("T3") == (("S1", "@s1"),)
    assert "S1" in (await people.person("T3", "U5", "S1")).roles
    assert await people.channels("T3", "U5") == {"C5"}
    assert not [c for c in slack.calls if c.error == "missing_argument"]


@pytest.mark.parametrize(
    ("person", "roles"),
    [
        ({"team": "T3", "teams": ("T4",)}, ()),
        ({"team": "T4", "teams": ("T3",)}, ()),
        ({"team": "T4", "teams": ("T3",), "admin": True}, ()),
        ({"team": "T4", "teams": ("T3",), "leads": True}, ("admin",)),
        ({"team": "T3", "teams": ("T4",), "admin": True}, ("admin",)),
        ({"team": "T4", "teams": ("T5",)}, ("guest",)),
        ({"team": "T9"}, ("guest",)),
    ],
)
async def test_people_of_an_organisation_belong_where_they_are_members(
    many: Served, slack: Standin, person: Json, roles: tuple[str, ...]
):
    """An admin of another workspace is none here; one of the organisation is."""
    await organisation(many, slack)
    await many.town.face.installs.of("T3", "E1")
    slack.world.user("U6", "Barbara", **person)
    assert (await many.town.face.person("T3", "U6")).roles == roles


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
