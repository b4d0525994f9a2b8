"""What a record tells of itself."""

from datetime import timedelta

from bot.domain.gate import GateKind, Verb
from tests.core.world import AT, brief, gate, record

HOUR = timedelta(hours=1)


def test_the_time_worked_leaves_out_the_waiting_for_people():
    """Two gates that were open at once count once, and one that is open counts until now."""
    asked = gate(GateKind.plan, opened_at=AT + HOUR, outcome=Verb.approve, closed_at=AT + 3 * HOUR)
    beside = gate(
        GateKind.blocked, "blocked:T1.1", opened_at=AT + 2 * HOUR, outcome=Verb.retry,
        closed_at=AT + 4 * HOUR,
    )  # fmt: skip
    waiting = gate(GateKind.artifact, opened_at=AT + 6 * HOUR)
    whole = record(gates=(asked, beside, waiting))
    assert whole.worked(AT + 9 * HOUR) == 3 * HOUR


def test_a_requirement_that_comes_later_gets_the_next_id():
    """No id is used twice, and the words are its quote."""
    grown, new = brief().asking("Show error rates", quote="also error rates", source="guidance")
    assert (new.id, new.quote, grown.version) == ("R2", "also error rates", 2)
    assert [r.id for r in grown.requirements] == ["R1", "R2"]
