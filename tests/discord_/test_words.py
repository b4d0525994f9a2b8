"""What people write: mentions, direct messages, threads, and what was said while away."""

from typing import Any

from bot.domain.gate import Verb
from bot.domain.mission import Status
from tests.discord_.standin import Json
from tests.discord_.town import Town

GOAL = "Compare the three vendors in the attached offers and say which one to take."


def call(town: Town, text: str) -> str:
    """The text with a mention of the bot."""
    return f"<@{town.standin.world.app}> {text}"


async def test_a_mention_makes_a_thread_of_its_message(town: Town) -> None:
    """Named after the goal, bearing the message's id; one reaction says that it was heard."""
    await town.start()
    said = town.standin.say(town.ada, town.channel, call(town, GOAL), files={"a.txt": b"offer"})
    thread = await town.thread()
    assert thread["id"] == said["id"]
    assert thread["name"].startswith("Compare the three vendors")
    mission = await town.mission()
    assert mission.place == f"discord:{town.guild['id']}:{thread['id']}"
    assert mission.goal == GOAL
    assert [a.name for a in mission.attachments] == ["a.txt"]
    await town.until(lambda: town.reactions(said) == ["👀"])
    await town.standin.until(lambda: town.standin.mine(thread))


async def test_a_greeting_starts_nothing(town: Town) -> None:
    """It is answered where it stands."""
    await town.start()
    town.standin.say(town.ada, town.channel, call(town, "hello!"))
    await town.standin.until(lambda: town.standin.mine(town.channel))
    assert "Describe a mission" in town.standin.mine(town.channel)[0]["content"]
    assert town.standin.threads(town.channel) == []
    assert await town.missions() == ()


async def test_talk_among_people_is_left_alone(town: Town) -> None:
    """No mention, no thread of ours: nothing happens. Another bot is never heard."""
    await town.start()
    town.standin.say(town.ada, town.channel, GOAL)
    other = town.standin.world.user("otherbot", bot=True)
    town.standin.say(other, town.channel, call(town, GOAL))
    town.standin.say(town.ada, town.channel, call(town, "hi"))
    await town.standin.until(lambda: town.standin.mine(town.channel))
    assert await town.missions() == ()


async def test_a_direct_message_is_a_mission_of_that_person_alone(town: Town) -> None:
    """Its workspace is the person's: nobody else's list shows it."""
    await town.start()
    direct = town.standin.dm(town.ada)
    town.standin.say(town.ada, direct, GOAL)
    mission = await town.mission(f"discord:dm:{town.ada['id']}")
    assert mission.place == f"discord:dm:{direct['id']}"
    await town.standin.until(lambda: town.standin.mine(direct))
    assert await town.missions() == ()


async def test_a_mention_in_a_thread_takes_what_was_said_there(town: Town) -> None:
    """The thread's messages are the context, and the mission lives there."""
    await town.start()
    root = town.standin.say(town.bob, town.channel, "Which vendor?")
    thread = town.standin.world.thread(town.channel, "Vendors", town.bob["id"], start=root)
    town.standin.say(town.bob, thread, "North is cheap but slow.")
    town.standin.say(town.ada, thread, call(town, GOAL))
    mission = await town.mission()
    assert mission.place.endswith(thread["id"])
    assert mission.thread == ("Bob: North is cheap but slow.",)
    assert len(town.standin.threads(town.channel)) == 1


async def test_a_reply_in_the_missions_thread_revises_its_plan(town: Town) -> None:
    """Without a mention; the reaction says what it was taken for."""
    await town.start()
    thread = town.own_thread()
    mission = await town.planned(thread)
    said = town.standin.say(town.ada, thread, "Leave out vendor North, it is too slow.")
    await town.until(lambda: town.reactions(said) == ["✏️"])
    record = await town.app.store.record(mission.id)
    assert record
    assert record.gates[0].outcome is Verb.revise
    assert record.decisions[0].words == "Leave out vendor North, it is too slow."


async def test_a_stranger_in_the_thread_decides_nothing(town: Town) -> None:
    """The refusal is a private word."""
    await town.start()
    thread = town.own_thread()
    mission = await town.planned(thread)
    town.standin.say(town.bob, thread, "Leave out vendor North, it is too slow.")
    direct = town.standin.dm(town.bob)
    await town.standin.until(lambda: town.standin.mine(direct))
    assert "Only" in town.standin.mine(direct)[0]["content"]
    record = await town.app.store.record(mission.id)
    assert record
    assert record.gates[0].open


async def test_who_takes_no_direct_messages_is_answered_below(town: Town) -> None:
    """A refusal is never swallowed."""
    await town.start()
    thread = town.own_thread()
    await town.planned(thread)
    town.standin.world.closed_dms.add(town.bob["id"])
    town.standin.say(town.bob, thread, "Leave out vendor North, it is too slow.")
    await town.standin.until(lambda: _with(town, thread, "Only"))


