"""Statements that are run again and again, each built once.

To build one costs SQLAlchemy more than SQLite takes to run it. Parameters that name a row are
called `of_…`: the other parameters of an insert or update are the columns to write.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Select,
    Table,
    Text,
    and_,
    bindparam,
    case,
    func,
    insert,
    literal_column,
    not_,
    or_,
    select,
    true,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from bot.domain.mission import ENDED, Status
from bot.store import tables as t
from bot.store.prepared import often

NO_NAME = literal_column("''", Text)
OF: BindParameter[Any] = bindparam("of_mission")

# -- reads of one mission --------------------------------------------------------------------------


def _rows(table: Table, *order: Any) -> Select[Any]:
    return select(table).where(table.c.mission == OF).order_by(*order)


def _bodies(table: Table, number: Any, name: Any = NO_NAME) -> Select[Any, Any, Any, Any]:
    """The bodies of a table under its name, with what puts them in order."""
    kind = literal_column(f"'{table.name}'", Text)
    columns = (kind.label("kind"), table.c.body, name.label("name"), number.label("number"))
    return select(*columns).where(table.c.mission == OF)


def _spending() -> Select[*tuple[Any, ...]]:
    """See `records.spending`: one row, also for a mission without calls."""
    c = t.calls.c
    done, reserved = c.state == "done", c.state == "reserved"

    def money(column: Any, where: Any) -> Any:
        return type_coerce(func.coalesce(func.sum(column).filter(where), 0), t.Money)

    return select(
        money(c.price, done).label("spent"),
        money(c.reserved, reserved).label("reserved"),
        func.count().filter(done).label("calls"),
        func.count().filter(done, c.price.is_(None)).label("unknown"),
        func.coalesce(func.sum(c.tokens_in), 0).label("tokens_in"),
        func.coalesce(func.sum(c.tokens_out), 0).label("tokens_out"),
    ).where(c.mission == OF, c.state != "failed")


SPENDING = often(_spending())
_PAID = SPENDING.subquery()
_PAUSED_HERE = select(t.workspaces.c.paused).where(t.workspaces.c.id == t.missions.c.workspace)


def _standing(*columns: Any) -> Select[*tuple[Any, ...]]:
    return (
        select(*columns, _PAUSED_HERE.scalar_subquery().label("paused"), *_PAID.c)
        .join_from(t.missions, _PAID, true())
        .where(t.missions.c.id == OF)
    )


MISSION = often(_standing(t.missions))
"""The mission's own row with what it cost, see `SPENDING`, and whether its Workspace rests."""
MOVING = (
    "status", "title", "cap", "thread", "reason", "stop_asked", "cancel_asked", "updated_at",
    "ended_at",
)  # fmt: skip
"""What of a mission's own row changes without a new revision."""
STANDING = often(_standing(t.missions.c.revision, *(t.missions.c[name] for name in MOVING)))
"""The same as `MISSION`, without what stays as long as the revision does."""
WAKES = often(select(t.missions.c.wakes).where(t.missions.c.id == OF))
WAKES_HELD = often(
    select(t.missions.c.id, t.missions.c.wakes).where(t.missions.c.holder == bindparam("of_holder"))
)
GATES = often(_rows(t.gates, t.gates.c.opened_at, t.gates.c.id))
DECISIONS = often(_rows(t.decisions, t.decisions.c.at))
ATTEMPTS = often(_rows(t.attempts, t.attempts.c.task, t.attempts.c.number))
BODIES = often(
    union_all(
        _bodies(t.briefs, t.briefs.c.version),
        _bodies(t.plans, t.plans.c.version),
        _bodies(t.verdicts, t.verdicts.c.attempt, t.verdicts.c.task),
        _bodies(t.guidance, t.guidance.c.number),
        _bodies(t.artifacts, t.artifacts.c.version),
    ).order_by("name", "number")
)
"""Everything that is one JSON body: one statement instead of five."""
GATE = often(select(t.gates).where(t.gates.c.id == bindparam("of_gate")))
DECISIONS_AT = often(
    select(t.decisions).where(t.decisions.c.gate == bindparam("of_gate")).order_by(t.decisions.c.at)
)
INBOX = often(
    select(t.inbox)
    .where(t.inbox.c.done_at.is_(None))
    .order_by(t.inbox.c.received_at, t.inbox.c.key)
    .limit(bindparam("of_limit"))
)
PAUSED = often(select(t.workspaces.c.paused).where(t.workspaces.c.id == bindparam("of_workspace")))
STORED_CALLS = select(t.calls.c.key, t.calls.c.response, t.calls.c.model).where(
    t.calls.c.mission == OF,
    t.calls.c.key.in_(bindparam("of_keys", expanding=True)),
    t.calls.c.request == bindparam("of_request"),
    t.calls.c.state == "done",
)

