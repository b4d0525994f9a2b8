"""Missions as lines: what needs a person first."""

from collections.abc import Iterable, Sequence

from bot.chat.slack.place import Where
from bot.domain.base import counted
from bot.domain.mission import Mission, Person
from bot.store.store import Store
from handlers.asks import STATUS_WORDS, status_line

MOST = 8
"""Missions of each group; the rest is counted."""
NOTHING = "There are no missions here yet. Start one: `/mission` and what you want done."


async def visible(store: Store, where: Where, person: Person) -> list[Mission]:
    """Those of this channel, which the person is in, and their own elsewhere."""
    found = await store.standing(where.workspace)
    here = where._replace(thread="").place
    return [m for m in found if m.place.startswith(here) or m.requester == person.id]


def groups(missions: Iterable[Mission]) -> tuple[tuple[str, list[Mission]], ...]:
    """Needs you, under way, ended; each with the newest change first."""
    newest = sorted(missions, key=lambda m: m.updated_at, reverse=True)
    needs = [m for m in newest if m.status.needs_person]
    runs = [m for m in newest if not m.status.needs_person and not m.status.ended]
    ended = [m for m in newest if m.status.ended]
    return ("✋ Needs a person", needs), ("⏳ Under way", runs), ("✅ Ended", ended)


def listed(missions: Sequence[Mission]) -> str:
    """Every group with its missions, as Markdown."""
    parts = [_group(name, [_line(m) for m in found]) for name, found in groups(missions) if found]
    return "\n\n".join(parts) or NOTHING


async def digest(store: Store, missions: Sequence[Mission]) -> str:
    """The same with how far each is; what has ended only counts."""
    (asks_, needs), (going, runs), (_, ended) = groups(missions)
    parts: list[str] = []
    for name, found in ((asks_, needs), (going, runs)):
        if found:
            lines = [await _progress(store, m) for m in found[:MOST]]
            parts.append(_group(name, lines, len(found)))
    parts += [f"{counted(len(ended), 'mission')} ended."] if ended else []
    return "\n\n".join(parts) or NOTHING


async def status(store: Store, missions: Sequence[Mission]) -> str:
    """Where those stand that have not ended."""
    running = [m for m in missions if not m.status.ended]
    if not running:
        return "Nothing is running here."
    return "\n".join([f"- {await _progress(store, m)}" for m in running[:MOST]])


async def _progress(store: Store, mission: Mission) -> str:
    record = await store.record(mission.id)
    line = status_line(record) if record else STATUS_WORDS[mission.status]
    return f"**{_title(mission)}**: {line}"


def _group(name: str, lines: Sequence[str], count: int = 0) -> str:
    more = max(count, len(lines)) - MOST
    rest = [f"- and {more} more"] if more > 0 else []
    return "\n".join([f"**{name}**", *(f"- {line}" for line in lines[:MOST]), *rest])


def _line(mission: Mission) -> str:
    return f"{_title(mission)} · {STATUS_WORDS[mission.status]}"


def _title(mission: Mission) -> str:
    return mission.title.replace("*", "").replace("_", " ")
