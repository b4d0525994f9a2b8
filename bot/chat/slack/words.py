"""Text that Slack shows as it was meant: cut to a size, escaped, with nothing that pings."""

import re
from datetime import UTC, datetime

from bot.cards import with_times

CUT = "…"
NOBREAK = "\u200b"
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_REFERENCE = re.compile(r"<(?=[!@#])")
_EVERYONE = re.compile(r"@(?=(?:channel|here|everyone|group)\b)", re.IGNORECASE)


def size(text: str) -> int:
    """The length as Slack counts it, in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def clean(text: str) -> str:
    """The text without control characters and halves of characters, which Slack refuses."""
    return _CONTROL.sub("", text.encode("utf-8", "replace").decode())


def clip(text: str, most: int) -> str:
    """The text in at most `most` units, with `…` where it was cut."""
    text, over = _near(text, most)
    if not over and size(text) <= most:
        return text
    return _head(text, most - len(CUT)).rstrip() + CUT


def fits(text: str, most: int) -> bool:
    """True when nothing of the text has to be cut."""
    text, over = _near(text, most)
    return not over and size(text) <= most


def _near(text: str, most: int) -> tuple[str, bool]:
    """The clean text, and whether more than can matter was left off: long ones cost time."""
    text, reach = text.strip(), 2 * max(most, 0) + 64
    return clean(text[:reach]).strip(), len(text) > reach


def _head(text: str, most: int) -> str:
    raw = text.encode("utf-16-le", "surrogatepass")[: max(0, most) * 2]
    return raw.decode("utf-16-le", "ignore")


def clip_markdown(text: str, most: int) -> str:
    """Markdown in at most `most` units: cut at a line where one is near, code fences closed."""
    text, over = _near(text, most)
    if not over and size(text) <= most:
        return text
    head = _head(text, most - len(CUT) - 5)
    line = head.rfind("\n")
    head = head[:line] if line > len(head) // 2 else head
    fence = "\n```" if head.count("```") % 2 else ""
    return f"{head.rstrip()}{fence}\n{CUT}"


def neutral(text: str) -> str:
    """Markdown in which nobody is called: `<!channel>`, `<@U1>` and `@here` are only words."""
    return _EVERYONE.sub(f"@{NOBREAK}", _REFERENCE.sub(f"<{NOBREAK}", text))


def escape(text: str) -> str:
    """Text as mrkdwn shows it literally."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _EVERYONE.sub(f"@{NOBREAK}", text)


def bold(text: str, most: int) -> str:
    """A label in bold mrkdwn, on one line and without mark-up of its own; "" when it is empty."""
    literal = escape(clip(" ".join(re.sub(r"[*_~`]", "", text).split()), most))
    return f"*{literal}*" if literal else ""


CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.DOTALL)
_LINK = re.compile(r"!?\[([^\]\n]*)\]\((https?://[^\s()<>|]+)\)")
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.MULTILINE), r"**\1**"),
    (re.compile(r"^([ \t]*)[-*+][ \t]+", re.MULTILINE), r"\1• "),
    (re.compile(r"(\*\*|__)(?=\S)(.+?)(?<=\S)\1"), r"*\2*"),
    (re.compile(r"~~(?=\S)(.+?)(?<=\S)~~"), r"~\1~"),
    (re.compile(r"\*(?=\*)"), f"*{NOBREAK}"),
)


def mrkdwn(text: str, most: int) -> str:
    """Markdown as Slack's mrkdwn in at most `most` units; tables stay as they are written.

    Times such as `2026-11-20T14:00Z` are shown in each reader's own zone.
    """
    room = most
    made = _mrkdwn(clip_markdown(text, room))
    while size(made) > most and room > 1:
        room = max(1, room - (size(made) - most) - 8)
        made = _mrkdwn(clip_markdown(text, room))
    return made


def _mrkdwn(text: str) -> str:
    parts = CODE.split(text)
    return "".join(escape(p) if n % 2 else _prose(p) for n, p in enumerate(parts))


def _prose(text: str) -> str:
    text = escape(text)
    for pattern, shape in _RULES:
        text = pattern.sub(shape, text)
    return with_times(_LINK.sub(_link, text), moment)


def _link(match: re.Match[str]) -> str:
    label, url = match.group(1).replace("|", "¦"), match.group(2)
    return f"<{url}|{label}>" if label else f"<{url}>"


def moment(at: datetime) -> str:
    """A time for mrkdwn, shown in the reader's zone; UTC where that is not known."""
    fallback = at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{fallback}>"
