"""Cards: what people see, without a platform. Each adapter renders them; all have a text form."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field

from bot.domain.base import Frozen


class Tone(StrEnum):
    """How a card feels. Adapters choose colours; the words carry the meaning."""

    plain = "plain"
    busy = "busy"
    ask = "ask"
    good = "good"
    bad = "bad"


class Ticks(Frozen):
    """One choice of `choices` for each row, such as keep, change or drop for each task."""

    kind: Literal["ticks"] = "ticks"
    name: str
    label: str
    rows: tuple[tuple[str, str], ...]
    choices: tuple[str, ...]
    default: str


class Choice(Frozen):
    """One of several answers, or a person's own words when `free`."""

    kind: Literal["choice"] = "choice"
    name: str
    label: str
    choices: tuple[str, ...]
    default: str = ""
    free: bool = True


class Words(Frozen):
    """A box for free text."""

    kind: Literal["words"] = "words"
    name: str
    label: str
    placeholder: str = ""
    required: bool = False


FormField = Annotated[Ticks | Choice | Words, Field(discriminator="kind")]


class Form(Frozen):
    """What a button asks for before it acts: a modal, or fields that unfold."""

    title: str
    submit: str
    fields: tuple[FormField, ...]


class Button(Frozen):
    """A click that comes back as `id`; see `encode`."""

    id: str
    label: str
    style: Literal["primary", "danger", "plain"] = "plain"
    confirm: str = ""
    form: Form | None = None


class TaskLine(Frozen):
    """One row of the plan or of the live checklist. `state` is a TaskState's word."""

    id: str
    title: str
    state: str = ""
    who: str = ""
    tier: str = ""
    needs: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    writes: bool = False
    mark: Literal["", "added", "changed"] = ""
    note: str = ""
    attempt: int = 0
    started_at: datetime | None = None
    ended_at: datetime | None = None


class Section(Frozen):
    """A heading with Markdown below it; `folded` where a platform can fold."""

    heading: str
    text: str
    tone: Tone = Tone.plain
    folded: bool = False


class Table(Frozen):
    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Picture(Frozen):
    """A picture as SVG text, and what it shows in words."""

    name: str
    svg: str
    alt: str


class CardFile(Frozen):
    """A file to offer; the bytes are in Files."""

    name: str
    media_type: str
    size: int
    sha256: str
    alt: str = ""


class Card(Frozen):
    """One message. `version` is that of the plan or artifact it shows, 0 when it shows none.

    With `rating` it asks everybody whether that version is good; see `GOOD` and `BAD`.
    """

    mission: str
    slot: str
    version: int = 0
    title: str
    tone: Tone = Tone.plain
    text: str = ""
    fields: tuple[tuple[str, str], ...] = ()
    tasks: tuple[TaskLine, ...] = ()
    sections: tuple[Section, ...] = ()
    body: str = ""
    table: Table | None = None
    picture: Picture | None = None
    files: tuple[CardFile, ...] = ()
    downloads: tuple[str, ...] = ()
    buttons: tuple[Button, ...] = ()
    rating: bool = False
    started_at: datetime | None = None
    ended_at: datetime | None = None
    footer: str = ""


class Click(Frozen):
    """What a button id says: the verb, the mission, the gate and the version people saw."""

    verb: str
    mission: str
    gate: str = ""
    version: int = 0


PREFIX = "cm"
GOOD, BAD = "good", "bad"
"""The verbs that rate a version of the result."""


def encode(click: Click) -> str:
    """A button id, at most 100 characters (Discord's limit for custom ids)."""
    return "|".join((PREFIX, click.verb, click.mission, click.gate, str(click.version)))


def decode(text: str) -> Click:
    """The click of a button id. Raises ValueError when it is not one of ours."""
    parts = text.split("|")
    if len(parts) != 5 or parts[0] != PREFIX or not parts[4].isdigit():
        raise ValueError(f"not a button of ours: {text[:80]!r}")
    return Click(verb=parts[1], mission=parts[2], gate=parts[3], version=int(parts[4]))


MOMENT = re.compile(r"\b\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)")
"""How a moment stands in the words of a card. Each face shows it in its reader's zone."""


def at(moment: datetime) -> str:
    """A moment for the words of a card, to the minute: `2026-11-28T14:00Z`."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def with_times(text: str, show: Callable[[datetime], str]) -> str:
    """The text with every moment as `show` says it; what only looks like one stays."""

    def shown(found: re.Match[str]) -> str:
        try:
            return show(datetime.fromisoformat(found.group()))
        except (ValueError, OverflowError):
            return found.group()

    return MOMENT.sub(shown, text)


def tell(moment: datetime) -> str:
    """A moment in words, in its own zone: `Sat 28 Nov 2026, 14:00`. `UTC` is said."""
    text = f"{moment:%a} {moment.day} {moment:%b %Y, %H:%M}"
    return f"{text} UTC" if moment.tzname() == "UTC" else text


def spelled(text: str, zone: str = "UTC") -> str:
    """The text with its times in words, in a zone (an IANA name); UTC where there is none."""
    try:
        there = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        there = UTC
    return with_times(text, lambda moment: tell(moment.astimezone(there)))


def local(card: Card, zone: str) -> Card:
    """The card with its times in words, for a face that knows its reader's zone.

    What others wrote, in sections and in the result itself, stays as it was written.
    """
    fields = tuple((name, spelled(value, zone)) for name, value in card.fields)
    text, footer = spelled(card.text, zone), spelled(card.footer, zone)
    return card.model_copy(update={"text": text, "fields": fields, "footer": footer})


def plain(card: Card) -> str:
    """The card as text, for notifications, screen readers, shells and platforms without cards.

    Its times stay as they are, for the platform to show; `plain(local(card, zone))` tells them.
    """
    parts = [card.title, card.text, *(f"{k}: {v}" for k, v in card.fields)]
    parts += [_line(task) for task in card.tasks]
    parts += [f"{s.heading}\n{s.text}" for s in card.sections]
    parts += [card.body, _grid(card.table) if card.table else ""]
    parts += [f"File: {f.name}" for f in card.files]
    parts += [" · ".join(f"[{b.label}]" for b in card.buttons), card.footer]
    return "\n".join(part for part in parts if part)


STATE_WORDS = {
    "waiting": "◻ waiting",
    "ready": "◻ next",
    "running": "▶ running",
    "asking": "❓ asks you",
    "reviewing": "🔎 in review",
    "done": "✅ done",
    "failed": "❌ needs you",
    "blocked": "⛔ blocked",
    "skipped": "➖ left out",
}


def _line(task: TaskLine) -> str:
    state = f"{STATE_WORDS[task.state]} · " if task.state else ""
    after = f" (after {', '.join(task.needs)})" if task.needs else ""
    note = f" — {task.note}" if task.note else ""
    return f"{task.id} {state}{task.title}{after}{note}"


def _grid(table: Table) -> str:
    rows = [table.columns, *table.rows]
    return "\n".join([table.heading, *(" | ".join(row) for row in rows)])
