"""What Slack's refusals mean for who wanted to show something.

ChatError
├── ChatBusy   429, or no connection at all: nothing was shown
├── ChatLost   5xx, reset, timeout: it may have been shown
├── ChatGone   the message, the place or the permission is gone
└── Refused    anything else, with Slack's own word for it
"""

from typing import Any, cast

import aiohttp
from slack_sdk.errors import SlackApiError

from bot.ports import ChatBusy, ChatError, ChatGone, ChatLost

UNREACHABLE = 5.0
"""Seconds to wait when Slack could not be reached."""

GONE = frozenset(
    {
        "message_not_found",
        "channel_not_found",
        "thread_not_found",
        "invalid_thread_ts",
        "cant_update_message",
        "edit_window_closed",
        "not_in_channel",
        "is_archived",
        "is_inactive",
        "restricted_action",
        "not_authed",
        "invalid_auth",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "no_permission",
        "missing_scope",
        "team_access_not_granted",
        "ekm_access_denied",
    }
)
BLOCKS = frozenset(
    {
        "invalid_blocks",
        "invalid_blocks_format",
        "invalid_arguments",
        "msg_blocks_too_long",
        "msg_blocks_too_many",
        "msg_too_long",
        "only_one_table_allowed",
        "markdown_text_conflict",
    }
)
"""Slack will not show this look of the card; a plainer one may pass."""
SERVER = frozenset(
    {"internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
)


class Refused(ChatError):
    """Slack said no; `code` is its word for it."""

    def __init__(self, code: str) -> None:
        super().__init__(f"Slack refused: {code}")
        self.code = code


def explain(error: Exception) -> ChatError:
    """The ChatError for what the SDK raised. No token, text or URL gets into its words."""
    match error:
        case SlackApiError():
            return _answered(error)
        case aiohttp.ClientConnectorError():
            return ChatBusy(UNREACHABLE)
        case _:
            return ChatLost(f"the answer was lost: {type(error).__name__}")


def code_of(error: SlackApiError) -> str:
    """Slack's word for the error, or ""."""
    response: Any = error.response
    data: Any = getattr(response, "data", None)
    return str(cast("dict[str, Any]", data).get("error", "")) if isinstance(data, dict) else ""


def _answered(error: SlackApiError) -> ChatError:
    response: Any = error.response
    status = int(getattr(response, "status_code", 0) or getattr(response, "status", 0) or 0)
    code = code_of(error)
    if status == 429 or code == "ratelimited":
        return ChatBusy(_retry_after(response))
    if status >= 500 or code in SERVER or not code:
        return ChatLost(f"Slack had a problem: {code or status}")
    return ChatGone(code) if code in GONE else Refused(code)


def _retry_after(response: Any) -> float:
    headers = {k.lower(): v for k, v in dict(getattr(response, "headers", {})).items()}
    try:
        return max(1.0, float(headers.get("retry-after", 1)))
    except ValueError:
        return 1.0
