"""Times told from today: last month, this year, the past 30 days; and the span before them."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

Unit = Literal["day", "week", "month", "quarter", "year"]


@dataclass(frozen=True)
class Spell:
    """From `start` to `end`, both included. `label` names it as tables do, when it is a whole one.

    `note` says how the words were read when the data ends before today's reading begins.
    """

    start: date
    end: date
    unit: Unit
    label: str
    note: str = ""


_RELATIVE = re.compile(
    r"\b(?P<which>last|past|previous|this|current|the previous)\s+"
    r"(?:(?P<count>\d{1,3})\s+)?(?P<unit>day|week|month|quarter|year)s?\b|"
    r"\b(?P<day>yesterday|today)\b|\b(?P<ytd>year[ -]to[ -]date|ytd)\b",
    re.IGNORECASE,
)
_AGAINST = re.compile(
    r"\b(?:compared?(?: (?:to|with))?|versus|vs\.?|against|than|relative to|and)\s+(?:in\s+)?"
    r"(?:(?:the\s+)?(?P<unit>day|week|month|quarter|year) before(?: (?:that|it))?\b|"
    r"(?:the\s+)?(?:one|period) before\b|the\s+(?:previous|prior|preceding)\s+"
    r"(?:one|period|day|week|month|quarter|year)\b)|"
    r"\b(?:month[ -]over[ -]month|week[ -]over[ -]week|year[ -]over[ -]year|mom|wow|yoy)\b",
    re.IGNORECASE,
)


def against(text: str) -> bool:
    """True when a span is to be held against the one before."""
    return bool(_AGAINST.search(text))


def relative(text: str, today: date, newest: date | None) -> Spell | None:
    """The span that the words name, counted from today, or from the newest day of old data."""
    found = _RELATIVE.search(_AGAINST.sub(" ", text))
    if found is None:
        return None
    spell = _told(found, today)
    if newest is None or newest >= spell.start:
        return spell
    old = _told(found, newest) if found["count"] else whole(newest, spell.unit)
    note = f"The data ends on {newest}, so “{found[0]}” was taken as {old.label}."
    return Spell(old.start, old.end, old.unit, old.label, note)


def _told(found: re.Match[str], today: date) -> Spell:
    if found["ytd"]:
        return Spell(today.replace(month=1, day=1), today, "year", f"{today.year} to date")
    if found["day"]:
        day = today - timedelta(days=found["day"].casefold() == "yesterday")
        return whole(day, "day")
    unit: Unit = found["unit"].casefold()  # pyright: ignore[reportAssignmentType]
    if found["count"]:
        return _counted(int(found["count"]), unit, today)
    now = whole(today, unit)
    return now if found["which"].casefold() in ("this", "current") else before(now)


def _counted(count: int, unit: Unit, today: date) -> Spell:
    """The past `count` units up to today: days and weeks by days, months by their number."""
    if unit in ("day", "week"):
        start = today - timedelta(days=count * (7 if unit == "week" else 1))
    else:
        months = count * {"month": 1, "quarter": 3, "year": 12}[unit]
        start = _moved(today, -months)
    start += timedelta(days=1)
    return Spell(start, today, unit, f"{start} to {today}")


def _moved(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, last_day(year, month + 1).day))


def last_day(year: int, month: int) -> date:
    """The last day of a month."""
    return date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)


def whole(day: date, unit: Unit) -> Spell:
    """The day, ISO week, month, quarter or year that a day is in."""
    if unit == "day":
        return Spell(day, day, unit, day.isoformat())
    if unit == "week":
        year, week, weekday = day.isocalendar()
        start = day - timedelta(days=weekday - 1)
        return Spell(start, start + timedelta(days=6), unit, f"{year}-W{week:02}")
    if unit == "month":
        return Spell(day.replace(day=1), last_day(day.year, day.month), unit, f"{day:%Y-%m}")
    if unit == "quarter":
        quarter = (day.month + 2) // 3
        start = date(day.year, 3 * quarter - 2, 1)
        return Spell(start, last_day(day.year, 3 * quarter), unit, f"{day.year}-Q{quarter}")
    return Spell(date(day.year, 1, 1), date(day.year, 12, 31), unit, str(day.year))


def before(spell: Spell) -> Spell:
    """The whole span just before this one."""
    return whole(spell.start - timedelta(days=1), spell.unit)


def day_of(text: str) -> date | None:
    """An ISO day at the start of a text, or None."""
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
