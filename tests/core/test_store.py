"""The contract of the Store, on SQLite and on PostgreSQL alike."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import insert, select

from bot.domain.base import Refused, digest
from bot.domain.events import EventKind
from bot.domain.gate import GateKind, Verb
from bot.domain.mission import Attachment, HouseContext, Person, Policy, Status
from bot.domain.record import Spending
from bot.domain.work import AttemptStatus, Output
from bot.store import statements as q
from bot.store import tables as t
from bot.store.records import Records
from bot.store.slots import SlotRow
from bot.store.store import HOLDS, Store
from bot.store.tx import Fenced, Missing, Tx
from tests.conftest import Clock
from tests.core.world import (
    ADA,
    AT,
    BOB,
    artifact,
    attempt,
    brief,
    decision,
    gate,
    guidance,
    mission,
    plan,
    task,
    verdict,
)

TTL = timedelta(seconds=20)
Open = Callable[[], Store]


@pytest.fixture
async def m1(store: Store) -> str:
    """A mission that is there."""
    async with store.begin() as tx:
        await tx.add_mission(mission())
    return "m1"


async def slot(store: Store, name: str, of: str = "m1") -> SlotRow:
    return next(row for row in await store.slots(of) if row.name == name)


# -- transactions ----------------------------------------------------------------------------------


async def test_a_transaction_is_kept_when_its_block_ends(store: Store):
    async with store.begin() as tx:
        await tx.add_mission(mission())
        await tx.add_brief("m1", brief())
    record = await store.record("m1")
    assert record is not None
    assert record.brief == brief()


async def test_a_transaction_is_undone_when_its_block_raises(store: Store):
    async def write() -> None:
        async with store.begin() as tx:
            await tx.add_mission(mission())
            raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await write()
    assert await store.mission("m1") is None


async def test_a_cancelled_transaction_is_undone_and_frees_the_next(store: Store, m1: str):
    started, never = asyncio.Event(), asyncio.Event()

    async def write() -> None:
        async with store.begin() as tx:
            await tx.add_brief(m1, brief())
            started.set()
            await never.wait()

    writing = asyncio.create_task(write())
    await started.wait()
    writing.cancel()
    await asyncio.wait([writing])
    async with store.begin() as tx:
        await tx.wake(m1)
    record = await store.record(m1)
    assert record is not None
    assert record.brief is None


async def test_nothing_is_seen_before_the_commit(store: Store, m1: str, another: Open):
    other = another()
    async with store.begin() as tx:
        await tx.set_status(m1, Status.failed)
        seen = await other.mission(m1)
        assert seen is not None
        assert seen.status is Status.running
    seen = await other.mission(m1)
    assert seen is not None
    assert (seen.status, seen.ended_at) == (Status.failed, AT)


async def test_writers_of_two_processes_wait_for_each_other(
    store: Store, m1: str, another: Open, clock: Clock
):
    stores = [store, another(), another()]

    async def write(n: int) -> None:
        async with stores[n % 3].begin() as tx:
            await tx.lock(m1)
            await tx.event(m1, EventKind.steered, n=n)

    await asyncio.gather(*(write(n) for n in range(20)))
    events = await store.events(m1)
    assert [e.number for e in events] == list(range(1, 21))
    assert {e.data["n"] for e in events} == set(range(20))


async def test_a_record_is_of_one_moment(store: Store, m1: str, another: Open):
    """Each transaction adds a plan and its gate: no record ever has one without the other."""
    other = another()

    async def write() -> None:
        for version in range(1, 15):
            async with other.begin() as tx:
                await tx.put_plan(m1, plan(task("T1"), version=version))
                await tx.open_gate(gate(GateKind.plan, version=version))

    writing = asyncio.create_task(write())
    while not writing.done():
        record = await store.record(m1)
        assert record is not None
        assert len(record.plans) == len(record.gates)
    await writing


# -- missions and what they make -------------------------------------------------------------------


async def test_a_mission_comes_back_as_it_was(store: Store):
    file = Attachment(name="a", media_type="text/csv", size=3, sha256="0" * 64, text="1" * 64)
    whole = mission(
        attachments=(file,), thread=("one", "two"), zone="Europe/Berlin", models="offline",
        policy=Policy(kind="users", people=("bob",)), cap=Decimal("1.10"), reason="r",
        stop_asked=True, cancel_asked=True, ended_at=AT + timedelta(microseconds=1),
    )  # fmt: skip
    async with store.begin() as tx:
        await tx.add_mission(whole)
    assert await store.mission("m1") == whole


async def test_a_record_comes_back_as_it_was(store: Store, m1: str):
    done = attempt("T1", 1, "f", feedback="more", error="e", final=True, epoch=3, ended_at=AT)
    async with store.begin() as tx:
        await tx.add_brief(m1, brief(version=1))
        await tx.add_brief(m1, brief(version=2, assumptions=("a",)))
        for version in (2, 1):
            await tx.put_plan(m1, plan(task("T1"), version=version))
            await tx.put_artifact(m1, artifact([("T1", 1, "h")], version=version))
        for number in (2, 1):
            await tx.add_attempt(done.model_copy(update={"number": number}))
            await tx.add_guidance(m1, guidance(number, ["T1"]))
            await tx.add_verdict(m1, verdict("T1", number))
        asked = gate(GateKind.question, data={"questions": [1]}, outcome=Verb.answer, expired=True)
        await tx.open_gate(asked)
        said = decision(ADA, Verb.answer, asked.id, words="w", data={"a": 1})
        await tx.add_decision(m1, said)
    record = await store.record(m1)
    assert record is not None
    assert record.brief == brief(version=2, assumptions=("a",))
    assert [p.version for p in record.plans] == [1, 2]
    assert [a.version for a in record.artifacts] == [1, 2]
    assert record.attempts == (done, done.model_copy(update={"number": 2}))
    assert record.verdicts == (verdict("T1", 1), verdict("T1", 2))
    assert record.guidance == (guidance(1, ["T1"]), guidance(2, ["T1"]))
    assert (record.gates, record.decisions) == ((asked,), (said,))
    assert record.spending == Spending()
    async with store.begin() as tx:
        assert await store.record_in(tx, record.mission) == record


MOVED: dict[str, Any] = {
    "status": Status.paused, "title": "Another", "cap": Decimal("7.5"), "thread": ("more",),
    "reason": "Stopped.", "stop_asked": True, "cancel_asked": True, "updated_at": AT + TTL,
    "ended_at": AT + TTL,
}  # fmt: skip


@pytest.mark.parametrize("name", q.MOVING)
async def test_a_kept_record_says_what_its_row_says_by_now(store: Store, m1: str, name: str):
    """Without a new revision, and as one that is read anew."""
    before = await store.record(m1)
    value = list(MOVED[name]) if name == "thread" else MOVED[name]
    async with store.begin() as tx:
        await tx.set_mission(m1, **{name: value})
    record = await store.record(m1)
    assert before is not None
    assert record == before.model_copy(
        update={"mission": before.mission.model_copy(update={name: MOVED[name]})}
    )
    store.records = Records()
    assert await store.record(m1) == record


async def test_what_stays_as_it_is_cannot_be_set(store: Store, m1: str):
    """A record that is kept would not tell."""
    async with store.begin() as tx:
        with pytest.raises(ValueError, match="goal of a mission stays"):
            await tx.set_mission(m1, goal="Another")


async def test_a_mission_that_is_not_there(store: Store):
    assert await store.mission("m9") is None
    assert await store.record("m9") is None
    assert await store.wakes("m9") == 0
    assert await store.claim("m9", "me", TTL) is None
    async with store.begin() as tx:
        with pytest.raises(Missing):
            await tx.lock("m9")
    assert issubclass(Missing, Refused)


async def test_a_plan_that_goes_on_replaces_its_version(store: Store, m1: str):
    async with store.begin() as tx:
        await tx.put_plan(m1, plan(task("T1"), settled=False))
        await tx.put_plan(m1, plan(task("T1"), task("T2")))
    record = await store.record(m1)
    assert record is not None
    assert record.plans == (plan(task("T1"), task("T2")),)


async def test_an_attempt_ends_with_its_output(store: Store, m1: str, clock: Clock):
    begun = attempt("T1", 1, "f", status=AttemptStatus.running, output=None)
    async with store.begin() as tx:
        await tx.add_attempt(begun)
        await tx.add_attempt(begun.model_copy(update={"number": 2}))
    clock.move(seconds=5)
    output = Output(text="words")
    async with store.begin() as tx:
        await tx.end_attempt(begun.ended(AttemptStatus.done, tx.now, output=output))
    record = await store.record(m1)
    assert record is not None
    first, second = record.attempts
    assert (first.status, first.output, first.ended_at) == (AttemptStatus.done, output, clock())
    assert second.status is AttemptStatus.running


@pytest.mark.parametrize("sign", ["\x00", "\ud83d"])
async def test_what_no_database_holds_is_left_out_of_words(store: Store, m1: str, sign: str):
    """A model's JSON can spell NUL and half a sign; its words must not end the mission."""
    failed = attempt("T1", 1, "f", feedback=f"do{sign} it", error=f"no{sign}", output=None)
    async with store.begin() as tx:
        await tx.add_attempt(failed)
        await tx.put_step(m1, "k", {"text": f"a{sign}b", "more": [f"{sign}"]})
    record = await store.record(m1)
    assert record is not None
    assert (record.attempts[0].feedback, record.attempts[0].error) == ("do it", "no")
    assert len(digest([failed.error])) == 64


