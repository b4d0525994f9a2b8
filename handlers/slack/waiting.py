"""What waits for whom: the missions that a person may decide about, and those that wait for others.

Visibility follows the Place: of other people's missions one sees those in one's own channels.
"""

from collections.abc import Iterable
from typing import NamedTuple

from bot.chat.slack.place import Where
from bot.domain.authority import GUEST, may, who
from bot.domain.mission import Mission, Person
from bot.ports import ChatError
from handlers.slack.face import Face

LOOKED_AT = 60
"""Missions that wait, of those that a person can see: so many are looked at, the newest first."""
SECOND = "You have decided. It waits for a second person."


class Waiting(NamedTuple):
    """`needs` this person; `others` wait for somebody else, each with whom for."""

    needs: list[Mission]
    others: list[tuple[Mission, str]]


async def waiting(face: Face, team: str, user: str, asking: Iterable[Mission]) -> Waiting:
    """Sort missions that need somebody, by whether this person may decide now."""
    found = Waiting([], [])
    person = await face.person(team, user)
    if GUEST in person.roles:
        return found
    for mission in (await _visible(face, team, user, list(asking)))[:LOOKED_AT]:
        if not may(await _with_group(face, team, person, mission), mission):
            if mission.requester == user:
                found.others.append((mission, f"Waiting for {who(mission.policy, '')}."))
        elif await _decided(face, user, mission):
            found.others.append((mission, SECOND))
        else:
            found.needs.append(mission)
    return found


async def _visible(face: Face, team: str, user: str, asking: list[Mission]) -> list[Mission]:
    """Their own, those that name them, and those in their channels, as far as these are known."""
    if all(own(mission, user) for mission in asking):
        return asking
    try:
        channels = await face.people.channels(team, user)
    except ChatError:
        channels = frozenset[str]()
    return [m for m in asking if own(m, user) or Where.of(m.place).channel in channels]


def own(mission: Mission, user: str) -> bool:
    """True when they asked for it, or are named as who may decide."""
    return mission.requester == user or user in mission.policy.people


async def _with_group(face: Face, team: str, person: Person, mission: Mission) -> Person:
    """The person with the mission's user group, when they are in it and that can be known now."""
    if mission.policy.kind != "role":
        return person
    try:
        return await face.person(team, person.id, mission)
    except ChatError:
        return person


async def _decided(face: Face, user: str, mission: Mission) -> bool:
    """True when all that is asked has this person's answer, and needs another's."""
    if mission.policy.kind != "two_person":
        return False
    record = await face.store.record(mission.id)
    if record is None or not record.open_gates:
        return False
    mine = {decision.gate for decision in record.decisions if decision.person == user}
    return all(gate.id in mine for gate in record.open_gates)
