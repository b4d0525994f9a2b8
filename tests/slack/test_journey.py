"""A mission in Slack from the first word to the approved result, with the offline model."""

from tests.slack.standin import Standin
from tests.slack.town import CSV, GOAL, Town


async def test_a_mission_from_a_mention_to_the_approved_result(town: Town, slack: Standin):
    """Mention with a file, plan card in the thread, Approve, checklist, artifact, Approve."""
    await town.start()
    root = town.mention(GOAL, files={"export.csv": CSV})["ts"]
    plan = await town.button("C1", root, "Approve")
    click = slack.click(plan, "Approve")
    await town.told("U1", "Approved. The work begins.")
    assert click.acked.is_set()
    artifact = await town.button("C1", root, "Download as…")
    assert "/a" in str(artifact["blocks"])
    slack.click(artifact, "Download as…", option="Markdown")
    await town.told("U1", "is in the thread")
    slack.click(artifact, "Approve")
    await town.told("U1", "This mission is done.")
    await town.ended()
    assert [m.status for m in await town.missions()] == ["done"]
    posts = [c for c in slack.called("chat.postMessage") if not c.error]
    assert len(posts) <= 4
    assert {"eyes"} == {name for _, name in slack.world.reactions}
    assert not [c for c in slack.calls if c.error not in ("", "ratelimited")]
