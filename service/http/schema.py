"""The service's own description, for those who hold a key."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from litestar import get
from litestar.types import ASGIApp

from service.http.answers import JSONAnswer
from service.http.auth import ANY_KEY


@get(
    "/schema",
    opt={"scope": ANY_KEY},
    operation_id="retrieveSchema",
    summary="The OpenAPI document of this service",
    tags=["Service"],
)
async def schema() -> ASGIApp:
    """OpenAPI 3.1, as committed with this version."""
    return JSONAnswer(committed_document())


@cache
def committed_document() -> bytes:
    """The document's bytes."""
    return files("specs").joinpath("openapi.json").read_bytes()
