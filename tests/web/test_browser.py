"""The page in a real Chromium, over the real product with its offline model."""

import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect

from bot.cards import Card, TaskLine
from bot.ports import Message
from tests.web import gallery
from tests.web.conftest import TOKEN, Live, Trouble, started

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
PHONE = ViewportSize(width=360, height=740)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The product with its offline model; gives the address that it prints."""
    with started(tmp_path_factory.mktemp("home"), "--offline") as address:
        yield address


Open = Callable[[], Page]


@pytest.fixture
def open_page(context: BrowserContext, product: str, trouble: Trouble) -> Open:
    """Open the product in a tab of one's own."""

    def open_() -> Page:
        page = context.new_page()
        trouble.watch(page, product.split("?")[0])
        page.goto(product)
        return page

    return open_


def send_example(page: Page, name: str = "What changed?") -> None:
    page.get_by_role("link", name=name).click()
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/t/*")


def approve(page: Page) -> None:
    """What asks last; an earlier card may show its button for a second more."""
    page.get_by_role("button", name="Approve").last.click()


def test_a_mission_goes_from_words_to_an_approved_artifact(open_page: Open):
    """Send, approve the plan, watch it run, read the result, download it, approve it."""
    page = open_page()
    assert page.url.endswith("/")
    send_example(page)
    approve(page)
    expect(page.get_by_text("Approved. The work begins.").first).to_be_visible()
    page.get_by_role("link", name="Markdown").wait_for()
    row = page.get_by_role("row").filter(has_text="/v1/search").first
    expect(row).to_contain_text("18124")
    expect(row).to_contain_text("41992")
    with page.expect_download() as download:
        page.get_by_role("link", name="Markdown").click()
    assert "/v1/search" in download.value.path().read_text("utf-8")
    approve(page)
    expect(page.locator(".group", has_text="Recent").get_by_text("done")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(0)


def test_a_plan_is_revised_in_words_and_ticks(open_page: Open):
    """The next version stands below, and says what changed."""
    page = open_page()
    send_example(page)
    page.get_by_text("Revise", exact=True).first.click()
    page.get_by_label("What should change?").fill("Also list the endpoint with the most errors")
    page.get_by_role("button", name="Send").first.click()
    expect(page.get_by_text("What changed since version 1")).to_be_visible()
    expect(page.get_by_role("button", name="Approve")).to_have_count(1)


def test_words_for_the_bot_are_sent_with_control_and_enter(open_page: Open):
    """In every box, not only in the composer."""
    page = open_page()
    send_example(page)
    page.get_by_text("Revise", exact=True).first.click()
    page.get_by_label("What should change?").fill("Also list the endpoint with the most errors")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("What changed since version 1")).to_be_visible()


def test_approving_with_a_revision_half_written_asks_first(open_page: Open):
    """Neither the words nor the plan are lost in silence; going back leaves both as they are."""
    page = open_page()
    send_example(page)
    page.get_by_text("Revise", exact=True).first.click()
    box = page.get_by_label("What should change?")
    box.fill("Also list the errors")
    approve(page)
    asks = page.get_by_role("dialog")
    expect(asks).to_contain_text("You wrote a revision that was not sent. Approve without it?")
    asks.get_by_role("button", name="Go back").click()
    expect(box).to_have_value("Also list the errors")
    box.fill("")
    page.get_by_role("radio", name="drop").first.check()
    approve(page)
    asks.get_by_role("button", name="Approve without it").click()
    expect(page.get_by_text("Approved. The work begins.").first).to_be_visible()


def test_a_reply_stays_in_the_conversation(open_page: Open):
    """What was asked and what was answered are still there after a reload."""
    page = open_page()
    send_example(page)
    page.get_by_role("button", name="Approve").wait_for()
    page.get_by_role("textbox", name="Your reply").fill("How far are you?")
    page.keyboard.press("Control+Enter")
    reply = page.get_by_role("article", name="Concertmaster replied")
    expect(reply).to_contain_text("The plan is waiting for your decision.")
    page.reload()
    expect(reply).to_have_count(1)
    expect(page.locator(".mine")).to_have_count(2)


def test_a_greeting_is_answered_where_it_was_written(open_page: Open):
    """It begins nothing, and the answer stays until the next words are sent."""
    page = open_page()
    page.get_by_role("textbox", name="Your mission").fill("hello")
    page.keyboard.press("Control+Enter")
    expect(page.locator(".composer .note")).to_contain_text("Describe a mission")


def test_a_page_reloaded_in_mid_run_shows_the_same_and_goes_on(open_page: Open):
    """The rows are the truth; the page only shows them."""
    page = open_page()
    send_example(page)
    approve(page)
    plan = page.locator("article.card").first
    plan.get_by_role("button", name="Approve").wait_for(state="detached")
    page.reload()
    expect(page.locator(".mine")).to_have_count(1)
    page.get_by_role("link", name="Word").wait_for()
    expect(page.locator("article.card")).to_have_count(2)


def test_two_tabs_that_click_at_once_decide_once(
    context: BrowserContext, open_page: Open, product: str
):
    """The second gets a private sentence. Its line is cut, so that it still shows the button."""
    page = open_page()
    send_example(page)
    page.get_by_role("button", name="Approve").wait_for()
    late = context.new_page()
    late.route("**/events*", lambda route: route.abort())
    late.goto(page.url)
    late.get_by_role("button", name="Approve").wait_for()
    approve(page)
    approve(late)
    expect(page.get_by_text("Approved. The work begins.").first).to_be_visible()
    expect(late.get_by_text("already. Nothing was changed.")).to_be_visible()


