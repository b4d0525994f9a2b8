"""Who may decide, once, on the version that they saw."""

import json
from typing import Any

import pytest

from bot.domain.events import EventKind, ratings
from bot.domain.gate import Verb
from bot.domain.mission import Policy
from bot.domain.record import Record
from bot.missions import NewMission
from handlers.slack.people import person_of
from tests.slack.standin import Standin
from tests.slack.town import Town

Json = dict[str, Any]
GOAL = "Compare the offers of the three vendors."


@pytest.fixture
async def quiet(town: Town) -> Town:
    return await town.start(work=False)


async def proposal(town: Town, **policy: Any) -> Json:
    """A mission of Ada's whose plan waits; gives the card."""
    root = town.slack.say("C1", "U1", GOAL)["ts"]
    person = await town.face.person("T1", "U1")
    await town.app.missions.start(
        NewMission(
            key=f"k{root}", place=f"slack:T1:C1:{root}", person=person, goal=GOAL,
            policy=Policy.model_validate(policy or {"kind": "requester"}),
        )
    )  # fmt: skip
    await town.asked()
    return await town.button("C1", root, "Approve")


async def record(town: Town) -> Record:
    found = await town.app.store.record((await town.missions())[0].id)
    assert found is not None
    return found


async def outcome(town: Town) -> Verb | None:
    return (await record(town)).gates[0].outcome


async def test_a_double_click_decides_once(quiet: Town, slack: Standin):
    """The second gets a private answer and changes nothing."""
    plan = await proposal(quiet)
    slack.click(plan, "Approve")
    slack.click(plan, "Approve")
    await quiet.told("U1", "Approved. The work begins.")
    await quiet.told("U1", "chose “Approve” already")
    assert len((await record(quiet)).decisions) == 1


async def test_two_clickers_at_once_are_one_decision(quiet: Town, slack: Standin):
    """One is told that it counts, the other who was first."""
    plan = await proposal(quiet, kind="channel")
    slack.click(plan, "Approve", "U1")
    slack.click(plan, "Cancel", "U2")
    await quiet.settled()
    await slack.until(lambda: slack.private("U1") and slack.private("U2"))
    assert len((await record(quiet)).decisions) == 1
    words = [slack.private(u)[-1]["text"] for u in ("U1", "U2")]
    assert sum("already" in w or "being ended" in w for w in words) == 1


async def test_the_same_click_delivered_again_changes_nothing(quiet: Town, slack: Standin):
    """Its key is person, container, action and time."""
    plan = await proposal(quiet)
    click = slack.click(plan, "Approve")
    await quiet.told("U1", "Approved")
    slack.post.repeat(click)
    await quiet.settled()
    assert len((await record(quiet)).decisions) == 1
    assert len(slack.private("U1")) == 1


async def test_a_click_after_a_restart_counts(quiet: Town, slack: Standin):
    """The button says everything; nothing of it was in memory."""
    plan = await proposal(quiet)
    await quiet.stop()
    await quiet.start(work=False)
    slack.click(plan, "Approve")
    await quiet.told("U1", "Approved")
    assert await outcome(quiet) is Verb.approve


async def test_approve_on_an_old_version_is_refused(quiet: Town, slack: Standin):
    """The person is told which one is current."""
    plan = await proposal(quiet)
    old = str(plan).replace("|1'", "|0'")
    stale: Json = {**plan, "blocks": eval(old)["blocks"]}
    slack.click(stale, "Approve")
    await quiet.told("U1", "Version 1 is current")
    assert await outcome(quiet) is None


async def test_the_wrong_person_is_told_who_can(quiet: Town, slack: Standin):
    """Privately; nothing is changed, and no form opens for them either."""
    plan = await proposal(quiet)
    slack.click(plan, "Approve", "U2")
    slack.click(plan, "Revise", "U2")
    await slack.until(lambda: len(slack.private("U2")) == 2)
    assert all("can decide this" in e["text"] for e in slack.private("U2"))
    assert slack.world.views == {}
    assert await outcome(quiet) is None


@pytest.mark.parametrize(
    "person", [{"guest": True}, {"team": "T9"}, {"guest": True, "admin": True}]
)
async def test_guests_and_other_workspaces_have_no_rights(
    quiet: Town, slack: Standin, person: Json
):
    """Not even under the policy that lets anyone in the channel decide; nor may they begin."""
    slack.world.user("U7", "Guest", **person)
    slack.world.channels["C1"].members.add("U7")
    plan = await proposal(quiet, kind="channel")
    slack.click(plan, "Approve", "U7")
    await quiet.told("U7", "can decide this")
    quiet.mention(GOAL, "U7")
    await quiet.told("U7", "cannot start or steer missions")
    slack.command(f"/mission {GOAL}", "C1", "U7")
    await slack.until(lambda: len(slack.private("U7")) == 3)
    assert await outcome(quiet) is None
    assert len(await quiet.missions()) == 1


async def test_an_admin_may_decide_for_others(quiet: Town, slack: Standin):
    """So that nothing waits for somebody who left."""
    slack.world.user("U3", "Root", admin=True)
    slack.world.channels["C1"].members.add("U3")
    slack.click(await proposal(quiet), "Approve", "U3")
    await quiet.told("U3", "Approved")


async def test_members_of_a_user_group_may_decide(quiet: Town, slack: Standin):
    """Who is in it counts at the click, not at the start."""
    slack.world.groups["S1"] = ["U2"]
    plan = await proposal(quiet, kind="role", role="S1", shown="anyone in @s1")
    slack.click(plan, "Approve", "U1")
    assert "anyone in @s1" in await quiet.told("U1", "can decide this")
    slack.click(plan, "Approve", "U2")
    await quiet.told("U2", "Approved")


