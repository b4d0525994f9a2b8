"""Reading JSON whose parts may be absent."""

from typing import Any


def listed(data: Any, key: str) -> list[Any]:
    """The list under a key; empty when it is absent, null or something else."""
    found: Any = data.get(key) if isinstance(data, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    return found if isinstance(found, list) else []  # pyright: ignore[reportUnknownVariableType]
