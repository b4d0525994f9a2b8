"""A model that answers from a script: for tests, demos and rehearsals. It goes through all that a
real one goes through, from the journal to the repair of malformed answers.
"""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from pydantic import BaseModel, ConfigDict, PrivateAttr

from graphs.models.ask import ModelFailed

Reply = Mapping[str, Any] | str | BaseModel | AIMessage | Exception
"""A mapping or model becomes JSON text; an exception is raised."""

Script = (
    Callable[[str, dict[str, Any]], Reply | Awaitable[Reply]]
    | Mapping[str, Reply | Sequence[Reply]]
    | Sequence[Reply]
)
"""A function of purpose and data, replies by purpose, or replies in order.

Of several replies each is given once; a single reply by purpose is given every time.
"""


class Call(NamedTuple):
    """What the model was asked. `errors` are those it was told to mend."""

    purpose: str
    data: dict[str, Any]
    errors: list[str]
    messages: list[BaseMessage]
    tools: list[Any]


class ScriptedModel(BaseChatModel):
    """Answers by the script and keeps every call in `calls`.

    Raises ModelFailed when the script has no answer left.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    script: Any
    calls: list[Call] = []  # noqa: RUF012 - pydantic copies it for each model
    _given: dict[str, int] = PrivateAttr(default_factory=dict[str, int])

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **kwargs: Any) -> Runnable[Any, AIMessage]:
        """The model, told of these tools."""
        return self.bind(tools=list(tools), **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        reply = self._reply(self._note(messages, kwargs.get("tools", [])))
        if inspect.isawaitable(reply):
            raise TypeError("an async script needs ainvoke")
        return _result(reply)

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        reply = self._reply(self._note(messages, kwargs.get("tools", [])))
        return _result(await reply if inspect.isawaitable(reply) else reply)

    def _note(self, messages: list[BaseMessage], tools: list[Any]) -> Call:
        asked = [m.additional_kwargs["ask"] for m in messages if _carries(m)]
        ask: dict[str, Any] = asked[-1] if asked else {"purpose": "", "data": {}}
        call = Call(ask["purpose"], ask["data"], ask.get("errors", []), messages, tools)
        self.calls.append(call)
        return call

    def _reply(self, call: Call) -> Reply | Awaitable[Reply]:
        script = cast("Script", self.script)
        if callable(script):
            return script(call.purpose, call.data)
        if isinstance(script, Mapping):
            found = script.get(call.purpose, ())
            return self._next(call.purpose, found) if _is_list(found) else cast("Reply", found)
        return self._next("", script)

    def _next(self, name: str, replies: Any) -> Reply:
        at = self._given.get(name, 0)
        if at >= len(replies):
            raise ModelFailed(f"The script has no answer left for “{name or 'this'}”.", final=True)
        self._given[name] = at + 1
        return replies[at]


def _carries(message: BaseMessage) -> bool:
    return isinstance(message, HumanMessage) and "ask" in message.additional_kwargs


def _is_list(found: Any) -> bool:
    return isinstance(found, Sequence) and not isinstance(found, str)


def _result(reply: Reply) -> ChatResult:
    return ChatResult(generations=[ChatGeneration(message=_message(reply))])


def _message(reply: Reply) -> AIMessage:
    match reply:
        case Exception():
            raise reply
        case AIMessage():
            return reply
        case BaseModel():
            return _text(reply.model_dump_json())
        case str():
            return _text(reply)
        case _:
            return _text(_json(reply))


def _text(text: str) -> AIMessage:
    return AIMessage(text, response_metadata={"finish_reason": "stop"})


def _json(value: Mapping[str, Any]) -> str:
    import json

    return json.dumps(value, ensure_ascii=False, default=str)