async def test_guidance_is_numbered_from_one(store: Store, m1: str):
    async with store.begin() as tx:
        assert await tx.next_guidance(m1) == 1
        await tx.add_guidance(m1, guidance(1, ["T1"]))
        assert await tx.next_guidance(m1) == 2


async def test_open_missions_stand_however_many_ended_after_them(store: Store):
    async with store.begin() as tx:
        old = mission(id="old", status=Status.running, created_at=AT)
        await tx.add_mission(old)
        for n in range(5):
            over = {"status": Status.done, "created_at": AT + timedelta(hours=n)}
            await tx.add_mission(mission(id=f"over{n}", **over))
        await tx.add_mission(mission(id="elsewhere", workspace="W2", status=Status.running))
    found = await store.standing("W1", ended=2)
    assert [m.id for m in found] == ["old", "over4", "over3"]


async def test_missions_are_listed_newest_first_and_by_place(store: Store):
    async with store.begin() as tx:
        for n in range(3):
            at = AT + timedelta(minutes=n)
            place = f"memory:W1:C{n % 2}"
            await tx.add_mission(mission(id=f"m{n}", created_at=at, place=place))
        await tx.add_mission(mission(id="other", workspace="W2"))
    assert [m.id for m in await store.missions("W1")] == ["m2", "m1", "m0"]
    assert [m.id for m in await store.missions("W1", limit=1)] == ["m2"]
    assert [m.id for m in await store.missions("W1", place="memory:W1:C0")] == ["m2", "m0"]
    assert await store.missions("W3") == ()


