"""Three tiers of models behind one question: journalled, paid once, mended, and never hung on.

    the tier's model ── malformed ──▶ asked to mend it, twice ──▶ the next tier ──▶ ModelFailed
           └─ busy, down ─▶ tried again, as often as the deadline allows ─┘

Every call has a key of its own in the ledger (`key`, `key#r1`, `key#strong`, `key#strong#r1`), so
a process that dies in the middle goes on from the last stored answer, on the same path.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

import structlog
from pydantic import BaseModel

from bot.domain.plan import Tier
from graphs.models.ask import Ask, CallKey, Ledger, ModelFailed, Purpose, Usage
from graphs.models.brain import Brain
from graphs.models.config import MAX_OUTPUT, TierConfig
from graphs.models.failures import PASSING, STOPPING, Failure, Kind, sentence
from graphs.models.pricing import Tokens
from graphs.models.retry import Budget, Sleep, persist
from graphs.models.structured import CUT_OFF, Malformed, parse

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

    from graphs.models.messages import Question

Step = tuple[str, Brain]
T = TypeVar("T")
Form = TypeVar("Form", bound=BaseModel)

REPAIRS = 2
LOCAL_PACE = 0.05
"""Rules and scripts answer in a moment."""

NEXT: Mapping[Tier, tuple[Tier, ...]] = {
    Tier.light: (Tier.standard, Tier.strong),
    Tier.standard: (Tier.strong,),
    Tier.strong: (Tier.standard,),
}
LONG: frozenset[Purpose] = frozenset({"plan", "work", "assemble"})
SHORT_OUTPUT = MAX_OUTPUT // 2
JUDGES: frozenset[Purpose] = frozenset({"critique", "review", "whole"})
"""What a model of its own does, when one is configured for the critic."""

_log = structlog.get_logger(__name__)
_loaded = threading.Event()
"""Whether LangChain has been imported."""


class Tiers:
    """Models by tier; implements `ask.Models`.

    `label` is shown wherever their work is shown; `pace` is how long it takes beside a hosted
    model's. `sleep` pauses between tries.
    """

    def __init__(
        self,
        brains: Mapping[Tier, Brain],
        ledger: Ledger,
        *,
        critic: Brain | None = None,
        label: str = "",
        pace: float = 1.0,
        deadline: float = 120.0,
        concurrency: int = 8,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        all_brains = [*brains.values(), *([critic] if critic else [])]
        self.pace = pace
        self.label = label or ", ".join(dict.fromkeys(b.name for b in all_brains))
        self._brains = brains
        self._critic = critic
        self._ledger = ledger
        self._deadline = deadline
        self._sleep = sleep
        providers = {b.provider for b in all_brains}
        self._places = {p: asyncio.Semaphore(concurrency) for p in providers}

    @classmethod
    def configured(
        cls,
        config: TierConfig,
        ledger: Ledger,
        *,
        label: str = "",
        pace: float = 1.0,
        sleep: Sleep = asyncio.sleep,
    ) -> Tiers:
        """The models of a configuration."""
        return cls(
            config.brains(),
            ledger,
            critic=config.judge(),
            label=label,
            pace=pace,
            deadline=config.deadline,
            concurrency=config.concurrency,
            sleep=sleep,
        )

    @classmethod
    def local(
        cls,
        make: Callable[[], BaseChatModel],
        ledger: Ledger,
        *,
        name: str,
        label: str,
        pace: float = LOCAL_PACE,
        deadline: float = 120.0,
        sleep: Sleep = asyncio.sleep,
    ) -> Tiers:
        """One model of this process behind all tiers: the offline one, or a script. It is free."""
        brain = Brain(name, make, local=True)
        brains = dict.fromkeys(Tier, brain)
        return cls(brains, ledger, label=label, pace=pace, deadline=deadline, sleep=sleep)

    def name(self, tier: Tier) -> str:
        """The model behind a tier, as `provider:model`."""
        return self._brains[tier].name

    async def close(self) -> None:
        """Close the connections of every model."""
        for brain in self.distinct():
            await brain.close()

    def distinct(self) -> tuple[Brain, ...]:
        """Every model once."""
        brains = {id(b): b for b in (*self._brains.values(), self._critic) if b is not None}
        return tuple(brains.values())

    @property
    def judge(self) -> str:
        """The model that criticises and reviews."""
        return self._critic.name if self._critic else self.name(Tier.standard)

    def price(self, tier: Tier, tokens_in: int, tokens_out: int) -> Decimal | None:
        """US dollars for so many tokens; None when the price is unknown."""
        return self._brains[tier].price(Tokens(tokens_in, tokens_out))

    async def ask(self, ask: Ask[Form]) -> Form:
        """A validated answer. Raises ModelFailed or OverCap."""
        schema = ask.schema_
        if schema is None:
            raise ValueError(f"{ask.key} asks for an answer without a form; use turn()")
        question = await _question(ask)
        return await self._answer(question, lambda message: parse(message.text, schema))

    async def turn(self, ask: Ask[Any], messages: Sequence[Any], tools: Sequence[Any]) -> Any:
        """One step of an agent: its AI message. Tool calls are given on as the model made them."""
        question = await _question(ask, messages, tools)
        return await self._answer(question, _said)

    async def _answer(self, question: Question, read: Callable[[AIMessage], T]) -> T:
        failures: list[tuple[str, Failure]] = []
        for key, brain in await self._onwards(question):
            try:
                return await self._from(brain, key, question, read)
            except Failure as failure:
                failures.append((brain.name, failure))
                _log.warning("model failed", model=brain.name, why=str(failure), note=failure.note)
                if failure.kind in STOPPING:
                    break
        final = failures[-1][1].kind not in PASSING
        raise ModelFailed(sentence(failures), final=final)

    async def _onwards(self, question: Question) -> list[Step]:
        """The models to ask, from where an earlier process had come to."""
        steps = self._path(question.ask)
        if len(steps) > 1:
            kept = await self._stored(question, *(key for key, _ in steps[1:]))
            begun = [n for n, (key, _) in enumerate(steps) if key in kept]
            return steps[max(begun, default=0) :]
        return steps

    def _path(self, ask: Ask[Any]) -> list[Step]:
        """The models to ask, one after the other, each with its key."""
        judged = self._critic is not None and ask.purpose in JUDGES
        steps = [(ask.key, self._critic if self._critic and judged else self._brains[ask.tier])]
        for tier in (ask.tier, *NEXT[ask.tier]):
            if self._brains[tier] not in [brain for _, brain in steps]:
                steps.append((f"{ask.key}#{tier}", self._brains[tier]))
        return steps

    async def _from(
        self, brain: Brain, key: str, question: Question, read: Callable[[AIMessage], T]
    ) -> T:
        """One model's answer, mended at most REPAIRS times. Raises Failure."""
        for mends in range(REPAIRS + 1):
            message = await self._journalled(brain, f"{key}#r{mends}" if mends else key, question)
            try:
                _whole(message, brain)
                return read(message)
            except Malformed as malformed:
                question = question.again(message, malformed.errors)
        raise Failure(Kind.malformed)

    async def _stored(self, question: Question, *keys: str) -> dict[str, AIMessage]:
        """The kept answers to this question, by their keys."""
        from graphs.models import messages

        found = await self._ledger.stored(question.ask.mission, keys, question.request)
        return {key: messages.load(stored.response) for key, stored in found.items()}

    async def _journalled(self, brain: Brain, key: str, question: Question) -> AIMessage:
        """The stored message of this key, or a new one that is paid for and kept."""
        from graphs.models import messages

        ask, call = question.ask, _call(question, key)
        most = MAX_OUTPUT if ask.purpose in LONG else SHORT_OUTPUT
        worst = brain.at_most(question.size, most)
        again = False
        while not await self._ledger.reserve(call, brain.name, worst, again=again):
            if (kept := (await self._stored(question, key)).get(key)) is not None:
                return kept
            again = True
        message = await self._paid(brain, call, question, most)
        usage = _usage(brain, messages.tokens(question, message))
        self._ledger.settle(call, usage, messages.dump(message))
        return message

    async def _paid(self, brain: Brain, call: CallKey, question: Question, most: int) -> AIMessage:
        """A new message. What was set aside stays so when the provider may have charged for it."""
        try:
            return await self._persistent(brain, question, most)
        except (Failure, ModelFailed) as error:
            if not (isinstance(error, Failure) and error.kind is Kind.late):
                await self._ledger.release(call, str(error))
            raise

    async def _persistent(self, brain: Brain, question: Question, most: int) -> AIMessage:
        budget = Budget(self._deadline)

        async def once() -> AIMessage:
            async with self._places[brain.provider]:
                began = monotonic()
                try:
                    async with asyncio.timeout(budget.left):
                        return await brain.say(question, most)
                except TimeoutError:
                    pass
                finally:
                    budget.spend(began)
            raise Failure(Kind.late)

        def note(failure: Failure) -> None:
            _log.info("model tried again", model=brain.name, why=str(failure))

        return await persist(once, budget, self._sleep, note)


