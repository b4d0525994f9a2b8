"""The Board says what can be done next, from the rows alone."""

from bot.domain.board import MAX_TRIES, Action, Block, Board, Review, Run, TaskState
from bot.domain.gate import Gate, GateKind, Verb
from bot.domain.mission import Attachment
from bot.domain.plan import Criterion, Tier, WordLimit
from bot.domain.record import Record
from bot.domain.work import MAX_REWORKS, AttemptStatus, Output
from tests.core.world import (
    attempt,
    brief,
    but,
    gate,
    guidance,
    plan,
    plus,
    record,
    replaced,
    task,
    verdict,
)


def states(made: Record) -> dict[str, str]:
    return {view.task.id: view.state.value for view in Board.of(made).views}


def only(made: Record) -> Action:
    """The one action of the board."""
    (action,) = Board.of(made).actions
    return action


def run(made: Record, name: str) -> Run:
    found = Board.of(made).by_id[name].action
    assert isinstance(found, Run)
    return found


def start(made: Record, name: str, **more: object) -> Record:
    """Begin what the board says, as the scheduler would."""
    due = run(made, name)
    begun = attempt(name, due.number, due.fingerprint, status=AttemptStatus.running, output=None)
    return plus(made, attempts=begun.model_copy(update={"feedback": due.feedback, **more}))


def end(made: Record, name: str, text: str = "", **more: object) -> Record:
    """The running attempt is done."""
    last = made.attempts_of(name)[-1]
    done = {"status": AttemptStatus.done, "output": Output(text=text or f"out of {name}"), **more}
    return replaced(made, last.model_copy(update=done))


def judge(made: Record, name: str, *, met: bool = True) -> Record:
    number = made.attempts_of(name)[-1].number
    return plus(made, verdicts=verdict(name, number, met=met))


def do(made: Record, name: str, text: str = "", *, met: bool = True) -> Record:
    """One whole round: start, end, review."""
    return judge(end(start(made, name), name, text), name, met=met)


def fail(made: Record, name: str, *, final: bool = False) -> Record:
    return end(
        start(made, name), name, status=AttemptStatus.failed, output=None, error="no", final=final
    )


def decide(made: Record, name: str, verb: Verb) -> Record:
    """The person closes the gate that the board asked to open."""
    return plus(made, gates=blocked_gate(made, name, verb))


def blocked_gate(made: Record, name: str, verb: Verb | None) -> Gate:
    view = Board.of(made).by_id[name]
    number = view.attempt.number if view.attempt else 0
    data = {"task": name, "fingerprint": view.fingerprint}
    return gate(GateKind.blocked, f"blocked:{name}.{number}", data=data, outcome=verb)


# -- the walk of a task ----------------------------------------------------------------------------


def test_without_a_plan_the_board_is_empty_and_settled():
    assert Board.of(record()).actions == ()
    assert Board.of(record()).settled


def test_a_task_starts_when_its_inputs_are_done():
    made = record(task("T1"), task("T2", "T1"))
    assert states(made) == {"T1": "ready", "T2": "waiting"}
    made = do(made, "T1")
    assert states(made) == {"T1": "done", "T2": "ready"}


def test_independent_tasks_are_ready_together():
    made = record(task("T1"), task("T2"), task("T3", "T1", "T2"))
    assert [a.task for a in Board.of(made).actions] == ["T1", "T2"]


def test_a_task_waits_for_its_last_input():
    made = do(record(task("T1"), task("T2"), task("T3", "T1", "T2")), "T1")
    assert states(made) == {"T1": "done", "T2": "ready", "T3": "waiting"}


def test_an_input_in_review_is_not_done_yet():
    made = end(start(record(task("T1"), task("T2", "T1")), "T1"), "T1")
    assert states(made) == {"T1": "reviewing", "T2": "waiting"}
    assert only(made) == Review(task="T1", number=1)


def test_a_started_attempt_is_resumed_after_a_crash():
    """The board does not know whether its process lives: the scheduler does."""
    made = start(record(task("T1")), "T1")
    assert states(made) == {"T1": "running"}
    due = run(made, "T1")
    assert (due.number, due.resume) == (1, True)


def test_a_stopped_attempt_is_resumed_too():
    made = end(start(record(task("T1")), "T1"), "T1", status=AttemptStatus.stopped, output=None)
    assert run(made, "T1").resume


def test_plan_order_is_kept_whatever_the_dependencies():
    made = record(task("T2", "T1"), task("T1"))
    assert [v.task.id for v in Board.of(made).views] == ["T2", "T1"]


def test_counting_by_state():
    made = do(record(task("T1"), task("T2", "T1"), task("T3")), "T1")
    board = Board.of(made)
    assert board.count(TaskState.ready) == 2
    assert board.count(TaskState.done, TaskState.ready) == 3


def test_the_outputs_that_count_name_task_attempt_and_hash():
    made = do(record(task("T1")), "T1", "words")
    assert Board.of(made).accepted == (("T1", 1, Output(text="words").hash),)
    assert Board.of(made).settled


