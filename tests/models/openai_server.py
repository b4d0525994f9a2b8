"""A strict, scripted, OpenAI-compatible server over real HTTP, for every test that needs a model.

    with OpenAIServer() as server:
        server.queue("plan", {"summary": …}, Http(429, {"retry-after": "1"}), Stall())
        … Tiers with openai_base_url=server.url and openai_api_key=server.key …
        assert [r.purpose for r in server.requests] == ["plan"]

It knows a question's purpose by its system prompt. Replies of a purpose are given in order;
`always` answers what no queue does. What OpenAI would refuse, it refuses: an unknown field, a wrong
key, a model it does not have.
"""

import json
import socket
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

import graphs

PROMPTS = Path(graphs.__file__).parent / "prompts"
FIELDS = {
    "model", "messages", "tools", "tool_choice", "parallel_tool_calls", "response_format", "stream",
    "max_completion_tokens", "max_tokens", "temperature", "n", "stop", "seed", "user",
}  # fmt: skip
MESSAGE_FIELDS = {"role", "content", "tool_calls", "tool_call_id", "name"}


@dataclass(frozen=True)
class Answer:
    """A completion. `finish` None is what a connection that broke silently leaves behind."""

    text: str = ""
    tool_calls: tuple[tuple[str, Any], ...] = ()
    finish: str | None = "stop"
    usage: Mapping[str, Any] | None = field(
        default_factory=lambda: {
            "prompt_tokens": 1000,
            "completion_tokens": 200,
            "total_tokens": 1200,
            "prompt_tokens_details": {"cached_tokens": 0},
        }
    )


@dataclass(frozen=True)
class Http:
    """Any other response, with an OpenAI error body unless `body` is given."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    code: str = ""
    message: str = "scripted failure"
    body: str | None = None


@dataclass(frozen=True)
class Stall:
    """Takes the request and says nothing until the server ends."""


Reply = Answer | Http | Stall | str | Mapping[str, Any]
"""A mapping is a JSON answer, text is an answer as it is."""

Always = Callable[[str, dict[str, Any]], Reply]
"""Given the purpose and the request's body."""


@dataclass(frozen=True)
class Request:
    """What arrived. `system` and `question` are the first two messages' text."""

    purpose: str
    body: dict[str, Any]
    headers: Mapping[str, str]

    @property
    def model(self) -> str:
        return self.body["model"]

    @property
    def texts(self) -> list[str]:
        return [str(m.get("content") or "") for m in self.body["messages"]]


class OpenAIServer:
    """Serves in a thread, so that tests and other processes can call it at any time."""

    def __init__(
        self,
        *,
        key: str = "sk-test-key",
        models: Iterable[str] = ("gpt-5.4-mini", "gpt-5.4", "gpt-5.5", "house-model"),
        always: Always | None = None,
        formats: Iterable[str] = ("json_schema", "json_object"),
    ) -> None:
        self.key = key
        self.models = tuple(models)
        self.formats = frozenset(formats)
        self.always = always
        self.requests: list[Request] = []
        self._queues: dict[str, deque[Reply]] = defaultdict(deque)
        self._by_model: dict[str, deque[Reply]] = defaultdict(deque)
        self._ending = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0))

    def queue(self, purpose: str, *replies: Reply) -> Self:
        """These replies, in order, to questions of a purpose."""
        self._queues[purpose].extend(replies)
        return self

    def queue_model(self, model: str, *replies: Reply) -> Self:
        """These replies to questions to a model; they come before those by purpose."""
        self._by_model[model].extend(replies)
        return self

    @property
    def url(self) -> str:
        """The base URL for OPENAI_BASE_URL."""
        host, port = self._socket.getsockname()[:2]
        return f"http://{host}:{port}/v1"

    def __enter__(self) -> Self:
        routes = [
            Route("/v1/chat/completions", self._complete, methods=["POST"]),
            Route("/v1/models", self._list),
        ]
        config = uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off")
        self._server = uvicorn.Server(config)
        run = {"sockets": [self._socket]}
        self._thread = threading.Thread(target=self._server.run, kwargs=run, daemon=True)
        self._thread.start()
        while not self._server.started:
            time.sleep(0.005)
        return self

    def __exit__(self, *exc: object) -> None:
        self._ending.set()
        self._server.should_exit = True
        self._server.force_exit = True
        self._thread.join(timeout=10)
        self._socket.close()

    async def _list(self, request: HttpRequest) -> Response:
        return JSONResponse({"object": "list", "data": [{"id": name} for name in self.models]})

    async def _complete(self, request: HttpRequest) -> Response:
        body = await request.json()
        seen = Request(purpose_of(body), body, dict(request.headers))
        self.requests.append(seen)
        refusal = self._refusal(seen)
        return await self._send(refusal or self._next(seen), seen)

    def _refusal(self, seen: Request) -> Http | None:
        if seen.headers.get("authorization") != f"Bearer {self.key}":
            said = seen.headers.get("authorization", "nothing")
            return Http(401, code="invalid_api_key", message=f"Incorrect API key: {said}")
        if seen.model not in self.models:
            return Http(404, code="model_not_found", message=f"No model {seen.model}")
        unknown = set(seen.body) - FIELDS
        unknown |= {k for m in seen.body["messages"] for k in m} - MESSAGE_FIELDS
        form = seen.body.get("response_format", {}).get("type")
        if unknown or (form and form not in self.formats):
            return Http(400, code="unknown_parameter", message=f"Unrecognized: {unknown or form}")
        return None

    def _next(self, seen: Request) -> Reply:
        for queue in (self._by_model[seen.model], self._queues[seen.purpose]):
            if queue:
                return queue.popleft()
        if self.always is not None:
            return self.always(seen.purpose, seen.body)
        return Http(500, message=f"nothing scripted for {seen.purpose!r}")

    async def _send(self, reply: Reply, seen: Request) -> Response:
        match reply:
            case Http():
                return _failure(reply)
            case Stall():
                while not self._ending.is_set():
                    await anyio.sleep(0.02)
                return Response(status_code=503)
            case Answer():
                return JSONResponse(_completion(reply, seen))
            case str():
                return JSONResponse(_completion(Answer(reply), seen))
            case _:
                return JSONResponse(_completion(Answer(json.dumps(reply)), seen))


def purpose_of(body: Mapping[str, Any]) -> str:
    """The purpose whose prompt begins the system message; empty when none does."""
    system = str(body["messages"][0].get("content", ""))
    for path in PROMPTS.glob("*.md"):
        if path.stem != "README" and system.startswith(path.read_text("utf-8").strip()):
            return path.stem
    return ""


def _failure(reply: Http) -> Response:
    if reply.body is not None:
        return Response(reply.body, reply.status, dict(reply.headers))
    error = {"message": reply.message, "type": "error", "code": reply.code or None, "param": None}
    return JSONResponse({"error": error}, reply.status, dict(reply.headers))


def _completion(reply: Answer, seen: Request) -> dict[str, Any]:
    calls = [
        {
            "id": f"call_{at}",
            "type": "function",
            "function": {
                "name": name,
                "arguments": given if isinstance(given, str) else json.dumps(given),
            },
        }
        for at, (name, given) in enumerate(reply.tool_calls)
    ]
    message: dict[str, Any] = {"role": "assistant", "content": reply.text or None}
    if calls:
        message["tool_calls"] = calls
    finish = "tool_calls" if calls and reply.finish == "stop" else reply.finish
    done: dict[str, Any] = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": seen.model,
        "choices": [{"index": 0, "message": message, "finish_reason": finish}],
    }
    return done | ({"usage": dict(reply.usage)} if reply.usage is not None else {})