async def test_after_its_end_a_thread_is_only_talk(town: Town) -> None:
    """Thanks and chatter start nothing; a mention may."""
    await town.start()
    thread = town.own_thread()
    mission = await town.planned(thread)
    async with town.app.store.begin() as tx:
        await tx.set_status(mission.id, Status.done)
    town.standin.say(town.bob, thread, "What should we make of all these numbers now?")
    asked = town.standin.say(town.ada, thread, call(town, GOAL))
    await town.until(lambda: town.reactions(asked) == ["👀"])
    assert len(await town.missions()) == 2


async def test_ten_minutes_down_lose_nothing_and_repeat_nothing(town: Town) -> None:
    """Threads with a mission and direct messages are read from the last seen point on."""
    await town.start()
    thread, direct = town.own_thread(), town.standin.dm(town.ada)
    await town.planned(thread)
    heard = town.standin.say(town.ada, direct, "hello")
    await town.standin.until(lambda: town.standin.mine(direct))
    await town.stop()
    missed = town.standin.say(town.ada, thread, "Leave out vendor North, it is too slow.")
    asked = town.standin.say(town.ada, direct, GOAL)
    town.standin.advance(600)
    await town.start()
    await town.until(lambda: town.reactions(missed) == ["✏️"])
    await town.until(lambda: town.reactions(asked) == ["👀"])
    assert town.reactions(heard) == []
    assert len(await town.missions(f"discord:dm:{town.ada['id']}")) == 1
    await town.stop()
    await town.start()
    town.standin.say(town.ada, direct, "status")
    await town.until(lambda: "plan" in town.standin.mine(direct)[-1]["content"])
    assert town.reactions(missed) == ["✏️"]
    assert len(await town.missions(f"discord:dm:{town.ada['id']}")) == 1


async def test_a_lost_session_is_caught_up_too(town: Town) -> None:
    """The process lives, the connection was away for too long to be resumed."""
    await town.start()
    thread = town.own_thread()
    await town.planned(thread)
    town.standin.gateway.refuse = True
    await town.standin.gateway.drop()
    missed = town.standin.say(town.ada, thread, "Leave out vendor North, it is too slow.")
    town.standin.advance(600)
    town.standin.gateway.refuse = False
    await town.until(lambda: town.reactions(missed) == ["✏️"], 30)


async def test_what_was_stored_before_a_crash_is_done_after_it(town: Town) -> None:
    """The message is in the inbox and its effect is not there yet."""
    await town.start(inbox=False)
    town.standin.say(town.ada, town.channel, call(town, GOAL))
    for _ in range(500):
        if await town.app.store.inbox_waiting():
            break
    await town.stop()
    assert town.standin.threads(town.channel) == []
    await town.start()
    await town.thread()
    await town.mission()


async def test_without_the_content_intent_mentions_still_work(town: Town) -> None:
    """Discord refuses the intent; the bot comes back without it and says so in its threads."""
    town.standin.world.content_allowed = False
    await town.start()
    assert town.face.reads is False
    town.standin.say(town.ada, town.channel, call(town, GOAL))
    thread = await town.thread()
    await town.mission()
    await town.standin.until(lambda: town.standin.mine(thread))
    town.standin.say(town.ada, thread, "shorter, please")
    blind = await town.standin.until(lambda: _with(town, thread, "cannot read"))
    assert "Message Content" in blind["content"]


def _with(town: Town, place: Json, words: str) -> Any:
    return next((m for m in town.standin.mine(place) if words in m["content"]), None)


async def test_missing_permissions_are_named_one_by_one(town: Town) -> None:
    """Nothing was started."""
    town.standin.world.deny(town.channel, "create_public_threads", "attach_files")
    await town.start()
    town.standin.say(town.ada, town.channel, call(town, GOAL))
    await town.standin.until(lambda: town.standin.mine(town.channel))
    text = town.standin.mine(town.channel)[0]["content"]
    assert "**Create Public Threads**, **Attach Files**" in text
    assert await town.missions() == ()


async def test_a_full_server_is_told(town: Town) -> None:
    """160006: too many active threads."""
    town.standin.world.thread_cap = 0
    await town.start()
    town.standin.say(town.ada, town.channel, call(town, GOAL))
    direct = town.standin.dm(town.ada)
    await town.standin.until(lambda: town.standin.mine(direct))
    assert "as many active threads" in town.standin.mine(direct)[0]["content"]
    assert await town.missions() == ()


async def test_a_file_that_is_too_large_is_told(town: Town) -> None:
    """Nothing is fetched, nothing is started."""
    await town.start()
    said = town.standin.rest.keep(town.channel, "big.csv", b"x")
    said["size"] = 80_000_000
    body = {"content": call(town, GOAL), "attachments": [said]}
    town.standin.world.add_message(town.channel, town.ada, body)
    direct = town.standin.dm(town.ada)
    await town.standin.until(lambda: town.standin.mine(direct))
    assert "50 MB" in town.standin.mine(direct)[0]["content"]


async def test_two_messages_at_once_are_taken_in_order(town: Town) -> None:
    """The second is about the mission that the first began."""
    await town.start()
    direct = town.standin.dm(town.ada)
    first = town.standin.say(town.ada, direct, GOAL)
    second = town.standin.say(town.ada, direct, "Count the delivery times double.")
    await town.until(lambda: town.reactions(second))
    assert town.reactions(first) == ["👀"]
    assert town.reactions(second) == ["🧭"]