# -- rework and errors -----------------------------------------------------------------------------


def test_an_unmet_verdict_goes_back_to_the_maker_with_its_feedback():
    made = do(record(task("T1")), "T1", met=False)
    due = run(made, "T1")
    assert (due.number, due.resume) == (2, False)
    assert due.feedback == "- It is there: more"


def test_after_two_reworks_the_person_decides():
    made = record(task("T1"), task("T2", "T1"))
    for _ in range(1 + MAX_REWORKS):
        made = do(made, "T1", met=False)
    assert len(made.attempts) == 3
    block = only(made)
    assert isinstance(block, Block)
    assert (block.task, block.number) == ("T1", 3)
    assert "more" in block.why
    assert states(made) == {"T1": "failed", "T2": "blocked"}


def test_while_the_person_decides_nothing_is_due():
    made = record(task("T1"))
    for _ in range(3):
        made = do(made, "T1", met=False)
    made = plus(made, gates=blocked_gate(made, "T1", None))
    board = Board.of(made)
    assert board.actions == ()
    assert not board.settled
    assert board.by_id["T1"].why


def test_an_error_is_tried_again_once_by_itself_and_then_asked():
    made = fail(record(task("T1")), "T1")
    due = run(made, "T1")
    assert (due.number, due.tries, due.resume) == (2, 1, False)
    made = fail(made, "T1")
    assert MAX_TRIES == 2
    block = only(made)
    assert isinstance(block, Block)
    assert block.why == "no"


def test_an_error_that_trying_again_cannot_mend_is_asked_at_once():
    assert isinstance(only(fail(record(task("T1")), "T1", final=True)), Block)


def test_an_error_in_a_rework_keeps_the_feedback_it_worked_on():
    made = do(record(task("T1")), "T1", met=False)
    made = fail(made, "T1")
    assert run(made, "T1").feedback == "- It is there: more"


def test_a_failed_task_does_not_hold_up_its_siblings():
    made = fail(record(task("T1"), task("T2"), task("T3", "T2")), "T1", final=True)
    made = do(made, "T2")
    assert states(made) == {"T1": "failed", "T2": "done", "T3": "ready"}


def test_a_blocked_task_says_whom_it_waits_for():
    made = fail(record(task("T1"), task("T2", "T1"), task("T3", "T2")), "T1", final=True)
    views = Board.of(made).by_id
    assert views["T2"].why == "waits for T1"
    assert views["T3"].why == "waits for T2"
    assert views["T3"].state.stuck
    assert not views["T3"].state.settled


# -- what a person decides -------------------------------------------------------------------------


def failed_board() -> Record:
    made = record(task("T1"), task("T2", "T1"))
    for _ in range(3):
        made = do(made, "T1", met=False)
    return made


def test_going_on_without_it_lets_dependents_run_and_they_know():
    made = decide(failed_board(), "T1", Verb.skip)
    assert states(made) == {"T1": "skipped", "T2": "ready"}
    accepted = decide(failed_board(), "T1", Verb.accept)
    assert run(made, "T2").fingerprint != run(accepted, "T2").fingerprint


def test_a_task_left_out_counts_as_settled_and_gives_no_output():
    made = do(decide(failed_board(), "T1", Verb.skip), "T2")
    board = Board.of(made)
    assert board.settled
    assert [name for name, _, _ in board.accepted] == ["T2"]


def test_using_it_as_it_is_makes_it_done():
    made = decide(failed_board(), "T1", Verb.accept)
    board = Board.of(made)
    assert states(made) == {"T1": "done", "T2": "ready"}
    assert board.accepted[0][:2] == ("T1", 3)


def test_there_must_be_an_output_to_use():
    made = fail(record(task("T1")), "T1", final=True)
    made = decide(made, "T1", Verb.accept)
    assert states(made) == {"T1": "failed"}


def test_retry_is_guidance_and_starts_afresh_with_the_next_number():
    made = decide(failed_board(), "T1", Verb.retry)
    made = plus(made, guidance=guidance(1, ["T1"], "", kind="retry"))
    due = run(made, "T1")
    assert (due.number, due.feedback, due.tries) == (4, "", 0)


def test_a_decision_about_an_older_state_of_the_task_does_not_count():
    made = decide(failed_board(), "T1", Verb.skip)
    made = plus(made, guidance=guidance(1, ["T1"]))
    assert states(made)["T1"] == "ready"


# -- questions -------------------------------------------------------------------------------------


def asking(outcome: Verb | None) -> Record:
    made = end(start(record(task("T1")), "T1"), "T1", status=AttemptStatus.asking, output=None)
    data = {"task": "T1", "attempt": 1}
    return plus(made, gates=gate(GateKind.question, "question:T1.1.1", data=data, outcome=outcome))


