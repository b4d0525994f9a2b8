"""Cards as blocks: whatever is on the card, Slack takes it and nothing is lost."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.cards import (
    Button,
    Card,
    Choice,
    Click,
    Form,
    Section,
    Table,
    TaskLine,
    Ticks,
    Tone,
    Words,
    decode,
    encode,
)
from bot.chat.slack import limits
from bot.chat.slack.render import Shown, bare, fallback, plainer, render, whole
from bot.chat.slack.views import Entry, Home, home, modal, notice, read
from bot.chat.slack.words import clip, clip_markdown, mrkdwn, neutral, size
from tests.slack.cards import cards, forms, long, tasks
from tests.slack.crosscheck import rebuild
from tests.slack.standin.blocks import message_faults, too_long, view_faults

Json = dict[str, Any]
PING = re.compile(r"<!(channel|here|everyone|subteam)|<@|<#|@(here|channel|everyone)\b", re.I)
CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
many = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


CANVAS = f"https://t1.slack.com/docs/T1/{'F' * 200}"


def card(**more: Any) -> Card:
    return Card.model_validate(
        {"mission": "m1", "slot": "plan:1", "version": 2, "title": "Plan", **more}
    )


def check(shown: Shown) -> None:
    """Slack's own rules, and the limits of text."""
    assert message_faults(shown.blocks) == []
    assert not too_long(shown.blocks)
    assert 0 < size(shown.text) <= 40_000
    for text in _texts(shown.blocks, "mrkdwn"):
        assert "**" not in CODE.sub("", text)
    for text in [shown.text, *_texts(shown.blocks, "mrkdwn"), *_texts(shown.blocks, "markdown")]:
        assert not PING.search(text)


def _texts(node: Any, kind: str) -> list[str]:
    if isinstance(node, list):
        return [text for item in node for text in _texts(item, kind)]
    if not isinstance(node, dict):
        return []
    own = [node["text"]] if node.get("type") == kind else []
    return own + [text for item in node.values() for text in _texts(item, kind)]


@many
@given(cards, st.sampled_from(["", "F1"]), st.sampled_from(["", CANVAS]), st.integers(0, 10**6))
def test_any_card_renders_within_slacks_limits(
    made: Card, picture: str, canvas: str, revision: int
):
    """The full look and both fallbacks pass the validator; buttons are all there."""
    full, plain = render(made, revision, picture, canvas), plainer(made, revision, canvas)
    for shown in (full, plain, bare(made)):
        check(shown)
    for shown in (full, plain):
        assert ("Open as canvas" in json.dumps(shown.blocks)) == bool(canvas)
        ids = {e["action_id"] for b in shown.blocks for e in b.get("elements", ()) if "value" in e}
        assert {b.id for b in made.buttons} <= ids


@many
@given(cards)
def test_an_independent_validator_agrees(made: Card):
    """PyPI's slackblocks, generated from another list of limits, builds the same blocks."""
    for shown in (render(made, 1, "F0123456789", CANVAS), plainer(made, 1, CANVAS)):
        rebuild(shown.blocks)


@many
@given(tasks(50), long)
def test_a_plan_of_fifty_tasks_shows_them_all(made: tuple[TaskLine, ...], text: str):
    """Every task's id is there, live or proposed."""
    shown = render(card(tasks=made, text=text, buttons=(button("approve"),)))
    check(shown)
    words = json.dumps(shown.blocks)
    assert all(f"{task.id} " in words or f"{task.id}**" in words for task in made)


def test_times_in_titles_push_no_task_out():
    """In words they are longer than they were written."""
    rows = tuple(
        TaskLine(id=f"T{n}", title="Before 2026-11-28T14:00:00Z " * 3, who="analyst " * 40)
        for n in range(1, 51)
    )
    shown = render(card(tasks=rows))
    check(shown)
    assert "**T50**" in json.dumps(shown.blocks)


def test_a_plan_of_fifty_long_tasks_beside_long_findings_shows_them_all():
    """The largest plan that the domain allows, with all that stands beside it."""
    rows = tuple(TaskLine(id=f"T{n}", title="Do the thing " * 30, who="analyst") for n in range(50))
    findings = tuple(Section(heading=f"Finding {n}", text="Because. " * 200) for n in range(20))
    shown = render(card(tasks=rows, sections=findings, text="Goal. " * 500))
    check(shown)
    words = json.dumps(shown.blocks)
    assert all(f"**T{n}**" in words for n in range(50))
    assert "Because. " * 200 in shown.spill


@many
@given(cards)
def test_what_does_not_fit_is_in_the_file(made: Card):
    """Either all of the body is on the message, or the whole card is in the spill."""
    shown = render(made)
    if shown.spill:
        assert made.body in shown.spill
        assert all(s.text in shown.spill for s in made.sections)
    elif not any(t.state for t in made.tasks):
        markdown = "".join(_texts(shown.blocks, "markdown"))
        assert neutral(clip(made.body, 10**9)) in markdown or "T14:00" in made.body


