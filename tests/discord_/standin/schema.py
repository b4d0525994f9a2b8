"""Discord's own schemas, as far as the stand-in needs them, on top of jsonschema."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from tests.discord_.standin.refusal import invalid

DOCUMENT: dict[str, Any] = json.loads(Path(__file__).with_name("schema.json").read_text())


def check(name: str, value: Any, path: str = "") -> None:
    """Raises Refusal when the value does not fit the schema of this name."""
    error = next(_validator(name).iter_errors(value), None)
    if error is not None:
        where = ".".join([*path.split("."), *(str(p) for p in error.absolute_path)])
        raise invalid(where, error.message[:300])


def _one_of(validator: Any, branches: list[Any], value: Any, schema: Any) -> Iterator[Any]:
    """`oneOf`, narrowed by a component's `type`, so that the error is about the right branch."""
    if not isinstance(value, dict) or "type" not in value:
        yield from Draft202012Validator.VALIDATORS["oneOf"](validator, branches, value, schema)
        return
    fitting = [b for b in branches if _type_of(b) in (None, value["type"])]
    if not fitting:
        yield ValidationError(f"type {value['type']} is not allowed here")
    for branch in fitting[:1]:
        yield from validator.descend(value, branch)


def _type_of(branch: dict[str, Any]) -> int | None:
    name = branch.get("$ref", "").rsplit("/", 1)[-1]
    allowed = DOCUMENT["$defs"].get(name, {}).get("properties", {}).get("type", {}).get("enum", [])
    return allowed[0] if len(allowed) == 1 else None


_Strict: Any = extend(Draft202012Validator, {"oneOf": _one_of})


@cache
def _validator(name: str) -> Any:
    return _Strict({"$ref": f"#/$defs/{name}", "$defs": DOCUMENT["$defs"]})
