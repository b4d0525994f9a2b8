"""Modals from a button's form, and what comes back from them. Pure.

A modal has five parts at most. Ticks become menus, one per choice that is not the default: 25 rows
in each, so that two choices take 25 rows with two menus and 50 with four. What still does not fit
is said in the label, and can be said in words.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.cards import Button, Choice, Form, FormField, Ticks, Words
from bot.chat.discord import limits
from bot.chat.discord.words import clip, markdown

Json = dict[str, Any]

LABEL, TEXT_INPUT, SELECT, TEXT = 18, 4, 3, 10
PARAGRAPH = 2
OWN = "~own"
SHARED = "~own words"
"""One box for the own words of all questions, where a box for each does not fit."""


def modal(button: Button) -> Json:
    """The modal of a button that has a form, or a text to confirm. Its id is the button's."""
    form = button.form
    parts = _parts(form) if form else []
    if button.confirm and len(parts) < limits.MODAL_PARTS:
        parts = [{"type": TEXT, "content": clip(markdown(button.confirm), 1_000)}, *parts]
    return {
        "custom_id": button.id[: limits.CUSTOM_ID],
        "title": clip(form.title if form else f"{button.label}?", limits.MODAL_TITLE) or "…",
        "components": parts or [{"type": TEXT, "content": "Nothing more is needed."}],
    }


def _parts(form: Form) -> list[Json]:
    """Boxes and menus first get their places; ticks share those that are left."""
    others = [field for field in form.fields if not isinstance(field, Ticks)]
    shared = _own_boxes(others) > limits.MODAL_PARTS - len(_ticks(form))
    made: dict[str, list[Json]] = {f.name: list(_field(f, shared=shared)) for f in others}
    extra = [_shared_box(form)] if shared else []
    room = limits.MODAL_PARTS - sum(map(len, made.values())) - len(extra)
    for ticks in _ticks(form):
        made[ticks.name] = list(_menus(ticks, max(0, room)))
        room -= len(made[ticks.name])
    parts = [part for field in form.fields for part in made[field.name]]
    return [*parts, *extra][: limits.MODAL_PARTS]


def _ticks(form: Form) -> list[Ticks]:
    return [field for field in form.fields if isinstance(field, Ticks)]


def _own_boxes(fields: Sequence[FormField]) -> int:
    """How many parts these take when every question has a box of its own."""
    return sum(2 if isinstance(f, Choice) and f.free and f.choices else 1 for f in fields)


def _field(field: FormField, *, shared: bool) -> Iterator[Json]:
    match field:
        case Words():
            yield _box(field.name, field.label, field.placeholder, required=field.required)
        case Choice():
            yield from _choice(field, shared=shared)
        case Ticks():
            return


def _choice(field: Choice, *, shared: bool) -> Iterator[Json]:
    if not field.choices:
        yield _box(field.name + OWN, field.label, "", required=not field.default)
        return
    yield _label(field.label, _menu(field.name, field.choices, field.default, free=field.free))
    if field.free and not shared:
        yield _box(field.name + OWN, "Or in your own words", "", required=False)


def _menu(name: str, choices: Sequence[str], default: str, *, free: bool) -> Json:
    """One of the choices; its value is its place among them."""
    options = [
        {"label": clip(c, limits.OPTION) or "…", "value": str(n)}
        | ({"default": True} if c == default else {})
        for n, c in enumerate(choices[: limits.OPTIONS])
    ]
    return {
        "type": SELECT,
        "custom_id": name[: limits.CUSTOM_ID],
        "options": options,
        "required": not free and not default,
        "min_values": 0 if free or default else 1,
        "max_values": 1,
    }


def _label(text: str, component: Json, description: str = "") -> Json:
    """A label above one component; what is too long for it goes into its description."""
    long = clip(description or text, limits.DESCRIPTION)
    made: Json = {
        "type": LABEL,
        "label": clip(text, limits.LABEL) or "…",
        "component": component,
    }
    if description or len(text) > limits.LABEL:
        made["description"] = long
    return made


def _box(name: str, label: str, placeholder: str, *, required: bool) -> Json:
    made: Json = {
        "type": TEXT_INPUT,
        "custom_id": name[: limits.CUSTOM_ID],
        "style": PARAGRAPH,
        "max_length": limits.INPUT,
        "required": required,
    }
    if placeholder:
        made["placeholder"] = clip(placeholder, 100)
    return _label(label, made)