async def test_two_people_must_approve(quiet: Town, slack: Standin):
    """The first is thanked, and cannot be the second."""
    plan = await proposal(quiet, kind="two_person")
    slack.click(plan, "Approve", "U1")
    await quiet.told("U1", "One more person must approve")
    slack.click(plan, "Approve", "U1")
    await quiet.told("U1", "already answered")
    assert await outcome(quiet) is None
    slack.click(plan, "Approve", "U2")
    await quiet.told("U2", "Approved")


async def test_revise_opens_a_form_with_the_tasks_and_sends_the_plan_back(
    quiet: Town, slack: Standin
):
    """Ticks and free text reach the decision."""
    slack.click(await proposal(quiet), "Revise")
    await slack.until(lambda: slack.world.views)
    slack.submit(slack.modal(), {"What should change?": "Shorter.", "T2 Do T2": "drop"})
    await quiet.told("U1", "new version of the plan")
    decided = (await record(quiet)).decisions[0]
    assert (decided.words, decided.data) == ("Shorter.", {"ticks": {"T2": "drop"}})


async def test_a_form_that_comes_too_late_gives_the_words_back(quiet: Town, slack: Standin):
    """Somebody else decided meanwhile; what was typed is not lost."""
    plan = await proposal(quiet, kind="channel")
    slack.click(plan, "Revise", "U1")
    await slack.until(lambda: slack.world.views)
    slack.click(plan, "Approve", "U2")
    await quiet.told("U2", "Approved")
    slack.submit(slack.modal(), {"What should change?": "Shorter, please."})
    assert "Shorter, please." in await quiet.told("U1", "Your words were")


async def test_a_button_of_another_workspace_is_unknown(quiet: Town, slack: Standin):
    """An id that names a mission elsewhere is no key to it."""
    plan = await proposal(quiet)
    mission = (await quiet.missions())[0].id
    forged: Json = json.loads(json.dumps(plan).replace(mission, "m0000"))
    slack.click(forged, "Approve")
    await quiet.told("U1", "not known here any more")


async def test_who_is_speaking_is_asked_for_once(quiet: Town, slack: Standin):
    """Ten clicks do not cost ten calls."""
    plan = await proposal(quiet)
    for _ in range(10):
        slack.click(plan, "Approve", "U2")
    await slack.until(lambda: len(slack.private("U2")) == 10)
    assert len(slack.called("users.info")) <= 2


@pytest.mark.parametrize(
    ("user", "roles"),
    [
        ({}, ()),
        ({"is_admin": True}, ("admin",)),
        ({"is_owner": True}, ("admin",)),
        ({"is_restricted": True, "is_admin": True}, ("guest",)),
        ({"is_ultra_restricted": True}, ("guest",)),
        ({"is_stranger": True}, ("guest",)),
        ({"team_id": "T2"}, ("guest",)),
        ({"is_bot": True}, ("guest",)),
        ({"deleted": True}, ("guest",)),
    ],
)
def test_roles_follow_what_slack_says(user: Json, roles: tuple[str, ...]):
    """Whatever limits a person wins over what raises them."""
    assert person_of({"id": "U1", "team_id": "T1", **user}, "T1").roles == roles


async def test_the_session_is_suspended_while_it_asks(quiet: Town, slack: Standin):
    """Slack's own status follows."""
    plan = await proposal(quiet)
    key = ("C1", plan["thread_ts"])
    await slack.until(lambda: slack.world.sessions.get(key, {}).get("status") == "suspended")


# -- how a result was found -----------------------------------------------------------------------


async def result(town: Town, **policy: Any) -> Json:
    """A mission of Ada's whose result waits; gives the card."""
    plan = await proposal(town, **policy)
    await town.asked("artifact", name="artifact:1", version=1)
    return await town.button("C1", plan["thread_ts"], "👍 Good")


async def rated(town: Town) -> dict[int, tuple[int, int]]:
    return ratings(await town.app.store.events((await town.missions())[0].id))


async def test_anybody_in_the_channel_may_rate_a_result(quiet: Town, slack: Standin):
    """Also who may not decide; the last word counts, the thanks are private."""
    made = await result(quiet)
    slack.click(made, "👍 Good", "U2")
    await quiet.told("U2", "that is good to know")
    slack.click(made, "👎 Not good", "U1")
    await quiet.told("U1", "press Revise")
    assert await rated(quiet) == {1: (1, 1)}
    slack.click(made, "👎 Not good", "U2")
    await quiet.told("U2", "press Revise")
    assert await rated(quiet) == {1: (0, 2)}
    assert await outcome(quiet) is None


async def test_a_rating_delivered_again_counts_once(quiet: Town, slack: Standin):
    click = slack.click(await result(quiet), "👍 Good")
    await quiet.told("U1", "Thank you")
    slack.post.repeat(click)
    await quiet.settled()
    mission = (await quiet.missions())[0].id
    kinds = [event.kind for event in await quiet.app.store.events(mission)]
    assert kinds.count(EventKind.rated) == 1
    assert len(slack.private("U1")) == 1


@pytest.mark.parametrize("person", [{"guest": True}, {"team": "T9"}])
async def test_a_guest_rates_nothing(quiet: Town, slack: Standin, person: Json):
    slack.world.user("U7", "Guest", **person)
    slack.world.channels["C1"].members.add("U7")
    slack.click(await result(quiet, kind="channel"), "👍 Good", "U7")
    await quiet.told("U7", "Only members of this workspace")
    assert await rated(quiet) == {}
