"""Missions as newcomers word them: each kind of file and of question that once went wrong.

The numbers are computed again by pandas, without our tools.
"""

import json
import random
from typing import Any

import pandas
import pytest

from tests.offline.exports import shown
from tests.offline.mini import Made, Mini

pd: Any = pandas

DICE = random.Random(7)
SHARES = ["ACME", "Bolt", "Cargo", "Delta", "Echo"]
DAYS = pd.date_range("2026-01-05", periods=90, freq="D").strftime("%Y-%m-%d")
SERIES = pd.DataFrame(
    {"Date": DAYS} | {name: [DICE.randint(100, 9_000) / 100 for _ in DAYS] for name in SHARES}
)
SERIES.loc[:20, "Echo"] = None
SERIES.loc[80:, "Bolt"] = None

CUSTOMERS = pd.DataFrame(
    {
        "customer_id": [f"C{n:02}" for n in range(1, 13)],
        "country": ["Germany", "France", "Spain"] * 4,
    }
)
ORDERS = pd.DataFrame(
    {
        "order_id": range(1, 121),
        "customer_id": [f"C{DICE.randint(1, 13):02}" for _ in range(120)],
        "ordered": [f"2026-{1 + n % 11:02}-{1 + n % 20:02}" for n in range(120)],
        "amount": [DICE.randint(100, 90_000) / 100 for _ in range(120)],
    }
)
COMMITS = pd.DataFrame(
    {
        "commit": [f"c{n:03}" for n in range(40)],
        "author": [DICE.choice(["Ana", "Bo", "Cy"]) for _ in range(40)],
        "insertions": [DICE.randint(1, 900) for _ in range(40)],
        "deletions": [DICE.randint(1, 900) for _ in range(40)],
    }
)
RELEASES = pd.DataFrame(
    {
        "version": ["4.10", "5.04", "6.06 LTS", "8.04 LTS", "9.10"],
        "release": ["2004-10-20", "2005-04-08", "2006-06-01", "2008-04-24", "2009-10-29"],
        "eol": ["2006-04-30", "2006-10-31", "2009-07-14", "2011-05-12", "2011-04-30"],
    }
)
LICENSE = """\
                    A LICENSE

 4. Conveying copies. You may convey copies of the program as you
receive it, provided that you publish on each copy a notice.  You must
give all recipients a copy of this License along with the program.

 5. Limits. You may not impose any further restrictions on the exercise
of the rights granted here, and you may not charge a license fee for
them.

 6. Warranty. There is no warranty.
"""
CHANGES = """\
tool (2.1) stable; urgency=low

  * Fix a crash when the queue is empty.
    Thanks to Ana Gómez <ana@example.org>.
  * Fix CVE-2026-1 in the parser.
    Thanks to Bo Lind <bo@example.org>.

 -- Cy Ray <cy@example.org>  Mon, 02 Mar 2026 10:00:00 +0000

tool (2.0) stable; urgency=low

  * Add a queue. Thanks to Ana Gómez <ana@example.org>.
  * Fix a typo. Thanks to Ana Gómez <ana@example.org>.

 -- Cy Ray <cy@example.org>  Sun, 01 Feb 2026 10:00:00 +0000
"""


def csv(frame: Any) -> str:
    return frame.to_csv(index=False)


def table(made: Made) -> list[list[str]]:
    """The cells of the first table in the result, without its header."""
    lines = [line for line in made.artifact.body.splitlines() if line.startswith("|")]
    end = next((i for i, line in enumerate(lines) if i > 1 and "---" in line), len(lines) + 1)
    rows = [[c.strip() for c in line.strip("|").split("|")] for line in lines[: end - 1]]
    return rows[2:]


def ends(frame: Any) -> Any:
    """First and last filled value of each column, by pandas."""
    found = {n: frame[n].dropna() for n in frame.columns[1:]}
    made = pd.DataFrame({n: [v.iloc[0], v.iloc[-1]] for n, v in found.items()}).T
    made["change"] = made[1] - made[0]
    return made.reindex(made["change"].abs().sort_values(ascending=False).index)


# Wide series

WIDE = [
    "which three stocks changed most between the first and the last row, and what should we tell "
    "the board? One page with a table.",
    "From the attached export, which three stocks changed most, why, and what should we tell our "
    "investors? Make a one-page brief with a table.",
    "Welche drei Aktien haben sich am stärksten verändert und was sollen wir dem Vorstand sagen? "
    "Eine Seite mit Tabelle.",
]


