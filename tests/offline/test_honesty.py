"""What the offline reviewer must not accept, and what it must not refuse."""

from typing import Any

import pytest

from graphs.models.offline.critique import critique
from graphs.models.offline.judging import Text, judge
from graphs.models.offline.redo import redo
from graphs.models.offline.revising import revised
from graphs.models.offline.wants import read
from tests.offline.mini import Made, Mini

ENDPOINTS = ("/v1/users", "/v1/orders", "/v1/items", "/v1/login", "/v1/search")
USAGE = "endpoint,requests,errors\n" + "\n".join(
    f"{name},{900 - 100 * n},{errors}"
    for n, (name, errors) in enumerate(zip(ENDPOINTS, (5, 1, 40, 20, 30), strict=True))
)
REGIONS = """\
date,endpoint,region,requests,note
2026-07-01,/v1/search,EU,100,
2026-07-01,/v1/login,EU,90,
2026-07-01,/v1/search,US,80,
2026-09-01,/v1/search,EU,300,Search has a new box on the start page
2026-09-01,/v1/login,EU,40,Login retries were removed
2026-09-01,/v1/search,US,85,
"""
TURN = "Rank by errors instead of requests, and add a row for /v1/orders"
TOP = "Which three endpoints had the most requests? Show a table."


def rows(text: str) -> list[list[str]]:
    """The cells of every table row of a text, without its headers."""
    lines = [s for s in text.splitlines() if s.startswith("|")]
    cells = [[c.strip() for c in s.strip("|").split("|")] for s in lines]
    return [row for row in cells[2:] if "---" not in row[0]]


async def turned(mini: Mini, words: str) -> tuple[Made, dict[str, Any]]:
    """A first result, and the same task after a person's words."""
    made = await mini.run(TOP, {"usage.csv": USAGE})
    brief = {"goal": TOP, "attachments": await mini.attach({"usage.csv": USAGE})}
    new = {"id": "R9", "text": "Add a row for /v1/orders", "quote": words, "check": ""}
    task, asked = made.plan.tasks[0], [*made.requirements, new]
    task.covers.append("R9")
    more = await mini.worked(brief, task, asked, {}, made.plan, guidance=[words])
    return made, {"text": more.text, "facts": [f.model_dump(mode="json") for f in more.facts]}


async def test_another_measure_ranks_and_a_named_row_is_added(mini: Mini) -> None:
    """`Rank by X instead of Y, and add a row for Z`: the top three by X, and Z below them."""
    _, after = await turned(mini, TURN)
    assert [(r[0], r[-1]) for r in rows(after["text"])] == [
        ("/v1/items", "40"),
        ("/v1/search", "30"),
        ("/v1/login", "20"),
        ("/v1/orders", "1"),
    ]
    assert "nothing was computed" not in after["text"]
    given = Text(after["text"], (), tuple(after["facts"]), True, TOP)
    for demand in ("Which three endpoints had the most requests?", "Add a row for /v1/orders"):
        assert judge(demand, demand, given).met


@pytest.mark.parametrize(
    ("text", "demand"),
    [
        (
            "The most: **/v1/orders** (9).\n\n| endpoint | n |\n| --- | ---: |\n| /v1/orders | 9 |"
            "\n\n*Computed in u.csv where endpoint = /v1/orders. There are only 1.*",
            "Which three endpoints had the most requests?",
        ),
        (
            "No table could be read in “u.csv”, so nothing was computed.\n\n"
            "| endpoint | n |\n| --- | ---: |\n| /v1/orders | 9 |",
            "Which endpoint had the most requests?",
        ),
        (
            "No column of the table answers “who owns it”; this is what it holds. It has 3 rows.",
            "Who owns it?",
        ),
        ("**Plan**\n\n1. Tell the owner.\n2. Launch.", "Write a launch plan with owners and dates"),
        ("It has 3 rows and 2 columns.", "2."),
    ],
)
def test_an_answer_that_is_none_is_rejected(text: str, demand: str) -> None:
    """Too few rows by a filter, a text that denies itself, no answer, a missing part, no word."""
    given = Text(text, sourced=True, goal="Which three endpoints had the most requests?")
    assert not judge(demand, demand, given).met


ROUTINE = "Describe the backup routine of the mail server"


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("The server room has new chairs and a window.", False),
        ("- New chairs came.\n- The server room has a window.", False),
        ("Backups of the mail server are made each night.", True),
        ("The mail is backed up by a routine at night.", True),
    ],
)
def test_one_word_in_common_is_no_answer(text: str, met: bool) -> None:
    """A third of the topic's words must be spoken of, in whatever form they end."""
    ruling = judge(ROUTINE, ROUTINE, Text(text, sourced=True))
    assert ruling.met is met
    assert met or "“backup”" in ruling.feedback


