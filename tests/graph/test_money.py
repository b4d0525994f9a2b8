"""Money and care: the cap, the operator's pause, models that are away, and forgetting."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

from sqlalchemy import func, select

from bot.domain.mission import Status
from bot.domain.plan import Tier
from bot.domain.spend import CallKey
from bot.domain.work import AttemptStatus
from bot.store import tables as t
from bot.store.ledger import Ledger
from bot.store.store import Store
from graphs.models.brain import Brain
from graphs.models.failures import Failure, Kind
from graphs.models.pricing import Tokens
from graphs.models.tiers import Tiers
from graphs.planning import TASK_TOKENS
from tests.tour.conftest import Open
from tests.tour.script import Script, task
from tests.tour.studio import OnStage, no_pause

WORST = Decimal("0.40")
REAL = Decimal("0.10")


class Priced(Brain):
    """A scripted model that costs 10 cents a call, and at worst 40."""

    def price(self, tokens: Tokens) -> Decimal | None:
        if tokens.made == TASK_TOKENS[1]:
            return Decimal(0)  # the estimate of a task: no test is about it
        return WORST if tokens.made > 5_000 else REAL


def priced(script: Script) -> Callable[[Store], Tiers]:
    """The script's models on a store."""
    brain = Priced("scripted:priced", lambda: script.model, local=True)
    return lambda store: Tiers(dict.fromkeys(Tier, brain), Ledger(store), sleep=no_pause)


async def spent(mission: OnStage) -> Decimal:
    return (await mission.record()).spending.spent


async def test_at_the_cap_the_mission_pauses_before_the_call(open_studio: Open) -> None:
    """Money is set aside first: the call that could pass the cap is not made, and asked once."""
    script = Script(*(task(f"T{n}", instructions=f"Part {n}") for n in range(1, 5)))
    async with open_studio(script, models=priced(script)) as bot:
        mission = await bot.mission(cap=Decimal("0.75"))
        await mission.to_work()
        await mission.until_asked("budget")
        record = await mission.until(lambda r: r.mission.status is Status.paused)

        assert record.spending.spent <= Decimal("0.75")
        assert record.spending.reserved == 0
        assert len(record.open_gates) == 1
        heard = len(script.heard)
        await mission.approve()
        assert (await mission.record()).mission.cap == Decimal(2)
        await mission.until(lambda r: len(r.open_gates) == 1 and r.open_gates[0].kind != "budget")
        assert len(script.heard) > heard


async def test_money_that_never_comes_back_is_asked_for(open_studio: Open) -> None:
    """A call whose process died keeps what it set aside: tasks do not wait for it for ever."""
    script = Script(*(task(f"T{n}", instructions=f"Part {n}") for n in range(1, 5)))
    async with open_studio(script, models=priced(script)) as bot:
        mission = await bot.mission(cap=Decimal("1.00"))
        await mission.until_asked("plan")
        lost = CallKey(
            mission=mission.id, key="work:T9:1:0", request="r", purpose="work", tier=Tier.light
        )
        await Ledger(bot.store).reserve(lost, "m", Decimal("0.40"))
        await mission.approve()
        await mission.until_asked("budget")
        record = await mission.until(lambda r: r.mission.status is Status.paused)
        assert record.spending.reserved == Decimal("0.40")


async def test_the_cost_never_passes_the_cap(open_studio: Open) -> None:
    """Whatever runs at once: raised step by step, it is never more than what was said."""
    script = Script(*(task(f"T{n}", instructions=f"Part {n}") for n in range(1, 7)))
    async with open_studio(script, models=priced(script)) as bot:
        mission = await bot.mission(cap=Decimal("0.50"))
        record = await mission.record()
        while not record.mission.status.ended:
            record = await mission.until(
                lambda r: (
                    r.mission.status.ended or bool(r.open_gates and r.mission.status.needs_person)
                )
            )
            money = record.spending
            assert money.spent + money.reserved <= record.mission.cap
            if record.open_gates:
                await mission.approve()
        assert record.mission.status is Status.done


async def test_what_is_set_aside_for_others_is_waited_for(open_studio: Open) -> None:
    """Six tasks at once set aside more than the cap, and cost far less: nobody is asked."""
    script = Script(*(task(f"T{n}", instructions=f"Part {n}") for n in range(1, 7)))
    async with open_studio(script, models=priced(script)) as bot:
        mission = await bot.mission(cap=Decimal("2.10"))
        record = await mission.to_the_end()

        assert [g.kind.value for g in record.gates] == ["plan", "artifact"]
        assert record.spending.spent == REAL * 17


