"""In which API's words a failure is told: that of the route a request came to."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection
from msgspec import Struct

from service.dialects.messages import VERSION_HEADER, MessagesDialect
from service.http.headers import Headers
from service.http.spellings import spelled_error
from service.telemetry.logs import request_id
from specs.errors import Failure
from specs.openai.common import error_body

MESSAGES_PATHS = ("/v1/messages", "/api/agents/v1/messages")
_SHARED_PATHS = ("/v1/models", "/api/agents/v1/models")
"""Paths that more than one API has; the version header tells which is meant."""
_VERSION = VERSION_HEADER.encode()


def speaks_messages(scope: Any) -> bool:
    """Whether a request, an ASGI scope, is one of the Messages API."""
    path: str = scope["path"]
    if path.startswith(MESSAGES_PATHS):
        return any(path in (root, f"{root}/") or path.startswith(f"{root}/") for root in MESSAGES_PATHS)
    return path.startswith(_SHARED_PATHS) and any(name == _VERSION for name, _ in scope["headers"])


def messages_dialect() -> MessagesDialect:
    """The Messages API, for the request under way."""
    return MessagesDialect(request_id.get())


def worded(connection: ASGIConnection[Any, Any, Any, Any], failure: Failure) -> tuple[int, Struct]:
    """The status and the body that tell of a failure."""
    if speaks_messages(connection.scope):
        dialect = messages_dialect()
        return dialect.status(failure), dialect.error(failure)
    return failure.status, spelled_error(connection, failure)


def worded_early(scope: Any, failure: Failure) -> tuple[int, Struct]:
    """The same before the application is asked; `scope` is ASGI's."""
    if speaks_messages(scope):
        dialect = messages_dialect()
        return dialect.status(failure), dialect.error(failure)
    return failure.status, error_body(failure)


def id_headers(scope: Any, id: str) -> Headers:
    """The request's id, in every header that the API of the route knows it by."""
    headers = [(b"x-request-id", id.encode())]
    return [*headers, (b"request-id", id.encode())] if speaks_messages(scope) else headers
