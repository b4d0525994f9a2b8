"""Words after a first result that change what is computed: another number, one more row."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from graphs.models.offline.columns import speaks_of
from graphs.models.offline.gloss import in_english
from graphs.models.offline.language import keywords


@dataclass(frozen=True)
class Tongue:
    """The words of one language, as alternatives of a regular expression.

    `instead` are words that always set one number against another; `not_` needs a `by` beside it.
    `after` is what may stand behind the names of rows and is none, `ends` verbs that stand last.
    """

    name: str
    verbs: str
    it: str
    by: str
    the: str
    instead: str
    not_: str
    polite: str
    also: str
    add: str
    me: str
    one: str
    row: str
    of: str
    and_: str
    but: str
    after: str = ""
    ends: str = ""


TONGUES = (
    Tongue(
        name="English", verbs="rank|sort|order|count|compare|measure|use|take|show|do",
        it="it|them|this", by="by", the="the", instead="instead of|rather than",
        not_="and not|not", polite="please", also="also", add="add|include|show|give|put in",
        me="me", one="an?|one|another|the", row="row|line|entry|rows|lines|entries",
        of="for|of|with|about|on", and_="and|&", but="and|but",
    ),
    Tongue(
        name="German",
        verbs="ordne|sortiere|reihe|zähle|vergleiche|miss|nimm|zeige|mach|mache|verwende|nutze",
        it="sie|es|das|die", by="nach", the="der|die|das|den|dem",
        instead="statt|anstatt|anstelle von",
        not_="und nicht|nicht", polite="bitte", also="auch|noch",
        add="ergänze|füge|zeige|gib|nimm|hänge", me="mir|uns",
        one="eine|noch eine|die|eine weitere", row="zeilen?|reihen?|einträge|eintrag",
        of="für|zu|von|mit|über", and_="und|&", but="und|aber", after="hinzu|an|auf|dazu|ein",
        ends="ordnen|sortieren|reihen|zählen|vergleichen",
    ),
    Tongue(
        name="French",
        verbs="classe|classez|trie|triez|ordonne|ordonnez|compte|comptez|compare|comparez|prends|"
        "prenez|utilise|utilisez|montre|montrez",
        it="les|le|la|cela", by="par|selon", the="les|le|la|l['’]",
        instead="au lieu d[eu]s?|plutôt que|à la place d[eu]s?", not_="et pas|et non|pas|non",
        polite="s['’]il (?:te|vous) plaît|svp|merci de", also="aussi|encore|également",
        add="ajoute[rz]?|montre[rz]?|donne[rz]?|inclu[ts]|incluez", me="moi|nous",
        one="une|la|une autre", row="lignes?|entrées?", of="pour|de|sur|avec", and_="et|&",
        but="et|mais",
    ),
    Tongue(
        name="Spanish",
        verbs="ordena|ordene|clasifica|clasifique|cuenta|cuente|compara|compare|usa|use|toma|"
        "tome|muestra|muestre", it="los|las|lo|la|eso", by="por|según", the="los|las|el|la",
        instead="en lugar de|en vez de", not_="y no|no", polite="por favor",
        also="también|además", add="añad[ea]|agreg(?:a|ue)|muestr[ea]|incluy[ea]|pon",
        me="me|nos", one="una|la|otra", row="filas?|líneas?|entradas?",
        of="para|de|sobre|con", and_="y|e|&", but="y|pero",
    ),
)  # fmt: skip
"""English first: its words are looked for before those of the others."""

_EDGE = " \t\"'“”‘’«»`.,"


@dataclass(frozen=True)
class _Shapes:
    """What is looked for in the words of one language."""

    tongue: Tongue
    swap: re.Pattern[str]
    row: re.Pattern[str]
    names: re.Pattern[str]
    after: re.Pattern[str]
    ends: re.Pattern[str]


def _shapes(t: Tongue) -> _Shapes:
    lead = rf"(?:(?:{t.polite})\s+)?"
    by = rf"(?:(?:{t.by})\s+)?(?:(?:{t.the})\s+)?"
    last = "|".join(filter(None, (t.and_, t.ends, t.polite, t.also)))
    name = rf"[\w'’-]+(?: (?!(?:{last})(?!\w))[\w'’-]+)?"
    swap = (
        rf"(?:{lead}\b(?:{t.verbs})\s+(?:(?:{t.it})\s+)?)?{by}\b(?!(?:{t.by})\b)(?P<new>{name}?),?\s+"
        rf"(?P<how>{t.instead}|{t.not_})\s+{by}(?P<old>{name})"
    )
    row = (
        rf"{lead}(?:(?:{t.also})\s+)?\b(?:{t.add})[\s-]+(?:(?:{t.me})\s+)?(?:(?:{t.also})\s+)?"
        rf"(?:{t.one})\s+(?:\w+\s+)?(?:{t.row})\s+(?:{t.of})\s+"
        rf"(?P<names>[^;\n]+?)(?=[.!?]?\s*$|[.!?]\s|;|\n|,\s+(?:{t.but})\s+\w+\s+)"
    )
    names = rf",\s*(?:(?:{t.and_})\s+)?|\s+(?:{t.and_})\s+"
    after = rf"\s+(?:{t.after})$" if t.after else r"(?!)"
    ends = rf"(?<!\w)(?:{t.ends or t.polite}|{t.polite})(?!\w)"
    return _Shapes(t, *(re.compile(s, re.IGNORECASE) for s in (swap, row, names, after, ends)))


_ALL = tuple(map(_shapes, TONGUES))


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
            elif not re.search(rf"\bby {re.escape(new)}\b", question, re.IGNORECASE):
                question = f"{question.rstrip('.?! ')} by {new}"
        return question

    def renamed(self, title: str) -> str:
        """A title with the new words, where it names the old ones or what means the same."""
        for new, old in self.swaps:
            said = [w for w in re.findall(r"[\w'’-]+", title) if speaks_of(old, w)]
            shape = "|".join(map(re.escape, [old, *said]))
            title = re.sub(rf"\b(?:{shape})\b", lambda _, new=new: new, title, flags=re.IGNORECASE)
        return title[:1].upper() + title[1:]

    @property
    def only(self) -> bool:
        """True when the words ask for nothing but this."""
        joins = {word for t in TONGUES for word in t.and_.split("|")}
        return bool(self.swaps or self.also) and not any(
            w for w in keywords(self.rest) if w not in joins
        )


def steer(text: str) -> Steer:
    """What a person's words change about a computation that is there.

    >>> steer("Rank by errors instead of requests, and add a row for /v1/orders").also
    ('/v1/orders',)
    >>> steer("Bitte nach Umsatz statt nach Kosten ordnen").swaps
    (('revenue', 'cost'),)
    """
    also: list[str] = []
    swaps: list[tuple[str, str]] = []
    for shapes in _ALL:
        also += _rows(shapes, text)
        text = shapes.row.sub(" ", text)
        for found in [m for m in shapes.swap.finditer(text) if _named(shapes, m)]:
            swaps.append(_english(shapes.tongue, found))
            text = shapes.ends.sub(" ", text.replace(found[0], " "))
    return Steer(tuple(swaps), tuple(dict.fromkeys(also)), text.strip(" ,;.\n"))


def _rows(shapes: _Shapes, text: str) -> Iterator[str]:
    for found in shapes.row.finditer(text):
        names = shapes.ends.sub("", found["names"]).rstrip(".!?, ")
        for part in shapes.names.split(shapes.after.sub("", names)):
            if name := part.strip(_EDGE):
                yield name


def _english(tongue: Tongue, found: re.Match[str]) -> tuple[str, str]:
    """The new and the old word, in the language that columns are looked for in."""
    new, old = (in_english(found[name], tongue.name) for name in ("new", "old"))
    return new, old


def _named(shapes: _Shapes, match: re.Match[str]) -> bool:
    """True for `errors instead of requests`; a bare `not` needs its `by` to name a number."""
    clear = re.fullmatch(shapes.tongue.instead, match["how"], re.IGNORECASE)
    by = re.search(rf"\b(?:{shapes.tongue.by})\s", match[0], re.IGNORECASE)
    return bool(clear or by) and bool(keywords(match["new"]) and keywords(match["old"]))
