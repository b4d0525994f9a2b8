"""Cards as HTML: complete, clean, and the same for the same card."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cards import (
    Button,
    Card,
    CardFile,
    Form,
    Picture,
    Section,
    Table,
    TaskLine,
    Ticks,
    Words,
    at,
    tell,
)  # fmt: skip
from bot.chat.web import render
from bot.domain.mission import Mission, Status
from tests.web import gallery

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Seen(HTMLParser):
    """The tags and attributes of a page, and its words."""

    VOID = frozenset({"meta", "link", "input", "br", "hr", "img"})

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words = ""
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def shown(card: Card) -> Seen:
    return Seen(render.fragment(render.Shown(7, card)))


def card(**values: Any) -> Card:
    return Card.model_validate({"mission": "m1", "slot": "plan:1", "title": "A title", **values})


@pytest.mark.parametrize("name", gallery.CARDS)
def test_a_card_is_an_article_with_all_its_words(name: str):
    """Whatever stands on the card stands on the page."""
    made = gallery.CARDS[name]()
    seen = shown(made)
    assert seen.tags[0][0] == "article"
    assert seen.open == []
    words = [made.title, made.footer, *(b.label for b in made.buttons)]
    words += [t.title for t in made.tasks] + [s.heading for s in made.sections]
    words += [part for pair in made.fields for part in pair] + [f.name for f in made.files]
    assert all(word in seen.words for word in words)


HOSTILE = st.text(
    st.sampled_from("<>&\"'`=/ \n\t\\()[]{}!javascript:onerrorscriptimgsvg\u202e\x00é"), max_size=60
)


@given(HOSTILE)
def test_hostile_words_anywhere_make_no_element_and_no_handler(words: str):
    """A title, a note, a file's name or a button's label is text and nothing else."""
    made = card(
        title=words, text=words, body=words, footer=words, fields=((words, words),),
        tasks=(TaskLine(id="T1", title=words, who=words, note=words, state="running"),),
        sections=(Section(heading=words, text=words, folded=True),),
        table=Table(heading=words, columns=(words,), rows=((words,),)),
        files=(CardFile(name=words or "f", media_type="x", size=1, sha256="a" * 64),),
        picture=Picture(name="p", svg="<svg/>", alt=words),
        buttons=(Button(id="cm|approve|m1|g1|1", label=words, confirm=words, form=Form(
            title=words, submit=words, fields=(
                Words(name="words", label=words, placeholder=words),
                Ticks(name="t", label=words, rows=((words, words),), choices=(words,), default=""),
            ))),),
    )  # fmt: skip
    seen = shown(made)
    tags = {tag for tag, _ in seen.tags}
    assert not tags & {"script", "iframe", "object", "style", "link", "base", "meta"}
    names = {name for _, attributes in seen.tags for name in attributes}
    assert not any(name.startswith("on") or name == "style" for name in names)
    links = [a.get("href") or "" for a in seen.of("a")]
    assert not any(re.match(r"\s*(javascript|data|vbscript):", link, re.I) for link in links)


@pytest.mark.parametrize(
    "markdown",
    [
        "<script>alert(1)</script>",
        "[x](javascript:alert(1))",
        "<img src=x onerror=alert(1)>",
        "![x](https://example.org/pixel.png)",
        "<svg onload=alert(1)>",
        "<a href='//example.org' style='position:fixed'>x</a>",
    ],
)
def test_markdown_from_anywhere_loads_and_runs_nothing(markdown: str):
    """Bodies are written by models and people; they are text."""
    seen = shown(card(body=markdown))
    assert not seen.of("script")
    assert not [a for tag, a in seen.tags if tag in {"img", "svg"} and "class" not in a]
    assert not any("style" in a or "onerror" in a or "onload" in a for _, a in seen.tags)


def test_a_picture_of_the_card_s_own_files_is_shown():
    """The body names a chart that came with the artifact."""
    file = CardFile(name="chart.png", media_type="image/png", size=9, sha256="c" * 64)
    seen = shown(card(body="![Calls](chart.png)", files=(file,)))
    assert [a["src"] for a in seen.of("img")] == [f"/files/{'c' * 64}/chart.png"]


def test_a_plan_is_shown_with_its_picture():
    """Drawn on the page, with its description, in a wide and a narrow shape."""
    made = gallery.plan_card()
    seen = shown(made)
    drawn = [svg for svg in seen.of("svg") if svg.get("role") == "img"]
    assert len(drawn) == 2
    assert made.picture is not None
    assert made.picture.alt in seen.words


def test_a_foreign_picture_is_shown_where_no_script_runs():
    """A picture without tasks is an image, not part of the page."""
    made = card(picture=Picture(name="p", svg="<svg onload='x()'/>", alt="A chart"))
    (image,) = shown(made).of("img")
    assert (image["src"] or "").startswith("data:image/svg+xml;base64,")
    assert image["alt"] == "A chart"


def test_only_the_parts_that_changed_have_another_hash():
    """So the page keeps a form that a person is filling in."""
    before, after = gallery.plan_card(), gallery.plan_card().model_copy(update={"footer": "later"})
    hashes = [
        {a["data-part"]: a["data-hash"] for a in shown(c).of("div") if "data-part" in a}
        for c in (before, after)
    ]
    differ = {part for part in hashes[0] if hashes[0][part] != hashes[1][part]}
    assert differ == {"footer"}


def test_a_clock_that_went_on_is_no_change(monkeypatch: pytest.MonkeyPatch):
    """Else every look would replace a running checklist, and what is selected in it."""
    first = shown(gallery.running_card())
    monkeypatch.setattr(render, "elapsed", lambda *_: "59:59")
    later = shown(gallery.running_card())
    assert "59:59" in later.words
    hashes = [[a.get("data-hash") for a in seen.of("div")] for seen in (first, later)]
    assert hashes[0] == hashes[1]


def test_a_clock_is_told_once_and_ticks_on_the_page():
    """The page counts on from the start; when it has ended, it stands."""
    running = card(started_at=NOW, ended_at=NOW + timedelta(seconds=75))
    (clock,) = shown(running).of("time")
    assert clock["data-from"] == NOW.isoformat()
    assert clock["data-to"]
    assert "1:15" in shown(running).words
    assert render.elapsed(NOW, NOW + timedelta(hours=2, minutes=5)) == "2 h 5 min"


MOMENTS = st.datetimes(timezones=st.just(UTC), min_value=datetime(1970, 1, 1))  # noqa: DTZ001


@given(MOMENTS)
def test_a_time_is_an_element_with_its_moment(moment: datetime):
    """The page tells it in its reader's zone; without a script it is this machine's."""
    said = f"by Ada, {at(moment)}."
    seen = shown(card(text=said, fields=(("Until", at(moment)),), footer=said))
    times = seen.of("time")
    assert [datetime.fromisoformat(t["datetime"] or "") for t in times] == [
        moment.replace(second=0, microsecond=0)
    ] * 3
    assert seen.words.count(tell(moment.replace(second=0, microsecond=0).astimezone())) == 3
    assert at(moment) not in seen.words


@given(HOSTILE, HOSTILE)
def test_a_time_among_hostile_words_makes_no_other_element(before: str, after: str):
    """Neither in a link's address or title nor in code is it touched."""
    time = "2026-11-28T14:00Z"
    words = f'{before} {time} [a](https://x.example/{time} "> {time} onclick=x") `{time}` {after}'
    made = render.fragment(render.Shown(7, card(text=words, footer=words)))
    for name, attributes in Seen(made).tags:
        assert name not in {"script", "img", "svg"} or name == "svg"
        assert not [a for a in attributes if a.startswith("on")]
        if name == "time":
            assert attributes == {"datetime": time, "data-moment": None}


