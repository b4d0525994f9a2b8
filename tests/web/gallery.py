"""Cards as the product makes them, one of each moment of a mission."""

from datetime import UTC, datetime, timedelta

from bot.cards import (
    Button,
    Card,
    CardFile,
    Choice,
    Click,
    Form,
    Picture,
    Section,
    Table,
    TaskLine,
    Ticks,
    Tone,
    Words,
    encode,
)
from bot.picture import plan_svg

NOW = datetime.now(UTC)
MISSION = "m4f1c2a9be07d"
TITLES = (
    ("T1", "Read the export and count calls per endpoint", "analyst", ()),
    ("T2", "Read the meeting notes for promises to customers", "researcher", ()),
    ("T3", "Find the three endpoints that changed most", "analyst", ("T1",)),
    ("T4", "Explain why each of them changed", "researcher", ("T2", "T3")),
    ("T5", "Write what we should tell customers", "writer", ("T4",)),
    ("T6", "Check every number against the export", "analyst", ("T3", "T5")),
)


def ago(seconds: int) -> datetime:
    return NOW - timedelta(seconds=seconds)


def button(verb: str, label: str, **more: object) -> Button:
    click = Click(verb=verb, mission=MISSION, gate="g1", version=1)
    return Button.model_validate({"id": encode(click), "label": label, **more})


def tasks(*states: str) -> tuple[TaskLine, ...]:
    """The six tasks, in the states that are given."""
    return tuple(
        TaskLine(
            id=name,
            title=title,
            who=who,
            needs=needs,
            tier="standard",
            covers=(f"R{n}",),
            state=state,
            started_at=None if state in {"", "waiting"} else ago(70 - 9 * n),
            ended_at=ago(40 - 4 * n) if state == "done" else None,
        )
        for n, ((name, title, who, needs), state) in enumerate(
            zip(TITLES, states, strict=True), start=1
        )
    )


def picture(lines: tuple[TaskLine, ...]) -> Picture:
    return Picture(name="plan.svg", svg=plan_svg(lines), alt="The plan: six tasks")


def revise_form() -> Form:
    rows = tuple((name, f"{name} {title}") for name, title, _, _ in TITLES)
    return Form(
        title="What should change?",
        submit="Revise",
        fields=(
            Words(name="words", label="In your words", placeholder="Compare with last year too"),
            Ticks(
                name="tasks",
                label="Task by task",
                rows=rows,
                choices=("keep", "change", "drop"),
                default="keep",
            ),
        ),
    )


def plan_card() -> Card:
    """A plan that waits for its approval."""
    lines = tasks("", "", "", "", "", "")
    return Card(
        mission=MISSION,
        slot="plan:1",
        version=1,
        title="A plan for you to approve",
        tone=Tone.ask,
        text="Find the three endpoints that changed most, explain why, and write a one-page brief "
        "for customers with a table.",
        fields=(("Estimate", "about 2 min"), ("Cost", "$0.00"), ("Cap", "$2.00")),
        tasks=lines,
        picture=picture(lines),
        sections=(
            Section(
                heading="Assumptions",
                text="- “Changed” means calls in the last week against the week before\n"
                "- Customers read English",
            ),
            Section(
                heading="What will not be done",
                text="- Nothing is sent to customers\n- Endpoints under 100 calls are left out",
                folded=True,
            ),
            Section(
                heading="Critique: 2 findings, both answered",
                text="- **Missing case** (T3): an endpoint that is new has no week before. *Fixed: "
                "it is listed on its own.*\n- **Scope** (T5): one page is little. *Declined: you "
                "asked for one page.*",
                folded=True,
            ),
            Section(
                heading="One finding is still open",
                text="The export has no rows for 14 March. The week's sum may be too low.",
                tone=Tone.bad,
            ),
        ),
        buttons=(
            button("approve", "Approve", style="primary"),
            button("revise", "Revise", form=revise_form()),
            button(
                "cancel",
                "Cancel",
                style="danger",
                confirm="The mission ends here. What is there stays.",
            ),
        ),
        footer="You decide · expires in 7 days · plan v1",
    )


