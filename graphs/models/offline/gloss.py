"""German and French missions, put word by word into the English that the rules read.

The places of the words are kept, so that what is quoted is what the person wrote. A word that
is not known passes through: names of columns are found in any language.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


MARKS: Mapping[str, frozenset[str]] = {
    "German": _set(
        "der die das dem den und welche welcher welches was wie viele sollen wir ist sind mit eine "
        "einer einen nach für bitte zeige zeig gib nenne warum haben wurde wurden im am zum zur "
        "aus auf pro je fasse zusammen vergleiche erstelle schreibe summiere berechne liste "
        "größten meisten uns unseren ihrer diese dieser dieses seit letzten"
    ),
    "French": _set(
        "le la les des du une un quel quelle quelles quels combien pourquoi avec par pour est sont "
        "et nous dans sur fais faites montre montrez donne donnez résume résumez que devons ce "
        "cette ces au aux plus qui liste depuis entre"
    ),
}
_ENGLISH = _set(
    "the and which what of is are with by for to how many in on from should we make show"
)
_SURE: Mapping[str, frozenset[str]] = {
    "German": _set("nach für und welche warum zeige nenne bitte zusammen"),
    "French": _set("avec pour quelles combien pourquoi montre donne"),
}
"""Words of which one is enough, where no English word stands."""

_NUMBERS_DE = {"zwei": "two", "drei": "three", "vier": "four", "fünf": "five", "sechs": "six",
               "sieben": "seven", "acht": "eight", "neun": "nine", "zehn": "ten"}  # fmt: skip
_NUMBERS_FR = {"deux": "two", "trois": "three", "quatre": "four", "cinq": "five", "six": "six",
               "sept": "seven", "huit": "eight", "neuf": "nine", "dix": "ten"}  # fmt: skip

Rules = Sequence[tuple[str, str]]

_GERMAN: Rules = (
    (r"was (?:sollen|sollten|können|müssen) wir (?P<who>(?:\w+ )?\w+) (?:sagen|mitteilen|"
     r"berichten|erzählen)", r"what should we tell \g<who>"),
    (r"was (?:sollen|sollten|müssen) wir (?:tun|machen|unternehmen)", "what should we do"),
    (r"fasse? (?P<what>.+?) zusammen", r"summarise \g<what>"),
    (r"liste? (?P<what>.+?) auf(?=\W|$)", r"list \g<what>"),
    (r"(?:haben|hat) sich am (?:stärksten|meisten|deutlichsten) (?:verändert|geändert)",
     "changed most"),
    (r"(?:sind|ist) am (?:stärksten|meisten) (?:gestiegen|gewachsen)", "grew most"),
    (r"(?:sind|ist) am (?:stärksten|meisten) (?:gefallen|gesunken)", "fell most"),
    (r"am (?:stärksten|meisten|häufigsten)", "most"),
    (r"wie ?viele", "how many"), (r"wie ?viel", "how much"), (r"wie (?:hoch|groß) (?:ist|war)",
     "what is"),
    (r"welche[rsnm]?", "which"), (r"warum|weshalb|wieso", "why"), (r"was (?:ist|sind)", "what is"),
    (r"was", "what"), (r"wer", "who"), (r"wann", "when"),
    (r"zeige?n?(?: mir| uns)?", "show"), (r"gib(?: mir| uns)?", "give me"), (r"nenne?", "name"),
    (r"vergleiche?", "compare"), (r"berechne?", "calculate"), (r"summiere?", "sum"),
    (r"zähle?", "count"), (r"erstelle?|mache?|baue?", "make"), (r"schreibe?|verfasse?", "write"),
    (r"erkläre?", "explain"), (r"empfiehl|empfehle", "recommend"), (r"plane?", "plan"),
    (r"auf einer (?:halben )?seite", "on one page"), (r"eine seite", "one page"),
    (r"einseitige[rsn]?", "one-page"), (r"mit (?:einer )?tabelle", "with a table"),
    (r"als tabelle", "as a table"), (r"mit (?:einem )?diagramm", "with a chart"),
    (r"stichpunkten?|stichpunkte|aufzählungspunkten?", "bullets"), (r"sätzen?", "sentences"),
    (r"wörtern?|worten", "words"),
    (r"(?:im|den|dem) (?:letzten|vergangenen|vorigen) monat|letzten monat", "last month"),
    (r"(?:in der|der) letzten woche|letzte woche", "last week"),
    (r"(?:im )?(?:letzten|vergangenen) jahr", "last year"), (r"dieses jahr", "this year"),
    (r"(?:dem |im )?vormonat", "the month before"), (r"(?:dem )?vorjahr", "the year before"),
    (r"verkauft|verkaufen", "sold"), (r"kurze[rnms]?", "short"), (r"kosten", "cost"),
    (r"ersten?r?", "first"), (r"letzten?r?", "last"), (r"zeilen?", "row"),
    (r"angehängten?|beigefügten?|anhang", "attached"), (r"datei", "file"),
    (r"größten?r?", "largest"), (r"höchsten?r?", "highest"), (r"kleinsten?r?", "smallest"),
    (r"niedrigsten?r?", "lowest"), (r"besten?r?", "best"), (r"wichtigsten?r?", "most important"),
    (r"durchschnittliche?[rns]?|durchschnitt|mittlere[rns]?", "average"),
    (r"gesamte?[rns]?|insgesamt", "total"), (r"summe", "total"), (r"anzahl", "number of"),
    (r"nach(?= \w)", "by"), (r"pro|je", "per"), (r"seit", "since"), (r"zwischen", "between"),
    (r"und", "and"), (r"oder", "or"), (r"mit", "with"), (r"für", "for"), (r"von|vom", "of"),
    (r"aus", "from"), (r"im|in", "in"), (r"bitte", "please"), (r"wir", "we"),
    (r"haben", "have"), (r"sind", "are"), (r"ist", "is"),
    (r"(?:unsere[rnms]?|unser)", "our"), (r"der|die|das|den|dem|des", "the"),
    (r"eine[rnms]?|ein", "a"), (r"diese[rnms]?", "this"),
    (r"fristen?", "deadlines"), (r"termine?n?", "dates"), (r"hat", "has"), (r"hatten?", "had"),
    (r"fehlern?", "errors"), (r"anfragen|aufrufen?", "requests"), (r"preise?n?", "price"),
    (r"filialen?", "branch"), (r"ausgaben", "spend"), (r"mengen?", "quantity"),
    (r"liste", "list"), (r"unterschied", "difference"), (r"wer", "who"),
    (r"verantwortlichen?", "owners"), (r"kosten", "cost"),
    (r"vorstand", "board"), (r"kund(?:e|en|innen)", "customers"), (r"umsatz|umsätze", "revenue"),
    (r"betrag|beträge", "amount"), (r"aktien?", "stocks"), (r"pakete?", "packages"),
    (r"monaten?|monate?", "month"), (r"wochen?", "week"), (r"jahren?|jahre?", "year"),
    (r"quartale?", "quarter"), (r"tagen?|tage?", "day"), (r"ländern?|länder|land", "country"),
    (r"bestellungen", "orders"), (r"produkten?|produkte", "products"), (r"mitarbeitern?", "staff"),
    (r"risiken", "risks"), (r"entscheidungen", "decisions"), (r"aufgaben", "action items"),
    (r"offenen? fragen", "open questions"), (r"gründe", "reasons"), (r"änderungen", "changes"),
    (r"zusammenfassung", "summary"), (r"bericht", "report"), (r"überblick", "overview"),
    (r"dokument", "document"), (r"unterschiede", "differences"), (r"schritte", "steps"),
    (r"januar", "January"), (r"februar", "February"), (r"märz", "March"), (r"mai", "May"),
    (r"juni", "June"), (r"juli", "July"), (r"oktober", "October"), (r"dezember", "December"),
    *((rf"{word}", number) for word, number in _NUMBERS_DE.items()),
)  # fmt: skip

_FRENCH: Rules = (
    (r"que (?:devons|devrions|pouvons)[- ]nous dire (?:à|au|aux) (?:la |l['’]|nos |notre |leurs? )?"
     r"(?P<who>\w+)", r"what should we tell the \g<who>"),
    (r"que (?:devons|devrions)[- ]nous faire", "what should we do"),
    (r"(?:ont|a) le plus (?:changé|évolué|varié)", "changed most"),
    (r"(?:ont|a) le plus (?:augmenté|progressé)", "grew most"),
    (r"(?:ont|a) le plus (?:baissé|diminué)", "fell most"),
    (r"qui occupent|qui prennent|occupent|prennent", "take"),
    (r"le plus d['’]", "the most "), (r"le plus de", "the most"),
    (r"les? plus (?:grande?s?|gros(?:se)?s?)", "largest"),
    (r"les? plus (?:élevée?s?|hauts?|hautes?)", "highest"),
    (r"quel(?:le)?s? (?:sont|est)", "which are"), (r"quel(?:le)?s?", "which"),
    (r"combien (?:de|d['’])", "how many"), (r"combien", "how many"), (r"pourquoi", "why"),
    (r"qui", "that"), (r"résume[rz]?", "summarise"), (r"compare[rz]?", "compare"),
    (r"montre[rz]?(?:[- ](?:moi|nous))?", "show"), (r"donne[rz]?(?:[- ](?:moi|nous))?", "give me"),
    (r"liste[rz]?", "list"), (r"calcule[rz]?", "calculate"), (r"explique[rz]?", "explain"),
    (r"(?:fais|faites|crée[rz]?|prépare[rz]?) (?=une? )", "make "), (r"écri(?:s|vez|re)", "write"),
    (r"sur une page", "on one page"), (r"une page", "one page"), (r"avec un tableau",
     "with a table"), (r"un tableau", "a table"), (r"un graphique", "a chart"),
    (r"points? clés?", "key points"), (r"puces", "bullets"), (r"phrases", "sentences"),
    (r"le mois dernier|du mois dernier", "last month"), (r"la semaine dernière", "last week"),
    (r"l['’]année dernière|l['’]an dernier", "last year"), (r"depuis", "since"),
    (r"entre", "between"), (r"première?", "first"), (r"dernière?", "last"), (r"ligne", "row"),
    (r"moyenne", "average"), (r"somme", "total"), (r"nombre d['’e]", "number of"),
    (r"par", "by"), (r"avec", "with"), (r"pour", "for"), (r"dans|en", "in"), (r"et", "and"),
    (r"ou", "or"), (r"sont", "are"), (r"est", "is"), (r"nos|notre", "our"),
    (r"(?:les|la|le)", "the"), (r"l['’](?=\w)", "the "), (r"(?:des|du|de)", "of"),
    (r"d['’](?=\w)", "of "), (r"une?", "a"), (r"ce(?:t|tte|s)?", "this"), 
    (r"svp|s['’]il vous plaît", "please"), (r"courte?s?", "short"), (r"brève?s?", "short"),
    (r"(?:au |du )?mois précédent", "the month before"), (r"vendus?|vendues?", "sold"),
    (r"erreurs?", "errors"), (r"requêtes?|appels?", "requests"), (r"coûts?", "cost"),
    (r"échéances?|délais?", "deadlines"), (r"prix", "price"), (r"quantités?", "quantity"),
    (r"fichier", "file"), (r"joint(?:e)?", "attached"), (r"clients?", "customers"),
    (r"chiffre d['’]affaires", "revenue"), (r"ventes", "sales"), (r"montant", "amount"),
    (r"pays", "country"), (r"mois", "month"), (r"semaines?", "week"), (r"années?|ans?", "year"),
    (r"jours?", "day"), (r"trimestre", "quarter"), (r"espace", "space"), (r"taille", "size"),
    (r"actions", "stocks"), (r"paquets", "packages"), (r"produits", "products"),
    (r"commandes", "orders"), (r"conseil", "board"), (r"risques", "risks"),
    (r"décisions", "decisions"), (r"raisons", "reasons"), (r"rapport", "report"),
    (r"différences", "differences"), (r"document", "document"), (r"étapes", "steps"),
    (r"janvier", "January"), (r"février", "February"), (r"mars", "March"), (r"avril", "April"),
    (r"mai", "May"), (r"juin", "June"), (r"juillet", "July"), (r"août", "August"),
    (r"septembre", "September"), (r"octobre", "October"), (r"novembre", "November"),
    (r"décembre", "December"),
    *((rf"{word}", number) for word, number in _NUMBERS_FR.items()),
)  # fmt: skip

_SPANISH: Rules = (
    (r"errores", "errors"), (r"ingresos|facturación", "revenue"), (r"ventas", "sales"),
    (r"solicitudes|peticiones|llamadas", "requests"), (r"costes?|costos?|gastos?", "cost"),
    (r"precios?", "price"), (r"cantidad(?:es)?", "quantity"), (r"importes?", "amount"),
    (r"clientes?", "customers"), (r"productos?", "products"), (r"pedidos?", "orders"),
    (r"porcentajes?", "percent"), (r"horas", "hours"), (r"número", "number"),
)  # fmt: skip
"""Names of numbers only: missions in Spanish are not read yet."""


@dataclass(frozen=True)
class Gloss:
    """English for the rules; `source` gives the person's own words for a piece of it."""

    text: str
    original: str
    places: tuple[tuple[int, int, int, int], ...] = ()

    def source(self, start: int, end: int) -> str:
        """The original words behind `text[start:end]`."""
        if not self.places:
            return self.original[start:end]
        touched = [p for p in self.places if p[0] < end and p[1] > start]
        if not touched:
            return ""
        first, last = touched[0], touched[-1]
        kept = first[3] - first[2] == first[1] - first[0]
        begin = first[2] + (start - first[0] if kept and start > first[0] else 0)
        same = last[3] - last[2] == last[1] - last[0]
        stop = last[3] - (last[1] - end if same and end < last[1] else 0)
        return self.original[begin:stop].strip()