def test_a_time_in_an_address_or_in_code_stays():
    """Only words are read out."""
    time = "2026-11-28T14:00Z"
    seen = shown(card(text=f'[log](https://x.example/{time} "> {time}") and `{time}`'))
    assert seen.of("a")[0]["href"] == f"https://x.example/{time}"
    assert seen.of("time") == []
    assert time in seen.words


def test_every_field_of_a_form_has_a_label():
    """Labels belong to their boxes, rows of ticks to their group."""
    seen = shown(gallery.plan_card())
    labels = {a.get("for") for a in seen.of("label")}
    assert all(a["id"] in labels for a in seen.of("textarea"))
    groups = [a for _, a in seen.tags if a.get("role") == "radiogroup"]
    assert len(groups) == 6
    assert all(a.get("aria-label") for a in groups)


def test_a_button_that_ends_something_asks_first():
    """Cancel unfolds a sentence and a second button; it never acts on one click."""
    seen = shown(gallery.running_card())
    assert "It ends within one step." in seen.words
    assert "Yes, stop" in seen.words


def test_numbers_stand_to_the_right():
    """So they can be compared."""
    table = Table(heading="t", columns=("a", "b"), rows=(("x", "1,200"), ("y", "−60.5%")))
    assert [a.get("class") for a in shown(card(table=table)).of("th")] == ["short", "number"]


def mission(number: int, status: Status, minutes: int) -> Mission:
    at = NOW + timedelta(minutes=minutes)
    return Mission(
        id=f"m{number}", workspace="local", place=f"web:local:{number}", requester="you",
        goal="g", title=f"Mission {number}", status=status, cap=Decimal(1),
        created_at=at, updated_at=at,
    )  # fmt: skip


def test_what_needs_you_comes_first():
    """Then what runs, then the rest; the newest change first in each."""
    groups = render.grouped(
        [
            mission(1, Status.done, 5),
            mission(2, Status.running, 1),
            mission(3, Status.needs_plan_approval, 2),
            mission(4, Status.running, 3),
            mission(5, Status.needs_answer, 4),
        ],
        asking=["m4"],
    )
    assert [g.name for g in groups] == ["Needs you", "Running", "Recent"]
    assert [r.title for r in groups[0].rows] == ["Mission 5", "Mission 4", "Mission 3"]
    assert [r.title for r in groups[1].rows] == ["Mission 2"]


def test_every_status_has_words():
    """A new status must not break the list."""
    assert set(render.STATES) == set(Status)


def test_a_format_that_cannot_be_made_here_is_not_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make try` comes without the extra for PDF: a link to it would end in an error."""
    card = gallery.artifact_card()
    for makes in (True, False):
        monkeypatch.setattr(render, "MAKES_PDF", makes)
        html = str(render.fragment(render.Shown(1, card)))
        assert (".pdf" in html) == makes
        assert ".docx" in html
