"""The drawing of the mission graph in the README, made from the graph's own tables.

python -m graphs.drawing README.md
"""

import sys
from pathlib import Path

from bot.domain.route import Stage
from graphs.mission import NEXT

START, END = "<!-- graph: made by `make drawing` -->", "<!-- /graph -->"

LABELS = {
    Stage.intake: "intake<br>words → requirements",
    Stage.plan: "plan<br>tasks, order, criteria",
    Stage.critique: "critique<br>lint + second agent",
    Stage.wait: "a person decides<br>approve · revise · answer",
    Stage.execute: "execute<br>in parallel, each reviewed",
    Stage.assemble: "assemble",
    Stage.review: "review the whole",
    Stage.revise: "revise<br>only what it touches",
    Stage.finish: "finish",
}
ASKS = (Stage.intake, Stage.critique, Stage.execute, Stage.review)
"""Where a person is asked in the ordinary course."""
ANSWERED = (Stage.intake, Stage.plan, Stage.execute, Stage.revise, Stage.finish)


def drawing() -> str:
    """Mermaid text: the ordinary course. Every node can also lead to `wait` and `finish`."""
    nodes = [f'    {stage.value}["{label}"]' for stage, label in LABELS.items()]
    forward = [
        f"    {here.value} --> {there.value}"
        for here, leads in NEXT.items()
        for there in leads
        if there is not here
    ]
    asks = [f"    {stage.value} --> {Stage.wait.value}" for stage in ASKS]
    answers = [f"    {Stage.wait.value} -.-> {stage.value}" for stage in ANSWERED]
    lines = ["```mermaid", "flowchart LR", *nodes, *forward, *asks, *answers, "```"]
    return "\n".join(lines)


def placed(readme: str) -> str:
    """The README's text with the drawing between its two marks. Raises ValueError without them."""
    before, mark, rest = readme.partition(START)
    _, end, after = rest.partition(END)
    if not mark or not end:
        raise ValueError(f"the README lacks {START} … {END}")
    return f"{before}{START}\n{drawing()}\n{END}{after}"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(placed(path.read_text(encoding="utf-8")), encoding="utf-8")
