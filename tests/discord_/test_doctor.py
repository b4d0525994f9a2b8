"""What doctor says about Discord, and Discord as a part of a running bot."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.app import App
from bot.chat.discord import point
from bot.chat.discord.doctor import PERMISSIONS, Found, examine, invite, post_test_card
from bot.commands.discord import set_up
from bot.commands.errors import Misuse
from bot.settings import Settings
from handlers.discord import Discord, Ended
from tests.cli.shell import Shell
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
    token, thread = house.standin.token, house.thread["id"]
    found = await post_test_card(token, house.blobs, thread)
    assert (found.level, found.text) == ("ok", f"Shown in {thread} and deleted again.")
    assert house.messages() == []
    house.standin.world.deny(house.channel, "view_channel")
    found = await post_test_card(token, house.blobs, thread)
    assert found.level == "bad"
    assert "permissions" in found.mend


async def test_the_command_line_shows_a_test_card(house: DiscordHouse, tmp_path: Path) -> None:
    """`doctor --card discord:123`, as people run it."""
    channel = house.channel["id"]
    given = {
        "DISCORD_TOKEN": house.standin.token, "DISCORD_API_BASE": house.standin.base,
        "DISCORD_GATEWAY_URL": house.standin.gateway_url,
    }  # fmt: skip
    shell = Shell(tmp_path, **given)
    done = await asyncio.to_thread(shell, "doctor", "--card", f"discord:{channel}")
    assert f"Shown in {channel} and deleted again." in " ".join(done.out.split())
    assert house.standin.token not in done.out + done.err
    assert house.standin.mine(house.channel) == []


async def test_a_card_without_a_token_or_a_channel_is_no_card(tmp_path: Path) -> None:
    """What is no channel is wrong usage; what is not set up is a finding."""
    shell = Shell(tmp_path)
    assert (await asyncio.to_thread(shell, "doctor", "--card", "general")).code == 2
    done = await asyncio.to_thread(shell, "doctor", "--card", "discord:1")
    assert done.code == 1
    assert "Set DISCORD_TOKEN." in done.out


async def test_discord_is_served_beside_others(
    standin: StandIn, tmp_path: Path, sqlite_url: str
) -> None:
    """One platform's end is a sentence, not the end of the process."""
    settings = Settings(
        data_dir=tmp_path,
        database_url=sqlite_url,
        discord_token=SecretStr(standin.token),
        discord_api_base=standin.base,
        discord_gateway_url=standin.gateway_url,
        _env_file=None,  # pyright: ignore[reportCallIssue]
    )
    app = await App.open(settings)
    serving = asyncio.create_task(Discord(app).run())
    await standin.until(lambda: standin.gateway.connected)
    await standin.gateway.close(4004)
    with pytest.raises(Ended, match="DISCORD_TOKEN"):
        await asyncio.wait_for(serving, 10)
    await app.close()


def test_init_writes_the_token_and_says_the_steps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is for its owner alone; what is no token is refused."""
    set_up(tmp_path, "aa.bb.cc", ask=False)
    env = tmp_path / ".env"
    assert "\nDISCORD_TOKEN=aa.bb.cc\n" in env.read_text()
    assert env.stat().st_mode & 0o077 == 0
    assert "Message Content Intent" in capsys.readouterr().err
    with pytest.raises(Misuse):
        set_up(tmp_path, "nothing", ask=False)
