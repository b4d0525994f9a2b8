"""The rules that Discord's schema does not say: sums, exclusions, uniqueness, references."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.discord_.standin.refusal import Refusal, invalid
from tests.discord_.standin.schema import check

V2 = 1 << 15
EPHEMERAL = 1 << 6

MAX_CONTENT = 2000
MAX_COMPONENTS = 40
MAX_TEXT = 4000
MAX_ROWS = 5
MAX_EMBED_SUM = 6000
MAX_FILES = 10
MAX_REQUEST = 25 * 1024 * 1024
MAX_MODAL_PARTS = 5
MAX_COMMANDS = 100
MAX_COMMAND_CHARS = 8000
MAX_NONCE = 25

ACTION_ROW, BUTTON, TEXT_INPUT, SECTION, TEXT, CONTAINER = 1, 2, 4, 9, 10, 17
LINK, PREMIUM = 5, 6
SELECTS = frozenset({3, 5, 6, 7, 8})
CHOICES = frozenset({3, 21, 22})
MESSAGE_ONLY_V2 = frozenset({9, 10, 11, 12, 13, 14, 17})
EMBED_LIMITS = {"title": 256, "description": 4096}


def check_message(body: Mapping[str, Any], *, old: Mapping[str, Any] | None = None) -> None:
    """A message to create, or the edit of `old`. Raises Refusal."""
    check("MessageEditRequestPartial" if old else "MessageCreateRequest", dict(body))
    if len(body.get("content") or "") > MAX_CONTENT:
        raise invalid("content", f"Must be {MAX_CONTENT} or fewer in length.")
    if len(str(body.get("nonce") or "")) > MAX_NONCE:
        raise invalid("nonce", f"Must be {MAX_NONCE} or fewer in length.")
    if is_v2(body, old):
        _check_v2(body, old)
    else:
        _check_classic(body)
    check_components(body.get("components") or [])
    check_references(body, old)
    if _empty(body, old):
        raise Refusal(400, 50006, "Cannot send an empty message")


def is_v2(body: Mapping[str, Any], old: Mapping[str, Any] | None) -> bool:
    """The flag of the body, or of the message that is edited: there it cannot be taken back."""
    return bool(((body.get("flags") or 0) | (old or {}).get("flags", 0)) & V2)


def _check_v2(body: Mapping[str, Any], old: Mapping[str, Any] | None) -> None:
    for name in ("content", "embeds", "poll", "sticker_ids"):
        kept = (old or {}).get(name) if name not in body else None
        if kept or body.get(name) or body.get(name) == "":
            raise invalid(name, "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2")
    parts = list(walk(body.get("components") or []))
    if len(parts) > MAX_COMPONENTS:
        raise invalid("components", f"The maximum number of components is {MAX_COMPONENTS}.")
    if sum(len(p["content"]) for p in parts if p["type"] == TEXT) > MAX_TEXT:
        raise invalid("components", f"The maximum displayable text is {MAX_TEXT}.")
    if not old and not parts:
        raise Refusal(400, 50006, "Cannot send an empty message")


def _check_classic(body: Mapping[str, Any]) -> None:
    components = body.get("components") or []
    if any(c["type"] != ACTION_ROW for c in components):
        raise invalid("components.0.type", "Value of field must be one of (1,).")
    if len(components) > MAX_ROWS:
        raise invalid("components", f"Must be {MAX_ROWS} or fewer in length.")
    embeds = body.get("embeds") or []
    if sum(_embed_size(e, n) for n, e in enumerate(embeds)) > MAX_EMBED_SUM:
        raise invalid("embeds", f"Embed size exceeds maximum size of {MAX_EMBED_SUM}.")


def _embed_size(embed: Mapping[str, Any], number: int) -> int:
    for name, most in EMBED_LIMITS.items():
        if len(embed.get(name) or "") > most:
            raise invalid(f"embeds.{number}.{name}", f"Must be {most} or fewer in length.")
    if len(embed.get("fields") or []) > 25:
        raise invalid(f"embeds.{number}.fields", "Must be 25 or fewer in length.")
    sizes = [len(embed.get(name) or "") for name in EMBED_LIMITS]
    for field in embed.get("fields") or []:
        if not 0 < len(field["name"]) <= 256 or not 0 < len(field["value"]) <= 1024:
            raise invalid(f"embeds.{number}.fields", "Must be 1 to 256 and 1 to 1024 in length.")
        sizes.append(len(field["name"]) + len(field["value"]))
    footer = (embed.get("footer") or {}).get("text", "")
    if len(footer) > 2048:
        raise invalid(f"embeds.{number}.footer", "Must be 2048 or fewer in length.")
    return sum(sizes) + len(footer) + len((embed.get("author") or {}).get("name", ""))


def walk(components: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every component, nested ones and accessories included."""
    for part in components:
        yield dict(part)
        yield from walk(part.get("components") or [])
        yield from walk([a] if (a := part.get("accessory")) else [])
        yield from walk([c] if (c := part.get("component")) else [])


