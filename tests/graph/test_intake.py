"""Intake: from words and files to a brief that quotes them."""

from bot.domain.mission import Brief
from bot.domain.record import Record
from bot.missions import NewMission
from tests.conftest import Clock
from tests.tour.conftest import Open
from tests.tour.script import Script, intake
from tests.tour.studio import ADA

GOAL = "Count the calls of May. Say which endpoint grew most."


def brief_of(record: Record) -> Brief:
    assert record.brief is not None
    return record.brief


def questions(*texts: str) -> list[dict[str, object]]:
    return [{"text": t, "choices": ["yes", "no"], "default": "no"} for t in texts]


async def test_a_quote_that_nobody_said_becomes_the_nearest_sentence(open_studio: Open) -> None:
    """A model that paraphrases is corrected: the quote is a sentence of the person's."""
    draft = {
        "title": "Calls",
        "requirements": [
            {"text": "Growth is named", "quote": "which endpoint grew the most, percent-wise"},
            {"text": "Calls are counted", "quote": "count the calls"},
        ],
    }
    async with open_studio(Script().says("intake", "", draft)) as bot:
        mission = await bot.mission(GOAL)
        await mission.until_asked("plan")

        brief = brief_of(await mission.record())
        assert [(r.id, r.quote) for r in brief.requirements] == [
            ("R1", "Say which endpoint grew most."),
            ("R2", "count the calls"),
        ]


async def test_at_most_three_questions_are_asked_in_one_message(open_studio: Open) -> None:
    """A model that asks five gets three through."""
    five = questions("One?", "Two?", "Three?", "Four?", "Five?")
    script = Script().says("intake", "", lambda d: intake(d, ["Count"], questions=five))
    async with open_studio(script) as bot:
        mission = await bot.mission(GOAL)
        gate = await mission.until_asked("question")

        assert [q["text"] for q in gate.data["questions"]] == ["One?", "Two?", "Three?"]
        assert len((await mission.record()).open_gates) == 1


async def test_an_answer_keeps_the_ids_of_requirements_that_go_on(open_studio: Open) -> None:
    """What stays the same keeps its id; what is new gets one that nobody had."""
    script = Script()
    script.says(
        "intake",
        "",
        lambda d: intake(d, ["Count", "Compare"], questions=questions("With April?")),
        lambda d: intake(d, ["Compare", "Draw a chart"]),
    )
    async with open_studio(script) as bot:
        mission = await bot.mission(GOAL)
        await mission.until_asked("question")
        await mission.answer("yes, and a chart")
        await mission.until_asked("plan")

        brief = brief_of(await mission.record())
        assert [(r.id, r.text) for r in brief.requirements] == [
            ("R2", "Compare"),
            ("R3", "Draw a chart"),
        ]


async def test_without_an_answer_in_time_the_defaults_stand(
    open_studio: Open, clock: Clock
) -> None:
    """The question said what would be assumed: after its time that is what happens."""
    script = Script()
    script.says(
        "intake", "", lambda d: intake(d, ["Count"], questions=questions("April too?", "A chart?"))
    )
    async with open_studio(script, clock=clock) as bot:
        mission = await bot.mission(GOAL)
        await mission.until_asked("question")
        clock.move(days=3, seconds=1)
        await bot.app.missions.tend_gates()
        await mission.until_asked("plan")

        brief = brief_of(await mission.record())
        assert brief.answers == (("April too?", "no"), ("A chart?", "no"))


async def test_some_answers_leave_the_other_defaults(open_studio: Open) -> None:
    """A form that was filled in half."""
    script = Script()
    script.says(
        "intake", "", lambda d: intake(d, ["Count"], questions=questions("April too?", "A chart?"))
    )
    async with open_studio(script) as bot:
        mission = await bot.mission(GOAL)
        await mission.until_asked("question")
        await mission.answer("", data={"answers": {"Q2": "yes"}})
        await mission.until_asked("plan")

        brief = brief_of(await mission.record())
        assert brief.answers == (("April too?", "no"), ("A chart?", "yes"))


async def test_a_file_that_cannot_be_read_becomes_an_assumption(open_studio: Open) -> None:
    """The mission goes on with the others, and says so beside the plan."""
    files = {"broken.xlsx": b"PK\x03\x04 not a workbook", "calls.csv": b"endpoint,calls\n/a,3\n"}
    async with open_studio(Script()) as bot:
        mission = await bot.mission(GOAL, files)
        await mission.until_asked("plan")

        brief = brief_of(await mission.record())
        (note,) = [a for a in brief.assumptions if "broken.xlsx" in a]
        assert note in await mission.shows("plan:1")
        assert {f.name: bool(f.text) for f in brief.attachments} == {
            "broken.xlsx": False,
            "calls.csv": True,
        }


async def test_the_house_context_reaches_every_brief(open_studio: Open) -> None:
    """What a person keeps about the house is known to planners and workers."""
    from bot.domain.mission import HouseContext

    async with open_studio(Script()) as bot:
        await bot.app.missions.set_house(ADA, HouseContext(audience="Customers"))
        mission = await bot.mission(GOAL)
        await mission.to_work()
        await bot.script.asked("work", "T1")

        assert bot.script.last("plan")["house"]["audience"] == "Customers"
        assert bot.script.last("work", "T1")["house"]["audience"] == "Customers"


async def test_the_same_request_twice_is_one_mission(open_studio: Open) -> None:
    """A repeat of a message, by its key, starts nothing."""
    async with open_studio(Script()) as bot:
        ask = NewMission(key="again", place="memory:W1:C1", person=ADA, goal=GOAL)
        one = await bot.app.missions.start(ask)
        two = await bot.app.missions.start(ask)

        assert one.id == two.id
        assert len(await bot.store.missions("W1")) == 1
