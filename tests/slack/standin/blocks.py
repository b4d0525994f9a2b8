"""Slack's rules for blocks and views, with the words and pointers of its own refusals.

The numbers are Slack's, written here a second time on purpose: a mistake in the renderer's
constants must not hide itself.
"""

import json
from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]
Faults = Iterator[str]

MESSAGE = frozenset(
    [
        "actions",
        "card",
        "carousel",
        "container",
        "context",
        "context_actions",
        "data_table",
        "data_visualization",
        "divider",
        "file",
        "header",
        "image",
        "input",
        "markdown",
        "plan",
        "rich_text",
        "section",
        "table",
        "task_card",
        "video",
    ]
)
MODAL = frozenset(
    [
        "actions",
        "alert",
        "card",
        "context",
        "divider",
        "header",
        "image",
        "input",
        "rich_text",
        "section",
        "video",
    ]
)
HOME = frozenset(
    [
        "actions",
        "card",
        "carousel",
        "context",
        "data_table",
        "data_visualization",
        "divider",
        "header",
        "image",
        "input",
        "rich_text",
        "section",
        "table",
        "video",
    ]
)
SURFACES = {"message": MESSAGE, "modal": MODAL, "home": HOME}
MOST_BLOCKS = {"message": 50, "modal": 100, "home": 100}
MOST_CHARACTERS = 13_200
MOST_MARKDOWN = 12_000
VIEW_BYTES = 250_000
STATUSES = ("pending", "in_progress", "complete", "error")
INPUTS = frozenset(
    [
        "plain_text_input",
        "static_select",
        "multi_static_select",
        "radio_buttons",
        "checkboxes",
        "users_select",
        "multi_users_select",
        "datepicker",
        "timepicker",
        "datetimepicker",
        "number_input",
        "email_text_input",
        "url_text_input",
        "file_input",
        "rich_text_input",
        "conversations_select",
        "channels_select",
    ]
)


def message_faults(blocks: Any) -> list[str]:
    """What Slack would say against the blocks of a message; empty when it takes them."""
    return list(_blocks(blocks, "/blocks", "message"))


def view_faults(view: Any) -> list[str]:
    """What Slack would say against a modal or a home view."""
    return list(_view(view))


def too_long(blocks: Any) -> bool:
    """Slack's undocumented cap on all blocks of a message together."""
    text = json.dumps(blocks, ensure_ascii=False, separators=(",", ":"))
    return len(text) > MOST_CHARACTERS


def _fault(words: str, at: str) -> str:
    return f"{words} [json-pointer:{at}]"


def _missing(field: str, at: str) -> str:
    return _fault(f"missing required field: {field}", at)


def _view(view: Any) -> Faults:
    if not isinstance(view, dict):
        yield _fault("must be an object", "/view")
        return
    kind = view.get("type")
    if kind not in ("modal", "home"):
        yield _fault("must be a valid view type", "/view/type")
        return
    if kind == "modal":
        yield from _modal(view)
    for field, most in (("private_metadata", 3000), ("callback_id", 255), ("external_id", 255)):
        if len(str(view.get(field, ""))) > most:
            yield _fault(f"must be less than {most + 1} characters", f"/view/{field}")
    yield from _blocks(view.get("blocks"), "/view/blocks", kind)


def _modal(view: Json) -> Faults:
    if "title" not in view:
        yield _missing("title", "/view")
    for field in ("title", "submit", "close"):
        if field in view:
            yield from _text(view[field], f"/view/{field}", 24, kinds=("plain_text",))
    inputs = any(isinstance(b, dict) and b.get("type") == "input" for b in view.get("blocks") or ())
    if inputs and "submit" not in view:
        yield _missing("submit", "/view")


def _blocks(blocks: Any, at: str, surface: str) -> Faults:
    if not isinstance(blocks, list):
        yield _fault("must be an array", at)
        return
    if len(blocks) > MOST_BLOCKS[surface]:
        yield _fault(f"no more than {MOST_BLOCKS[surface]} items allowed", at)
    seen: set[str] = set()
    for number, block in enumerate(blocks):
        yield from _block(block, f"{at}/{number}", SURFACES[surface], seen)
    if surface == "message":
        yield from _whole(blocks, at)


def _whole(blocks: list[Any], at: str) -> Faults:
    known = [b for b in blocks if isinstance(b, dict)]
    markdown = sum(len(str(b.get("text", ""))) for b in known if b.get("type") == "markdown")
    if markdown > MOST_MARKDOWN:
        yield _fault(f"markdown text must be less than {MOST_MARKDOWN + 1} characters", at)
    if sum(b.get("type") in ("table", "data_table") for b in known) > 1:
        yield _fault("only_one_table_allowed", at)