def running_card() -> Card:
    """The same plan as it runs."""
    lines = tasks("done", "done", "reviewing", "running", "waiting", "waiting")
    return Card(
        mission=MISSION,
        slot="plan:1",
        version=1,
        title="Working on it: 2 of 6 tasks are done",
        tone=Tone.busy,
        fields=(("Approved by", "you, 14:02"), ("Cost so far", "$0.00"), ("Cap", "$2.00")),
        tasks=lines,
        picture=picture(lines),
        buttons=(
            button(
                "stop",
                "Stop",
                style="danger",
                confirm="It ends within one step. What is finished is kept.",
            ),
        ),
        started_at=NOW - timedelta(seconds=75),
        footer="offline model, no AI",
    )


def question_card() -> Card:
    return Card(
        mission=MISSION,
        slot="question:Q1",
        title="One question before I plan",
        tone=Tone.ask,
        text="Which weeks should be compared? The export covers 1 to 28 March.",
        buttons=(
            button(
                "answer",
                "Answer",
                style="primary",
                form=Form(
                    title="Your answer",
                    submit="Send the answer",
                    fields=(
                        Choice(
                            name="Q1",
                            label="Weeks",
                            choices=("Last two weeks", "First and last week", "All four"),
                            default="Last two weeks",
                        ),
                    ),
                ),
            ),
            button("cancel", "Cancel", style="danger", confirm="The mission ends here."),
        ),
        footer="Without an answer by Monday 14:00 I take: last two weeks",
    )


def blocked_card() -> Card:
    return Card(
        mission=MISSION,
        slot="blocked:T4",
        title="T4 needs you: the reason could not be found",
        tone=Tone.bad,
        text="I tried twice. The notes name no cause for `/v1/invoices`. What T1 to T3 found is "
        "kept, and T5 waits.",
        buttons=(
            button(
                "retry",
                "Retry",
                style="primary",
                form=Form(
                    title="Say what to do differently, or nothing",
                    submit="Retry",
                    fields=(Words(name="words", label="A hint", placeholder="Look at line 40"),),
                ),
            ),
            button("skip", "Go on without it"),
            button("cancel", "Cancel", style="danger", confirm="The mission ends here."),
        ),
    )


BODY = """# Three endpoints that changed most

Calls in the week of 17 March against the week before. `/v1/search` more than doubled after the
new dashboard went live; `/v1/invoices` fell when the nightly export moved to webhooks.

| Endpoint | Week before | This week | Change |
|---|---:|---:|---:|
| /v1/search | 18,204 | 41,870 | +130.0% |
| /v1/invoices | 12,950 | 5,116 | −60.5% |
| /v1/webhooks | 3,300 | 6,930 | +110.0% |

## What to tell customers

> Search is faster and busier than ever. Nightly invoice pulls are no longer needed: subscribe to
> `invoice.created` instead.

1. Name the change in search in the release notes.
2. Send the webhook guide to the 41 accounts that still pull invoices.
"""


def artifact_card() -> Card:
    """The finished thing, waiting for its approval."""
    return Card(
        mission=MISSION,
        slot="artifact:1",
        version=1,
        title="Ready for your review: Three endpoints that changed most",
        tone=Tone.ask,
        text="Search more than doubled, invoices fell by 60.5%, webhooks doubled.\n"
        "The cause of all three is the March release.\n"
        "Tell customers to move invoice pulls to webhooks.",
        body=BODY,
        table=Table(
            heading="What you asked for, and where it is met",
            columns=("Requirement", "Tasks", "Met", "Evidence"),
            rows=(
                ("R1 the three endpoints that changed most", "T1, T3", "✅ met", "/v1/search …"),
                ("R2 why they changed", "T4", "✅ met", "after the new dashboard went live"),
                ("R3 what to tell customers", "T5", "✅ met", "Send the webhook guide"),
            ),
        ),
        sections=(
            Section(
                heading="Sources", text="- export.csv, lines 2 to 841\n- notes.md", folded=True
            ),
        ),
        files=(CardFile(name="endpoints.csv", media_type="text/csv", size=1840, sha256="ab" * 32),),
        downloads=("md", "html", "docx", "pdf"),
        buttons=(
            button("approve", "Approve", style="primary"),
            button("revise", "Revise", form=revise_form()),
        ),
        started_at=NOW - timedelta(seconds=214),
        ended_at=NOW,
        footer="offline model, no AI · cost $0.00 · 3 min 34 s",
    )


CARDS = {
    "plan": plan_card,
    "running": running_card,
    "question": question_card,
    "blocked": blocked_card,
    "artifact": artifact_card,
}