# -- what can go on -------------------------------------------------------------------------------

AT_WORK = (Status.drafting, Status.queued, Status.running, Status.reviewing)


def _in_one_of(statuses: Iterable[Status]) -> ColumnElement[bool]:
    """Written out: a list would be another statement for each length."""
    return or_(*(t.missions.c.status == literal_column(f"'{s.value}'") for s in sorted(statuses)))


def _runnable() -> Select[Any]:
    """See `Store.runnable`."""
    c, house = t.missions.c, t.workspaces.c
    now = bindparam("of_now", type_=t.Moment)
    return (
        select(c.id)
        .where(or_(c.lease_until.is_(None), c.lease_until < now))
        .where(or_(c.wakes > c.seen, _in_one_of(AT_WORK)))
        .where(c.ended_at.is_(None), not_(_in_one_of(ENDED)))
        .where(c.workspace.not_in(select(house.id).where(house.paused.is_(True))))
        .order_by(c.created_at)
        .limit(bindparam("of_limit"))
    )


RUNNABLE = often(_runnable())

# -- what is behind ----------------------------------------------------------------------------


def _behind() -> Select[Any]:
    """See `Store.slots_behind`."""
    c = t.slots.c
    holds = and_(c.ref == "", c.tries < bindparam("of_holds"))
    turn = func.row_number().over(
        partition_by=(c.place, holds), order_by=(c.made_at, c.name, c.mission)
    )
    behind = (
        select(t.slots, holds.label("holds"), turn.label("turn"))
        .where(c.shown < c.wanted, c.gone.is_(False), c.place.like(bindparam("of_places")))
        .subquery()
    )
    b = behind.c
    return (
        select(*(b[column.name] for column in c))
        .where(or_(b.not_before.is_(None), b.not_before <= bindparam("of_now", type_=t.Moment)))
        .where(or_(b.holds.is_(False), b.turn == 1))
        .order_by(b.ref != "", b.made_at, b.name, b.mission)
        .limit(bindparam("of_limit"))
    )


BEHIND = often(_behind())
SLOT = often(select(t.slots).where(t.slots.c.mission == OF, t.slots.c.name == bindparam("of_name")))

# -- writes ----------------------------------------------------------------------------------------