def _block(block: Any, at: str, allowed: frozenset[str], seen: set[str]) -> Faults:
    if not isinstance(block, dict):
        yield _fault("must be an object", at)
        return
    kind = block.get("type")
    if kind not in allowed or kind not in CHECKS:
        yield _fault(f"unsupported type: {kind}", f"{at}/type")
        return
    yield from _block_id(block, at, seen)
    extra = set(block) - FIELDS[kind] - {"type", "block_id"}
    if extra:
        yield _fault(f"invalid additional property: {min(extra)}", at)
    yield from CHECKS[kind](block, at)


def _block_id(block: Json, at: str, seen: set[str]) -> Faults:
    if "block_id" not in block:
        return
    name = block["block_id"]
    if not isinstance(name, str) or not 1 <= len(name) <= 255:
        yield _fault("must be less than 256 characters", f"{at}/block_id")
    elif name in seen:
        yield _fault(f"block_id {name} already exists", f"{at}/block_id")
    seen.add(str(name))


def _text(value: Any, at: str, most: int, kinds: tuple[str, ...] = ("plain_text", "mrkdwn")):
    if not isinstance(value, dict) or value.get("type") not in kinds:
        yield _fault(f"must be one of: {', '.join(kinds)}", f"{at}/type")
        return
    yield from _string(value.get("text"), f"{at}/text", most)


def _string(value: Any, at: str, most: int, least: int = 1) -> Faults:
    if not isinstance(value, str):
        yield _fault("must be a string", at)
    elif len(value) < least:
        yield _fault(f"must be more than {least - 1} characters", at)
    elif len(value) > most:
        yield _fault(f"must be less than {most + 1} characters", at)


def _header(block: Json, at: str) -> Faults:
    yield from _text(block.get("text"), f"{at}/text", 150, ("plain_text",))


def _section(block: Json, at: str) -> Faults:
    if "text" not in block and "fields" not in block:
        yield _missing("text", at)
    if "text" in block:
        yield from _text(block["text"], f"{at}/text", 3000)
    fields = block.get("fields", [])
    if len(fields) > 10:
        yield _fault("no more than 10 items allowed", f"{at}/fields")
    if "fields" in block and not fields:
        yield _fault("must have at least 1 item", f"{at}/fields")
    for number, field in enumerate(fields):
        yield from _text(field, f"{at}/fields/{number}", 2000)
    if "accessory" in block:
        yield from _element(block["accessory"], f"{at}/accessory")


def _context(block: Json, at: str) -> Faults:
    elements = block.get("elements")
    yield from _count(elements, f"{at}/elements", 10)
    for number, element in enumerate(_items(elements)):
        where = f"{at}/elements/{number}"
        if isinstance(element, dict) and element.get("type") == "image":
            yield from _picture(element, where)
        else:
            yield from _text(element, where, 3000)


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _count(items: Any, at: str, most: int) -> Faults:
    if not isinstance(items, list) or not items:
        yield _fault("must have at least 1 item", at)
    elif len(items) > most:
        yield _fault(f"no more than {most} items allowed", at)


def _actions(block: Json, at: str) -> Faults:
    elements = block.get("elements")
    yield from _count(elements, f"{at}/elements", 25)
    seen: set[str] = set()
    for number, element in enumerate(_items(elements)):
        where = f"{at}/elements/{number}"
        yield from _element(element, where)
        action = element.get("action_id") if isinstance(element, dict) else None
        if action in seen:
            yield _fault(f"action_id {action} already exists", f"{where}/action_id")
        if action:
            seen.add(action)


def _element(element: Any, at: str) -> Faults:
    if not isinstance(element, dict):
        yield _fault("must be an object", at)
        return
    if len(str(element.get("action_id", ""))) > 255:
        yield _fault("must be less than 256 characters", f"{at}/action_id")
    if "confirm" in element:
        yield from _confirm(element["confirm"], f"{at}/confirm")
    if "placeholder" in element:
        yield from _text(element["placeholder"], f"{at}/placeholder", 150, ("plain_text",))
    check = ELEMENTS.get(str(element.get("type")))
    if check is None:
        yield _fault(f"unsupported type: {element.get('type')}", f"{at}/type")
    else:
        yield from check(element, at)


def _confirm(value: Any, at: str) -> Faults:
    for field, most in (("title", 100), ("text", 300), ("confirm", 30), ("deny", 30)):
        if field in value:
            yield from _text(value[field], f"{at}/{field}", most)
    if "text" not in value:
        yield _missing("text", at)


def _button(element: Json, at: str) -> Faults:
    yield from _text(element.get("text"), f"{at}/text", 75, ("plain_text",))
    for field, most in (("value", 2000), ("url", 3000), ("accessibility_label", 75)):
        if field in element:
            yield from _string(element[field], f"{at}/{field}", most)
    if element.get("style", "primary") not in ("primary", "danger"):
        yield _fault("must be one of: primary, danger", f"{at}/style")


