"""Tokens that end: renewed in time, once, whoever asks and however many processes there are."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.chat.slack import installs as module
from bot.chat.slack.installs import Installed, Installs
from bot.ports import ChatBusy, ChatLost
from bot.store.store import Store, StoreDown
from tests.conftest import Clock
from tests.slack.standin import ALL_SCOPES, Standin
from tests.slack.standin.standin import Call

LIFE = timedelta(hours=12)
TWO = Installed(team="T2", bot_user="UBOT", bot_id="B1")


class Office:
    """Slack, a database, and processes with the app's secret."""

    def __init__(self, slack: Standin, store: Store, clock: Clock) -> None:
        self.slack, self.store, self.clock = slack, store, clock
        self.opened: list[Installs] = []

    def process(self, store: Store | None = None, key: str = "k") -> Installs:
        client = ("1.2", "secret")
        made = Installs(store or self.store, key, base_url=self.slack.url, client=client)
        self.opened.append(made)
        return made

    async def install(self, installs: Installs) -> None:
        """What OAuth brings when the app has token rotation."""
        self.slack.web.refreshes["xoxe-1"] = "T2"
        self.slack.tokens["xoxe.xoxb-1"] = ALL_SCOPES
        ends = self.clock() + LIFE
        await installs.save(TWO, "xoxe.xoxb-1", refresh="xoxe-1", ends_at=ends)

    def asked(self) -> list[Call]:
        return self.slack.called("oauth.v2.access")


@pytest.fixture
async def office(slack: Standin, store: Store, clock: Clock) -> AsyncIterator[Office]:
    made = Office(slack, store, clock)
    yield made
    for installs in made.opened:
        await installs.close()


async def settled(installs: Installs) -> None:
    """Wait for what goes on beside."""
    await installs.close()


async def test_a_young_token_is_left_alone(office: Office):
    installs = office.process()
    await office.install(installs)
    office.clock.move(hours=9)
    assert await installs.token("T2") == "xoxe.xoxb-1"
    await settled(installs)
    assert office.asked() == []


async def test_a_token_is_renewed_before_it_ends_and_nobody_waits(office: Office):
    """The old one is good meanwhile, and the new one is kept."""
    installs = office.process()
    await office.install(installs)
    office.clock.move(hours=10, minutes=1)
    assert await installs.token("T2") == "xoxe.xoxb-1"
    await settled(installs)
    new = await installs.token("T2")
    assert new.startswith("xoxe.xoxb-T2-")
    assert await office.process().token("T2") == new
    assert [c.args["refresh_token"] for c in office.asked()] == ["xoxe-1"]


async def test_a_token_that_has_ended_is_not_used(office: Office):
    """After a long night the first who asks waits for the new one."""
    installs = office.process()
    await office.install(installs)
    office.clock.move(hours=40)
    assert (await installs.token("T2")).startswith("xoxe.xoxb-T2-")


async def test_it_is_renewed_again_and_again(office: Office):
    """Each with the refresh token that came with the one before."""
    installs = office.process()
    await office.install(installs)
    seen: set[str] = set()
    for _ in range(4):
        office.clock.move(hours=12)
        seen.add(await installs.token("T2"))
    assert len(seen) == len(office.asked()) == 4
    assert [c.error for c in office.asked()] == [""] * 4


async def test_many_who_ask_at_once_cause_one_renewal(office: Office):
    installs = office.process()
    await office.install(installs)
    office.clock.move(hours=12)
    tokens = await asyncio.gather(*(installs.token("T2") for _ in range(20)))
    assert len(set(tokens)) == 1
    assert len(office.asked()) == 1


async def test_two_processes_cause_one_renewal(office: Office, another: Callable[[], Store]):
    """A refresh token is good for one use: the other process waits, and finds the new token."""
    one, two = office.process(), office.process(another())
    await office.install(one)
    await two.of("T2")
    hung = office.slack.fault("oauth.v2.access", "delay")
    office.clock.move(hours=12)
    first = asyncio.create_task(one.token("T2"))
    await office.slack.until(lambda: hung.times == 0)
    with pytest.raises(ChatBusy):
        await two.token("T2")
    hung.open.set()
    new = await first
    assert await two.token("T2") == new
    assert len(office.asked()) == 1


