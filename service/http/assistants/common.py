"""What the routes of the Assistants API share: its version, pages, bodies, and what is not there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from msgspec import Struct, UnsetType

from service.dialects.assistants.version import VERSION_HEADER, check_version
from service.dialects.validation import checked_metadata, decode
from service.engine.media import require_files
from service.engine.threads import thread_missing
from service.http.answers import JSONAnswer, require_json
from service.http.headers import run_headers
from service.http.house import House, house_of, key_of
from service.http.pages import page_of
from service.store.ports import KeyRecord
from service.store.thread_ports import Stretch
from specs.agents import ToolResources
from specs.errors import InvalidRequest, NotFound, PermissionDenied
from specs.events import Warned
from specs.openai.assistants_common import DEFAULT_PAGE, INCLUDE_RESULTS, MAX_PAGE
from specs.requests import FilePlace
from specs.threads import Thread

T = TypeVar("T")
FILES_AT = "tool_resources.code_interpreter.file_ids"

ASSISTANTS: Mapping[str, Any] = {"scope": "assistants", "limit": "assistants"}
THREADS: Mapping[str, Any] = {"scope": "assistants"}
MESSAGES: Mapping[str, Any] = {"scope": "assistants", "limit": "messages"}
RUNS: Mapping[str, Any] = {"scope": "assistants", "limit": "runs"}


def speaks_v2(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """A guard: only the version that is served is spoken.

    Raises InvalidRequest.
    """
    check_version(connection.headers.get(VERSION_HEADER, ""))


def stretch_of(request: Request[Any, Any, Any]) -> Stretch:
    """The part of a list that a query asks for.

    Raises InvalidRequest naming the parameter.
    """
    page = page_of(request, default=DEFAULT_PAGE, most=MAX_PAGE)
    return Stretch(page.order, page.limit, page.after, request.query_params.get("before") or None)


def no_such_place(stretch: Stretch) -> InvalidRequest:
    """A list is asked for from a place that is none."""
    param = "before" if stretch.after is None else "after"
    return InvalidRequest(f"{param}: there is no such object in this list.", param=param)


def check_include(request: Request[Any, Any, Any]) -> None:
    """Refuse to include what is not known. What is known is of file search, which no run has yet.

    Raises InvalidRequest.
    """
    query = request.query_params
    for name in ("include[]", "include"):
        for value in query.getall(name, []):
            if value != INCLUDE_RESULTS:
                raise InvalidRequest(
                    f"include: expected {INCLUDE_RESULTS!r}, got {value[:100]!r}.", param="include"
                )


async def body_or(request: Request[Any, Any, Any], decoder: msgspec.json.Decoder[T], default: T) -> T:
    """The body, which may be left out altogether."""
    body = await request.body()
    if not body:
        return default
    require_json(request)
    return decode(body, decoder)


async def body_of(request: Request[Any, Any, Any], decoder: msgspec.json.Decoder[T]) -> T:
    """The body.

    Raises UnsupportedMediaType, MalformedBody, InvalidRequest.
    """
    require_json(request)
    return decode(await request.body(), decoder)


def metadata_of(asked: dict[str, str] | UnsetType | None, before: dict[str, str]) -> dict[str, str]:
    """Metadata after a change: left out it stays, null empties it.

    Raises InvalidRequest.
    """
    return before if isinstance(asked, UnsetType) else checked_metadata(asked)


def allow_storing(house: House, key: KeyRecord) -> None:
    """Threads are stored: refuse them where nothing may be.

    Raises PermissionDenied.
    """
    if not house.keeps_content(key):
        raise PermissionDenied("This project does not allow threads to be stored.")


async def find_thread(request: Request[Any, Any, Any], id: str) -> Thread:
    """A thread of the key's project.

    Raises NotFound.
    """
    found = await house_of(request).threads.threads.get(key_of(request).project, id)
    if found is None:
        raise thread_missing(id)
    return found


def missing(kind: str, id: str, *, param: str) -> NotFound:
    """No such thing for this key."""
    return NotFound(f"No {kind} found with id {id[:80]!r}.", param=param)


async def require_named_files(
    house: House, key: KeyRecord, resources: ToolResources | None, places: Sequence[FilePlace] = ()
) -> None:
    """Refuse files that the key's project does not have.

    Raises NotFound naming the field at fault.
    """
    ids = (resources.file_ids if resources is not None else None) or ()
    own = [FilePlace(id, f"{FILES_AT}[{index}]") for index, id in enumerate(ids)]
    await require_files(house.archive, [*own, *places], project=key.project)


def told(value: Struct, warnings: Sequence[str]) -> JSONAnswer:
    """Answer with a value, and in a header with what could not be honoured."""
    return JSONAnswer(msgspec.json.encode(value), headers=run_headers([Warned(text) for text in warnings]))
