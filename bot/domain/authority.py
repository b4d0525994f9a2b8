"""Who may do what. One pure rule for every face: text never approves, only allowed people act."""

from collections.abc import Sequence

from bot.domain.gate import Decision, Verb
from bot.domain.mission import Mission, Person, Policy

ADMIN = "admin"
GUEST = "guest"


def may(person: Person, mission: Mission) -> bool:
    """True when this person may decide about the mission."""
    if person.workspace != mission.workspace or GUEST in person.roles:
        return False
    if ADMIN in person.roles:
        return True
    return _within(person, mission.policy, mission.requester)


def may_rate(person: Person, mission: Mission) -> bool:
    """True when this person may say how they find the result: all who belong to the Workspace."""
    return person.workspace == mission.workspace and GUEST not in person.roles


def _within(person: Person, policy: Policy, requester: str) -> bool:
    match policy.kind:
        case "requester":
            return person.id == requester
        case "channel":
            return True
        case "users":
            return person.id in policy.people
        case "role":
            return policy.role in person.roles
        case "two_person":
            return not policy.people or person.id in policy.people


def settles(policy: Policy, decisions: Sequence[Decision]) -> Verb | None:
    """The verb that closes the gate, once enough people have spoken.

    Under `two_person` two different people must approve; one is enough to revise or cancel.
    """
    verbs = [d.verb for d in decisions]
    others = [v for v in verbs if v is not Verb.approve]
    if others:
        return others[-1]
    needed = 2 if policy.kind == "two_person" else 1
    approvers = {d.person for d in decisions}
    return Verb.approve if len(approvers) >= needed else None


def who(policy: Policy, requester: str) -> str:
    """The people who may decide, in words."""
    if policy.shown:
        return policy.shown
    match policy.kind:
        case "requester":
            return requester or "the person who asked"
        case "channel":
            return "anyone here"
        case "users":
            return ", ".join(policy.people)
        case "role":
            return f"anyone in {policy.role}"
        case "two_person":
            return "two people" + (f" of {', '.join(policy.people)}" if policy.people else "")
