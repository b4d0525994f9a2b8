"""The schedule that load figures are held against keeps to Slack's limits and wastes nothing."""

import pytest

from bench.slack_floor import Change, best


def _many(number: int, at: float, *, needs: bool, channels: int = 1_000) -> list[Change]:
    return [Change(at, f"m{n}", f"C{n % channels}", needs) for n in range(number)]


def test_posts_wait_for_their_channel():
    """A few at once, then one a second; other channels do not wait."""
    seconds = best(_many(10, 0.0, needs=True, channels=1), {})["posts"]
    assert seconds[:5] == [0.0] * 5
    assert max(seconds) == pytest.approx(4.0)
    assert max(best(_many(10, 0.0, needs=True), {})["posts"]) == 0.0


def test_edits_wait_for_their_minute_unless_there_was_a_click():
    """Fifty in a minute; a clicked message has five more."""
    load = [*_many(60, 0.0, needs=True), *_many(60, 10.0, needs=True)]
    waits = sorted(best(load, {})["needs"])
    assert waits[:110] == [0.0] * 110
    assert waits[110:] == pytest.approx([60.0] * 10, abs=0.2)
    assert max(best(load, {f"m{n}": 5.0 for n in range(60)})["needs"]) == 0.0


def test_progress_takes_only_what_is_left():
    """Fifty steps at once do not delay a decision that comes later in the same minute."""
    steps = _many(50, 10.0, needs=False)
    decisions = [Change(30.0, f"d{n}", f"D{n}", True) for n in range(30)]
    opened = [Change(0.0, f"d{n}", f"D{n}", True) for n in range(30)]
    seconds = best([*_many(50, 0.0, needs=True), *opened, *steps, *decisions], {})
    assert max(seconds["needs"]) == 0.0
    assert sum(wait == 0.0 for wait in seconds["progress"]) == 20
    assert len(seconds["progress"]) == 50


def test_a_message_rests_between_two_edits():
    """Every three seconds at most; what changes meanwhile is one edit."""
    load = [Change(at / 2, "m", "C", needs=False) for at in range(41)]
    seconds = best(load, {})
    assert len(seconds["progress"]) <= 7
    assert max(seconds["progress"]) <= 3.1
