"""`/mission …`, the context menu, and the connection's own life."""

from typing import Any

import pytest

from tests.discord_.town import Town

GOAL = "Compare the three vendors in the attached offers and say which one to take."


async def test_start_makes_a_thread_that_everyone_sees(town: Town) -> None:
    """The goal stands in the channel; its thread is the mission's."""
    await town.start()
    asked = town.standin.slash(
        town.ada, town.channel, "mission start", goal=GOAL, file2=("offer.txt", b"cheap")
    )
    text = await town.told(asked)
    thread = await town.thread()
    assert f"<#{thread['id']}>" in text
    assert asked.private
    assert GOAL in town.standin.mine(town.channel)[0]["content"]
    mission = await town.mission()
    assert [a.name for a in mission.attachments] == ["offer.txt"]
    assert mission.requester == town.ada["id"]


async def test_a_goal_with_mentions_calls_nobody(town: Town) -> None:
    """Quoting the goal is no way to ping everyone."""
    await town.start()
    goal = f"@everyone and <@{town.bob['id']}>: {GOAL}"
    await town.told(town.standin.slash(town.ada, town.channel, "mission start", goal=goal))
    assert town.standin.world.pings == []


async def test_a_message_can_be_made_a_mission_once(town: Town) -> None:
    """By the context menu; the second time it says where it is."""
    await town.start()
    said = town.standin.say(town.bob, town.channel, GOAL)
    first = town.standin.menu(town.ada, town.channel, said, "Make this a mission")
    assert f"<#{said['id']}>" in await town.told(first)
    mission = await town.mission()
    assert mission.goal == GOAL
    again = town.standin.menu(town.bob, town.channel, said, "Make this a mission")
    assert "already" in await town.told(again)
    assert len(await town.missions()) == 1


async def test_start_in_a_direct_message_stays_there(town: Town) -> None:
    """No thread, no announcement."""
    await town.start()
    direct = town.standin.dm(town.ada)
    await town.told(town.standin.slash(town.ada, direct, "mission start", goal=GOAL))
    mission = await town.mission(f"discord:dm:{town.ada['id']}")
    assert mission.place == f"discord:dm:{direct['id']}"


async def test_lists_show_what_the_person_can_see(town: Town) -> None:
    """A private thread's mission is not in a stranger's list, nor in their suggestions."""
    await town.start()
    await town.planned(town.own_thread("open"))
    hidden = await town.planned(town.own_thread("secret", private=True))
    mine = await town.told(town.standin.slash(town.ada, town.channel, "mission list"))
    theirs = await town.told(town.standin.slash(town.bob, town.channel, "mission list"))
    assert mine.count("https://discord.com/channels/") == 2
    assert theirs.count("https://discord.com/channels/") == 1
    digest = await town.told(town.standin.slash(town.bob, town.channel, "mission digest"))
    assert "Needs a person" in digest
    typed = town.standin.complete(town.bob, town.channel, "mission status", "mission", mission="")
    await town.standin.answered(typed)
    assert hidden.id not in [c["value"] for c in typed.choices]
    assert len(typed.choices) == 1


async def test_status_and_stop_by_name_and_by_place(town: Town) -> None:
    """In its thread no name is needed."""
    await town.start()
    thread = town.own_thread()
    mission = await town.planned(thread)
    here = town.standin.slash(town.ada, thread, "mission status")
    assert "plan" in (await town.told(here)).casefold()
    nowhere = town.standin.slash(town.ada, town.channel, "mission status")
    assert "No mission is under way here" in await town.told(nowhere)
    not_hers = town.standin.slash(town.bob, town.channel, "mission stop", mission=mission.id)
    assert "Only" in await town.told(not_hers)
    hers = town.standin.slash(town.ada, town.channel, "mission stop", mission=mission.id)
    assert "Stopping" in await town.told(hers)


async def test_help_names_every_way_in(town: Town) -> None:
    """Commands, mention, menu, direct message, replies."""
    await town.start()
    text = await town.told(town.standin.slash(town.ada, town.channel, "mission help"))
    for way in ("/mission start", "mention me", "Make this a mission", "directly", "reply"):
        assert way in text


async def test_missing_permissions_are_named_before_anything_is_done(town: Town) -> None:
    """A private answer; no message, no thread, no mission."""
    await town.start()
    town.standin.world.deny(town.channel, "send_messages_in_threads")
    asked = town.standin.slash(town.ada, town.channel, "mission start", goal=GOAL)
    assert "**Send Messages In Threads**" in await town.told(asked)
    assert town.standin.mine(town.channel) == []
    assert await town.missions() == ()


async def test_commands_are_registered_only_when_they_change(town: Town) -> None:
    """Two starts, one registration."""
    await town.start()
    await town.stop()
    await town.start()
    assert len(town.standin.journal.of("PUT", "/commands$")) == 1


@pytest.mark.parametrize(
    ("code", "words"),
    [(4004, "DISCORD_TOKEN"), (4010, "shard"), (4012, "Update"), (4013, "intents")],
)
async def test_a_fatal_close_ends_this_platform_in_a_sentence(
    town: Town, code: int, words: str
) -> None:
    """The others go on; the sentence says what to do."""
    town.standin.gateway.close_next = code
    await town.start()
    assert words in town.ended


async def test_a_wrong_token_ends_in_a_sentence(town: Town) -> None:
    """401 at the login."""
    town.standin.rest.token = "another"
    await town.start()
    assert "DISCORD_TOKEN" in town.ended


async def test_shards_come_when_discord_asks_for_them(town: Town) -> None:
    """Two connections; each server is heard once."""
    town.standin.rest.shards = 2
    await town.start()
    await town.standin.until(lambda: len(town.standin.gateway.sessions) == 2)
    asked = town.standin.slash(town.ada, town.channel, "mission start", goal=GOAL)
    await town.told(asked)
    await town.mission()


async def test_a_fault_in_a_command_is_answered(town: Town, monkeypatch: Any) -> None:
    """Not only logged."""
    await town.start()

    async def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(town.app.store, "missions", broken)
    asked = town.standin.slash(town.ada, town.channel, "mission list")
    assert "Something went wrong" in await town.told(asked)
