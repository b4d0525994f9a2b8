"""How people begin a mission in Slack, and what they read while they do."""

from typing import Any

import pytest

from bot.chat.slack.place import Where
from bot.domain.mission import Status
from tests.slack.standin import BOT, Standin
from tests.slack.town import CSV, Town, labels

Json = dict[str, Any]
GOAL = "Compare the offers of the three vendors."


@pytest.fixture
async def quiet(town: Town) -> Town:
    """A town whose missions begin and are not advanced."""
    return await town.start(work=False)


def texts(slack: Standin, channel: str = "C1", thread: str = "") -> list[str]:
    return [m["text"] for m in slack.seen(channel, thread)]


# -- commands --------------------------------------------------------------------------------------


async def test_a_command_posts_the_root_message_and_works_in_its_thread(
    quiet: Town, slack: Standin
):
    """Everybody sees who asked for what; the plan card stands below it."""
    slack.command(f"/mission {GOAL}")
    mission = await quiet.started()
    await slack.until(lambda: len(slack.seen("C1")) == 2)
    root, card = slack.seen("C1")
    assert "Ada asks for" in root["text"]
    assert GOAL in str(root["blocks"])
    assert card["thread_ts"] == root["ts"]
    assert mission.place == f"slack:T1:C1:{root['ts']}"
    assert (mission.goal, mission.requester, mission.zone) == (GOAL, "U1", "Europe/Berlin")


async def test_the_bot_joins_a_public_channel_by_itself(quiet: Town, slack: Standin):
    """Nobody has to invite it where it may come in."""
    slack.world.channel("C2", "U1", bot=False)
    slack.command(f"/mission {GOAL}", "C2")
    await quiet.started()
    assert BOT in slack.world.channels["C2"].members


async def test_in_a_private_channel_the_person_is_told_the_one_step(quiet: Town, slack: Standin):
    """Privately, with the command that invites the bot; nothing is started."""
    slack.world.channel("C2", "U1", bot=False, kind="private")
    slack.command(f"/mission {GOAL}", "C2")
    assert "/invite @Concertmaster" in await quiet.told("U1", "invite")
    assert await quiet.missions() == ()


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("help", "Slack has no commands in threads"),
        ("list", "Compare the offers"),
        ("status", "I am making the plan."),
        ("digest", "Under way"),
        ("hello", "Describe a mission"),
    ],
)
async def test_a_word_is_answered_privately(quiet: Town, slack: Standin, words: str, answer: str):
    """It starts no mission, and nobody else reads the answer."""
    quiet.mention(GOAL)
    await quiet.started()
    await quiet.settled()
    before = len(await quiet.missions())
    slack.command(f"/mission {words}")
    await quiet.told("U1", answer)
    assert len(await quiet.missions()) == before


async def test_stop_stops_the_one_mission_it_can_mean(quiet: Town, slack: Standin):
    """With several it says which there are, and stops none."""
    quiet.mention(GOAL)
    mission = await quiet.started()
    slack.command("/mission stop")
    await quiet.told("U1", "Stopping")
    assert (await quiet.app.store.mission(mission.id)).stop_asked  # pyright: ignore
    quiet.mention("Summarise the year.")
    await quiet.started(2)
    slack.command("/mission stop")
    await quiet.told("U1", "Several missions are under way")


async def test_a_list_names_no_mission_of_a_channel_one_is_not_in(quiet: Town, slack: Standin):
    """Visibility follows the place."""
    slack.world.channel("C2", "U2", name="secret", kind="private")
    quiet.mention("Find the leak in the budget.", "U2", "C2")
    await quiet.started()
    slack.command("/mission list", "C1", "U1")
    assert "budget" not in await quiet.told("U1", "no missions here")


# -- the form --------------------------------------------------------------------------------------


async def test_the_form_starts_a_mission_with_budget_deadline_and_approvers(
    quiet: Town, slack: Standin
):
    """`/mission` alone opens it; what it says reaches the mission."""
    slack.command("/mission")
    await slack.until(lambda: slack.world.views)
    filled = {
        "What do you want done?": GOAL, "Budget in US dollars, at most 2.00": "1,50",
        "Who approves": "The people named below", "People who may approve": ["U2"],
        "By when": 1_800_000_000,
    }  # fmt: skip
    submitted = slack.submit(slack.modal(), filled)
    mission = await quiet.started()
    assert submitted.answer is None
    assert (str(mission.cap), mission.policy.people) == ("1.50", ("U2",))
    assert mission.policy.shown == "Grace"
    assert mission.goal == f"{GOAL}\n\nWanted by Friday 15 January 2027, 09:00 (Europe/Berlin)."


