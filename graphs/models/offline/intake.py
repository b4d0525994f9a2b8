"""Intake: from the mission's words to requirements, assumptions and at most three questions."""

import re
from typing import Any

from bot.domain.mission import title_of
from graphs.models.offline import demands, joining, sources
from graphs.models.offline.gloss import glossed, tongue
from graphs.models.offline.language import cut, sentences, spoken
from graphs.models.offline.shape import listed
from graphs.models.offline.wants import MAX_GOAL, Want, pasted, read, situation

LIMIT = "This was read by rules, without AI: wording and judgement are simple; check them."

_REFERS = re.compile(
    r"\b(?:(?:the|this|these|our|my) )?(?:attached|enclosed|uploaded)(?: (?!(?:in|"
    r"and|for|to|with|by|on|as|into)\b)\w+){0,2}|\bin the attachments?\b|"
    r"\battachments?\b|"
    r"\b(?:the|this|these|our|my) (?:\w+ )?(?:export|spreadsheet|csv|excel(?: file)?|"
    r"xlsx|pdf|file|files|logs?|dataset|data set|"
    r"sheet|transcript|screenshot|minutes|meeting notes|contracts?)\b",
    re.IGNORECASE,
)
_POINTS = re.compile(
    r"^\W*(?:\w+ )?(?:it|this|that|them|these|those|both|the two)\W*$", re.IGNORECASE
)
GREETING = re.compile(
    (
        r"(?:hi|hello|hey|yo|hallo|good (?:morning|afternoon|evening)|thanks?(?: you)?|"
        r"test(?:ing)?|ping|ok(?:ay)?|help)\W*(?:there|all|team|bot|you)?\W*"
    ),
    re.IGNORECASE,
)


def intake(data: dict[str, Any]) -> dict[str, Any]:
    """The IntakeDraft for a goal; never without a requirement that quotes it."""
    goal = str(data.get("goal", ""))
    wants = list(read(goal)) or [_nothing(goal)]
    asked = _questions(data, wants) if data.get("may_ask") else []
    return {
        "title": title(goal, wants),
        "requirements": [_requirement(w) for w in wants] + _answered(data),
        "assumptions": _assumptions(data, wants, bool(asked)),
        "questions": asked[:3],
    }


def _nothing(goal: str) -> Want:
    quote = goal.strip()[:200].strip() or "(nothing)"
    return Want("find", quote, f"Answer: {quote}")


def _requirement(want: Want) -> dict[str, str]:
    return {"text": cut(want.text, 600), "quote": want.quote[:1_000], "check": _check(want)}


def _check(want: Want) -> str:
    checks = {
        "measure": "Every number equals the one computed from the table.",
        "why": "Each reason is quoted with its source, or it is said that none is given.",
        "tell": "It says only what the findings support.",
        "summarise": "Each point is taken from the source and can be found there.",
        "extract": "Each item is quoted with its source, or it is said that there is none.",
        "compare": "Both sides are named, with what differs.",
        "find": "The answer is quoted with its source, or it is said that none was found.",
        "outward": "The text is ready; nothing was sent.",
    }
    if want.form:
        return f"{want.form.text}."
    return checks.get(want.kind, "A reader finds it in the result.")


# Title


def title(goal: str, wants: list[Want]) -> str:
    """A heading for the mission: its first want as a noun phrase."""
    said = [w for w in wants if w.kind != "format"]
    main = next((w for w in said if not joining.only(w.quote)), next(iter(said), None))
    if main is None:
        return title_of(goal) or "Mission"
    if main.kind == "extract":
        return title_of(_heading(_whole_sentence(goal, main.quote))) or "Mission"
    return title_of(_heading(main.quote.strip(" .?!:;,")) or goal) or "Mission"


def _whole_sentence(goal: str, quote: str) -> str:
    """The sentence that a quote stands in: lists are cut into wants, and a title shows them all."""
    holder = next((s.text for s in sentences(goal) if quote in s.text), quote)
    found = re.search(re.escape(quote) + r"[^:;?!.]*", holder)
    return (found[0] if found else quote).strip(" .?!:;,")


_HEADINGS = (
    ((
        r"(?:which|what) (?:are |were )?(?:the )?(.+?) (changed|grew|fell|rose|dropped|"
        r"increased|decreased|improved|declined|sold|cost|failed)\b(.*)"
    ), r"The \1 that \2\3"),
    (r"(?:summari[sz]e|sum up|recap|condense) (.+)", r"Summary of \1"),
    (r"compare (.+?) (?:and|with|to) (.+)", r"\1 compared with \2"),
    (r"compare (.+)", r"Comparison of \1"),
    ((
        r"(?:extract|list|find|identify|collect|show(?: me)?|(?:give|tell)(?: me| us)?|plan|write|"
        r"draft|create|prepare|calculate|compute|analy[sz]e|design|outline|name) (?:all "
        r")?(?:an? |the )?(.+)"
    ), r"\1"),
    (r"count (.+)", r"Count of \1"),
    (r"(?:what (?:is|are|were|was) )(.+)", r"\1"),
    (r"(how many .+)", r"\1"),
)  # fmt: skip


def _heading(text: str) -> str:
    text = re.sub(r"\b(?:the )?(?:attached|enclosed) ", "the ", text)
    for shape, form in _HEADINGS:
        if re.fullmatch(shape, text, re.IGNORECASE | re.DOTALL):
            text = re.sub(shape, form, text, count=1, flags=re.IGNORECASE | re.DOTALL)
            break
    return text[:1].upper() + text[1:]


