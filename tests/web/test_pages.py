"""The pages and what people do on them, over a real store. No browser, no JavaScript."""

import re
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bot.cards import Click, encode
from bot.domain.artifact import Artifact
from bot.domain.mission import HouseContext
from bot.domain.work import FileRef
from bot.missions import MAX_GOAL
from bot.store import statements as q
from handlers.web import Face
from tests.web.conftest import HOME, ask_for_plan
from tests.web.test_render import Seen

JSON = {"Accept": "application/json"}
GOAL = "From the attached export, which endpoint changed most?"


async def begin(browser: httpx.AsyncClient, words: str = GOAL, **more: Any) -> httpx.Response:
    key = more.pop("key", "")
    return await browser.post(
        "/t", data={"words": words, "key": key, **more.pop("data", {})}, **more
    )


async def mission(face: Face) -> str:
    (found,) = await face.store.missions("local")
    return found.id


def approve(mission: str, gate: str, version: int = 1, verb: str = "approve") -> str:
    return encode(Click(verb=verb, mission=mission, gate=gate, version=version))


async def test_a_newcomer_learns_what_this_is(browser: httpx.AsyncClient):
    """One heading, three examples, the badge of the model, nothing loaded from elsewhere."""
    page = Seen((await browser.get("/")).text)
    assert "What should we get done?" in page.words
    assert "offline model, no AI" in page.words
    examples = [a for a in page.of("a") if (a.get("href") or "").startswith("/?example=")]
    assert len(examples) == 3
    addresses = [a.get("href") or a.get("src") or "" for _, a in page.tags]
    assert not any(address.startswith(("http", "//")) for address in addresses)


async def test_an_example_fills_the_box_and_attaches_its_file(
    browser: httpx.AsyncClient, face: Face
):
    """Then one click sends it."""
    page = await browser.get("/?example=changes")
    assert "three endpoints changed most" in page.text
    await begin(browser, data={"sample": "changes"})
    (made,) = await face.store.missions("local")
    assert [f.name for f in made.attachments] == ["api-export.csv"]
    assert (await face.files.get(made.attachments[0].sha256)).startswith(b"week,endpoint")


async def test_words_become_a_mission_in_a_conversation(browser: httpx.AsyncClient, face: Face):
    """The page of the conversation shows what was said, with its files."""
    files = [("files", ("a.csv", b"x,y\n1,2\n")), ("files", ("a.csv", b"x\n3\n"))]
    answer = await begin(browser, files=files)
    assert answer.headers["location"] == "/t/1"
    page = (await browser.get("/t/1")).text
    assert GOAL in page
    assert "a.csv" in page
    assert "a (2).csv" in page


async def test_the_same_send_twice_is_one_mission(browser: httpx.AsyncClient, face: Face):
    """A browser that lost the answer sends again under the same key."""
    answers = [await begin(browser, key="0123456789abcdef", headers=JSON) for _ in range(2)]
    assert [a.json() for a in answers] == [{"url": "/t/1"}, {"url": "/t/1"}]
    assert len(await face.store.missions("local")) == 1
    assert (await browser.get("/t/1")).text.count('class="mine"') == 1


async def test_a_greeting_starts_no_mission(browser: httpx.AsyncClient, face: Face):
    """It is answered on the page."""
    answer = await begin(browser, "Hello!")
    assert "Describe a mission in a sentence or two" in answer.text
    assert await face.store.missions("local") == ()