async def test_missions_that_ended_before_a_moment(store: Store, m1: str):
    async with store.begin() as tx:
        await tx.add_mission(mission(id="old", ended_at=AT - timedelta(days=2)))
        await tx.add_mission(mission(id="new", ended_at=AT))
    assert await store.ended_before(AT - timedelta(days=1)) == ("old",)


# -- the lease -------------------------------------------------------------------------------------


async def test_one_of_many_gets_the_lease(store: Store, m1: str, another: Open):
    stores = [store, another(), another()]
    claims = [stores[n % 3].claim(m1, f"holder-{n}", TTL) for n in range(20)]
    leases = [lease for lease in await asyncio.gather(*claims) if lease]
    assert [lease.epoch for lease in leases] == [1]


async def test_a_lease_that_ran_out_can_be_taken_under_the_next_epoch(
    store: Store, m1: str, clock: Clock
):
    first = await store.claim(m1, "one", TTL)
    assert first is not None
    clock.move(seconds=19)
    assert await store.claim(m1, "two", TTL) is None
    clock.move(seconds=2)
    second = await store.claim(m1, "two", TTL)
    assert second is not None
    assert (first.epoch, second.epoch) == (1, 2)


async def test_a_renewed_lease_goes_on(store: Store, m1: str, clock: Clock):
    await store.claim(m1, "one", TTL)
    clock.move(seconds=19)
    await store.renew([m1], "one", TTL)
    clock.move(seconds=19)
    assert await store.claim(m1, "two", TTL) is None
    await store.renew([m1], "two", timedelta(days=1))
    clock.move(seconds=2)
    assert await store.claim(m1, "two", TTL) is not None


async def test_a_holder_that_starts_again_takes_its_own_mission_back(store: Store, m1: str):
    await store.claim(m1, "one", TTL)
    again = await store.claim(m1, "one", TTL)
    assert again is not None
    assert again.epoch == 2


async def test_the_fence_lets_only_the_newest_epoch_write(store: Store, m1: str, clock: Clock):
    old = await store.claim(m1, "one", TTL)
    clock.move(seconds=21)
    new = await store.claim(m1, "two", TTL)
    assert old is not None
    assert new is not None

    async def write_late() -> None:
        async with store.begin() as tx:
            await tx.add_brief(m1, brief())
            await tx.fence(old)

    with pytest.raises(Fenced):
        await write_late()
    async with store.begin() as tx:
        await tx.fence(new)
        await tx.put_plan(m1, plan(task("T1")))
    record = await store.record(m1)
    assert record is not None
    assert record.brief is None
    assert record.plan is not None


async def test_a_claim_waits_for_a_fenced_write_and_not_the_other_way_round(
    store: Store, m1: str, another: Open, clock: Clock
):
    """The old holder's commit comes before the new epoch, or not at all: it keeps the mission."""
    old = await store.claim(m1, "one", TTL)
    assert old is not None
    clock.move(seconds=21)
    other = another()
    async with store.begin() as tx:
        await tx.fence(old)
        claiming = asyncio.create_task(other.claim(m1, "two", TTL))
        await tx.add_brief(m1, brief())
    assert await claiming is None
    record = await other.record(m1)
    assert record is not None
    assert record.brief is not None
    clock.move(seconds=21)
    assert await other.claim(m1, "two", TTL) is not None


