"""Cards as HTML, and the pages around them. Pure: what is shown depends on what is given.

A message is made of parts, each with a hash of its content. The page replaces only the parts whose
hash has changed, so words half typed into a form outlive a checklist that moves on above it.
"""

import hashlib
import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from bot.cards import Card, CardFile, Picture, Table, TaskLine, Tone, at, tell, with_times
from bot.documents.markdown import safe_html
from bot.domain.mission import Mission, Status
from bot.picture import Shape, icon, plan_svg

TEMPLATES = Path(__file__).parent / "templates"

PARTS = (
    "head", "text", "fields", "picture", "tasks", "body", "table", "sections", "attachments",
    "downloads", "buttons", "footer",
)  # fmt: skip
"""The parts of a card in the order of reading."""

FORMATS = {"md": "Markdown", "html": "HTML", "docx": "Word", "pdf": "PDF"}
MAKES_PDF = find_spec("typst") is not None
"""Whether the extra is installed: what cannot be made is not offered."""


class Mine(NamedTuple):
    """What a person wrote."""

    id: int
    text: str
    files: tuple[CardFile, ...] = ()


class Shown(NamedTuple):
    """A card as it stands in a conversation."""

    id: int
    card: Card


class Row(NamedTuple):
    """One mission of the list. `number` is the last part of its place."""

    place: str
    title: str
    state: str
    word: str
    at: datetime

    @property
    def number(self) -> str:
        return self.place.rsplit(":", 1)[-1]


class Group(NamedTuple):
    name: str
    rows: tuple[Row, ...]
    needs: bool = False


class Frame(NamedTuple):
    """What surrounds every page. `since` is the moment up to which the page has seen changes."""

    list: Markup
    models: str
    since: str = ""
    place: str = ""
    at: str = ""
    notices: tuple[str, ...] = ()
    theme: str = ""

    @property
    def offline(self) -> bool:
        return "offline" in self.models.casefold()

    @property
    def models_note(self) -> str:
        if self.offline:
            return "Deterministic rules on this machine. Set a model's key to use AI."
        return "The models that this machine is set up to use."


STATES: Mapping[Status, tuple[str, str]] = {
    Status.drafting: ("running", "planning"),
    Status.needs_answer: ("asking", "has a question"),
    Status.needs_plan_approval: ("asking", "plan to approve"),
    Status.queued: ("ready", "next"),
    Status.running: ("running", "running"),
    Status.reviewing: ("reviewing", "in review"),
    Status.needs_artifact_approval: ("asking", "result to approve"),
    Status.delivering: ("running", "finishing"),
    Status.done: ("done", "done"),
    Status.cancelled: ("skipped", "cancelled"),
    Status.failed: ("failed", "failed"),
    Status.paused: ("asking", "paused"),
}
"""The sign and the words of each mission status."""


def fragment(shown: Shown) -> Markup:
    """One card as an article. `data-say` is read out when it arrives."""
    card, name = shown.card, f"m{shown.id}"
    inner = Markup("").join(_part(part, card, name) for part in PARTS if _has(card, part))
    return Markup(
        '<article id="{}" class="card {}" aria-labelledby="{}-title" data-say="{}">{}</article>'
    ).format(name, card.tone.value, name, said(card), inner)


def said(card: Card) -> str:
    """What a screen reader says when the card arrives: its title, and whether it waits."""
    return f"{card.title}. It waits for you." if card.tone is Tone.ask else card.title


def reply(number: int, text: str) -> Markup:
    """A small line of the bot's; it is read out when it arrives."""
    return Markup(_macros().reply(number, text))  # noqa: S704


def mine(message: Mine) -> Markup:
    """A person's own words as an article."""
    return _macros().mine(message)


TICKING = re.compile(r'(<time class="elapsed"[^>]*>)[^<]*')
"""A clock's reading is no change: the page ticks by itself."""


def _has(card: Card, part: str) -> bool:
    match part:
        case "head":
            return True
        case "attachments":
            return bool(card.files)
        case "picture":
            return card.picture is not None
        case _:
            return bool(getattr(card, part))


def _part(part: str, card: Card, name: str) -> Markup:
    inner = getattr(_macros(), part)(card, name)
    mark = hashlib.sha256(TICKING.sub(r"\1", inner).encode()).hexdigest()[:12]
    return Markup('<div class="part" data-part="{}" data-hash="{}">{}</div>').format(
        part, mark, inner
    )


def rows(missions: Iterable[Mission]) -> tuple[Row, ...]:
    """Missions as rows of the list, the newest change first."""
    newest = sorted(missions, key=lambda m: m.updated_at, reverse=True)
    return tuple(Row(m.place, m.title, *STATES[m.status], at=m.updated_at) for m in newest)


def grouped(missions: Iterable[Mission], asking: Iterable[str] = ()) -> tuple[Group, ...]:
    """What needs you first, then what runs, then the rest. `asking` are missions that run on
    while one of their questions is open."""
    asked = set(asking)
    needs: list[Mission] = []
    live: list[Mission] = []
    rest: list[Mission] = []
    for mission in missions:
        if mission.status.ended:
            rest.append(mission)
        elif mission.status.needs_person or mission.id in asked:
            needs.append(mission)
        else:
            live.append(mission)
    groups = (
        Group("Needs you", tuple(_asking(r) for r in rows(needs)), needs=True),
        Group("Running", rows(live)),
        Group("Recent", rows(rest)),
    )
    return tuple(group for group in groups if group.rows)


def _asking(row: Row) -> Row:
    return row if row.state == "asking" else row._replace(state="asking", word="has a question")


def mission_list(groups: Sequence[Group], place: str = "") -> Markup:
    """The list of missions; the row of the open place is marked."""
    html = _env().get_template("list.html").render(groups=groups, place=place)
    return Markup(html)  # noqa: S704


