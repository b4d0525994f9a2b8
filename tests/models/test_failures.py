"""Errors of any provider, sorted by what helps; prices that are known or said to be unknown."""

from decimal import Decimal

import pytest
from genai_prices import Usage, calc_price
from genai_prices.data_snapshot import get_snapshot

from graphs.models.failures import MAX_WAIT, Failure, Kind, classify, retry_after, sentence
from graphs.models.pricing import Tokens, price


class Refused(Exception):
    """Shaped as the SDKs shape theirs."""

    def __init__(self, status: int, body: str = "") -> None:
        super().__init__(body)
        self.status_code = status
        self.body = body


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Refused(429), Kind.busy),
        (Refused(529), Kind.down),
        (Refused(503), Kind.down),
        (Refused(400), Kind.refused),
        (Refused(422), Kind.refused),
        (Refused(400, "Your credit balance is too low"), Kind.quota),
        (Refused(400, "context_length_exceeded"), Kind.long),
        (Refused(413), Kind.long),
        (Refused(400, "model_decommissioned"), Kind.gone),
        (Refused(404), Kind.gone),
        (ConnectionRefusedError(), Kind.down),
        (TimeoutError(), Kind.down),
        (ModuleNotFoundError(name="langchain_nobody"), Kind.setup),
        (KeyError("surprise"), Kind.broken),
    ],
)
def test_errors_are_sorted_by_what_helps(error: Exception, kind: Kind) -> None:
    assert classify(error).kind is kind


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "86400"}, MAX_WAIT),
        ({"retry-after": "-4"}, 0.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({}, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_bounded(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(headers) == seconds


@pytest.mark.parametrize("kind", list(Kind))
def test_every_failure_says_what_happened_what_was_kept_and_what_to_do(kind: Kind) -> None:
    text = sentence([("anthropic:claude-x", Failure(kind, status=418))])
    assert "Nothing was lost." in text
    assert text.endswith(".")
    assert "{" not in text
    assert "Press Retry" in text or "press Retry" in text or "Ask" in text or "Say" in text


def test_several_failures_are_told_one_by_one() -> None:
    text = sentence([("a:x", Failure(Kind.late)), ("a:y", Failure(Kind.down, status=500))])
    assert text == (
        "a:x did not answer in time. a:y could not be reached or is out of order (500). "
        "Nothing was lost. Press Retry in a while."
    )


def test_prices_are_those_of_the_list_and_unknown_ones_are_none() -> None:
    used = Tokens(1000, 100, read_cached=500)
    assert price("anthropic", "claude-haiku-4-5", used) == Decimal("0.00105")
    assert price("openai", "gpt-4o-mini", used, "http://127.0.0.1:1/v1") == Decimal("0.0001725")
    assert price("openai", "my-own-llama", used, "http://127.0.0.1:1/v1") is None
    assert price("nobody", "model", used) is None


def test_a_price_is_what_the_list_says_for_every_model_and_any_mix() -> None:
    """Also with tiers, with a cache, and where a model's price is not known at all."""
    mixes = (
        Tokens(1, 1), Tokens(99_999, 4_096), Tokens(300_000, 10, read_cached=299_000),
        Tokens(5_000, 7, read_cached=1_234, written_cache=3_000), Tokens(10, 5, read_cached=20),
    )  # fmt: skip
    priced = 0
    for provider in get_snapshot().providers:
        for model in provider.models[::3]:
            for mix in mixes:
                alone = listed(provider.id, model.id, mix)
                assert price(provider.id, model.id, mix) == alone, (provider.id, model.id, mix)
                priced += alone is not None
    assert priced > 1_000


def listed(provider: str, model: str, tokens: Tokens) -> Decimal | None:
    """What the library says, asked alone."""
    usage = Usage(
        input_tokens=tokens.given, output_tokens=tokens.made,
        cache_read_tokens=tokens.read_cached, cache_write_tokens=tokens.written_cache,
    )  # fmt: skip
    try:
        return calc_price(usage, model, provider_id=provider).total_price
    except (LookupError, ValueError):
        return None
