"""Messages that are changed or deleted after they were heard."""

from bot.domain.mission import Mission, Status
from tests.discord_.standin import Json
from tests.discord_.test_words import GOAL, call
from tests.discord_.town import Town

OTHER = "Compare the offers of two vendors only."


async def asked(town: Town) -> tuple[Json, Json, Mission]:
    """Ada's message, its thread, and the mission that began with it."""
    said = town.standin.say(town.ada, town.channel, call(town, GOAL))
    thread = await town.thread()
    mission = await town.mission()
    await town.until(lambda: town.reactions(said) == ["👀"])
    return said, thread, mission


async def again(town: Town, mission: Mission) -> Mission:
    found = await town.app.store.mission(mission.id)
    assert found
    return found


async def test_an_edit_of_the_request_is_heard_while_the_plan_is_made(town: Town) -> None:
    """Once, with one sign below the message."""
    await town.start()
    said, _, mission = await asked(town)
    town.standin.rewrite(said, call(town, OTHER))
    await town.until(lambda: town.reactions(said) == ["👀", "🧭"])
    heard = (await again(town, mission)).thread
    assert heard == (f"The request was changed. It now says: {OTHER}",)


async def test_an_edit_that_changes_no_words_is_nothing(town: Town) -> None:
    """Discord also tells of previews, and of what was edited back."""
    await town.start()
    said, _, mission = await asked(town)
    town.standin.rewrite(said, call(town, GOAL))
    town.standin.rewrite(said, call(town, OTHER))
    await town.until(lambda: "🧭" in town.reactions(said))
    assert len((await again(town, mission)).thread) == 1


async def test_an_edit_of_a_direct_message_is_heard_too(town: Town) -> None:
    """There the mission stands beside the words."""
    await town.start()
    said = town.standin.say(town.ada, town.standin.dm(town.ada), GOAL)
    await town.until(lambda: town.reactions(said) == ["👀"])
    town.standin.rewrite(said, OTHER)
    await town.until(lambda: town.reactions(said) == ["👀", "🧭"])
    [mission] = await town.missions(f"discord:dm:{town.ada['id']}")
    assert len(mission.thread) == 1


async def test_an_edit_that_comes_too_late_is_answered_and_changes_nothing(town: Town) -> None:
    """Once a plan is open there is Revise; the hint is for the author alone."""
    await town.start()
    thread = town.own_thread()
    mission = await town.planned(thread)
    said = town.standin.say(town.ada, thread, "Leave out vendor North, it is too slow.")
    await town.until(lambda: town.reactions(said) == ["✏️"])
    before = await town.app.store.record(mission.id)
    town.standin.rewrite(said, "Leave out all vendors.")
    direct = town.standin.dm(town.ada)
    await town.standin.until(lambda: town.standin.mine(direct))
    assert "I go on with the first ones" in town.standin.mine(direct)[0]["content"]
    after = await town.app.store.record(mission.id)
    assert before and after  # noqa: PT018
    assert (after.decisions, after.guidance) == (before.decisions, before.guidance)


async def test_an_edit_after_the_plan_is_shown_is_answered(town: Town) -> None:
    """Also of the words that asked for the mission; the mission says what it said."""
    await town.start()
    said, _, mission = await asked(town)
    async with town.app.store.begin() as tx:
        await tx.set_status(mission.id, Status.needs_plan_approval)
    town.standin.rewrite(said, call(town, OTHER))
    direct = town.standin.dm(town.ada)
    await town.standin.until(lambda: town.standin.mine(direct))
    assert "press Revise" in town.standin.mine(direct)[0]["content"]
    assert (await again(town, mission)).thread == ()


async def test_an_edit_of_talk_is_left_alone(town: Town) -> None:
    """In a channel, and what was said in a thread before a mission began there."""
    await town.start()
    root = town.standin.say(town.bob, town.channel, "Which vendor?")
    thread = town.standin.world.thread(town.channel, "Vendors", town.bob["id"], start=root)
    talk = town.standin.say(town.bob, thread, "North is cheap but slow.")
    said = town.standin.say(town.ada, thread, call(town, GOAL))
    await town.until(lambda: town.reactions(said) == ["👀"])
    town.standin.rewrite(talk, "North is cheap and quick.")
    town.standin.rewrite(root, "Which vendor is best?")
    town.standin.rewrite(said, call(town, OTHER))
    await town.until(lambda: town.reactions(said) == ["👀", "🧭"])
    assert town.reactions(talk) == town.reactions(root) == []
    assert len((await town.mission()).thread) == 2


async def test_a_mention_that_is_put_in_later_counts(town: Town) -> None:
    """As if it had been there from the beginning; and only once."""
    await town.start()
    said = town.standin.say(town.ada, town.channel, GOAL)
    town.standin.rewrite(said, call(town, GOAL))
    thread = await town.thread()
    assert thread["id"] == said["id"]
    town.standin.rewrite(said, call(town, OTHER))
    await town.until(lambda: town.reactions(said) == ["👀", "🧭"])
    assert len(await town.missions()) == 1


async def test_a_deleted_request_goes_on_until_somebody_says_stop(town: Town) -> None:
    """One line in the thread, with a button; a repeat of the event says it no second time."""
    await town.start()
    said, thread, mission = await asked(town)
    town.standin.remove(said)
    offer = await town.button(thread, "Stop the mission")
    assert "The mission goes on" in offer["content"]
    assert not (await again(town, mission)).stop_asked
    town.standin.world.announce("MESSAGE_DELETE", {"id": said["id"], **_where(said)})
    town.standin.say(town.ada, thread, "how is it going?")
    sure = await town.standin.answered(town.standin.click(town.ada, offer, "Stop the mission"))
    assert "What is finished is kept." in str(sure.modal)
    assert "Stopping" in await town.told(town.standin.submit(sure))
    assert (await again(town, mission)).stop_asked
    assert [m for m in town.standin.mine(thread) if "was deleted" in m["content"]] == [offer]


def _where(said: Json) -> Json:
    return {"channel_id": said["channel_id"], "guild_id": said["guild_id"]}


async def test_only_who_may_decide_stops_it(town: Town) -> None:
    """The offer stands where all can see it."""
    await town.start()
    said, thread, mission = await asked(town)
    town.standin.remove(said)
    offer = await town.button(thread, "Stop the mission")
    assert "Only" in await town.told(town.standin.click(town.bob, offer, "Stop the mission"))
    assert not (await again(town, mission)).stop_asked


async def test_what_a_command_announced_is_offered_too(town: Town) -> None:
    """The thread hangs on the bot's own message then."""
    await town.start()
    asked_ = town.standin.slash(town.ada, town.channel, "mission start", goal=GOAL)
    await town.told(asked_)
    thread = await town.thread()
    [root] = [m for m in town.standin.mine(town.channel) if "asked for" in m["content"]]
    town.standin.remove(root)
    await town.button(thread, "Stop the mission")


async def test_other_deletions_are_left_alone(town: Town) -> None:
    """Words in the thread that were about the mission do not end it."""
    await town.start()
    said, thread, _ = await asked(town)
    reply = town.standin.say(town.ada, thread, "Count the delivery times double.")
    await town.until(lambda: town.reactions(reply) == ["🧭"])
    town.standin.remove(reply)
    town.standin.remove(town.standin.say(town.bob, town.channel, "hm"))
    town.standin.remove(said)
    await town.button(thread, "Stop the mission")
    assert len([m for m in town.standin.mine(thread) if "was deleted" in m["content"]]) == 1
