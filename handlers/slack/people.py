"""Who is speaking, and what they may: Slack's users → Persons."""

import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from typing import Any

from bot.chat.slack.calls import PAGES, Calls
from bot.chat.slack.errors import Refused
from bot.chat.slack.place import Where, workspace_of
from bot.domain.authority import ADMIN, GUEST
from bot.domain.mission import Person
from bot.ports import ChatError, ChatGone

Json = dict[str, Any]

KNOWN_FOR = 600.0
"""Seconds for which a person is not asked for again: roles that change count after that."""
GROUP_KNOWN_FOR = 120.0
"""The same for user groups, and for who is in which channel."""
REMEMBERED = 5_000


class _Kept:
    """What was asked for lately."""

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, Any]] = OrderedDict()

    def get(self, key: str) -> Any:
        at, value = self._kept.get(key, (-self._seconds, None))
        return value if self._clock() - at < self._seconds else None

    def put(self, key: str, value: Any) -> None:
        self._kept[key] = (self._clock(), value)
        self._kept.move_to_end(key)
        if len(self._kept) > REMEMBERED:
            self._kept.popitem(last=False)


class People:
    """Persons by team and user id."""

    def __init__(self, calls: Calls, clock: Callable[[], float] = time.monotonic) -> None:
        self._calls = calls
        self._people = _Kept(KNOWN_FOR, clock)
        self._groups = _Kept(GROUP_KNOWN_FOR, clock)

    async def person(self, team: str, user: str, group: str = "") -> Person:
        """The Person, with the role `group` when they are in that user group.

        Whoever is not a full member of this workspace is a guest. Raises ChatError when Slack
        cannot be asked now: nobody is taken for what they may not be.
        """
        found = self._people.get(f"{team}:{user}")
        if found is None:
            found = await self._ask(team, user)
            self._people.put(f"{team}:{user}", found)
        if group and GUEST not in found.roles and user in await self._group(team, group):
            return found.model_copy(update={"roles": (*found.roles, group)})
        return found

    async def name(self, team: str, user: str) -> str:
        return (await self.person(team, user)).name

    async def _ask(self, team: str, user: str) -> Person:
        try:
            said = await self._calls.ask(Where(team, ""), "users.info", user=user)
        except Refused as refused:
            if refused.code not in {"user_not_found", "user_not_visible"}:
                raise
            return Person(workspace=workspace_of(team), id=user, name=user, roles=(GUEST,))
        return person_of(said["user"], team)

    async def channels(self, team: str, user: str) -> frozenset[str]:
        """The channels that a person is in, as far as the bot sees them. Raises ChatError."""
        found = self._groups.get(f"{team}:channels:{user}")
        if found is None:
            found = frozenset([channel async for channel in self._channels(team, user)])
            self._groups.put(f"{team}:channels:{user}", found)
        return found

    async def _channels(self, team: str, user: str) -> AsyncIterator[str]:
        cursor = ""
        for _ in range(PAGES):
            said = await self._calls.ask(
                Where(team, ""), "users.conversations", user=user, exclude_archived=True,
                types="public_channel,private_channel", limit=200, team_id=team,
                cursor=cursor or None,
            )  # fmt: skip
            for channel in said.get("channels") or ():
                yield str(channel["id"])
            more: Json = said.get("response_metadata") or {}
            cursor = str(more.get("next_cursor") or "")
            if not cursor:
                return

    async def groups(self, team: str) -> tuple[tuple[str, str], ...]:
        """The user groups of a workspace, as id and handle; () when they cannot be had."""
        found = self._groups.get(f"{team}:")
        if found is None:
            try:
                where = Where(team, "")
                said = await self._calls.ask(where, "usergroups.list", team_id=team)
            except ChatError:
                return ()
            groups: list[Json] = said.get("usergroups") or []
            found = tuple((g["id"], f"@{g.get('handle') or g.get('name')}") for g in groups)
            self._groups.put(f"{team}:", found)
        return found

    async def _group(self, team: str, group: str) -> frozenset[str]:
        """The members of a user group; nobody when the bot may not know them."""
        found = self._groups.get(f"{team}:{group}")
        if found is None:
            try:
                said = await self._calls.ask(
                    Where(team, ""), "usergroups.users.list", usergroup=group, team_id=team
                )
                found = frozenset(said.get("users") or ())
            except (Refused, ChatGone):
                found = frozenset[str]()
            self._groups.put(f"{team}:{group}", found)
        return found


def person_of(user: Json, team: str) -> Person:
    """What `users.info` says of a person. Pure."""
    profile: Json = user.get("profile") or {}
    known = (profile.get("display_name"), profile.get("real_name"), user.get("name"), user["id"])
    name = next(str(name) for name in known if name)
    return Person(
        workspace=workspace_of(team), id=user["id"], name=name, zone=user.get("tz") or "UTC",
        roles=_roles(user, team),
    )  # fmt: skip


def _roles(user: Json, team: str) -> tuple[str, ...]:
    outside = user.get("is_stranger") or not _belongs(user, team)
    limited = user.get("is_restricted") or user.get("is_ultra_restricted") or user.get("is_bot")
    if outside or limited or user.get("deleted"):
        return (GUEST,)
    return (ADMIN,) if _leads(user, team) else ()


def _belongs(user: Json, team: str) -> bool:
    """True for members. In an organisation people are also in workspaces besides their home."""
    everywhere: Json = user.get("enterprise_user") or {}
    return user.get("team_id", team) == team or team in (everywhere.get("teams") or ())


def _leads(user: Json, team: str) -> bool:
    """True for admins: of this workspace, when they are at home here, or of the organisation."""
    at_home = user.get("team_id", team) == team
    leader: Json = user if at_home else user.get("enterprise_user") or {}
    return bool(leader.get("is_admin") or leader.get("is_owner"))
