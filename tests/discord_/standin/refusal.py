"""How Discord says no."""

from typing import Any


class Refusal(Exception):
    """An error answer: HTTP status, Discord's code, the sentence and what else the body holds."""

    def __init__(self, status: int, code: int, message: str, **more: Any) -> None:
        super().__init__(f"{status} {code} {message} {more or ''}")
        self.status = status
        self.body: dict[str, Any] = {"message": message, "code": code, **more}
        self.headers: dict[str, str] = {}


def invalid(path: str, why: str) -> Refusal:
    """400, code 50035: the field at `path` (dots between) does not fit."""
    errors: dict[str, Any] = {"_errors": [{"code": "BASE_TYPE_BAD", "message": why}]}
    for part in reversed([p for p in path.split(".") if p]):
        errors = {part: errors}
    return Refusal(400, 50035, "Invalid Form Body", errors=errors)


def unknown(what: str, code: int) -> Refusal:
    return Refusal(404, code, f"Unknown {what}")


def limited(seconds: float, *, code: int = 0, scope: str = "user") -> Refusal:
    """429 with what a client needs to wait."""
    text = "You are being rate limited."
    if code == OLD_EDITS:
        text = "Maximum number of edits to messages older than 1 hour reached. Try again later"
    refusal = Refusal(
        429, code, text, retry_after=round(seconds, 3), **{"global": scope == "global"}
    )
    refusal.headers = {"Retry-After": str(max(1, round(seconds))), "X-RateLimit-Scope": scope}
    return refusal


OLD_EDITS = 30046
