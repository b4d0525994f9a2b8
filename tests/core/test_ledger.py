"""The ledger sets money aside before a call, and no call passes the cap."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from bot.domain.record import Record, Spending
from bot.domain.spend import CallKey, OverCap, StoredCall, Usage
from bot.store import statements as q
from bot.store.journal import Journal
from bot.store.ledger import Ledger
from bot.store.store import Store
from bot.store.tx import Fenced
from tests.core.world import mission


@pytest.fixture
async def ledger(store: Store) -> Ledger:
    """Of a mission with a cap of 1 dollar."""
    async with store.begin() as tx:
        await tx.add_mission(mission(cap=Decimal(1)))
    return Ledger(store)


def call(key: str = "k", **more: Any) -> CallKey:
    base: dict[str, Any] = {
        "mission": "m1", "key": key, "request": "r", "purpose": "plan", "tier": "light"
    }  # fmt: skip
    return CallKey.model_validate(base | more)


def usage(price: str | None) -> Usage:
    return Usage(
        model="m", tokens_in=10, tokens_out=2, price=None if price is None else Decimal(price)
    )


async def stored(ledger: Ledger, request: str, mission: str = "m1") -> StoredCall | None:
    return (await ledger.stored(mission, ["k", "k#strong"], request)).get("k")


async def spent(store: Store) -> Spending:
    record = await store.record("m1")
    assert record is not None
    return record.spending


async def test_money_is_set_aside_and_then_settled(ledger: Ledger):
    await ledger.reserve(call(), "m", Decimal("0.30"))
    assert (await spent(ledger.store)).reserved == Decimal("0.30")
    ledger.settle(call(), usage("0.12"), {"text": "hi"})
    after = await spent(ledger.store)
    assert (after.spent, after.reserved, after.calls) == (Decimal("0.12"), 0, 1)
    assert (after.tokens_in, after.tokens_out) == (10, 2)
    assert after.known == Decimal("0.12")


async def test_a_stored_result_is_given_again_for_the_same_request_only(ledger: Ledger):
    assert await stored(ledger, "r") is None
    await ledger.reserve(call(), "m", Decimal(0))
    assert await stored(ledger, "r") is None
    ledger.settle(call(), usage("0"), {"text": "hi"})
    kept = await stored(ledger, "r")
    assert kept is not None
    assert (kept.response, kept.model) == ({"text": "hi"}, "m")
    assert await stored(ledger, "other request") is None
    assert await stored(ledger, "r", "m2") is None


async def test_what_would_pass_the_cap_is_not_called(ledger: Ledger):
    await ledger.reserve(call("a"), "m", Decimal("0.60"))
    with pytest.raises(OverCap) as over:
        await ledger.reserve(call("b"), "m", Decimal("0.41"))
    assert (over.value.needed, over.value.left) == (Decimal("0.41"), Decimal("0.40"))
    await ledger.reserve(call("b"), "m", Decimal("0.40"))


async def test_calls_at_once_never_pass_the_cap_together(
    ledger: Ledger, another: Callable[[], Store]
):
    ledgers = [ledger, Ledger(another())]

    async def reserve(n: int) -> bool:
        try:
            await ledgers[n % 2].reserve(call(f"k{n}"), "m", Decimal("0.30"))
        except OverCap:
            return False
        return True

    assert sum(await asyncio.gather(*(reserve(n) for n in range(12)))) == 3
    assert (await spent(ledger.store)).reserved == Decimal("0.90")


async def test_a_failed_call_gives_its_money_back(ledger: Ledger):
    await ledger.reserve(call(), "m", Decimal(1))
    await ledger.release(call(), "down")
    assert await spent(ledger.store) == Spending()
    await ledger.reserve(call(), "m", Decimal(1), again=True)


async def test_a_call_whose_process_died_still_counts(ledger: Ledger):
    """The provider may have charged for it. Made again, it takes the place of the first try."""
    assert await ledger.reserve(call(), "m", Decimal("0.60"))
    with pytest.raises(OverCap):
        await ledger.reserve(call("other"), "m", Decimal("0.60"))
    assert not await ledger.reserve(call(), "m", Decimal("0.60"))
    assert await ledger.reserve(call(), "m", Decimal("0.60"), again=True)
    assert (await spent(ledger.store)).reserved == Decimal("0.60")


async def test_a_call_that_became_too_dear_leaves_its_first_try_counted(ledger: Ledger):
    await ledger.reserve(call(), "m", Decimal("0.60"))
    with pytest.raises(OverCap) as over:
        await ledger.reserve(call(), "m", Decimal("1.10"), again=True)
    assert (over.value.needed, over.value.left) == (Decimal("1.10"), Decimal(1))
    assert (await spent(ledger.store)).reserved == Decimal("0.60")


async def test_a_call_that_is_not_afforded_can_be_asked_for_later(ledger: Ledger):
    """Nothing of it is kept: neither money nor a row under its key."""
    with pytest.raises(OverCap):
        await ledger.reserve(call(), "m", Decimal("1.10"))
    assert await spent(ledger.store) == Spending()
    assert await ledger.reserve(call(), "m", Decimal("0.90"))


async def test_an_unknown_price_is_unknown_and_not_nothing(ledger: Ledger):
    await ledger.reserve(call(), "m", None)
    ledger.settle(call(), usage(None), {})
    after = await spent(ledger.store)
    assert (after.unknown, after.known) == (1, None)


async def test_a_late_word_changes_no_paid_answer(ledger: Ledger):
    """A process that lost its lease comes back with a failure, or with another answer."""
    await ledger.reserve(call(), "m", Decimal("0.30"))
    ledger.settle(call(), usage("0.12"), {"text": "first"})
    await ledger.release(call(), "timed out")
    ledger.settle(call(), usage("0.50"), {"text": "second"})
    kept = await stored(ledger, "r")
    assert kept is not None
    assert kept.response == {"text": "first"}
    assert (await spent(ledger.store)).spent == Decimal("0.12")


async def test_an_answer_to_another_question_stays_counted(ledger: Ledger):
    """The thread grew before a crash: the same key asks something else, and both were paid."""
    await ledger.reserve(call(), "m", Decimal("0.30"))
    ledger.settle(call(), usage("0.12"), {"text": "first"})
    assert not await ledger.reserve(call(request="other"), "m", Decimal("0.30"))
    await ledger.reserve(call(request="other"), "m", Decimal("0.30"), again=True)
    ledger.settle(call(request="other"), usage("0.20"), {"text": "second"})
    assert (await spent(ledger.store)).spent == Decimal("0.32")
    assert await stored(ledger, "other") is not None


async def test_a_question_that_comes_back_is_not_paid_again(ledger: Ledger):
    """Two versions of the program take turns with a mission: each asks in its own words."""
    asked: list[str] = []
    for request in ("r", "other", "r", "other"):
        if await reserved(ledger, call(request=request)):
            asked.append(request)
            ledger.settle(call(request=request), usage("0.12"), {"text": request})
        kept = await stored(ledger, request)
        assert kept is not None
        assert kept.response == {"text": request}
    assert asked == ["r", "other"]
    assert (await spent(ledger.store)).spent == Decimal("0.24")


async def reserved(ledger: Ledger, asked: CallKey) -> bool:
    """Whether the call must be made."""
    return await ledger.reserve(asked, "m", Decimal("0.30")) or (
        await stored(ledger, asked.request) is None
        and await ledger.reserve(asked, "m", Decimal("0.30"), again=True)
    )


async def test_an_answer_that_was_put_by_takes_the_place_of_a_try_that_died(ledger: Ledger):
    await ledger.reserve(call(), "m", Decimal("0.30"))
    ledger.settle(call(), usage("0.12"), {"text": "first"})
    assert await reserved(ledger, call(request="other"))
    assert not await reserved(ledger, call())
    assert await stored(ledger, "r") is not None
    after = await spent(ledger.store)
    assert (after.spent, after.reserved) == (Decimal("0.12"), 0)


async def test_an_answer_that_comes_before_the_call_is_made_again_is_not_written_over(
    ledger: Ledger, another: Callable[[], Store]
):
    """The process that had the mission comes back to life while the next one looks."""
    await ledger.reserve(call(), "m", Decimal("0.30"))
    other = Ledger(another())
    assert not await other.reserve(call(), "m", Decimal("0.30"))
    assert await stored(other, "r") is None
    ledger.settle(call(), usage("0.12"), {"text": "first"})
    await ledger.store.catch_up("m1")
    assert not await other.reserve(call(), "m", Decimal("0.30"), again=True)
    assert await stored(other, "r") is not None


async def test_a_late_answer_is_none_to_another_question(ledger: Ledger):
    """A process lost its lease while it asked; the next holder asks something else by that key."""
    await ledger.reserve(call(), "m", Decimal("0.30"))
    await ledger.reserve(call(request="other"), "m", Decimal("0.30"), again=True)
    ledger.settle(call(), usage("0.12"), {"text": "late"})
    assert await stored(ledger, "other") is None
    assert (await spent(ledger.store)).reserved == Decimal("0.30")


async def held(ledger: Ledger, holder: str) -> Journal:
    """The mission taken by this holder, with a journal."""
    store = ledger.store
    async with store.begin() as tx:
        free = {"of_mission": "m1", "holder": "", "lease_until": None}
        await tx.conn.execute(q.SET_MISSION, free)
    lease = await store.claim("m1", holder, timedelta(minutes=1))
    assert lease is not None
    left = partial(store.answers.add, "m1")
    return Journal(store, lease, lambda: Record(mission=mission()), lambda *_: None, left)


async def test_an_answer_of_a_mission_that_is_held_is_found_at_once(ledger: Ledger):
    """It goes into the holder's journal, and waits for nobody else."""
    ledger.store.journals["m1"] = await held(ledger, "me")
    await ledger.reserve(call(), "m", Decimal("0.30"))
    ledger.settle(call(), usage("0.12"), {"text": "hi"})
    assert "m1" not in ledger.store.answers
    assert await stored(ledger, "r") is not None
    assert (await spent(ledger.store)).spent == Decimal("0.12")


async def test_an_answer_is_kept_by_who_has_lost_the_mission(ledger: Ledger):
    """It was paid for. The journal writes nothing any more."""
    ledger.store.journals["m1"] = journal = await held(ledger, "me")
    await ledger.reserve(call(), "m", Decimal("0.30"))
    await held(ledger, "other")
    ledger.settle(call(), usage("0.12"), {"text": "hi"})
    assert isinstance(await journal.broken, Fenced)
    del ledger.store.journals["m1"]
    assert await stored(ledger, "r") is not None
    assert (await spent(ledger.store)).reserved == 0


async def test_an_answer_is_on_the_disk_when_the_store_is_closed(
    ledger: Ledger, another: Callable[[], Store]
):
    """Also from a journal that was just left, by an execution that was cancelled once more."""
    store = ledger.store
    store.journals["m1"] = await held(ledger, "me")
    await ledger.reserve(call(), "m", Decimal("0.30"))
    ledger.settle(call(), usage("0.12"), {"text": "hi"})
    leaving = asyncio.create_task(store.leave_journal("m1"))
    await asyncio.sleep(0)
    leaving.cancel()
    await store.close()
    assert store.journals == {}
    assert await stored(Ledger(another()), "r") is not None
