"""Missions of many kinds, from goal to reviewed artifact; every number checked with pandas."""

import io
import json
import random
from typing import Any

import pytest

from tests.offline.exports import pd, shown
from tests.offline.mini import Mini
from tests.offline.test_exports import rows_of

DICE = random.Random(11)
SALES: Any = pd.DataFrame(
    [
        {
            "order_id": 1000 + n,
            "order_date": f"2026-0{1 + n % 4}-{1 + n % 27:02}",
            "region": DICE.choice(["EU", "US", "APAC"]),
            "product": DICE.choice(["Lamp", "Desk", "Chair"]),
            "customer": DICE.choice(["Acme", "Birch", "Cobalt", "Dune", "Elm", "Fjord", "Gale"]),
            "quantity": DICE.randint(1, 9),
            "revenue": DICE.randint(500, 90_000) / 100,
        }
        for n in range(120)
    ]
)
TICKETS: Any = pd.DataFrame(
    [
        {
            "id": n + 1,
            "created": f"2026-0{2 + n % 3}-{1 + n % 28:02}",
            "category": DICE.choice(["Billing", "Login", "Export", "API"]),
            "priority": DICE.choice(["low", "high"]),
            "status": DICE.choice(["open", "closed"]),
            "resolution_hours": DICE.randint(1, 72),
            "comment": DICE.choice(
                [
                    "The page is too slow and keeps crashing",
                    "Great help, thanks a lot",
                    "Password reset mail never arrives",
                ]
            ),
        }
        for n in range(60)
    ]
)
NOTES = """# Weekly sync, 12 May 2026

Attendees: Ana Silva, Bo Chen, Carla Diaz

We talked about the Q2 launch. Load tests ran fine until 300 users.

- Decided to postpone the mobile release to June 15.
- Bo will fix the login bug by Friday.
- Ana: send the pricing draft to legal by 20 May
- Risk: the payment provider might change its API in July.
- We agreed to use Postgres for the new service.
- Carla needs to book the venue by end of the month.
- Is the budget for the workshop approved?

The next meeting is on 19 May.
"""
POLICY = """# Remote work policy

## Purpose
This policy sets out how employees may work from home.
It applies to all staff with a permanent contract.

## Rules
Employees may work from home up to three days a week.
Managers must approve a remote schedule in writing.
Employees must be reachable between 10 and 15 o'clock.
Work from abroad is limited to 20 days a year and needs approval by HR two weeks before.
Confidential papers must not be taken home.

## Equipment
The company provides a laptop and a headset.
Employees are responsible for a safe workplace. Damage must be reported within two days.

## Exceptions
Trainees are exempt unless their mentor agrees. Exceptions are granted by the head of HR.
"""
CONTRACT_A = """# Service contract A

The provider keeps the service available 99.5 percent of the time.
The customer pays 1,200 EUR per month.
Either party may end the contract with 30 days notice.
Data is stored in Germany.
"""
CONTRACT_B = """# Service contract B

The provider keeps the service available 99.9 percent of the time.
The customer pays 1,500 EUR per month.
Either party may end the contract with 90 days notice.
Data is stored in Germany.
The provider may raise prices once a year.
"""


def csv(frame: Any) -> str:
    return frame.to_csv(index=False)


async def test_sales_by_region_and_month_averages_and_top_customers(mini: Mini) -> None:
    """Three numbers asked for in one sentence are three tables, each as pandas has it."""
    made = await mini.run(
        (
            "Show total revenue by region and month, the average revenue per region, and "
            "the top 5 customers by revenue."
        ),
        {"sales.csv": csv(SALES)},
    )
    months = SALES.assign(month=SALES["order_date"].str[:7])
    sums = months.groupby(["region", "month"])["revenue"].sum()
    table = [r for r in rows_of(made.outputs["T1"].text)[2:] if len(r) == 3]
    assert {(r[0], r[1]): r[2] for r in table} == {k: shown(v) for k, v in sums.items()}
    means = SALES.groupby("region")["revenue"].mean()
    assert {r[0]: r[1] for r in rows_of(made.outputs["T2"].text)[2:]} == {
        k: shown(v) for k, v in means.items()
    }
    top = SALES.groupby("customer")["revenue"].sum().sort_values(ascending=False).head(5)
    assert [r[:2] for r in rows_of(made.outputs["T3"].text)[2:]] == [
        [k, shown(v)] for k, v in top.items()
    ]
    assert made.unmet == []


