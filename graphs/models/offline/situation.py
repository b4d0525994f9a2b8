"""What a mission only tells: the situation around what it asks for. It is no requirement."""

import re
from collections.abc import Sequence

_HANDS = re.compile(
    r"(?:i|we)(?:'ve| have)? (?:just )?(?:attached|uploaded|enclosed|added)\b|"
    r"(?:please )?find (?:attached|enclosed)\b|"
    r"(?:attached|enclosed) (?:is|are|you(?:'ll| will)?)\b|"
    r"(?:here|this|these) (?:is|are) [^,;:?]{0,80}$|here's\b|see (?:the )?attach\w+$|"
    r"(?:the|our|my) (?:[\w-]+ ){0,3}(?:is|are) attached\b",
    re.IGNORECASE,
)
"""Hands over material and asks for nothing."""

_ONE = r"(?:i|we|they|he|she|you|there|somebody|someone|everybody|everyone|nobody)"
_IS = (
    r"(?:is|are|was|were|am|has|have|had|did|does|will|got|went|saw|said|says|told|ran|met|meets|"
    r"began|begins|came|comes|happened|happens|complain(?:s|ed)?|reported|thinks|thought|believes|"
    r"rose|fell|grew|doubled|tripled|dropped|jumped|changed|increased|decreased|declined|started|"
    r"launched|released|moved|lost|won|worked|sells|shipped|opened|closed|ended)"
)
_TELLS = re.compile(
    rf"{_ONE}(?:'\w+)?\s+\w+|it(?:'s| is| was| has| had)\s+\w+|"
    rf"(?:the|our|my|your|their|a|an|some|many|most|last|this|these|those|yesterday|today)?\s*"
    rf"(?:(?!(?:that|which|who|whose|where|when|with|and|or|by|per)\b)[\w'’&/-]+\s+){{1,6}}?{_IS}\b",
    re.IGNORECASE,
)
_DEMANDS = re.compile(
    r"\b(?:must|should|shall|needs?|wants?|would|want(?:ed)?|could|can|may|please|has to|have to|"
    r"had to|ought|require[sd]?|expects?|asks? for|looking for|interested|like to|like you|"
    r"wonder\w*|curious|deadline|due|not more than|at most|at least|no longer than|only)\b|"
    r"\b(?:i|we) (?:need|want|expect|hope|wish)\b|\?",
    re.IGNORECASE,
)
"""Says what is wanted, or sets a bound, though it is no question."""
_COUNTS = re.compile(
    r"\b(?:top|bottom|highest|lowest|largest|smallest|biggest|total|average|mean|median|number of|"
    r"most|least|fewest|per|by (?!(?:the|a|an|our|us|then|now|mistake)\b)|list of|table of)\b",
    re.IGNORECASE,
)
"""The words of a number that is asked for: `orders that were cancelled by month`."""
_LEANS = re.compile(
    r"^\W*(?:(?:and|so|but|find out|tell (?:me|us)|explain|please)\s+)*why\b[^,;]{0,12}$|"
    r"^\W*(?!keep\b|make\b|put\b|write\b)(?:\w+\s+){0,2}(?:it|that|this|they|them|those|these)\b(?:\s+\w+){0,2}\W*$",
    re.IGNORECASE,
)
"""A short sentence that means what the one before it told."""


def tells(text: str) -> bool:
    """True for a sentence that says what is, and not what is wanted."""
    if _HANDS.match(text):
        return True
    return bool(_TELLS.match(text)) and not _DEMANDS.search(text) and not _COUNTS.search(text)


def leans(text: str) -> bool:
    """True for a sentence that has its meaning from the one before: `Find out why`."""
    return bool(_LEANS.search(text.strip()))


def background(texts: Sequence[str], asks: Sequence[bool]) -> list[bool]:
    """Which sentences only tell the situation; none of them when no sentence asks.

    `asks` says which sentences are a question or an order.
    """
    if not any(asks):
        return [False] * len(texts)
    after = [*texts[1:], ""]
    return [
        not asked and tells(text) and not leans(next_)
        for text, asked, next_ in zip(texts, asks, after, strict=True)
    ]
