"""Missions as lines: what needs a person first."""

from collections.abc import Iterable, Sequence

from bot.chat.discord.place import DM
from bot.chat.discord.words import inline, moment
from bot.domain.base import counted
from bot.domain.mission import Mission
from bot.store.store import Store
from handlers.asks import STATUS_WORDS, status_line

MOST = 8
"""Missions of each group; the rest is counted."""
NOTHING = "There are no missions here yet. Start one with `/mission start`."


def groups(missions: Iterable[Mission]) -> tuple[tuple[str, list[Mission]], ...]:
    """Needs you, under way, ended; each with the newest change first."""
    newest = sorted(missions, key=lambda m: m.updated_at, reverse=True)
    needs = [m for m in newest if m.status.needs_person]
    runs = [m for m in newest if not m.status.needs_person and not m.status.ended]
    ended = [m for m in newest if m.status.ended]
    return ("✋ Needs a person", needs), ("⏳ Under way", runs), ("✅ Ended", ended)


def listed(missions: Sequence[Mission]) -> str:
    """Every group with its missions."""
    parts = [_group(name, [_line(m) for m in found]) for name, found in groups(missions) if found]
    return "\n".join(parts) or NOTHING


async def digest(store: Store, missions: Sequence[Mission]) -> str:
    """The same with how far each is; what has ended only counts."""
    (asks_, needs), (going, runs), (_, ended) = groups(missions)
    parts: list[str] = []
    for name, found in ((asks_, needs), (going, runs)):
        if found:
            lines = [await _progress(store, m) for m in found[:MOST]]
            parts.append(_group(name, lines, len(found)))
    parts += [f"{counted(len(ended), 'mission')} ended."] if ended else []
    return "\n".join(parts) or NOTHING


async def _progress(store: Store, mission: Mission) -> str:
    record = await store.record(mission.id)
    return f"{_line(mission)} {status_line(record)}" if record else _line(mission)


def _group(name: str, lines: Sequence[str], count: int = 0) -> str:
    more = max(count, len(lines)) - MOST
    rest = [f"- and {more} more"] if more > 0 else []
    return "\n".join([f"**{name}**", *(f"- {line}" for line in lines[:MOST]), *rest])


def _line(mission: Mission) -> str:
    title = inline(mission.title, 90)
    return f"[{title}]({link(mission.place)}) · {STATUS_WORDS[mission.status]} {_since(mission)}"


def _since(mission: Mission) -> str:
    return moment(mission.updated_at, "R")


def link(place: str) -> str:
    """The address of a Place for people."""
    _, guild, channel = place.split(":")
    return f"https://discord.com/channels/{'@me' if guild == DM else guild}/{channel}"
