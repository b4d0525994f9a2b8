"""Where a mission goes next: a walk through its rows, from the first words to the end."""

from collections.abc import Callable

import pytest

from bot.domain.board import Board
from bot.domain.gate import GateKind, Verb
from bot.domain.mission import ENDED, Status
from bot.domain.record import Record
from bot.domain.route import Stage, handled, stage
from tests.core.test_board import do, end, fail, start
from tests.core.world import (
    artifact,
    brief,
    but,
    gate,
    guidance,
    mission,
    plan,
    plus,
    task,
)


def fresh() -> Record:
    return Record(mission=mission(status=Status.drafting))


def planned(**more: object) -> Record:
    """A plan that nobody approved yet."""
    return plus(but(fresh(), brief=brief()), plans=plan(task("T1"), task("T2", "T1"), **more))


def approved() -> Record:
    return plus(planned(), gates=gate(GateKind.plan, outcome=Verb.approve))


def worked() -> Record:
    return do(do(approved(), "T1"), "T2")


def assembled(**more: object) -> Record:
    made = worked()
    return plus(made, artifacts=artifact(Board.of(made).accepted, **more))


def offered(outcome: Verb | None = None) -> Record:
    return plus(assembled(reviewed=True), gates=gate(GateKind.artifact, outcome=outcome))


# -- the straight way ------------------------------------------------------------------------------


def test_a_new_mission_is_read_first():
    assert stage(fresh()) is Stage.intake


def test_then_it_is_planned():
    assert stage(but(fresh(), brief=brief())) is Stage.plan


def test_a_draft_goes_to_the_critic():
    assert stage(planned(settled=False)) is Stage.critique


def test_what_the_critic_has_seen_goes_back_to_the_planner():
    assert stage(planned(settled=False, round=1, critiqued=1)) is Stage.plan


def test_the_next_round_goes_to_the_critic_again():
    assert stage(planned(settled=False, round=2, critiqued=1)) is Stage.critique


def test_a_settled_plan_without_a_gate_still_needs_one():
    """The process died between the plan and its gate."""
    assert stage(planned()) is Stage.critique


def test_a_plan_waits_for_its_approval():
    assert stage(plus(planned(), gates=gate(GateKind.plan))) is Stage.wait


def test_an_approved_plan_is_executed():
    assert stage(approved()) is Stage.execute


def test_it_is_executed_until_every_task_is_done():
    assert stage(do(approved(), "T1")) is Stage.execute
    assert stage(end(start(do(approved(), "T1"), "T2"), "T2")) is Stage.execute


def test_finished_work_is_assembled():
    assert stage(worked()) is Stage.assemble


def test_the_whole_is_reviewed():
    assert stage(assembled()) is Stage.review


def test_a_reviewed_artifact_without_a_gate_still_needs_one():
    assert stage(assembled(reviewed=True)) is Stage.review


def test_an_artifact_waits_for_its_approval():
    assert stage(offered()) is Stage.wait


def test_an_approved_artifact_finishes_the_mission():
    assert stage(offered(Verb.approve)) is Stage.finish


@pytest.mark.parametrize("status", sorted(ENDED))
def test_an_ended_mission_stays_ended(status: Status):
    made = offered(Verb.approve)
    assert stage(but(made, mission=mission(status=status, stop_asked=True))) is Stage.end


# -- questions about the brief ---------------------------------------------------------------------


def test_a_question_about_the_brief_waits():
    made = plus(but(fresh(), brief=brief()), gates=gate(GateKind.question, "question:brief.1"))
    assert stage(made) is Stage.wait


def test_its_answer_is_read_before_planning():
    asked = gate(GateKind.question, "question:brief.1", outcome=Verb.answer)
    made = plus(but(fresh(), brief=brief()), gates=asked)
    assert stage(made) is Stage.intake
    assert stage(but(made, brief=brief(version=2))) is Stage.plan


def test_a_tasks_question_is_not_the_briefs():
    data = {"task": "T1", "attempt": 1}
    asked = gate(GateKind.question, "question:T1.1.1", data=data)
    assert stage(plus(approved(), gates=asked)) is Stage.execute


# -- ways back -------------------------------------------------------------------------------------


def test_a_plan_sent_back_is_planned_again():
    made = plus(planned(), gates=gate(GateKind.plan, outcome=Verb.revise))
    assert stage(made) is Stage.plan


def test_each_version_of_the_plan_has_a_gate_of_its_own():
    made = plus(approved(), plans=plan(task("T1"), version=2))
    assert stage(made) is Stage.critique
    assert stage(plus(made, gates=gate(GateKind.plan, version=2))) is Stage.wait


def test_an_artifact_sent_back_is_worked_into_guidance():
    assert stage(offered(Verb.revise)) is Stage.revise


def test_after_that_only_what_it_touches_is_executed():
    made = offered(Verb.revise)
    sent_back = made.gates[-1]
    made = plus(made, guidance=guidance(1, ["T2"], kind="revise", gate=sent_back.id))
    assert handled(made, sent_back)
    assert stage(made) is Stage.execute
    assert stage(do(made, "T2", "better")) is Stage.assemble


def test_words_that_touch_no_task_lead_to_another_artifact():
    made = offered(Verb.revise)
    made = plus(made, guidance=guidance(1, [], kind="revise", gate=made.gates[-1].id))
    assert stage(made) is Stage.assemble


def test_new_outputs_make_a_new_artifact():
    made = plus(assembled(reviewed=True), guidance=guidance(1, ["T2"], kind="review"))
    made = do(made, "T2", "better")
    assert stage(made) is Stage.assemble
    newer = artifact(Board.of(made).accepted, version=2)
    assert stage(plus(made, artifacts=newer)) is Stage.review


# -- waiting for a person --------------------------------------------------------------------------


def test_a_blocked_task_waits_when_nothing_else_can_be_done():
    made = fail(approved(), "T1", final=True)
    assert stage(made) is Stage.execute
    data = {"task": "T1", "fingerprint": Board.of(made).by_id["T1"].fingerprint}
    made = plus(made, gates=gate(GateKind.blocked, "blocked:T1.1", data=data))
    assert stage(made) is Stage.wait


@pytest.mark.parametrize(
    "made",
    [fresh, planned, approved, worked, assembled],
    ids=["fresh", "planned", "approved", "worked", "assembled"],
)
@pytest.mark.parametrize("kind", [GateKind.budget, GateKind.blocked])
def test_the_cap_and_a_failed_stage_hold_everything(made: Callable[[], Record], kind: GateKind):
    held = plus(made(), gates=gate(kind, data={"stage": "plan"}))
    assert stage(held) is Stage.wait
    freed = plus(made(), gates=gate(kind, data={"stage": "plan"}, outcome=Verb.retry))
    assert stage(freed) is stage(made())


def test_the_operators_pause_holds_everything():
    assert stage(but(approved(), paused=True)) is Stage.wait


@pytest.mark.parametrize("asked", ["stop_asked", "cancel_asked"])
def test_stop_and_cancel_lead_to_the_end_from_anywhere(asked: str):
    for made in (fresh(), planned(), approved(), worked(), offered()):
        stopped = but(made, mission=mission(**{asked: True}), paused=True)
        assert stage(plus(stopped, gates=gate(GateKind.budget))) is Stage.finish