SET_MISSION = often(update(t.missions).where(t.missions.c.id == OF))
LOCK = often(SET_MISSION.returning(t.missions))
_FENCED = SET_MISSION.where(t.missions.c.epoch == bindparam("of_epoch"))
_KEPT = (t.missions.c.revision, t.missions.c.cap)
_HELD = _FENCED.where(t.missions.c.holder != literal_column("''"))
"""Who has given a mission back is no holder of it, though nobody has taken it yet."""
FENCE = often(_HELD.returning(*_KEPT))
FENCE_AND_REVISE = often(_HELD.values(revision=t.missions.c.revision + 1).returning(*_KEPT))
_HELD_BY_NOBODY = or_(
    t.missions.c.holder == literal_column("''"),
    t.missions.c.lease_until.is_(None),
    t.missions.c.lease_until < bindparam("of_now", type_=t.Moment),
)
CLAIM = often(
    SET_MISSION.where(or_(t.missions.c.holder == bindparam("of_holder"), _HELD_BY_NOBODY))
    .values(epoch=t.missions.c.epoch + 1, crashes=t.missions.c.crashes + 1)
    .returning(t.missions.c.epoch, t.missions.c.wakes, t.missions.c.crashes)
)
RELEASE = often(_FENCED.where(t.missions.c.wakes <= bindparam("of_wakes")))
LOCK_CAP = often(SET_MISSION.returning(t.missions.c.cap))
REVISE = often(
    SET_MISSION.values(revision=t.missions.c.revision + 1).returning(t.missions.c.revision)
)
WAKE = often(SET_MISSION.values(wakes=t.missions.c.wakes + 1))
WANT_ALL = often(update(t.slots).where(t.slots.c.mission == OF).values(wanted=t.slots.c.wanted + 1))
SET_SLOT = often(
    update(t.slots).where(t.slots.c.mission == OF, t.slots.c.name == bindparam("of_name"))
)
SHOWN: BindParameter[Any] = bindparam("of_shown")
SHOW_SLOT = often(
    SET_SLOT.values(shown=case((t.slots.c.shown < SHOWN, SHOWN), else_=t.slots.c.shown))
)
"""`shown` never goes back."""
ANSWER = often(update(t.inbox).where(t.inbox.c.key == bindparam("of_key")))
CLOSE_GATE = often(
    update(t.gates).where(t.gates.c.id == bindparam("of_gate"), t.gates.c.closed_at.is_(None))
)
END_ATTEMPT = often(
    update(t.attempts).where(
        t.attempts.c.mission == OF,
        t.attempts.c.task == bindparam("of_task"),
        t.attempts.c.number == bindparam("of_number"),
        t.attempts.c.status != "done",
        t.attempts.c.status != "failed",
    )
)
"""An attempt ends once: one that was taken back in the last moment keeps what it committed."""
END_CALL = often(
    update(t.calls).where(
        t.calls.c.mission == OF,
        t.calls.c.key == bindparam("of_key"),
        t.calls.c.request == bindparam("of_request"),
        t.calls.c.state == "reserved",
    )
)
"""A call ends once: the late word of a process that lost its lease changes no paid answer, and is
none to another question that has been asked under its key since."""
ADD_EVENT = often(
    insert(t.events).values(
        number=select(func.coalesce(func.max(t.events.c.number), 0) + 1)
        .where(t.events.c.mission == OF)
        .scalar_subquery()
    )
)

# -- inserts that both databases word alike --------------------------------------------------------

CALL = ("mission", "key", "purpose", "task", "attempt", "tier", "model", "state", "request",
        "reserved", "at")  # fmt: skip
"""What is known of a call before it is made."""


def _insert(dialect: str, table: Table) -> Any:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)


@cache
def once(dialect: str, table: Table) -> Any:
    """Insert a row, unless one with its key is there."""
    return often(_insert(dialect, table).on_conflict_do_nothing())


@cache
def put(dialect: str, table: Table, columns: Sequence[str], keep: Sequence[str]) -> Any:
    """Insert a row of these columns, or write all but those to keep over the one with its key."""
    keys = [c.name for c in table.primary_key.columns]
    row = _insert(dialect, table)
    changed = {c: row.excluded[c] for c in columns if c not in keys and c not in keep}
    return often(row.on_conflict_do_update(index_elements=keys, set_=changed))


@cache
def reserve(dialect: str) -> Any:
    """Insert a call, unless one with its key is there or it may cost more than is left."""
    c = t.calls.c
    row = {name: bindparam(name, type_=c[name].type) for name in CALL}
    aside = row["reserved"]
    left = bindparam("of_cap", type_=t.Money()) - _PAID.c.spent - _PAID.c.reserved
    enough = or_(aside.is_(None), aside == Decimal(0), aside <= left)
    query = select(*row.values()).select_from(_PAID).where(enough)
    return often(_insert(dialect, t.calls).from_select(CALL, query).on_conflict_do_nothing())


@cache
def put_call(dialect: str, columns: Sequence[str]) -> Any:
    """Insert a call, or write it over the one under its key that has no answer."""
    row = _insert(dialect, t.calls)
    return often(
        row.on_conflict_do_update(
            index_elements=["mission", "key"],
            set_={name: row.excluded[name] for name in columns},
            where=t.calls.c.state != "done",
        )
    )


@cache
def put_file(dialect: str) -> Any:
    """Insert bytes, or count that they were put again."""
    row = _insert(dialect, t.files)
    return row.on_conflict_do_update(
        index_elements=["sha256"], set_={"at": row.excluded.at, "puts": t.files.c.puts + 1}
    )


@cache
def want(dialect: str) -> Any:
    """Insert a slot, or raise what is wanted of it."""
    return often(
        _insert(dialect, t.slots).on_conflict_do_update(
            index_elements=["mission", "name"], set_={"wanted": t.slots.c.wanted + 1}
        )
    )