async def test_what_is_too_long_stays_in_the_box(browser: httpx.AsyncClient, face: Face):
    """A sentence says what to do, and nothing that was typed is lost."""
    long = "word " * (MAX_GOAL // 4)
    answer = await begin(browser, long)
    assert answer.status_code == 400
    assert "Put the long text in a file" in answer.text
    assert long.strip()[:200] in answer.text
    assert await face.store.missions("local") == ()


async def test_too_many_files_are_a_sentence(browser: httpx.AsyncClient):
    """Ten fit one message."""
    files = [("files", (f"{n}.txt", b"x")) for n in range(11)]
    answer = await begin(browser, files=files, headers=JSON)
    assert answer.status_code == 400
    assert "At most 10 files" in answer.json()["error"]


async def test_a_file_over_50_mb_is_a_sentence(browser: httpx.AsyncClient, face: Face):
    """It names the file; nothing was sent."""
    files = [("files", ("big.csv", b"0" * (51 << 20)))]
    answer = await begin(browser, files=files, headers=JSON)
    assert "“big.csv” is larger than 50 MB" in answer.json()["error"]
    assert await face.store.missions("local") == ()


async def test_a_click_decides_once(browser: httpx.AsyncClient, face: Face):
    """The second click, from another tab, gets one private sentence and changes nothing."""
    await begin(browser)
    made = await mission(face)
    gate = await ask_for_plan(face, made)
    click = {"id": approve(made, gate)}
    first = await browser.post("/click", data={**click, "key": "a" * 32}, headers=JSON)
    second = await browser.post("/click", data={**click, "key": "b" * 32}, headers=JSON)
    assert first.json() == {"say": "Approved. The work begins."}
    assert second.json() == {"say": "You chose “Approve” already. Nothing was changed."}


async def test_a_click_without_javascript_leads_back_and_says_what_came_of_it(
    browser: httpx.AsyncClient, face: Face
):
    """The form is a plain form, and the word is shown on the page that follows, once."""
    await begin(browser)
    made = await mission(face)
    gate = await ask_for_plan(face, made)
    answer = await browser.post("/click", data={"id": approve(made, gate), "key": ""})
    assert answer.headers["location"] == "/t/1"
    assert "Approved. The work begins." in (await browser.get("/t/1")).text
    assert "Approved. The work begins." not in (await browser.get("/t/1")).text


async def test_a_revision_goes_with_its_words_and_ticks(browser: httpx.AsyncClient, face: Face):
    """What a person fills in is what the planner reads."""
    await begin(browser)
    made = await mission(face)
    gate = await ask_for_plan(face, made)
    form = {
        "id": approve(made, gate, verb="revise"),
        "v:words": "Shorter",
        "v:ticks:T1": "keep",
        "v:ticks:T2": "drop",
    }
    await browser.post("/click", data=form)
    record = await face.store.record(made)
    assert record is not None
    (decision,) = record.decisions
    assert (decision.words, decision.data) == ("Shorter", {"ticks": {"T2": "drop"}})


async def test_a_click_on_an_old_version_is_told(browser: httpx.AsyncClient, face: Face):
    """Somebody approves what they saw, or nothing."""
    await begin(browser)
    made = await mission(face)
    gate = await ask_for_plan(face, made)
    click = {"id": approve(made, gate, version=7)}
    answer = await browser.post("/click", data=click, headers=JSON)
    assert "Version 1 is current" in answer.json()["say"]


@pytest.mark.parametrize("button", ["", "nonsense", "cm|approve|m0|g0|1"])
async def test_a_button_of_nothing_is_a_sentence(browser: httpx.AsyncClient, button: str):
    """Never a traceback."""
    answer = await browser.post("/click", data={"id": button}, headers=JSON)
    assert answer.status_code == 400
    assert "not known here any more" in answer.json()["error"]


async def test_words_in_a_conversation_reach_its_mission(browser: httpx.AsyncClient, face: Face):
    """They steer what runs, and stand in the conversation."""
    await begin(browser)
    answer = await browser.post("/t/1", data={"words": "Only the last two weeks"}, headers=JSON)
    assert answer.json() == {"say": ""}
    page = (await browser.get("/t/1")).text
    assert "Only the last two weeks" in page
    assert page.count('aria-label="Concertmaster replied"') == 1
    assert len(await face.store.missions("local")) == 1


async def test_a_file_of_a_mission_is_saved_and_never_opened(
    browser: httpx.AsyncClient, face: Face
):
    """Attachment, no sniffing, a sandbox; and only under a name that a mission knows."""
    await begin(browser, files=[("files", ("Übersicht.html", b"<script>1</script>"))])
    page = (await browser.get("/t/1")).text
    (link,) = re.findall(r'href="(/files/[^"]+)"', page)
    answer = await browser.get(link)
    assert answer.content == b"<script>1</script>"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["content-type"] == "application/octet-stream"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert (await browser.get(link.replace("html", "txt"))).status_code == 404


async def test_a_blob_that_no_mission_owns_is_not_here(browser: httpx.AsyncClient, face: Face):
    """A hash is no key to what somebody else kept."""
    sha256 = await face.files.put(b"secret")
    assert (await browser.get(f"/files/{sha256}/secret.txt")).status_code == 404


async def test_an_artifact_is_downloaded_in_its_formats(browser: httpx.AsyncClient, face: Face):
    """Markdown and HTML here; the others are tested with the exporters."""
    await begin(browser)
    made = await mission(face)
    artifact = Artifact(
        version=1, title="What/changed: a brief", answer=("One",), body="# Head\n\nBody.",
        files=(FileRef(name="x.txt", media_type="text/plain", size=1, sha256="a" * 64),),
        plan_version=1, at=datetime(2026, 3, 2, tzinfo=UTC),
    )  # fmt: skip
    async with face.store.begin() as tx:
        await tx.put_artifact(made, artifact)
    answer = await browser.get(f"/missions/{made}/artifact/1.md")
    assert "Body." in answer.text
    assert 'filename="What changed a brief.md"' in answer.headers["content-disposition"]
    page = await browser.get(f"/missions/{made}/artifact/1.html")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "sandbox" in page.headers["content-security-policy"]
    for wrong in ("2.md", "1.exe"):
        assert (await browser.get(f"/missions/{made}/artifact/{wrong}")).status_code == 404


async def test_the_house_is_kept_for_every_mission(browser: httpx.AsyncClient, face: Face):
    """Saved, said so, and shown again; the appearance is a cookie."""
    form = {"organisation": "Northwind", "audience": "Customers", "theme": "dark"}
    answer = await browser.post("/house", data=form)
    assert answer.headers["location"] == "/house"
    house = await face.store.house("local")
    assert house == HouseContext(organisation="Northwind", audience="Customers")
    page = (await browser.get("/house")).text
    assert "Northwind" in page
    assert 'data-theme="dark"' in page


@pytest.mark.parametrize("path", ["/t/99", "/nowhere", "/missions/m0/artifact/1.md"])
async def test_what_is_not_here_is_a_sentence(browser: httpx.AsyncClient, path: str):
    """It may have been forgotten."""
    answer = await browser.get(path)
    assert answer.status_code == 404
    assert "There is nothing at this address" in answer.text


async def test_what_breaks_is_a_sentence_and_no_traceback(
    browser: httpx.AsyncClient, face: Face, monkeypatch: pytest.MonkeyPatch
):
    """The log has the rest."""

    async def broken(*_: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr(face.store, "missions", broken)
    answer = await browser.get("/")
    assert answer.status_code == 500
    assert "it is in the log" in answer.text
    assert "secret detail" not in answer.text
    assert "content-security-policy" in answer.headers


async def test_a_database_that_is_away_is_a_sentence(browser: httpx.AsyncClient, face: Face):
    """What was typed comes back with it."""
    async with face.store.begin() as tx:
        await tx.conn.exec_driver_sql("ALTER TABLE missions RENAME TO away")
    answer = await begin(browser, headers=JSON)
    assert answer.status_code == 503
    assert answer.json()["error"]


async def test_the_page_answers_when_alive(stranger: httpx.AsyncClient):
    """For whoever watches the process; it tells nothing else."""
    answer = await stranger.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok")


async def test_other_workspaces_stay_out_of_sight(browser: httpx.AsyncClient, face: Face):
    """The list and the pages are this machine's."""
    await begin(browser, headers={"Origin": HOME})
    made = await mission(face)
    async with face.store.begin() as tx:
        await tx.conn.execute(q.SET_MISSION, {"of_mission": made, "workspace": "slack:T1"})
        await tx.revise(made)
    assert GOAL not in (await browser.get("/")).text
    assert (await browser.get(f"/missions/{made}/artifact/1.md")).status_code == 404
    button = {"id": approve(made, "g1")}
    assert (await browser.post("/click", data=button, headers=JSON)).status_code == 400
