"""Rate limits, per channel and per method, in one process or across them by Redis.

GCRA: one number per key, the time at which the bucket is empty again.
"""

import time
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple, Protocol, cast


class Rate(NamedTuple):
    """`burst` calls at once, then one every `every` seconds."""

    every: float
    burst: int


class Limiter(Protocol):
    """Counts calls against a Rate."""

    async def take(self, key: str, rate: Rate, spare: int = 0) -> float:
        """0 when the call may be made now; it is counted. Else the seconds to wait; it is not.

        `spare` places of the burst are left to more urgent calls.
        """
        ...

    async def hold(self, key: str, rate: Rate, seconds: float) -> None:
        """Nobody before `seconds` have passed: the platform said so."""
        ...

    async def close(self) -> None: ...


class LocalLimiter:
    """For one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._full: dict[str, float] = {}

    async def take(self, key: str, rate: Rate, spare: int = 0) -> float:
        now = self._clock()
        wait, full = _gcra(now, self._full.get(key, now), rate, spare)
        if wait <= 0:
            self._full[key] = full
            self._forget(now)
        return max(0.0, wait)

    async def hold(self, key: str, rate: Rate, seconds: float) -> None:
        until = self._clock() + seconds + rate.every * (rate.burst - 1)
        self._full[key] = max(self._full.get(key, 0.0), until)

    async def close(self) -> None:
        """Nothing is open."""

    def _forget(self, now: float) -> None:
        """Drop what is long empty, so that channels do not pile up."""
        if len(self._full) > 10_000:
            self._full = {key: full for key, full in self._full.items() if full > now}


def _gcra(now: float, full: float, rate: Rate, spare: int) -> tuple[float, float]:
    """How long to wait, and the bucket's new time when the call is made."""
    full = max(full, now)
    slack = rate.every * max(0, rate.burst - 1 - spare)
    return full - slack - now, full + rate.every


_TAKE = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local every, slack = tonumber(ARGV[1]), tonumber(ARGV[2])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local wait = full - slack - now
if wait > 0 then return tostring(wait) end
full = full + every
redis.call('SET', KEYS[1], string.format('%.6f', full), 'PX', math.ceil((full - now) * 1000) + 1000)
return '0'
"""
_HOLD = """
local t = redis.call('TIME')
local now = t[1] + t[2] / 1000000
local till = now + tonumber(ARGV[1])
local full = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), till)
redis.call('SET', KEYS[1], string.format('%.6f', full), 'PX', math.ceil((full - now) * 1000) + 1000)
return 1
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
        slack = rate.every * max(0, rate.burst - 1 - spare)
        found = await self._run(self._take, key, rate.every, slack)
        return await self._local.take(key, rate, spare) if found is None else float(found)

    async def hold(self, key: str, rate: Rate, seconds: float) -> None:
        await self._local.hold(key, rate, seconds)
        await self._run(self._hold, key, seconds + rate.every * (rate.burst - 1))

    async def close(self) -> None:
        """Close the connections, which are this limiter's own."""
        await self._redis.aclose()

    async def _run(self, script: Any, key: str, *values: float) -> bytes | str | None:
        from redis.exceptions import RedisError

        try:
            call = cast("Awaitable[bytes | str]", script(keys=[self._prefix + key], args=values))
            return await call
        except (RedisError, OSError):
            return None
