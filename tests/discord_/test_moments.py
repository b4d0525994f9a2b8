"""The moments of a mission that need a person, on Discord."""

from collections.abc import Mapping

import pytest

from bot.cards import Button, Choice, Form
from bot.domain.mission import Mission
from bot.store.store import Store
from tests.discord_.test_words import call
from tests.discord_.town import Town
from tests.moments_contract import GOAL, MomentsContract


class DiscordPeople:
    """Ada, who asked in a channel."""

    def __init__(self, town: Town) -> None:
        self.town = town

    @property
    def store(self) -> Store:
        return self.town.app.store

    async def begin(self) -> Mission:
        self.town.standin.say(self.town.ada, self.town.channel, call(self.town, GOAL))
        return await self.town.mission()

    async def show(self, mission: Mission, slot: str) -> None:
        self.town.app.shown()

    async def press(self, mission: Mission, button: Button, values: Mapping[str, str]) -> None:
        shown = await self.town.button(await self.town.thread(), button.label)
        pressed = self.town.standin.click(self.town.ada, shown, button.label)
        if button.form is None and not button.confirm:
            return
        opened = await self.town.standin.answered(pressed)
        assert button.confirm in str(opened.modal)
        self.town.standin.submit(opened, **_filled(button.form, values))


def _filled(form: Form | None, values: Mapping[str, str]) -> dict[str, str | list[str]]:
    """By custom id; a menu's value is the place of its option."""
    fields = form.fields if form else ()
    return {
        f.name: [str(f.choices.index(values[f.name]))] if isinstance(f, Choice) else values[f.name]
        for f in fields
        if f.name in values
    }


@pytest.fixture
async def people(town: Town) -> DiscordPeople:
    await town.start()
    return DiscordPeople(town)


class TestMoments(MomentsContract):
    """See the contract."""