def _shared_box(form: Form) -> Json:
    free = [f.name for f in form.fields if isinstance(f, Choice) and f.free and f.choices]
    hint = "\n".join(f"{name}: …" for name in free)
    return _box(SHARED, "Or in your own words, one line for each", hint, required=False)


def _menus(ticks: Ticks, room: int) -> Iterator[Json]:
    """For each choice that changes something, menus of the rows it shall apply to."""
    choices = [c for c in ticks.choices if c != ticks.default]
    if not choices or not ticks.rows:
        return
    chunks = max(1, min(room // len(choices), -(-len(ticks.rows) // limits.OPTIONS)))
    shown = ticks.rows[: chunks * limits.OPTIONS]
    for choice in choices[:room]:
        for number in range(chunks):
            rows = shown[number * limits.OPTIONS : (number + 1) * limits.OPTIONS]
            yield _tick_menu(ticks, choice, number, rows)


def _tick_menu(ticks: Ticks, choice: str, number: int, rows: Sequence[tuple[str, str]]) -> Json:
    span = f" ({rows[0][0]} to {rows[-1][0]})" if len(ticks.rows) > limits.OPTIONS else ""
    menu: Json = {
        "type": SELECT,
        "custom_id": f"{ticks.name}~{choice}~{number}"[: limits.CUSTOM_ID],
        "placeholder": "None",
        "options": [_row_option(row, text) for row, text in rows],
        "required": False,
        "min_values": 0,
        "max_values": len(rows),
    }
    return _label(f"{choice.capitalize()}{span}", menu, ticks.label)


def _row_option(row: str, text: str) -> Json:
    words = text if text.startswith(row) else f"{row} {text}"
    return {"label": clip(words, limits.OPTION) or "…", "value": row[: limits.OPTION]}


# What comes back


def submitted(components: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Custom id → text or list of values, from a modal submit's components."""
    inner = [dict(c.get("component") or {}) for c in components]
    return {
        str(c["custom_id"]): c["values"] if "values" in c else str(c.get("value") or "")
        for c in inner
        if "custom_id" in c
    }


def read(form: Form, values: Mapping[str, Any]) -> dict[str, Any]:
    """What a person filled in: text for words and choices, `{row: choice}` for ticks."""
    return {field.name: _answer(field, form, values) for field in form.fields}


def _answer(field: FormField, form: Form, values: Mapping[str, Any]) -> Any:
    match field:
        case Words():
            return str(values.get(field.name, "")).strip()
        case Choice():
            return _typed(field, form, values) or _picked(field, values)
        case Ticks():
            return _ticked(field, values)


def _typed(field: Choice, form: Form, values: Mapping[str, Any]) -> str:
    own = str(values.get(field.name + OWN, "")).strip()
    return own or _shared_words(form, str(values.get(SHARED, ""))).get(field.name, "")


def _shared_words(form: Form, text: str) -> dict[str, str]:
    """Lines such as `Q2: …`; words without a name are for the first question."""
    names = [f.name for f in form.fields if isinstance(f, Choice) and f.free]
    said: dict[str, str] = {}
    current = names[0] if names else ""
    for line in text.splitlines():
        found = re.match(r"\s*([\w-]+)\s*[:.)]\s*(.*)", line)
        name = next((n for n in names if found and n.casefold() == found[1].casefold()), "")
        current = name or current
        words = found[2] if found and name else line
        said[current] = f"{said.get(current, '')}\n{words}".strip()
    return {name: words.strip(" …") for name, words in said.items()}


def _picked(field: Choice, values: Mapping[str, Any]) -> str:
    place = next(iter(values.get(field.name) or ()), "")
    known = place.isdigit() and int(place) < len(field.choices)
    return field.choices[int(place)] if known else field.default


def _ticked(field: Ticks, values: Mapping[str, Any]) -> dict[str, str]:
    """The choice of each row. Where two were picked, the one named first counts."""
    made = {row: field.default for row, _ in field.rows}
    for choice in reversed([c for c in field.choices if c != field.default]):
        prefix = f"{field.name}~{choice}~"
        for name, rows in values.items():
            if name.startswith(prefix):
                made |= {row: choice for row in rows if row in made}
    return made
