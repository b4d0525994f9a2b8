"""What each purpose makes of its data, without tools: the tour of the offline model."""

from typing import Any

import pytest

from graphs.models.offline.assembly import assemble
from graphs.models.offline.critique import critique
from graphs.models.offline.intake import intake
from graphs.models.offline.planning import plan
from graphs.models.offline.redo import redo
from graphs.models.offline.review import review
from graphs.models.offline.whole import whole
from graphs.schemas import IntakeDraft, PlanDraft
from graphs.team import team
from tests.offline.mini import as_plan

GOAL = (
    "From the attached export, which three endpoints changed most, why, and what should we tell "
    "customers? Make a one-page brief with a table."
)
CSV = {
    "name": "api.csv", "media_type": "text/csv", "chars": 500, "excerpt": "", "note": "",
    "tables": [{"sheet": "", "columns": ["endpoint", "before", "after"], "rows": 10}],
}  # fmt: skip
PAPER = {"name": "policy.md", "chars": 900, "excerpt": "", "tables": []}
TEAM = [
    {"name": s.name, "description": s.description, "tools": list(s.tools)} for s in team().values()
]


def briefed(goal: str, *files: dict[str, Any], may_ask: bool = False) -> IntakeDraft:
    data = {"goal": goal, "attachments": list(files), "may_ask": may_ask, "answers": []}
    return IntakeDraft.model_validate(intake(data))


def asked(goal: str, *files: dict[str, Any]) -> dict[str, Any]:
    """The data of a plan's ask."""
    drafts = briefed(goal, *files).requirements
    wanted = [{"id": f"R{n}", **r.model_dump()} for n, r in enumerate(drafts, 1)]
    return {
        "goal": goal, "requirements": wanted, "assumptions": [], "attachments": list(files),
        "specialists": TEAM, "previous": None, "findings": [], "words": "", "ticks": {},
    }  # fmt: skip


def planned(goal: str, *files: dict[str, Any], **more: Any) -> PlanDraft:
    return PlanDraft.model_validate(plan({**asked(goal, *files), **more}))


def revised(words: str, **more: Any) -> tuple[PlanDraft, PlanDraft]:
    """The plan of the goal before and after these words."""
    before = planned(GOAL, CSV)
    return before, planned(GOAL, CSV, previous=as_plan(before), words=words, **more)


# Intake


def test_a_mission_becomes_requirements_in_its_own_words() -> None:
    """Each want and each demand on the form is one requirement, quoted exactly."""
    quotes = [r.quote for r in briefed(GOAL, CSV).requirements]
    assert quotes == [
        "which three endpoints changed most", "why", "what should we tell customers?",
        "a one-page brief", "with a table",
    ]  # fmt: skip
    assert all(quote in GOAL for quote in quotes)


@pytest.mark.parametrize(
    ("goal", "count"),
    [
        ("Plan a launch week for our new API: list the steps, risks and who does what", 4),
        (
            "- count failed payments by country\n- explain why they failed\n- recommend next steps",
            3,
        ),
        (
            (
                "Show revenue by region and month, the average order per region, and the "
                "top 5 customers."
            ),
            3,
        ),
        ("Compare A and B by price.", 1),
        ("Summarise it, then email it to the team.", 2),
    ],
)
def test_lists_sentences_and_then_split_a_mission(goal: str, count: int) -> None:
    """`by region and month` and `A and B` stay together."""
    assert len(briefed(goal, CSV).requirements) == count


def test_a_missing_file_is_asked_for_once() -> None:
    """One question with choices and a default; none when it may not ask or has been answered."""
    (question,) = briefed(GOAL, may_ask=True).questions
    assert "attached export" in question.text
    assert question.default in question.choices
    assert briefed(GOAL).questions == []
    assert briefed(GOAL, CSV, may_ask=True).questions == []


@pytest.mark.parametrize("goal", ["hi", "compare them", "sales"])
def test_a_goal_without_an_object_is_asked_about(goal: str) -> None:
    """A greeting, a bare pronoun and a single word each get one question."""
    assert len(briefed(goal, may_ask=True).questions) == 1