# Assumptions


def _assumptions(data: dict[str, Any], wants: list[Want], asking: bool) -> list[str]:
    goal = str(data.get("goal", ""))
    found = [LIMIT]
    if language := tongue(pasted(goal)[0]):
        found.append(
            f"The mission is in {language}: the offline model read it word by word and answers in "
            "English. Check the requirements, or ask in English."
        )
    found += [f"Taken as background, asks for nothing: “{cut(t, 200)}”" for t in situation(goal)]
    found += [_language(w) for w in wants if w.form and w.form.kind == "language"]
    found += [_audience(w) for w in wants if w.form and w.form.kind == "audience"]
    found += [_page(w) for w in wants if w.form and w.form.kind == "words" and "page" in w.text]
    if any(w.kind == "outward" for w in wants):
        found.append(
            "Nothing is sent or changed outside: the text is prepared for a person to send."
        )
    if not asking and (absent := missing(data)):
        found.append(f"Nothing is attached for “{absent}”: what needs it is said to be missing.")
    if len(files := sources.attachments(data)) > 1:
        found.append(f"All {len(files)} attachments belong to the mission.")
    if _changes(wants) and sources.tables(data):
        found.append("“Changed most” means the largest change in either direction.")
    if len(goal) > MAX_GOAL:
        found.append("The message is very long: its first sentence was taken as the mission.")
    elif pasted(goal)[1]:
        found.append("What stands under the first lines was taken as the material to work on.")
    if not sources.anything(data) and _undated(goal, wants):
        found.append("No dates were given: a plan counts its days or weeks from its own start.")
    if not sources.anything(data):
        found.append("There is no material: what is written comes from general checklists.")
    return found


def _undated(goal: str, wants: list[Want]) -> bool:
    """True when a plan is to have dates and the mission names none."""
    asked = [demands.named(w.text) for w in wants if w.kind in ("create", "tell")]
    return any(map(demands.wants_dates, asked)) and not demands.dated(goal)


def _language(want: Want) -> str:
    name = want.form.value.title() if want.form else ""
    return (
        f"The offline model cannot translate: the result is in the words of the sources, "
        f"not in {name}."
    )


def _audience(want: Want) -> str:
    name = want.form.value if want.form else ""
    return f"For {name}: the offline model keeps sentences short, but cannot change the tone."


def _page(want: Want) -> str:
    return f"One page means at most {want.form.value if want.form else ''} words."


def _changes(wants: list[Want]) -> bool:
    return any(
        w.kind == "measure" and re.search(r"\bchanged? (?:the )?most\b", w.text) for w in wants
    )


# Questions and their answers


def _questions(data: dict[str, Any], wants: list[Want]) -> list[dict[str, Any]]:
    if data.get("answers"):
        return []
    goal = str(data.get("goal", "")).strip()
    if GREETING.fullmatch(goal):
        return [_greeted(data)]
    if absent := missing(data):
        return [_ask_file(absent)]
    first = next((w for w in wants if w.kind != "format"), None)
    if not sources.anything(data) and first and _POINTS.fullmatch(first.quote):
        return [_ask_object(first.quote)]
    if not sources.anything(data) and len(goal.split()) == 1:
        return [_ask_word(goal)]
    return []


def missing(data: dict[str, Any]) -> str:
    """The words that speak of a file when there is none."""
    if sources.anything(data):
        return ""
    gloss = glossed(str(data.get("goal", ""))[:MAX_GOAL])
    found = _REFERS.search(gloss.text)
    return gloss.source(found.start(), found.end()).strip() if found else ""


def _greeted(data: dict[str, Any]) -> dict[str, Any]:
    names = [a["name"] for a in sources.attachments(data)]
    about = f" with {spoken(names[:3])}" if names else ""
    return {
        "text": f"Hello! What should I do{about}?",
        "choices": [
            "Summarise it",
            "Find the most important numbers",
            "List decisions and action items",
        ],
        "default": "Summarise it",
    }


def _ask_file(missing: str) -> dict[str, Any]:
    return {
        "text": f"You mention “{missing}”, but nothing is attached. How should I go on?",
        "choices": ["I send a new mission with the file", "Go on without it"],
        "default": "Go on without it",
    }


def _ask_object(quote: str) -> dict[str, Any]:
    return {
        "text": (
            f"“{cut(quote.rstrip('.?! '), 80)}”: what do you mean? Name it or paste the text here."
        ),
        "choices": ["I send a new mission with the material", "Go on with a general outline"],
        "default": "Go on with a general outline",
    }


def _ask_word(goal: str) -> dict[str, Any]:
    word = cut(goal.strip(".?! "), 60) or "this"
    return {
        "text": f"What should I do about “{word}”?",
        "choices": [f"Plan {word}: steps, risks, roles", f"Draft a text about {word}"],
        "default": f"Plan {word}: steps, risks, roles",
    }


def _answered(data: dict[str, Any]) -> list[dict[str, str]]:
    """What a person answered, as requirements that quote the answer."""
    found: list[dict[str, str]] = []
    for _, answer in listed(data, "answers"):
        text = str(answer).strip()
        if text and not re.match(r"(?:I send|Go on)\b", text):
            found += [_requirement(w) for w in read(text)]
    known = [s.text.casefold() for s in sentences(str(data.get("goal", "")))]
    return [r for r in found if r["quote"].casefold() not in known][:6]
