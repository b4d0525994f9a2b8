"""Words in a chat: a goal, an answer, a revision, guidance or a stop, and never an approval."""

from typing import Any

import pytest

from bot.domain.base import Refused
from bot.domain.gate import GateKind, Verb
from bot.domain.mission import Status
from bot.store.store import Store
from handlers.asks import HOW, Heard
from tests.asks.world import CSV, Chat
from tests.core.world import BOB


@pytest.fixture
def chat(sqlite_store: Store) -> Chat:
    return Chat(sqlite_store)


# -- nothing runs here -----------------------------------------------------------------------------


async def test_a_wish_starts_a_mission(chat: Chat) -> None:
    """The words are the goal, as they were written."""
    heard = await chat.writes("Stop the churn of customers: make a plan")
    assert heard.kind == "started"
    assert (await chat.now(heard.mission)).goal == "Stop the churn of customers: make a plan"


async def test_the_same_message_twice_is_one_mission(chat: Chat) -> None:
    """Platforms deliver a message again when the answer was slow."""
    first = await chat.writes("Compare the two offers", key="same")
    async with chat.store.begin() as tx:
        await tx.set_status(first.mission, Status.done)
    again = await chat.writes("Compare the two offers", key="same")
    assert again.mission == first.mission


@pytest.mark.parametrize("text", ["hi", "thanks", "status?", "stop", "yes", "help", "nein"])
async def test_small_talk_starts_no_mission(chat: Chat, text: str) -> None:
    """It is answered, and nothing is kept."""
    heard = await chat.writes(text)
    assert (heard.kind, heard.mission) == ("said", "")
    assert await chat.store.missions("W1") == ()


async def test_files_without_words_are_to_be_summarised(chat: Chat) -> None:
    heard = await chat.writes("", attachments=(CSV,))
    assert "Summarise" in (await chat.now(heard.mission)).goal


async def test_one_word_is_not_enough_for_a_goal(chat: Chat) -> None:
    """The sentence says what to do; with a file, or in a script without spaces, it may be."""
    with pytest.raises(Refused, match="“report” alone"):
        await chat.writes("report")
    assert (await chat.writes("请总结附件并列出要点")).kind == "started"
    assert (await chat.writes("summarise", attachments=(CSV,), fresh=True)).kind == "started"


@pytest.mark.parametrize("text", ["", "  \n "])
async def test_nothing_at_all_is_refused_with_what_to_do(chat: Chat, text: str) -> None:
    with pytest.raises(Refused, match="Say what you want done"):
        await chat.writes(text)


# -- a mission is under way ------------------------------------------------------------------------


async def test_words_guide_a_mission_under_way(chat: Chat) -> None:
    """They reach the tasks that are not finished."""
    mission = await chat.mission()
    heard = await chat.writes("Only look at prices in euros")
    record = await chat.store.record(mission.id)
    assert heard.kind == "steered"
    assert record is not None
    assert [g.text for g in record.guidance] == ["Only look at prices in euros"]


@pytest.mark.parametrize("text", ["stop", "Please stop!", "Abbrechen", "やめて"])
async def test_stop_stops_at_every_status(chat: Chat, text: str) -> None:
    mission = await chat.mission()
    assert (await chat.writes(text)).kind == "stopped"
    assert (await chat.now(mission.id)).stop_asked


@pytest.mark.parametrize("text", ["how is it going?", "hello", "thanks!", "ok", "nice", "help"])
async def test_talk_about_it_changes_nothing(chat: Chat, text: str) -> None:
    """A question, a greeting or thanks gets where it stands."""
    mission = await chat.mission()
    heard = await chat.writes(text)
    record = await chat.store.record(mission.id)
    assert heard.kind == "said"
    assert heard.text.startswith("The work is under way. 0 of 2 tasks finished.")
    assert record is not None
    assert record.guidance == ()


async def test_status_says_where_it_stands_before_there_is_a_plan(chat: Chat) -> None:
    await chat.writes("Compare three cloud providers and make a table")
    heard = await chat.writes("status")
    assert (heard.kind, heard.text) == ("said", "I am making the plan.")


async def test_status_says_when_the_operator_paused_everything(chat: Chat) -> None:
    await chat.mission()
    await chat.missions.pause_all("W1", paused=True)
    assert "paused by the operator" in (await chat.writes("status")).text


async def test_files_come_with_a_new_mission_only(chat: Chat) -> None:
    """A file in mid-mission is refused in words, and nothing is lost."""
    await chat.mission()
    with pytest.raises(Refused, match="new mission"):
        await chat.writes("", attachments=(CSV,))


async def test_somebody_else_cannot_stop_or_steer_it(chat: Chat) -> None:
    mission = await chat.mission()
    for text in ("stop", "make it shorter please"):
        assert (await chat.writes(text, BOB)).kind == "refused"
    assert not (await chat.now(mission.id)).stop_asked


# -- at a gate -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["yes", "Approve", "ok", "LGTM 👍", "go ahead, looks good", "ja, freigegeben", "sí"]
)
@pytest.mark.parametrize(
    "kind", [GateKind.plan, GateKind.artifact, GateKind.budget, GateKind.blocked]
)
async def test_words_never_approve(chat: Chat, kind: GateKind, text: str) -> None:
    """The gate stays open, and the person is told to press the button."""
    data = {"task": "T1", "usable": True} if kind is GateKind.blocked else {"cap": "4"}
    gate = await chat.at(kind, **data)
    heard = await chat.writes(text)
    assert (heard.kind, "button" in heard.text) == ("refused", True)
    assert (await chat.closed(gate)).open