async def test_each_fenced_commit_renews_the_lease_for_as_long_as_it_was_taken(
    store: Store, m1: str, clock: Clock
):
    lease = await store.claim(m1, "one", TTL)
    assert lease is not None
    for _ in range(3):
        clock.move(seconds=19)
        async with store.begin() as tx:
            await tx.fence(lease)
        assert await store.claim(m1, "two", TTL) is None
    clock.move(seconds=21)
    assert await store.claim(m1, "two", TTL) is not None


async def test_who_has_given_a_mission_back_writes_nothing_more(store: Store, m1: str):
    """A straggler's commit would take a lease that nobody holds, and keep all others away."""
    lease = await store.claim(m1, "one", TTL)
    assert lease is not None
    assert await store.release(lease, 0)

    async def straggle() -> None:
        async with store.begin() as tx:
            await tx.fence(lease)

    with pytest.raises(Fenced):
        await straggle()
    async with store.begin() as tx:
        await tx.wake(m1)
    assert await store.runnable() == (m1,)


async def test_a_commit_that_is_undone_renews_nothing(store: Store, m1: str, clock: Clock):
    lease = await store.claim(m1, "one", TTL)
    assert lease is not None
    clock.move(seconds=19)

    async def undone() -> None:
        async with store.begin() as tx:
            await tx.fence(lease)
            raise ValueError("undone")

    with pytest.raises(ValueError, match="undone"):
        await undone()
    clock.move(seconds=2)
    assert await store.claim(m1, "two", TTL) is not None


async def test_letting_go_is_refused_while_a_newer_wake_waits(store: Store, m1: str):
    lease = await store.claim(m1, "one", TTL)
    assert lease is not None
    seen = await store.wakes(m1)
    async with store.begin() as tx:
        await tx.wake(m1)
    assert not await store.release(lease, seen)
    assert await store.wakes(m1) == 1
    assert await store.release(lease, 1)
    assert await store.claim(m1, "two", TTL) is not None


async def test_a_wake_and_a_release_at_once_never_lose_the_wake(
    store: Store, m1: str, another: Open
):
    other = another()
    for _ in range(15):
        lease = await store.claim(m1, "one", TTL)
        assert lease is not None
        seen = await store.wakes(m1)

        async def wake() -> None:
            async with other.begin() as tx:
                await tx.wake("m1")

        released, _ = await asyncio.gather(store.release(lease, seen), wake())
        if released:
            async with store.begin() as tx:
                await tx.set_status(m1, Status.needs_answer)
            assert await store.runnable() == (m1,)
        else:
            assert await store.release(lease, seen + 1)


async def test_letting_go_of_what_another_took_is_no_matter(store: Store, m1: str, clock: Clock):
    old = await store.claim(m1, "one", TTL)
    clock.move(seconds=21)
    await store.claim(m1, "two", TTL)
    assert old is not None
    assert await store.release(old, 0)
    await store.let_go(old)
    assert await store.wakes_held("two") == {m1: 0}


async def test_crashes_are_counted_until_a_holder_lets_go(store: Store, m1: str):
    await store.claim(m1, "one", TTL)
    await store.claim(m1, "one", TTL)
    lease = await store.claim(m1, "one", TTL)
    assert lease is not None
    assert lease.crashes == 3
    await store.release(lease, 0)
    again = await store.claim(m1, "one", TTL)
    assert again is not None
    assert again.crashes == 1


async def test_giving_back_forgets_no_wake(store: Store, m1: str):
    async with store.begin() as tx:
        await tx.wake(m1)
        await tx.set_status(m1, Status.needs_answer)
    lease = await store.claim(m1, "one", TTL)
    assert lease is not None
    assert await store.runnable() == ()
    await store.let_go(lease)
    assert await store.runnable() == (m1,)
    again = await store.claim(m1, "one", TTL)
    assert again is not None
    assert again.crashes == 1


async def test_the_dead_hold_nothing(store: Store, m1: str):
    async with store.begin() as tx:
        await tx.add_mission(mission(id="m2"))
    await store.claim(m1, "dead", TTL)
    await store.claim("m2", "alive", TTL)
    await store.free_dead(lambda holder: holder == "alive")
    assert await store.claim(m1, "two", TTL) is not None
    assert await store.claim("m2", "two", TTL) is None


AT_WORK = {Status.drafting, Status.queued, Status.running, Status.reviewing}