def button(verb: str, **more: Any) -> Button:
    return Button(
        id=encode(Click(verb=verb, mission="m1", gate="g1", version=2)), label=verb, **more
    )


def test_a_button_carries_the_codec_in_id_and_value():
    """A click comes back as mission, gate and version."""
    shown = render(card(buttons=(button("approve", style="primary", confirm="Really?"),)))
    element = shown.blocks[-1]["elements"][0]
    assert decode(element["action_id"]) == decode(element["value"])
    assert decode(element["value"]).version == 2
    assert element["style"] == "primary"
    assert element["confirm"]["text"]["text"] == "Really?"


def test_the_live_checklist_is_a_plan_block():
    """States become Slack's four, and the word stays for people."""
    states = {"waiting": "pending", "running": "in_progress", "done": "complete", "failed": "error"}
    rows = tuple(TaskLine(id=s, title=f"Task {s}", state=s) for s in states)
    plan = next(b for b in render(card(tasks=rows)).blocks if b["type"] == "plan")
    assert {t["task_id"]: t["status"] for t in plan["tasks"]} == states
    assert plan["title"] == "1 of 4 done"
    assert plan["tasks"][3]["title"] == "failed Task failed — needs you"


def test_a_proposed_plan_says_who_and_after_what():
    """Agent, tier, dependencies and write access stand with each task."""
    row = TaskLine(
        id="T2", title="Rank", who="analyst", tier="strong", needs=("T1",), covers=("R1",),
        writes=True, mark="added",
    )  # fmt: skip
    text = "".join(_texts(render(card(tasks=(row,))).blocks, "markdown"))
    assert "**T2** Rank _(new)_ — analyst · strong · after T1 · R1 · writes" in text


def test_a_table_is_a_native_table():
    """Header first; empty cells are dashes, short rows are filled."""
    made = Table(heading="Ledger", columns=("R", "met"), rows=(("R1", ""), ("R2",)))
    block = next(b for b in render(card(table=made)).blocks if b["type"] == "table")
    cells = [[c["text"] for c in row] for row in block["rows"]]
    assert cells == [["R", "met"], ["R1", "–"], ["R2", "–"]]


def test_a_folded_section_folds():
    """Long findings stay out of the way until somebody looks."""
    shown = render(card(sections=(Section(heading="Trace", text="**a**", folded=True),)))
    block = next(b for b in shown.blocks if b["type"] == "container")
    assert block["default_collapsed"] is True
    assert block["child_blocks"][0]["text"]["text"] == "*a*"


def test_a_section_without_heading_is_its_text():
    """No empty bold marks."""
    shown = render(card(sections=(Section(heading="", text="Said."),)))
    assert _texts(shown.blocks, "markdown") == ["Said."]


def test_times_are_shown_in_the_readers_zone():
    """By Slack's date syntax; where Slack has none (documents, alerts) spelled out in UTC."""
    at = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
    shown = render(
        card(
            footer="Waits until 2026-11-20T14:00:00Z", text="**By** 2026-11-20T14:00Z.",
            body="Met on 2026-11-20T14:00Z.", started_at=at,
        )
    )  # fmt: skip
    footer = shown.blocks[-1]["elements"][0]["text"]
    date = "<!date^1795183200^{date_short_pretty} {time}|2026-11-20 14:00 UTC>"
    assert footer.count(date) == 2
    assert f"*By* {date}." in _texts(shown.blocks, "mrkdwn")
    assert _texts(shown.blocks, "markdown") == ["Met on Fri 20 Nov 2026, 14:00 UTC."]
    assert "20 Nov 2026, 14:00 UTC" in shown.text


def test_the_tone_is_a_sign_and_the_words_stay():
    """Emoji plus word, never alone; a title with a sign of its own gets no second one."""
    assert render(card(tone=Tone.ask)).blocks[0]["text"]["text"] == "✋ Plan"
    assert render(card(tone=Tone.ask, title="✅ Done")).blocks[0]["text"]["text"] == "✅ Done"


@pytest.mark.parametrize(
    ("markdown", "wanted"),
    [
        ("**bold** and *it*", "*bold* and *it*"),
        ("# Head\n- one\n* two", "*Head*\n• one\n• two"),
        ("[a|b](https://x.example/?a=1&b=2)", "<https://x.example/?a=1&amp;b=2|a¦b>"),
        ("a < b & c", "a &lt; b &amp; c"),
        ("`2**3` and ~~gone~~", "`2**3` and ~gone~"),
        ("[x](javascript:alert)", "[x](javascript:alert)"),
    ],
)
def test_markdown_becomes_mrkdwn(markdown: str, wanted: str):
    """Only what Slack's own mark-up knows."""
    assert mrkdwn(markdown, 3_000) == wanted


