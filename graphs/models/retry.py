"""When to try again, and for how long: one time budget holds every try and every pause."""

from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.stop import stop_base
from tenacity.wait import wait_base, wait_exponential, wait_random

from graphs.models.failures import RETRIED, Failure

T = TypeVar("T")
Sleep = Callable[[float], Awaitable[object]]

TRIES = 4


class Budget:
    """Seconds left for one question to one model. Waiting for a free place is not counted."""

    def __init__(self, seconds: float) -> None:
        self.left = seconds

    def spend(self, since: float) -> None:
        """Count the time since then, as `time.monotonic` has it."""
        self.left -= monotonic() - since


class wait_as_asked(wait_base):
    """The pause the provider asked for, or one that doubles."""

    grows = wait_exponential(multiplier=0.5, max=20) + wait_random(0, 0.5)

    def __call__(self, retry_state: RetryCallState) -> float:
        error = retry_state.outcome.exception() if retry_state.outcome else None
        asked = error.wait if isinstance(error, Failure) else None
        return self.grows(retry_state) if asked is None else asked


class stop_when_spent(stop_base):
    """Stop when the pause would outlast the budget: another model can answer sooner."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget

    def __call__(self, retry_state: RetryCallState) -> bool:
        return retry_state.upcoming_sleep >= self.budget.left


async def persist(
    call: Callable[[], Awaitable[T]], budget: Budget, sleep: Sleep, note: Callable[[Failure], None]
) -> T:
    """Call until it works, up to TRIES times within the budget. Raises the last Failure."""
    try:
        return await call()
    except Failure as failure:
        if failure.kind not in RETRIED:
            raise
        first = [failure]

    async def pause(seconds: float) -> None:
        budget.left -= seconds
        await sleep(seconds)

    def before(state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, Failure):
            note(error)

    async def again() -> T:
        """The first try has been made already: most calls need no more than that."""
        if first:
            raise first.pop()
        return await call()

    retrying = AsyncRetrying(
        retry=retry_if_exception(lambda e: isinstance(e, Failure) and e.kind in RETRIED),
        wait=wait_as_asked(),
        stop=stop_after_attempt(TRIES) | stop_when_spent(budget),
        sleep=pause,
        before_sleep=before,
        reraise=True,
    )
    return await retrying(again)
