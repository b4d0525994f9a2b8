"""Numbers as people write them, read and written exactly.

`read` takes one cell; `Style` says what commas and points mean in a column of them.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Context, Decimal
from enum import Enum
from functools import lru_cache

EXACT = Context(prec=60, rounding=ROUND_HALF_EVEN)
"""Sums of anything a table can hold stay exact in 60 digits."""

MAX_DIGITS = 40
"""A longer run of digits is an identifier, not a quantity."""

MAX_EXPONENT = 40
"""Powers of ten beyond this are no quantities either, and would not stay exact."""

MISSING = frozenset(
    {"", "-", "–", "—", "n/a", "na", "#n/a", "nan", "null", "none", "nil", "?", "k.a.", "missing"}
    | {"#value!", "#div/0!", "#ref!", "#name?", "#num!", "#null!", "(blank)", "not available"}
)

_SPACES = "\u0020\u00a0\u2007\u2009\u202f"
_SIGNS = str.maketrans({"−": "-", "–": "-", "﹣": "-", "－": "-", "’": "'"})
_CURRENCY = r"[€$£¥₹]|(?:[A-Z]{2})?\$|(?:EUR|USD|GBP|CHF|JPY|SEK|NOK|DKK|PLN|CZK|CAD|AUD|INR|CNY)"
_DIGITS = rf"\d[\d.,'{_SPACES}]*\d|\d|[.,]\d+"
_SHAPE = re.compile(
    rf"(?P<open>\()?\s*(?P<sign>[-+])?\s*(?P<front>{_CURRENCY})?\s*(?P<sign2>[-+])?"
    rf"(?P<digits>{_DIGITS})(?P<power>[eE][-+]?\d{{1,3}})?"
    rf"(?P<inner>\))?[{_SPACES}]*(?P<unit>%|‰|{_CURRENCY}|[A-Za-zµ]{{1,5}}(?:/[A-Za-z]{{1,5}})?)?"
    r"\s*(?P<minus>-)?\s*(?P<close>\))?"
)
_GROUPS = {
    ",": re.compile(r"\d{1,3}(?:,\d{2,3})*,\d{3}"),
    ".": re.compile(r"\d{1,3}(?:\.\d{3})+"),
}
_SPREAD = re.compile(r"(\d{1,3}(?: \d{3})+|\d{1,3}(?:'\d{3})+)(?:[.,](\d+))?")


class Style(Enum):
    """What separates the decimals."""

    point = "."
    comma = ","


@dataclass(frozen=True, slots=True)
class Number:
    """An exact value with the unit it was written with (`%`, `€`, `ms`, or nothing)."""

    value: Decimal
    unit: str = ""


def is_missing(text: str) -> bool:
    """True for a blank cell and for the usual words for "nothing here"."""
    return text.strip().casefold() in MISSING


@lru_cache(maxsize=65_536)
def read(text: str, style: Style = Style.point) -> Number | None:
    """The number a whole cell says, or None when it says something else.

    >>> read("1 234,50 €", Style.comma)
    Number(value=Decimal('1234.50'), unit='€')
    >>> read("(300)").value
    Decimal('-300')
    >>> read("T1") is None
    True
    """
    shape = _SHAPE.fullmatch(text.translate(_SIGNS).strip())
    if shape is None or _unpaired(shape):
        return None
    digits = _plain(shape["digits"], style)
    signs = [s for s in (shape["sign"], shape["sign2"], shape["minus"]) if s]
    if digits is None or len(signs) > 1 or (signs and shape["open"]):
        return None
    value = Decimal(digits + (shape["power"] or ""))
    if abs(value.adjusted()) > MAX_EXPONENT:
        return None
    negative = bool(shape["open"]) or "-" in signs
    return Number(-value if negative else value, shape["front"] or shape["unit"] or "")


def style_of(texts: Iterable[str]) -> Style | None:
    """What the commas and points in these cells must mean; None when nothing tells."""
    found = [style for text in texts if (style := _evidence(text))]
    if not found:
        return None
    return Style.comma if found.count(Style.comma) > found.count(Style.point) else Style.point


def from_float(value: float) -> Decimal:
    """The decimal that a spreadsheet shows for a double: 15 significant digits.

    >>> from_float(0.1 + 0.2)
    Decimal('0.3')
    """
    return trim(Decimal(format(value, ".15g")))


def trim(value: Decimal) -> Decimal:
    """The same number without trailing zeros after the point and without an exponent."""
    if value == value.to_integral_value():
        return value.quantize(Decimal(1), context=Context(prec=400))
    return value.normalize(EXACT)


def write(value: Decimal) -> str:
    """An exact decimal as text, never with an exponent.

    >>> write(Decimal("1E+3")), write(Decimal("2.50")), write(Decimal("-0"))
    ('1000', '2.5', '0')
    """
    text = format(trim(value), "f")
    return "0" if text == "-0" else text


def places(value: Decimal) -> int:
    """How many decimals it was written with."""
    exponent = value.as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _unpaired(shape: re.Match[str]) -> bool:
    """One bracket without the other, or one too many: (300, 300), (300))."""
    closed = [mark for mark in (shape["inner"], shape["close"]) if mark]
    return len(closed) != (1 if shape["open"] else 0)


def _plain(digits: str, style: Style) -> str | None:
    """Digits and at most one point, or None when the separators make no sense."""
    spaced = re.sub(f"[{_SPACES}]", " ", digits)
    if sum(c.isdigit() for c in spaced) > MAX_DIGITS:
        return None
    if spread := _SPREAD.fullmatch(spaced):
        return re.sub(r"\D", "", spread[1]) + (f".{spread[2]}" if spread[2] else "")
    decimal = style.value
    if "," in spaced and "." in spaced:  # both: the last one ends the whole part
        decimal = max(",.", key=spaced.rfind)
    elif _GROUPS["."].fullmatch(spaced) and spaced.count(".") > 1:
        decimal = ","
    elif re.fullmatch(r"\d+,\d+", spaced) and not _GROUPS[","].fullmatch(spaced):
        decimal = ","  # 12,5 cannot be a thousands comma
    elif re.fullmatch(r"\d+\.\d+", spaced) and not _GROUPS["."].fullmatch(spaced):
        decimal = "."
    elif re.fullmatch(r"0[.,]\d+", spaced):
        decimal = spaced[1]  # 0,123 is no group of thousands
    whole, mark, rest = spaced.rpartition(decimal) if decimal in spaced else (spaced, "", "")
    if not _whole(whole, decimal) or (mark and not rest.isdecimal()):
        return None
    return re.sub(r"\D", "", whole) + (f".{rest}" if mark else "")


def _whole(text: str, decimal: str) -> bool:
    if text == "" or text.isdecimal():
        return True
    return any(mark != decimal and shape.fullmatch(text) for mark, shape in _GROUPS.items())


def _evidence(text: str) -> Style | None:
    found = re.search(_DIGITS, text.translate(_SIGNS))
    digits = re.sub(f"[{_SPACES}']", "", found[0]) if found else ""
    if "," in digits and "." in digits:
        return Style(max(",.", key=digits.rfind))
    for mark, style in ((",", Style.comma), (".", Style.point)):
        if mark not in digits:
            continue
        if digits.count(mark) > 1:
            return Style.point if style is Style.comma else Style.comma
        whole, _, rest = digits.partition(mark)
        return style if len(rest) != 3 or whole in ("", "0") or len(whole) > 3 else None
    return None