def page(name: str, **values: Any) -> str:
    """A whole page: `home`, `thread`, `house` or `sentence`."""
    return _env().get_template(f"{name}.html").render(**values)


@cache
def _env() -> Environment:
    env = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    env.globals["icon"] = _icon  # pyright: ignore[reportArgumentType]
    filters: dict[str, Callable[..., Any]] = {
        "body": _body,
        "clock": clock,
        "column": _column,
        "data_uri": _data_uri,
        "elapsed": _elapsed,
        "facts": _facts,
        "lines": _lines,
        "format_name": _format_name,
        "markdown": _markdown,
        "plan": _plan,
        "size": size,
        "suffix": suffix,
        "times": _times,
    }
    env.filters.update(filters)
    env.tests["made_here"] = _made_here
    return env


def _made_here(value: str) -> bool:
    return MAKES_PDF or suffix(value) != "pdf"


@cache
def _macros() -> Any:
    return _env().get_template("message.html").module


def clock(at: datetime, zone: tzinfo | None = None) -> str:
    """The time of day, in this machine's zone: the browser is on the same machine."""
    return at.astimezone(zone).strftime("%H:%M")


def elapsed(start: datetime, end: datetime) -> str:
    """`0:07`, `12:30`, `2 h 5 min`. The page counts on from there."""
    seconds = max(0, int((end - start).total_seconds()))
    if seconds < 3600:
        return f"{seconds // 60}:{seconds % 60:02d}"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def size(count: int) -> str:
    """A number of bytes for people."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def suffix(kind: str) -> str:
    """The file name's end for a download: of `Word` or `docx`, `docx`."""
    ends = {label.casefold(): end for end, label in FORMATS.items()}
    return ends.get(kind.casefold(), kind)


def _facts(task: TaskLine) -> str:
    """Who does it, on what, after what: one quiet line."""
    facts = [
        task.who,
        task.tier,
        f"after {', '.join(task.needs)}" if task.needs else "",
        f"covers {', '.join(task.covers)}" if task.covers else "",
        f"attempt {task.attempt}" if task.attempt > 1 else "",
    ]
    return " · ".join(fact for fact in facts if fact)


# What follows is marked as safe: each piece is made by code that escapes what it is given.


def _icon(state: str) -> Markup:
    return Markup(icon(state))  # noqa: S704


def _plan(card: Card, shape: Shape) -> Markup:
    alt = card.picture.alt if card.picture else ""
    return Markup(plan_svg(card.tasks, alt or card.title, shape))  # noqa: S704


def _markdown(text: str, pictures: Mapping[str, str] | None = None) -> Markup:
    """Headings go below those of the page; wide tables scroll by themselves."""
    html = HEADING.sub(_lower, safe_html(text, pictures))
    html = html.replace("<table>", '<div class="scroll" tabindex="0"><table>')
    return Markup(html.replace("</table>", "</table></div>"))  # noqa: S704


def _lines(text: str) -> Markup:
    """A few words in which a new line is a new line, with their times."""
    long = "\n" in text and max(map(len, text.split("\n"))) > LONG_LINE
    parts = NO_WORDS.split(_markdown(text.replace("\n", "\n\n" if long else "  \n")))
    shown = (part if n % 2 else with_times(part, _time) for n, part in enumerate(parts))
    return Markup("".join(shown))  # noqa: S704


LONG_LINE = 80
"""Characters of a line that wraps: then the lines stand apart, or they run into each other."""
NO_WORDS = re.compile(r'(<code[^>]*>.*?</code>|<(?:"[^"]*"|[^>"])*>)', re.DOTALL)
"""Tags, and code: a time in an address or in somebody's data is not to be read out."""


def _times(text: str) -> Markup:
    """Plain words with their times."""
    return Markup(with_times(escape(text), _time))  # noqa: S704


def _time(moment: datetime) -> str:
    """In this machine's zone; the page's script tells it in its reader's."""
    said = tell(moment.astimezone())
    return f'<time datetime="{at(moment)}" data-moment>{said}</time>'


HEADING = re.compile(r"<(/?)h([1-6])>")


def _lower(heading: re.Match[str]) -> str:
    return f"<{heading[1]}h{min(6, int(heading[2]) + 2)}>"


def _body(card: Card) -> Markup:
    """The document, with the card's own pictures in it."""
    own = {f.name: f"/files/{f.sha256}/{quote(f.name)}" for f in card.files}
    return _markdown(card.body, own)


def _data_uri(picture: Picture) -> str:
    """As an image, in which no script runs and nothing is loaded."""
    return "data:image/svg+xml;base64," + b64encode(picture.svg.encode()).decode()


def _elapsed(item: Card | TaskLine) -> str:
    if item.started_at is None:
        return ""
    return elapsed(item.started_at, item.ended_at or datetime.now(UTC))


def _format_name(kind: str) -> str:
    return FORMATS.get(suffix(kind), kind)


def _column(table: Table, column: int) -> Markup:
    """The class of a column: numbers stand to the right, short words are not broken."""
    cells = [row[column].strip() for row in table.rows if column < len(row)]
    if _all_numbers(cells):
        return Markup(' class="number"')
    return Markup(' class="short"') if all(len(cell) <= SHORT for cell in cells) else Markup("")


SHORT = 14


def _all_numbers(cells: Sequence[str]) -> bool:
    filled = [cell for cell in cells if cell and cell not in {"–", "—", "-"}]
    return bool(filled) and all(_is_number(cell) for cell in filled)


def _is_number(text: str) -> bool:
    bare = text.translate(str.maketrans("", "", ",_ %$€£+−-\u00a0"))
    return bare.replace(".", "", 1).isdecimal()