@pytest.mark.parametrize("goal", WIDE)
async def test_a_column_for_each_thing_is_compared_end_to_end(goal: str, mini: Mini) -> None:
    """Each column's first and last filled value, whatever the language of the question."""
    made = await mini.run(goal, {"prices.csv": csv(SERIES)})
    wanted = ends(SERIES).head(3)
    rows = table(made)
    assert [row[0] for row in rows] == list(wanted.index)
    for row, (_, first) in zip(rows, wanted.iterrows(), strict=True):
        assert row[1:4] == [shown(first[0]), shown(first[1]), shown(first["change"])]
    assert made.unmet == []


async def test_the_other_reading_of_most_is_named(mini: Mini) -> None:
    """By amount and by percent may name other things; the result says both."""
    frame = pd.DataFrame(
        {"day": ["2026-01-01", "2026-02-01"], "big": [1000, 1100], "small": [1, 9], "mid": [50, 60]}
    )
    made = await mini.run("Which column changed most?", {"wide.csv": csv(frame)})
    assert "**big**" in made.outputs["T1"].text
    assert "By percent it would be small (+800 %)" in made.text


# Times


async def test_weeks_are_weeks(mini: Mini) -> None:
    """`per week` groups by ISO week, and the chart shows all of them."""
    made = await mini.run(
        "Show the average ACME per week with a line chart.", {"prices.csv": csv(SERIES)}
    )
    weeks = pd.to_datetime(SERIES["Date"]).dt.isocalendar()
    means = SERIES.groupby(weeks["week"])["ACME"].mean()
    assert [row[0] for row in table(made)] == [f"2026-W{week:02}" for week in means.index]
    assert table(made)[0][1] == shown(means.iloc[0])
    assert "chart.png" in made.artifact.body
    assert made.unmet == []


@pytest.mark.parametrize(
    "goal",
    [
        "How much did we sell last month compared to the month before?",
        "How much did we sell last month? Compare with the month before.",
        "Wie viel haben wir im letzten Monat verkauft? Vergleiche mit dem Vormonat.",
    ],
)
async def test_last_month_is_held_against_the_month_before(goal: str, mini: Mini) -> None:
    """Counted from the day of the mission, 20 November 2026."""
    made = await mini.run(goal, {"orders.csv": csv(ORDERS)})
    months = ORDERS.groupby(ORDERS["ordered"].str[:7])["amount"].sum()
    assert f"{shown(months['2026-09'])} → {shown(months['2026-10'])}" in made.text
    assert made.unmet == []


async def test_old_data_says_which_month_was_taken(mini: Mini) -> None:
    """`last month` of data that ended long ago is its own last month, and that is said."""
    old = ORDERS.assign(ordered=ORDERS["ordered"].str.replace("2026", "2019"))
    made = await mini.run("How much did we sell last month?", {"orders.csv": csv(old)})
    months = old.groupby(old["ordered"].str[:7])["amount"].sum()
    assert shown(months["2019-11"]) in made.text
    assert "The data ends on 2019-11" in made.text


async def test_two_named_months_are_compared_by_customer(mini: Mini) -> None:
    """Only what fell, the largest first."""
    made = await mini.run(
        "Compare sales in March and June by customer, top 3 that fell.", {"orders.csv": csv(ORDERS)}
    )
    wide = ORDERS.pivot_table(
        index="customer_id", columns=ORDERS["ordered"].str[:7], values="amount", aggfunc="sum"
    ).fillna(0)
    fell = (wide["2026-06"] - wide["2026-03"]).nsmallest(3)
    assert [(r[0], r[3]) for r in table(made)] == [(n, shown(v)) for n, v in fell.items()]
    assert made.unmet == []


async def test_the_longest_is_counted_in_days(mini: Mini) -> None:
    """From the date where it begins to the one where it ends; versions keep their spelling."""
    made = await mini.run(
        "Which versions were supported the longest? Show the top 3 in a table.",
        {"releases.csv": csv(RELEASES)},
    )
    days = (pd.to_datetime(RELEASES["eol"]) - pd.to_datetime(RELEASES["release"])).dt.days
    best = RELEASES.assign(days=days).nlargest(3, "days")
    assert [(r[0], r[-1]) for r in table(made)] == [
        (str(r["version"]), str(r["days"])) for _, r in best.iterrows()
    ]
    assert len(made.plan.tasks) == 1
    assert made.unmet == []


# Several tables


async def test_two_files_are_joined_and_summed(mini: Mini) -> None:
    """Rows without a match are counted and said."""
    made = await mini.run(
        "Join orders with customers and sum amount by country.",
        {"orders.csv": csv(ORDERS), "customers.csv": csv(CUSTOMERS)},
    )
    both = ORDERS.merge(CUSTOMERS, on="customer_id", how="left")
    sums = both.groupby("country")["amount"].sum()
    found = {row[0]: row[1] for row in table(made)}
    assert {k: shown(v) for k, v in sums.items()}.items() <= found.items()
    alone = int(both["country"].isna().sum())
    assert f"{alone} row(s) of “orders.csv” have no match" in made.text
    assert made.unmet == []


