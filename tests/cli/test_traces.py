"""Nothing goes to a tracing service, whatever the operator's environment says."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.cli.shell import Shell
from tests.models.openai_server import OpenAIServer


class Service:
    """A tracing service that takes everything and counts it."""

    def __init__(self) -> None:
        self.calls: list[str] = []
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                service.calls.append(self.path)
                self.rfile.read(int(self.headers.get("content-length") or 0))
                self.send_response(202)
                self.end_headers()

            do_GET = do_PATCH = do_POST

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.mark.parametrize("prefix", ["LANGSMITH", "LANGCHAIN"])
def test_a_mission_is_not_traced(shell: Shell, service: Service, prefix: str) -> None:
    """Prompts hold what people wrote and attached: the product sends them to its models alone."""
    traced = {
        f"{prefix}_TRACING": "true", f"{prefix}_TRACING_V2": "true", f"{prefix}_API_KEY": "k",
        f"{prefix}_ENDPOINT": service.url,
    }  # fmt: skip
    done = shell.mission("--approve", "all", **traced)
    assert (done.code, service.calls) == (0, []), done.err


def test_an_old_switch_does_not_break_the_mission(shell: Shell) -> None:
    """LangChain raises an error for the switch of its first tracer."""
    done = shell.mission("--json", LANGCHAIN_TRACING="true")
    assert (done.code, done.err) == (3, "")


def test_the_doctor_asks_its_question_untraced(
    online: Shell, server: OpenAIServer, service: Service
) -> None:
    online(
        "doctor", LANGSMITH_TRACING="true", LANGSMITH_API_KEY="k", LANGSMITH_ENDPOINT=service.url
    )
    assert server.requests
    assert service.calls == []
