"""From a model's words to a checked answer: find the JSON, mend slips, name what is wrong."""

import json
import re
from typing import Any, TypeVar, cast

import json_repair
from pydantic import BaseModel, ValidationError

from bot.domain.base import as_json, writable

T = TypeVar("T", bound=BaseModel)

MAX_ERRORS = 12


class Malformed(Exception):
    """The answer cannot be used; `errors` tell the model why, one line each."""

    def __init__(self, *errors: str) -> None:
        super().__init__("malformed answer")
        self.errors = errors


CUT_OFF = "The answer was cut off before its end. Give it again, complete and shorter."
NO_JSON = "The answer holds no JSON object. Give only the JSON object, nothing before or after."


def parse(text: str, schema: type[T]) -> T:
    """The answer in the schema's form. Raises Malformed.

    An object with none of the form's fields is no answer, even where all fields have defaults.
    """
    errors: tuple[str, ...] = ()
    for value in candidates(text):
        if not schema.model_fields.keys() & value.keys():
            errors = errors or (f"The object needs these fields: {', '.join(schema.model_fields)}",)
            continue
        try:
            return schema.model_validate(_kept(value))
        except ValidationError as error:
            errors = errors or tuple(_lines(error))
    raise Malformed(*errors)


SPELT = re.compile(r"\\u(?:0000|d[89a-f])")
"""How JSON spells what no database holds: NUL, and halves of a sign."""


def _kept(value: Any) -> Any:
    """The value with texts that can be kept, see `writable`: mostly as it is."""
    return _writable(value) if SPELT.search(as_json(value)) else value


def _writable(value: Any) -> Any:
    if isinstance(value, str):
        return writable(value)
    if isinstance(value, dict):
        return {writable(k): _writable(v) for k, v in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_writable(v) for v in cast("list[Any]", value)]
    return value


def _lines(error: ValidationError) -> list[str]:
    """Where and what, without the values: those are in the answer the model sees again."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return [f"{_path(e['loc'])}: {e['msg']}" for e in found[:MAX_ERRORS]]


def _path(loc: tuple[int | str, ...]) -> str:
    return ".".join(map(str, loc)) or "answer"


THOUGHTS = re.compile(r"<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL)


def candidates(text: str) -> list[dict[str, Any]]:
    """The JSON objects in the text, the likeliest first: bare, fenced, in prose or with slips.

    An object that breaks off is not completed by guessing: half an answer can pass for a whole
    one. Only a last bracket or two that are missing are added. Raises Malformed when there is none.
    """
    text = THOUGHTS.sub("", text).strip()
    starts = [m.start() for m in re.finditer(r"\{", text)]
    if not starts:
        raise Malformed(NO_JSON)
    return _whole(text, starts) or [_mended(text[starts[0] :])]


def _whole(text: str, starts: list[int]) -> list[dict[str, Any]]:
    """Objects that are valid as they stand, the longest first; none when they lie in a bad one."""
    decoder = json.JSONDecoder()
    found: list[tuple[int, dict[str, Any]]] = []
    end = 0
    for start in starts:
        if start < end or not (found or _outermost(text[:start])):
            continue
        try:
            value, after = decoder.raw_decode(text, start)
        except ValueError:
            continue
        end = after
        found.append((after - start, value))
    return [value for _, value in sorted(found, key=lambda item: -item[0])]


def _outermost(before: str) -> bool:
    """True when no bracket of JSON is still open before the object, braces in prose aside."""
    return not re.search(r"[{\[]\s*(\"|'|\{|\[|$)", before)


def _mended(text: str) -> dict[str, Any]:
    """Slips put right: trailing commas, single quotes, comments, missing last brackets."""
    if _broken_off(text):
        raise Malformed(CUT_OFF)
    value: Any = json_repair.loads(text)
    if isinstance(value, list) and value:
        value = value[0]  # pyright: ignore[reportUnknownVariableType]
    if not isinstance(value, dict) or not value:
        raise Malformed(NO_JSON)
    return value  # pyright: ignore[reportUnknownVariableType]


STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)


def _broken_off(text: str) -> bool:
    """True when the text ends inside a string or a value, or far from its last bracket."""
    bare = STRINGS.sub('""', text.rstrip("`\n\r\t "))
    missing = bare.count("{") + bare.count("[") - bare.count("}") - bare.count("]")
    if missing <= 0:
        return False
    return missing > 2 or bare.count('"') % 2 == 1 or not bare.endswith(("}", "]", '"', "e", "l"))
