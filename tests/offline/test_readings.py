"""Questions whose words once were passed over: what is counted must be what was asked.

The numbers are computed again by pandas, without our tools.
"""

import json
import random
from typing import Any

from tests.offline.exports import pd, shown
from tests.offline.mini import Mini
from tests.offline.test_newcomers import csv, table

DICE = random.Random(23)
CALLS: Any = pd.DataFrame(
    [
        {
            "call": f"K-{n:03}",
            "received": f"2026-0{DICE.randint(3, 8)}-{DICE.randint(1, 28):02}",
            "branch": DICE.choice(["North", "South", "Harbour"]),
            "urgency": DICE.choice(["high", "normal", "low"]),
            "minutes": DICE.randint(3, 95),
        }
        for n in range(160)
    ]
)
STOPS: Any = pd.DataFrame(
    [
        {"line": line, "month": month, "stops": DICE.randint(0, 30), "lost_minutes": lost}
        for n, line in enumerate(["press", "paint", "pack"])
        for month, lost in zip(
            ["2026-04", "2026-05", "2026-06"], [(90, 20, 40), (10, 80, 30), (50, 60, 70)][n],
            strict=True,
        )
    ]
)  # fmt: skip


async def test_a_month_counts_also_where_times_are_labels(mini: Mini) -> None:
    """`in May` is a condition on labels such as 2026-05, and two of them are held together."""
    goal = "Which line lost the most minutes in May? Compare with April."
    made = await mini.run(goal, {"stops.json": STOPS.to_json(orient="records")})
    may = STOPS[STOPS["month"] == "2026-05"].set_index("line")["lost_minutes"]
    april = STOPS[STOPS["month"] == "2026-04"].set_index("line")["lost_minutes"]
    best = may.idxmax()
    assert table(made) == [[best, shown(may[best])]]
    rows = [r for r in made.outputs["T2"].text.splitlines() if r.startswith(f"| {best} ")]
    assert rows[0].split(" | ")[1:3] == [shown(april[best]), shown(may[best])]
    assert made.unmet == []


async def test_months_stand_in_their_order(mini: Mini) -> None:
    """Labels of months are sorted by time when nobody asks for the highest."""
    made = await mini.run("Show the stops per month.", {"stops.json": json.dumps(
        STOPS.to_dict("records"))})  # fmt: skip
    sums = STOPS.groupby("month")["stops"].sum()
    assert table(made) == [[m, shown(v)] for m, v in sums.items()]


async def test_a_group_ends_at_its_verb_and_there_is_what_was_found(mini: Mini) -> None:
    """`per urgency came in there since June`: three groups, only the branch found before."""
    made = await mini.run(
        "Which branch has the longest calls on average, and how many calls per urgency were "
        "received there since June?",
        {"calls.csv": csv(CALLS)},
    )
    slowest = CALLS.groupby("branch")["minutes"].mean().idxmax()
    kept = CALLS[(CALLS["branch"] == slowest) & (CALLS["received"] >= "2026-06-01")]
    assert made.plan.tasks[1].depends_on == ["T1"]
    found = [r.strip("| ").split(" | ") for r in made.outputs["T2"].text.splitlines()[4:]]
    assert {r[0]: r[1] for r in found if len(r) == 2} == {
        k: str(v) for k, v in kept["urgency"].value_counts().items()
    }
    assert made.unmet == []


async def test_rows_are_counted_when_each_is_the_thing_that_is_named(mini: Mini) -> None:
    """`calls per month` is no average of minutes."""
    made = await mini.run("Show the trend of calls per month.", {"desk.csv": csv(CALLS)})
    months = CALLS["received"].str[:7].value_counts().sort_index()
    assert table(made) == [[m, str(n)] for m, n in months.items()]


async def test_most_of_them_is_a_count_of_rows(mini: Mini) -> None:
    """`most calls` in a file of calls by another name."""
    made = await mini.run("Which branch had the most calls in May?", {"desk.csv": csv(CALLS)})
    may = CALLS[CALLS["received"].str.startswith("2026-05")]["branch"].value_counts()
    assert table(made)[0] == [may.idxmax(), str(may.max())]


async def test_a_number_that_no_column_holds_is_not_made_of_another(mini: Mini) -> None:
    """A price is no revenue: the answer says so before it shows anything."""
    frame = pd.DataFrame({"kind": ["a", "a", "b"], "price": [3, 5, 9], "pieces": [1, 2, 3]})
    made = await mini.run("Show revenue by kind.", {"stock.csv": csv(frame)})
    assert "No column holds “revenue”" in made.artifact.answer[0]


async def test_words_on_joining_are_no_question(mini: Mini) -> None:
    """Two questions are two tasks, and how the files are put together belongs to both."""
    left = pd.DataFrame({"part": ["p1", "p2", "p1"], "made": [4, 5, 6]})
    right = pd.DataFrame({"part": ["p1", "p2"], "hall": ["east", "west"]})
    made = await mini.run(
        "Join parts with halls and show made by hall. Which part was made most?",
        {"parts.csv": csv(left), "halls.csv": csv(right)},
    )
    assert ["east", "10"] in table(made)
    assert not any(t.title.startswith("Compute: Join") for t in made.plan.tasks)
    assert {r for t in made.plan.tasks for r in t.covers} == {r["id"] for r in made.requirements}
    assert made.unmet == []