def check_components(components: Sequence[Mapping[str, Any]]) -> None:
    parts = list(walk(components))
    ids = [p["custom_id"] for p in parts if p.get("custom_id") is not None]
    if len(ids) != len(set(ids)):
        raise invalid("components", "Component custom id cannot be duplicated")
    numbers = [p["id"] for p in parts if p.get("id")]
    if len(numbers) != len(set(numbers)):
        raise invalid("components", "Component id cannot be duplicated")
    for part in parts:
        _check_part(part)


def _check_part(part: Mapping[str, Any]) -> None:
    if part["type"] == ACTION_ROW:
        _check_row(part["components"])
    if part["type"] == BUTTON:
        _check_button(part)
    if part["type"] in CHOICES:
        _check_options(part)


def _check_row(parts: Sequence[Mapping[str, Any]]) -> None:
    selects = sum(p["type"] in SELECTS for p in parts)
    if selects and len(parts) > 1:
        raise invalid("components", "A row holds either buttons or one select menu.")


def _check_button(button: Mapping[str, Any]) -> None:
    if (button["style"] == LINK) != bool(button.get("url")):
        raise invalid("components", "A url belongs to link buttons, and only to them.")
    if (button["style"] not in (LINK, PREMIUM)) != bool(button.get("custom_id")):
        raise invalid("components", "A custom id belongs to every button that is no link.")
    if not (button.get("label") or button.get("emoji")):
        raise invalid("components", "A button needs a label or an emoji.")


def _check_options(part: Mapping[str, Any]) -> None:
    options = part["options"]
    values = [o["value"] for o in options]
    if len(values) != len(set(values)):
        raise invalid("components", "The specified option value is already used")
    if (part.get("max_values") or 1) > len(options) or (part.get("min_values") or 0) > len(options):
        raise invalid("components", "min_values and max_values must not exceed the options")
    if sum(bool(o.get("default")) for o in options) > (part.get("max_values") or 1):
        raise invalid("components", "More defaults than max_values")


def check_references(body: Mapping[str, Any], old: Mapping[str, Any] | None) -> None:
    """Every `attachment://name` is the name of a file of this message."""
    kept = body.get("attachments")
    files = kept if kept is not None else (old or {}).get("attachments", [])
    known = {str(a.get("filename", "")) for a in files}
    for url in _urls(body):
        if url.startswith("attachment://") and url.removeprefix("attachment://") not in known:
            raise invalid("components", f"The referenced attachment was not found: {url}")


def _urls(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        if isinstance(value.get("url"), str):
            yield value["url"]
        for inner in value.values():
            yield from _urls(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _urls(inner)


def _empty(body: Mapping[str, Any], old: Mapping[str, Any] | None) -> bool:
    seen = {**(old or {}), **body}
    return not any(seen.get(n) for n in ("content", "embeds", "components", "attachments"))


def check_files(sizes: Mapping[str, int], most: int) -> None:
    """Raises Refusal when there are too many files, or they are too large."""
    if len(sizes) > MAX_FILES:
        raise invalid("files", f"Must be {MAX_FILES} or fewer in length.")
    if any(size > most for size in sizes.values()) or sum(sizes.values()) > MAX_REQUEST:
        raise Refusal(413, 40005, "Request entity too large")


def check_modal(data: Mapping[str, Any]) -> None:
    """The form of a modal callback. Raises Refusal."""
    check("ModalInteractionCallbackRequestData", dict(data), "data")
    parts = data["components"]
    if len(parts) > MAX_MODAL_PARTS:
        raise invalid("data.components", f"Must be between 1 and {MAX_MODAL_PARTS} in length.")
    check_components(parts)
    for text in (p for p in walk(parts) if p["type"] == TEXT_INPUT):
        if len(text.get("value") or "") > (text.get("max_length") or 4000):
            raise invalid("data.components", "The value is longer than max_length")


def check_commands(commands: Sequence[Mapping[str, Any]]) -> None:
    """A whole set of commands. Raises Refusal."""
    for number, command in enumerate(commands):
        check("ApplicationCommandUpdateRequest", dict(command), str(number))
        if _weight(command) > MAX_COMMAND_CHARS:
            raise invalid(str(number), "Command exceeds maximum size (8000)")
    names = [(c.get("type", 1), c["name"]) for c in commands]
    if len(names) != len(set(names)):
        raise Refusal(400, 50035, "Application command names must be unique")
    if sum(kind == 1 for kind, _ in names) > MAX_COMMANDS:
        raise Refusal(400, 30032, "Maximum number of application commands reached (100)")


def _weight(value: Mapping[str, Any]) -> int:
    own = len(value.get("name") or "") + len(value.get("description") or "")
    own += sum(len(c["name"]) + len(str(c["value"])) for c in value.get("choices") or [])
    return own + sum(_weight(o) for o in value.get("options") or [])
