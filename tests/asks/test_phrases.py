"""What short words mean, and that longer ones are wishes."""

import pytest

from handlers.phrases import Meaning, meaning


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("hi", Meaning.hello),
        ("Hello there 👋", Meaning.hello),
        ("Guten Morgen!", Meaning.hello),
        ("こんにちは", Meaning.hello),
        ("Thanks a lot!", Meaning.thanks),
        ("Vielen Dank", Meaning.thanks),
        ("what can you do?", Meaning.help),
        ("status?", Meaning.status),
        ("How’s it going?", Meaning.status),
        ("hi, how is it going?", Meaning.status),
        ("Wie weit bist du schon?", Meaning.status),
        ("stop", Meaning.stop),
        ("STOP!!!", Meaning.stop),
        ("please stop it now", Meaning.stop),
        ("Stopp, bitte", Meaning.stop),
        ("arrête", Meaning.stop),
        ("停止", Meaning.stop),
        ("ok, stop", Meaning.stop),
        ("yes", Meaning.yes),
        ("Yes please, go ahead.", Meaning.yes),
        ("looks good to me 👍", Meaning.yes),
        ("👍🏽", Meaning.yes),
        ("Ja, passt", Meaning.yes),
        ("sí", Meaning.yes),
        ("no", Meaning.no),
        ("Nein danke", Meaning.no),
        ("try again", Meaning.again),
        ("noch einmal bitte", Meaning.again),
        ("Go on without it", Meaning.button),
        ("use it as it is", Meaning.button),
    ],
)
def test_set_phrases_are_known_in_some_languages(text: str, means: Meaning) -> None:
    """Case, punctuation, politeness and emoji change nothing."""
    assert meaning(text) is means


@pytest.mark.parametrize(
    "text",
    [
        "Stop the churn of customers: make a plan",
        "Test our onboarding flow",
        "ok do it again but shorter",
        "Cancel T3",
        "Hello world in five languages",
        "Help us to write a brief",
        "Status report for the board, one page",
        "Good plan for the third quarter",
        "Start a newsletter",
        "yesterday",
        "nothing",
        "Yes, but without the appendix",
        "好的计划",
        "…",
        "",
        "ok " * 60,
    ],
)
def test_words_that_only_begin_like_a_phrase_are_a_wish(text: str) -> None:
    """Nothing that carries more than the phrase is taken for it."""
    assert meaning(text) is Meaning.wish
