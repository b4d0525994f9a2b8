"""A click, with what its form was filled in with → one call of the missions service."""

from collections.abc import Mapping
from typing import Any, cast

from bot.cards import BAD, GOOD, Click, decode
from bot.domain.base import Refused
from bot.domain.gate import Verb
from bot.domain.mission import Person
from bot.missions import Missions, Reply, Said

STOP = "stop"
KEEP = "keep"
RATES = {GOOD: True, BAD: False}
UNKNOWN = "That button is not known here any more. Look at the newest message."


async def click(
    missions: Missions, key: str, person: Person, button: str, values: Mapping[str, Any]
) -> Reply:
    """Do what a button says. `values` are the form's: text by field, `{row: choice}` for ticks.

    Raises Refused when the button is not one of ours.
    """
    clicked = read(button)
    if clicked.verb == STOP:
        return await missions.stop(key, person, clicked.mission)
    if clicked.verb in RATES:
        good = RATES[clicked.verb]
        return await missions.rate(key, person, clicked.mission, clicked.version, good=good)
    if clicked.verb not in list(Verb) or not clicked.gate:
        raise Refused(UNKNOWN)
    return await missions.decide(said(key, person, clicked, values))


def read(button: str) -> Click:
    """The click of a button id. Raises Refused when it is not one of ours."""
    try:
        return decode(button)
    except ValueError:
        raise Refused(UNKNOWN) from None


def said(key: str, person: Person, clicked: Click, values: Mapping[str, Any]) -> Said:
    """The decision: answers by question, or words with the ticks that ask for a change."""
    verb = Verb(clicked.verb)
    texts = {k: v.strip() for k, v in values.items() if isinstance(v, str) and v.strip()}
    ticks = {k: kept for k, v in values.items() if (kept := _changed(v))}
    data: dict[str, Any] = {"answers": texts} if verb is Verb.answer else ticks
    return Said(
        key=key, person=person, gate=clicked.gate, verb=verb, version=clicked.version,
        words="" if verb is Verb.answer else texts.get("words", ""), data=data,
    )  # fmt: skip


def _changed(value: Any) -> dict[str, str]:
    """The ticks of a field, when it has some; a row left at “keep” says nothing."""
    rows = cast("dict[str, str]", value) if isinstance(value, dict) else {}
    return {row: choice for row, choice in rows.items() if choice != KEEP}