def test_what_rules_cannot_do_is_said_at_once() -> None:
    """Translating and sending are named as not possible, before any work."""
    said = " ".join(
        briefed("Summarise the policy in German and send it to Ana.", PAPER).assumptions
    )
    assert "cannot translate" in said
    assert "Nothing is sent" in said


# Plan


def test_questions_run_side_by_side() -> None:
    """Three independent numbers are three tasks that wait for nothing."""
    made = planned(
        "Show revenue by region, the average price by product, and the top 5 customers.", CSV
    )
    assert [t.specialist for t in made.tasks] == ["analyst"] * 3
    assert not any(t.depends_on for t in made.tasks)


def test_every_requirement_is_covered_and_every_task_has_its_tools() -> None:
    """Tools are among those that the specialist has."""
    made = planned(GOAL, CSV)
    assert {r for t in made.tasks for r in t.covers} == {"R1", "R2", "R3", "R4", "R5"}
    for task in made.tasks:
        assert set(task.tools) <= set(team()[task.specialist].tools)


def test_dropping_a_task_keeps_the_others_and_their_ids() -> None:
    """What it covered is answered for: the result says that it was left out."""
    before, after = revised("drop the reasons")
    assert [t.key for t in after.tasks] == ["T1", "T3"]
    assert after.tasks[1].depends_on == ["T1"]
    assert "R2" in after.tasks[1].covers
    assert any("Left out" in note for note in after.not_done)
    assert before.tasks[0].model_dump() == after.tasks[0].model_dump()


def test_ticks_drop_and_keep_tasks() -> None:
    """A tick needs no words."""
    _, after = revised("", ticks={"T2": "drop", "T1": "keep"})
    assert [t.key for t in after.tasks] == ["T1", "T3"]


def test_added_work_is_a_new_task_that_reads_the_findings() -> None:
    """Its key is new, so that code gives it a new id."""
    _, after = revised("Add a section about risks.")
    assert after.tasks[-1].key not in {"T1", "T2", "T3"}
    assert set(after.tasks[-1].depends_on) == {"T1", "T2"}
    assert after.tasks[-1].covers


def test_added_work_that_nobody_asked_for_is_checked_by_its_own_words() -> None:
    """It takes no requirement of the last task for its own, and the plan says that it is new."""
    before, after = revised("Add a section about legal risks.")
    new = after.tasks[-1]
    assert new.covers == ["R1"]
    assert new.criteria[0].text == "It has “section about legal risks”"
    (note,) = [a for a in after.assumptions if a not in before.assumptions]
    assert "“Add a section about legal risks” is new" in note


def test_added_work_answers_the_requirement_that_asks_for_it() -> None:
    """Where the mission names it, no new demand is made up."""
    goal = "Count the requests by endpoint, list the owners, and write a note to the team."
    before = planned(goal, CSV)
    short = as_plan(before)
    short["tasks"] = [t for t in short["tasks"] if "owners" not in t["title"]]
    after = planned(goal, CSV, previous=short, words="Add a task that lists the owners")
    quotes = {r["id"]: r["quote"] for r in asked(goal, CSV)["requirements"]}
    assert [quotes[r] for r in after.tasks[-1].covers] == ["list the owners"]
    assert after.assumptions == before.assumptions


def test_shorter_means_fewer_words_for_the_last_text() -> None:
    """The limit becomes a check that code decides."""
    before, after = revised("make it shorter")
    limits = [
        c.check.words
        for p in (before, after)
        for c in p.tasks[-1].criteria
        if c.check and c.check.kind == "word_limit"
    ]
    assert limits[1] < limits[0]


def test_what_is_said_while_the_plan_is_made_is_heard() -> None:
    """Words in the thread after the brief reach the tasks that they are about."""
    made = planned(GOAL, CSV, since=["please rank by percent", "no need for the reasons"])
    assert [t.key for t in made.tasks] == ["T1", "T3"]
    assert "The person asked: please rank by percent." in made.tasks[0].instructions
    assert {r for t in made.tasks for r in t.covers} == {"R1", "R2", "R3", "R4", "R5"}


