"""Card → Slack blocks. Pure: the same card gives the same message.

`render` is the full look, `plainer` uses only what Slack has known for years, `bare` is text alone.
Whatever does not fit goes into `Shown.spill`, a Markdown file for the thread: nothing is lost.
"""

import json
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from bot.cards import (
    BAD,
    GOOD,
    MOMENT,
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
from bot.chat.slack import limits
from bot.chat.slack.words import (
    bold,
    clip,
    clip_markdown,
    escape,
    fits,
    moment,
    mrkdwn,
    neutral,
    size,
)

Json = dict[str, Any]

EVENT_TYPE = "concertmaster_slot"
DOWNLOAD = "download"
"""The verb of the menu that offers `Card.downloads`; the chosen option's value is the format."""

RATE = "rate"
"""The verb of the pair of thumbs; which one was pressed is their value."""
RATINGS = {
    GOOD: ("👍 Good", "This result is good"),
    BAD: ("👎 Not good", "This result is not good"),
}
"""By verb: the label, and what a screen reader says."""

SIGNS = {Tone.busy: "⏳", Tone.ask: "✋", Tone.good: "✅", Tone.bad: "⚠️"}
STATUSES = {
    "waiting": "pending",
    "ready": "pending",
    "running": "in_progress",
    "asking": "in_progress",
    "reviewing": "in_progress",
    "done": "complete",
    "skipped": "complete",
    "failed": "error",
    "blocked": "error",
}
FORMATS = {"md": "Markdown", "html": "Web page (HTML)", "docx": "Word (DOCX)", "pdf": "PDF"}
MOST_SECTIONS = 30
"""So many, with all else a card can have, stay below Slack's fifty blocks."""
FIELD_VALUES = 2_400
"""All values of a card's fields together."""
PLAINER = 5_200
"""Text of the plainer look: two sections, far from every limit."""
_ADDRESS = re.compile(r"https?://[^\s<>|]{1,2000}")
"""An address that can stand in mrkdwn."""
MARKS = {"added": " _(new)_", "changed": " _(changed)_", "": ""}


class Shown(NamedTuple):
    """What to send. `spill` is the whole card as Markdown when some of it did not fit, else ""."""

    text: str
    blocks: list[Json]
    spill: str = ""


def live(card: Card) -> bool:
    """True when the card is the checklist of a mission under way."""
    return any(task.state for task in card.tasks)


def fallback(card: Card, most: int = limits.FALLBACK) -> str:
    """The card as text that pings nobody, for notifications and screen readers."""
    words, room = _words(card, most), most
    made = escape(clip(words, room))
    while size(made) > most:
        room = max(1, room - (size(made) - most) - 8)
        made = escape(clip(words, room))
    return made or "…"


def _words(card: Card, most: int) -> str:
    """The card as text, cut far beyond what `most` units can hold."""
    return spelled(plain(card)[: 2 * most + 200])


def metadata(card: Card, revision: int) -> Json:
    """What the courier finds a message by; people do not see it."""
    payload = {"mission": card.mission, "slot": card.slot, "version": revision}
    return {"event_type": EVENT_TYPE, "event_payload": payload}


def spill_name(card: Card) -> str:
    """The file name of what did not fit."""
    slot = re.sub(r"[^a-z0-9]+", "-", card.slot.lower()).strip("-") or "mission"
    return f"{slot}.md"


def _spill(card: Card) -> str:
    """A live card changes all the time; what it leaves out was in the plan people approved."""
    return "" if live(card) else whole(card)


def whole(card: Card) -> str:
    """All long content of a card as one Markdown document."""
    card = local(card, "UTC")
    parts = [f"# {card.title}", card.text, *(f"- **{k}:** {v}" for k, v in card.fields)]
    parts += [_task_words(task, task.title, 10**9) for task in card.tasks if not live(card)]
    parts += [f"## {s.heading}\n\n{s.text}" for s in card.sections]
    parts += [card.body, _table_words(card.table) if card.table else ""]
    return "\n\n".join(part for part in parts if part) + "\n"


def render(card: Card, revision: int = 0, picture: str = "", canvas: str = "") -> Shown:
    """The card as blocks. `picture` is the id of the uploaded one, `canvas` a canvas's address.

    `revision` is the slot's: each edit needs block ids of its own.
    """
    for share in (1.0, 0.8, 0.6, 0.4, 0.2, 0.05, 0.0):
        draft = _Draft(card, picture, canvas, share)
        blocks = _named(draft.blocks, card, revision)
        if _weight(blocks) <= limits.TOTAL and len(blocks) <= limits.BLOCKS:
            return Shown(fallback(card), blocks, _spill(card) if draft.cut else "")
    return plainer(card, revision, canvas)


def plainer(card: Card, revision: int = 0, canvas: str = "") -> Shown:
    """The card in sections, buttons and nothing newer, for a Slack that refuses the rest."""
    words = _words(card.model_copy(update={"buttons": (), "title": ""}), PLAINER)
    pieces = _pieces(clip(words, PLAINER), limits.SECTION - 200)
    blocks = [_header(card), *(_section_plain(piece) for piece in pieces)]
    blocks += [*_canvas(canvas), *_actions(card), *_thumbs(card)]
    cut = not fits(words, PLAINER) or size(card.title) > limits.HEADER - 4
    return Shown(fallback(card), _named(blocks, card, revision), _spill(card) if cut else "")


def bare(card: Card) -> Shown:
    """The card as text alone, when Slack takes no blocks of ours. Buttons cannot be shown."""
    text = fallback(card, limits.TEXT)
    cut = size(escape(_words(card, limits.TEXT))) > limits.TEXT
    return Shown(text, [], _spill(card) if cut else "")


def _weight(blocks: Sequence[Json]) -> int:
    return size(json.dumps(list(blocks), ensure_ascii=False, separators=(",", ":")))


def _named(blocks: Sequence[Json], card: Card, revision: int) -> list[Json]:
    name = f"{clip(card.slot, 100) or 'slot'}.{revision}"
    return [{**block, "block_id": f"{name}.{n}"} for n, block in enumerate(blocks)]


class _Draft:
    """One try at the blocks of a card, with a share of the room for what can be cut.

    The fixed parts (title, fields, picture, buttons, footer) come first; text, tasks, sections,
    table and body share what is left, in that order.
    """

    def __init__(self, card: Card, picture: str, canvas: str, share: float) -> None:
        self.cut = _clips_fixed(card)
        head, tail = _head_blocks(card, picture), _tail_blocks(card, canvas)
        fixed = _weight([*head, *tail]) + 40 * (len(head) + len(tail))
        self.room = int((limits.TOTAL - fixed - 400) * share)
        self.markdown = limits.MARKDOWN
        middle = [*self._text(card), *self._tasks(card), *self._sections(card)]
        middle += [*self._table(card), *self._body(card)]
        note = [_cut_note(card)] if self.cut else []
        self.blocks = [*head, *middle[:1], *_fields(card), *middle[1:], *note, *tail]

    def _take(self, most: int) -> int:
        """Room for one part: at most `most`, and never more than is left."""
        return max(0, min(most, self.room, self.markdown))

    def _spend(self, block: Json) -> Json:
        used = _weight([block])
        self.room -= used + 30
        if block["type"] == "markdown":
            self.markdown -= size(block["text"])
        return block

    def _markdown(self, text: str, most: int) -> Iterator[Json]:
        room = self._take(most) - 40
        text = spelled(text).strip()
        if not text:
            return
        if room < 60:
            self.cut = True
            return
        made, whole = _fit(text, room)
        self.cut = self.cut or not whole
        if made.strip():
            yield self._spend({"type": "markdown", "text": made})

    def _text(self, card: Card) -> Iterator[Json]:
        most = 2_000 if card.tasks else 3_000
        if MOMENT.search(card.text):
            yield from self._dated(card.text, most)
        else:
            yield from self._markdown(card.text, most)

    def _dated(self, text: str, most: int) -> Iterator[Json]:
        """Only mrkdwn, not Slack's Markdown, shows a time in the reader's zone."""
        room = self._take(min(most, limits.SECTION)) - 100
        made = mrkdwn(text, room) if room >= 60 else ""
        self.cut = self.cut or size(mrkdwn(text, 4 * limits.SECTION)) > room
        if made:
            yield self._spend({"type": "section", "text": {"type": "mrkdwn", "text": made}})

    def _body(self, card: Card) -> Iterator[Json]:
        yield from self._markdown(card.body, limits.MARKDOWN)

    def _tasks(self, card: Card) -> Iterator[Json]:
        if not card.tasks:
            return
        alone = not (card.sections or card.body or card.table)
        most = self._take(self.room if alone else int(self.room * 0.6))
        if live(card):
            yield from self._checklist(card, most)
        else:
            yield from self._proposal(card, most)

    def _checklist(self, card: Card, most: int) -> Iterator[Json]:
        each = most // len(card.tasks)
        groups = [
            card.tasks[start : start + limits.PLAN_TASKS]
            for start in range(0, len(card.tasks), limits.PLAN_TASKS)
        ]
        for group in groups[:3]:
            tasks = [_task_card(task, each) for task in group]
            yield self._spend({"type": "plan", "title": _progress(card.tasks), "tasks": tasks})
        self.cut = self.cut or len(groups) > 3

    def _proposal(self, card: Card, most: int) -> Iterator[Json]:
        """Every task has its line; the longer the plan, the shorter the lines."""
        each = max(24, most // len(card.tasks) - 8)
        text = _lines(card.tasks, each)
        while each > 24 and _json_size(neutral(text)) > most - 60:
            each = max(24, each * 4 // 5)
            text = _lines(card.tasks, each)
        self.cut = self.cut or not all(fits(task.title, _title_room(each)) for task in card.tasks)
        yield from self._markdown(text, most)

    def _sections(self, card: Card) -> Iterator[Json]:
        self.cut = self.cut or len(card.sections) > MOST_SECTIONS
        shown = card.sections[:MOST_SECTIONS]
        for number, section in enumerate(shown):
            left = len(shown) - number + (2 if card.body else 0)
            most = max(200, self.room // max(1, left)) if left > 1 else self.room
            if section.folded:
                yield from self._folded(section, most)
            else:
                yield from self._open(section, most)

    def _open(self, section: Section, most: int) -> Iterator[Json]:
        sign = f"{SIGNS[section.tone]} " if section.tone in SIGNS else ""
        head = f"{sign}{_inline(section.heading)}".strip()
        yield from self._markdown(f"**{head}**\n\n{section.text}" if head else section.text, most)

    def _folded(self, section: Section, most: int) -> Iterator[Json]:
        room = self._take(min(most, limits.SECTION)) - 250
        if room < 60:
            self.cut = True
            return
        text = mrkdwn(section.text, room)
        self.cut = self.cut or size(section.text) > room
        if not text.strip():
            return
        child = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
        yield self._spend(
            {
                "type": "container",
                "title": _plain_text(section.heading or "More", limits.CONTAINER_TITLE),
                "is_collapsible": True,
                "default_collapsed": True,
                "child_blocks": [child],
            }
        )

    def _table(self, card: Card) -> Iterator[Json]:
        table = card.table
        if table is None or not (table.columns or table.rows):
            return
        most = self.room if not card.body else self.room // 2
        if table.heading:
            yield from self._markdown(f"**{_inline(table.heading)}**", 400)
        block, cut = _table_block(table, most)
        self.cut = self.cut or cut
        if block:
            yield self._spend(block)


def _title_room(line: int) -> int:
    return max(16, line - 60)


def _lines(tasks: Sequence[TaskLine], each: int) -> str:
    """A line for each task. Times are spelled here: that makes them longer."""
    room = _title_room(each)
    return spelled("\n".join(f"- {_task_words(t, clip(t.title, room), each)}" for t in tasks))


def _json_size(text: str) -> int:
    return size(json.dumps(text, ensure_ascii=False))


def _fit(text: str, room: int) -> tuple[str, bool]:
    """Markdown whose JSON has at most `room` units, and whether it is all there."""
    most = room
    made = neutral(clip_markdown(text, most))
    while most > 16 and (over := _json_size(made) - room) > 0:
        most = max(16, most - max(over, most // 20))
        made = neutral(clip_markdown(text, most))
    return made, fits(text, most)


def _inline(text: str) -> str:
    return " ".join(text.split()).replace("*", "")


def _cut_note(card: Card) -> Json:
    file = f"The whole text is in the file `{spill_name(card)}` in this thread."
    words = "Shortened to fit." if live(card) else file
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": words}]}


def _plain_text(text: str, most: int) -> Json:
    return {"type": "plain_text", "text": clip(text, most) or "…", "emoji": False}


def _header(card: Card) -> Json:
    sign = SIGNS.get(card.tone, "")
    lead = f"{sign} " if sign and card.title[:1].isalnum() else ""
    return {"type": "header", "text": _plain_text(lead + _one_line(card.title), limits.HEADER)}


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _section_plain(text: str) -> Json:
    return {"type": "section", "text": {**_plain_text(text, limits.SECTION)}}


def _pieces(text: str, most: int) -> list[str]:
    """The text in pieces of at most `most` units, cut at lines where that is possible."""
    pieces: list[str] = []
    for line in text.splitlines():
        for part in _slices(line, most):
            if pieces and size(pieces[-1]) + size(part) + 1 <= most:
                pieces[-1] += f"\n{part}"
            else:
                pieces.append(part)
    return [piece for piece in pieces if piece.strip()]


def _slices(line: str, most: int) -> list[str]:
    half = most // 2
    return [line[n : n + half] for n in range(0, len(line), half)] or [""]


def _head_blocks(card: Card, picture: str) -> list[Json]:
    blocks = [_header(card)]
    if picture and card.picture:
        alt = clip(card.picture.alt, limits.ALT) or "A picture of the plan"
        blocks.append({"type": "image", "slack_file": {"id": picture}, "alt_text": alt})
    return blocks


def _clips_fixed(card: Card) -> bool:
    """True when a part that has a place of its own is too long for it."""
    room = _field_room(card)
    long = not all(fits(value, room) for _, value in card.fields)
    return long or len(card.fields) > 2 * limits.FIELDS or not fits(card.title, limits.HEADER - 4)


def _field_room(card: Card) -> int:
    return max(60, min(limits.FIELD - 200, FIELD_VALUES // max(1, len(card.fields))))


def _fields(card: Card) -> list[Json]:
    """Up to twenty pairs, ten to a block."""
    room = _field_room(card)
    made = [_field(name, value, room) for name, value in card.fields[: 2 * limits.FIELDS]]
    return [
        {"type": "section", "fields": made[n : n + limits.FIELDS]}
        for n in range(0, len(made), limits.FIELDS)
    ]


def _field(name: str, value: str, room: int) -> Json:
    text = f"{bold(name, 80)}\n{mrkdwn(value, room) or '–'}"
    return {"type": "mrkdwn", "text": text.strip()}


def _tail_blocks(card: Card, canvas: str) -> list[Json]:
    return [*_files(card), *_canvas(canvas), *_actions(card), *_rating(card), *_footer(card)]


def _files(card: Card) -> list[Json]:
    if not card.files:
        return []
    names = [f"`{escape(clip(_file_name(f.name), 80))}`" for f in card.files[:10]]
    more = f" and {len(card.files) - 10} more" if len(card.files) > 10 else ""
    word = "File" if len(card.files) == 1 else "Files"
    text = f"📎 {word} in this thread: {', '.join(names)}{more}"
    return [{"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}]


def _file_name(name: str) -> str:
    return _one_line(name).replace("`", "'") or "file"


def _canvas(url: str) -> list[Json]:
    """A line that opens the canvas. A button with an address would come back as a click."""
    if not _ADDRESS.fullmatch(url):
        return []
    text = f"📄 <{escape(url)}|Open as canvas>"
    return [{"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}]


def _footer(card: Card) -> list[Json]:
    parts = [mrkdwn(card.footer, 1_000)]
    if card.started_at and not card.ended_at:
        parts.append(f"Started {moment(card.started_at)}")
    text = " · ".join(part for part in parts if part.strip())
    return [{"type": "context", "elements": [{"type": "mrkdwn", "text": text}]}] if text else []


def _actions(card: Card) -> list[Json]:
    elements = [button_element(b) for b in card.buttons[: limits.BUTTONS - 1]]
    elements += [_downloads(card)] if card.downloads else []
    return [{"type": "actions", "elements": elements}] if elements else []


def button_element(button: Button) -> Json:
    """A button whose action id and value are the codec's text."""
    made: Json = {
        "type": "button",
        "action_id": button.id[: limits.ID],
        "value": button.id,
        "text": _plain_text(button.label, limits.BUTTON),
    }
    if button.style != "plain":
        made["style"] = button.style
    if button.confirm:
        made["confirm"] = _confirm(button)
    return made


def _rating(card: Card) -> list[Json]:
    """Slack's own pair of thumbs."""
    if not card.rating:
        return []
    element: Json = {
        "type": "feedback_buttons", "action_id": _rate(card, RATE),
        "positive_button": _thumb(card, GOOD), "negative_button": _thumb(card, BAD),
    }  # fmt: skip
    return [{"type": "context_actions", "elements": [element]}]


def _thumbs(card: Card) -> list[Json]:
    """The same as two buttons, for a Slack that does not know the pair."""
    if not card.rating:
        return []
    elements = [{"type": "button", "action_id": _rate(card, v), **_thumb(card, v)} for v in RATINGS]
    return [{"type": "actions", "elements": elements}]


def _thumb(card: Card, verb: str) -> Json:
    label, spoken = RATINGS[verb]
    text = {**_plain_text(label, limits.BUTTON), "emoji": True}
    return {"text": text, "value": _rate(card, verb), "accessibility_label": spoken}


def _rate(card: Card, verb: str) -> str:
    return encode(Click(verb=verb, mission=card.mission, version=card.version))[: limits.ID]


def _confirm(button: Button) -> Json:
    return {
        "title": _plain_text(f"{button.label}?", limits.CONFIRM_TITLE),
        "text": _plain_text(button.confirm, limits.CONFIRM_TEXT),
        "confirm": _plain_text(button.label, limits.CONFIRM_BUTTON),
        "deny": _plain_text("Back", limits.CONFIRM_BUTTON),
    }


def _downloads(card: Card) -> Json:
    click = Click(verb=DOWNLOAD, mission=card.mission, version=card.version)
    return {
        "type": "static_select",
        "action_id": encode(click)[: limits.ID],
        "placeholder": _plain_text("Download as…", limits.PLACEHOLDER),
        "options": [
            {"text": _plain_text(FORMATS.get(name, name), limits.OPTION), "value": name}
            for name in dict.fromkeys(card.downloads[: limits.OPTIONS])
        ],
    }


def _task_words(task: TaskLine, title: str, most: int) -> str:
    """One line of a proposed plan, as Markdown."""
    after = f"after {', '.join(task.needs)}" if task.needs else ""
    covers = ", ".join(task.covers)
    facts = [task.who, task.tier, after, covers, "writes" if task.writes else "", task.note]
    words = " · ".join(_inline(fact) for fact in facts if fact)
    line = f"**{task.id}** {_one_line(title)}{MARKS[task.mark]}"
    return clip(f"{line} — {words}" if words else line, most)


def _task_card(task: TaskLine, room: int) -> Json:
    """A task of the live checklist; its details only when there is room for them."""
    word = STATE_WORDS.get(task.state, "◻ planned").split(" ", 1)[1]
    again = f", try {task.attempt}" if task.attempt > 1 else ""
    most = max(12, min(limits.TASK_TITLE, room - 120) - len(word) - len(again))
    title = f"{task.id} {clip(_one_line(task.title), most)} — {word}{again}"
    made: Json = {
        "task_id": task.id,
        "title": clip(title, limits.TASK_TITLE),
        "status": STATUSES.get(task.state, "pending"),
    }
    words = clip(_details(task), max(0, room - size(title) - 260))
    if words and words != "…" and room - size(title) > 300:
        made["details"] = _rich(words)
    return made


def _details(task: TaskLine) -> str:
    after = f"after {', '.join(task.needs)}" if task.needs else ""
    return " · ".join(part for part in (task.who, task.tier, after, task.note) if part)


def _rich(text: str) -> Json:
    leaf = {"type": "text", "text": text}
    part = {"type": "rich_text_section", "elements": [leaf]}
    return {"type": "rich_text", "elements": [part]}


def _progress(tasks: Sequence[TaskLine]) -> str:
    done = sum(task.state in ("done", "skipped") for task in tasks)
    return f"{done} of {len(tasks)} done"


def _table_block(table: Table, room: int) -> tuple[Json | None, bool]:
    """The table in at most `room` units of JSON, and whether anything was left out."""
    rows = [table.columns, *table.rows] if table.columns else list(table.rows)
    wide = min(limits.TABLE_COLUMNS, max(len(row) for row in rows))
    if not wide:
        return None, False
    cut = len(rows) > limits.TABLE_ROWS or any(len(row) > wide for row in rows)
    rows = rows[: limits.TABLE_ROWS]
    for cell in (300, 120, 60, 30):
        made = [_cells(row, wide, cell) for row in rows]
        cut = cut or any(size(c) > cell for row in rows for c in row)
        if _weight([_table_of(made, wide)]) <= room:
            return _table_of(made, wide), cut
    while len(rows) > 2:
        rows = rows[: len(rows) // 2]
        made = [_cells(row, wide, 30) for row in rows]
        if _weight([_table_of(made, wide)]) <= room:
            return _table_of(made, wide), True
    return None, True


def _table_of(rows: list[list[Json]], wide: int) -> Json:
    settings = [{"is_wrapped": True} for _ in range(wide)]
    return {"type": "table", "rows": rows, "column_settings": settings}


def _cells(row: Sequence[str], wide: int, most: int) -> list[Json]:
    padded = [*row, *[""] * wide][:wide]
    return [{"type": "raw_text", "text": clip(cell, most) or "–"} for cell in padded]


def _table_words(table: Table) -> str:
    wide = max([len(table.columns), *(len(row) for row in table.rows)], default=0)
    rows = [[*row, *[""] * wide][:wide] for row in (table.columns, *table.rows)]
    lines = [
        "| " + " | ".join(_one_line(c).replace("|", "\\|") for c in row) + " |" for row in rows
    ]
    lines.insert(1, "|" + " --- |" * wide)
    return f"## {table.heading}\n\n" + "\n".join(lines)
