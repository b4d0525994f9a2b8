"""What can go wrong between us and a model, sorted by what helps against it.

Nothing a provider says is carried on: its messages may repeat the key or the prompt. Only the HTTP
status and our own words remain.
"""

from __future__ import annotations

import json
import re
import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

MAX_WAIT = 60.0
"""The longest pause, in seconds, that a provider's Retry-After is given."""


class Kind(StrEnum):
    """Why there is no answer."""

    busy = "busy"
    down = "down"
    late = "late"
    gone = "gone"
    long = "long"
    refused = "refused"
    declined = "declined"
    malformed = "malformed"
    broken = "broken"
    key = "key"
    quota = "quota"
    setup = "setup"


RETRIED = frozenset({Kind.busy, Kind.down})
STOPPING = frozenset({Kind.key, Kind.quota, Kind.setup})
"""Only a person can mend these: no other model is tried in silence."""

PASSING = frozenset({Kind.busy, Kind.down, Kind.late, Kind.malformed})
"""Waiting may help."""


class Failure(Exception):
    """One model did not answer. `wait` is the pause in seconds the provider asked for."""

    def __init__(
        self, kind: Kind, *, status: int | None = None, wait: float | None = None, note: str = ""
    ) -> None:
        super().__init__(f"{kind}{f' ({status})' if status else ''}")
        self.kind = kind
        self.status = status
        self.wait = wait
        self.note = note


def classify(error: Exception) -> Failure:
    """The failure behind an error of any provider's SDK."""
    if isinstance(error, Failure):
        return error
    status = _status(error)
    if status is not None:
        return _by_status(status, error)
    if isinstance(error, ImportError):
        return Failure(Kind.setup, note=error.name or "")
    if isinstance(error, json.JSONDecodeError) or _is_connection(error):
        return Failure(Kind.down)
    return Failure(Kind.broken, note=f"{type(error).__name__} at {_place(error)}")


def _by_status(status: int, error: Exception) -> Failure:
    said = _said(error)
    if status == 402 or QUOTA.search(said):
        return Failure(Kind.quota, status=status)
    if status in {401, 403}:
        return Failure(Kind.key, status=status)
    if status == 404:
        return Failure(Kind.gone, status=status)
    if status == 413 or TOO_LONG.search(said):
        return Failure(Kind.long, status=status)
    if status in {408, 409, 425, 429}:
        return Failure(Kind.busy, status=status, wait=retry_after(_headers(error)))
    if status >= 500:
        return Failure(Kind.down, status=status, wait=retry_after(_headers(error)))
    return Failure(Kind.gone if GONE.search(said) else Kind.refused, status=status)


