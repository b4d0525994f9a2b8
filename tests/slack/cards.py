"""Any card: strategies for property tests."""

from datetime import UTC, datetime

from hypothesis import strategies as st

from bot.cards import STATE_WORDS as STATES
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

NASTY = (
    "",
    " ",
    "\n",
    "**bold** _it_ ~~no~~ `code **x**` [link](https://example.com/a_(b))",
    "<!channel> <@U1> @here @everyone & <b>html</b> &amp;",
    "```\n" + "code\n" * 400,
    "🎻" * 3_000,
    "a" * 20_000,
    '"quotes" \\ and \\n' * 900,
    "line\n" * 4_000,
    "\x00\x07\ud800 broken",
    "| a | b |\n|---|---|\n| 1 | 2 |",
    "2**3 ** 4 *x* __y__ # heading\n## another\n- item\n* item",
    "due 2026-11-20T14:00:00Z or 2026-99-99T99:99Z",
)
nasty = st.integers(0, len(NASTY) - 1).map(NASTY.__getitem__)
short = st.text(max_size=40) | nasty
long = st.text(max_size=300) | nasty
moments = st.none() | st.just(datetime(2026, 11, 20, 14, 0, tzinfo=UTC))


@st.composite
def tasks(draw: st.DrawFn, most: int = 50) -> tuple[TaskLine, ...]:
    """Up to `most` tasks, all with states or none."""
    number = draw(st.integers(0, most) | st.just(most))
    running = draw(st.booleans())
    title, note, who = draw(long), draw(long), draw(short)
    return tuple(
        TaskLine(
            id=f"T{n + 1}",
            title=title if n % 3 else draw(long),
            state=draw(st.sampled_from(sorted(STATES))) if running else "",
            who=who,
            tier="standard",
            needs=tuple(f"T{m + 1}" for m in range(max(0, n - 2), n)),
            covers=("R1",),
            writes=n % 7 == 0,
            mark=draw(st.sampled_from(["", "added", "changed"])),
            note=note,
            attempt=n % 3,
        )
        for n in range(number)
    )


sections = st.lists(
    st.builds(
        Section,
        heading=short,
        text=long,
        tone=st.sampled_from(Tone),
        folded=st.booleans(),
    ),
    max_size=40,
).map(tuple)


@st.composite
def tables(draw: st.DrawFn) -> Table | None:
    """A table of any width and height, with ragged rows."""
    if draw(st.booleans()):
        return None
    wide, high, cell = draw(st.integers(0, 30)), draw(st.integers(0, 120)), draw(long)
    rows = tuple((cell,) * draw(st.integers(0, max(1, wide))) for _ in range(high))
    return Table(heading=draw(short), columns=(draw(short),) * wide, rows=rows)


@st.composite
def buttons(draw: st.DrawFn) -> tuple[Button, ...]:
    """Different buttons, as a presenter makes them."""
    verbs = draw(st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=8))
    return tuple(
        Button(
            id=encode(Click(verb=verb, mission="m1", gate="g1", version=3)),
            label=draw(short),
            style=draw(st.sampled_from(["primary", "danger", "plain"])),
            confirm=draw(short),
        )
        for verb in verbs
    )


files = st.lists(
    st.builds(
        CardFile,
        name=short,
        media_type=st.just("text/plain"),
        size=st.integers(1, 9),
        sha256=st.just("0" * 64),
    ),
    max_size=14,
).map(tuple)

cards = st.builds(
    Card,
    mission=st.just("m1"),
    slot=st.sampled_from(["plan:1", "question:Q1", "artifact", "blocked:T2"]) | short,
    version=st.integers(0, 9),
    title=long,
    tone=st.sampled_from(Tone),
    text=long,
    fields=st.lists(st.tuples(short, long), max_size=25).map(tuple),
    tasks=tasks(),
    sections=sections,
    body=long,
    table=tables(),
    picture=st.none() | st.builds(Picture, name=short, svg=st.just("<svg/>"), alt=long),
    files=files,
    downloads=st.lists(st.sampled_from(["md", "html", "docx", "pdf"]), max_size=5).map(tuple),
    buttons=buttons(),
    rating=st.booleans(),
    started_at=moments,
    ended_at=moments,
    footer=long,
)

choices = st.lists(short, max_size=120).map(tuple)
fields = (
    st.builds(Words, name=st.just("words"), label=short, placeholder=long, required=st.booleans())
    | st.builds(
        Choice,
        name=st.just("choice"),
        label=short,
        choices=choices,
        default=short,
        free=st.booleans(),
    )
    | st.builds(
        Ticks,
        name=st.just("ticks"),
        label=short,
        rows=st.integers(0, 120).map(lambda n: tuple((f"T{i}", f"Task {i}") for i in range(n))),
        choices=st.just(("keep", "change", "drop")),
        default=st.just("keep"),
    )
)
forms = st.builds(
    Form,
    title=long,
    submit=long,
    fields=st.lists(fields, max_size=3, unique_by=lambda field: field.name).map(tuple),
)
