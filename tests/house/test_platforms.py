"""“Where it lives” in the README: nothing is marked there that a test does not show."""

import importlib
import re
from pathlib import Path
from typing import Any

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
NO = ""
"""Not there: nothing is marked."""
WEB, SLACK, DISCORD = "tests/web/test_", "tests/slack/test_", "tests/discord_/test_"

PLATFORMS = ("browser", "Slack", "Discord")
SHOWN: dict[str, tuple[str, str, str]] = {
    "Start a mission, in words": (
        WEB + "pages.py::test_words_become_a_mission_in_a_conversation",
        SLACK + "ways_in.py::test_a_mention_is_one_mission_although_it_comes_as_two_events",
        DISCORD + "words.py::test_a_mention_makes_a_thread_of_its_message",
    ),
    "… by a command": (
        NO,
        SLACK + "ways_in.py::test_a_command_posts_the_root_message_and_works_in_its_thread",
        DISCORD + "commands.py::test_start_makes_a_thread_that_everyone_sees",
    ),
    "… from a message's menu": (
        NO,
        SLACK + "ways_in.py::test_a_message_becomes_a_mission_by_its_menu",
        DISCORD + "commands.py::test_a_message_can_be_made_a_mission_once",
    ),
    "… in a direct message": (
        NO,
        SLACK + "ways_in.py::test_a_direct_message_is_a_mission_of_its_own",
        DISCORD + "words.py::test_a_direct_message_is_a_mission_of_that_person_alone",
    ),
    "Attachments": (
        WEB + "pages.py::test_an_example_fills_the_box_and_attaches_its_file",
        SLACK + "journey.py::test_a_mission_from_a_mention_to_the_approved_result",
        DISCORD + "journey.py::test_a_mission_from_a_command_to_the_approved_result",
    ),
    "The thread as context": (
        NO,
        SLACK + "ways_in.py::test_a_mention_in_a_thread_takes_the_thread_as_context",
        DISCORD + "words.py::test_a_mention_in_a_thread_takes_what_was_said_there",
    ),
    "An edited request counts until the plan is there": (
        NO,
        SLACK + "ways_in.py::test_an_edit_of_the_request_is_heard_while_the_plan_is_made",
        DISCORD + "changes.py::test_an_edit_of_the_request_is_heard_while_the_plan_is_made",
    ),
    "A deleted request: Stop is offered": (
        NO,
        SLACK + "ways_in.py::test_a_deleted_request_goes_on_until_the_person_says_stop",
        DISCORD + "changes.py::test_a_deleted_request_goes_on_until_somebody_says_stop",
    ),
    "Questions before the plan": (
        WEB + "moments.py::TestMoments::test_a_question_before_the_plan_is_answered",
        SLACK + "moments.py::TestMoments::test_a_question_before_the_plan_is_answered",
        DISCORD + "moments.py::TestMoments::test_a_question_before_the_plan_is_answered",
    ),
    "The plan with its picture": (
        WEB + "render.py::test_a_plan_is_shown_with_its_picture",
        SLACK + "chat.py::test_the_picture_is_uploaded_once_and_shown_with_its_alt_text",
        DISCORD + "chat.py::test_a_picture_is_a_png_with_a_description",
    ),
    "Approve, once": (
        WEB + "pages.py::test_a_click_decides_once",
        SLACK + "decisions.py::test_a_double_click_decides_once",
        DISCORD + "clicks.py::test_a_double_click_decides_once",
    ),
    "Revise, in words and by ticks": (
        WEB + "pages.py::test_a_revision_goes_with_its_words_and_ticks",
        SLACK + "decisions.py::test_revise_opens_a_form_with_the_tasks_and_sends_the_plan_back",
        DISCORD + "clicks.py::test_revise_asks_for_ticks_and_words",
    ),
    "Cancel, which asks once more": (
        WEB + "moments.py::TestMoments::test_cancel_asks_once_more_and_ends_it",
        SLACK + "moments.py::TestMoments::test_cancel_asks_once_more_and_ends_it",
        DISCORD + "moments.py::TestMoments::test_cancel_asks_once_more_and_ends_it",
    ),
    "The live checklist, in one message": (
        WEB + "events.py::test_a_page_is_told_of_new_cards_and_edits",
        SLACK + "presenter_in_slack.py::test_one_message_turns_from_plan_to_checklist",
        DISCORD + "chat.py::test_a_live_checklist_keeps_its_picture_for_a_while",
    ),
    "Steer, in words": (
        WEB + "pages.py::test_words_in_a_conversation_reach_its_mission",
        SLACK + "ways_in.py::test_a_reply_while_the_plan_is_made_is_heard",
        DISCORD + "words.py::test_two_messages_at_once_are_taken_in_order",
    ),
    "Stop": (
        WEB + "moments.py::TestMoments::test_stop_stops_a_mission_under_way",
        SLACK + "moments.py::TestMoments::test_stop_stops_a_mission_under_way",
        DISCORD + "moments.py::TestMoments::test_stop_stops_a_mission_under_way",
    ),
    "Questions of an agent at work": (
        WEB + "moments.py::TestMoments::test_a_question_of_an_agent_is_answered",
        SLACK + "moments.py::TestMoments::test_a_question_of_an_agent_is_answered",
        DISCORD + "moments.py::TestMoments::test_a_question_of_an_agent_is_answered",
    ),
    "A blocked task: again, without it, or as it is": (
        WEB + "moments.py::TestMoments::test_a_blocked_task_offers_its_choices",
        SLACK + "moments.py::TestMoments::test_a_blocked_task_offers_its_choices",
        DISCORD + "moments.py::TestMoments::test_a_blocked_task_offers_its_choices",
    ),
    "The result, to approve": (
        WEB + "browser.py::test_a_mission_goes_from_words_to_an_approved_artifact",
        SLACK + "journey.py::test_a_mission_from_a_mention_to_the_approved_result",
        DISCORD + "journey.py::test_a_mission_from_a_command_to_the_approved_result",
    ),
    "Downloads": (
        WEB + "pages.py::test_an_artifact_is_downloaded_in_its_formats",
        SLACK + "journey.py::test_a_mission_from_a_mention_to_the_approved_result",
        DISCORD + "journey.py::test_a_mission_from_a_command_to_the_approved_result",
    ),
    "Only the right people decide": (
        NO,
        SLACK + "decisions.py::test_the_wrong_person_is_told_who_can",
        DISCORD + "clicks.py::test_the_wrong_person_is_told_so",
    ),
    "Approval by a group or role": (
        NO,
        SLACK + "decisions.py::test_members_of_a_user_group_may_decide",
        DISCORD + "clicks.py::test_a_role_may_decide_and_a_name_alone_may_not",
    ),
    "Approval by two people": (
        NO,
        SLACK + "decisions.py::test_two_people_must_approve",
        DISCORD + "clicks.py::test_two_people_must_approve",
    ),
    "A list of missions": (
        WEB + "events.py::test_the_list_is_told_when_it_changes",
        SLACK + "ways_in.py::test_a_list_names_no_mission_of_a_channel_one_is_not_in",
        DISCORD + "commands.py::test_lists_show_what_the_person_can_see",
    ),
    "A home page": (
        WEB + "pages.py::test_a_newcomer_learns_what_this_is",
        SLACK + "ways_in.py::test_the_home_shows_what_needs_a_decision_what_runs_and_what_it_cost",
        NO,
    ),
    "Times in the reader's zone": (
        WEB + "browser.py::test_times_are_told_in_the_readers_zone",
        SLACK + "presenter_in_slack.py::test_every_time_is_shown_in_the_readers_zone",
        DISCORD + "render.py::test_every_time_of_the_presenter_is_discords_own",
    ),
    "Buttons survive a restart": (
        WEB + "moments.py::test_a_button_outlives_a_restart",
        SLACK + "decisions.py::test_a_click_after_a_restart_counts",
        DISCORD + "clicks.py::test_a_button_outlives_a_restart",
    ),
    "What was missed in an outage is caught up": (
        WEB + "events.py::test_a_reconnecting_browser_is_sent_what_it_missed",
        SLACK + "robust.py::test_ten_minutes_down_and_nothing_is_missed",
        DISCORD + "words.py::test_ten_minutes_down_lose_nothing_and_repeat_nothing",
    ),
    "A plainer look where the full one fails": (
        WEB + "pages.py::test_a_click_without_javascript_leads_back_and_says_what_came_of_it",
        SLACK + "robust.py::test_a_card_that_slack_refuses_is_shown_plainer",
        DISCORD + "chat.py::test_where_components_are_refused_the_card_is_an_embed",
    ),
}
"""Each row with the test that shows it, for the browser, Slack and Discord."""


def table() -> str:
    """The table as the README has it."""
    rows = [("", *PLATFORMS), ("---", *[":-:"] * len(PLATFORMS))]
    rows += [(row, *("✓" if test else "–" for test in tests)) for row, tests in SHOWN.items()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in rows)


def test_the_table_in_the_readme_is_that_of_the_tests() -> None:
    """Whoever adds a mark adds the test that shows it."""
    section = README.split("## Where it lives", 1)[1].split("\n## ", 1)[0]
    shown = [line for line in section.splitlines() if line.startswith("|")]
    assert "\n".join(shown) == table()


@pytest.mark.parametrize("test", sorted({t for tests in SHOWN.values() for t in tests if t}))
def test_what_is_marked_is_shown_by_a_test(test: str) -> None:
    """The test is there, and it is one that pytest runs."""
    path, *names = test.split("::")
    found: Any = importlib.import_module(path.removesuffix(".py").replace("/", "."))
    for name in names:
        found = getattr(found, name)
    assert callable(found)
    assert re.fullmatch(r"test_\w+", names[-1])
    assert not any(m.name in {"skip", "skipif", "xfail"} for m in getattr(found, "pytestmark", ()))
