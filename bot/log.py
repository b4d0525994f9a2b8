"""Logging: to stderr, as JSON when nobody is at the terminal, and never with secrets."""

import logging
import re
import sys
from collections.abc import Iterable
from typing import Any

import structlog

SECRET = re.compile(
    r"(xox[abeprs]-[\w.-]+|xapp-[\w-]+|sk-[\w-]{8,}|AIza[\w-]{20,}|Bot [\w.-]{20,}"
    r"|Bearer [\w.~+/-]{12,}=*|(?<=://)[^/\s:@]*:[^/\s@]+(?=@))"
)
"""Tokens of the platforms and providers that we know, and passwords in addresses."""
BLOT = "•••"
SHORTEST = 6
"""A shorter word is no secret, and blotting it out would blot out half of the log."""


def configure(level: str = "WARNING", secrets: Iterable[str] = ()) -> None:
    """Set up once, at the start of a command. `secrets` are blotted out wherever they stand."""
    known = tuple(sorted({s for s in secrets if len(s) >= SHORTEST}, key=len, reverse=True))
    blot = Blot(known)
    number = logging.getLevelNamesMapping().get(level.upper(), logging.WARNING)
    before: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    after: list[Any] = [*_renderers(), blot]
    structlog.configure(
        processors=[*before, *after],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(Stderr()),  # pyright: ignore[reportArgumentType]
        cache_logger_on_first_use=False,
    )
    _libraries(number, before, after)


def _renderers() -> list[Any]:
    """Rich's tracebacks would show local variables, and with them what people wrote."""
    if sys.stderr.isatty():
        plain = structlog.dev.plain_traceback
        return [structlog.dev.ConsoleRenderer(exception_formatter=plain)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


def _libraries(level: int, before: list[Any], after: list[Any]) -> None:
    """What libraries log goes the same way, and not below WARNING: at DEBUG they log prompts."""
    handler = logging.StreamHandler(Stderr())  # pyright: ignore[reportArgumentType]
    meta = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=before, processors=[meta, *after]
        )
    )  # fmt: skip
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(level, logging.WARNING))
    logging.captureWarnings(True)


class Stderr:
    """stderr as it is at the moment of writing: a live checklist may stand in front of it."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)

    def flush(self) -> None:
        sys.stderr.flush()


class Blot:
    """The last step of a line: what is or looks like a secret is blotted out."""

    def __init__(self, known: tuple[str, ...] = ()) -> None:
        self._known = known

    def __call__(self, _: Any, __: str, line: Any) -> Any:
        return self.out(line) if isinstance(line, str) else line

    def out(self, text: str) -> str:
        """The text without secrets.

        >>> Blot(("hunter22",)).out("hunter22 and sk-abcdefgh12")
        '••• and •••'
        """
        for secret in self._known:
            text = text.replace(secret, BLOT)
        return SECRET.sub(BLOT, text)