def test_everything_works_with_the_keyboard_alone(open_page: Open):
    """Skip link first; Control and Enter send; Tab reaches Approve, and it shows where it is."""
    page = open_page()
    expect(page.get_by_role("textbox", name="Your mission")).to_be_focused()
    page.keyboard.type("List three reasons to keep a changelog and three against it.")
    page.keyboard.press("Control+Enter")
    page.wait_for_url("**/t/*")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the conversation")).to_be_focused()
    button = page.get_by_role("button", name="Approve")
    button.wait_for()
    for _ in range(60):
        page.keyboard.press("Tab")
        if button.evaluate("e => e === document.activeElement"):
            break
    expect(button).to_be_focused()
    assert button.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_text("Approved. The work begins.").first).to_be_visible()


def test_it_works_without_javascript(chromium: Browser, product: str):
    """Forms are forms: send, open the plan, approve, see the result."""
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(product)
    send_example(page, "Meeting notes")
    button = page.get_by_role("button", name="Approve")
    for _ in range(100):
        if button.count():
            break
        page.wait_for_timeout(200)
        page.reload()
    approve(page)
    expect(page.get_by_text("Approved. The work begins.")).to_be_visible()
    context.close()


def test_files_are_attached_and_left_out_again(open_page: Open, tmp_path: Path):
    """A chip for each, and one that is too large is named and left out."""
    page = open_page()
    big = tmp_path / "big.csv"
    with big.open("wb") as file:
        file.truncate(51 << 20)
    small = tmp_path / "small.csv"
    small.write_text("a,b\n1,2\n")
    page.locator("input[type=file]").set_input_files([small, big])
    expect(page.get_by_text("“big.csv” is larger than 50 MB")).to_be_visible()
    expect(page.locator(".chip")).to_have_text(re.compile("small.csv"))
    page.get_by_role("button", name="Remove small.csv").click()
    expect(page.locator(".chip")).to_have_count(0)


def test_a_file_is_dropped_on_the_page(open_page: Open):
    """Anywhere on it; the box shows that it is listening."""
    page = open_page()
    data = page.evaluate_handle(
        """() => {
            const data = new DataTransfer();
            data.items.add(new File(["x"], "dropped.txt"));
            return data;
        }"""
    )
    page.dispatch_event("body", "dragenter", {"dataTransfer": data})
    expect(page.locator(".drop-note")).to_be_visible()
    page.dispatch_event("body", "drop", {"dataTransfer": data})
    expect(page.locator(".chip")).to_have_text(re.compile("dropped.txt"))
    expect(page.locator(".drop-note")).to_be_hidden()


# -- the page over a store that the test moves -----------------------------------------------------

PLACE = "web:local:1"


def shown(card: Card, version: int) -> Message:
    return Message(place=PLACE, mission=gallery.MISSION, slot=card.slot, version=version, card=card)


@pytest.fixture
def conversation(context: BrowserContext, live: Live, trouble: Trouble) -> Page:
    """A conversation in which a plan waits."""
    live.do(live.face.chat.messages.say(PLACE, "key-of-a-try-1234", gallery.MISSION, "Go", ()))
    live.do(live.face.chat.post(shown(gallery.plan_card(), 1)))
    page = context.new_page()
    trouble.watch(page, live.base)
    page.goto(f"{live.base}/t/1?token={TOKEN}")
    return page


