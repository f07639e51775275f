"""The way past the framework, for the routes that are asked all the time.

What a caller gets is the same either way, for it is the framework's own route that is taken: its guards,
its function, its exception handlers. Left out is what none of these routes uses: injection, response
objects, and a copy of the handler for each request.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, ExceptionHandlersMap, Guard
from msgspec import Struct

from service.http.incoming import Incoming

DIRECT: Final = "direct"
"""The mark of such a route in its `opt`: its path has no parameters, its function takes the request alone."""
_HOST = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
"""The hosts that are plainly in order; what to say of any other is left to the framework."""


class _Route(Struct, frozen=True):
    """What of a framework's route is taken."""

    handler: HTTPRouteHandler
    guards: Sequence[Guard]
    on_error: ExceptionHandlersMap


class Direct:
    """Wraps the framework's application; ASGI in, ASGI out."""

    def __init__(self, app: Litestar) -> None:
        self._app = app
        self._routes: dict[tuple[str, str], _Route] = {
            (method, route.path): _Route(
                handler, handler.resolve_guards(), handler.resolve_exception_handlers()
            )
            for route in app.routes
            for handler in getattr(route, "route_handlers", ())
            if handler.opt.get(DIRECT)
            for method in handler.http_methods
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request; `scope` and the callables are ASGI's."""
        route = self._routes.get((scope.get("method"), scope["path"]))
        if route is None or not _is_plain(scope["headers"]):
            await self._app(scope, receive, send)
            return
        scope["litestar_app"] = self._app
        scope["route_handler"] = route.handler
        scope["path_template"] = scope["path"]
        scope["path_params"] = {}
        request = Incoming(scope, receive, send)
        try:
            for guard in route.guards:
                await guard(request, route.handler)  # type: ignore[misc]
            answer: ASGIApp = await route.handler.fn(request)
        except Exception as error:  # the edge of a request: whatever went wrong in it is its answer
            answer = _told(request, error, route.on_error)
        await answer(scope, receive, send)


def _told(request: Incoming, error: Exception, handlers: ExceptionHandlersMap) -> ASGIApp:
    """The answer that tells of an exception: that of the handler for the nearest of its classes."""
    kind = next(kind for kind in type(error).__mro__ if kind in handlers)
    return handlers[kind](request, error).to_asgi_response(app=None, request=request)


def _is_plain(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    """Whether nothing about a request concerns the framework: its host is in order, and no browser asks."""
    for name, value in headers:
        if name == b"origin" or (name == b"host" and _HOST.fullmatch(value) is None):
            return False
    return True