async def test_a_process_that_dies_on_the_way_keeps_nobody_out_for_long(
    office: Office, another: Callable[[], Store]
):
    """Its claim ends; the old token is used until then."""
    one, two = office.process(), office.process(another())
    await office.install(one)
    office.clock.move(hours=11)
    found = await one._register.load("T2")
    assert found is not None
    assert await one._register.claim("T2", found[1])
    assert await two.token("T2") == "xoxe.xoxb-1"
    await settled(two)
    office.clock.move(minutes=2)
    two._not_before.clear()
    await two.token("T2")
    await settled(two)
    assert (await two.token("T2")).startswith("xoxe.xoxb-T2-")


async def test_who_gives_up_waiting_does_not_break_it_off(office: Office):
    """Half done, the refresh token would be used up and the new token lost."""
    installs = office.process()
    await office.install(installs)
    office.clock.move(hours=12)
    hung = office.slack.fault("oauth.v2.access", "delay_after")
    asking = asyncio.create_task(installs.token("T2"))
    await office.slack.until(lambda: not office.slack.web.refreshes.get("xoxe-1"))
    asking.cancel()
    await asyncio.gather(asking, return_exceptions=True)
    hung.open.set()
    assert (await installs.token("T2")).startswith("xoxe.xoxb-T2-")
    assert len(office.asked()) == 1


@pytest.mark.parametrize("kind", ["500_before", "ratelimited", "reset_before"])
async def test_a_slack_that_is_away_is_asked_again_later(
    office: Office, kind: Any, monkeypatch: pytest.MonkeyPatch
):
    """The old token is good for two hours more; there is no hammering meanwhile."""
    installs = office.process()
    await office.install(installs)
    office.clock.move(hours=11)
    office.slack.fault("oauth.v2.access", kind)
    for _ in range(5):
        assert await installs.token("T2") == "xoxe.xoxb-1"
        await settled(installs)
    tried = len(office.asked())
    assert tried <= 1
    installs._not_before.clear()
    await installs.token("T2")
    await settled(installs)
    assert (await installs.token("T2")).startswith("xoxe.xoxb-T2-")


async def test_an_ended_token_and_a_slack_that_is_away_is_an_outage(office: Office):
    """What was to be shown waits and is tried again; the installation is not taken for gone."""
    installs = office.process()
    await office.install(installs)
    office.clock.move(hours=13)
    office.slack.fault("oauth.v2.access", "500_before")
    with pytest.raises(ChatLost):
        await installs.token("T2")
    assert (await installs.token("T2")).startswith("xoxe.xoxb-T2-")


async def test_a_refresh_token_that_is_used_up_is_not_tried_for_ever(
    office: Office, capsys: pytest.CaptureFixture[str]
):
    """Only a new installation helps: the log says so, once, and without the token."""
    installs = office.process()
    await office.install(installs)
    office.slack.web.refreshes.clear()
    office.clock.move(hours=12)
    for _ in range(3):
        with pytest.raises(LookupError):
            await installs.token("T2")
    assert len(office.asked()) == 1
    logged = capsys.readouterr().out
    assert logged.count("install the app again") == 1
    assert "xoxe" not in logged
    await office.install(installs)
    assert await installs.token("T2") == "xoxe.xoxb-1"


async def test_both_tokens_are_encrypted_at_rest(office: Office):
    installs = office.process()
    await office.install(installs)
    async with office.store.reading() as conn:
        rows = str((await conn.exec_driver_sql("SELECT * FROM installations")).all())
    assert "xoxe" not in rows
    with pytest.raises(LookupError):
        await office.process(key="another").token("T2")


async def test_a_token_without_an_end_is_never_renewed(office: Office):
    """Rotation is off by default."""
    installs = office.process()
    await installs.save(TWO, "xoxb-2")
    office.clock.move(days=400)
    assert await installs.token("T2") == "xoxb-2"
    assert office.asked() == []


async def test_a_new_token_survives_a_database_that_is_away(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    """The old refresh token is used up by then: the new one is written until it is kept."""
    installs = office.process()
    await office.install(installs)
    renew, away = installs._register.renew, iter([True, True, False])

    async def flaky(team: str, grant: Any) -> None:
        if next(away):
            raise StoreDown("away")
        await renew(team, grant)

    async def at_once(_: float) -> None: ...

    monkeypatch.setattr(installs._register, "renew", flaky)
    monkeypatch.setattr("bot.chat.slack.installs.asyncio.sleep", at_once)
    office.clock.move(hours=12)
    new = await installs.token("T2")
    assert await office.process().token("T2") == new


def test_there_is_time_to_renew():
    """Well before the end, and the margin well after the beginning of that."""
    assert module.MARGIN < module.RENEW < LIFE
