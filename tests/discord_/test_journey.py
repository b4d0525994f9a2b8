"""A mission on Discord from the first word to the approved result, with the offline model."""

from tests.discord_.standin import Json, StandIn
from tests.discord_.standin.rules import walk
from tests.discord_.town import Town

GOAL = "From the attached export, which three endpoints changed most? Make a one-page brief."
CSV = b"endpoint,before,after\n/a,10,90\n/b,20,25\n/c,5,60\n/d,7,8\n/e,30,2\n"


async def test_a_mission_from_a_command_to_the_approved_result(town: Town) -> None:
    """Start with a file, approve the plan, approve the result, download it."""
    await town.start(work=True)
    standin = town.standin
    asked = standin.slash(
        town.ada, town.channel, "mission start", goal=GOAL, file=("export.csv", CSV)
    )
    await standin.answered(asked)
    thread = await town.thread()
    plan = await town.button(thread, "Approve")
    done = await standin.answered(standin.click(town.ada, plan, "Approve"))
    assert done.private
    assert "Approved" in done.text
    result = await standin.until(lambda: _artifact(standin, thread), 60)
    assert "/a" in standin.text(result)
    accepted = await standin.answered(standin.click(town.ada, result, "Approve"))
    assert "done" in accepted.text
    menu = next(p for p in walk(result["components"]) if p["type"] == 3)
    saved = standin.choose(town.ada, result, menu["custom_id"], "md")
    await standin.until(lambda: saved.said, 30)
    assert saved.said[0]["attachments"][0]["filename"].endswith(".md")
    assert list(standin.journal.unhandled) == []


def _artifact(standin: StandIn, thread: Json) -> Json | None:
    for message in standin.mine(thread):
        kinds = {p["type"] for p in walk(message["components"])}
        if 3 in kinds and "Approve" in standin.buttons(message):
            return message
    return None
