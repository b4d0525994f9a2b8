"""Rate limits, the same in one process and across processes."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis as Client

from bot.chat.slack import Limiter, LocalLimiter, RedisLimiter
from bot.chat.slack.limiter import Rate
from tests.servers import Redis

SLOW = Rate(every=1_000.0, burst=3)


@pytest.fixture
async def client(redis: Redis) -> AsyncIterator[Client]:
    made = Client.from_url(redis.url)
    yield made
    await made.flushall()
    await made.aclose()


@pytest.fixture(params=["local", "redis"])
def limiter(request: pytest.FixtureRequest) -> Limiter:
    if request.param == "local":
        return LocalLimiter()
    return RedisLimiter(request.getfixturevalue("client"))


async def test_a_burst_passes_and_then_it_says_how_long_to_wait(limiter: Limiter):
    """Three at once, the fourth waits about one interval; a refusal counts nothing."""
    assert [await limiter.take("k", SLOW) for _ in range(3)] == [0, 0, 0]
    assert await limiter.take("k", SLOW) == pytest.approx(1_000, abs=30)
    assert await limiter.take("k", SLOW) == pytest.approx(1_000, abs=30)
    assert await limiter.take("other", SLOW) == 0


async def test_spare_places_are_kept_for_the_urgent(limiter: Limiter):
    """Progress may use one of three; what needs a person may use them all."""
    assert await limiter.take("k", SLOW, spare=2) == 0
    assert await limiter.take("k", SLOW, spare=2) > 0
    assert [await limiter.take("k", SLOW) for _ in range(2)] == [0, 0]


async def test_a_hold_stops_everybody(limiter: Limiter):
    """After a Retry-After the whole burst is gone."""
    await limiter.hold("k", SLOW, 60)
    assert await limiter.take("k", SLOW) == pytest.approx(60, abs=5)


async def test_processes_share_one_count(client: Client):
    """Two limiters on one Redis take turns on one burst, also at the same moment."""
    both = [RedisLimiter(client), RedisLimiter(client)]
    waits = await asyncio.gather(*(both[n % 2].take("k", SLOW) for n in range(10)))
    assert sum(wait == 0 for wait in waits) == 3


async def test_without_redis_the_process_counts_alone():
    """People go on reading; Slack's own 429 is the backstop."""
    gone = Client.from_url("redis://127.0.0.1:9", retry=None)
    limiter = RedisLimiter(gone)
    assert [await limiter.take("k", SLOW) for _ in range(3)] == [0, 0, 0]
    assert await limiter.take("k", SLOW) > 0
    await limiter.hold("k", SLOW, 5)
    await gone.aclose()


# -- a pace of its own -----------------------------------------------------------------------------

MINUTE = Rate(every=1.0, burst=10, most=2.0)


class Minutes:
    """A limiter on a clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.limiter = LocalLimiter(lambda: self.now)

    async def taken(self, seconds: float, rate: Rate = MINUTE) -> int:
        """How many calls are taken when somebody asks ten times a second."""
        taken, end = 0, self.now + seconds
        while self.now < end:
            taken += await self.limiter.take("k", rate) == 0
            self.now += 0.1
        return taken


async def test_the_pace_grows_slowly_while_somebody_waits():
    """Slack promises a rate and gives more when it can; the first minute keeps to it."""
    time = Minutes()
    assert await time.taken(60) <= 10 + 60
    later = await time.taken(60)
    assert 60 < later <= 67
    await time.taken(1_200)
    assert await time.taken(60) == pytest.approx(120, abs=2)


async def test_without_need_the_pace_stays():
    """An hour of quiet is no reason to be fast."""
    time = Minutes()
    for _ in range(100):
        assert await time.limiter.take("k", MINUTE) == 0
        time.now += 60
    assert await time.taken(60) <= 10 + 60


async def test_a_refusal_halves_the_pace_and_it_comes_back_to_what_is_promised():
    """Above the promise it falls to it at most; a refusal there halves it for a while."""
    time = Minutes()
    await time.taken(1_300)
    await time.limiter.hold("k", MINUTE, 0)
    assert await time.taken(30) == pytest.approx(30, abs=2)
    await time.limiter.hold("k", MINUTE, 0)
    assert await time.taken(5) <= 4
    await time.taken(30)
    assert await time.taken(20) == pytest.approx(20, abs=2)


async def test_refusals_of_calls_that_were_under_way_count_once():
    """Five calls in the air and one limit: half as fast, not a thirtieth."""
    time = Minutes()
    for _ in range(5):
        await time.limiter.hold("k", MINUTE, 2)
    assert await time.limiter.take("k", MINUTE) == 2
    time.now += 2
    assert await time.limiter.take("k", MINUTE) == 0
    assert await time.limiter.take("k", MINUTE) == pytest.approx(2)


async def test_processes_share_the_pace(client: Client):
    """One was refused: the other is slower, too, and both get faster when they have to wait."""
    first, second = RedisLimiter(client), RedisLimiter(client)
    assert await first.take("k", MINUTE) == 0
    await first.hold("k", MINUTE, 0.01)
    await asyncio.sleep(0.02)
    assert await second.take("k", MINUTE) == 0
    assert await second.take("k", MINUTE) == pytest.approx(2, abs=0.2)
    redis: Any = client
    await redis.hset("cm:rate:k", "since", (await redis.time())[0] - 11)
    await second.take("k", MINUTE)
    assert await first.take("k", MINUTE) == pytest.approx(1, abs=0.2)
