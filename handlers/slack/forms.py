"""The modals that are not a button's: a new mission, and the house context. Pure."""

from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.chat.slack import limits
from bot.chat.slack.views import FORM
from bot.chat.slack.words import clip, mrkdwn
from bot.domain.base import Frozen
from bot.domain.mission import HouseContext, Policy

Json = dict[str, Any]
Values = dict[str, dict[str, Json]]

START = "cm_start"
HOUSE = "cm_house"
EDIT_HOUSE = "cm_edit_house"
"""The action id of the App Home's button that opens the house form."""
FORMS = (FORM, START, HOUSE)
POLICIES = {
    "requester": "Only me",
    "channel": "Anyone in the channel",
    "users": "The people named below",
    "two_person": "Two people (of those named below, if any)",
    "role": "The user group below",
}
FIELDS = (
    ("organisation", "Organisation", "Who you are and what you do."),
    ("audience", "Audience", "Who usually reads the results."),
    ("conventions", "Conventions", "Names, units, formats; what is never said."),
    ("preferences", "Preferences", "How you like results: length, tone, language."),
)
FILES = (
    "To give me files, mention me in a message that has them, or write to me directly. "
    "A form cannot carry them."
)


class Start(Frozen):
    """A mission as a command or the form describes it."""

    goal: str
    cap: Decimal | None = None
    policy: Policy = Policy()


class Wrong(Exception):
    """What must be put right: a sentence by block id."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(errors)
        self.errors = errors


def start_form(private: str, cap: Decimal, groups: tuple[tuple[str, str], ...] = ()) -> Json:
    """The form of a new mission. `cap` is what one may cost at most; `groups` are id and handle."""
    policies = {k: v for k, v in POLICIES.items() if k != "role" or groups}
    blocks = [
        _input("goal", "What do you want done?", _text("In a sentence or two", lines=True)),
        _section(FILES),
        _input("deadline", "By when", {"type": "datetimepicker"}, optional=True),
        _input("budget", f"Budget in US dollars, at most {cap}", _text(str(cap)), optional=True),
        _input("policy", "Who approves", _menu(policies)),
        _input("people", "People who may approve", {"type": "multi_users_select"}, optional=True),
    ]
    if groups:
        menu = _menu(dict(groups[: limits.OPTIONS]), default=False)
        blocks.append(_input("group", "User group that may approve", menu, optional=True))
    return _modal(START, "New mission", "Start", private, blocks)


def read_start(values: Values, zone: str, cap: Decimal) -> Start:
    """What was filled in. Raises Wrong."""
    errors: dict[str, str] = {}
    goal, budget = _typed(values, "goal"), _budget(values, cap, errors)
    policy = _policy(values, errors)
    if not goal:
        errors["goal"] = "Say what you want done, in a sentence or two."
    if errors:
        raise Wrong(errors)
    by = _value(values, "deadline").get("selected_date_time")
    deadline = f"\n\nWanted by {_moment(int(by), zone)}." if by else ""
    return Start(goal=goal + deadline, cap=budget, policy=policy)


def _budget(values: Values, cap: Decimal, errors: dict[str, str]) -> Decimal | None:
    typed = _typed(values, "budget").lstrip("$").replace(",", ".").strip()
    if not typed:
        return None
    try:
        budget = Decimal(typed)
    except InvalidOperation:
        budget = Decimal(-1)
    if not budget.is_finite() or not 0 < budget <= cap:
        errors["budget"] = f"A number above 0 and at most {cap}, such as 1.50."
    return budget


def _policy(values: Values, errors: dict[str, str]) -> Policy:
    kind = _picked(values, "policy") or "requester"
    people = _chosen(_value(values, "people"))
    group = _picked(values, "group")
    if kind == "users" and not people:
        errors["people"] = "Name at least one person, or choose another way above."
    if kind == "two_person" and len(people) == 1:
        errors["people"] = "Name at least two people, or nobody: then any two may."
    if kind == "role" and not group:
        errors["group"] = "Choose the user group, or choose another way above."
    used = people if kind in {"users", "two_person"} else ()
    return Policy.model_validate({"kind": kind, "people": used, "role": group})


def house_form(house: HouseContext) -> Json:
    """The house context, to be changed."""
    known = house.model_dump()
    blocks = [
        _input(name, label, _text(hint, lines=True, value=known[name]), optional=True)
        for name, label, hint in FIELDS
    ]
    return _modal(HOUSE, "Preferences", "Save", "", blocks)


def read_house(values: Values) -> HouseContext:
    return HouseContext(**{name: _typed(values, name) for name, _, _ in FIELDS})


# -- parts -----------------------------------------------------------------------------------------


def _modal(callback: str, title: str, submit: str, private: str, blocks: list[Json]) -> Json:
    return {
        "type": "modal", "callback_id": callback, "private_metadata": private,
        "title": _plain(title, limits.MODAL_TITLE), "submit": _plain(submit, limits.MODAL_TITLE),
        "close": _plain("Back", limits.MODAL_TITLE), "blocks": blocks,
    }  # fmt: skip


def _plain(text: str, most: int) -> Json:
    return {"type": "plain_text", "text": clip(text, most) or "…", "emoji": False}


def _section(text: str) -> Json:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": mrkdwn(text, 1_000)}]}


def _input(name: str, label: str, element: Json, *, optional: bool = False) -> Json:
    return {
        "type": "input", "block_id": name, "label": _plain(label, limits.LABEL),
        "element": {**element, "action_id": "value"}, "optional": optional,
    }  # fmt: skip


def _text(hint: str, *, lines: bool = False, value: str = "") -> Json:
    element: Json = {
        "type": "plain_text_input", "multiline": lines, "max_length": limits.INPUT,
        "placeholder": _plain(hint, limits.PLACEHOLDER),
    }  # fmt: skip
    return element | ({"initial_value": value[: limits.INPUT]} if value else {})


def _menu(choices: dict[str, str], *, default: bool = True) -> Json:
    options = [{"text": _plain(v, limits.OPTION), "value": k} for k, v in choices.items()]
    first = {"initial_option": options[0]} if default else {}
    return {"type": "static_select", "options": options, **first}


def _value(values: Values, name: str) -> Json:
    return values.get(name, {}).get("value", {})


def _typed(values: Values, name: str) -> str:
    return str(_value(values, name).get("value") or "").strip()


def _picked(values: Values, name: str) -> str:
    option: Json = _value(values, name).get("selected_option") or {}
    return str(option.get("value") or "")


def _chosen(element: Json) -> tuple[str, ...]:
    return tuple(element.get("selected_users") or ())


def _moment(seconds: int, zone: str) -> str:
    try:
        at = datetime.fromtimestamp(seconds, ZoneInfo(zone))
    except (ZoneInfoNotFoundError, ValueError):
        at, zone = datetime.fromtimestamp(seconds, ZoneInfo("UTC")), "UTC"
    return f"{at:%A} {at.day} {at:%B %Y}, {at:%H:%M} ({zone})"
