"""Who gets in: this machine, this browser, and nothing too large."""

import httpx
import pytest

from handlers.web_guard import MAX_BODY, MAX_UPLOAD
from tests.web.conftest import HOME, PORT, TOKEN

KEY = "0123456789abcdef"


async def test_the_printed_address_lets_a_browser_in(stranger: httpx.AsyncClient):
    """The token becomes a cookie that scripts and other sites never see, and leaves the address."""
    answer = await stranger.get("/", params={"token": TOKEN, "example": "notes"})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/?example=notes"
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert (await stranger.get("/")).status_code == 200


@pytest.mark.parametrize("path", ["/", "/t/1", "/house", "/events", "/files/aa/b", "/?token=wrong"])
async def test_without_the_key_a_page_says_how_to_get_in(stranger: httpx.AsyncClient, path: str):
    """A sentence, and nothing of any mission."""
    answer = await stranger.get(path)
    assert answer.status_code == 403
    assert "Open the address that Concertmaster printed" in answer.text


async def test_a_key_of_an_earlier_start_does_not_open(stranger: httpx.AsyncClient):
    """Each start has its own token."""
    stranger.cookies.set(f"concertmaster_{PORT}", "token-of-another-start")
    assert (await stranger.get("/")).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", f"evil.example:{PORT}", "127.0.0.1:1", ""])
async def test_a_foreign_host_is_refused(browser: httpx.AsyncClient, host: str):
    """A name that was rebound to this machine leads nowhere."""
    answer = await browser.get("/", headers={"Host": host})
    assert answer.status_code == 421
    assert "does not lead here" in answer.text


@pytest.mark.parametrize("host", [f"localhost:{PORT}", f"[::1]:{PORT}", f"127.0.0.1:{PORT}"])
async def test_every_name_of_this_machine_leads_here(browser: httpx.AsyncClient, host: str):
    """People type what they like."""
    headers = {"Host": host, "Origin": f"http://{host}"}
    assert (await browser.get("/healthz", headers=headers)).status_code == 200


@pytest.mark.parametrize("path", ["/t", "/t/1", "/click", "/house"])
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": f"https://127.0.0.1:{PORT}"},
        {"Origin": HOME + ".evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {},
    ],
    ids=str,
)
async def test_a_post_from_elsewhere_is_refused(
    browser: httpx.AsyncClient, path: str, headers: dict[str, str]
):
    """Even with the cookie: another site's form changes nothing here."""
    del browser.headers["Origin"]
    answer = await browser.post(path, data={"words": "x", "key": KEY}, headers=headers)
    assert answer.status_code == 403
    assert "Nothing was changed" in answer.text


@pytest.mark.parametrize(
    "headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "none"}]
)
async def test_the_line_of_events_is_for_our_own_page(
    browser: httpx.AsyncClient, headers: dict[str, str]
):
    """No other page listens in, and no address bar."""
    if "Origin" not in headers:
        del browser.headers["Origin"]
    assert (await browser.get("/events", headers=headers)).status_code == 403


async def test_every_answer_carries_the_policy(stranger: httpx.AsyncClient):
    """Nothing from elsewhere, no inline script, no frame; refusals and files included."""
    for path in ("/", "/static/app.js", "/healthz", "/nowhere"):
        headers = (await stranger.get(path)).headers
        assert "script-src 'self'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"


async def test_a_page_has_no_inline_script_or_style(browser: httpx.AsyncClient):
    """The policy would stop them; the page does not try."""
    page = (await browser.get("/")).text
    assert "<style" not in page
    assert " style=" not in page
    assert page.count("<script") == page.count('<script type="module" src="/static/app.js">') == 1


@pytest.mark.parametrize(("path", "most"), [("/t", MAX_UPLOAD), ("/click", MAX_BODY)])
async def test_a_body_that_is_too_large_is_a_sentence(
    browser: httpx.AsyncClient, path: str, most: int
):
    """It is counted as it streams in, whatever length it claims."""
    line = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.bin"\r\n\r\n'

    async def body():
        yield line
        for _ in range(most // 65536 + 2):
            yield b"0" * 65536

    headers = {"Content-Type": "multipart/form-data; boundary=x", "Accept": "application/json"}
    answer = await browser.post(path, content=body(), headers=headers)
    assert answer.status_code == 400
    assert "more than 60 MB" in answer.json()["error"]


async def test_the_redirect_of_the_key_stays_here(stranger: httpx.AsyncClient):
    """A crafted path must not lead to another host."""
    answer = await stranger.get(f"//evil.example/?token={TOKEN}")
    assert answer.headers.get("location", "/").startswith("/")
    assert not answer.headers.get("location", "/").startswith("//")
