"""What Slack sends, read: pure, one base payload and one change at a time."""

from typing import Any

import pytest

from handlers.slack import letters
from handlers.slack.desk import DOING
from tests.slack.standin import BOT

Json = dict[str, Any]


def event(**more: Any) -> Json:
    base: Json = {
        "type": "message", "channel": "C1", "channel_type": "channel", "user": "U1",
        "text": "hello", "ts": "1690.1",
    }  # fmt: skip
    return {**base, **more}


def test_a_message_is_its_words_and_its_place():
    words = letters.words_of(event(), "T1")
    assert words is not None
    assert words.where.place == "slack:T1:C1:1690.1"
    assert words.key == "slack:m:T1:C1:1690.1"
    assert not words.direct


def test_a_reply_stands_in_its_thread_and_a_root_is_no_reply():
    """Slack gives a root with replies its own ts as thread."""
    reply = letters.words_of(event(thread_ts="1680.9"), "T1")
    root = letters.words_of(event(thread_ts="1690.1"), "T1")
    assert reply is not None
    assert root is not None
    assert reply.where.thread == "1680.9"
    assert root.thread == ""


@pytest.mark.parametrize(
    "change",
    [{"bot_id": "B1"}, {"subtype": "channel_join"}, {"user": "USLACKBOT"}, {"user": ""},
     {"subtype": "bot_message"}, {"channel": ""}],
)  # fmt: skip
def test_what_no_person_wrote_is_nothing(change: Json):
    assert letters.words_of(event(**change), "T1") is None


@pytest.mark.parametrize("change", [{"channel_type": "im"}, {"channel": "D1", "channel_type": ""}])
def test_direct_messages_are_known(change: Json):
    words = letters.words_of(event(**change), "T1")
    assert words is not None
    assert words.direct


def test_files_elsewhere_are_left_out_and_those_of_others_are_looked_up():
    """A link to another service must never get the bot's token."""
    files = [
        {"id": "F1", "name": "a.csv", "size": 3, "url_private": "https://files.slack.com/a"},
        {"id": "F2", "name": "b", "is_external": True, "url_private": "https://evil.example/b"},
        {"id": "F3", "name": "c", "mode": "hidden_by_limit"},
        {"id": "F4", "name": "d", "file_access": "check_file_info"},
    ]
    words = letters.words_of(event(files=files, subtype="file_share"), "T1")
    assert words is not None
    assert [(f.id, f.lookup) for f in words.files] == [("F1", False), ("F4", True)]


def edit(**more: Any) -> Json:
    now = event(text="new", edited={"user": "U1", "ts": "1700.0"})
    base: Json = {"channel": "C1", "channel_type": "channel", "subtype": "message_changed"}
    return {**base, "message": {**now, **more}, "previous_message": event(text="old")}


def test_an_edit_has_a_key_of_its_own_beside_that_of_the_message():
    words = letters.edited_of(edit(), "T1")
    assert words is not None
    assert (words.text, words.before) == ("new", "old")
    assert words.key == "slack:m:T1:C1:1690.1:1700.0"
    assert words.first_key == "slack:m:T1:C1:1690.1"


@pytest.mark.parametrize(
    "change", [{"text": "old"}, {"edited": None}, {"bot_id": "B1"},
               {"edited": {"user": "U2", "ts": "1700.0"}}],
)  # fmt: skip
def test_a_change_that_no_person_made_is_no_edit(change: Json):
    """Previews, threads and the bot's own edits come as changes too."""
    assert letters.edited_of(edit(**change), "T1") is None


def test_a_deletion_names_what_is_gone():
    gone = letters.deleted_of({"channel": "C1", "previous_message": event()}, "T1")
    assert gone is not None
    assert gone.first_key == "slack:m:T1:C1:1690.1"
    assert letters.deleted_of({"channel": "C1", "previous_message": {}}, "T1") is None


def click(**more: Any) -> Json:
    action = {"action_id": "cm|approve|m1|g1|1", "action_ts": "1.5", "value": "cm|approve|m1|g1|1"}
    container = {"type": "message", "channel_id": "C1", "message_ts": "1.1", "thread_ts": "1.0"}
    base: Json = {"user": {"id": "U1"}, "container": container, "actions": [{**action, **more}]}
    return base


def test_two_clicks_are_two_and_one_click_is_one():
    assert letters.press_key(click(), "T1") == letters.press_key(click(), "T1")
    assert letters.press_key(click(), "T1") != letters.press_key(click(action_ts="1.6"), "T1")
    assert letters.press_of(click(), "T1").place == "slack:T1:C1:1.0"


def test_a_key_is_never_longer_than_its_column():
    """A long action id is shortened to its hash."""
    assert len(letters.press_key(click(action_id="x" * 255), "T1")) <= 240


def test_every_kind_has_somebody_who_deals_with_it():
    """And a model that reads it back."""
    made = letters.letter("k", "words", "T1", "slack:T1:C1:1", letters.words_of(event(), "T1"))  # pyright: ignore
    assert made.workspace == "slack:T1"
    assert letters.read(DOING["words"].model, made.payload) == letters.words_of(event(), "T1")
    with pytest.raises(ValueError, match="not a Words"):
        letters.read(letters.Words, {"team": "T1"})


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (f"<@{BOT}> do it", "do it"),
        (f"<@{BOT}|bot>, do it", "do it"),
        (f"please <@{BOT}> do it", "please do it"),
        ("ask <@U2>", "ask @Grace"),
        ("ask <@U9|eve>", "ask @eve"),
        ("ask <@U9>", "ask @U9"),
        ("see <#C2|general>", "see #general"),
        ("see <#C2>", "see #channel"),
        ("<https://a.example/x|this>", "this (https://a.example/x)"),
        ("<https://a.example>", "https://a.example"),
        ("<mailto:a@b.example|a@b.example>", "a@b.example"),
        ("<!here> hello", "@here hello"),
        ("<!subteam^S1|@team> hello", "@team hello"),
        ("1 &lt; 2 &amp;&amp; 3 &gt; 2", "1 < 2 && 3 > 2"),
        ("a  b\n\n  c ", "a b\n\nc"),
    ],
)
def test_mark_up_becomes_what_a_person_reads(raw: str, shown: str):
    assert letters.plain(raw, BOT, {"U2": "Grace"}) == shown
