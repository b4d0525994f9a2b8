"""Card → Discord components. Pure: the same card gives the same message.

`render` is a page of Components V2, `classic` an embed with buttons for where V2 is refused.
What does not fit is attached as a Markdown file: nothing is lost.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from bot.cards import (
    STATE_WORDS,
    Button,
    Card,
    Click,
    Section,
    Table,
    TaskLine,
    Tone,
    encode,
    local,
    plain,
    spelled,
)
from bot.chat.discord import limits
from bot.chat.discord.attach import Attach, Attached, Link, attached, safe
from bot.chat.discord.marks import mark
from bot.chat.discord.words import (
    clip,
    clip_markdown,
    fenced,
    grid_lines,
    inline,
    markdown,
    moment,
    size,
)

Json = dict[str, Any]

V2 = 1 << 15
DOWNLOAD = "download"
"""The verb of the menu that offers `Card.downloads`; the chosen value is the format."""
FORMATS = {"md": "Markdown", "html": "HTML", "docx": "Word", "pdf": "PDF"}

ACTION_ROW, BUTTON, SELECT, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER = 1, 2, 3, 10, 12, 13, 14, 17
STYLES = {"primary": 1, "danger": 4, "plain": 2}
COLOURS = {Tone.busy: 0x5B7CDE, Tone.ask: 0xD99A2B, Tone.good: 0x3F9B61, Tone.bad: 0xC4463A}
SIGNS = {Tone.busy: "⏳", Tone.ask: "✋", Tone.good: "✅", Tone.bad: "⚠️"}
MARKS = {"added": " *(new)*", "changed": " *(changed)*", "": ""}

HEAD = 240
LEAD = 1_100
FIELDS = 700
FOOT = 300
NOTE = 130
SECTIONS = 2
"""Sections with a display of their own; what follows shares the last one."""


class Page(NamedTuple):
    """What to send. `embeds` only on a classic page."""

    components: list[Json]
    files: tuple[Attach, ...] = ()
    embeds: tuple[Json, ...] = ()
    v2: bool = True


def live(card: Card) -> bool:
    """True when the card is the checklist of a mission under way."""
    return any(task.state for task in card.tasks) and card.ended_at is None


def spill_name(card: Card) -> str:
    """The file name of what did not fit."""
    slot = re.sub(r"[^a-z0-9]+", "-", card.slot.lower()).strip("-") or "mission"
    return f"{slot[:60]}.md"


def whole(card: Card) -> str:
    """All long content of a card as one Markdown document."""
    card = local(card, "UTC")
    parts = [f"# {card.title}", card.text, *(f"- **{k}:** {v}" for k, v in card.fields)]
    parts.append("\n".join(f"- {_task_words(task, 10**9)}" for task in card.tasks))
    parts += [f"## {s.heading}\n\n{s.text}" for s in card.sections]
    parts += [card.body, _table_document(card.table) if card.table else ""]
    return "\n\n".join(part for part in parts if part) + "\n"


def _table_document(table: Table) -> str:
    rows = [table.columns, tuple("---" for _ in table.columns), *table.rows]
    lines = ["| " + " | ".join(c.replace("|", "\\|") for c in row) + " |" for row in rows]
    return "\n".join([f"## {table.heading}", "", *lines])


# Components V2


def render(
    card: Card,
    revision: int = 0,
    *,
    most: int = limits.FILE,
    link: Link | None = None,
    attach: bool = True,
) -> Page:
    """The card as one container.

    `most` is the largest file, in bytes, that this place takes; without `attach` there are none.
    """
    files = attached(card, most, link)
    draft = _Draft(card, files, revision)
    spill = _spill(card) if draft.cut and attach else ()
    return Page([draft.container(spill)], (*_picture(card), *files.attach, *spill))


def bare(
    card: Card,
    revision: int = 0,
    *,
    most: int = limits.FILE,
    link: Link | None = None,
    attach: bool = True,
) -> Page:
    """The card as one text with its buttons, when everything else was refused."""
    foot = _foot(card, revision)
    text = clip_markdown(markdown(_said(card)), limits.TEXT - size(foot))
    parts = [_text(text)] if text else []
    return Page([*parts, *rows(card.buttons), _text(foot)])


def _said(card: Card) -> str:
    """The card as text, without what has its own place."""
    return plain(card.model_copy(update={"buttons": (), "footer": ""}))


def _spill(card: Card) -> tuple[Attach, ...]:
    """A live card changes all the time; what it leaves out was in the plan people approved."""
    return () if live(card) else (Attach(spill_name(card), text=whole(card)),)


def _picture(card: Card) -> tuple[Attach, ...]:
    picture = card.picture
    if picture is None:
        return ()
    number = hashlib.sha256(picture.svg.encode()).hexdigest()[:12]
    name = f"{safe(picture.name)[:60]}-{number}.png"
    alt = clip(picture.alt, limits.ALT)
    return (Attach(name, alt=alt, svg=picture.svg, image=True),)


class _Draft:
    """The parts of a card in the order of reading, within the room that is left for each.

    Title, fields, files, buttons and footer have their room for sure. The rest is shared: what is
    wrong comes first, then tasks, body, table and the other sections.
    """

    def __init__(self, card: Card, files: Attached, revision: int) -> None:
        self.card = card
        self.files = files
        self.cut = len(card.buttons) > limits.BUTTONS
        head, fields, foot = self._head(), self._fields(), _foot(card, revision)
        fixed = [*head, *fields, *files.lines, foot]
        self.room = limits.TEXT - NOTE - sum(size(text) for text in fixed)
        bad = [s for s in card.sections if s.tone is Tone.bad]
        others = [s for s in card.sections if s.tone is not Tone.bad]
        middle = [*self._urgent(bad), *self._tasks(), *self._body(), *self._table()]
        middle += self._sections(others)
        self.above, self.below, self.foot = [*head, *fields], middle, foot

    def container(self, spill: Sequence[Attach]) -> Json:
        """The message's one top-level component."""
        parts = [_text(text) for text in self.above]
        parts += [_gallery(_picture(self.card))] if self.card.picture else []
        parts += [_text(text) for text in self.below]
        parts += [_text(self._note(spill))] if self.cut else []
        parts += [_text(text) for text in self.files.lines]
        parts += _shown_files([*self.files.attach, *spill])
        parts += [*rows(self.card.buttons), *_downloads(self.card), _text(self.foot)]
        made: Json = {"type": CONTAINER, "components": parts}
        if self.card.tone in COLOURS:
            made["accent_color"] = COLOURS[self.card.tone]
        return made

    def _note(self, spill: Sequence[Attach]) -> str:
        if not spill:
            return "-# Shortened to fit."
        return f"-# Shortened to fit. The whole text is in `{spill[0].name}` below."

    def _head(self) -> list[str]:
        sign = SIGNS.get(self.card.tone, "")
        lead = f"{sign} " if sign and self.card.title[:1].isalnum() else ""
        title = self._line(self.card.title, HEAD - 8)
        text = self._clipped(markdown(self.card.text), LEAD)
        return [f"## {lead}{title or '…'}" + (f"\n{text}" if text else "")]

    def _line(self, text: str, most: int) -> str:
        self.cut = self.cut or size(" ".join(text.split())) > most
        return inline(text, most)

    def _clipped(self, text: str, most: int) -> str:
        """Markdown within `most`; it is noted when something is left out."""
        made = clip_markdown(text, max(0, most))
        self.cut = self.cut or size(text.strip()) > most
        return made

    def _fields(self) -> list[str]:
        if not self.card.fields:
            return []
        each = FIELDS // len(self.card.fields)
        if each < 24:
            self.cut = True
        shown = self.card.fields[: FIELDS // 24]
        each = FIELDS // len(shown) - 8
        lines = [
            f"**{inline(k, each // 3)}** {self._clipped(markdown(v), each - each // 3)}"
            for k, v in shown
        ]
        return ["\n".join(lines)]

    def _take(self, text: str, most: int) -> Iterator[str]:
        """The text within `most` and what is left, and that room is spent."""
        room = min(most, self.room)
        if not text.strip():
            return
        if room < 24:
            self.cut = True
            return
        made = self._clipped(text, room)
        self.room -= size(made)
        if made.strip():
            yield made

    def _tasks(self) -> Iterator[str]:
        tasks = self.card.tasks
        if not tasks:
            return
        others = self.card.sections or self.card.body or self.card.table
        most = int(self.room * (0.6 if others else 1.0))
        each = most // len(tasks) - 3
        lines = [f"- {_task_words(task, each)}" for task in tasks]
        self.cut = self.cut or any(line.endswith(CUT_TITLE) for line in lines)
        self.cut = self.cut or any(size(t.title) > _title_room(t, each) for t in tasks)
        yield from self._take("\n".join(lines), most)

    def _urgent(self, sections: Sequence[Section]) -> Iterator[str]:
        if sections:
            yield from self._take("\n".join(map(_section_words, sections)), self.room // 2)

    def _sections(self, sections: Sequence[Section]) -> Iterator[str]:
        texts = [_section_words(section) for section in sections]
        if len(texts) > SECTIONS:
            texts = [*texts[: SECTIONS - 1], "\n".join(texts[SECTIONS - 1 :])]
        for number, text in enumerate(texts):
            left = len(texts) - number
            yield from self._take(text, self.room if left == 1 else self.room * 2 // (left + 1))

    def _table(self) -> Iterator[str]:
        table = self.card.table
        if table is None or not (table.columns or table.rows):
            return
        most = self.room * 2 // 3 if self.card.sections else self.room
        heading = f"### {inline(table.heading, 100)}\n" if table.heading else ""
        yield from self._take_table(heading, list(grid_lines([table.columns, *table.rows])), most)

    def _take_table(self, heading: str, lines: list[str], most: int) -> Iterator[str]:
        """Whole lines only."""
        room = min(most, self.room) - size(heading) - 10
        kept = 0
        while kept < len(lines) and room >= size(lines[kept]) + 1:
            room -= size(lines[kept]) + 1
            kept += 1
        self.cut = self.cut or kept < len(lines)
        if kept > 0:
            made = heading + fenced(lines[:kept])
            self.room -= size(made)
            yield made

    def _body(self) -> Iterator[str]:
        others = self.card.table or self.card.sections
        yield from self._take(markdown(self.card.body), self.room * (2 if others else 3) // 3)


CUT_TITLE = "…"


def _text(text: str) -> Json:
    return {"type": TEXT, "content": text}


def _foot(card: Card, revision: int) -> str:
    parts = [markdown(inline(card.footer, FOOT - 80))] if card.footer else []
    if card.started_at and not card.ended_at:
        parts.append(f"started {moment(card.started_at, 'R')}")
    return f"-# {' · '.join([*parts, mark(card, revision)])}"


def _section_words(section: Section) -> str:
    sign = f"{SIGNS[section.tone]} " if section.tone in SIGNS else ""
    return f"### {sign}{inline(section.heading, 120)}\n{markdown(section.text)}"


def _task_words(task: TaskLine, most: int) -> str:
    """One task in at most `most` units: its title is cut first, then what stands behind it."""
    lead, tail = _task_lead(task), _task_tail(task)
    room = most - size(lead)
    title = inline(task.title, max(8, room - size(tail)))
    return clip(f"{lead}{title}{tail}", most)


def _title_room(task: TaskLine, most: int) -> int:
    return most - size(_task_lead(task)) - size(_task_tail(task))


def _task_lead(task: TaskLine) -> str:
    state = f"{STATE_WORDS[task.state]} · " if task.state else ""
    return f"{state}**{task.id}** "


def _task_tail(task: TaskLine) -> str:
    """Who does it, after what, and what a reader must know."""
    parts = [p for p in (task.who, task.tier) if p and not task.state]
    parts += [f"after {', '.join(task.needs)}"] if task.needs and not task.state else []
    parts += [f"for {', '.join(task.covers)}"] if task.covers and not task.state else []
    parts += ["✏️ writes"] if task.writes else []
    parts += [f"attempt {task.attempt}"] if task.attempt > 1 else []
    if task.state == "running" and task.started_at:
        parts.append(f"since {moment(task.started_at, 'R')}")
    parts += [inline(task.note, 90)] if task.note else []
    return MARKS[task.mark] + (f" · {' · '.join(parts)}" if parts else "")


def _gallery(images: Iterable[Attach]) -> Json:
    return {"type": GALLERY, "items": [_media(image) for image in images]}


def _media(image: Attach) -> Json:
    made: Json = {"media": {"url": f"attachment://{image.name}"}}
    return made | ({"description": image.alt} if image.alt else {})


def _shown_files(files: Sequence[Attach]) -> list[Json]:
    images = [f for f in files if f.image]
    made = [_gallery(images)] if images else []
    others = [f for f in files if not f.image]
    return made + [{"type": FILE, "file": {"url": f"attachment://{f.name}"}} for f in others]


def rows(buttons: Sequence[Button]) -> list[Json]:
    """Buttons as action rows, as many as a message takes."""
    shown = [button(b) for b in _distinct(buttons)[: limits.BUTTONS]]
    return [
        {"type": ACTION_ROW, "components": shown[n : n + limits.ROW]}
        for n in range(0, len(shown), limits.ROW)
    ]


def _distinct(buttons: Sequence[Button]) -> list[Button]:
    """Discord refuses a message with one id twice; two such buttons would do the same."""
    return list({b.id[: limits.CUSTOM_ID]: b for b in reversed(buttons)}.values())[::-1]


def button(shown: Button) -> Json:
    """A button whose custom id is the codec's text."""
    return {
        "type": BUTTON,
        "style": STYLES[shown.style],
        "label": clip(shown.label, limits.BUTTON) or "…",
        "custom_id": shown.id[: limits.CUSTOM_ID],
    }


def _downloads(card: Card) -> list[Json]:
    if not card.downloads:
        return []
    click = Click(verb=DOWNLOAD, mission=card.mission, version=card.version)
    options = [
        {"label": FORMATS.get(name, name.upper())[: limits.OPTION], "value": name[: limits.OPTION]}
        for name in dict.fromkeys(card.downloads)
    ]
    menu = {
        "type": SELECT,
        "custom_id": encode(click)[: limits.CUSTOM_ID],
        "placeholder": "Download as…",
        "options": options[: limits.OPTIONS],
    }
    return [{"type": ACTION_ROW, "components": [menu]}]


# Classic messages


def classic(
    card: Card,
    revision: int = 0,
    *,
    most: int = limits.FILE,
    link: Link | None = None,
    attach: bool = True,
) -> Page:
    """The card as an embed with buttons, for where Components V2 are refused."""
    text = plain(card.model_copy(update={"title": "", "buttons": (), "footer": "", "fields": ()}))
    shown = clip_markdown(markdown(text), limits.EMBED_TEXT)
    files = attached(card, most, link)
    cut = size(text) > limits.EMBED_TEXT or _fields_cut(card)
    spill = _spill(card) if cut and attach else ()
    embed: Json = {
        "title": inline(card.title, limits.EMBED_TITLE) or "…",
        "description": shown or "…",
        "fields": [_embed_field(k, v) for k, v in card.fields[: limits.EMBED_FIELDS]],
        "footer": {
            "text": f"{inline(spelled(card.footer), limits.FOOTER)} · {mark(card, revision)}"
        },
    }
    if card.tone in COLOURS:
        embed["color"] = COLOURS[card.tone]
    picture = _picture(card)
    if picture:
        embed["image"] = {"url": f"attachment://{picture[0].name}"}
    below = [*rows(card.buttons), *_downloads(card)]
    return Page(below, (*picture, *files.attach, *spill), (embed,), v2=False)


def _fields_cut(card: Card) -> bool:
    long = any(size(v) > limits.FIELD_VALUE for _, v in card.fields)
    return long or len(card.fields) > limits.EMBED_FIELDS


def _embed_field(key: str, value: str) -> Json:
    return {
        "name": inline(key, limits.FIELD_NAME) or "…",
        "value": clip_markdown(markdown(value), limits.FIELD_VALUE) or "…",
        "inline": True,
    }