def test_findings_are_answered_and_fixed() -> None:
    """A missing dependency is added; what rules cannot mend is declined, never passed over."""
    before = as_plan(planned(GOAL, CSV))
    before["tasks"][2]["depends_on"] = []
    findings = [
        {
            "id": "F1",
            "kind": "dependency",
            "severity": "blocking",
            "about": "T3",
            "text": "T3 must wait for T1.",
        },
        {
            "id": "F2",
            "kind": "risk",
            "severity": "advice",
            "about": "plan",
            "text": "Prices may move.",
        },
    ]
    after = planned(GOAL, CSV, previous=before, findings=findings)
    assert [a.verdict for a in after.answers] == ["fixed", "declined"]
    assert after.tasks[2].depends_on == ["T1"]


# Critique


def challenged(change: Any) -> list[str]:
    """The critic's findings on the plan of the goal after one change."""
    data = asked(GOAL, CSV)
    data["plan"] = as_plan(planned(GOAL, CSV))
    change(data["plan"])
    return [
        f"{f['severity']} {f['about']}: {f['text']}"
        for f in critique({**data, "before": []})["findings"]
    ]


def test_a_good_plan_has_no_findings() -> None:
    """The critic is no ornament: it is silent when nothing is wrong."""
    assert challenged(lambda plan: None) == []


def test_the_critic_sees_what_is_missing_or_out_of_order() -> None:
    """An uncovered requirement, a writer that does not wait, numbers without a tool."""
    assert "R2" in challenged(lambda p: p["tasks"].pop(1))[0]
    assert "does not wait" in challenged(lambda p: p["tasks"][2].update(depends_on=[]))[0]
    assert "no tool" in challenged(lambda p: p["tasks"][0].update(tools=["list_attachments"]))[0]


def test_the_critic_wants_it_said_that_nothing_is_sent() -> None:
    """A plan that silently drops `send it` is blocked."""
    goal = "Summarise the policy and send it to the team."
    data = asked(goal, PAPER)
    data["plan"] = as_plan(planned(goal, PAPER)) | {"not_done": [], "assumptions": []}
    (finding,) = critique({**data, "before": []})["findings"]
    assert (finding["kind"], finding["severity"]) == ("scope", "blocking")


# Review

FACTS = [
    {"label": "/a", "measure": "requests", "value": "120", "source": "api.csv"},
    {"label": "/b", "measure": "requests", "value": "80", "source": "api.csv"},
]
GOOD = (
    "**/a** has most requests (120).\n\n| endpoint | requests |\n| --- | ---: |\n| /a | "
    "120 |\n| /b | 80 |"
)


def verdict(text: str, demand: str, quote: str = "") -> dict[str, Any]:
    output = {"text": text, "facts": FACTS, "files": [], "sources": [{"title": "api.csv"}]}
    data = {
        "output": output, "criteria": [{"id": "R1", "text": demand}],
        "requirements": [{"id": "R1", "text": demand, "quote": quote}], "checks": [],
    }  # fmt: skip
    return review(data)["rows"][0]


def test_a_met_requirement_is_shown_in_the_words_of_the_output() -> None:
    """The evidence occurs in the text, word for word."""
    row = verdict(
        GOOD,
        "Answer: which two endpoints have most requests?",
        "which two endpoints have most requests",
    )
    assert row["met"]
    assert row["evidence"] in GOOD


@pytest.mark.parametrize(
    ("text", "demand", "said"),
    [
        ("", "Show a table", "empty"),
        (GOOD.replace("| 120", "| 125"), "Answer: which endpoints have most requests?", "125"),
        ("Everything is fine with the endpoints.", "Answer: how many requests has /a?", "none"),
        ("**/a** has 120 requests.", "Show a table", "table"),
        ("I don't know.", "Answer: which endpoints have most requests?", "no answer"),
        (GOOD, "Answer: which three endpoints have most requests?", "3 are asked"),
        ("word " * 60, "Use at most 50 words", "60 words"),
        ("- It went up.\n- It went down.", "Each reason is quoted with its source", "Quote"),
    ],
)
def test_faults_are_found_and_named(text: str, demand: str, said: str) -> None:
    """Each fault is unmet, with feedback that says what to mend."""
    row = verdict(text, demand)
    assert not row["met"]
    assert said in row["feedback"]


