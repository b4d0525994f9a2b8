"""The moments of a mission that need a person, in the browser without a script."""

from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from markupsafe import escape

from bot import presenter
from bot.cards import Button, Click, encode
from bot.domain.mission import Mission
from bot.ports import Message
from bot.store.store import Store
from handlers.web import Face, create
from tests.moments_contract import GOAL, MomentsContract
from tests.web.conftest import HOME, PORT, TOKEN, face_over


class WebPeople:
    """Whoever sits at this machine. What the courier does is done by `show`."""

    def __init__(self, browser: httpx.AsyncClient, face: Face) -> None:
        self.browser, self.face = browser, face

    @property
    def store(self) -> Store:
        return self.face.store

    async def begin(self) -> Mission:
        await self.browser.post("/t", data={"words": GOAL, "key": ""})
        (made,) = await self.store.missions("local")
        return made

    async def show(self, mission: Mission, slot: str) -> None:
        record = await self.store.record(mission.id)
        assert record is not None
        card = presenter.card(record, slot, self.store.clock())
        assert card is not None
        message = Message(place=mission.place, mission=mission.id, slot=slot, version=1, card=card)
        await self.face.chat.post(message)

    async def press(self, mission: Mission, button: Button, values: Mapping[str, str]) -> None:
        page = (await self.browser.get(f"/t/{mission.place.rsplit(':', 1)[-1]}")).text
        assert f'value="{escape(button.id)}"' in page
        assert button.confirm in page
        assert all(f'name="v:{name}"' in page for name in values)
        form = {"id": button.id, "key": "", **{f"v:{k}": v for k, v in values.items()}}
        answer = await self.browser.post("/click", data=form)
        assert answer.status_code == 303


@pytest.fixture
def people(browser: httpx.AsyncClient, face: Face) -> WebPeople:
    return WebPeople(browser, face)


class TestMoments(MomentsContract):
    """See the contract."""


async def test_a_button_outlives_a_restart(people: WebPeople, tmp_path: Path):
    """Nothing about it was in memory: the page of an earlier start decides after a later one."""
    made = await people.begin()
    await people.show(made, "plan:1")
    later = face_over(people.store, tmp_path / "files")
    transport = httpx.ASGITransport(create(later, token=TOKEN, port=PORT))
    async with httpx.AsyncClient(transport=transport, base_url=HOME) as browser:
        browser.cookies = people.browser.cookies
        browser.headers["Origin"] = HOME
        again = WebPeople(browser, later)
        stop = Button(id=encode(Click(verb="stop", mission=made.id)), label="Stop")
        await again.press(made, stop, {})
    assert (await people.store.mission(made.id)).stop_asked  # pyright: ignore[reportOptionalMemberAccess]
