"""The moments of a mission that need a person, in Slack."""

from collections.abc import Mapping

import pytest

from bot.cards import Button
from bot.domain.mission import Mission
from bot.store.store import Store
from tests.moments_contract import GOAL, MomentsContract
from tests.slack.standin import Standin
from tests.slack.town import Town


class SlackPeople:
    """Ada, who asked in a channel."""

    def __init__(self, town: Town, slack: Standin) -> None:
        self.town, self.slack = town, slack

    @property
    def store(self) -> Store:
        return self.town.app.store

    async def begin(self) -> Mission:
        self.town.mention(GOAL)
        return await self.town.started()

    async def show(self, mission: Mission, slot: str) -> None:
        self.town.app.shown()

    async def press(self, mission: Mission, button: Button, values: Mapping[str, str]) -> None:
        thread = mission.place.rsplit(":", 1)[-1]
        card = await self.town.button("C1", thread, button.label)
        element = next(
            e for b in card["blocks"] for e in b.get("elements", ()) if e.get("value") == button.id
        )
        assert ("confirm" in element) == bool(button.confirm)
        self.slack.click(card, button.label)
        if button.form is not None:
            await self.slack.until(lambda: self.slack.world.views)
            labels = {field.name: field.label for field in button.form.fields}
            filled = {labels[name]: value for name, value in values.items()}
            self.slack.submit(self.slack.modal(), filled)


@pytest.fixture
async def people(town: Town, slack: Standin) -> SlackPeople:
    return SlackPeople(await town.start(work=False), slack)


class TestMoments(MomentsContract):
    """See the contract."""
