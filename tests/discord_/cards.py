"""Cards for tests: one that looks like a real plan, and any card at all."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from bot.cards import (
    Button,
    Card,
    CardFile,
    Choice,
    Click,
    Form,
    FormField,
    Picture,
    Section,
    Table,
    TaskLine,
    Ticks,
    Tone,
    Words,
    encode,
)

MISSION = "m0123456789ab"
AT = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
SVG = '<svg xmlns="http://www.w3.org/2000/svg"><rect width="9" height="9"/></svg>'


def revise(tasks: tuple[TaskLine, ...]) -> Button:
    """A Revise button with a tick for each task and room for words."""
    rows = tuple((t.id, t.title) for t in tasks)
    ticks = Ticks(
        name="ticks", label="Tasks", rows=rows, choices=("keep", "change", "drop"), default="keep"
    )
    words = Words(name="words", label="What should change?")
    form = Form(title="Revise the plan", submit="Revise", fields=(ticks, words))
    return Button(id=id_of("revise"), label="Revise", form=form)


def id_of(verb: str, gate: str = "g0123456789ab", version: int = 1) -> str:
    return encode(Click(verb=verb, mission=MISSION, gate=gate, version=version))


def plan_card(number: int = 3, *, picture: bool = False) -> Card:
    """A plan that waits for its approval."""
    tasks = tuple(
        TaskLine(
            id=f"T{n}", title=f"Look into part {n}", who="analyst", tier="standard",
            needs=(f"T{n - 1}",) if n > 1 else (), covers=(f"R{n}",),
        )
        for n in range(1, number + 1)
    )  # fmt: skip
    return Card(
        mission=MISSION,
        slot="plan:1",
        version=1,
        title="Plan: endpoints that changed most",
        tone=Tone.ask,
        text="Three endpoints, why they changed, and what to tell customers.",
        fields=(("Estimate", "≈ $0.42, ≤ 6 min"), ("Cap", "$2.00")),
        tasks=tasks,
        sections=(Section(heading="Not done", text="No e-mail is sent."),),
        picture=Picture(name="plan", svg=SVG, alt="T1, then T2, then T3") if picture else None,
        buttons=(
            Button(id=id_of("approve"), label="Approve", style="primary"),
            revise(tasks),
            Button(id=id_of("cancel"), label="Cancel", style="danger", confirm="Cancel it all?"),
        ),
        footer="Ada may approve until 2026-11-27T14:00Z",
    )


text = st.text(max_size=300) | st.sampled_from(
    [
        "@everyone <@1> <@&2> <#3>",
        "```\n" * 9,
        "**" * 50,
        "| a | b |\n|---|---|\n| 1 | 2 |",
        "x" * 9000,
    ]
)
long_text = text | st.integers(0, 9000).map(lambda n: "word *and* `code` 😀\n" * (n // 18))
line = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=400)
states = ["", "waiting", "ready", "running", "asking", "reviewing", "done", "failed", "blocked"]


@st.composite
def tasks(draw: st.DrawFn, most: int = 50) -> tuple[TaskLine, ...]:
    number = draw(st.integers(0, most))
    state = draw(st.sampled_from(states))
    return tuple(
        TaskLine(
            id=f"T{n}",
            title=draw(line),
            state=state,
            who=draw(st.sampled_from(["", "analyst", "a very long specialist name"])),
            needs=tuple(f"T{i}" for i in range(1, n))[:6],
            covers=("R1", "R2"),
            writes=draw(st.booleans()),
            mark=draw(st.sampled_from(["", "added", "changed"])),
            note=draw(text),
            attempt=2,
            started_at=AT,
        )
        for n in range(1, number + 1)
    )


tables = st.builds(
    Table,
    heading=text,
    columns=st.lists(text, max_size=8).map(tuple),
    rows=st.lists(st.lists(text, max_size=8).map(tuple), max_size=30).map(tuple),
)
files = st.builds(
    CardFile,
    name=line,
    media_type=st.sampled_from(["text/csv", "image/png", "application/pdf"]),
    size=st.integers(0, 60_000_000),
    sha256=st.just("0" * 64),
    alt=text,
)


@st.composite
def cards(draw: st.DrawFn) -> Card:
    """Any card: up to 50 tasks and any text in every part."""
    rows = draw(tasks())
    return Card(
        mission=MISSION,
        slot=draw(st.sampled_from(["plan:1", "question:Q1", "artifact:2"])),
        version=draw(st.integers(0, 99)),
        title=draw(text),
        tone=draw(st.sampled_from(list(Tone))),
        text=draw(long_text),
        fields=draw(st.lists(st.tuples(text, text), max_size=30).map(tuple)),
        tasks=rows,
        sections=draw(
            st.lists(st.builds(Section, heading=text, text=long_text), max_size=9).map(tuple)
        ),
        body=draw(long_text),
        table=draw(st.none() | tables),
        picture=draw(st.none() | st.builds(Picture, name=text, svg=st.just(SVG), alt=long_text)),
        files=draw(st.lists(files, max_size=12).map(tuple)),
        downloads=draw(st.sampled_from([(), ("md", "html", "docx", "pdf")])),
        buttons=draw(
            st.lists(
                st.builds(Button, id=line.map(lambda t: t[:100]), label=text), max_size=20
            ).map(tuple)
        ),
        started_at=draw(st.none() | st.just(AT)),
        footer=draw(text),
    )


choices = st.builds(
    Choice,
    name=st.uuids().map(lambda u: f"Q{u.hex[:6]}"),
    label=line,
    choices=st.lists(line, max_size=30, unique=True).map(tuple),
    free=st.booleans(),
)
words = st.builds(Words, name=st.uuids().map(str), label=line, placeholder=text)


@st.composite
def forms(draw: st.DrawFn) -> Form:
    """Any form: ticks for up to 60 tasks, three questions, words."""
    fields: list[FormField] = [*draw(st.lists(choices, max_size=3))]
    if draw(st.booleans()):
        number = draw(st.integers(1, 60))
        rows = tuple((f"T{n}", draw(line)) for n in range(1, number + 1))
        fields.append(
            Ticks(name="ticks", label=draw(line), rows=rows, choices=("keep", "change", "drop"),
                  default="keep")
        )  # fmt: skip
    if draw(st.booleans()):
        fields.append(draw(words))
    return Form(title=draw(line), submit="Send", fields=tuple(fields))
