"""What short words mean in a chat: a greeting, thanks, a question about status, stop, yes, no.

Only a message that is nothing but such words counts: “stop” stops, “Stop the churn of customers:
make a plan” is a goal, “ok, but shorter” is a wish.
"""

import re
from enum import StrEnum


class Meaning(StrEnum):
    hello = "hello"
    thanks = "thanks"
    help = "help"
    status = "status"
    stop = "stop"
    yes = "yes"
    no = "no"
    again = "again"
    button = "button"
    wish = "wish"


POLITE = """
    please; bitte; now; jetzt; thanks; thank you; danke; all; s'il (te|vous) plait; por favor;
    per favore; concertmaster; bot
"""
"""They change nothing of what the others mean."""

PHRASES: dict[Meaning, str] = {
    Meaning.stop: """
        stop; stop (it|this|that|everything); halt; abort; abort (it|this); cancel;
        cancel (it|this|that|everything|the mission); stop the mission; stopp; abbrechen;
        abbruch; brich (es |das )?ab; hör auf; aufhören; anhalten; arr[eê]te(z)?;
        annule(z)?; arr[eê]tez tout; para; p[aá]ralo; detente; cancela; cancelar; pare;
        ferma(ti)?; basta; annulla; stoppen; avbryt; 停止; 停; 取消; やめて; 中止; стоп; хватит;
        отмена
    """,
    Meaning.yes: """
        y; yes; yep; yeah; yup; ok; okay; k; sure; approve; approved; i approve( it| this)?;
        agreed; confirm(ed)?; accept(ed)?; go; go ahead; go for it; go on; do it; lgtm;
        ship it; (that |this |it )?looks? (good|great|fine|ok)( to me)?;
        (that'?s |this is |it'?s )?(all )?(fine|good|perfect|great|correct|right);
        sounds good; nice; cool; proceed; continue; start; i'?m happy( with it)?; well done;
        good (job|work); done; excellent; ja; jo; jep; genau; passt; gut; sehr gut; super;
        freigegeben; genehmigt; einverstanden; in ordnung; mach( das| es)?; los( geht'?s)?;
        weiter; okey; oui; d'accord; vas-y; approuvé; s[ií]; vale; de acuerdo; aprobado;
        sim; aprovado; va bene; approvato; tak; hai; da; はい; いいです; 承認; 是; 好; 好的; 可以;
        同意; да; хорошо
    """,
    Meaning.no: """
        n; no; nope; nah; no way; don'?t; do not; reject(ed)?; not (good|ok|yet|like this);
        bad; wrong; nein; nee; nicht gut; abgelehnt; falsch; non; nej; não; nao; нет; いいえ;
        不; 不行; 不是
    """,
    Meaning.thanks: """
        thanks( a lot| so much)?; thank you( so much| very much)?; thx; ty; cheers;
        danke( schön| sehr|dir)?; vielen dank; merci( beaucoup)?; (muchas )?gracias;
        grazie( mille)?; obrigad[oa]; tack; dziękuję; ありがとう(ございます)?; 谢谢; спасибо
    """,
    Meaning.hello: """
        hi; hello; hey; yo; hi there; hello there; hey there;
        good (morning|afternoon|evening|day); morning; hallo; moin( moin)?; servus;
        guten (morgen|tag|abend); grüß gott; bonjour; salut; bonsoir; hola;
        buen(os|as) (d[ií]as|tardes|noches); ciao; buongiorno; buonasera; ol[aá]; bom dia;
        hej; cześć; こんにちは; おはよう(ございます)?; 你好; 您好; привет; здравствуйте; test;
        testing; ping; are you (there|here); anyone (there|here); how are you( doing)?; wie geht'?s;
        what'?s up
    """,
    Meaning.help: """
        help( me)?; hilfe; aide; ayuda; aiuto; what can you do( for me)?;
        how does (this|it) work; what is this; who are you; was kannst du( alles)?;
        wie (geht|funktioniert) das; usage; commands; /help; /mission
    """,
    Meaning.status: """
        status( update)?; (so )?how('s| is) it going; how far( are (you|we))?;
        what('s| is) the status; any (news|updates?|progress); where are (we|you);
        are (you|we) (done|finished|ready)( yet)?; is it (done|finished|ready)( yet)?;
        progress; wie weit bist du( schon)?; wie läuft es; wie läuft'?s; wie ist der stand;
        stand; schon fertig; bist du (schon )?fertig; où en es-tu; cómo va;
        how long( (will it take|to go))?
    """,
    Meaning.again: """
        retry; again; try( it)? again; once more; one more time; repeat; nochmal; noch ?mal;
        noch einmal; erneut; encore( une fois)?; r[eé]essaye(r)?; otra vez; di nuovo; もう一度;
        重试; ещё раз
    """,
    Meaning.button: """
        skip( it| this)?; (go on|continue|carry on) without( it)?; leave it out;
        use it( as it is| anyway)?; use as is; accept it; take it as it is; ohne weiter;
        weiter ohne; überspringen; lass es weg; nimm es( so)?; raise the cap( to .{1,12})?;
        revise; decide
    """,
}
"""What each meaning sounds like, as patterns over bare words. `button` is what needs a click."""

EMOJI: dict[str, str] = {
    "👍": " yes ", "✅": " yes ", "👌": " yes ", "💯": " yes ", "🚀": " yes ", "👎": " no ",
    "❌": " no ", "👋": " hi ", "🙏": " thanks ", "🛑": " stop ", "✋": " stop ",
}  # fmt: skip


def _says(phrases: str) -> re.Pattern[str]:
    """Any of the phrases at the beginning, the longest first, up to the end of a word."""
    wanted = sorted((" ".join(p.split()) for p in phrases.split(";")), key=len, reverse=True)
    return re.compile(rf"(?:{'|'.join(wanted)})(?![^\W\d_])", re.IGNORECASE)


_SAYS = {meaning: _says(phrases) for meaning, phrases in PHRASES.items()}
_POLITE = _says(POLITE)
_BETWEEN = re.compile(r"[\s,.;:!?…)(\-–—🏻-🏿\ufe0f]+")
_LONGEST = 80
"""No greeting is longer; a long text is never looked through."""


def meaning(text: str) -> Meaning:
    """What the words mean; `wish` for anything that is more than set phrases."""
    words = _bare(text)
    if not words or len(words) > _LONGEST:
        return Meaning.wish
    found = _read(words)
    if found is None:
        return Meaning.wish
    return next((m for m in ORDER if m in found), Meaning.thanks)


ORDER = (
    Meaning.stop, Meaning.no, Meaning.button, Meaning.again, Meaning.status, Meaning.help,
    Meaning.yes, Meaning.thanks, Meaning.hello,
)  # fmt: skip
"""“ok, stop” stops, “hi, how is it going?” asks; the careful reading comes first."""


def _read(words: str) -> set[Meaning] | None:
    """The meanings of all phrases, in a row; None when something else is among them."""
    found: set[Meaning] = set()
    while words:
        said = [(m, hit.end()) for m, says in _SAYS.items() if (hit := says.match(words))]
        if said:
            kind, end = max(said, key=lambda s: s[1])
            found.add(kind)
        elif polite := _POLITE.match(words):
            end = polite.end()
        else:
            return None
        words = _BETWEEN.sub(" ", words[end:], count=1).lstrip() if words[end:] else ""
    return found


def _bare(text: str) -> str:
    for sign, word in EMOJI.items():
        text = text.replace(sign, word)
    return _BETWEEN.sub(" ", text.replace("’", "'")).strip().casefold()
