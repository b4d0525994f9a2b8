"""Who is speaking, and what they may here. Discord's users → Persons."""

from collections.abc import Iterable

import discord

from bot.chat.discord.place import DM, PLATFORM
from bot.domain.authority import ADMIN, GUEST
from bot.domain.mission import Person

RESERVED = frozenset({ADMIN, GUEST, "@everyone"})
"""Words of ours: a role of this name on a server gives nothing."""
NEEDED = (
    "view_channel",
    "send_messages",
    "create_public_threads",
    "send_messages_in_threads",
    "read_message_history",
    "attach_files",
)
IN_THREAD = ("view_channel", "send_messages_in_threads", "read_message_history", "attach_files")


def workspace_of(guild: int | None, user: int) -> str:
    """The guild; each person's direct messages are a workspace of their own."""
    return f"{PLATFORM}:{guild}" if guild else f"{PLATFORM}:{DM}:{user}"


def person_of(user: discord.abc.User, guild: int | None) -> Person:
    """The Person; whoever is not fully a member of the guild is a guest."""
    roles: tuple[str, ...] = ()
    if guild:
        roles = _roles(user) if isinstance(user, discord.Member) else (GUEST,)
    return Person(
        workspace=workspace_of(guild, user.id), id=str(user.id), name=user.display_name, roles=roles
    )


def _roles(member: discord.Member) -> tuple[str, ...]:
    """Role names and ids, and our own words for those who run the server or are not yet let in."""
    if member.pending:
        return (GUEST,)
    names = [r.name for r in member.roles if r.name.casefold() not in RESERVED]
    ids = [str(r.id) for r in member.roles]
    runs = member.guild_permissions.administrator or member.guild_permissions.manage_guild
    return (*names, *ids, *((ADMIN,) if runs else ()))


def missing(permissions: discord.Permissions, *, thread: bool) -> tuple[str, ...]:
    """The permissions that the bot lacks for a mission here, as Discord's settings call them."""
    return _named(n for n in (IN_THREAD if thread else NEEDED) if not getattr(permissions, n))


def _named(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(name.replace("_", " ").title() for name in names)


def lacking(names: Iterable[str]) -> str:
    """What to do about missing permissions, in one sentence."""
    listed = ", ".join(f"**{name}**" for name in names)
    return (
        f"I may not work in this channel yet. Give my role {listed} here, and ask me again. "
        "Nothing was started."
    )
