"""Words that turn a computation, in the languages that people write to the bot."""

import pytest

from graphs.models.offline.assembly import assemble
from graphs.models.offline.steering import steer
from tests.offline.mini import Mini

USAGE = """\
endpoint,requests,errors
/v1/users,900,5
/v1/orders,800,1
/v1/items,700,40
/v1/login,600,20
"""


@pytest.mark.parametrize(
    ("words", "swaps", "also"),
    [
        ("Rank by errors instead of requests", (("errors", "requests"),), ()),
        ("by revenue, not by calls", (("revenue", "calls"),), ()),
        ("Bitte nach Umsatz statt nach Kosten ordnen", (("revenue", "cost"),), ()),
        ("Nach Umsatz, nicht nach Kunden.", (("revenue", "customers"),), ()),
        ("Füge eine Zeile für Köln und Bonn hinzu.", (), ("Köln", "Bonn")),
        (
            "Ordne nach Fehlern statt nach Anfragen und ergänze eine Zeile für /v1/orders",
            (("errors", "requests"),),
            ("/v1/orders",),
        ),
        (
            "Classe par erreurs au lieu de requêtes et ajoute une ligne pour /v1/orders",
            (("errors", "requests"),),
            ("/v1/orders",),
        ),
        ("par chiffre d'affaires, pas par appels", (("revenue", "requests"),), ()),
        (
            "Ordena por errores en lugar de solicitudes y añade una fila para /v1/orders",
            (("errors", "requests"),),
            ("/v1/orders",),
        ),
        ("Agregue una fila para Madrid, por favor", (), ("Madrid",)),
    ],
)
def test_a_turn_is_understood(
    words: str, swaps: tuple[tuple[str, str], ...], also: tuple[str, ...]
) -> None:
    """Another number and one more row; nothing else is left of the words."""
    turn = steer(words)
    assert (turn.swaps, turn.also) == (swaps, also)
    assert turn.only


@pytest.mark.parametrize(
    "words",
    ["only EU, not US", "please do not send it", "Bitte nicht kürzen", "ne change pas le ton",
     "no cambies el tono", "make it shorter"],
)  # fmt: skip
def test_other_words_turn_nothing(words: str) -> None:
    """A `not` alone sets no number against another."""
    assert not steer(words).only
    assert steer(words).swaps == ()


@pytest.mark.parametrize(
    "words",
    ["Ordne nach Fehlern statt nach Anfragen", "Classe par erreurs au lieu de requêtes",
     "Ordena por errores en lugar de solicitudes", "by errors, not by requests"],
)  # fmt: skip
async def test_a_turn_ranks_anew(words: str, mini: Mini) -> None:
    """The same three rows, whatever the language of the revision."""
    goal = "Which two endpoints had the most requests?"
    made = await mini.run(goal, {"usage.csv": USAGE})
    brief = {"goal": goal, "attachments": await mini.attach({"usage.csv": USAGE})}
    again = await mini.worked(
        brief, made.plan.tasks[0], made.requirements, {}, made.plan, guidance=[words]
    )
    assert "**/v1/items** (40) and **/v1/login** (20)" in again.text


@pytest.mark.parametrize(
    ("before", "words", "after"),
    [
        ("Top endpoints by calls", "by revenue, not by calls", "Top endpoints by revenue"),
        ("Requests by region", "Rank by errors instead of requests", "Errors by region"),
        ("The calls that grew", "revenue instead of requests", "The revenue that grew"),
        ("Our busiest week", "by revenue, not by calls", "Our busiest week"),
    ],
)
def test_the_title_follows_a_swapped_measure(before: str, words: str, after: str) -> None:
    """It names the number that is shown, and stays as it is when it names none."""
    data = {
        "goal": "Rank the endpoints.", "title": before, "requirements": [], "guidance": [words],
        "outputs": [{"task": "T1", "title": "Compute", "text": "**a** has 3.", "left_out": False}],
    }  # fmt: skip
    assert assemble(data)["title"] == after