async def test_values_and_months_in_a_question_are_conditions(mini: Mini) -> None:
    """`EU` and `in March` filter; `EU and US` are set side by side; `best` ranks."""
    made = await mini.run(
        (
            "How much revenue did EU make in March? Which product sells best? Compare EU "
            "and US revenue."
        ),
        {"sales.csv": csv(SALES)},
    )
    march = SALES[(SALES["region"] == "EU") & SALES["order_date"].str.startswith("2026-03")]
    assert f"**{shown(march['revenue'].sum())}**" in made.outputs["T1"].text
    best = SALES.groupby("product")["revenue"].sum().idxmax()
    assert f"**{best}**" in made.outputs["T2"].text
    sums = SALES[SALES["region"].isin(["EU", "US"])].groupby("region")["revenue"].sum()
    assert {r[0]: r[1] for r in rows_of(made.outputs["T3"].text)[2:]} == {
        k: shown(v) for k, v in sums.items()
    }
    assert made.unmet == []


async def test_tickets_are_counted_averaged_and_complaints_gathered(mini: Mini) -> None:
    """Counts with a condition, a rate that is averaged, free text by its themes, and advice."""
    made = await mini.run(
        "How many tickets were opened per category in March? Which category takes "
        "longest to resolve? "
        "What are the most common complaints? Recommend next steps.",
        {"tickets.csv": csv(TICKETS)},
    )
    march = TICKETS[TICKETS["created"].str.startswith("2026-03")]["category"].value_counts()
    assert {r[0]: r[1] for r in rows_of(made.outputs["T1"].text)[2:]} == {
        k: str(v) for k, v in march.items()
    }
    means = TICKETS.groupby("category")["resolution_hours"].mean()
    assert f"**{means.idxmax()}** ({shown(means.max())})" in made.outputs["T2"].text
    slow = TICKETS["comment"].str.contains("slow").sum()
    assert f"| {slow} | The page is too slow" in made.outputs["T3"].text
    assert "Great help" not in made.outputs["T3"].text
    assert made.plan.tasks[-1].depends_on == ["T1", "T2", "T3"]
    assert made.unmet == []


async def test_json_is_written_to_a_file_that_parses(mini: Mini) -> None:
    """`as JSON` gives a file; its numbers are those of the table."""
    made = await mini.run(
        "Count the tickets by status and priority. Give the result as JSON.",
        {"tickets.csv": csv(TICKETS)},
    )
    (file,) = made.outputs["T1"].files
    found = json.loads((mini.folder / "made-T1" / file.name).read_text())
    counts = TICKETS.groupby(["status", "priority"]).size()
    assert {(r["status"], r["priority"]): r["count"] for r in found["rows"]} == {
        k: str(v) for k, v in counts.items()
    }
    assert made.unmet == []


async def test_a_chart_is_drawn_when_asked_for(mini: Mini) -> None:
    """The picture is a file of the task, and the brief shows it."""
    made = await mini.run("Show revenue by region with a bar chart.", {"sales.csv": csv(SALES)})
    assert "chart.png" in [f.name for f in made.outputs["T1"].files]
    assert "(chart.png)" in made.artifact.body
    assert made.unmet == []


async def test_an_overview_of_a_workbook(mini: Mini) -> None:
    """`Analyse the sales` says how much there is and where it is concentrated."""
    out = io.BytesIO()
    SALES.to_excel(out, index=False)
    made = await mini.run("Analyse the sales.", {"sales.xlsx": out.getvalue()})
    top = SALES.groupby("region")["revenue"].sum()
    assert f"{top.idxmax()} {shown(top.max())}" in made.artifact.answer[0]
    assert shown(SALES["revenue"].sum()) in made.artifact.body
    assert made.unmet == []


