"""One model behind a tier: made on first use, asked for JSON in the strictest way it accepts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from bot.collector import settle
from graphs.models.ask import ModelFailed, OverCap
from graphs.models.failures import Failure, Kind, classify
from graphs.models.pricing import Tokens, price, tokens_of

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

    from graphs.models.messages import Question

MODES = ("schema", "object", "plain")
"""How a model is told to answer in JSON, the strictest first. The prompt holds the schema too."""

NATIVE = frozenset({"openai", "anthropic", "ollama"})
CAPPED = frozenset({"openai", "anthropic"})
"""Providers that take a limit to the answer with each call."""


class Brain:
    """A model, its provider and its price; `name` is `provider:model`.

    A `local` one runs in this process: it reads the question's structured form, need not say why
    it stopped, and costs nothing. A `free` one runs on this machine.
    """

    def __init__(
        self,
        name: str,
        make: Callable[[], BaseChatModel],
        *,
        base_url: str = "",
        local: bool = False,
        free: bool = False,
    ) -> None:
        self.name = name
        self.provider, _, self.model = name.partition(":")
        self.base_url = base_url
        self.local = local
        self.free = free or local
        self._make = make
        self._chat: BaseChatModel | None = None
        self._making = asyncio.Lock()
        self._modes = MODES if self.provider in NATIVE else MODES[-1:]

    def price(self, tokens: Tokens) -> Decimal | None:
        """US dollars at list price; None when unknown."""
        if self.free:
            return Decimal(0)
        return price(self.provider, self.model, tokens, self.base_url)

    def at_most(self, characters: int, made: int) -> Decimal | None:
        """What a call of so many characters will not pass, in US dollars; None when unknown.

        `made` are the tokens of its answer at most.
        """
        return self.price(Tokens(tokens_of(characters), made))

    async def close(self) -> None:
        """Close the connections that it keeps open."""
        client: Any = getattr(self._chat, "http_async_client", None)
        if client is not None:
            await client.aclose()

    async def say(self, question: Question, most: int) -> AIMessage:
        """One call, with at most `most` tokens of answer.

        Raises Failure, or the ModelFailed and OverCap of a local model.
        """
        chat = await self._ready()
        modes = self._modes if question.form and not self.local else MODES[-1:]
        for mode in modes[:-1]:
            try:
                return await self._once(chat, question, most, mode)
            except Failure as failure:
                if failure.kind is not Kind.refused:
                    raise
            self._modes = modes[modes.index(mode) + 1 :]
        return await self._once(chat, question, most, modes[-1])

    async def _once(
        self, chat: BaseChatModel, question: Question, most: int, mode: str
    ) -> AIMessage:
        """What the SDK raises is dropped on the way: its words may repeat the key or the prompt."""
        ask = chat.bind_tools(list(question.tools)) if question.tools else chat
        given = list(question.messages) if self.local else question.on_the_wire
        try:
            return await ask.ainvoke(given, **self._options(question, most, mode))
        except (ModelFailed, OverCap):
            raise
        except Exception as error:  # noqa: BLE001 - every SDK has errors of its own
            failure = classify(error)
        raise failure

    def _options(self, question: Question, most: int, mode: str) -> dict[str, Any]:
        options: dict[str, Any] = {"max_tokens": most} if self.provider in CAPPED else {}
        form = _form(question, mode)
        if form is None:
            return options
        # Given as `response_format`, the OpenAI SDK raises at a cut answer and hides its price.
        wrapped = {"extra_body": {"response_format": form}}
        return options | (wrapped if self.provider == "openai" else {"response_format": form})

    async def _ready(self) -> BaseChatModel:
        """The chat model, made in a thread: importing a provider's SDK takes a second."""
        async with self._making:
            if self._chat is None:
                _hush()
                try:
                    self._chat = await asyncio.to_thread(self._make)
                except ImportError as error:
                    raise Failure(Kind.setup, note=error.name or "") from None
                except ValueError:
                    raise Failure(Kind.setup) from None
                if not self.local:
                    settle(self.provider)
            return self._chat


def _form(question: Question, mode: str) -> dict[str, Any] | None:
    if mode == "plain" or question.form is None:
        return None
    if mode == "object":
        return {"type": "json_object"}
    schema = {"name": str(question.form.get("title", "answer")), "schema": question.form}
    return {"type": "json_schema", "json_schema": schema | {"strict": False}}


CHATTY = ("openai", "anthropic", "httpx", "httpcore", "httpx2", "httpcore2", "ollama")


def _hush() -> None:
    """At DEBUG the SDKs log whole prompts; nobody who turns our log up asks for that."""
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