def test_words_half_typed_outlive_what_changes_around_them(conversation: Page, live: Live):
    """Only the parts that changed are replaced."""
    page = conversation
    page.get_by_text("Revise", exact=True).first.click()
    box = page.get_by_label("In your words")
    box.fill("Compare with last ye")
    changed = gallery.plan_card().model_copy(update={"text": "Something else was found."})
    live.do(live.face.chat.edit("2", shown(changed, 2)))
    expect(page.get_by_text("Something else was found.")).to_be_visible()
    expect(box).to_have_value("Compare with last ye")
    expect(box).to_be_focused()
    page.keyboard.type("ar")
    expect(box).to_have_value("Compare with last year")


@pytest.mark.parametrize("size", [ViewportSize(width=1280, height=800), PHONE])
def test_what_must_be_decided_is_in_sight(conversation: Page, live: Live, size: ViewportSize):
    """A long result keeps its buttons above the composer, at its start and at its end."""
    page = conversation
    page.set_viewport_size(size)
    long = gallery.artifact_card().model_copy(update={"body": "A paragraph.\n\n" * 80})
    live.do(live.face.chat.post(shown(long, 1)))
    button = page.get_by_role("button", name="Approve").last
    head = page.get_by_role("heading", name=long.title)
    head.evaluate("e => e.scrollIntoView({ block: 'start' })")
    for _ in range(2):
        expect(button).to_be_in_viewport()
        below = page.locator(".composer").bounding_box()
        mine = button.bounding_box()
        assert below
        assert mine
        assert mine["y"] + mine["height"] <= below["y"] + 2  # positions are fractions of a pixel
        page.evaluate("document.querySelector('main').scrollTo(0, 1e6)")


@pytest.mark.parametrize("size", [ViewportSize(width=1280, height=800), PHONE])
def test_a_plan_that_begins_with_six_tasks_is_shown_whole(
    conversation: Page, live: Live, size: ViewportSize
):
    """No part of the picture is cut off or has to be scrolled to."""
    page = conversation
    page.set_viewport_size(size)
    tasks = tuple(
        TaskLine(id=f"T{n}", title="Compare the offers of each city", state="") for n in range(1, 7)
    )
    live.do(
        live.face.chat.edit("2", shown(gallery.plan_card().model_copy(update={"tasks": tasks}), 2))
    )
    canvas = page.locator(".canvas")
    expect(canvas.locator(".task:visible")).to_have_count(6)
    sizes = canvas.evaluate("e => [e.scrollHeight - e.clientHeight, e.scrollWidth - e.clientWidth]")
    assert sizes == [0, 0]


def test_the_page_follows_until_its_reader_scrolls(conversation: Page, live: Live):
    """What arrives is brought into view, but never under the eyes of somebody who reads on."""
    page = conversation
    live.do(live.face.chat.post(shown(gallery.artifact_card(), 1)))
    expect(page.get_by_role("heading", name="Ready for your review")).to_be_in_viewport()
    page.evaluate("document.querySelector('main').scrollTo(0, 0)")
    live.do(live.face.chat.post(shown(gallery.question_card(), 1)))
    expect(page.get_by_text("One question before I plan").last).to_be_attached()
    expect(page.locator(".mine")).to_be_in_viewport()


def test_a_card_that_arrives_is_said_once(conversation: Page, live: Live):
    """A screen reader hears what needs it, and not every tick of a checklist."""
    page = conversation
    live.do(live.face.chat.post(shown(gallery.question_card(), 1)))
    said = page.locator("#say")
    expect(said).to_have_text("One question before I plan. It waits for you.")
    page.evaluate("document.querySelector('#say').textContent = ''")
    live.do(live.face.chat.edit("2", shown(gallery.plan_card(), 2)))
    live.do(live.face.chat.post(shown(gallery.blocked_card(), 1)))
    expect(said).to_have_text("T4 needs you: the reason could not be found")


def test_clocks_tick_on_the_page(conversation: Page, live: Live):
    """From the moment the work began, without a word from the server."""
    page = conversation
    live.do(live.face.chat.edit("2", shown(gallery.running_card(), 2)))
    clock = page.locator(".card-head .elapsed")
    expect(clock).to_have_text(re.compile(r"\d+:\d\d"))
    before = clock.inner_text()
    expect(clock).not_to_have_text(before)


