"""What was changed and by whom."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import msgspec
from litestar import Request, get
from litestar.types import ASGIApp

from service.http.answers import JSONAnswer
from service.http.organization.common import access_of, asked_page, texts_of
from service.http.organization.export import Cell, Format, exported
from service.store.access_records import Actor, AuditEvent, AuditQuery, Page
from specs.errors import InvalidRequest
from specs.openai import audit_logs as wire

TAGS = ["Organization"]
COLUMNS = (
    "id",
    "type",
    "effective_at",
    "project_id",
    "target_id",
    "actor_type",
    "actor_api_key_id",
    "actor_user_id",
    "actor_email",
    "actor_service_account_id",
    "request_id",
    "details",
)
_MAX_VALUES = 100
_MAX_MOMENT = 2**40
_DETAILS = {"created": "data", "added": "data", "updated": "changes_requested"}
"""Where the details of a change stand, by its participle; those of others stand beside the id."""


@get(
    "/organization/audit_logs",
    opt={"scope": "admin", "query": wire.AuditQuery, "answer": wire.AuditLogList},
    operation_id="listAuditLogs",
    summary="List what was changed, newest first",
    tags=TAGS,
)
async def list_audit_logs(request: Request[Any, Any, Any]) -> ASGIApp:
    """The changes that fit, newest first."""
    asked = asked_page(request)
    before = request.query_params.get("before") or None
    if before is not None and asked.after is not None:
        raise InvalidRequest("before: it excludes after.", param="before")
    query = asked_changes(request)
    page = await access_of(request).audit.page(query, limit=asked.limit, after=asked.after, before=before)
    return JSONAnswer(msgspec.json.encode(await _listed(request, page)))


@get(
    "/organization/audit_logs/export",
    opt={"scope": "admin", "query": wire.AuditExport, "answer": bytes},
    operation_id="exportAuditLogs",
    summary="Download what was changed",
    tags=TAGS,
)
async def export_audit_logs(request: Request[Any, Any, Any]) -> ASGIApp:
    """Every change that fits, newest first, as CSV or JSON Lines."""
    format = request.query_params.get("format") or "jsonl"
    if format not in ("csv", "jsonl"):
        raise InvalidRequest(f"format must be 'csv' or 'jsonl'; got {format[:80]!r}.", param="format")
    events = access_of(request).audit.every(asked_changes(request))
    return exported("audit_logs", cast("Format", format), COLUMNS, _rows(events))


def asked_changes(request: Request[Any, Any, Any]) -> AuditQuery:
    """Which changes a query asks for. Raises InvalidRequest."""
    if request.query_params.get("tenant_only", "").lower() in ("true", "1"):
        raise InvalidRequest(
            "tenant_only: there are no tenants above this organization.", param="tenant_only"
        )
    since = max(_moment(request, "gte", 0), _moment(request, "gt", -1) + 1)
    until = min(_moment(request, "lt", _MAX_MOMENT), _moment(request, "lte", _MAX_MOMENT) + 1)
    return AuditQuery(
        types=_values(request, "event_types"),
        projects=_values(request, "project_ids"),
        actors=_values(request, "actor_ids"),
        emails=tuple(email.lower() for email in _values(request, "actor_emails")),
        targets=_values(request, "resource_ids"),
        since=since,
        until=until,
    )


def _values(request: Request[Any, Any, Any], name: str) -> tuple[str, ...]:
    values = texts_of(request, name)
    if len(values) > _MAX_VALUES:
        raise InvalidRequest(f"{name} may have at most {_MAX_VALUES} entries.", param=name)
    return values


def _moment(request: Request[Any, Any, Any], bound: str, default: int) -> int:
    param = f"effective_at[{bound}]"
    text = request.query_params.get(param)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and int(text[:14]) <= _MAX_MOMENT and len(text) < 14):
        raise InvalidRequest(f"{param} must be Unix seconds; got {text[:80]!r}.", param=param)
    return int(text)


async def _listed(request: Request[Any, Any, Any], page: Page[AuditEvent]) -> dict[str, object]:
    ids = {event.project for event in page.data if event.project is not None}
    projects = {id: await access_of(request).projects.get(id) for id in ids}
    names = {id: project.name for id, project in projects.items() if project is not None}
    data = [event_to_wire(event, names) for event in page.data]
    ends = (page.data[0].id, page.data[-1].id) if page.data else (None, None)
    return {
        "object": "list",
        "data": data,
        "first_id": ends[0],
        "last_id": ends[1],
        "has_more": page.has_more,
    }


def event_to_wire(event: AuditEvent, names: dict[str, str]) -> dict[str, object]:
    """A change as the API shows it: its details in a field with the name of its type."""
    shown = wire.AuditLogEntry(
        id=event.id,
        type=event.type,
        effective_at=event.created_at,
        actor=actor_to_wire(event.actor),
        target_id=event.target,
        project=wire.AuditProject(event.project, names.get(event.project, "")) if event.project else None,
        request_id=event.request_id or None,
    )
    place = _DETAILS.get(event.type.rpartition(".")[2])
    details = {place: event.details} if place else msgspec.json.decode(event.details)
    return {**msgspec.structs.asdict(shown), event.type: {"id": event.target, **details}}


def actor_to_wire(actor: Actor) -> wire.AuditActor:
    """Who changed something, as the API shows them."""
    user = None if actor.user is None else wire.AuditUser(actor.user, actor.email)
    if actor.kind == "user" and user is not None:
        return wire.AuditActor("session", session=wire.AuditSession(user))
    if actor.key is None:
        return wire.AuditActor("operator" if actor.kind == "operator" else "service")
    account = None if actor.service_account is None else wire.AuditServiceAccount(actor.service_account)
    kind = "user" if user else "service_account" if account else None
    return wire.AuditActor("api_key", api_key=wire.AuditKey(actor.key, kind, user, account))


async def _rows(events: AsyncIterator[AuditEvent]) -> AsyncIterator[tuple[Cell, ...]]:
    async for event in events:
        actor = event.actor
        yield (
            event.id,
            event.type,
            event.created_at,
            event.project,
            event.target,
            actor.kind,
            actor.key,
            actor.user,
            actor.email,
            actor.service_account,
            event.request_id or None,
            bytes(event.details).decode(),
        )
