"""What the routes of the organization share: bodies, pages, projects, and who changed what."""

from __future__ import annotations

import time
from typing import Any, TypeVar

import msgspec
from litestar import Request

from service.dialects.validation import decode
from service.http.answers import require_json
from service.http.house import house_of, key_of
from service.http.pages import Page, page_of
from service.store.access import Access
from service.store.access_records import Actor, AuditEvent, Detail
from service.store.noting import Note, noting
from service.store.records import Project
from service.telemetry.logs import request_id
from specs.errors import InvalidRequest, NotFound
from specs.openai.organization import DEFAULT_PAGE, MAX_PAGE

T = TypeVar("T")


def access_of(request: Request[Any, Any, Any]) -> Access:
    """Who there is and what they may do."""
    return house_of(request).access


def now() -> int:
    """Unix seconds."""
    return int(time.time())


async def body_of(request: Request[Any, Any, Any], decoder: msgspec.json.Decoder[T]) -> T:
    """The body. Raises UnsupportedMediaType, InvalidRequest."""
    require_json(request)
    return decode(await request.body(), decoder)


async def body_or(request: Request[Any, Any, Any], decoder: msgspec.json.Decoder[T], default: T) -> T:
    """The body, which may be left out altogether."""
    return await body_of(request, decoder) if await request.body() else default


def asked_page(request: Request[Any, Any, Any]) -> Page:
    """The page a list is asked for. Raises InvalidRequest."""
    return page_of(request, default=DEFAULT_PAGE, most=MAX_PAGE)


def texts_of(request: Request[Any, Any, Any], name: str) -> tuple[str, ...]:
    """Every value of a parameter that may be given several times: `name` or `name[]`."""
    query = request.query_params
    return tuple(value for key in (name, f"{name}[]") for value in query.getall(key, []))


def printable(text: str, *, param: str) -> str:
    """A name without what cannot be shown. Raises InvalidRequest."""
    if not text.strip() or not text.isprintable():
        raise InvalidRequest(f"{param}: must be printable and not blank, is {text[:80]!r}.", param=param)
    return text.strip()


def refuse_given(reason: str, **fields: object) -> None:
    """Refuse known fields that cannot be honoured. Raises InvalidRequest naming the first."""
    for name, value in fields.items():
        if value is not None:
            raise InvalidRequest(f"{name}: {reason}", param=name)


async def project_of(request: Request[Any, Any, Any], id: str, *, active: bool = False) -> Project:
    """The project of a path. Raises NotFound; InvalidRequest where it is to be active and is archived."""
    project = await access_of(request).projects.get(id)
    if project is None:
        raise missing("project", "project_id")
    if active and project.archived_at is not None:
        raise InvalidRequest(f"project_id: the project {project.name!r} is archived.", param="project_id")
    return project


def missing(noun: str, param: str) -> NotFound:
    """There is no such thing."""
    return NotFound(f"There is no such {noun}.", param=param)


async def actor_of(request: Request[Any, Any, Any]) -> Actor:
    """Who makes a request."""
    key = key_of(request)
    user = await access_of(request).users.get(key.user) if key.user else None
    return Actor(
        kind="user" if key.signed_in else "key",
        key=key.id,
        user=key.user,
        email=user.email if user else None,
        service_account=key.service_account,
    )


async def notes_of(request: Request[Any, Any, Any], *, project: str | None) -> Note:
    """What writes the changes of a request down."""
    return noting(await actor_of(request), project=project, request_id=request_id.get())


async def change(
    request: Request[Any, Any, Any], type: str, target: str, *, project: str | None = None, **details: Detail
) -> AuditEvent:
    """A change that a request makes, to be written down with it. Never give it a secret."""
    return (await notes_of(request, project=project))(type, target, **details)