async def test_meeting_notes_become_decisions_actions_and_an_email(mini: Mini) -> None:
    """Who, what and by when as the notes say it; the email keeps its own limit."""
    made = await mini.run(
        (
            "Extract the decisions and action items from the meeting notes. Then write a "
            "follow-up email to the team in under 150 words."
        ),
        {"notes.md": NOTES},
    )
    assert "postpone the mobile release" in made.outputs["T1"].text
    assert "budget" not in made.outputs["T1"].text
    people = {r[0]: r[2] for r in rows_of(made.outputs["T2"].text)[2:]}
    assert people == {"Bo": "Friday", "Ana": "20 May", "Carla": "end of the month"}
    assert "Bo will fix the login bug" in made.outputs["T3"].text
    assert made.unmet == []


async def test_notes_in_the_message_itself_are_the_material(mini: Mini) -> None:
    """What is pasted under the instruction is read like an attachment."""
    made = await mini.run(f"List the action items from these notes:\n\n{NOTES}")
    assert "the message itself, line" in made.artifact.body
    assert made.unmet == []


async def test_two_documents_are_set_side_by_side(mini: Mini) -> None:
    """What differs stands in one row; what only one has is named."""
    made = await mini.run(
        "Compare the two contracts and list the differences in a table.",
        {"a.md": CONTRACT_A, "b.md": CONTRACT_B},
    )
    table = rows_of(made.artifact.body)
    assert any("99.5" in r[0] and "99.9" in r[1] for r in table)
    assert not any("Germany" in " ".join(r) for r in table)
    assert "raise prices" in made.artifact.body
    assert made.unmet == []


async def test_a_policy_is_summarised_in_its_own_sentences(mini: Mini) -> None:
    """Five bullets, each a sentence of the policy, with its line."""
    made = await mini.run(
        "Summarise the attached policy in five bullets for new employees.", {"policy.md": POLICY}
    )
    points = [
        line[2:]
        for line in made.artifact.body.splitlines()
        if line.startswith("- ") and "line" in line
    ]
    assert len(points) == 5
    assert all(point.split(" *(")[0] in POLICY for point in points)
    assert made.unmet == []


async def test_a_question_is_answered_with_a_quote_or_not_at_all(mini: Mini) -> None:
    """The sentence that answers is quoted; what the text does not say is not made up."""
    made = await mini.run(
        "What is the limit for work from abroad and who approves exceptions?", {"policy.md": POLICY}
    )
    assert "20 days a year" in made.artifact.answer[0]
    assert "head of HR" in made.artifact.answer[1]
    silent = await mini.run("What is the salary of astronauts?", {"policy.md": POLICY})
    assert "says nothing about" in silent.artifact.body


@pytest.mark.parametrize(
    ("goal", "words"),
    [
        (
            "Plan a launch week for our new API: list the steps, risks and who does what",
            ["Day 0", "load", "Launch lead"],
        ),
        ("Plan the migration to PostgreSQL: steps and risks.", ["backup"]),
        (
            "Write a short announcement for our new invoice export.",
            ["invoice export", "fill in the brackets"],
        ),
    ],
)
async def test_without_material_a_checklist_is_given_and_marked(
    goal: str, words: list[str], mini: Mini
) -> None:
    """General advice is marked as such; a free text gets a frame with brackets."""
    made = await mini.run(goal)
    assert all(word in made.artifact.body for word in words)
    assert made.unmet == []


async def test_what_is_missing_is_said(mini: Mini) -> None:
    """Without the file there is no answer, and the brief says what is needed."""
    made = await mini.run("From the attached export, which three endpoints changed most and why?")
    assert "is not here" in made.text
    assert all(row.met for rows in made.verdicts.values() for row in rows)
    assert not any(row.met for row in made.whole.rows)


async def test_feedback_and_guidance_change_the_work(mini: Mini) -> None:
    """Shorter is shorter; `mention that` is mentioned; a further number is computed."""
    files: dict[str, str | bytes] = {"sales.csv": csv(SALES)}
    made = await mini.run("Which region has the highest revenue?", files)
    (task,) = made.plan.tasks
    shown_files = await mini.attach(files)
    brief = {"goal": "Which region has the highest revenue?", "attachments": shown_files}
    again = await mini.worked(
        brief, task, made.requirements, {}, made.plan,
        guidance=[
            "Mention that returns are not included.", "Also show the total quantity by product",
        ],
    )  # fmt: skip
    assert "Returns are not included." in again.text
    sums = SALES.groupby("product")["quantity"].sum()
    assert f"| {sums.idxmax()} | {sums.max()} |" in again.text