@pytest.mark.parametrize(
    ("field", "value", "block"),
    [
        ("Budget in US dollars, at most 2.00", "much", "budget"),
        ("Budget in US dollars, at most 2.00", "-1", "budget"),
        ("Budget in US dollars, at most 2.00", "100", "budget"),
        ("Who approves", "The people named below", "people"),
    ],
)
async def test_what_is_wrong_is_said_in_the_form(
    quiet: Town, slack: Standin, field: str, value: str, block: str
):
    """The answer comes with the acknowledgement, and nothing is started."""
    slack.command("/mission")
    await slack.until(lambda: slack.world.views)
    submitted = slack.submit(slack.modal(), {"What do you want done?": GOAL, field: value})
    await submitted.acked.wait()
    assert submitted.answer["response_action"] == "errors"
    assert list(submitted.answer["errors"]) == [block]
    assert await quiet.missions() == ()


async def test_a_user_group_can_be_chosen_where_there_are_some(quiet: Town, slack: Standin):
    """Its members may approve, and people read its handle."""
    slack.world.groups["S1"] = ["U2"]
    slack.command("/mission")
    await slack.until(lambda: slack.world.views)
    slack.submit(
        slack.modal(),
        {"What do you want done?": GOAL, "Who approves": "The user group below",
         "User group that may approve": "@s1"},
    )  # fmt: skip
    mission = await quiet.started()
    assert (mission.policy.role, mission.policy.shown) == ("S1", "anyone in @s1")


# -- mentions and threads --------------------------------------------------------------------------


async def test_a_mention_is_one_mission_although_it_comes_as_two_events(
    quiet: Town, slack: Standin
):
    """`message` and `app_mention` carry the same words."""
    message = quiet.mention(GOAL)
    await quiet.started()
    await quiet.settled()
    assert len(await quiet.missions()) == 1
    assert ("C1:" + message["ts"], "eyes") in slack.world.reactions


async def test_a_mention_in_a_thread_takes_the_thread_as_context(quiet: Town, slack: Standin):
    """What was said before, by name, and the files of the thread."""
    root = slack.say("C1", "U2", "We need <@U1> to decide", files={"offers.csv": CSV})["ts"]
    slack.say("C1", "U1", "The budget is &lt; 10k", thread_ts=root)
    quiet.mention(GOAL, thread_ts=root, files={"more.txt": b"more"})
    mission = await quiet.started()
    assert mission.thread == ("Grace: We need @Ada to decide", "Ada: The budget is < 10k")
    assert [a.name for a in mission.attachments] == ["offers.csv", "more.txt"]
    assert await quiet.app.files.get(mission.attachments[0].sha256) == CSV
    assert mission.place.endswith(root)


async def test_a_file_that_is_too_large_is_refused_before_it_is_fetched(
    quiet: Town, slack: Standin
):
    """The person is told what fits; nothing is started."""
    slack.say_with_size("C1", "U1", f"<@{BOT}> {GOAL}", "big.csv", 51 * 1024 * 1024)
    await quiet.told("U1", "A file can have 50 MB")
    assert await quiet.missions() == ()


async def test_a_file_that_may_not_be_read_is_named(quiet: Town, slack: Standin):
    """Slack shows its sign-in page instead of the bytes: that is not taken for the file."""
    slack.forbid_files = True
    quiet.mention(GOAL, files={"offers.csv": CSV})
    await quiet.told("U1", "I could not read “offers.csv”")
    assert await quiet.missions() == ()


async def test_a_direct_message_is_a_mission_of_its_own(quiet: Town, slack: Standin):
    """Each wish at the top begins one; “status” is about the newest."""
    im = slack.world.im("U1").id
    first = slack.say(im, "U1", GOAL)["ts"]
    await quiet.started()
    slack.say(im, "U1", "Summarise the year.")
    await quiet.started(2)
    slack.say(im, "U1", "how is it going?")
    await slack.until(lambda: any("making the plan" in t for t in texts(slack, im)))
    places = {m.place for m in await quiet.missions()}
    assert f"slack:T1:{im}:{first}" in places
    assert len(places) == 2


async def test_a_greeting_is_answered_and_starts_nothing(quiet: Town, slack: Standin):
    """In direct messages and by mention."""
    im = slack.world.im("U1").id
    slack.say(im, "U1", "hello")
    quiet.mention("hi")
    await slack.until(lambda: any("Describe a mission" in t for t in texts(slack, im)))
    await slack.until(lambda: any("Describe a mission" in t for t in texts(slack)))
    assert await quiet.missions() == ()