def _options(most: int) -> Callable[[Json, str], Faults]:
    def check(element: Json, at: str) -> Faults:
        options = element.get("options")
        yield from _count(options, f"{at}/options", most)
        for number, option in enumerate(_items(options)):
            yield from _option(option, f"{at}/options/{number}")
        values = [o.get("value") for o in _items(options) if isinstance(o, dict)]
        if len(values) != len(set(values)):
            yield _fault("options must have unique values", f"{at}/options")
        for initial in _initial(element):
            if initial not in _items(options):
                yield _fault("initial option must be one of the options", f"{at}/initial_option")

    return check


def _initial(element: Json) -> list[Any]:
    one = [element["initial_option"]] if "initial_option" in element else []
    return [*one, *element.get("initial_options", [])]


def _option(option: Any, at: str) -> Faults:
    if not isinstance(option, dict):
        yield _fault("must be an object", at)
        return
    yield from _text(option.get("text"), f"{at}/text", 75)
    yield from _string(option.get("value"), f"{at}/value", 150)
    if "description" in option:
        yield from _text(option["description"], f"{at}/description", 75)


def _words(element: Json, at: str) -> Faults:
    if "initial_value" in element:
        yield from _string(element["initial_value"], f"{at}/initial_value", 3000, 0)
    if not 0 < element.get("max_length", 3000) <= 3000:
        yield _fault("must be less than 3001", f"{at}/max_length")


def _anything(element: Json, at: str) -> Faults:
    yield from ()


def _feedback(element: Json, at: str) -> Faults:
    for side in ("positive_button", "negative_button"):
        button = element.get(side)
        if not isinstance(button, dict):
            yield _missing(side, at)
            continue
        yield from _text(button.get("text"), f"{at}/{side}/text", 75, ("plain_text",))
        yield from _string(button.get("value"), f"{at}/{side}/value", 2000)
        if "accessibility_label" in button:
            label = button["accessibility_label"]
            yield from _string(label, f"{at}/{side}/accessibility_label", 75)
        if extra := set(button) - {"text", "value", "accessibility_label"}:
            yield _fault(f"invalid additional property: {min(extra)}", f"{at}/{side}")


def _context_actions(block: Json, at: str) -> Faults:
    yield from _count(block.get("elements"), f"{at}/elements", 5)
    for number, element in enumerate(_items(block.get("elements"))):
        if element.get("type") not in ("feedback_buttons", "icon_button"):
            yield _fault("unsupported type", f"{at}/elements/{number}/type")
        else:
            yield from _element(element, f"{at}/elements/{number}")


def _input(block: Json, at: str) -> Faults:
    yield from _text(block.get("label"), f"{at}/label", 2000, ("plain_text",))
    if "hint" in block:
        yield from _text(block["hint"], f"{at}/hint", 2000, ("plain_text",))
    element = block.get("element")
    if not isinstance(element, dict) or element.get("type") not in INPUTS:
        yield _fault("unsupported type", f"{at}/element/type")
    else:
        yield from _element(element, f"{at}/element")


def _markdown(block: Json, at: str) -> Faults:
    yield from _string(block.get("text"), f"{at}/text", MOST_MARKDOWN)


def _picture(block: Json, at: str) -> Faults:
    yield from _string(block.get("alt_text"), f"{at}/alt_text", 2000)
    if "title" in block:
        yield from _text(block["title"], f"{at}/title", 2000, ("plain_text",))
    if ("image_url" in block) == ("slack_file" in block):
        yield _fault("exactly one of image_url, slack_file", at)
    if "image_url" in block:
        yield from _string(block["image_url"], f"{at}/image_url", 3000)


def _table(block: Json, at: str) -> Faults:
    rows = block.get("rows")
    yield from _count(rows, f"{at}/rows", 100)
    for number, row in enumerate(_items(rows)):
        yield from _count(row, f"{at}/rows/{number}", 20)
        for column, cell in enumerate(row):
            where = f"{at}/rows/{number}/{column}"
            if cell.get("type") == "raw_text":
                yield from _string(cell.get("text"), f"{where}/text", MOST_CHARACTERS)
            elif cell.get("type") not in ("rich_text", "raw_number"):
                yield _fault("unsupported type", f"{where}/type")
    if len({len(row) for row in _items(rows)}) > 1:
        yield _fault("all rows must have the same number of cells", f"{at}/rows")
    if len(block.get("column_settings", ())) > 20:
        yield _fault("no more than 20 items allowed", f"{at}/column_settings")


