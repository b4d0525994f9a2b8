"""Words after a first result that change what is computed: another number, one more row."""

import re
from dataclasses import dataclass

from graphs.models.offline.language import keywords

_SWAP = re.compile(
    r"(?:(?:please\s+)?(?:rank|sort|order|count|compare|measure|use|take|show|do)\s+(?:it\s+|them\s+"
    r"|this\s+)?)?(?:by\s+|the\s+)?(?P<new>[\w-]+(?: [\w-]+)?)\s+(?:instead of|rather than|and not|"
    r"not)\s+(?:by\s+|the\s+)?(?P<old>[\w-]+(?: [\w-]+)?)",
    re.IGNORECASE,
)
_ROW = re.compile(
    r"(?:please\s+)?(?:also\s+)?(?:add|include|show|give|put in)\s+(?:me\s+)?(?:also\s+)?"
    r"(?:an?|one|another|the)\s+(?:\w+\s+)?(?:row|line|entry)s?\s+(?:for|of|with|about|on)\s+"
    r"(?P<names>[^;\n]+?)(?=[.!?]?\s*$|[.!?]\s|;|\n|,\s+(?:and|but)\s+\w+\s+)",
    re.IGNORECASE,
)
_NAMES = re.compile(r",\s*(?:and\s+)?|\s+and\s+|\s+&\s+", re.IGNORECASE)
_EDGE = " \t\"'“”‘’`.,"


@dataclass(frozen=True)
class Steer:
    """`swaps` are new words for old ones, `also` names of rows to add, `rest` all other words."""

    swaps: tuple[tuple[str, str], ...] = ()
    also: tuple[str, ...] = ()
    rest: str = ""

    def turned(self, question: str) -> str:
        """The question with the new words; at its end when the old ones do not stand in it."""
        for new, old in self.swaps:
            shape = re.compile(rf"\b{re.escape(old)}\b", re.IGNORECASE)
            if shape.search(question):
                question = shape.sub(new, question)
            else:
                question = f"{question.rstrip('.?! ')} by {new}"
        return question

    @property
    def only(self) -> bool:
        """True when the words ask for nothing but this."""
        return bool(self.swaps or self.also) and not any(
            w for w in keywords(self.rest) if w != "and"
        )


def steer(text: str) -> Steer:
    """What a person's words change about a computation that is there.

    >>> steer("Rank by errors instead of requests, and add a row for /v1/orders").also
    ('/v1/orders',)
    """
    also = tuple(
        name
        for found in _ROW.finditer(text)
        for part in _NAMES.split(found["names"])
        if (name := part.strip(_EDGE))
    )
    rest = _ROW.sub(" ", text)
    swaps = tuple((m["new"], m["old"]) for m in _SWAP.finditer(rest) if _named(m))
    if swaps:
        rest = _SWAP.sub(" ", rest)
    return Steer(swaps, tuple(dict.fromkeys(also)), rest.strip(" ,;.\n"))


def _named(match: re.Match[str]) -> bool:
    """True for `errors instead of requests`; a bare `not` needs its `by` to name a number."""
    said = match[0].casefold()
    clear = "instead of" in said or "rather than" in said
    return (clear or "by " in said) and bool(keywords(match["new"]) and keywords(match["old"]))
