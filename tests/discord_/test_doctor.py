"""What doctor says about Discord, and Discord as a part of a running bot."""

import asyncio
from typing import Any

from bot.chat.discord import point
from bot.chat.discord.doctor import PERMISSIONS, Found, examine, invite, post_test_card
from handlers.discord import Serving
from tests.discord_.standin import StandIn
from tests.discord_.test_chat import DiscordHouse, house
from tests.discord_.town import Town

__all__ = ["house"]


def by_name(found: Any, name: str) -> Found:
    return next(f for f in found if f.name == name)


async def test_all_is_well(town: Town) -> None:
    """Token, intent, commands, servers and connections."""
    await town.start()
    found = await examine(town.standin.token)
    assert {f.level for f in found} == {"ok"}
    assert len(found) == 5


async def test_what_is_missing_is_named_with_how_to_mend_it(standin: StandIn) -> None:
    """The intent, the commands, each permission."""
    standin.world.content_allowed = False
    guild = standin.guild()
    guild["roles"][0]["permissions"] = str(1 << 10 | 1 << 11)
    found = await examine(standin.token)
    assert "Message Content" in by_name(found, "Discord intents").mend
    assert "serve" in by_name(found, "Discord commands").mend
    server = by_name(found, "Discord server Acme")
    assert server.level == "bad"
    assert server.text.startswith("Missing: Create Public Threads, Send Messages In Threads")


async def test_without_a_server_the_address_to_add_it_is_given(standin: StandIn) -> None:
    """With just the permissions that are used."""
    found = by_name(await examine(standin.token), "Discord servers")
    assert invite(standin.world.app) in found.mend
    assert f"permissions={sum(bit for bit, _ in PERMISSIONS.values())}" in found.mend


async def test_a_wrong_token_and_no_network_are_told_apart(standin: StandIn) -> None:
    """Each with what to do."""
    [wrong] = await examine("wrong")
    assert "does not know this token" in wrong.text
    point("http://127.0.0.1:9/api/v10")
    [away] = await examine(standin.token)
    assert "cannot be reached" in away.text


async def test_a_test_card_is_posted_and_removed(house: DiscordHouse) -> None:
    """Or it says why not."""
    found = await post_test_card(house.standin.token, house.blobs, house.place)
    assert found.level == "ok"
    assert house.messages() == []
    house.standin.world.deny(house.channel, "view_channel")
    found = await post_test_card(house.standin.token, house.blobs, house.place)
    assert found.level == "bad"


async def test_discord_is_served_beside_others(town: Town) -> None:
    """One platform's end is a sentence, not the end of the process."""
    await town.start()
    await town.stop()
    from bot.app import App

    app = await App.open(town.settings)
    parts = (app.missions, app.inbox, app.files, app.workers)
    base, gateway = town.standin.base, town.standin.gateway_url
    async with Serving(
        town.standin.token, *parts, show=app.face, api_base=base, gateway_url=gateway
    ) as serving:
        await town.standin.until(lambda: town.standin.gateway.connected)
        await town.standin.gateway.close(4004)
        ended = await asyncio.wait_for(serving.wait(), 10)
    await app.close()
    assert "DISCORD_TOKEN" in ended
