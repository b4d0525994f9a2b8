"""The offline model: deterministic rules behind the same door as a real one."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool

from graphs.models.offline.assembly import assemble
from graphs.models.offline.critique import critique
from graphs.models.offline.intake import intake
from graphs.models.offline.planning import plan
from graphs.models.offline.redo import redo
from graphs.models.offline.review import review
from graphs.models.offline.shape import listed
from graphs.models.offline.steps import Call, Reply
from graphs.models.offline.whole import whole
from graphs.models.offline.work import work

LABEL = "offline model, no AI"

PURPOSES: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "intake": intake,
    "plan": plan,
    "critique": critique,
    "review": review,
    "assemble": assemble,
    "whole": whole,
    "redo": redo,
}


class OfflineModel(BaseChatModel):
    """Answers the ask that the first human message carries in `additional_kwargs["ask"]`.

    `work` gives tool calls or Markdown; every other purpose gives the JSON of its schema. The
    same conversation always gives the same answer. Raises ValueError for a message without an ask.
    """

    @property
    def _llm_type(self) -> str:
        return "offline"

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: str | None = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        """The model with the names of the tools that it may call."""
        return self.bind(tools=[_name(tool) for tool in tools], **kwargs)

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        message = _answer(messages, frozenset(kwargs.get("tools") or ()))
        return ChatResult(generations=[ChatGeneration(message=message)])


def _answer(messages: Sequence[BaseMessage], tools: frozenset[str]) -> AIMessage:
    ask = _ask(messages)
    if ask["purpose"] == "work":
        replies = _replies(messages)
        step = work(ask["data"], tools, replies)
        return _text(step) if isinstance(step, str) else _calls(step, len(replies))
    made = PURPOSES[ask["purpose"]](ask["data"])
    return _text(json.dumps(made, ensure_ascii=False))


def _ask(messages: Sequence[BaseMessage]) -> dict[str, Any]:
    for message in messages:
        if isinstance(message, HumanMessage) and "ask" in message.additional_kwargs:
            return message.additional_kwargs["ask"]
    raise ValueError("The offline model answers only questions of the mission graph.")


def _replies(messages: Sequence[BaseMessage]) -> list[Reply]:
    return [_reply(m) for m in messages if isinstance(m, ToolMessage)]


def _reply(message: ToolMessage) -> Reply:
    kept: Any = message.artifact or {}
    failed = message.status == "error"
    data = None if failed else kept.get("data")
    return Reply(_said(message.content), data, listed(kept, "facts"), failed)


def _said(content: Any) -> str:
    return content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def _text(text: str) -> AIMessage:
    return AIMessage(content=text, usage_metadata=_usage())


def _calls(calls: Sequence[Call], before: int) -> AIMessage:
    made = [
        {"name": call.tool, "args": call.args, "id": f"call-{before + n}", "type": "tool_call"}
        for n, call in enumerate(calls, 1)
    ]
    return AIMessage(content="", tool_calls=made, usage_metadata=_usage())


def _usage() -> Any:
    return {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}


def _name(tool: Any) -> str:
    """The name of a tool in any of the forms that LangChain takes."""
    return tool if isinstance(tool, str) else convert_to_openai_tool(tool)["function"]["name"]