async def test_a_message_becomes_a_mission_by_its_menu(quiet: Town, slack: Standin):
    """The one who chose it asks; the message is the goal; its thread the place."""
    message = slack.say("C1", "U2", GOAL)
    slack.shortcut("make_mission", message, "U1")
    mission = await quiet.started()
    assert (mission.requester, mission.goal) == ("U1", GOAL)
    assert mission.place == f"slack:T1:C1:{message['ts']}"


async def test_a_message_of_a_bot_becomes_no_mission(quiet: Town, slack: Standin):
    """The person is told why."""
    message = slack.say("C1", "U2", GOAL, bot_id="B7")
    slack.shortcut("make_mission", message, "U1")
    await quiet.told("U1", "Only a message that a person wrote")
    assert await quiet.missions() == ()


# -- silence ---------------------------------------------------------------------------------------


async def test_chatter_bots_and_itself_are_left_alone(quiet: Town, slack: Standin):
    """No reaction, no answer, and nothing of it is kept."""
    root = slack.say("C1", "U1", "Lunch?")["ts"]
    slack.say("C1", "U2", "Yes!", thread_ts=root)
    slack.say("C1", "U2", f"<@{BOT}> {GOAL}", bot_id="B7", subtype="bot_message")
    slack.say("C1", "U2", "joined", subtype="channel_join")
    await quiet.settled()
    assert texts(slack) == []
    assert slack.world.reactions == {}
    assert await quiet.kept() == 0


async def test_people_of_a_thread_may_talk_to_each_other(quiet: Town, slack: Standin):
    """Only who may decide is meant without a mention."""
    root = quiet.mention(GOAL)["ts"]
    mission = await quiet.started()
    slack.say("C1", "U2", "I like offer B", thread_ts=root)
    await quiet.settled()
    assert slack.private("U2") == []
    assert (await quiet.app.store.mission(mission.id)).thread == ()  # pyright: ignore


# -- replies ---------------------------------------------------------------------------------------


async def test_a_reply_while_the_plan_is_made_is_heard(quiet: Town, slack: Standin):
    """One reaction says what it was taken for, and a private line what becomes of it."""
    root = quiet.mention(GOAL)["ts"]
    mission = await quiet.started()
    reply = slack.say("C1", "U1", "Leave out vendor C.", thread_ts=root)["ts"]
    await quiet.told("U1", "Noted")
    assert ("C1:" + reply, "compass") in slack.world.reactions
    assert (await quiet.app.store.mission(mission.id)).thread == ("Leave out vendor C.",)  # pyright: ignore


async def test_a_reply_to_an_open_plan_is_a_revision_and_never_an_approval(
    quiet: Town, slack: Standin
):
    """“ok” asks for the button; a wish sends the plan back."""
    root = quiet.mention(GOAL)["ts"]
    mission = await quiet.started()
    gate = await quiet.asked()
    slack.say("C1", "U1", "ok", thread_ts=root)
    await quiet.told("U1", "words alone do not approve")
    reply = slack.say("C1", "U1", "Add a task for the risks.", thread_ts=root)["ts"]
    await quiet.told("U1", "new version of the plan")
    assert ("C1:" + reply, "pencil2") in slack.world.reactions
    record = await quiet.app.store.record(mission.id)
    assert record is not None
    assert record.words_at(gate) == "Add a task for the risks."


async def test_stop_stops(quiet: Town, slack: Standin):
    """In words, and by Slack's own button."""
    root = quiet.mention(GOAL)["ts"]
    mission = await quiet.started()
    slack.say("C1", "U1", "stop", thread_ts=root)
    await quiet.told("U1", "Stopping")
    assert (await quiet.app.store.mission(mission.id)).stop_asked  # pyright: ignore
    other = quiet.mention("Summarise the year.")["ts"]
    second = await quiet.started(2)
    slack.press_stop("C1", other, "U2")
    await quiet.told("U2", "can decide this")
    slack.press_stop("C1", other, "U1")
    await quiet.settled()
    assert (await quiet.app.store.mission(second.id)).stop_asked  # pyright: ignore


# -- edits and deletions ---------------------------------------------------------------------------


async def test_an_edit_of_the_request_is_heard_while_the_plan_is_made(quiet: Town, slack: Standin):
    """Later the person is told what to do instead."""
    root = quiet.mention(GOAL)["ts"]
    mission = await quiet.started()
    slack.rewrite("C1", root, f"<@{BOT}> Compare the offers of two vendors.")
    await quiet.told("U1", "Noted")
    heard = (await quiet.app.store.mission(mission.id)).thread  # pyright: ignore
    assert heard == ("The request was changed. It now says: Compare the offers of two vendors.",)
    await quiet.asked()
    slack.rewrite("C1", root, f"<@{BOT}> Compare no offers at all.")
    await quiet.told("U1", "I go on with the first ones")


