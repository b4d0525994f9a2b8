"""Modals from a button's form, what comes back from them, and the App Home. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.cards import Button, Choice, Form, FormField, Ticks, Words
from bot.chat.slack import limits
from bot.chat.slack.render import Json, button_element
from bot.chat.slack.words import bold, clip, escape, mrkdwn, size
from bot.domain.base import Frozen

FORM = "cm_form"
"""The callback id of every modal made from a form."""
_FREE = "~own"
_ROW = "~row~"


def modal(form: Form, private: str) -> Json:
    """The modal of a form. `private` comes back with the submission, at most 3,000 units.

    Raises ValueError when it is longer: cut JSON would come back broken.
    """
    if size(private) > limits.PRIVATE:
        raise ValueError("private_metadata is too long")
    blocks = [block for field in form.fields for block in _inputs(field)]
    return {
        "type": "modal",
        "callback_id": FORM,
        "private_metadata": private,
        "title": _plain(form.title, limits.MODAL_TITLE),
        "submit": _plain(form.submit, limits.MODAL_TITLE),
        "close": _plain("Back", limits.MODAL_TITLE),
        "blocks": blocks[: limits.VIEW_BLOCKS] or [_section("Nothing more is needed.")],
    }


def read(form: Form, values: Mapping[str, Mapping[str, Json]]) -> dict[str, Any]:
    """What a person filled in: text for words and choices, `{row: choice}` for ticks."""
    return {field.name: _answer(field, values) for field in form.fields}


def notice(title: str, text: str) -> Json:
    """A modal that only says something, such as why a form is no longer open."""
    return {
        "type": "modal",
        "title": _plain(title, limits.MODAL_TITLE),
        "close": _plain("Close", limits.MODAL_TITLE),
        "blocks": [_section(text)],
    }


def _plain(text: str, most: int) -> Json:
    return {"type": "plain_text", "text": clip(text, most) or "…", "emoji": False}


def _section(markdown: str) -> Json:
    text = mrkdwn(markdown, limits.SECTION) or "…"
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}}


def _inputs(field: FormField) -> list[Json]:
    match field:
        case Words():
            return [_words(field.name, field.label, field.placeholder, optional=not field.required)]
        case Choice():
            return _choice(field)
        case Ticks():
            return [_tick(field, row, label) for row, label in field.rows]


def _words(name: str, label: str, placeholder: str = "", *, optional: bool) -> Json:
    element: Json = {
        "type": "plain_text_input",
        "action_id": "value",
        "multiline": True,
        "max_length": limits.INPUT,
    }
    if placeholder:
        element["placeholder"] = _plain(placeholder, limits.PLACEHOLDER)
    return _input(name, label, element, optional=optional)


def _input(name: str, label: str, element: Json, *, optional: bool) -> Json:
    return {
        "type": "input",
        "block_id": name[: limits.ID],
        "label": _plain(label, limits.LABEL),
        "element": element,
        "optional": optional,
    }


def _choice(field: Choice) -> list[Json]:
    blocks: list[Json] = []
    if field.choices:
        element = _menu(field.choices, field.default)
        blocks.append(_input(field.name, field.label, element, optional=field.free))
    if field.free:
        label = "Or in your own words" if field.choices else field.label
        optional = bool(field.choices or field.default)
        blocks.append(_words(field.name + _FREE, label, optional=optional))
    return blocks


def _tick(field: Ticks, row: str, label: str) -> Json:
    element = _menu(field.choices, field.default)
    return _input(f"{field.name}{_ROW}{row}", label or row, element, optional=False)


def _menu(choices: Sequence[str], default: str) -> Json:
    """Radio buttons when they are few, a menu when they are many. The value is the place."""
    shown = choices[: limits.OPTIONS]
    options = [{"text": _plain(c, limits.OPTION), "value": str(n)} for n, c in enumerate(shown)]
    kind = "radio_buttons" if 2 < len(shown) <= limits.RADIOS and _short(shown) else "static_select"
    element: Json = {"type": kind, "action_id": "value", "options": options}
    if default in shown:
        element["initial_option"] = options[shown.index(default)]
    return element


def _short(choices: Sequence[str]) -> bool:
    return sum(len(choice) for choice in choices) > 30


def _answer(field: FormField, values: Mapping[str, Mapping[str, Json]]) -> Any:
    match field:
        case Words():
            return _typed(values, field.name)
        case Choice():
            typed = _typed(values, field.name + _FREE)
            return typed or _picked(values, field.name, field.choices, field.default)
        case Ticks():
            return {
                row: _picked(values, f"{field.name}{_ROW}{row}", field.choices, field.default)
                for row, _ in field.rows
            }


def _state(values: Mapping[str, Mapping[str, Json]], name: str) -> Json:
    return values.get(name[: limits.ID], {}).get("value", {})


def _typed(values: Mapping[str, Mapping[str, Json]], name: str) -> str:
    return str(_state(values, name).get("value") or "").strip()


def _picked(
    values: Mapping[str, Mapping[str, Json]], name: str, choices: Sequence[str], default: str
) -> str:
    option: Json = _state(values, name).get("selected_option") or {}
    place = str(option.get("value", ""))
    return choices[int(place)] if place.isdigit() and int(place) < len(choices) else default


class Entry(Frozen):
    """One line of the App Home. `line` is Markdown; `link` opens its thread."""

    title: str
    line: str = ""
    link: str = ""
    buttons: tuple[Button, ...] = ()


class Home(Frozen):
    """What a person sees first: what needs them, what runs, what was, and what it cost.

    `others` waits for somebody else.
    """

    needs: tuple[Entry, ...] = ()
    others: tuple[Entry, ...] = ()
    running: tuple[Entry, ...] = ()
    recent: tuple[Entry, ...] = ()
    spent: str = ""
    preferences: str = ""
    buttons: tuple[Button, ...] = ()


WELCOME = (
    "Describe a mission, approve the plan, review the result. Mention me in a channel, write to "
    "me here under *Messages*, or type `/mission` with what you want done."
)
_SHOWN = 12
"""Entries of each group; the rest is counted."""


def home(view: Home) -> Json:
    """The App Home view."""
    blocks: list[Json] = []
    if not (view.needs or view.others or view.running or view.recent):
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": WELCOME}})
    blocks += _group("Needs your decision", view.needs)
    blocks += _group("Waiting for others", view.others)
    blocks += _group("Running", view.running)
    blocks += _group("Recent", view.recent)
    blocks += _last(view)
    return {"type": "home", "blocks": blocks[: limits.VIEW_BLOCKS]}


def _group(title: str, entries: Sequence[Entry]) -> list[Json]:
    if not entries:
        return []
    blocks: list[Json] = [{"type": "header", "text": _plain(title, limits.HEADER)}]
    for entry in entries[:_SHOWN]:
        blocks += _entry(entry)
    if len(entries) > _SHOWN:
        blocks.append(_section(f"and {len(entries) - _SHOWN} more: `/mission list`"))
    return blocks


def _entry(entry: Entry) -> list[Json]:
    words = escape(clip(" ".join(entry.title.split()), 200)).replace("|", "¦") or "…"
    link = f"<{entry.link}|{words}>" if entry.link else bold(entry.title, 200) or "…"
    text = f"{link}\n{mrkdwn(entry.line, 600)}".strip()
    blocks: list[Json] = [{"type": "section", "text": {"type": "mrkdwn", "text": text}}]
    if entry.buttons:
        elements = [button_element(b) for b in entry.buttons[:5]]
        blocks.append({"type": "actions", "elements": elements})
    return blocks


def _last(view: Home) -> list[Json]:
    blocks = [_section(text) for text in (view.spent, view.preferences) if text]
    if view.buttons:
        elements = [button_element(b) for b in view.buttons[: limits.BUTTONS]]
        blocks.append({"type": "actions", "elements": elements})
    return blocks
