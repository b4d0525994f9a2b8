"""What a message at Discord says about itself. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

from bot.chat.discord.marks import marked
from bot.chat.discord.place import Ref
from bot.chat.discord.render import V2

Json = dict[str, Any]


def ref_of(message: Json) -> Ref:
    """The reference of a message, as Discord gives it."""
    classic = not int(message.get("flags") or 0) & V2
    return Ref(str(message["channel_id"]), str(message["id"]), classic=classic)


def mark_of(message: Json) -> tuple[str, int] | None:
    """Slot reference and version of a message of ours, None for any other."""
    return marked(_last_line(message))


def files_of(message: Json) -> dict[str, str]:
    """The attachments: name → id."""
    return {str(a["filename"]): str(a["id"]) for a in _list(message, "attachments")}


def _list(message: Json, name: str) -> Sequence[Json]:
    return message.get(name) or []


def _last_line(message: Json) -> str:
    """Where the mark stands: an embed's footer, or the last text of the components."""
    for embed in _list(message, "embeds"):
        footer: Json = embed.get("footer") or {}
        if footer.get("text"):
            return str(footer["text"])
    texts = list(_texts(_list(message, "components")))
    return texts[-1] if texts else ""


def _texts(components: Sequence[Json]) -> Iterator[str]:
    for part in components:
        if "content" in part:
            yield str(part["content"])
        yield from _texts(_list(part, "components"))