def test_times_are_told_in_the_readers_zone(chromium: Browser, live: Live, trouble: Trouble):
    """On the page as it opens and on what arrives; the server may be anywhere."""
    late = gallery.plan_card().model_copy(update={"footer": "until 2026-11-28T20:00Z"})
    live.do(live.face.chat.post(shown(late, 1)))
    context = chromium.new_context(timezone_id="Asia/Tokyo", locale="en-GB")
    page = context.new_page()
    trouble.watch(page, live.base)
    page.goto(f"{live.base}/t/1?token={TOKEN}")
    expect(page.locator(".card-foot time")).to_have_text("Sun, 29 Nov 2026, 05:00")
    later = late.model_copy(update={"footer": "until 2026-11-28T21:00Z"})
    live.do(live.face.chat.edit("1", shown(later, 2)))
    expect(page.locator(".card-foot time")).to_have_text("Sun, 29 Nov 2026, 06:00")
    context.close()


def test_a_lost_line_is_said_and_taken_up_again(conversation: Page, live: Live, trouble: Trouble):
    """What changed meanwhile is shown when the line is back."""
    page = conversation
    page.route("**/events*", lambda route: route.abort())
    page.reload()
    expect(page.get_by_text("Connection lost")).to_be_visible()
    live.do(live.face.chat.post(shown(gallery.question_card(), 1)))
    page.unroute("**/events*")
    page.reload()
    expect(page.get_by_text("One question before I plan")).to_be_visible()
    expect(page.get_by_text("Connection lost")).to_have_count(0)
    trouble[:] = [said for said in trouble if "ERR_FAILED" not in said]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_shows_it_without_scrolling_sideways(
    chromium: Browser, live: Live, trouble: Trouble, scheme: Literal["light", "dark"]
):
    """Every kind of card, unfolded; tables and pictures scroll by themselves."""
    for make in gallery.CARDS.values():
        live.do(live.face.chat.post(shown(make(), 1)))
    context = chromium.new_context(viewport=PHONE, color_scheme=scheme, has_touch=True)
    page = context.new_page()
    trouble.watch(page, live.base)
    page.goto(f"{live.base}/t/1?token={TOKEN}")
    for summary in page.locator(".card summary").all():
        summary.click()
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert page.evaluate("document.querySelector('main').scrollWidth") <= PHONE["width"]
        moved = "[document.scrollingElement.scrollTop, document.querySelector('.shell').scrollTop]"
        assert page.evaluate(moved) == [0, 0]
    assert page.evaluate("document.documentElement.scrollHeight") == PHONE["height"]
    context.close()


def test_the_list_is_a_drawer_on_a_phone(chromium: Browser, live: Live, trouble: Trouble):
    """Opened by its button, closed by Escape; on a wide screen it is always there."""
    context = chromium.new_context(viewport=PHONE)
    page = context.new_page()
    trouble.watch(page, live.base)
    page.goto(f"{live.base}/?token={TOKEN}")
    drawer = page.get_by_role("navigation", name="Missions")
    expect(drawer).to_be_hidden()
    page.get_by_role("button", name="Missions").click()
    expect(drawer).to_be_visible()
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    page.set_viewport_size({"width": 1280, "height": 800})
    expect(drawer).to_be_visible()
    context.close()


NAMELESS = """() => [...document.querySelectorAll(
        "a, button, input:not([type=hidden]), textarea, summary"
    )]
    .filter(e => !(e.textContent.trim() || e.ariaLabel || e.labels?.length || e.title))
    .map(e => e.outerHTML)"""
LEVELS = """() => [...document.querySelectorAll(".bar h1, main :is(h1, h2, h3, h4, h5)")]
    .map(e => +e.tagName[1])"""


def test_everything_that_acts_has_a_name_and_headings_do_not_skip(conversation: Page, live: Live):
    """Names for screen readers, one first heading, no level left out, ids once."""
    page = conversation
    for name, make in gallery.CARDS.items():
        if name != "plan":
            live.do(live.face.chat.post(shown(make(), 1)))
    expect(page.locator("article.card")).to_have_count(len(gallery.CARDS))
    assert page.evaluate(NAMELESS) == []
    levels = page.evaluate(LEVELS)
    assert levels.count(1) == 1
    assert all(later - earlier <= 1 for earlier, later in pairwise(levels))
    ids = page.evaluate("() => [...document.querySelectorAll('[id]')].map(e => e.id)")
    assert len(ids) == len(set(ids))


def test_motion_stops_for_those_who_ask(chromium: Browser, live: Live, trouble: Trouble):
    """The spinner stands still."""
    live.do(live.face.chat.post(shown(gallery.running_card(), 1)))
    context = chromium.new_context(reduced_motion="reduce")
    page = context.new_page()
    trouble.watch(page, live.base)
    page.goto(f"{live.base}/t/1?token={TOKEN}")
    spinner = page.locator(".tone .icon path").first
    assert spinner.evaluate("e => getComputedStyle(e).animationIterationCount") == "1"
    context.close()
