"""The App Home: what this person may decide, what waits for others, how results were found."""

from typing import Any

import pytest

from bot.domain.mission import Policy, Status
from bot.missions import NewMission
from tests.slack.standin import Standin
from tests.slack.town import Town, texts_of

Json = dict[str, Any]
GOAL = "Compare the offers of the three vendors."


@pytest.fixture
async def quiet(town: Town) -> Town:
    town.slack.world.user("U3", "Edsger")
    town.slack.world.channels["C1"].members.add("U3")
    town.slack.world.user("U9", "Outsider")
    return await town.start(work=False)


async def proposal(town: Town, channel: str = "C1", **policy: Any) -> Json:
    """A plan of Ada's that waits; gives its message."""
    root = town.slack.say(channel, "U1", GOAL)["ts"]
    person = await town.face.person("T1", "U1")
    await town.app.missions.start(
        NewMission(
            key=f"k{root}", place=f"slack:T1:{channel}:{root}", person=person, goal=GOAL,
            policy=Policy.model_validate(policy),
        )
    )  # fmt: skip
    await town.asked()
    return await town.button(channel, root, "Approve")


async def home(town: Town, user: str) -> dict[str, str]:
    """The home of a person, as text by heading."""
    before = town.slack.world.homes.get(user)
    town.slack.open_home(user)
    await town.slack.until(lambda: town.slack.world.homes.get(user) is not before)
    groups, heading = dict[str, str](), ""
    for block in town.slack.world.homes[user]["blocks"]:
        if block["type"] == "header":
            heading = block["text"]["text"]
        groups[heading] = groups.get(heading, "") + " ".join(texts_of(block))
    return groups


NEEDS, OTHERS = "Needs your decision", "Waiting for others"


@pytest.mark.parametrize(
    ("policy", "needed", "not_needed"),
    [
        ({"kind": "requester"}, {"U1"}, {"U2", "U9"}),
        ({"kind": "channel"}, {"U1", "U2"}, {"U9"}),
        ({"kind": "users", "people": ("U2",), "shown": "Grace"}, {"U2"}, {"U1", "U3", "U9"}),
        ({"kind": "role", "role": "S1", "shown": "anyone in @s1"}, {"U2"}, {"U1", "U3", "U9"}),
        ({"kind": "two_person"}, {"U1", "U2"}, {"U9"}),
        ({"kind": "two_person", "people": ("U1", "U2")}, {"U1", "U2"}, {"U3", "U9"}),
    ],
)
async def test_everyone_sees_what_they_may_decide(
    quiet: Town, slack: Standin, policy: Json, needed: set[str], not_needed: set[str]
):
    """Whatever the policy; and nobody sees missions of channels that they are not in."""
    slack.world.groups["S1"] = ["U2", "U9"]
    await proposal(quiet, **policy)
    for user in needed:
        assert GOAL in (await home(quiet, user))[NEEDS]
    for user in not_needed:
        assert NEEDS not in await home(quiet, user)


async def test_who_asked_is_named_to_others(quiet: Town):
    await proposal(quiet, kind="channel")
    assert "Asked for by Ada." in (await home(quiet, "U2"))[NEEDS]
    assert "Asked for by" not in (await home(quiet, "U1"))[NEEDS]


async def test_who_asked_sees_for_whom_it_waits(quiet: Town):
    """Without being told to decide what they may not."""
    await proposal(quiet, kind="users", people=("U2",), shown="Grace")
    assert "Waiting for Grace." in (await home(quiet, "U1"))[OTHERS]


async def test_after_the_first_of_two_it_waits_for_the_second(quiet: Town, slack: Standin):
    plan = await proposal(quiet, kind="two_person")
    slack.click(plan, "Approve", "U1")
    await quiet.told("U1", "One more person must approve")
    first, second = await home(quiet, "U1"), await home(quiet, "U2")
    assert NEEDS not in first
    assert "waits for a second person" in first[OTHERS]
    assert GOAL in second[NEEDS]
    assert OTHERS not in second


async def test_an_admin_sees_no_mission_of_a_channel_they_are_not_in(quiet: Town, slack: Standin):
    """They may decide about all; what they see follows the place."""
    slack.world.user("U8", "Root", admin=True)
    await proposal(quiet)
    assert NEEDS not in await home(quiet, "U8")
    slack.world.channels["C1"].members.add("U8")
    quiet.face.people._groups._kept.clear()
    assert GOAL in (await home(quiet, "U8"))[NEEDS]


async def test_nobody_sees_the_direct_messages_of_others(quiet: Town, slack: Standin):
    slack.world.user("U8", "Root", admin=True)
    await proposal(quiet, slack.world.im("U1").id, kind="channel")
    assert GOAL in (await home(quiet, "U1"))[NEEDS]
    assert NEEDS not in await home(quiet, "U8")


async def test_a_guest_is_asked_for_nothing(quiet: Town, slack: Standin):
    slack.world.user("U7", "Guest", guest=True)
    slack.world.channels["C1"].members.add("U7")
    await proposal(quiet, kind="channel")
    assert NEEDS not in await home(quiet, "U7")


