"""For people: a checklist that moves, cards to read, and questions to answer at the terminal."""

import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from rich.console import Console, RenderableType
from rich.live import Live
from rich.text import Text

from bot import presenter
from bot.app import App
from bot.cards import Card, decode, local
from bot.commands import pages, short
from bot.commands.keys import Keys
from bot.commands.person import ME, said
from bot.commands.results import Written
from bot.documents.export import as_markdown
from bot.documents.text import clean
from bot.domain.answers import pick
from bot.domain.artifact import Artifact
from bot.domain.gate import Gate, GateKind, Verb
from bot.domain.mission import Mission, Question, Status
from bot.domain.record import Record
from bot.missions import Said

FRAMES = 4
"""How often the checklist is drawn anew, each second: for its clock."""


class Choice(NamedTuple):
    """A button of the card: its word, and what to ask before it acts."""

    verb: Verb
    label: str
    confirm: str
    asks: bool


class Ended(Exception):
    """The person ended the input: nothing more will be said."""


class Terminal:
    """Everything for people goes to stderr: stdout is for the result, also into a file."""

    def __init__(self, app: App, mission: Mission) -> None:
        self.app, self.mission = app, mission
        self.console = Console(stderr=True, highlight=False, markup=False)
        self.keys = Keys(sys.stdin) if self.console.is_terminal and sys.stdin.isatty() else None
        self.began = app.store.clock()
        self._card: Card | None = None
        self._live: Live | None = None
        self._read: set[str] = set()
        self._said: dict[str, str] = {}

    # -- progress ------------------------------------------------------------------------------

    async def show(self, record: Record) -> None:
        """Where it stands: a moving checklist, or a line for each change where nothing moves."""
        version = record.plan.version if record.plan else 1
        self._card = self._made(record, f"plan:{version}")
        if self._card is None:
            return
        if not self.console.is_terminal:
            self._tell(self._card)
        elif self._live is None and not record.mission.status.ended:
            self._live = Live(
                get_renderable=self._frame, console=self.console, refresh_per_second=FRAMES,
                transient=True,
            )  # fmt: skip
            self._live.start()

    def _frame(self) -> RenderableType:
        if self._card is None:
            return Text("")
        return pages.checklist(self._card, self.began, self.app.store.clock())

    def _tell(self, card: Card) -> None:
        lines = {"": card.text} | {
            t.id: f"{pages.state(t)} · {t.title}" for t in card.tasks if t.state
        }
        for name, text in lines.items():
            if text and self._said.get(name) != text:
                self._said[name] = text
                self.console.print(clean(f"{name} {text}".strip()), soft_wrap=True)

    def close(self) -> None:
        """Take the checklist off the screen."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    # -- decisions -----------------------------------------------------------------------------

    async def decide(self, record: Record, gate: Gate) -> Said | None:
        """Show what is to be decided, and ask; None when nobody is there to say."""
        card = self._made(record, gate.name)
        if card is None:
            return None
        self.close()
        if gate.id not in self._read:
            self._read.add(gate.id)
            self.console.print(pages.page(card))
        if self.keys is None:
            return None
        try:
            return await self._ask(record, gate, card)
        except Ended:
            self.console.print()
            return None

    async def _ask(self, record: Record, gate: Gate, card: Card) -> Said:
        if gate.kind is GateKind.question:
            return await self._answers(gate)
        while True:
            choice = await self._choose(_choices(card))
            if choice.confirm and not await self._sure(choice.confirm):
                continue
            words = await self._words(choice)
            ticks = await self._ticks(record) if _sends_back(gate, choice) else {}
            if choice.verb is Verb.revise and not (words or ticks):
                self.console.print("Nothing was said, so nothing changes.")
                continue
            data = {"ticks": ticks} if ticks else {}
            return said(gate, choice.verb, words, **data)

    async def _choose(self, choices: Sequence[Choice]) -> Choice:
        names = [f"{c.label} ({c.label[0].lower()})" for c in choices]
        prompt = f"{', '.join(names[:-1])} or {names[-1]}? "
        while True:
            typed = (await self._line(prompt)).casefold()
            meant = [c for c in choices if typed and c.label.casefold().startswith(typed)]
            if len(meant) == 1:
                return meant[0]
            self.console.print("Type one of these words, or its first letter.")

    async def _sure(self, question: str) -> bool:
        return (await self._line(f"{question} (y or n) ")).casefold() in {"y", "yes"}

    async def _words(self, choice: Choice) -> str:
        if not choice.asks:
            return ""
        if choice.verb is Verb.retry:
            return await self._line("Anything to do differently? (Enter for no) ")
        return await self._line("What should change? ")

    async def _ticks(self, record: Record) -> dict[str, str]:
        """Which tasks to drop or to do differently, by their ids."""
        known = record.plan.by_id if record.plan else {}
        ticks: dict[str, str] = {}
        for choice, verb in (("drop", "drop"), ("change", "do differently")):
            typed = await self._line(f"Tasks to {verb}, such as T2 T3 (Enter for none)? ")
            names = typed.upper().replace(",", " ").split()
            unknown = [n for n in names if n not in known]
            if unknown:
                self.console.print(f"There is no {', '.join(unknown)} in this plan; left aside.")
            ticks |= {n: choice for n in names if n in known and n not in ticks}
        return ticks

    async def _answers(self, gate: Gate) -> Said:
        given: dict[str, str] = {}
        for question in (Question.model_validate(q) for q in gate.data["questions"]):
            typed = await self._line(_prompt(question))
            if typed:
                given[question.id] = pick(question, typed)
        return said(gate, Verb.answer, answers=given)

    async def _line(self, prompt: str) -> str:
        assert self.keys is not None
        self.console.print(clean(prompt), end="")
        try:
            typed = await self.keys.line()
        except asyncio.CancelledError:
            self.console.print()
            raise
        if typed is None:
            raise Ended
        return typed.strip()

    # -- words ---------------------------------------------------------------------------------

    async def say(self, text: str) -> None:
        self.close()
        self.console.print(clean(text), soft_wrap=not self.console.is_terminal)

    async def waits(self, record: Record) -> None:
        names = ", ".join(g.name for g in record.open_gates)
        what = "Everything is paused by the operator." if record.paused else ""
        what = what or short.sentence(record) or f"It waits for your decision ({names})."
        await self.say(
            f"{what} Nothing is lost. At a terminal, go on with\n"
            f"  concertmaster run --mission {self.mission.id}"
        )

    async def end(self, record: Record, written: Written | None) -> None:
        """The result to stdout, and one line on how it ended."""
        self.close()
        artifact = record.artifact
        if record.mission.status is Status.done and artifact is not None:
            self._result(record, artifact)
        await self.say(self._last(record))
        for note in written.notes if written else ():
            await self.say(note)
        if written:
            await self.say(f"Written: {', '.join(written.names)}")

    def _result(self, record: Record, artifact: Artifact) -> None:
        if not sys.stdout.isatty():
            sys.stdout.write(clean(as_markdown(artifact.document, artifact.title)).rstrip() + "\n")
            sys.stdout.flush()
            return
        gate = record.gate(GateKind.artifact, artifact.version)
        card = self._made(record, f"artifact:{artifact.version}")
        if card is not None and (gate is None or gate.id not in self._read):
            self.console.print(pages.page(card))

    def _last(self, record: Record) -> str:
        version = record.plan.version if record.plan else 1
        card = self._made(record, f"plan:{version}")
        spent = dict(card.fields).get("Cost so far", "") if card else ""
        done = record.mission.status is Status.done
        text = f"{record.mission.reason} What is finished is kept.".strip()
        text = card.text if card is not None and done else text
        return " · ".join(part for part in (text, pages.clock(self._span()), spent) if part)

    def _span(self) -> object:
        return self.app.store.clock() - self.began

    def _made(self, record: Record, slot: str) -> Card | None:
        now: datetime = self.app.store.clock()
        card = presenter.card(record, slot, now)
        return local(card, ME.zone) if card else None


def _choices(card: Card) -> tuple[Choice, ...]:
    return tuple(
        Choice(Verb(decode(b.id).verb), b.label, b.confirm, b.form is not None)
        for b in card.buttons
    )


def _sends_back(gate: Gate, choice: Choice) -> bool:
    return gate.kind is GateKind.plan and choice.verb is Verb.revise


def _prompt(question: Question) -> str:
    choices = "".join(f"\n  {n}  {c}" for n, c in enumerate(question.choices, start=1))
    default = f" (Enter for {question.default})" if question.default else ""
    return f"{question.text}{default}{choices}\n> "