def _place(error: Exception) -> str:
    """File and line where it was raised: all that the log may hold of an unknown error."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{frames[-1].filename}:{frames[-1].lineno}" if frames else "an unknown place"


QUOTA = re.compile(r"insufficient_quota|credit balance|billing_(not_active|hard_limit)")
TOO_LONG = re.compile(r"context_length|context window|prompt is too long|maximum context")
GONE = re.compile(r"model_not_found|model_not_available|model_decommissioned|does not exist")


def _said(error: Exception) -> str:
    """What the provider said, for sorting only: it never leaves this module."""
    return f"{getattr(error, 'body', '')} {error}".lower()


def _status(error: Exception) -> int | None:
    for holder in (error, getattr(error, "response", None)):
        for name in ("status_code", "status", "code"):
            value = getattr(holder, name, None)
            if isinstance(value, int) and 400 <= value < 600:
                return value
    return None


def _headers(error: Exception) -> Mapping[str, str]:
    headers: Any = getattr(getattr(error, "response", None), "headers", None)
    return headers if headers is not None else {}


CONNECTION = re.compile(r"Connect|Timeout|Transport|Network|Protocol|ReadError|WriteError")


def _is_connection(error: BaseException) -> bool:
    """By class name: each SDK has its own, and none is worth importing for this."""
    if isinstance(error, OSError | TimeoutError):
        return True
    return any(CONNECTION.search(kind.__name__) for kind in type(error).__mro__)


def retry_after(headers: Mapping[str, str]) -> float | None:
    """The pause a response asks for, in seconds from now, at most MAX_WAIT; None when silent.

    >>> retry_after({"retry-after": "3"})
    3.0
    """
    for name, seconds in (("retry-after-ms", _milliseconds), ("retry-after", _seconds)):
        value = headers.get(name)
        found = seconds(value) if value else None
        if found is not None:
            return min(max(found, 0.0), MAX_WAIT)
    return None


def _milliseconds(value: str) -> float | None:
    seconds = _number(value)
    return None if seconds is None else seconds / 1000


def _seconds(value: str) -> float | None:
    seconds = _number(value)
    return _until(value) if seconds is None else seconds


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _until(value: str) -> float | None:
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - datetime.now(UTC)).total_seconds()


NAMES = {
    "openai": "OpenAI",
    "anthropic": "Anthropic",
    "ollama": "Ollama",
    "google_genai": "Google",
    "mistralai": "Mistral",
}
KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}


def sentence(failures: Sequence[tuple[str, Failure]]) -> str:
    """What happened, what was kept and what to do, for `(provider:model, failure)` pairs."""
    model, last = failures[-1]
    if last.kind in STOPPING or len(failures) == 1:
        return f"{_what(model, last)} Nothing was lost. {_remedy(model, last)}"
    parts = " ".join(_what(name, failure) for name, failure in failures)
    return f"{parts} Nothing was lost. {_remedy(model, last)}"


def advice(model: str, failure: Failure) -> tuple[str, str]:
    """What happened and what to do, where there is no mission and no Retry to press."""
    if failure.kind in PASSING or failure.kind is Kind.broken:
        return _what(model, failure), "Check that it runs and can be reached, and look again."
    remedy = re.sub(r",? (and|then|and then) press Retry", "", _remedy(model, failure))
    return _what(model, failure), remedy


def _what(model: str, failure: Failure) -> str:
    code = f" ({failure.status})" if failure.status else ""
    return WHAT[failure.kind].format(
        model=model, who=_provider(model), code=code, package=failure.note or "of the provider"
    )


def _remedy(model: str, failure: Failure) -> str:
    provider = model.split(":", 1)[0]
    key = KEYS.get(provider, f"the key for {_provider(model)}")
    return REMEDY[failure.kind].format(key=key, who=_provider(model))


def _provider(model: str) -> str:
    provider = model.split(":", 1)[0]
    return NAMES.get(provider, provider)


WHAT = {
    Kind.busy: "{model} is over its rate limit{code}.",
    Kind.down: "{model} could not be reached or is out of order{code}.",
    Kind.late: "{model} did not answer in time.",
    Kind.gone: "{who} has no model “{model}”{code}.",
    Kind.long: "The question is longer than {model} can read{code}.",
    Kind.refused: "{model} refused the request{code}.",
    Kind.declined: "{model} declined to answer.",
    Kind.malformed: "{model} kept answering in a form that cannot be used.",
    Kind.broken: "{model} failed in an unexpected way.",
    Kind.key: "The key for {who} was refused{code}.",
    Kind.quota: "The account at {who} has no credit left{code}.",
    Kind.setup: "{model} cannot be used: its key or the package {package} is missing.",
}
AGAIN = "Press Retry in a while."
CHOOSE = "Set MODEL_LIGHT, MODEL_STANDARD and MODEL_STRONG to models you can use and press Retry."
REMEDY = {
    Kind.busy: AGAIN,
    Kind.down: AGAIN,
    Kind.late: AGAIN,
    Kind.gone: CHOOSE,
    Kind.long: "Ask for less at once, or set MODEL_STRONG to a model that reads more.",
    Kind.refused: CHOOSE,
    Kind.declined: "Say it in other words, or choose another model.",
    Kind.malformed: "Press Retry, or choose a stronger model.",
    Kind.broken: "Press Retry; the log has the details.",
    Kind.key: "Set {key} and press Retry.",
    Kind.quota: "Add credit at {who} or choose another model, then press Retry.",
    Kind.setup: "Set {key}, install the package, and press Retry.",
}