async def test_the_page_is_there_when_channels_cannot_be_asked_for(quiet: Town, slack: Standin):
    """With one's own missions."""
    await proposal(quiet, kind="channel")
    slack.fault("users.conversations", "500_before", times=9)
    assert NEEDS not in await home(quiet, "U2")
    assert GOAL in (await home(quiet, "U1"))[NEEDS]


async def test_many_missions_cost_few_calls(quiet: Town, slack: Standin):
    """Channels and links are asked for once, and links only for what is shown first."""
    for _ in range(9):
        await proposal(quiet, kind="channel")
    slack.calls.clear()
    assert (await home(quiet, "U2"))[NEEDS].count("Compare") == 9
    await home(quiet, "U2")
    assert len(slack.called("users.conversations")) == 1
    assert len(slack.called("chat.getPermalink")) == 6


async def test_recent_results_say_how_people_found_them(quiet: Town, slack: Standin):
    """A second press of the same person changes the first."""
    plan = await proposal(quiet)
    await quiet.asked("artifact", name="artifact:1", version=1)
    made = await quiet.button("C1", plan["thread_ts"], "👍 Good")
    slack.click(made, "👎 Not good", "U2")
    await quiet.told("U2", "Thank you for saying so")
    slack.click(made, "👍 Good", "U2")
    await quiet.told("U2", "that is good to know")
    slack.click(made, "👎 Not good", "U1")
    await quiet.told("U1", "Thank you for saying so")
    async with quiet.app.store.begin() as tx:
        mission = (await quiet.missions())[0].id
        await tx.set_status(mission, Status.done)
    recent = (await home(quiet, "U1"))["Recent"]
    assert "1 found it good and 1 found it not good" in recent
    assert [len(slack.private(user)) for user in ("U1", "U2")] == [1, 2]


# -- what is open beside the direct messages -------------------------------------------------------


def viewing(channel: str, team: str = "T1") -> Json:
    return {"type": "slack#/types/channel_id", "value": channel, "team_id": team}


def at_message(channel: str) -> Json:
    value = {"channel_id": channel, "message_ts": "1.2"}
    return {"type": "slack#/types/message_context", "value": value, "team_id": "T1"}


def prompts(slack: Standin, user: str = "U1") -> list[str]:
    found = slack.world.prompts.get(slack.world.im(user).id, {"prompts": []})
    return [prompt["title"] for prompt in found["prompts"]]


@pytest.mark.parametrize("bare", [False, True])
@pytest.mark.parametrize("entity", [viewing("C1"), at_message("C1")])
async def test_the_channel_beside_the_messages_changes_what_is_suggested(
    quiet: Town, slack: Standin, entity: Json, bare: bool
):
    """Also as Slack's reference has it, where the event names neither person nor channel."""
    slack.look_beside("U1", {"type": "slack#/types/canvas_id", "value": "F1"}, entity, bare=bare)
    await slack.until(lambda: prompts(slack))
    assert prompts(slack)[0] == "Write an update for #general"
    assert len(prompts(slack)) == 4


async def test_who_looks_away_is_suggested_the_usual(quiet: Town, slack: Standin):
    slack.look_beside("U1", viewing("C1"))
    await slack.until(lambda: "Write an update for #general" in prompts(slack))
    slack.look_beside("U1")
    await slack.until(lambda: prompts(slack)[0] == "Summarise a document")


@pytest.mark.parametrize("entity", [viewing("C2"), viewing("C1", "T9")])
async def test_a_channel_that_is_not_ours_is_not_named(quiet: Town, slack: Standin, entity: Json):
    """Private ones without the bot, and those of other workspaces."""
    slack.world.channel("C2", "U1", bot=False, kind="private", name="secret")
    slack.look_beside("U1", viewing("C1"))
    await slack.until(lambda: "Write an update for #general" in prompts(slack))
    slack.look_beside("U1", entity)
    await slack.until(lambda: prompts(slack)[0] == "Summarise a document")


async def test_looking_around_is_cheap_and_starts_nothing(quiet: Town, slack: Standin):
    """The same channel again is acknowledged and forgotten; so is nobody in particular."""
    slack.look_beside("U1", viewing("C1"))
    await slack.until(lambda: prompts(slack))
    kept = await quiet.kept()
    for _ in range(5):
        slack.look_beside("U1", viewing("C1"))
    await quiet.settled()
    assert await quiet.kept() == kept
    assert len(slack.called("assistant.threads.setSuggestedPrompts")) == 1
    assert await quiet.missions() == ()


async def test_a_look_without_a_person_is_acknowledged(quiet: Town, slack: Standin):
    seen = slack.happen("app_context_changed", context={})
    await quiet.settled()
    assert seen.acked.is_set()
    assert await quiet.kept() == 0


async def test_what_is_open_beside_counts_from_the_first_look(quiet: Town, slack: Standin):
    """Slack says it with the opening too."""
    im = slack.world.im("U1").id
    slack.happen(
        "app_home_opened", user="U1", channel=im, tab="messages", event_ts="1.1",
        context={"entities": [viewing("C1")]},
    )  # fmt: skip
    await slack.until(lambda: "Write an update for #general" in prompts(slack))