@pytest.mark.parametrize("status", list(Status))
async def test_what_was_being_worked_on_is_runnable(store: Store, status: Status):
    async with store.begin() as tx:
        await tx.add_mission(mission(status=status))
    assert await store.runnable() == (("m1",) if status in AT_WORK else ())


async def test_what_waits_for_a_person_is_runnable_once_it_is_woken(store: Store):
    async with store.begin() as tx:
        await tx.add_mission(mission(status=Status.needs_plan_approval))
        await tx.wake("m1")
    assert await store.runnable() == ("m1",)
    lease = await store.claim("m1", "one", TTL)
    assert lease is not None
    assert await store.runnable() == ()
    await store.release(lease, lease.wakes)
    assert await store.runnable() == ()


async def test_a_dead_holders_mission_is_runnable_when_its_lease_ran_out(
    store: Store, m1: str, clock: Clock
):
    await store.claim(m1, "one", TTL)
    clock.move(seconds=21)
    assert await store.runnable() == (m1,)


async def test_an_ended_mission_is_never_runnable(store: Store):
    async with store.begin() as tx:
        await tx.add_mission(mission(status=Status.done))
        await tx.wake("m1")
    assert await store.runnable() == ()


async def test_a_paused_workspace_runs_nothing(store: Store, m1: str):
    async with store.begin() as tx:
        await tx.add_mission(mission(id="m2", workspace="W2"))
        await tx.set_paused("W1", True)
    assert await store.runnable() == ("m2",)
    async with store.begin() as tx:
        await tx.set_paused("W1", False)
    assert set(await store.runnable()) == {"m1", "m2"}


# -- gates and decisions ---------------------------------------------------------------------------


async def test_a_gate_of_a_name_opens_once(store: Store, m1: str):
    first = gate(GateKind.plan)
    again = first.model_copy(update={"id": "other"})
    async with store.begin() as tx:
        assert await tx.open_gate(first)
        assert not await tx.open_gate(again)
        assert await tx.gate("other") is None
        assert await tx.gate(first.id) == first


async def test_a_gate_closes_once_under_twenty_clicks(store: Store, m1: str, another: Open):
    stores = [store, another()]
    async with store.begin() as tx:
        await tx.open_gate(gate(GateKind.plan, "plan:1"))

    async def close(n: int) -> bool:
        async with stores[n % 2].begin() as tx:
            return await tx.close_gate(
                gate(GateKind.plan, "plan:1"), Verb.approve if n % 3 else Verb.revise
            )

    assert sum(await asyncio.gather(*(close(n) for n in range(20)))) == 1


async def test_a_closed_gate_keeps_its_first_outcome(store: Store, m1: str, clock: Clock):
    async with store.begin() as tx:
        await tx.open_gate(gate(GateKind.plan, "plan:1"))
        assert await tx.close_gate(gate(GateKind.plan, "plan:1"), Verb.approve)
        assert not await tx.close_gate(gate(GateKind.plan, "plan:1"), Verb.cancel, expired=True)
        await tx.close_gates(m1, Verb.cancel)
        closed = await tx.gate("g-plan:1-1")
    assert closed is not None
    assert (closed.outcome, closed.expired, closed.closed_at) == (Verb.approve, False, clock())


async def test_the_end_of_a_mission_closes_what_still_waits(store: Store, m1: str):
    async with store.begin() as tx:
        await tx.open_gate(gate(GateKind.plan, "plan:1"))
        await tx.close_gates(m1, Verb.cancel)
        closed = await tx.gate("g-plan:1-1")
    assert closed is not None
    assert (closed.outcome, closed.expired) == (Verb.cancel, True)


async def test_a_person_decides_once_at_a_gate(store: Store, m1: str):
    async with store.begin() as tx:
        assert await tx.add_decision(m1, decision(ADA, Verb.approve))
        assert not await tx.add_decision(m1, decision(ADA, Verb.cancel))
        assert await tx.add_decision(m1, decision(BOB, Verb.revise))
        assert await tx.add_decision(m1, decision(ADA, Verb.cancel, "other"))
        verbs = {d.person: d.verb for d in await tx.decisions("g")}
    assert verbs == {"ada": Verb.approve, "bob": Verb.revise}


async def test_gates_are_due_when_they_expire_or_need_a_reminder(
    store: Store, m1: str, clock: Clock
):
    async with store.begin() as tx:
        await tx.open_gate(gate(GateKind.plan, "old", opened_at=AT - timedelta(days=2)))
        await tx.open_gate(gate(GateKind.question, "new"))
        await tx.open_gate(gate(GateKind.budget, "over", outcome=Verb.approve, expires_at=AT))
        await tx.open_gate(gate(GateKind.artifact, "late", expires_at=AT))
    day_ago = clock() - timedelta(days=1)
    assert {g.name for g in await store.gates_due(day_ago)} == {"old", "late"}
    async with store.begin() as tx:
        await tx.set_reminded(gate(GateKind.plan, "old"))
    assert {g.name for g in await store.gates_due(day_ago)} == {"late"}