def test_a_task_that_asks_waits_for_the_answer():
    made = asking(None)
    assert states(made) == {"T1": "asking"}
    assert Board.of(made).actions == ()


def test_an_answer_resumes_the_same_attempt():
    made = asking(Verb.answer)
    due = run(made, "T1")
    assert (due.number, due.resume) == (1, True)


def test_a_second_question_of_the_same_attempt_waits_again():
    data = {"task": "T1", "attempt": 1}
    made = plus(asking(Verb.answer), gates=gate(GateKind.question, "question:T1.1.2", data=data))
    assert states(made) == {"T1": "asking"}


def test_the_answer_to_another_attempt_is_not_this_ones():
    made = asking(None)
    other = gate(
        GateKind.question, "question:T1.2.1", data={"task": "T1", "attempt": 2}, outcome=Verb.answer
    )
    assert states(plus(made, gates=other)) == {"T1": "asking"}


# -- what makes a result count again ---------------------------------------------------------------


def chain() -> Record:
    """T1 → T2 → T3, and T4 by itself: all done."""
    made = record(task("T1"), task("T2", "T1"), task("T3", "T2"), task("T4"))
    for name in ("T1", "T2", "T3", "T4"):
        made = do(made, name)
    assert Board.of(made).settled
    return made


def test_guidance_reruns_exactly_the_task_and_its_descendants():
    made = plus(chain(), guidance=guidance(1, ["T2"]))
    assert states(made) == {"T1": "done", "T2": "ready", "T3": "waiting", "T4": "done"}
    made = do(made, "T2", "another text")
    assert states(made)["T3"] == "ready"
    made = do(made, "T3")
    assert Board.of(made).settled
    assert len(made.attempts_of("T1")) == len(made.attempts_of("T4")) == 1


def test_descendants_keep_their_result_when_the_rerun_gives_the_same_output():
    made = do(plus(chain(), guidance=guidance(1, ["T2"])), "T2")
    assert Board.of(made).settled


def test_a_result_is_reused_by_the_next_version_of_the_plan():
    made = chain()
    first = made.plans[0]
    changed = [t if t.id != "T4" else task("T4", instructions="Otherwise") for t in first.tasks]
    made = plus(made, plans=plan(*changed, version=2))
    assert states(made) == {"T1": "done", "T2": "done", "T3": "done", "T4": "ready"}
    views = Board.of(made).by_id
    assert views["T1"].reused
    assert not views["T4"].reused


def test_a_result_of_this_version_is_not_called_reused():
    assert not any(view.reused for view in Board.of(chain()).views)


def test_numbers_grow_over_plan_versions():
    made = plus(chain(), plans=plan(task("T1", instructions="Otherwise"), version=2))
    assert run(made, "T1").number == 2


def test_going_back_to_the_first_version_finds_its_results_again():
    made = plus(chain(), plans=plan(task("T1", instructions="Otherwise"), version=2))
    made = do(made, "T1")
    made = plus(made, plans=plan(task("T1"), version=3))
    view = Board.of(made).by_id["T1"]
    assert (view.state, view.attempt and view.attempt.number) == (TaskState.done, 1)


def test_everything_that_the_work_depends_on_changes_its_fingerprint():
    base = record(task("T1"))
    first = run(base, "T1").fingerprint
    file = Attachment(name="a.csv", media_type="text/csv", size=1, sha256="0" * 64)
    words = brief().requirements[0].model_copy(update={"text": "Compare all offers"})
    criteria = (Criterion(id="C1", text="It is long", check=WordLimit(words=5)),)
    others = [
        *(
            record(task("T1", **change))
            for change in (
                {"title": "Other"},
                {"instructions": "Other"},
                {"specialist": "analyst"},
                {"tier": Tier.strong},
                {"tools": ("calculate",)},
                {"stamp": "other model"},
                {"criteria": criteria},
                {"covers": ()},
            )
        ),
        but(base, brief=brief(attachments=(file,))),
        but(base, brief=brief(requirements=(words,))),
        plus(base, guidance=guidance(1, ["T1"])),
        plus(base, guidance=guidance(2, ["T1"])),
        plus(base, guidance=guidance(1, ["T1"], requirement="R1", kind="revise", text="other")),
    ]
    prints = [first, *(run(other, "T1").fingerprint for other in others)]
    assert len(set(prints)) == len(prints)


def test_what_the_work_does_not_depend_on_leaves_the_fingerprint_alone():
    first = run(record(task("T1"), task("T2")), "T1").fingerprint
    renamed = task("T1", criteria=(Criterion(id="C9", text="It is there"),))
    same = plus(record(renamed, task("T2", "T1")), guidance=guidance(1, ["T2"]))
    assert run(same, "T1").fingerprint == first


def test_a_requirement_added_by_guidance_is_covered_by_its_task():
    made = plus(record(task("T1")), guidance=guidance(1, ["T1"], requirement="R2"))
    assert made.covers("T1") == ("R1", "R2")
    assert made.covers("T9") == ()