@given(st.text() | long, st.integers(2, 400))
def test_cutting_never_makes_it_longer(text: str, most: int):
    """Counted as Slack counts, whatever the characters are."""
    assert size(clip(text, most)) <= most
    assert size(mrkdwn(text, most)) <= most or most < 20
    assert size(clip_markdown(text, max(most, 20))) <= max(most, 20)


def test_a_cut_inside_a_code_block_closes_it():
    """What follows must not be shown as code."""
    assert clip_markdown("```\n" + "x = 1\n" * 100, 80).count("```") == 2


def test_the_fallback_reads_as_text():
    """Screen readers and notifications get title, tasks and buttons."""
    text = fallback(
        card(tasks=(TaskLine(id="T1", title="Rank", state="done"),), buttons=(button("Go"),))
    )
    assert text == "Plan\nT1 ✅ done · Rank\n[Go]"


def test_the_whole_card_is_a_document():
    """The spill is Markdown with headings and the table."""
    made = Table(heading="Ledger", columns=("a|b",), rows=(("1",),))
    text = whole(card(sections=(Section(heading="Why", text="So."),), body="Body", table=made))
    assert text == "# Plan\n\n## Why\n\nSo.\n\nBody\n\n## Ledger\n\n| a\\|b |\n| --- |\n| 1 |\n"


@many
@given(forms, long)
def test_any_form_is_a_valid_modal(form: Form, private: str):
    """Labels, options and blocks stay within a modal's limits."""
    assert view_faults(modal(form, clip(private, limits.PRIVATE))) == []
    assert view_faults(notice(private, private)) == []


REVISE = Form(
    title="Revise the plan",
    submit="Send",
    fields=(
        Ticks(
            name="tasks", label="Tasks", rows=(("T1", "Read"), ("T2", "Rank")),
            choices=("keep", "change", "drop"), default="keep",
        ),
        Choice(name="Q1", label="Which?", choices=("A", "B"), default="A"),
        Words(name="words", label="What should change?", required=True),
    ),
)  # fmt: skip


def test_a_form_comes_back_as_it_was_filled_in():
    """Ticks by row, one's own words before a choice, defaults where nothing was touched."""
    values: dict[str, dict[str, Json]] = {
        "tasks~row~T2": {"value": {"selected_option": {"value": "2"}}},
        "Q1": {"value": {"selected_option": {"value": "1"}}},
        "Q1~own": {"value": {"value": None}},
        "words": {"value": {"value": " Be brief. "}},
    }
    assert read(REVISE, values) == {
        "tasks": {"T1": "keep", "T2": "drop"},
        "Q1": "B",
        "words": "Be brief.",
    }
    values["Q1~own"] = {"value": {"value": "Neither"}}
    assert read(REVISE, values)["Q1"] == "Neither"


def test_a_modal_refuses_more_private_text_than_slack_keeps():
    """Cut JSON would come back broken."""
    with pytest.raises(ValueError, match="private_metadata"):
        modal(REVISE, "x" * 3_001)


entries = st.lists(
    st.builds(
        Entry, title=long, line=long, link=st.sampled_from(["", "https://t1.slack.example/a"])
    ),
    max_size=40,
).map(tuple)


@many
@given(
    st.builds(Home, needs=entries, running=entries, recent=entries, spent=long, preferences=long)
)
def test_any_home_is_a_valid_view(made: Home):
    """However many missions a person has."""
    assert view_faults(home(made)) == []


def test_an_empty_home_welcomes():
    """The first thing a person sees says how to begin."""
    assert "Describe a mission" in json.dumps(home(Home()))


def test_the_result_can_be_rated_with_slacks_own_thumbs():
    """A pair with words for screen readers; where Slack refuses it, two plain buttons."""
    made = card(slot="artifact:2", rating=True, buttons=(button("approve"),))
    best, plain_ = render(made), plainer(made)
    check(best)
    check(plain_)
    [pair] = next(b["elements"] for b in best.blocks if b["type"] == "context_actions")
    thumbs = (pair["positive_button"], pair["negative_button"])
    assert [decode(t["value"]).verb for t in thumbs] == ["good", "bad"]
    assert [t["accessibility_label"] for t in thumbs] == [
        "This result is good", "This result is not good",
    ]  # fmt: skip
    assert "context_actions" not in {b["type"] for b in plain_.blocks}
    elements = [e for b in plain_.blocks if b["type"] == "actions" for e in b["elements"]]
    assert [decode(e["value"]).verb for e in elements] == ["approve", "good", "bad"]
    assert {decode(e["value"]).version for e in elements} == {2}


@pytest.mark.parametrize("url", ["", "javascript:alert(1)", "https://x|y", "https://x>", "x y"])
def test_only_an_address_leads_to_a_canvas(url: str):
    """Whatever else stands there is left out."""
    assert "Open as canvas" not in json.dumps(render(card(), canvas=url).blocks)