def tongue(text: str) -> str:
    """`German` or `French` for a text that plainly is; empty for English and all else."""
    said = re.findall(r"[^\W\d_]+", text.casefold())[:400]
    english = sum(word in _ENGLISH for word in said)
    scores = {name: sum(word in marks for word in said) for name, marks in MARKS.items()}
    best = max(scores, key=lambda name: scores[name])
    plain = scores[best] >= 2 and scores[best] > english
    return best if plain or (not english and _SURE[best].intersection(said)) else ""


@lru_cache(maxsize=128)
def glossed(text: str) -> Gloss:
    """The text in the rules' English; as it is when it is neither German nor French."""
    language = tongue(text)
    if not language:
        return Gloss(text, text)
    return _told(text, _SHAPES[language])


def in_english(words: str, language: str) -> str:
    """A few words whose language is known, each in English when it is known."""
    shapes = _SHAPES.get(language)
    return _told(words, shapes).text.strip() if shapes else words


def _told(text: str, rules: Sequence[tuple[re.Pattern[str], str]]) -> Gloss:
    parts: list[str] = []
    places: list[tuple[int, int, int, int]] = []
    at = size = 0
    while at < len(text):
        piece, end = _step(text, at, rules)
        places.append((size, size + len(piece), at, end))
        parts.append(piece)
        size, at = size + len(piece), end
    return Gloss("".join(parts), text, tuple(places))


def _step(text: str, at: int, rules: Sequence[tuple[re.Pattern[str], str]]) -> tuple[str, int]:
    """The English of what stands at a place, and where it ends: a rule, a word, or one mark."""
    for shape, form in rules:
        if found := shape.match(text, at):
            groups = {k: _told(v, rules).text for k, v in found.groupdict().items() if v}
            return _filled(form, groups), found.end()
    word = _WORD.match(text, at)
    return (word[0], word.end()) if word else (text[at], at + 1)


def _filled(form: str, groups: Mapping[str, str]) -> str:
    return re.sub(r"\\g<(\w+)>", lambda m: groups.get(m[1], ""), form)


_WORD = re.compile(r"[\w./-]+")
_SHAPES = {
    # What ends in a word character must end a word: `den` is not the start of `denn`.
    name: [(re.compile(rf"(?:{shape})(?:(?<=\W)|(?!\w))", re.IGNORECASE), form)
           for shape, form in rules]
    for name, rules in (("German", _GERMAN), ("French", _FRENCH), ("Spanish", _SPANISH))
}  # fmt: skip