# -- slots -----------------------------------------------------------------------------------------


async def test_each_transaction_that_wants_a_slot_is_one_more_version(store: Store, m1: str):
    async with store.begin() as tx:
        await tx.want(m1, "memory:W1:C1", "plan:1", "artifact:1")
        await tx.want(m1, "memory:W1:C1", "plan:1")
    async with store.begin() as tx:
        await tx.want(m1, "memory:W1:C1", "plan:1")
        await tx.want_all(m1)
    assert (await slot(store, "plan:1")).wanted == 3
    assert (await slot(store, "artifact:1")).wanted == 2


async def test_wants_at_once_are_all_counted(store: Store, m1: str, another: Open):
    stores = [store, another()]

    async def want(n: int) -> None:
        async with stores[n % 2].begin() as tx:
            await tx.want(m1, "memory:W1:C1", "plan:1")

    await asyncio.gather(*(want(n) for n in range(20)))
    assert (await slot(store, "plan:1")).wanted == 20


async def behind(store: Store) -> list[str]:
    return [row.name for row in await store.slots_behind("memory")]


async def wanted(store: Store, clock: Clock, *names: str, place: str = "memory:W1:C1") -> None:
    for name in names:
        clock.move(seconds=1)
        async with store.begin() as tx:
            await tx.want("m1", place, name)


async def test_slots_are_behind_until_they_show_what_is_wanted(store: Store, m1: str, clock: Clock):
    await wanted(store, clock, "plan:1")
    assert await behind(store) == ["plan:1"]
    assert await store.slots_behind("slack") == ()
    await store.set_slot(await slot(store, "plan:1"), ref="r", shown=1)
    assert await behind(store) == []


async def test_of_slots_not_posted_yet_only_the_first_of_its_place_is_due(
    store: Store, m1: str, clock: Clock
):
    await wanted(store, clock, "z", "a", "b")
    await wanted(store, clock, "elsewhere", place="memory:W1:C2")
    assert await behind(store) == ["z", "elsewhere"]
    await store.set_slot(await slot(store, "a"), ref="r")
    assert await behind(store) == ["z", "elsewhere", "a"]


async def test_posts_come_before_edits(store: Store, m1: str, clock: Clock):
    await wanted(store, clock, "edit")
    await store.set_slot(await slot(store, "edit"), ref="r")
    await wanted(store, clock, "post")
    assert await behind(store) == ["post", "edit"]
    assert [row.name for row in await store.slots_behind("memory", limit=1)] == ["post"]


async def test_the_first_keeps_its_turn_while_it_waits(store: Store, m1: str, clock: Clock):
    await wanted(store, clock, "first", "second")
    later = clock() + timedelta(seconds=9)
    await store.set_slot(await slot(store, "first"), not_before=later)
    assert await behind(store) == []
    clock.move(seconds=9)
    assert await behind(store) == ["first"]


async def test_the_first_loses_its_turn_when_it_failed_too_often_or_is_gone(
    store: Store, m1: str, clock: Clock
):
    await wanted(store, clock, "first", "second")
    await store.set_slot(await slot(store, "first"), tries=HOLDS)
    assert await behind(store) == ["first", "second"]
    await store.set_slot(await slot(store, "first"), gone=True)
    assert await behind(store) == ["second"]


async def test_one_of_many_may_post(store: Store, m1: str, clock: Clock, another: Open):
    await wanted(store, clock, "plan:1")
    row = await slot(store, "plan:1")
    stores = [store, another()]
    won = await asyncio.gather(*(stores[n % 2].claim_post(row) for n in range(10)))
    assert sum(won) == 1
    assert (await slot(store, "plan:1")).posting


# -- the inbox, steps, files, people ---------------------------------------------------------------


async def test_a_key_is_received_once(store: Store, another: Open):
    stores = [store, another()]

    async def receive(n: int) -> bool:
        async with stores[n % 2].begin() as tx:
            new = await tx.receive("k", "W1", "p", "message", {"n": n})
            await tx.inbox_done("k", {"n": n})
            return new

    assert sum(await asyncio.gather(*(receive(n) for n in range(20)))) == 1


async def test_what_was_received_waits_in_order_until_it_is_done(store: Store, clock: Clock):
    for key in ("b", "a"):
        async with store.begin() as tx:
            await tx.arrive(key, "W1", "p", "message", {"text": key})
        clock.move(seconds=1)
    assert [row["payload"] for row in await store.inbox_waiting()] == [
        {"text": "b"},
        {"text": "a"},
    ]
    async with store.begin() as tx:
        assert await tx.inbox_result("b") is None
        await tx.inbox_done("b", {"said": "yes"})
        assert await tx.inbox_result("b") == {"said": "yes"}
    assert [row["key"] for row in await store.inbox_waiting()] == ["a"]