def test_fewer_rows_are_right_when_there_are_no_more() -> None:
    """`There are only 2` holds when no condition left the others out."""
    text = "The most: **a** (9).\n\n| k | n |\n| --- | ---: |\n| a | 9 |\n| b | 1 |\n\n*{}*"
    demand = "Which three endpoints had the most requests?"
    given = Text(text.format("Computed in u.csv. There are only 2."), goal=demand)
    assert judge(demand, demand, given).met
    lied = Text(text.format("Computed in u.csv. There are only 1."), goal=demand)
    assert not judge(demand, demand, lied).met


def test_months_are_met_by_their_iso_names() -> None:
    """A comparison of July and September may call them 2026-07 and 2026-09."""
    text = "Total requests in 2026-09 against 2026-07: 3970 → 4320, +8.82 %."
    demand = "Compare July and September"
    assert judge(demand, demand, Text(text, sourced=True)).met
    assert not judge(demand, demand, Text(text.replace("2026-", "week "), sourced=True)).met


def test_a_numbered_list_in_one_line_is_cut_at_its_numbers() -> None:
    """Its numbers are no wants."""
    found = read("1. Count errors by region. 2. Compare July and September.")
    assert [w.quote for w in found] == ["Count errors by region.", "Compare July and September."]


async def test_a_note_of_what_fell_is_no_reason_for_growth(mini: Mini) -> None:
    """Only rows whose own number moved the same way explain it."""
    made = await mini.run("Which region grew most and why?", {"usage.csv": REGIONS})
    assert "new box on the start page" in made.text
    assert "Login retries" not in made.text
    gone = REGIONS.replace("Search has a new box on the start page", "")
    made = await mini.run("Which region grew most and why?", {"usage.csv": gone})
    assert "Login retries" not in made.text
    assert "No reason is given for **EU**" in made.text
    why = next(r for r in made.whole.rows if "why" in r.requirement.casefold() or r.met)
    assert why.met
    assert made.unmet == []


LEADS = """\
month,depot,parcels,note
2026-05,North,900,The scanner was replaced
2026-06,North,950,
2026-05,South,400,A second shift began because of the fair
2026-06,South,990,
2026-06,West,300,Road works nearby
"""


@pytest.mark.parametrize(
    ("question", "said", "unsaid"),
    [
        ("Which depot had the most parcels and why?", "No reason is given for **North**", ""),
        (
            "Which depot had the most parcels in June and why?",
            "No reason is given for **South**",
            "second shift",
        ),
    ],
)
async def test_a_note_beside_what_leads_is_no_reason(
    question: str, said: str, unsaid: str, mini: Mini
) -> None:
    """Nothing ties it to the number; and a note of another month is not even shown."""
    made = await mini.run(question, {"parcels.csv": LEADS})
    why = made.outputs["T2"].text
    assert said in why
    assert not any(line.startswith("- **") for line in why.splitlines())
    assert not unsaid or unsaid not in why
    assert made.unmet == []


async def test_a_cell_that_names_a_cause_is_a_reason(mini: Mini) -> None:
    """`because` in a row of the thing and the month that was asked about."""
    goal = "Which depot had the fewest parcels in May and why?"
    made = await mini.run(goal, {"parcels.csv": LEADS})
    assert "- **South**: “A second shift began because of the fair”" in made.outputs["T2"].text


async def test_a_count_that_grew_has_reasons_of_its_own_direction(mini: Mini) -> None:
    """Rows of the later time explain a growing count; rows of the earlier one do not."""
    rows = [("2026-07-01", "EU", "Old form closed"), ("2026-07-02", "US", ""),
            *(("2026-09-03", "EU", "New form opened") for _ in range(4))]  # fmt: skip
    text = "day,region,note\n" + "\n".join(",".join(row) for row in rows) + "\n"
    goal = "How many rows by region, September compared with July, and why?"
    made = await mini.run(goal, {"forms.csv": text})
    assert "New form opened" in made.outputs["T2"].text
    assert "Old form closed" not in made.outputs["T2"].text


def test_a_requirement_without_a_word_blocks_the_plan() -> None:
    """A number alone says nothing that a task could do."""
    requirement = {"id": "R1", "text": "2.", "quote": "2.", "check": ""}
    task = {
        "id": "T1", "title": "Compute: 2", "instructions": "2.", "covers": ["R1"],
        "specialist": "analyst", "tools": ["query_table"], "depends_on": [],
        "criteria": [{"id": "T1.1", "text": "It is there"}],
    }  # fmt: skip
    found = critique({"requirements": [requirement], "plan": {"tasks": [task]}, "before": []})
    assert [(f["about"], f["severity"]) for f in found["findings"]] == [("R1", "blocking")]


