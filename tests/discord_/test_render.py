"""Cards as Discord shows them: what people read, and that any card fits."""

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot import presenter
from bot.cards import Card, CardFile, Section, Table, Tone
from bot.chat.discord import limits
from bot.chat.discord.marks import marked, reference
from bot.chat.discord.render import V2, Page, bare, classic, render, whole
from bot.chat.discord.words import clip_markdown, markdown
from bot.domain.gate import Gate, GateKind, Verb
from tests.core.world import AT, gate, plan, record, task
from tests.discord_.cards import MISSION, cards, plan_card
from tests.discord_.standin.rules import check_files, check_message, walk

CALM = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def sent(page: Page) -> dict[str, Any]:
    """The request's body that the page makes."""
    listed = [{"id": n, "filename": f.name} for n, f in enumerate(page.files)]
    body: dict[str, Any] = {"components": page.components, "attachments": listed}
    return body | ({"flags": V2} if page.v2 else {"embeds": list(page.embeds)})


def shown(page: Page) -> str:
    """All text of the page."""
    return "\n".join(p["content"] for p in walk(page.components) if p["type"] == 10)


def test_a_plan_shows_its_tasks_and_its_buttons() -> None:
    """Title, estimate, numbered tasks with their order, what is not done, three buttons."""
    page = render(plan_card(), 4)
    text = shown(page)
    assert "## ✋ Plan: endpoints that changed most" in text
    assert "- **T2** Look into part 2 · analyst · standard · after T1 · for R2" in text
    assert "### Not done" in text
    labels = [p["label"] for p in walk(page.components) if p["type"] == 2]
    assert labels == ["Approve", "Revise", "Cancel"]


def test_the_last_line_tells_slot_and_version() -> None:
    """So that the courier finds the message of a slot again."""
    text = shown(render(plan_card(), 4))
    assert marked(text) == (reference(MISSION, "plan:1"), 4)
    embed = classic(plan_card(), 5).embeds[0]
    assert marked(embed["footer"]["text"]) == (reference(MISSION, "plan:1"), 5)


def test_times_are_shown_in_the_readers_zone() -> None:
    """A time in any text becomes Discord's own; an embed's footer, which has none, says UTC."""
    assert "until <t:1795788000:f>" in shown(render(plan_card()))
    assert "until <t:1795788000:f>" in shown(bare(plan_card().model_copy(update={"text": LATER})))
    embed = classic(plan_card().model_copy(update={"text": LATER})).embeds[0]
    assert "until <t:1795788000:f>" in embed["description"]
    assert "until Fri 27 Nov 2026, 14:00 UTC" in embed["footer"]["text"]


LATER = "It waits until 2026-11-27T14:00Z."
GATES = st.sampled_from(
    [
        gate(GateKind.plan),
        gate(GateKind.plan, outcome=Verb.cancel),
        gate(GateKind.plan, outcome=Verb.cancel, expired=True),
        gate(GateKind.question, data={"questions": [{"id": "Q1", "text": "Which year?"}]}),
        gate(GateKind.question, outcome=Verb.answer, data={"questions": []}),
    ]
)


@given(GATES, st.booleans())
def test_every_time_of_the_presenter_is_discords_own(made: Gate, again: bool) -> None:
    """Deadlines, decisions and reminders: no ISO time and no time of day is left in the text."""
    slot = f"reminder:{made.name}" if again and made.open else made.name
    card = presenter.card(record(plans=(plan(task("T1")),), gates=(made,)), slot, AT)
    assert card is not None
    text = shown(render(card))
    wanted = made.expires_at if made.open else AT
    assert f"<t:{int(wanted.timestamp())}:f>" in text
    assert not re.search(r"\d\d:\d\d", text)


def test_a_running_task_counts_by_itself() -> None:
    """The elapsed time needs no edit: the reader's client counts."""
    card = plan_card()
    task = card.tasks[0].model_copy(update={"state": "running", "started_at": card_time()})
    text = shown(render(card.model_copy(update={"tasks": (task,)})))
    assert "▶ running · **T1** Look into part 1 · since <t:1795183200:R>" in text


def card_time() -> Any:
    from tests.discord_.cards import AT

    return AT


def test_nothing_that_a_model_writes_calls_anyone() -> None:
    """Mentions in text are words; code blocks too."""
    made = markdown("@everyone `@here` <@123> <@&4> <#5> ok <t:1:f>")
    for call in ("@everyone", "@here", "<@", "<#"):
        assert call not in made
    assert "<t:1:f>" in made


