"""Clicks and filled-in forms → one call of the missions service, and a private answer."""

import json
from typing import Any

import structlog

from bot.cards import Card
from bot.chat.slack.chat import Upload, own_name
from bot.chat.slack.place import Where, ref_of
from bot.chat.slack.render import DOWNLOAD
from bot.documents.errors import DocumentError
from bot.documents.export import MEDIA_TYPES, Format, export
from bot.domain.artifact import Artifact
from bot.domain.authority import GUEST
from bot.domain.base import Refused
from bot.domain.mission import Mission, Person, Policy
from bot.inbox import Letter
from handlers import clicks
from handlers.slack import home
from handlers.slack.commands import start
from handlers.slack.face import NOT_FOR_GUESTS, Face
from handlers.slack.forms import HOUSE, START, Wrong, read_house, read_start
from handlers.slack.letters import Filled, Press

log = structlog.get_logger(__name__)

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


async def press(face: Face, key: str, pressed: Press) -> None:
    """A button, or the menu of formats."""
    if (ref := _clicked(key)) and pressed.answer:
        face.calls.answers.heard(ref, pressed.answer)
    where = Where.of(pressed.place) if pressed.place else Where(pressed.team, pressed.user)
    try:
        text = await _press(face, key, pressed)
    except Refused as refused:
        text = str(refused)
    await face.tell(where, pressed.user, text, pressed.answer)
    if pressed.home:
        await home.publish(face, pressed.team, pressed.user)


def _clicked(key: str) -> str:
    """The message that was clicked, as `letters.press_key` names it; "" outside of messages."""
    parts = key.split(":")
    return ref_of(parts[4], parts[5]) if len(parts) >= 6 and parts[4] else ""


async def _press(face: Face, key: str, pressed: Press) -> str:
    mission = await face.mission_of(pressed.team, pressed.id)
    if mission is None:
        raise Refused(clicks.UNKNOWN)
    person = await face.person(pressed.team, pressed.user, mission)
    if clicks.read(pressed.id).verb == DOWNLOAD:
        return await _download(face, mission, person, pressed)
    return (await face.press(key, person, pressed.id)).text


async def filled(face: Face, letter: Letter, form: Filled) -> None:
    """A modal that came back: a button's own, a new mission, or the house."""
    private: dict[str, Any] = json.loads(form.private or "{}")
    place = str(private.get("place") or "")
    where = Where.of(place) if place else Where(form.team, form.user)
    try:
        text = await _filled(face, letter, form, private, where)
    except Refused as refused:
        text = str(refused)
    await face.answer(where, form.user, text, str(private.get("answer") or ""))


async def _filled(
    face: Face, letter: Letter, form: Filled, private: dict[str, Any], where: Where
) -> str:
    if form.form == HOUSE:
        return await _house(face, form)
    if form.form == START:
        return await _start(face, letter, form, where)
    button = str(private["button"])
    mission = await face.mission_of(form.team, button)
    if mission is None:
        raise Refused(clicks.UNKNOWN)
    person = await face.person(form.team, form.user, mission)
    reply = await face.press(letter.key, person, button, form.values)
    kept = "" if reply.kind in {"done", "repeated"} else _words(form)
    return reply.text + kept


def _words(form: Filled) -> str:
    """The person's own words again, so that they need not be typed twice."""
    typed = [str(v.get("value")) for block in form.values.values() for v in block.values()
             if v.get("type") == "plain_text_input" and v.get("value")]  # fmt: skip
    return "\n\nYour words were:\n" + "\n".join(typed)[:1_500] if typed else ""


async def _start(face: Face, letter: Letter, form: Filled, where: Where) -> str:
    person = await face.person(form.team, form.user)
    try:
        wanted = read_start(form.values, person.zone, face.missions.cap)
    except Wrong as wrong:  # the form said so already, in its own words
        raise Refused(" ".join(wrong.errors.values())) from None
    shown = await _shown(face, form.team, wanted.policy)
    policy = wanted.policy.model_copy(update={"shown": shown})
    await start(face, letter, where, person, wanted.model_copy(update={"policy": policy}))
    return ""


async def _shown(face: Face, team: str, policy: Policy) -> str:
    """Who may approve, by name; "" where the kind says it."""
    names = [await face.people.name(team, user) for user in policy.people]
    match policy.kind:
        case "users":
            return " or ".join(names)
        case "two_person" if names:
            return f"two of {', '.join(names)}"
        case "role":
            handles = dict(await face.people.groups(team))
            return f"anyone in {handles.get(policy.role, policy.role)}"
        case _:
            return ""


async def _house(face: Face, form: Filled) -> str:
    person = await face.person(form.team, form.user)
    if GUEST in person.roles:
        raise Refused(NOT_FOR_GUESTS)
    await face.missions.set_house(person, read_house(form.values))
    await home.publish(face, form.team, form.user)
    return "Saved. Every mission from now on carries it."


# -- downloads -------------------------------------------------------------------------------------


async def _download(face: Face, mission: Mission, person: Person, pressed: Press) -> str:
    """Put the artifact into the thread in the chosen format, once."""
    if GUEST in person.roles:
        raise Refused(NOT_FOR_GUESTS)
    click = clicks.read(pressed.id)
    record = await face.store.record(mission.id)
    found = next(
        (a for a in (record.artifacts if record else ()) if a.version == click.version), None
    )
    if found is None or pressed.option not in MEDIA_TYPES:
        raise Refused(clicks.UNKNOWN)
    data = await _export(face, found, pressed.option)
    shown = Card(mission=mission.id, slot="artifact", version=found.version, title=found.title)
    name = f"{_stem(found.title)}.{pressed.option}"
    own = own_name(name, shown)
    await face.chat.share(Where.of(mission.place), [Upload(own, name, data)])
    return f"`{own}` is in the thread."


async def _export(face: Face, made: Artifact, format: Format) -> bytes:
    pictures = {
        f.name: await face.files.get(f.sha256) for f in made.files if f.media_type in PICTURES
    }
    try:
        return await export(face.workers, made.document, made.title, format, files=pictures)
    except DocumentError as error:
        raise Refused(str(error)) from error


def _stem(title: str) -> str:
    words = "".join(c if c.isascii() and c.isalnum() else " " for c in title)
    return "-".join(words.split())[:60] or "artifact"
