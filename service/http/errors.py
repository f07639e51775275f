"""One envelope for everything that goes wrong at the door, the framework's own refusals included."""

from __future__ import annotations

from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.connection import ASGIConnection
from litestar.exceptions import HTTPException

from service.http.finished import path_of
from service.http.headers import failure_headers
from service.http.wording import worded
from specs.errors import BodyTooLarge, DragomanError, InvalidRequest, MethodNotAllowed, NotFound, ServerError

log = structlog.get_logger()


def on_dragoman_error(request: Request[Any, Any, Any], error: DragomanError) -> Response[bytes]:
    """Answer with one of our own failures."""
    failure = error.failure
    headers = {name.decode(): value.decode() for name, value in failure_headers(failure)}
    status, body = worded(request, failure)
    encoded = msgspec.json.encode(body)
    return Response(encoded, media_type="application/json", status_code=status, headers=headers)


def on_http_exception(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answer with a refusal of the framework's."""
    response = on_dragoman_error(request, http_exception_to_error(request, error))
    if (known := (error.headers or {}).get("allow")) is not None:
        response.headers["allow"] = ", ".join(sorted(filter(str.isupper, known.split(", "))))
    return response


def on_crash(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer where our own code failed, and leave the trace to the operator."""
    log_crash(request, error)
    return on_dragoman_error(request, ServerError())


def log_crash(connection: ASGIConnection[Any, Any, Any, Any], error: Exception) -> None:
    """Leave the trace to the operator."""
    log.error("request_crashed", path=path_of(connection.scope), exc_info=error)


async def note_refusal(error: Exception, scope: Any) -> None:
    """Keep why a WebSocket's handshake failed: the edge answers it, as the framework would without words."""
    if scope["type"] != "websocket":
        return
    if isinstance(error, HTTPException):
        error = NotFound(f"There is no WebSocket at {scope['path'][:200]!r}.")
    elif not isinstance(error, DragomanError):
        log.error("request_crashed", path=path_of(scope), exc_info=error)
        error = ServerError()
    scope["state"]["refusal"] = error


def http_exception_to_error(request: Request[Any, Any, Any], error: HTTPException) -> DragomanError:
    """The failure of ours that a framework's exception is."""
    match error.status_code:
        case 404:
            return NotFound(f"There is no {request.scope['path'][:200]!r} here.")
        case 405:
            return MethodNotAllowed(f"{request.scope['path'][:200]!r} does not know {request.method}.")
        case 413:
            return BodyTooLarge()
        case status if status < 500:
            return InvalidRequest(error.detail[:500])
        case _:
            return ServerError()