async def test_what_had_its_effect_is_not_kept(store: Store):
    async with store.begin() as tx:
        await tx.receive("k", "W1", "p", "message", {"text": "private words"})
        await tx.inbox_done("k", None)
        kept = await tx.conn.execute(select(t.inbox.c.payload))
        assert kept.scalar_one() == {}


async def test_what_was_dealt_with_long_ago_is_pruned(store: Store, clock: Clock):
    """What still waits stays, however old; so do answers that a repeat may ask for."""
    async with store.begin() as tx:
        for key in ("old", "waits"):
            await tx.arrive(key, "W1", "slack:C1", "message", {})
        await tx.inbox_done("old", {"said": "yes"})
    clock.move(days=31)
    async with store.begin() as tx:
        await tx.arrive("new", "W1", "slack:C1", "message", {})
        await tx.inbox_done("new", {"said": "no"})
    assert await store.prune_inbox(clock() - timedelta(days=30)) == 1
    async with store.reading() as conn:
        kept = [row[0] for row in await conn.execute(select(t.inbox.c.key))]
        assert set(kept) == {"waits", "new"}


async def test_a_step_is_kept_for_the_next_try(store: Store, m1: str):
    assert await store.step(m1, "k") is None
    async with store.begin() as tx:
        await tx.put_step(m1, "k", {"found": [1]})
    assert await store.step(m1, "k") == {"found": [1]}
    assert await store.step("m2", "k") is None


async def test_files_know_their_missions(store: Store, m1: str):
    async with store.begin() as tx:
        await tx.own_file("0" * 64, m1, "a.csv", "ada")
        await tx.own_file("0" * 64, m1, "a.csv", "ada")
        await tx.own_file("0" * 64, "m2", "b.csv")
    assert set(await store.owns_file("0" * 64)) == {("m1", "a.csv"), ("m2", "b.csv")}


async def test_people_and_the_house_are_kept(store: Store):
    house = HouseContext(organisation="Acme")
    ada = Person(workspace="W1", id="ada", name="Ada", zone="Europe/Berlin", roles=("legal",))
    async with store.begin() as tx:
        await tx.put_person(ADA)
        await tx.put_person(ada)
        await tx.put_house("W1", house)
    assert await store.person("W1", "ada") == ada
    assert await store.person("W2", "ada") is None
    assert await store.house("W1") == house
    assert await store.house("W2") == HouseContext()


async def test_a_pause_leaves_the_house_and_the_house_leaves_the_pause(store: Store):
    house = HouseContext(organisation="Acme")
    async with store.begin() as tx:
        await tx.put_house("W1", house)
        await tx.set_paused("W1", True)
    assert await store.house("W1") == house
    async with store.begin() as tx:
        await tx.put_house("W1", HouseContext())
    assert await store.paused("W1")
    assert not await store.paused("W2")


# -- forgetting ------------------------------------------------------------------------------------


async def fill(tx: Tx, name: str) -> None:
    """A row in every table that can tell of a mission."""
    await tx.add_mission(mission(id=name, requester=f"person-of-{name}"))
    await tx.put_person(Person(workspace="W1", id=f"person-of-{name}"))
    await tx.add_brief(name, brief(goal=name))
    await tx.put_plan(name, plan(task("T1"), summary=name))
    await tx.add_attempt(attempt("T1", 1, "f", mission=name))
    await tx.add_verdict(name, verdict("T1", 1))
    await tx.add_guidance(name, guidance(1, ["T1"], name))
    await tx.put_artifact(name, artifact([]))
    await tx.open_gate(gate(GateKind.plan, "plan:1", id=f"g-{name}", mission=name))
    await tx.add_decision(name, decision(BOB, Verb.approve, f"g-{name}"))
    await tx.put_step(name, "k", {"a": name})
    await tx.want(name, "memory:W1:C1", "plan:1")
    await tx.receive(f"key-{name}", "W1", "memory:W1:C1", "start", {"text": f"words of {name}"})
    await tx.inbox_done(f"key-{name}", {"mission": name, "text": f"words of {name}"})
    await tx.event(name, EventKind.started, title=name)
    await tx.own_file(f"only-{name}", name, "a.csv")
    await tx.own_file("shared", name, "b.csv")
    call: dict[str, Any] = {
        "mission": name, "key": "k", "purpose": "plan", "task": "", "attempt": 0, "tier": "light",
        "model": "m", "state": "done", "request": "r", "at": AT,
    }  # fmt: skip
    await tx.conn.execute(insert(t.calls).values(**call))
    message: dict[str, Any] = {
        "place": "memory:W1:C1", "author": "bot", "mission": name, "slot": "plan:1",
        "version": 1, "body": {"text": name}, "at": AT,
    }  # fmt: skip
    await tx.conn.execute(insert(t.web_messages).values(**message))


