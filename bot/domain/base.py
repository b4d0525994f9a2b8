"""What every word of the domain is made of: frozen models and stable hashes."""

import hashlib
import json
import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, Self, cast

import orjson
from pydantic import BaseModel, ConfigDict
from pydantic_core import from_json


class Frozen(BaseModel):
    """An immutable value. Unknown fields are refused, so a typo never passes in silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """A copy with other values, without cached properties: they told of the old ones."""
        if deep:
            return super().model_copy(update=update, deep=True)._made_of(update or {}, kept=False)
        return self._made_of(update or {}, kept=False)

    def _made_of(self, update: Mapping[str, Any], *, kept: bool) -> Self:
        """What pydantic's `model_copy` gives, which takes three times as long; private attributes
        and extra fields no word of the domain has. Cached properties stay when `kept`.
        """
        values: dict[str, Any] = {**vars(self), **update}
        if not kept and values.keys() != self.__pydantic_fields__.keys():
            values = {name: values[name] for name in self.__pydantic_fields__}
        copied = object.__new__(type(self))
        _set(copied, "__dict__", values)
        _set(copied, "__pydantic_fields_set__", self.__pydantic_fields_set__ | update.keys())
        _set(copied, "__pydantic_extra__", None)
        _set(copied, "__pydantic_private__", None)
        return copied


_set = object.__setattr__


_UNWRITABLE = re.compile("[\x00\ud800-\udfff]")


def writable(text: str) -> str:
    """The text without what UTF-8 or PostgreSQL cannot hold: NUL, and halves of a sign.

    >>> writable("a\x00b")
    'ab'
    """
    return _UNWRITABLE.sub("", text)


_STRICT = orjson.OPT_PASSTHROUGH_DATACLASS | orjson.OPT_PASSTHROUGH_DATETIME


def as_json(value: Any, *, ordered: bool = False) -> str:
    """Compact JSON that both databases take: a number that is none, NaN or infinite, is null.

    A model's words may hold one; an answer that cannot be written would wait for ever. Raises
    TypeError for a date, a Decimal and whatever else is neither text, number, list nor mapping.
    """
    try:
        return orjson.dumps(value, option=_STRICT | orjson.OPT_SORT_KEYS * ordered).decode()
    except TypeError:  # halves of a sign, numbers of more than 64 bits, keys that are no strings
        text = json.dumps(
            _finite(value), sort_keys=ordered, separators=(",", ":"), ensure_ascii=False
        )
        return text.encode(errors="backslashreplace").decode()  # "\ud800" is JSON for half a sign


def of_json(text: str) -> Any:
    """The value of a JSON text, as Python's own reader has it. Raises ValueError."""
    try:
        return from_json(text)
    except ValueError:  # halves of a sign
        return json.loads(text)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(v) for key, v in cast("Mapping[Any, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_finite(v) for v in cast("list[Any]", value)]
    return None if isinstance(value, float) and not isfinite(value) else value


def canonical(value: Any) -> str:
    """A value's canonical JSON, equal across processes."""
    return as_json(value, ordered=True)


def digest(value: Any) -> str:
    """The SHA-256 of a value's canonical JSON, 64 hex digits."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


class Refused(Exception):
    """A request the product declines; the text is one clear sentence for the person who asked."""


def counted(number: int, noun: str) -> str:
    """`1 task`, `2 tasks`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
