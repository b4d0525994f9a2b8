"""Logging: to stderr, as JSON when nobody is at the terminal, and never with secrets."""

import logging
import os
import re
import sys
from typing import Any

import structlog

SECRET = re.compile(
    r"(xox[abprs]-[\w-]+|xapp-[\w-]+|sk-[\w-]{8,}|Bot [\w.-]{20,}|Bearer [\w.-]{12,})"
)
"""Tokens of the platforms and providers that we know."""


def configure() -> None:
    """Set up once, at the start of a command. LOG_LEVEL says how much."""
    level = logging.getLevelNamesMapping().get(os.environ.get("LOG_LEVEL", "").upper())
    tty = sys.stderr.isatty()
    render: Any = structlog.dev.ConsoleRenderer() if tty else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            without_secrets,
            render,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level or logging.WARNING),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )


def without_secrets(_: Any, __: str, event: Any) -> Any:
    """The event with every known kind of token blotted out."""
    return {k: SECRET.sub("•••", v) if isinstance(v, str) else v for k, v in event.items()}
