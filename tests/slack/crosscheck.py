"""A second opinion on blocks: builds them again with PyPI's slackblocks, which checks its own list.

Raises slackblocks' InvalidUsageError when it would not build them.
"""

from collections.abc import Callable
from typing import Any

import slackblocks as sb
from slackblocks._surfaces import validate_surface_blocks

Json = dict[str, Any]


def rebuild(blocks: list[Json]) -> None:
    """Build every block, and check that a message may have them."""
    if not blocks:
        return
    made: list[Any] = [BUILD[block["type"]](block) for block in blocks]
    validate_surface_blocks(made, "message")
    sb.Message(channel="C1", blocks=made, text="text")


def _text(text: Json) -> Any:
    return sb.Text.from_dict(text)


def _rich(block: Json) -> Any:
    leaf = block["elements"][0]["elements"][0]["text"]
    return sb.RichTextBlock(sb.RichTextSection([sb.RichText(leaf)]))


def _task(task: Json) -> Any:
    details = _rich(task["details"]) if "details" in task else None
    return sb.TaskCardBlock(task["task_id"], task["title"], details=details, status=task["status"])


def _plan(block: Json) -> Any:
    tasks = [_task(task) for task in block["tasks"]]
    return sb.PlanBlock(block["title"], tasks, block_id=block["block_id"])


def _table(block: Json) -> Any:
    rows: list[Any] = [[sb.RawText(cell["text"]) for cell in row] for row in block["rows"]]
    settings = [sb.ColumnSettings(is_wrapped=True) for _ in block["column_settings"]]
    return sb.TableBlock(rows, settings, block_id=block["block_id"])


def _container(block: Json) -> Any:
    children: list[Any] = [sb.SectionBlock(_text(c["text"])) for c in block["child_blocks"]]
    return sb.ContainerBlock(
        children,
        title=_text(block["title"]),
        is_collapsible=block["is_collapsible"],
        default_collapsed=block["default_collapsed"],
        block_id=block["block_id"],
    )


def _section(block: Json) -> Any:
    fields: Any = [_text(field) for field in block["fields"]] if "fields" in block else None
    text = _text(block["text"]) if "text" in block else None
    return sb.SectionBlock(text, fields=fields, block_id=block["block_id"])


def _element(element: Json) -> Any:
    if element["type"] == "static_select":
        options: list[Any] = [sb.Option.from_dict(o) for o in element["options"]]
        placeholder = _text(element["placeholder"])
        return sb.StaticSelectMenu(element["action_id"], options, placeholder=placeholder)
    confirm = (
        sb.ConfirmationDialogue.from_dict(element["confirm"]) if "confirm" in element else None
    )
    style = element.get("style")
    return sb.Button(
        _text(element["text"]),
        element["action_id"],
        value=element["value"],
        style=style,
        confirm=confirm,
    )


def _actions(block: Json) -> Any:
    elements: list[Any] = [_element(e) for e in block["elements"]]
    return sb.ActionsBlock(elements, block_id=block["block_id"])


def _context(block: Json) -> Any:
    return sb.ContextBlock([_text(e) for e in block["elements"]], block_id=block["block_id"])


def _context_actions(block: Json) -> Any:
    pairs = [_feedback(e) for e in block["elements"]]
    return sb.ContextActionsBlock(pairs, block_id=block["block_id"])


def _feedback(element: Json) -> Any:
    good, bad = (
        sb.FeedbackButton(_text(t["text"]), t["value"], t["accessibility_label"])
        for t in (element["positive_button"], element["negative_button"])
    )
    return sb.FeedbackButtons(good, bad, action_id=element["action_id"])


def _image(block: Json) -> Any:
    file = sb.SlackFile(url=None, id=block["slack_file"]["id"])
    return sb.ImageBlock(alt_text=block["alt_text"], slack_file=file, block_id=block["block_id"])


BUILD: dict[str, Callable[[Json], Any]] = {
    "actions": _actions,
    "container": _container,
    "context": _context,
    "context_actions": _context_actions,
    "header": lambda b: sb.HeaderBlock(_text(b["text"]), block_id=b["block_id"]),
    "image": _image,
    "markdown": lambda b: sb.MarkdownBlock(b["text"], block_id=b["block_id"]),
    "plan": _plan,
    "section": _section,
    "table": _table,
}
