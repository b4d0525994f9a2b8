"""Cards for a terminal: readable at 80 columns, and nothing in them can steer the terminal."""

from collections.abc import Iterable
from datetime import datetime

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.markdown import Markdown
from rich.rule import Rule
from rich.segment import Segment
from rich.table import Table as Grid
from rich.text import Text

from bot.cards import STATE_WORDS, Card, CardFile, Section, Table, TaskLine, Tone
from bot.documents.text import clean

STYLES = {Tone.plain: "", Tone.busy: "cyan", Tone.ask: "bold yellow", Tone.good: "bold green",
          Tone.bad: "bold red"}  # fmt: skip
MAX_CELL = 160


class Safe:
    """What it holds, without the control characters that words of others may carry."""

    def __init__(self, inner: RenderableType) -> None:
        self.inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for segment in console.render(self.inner, options):
            yield segment if segment.control else Segment(clean(segment.text), segment.style)


def page(card: Card) -> RenderableType:
    """All of a card, to read before deciding."""
    parts: list[RenderableType] = [Rule(Text(card.title, STYLES[card.tone]), style="dim")]
    parts += [Text(card.text)] if card.text else []
    parts += [_facts(card.fields)] if card.fields else []
    parts += ["", _plan(card.tasks)] if card.tasks else []
    parts += ["", _markdown(card.body)] if card.body else []
    parts += [part for section in card.sections for part in _section(section)]
    parts += ["", _ledger(card.table)] if card.table else []
    parts += ["", _files(card.files)] if card.files else []
    parts += ["", Text(card.footer, "dim")] if card.footer else []
    return Safe(Group(*parts, Rule(style="dim")))


def checklist(card: Card, began: datetime, now: datetime) -> RenderableType:
    """The plan as it goes on: a line for each task, the time and the cost."""
    facts = dict(card.fields)
    cost = f" · {facts['Cost so far']}" if "Cost so far" in facts else ""
    cost += f" of {facts['Cap']}" if cost and "Cap" in facts else ""
    head = Grid.grid(expand=True, padding=(0, 1))
    head.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    head.add_column(justify="right", no_wrap=True)
    head.add_row(Text(card.title, "bold"), Text(clock(now - began) + cost, "dim"))
    rows = Grid.grid(expand=True, padding=(0, 1))
    rows.add_column(no_wrap=True)
    rows.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
    rows.add_column(no_wrap=True)
    rows.add_column(justify="right", no_wrap=True)
    for task in card.tasks:
        rows.add_row(task.id, Text(_with_note(task)), state(task), _took(task, now))
    return Safe(Group(head, Text(card.text, "dim"), rows) if card.tasks else Group(head, card.text))


def state(task: TaskLine) -> str:
    """A sign with its word."""
    return STATE_WORDS.get(task.state, task.state)


def clock(span: object) -> str:
    """A time span as minutes and seconds.

    >>> from datetime import timedelta
    >>> clock(timedelta(seconds=75))
    '1:15'
    """
    seconds = max(0, int(getattr(span, "total_seconds", lambda: 0.0)()))
    return f"{seconds // 60}:{seconds % 60:02}"


def _with_note(task: TaskLine) -> str:
    return f"{task.title} — {task.note}" if task.note else task.title


def _took(task: TaskLine, now: datetime) -> str:
    if task.started_at is None:
        return ""
    return clock((task.ended_at or now) - task.started_at)


def _facts(fields: Iterable[tuple[str, str]]) -> Text:
    return Text.assemble(*(part for k, v in fields for part in ((f"{k} ", "dim"), f"{v}   ")))


def _plan(tasks: Iterable[TaskLine]) -> Grid:
    grid = Grid.grid(expand=True, padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(ratio=1)
    grid.add_column(no_wrap=True, style="dim")
    for task in tasks:
        mark = f" ({task.mark})" if task.mark else ""
        after = f"after {', '.join(task.needs)}" if task.needs else ""
        grid.add_row(task.id, Text(f"{task.title}{mark}"), f"{task.who} {after}".strip())
    return grid


def _section(section: Section) -> list[RenderableType]:
    head = [Text(section.heading, STYLES[section.tone] or "bold")] if section.heading else []
    return ["", *head, _markdown(section.text)]


def _ledger(table: Table) -> RenderableType:
    """Asked for, and met or not; the evidence stands in the files."""
    grid = Grid.grid(expand=True, padding=(0, 2, 0, 0))
    grid.add_column(no_wrap=True, style="bold")
    grid.add_column(ratio=1)
    grid.add_column(no_wrap=True)
    for name, asked, _, met, *_more in table.rows:
        grid.add_row(name, Text(asked[:MAX_CELL]), met)
    return Group(Text(table.heading, "bold"), grid)


def _files(files: Iterable[CardFile]) -> Text:
    return Text("Files: " + ", ".join(f"{f.name} ({f.size:,} bytes)" for f in files))


def _markdown(text: str) -> Markdown:
    return Markdown(clean(text), hyperlinks=False)