async def test_a_summary_after_questions_is_written_from_their_answers(mini: Mini) -> None:
    """It goes to a writer who waits, and is not refused for not saying `short` or `board`."""
    goal = (
        "Count requests by region. Compare July and September. Write a short summary for the board."
    )
    made = await mini.run(goal, {"usage.csv": REGIONS})
    last = made.plan.tasks[-1]
    assert (last.specialist, last.depends_on) == ("writer", ["T1", "T2"])
    assert "nothing was computed" not in made.text
    assert made.unmet == []


async def test_a_brief_of_so_many_words_is_held_by_its_form(mini: Mini) -> None:
    """The kind of text is a requirement; the words are counted and the count is shown."""
    goal = "Write a brief: which region grew most and why? At most 450 words, for the board."
    made = await mini.run(goal, {"usage.csv": REGIONS})
    ledger = {r["text"]: row for r, row in zip(made.requirements, made.whole.rows, strict=True)}
    assert ledger["Make it a brief"].met
    said = ledger["Use at most 450 words"].evidence
    assert said == f"*This text has {len(made.text.split()) - dashes(made.text)} words.*"
    why = next(row for text, row in ledger.items() if text.startswith("Explain why"))
    assert "new box on the start page" in why.evidence
    assert made.unmet == []


def dashes(text: str) -> int:
    """How many runs of a text have no letter or digit."""
    return sum(not any(c.isalnum() for c in run) for run in text.split())


def test_an_added_task_is_named_by_what_it_does() -> None:
    """`Add a task that lists the risks` makes a task that lists the risks, under that name."""
    tasks = [
        {"id": "T1", "title": "Compute: a", "instructions": "A.", "specialist": "analyst",
         "covers": ["R1"], "depends_on": [], "tools": [], "criteria": []},
        {"id": "T2", "title": "Draft: b", "instructions": "B.", "specialist": "writer",
         "covers": ["R2"], "depends_on": ["T1"], "tools": [], "criteria": []},
    ]  # fmt: skip
    data = {
        "previous": {"tasks": tasks}, "words": "Add a task that lists the risks",
        "requirements": [], "findings": [],
    }  # fmt: skip
    made = revised(data, {"tasks": [], "assumptions": []})
    assert made["tasks"][-1]["title"] == "Add: list the risks"
    assert made["tasks"][-1]["instructions"].startswith("List the risks.")


def test_words_about_numbers_go_to_the_task_that_computes() -> None:
    """Neither another measure nor one more row is a matter of the last text."""
    tasks = [
        {
            "id": "T1",
            "title": "Compute: which endpoints lead",
            "instructions": "",
            "depends_on": [],
        },
        {"id": "T2", "title": "Draft: a letter", "instructions": "", "depends_on": ["T1"]},
    ]
    made = redo({"goal": TOP, "words": TURN, "tasks": tasks, "artifact": {}, "requirements": []})
    assert {t["task"] for t in made["tasks"]} == {"T1"}


async def test_what_was_not_computed_is_not_met(mini: Mini) -> None:
    """A file that cannot be read: saying so is honest, and no answer to the question."""
    made = await mini.run("What are the total sales per region?", {"sales.xlsx": "PK broken"})
    assert "No table could be read in “sales.xlsx”" in made.text
    assert [row.met for row in made.whole.rows] == [False]
    assert "is no answer" in made.verdicts["T1"][-1].feedback


async def test_what_nothing_was_attached_for_is_not_met(mini: Mini) -> None:
    made = await mini.run("What are the total sales per region in the attached export?", {})
    assert "So this is not answered" in made.text
    assert [row.met for row in made.whole.rows] == [False]
    assert made.whole.rows[0].note == "Nothing was attached, so this is not answered."


async def test_a_rate_that_no_column_holds_is_not_claimed(mini: Mini) -> None:
    """Total errors are shown for an error rate only with the word that they are none."""
    rows = "endpoint,requests,errors,error_share\n/a,100,9,0.09\n/b,10,5,0.5\n"
    made = await mini.run("Which endpoint has the highest error rate?", {"api.csv": rows})
    said = " ".join(made.artifact.answer)
    assert (
        "No column holds “error rate”: “errors” is shown instead, and no rate is computed" in said
    )
    kept = await mini.run(
        "Which endpoint has the highest error rate?",
        {"rates.csv": "endpoint,error_rate\n/a,0.09\n/b,0.5\n"},
    )
    assert "No column holds" not in kept.text
