"""Rate limits, the same in one process and across processes."""

import asyncio
from collections.abc import AsyncIterator

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
