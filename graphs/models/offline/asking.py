"""Asking a person, once, when nothing in the question or the table decides."""

import re
from collections.abc import Generator, Sequence
from dataclasses import replace

from graphs.models.offline.columns import Column
from graphs.models.offline.language import cut, spoken
from graphs.models.offline.questions import Ask, with_measure
from graphs.models.offline.reading import unwrapped
from graphs.models.offline.steps import Call, Desk, Reply

CHOICES = 4
ROWS = "the number of rows"


def settled(desk: Desk, ask: Ask) -> Generator[list[Call], list[Reply], Ask]:
    """The question with its measure decided: by a person when several are equally likely."""
    if not ask.unsure or not desk.has("ask_person"):
        return ask
    names = [c.name for c in ask.unsure][: CHOICES - 1]
    about = cut(ask.words.text.removeprefix("Answer: ").rstrip("?. "), 120)
    answer = yield from asked(
        desk, f"“{about}”: which number of {ask.table.where} is meant?", [*names, ROWS], names[0]
    )
    return _answered(ask, answer, names[0])


def _answered(ask: Ask, answer: str, default: str) -> Ask:
    if answer.casefold() == ROWS:
        return replace(ask, measure=None, fn="count", unsure=(), assumed=("Rows are counted.",))
    chosen = column_said(answer, ask.unsure) or ask.table.get(default)
    others = spoken((f"“{c.name}”" for c in ask.unsure if c is not chosen), "or")
    note = f"“{chosen.name}” was taken as the number that is meant, not {others}."
    return replace(with_measure(ask, chosen), unsure=(), assumed=(note,))


def column_said(answer: str, columns: Sequence[Column]) -> Column | None:
    """The column that an answer names, in any of the ways people write it."""
    said = answer.casefold()
    exact = [c for c in columns if c.name.casefold() == said.strip(" .“”\"'")]
    within = [
        c for c in columns if re.search(rf"(?<!\w){re.escape(c.name.casefold())}(?!\w)", said)
    ]
    return next(iter([*exact, *sorted(within, key=lambda c: -len(c.name))]), None)


def asked(
    desk: Desk, question: str, choices: Sequence[str], default: str
) -> Generator[list[Call], list[Reply], str]:
    """What a person says; the default when nobody can be asked."""
    if not desk.has("ask_person"):
        return default
    args = {"question": cut(question, 480), "choices": list(choices), "default": default}
    (reply,) = yield [Call("ask_person", args)]
    said = unwrapped(reply.text).removeprefix("The person answered:").strip()
    return default if reply.failed or not said else said
