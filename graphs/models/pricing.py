"""What a call costs, in US dollars at list price. Unknown is None, never 0."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple

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
    if base_url and _sold_at(model, base_url):
        return _price(model, tokens, provider_api_url=base_url)
    return _price(model, tokens, provider_id=PROVIDERS.get(provider, provider))


@cache
def _sold_at(model: str, base_url: str) -> bool:
    """Whether the endpoint is known to sell the model. Kept: to find out costs more than a sum."""
    return _price(model, Tokens(1, 1), provider_api_url=base_url) is not None


PROVIDERS = {
    "google_genai": "google",
    "google_vertexai": "google",
    "mistralai": "mistral",
    "azure_openai": "azure",
    "bedrock": "aws",
    "bedrock_converse": "aws",
    "xai": "x-ai",
}


def _price(model: str, tokens: Tokens, **where: Any) -> Decimal | None:
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