@pytest.mark.parametrize("kind", [GateKind.plan, GateKind.artifact])
async def test_a_wish_at_a_plan_or_a_result_sends_it_back(chat: Chat, kind: GateKind) -> None:
    """“ok” at its beginning is politeness."""
    gate = await chat.at(kind)
    heard = await chat.writes("ok do it again but shorter")
    decision = await chat.decision(gate)
    assert heard.kind == "revised"
    assert (decision.verb, decision.words) == (Verb.revise, "ok do it again but shorter")


@pytest.mark.parametrize("kind", [*GateKind])
@pytest.mark.parametrize("text", ["thanks", "hi", "status?", "help"])
async def test_talk_decides_nothing_at_any_gate(chat: Chat, kind: GateKind, text: str) -> None:
    gate = await chat.at(kind, **_data(kind))
    assert (await chat.writes(text)).kind == "said"
    assert (await chat.closed(gate)).open


@pytest.mark.parametrize("kind", [*GateKind])
async def test_stop_stops_at_any_gate(chat: Chat, kind: GateKind) -> None:
    gate = await chat.at(kind, **_data(kind))
    assert (await chat.writes("stop")).kind == "stopped"
    assert (await chat.now(gate.mission)).stop_asked


async def test_a_bare_no_asks_what_should_change(chat: Chat) -> None:
    gate = await chat.at(GateKind.plan)
    heard = await chat.writes("no")
    assert (heard.kind, heard.text) == ("refused", "Say what should change, or press Cancel.")
    assert (await chat.closed(gate)).open


async def test_words_at_a_blocked_task_are_tried_with_it(chat: Chat) -> None:
    """They become guidance of that task; “again” alone is a retry without any."""
    gate = await chat.at(GateKind.blocked, task="T1")
    heard = await chat.writes("use the second sheet")
    record = await chat.store.record(gate.mission)
    assert heard.kind == "answered"
    assert record is not None
    assert [(g.tasks, g.text) for g in record.guidance] == [(("T1",), "use the second sheet")]
    assert (await chat.closed(gate)).outcome is Verb.retry


async def test_again_retries_a_stage_that_failed(chat: Chat) -> None:
    gate = await chat.at(GateKind.blocked, stage="assemble", why="down")
    assert (await chat.writes("try again")).kind == "answered"
    assert (await chat.closed(gate)).outcome is Verb.retry


async def test_words_at_a_stage_that_failed_are_not_lost(chat: Chat) -> None:
    """There is no task to give them to: the mission keeps them, and the stage runs again."""
    gate = await chat.at(GateKind.blocked, stage="assemble", why="down")
    await chat.writes("leave out the appendix")
    record = await chat.store.record(gate.mission)
    assert record is not None
    assert [g.text for g in record.guidance] == ["leave out the appendix"]
    assert (await chat.closed(gate)).outcome is Verb.retry


@pytest.mark.parametrize("text", ["go on without it", "use it as it is", "skip"])
async def test_leaving_out_or_using_what_was_refused_needs_the_button(
    chat: Chat, text: str
) -> None:
    gate = await chat.at(GateKind.blocked, task="T1", usable=True)
    assert (await chat.writes(text)).kind == "refused"
    assert (await chat.closed(gate)).open


# -- questions -------------------------------------------------------------------------------------

COLOUR = {"text": "Which colour?", "choices": ["Red", "Blue"], "default": "Red"}
DAY = {"text": "Which day?", "choices": ["Monday", "Friday"], "default": "Monday"}


@pytest.mark.parametrize("text", ["2", "b", "BLUE", "blue."])
async def test_a_choice_is_understood_however_it_is_named(chat: Chat, text: str) -> None:
    gate = await chat.asked(COLOUR)
    assert (await chat.writes(text)).kind == "answered"
    assert await chat.answers(gate) == {"Q1": "Blue"}


async def test_several_questions_are_answered_in_one_reply(chat: Chat) -> None:
    gate = await chat.asked(COLOUR, DAY)
    await chat.writes("1. blue\n2. Friday")
    assert await chat.answers(gate) == {"Q1": "Blue", "Q2": "Friday"}


async def test_what_was_not_answered_is_said_to_be_taken_as_stated(chat: Chat) -> None:
    gate = await chat.asked(COLOUR, DAY)
    heard = await chat.writes("Friday")
    assert heard.text.endswith("For the rest I take what I said.")
    assert await chat.answers(gate) == {"Q2": "Friday"}


@pytest.mark.parametrize(("text", "given"), [("yes", "yes"), ("no", "no"), ("in May", "in May")])
async def test_a_question_without_choices_takes_any_words(
    chat: Chat, text: str, given: str
) -> None:
    gate = await chat.asked({"text": "When?"})
    assert (await chat.writes(text)).kind == "answered"
    assert await chat.answers(gate) == {"Q1": given}


async def test_stop_is_an_answer_where_it_is_one_of_the_choices(chat: Chat) -> None:
    gate = await chat.asked({"text": "What if it fails?", "choices": ["Stop", "Go on"]})
    assert (await chat.writes("stop")).kind == "answered"
    assert await chat.answers(gate) == {"Q1": "Stop"}


async def test_somebody_else_cannot_answer(chat: Chat) -> None:
    gate = await chat.asked(COLOUR)
    heard: Heard = await chat.writes("blue", BOB)
    assert heard.kind == "refused"
    assert (await chat.closed(gate)).open


async def test_help_in_a_mission_says_both_where_it_stands_and_how_it_works(chat: Chat) -> None:
    await chat.mission()
    assert (await chat.writes("help")).text.endswith(HOW)


def _data(kind: GateKind) -> dict[str, Any]:
    match kind:
        case GateKind.question:
            return {"questions": [{"id": "Q1", "text": "When?"}]}
        case GateKind.blocked:
            return {"task": "T1"}
        case _:
            return {"cap": "4"}
