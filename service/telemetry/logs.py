"""Logs: one line an event, as JSON; an event name and fields, never content.

Two ways lead to the same lines. A request that ends writes a `RequestLine`, which costs a few
microseconds; everything else happens seldom and goes through structlog.
"""

from __future__ import annotations

import asyncio
import logging
import re
import sys
import threading
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from msgspec import Struct

from service.telemetry.crashes import chain
from service.telemetry.sink import Sink

STDERR = 2
LIBRARIES = ("uvicorn", "uvicorn.error", "litestar", "aiohttp", "asyncio", "psycopg")

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request that is being served, and so of the run it started: in every line of both."""

log = structlog.get_logger()
_encoder = msgspec.json.Encoder(enc_hook=lambda value: type(value).__name__)
_sink: Sink | None = None


class RequestLine(Struct, kw_only=True, omit_defaults=True, tag="request", tag_field="event"):
    """A request has ended, and the run it may have started: one line each."""

    time: datetime
    level: str
    request_id: str
    method: str
    path: str
    """The route's template, or `unmatched`."""
    status: int
    """As sent; 499 where the client was gone before there was one."""
    ms: float
    """From the request's headers to the end of its answer."""
    key: str = ""
    """The key's id."""
    api: str = ""
    run: str = ""
    agent: str = ""
    model: str = ""
    """Provider and model, as the agent names them."""
    outcome: str = ""
    """How the run ended."""
    error: str = ""
    """The code of the failure the run ended with."""
    input: int | None = None
    """Tokens, where any were counted."""
    output: int | None = None
    cost: int | None = None
    """Nano-dollars, whoever paid them."""


def write_request(line: RequestLine) -> None:
    """Write the line of a request that has ended; nothing before logging is set up."""
    if _sink is not None:
        _sink.write(_encoder.encode(line) + b"\n")


def now() -> datetime:
    """The time of a line."""
    return datetime.now(UTC)


def lines_dropped() -> int:
    """Lines lost because the log's reader was too slow."""
    return 0 if _sink is None else _sink.dropped


def set_up_logging(*, level: str = "info", descriptor: int = STDERR) -> None:
    """Write to stderr from now on: our lines, the libraries' warnings, and what crashes a thread."""
    global _sink
    sink = _sink = Sink(descriptor)
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            _complete,
            lambda _, __, fields: _encoder.encode(fields) + b"\n",
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=lambda *_: _Lines(sink),
        cache_logger_on_first_use=True,
    )
    for name in LIBRARIES:
        logger = logging.getLogger(name)
        logger.handlers = [_FromLibraries()]
        logger.propagate = False
        logger.setLevel(logging.WARNING)
    sys.excepthook = lambda _, error, __: log.error("process_crashed", exc_info=error)
    threading.excepthook = lambda crash: log.error("thread_crashed", exc_info=crash.exc_value)
    sys.unraisablehook = lambda ignored: log.error("exception_ignored", exc_info=ignored.exc_value)


def on_loop_exception(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """The event loop's exception handler: its own would print objects, and what is in them."""
    log.error("loop_exception", message=without_values(context["message"]), exc_info=context.get("exception"))


def without_values(message: str) -> str:
    """A library's message up to the first object, value or line break printed into it."""
    return re.split(r"[\n<({\['\"]", message, maxsplit=1)[0].strip()[:200]


def _complete(_: object, __: str, fields: Any) -> Any:
    """Put the time first, add the request, and tell an exception by where it was raised."""
    exc_info = fields.pop("exc_info", None)
    error = _exception_of(exc_info)
    line = {"time": now(), "level": fields.pop("level"), "event": fields.pop("event")}
    if current := request_id.get():
        line["request_id"] = current
    return {**line, **fields, **({"exception": chain(error)} if error is not None else {})}


def _exception_of(exc_info: object) -> BaseException | None:
    if exc_info is True:
        return sys.exc_info()[1]
    found = exc_info[1] if isinstance(exc_info, tuple) else exc_info
    return found if isinstance(found, BaseException) else None


class _Lines:
    """What structlog writes with."""

    def __init__(self, sink: Sink) -> None:
        self.debug = self.info = self.warning = self.error = self.exception = self.critical = sink.write


class _FromLibraries(logging.Handler):
    """Hands the standard library's records to structlog, without the values put into them."""

    def emit(self, record: logging.LogRecord) -> None:
        log.log(
            record.levelno,
            "library_log",
            logger=record.name,
            message=without_values(str(record.msg)),
            exc_info=record.exc_info,
        )
