"""What a call costs, in US dollars at list price. Unknown is None, never 0."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache, lru_cache
from time import time
from typing import Any, NamedTuple

HOUR = 3_600
CHARS_PER_TOKEN = 3
"""Fewer than real text has, so that an estimate errs on the dear side."""


class Tokens(NamedTuple):
    """`given` counts all input, cached or not; `guessed` when the provider reported nothing."""

    given: int
    made: int
    read_cached: int = 0
    written_cache: int = 0
    guessed: bool = False


def tokens_of(text_length: int) -> int:
    """An estimate from a number of characters.

    >>> tokens_of(7)
    3
    """
    return -(-text_length // CHARS_PER_TOKEN)


def price(provider: str, model: str, tokens: Tokens, base_url: str = "") -> Decimal | None:
    """The list price, or None when it is not known.

    An OpenAI-compatible endpoint that is not known itself is taken to pass OpenAI's models on: its
    own models are not on OpenAI's list, and so stay unknown.
    """
    rates = _rates(provider, model, base_url, int(time() // HOUR))
    fresh = tokens.given - tokens.read_cached - tokens.written_cache
    counts = (fresh, tokens.made, tokens.read_cached, tokens.written_cache)
    if rates is None or min(counts) < 0:
        return _listed(model, tokens, _seller(provider, model, base_url))
    paid = [n * rate for n, rate in zip(counts, rates, strict=True) if n]
    return sum(paid, Decimal(0)) / MILLION


@cache
def _seller(provider: str, model: str, base_url: str) -> Mapping[str, str]:
    """Whose price it is, as the library is asked. Kept: to find out costs more than a sum."""
    endpoint = {"provider_api_url": base_url}
    if base_url and _listed(model, Tokens(1, 1), endpoint) is not None:
        return endpoint
    return {"provider_id": PROVIDERS.get(provider, provider)}


PROVIDERS = {
    "google_genai": "google",
    "google_vertexai": "google",
    "mistralai": "mistral",
    "azure_openai": "azure",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "xai": "x-ai",
}


MILLION = 1_000_000
KINDS = (Tokens(1, 0), Tokens(0, 1), Tokens(1, 0, read_cached=1), Tokens(1, 0, written_cache=1))
"""One token of each kind: given, made, read from the cache, written to it."""


@lru_cache(maxsize=256)
def _rates(provider: str, model: str, base_url: str, hour: int) -> list[Decimal] | None:
    """Dollars for a million tokens of each kind; None when they are unknown or have tiers.

    Kept for an hour, since some prices change by day. To ask the library each time takes ten
    times what SQLite takes to write the price down.
    """
    seller = _seller(provider, model, base_url)
    rates: list[Decimal] = []
    for kind in KINDS:
        rate = _listed(model, _times(kind, MILLION), seller)
        if rate is None:
            return None
        rates.append(rate)
    even = all(_listed(model, _times(MIX, n), seller) == sum(rates) * n / MILLION for n in NUMBERS)
    return rates if even else None


MIX = Tokens(3, 1, read_cached=1, written_cache=1)
"""One token of every kind."""
NUMBERS = (1, MILLION, 10 * MILLION)
"""How many of each tell whether a price grows evenly: tiers begin in between."""


def _times(kind: Tokens, n: int) -> Tokens:
    return Tokens(kind.given * n, kind.made * n, kind.read_cached * n, kind.written_cache * n)


def _listed(model: str, tokens: Tokens, where: Mapping[str, Any]) -> Decimal | None:
    """The price as the library finds it."""
    from genai_prices import Usage, calc_price

    usage = Usage(
        input_tokens=tokens.given,
        output_tokens=tokens.made,
        cache_read_tokens=tokens.read_cached,
        cache_write_tokens=tokens.written_cache,
    )
    try:
        return calc_price(usage, model, **where).total_price
    except (LookupError, ValueError):
        return None
