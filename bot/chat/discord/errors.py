"""What Discord's refusals mean for who wanted to show something.

ChatError
├── ChatBusy     429, or no connection at all: nothing was shown
│   └── Rationed   429 with code 30046: this message is old, and old ones take few edits
├── ChatLost     5xx, reset, timeout: it may have been shown
├── ChatGone     the message, the place or the permission is gone
│   ├── Archived   50083: edits wait until the thread is opened again
│   └── Denied     50013: a permission is missing, perhaps the one to attach files
└── Refused      anything else, with Discord's own code
"""

from collections.abc import Mapping
from typing import Any, cast

import aiohttp

from bot.ports import ChatBusy, ChatError, ChatGone, ChatLost

UNREACHABLE = 5.0
"""Seconds to wait when Discord could not be reached."""
OLD_EDITS = 30046
ARCHIVED = 50083
DENIED = 50013
GONE: Mapping[int, str] = {
    10003: "The channel is not there any more.",
    10004: "The server is not there any more.",
    10008: "The message is not there any more.",
    10013: "Discord does not know this person.",
    50001: "I cannot see this channel. Give me the permission View Channel there.",
    50005: "This message belongs to somebody else.",
    50007: "This person takes no direct messages from me.",
    160005: "The thread is locked. Somebody who manages threads can unlock it.",
}
INVALID = 50035
FORM = frozenset({INVALID, 40005, 50006})
"""Discord takes this look of the card not at all; a plainer one may pass."""


class Rationed(ChatBusy):
    """The message is old; no edit of it is taken for `seconds`."""


class Archived(ChatGone):
    """The thread is archived: nothing in it can be edited."""


class Denied(ChatGone):
    """A permission is missing."""


class Refused(ChatError):
    """Discord said no; `code` is its number for it."""

    def __init__(self, status: int, code: int) -> None:
        super().__init__(f"Discord refused: status {status}, code {code}")
        self.code = code


def explain(status: int, body: Any, headers: Mapping[str, str]) -> ChatError:
    """The ChatError for an answer of 400 or more. No text of ours gets into its words."""
    known = mapping(body)
    code = int(known.get("code") or 0)
    if status == 429:
        seconds = _seconds(known, headers)
        return Rationed(seconds) if code == OLD_EDITS else ChatBusy(seconds)
    if status >= 500:
        return ChatLost(f"Discord had a problem: {status}")
    if code == ARCHIVED:
        return Archived("The thread is archived.")
    if code == DENIED:
        return Denied("I lack a permission in this channel.")
    if code in GONE:
        return ChatGone(GONE[code])
    return Refused(status, code)


def mapping(body: Any) -> Mapping[str, Any]:
    """The body as an object, empty when it is none."""
    return cast("Mapping[str, Any]", body) if isinstance(body, dict) else {}


def unanswered(error: Exception) -> ChatError:
    """The ChatError for a connection that failed. Raised by nobody, given to who asked."""
    if isinstance(error, aiohttp.ClientConnectorError):
        return ChatBusy(UNREACHABLE)
    return ChatLost(f"the answer was lost: {type(error).__name__}")


def _seconds(body: Mapping[str, Any], headers: Mapping[str, str]) -> float:
    for value in (body.get("retry_after"), headers.get("Retry-After")):
        try:
            return max(0.1, float(str(value)))
        except ValueError:
            continue
    return 5.0