async def rows_with(tx: Tx, word: str) -> dict[str, list[Any]]:
    """Every row, of any table, that mentions the word anywhere."""
    found: dict[str, list[Any]] = {}
    for table in t.metadata.sorted_tables:
        rows = [dict(r) for r in (await tx.conn.execute(select(table))).mappings()]
        telling = [row for row in rows if word in str(row)]
        if telling:
            found[table.name] = telling
    return found


async def test_the_fill_of_this_test_reaches_every_table_of_a_mission(store: Store):
    async with store.begin() as tx:
        await fill(tx, "m1")
        told = set(await rows_with(tx, "m1"))
    assert {table.name for table in t.MISSION_TABLES} | {"missions", "inbox"} <= told


async def test_every_table_with_a_mission_is_emptied_by_forget():
    """A new table with a `mission` column must be listed, or forgetting would miss it."""
    named = {table.name for table in t.metadata.sorted_tables if "mission" in table.c}
    assert named == {table.name for table in t.MISSION_TABLES}


async def test_forgetting_a_mission_leaves_nothing_of_it(store: Store):
    async with store.begin() as tx:
        await fill(tx, "m1")
        await fill(tx, "m2")
        before = await rows_with(tx, "m2")
        assert await tx.forget("m1") == ["only-m1"]
        left = await rows_with(tx, "m1")
        assert await rows_with(tx, "m2") == before
    assert set(left) == {"inbox", "people"}
    (kept,) = left["inbox"]
    assert (kept["key"], kept["payload"], kept["result"]) == ("key-m1", {}, {"mission": "m1"})
    assert (kept["place"], kept["workspace"]) == ("", "W1")


async def test_a_key_of_a_forgotten_mission_starts_nothing(store: Store):
    async with store.begin() as tx:
        await fill(tx, "m1")
        await tx.forget("m1")
        assert not await tx.receive("key-m1", "W1", "p", "start", {})


async def test_a_shared_file_is_free_when_its_last_mission_is_forgotten(store: Store):
    async with store.begin() as tx:
        await fill(tx, "m1")
        await fill(tx, "m2")
        await tx.forget("m1")
        assert set(await tx.forget("m2")) == {"only-m2", "shared"}


async def test_forgetting_a_person_leaves_their_decisions_without_a_name(store: Store):
    async with store.begin() as tx:
        await tx.add_mission(mission())
        await tx.add_mission(mission(id="m2", workspace="W2"))
        await tx.put_person(BOB)
        await tx.add_decision("m1", decision(BOB, Verb.revise, words="as Bob said"))
        await tx.add_decision("m2", decision(BOB, Verb.approve, "g2"))
        await tx.add_decision("m1", decision(ADA, Verb.approve, "g3"))
        await tx.forget_person("W1", "bob")
        (nameless,) = await tx.decisions("g")
        (other,) = await tx.decisions("g2")
        assert (await tx.decisions("g3"))[0].person == "ada"
    assert await store.person("W1", "bob") is None
    assert "bob" not in str(nameless).casefold()
    assert nameless.verb is Verb.revise
    assert other.person == "bob"


async def test_missions_of_a_person(store: Store, m1: str):
    async with store.begin() as tx:
        await tx.add_mission(mission(id="m2", requester="bob"))
        await tx.add_mission(mission(id="m3", workspace="W2"))
    assert await store.missions_of("W1", "ada") == ("m1",)


async def test_events_after_a_number(store: Store, m1: str):
    async with store.begin() as tx:
        for n in range(3):
            await tx.event(m1, EventKind.steered, n=n)
    assert [e.data["n"] for e in await store.events(m1, after=1)] == [1, 2]
    assert (await store.events(m1))[0].at == AT


async def test_two_processes_that_read_before_they_write_do_not_stop_each_other(
    sqlite_url: str, clock: Clock
):
    """SQLite refuses a reader that turns writer after another wrote: writers say so at once."""
    stores = [Store(sqlite_url, clock), Store(sqlite_url, clock)]
    async with stores[0].begin() as tx:
        await tx.add_mission(mission())

    async def add(n: int) -> None:
        async with stores[n % 2].begin() as tx:
            await tx.add_guidance("m1", guidance(await tx.next_guidance("m1"), ["T1"], f"w{n}"))

    await asyncio.gather(*(add(n) for n in range(20)))
    record = await stores[0].record("m1")
    assert record is not None
    assert [g.number for g in record.guidance] == list(range(1, 21))
    for store in stores:
        await store.close()
