"""Clicks and modals. Their ids say everything, so they outlive restarts and fifteen minutes."""

import asyncio
from typing import Any, Self

import discord
import structlog

from bot.cards import PREFIX, Button
from bot.chat.discord.forms import modal, submitted
from bot.chat.discord.place import DM, PLATFORM
from bot.chat.discord.render import DOWNLOAD
from bot.documents.errors import DocumentError
from bot.documents.export import MEDIA_TYPES, Format, export
from bot.domain.artifact import Artifact
from bot.domain.base import Refused
from bot.domain.mission import Person
from bot.inbox import Letter
from handlers import clicks
from handlers.discord.face import Answer, Face
from handlers.discord.guard import FORM_WITHIN, Interaction, answer, safely
from handlers.discord.letters import Press, deliver, letter
from handlers.discord.people import person_of

log = structlog.get_logger(__name__)

PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})


class Pressed(discord.ui.DynamicItem[Any], template=rf"{PREFIX}\|[^|]*\|[^|]*\|[^|]*\|\d+"):
    """Every button and menu of ours, known by its id alone.

    Nothing is kept in memory for it, and it is in no view: a view that ends would take the
    template with it, for all messages.
    """

    @classmethod
    async def from_custom_id(
        cls, interaction: Interaction, item: discord.ui.Item[Any], match: Any, /
    ) -> Self:
        return cls(item)

    async def callback(self, interaction: Interaction) -> Any:
        face: Face = interaction.client.face
        await safely(face, interaction, on_press(face, interaction))


async def on_press(face: Face, interaction: Interaction) -> None:
    """A button or a menu: a form first where there is one, else the deed."""
    custom_id = _data(interaction)["custom_id"]
    if clicks.read(custom_id).verb == DOWNLOAD:
        await answer(face, interaction, _download(face, interaction))
        return
    person = person_of(interaction.user, interaction.guild_id)
    form = await _form(face, custom_id, person)
    if form is None:
        await answer(face, interaction, _press(face, interaction, person))
    else:
        await interaction.response.send_modal(Raw(form))


async def _form(face: Face, custom_id: str, person: Person) -> Button | None:
    """The button, when it asks for something before it acts. Too slow to say: None."""
    if face.chat.plain(custom_id):
        return None
    try:
        async with asyncio.timeout(FORM_WITHIN):
            shown = await face.button(custom_id, person)
    except TimeoutError:
        log.warning("discord_form_not_in_time")
        raise Refused("That took too long just now. Please press the button again.") from None
    return shown if shown and (shown.form or shown.confirm) else None


async def _press(face: Face, interaction: Interaction, person: Person) -> Answer:
    return await deliver(face, _letter(interaction, person, None))


def _letter(interaction: Interaction, person: Person, values: dict[str, Any] | None) -> Letter:
    place = f"{PLATFORM}:{interaction.guild_id or DM}:{interaction.channel_id}"
    custom_id = _data(interaction)["custom_id"]
    press = Press(place=place, person=person, custom_id=custom_id, values=values)
    return letter(f"discord:i:{interaction.id}", press)


async def deal(face: Face, key: str, press: Press) -> Answer:
    """Do what the button says. Raises Refused."""
    reply = await face.press(key, press.person, press.custom_id, press.values)
    if reply.kind in {"done", "repeated"} or not press.values:
        return Answer(reply.text)
    return Answer(f"{reply.text}{_kept(press.values)}")


class Raw(discord.ui.Modal):
    """A modal that is only its JSON. It is not kept: what is sent comes as an interaction."""

    def __init__(self, button: Button) -> None:
        self._made = modal(button)
        super().__init__(title=self._made["title"], custom_id=self._made["custom_id"])
        self.stop()

    def to_dict(self) -> dict[str, Any]:
        return self._made

    def is_finished(self) -> bool:
        """True from the start: discord.py then does not store it."""
        return True


async def on_submit(face: Face, interaction: Interaction) -> None:
    """A modal comes back. Its id is the button's."""
    await answer(face, interaction, _submit(face, interaction))


async def _submit(face: Face, interaction: Interaction) -> Answer:
    person = person_of(interaction.user, interaction.guild_id)
    values = submitted(_data(interaction).get("components") or [])
    return await deliver(face, _letter(interaction, person, values))


def _kept(values: dict[str, Any]) -> str:
    """The person's own words again, so that they need not be typed twice."""
    words = [v for v in values.values() if isinstance(v, str) and v.strip()]
    return "\n\nYour words were:\n>>> " + "\n".join(words)[:1_500] if words else ""


def _data(interaction: Interaction) -> dict[str, Any]:
    data: Any = interaction.data or {}
    return data


# Downloads


async def _download(face: Face, interaction: Interaction) -> Answer:
    """The artifact in the chosen format, for this person's eyes."""
    data = _data(interaction)
    click = clicks.read(data["custom_id"])
    record = await face.store.record(click.mission)
    person = person_of(interaction.user, interaction.guild_id)
    if record is None or record.mission.workspace != person.workspace:
        raise Refused(clicks.UNKNOWN)
    found = next((a for a in record.artifacts if a.version == click.version), None)
    format = next(iter(data.get("values") or ()), "")
    if found is None or format not in MEDIA_TYPES:
        raise Refused(clicks.UNKNOWN)
    made = await _export(face, found, format)
    if len(made) > interaction.filesize_limit:
        raise Refused("This file is larger than Discord takes here. Try another format.")
    return Answer("Here it is.", ((f"{_stem(found.title)}.{format}", made),))


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
