"""Rate limits, per channel and per method, in one process or across them by Redis.

A bucket per key that is filled at a pace of its own: the platform promises a rate and gives more
when it can, so the pace grows slowly while somebody has to wait, and halves when it says no.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol, cast


class Rate(NamedTuple):
    """`burst` calls at once, then one every `every` seconds: what the platform promises.

    `most` is how many times as fast it may become while the platform does not refuse.
    """

    every: float
    burst: int
    most: float = 1.0


QUIET = 60.0
"""Seconds in which somebody waited and nobody was refused, after which the pace grows by `STEP`."""
STEP = 0.1
"""Of the promised rate: after ten quiet minutes under load the pace has doubled."""
BACK = 10.0
"""Seconds after which a pace below the promised one doubles: it is promised, so it comes back."""
LEAST = 0.25
"""Of the promised rate: the slowest, however often the platform refuses."""
KEPT = 3_600
"""Seconds for which Redis remembers a pace."""


class Bucket(NamedTuple):
    """What is left, and since when; `at` lies ahead while the platform has said to wait."""

    left: float
    at: float
    pace: float = 1.0
    since: float = 0.0


class Limiter(Protocol):
    """Counts calls against a Rate."""

    async def take(self, key: str, rate: Rate, spare: int = 0) -> float:
        """0 when the call may be made now; it is counted. Else the seconds to wait; it is not.

        `spare` places of the burst are left to more urgent calls.
        """
        ...

    async def hold(self, key: str, rate: Rate, seconds: float) -> None:
        """Nobody before `seconds` have passed, and slower from then on: the platform said no."""
        ...

    async def close(self) -> None: ...


class LocalLimiter:
    """For one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    async def take(self, key: str, rate: Rate, spare: int = 0) -> float:
        now = self._clock()
        wait, self._buckets[key] = _take(now, self._bucket(key, rate, now), rate, spare)
        self._forget(now)
        return wait

    async def hold(self, key: str, rate: Rate, seconds: float) -> None:
        now = self._clock()
        self._buckets[key] = _hold(now, self._bucket(key, rate, now), seconds)

    async def close(self) -> None:
        """Nothing is open."""

    def _bucket(self, key: str, rate: Rate, now: float) -> Bucket:
        return self._buckets.get(key) or Bucket(rate.burst, now, since=now)

    def _forget(self, now: float) -> None:
        """Drop what was long not asked for, so that channels do not pile up."""
        if len(self._buckets) > 10_000:
            kept = {key: found for key, found in self._buckets.items() if now - found.at < QUIET}
            self._buckets = kept


def _take(now: float, bucket: Bucket, rate: Rate, spare: int) -> tuple[float, Bucket]:
    """How long to wait, and the bucket after that."""
    if now < bucket.at:
        return bucket.at - now, bucket
    bucket = _filled(now, bucket, rate)
    lacking = 1 + min(spare, rate.burst - 1) - bucket.left
    if lacking <= 0:
        return 0.0, bucket._replace(left=bucket.left - 1)
    return lacking * rate.every / bucket.pace, _faster(now, bucket, rate)


def _filled(now: float, bucket: Bucket, rate: Rate) -> Bucket:
    """The bucket as it is now. Once it is full nobody waits, and the quiet minute starts anew."""
    left = bucket.left + (now - bucket.at) * bucket.pace / rate.every
    if left >= rate.burst:
        return bucket._replace(left=rate.burst, at=now, since=now)
    return bucket._replace(left=left, at=now)


def _faster(now: float, bucket: Bucket, rate: Rate) -> Bucket:
    """The bucket with a better pace, when the one it has was good for long enough."""
    slow = bucket.pace < 1
    if now - bucket.since < (BACK if slow else QUIET):
        return bucket
    pace = 2 * bucket.pace if slow else min(rate.most, bucket.pace + STEP)
    return bucket._replace(pace=pace, since=now)


def _hold(now: float, bucket: Bucket, seconds: float) -> Bucket:
    """Half as fast, at first no slower than promised. Calls that were under way count as one."""
    till = max(bucket.at, now + seconds)
    if bucket.at > now:
        return bucket._replace(at=till, since=till)
    half = bucket.pace / 2
    pace = max(1.0, half) if bucket.pace > 1 else max(LEAST, half)
    return Bucket(left=1, at=till, pace=pace, since=till)


_READ = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local every, burst = tonumber(ARGV[1]), tonumber(ARGV[2])
local kept = redis.call('HMGET', KEYS[1], 'left', 'at', 'pace', 'since')
local left, at = tonumber(kept[1] or burst), tonumber(kept[2] or now)
local pace, since = tonumber(kept[3] or 1), tonumber(kept[4] or now)
local function keep()
  redis.call('HSET', KEYS[1], 'left', string.format('%.6f', left), 'at', string.format('%.6f', at),
    'pace', string.format('%.6f', pace), 'since', string.format('%.6f', since))
  redis.call('EXPIRE', KEYS[1], ARGV[3])
end
"""
_TAKE = f"""{_READ}
local spare, most = tonumber(ARGV[4]), tonumber(ARGV[5])
if now < at then return tostring(at - now) end
left = left + (now - at) * pace / every
at = now
if left >= burst then left, since = burst, now end
local lacking = 1 + math.min(spare, burst - 1) - left
if lacking <= 0 then
  left = left - 1
  keep()
  return '0'
end
local wait = lacking * every / pace
if now - since >= (pace < 1 and {BACK} or {QUIET}) then
  pace, since = pace < 1 and 2 * pace or math.min(most, pace + {STEP}), now
end
keep()
return tostring(wait)
"""
_HOLD = f"""{_READ}
local till = math.max(at, now + tonumber(ARGV[4]))
if at <= now then
  left = 1
  pace = pace > 1 and math.max(1, pace / 2) or math.max({LEAST}, pace / 2)
end
at, since = till, till
keep()
return '1'
"""


class RedisLimiter:
    """For several processes; time is Redis's own. `redis` is a `redis.asyncio.Redis`.

    When Redis does not answer, the limits of this process hold alone: Slack's own 429 is the
    backstop, and people go on reading.
    """

    def __init__(self, redis: Any, prefix: str = "cm:rate:") -> None:
        self._redis = redis
        self._take = redis.register_script(_TAKE)
        self._hold = redis.register_script(_HOLD)
        self._prefix = prefix
        self._local = LocalLimiter()

    async def take(self, key: str, rate: Rate, spare: int = 0) -> float:
        found = await self._run(self._take, key, rate, spare, rate.most)
        return await self._local.take(key, rate, spare) if found is None else float(found)

    async def hold(self, key: str, rate: Rate, seconds: float) -> None:
        await self._local.hold(key, rate, seconds)
        await self._run(self._hold, key, rate, seconds)

    async def close(self) -> None:
        """Close the connections, which are this limiter's own."""
        await self._redis.aclose()

    async def _run(self, script: Any, key: str, rate: Rate, *values: float) -> bytes | str | None:
        from redis.exceptions import RedisError

        given = (rate.every, rate.burst, KEPT, *values)
        try:
            call = cast("Awaitable[bytes | str]", script(keys=[self._prefix + key], args=given))
            return await call
        except (RedisError, OSError):
            return None
