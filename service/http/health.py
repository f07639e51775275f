"""Is the process alive, and can it serve."""

from __future__ import annotations

from typing import Any, Literal

from litestar import Request, get
from litestar.types import ASGIApp
from msgspec import Struct

from service.http.answers import json_answer
from service.http.auth import PUBLIC
from service.http.house import house_of
from specs.errors import ShuttingDown


class Health(Struct, frozen=True):
    """Fine."""

    status: Literal["ok"] = "ok"


@get(
    "/live",
    opt={"scope": PUBLIC, "answer": Health},
    operation_id="live",
    summary="Is the process alive",
    tags=["Health"],
)
async def live() -> ASGIApp:
    """Answer as long as the event loop turns."""
    return json_answer(Health())


@get(
    "/ready",
    opt={"scope": PUBLIC, "answer": Health},
    operation_id="ready",
    summary="Can this server take requests",
    tags=["Health"],
)
async def ready(request: Request[Any, Any, Any]) -> ASGIApp:
    """Answer 200 when the database can be written and the server is not going down, else 503."""
    house = house_of(request)
    if house.draining:
        raise ShuttingDown
    await house.ready()
    return json_answer(Health())
