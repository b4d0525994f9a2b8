"""Guidance that narrows the rows: heeded when a column or value fits, else that is said."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.offline.mini import Made, Mini
from tests.offline.test_newcomers import csv
from tests.offline.test_readings import CALLS

GOAL = "How many calls per urgency?"
Kept = Callable[[Any], Any]


def counts(text: str) -> dict[str, str]:
    """The numbers beside the groups of the only table."""
    rows = [r.strip("| ").split(" | ") for r in text.splitlines() if r.startswith("| ")]
    return {r[0]: r[1] for r in rows[2:]}


async def guided(mini: Mini, words: str) -> tuple[Made, str]:
    files: dict[str, str | bytes] = {"calls.csv": csv(CALLS)}
    made = await mini.run(GOAL, files)
    brief = {"goal": GOAL, "attachments": await mini.attach(files)}
    task = made.plan.tasks[0]
    again = await mini.worked(brief, task, made.requirements, {}, made.plan, guidance=[words])
    return made, again.text


@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("only since June", lambda f: f["received"] >= "2026-06-01"),
        ("between April and June", lambda f: f["received"].str[:7].between("2026-04", "2026-06")),
        (
            "between 2026-04-10 and 2026-05-20",
            lambda f: f["received"].between("2026-04-10", "2026-05-20"),
        ),
        ("only Harbour", lambda f: f["branch"] == "Harbour"),
        ("only rows where branch is North", lambda f: f["branch"] == "North"),
        ("exclude South", lambda f: f["branch"] != "South"),
        ("only calls with more than 40 minutes", lambda f: f["minutes"] > 40),
        (
            "nur Harbour seit Juni",
            lambda f: (f["branch"] == "Harbour") & (f["received"] >= "2026-06-01"),
        ),
        ("seulement North", lambda f: f["branch"] == "North"),
        ("solo South", lambda f: f["branch"] == "South"),
    ],
)
async def test_rows_are_kept_and_left_out_as_asked(words: str, kept: Kept, mini: Mini) -> None:
    """The counts are those of the rows that the words leave."""
    _, text = await guided(mini, words)
    wanted = CALLS[kept(CALLS)]["urgency"].value_counts()
    assert counts(text) == {k: str(v) for k, v in wanted.items()}
    assert "could not be applied" not in text


@pytest.mark.parametrize("words", ["only rows where colour is blue", "only the Moon branch"])
async def test_what_fits_no_column_is_said(words: str, mini: Mini) -> None:
    """The numbers stay as they were, and the first sentence says so."""
    made, text = await guided(mini, words)
    assert text.startswith(f"“{words}” could not be applied")
    assert counts(text) == counts(made.outputs["T1"].text)


@pytest.mark.parametrize("words", ["Write it without jargon.", "Mention this only once at the end"])
async def test_other_words_narrow_nothing(words: str, mini: Mini) -> None:
    """`without` and `only` are also words about wording."""
    made, text = await guided(mini, words)
    assert counts(text) == counts(made.outputs["T1"].text)
    assert "could not be applied" not in text


async def test_a_question_leaves_out_what_it_excludes(mini: Mini) -> None:
    """`excluding South` is not `only South`."""
    made = await mini.run("How many calls per urgency, excluding South?", {"c.csv": csv(CALLS)})
    wanted = CALLS[CALLS["branch"] != "South"]["urgency"].value_counts()
    assert counts(made.outputs["T1"].text) == {k: str(v) for k, v in wanted.items()}