def test_a_missing_requirement_is_laid_at_the_door_of_its_tasks() -> None:
    """Only the tasks that cover it are at fault."""
    rows = whole(
        {
            "goal": GOAL,
            "artifact": {"title": "T", "answer": ["**/a** has 120."], "body": "Text.", "files": []},
            "requirements": [
                {"id": "R5", "text": "Show a table", "quote": "with a table", "tasks": ["T1"]},
            ],
            "tasks": [{"id": "T1", "title": "Compute"}, {"id": "T2", "title": "Write"}],
        }
    )["rows"]  # fmt: skip
    assert (rows[0]["met"], rows[0]["tasks"]) == (False, ["T1"])


# Redo


@pytest.mark.parametrize(
    ("words", "task"),
    [
        ("Make it shorter", "T3"),
        ("The reasons are too thin", "T2"),
        ("T1 should use percent", "T1"),
        ("Add a column with the average to the table", "T1"),
        ("Please fix it", "T3"),
    ],
)
def test_words_about_the_artifact_reach_the_right_task(words: str, task: str) -> None:
    """By its name, its topic, or what it makes; else the one that writes last."""
    tasks = [
        {
            "id": "T1",
            "title": "Compute: which endpoints changed",
            "instructions": "Show a table",
            "depends_on": [],
        },
        {
            "id": "T2",
            "title": "Find the reasons",
            "instructions": "Quote reasons",
            "depends_on": ["T1"],
        },
        {
            "id": "T3",
            "title": "Draft: what to tell customers",
            "instructions": "Write",
            "depends_on": ["T1", "T2"],
        },
    ]
    made = redo({"goal": GOAL, "words": words, "tasks": tasks, "artifact": {}, "requirements": []})
    assert [t["task"] for t in made["tasks"]] == [task]


def test_new_wishes_become_a_requirement() -> None:
    """`Add…` asks for something new; `shorter` does not."""
    tasks = [{"id": "T1", "title": "Write", "instructions": "", "depends_on": []}]
    said = {"goal": GOAL, "tasks": tasks, "artifact": {}, "requirements": []}
    assert redo({**said, "words": "Add the number of errors"})["requirement"]
    assert redo({**said, "words": "Make it shorter"})["requirement"] == ""


def test_an_added_number_is_computed_from_the_tables() -> None:
    """It goes to the analyst, waits for nobody, and does not need the first question's answer."""
    before, after = revised("Also add the total requests per endpoint")
    new = after.tasks[-1]
    assert new.title == "Add: total requests per endpoint"
    assert (new.specialist, new.depends_on) == ("analyst", [])
    assert new.tools == before.tasks[0].tools
    requirement = {"id": "R1", "text": "Answer: which three endpoints changed most?", "quote": ""}
    made = "| endpoint | total requests |\n| --- | ---: |\n| /a | 3 |\n| /b | 2 |"
    rows = review({
        "goal": GOAL, "task": {"id": "T4", "title": new.title}, "requirements": [requirement],
        "criteria": [{"id": "T4.1", "text": new.criteria[0].text},
                     {"id": "R1", "text": requirement["text"]}],
        "output": {"text": made},
    })["rows"]  # fmt: skip
    assert [row["met"] for row in rows] == [True, True]


def test_a_part_that_found_no_room_is_named_and_not_met() -> None:
    """What is short says what it left out, and the review does not take the name for the answer."""
    letter = " ".join(["word"] * 200)
    requirements = [
        {"id": "R1", "text": "Answer: which endpoints changed most?", "quote": "", "check": ""},
        {"id": "R2", "text": "Answer: what should we tell customers?", "quote": "", "check": ""},
        {"id": "R3", "text": "Use at most 50 words", "quote": "at most 50 words", "check": ""},
    ]
    outputs = [
        {"title": "Compute: which endpoints changed most", "text": "Most: /a and /b (1 → 9)."},
        {"title": "Draft: what should we tell customers", "text": f"{letter}\n\n{letter}"},
    ]
    made = assemble({"goal": "g", "requirements": requirements, "outputs": outputs})
    told = "Left out to keep it short: “What should we tell customers”."
    assert told in made["answer"]
    assert letter not in made["body"]
    rows = whole({"goal": "g", "requirements": requirements, "artifact": made})["rows"]
    assert [row["met"] for row in rows][:2] == [True, False]
