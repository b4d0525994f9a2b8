"""The log: to stderr, readable, and without secrets wherever they stand."""

import json
import logging
import sys

import pytest
import structlog

from bot import log


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]):
    """What was logged, as JSON; the configuration is put back."""
    before, root = structlog.get_config(), logging.getLogger()
    handlers, level = [*root.handlers], root.level

    def read() -> list[dict[str, str]]:
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    yield read
    structlog.configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(False)


def test_secrets_are_blotted_out_of_nested_values_and_tracebacks(lines) -> None:
    """The settings' own ones by value, others by their shape."""
    log.configure("INFO", ["hunter22", "tiny"])
    try:
        raise ValueError("no entry for hunter22")
    except ValueError:
        structlog.get_logger().exception(
            "failed", deep=[{"a": "Bearer abcdefghijkl.mnop"}], url="redis://me:pass@host/0",
            key="xoxb-1-2-3", size="tiny",
        )  # fmt: skip
    (line,) = lines()
    text = json.dumps(line)
    assert line["size"] == "tiny"
    assert "Traceback" in line["exception"]
    assert not [word for word in ("hunter22", "abcdefghijkl", "pass", "xoxb") if word in text]


def test_libraries_log_the_same_way_and_no_prompts(lines) -> None:
    """Their warnings are lines of ours; what is below never comes through."""
    log.configure("DEBUG", ["hunter22"])
    logging.getLogger("openai").debug("the whole prompt")
    logging.getLogger("somewhere").warning("careful with %s", "hunter22")
    assert [line["event"] for line in lines()] == ["careful with •••"]


def test_it_writes_to_stderr_as_it_is_at_that_moment(
    lines, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A live checklist puts itself before stderr: the log goes above it, not through it."""
    log.configure("INFO")
    monkeypatch.setattr(sys, "stderr", sys.stdout)
    structlog.get_logger().info("hello")
    assert "hello" in capsys.readouterr().out
