"""What people see becomes what should be seen: in order, once, and in the end always."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from structlog.testing import capture_logs

from bot import courier as module
from bot.cards import Card, TaskLine
from bot.chat.memory import MemoryChat, broken, busy, gone, lost, slow
from bot.courier import Courier
from bot.store.slots import SlotRow
from bot.store.store import HOLDS, Store, StoreDown
from tests.conftest import Clock
from tests.courier.world import PLACE, World, face
from tests.servers import Postgres


@pytest.fixture
async def world(store: Store) -> World:
    made = World(store, MemoryChat())
    await made.mission()
    return made


async def test_a_slot_is_posted_once_and_then_edited(world: World):
    courier = world.courier()
    await world.change("plan:1")
    await courier.flush()
    await world.change("plan:1")
    await courier.flush()
    assert world.reads("plan:1") == ["2"]
    assert world.chat.log == [("post", "plan:1", 1), ("edit", "plan:1", 2)]


async def test_the_row_says_what_is_shown(world: World):
    await world.change("plan:1")
    await world.courier().flush()
    row = await world.row("plan:1")
    assert (row.wanted, row.shown, row.ref, row.posting) == (1, 1, "memory-1", False)


async def test_a_nudge_makes_a_running_courier_look(world: World):
    courier = world.courier(tick=3600)
    running = asyncio.create_task(courier.run())
    await world.change("plan:1")
    courier.nudge()
    await world.chat.until(1)
    running.cancel()
    await asyncio.wait([running])
    assert world.reads("plan:1") == ["1"]


async def test_one_nudge_is_enough_for_all_the_posts_of_a_place(world: World):
    courier = world.courier(tick=3600)
    await world.change("plan:1", "question:Q1", "artifact:1")
    running = asyncio.create_task(courier.run())
    await world.chat.until(3)
    running.cancel()
    await asyncio.wait([running])


async def test_a_running_courier_looks_by_itself_as_well(world: World):
    running = asyncio.create_task(world.courier(tick=0.01).run())
    await world.change("plan:1")
    await world.chat.until(1)
    running.cancel()
    await asyncio.wait([running])


async def test_a_slot_with_nothing_to_show_counts_as_shown(world: World):
    await world.change("silent")
    await world.courier().flush()
    assert (await world.row("silent")).shown == 1
    assert world.chat.log == []


async def test_a_card_that_did_not_change_is_not_sent_again(world: World):
    courier = world.courier()
    await world.change("plan:1")
    await courier.flush()
    async with world.store.begin() as tx:
        await tx.want_all("m1")
    await courier.flush()
    assert (await world.row("plan:1")).shown == 2
    assert world.calls("edit") == []


async def test_an_edit_whose_word_was_lost_is_made_once_more(
    world: World, another: Callable[[], Store]
):
    """The process died after the edit: the next one edits to what is shown, and posts nothing."""
    world.store.edits.late.seconds = 3600.0
    await world.change("plan:1")
    await world.courier().flush()
    await world.change("plan:1")
    await world.courier().flush()

    alive, later = another(), another()
    assert [slot.name for slot in await alive.slots_behind("memory")] == ["plan:1"]
    await Courier(alive, world.chat, face).flush()
    assert len(world.calls("post")) == 1
    assert len(world.calls("edit")) == 2
    assert world.reads("plan:1") == ["2"]
    await alive.close()
    assert await later.slots_behind("memory") == ()


async def test_only_its_own_platform_is_served(world: World):
    await world.mission("m2", "slack:W1:C1")
    await world.change("plan:1", mission="m2", place="slack:W1:C1")
    await world.courier().flush()
    assert world.chat.log == []


# -- many changes ----------------------------------------------------------------------------------


async def test_twenty_changes_within_the_pace_are_one_edit(world: World):
    world.chat.pace = 3600
    courier = world.courier()
    await world.change("plan:1")
    await courier.flush()
    for _ in range(20):
        await world.change("plan:1")
        await courier.flush()
    assert world.calls("edit") == []
    courier._held.clear()  # the hour is over
    await courier.flush()
    assert world.calls("edit") == ["plan:1"]
    assert world.reads("plan:1") == ["21"]


async def test_a_change_while_the_courier_reads_is_shown_when_its_slot_is_free(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """On PostgreSQL reading takes a while: what it gives may be from before the change."""
    world.chat.pace = 0.3
    courier = world.courier(tick=3600)
    await world.change("plan:1")
    running = asyncio.create_task(courier.run())
    await world.chat.until(1)
    read = world.store.slots_behind

    async def slow(platform: str) -> tuple[SlotRow, ...]:
        found = await read(platform)
        if world.state == 1:
            await world.change("plan:1")
            courier.nudge("m1/plan:1")
        return found

    monkeypatch.setattr(world.store, "slots_behind", slow)
    courier.nudge()
    async with asyncio.timeout(5):
        await world.chat.until(2)
    running.cancel()
    await asyncio.wait([running])
    assert world.reads("plan:1") == ["2"]


async def test_a_slot_that_is_named_is_looked_at_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """However many others are behind; but a post waits its turn, so for it all are looked at."""
    courier = world.courier(tick=3600)
    await world.change("plan:1")
    running = asyncio.create_task(courier.run())
    await world.chat.until(1)
    looks = 0
    read = world.store.slots_behind

    async def counted(platform: str) -> tuple[SlotRow, ...]:
        nonlocal looks
        looks += 1
        return await read(platform)

    monkeypatch.setattr(world.store, "slots_behind", counted)
    async with asyncio.timeout(10):
        while courier._behind or courier._serving:
            await asyncio.sleep(0.05)
        before = looks
        await world.change("plan:1")
        courier.nudge("m1/plan:1", "m9/never:1")
        await world.chat.until(2)
        assert looks == before
        await world.change("artifact:1")
        courier.nudge("m1/artifact:1")
        await world.chat.until(3)
        assert looks > before
    running.cancel()
    await asyncio.wait([running])
    assert (world.reads("plan:1"), world.reads("artifact:1")) == (["2"], ["3"])


async def test_a_hold_that_ends_during_a_look_is_not_forgotten(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """What waited for it is shown then, not at the next look at all rows."""
    world.chat.pace = 0.3
    await world.mission("m2", PLACE)
    courier = world.courier(tick=3600)
    await world.change("plan:1")
    running = asyncio.create_task(courier.run())
    await world.chat.until(1)
    read = world.store.slots_named

    async def slow(platform: str, keys: set[str]) -> tuple[SlotRow, ...]:
        found = await read(platform, keys)
        await asyncio.sleep(0.6)
        return found

    monkeypatch.setattr(world.store, "slots_named", slow)
    await world.change("plan:1")
    courier.nudge("m1/plan:1")
    courier.nudge("m2/never:1")
    async with asyncio.timeout(5):
        await world.chat.until(2)
    running.cancel()
    await asyncio.wait([running])


async def test_what_another_process_changed_is_shown_within_a_tick(
    world: World, another: Callable[[], Store]
):
    """Whatever else is looked at meanwhile."""
    courier = world.courier(tick=0.5)
    await world.change("plan:1")
    running = asyncio.create_task(courier.run())
    await world.chat.until(1)
    loop = asyncio.get_running_loop()
    began = loop.time()
    world.store = another()
    await world.change("artifact:1")

    async def nudges() -> None:
        while True:
            courier.nudge("m9/never:1")
            await asyncio.sleep(0.02)

    nudging = asyncio.create_task(nudges())
    await world.chat.until(2)
    assert loop.time() - began < 5
    for task in (nudging, running):
        task.cancel()
    await asyncio.wait([nudging, running])


async def test_a_message_that_is_needed_and_vanished_comes_back_at_once(world: World):
    courier = world.courier(tick=3600)
    await world.ask("question:Q1")
    await world.change("question:Q1")
    running = asyncio.create_task(courier.run())
    await world.chat.until(1)
    world.chat.plan("edit", gone())
    await world.change("question:Q1")
    courier.nudge("m1/question:Q1")
    async with asyncio.timeout(10):
        while world.calls("post") != ["question:Q1"] * 2:
            await asyncio.sleep(0.05)
    running.cancel()
    await asyncio.wait([running])


async def test_slots_of_another_platform_are_passed_over_when_they_are_named(world: World):
    await world.mission("m2", "slack:W1:C1")
    await world.change("plan:1", mission="m2", place="slack:W1:C1")
    assert await world.store.slots_named("memory", ["m2/plan:1"]) == ()
    assert [slot.name for slot in await world.store.slots_named("slack", ["m2/plan:1"])] == [
        "plan:1"
    ]


async def test_a_named_slot_is_read_only_when_it_may_be_tried(world: World, clock: Clock):
    """Not once it is gone, before its next try is due, or when it shows what it should."""
    await world.change("plan:1")
    row, named = await world.row("plan:1"), partial(world.store.slots_named, "memory")
    await world.store.set_slot(row, not_before=clock() + timedelta(seconds=5))
    assert await named(["m1/plan:1"]) == ()
    clock.move(seconds=5)
    assert len(await named(["m1/plan:1", "m1/artifact:1"])) == 1
    await world.store.set_slot(row, shown=1)
    assert await named(["m1/plan:1"]) == ()
    await world.change("plan:1")
    await world.store.set_slot(row, gone=True)
    assert await named(["m1/plan:1"]) == ()


async def test_what_is_asked_for_while_all_is_read_is_looked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """What a slow database gives may be from before it."""
    courier = world.courier(tick=3600)
    await world.change("plan:1")
    read = world.store.slots_behind

    async def slow(platform: str) -> tuple[SlotRow, ...]:
        found = await read(platform)
        if world.chat.log and not world.reads("artifact:1"):
            await world.change("artifact:1")
            courier.nudge()
        return found

    monkeypatch.setattr(world.store, "slots_behind", slow)
    running = asyncio.create_task(courier.run())
    async with asyncio.timeout(10):
        await world.chat.until(1)
        courier.nudge()
        await world.chat.until(2)
    running.cancel()
    await asyncio.wait([running])


async def test_the_last_state_is_shown_without_another_nudge(world: World):
    """The rest after an edit ends with a look of its own."""
    world.chat.pace = 0.05
    courier = world.courier(tick=3600)
    running = asyncio.create_task(courier.run())
    for _ in range(5):
        await world.change("plan:1")
        courier.nudge()
    while world.reads("plan:1") != ["5"]:
        await world.chat.until(len(world.chat.log) + 1)
    running.cancel()
    await asyncio.wait([running])


async def test_a_courier_that_runs_again_ticks_again(world: World):
    courier = world.courier(tick=0.05)
    for times in (1, 2):
        running = asyncio.create_task(courier.run())
        await asyncio.sleep(0.02)
        await world.change("plan:1")
        async with asyncio.timeout(5):
            while world.reads("plan:1") != [str(times)]:
                await asyncio.sleep(0.01)
        running.cancel()
        await asyncio.wait([running])


@pytest.mark.parametrize(
    ("change", "edited"),
    [({}, False), ({"body": "More."}, True), ({"title": "Two"}, True), ({"footer": "v2"}, True),
     ({"tasks": (TaskLine(id="T1", title="Read", state="done"),)}, True)],
)  # fmt: skip
async def test_an_edit_that_changes_nothing_is_left_out(
    world: World, change: dict[str, Any], edited: bool
):
    """A card is told from the one before by all that it says; its row is up to date anyway."""
    line = TaskLine(id="T1", title="Read", state="running")
    card = Card(mission="m1", slot="plan:1", title="One", body="Words.", tasks=(line,))
    courier = Courier(world.store, world.chat, lambda *_: card)
    await world.change("plan:1")
    await courier.flush()
    card = card.model_copy(update=change)
    await world.change("plan:1")
    await courier.flush()
    assert (("edit", "plan:1", 2) in world.chat.log) is edited
    row = await world.row("plan:1")
    assert row.shown == row.wanted


async def test_a_change_during_a_slow_edit_is_shown_after_it(world: World):
    courier = world.courier()
    await world.change("plan:1")
    await courier.flush()
    go = asyncio.Event()
    world.chat.plan("edit", slow(go))
    await world.change("plan:1")
    flushing = asyncio.create_task(courier.flush())
    await world.chat.until(2)
    await world.change("plan:1")
    go.set()
    await flushing
    assert world.reads("plan:1") == ["3"]


async def test_what_is_shown_never_goes_back(world: World):
    await world.change("plan:1")
    await world.change("plan:1")
    row = await world.row("plan:1")
    await world.store.set_slot(row, shown=2)
    await world.store.set_slot(row, shown=1)
    assert (await world.row("plan:1")).shown == 2


# -- order -----------------------------------------------------------------------------------------


async def test_posts_of_a_place_keep_their_order(world: World, clock: Clock):
    for slot in ("plan:1", "question:Q1", "artifact:1"):
        await world.change(slot)
        clock.move(seconds=1)
    await world.courier().flush()
    assert world.calls("post") == ["plan:1", "question:Q1", "artifact:1"]


async def test_a_later_post_waits_for_an_earlier_one_that_was_refused(world: World, clock: Clock):
    courier = world.courier()
    await world.change("plan:1")
    clock.move(seconds=1)
    await world.change("artifact:1")
    world.chat.plan("post", broken(RuntimeError()))
    await courier.flush()
    assert world.chat.shown == {}
    clock.move(seconds=60)
    await courier.flush()
    assert [s.now.slot for s in world.chat.shown.values()] == ["plan:1", "artifact:1"]


async def test_an_edit_does_not_wait_for_an_earlier_post(world: World, clock: Clock):
    courier = world.courier()
    clock.move(seconds=1)
    await world.change("artifact:1")
    await courier.flush()
    clock.move(seconds=-1)
    world.chat.plan("post", broken(RuntimeError()))
    await world.change("plan:1", "artifact:1")
    await courier.flush()
    assert world.reads("artifact:1") == ["2"]


async def test_a_slow_place_does_not_hold_up_another(world: World):
    await world.mission("m2", "memory:W1:C2")
    go = asyncio.Event()
    world.chat.plan("post", slow(go, stored=False))
    await world.change("plan:1")
    courier = world.courier()
    running = asyncio.create_task(courier.run())
    await world.chat.until(1)
    await world.change("plan:1", mission="m2", place="memory:W1:C2")
    courier.nudge()
    await world.chat.until(2)
    assert world.reads("plan:1", "m2") == ["2"]
    assert world.reads("plan:1") == []
    go.set()
    await courier.flush()
    running.cancel()
    await asyncio.wait([running])
    assert world.reads("plan:1") == ["1"]


async def test_at_most_width_places_are_served_at_once(world: World):
    go = asyncio.Event()
    world.chat.plan("post", *[slow(go, stored=False)] * 5)
    for n in range(5):
        await world.mission(f"p{n}", f"memory:W1:P{n}")
        await world.change("plan:1", mission=f"p{n}", place=f"memory:W1:P{n}")
    flushing = asyncio.create_task(world.courier(width=2).flush())
    await world.chat.until(2)
    for _ in range(200):
        await asyncio.sleep(0)
    assert len(world.calls("post")) == 2
    go.set()
    await flushing
    assert len(world.calls("post")) == 5


# -- faults ----------------------------------------------------------------------------------------


async def test_a_busy_platform_is_left_alone_for_as_long_as_it_says(world: World, clock: Clock):
    """Nothing was shown, so nothing is looked for afterwards."""
    world.chat.plan("post", busy(30))
    await world.change("plan:1")
    await world.courier().flush()
    clock.move(seconds=29)
    await world.courier().flush()
    assert world.chat.log == [("post", "plan:1", 1)]
    clock.move(seconds=1)
    await world.courier().flush()
    assert world.calls("find") == []
    assert world.reads("plan:1") == ["1"]


async def test_a_busy_platform_gets_no_other_call_for_that_place(world: World):
    courier = world.courier()
    await world.change("plan:1", "artifact:1")
    await courier.flush()
    world.chat.plan("edit", busy(30))
    await world.change("plan:1", "artifact:1")
    await courier.flush()
    assert world.calls("edit") == ["artifact:1"]


async def test_busy_edits_do_not_hold_up_a_new_message(world: World):
    """What calls a person is posted at once; the progress of the same place waits its time."""
    await world.change("plan:1")
    courier = world.courier()
    await courier.flush()
    world.chat.plan("edit", busy(30))
    await world.change("plan:1")
    await courier.flush()
    await world.change("plan:1", "artifact:1")
    await courier.flush()
    assert world.reads("artifact:1") == ["3"]
    assert world.calls("edit") == ["plan:1"]
    row = await world.row("plan:1")
    assert row.shown < row.wanted


async def test_a_busy_search_does_not_lead_to_a_second_post(world: World, clock: Clock):
    world.chat.plan("post", lost(stored=True))
    world.chat.plan("find", busy(1))
    await world.change("plan:1")
    for _ in range(3):
        await world.courier().flush()
        clock.move(seconds=60)
    assert world.reads("plan:1") == ["1"]
    assert world.calls("post") == ["plan:1"]


@pytest.mark.parametrize("stored", [True, False])
async def test_a_lost_answer_is_looked_for_before_a_second_post(
    world: World, clock: Clock, stored: bool
):
    courier = world.courier()
    world.chat.plan("post", lost(stored=stored))
    await world.change("plan:1")
    await courier.flush()
    await world.change("plan:1")
    clock.move(seconds=60)
    await courier.flush()
    assert world.reads("plan:1") == ["2"]
    assert world.calls("find") == ["plan:1"]


async def test_a_lost_edit_is_made_again(world: World, clock: Clock):
    courier = world.courier()
    await world.change("plan:1")
    await courier.flush()
    world.chat.plan("edit", lost(stored=False))
    await world.change("plan:1")
    await courier.flush()
    clock.move(seconds=60)
    await courier.flush()
    assert world.reads("plan:1") == ["2"]


async def test_silence_is_a_lost_answer(
    world: World, clock: Clock, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(module, "SILENCE", 0.01)
    world.chat.plan("post", slow(asyncio.Event()))
    await world.change("plan:1")
    await world.courier().flush()
    clock.move(seconds=60)
    await world.courier().flush()
    assert world.reads("plan:1") == ["1"]
    assert world.calls("find") == ["plan:1"]


async def test_an_outage_keeps_the_order_however_long_it_lasts(world: World, clock: Clock):
    await world.change("plan:1")
    clock.move(seconds=1)
    await world.change("artifact:1")
    world.chat.plan("post", lost(stored=False))
    world.chat.plan("find", *[lost(stored=False)] * (3 * HOLDS - 1))
    for _ in range(3 * HOLDS):
        await world.courier().flush()
        clock.move(seconds=60)
    assert world.calls("post") == ["plan:1"]
    await world.courier().flush()
    await world.courier().flush()
    assert [s.now.slot for s in world.chat.shown.values()] == ["plan:1", "artifact:1"]


async def test_waits_grow_to_a_minute_and_not_further(world: World, clock: Clock):
    await world.ask("question:Q1")
    await world.change("question:Q1")
    world.chat.plan("post", *[broken(RuntimeError())] * 20)
    waits: list[float] = []
    for _ in range(20):
        await world.courier().flush()
        due = (await world.row("question:Q1")).not_before
        assert due is not None
        waits.append((due - clock()).total_seconds())
        clock.time = due
    assert waits[:7] == [2, 4, 8, 16, 32, 60, 60]
    assert waits[-1] == 60


async def test_success_starts_the_waits_anew(world: World, clock: Clock):
    world.chat.plan("post", broken(RuntimeError()))
    await world.change("plan:1")
    await world.courier().flush()
    clock.move(seconds=60)
    await world.courier().flush()
    row = await world.row("plan:1")
    assert (row.tries, row.not_before) == (0, None)


async def test_it_never_gives_up_while_a_gate_is_open(world: World, clock: Clock):
    await world.ask("question:Q1")
    await world.change("question:Q1")
    world.chat.plan("post", *[gone(), broken(RuntimeError())] * HOLDS)
    for _ in range(2 * HOLDS + 1):
        await world.courier().flush()
        clock.move(seconds=60)
    assert world.reads("question:Q1") == ["1"]


async def test_it_gives_up_on_what_nobody_waits_for(world: World, clock: Clock):
    await world.change("note")
    world.chat.plan("post", *[broken(RuntimeError())] * 2 * HOLDS)
    for _ in range(2 * HOLDS):
        await world.courier().flush()
        clock.move(seconds=60)
    assert (await world.row("note")).gone
    assert len(world.calls("post")) + len(world.calls("find")) <= 2 * HOLDS


async def test_a_slot_at_fault_lets_others_pass_in_the_end(store: Store, clock: Clock):
    """A card that cannot be drawn would otherwise silence its whole place."""
    world = World(store, MemoryChat())
    await world.mission()
    await world.ask("bad")
    await world.change("bad")
    clock.move(seconds=1)
    await world.change("good")

    def draw(record: object, slot: str, now: object) -> object:
        if slot == "bad":
            raise ValueError("cannot draw")
        return face(record, slot, now)  # pyright: ignore[reportArgumentType]

    for _ in range(HOLDS + 1):
        await Courier(store, world.chat, draw).flush()  # pyright: ignore[reportArgumentType]
        clock.move(seconds=60)
    assert world.reads("good") == ["2"]
    assert not (await world.row("bad")).gone


async def test_logs_name_the_slot_and_never_its_words(world: World):
    await world.change("plan:1")
    world.chat.plan("post", broken(RuntimeError("token xoxb-1 and the text")))
    with capture_logs() as logs:
        await world.courier().flush()
    assert [(e["event"], e["slot"], e["error"]) for e in logs] == [
        ("slot_not_shown", "plan:1", "RuntimeError")
    ]
    assert "xoxb" not in str(logs)


# -- deleted messages ------------------------------------------------------------------------------


async def deleted(world: World, slot: str) -> Courier:
    """Post the slot, and let someone delete the message."""
    courier = world.courier()
    await world.change(slot)
    await courier.flush()
    world.chat.delete((await world.row(slot)).ref)
    await world.change(slot)
    return courier


async def test_a_deleted_plan_of_a_mission_under_way_is_posted_anew(world: World):
    courier = await deleted(world, "plan:1")
    await courier.flush()
    assert world.reads("plan:1") == ["2"]


async def test_a_deleted_plan_of_an_ended_mission_stays_deleted(world: World):
    courier = await deleted(world, "plan:1")
    await world.end()
    await courier.flush()
    assert world.reads("plan:1") == []
    assert (await world.row("plan:1")).gone


async def test_a_deleted_question_is_posted_anew_while_it_is_open(world: World):
    await world.ask("question:Q1")
    courier = await deleted(world, "question:Q1")
    await courier.flush()
    assert world.reads("question:Q1") == ["2"]


async def test_a_deleted_question_that_was_answered_stays_deleted(world: World):
    await world.ask("question:Q1")
    courier = await deleted(world, "question:Q1")
    await world.close("question:Q1")
    await courier.flush()
    assert world.reads("question:Q1") == []
    await world.change("question:Q1")
    await courier.flush()
    assert world.calls("post") == ["question:Q1"]


async def test_a_place_that_is_gone_ends_what_nobody_waits_for(world: World):
    world.chat.plan("post", gone())
    await world.change("note")
    await world.courier().flush()
    row = await world.row("note")
    assert (row.gone, row.posting) == (True, False)


# -- endings ---------------------------------------------------------------------------------------


async def test_a_mission_forgotten_during_its_post_harms_nobody(world: World):
    go = asyncio.Event()
    world.chat.plan("post", slow(go))
    await world.change("plan:1")
    flushing = asyncio.create_task(world.courier().flush())
    await world.chat.until(1)
    async with world.store.begin() as tx:
        await tx.forget("m1")
    go.set()
    await flushing
    assert await world.store.slots("m1") == ()


async def test_a_mission_forgotten_before_its_post_is_not_posted(world: World):
    await world.change("plan:1")
    row = await world.row("plan:1")
    async with world.store.begin() as tx:
        await tx.forget("m1")
    assert not await world.store.claim_post(row)


async def test_slots_of_a_mission_that_is_not_there_are_left_alone(world: World):
    async with world.store.begin() as tx:
        await tx.want("nobody", PLACE, "plan:1")
    await world.courier().flush()
    assert world.chat.log == []


async def test_a_courier_stopped_in_mid_post_leaves_word_for_the_next(world: World):
    world.chat.plan("post", slow(asyncio.Event()))
    await world.change("plan:1")
    running = asyncio.create_task(world.courier().run())
    await world.chat.until(1)
    running.cancel()
    await asyncio.wait([running])
    assert (await world.row("plan:1")).posting
    await world.courier().flush()
    assert world.reads("plan:1") == ["1"]


async def test_a_courier_that_was_stopped_sends_nothing_more(world: World):
    go = asyncio.Event()
    world.chat.plan("post", slow(go, stored=False))
    await world.change("plan:1")
    running = asyncio.create_task(world.courier().run())
    await world.chat.until(1)
    running.cancel()
    await asyncio.wait([running])
    go.set()
    for _ in range(50):
        await asyncio.sleep(0)
    assert world.reads("plan:1") == []
    await world.courier().flush()
    assert world.reads("plan:1") == ["1"]


async def test_a_database_that_is_away_for_a_while_delays_and_loses_nothing(
    postgres: Postgres, postgres_template: str, clock: Clock
):
    store = Store(postgres.database(postgres_template), clock)
    world = World(store, MemoryChat())
    await world.mission()
    await world.change("plan:1")
    courier = world.courier(tick=0.01)
    postgres.stop()
    try:
        with capture_logs() as logs:
            running = asyncio.create_task(courier.run())
            while not logs:
                await asyncio.sleep(0.01)
        assert {e["event"] for e in logs} == {"slots_not_read"}
    finally:
        postgres.start()
    await world.chat.until(1)
    await courier.flush()
    assert world.reads("plan:1") == ["1"]
    running.cancel()
    await asyncio.wait([running])
    await store.close()


async def test_a_look_at_all_rows_that_failed_is_made_again_soon(
    world: World, monkeypatch: pytest.MonkeyPatch
):
    """Also when all was shown before, and nobody else has written since."""
    monkeypatch.setattr("bot.store.quiet.EVERY", 1_000_000)
    courier = world.courier(tick=0.05)
    running = asyncio.create_task(courier.run())
    await asyncio.sleep(0.2)
    read = world.store.slots_behind

    async def fails(platform: str) -> tuple[SlotRow, ...]:
        monkeypatch.setattr(world.store, "slots_behind", read)
        raise StoreDown

    monkeypatch.setattr(world.store, "slots_behind", fails)
    await world.change("plan:1")
    courier.nudge()
    await world.chat.until(1)
    running.cancel()
    await asyncio.wait([running])


async def test_a_post_that_cannot_be_recorded_is_found_again(
    postgres: Postgres, postgres_template: str, clock: Clock
):
    """The database goes away between the post and its row."""
    store = Store(postgres.database(postgres_template), clock)
    world = World(store, MemoryChat())
    await world.mission()
    await world.change("plan:1")
    go = asyncio.Event()
    world.chat.plan("post", slow(go))
    flushing = asyncio.create_task(world.courier().flush())
    await world.chat.until(1)
    try:
        await asyncio.to_thread(postgres.stop)
        go.set()
        await flushing
    finally:
        postgres.start()
    await world.courier().flush()
    assert world.reads("plan:1") == ["1"]
    assert world.calls("find") == ["plan:1"]
    await store.close()