async def test_tables_are_joined_when_a_question_needs_both(mini: Mini) -> None:
    """Nobody has to say `join`: the country stands in one file, the amount in the other."""
    made = await mini.run(
        "Total amount by country", {"o.csv": csv(ORDERS), "customers.csv": csv(CUSTOMERS)}
    )
    both = ORDERS.merge(CUSTOMERS, on="customer_id")
    assert shown(both.groupby("country")["amount"].sum().max()) in made.artifact.answer[0]


# Questions to a person


async def test_a_person_is_asked_when_two_numbers_are_as_likely(mini: Mini) -> None:
    """One question with choices and a default; the answer decides."""
    mini.answers = ["deletions"]
    made = await mini.run("Which commits changed the most lines?", {"commits.csv": csv(COMMITS)})
    (asked,) = mini.questions
    assert asked.choices[:2] == ("insertions", "deletions")
    assert asked.default == "insertions"
    top = COMMITS.nlargest(1, "deletions").iloc[0]
    assert table(made)[0][:2] == [top["commit"], str(top["deletions"])]
    assert made.unmet == []


async def test_nobody_is_asked_when_the_words_decide(mini: Mini) -> None:
    """A named number, a file of one number and an overview need no question."""
    files: dict[str, str | bytes] = {"commits.csv": csv(COMMITS)}
    await mini.run("Which author has the most deletions?", files)
    await mini.run("Who made the most commits?", files)
    await mini.run("Give me an overview.", files)
    assert mini.questions == []


async def test_who_made_most_is_counted_by_person(mini: Mini) -> None:
    """The rows are the commits; the things are people."""
    made = await mini.run("Who made the most commits?", {"commits.csv": csv(COMMITS)})
    top = COMMITS["author"].value_counts()
    assert f"{top.index[0]} ({top.iloc[0]})" in made.artifact.answer[0]


async def test_a_word_that_names_no_column_is_asked_about(mini: Mini) -> None:
    """`per team` without such a column: the total with a plain word, or the column they mean."""
    frame = pd.DataFrame({"squad": ["a", "b", "b"], "note": ["x y", "z", "w"], "n": [1, 2, 3]})
    files: dict[str, str | bytes] = {"work.csv": csv(frame)}
    made = await mini.run("How many rows are there per galaxy?", files)
    assert "No column is called “galaxy”" in made.artifact.answer[0]
    mini.answers = ["squad"]
    made = await mini.run("How many rows are there per galaxy?", files)
    assert table(made) == [["b", "2"], ["a", "1"]]


# Lists and what a table does not say


async def test_which_without_a_superlative_lists_them(mini: Mini) -> None:
    """All of them, counted; a question that leans on it is about the same things."""
    frame = pd.DataFrame({"package": ["a", "b", "c", "d"], "license": ["MIT", "MIT", "BSD", None]})
    made = await mini.run(
        "Which licenses do our packages use, how many packages each, and which ones could be a "
        "problem?",
        {"licenses.csv": csv(frame)},
    )
    assert ["MIT", "2"] in table(made)
    assert "“Which ones could be a problem” asks for a judgement" in made.text
    assert made.unmet == []


async def test_what_is_missing_is_counted_and_listed(mini: Mini) -> None:
    """`have an official name` and `have none` are two sides of one column."""
    official = ["Republic of A", "Kingdom of B", None, None, None]
    frame = pd.DataFrame({"code": list("abcde"), "name": list("ABCDE"), "official name": official})
    made = await mini.run(
        "How many countries have an official name, and which have none?", {"c.csv": csv(frame)}
    )
    assert "not missing: 2" in made.artifact.answer[0]
    assert "C, D and E" in made.artifact.answer[1]


async def test_bigger_than_is_a_bound(mini: Mini) -> None:
    """Only the rows over it, the largest first."""
    made = await mini.run("Which commits have more than 500 insertions?", {"c.csv": csv(COMMITS)})
    over = COMMITS[COMMITS["insertions"] > 500].sort_values("insertions", ascending=False)
    assert f"There are {len(over)}" in made.artifact.answer[0]
    assert [row[-1] for row in table(made)] == [str(n) for n in over["insertions"]]


