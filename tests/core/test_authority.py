"""Who may decide, and when enough people have."""

import pytest

from bot.domain.authority import may, settles, who
from bot.domain.gate import Verb
from bot.domain.mission import Person, Policy
from tests.core.world import ADA, BOB, CYD, decision, mission

ADMIN = Person(workspace="W1", id="root", roles=("admin",))
GUEST = Person(workspace="W1", id="ada", roles=("guest",))
STRANGER = Person(workspace="W2", id="ada", roles=("admin",))
LEGAL = Person(workspace="W1", id="lea", roles=("legal",))

POLICIES: dict[str, tuple[Policy, set[str]]] = {
    "requester": (Policy(), {"ada", "root"}),
    "channel": (Policy(kind="channel"), {"ada", "bob", "lea", "root"}),
    "users": (Policy(kind="users", people=("bob",)), {"bob", "root"}),
    "role": (Policy(kind="role", role="legal"), {"lea", "root"}),
    "any two": (Policy(kind="two_person"), {"ada", "bob", "lea", "root"}),
    "two of": (Policy(kind="two_person", people=("ada", "bob")), {"ada", "bob", "root"}),
}


@pytest.mark.parametrize("name", POLICIES)
def test_a_policy_lets_exactly_its_people_decide(name: str):
    policy, allowed = POLICIES[name]
    asked = mission(policy=policy)
    assert {p.id for p in (ADA, BOB, LEGAL, ADMIN) if may(p, asked)} == allowed


@pytest.mark.parametrize("name", POLICIES)
def test_guests_and_strangers_never_decide(name: str):
    asked = mission(policy=POLICIES[name][0])
    assert not may(GUEST, asked)
    assert not may(STRANGER, asked)


def test_a_guest_who_is_an_admin_by_mistake_stays_a_guest():
    both = Person(workspace="W1", id="ada", roles=("admin", "guest"))
    assert not may(both, mission())


TWO = Policy(kind="two_person")


def test_nobody_has_decided_yet():
    assert settles(Policy(), []) is None
    assert settles(TWO, []) is None


@pytest.mark.parametrize("verb", list(Verb))
def test_one_person_is_enough(verb: Verb):
    assert settles(Policy(), [decision(ADA, verb)]) is verb


def test_two_people_must_approve():
    assert settles(TWO, [decision(ADA, Verb.approve)]) is None
    both = [decision(ADA, Verb.approve), decision(BOB, Verb.approve)]
    assert settles(TWO, both) is Verb.approve


def test_one_person_twice_is_not_two_people():
    assert settles(TWO, [decision(ADA, Verb.approve)] * 2) is None


@pytest.mark.parametrize("verb", [Verb.revise, Verb.cancel])
def test_one_of_two_is_enough_to_send_back_or_cancel(verb: Verb):
    """In whatever order the rows come: two can decide in the same instant."""
    said = [decision(ADA, Verb.approve), decision(BOB, verb)]
    assert settles(TWO, said) is verb
    assert settles(TWO, said[::-1]) is verb


def test_the_people_in_words():
    assert who(Policy(), "Ada") == "Ada"
    assert who(Policy(), "") == "the person who asked"
    assert who(Policy(kind="channel"), "Ada") == "anyone here"
    assert who(Policy(kind="users", people=("bob", "cyd")), "Ada") == "bob, cyd"
    assert who(Policy(kind="role", role="legal"), "Ada") == "anyone in legal"
    assert who(TWO, "Ada") == "two people"
    assert who(Policy(kind="two_person", people=(ADA.id, CYD.id)), "") == "two people of ada, cyd"
