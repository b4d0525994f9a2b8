"""Words → the answers they give: a number or a letter picks a choice, lines answer in turn."""

import re
from collections.abc import Sequence

from bot.domain.mission import Question

NUMBERED = re.compile(r"(?:^|(?<=[\s,;]))[Qq#]?(\d{1,2})\s*[.):]\s+(?=\S)", re.MULTILINE)
YOURS = re.compile(
    r"(you (decide|choose|pick)|(it'?s )?(up to you|your (call|choice))|(the )?default|whatever"
    r"|don'?t care|as you (said|like|think)|egal|(wie|was) du (meinst|willst)|entscheide? du)",
    re.IGNORECASE,
)
YES = frozenset({"yes", "yep", "yeah", "y", "sure", "ok", "okay", "ja", "jo", "oui", "si", "sí"})
NO = frozenset({"no", "nope", "n", "nein", "nee", "non"})


def answers(questions: Sequence[Question], text: str) -> dict[str, str]:
    """What a reply says to each question, by id; what it passes over is left to the default.

    >>> ask = [Question(id="Q1", text="Colour?", choices=("red", "blue")),
    ...        Question(id="Q2", text="When?")]
    >>> answers(ask, "1. B\\n2. on Friday")
    {'Q1': 'blue', 'Q2': 'on Friday'}
    """
    parts = _parts(questions, text.strip())
    return {q.id: pick(q, part) for q, part in zip(questions, parts, strict=True) if part}


def pick(question: Question, text: str) -> str:
    """The choice that these words mean, or the words themselves."""
    words = _bare(text)
    choices = {_bare(choice): choice for choice in question.choices}
    if words in choices:
        return choices[words]
    if YOURS.fullmatch(words) and question.default:
        return question.default
    named = [c for bare, c in choices.items() if words and re.match(rf"{re.escape(words)}\b", bare)]
    if len(named) == 1:
        return named[0]
    return _by_place(question, words) or _by_yes(choices, words) or text.strip()


def _by_place(question: Question, words: str) -> str:
    """The choice at this number or letter; a letter is first one that a choice begins with."""
    found = re.fullmatch(r"\W*(?:(\d{1,2})|([a-z]))\W*", words)
    if found is None:
        return ""
    begins = [c for c in question.choices if found[2] and _bare(c).startswith(found[2])]
    if len(begins) == 1:
        return begins[0]
    place = int(found[1]) - 1 if found[1] else ord(found[2]) - ord("a")
    return question.choices[place] if 0 <= place < len(question.choices) else ""


def _by_yes(choices: dict[str, str], words: str) -> str:
    for group in (YES, NO):
        meant = [choice for bare, choice in choices.items() if bare in group]
        if words in group and len(meant) == 1:
            return meant[0]
    return ""


def _parts(questions: Sequence[Question], text: str) -> list[str]:
    """The part of the text for each question, in their order; "" where there is none."""
    if len(questions) < 2:
        return [text] * len(questions)
    numbered = _numbered(len(questions), text)
    if numbered:
        return numbered
    for pieces in (text.splitlines(), re.split(r"[,;]", text)):
        said = [piece.strip() for piece in pieces if piece.strip()]
        if len(said) == len(questions) and ("\n" in text or _all_chosen(questions, said)):
            return said
    return _to_one(questions, text)


def _numbered(count: int, text: str) -> list[str]:
    """`1. blue 2. Friday`, on one line or on several; empty when the numbers are no questions'."""
    marks = list(NUMBERED.finditer(text))
    numbers = [int(mark[1]) for mark in marks]
    if not marks or marks[0].start() > 0 or len({*numbers}) < len(numbers) or max(numbers) > count:
        return []
    ends = [*(mark.start() for mark in marks[1:]), len(text)]
    said = {
        number: text[mark.end() : end].strip(" \t\n,;")
        for number, mark, end in zip(numbers, marks, ends, strict=True)
    }
    return [said.get(number, "") for number in range(1, count + 1)]


def _all_chosen(questions: Sequence[Question], said: Sequence[str]) -> bool:
    return all(pick(q, part) in q.choices for q, part in zip(questions, said, strict=True))


def _to_one(questions: Sequence[Question], text: str) -> list[str]:
    """The one question that has this choice, else the first."""
    exact = [n for n, q in enumerate(questions) if _bare(text) in map(_bare, q.choices)]
    to = exact[0] if len(exact) == 1 else 0
    return [text if n == to else "" for n in range(len(questions))]


def _bare(text: str) -> str:
    return " ".join(text.casefold().split()).strip(" .!,;:\"'“”()")