async def test_an_api_description_is_a_table_of_endpoints(mini: Mini) -> None:
    """Endpoints per method, and those that are about something."""
    paths = {
        f"/{name}": {m: {"operationId": f"{m}_{name}"} for m in methods}
        for name, methods in {
            "users": ["get", "post"],
            "hooks": ["get"],
            "jobs": ["delete"],
        }.items()
    }
    made = await mini.run(
        "How many endpoints does this API have per HTTP method, and which ones are about hooks?",
        {"api.json": json.dumps({"openapi": "3.1.0", "paths": paths})},
    )
    assert ["get", "2"] in table(made)
    assert "/hooks" in made.outputs["T2"].text
    assert "/jobs" not in made.outputs["T2"].text
    assert made.unmet == []


# Documents


async def test_a_sentence_over_several_lines_is_quoted_whole(mini: Mini) -> None:
    """Text that was wrapped at a width reads as sentences; what may not be done is found."""
    made = await mini.run("What may we not do?", {"license.txt": LICENSE})
    assert "you may not charge a license fee for them." in made.text
    assert made.unmet == []


async def test_a_named_section_is_read_alone(mini: Mini) -> None:
    """`section 4` gives what stands there and nothing else."""
    made = await mini.run("What does section 4 require?", {"license.txt": LICENSE})
    assert "You must give all recipients a copy" in made.text
    assert "warranty" not in made.artifact.body
    made = await mini.run("What changed in version 2.0?", {"changelog.txt": CHANGES})
    assert "Add a queue" in made.text
    assert "CVE" not in made.text


async def test_people_who_did_something_are_counted(mini: Mini) -> None:
    """Names with accents count; a line that only signs does not."""
    made = await mini.run("Which people are thanked most often?", {"changelog.txt": CHANGES})
    assert table(made)[:2] == [
        ["Ana Gómez", "3", "changelog.txt, line 4"], ["Bo Lind", "1", "changelog.txt, line 6"],
    ]  # fmt: skip
    assert "Cy Ray" not in made.outputs["T1"].text


async def test_security_fixes_are_those_of_security(mini: Mini) -> None:
    """The word before the kind narrows it down; when none fits, that is said."""
    made = await mini.run("List the security fixes.", {"changelog.txt": CHANGES})
    assert "CVE-2026-1" in made.text
    assert "typo" not in made.text
    made = await mini.run("List the translation fixes.", {"changelog.txt": CHANGES})
    assert "None of them speaks of “translation”" in made.text


async def test_bullets_of_one_part_are_not_those_of_the_whole(mini: Mini) -> None:
    """Five bullets for the summary leave the risks alone."""
    made = await mini.run(
        "Summarise this document in two bullets and list the risks.", {"license.txt": LICENSE}
    )
    points = [line for line in made.outputs["T1"].text.splitlines() if line.startswith("- ")]
    assert len(points) == 2
    assert made.unmet == []


async def test_a_table_of_a_text_is_made_of_its_quotes(mini: Mini) -> None:
    """`Make a table with …` is a form, not a further question."""
    made = await mini.run(
        "What may we not do? Make a table with the rule and where it stands.",
        {"license.txt": LICENSE},
    )
    assert len(made.plan.tasks) == 1
    assert any("further restrictions" in row[0] for row in table(made))
    assert made.unmet == []


# Other languages


@pytest.mark.parametrize(
    ("goal", "file"),
    [
        ("Summiere den Betrag nach Monat und zeige die fünf größten Kunden.", "orders.csv"),
        ("Combien de commandes par mois depuis juin ? Fais un tableau.", "orders.csv"),
        ("Fasse dieses Dokument in zwei Stichpunkten zusammen.", "license.txt"),
        ("Résume ce document en deux puces.", "license.txt"),
    ],
)
async def test_german_and_french_are_read_and_that_is_said(
    goal: str, file: str, mini: Mini
) -> None:
    """The quotes are the person's own words; the assumptions name the language."""
    content = csv(ORDERS) if file.endswith("csv") else LICENSE
    made = await mini.run(goal, {file: content})
    assert all(r["quote"] in goal for r in made.requirements)
    assert any("word by word" in a for a in made.intake.assumptions)
    assert "No column of the table answers" not in made.text
    assert made.unmet == []


async def test_monthly_sums_of_a_german_question_are_right(mini: Mini) -> None:
    """The gloss changes the words, never the numbers."""
    made = await mini.run(
        "Summiere den Betrag nach Monat und zeige die fünf größten Kunden.",
        {"orders.csv": csv(ORDERS)},
    )
    months = ORDERS.groupby(ORDERS["ordered"].str[:7])["amount"].sum()
    assert table(made) == [[m, shown(v)] for m, v in months.items()]
    top = ORDERS.groupby("customer_id")["amount"].sum().nlargest(5)
    assert all(f"{n} ({shown(v)})" in made.artifact.answer[1] for n, v in top.items())
