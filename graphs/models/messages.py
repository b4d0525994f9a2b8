"""Questions as LangChain messages, and answers as rows. Imports LangChain: load it when needed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    HumanMessage,
    SystemMessage,
    ToolMessage,
    messages_from_dict,
)
from pydantic import BaseModel

from bot.domain.base import canonical
from graphs.models.ask import Ask, Offer, Purpose
from graphs.models.pricing import Tokens, tokens_of
from graphs.models.sections import render

PROMPTS = Path(__file__).parent.parent / "prompts"


@dataclass(frozen=True, kw_only=True)
class Question:
    """Everything one call sends, whatever the model; `size` are its characters, tools and form
    included.
    """

    ask: Ask[Any]
    messages: tuple[BaseMessage, ...]
    tools: Offer = field(default_factory=Offer)
    form: dict[str, Any] | None = None
    request: str
    size: int

    @classmethod
    def of(
        cls, ask: Ask[Any], after: Sequence[BaseMessage] = (), tools: Sequence[Any] = ()
    ) -> Self:
        """The question, with the messages that came after it."""
        first = (_system(ask.purpose, ask.system, ask.schema_), _human(ask))
        offer = tools if isinstance(tools, Offer) else Offer(tools)
        return cls._made(ask, (*first, *after), offer)

    @classmethod
    def _made(
        cls,
        ask: Ask[Any],
        messages: tuple[BaseMessage, ...],
        tools: Offer,
    ) -> Self:
        """The request's hash is that of the canonical JSON of form, messages, purpose and tools;
        the first message is always the system's.
        """
        begun, begun_size = _begun(ask.purpose, ask.system, ask.schema_)
        said = canonical([_essence(m) for m in messages[1:]]).removeprefix("[")
        rest = f',{said},"purpose":"{ask.purpose}","tools":{tools.text}}}'
        told = begun.copy()
        told.update(rest.encode())
        return cls(
            ask=ask, messages=messages, tools=tools, form=_form(ask.schema_)[0],
            request=told.hexdigest(), size=begun_size + len(rest),
        )  # fmt: skip

    def again(self, answer: AIMessage, errors: Sequence[str]) -> "Question":
        """The question that asks to mend an answer. Tool calls are not repeated: none was run."""
        said = () if answer.tool_calls or not answer.text else (AIMessage(answer.text),)
        lines = "\n".join(f"- {error}" for error in errors)
        text = f"Your last answer cannot be used:\n{lines}\nGive the whole answer again, corrected."
        mend = HumanMessage(text, additional_kwargs=_attached(self.ask, errors))
        return self._made(self.ask, (*self.messages, *said, mend), self.tools)

    @property
    def on_the_wire(self) -> list[BaseMessage]:
        """The messages for a provider: what is attached for local models stays here."""
        return [_plain(m) for m in self.messages]


@cache
def prompt(purpose: Purpose) -> str:
    """The system prompt of a purpose."""
    return (PROMPTS / f"{purpose}.md").read_text(encoding="utf-8").strip()


@cache
def _form(schema: type[BaseModel] | None) -> tuple[dict[str, Any] | None, str]:
    """The JSON schema of an answer, if it has a form, and its canonical JSON."""
    form = schema.model_json_schema() if schema else None
    return form, canonical(form)


FORM = """## Form of the answer
Answer with one JSON object of this schema and nothing else: no fence, no words around it.
{schema}"""


@lru_cache(maxsize=256)
def _system(purpose: Purpose, system: str, schema: type[BaseModel] | None) -> SystemMessage:
    form, _ = _form(schema)
    asked = FORM.format(schema=json.dumps(form, separators=(",", ":"))) if form else ""
    return SystemMessage(
        "\n\n".join(part for part in (prompt(purpose), system.strip(), asked) if part)
    )


@lru_cache(maxsize=256)
def _begun(purpose: Purpose, system: str, schema: type[BaseModel] | None) -> tuple[Any, int]:
    """The hash of a request's beginning, which stays the same for each purpose, and its size: the
    longest part of most requests.
    """
    _, form = _form(schema)
    text = f'{{"form":{form},"messages":[{canonical(_essence(_system(purpose, system, schema)))}'
    return sha256(text.encode()), len(text)


def _human(ask: Ask[Any]) -> HumanMessage:
    return HumanMessage(render(ask.data), additional_kwargs=_attached(ask))


def _attached(ask: Ask[Any], errors: Sequence[str] = ()) -> dict[str, Any]:
    return {"ask": {"purpose": ask.purpose, "data": ask.data, "errors": list(errors)}}


def _plain(message: BaseMessage) -> BaseMessage:
    """The message without what is attached to it."""
    more = message.additional_kwargs
    if "ask" not in more:
        return message
    kept = {name: value for name, value in more.items() if name != "ask"}
    return message.model_copy(update={"additional_kwargs": kept})


def _essence(message: BaseMessage) -> list[Any]:
    """What a message says. Its ids and metadata differ from run to run and are left out."""
    calls: list[Any] = []
    bad: list[Any] = []
    if isinstance(message, AIMessage):
        calls = [[c["name"], c["args"], c["id"]] for c in message.tool_calls]
        bad = [[c["name"], c["args"]] for c in message.invalid_tool_calls]
    answers = message.tool_call_id if isinstance(message, ToolMessage) else ""
    return [message.type, message.content, calls, bad, answers]


def dump(message: AIMessage) -> dict[str, Any]:
    """The message as a row of the journal keeps it."""
    return {"type": message.type, "data": message.model_dump(mode="json", fallback=str)}


def load(row: Mapping[str, Any]) -> AIMessage:
    """The message of a row. Raises ValueError when it is not a model's."""
    message = messages_from_dict([dict(row)])[0]
    if not isinstance(message, AIMessage):
        raise ValueError("the journal holds a message that no model wrote")
    return message


def tokens(question: Question, answer: AIMessage) -> Tokens:
    """What was used, as the provider says; estimated when it says nothing."""
    used = answer.usage_metadata
    if not used:
        made = tokens_of(len(answer.text) + len(json.dumps(answer.tool_calls, default=str)))
        return Tokens(tokens_of(question.size), made, guessed=True)
    details = used.get("input_token_details", {})
    return Tokens(
        used["input_tokens"],
        used["output_tokens"],
        details.get("cache_read", 0) or 0,
        details.get("cache_creation", 0) or 0,
    )


COMPLETE = frozenset(
    {"stop", "tool_calls", "function_call", "end_turn", "tool_use", "stop_sequence", "completed"}
)
DECLINED = frozenset({"content_filter", "refusal", "safety", "recitation", "prohibited_content"})


def ending(message: AIMessage) -> str:
    """Why the model stopped, in lower case; empty when the provider did not say."""
    data = message.response_metadata
    names = ("finish_reason", "stop_reason", "done_reason", "status")
    return next((str(data[n]).lower() for n in names if data.get(n)), "")
