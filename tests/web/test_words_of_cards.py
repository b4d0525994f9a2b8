"""What a card says and offers, as the presenter makes it for every face."""

from decimal import Decimal

from bot import presenter
from bot.cards import Card
from bot.domain.board import Board
from bot.domain.gate import GateKind, Verb
from bot.domain.mission import Status
from bot.domain.plan import Estimate
from bot.domain.record import Record, Spending
from bot.domain.work import AttemptStatus
from tests.core.world import AT, attempt, gate, plus, record, task

TASKS = (task("T1"), task("T2"))
FREE = Estimate(cost=Decimal(0), seconds=20)


def card(made: Record, slot: str = "plan:1") -> Card:
    shown = presenter.card(made, slot, AT)
    assert shown is not None
    return shown


def estimated(estimate: Estimate, **mission: object) -> Record:
    made = record(*TASKS)
    plans = tuple(p.model_copy(update={"estimate": estimate}) for p in made.plans)
    said = made.mission.model_copy(update=mission)
    return made.model_copy(update={"plans": plans, "mission": said})


def test_free_models_are_said_to_be_free_once():
    """A cap of two dollars and “$0.00” tell nothing about a model that costs nothing."""
    assert card(estimated(FREE)).fields == (("Cost so far", "free"),)


def test_a_cap_that_a_person_set_is_said():
    """Even then."""
    fields = card(estimated(FREE, cap=Decimal("0.50"))).fields
    assert fields == (("Cost so far", "free"), ("Cap", "$0.50"))


def test_what_was_spent_is_said_with_the_cap():
    """As soon as one call had a price."""
    paid = estimated(FREE).model_copy(update={"spending": Spending(spent=Decimal("0.31"), calls=4)})
    assert card(paid).fields == (("Cost so far", "$0.31"), ("Cap", "$2.00"))


def test_a_result_that_waits_leaves_nothing_to_stop():
    """The plan's card has no Stop then; the result has its own buttons."""
    assert [b.label for b in card(estimated(FREE)).buttons] == ["Stop"]
    assert card(estimated(FREE, status=Status.needs_artifact_approval)).buttons == ()


def test_a_third_failure_no_longer_proposes_to_try_again():
    """Retry stays, but it is not the button that stands out."""
    asks = gate(GateKind.blocked, data={"task": "T1", "why": "It could not be read."})
    for tries, style in ((1, "primary"), (3, "plain")):
        attempts = tuple(attempt("T1", n, "f") for n in range(1, tries + 1))
        made = plus(record(*TASKS), gates=asks).model_copy(update={"attempts": attempts})
        retry = next(b for b in card(made, asks.name).buttons if f"|{Verb.retry.value}|" in b.id)
        assert retry.style == style


def test_a_second_attempt_is_told_by_its_number_alone():
    """Each face says “attempt 2” from the number; the note does not say it again."""
    made = record(*TASKS)
    print_ = Board.of(made).by_id["T1"].fingerprint
    lost = attempt("T1", 1, print_, status=AttemptStatus.stopped, output=None)
    again = attempt("T1", 2, print_, status=AttemptStatus.running, output=None)
    line = card(made.model_copy(update={"attempts": (lost, again)})).tasks[0]
    assert (line.state, line.attempt, line.note) == ("running", 2, "")