async def test_saying_no_to_more_money_ends_it_with_what_is_there(open_studio: Open) -> None:
    """Cancel at the cap keeps every finished task."""
    script = Script(task("T1"), task("T2", "T1"))
    async with open_studio(script, models=priced(script)) as bot:
        mission = await bot.mission(cap=Decimal("0.80"))
        await mission.to_work()
        await mission.until_asked("budget")
        await mission.cancel()
        record = await mission.until_ended()

        assert record.mission.status is Status.cancelled
        done = [a for a in record.attempts if a.status is AttemptStatus.done]
        assert all(a.output for a in done)


# -- the operator ----------------------------------------------------------------------------------


async def test_pause_all_lets_what_runs_finish_and_starts_nothing(open_studio: Open) -> None:
    """Taken back, it goes on where it was."""
    script = Script(task("T1"), task("T2", "T1"))
    async with open_studio(script) as bot:
        async with script.held("work", "T1"):
            mission = await bot.mission()
            await mission.to_work()
            await script.asked("work", "T1")
            await bot.app.missions.pause_all("W1", paused=True)
        await mission.until(lambda r: bool(r.attempts and r.attempts[0].output))
        await bot.idle()
        assert script.count("work", "T2") == 0
        await bot.app.missions.pause_all("W1", paused=False)
        await mission.until_asked("artifact")

        assert script.count("work", "T1") == 1


async def test_a_mission_that_is_asked_for_in_a_pause_waits(open_studio: Open) -> None:
    """It is accepted, and begins when the pause ends."""
    script = Script()
    async with open_studio(script) as bot:
        await bot.app.missions.pause_all("W1", paused=True)
        mission = await bot.mission()
        await bot.idle()
        assert script.heard == []
        await bot.app.missions.pause_all("W1", paused=False)
        await mission.until_asked("plan")


# -- models that are away --------------------------------------------------------------------------


async def test_a_model_that_is_down_is_asked_again_after_retry(open_studio: Open) -> None:
    """One sentence, one button; nothing that was done is done again."""
    script = Script().says("plan", "", *[Failure(Kind.down)] * 4)
    async with open_studio(script) as bot:
        mission = await bot.mission()
        gate = await mission.until_asked("blocked")
        assert gate.data["stage"] == "plan"
        await mission.retry()
        await mission.until_asked("plan")

        assert script.count("intake") == 1


async def test_a_model_out_of_quota_is_not_tried_again_by_itself(open_studio: Open) -> None:
    """Waiting would not help: the task is the person's at once."""
    script = Script(task("T1")).says("work", "T1", Failure(Kind.quota, status=429))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        await mission.to_work()
        gate = await mission.until_asked("blocked")

        assert script.count("work", "T1") == 1
        assert gate.data["why"]
        await mission.retry()
        await mission.until_asked("artifact")


async def test_an_answer_that_is_not_json_is_mended_or_said(open_studio: Open) -> None:
    """The model is told what is wrong, twice; then the person is."""
    script = Script().says("plan", "", *["I would rather talk."] * 3)
    async with open_studio(script) as bot:
        mission = await bot.mission()
        gate = await mission.until_asked("blocked")
        assert script.count("plan") == 3
        assert gate.data["why"]
        await mission.retry()
        await mission.until_asked("plan")


# -- forgetting ------------------------------------------------------------------------------------


async def test_a_mission_forgotten_in_mid_run_leaves_nothing(open_studio: Open) -> None:
    """Neither a row, nor a call that came back later, nor a worker that goes on."""
    script = Script(task("T1"), task("T2", "T1"))
    async with open_studio(script) as bot:
        async with script.held("work", "T1"):
            mission = await bot.mission()
            await mission.to_work()
            await script.asked("work", "T1")
            await bot.app.missions.forget(mission.id)
        await bot.idle()

        assert await bot.store.record(mission.id) is None
        async with bot.store.reading() as conn:
            for table in t.MISSION_TABLES:
                rows = select(func.count()).where(table.c.mission == mission.id)
                assert (await conn.execute(rows)).scalar_one() == 0, table.name
        assert script.count("work", "T2") == 0


async def test_an_ended_mission_stays_ended(open_studio: Open, tmp_path: Path) -> None:
    """A wake, a sweep, a late click: nothing begins again."""
    script = Script(task("T1"))
    async with open_studio(script) as bot:
        mission = await bot.mission()
        record = await mission.to_the_end()
        heard = len(script.heard)
        await bot.app.engine.wake(mission.id)
        await bot.idle()
        reply = await mission.approve(gate=record.gates[-1])

        assert reply.kind == "stale"
        assert (await mission.stop()).kind == "stale"
        assert len(script.heard) == heard
