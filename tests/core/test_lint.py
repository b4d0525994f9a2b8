"""Plan lint: a clean plan has no finding, and each fault has its own."""

from decimal import Decimal

import pytest

from bot.domain.lint import MAX_TASKS, Rules, lint
from bot.domain.plan import Estimate, Plan, Risk, Severity, Task
from tests.core.world import plan, task

RULES = Rules(
    requirements=("R1", "R2"), specialists=("writer", "analyst"), tools=("tables",), cap=Decimal(2)
)
GOOD = (
    task("T1", tools=("tables",)),
    task("T2", "T1", specialist="analyst", covers=("R2",)),
)


def texts(*tasks: Task, rules: Rules = RULES, **more: object) -> list[str]:
    return [finding.text for finding in lint(plan(*tasks, **more), rules)]


def test_a_clean_plan_has_no_finding():
    estimate = Estimate(cost=Decimal("1.99"))
    assert texts(*GOOD, estimate=estimate) == []


FAULTS: dict[str, tuple[tuple[Task, ...], str]] = {
    "unknown dependency": (
        (*GOOD, task("T3", "T9")),
        "T3 waits for T9, which does not exist.",
    ),
    "itself": (
        (*GOOD, task("T3", "T3")),
        "These tasks wait for each other in a circle: T3.",
    ),
    "specialist": (
        (*GOOD, task("T3", specialist="poet")),
        "T3 needs “poet”, who is not on the team.",
    ),
    "tool": (
        (*GOOD, task("T3", tools=("magic",))),
        "T3 needs the tool “magic”, which does not exist.",
    ),
    "uncovered": (GOOD[:1], "No task covers R2."),
    "invented requirement": (
        (*GOOD, task("T3", covers=("R1", "R7"))),
        "T3 covers R7, which nobody asked for.",
    ),
    "no purpose": ((*GOOD, task("T3", covers=())), "T3 covers no requirement."),
    "same work": (
        (*GOOD, task("T3", instructions="WORK  on\nT1")),
        "T3 does the same work as T1.",
    ),
    "outward": (
        (*GOOD, task("T3", risk=Risk.outward)),
        "T3 reaches outside without an approval of its own.",
    ),
    "twice": (
        (*GOOD, task("T1", instructions="Other")),
        "T1 occurs twice.",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_each_fault_is_found_and_nothing_else(fault: str):
    tasks, text = FAULTS[fault]
    assert texts(*tasks) == [text]


def test_a_circle_names_its_tasks():
    made = (task("T1", "T2", covers=("R1", "R2")), task("T2", "T1"))
    assert texts(*made) == ["These tasks wait for each other in a circle: T1, T2."]


def test_an_outward_task_with_its_own_approval_is_fine():
    assert texts(*GOOD, task("T3", risk=Risk.outward, approval=True)) == []


def test_a_writing_task_needs_no_approval():
    assert texts(*GOOD, task("T3", risk=Risk.write)) == []


def test_two_tasks_that_differ_in_one_word_are_two_right_tasks():
    one = task("T3", instructions="Summarise January")
    other = task("T4", instructions="Summarise February")
    assert texts(*GOOD, one, other) == []


def test_the_same_words_for_another_specialist_or_input_are_other_work():
    base = task("T3", instructions="Read it")
    assert texts(*GOOD, base, task("T4", instructions="Read it", specialist="analyst")) == []
    assert texts(*GOOD, base, task("T4", "T1", instructions="Read it")) == []


def test_an_estimate_over_the_cap_is_a_risk():
    said = texts(*GOOD, estimate=Estimate(cost=Decimal("2.01")))
    assert said == ["The estimate of $2.01 is over the cap of $2.00."]


def test_an_estimate_at_the_cap_or_unknown_is_fine():
    assert texts(*GOOD, estimate=Estimate(cost=Decimal(2))) == []
    assert texts(*GOOD, estimate=Estimate(cost=None)) == []
    no_cap = RULES.model_copy(update={"cap": None})
    assert texts(*GOOD, rules=no_cap, estimate=Estimate(cost=Decimal(99))) == []


def test_an_empty_plan_is_said_to_be_empty():
    assert "The plan has no tasks." in texts()


def test_too_many_tasks_are_too_many():
    many = [task(f"T{n}", covers=("R1", "R2")) for n in range(1, MAX_TASKS + 2)]
    assert texts(*many) == [
        f"The plan has {MAX_TASKS + 1} tasks; at most {MAX_TASKS} can be followed."
    ]
    assert texts(*many[:-1]) == []


def test_five_hundred_tasks_that_repeat_each_other_are_linted_all_the_same():
    many = [task(f"T{n}", instructions="same", covers=("R1", "R2")) for n in range(1, 501)]
    assert len(texts(*many)) < 2_000


def test_findings_are_numbered_signed_and_blocking():
    found = lint(plan(task("T3", "T9")), RULES)
    assert [f.id for f in found] == [f"L{n}" for n in range(1, len(found) + 1)]
    assert {f.by for f in found} == {"lint"}
    assert {f.severity for f in found} == {Severity.blocking}


def test_without_a_list_of_tools_tools_are_not_checked():
    assert (
        texts(*GOOD, task("T3", tools=("x",)), rules=RULES.model_copy(update={"tools": ()})) == []
    )


def test_a_finding_is_open_until_it_is_answered():
    made = plan(*GOOD, findings=lint(plan(task("T3", "T9")), RULES))
    assert isinstance(made, Plan)
    assert made.open_findings == made.findings