def test_markdown_tables_become_aligned_code() -> None:
    """Discord has no tables."""
    made = markdown("Before\n\n| name | n |\n|---|--:|\n| get | 12 |\n\nAfter")
    assert "```\nname  n\n────  ──\nget   12\n```" in made.replace("  \n", "\n")


def test_long_text_moves_into_a_file() -> None:
    """The message says where the rest is; the file has all of it."""
    card = plan_card().model_copy(update={"body": "A line of the report.\n" * 900})
    page = render(card)
    assert "The whole text is in `plan-1.md` below." in shown(page)
    assert page.files[-1].name == "plan-1.md"
    assert page.files[-1].text == whole(card)
    assert "A line of the report.\n" * 900 in whole(card)


def test_fifty_tasks_fit() -> None:
    """Every task keeps its line."""
    text = shown(render(plan_card(50)))
    assert all(f"**T{n}**" in text for n in range(1, 51))


def test_a_file_within_the_limit_is_attached() -> None:
    """Its name is one that Discord leaves alone."""
    page = render(_with_file(5_000))
    assert [f.name for f in page.files] == ["q3_report.csv"]


def test_a_file_over_the_limit_is_a_link_where_there_is_one() -> None:
    """Else it comes in parts, else it is said where it is."""
    large = _with_file(12 * 1024 * 1024)
    linked = render(large, link=lambda file: f"https://example.org/{file.sha256}")
    assert "(https://example.org/" in shown(linked)
    assert linked.files == ()
    parted = render(large)
    assert [f.name for f in parted.files] == ["q3_report.csv.001", "q3_report.csv.002"]
    assert parted.files[1].end == 12 * 1024 * 1024
    huge = render(_with_file(60 * 1024 * 1024))
    assert "does not fit here" in shown(huge)


def _with_file(size: int) -> Card:
    file = CardFile(name="q3 report.csv", media_type="text/csv", size=size, sha256="a" * 64)
    return Card(mission=MISSION, slot="artifact:1", title="Report", files=(file,))


def test_a_table_is_cut_at_whole_rows() -> None:
    """And the file has all rows."""
    rows = tuple((f"endpoint {n}", str(n)) for n in range(400))
    table = Table(heading="Calls", columns=("name", "calls"), rows=rows)
    page = render(Card(mission=MISSION, slot="artifact:1", title="Report", table=table))
    text = shown(page)
    assert text.count("```") == 2
    assert "endpoint 399" in page.files[-1].text


@pytest.mark.parametrize("tone", list(Tone))
def test_the_tone_is_a_word_or_sign_and_not_only_a_colour(tone: Tone) -> None:
    """Emoji plus word, never colour alone."""
    page = render(Card(mission=MISSION, slot="plan:1", title="Plan", tone=tone))
    signed = not shown(page).startswith("## Plan")
    assert signed == ("accent_color" in page.components[0])


@CALM
@given(cards())
def test_any_card_fits_into_a_message(card: Card) -> None:
    """Up to 50 tasks and any text: within the limits, checked by the stand-in's rules."""
    page = render(card, 7)
    check_message(sent(page))
    check_files({str(n): f.size for n, f in enumerate(page.files)}, limits.FILE)
    assert marked(shown(page)) == (reference(MISSION, card.slot), 7)


@CALM
@given(cards())
def test_any_card_fits_into_a_classic_message(card: Card) -> None:
    """The fallback is within its own limits."""
    page = classic(card, 7)
    check_message(sent(page))
    check_files({str(n): f.size for n, f in enumerate(page.files)}, limits.FILE)


@CALM
@given(cards())
def test_nothing_is_left_out_in_silence(card: Card) -> None:
    """When the body is not shown whole, the message says so."""
    page = render(card)
    text = shown(page)
    if markdown(card.body).strip() not in text:
        assert "Shortened to fit." in text


def test_a_cut_closes_its_code() -> None:
    """A fence that is cut open is closed."""
    made = clip_markdown("```\n" + "x\n" * 500, 100)
    assert made.count("```") == 2
    assert len(made) <= 100


def test_sections_beyond_two_share_a_display() -> None:
    """All are read, and forty components are never passed."""
    sections = tuple(Section(heading=f"Part {n}", text="words") for n in range(9))
    page = render(Card(mission=MISSION, slot="plan:1", title="Plan", sections=sections))
    assert all(f"### Part {n}" in shown(page) for n in range(9))
