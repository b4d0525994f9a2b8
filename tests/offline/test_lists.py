"""Lists from documents: complete, or with the place where the others stand."""

from graphs.models.offline import markdown
from graphs.models.offline.wants import kind_of
from tests.offline.mini import Mini

MINUTES = """# Board, 3 September

The board agreed to raise the fee to 29 EUR from 1 November.
We decided not to replace the second van this year.

- Sam will repair the gate by 17 September.
- [ ] Priya: publish the job ad by Monday

Who tells the resellers about the fee?
"""


async def test_a_long_list_says_what_is_not_shown(mini: Mini) -> None:
    """Fifteen of many are shown; the lines of the others are named."""
    lines = [f"- Risk: pump {n} might fail in winter." for n in range(1, 49)]
    made = await mini.run("List the risks.", {"pumps.md": "# Pumps\n\n" + "\n".join(lines) + "\n"})
    text = made.outputs["T1"].text
    assert sum(line.startswith("- ") for line in text.splitlines()) == 15
    assert "*15 of 48 risks are shown. The others: pumps.md, lines 18 to 50.*" in text
    assert "15 of 48" in made.artifact.body
    assert made.unmet == []


async def test_a_short_list_says_nothing_of_that(mini: Mini) -> None:
    """All of them are there."""
    made = await mini.run("List the risks.", {"p.md": "# P\n\n- Risk: it might fail.\n"})
    assert "are shown" not in made.text


async def test_owners_and_dates_belong_to_the_items(mini: Mini) -> None:
    """`with owners and dates` is one list, and a message is about what it is to be about."""
    made = await mini.run(
        "Extract the decisions, action items with owners and dates, and open questions. Then "
        "write an e-mail to customers about the fee.",
        {"minutes.md": MINUTES},
    )
    quotes = [r["quote"] for r in made.requirements]
    assert "action items with owners and dates" in quotes
    assert "| Sam |" in made.text
    draft = made.outputs[made.plan.tasks[-1].key].text
    assert "raise the fee" in draft
    assert "van" not in draft
    assert "says nothing" not in draft
    assert made.unmet == []


async def test_who_and_when_are_found_as_minutes_write_them(mini: Mini) -> None:
    """`Action: Wei tests…`, `Farah to pull… by 14 May`; decisions and actions are two lists."""
    notes = (
        "# Sync\n\n- Decided: we ship on 19 May.\n- Action: Wei tests Safari by Friday 15 May.\n"
        "- Farah to pull the logs for the ten worst cases by 14 May.\n- Who owns the switcher?\n"
    )
    goal = (
        "From notes.md, list decisions and action items with owners and due dates, then the open "
        "questions."
    )
    made = await mini.run(goal, {"notes.md": notes})
    rows = [row for t in markdown.tables(made.text) for row in t[1:] if t[0][0] == "who"]
    assert {(row[0], row[2]) for row in rows} == {("Wei", "Friday 15 May"), ("Farah", "14 May")}
    assert "“Decided: we ship on 19 May.”" in made.text
    assert "Who owns the switcher?" in made.text
    assert made.unmet == []


def test_a_section_with_something_asks_for_that_thing() -> None:
    assert kind_of("Add a section with the risks") == kind_of("the risks") == "extract"