def _call(question: Question, key: str) -> CallKey:
    ask = question.ask
    return CallKey(
        mission=ask.mission,
        key=key,
        request=question.request,
        purpose=ask.purpose,
        tier=ask.tier,
        task=ask.task,
        attempt=ask.attempt,
    )


def _usage(brain: Brain, used: Tokens) -> Usage:
    return Usage(
        model=brain.name,
        tokens_in=used.given,
        tokens_out=used.made,
        price=brain.price(used),
        estimated=used.guessed,
    )


async def _question(
    ask: Ask[Any], after: Sequence[Any] = (), tools: Sequence[Any] = ()
) -> Question:
    """The question as messages. LangChain takes a second to import: once, and in a thread."""
    if not _loaded.is_set():
        await asyncio.to_thread(import_module, "graphs.models.messages")
        _loaded.set()
    from graphs.models import messages

    return messages.Question.of(ask, after, tools)


def _said(message: AIMessage) -> AIMessage:
    if not (message.text.strip() or message.tool_calls or message.invalid_tool_calls):
        raise Malformed("The answer is empty. Call a tool or write the result.")
    return message


def _whole(message: AIMessage, brain: Brain) -> None:
    """Raises Malformed when the message may be cut off, Failure when the model declined."""
    from graphs.models.messages import COMPLETE, DECLINED, ending

    why = ending(message)
    if why in DECLINED:
        raise Failure(Kind.declined)
    if why not in COMPLETE and not (brain.local and not why):
        raise Malformed(CUT_OFF)