async def test_a_mention_that_is_put_in_later_counts(quiet: Town, slack: Standin):
    """As if it had been there from the beginning."""
    message = slack.say("C1", "U1", GOAL)
    await quiet.settled()
    slack.rewrite("C1", message["ts"], f"<@{BOT}> {GOAL}")
    mission = await quiet.started()
    assert mission.place.endswith(message["ts"])


async def test_a_deleted_request_goes_on_until_the_person_says_stop(quiet: Town, slack: Standin):
    """A private question with one button."""
    root = quiet.mention(GOAL)["ts"]
    mission = await quiet.started()
    await slack.until(lambda: slack.seen("C1", root))
    slack.remove("C1", root)
    await quiet.told("U1", "The mission goes on")
    offer = slack.private("U1")[-1]
    assert labels(offer) == ["Stop the mission"]
    slack.click_private(offer, "Stop the mission")
    await quiet.told("U1", "Stopping")
    assert (await quiet.app.store.mission(mission.id)).stop_asked  # pyright: ignore


# -- the app's own pages ---------------------------------------------------------------------------


async def test_the_direct_messages_suggest_how_to_begin(quiet: Town, slack: Standin):
    """As the agent view has it: without a thread."""
    slack.open_home("U1", "messages")
    im = slack.world.im("U1").id
    await slack.until(lambda: im in slack.world.prompts)
    assert len(slack.world.prompts[im]["prompts"]) == 4
    assert "thread_ts" not in slack.world.prompts[im]


async def test_the_home_shows_what_needs_a_decision_what_runs_and_what_it_cost(
    quiet: Town, slack: Standin
):
    """Stop works there, and the page is brought up to date."""
    quiet.mention(GOAL)
    first = await quiet.started()
    await quiet.asked()
    quiet.mention("Summarise the year.")
    await quiet.started(2)
    slack.open_home("U1")
    await slack.until(lambda: "U1" in slack.world.homes)
    shown = str(slack.world.homes["U1"]["blocks"])
    for words in ("Needs your decision", "Running", "Spent this month", first.title[:20], "$0.00"):
        assert words in shown
    slack.click_view(slack.world.homes["U1"], "Stop")
    await slack.until(lambda: any("Stopping" in t for t in texts(slack, "DU1")))
    assert [m.stop_asked for m in await quiet.missions()] == [True, False]


async def test_preferences_are_kept_and_shown(quiet: Town, slack: Standin):
    """Every mission from now on carries them."""
    slack.open_home("U1")
    await slack.until(lambda: "U1" in slack.world.homes)
    slack.click_view(slack.world.homes["U1"], "Change preferences")
    await slack.until(lambda: slack.world.views)
    slack.submit(slack.modal(), {"Organisation": "A bakery in Bonn"})
    await slack.until(lambda: "A bakery in Bonn" in str(slack.world.homes["U1"]["blocks"]))
    assert (await quiet.app.store.house("slack:T1")).organisation == "A bakery in Bonn"


async def test_the_home_of_another_person_shows_nothing_of_it(quiet: Town, slack: Standin):
    """Visibility follows the person."""
    quiet.mention(GOAL)
    await quiet.started()
    slack.open_home("U2")
    await slack.until(lambda: "U2" in slack.world.homes)
    assert "Compare" not in str(slack.world.homes["U2"]["blocks"])
    assert Status.drafting in {m.status for m in await quiet.missions()}


@pytest.mark.parametrize("way", ["mention", "command"])
async def test_in_a_channel_the_one_who_may_decide_is_named(town: Town, slack: Standin, way: str):
    """Everybody reads the card: “you” would be somebody else."""
    await town.start(work=False)
    if way == "mention":
        town.mention(GOAL)
    else:
        slack.command(f"/mission {GOAL}", "C1", "U1")
    mission = await town.started()
    assert (mission.policy.kind, mission.policy.shown) == ("requester", "Ada")
    await town.asked()
    plan = await town.button("C1", Where.of(mission.place).thread, "Approve")
    assert "for Ada to decide" in str(plan["blocks"])
    slack.click(plan, "Approve", "U2")
    await town.told("U2", "Only Ada can decide this.")


async def test_in_direct_messages_it_is_you_who_may_decide(town: Town, slack: Standin):
    await town.start(work=False)
    said = slack.say(slack.world.im("U1").id, "U1", GOAL)
    assert (await town.started()).policy.shown == ""
    await town.asked()
    plan = await town.button(slack.world.im("U1").id, said["ts"], "Approve")
    assert "for you to decide" in str(plan["blocks"])