def _plan(block: Json, at: str) -> Faults:
    yield from _string(block.get("title"), f"{at}/title", MOST_CHARACTERS)
    tasks = block.get("tasks")
    yield from _count(tasks, f"{at}/tasks", 50)
    for number, task in enumerate(_items(tasks)):
        yield from _task(task, f"{at}/tasks/{number}")
    ids = [t.get("task_id") for t in _items(tasks)]
    if len(ids) != len(set(ids)):
        yield _fault("task_id must be unique", f"{at}/tasks")


def _task(task: Json, at: str) -> Faults:
    extra = set(task) - {"task_id", "title", "status", "details", "output", "sources"}
    if extra - {"type", "block_id"}:
        yield _fault(f"invalid additional property: {min(extra)}", at)
    yield from _string(task.get("task_id"), f"{at}/task_id", 255)
    yield from _string(task.get("title"), f"{at}/title", 256)
    if task.get("status") not in STATUSES:
        yield _fault(f"must be one of: {', '.join(STATUSES)}", f"{at}/status")
    for field in ("details", "output"):
        if field in task:
            yield from _rich_text(task[field], f"{at}/{field}")


def _task_card(block: Json, at: str) -> Faults:
    yield from _task(block, at)
    if block.get("status") == "pending":
        yield _fault("must not be pending outside a plan", f"{at}/status")


RICH = ("rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote")


def _rich_text(block: Any, at: str) -> Faults:
    if not isinstance(block, dict) or block.get("type") != "rich_text":
        yield _fault("must be a rich_text", f"{at}/type")
        return
    for number, part in enumerate(block.get("elements", ())):
        where = f"{at}/elements/{number}"
        if part.get("type") not in RICH:
            yield _fault("unsupported type", f"{where}/type")
        for spot, leaf in enumerate(part.get("elements", ())):
            if leaf.get("type") == "text" and not leaf.get("text"):
                yield _fault("must be more than 0 characters", f"{where}/elements/{spot}/text")


CHILDREN = frozenset(
    [
        "actions",
        "context",
        "divider",
        "file",
        "header",
        "image",
        "input",
        "rich_text",
        "section",
        "table",
        "video",
    ]
)


def _container(block: Json, at: str) -> Faults:
    if "title" not in block and "rich_text_title" not in block:
        yield _missing("title", at)
    if "title" in block:
        yield from _text(block["title"], f"{at}/title", 150, ("plain_text",))
    if block.get("default_collapsed") and not block.get("is_collapsible"):
        yield _fault("requires is_collapsible", f"{at}/default_collapsed")
    yield from _count(block.get("child_blocks"), f"{at}/child_blocks", 10)
    for number, child in enumerate(_items(block.get("child_blocks"))):
        yield from _block(child, f"{at}/child_blocks/{number}", CHILDREN, set())


Check = Callable[[Json, str], Faults]

CHECKS: dict[str, Check] = {
    "actions": _actions,
    "container": _container,
    "context": _context,
    "context_actions": _context_actions,
    "divider": _anything,
    "header": _header,
    "image": _picture,
    "input": _input,
    "markdown": _markdown,
    "plan": _plan,
    "rich_text": _rich_text,
    "section": _section,
    "table": _table,
    "task_card": _task_card,
}

FIELDS: dict[str, frozenset[str]] = {
    "actions": frozenset({"elements"}),
    "container": frozenset(
        [
            "title",
            "rich_text_title",
            "subtitle",
            "child_blocks",
            "width",
            "icon",
            "is_collapsible",
            "default_collapsed",
            "has_header_divider",
        ]
    ),
    "context": frozenset({"elements"}),
    "context_actions": frozenset({"elements"}),
    "divider": frozenset(),
    "header": frozenset({"text"}),
    "image": frozenset({"alt_text", "image_url", "slack_file", "title"}),
    "input": frozenset({"label", "element", "hint", "optional", "dispatch_action"}),
    "markdown": frozenset({"text"}),
    "plan": frozenset({"title", "tasks"}),
    "rich_text": frozenset({"elements"}),
    "section": frozenset({"text", "fields", "accessory", "expand"}),
    "table": frozenset({"rows", "column_settings"}),
    "task_card": frozenset({"task_id", "title", "status", "details", "output", "sources"}),
}

ELEMENTS: dict[str, Check] = {
    "button": _button,
    "static_select": _options(100),
    "overflow": _options(5),
    "checkboxes": _options(10),
    "radio_buttons": _options(10),
    "plain_text_input": _words,
    "feedback_buttons": _feedback,
    **dict.fromkeys(
        (
            "users_select",
            "multi_users_select",
            "datepicker",
            "timepicker",
            "datetimepicker",
            "number_input",
            "file_input",
            "icon_button",
        ),
        _anything,
    ),
}
