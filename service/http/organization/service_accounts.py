"""Service accounts of a project, and their keys."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, delete, get, post
from litestar.types import ASGIApp

from service.http.answers import json_answer
from service.http.organization.common import (
    access_of,
    asked_page,
    body_of,
    change,
    missing,
    now,
    printable,
    project_of,
)
from service.http.organization.making import (
    KeyWish,
    check_spending,
    make_key,
    scopes_of_role,
    wished_scopes,
    with_spending,
)
from service.ids import new_id
from service.store.access_records import Role, ServiceAccount
from service.store.records import KeyRecord
from specs.errors import InvalidRequest
from specs.openai import organization_keys as wire
from specs.openai.organization import ListQuery

TAGS = ["Organization"]
ACCOUNTS = "/organization/projects/{project_id:str}/service_accounts"
ACCOUNT = f"{ACCOUNTS}/{{service_account_id:str}}"

_create = msgspec.json.Decoder(wire.CreateServiceAccount)
_update = msgspec.json.Decoder(wire.UpdateServiceAccount)
_create_key = msgspec.json.Decoder(wire.CreateServiceAccountKey)


@post(
    ACCOUNTS,
    opt={"scope": "admin", "body": wire.CreateServiceAccount, "answer": wire.NewServiceAccount},
    status_code=200,
    operation_id="createServiceAccount",
    summary="Make a service account and its key",
    tags=TAGS,
)
async def create_service_account(request: Request[Any, Any, Any], project_id: str) -> ASGIApp:
    """Make a service account; the answer is the only one with its key's secret."""
    asked = await body_of(request, _create)
    project = await project_of(request, project_id, active=True)
    alone = bool(asked.create_service_account_only)
    if alone and asked.expires_in_seconds is not None:
        raise InvalidRequest("expires_in_seconds: no key is made.", param="expires_in_seconds")
    await check_spending(request, project.id, asked)
    role: Role = "none" if alone else "member"
    account = ServiceAccount(new_id("svcacct"), project.id, printable(asked.name, param="name"), role, now())
    event = await change(
        request, "service_account.created", account.id, project=project.id, name=account.name, role=role
    )
    await access_of(request).service_accounts.create(account, event)
    key = None
    if not alone:
        wish = KeyWish(
            project=project.id,
            name=account.name,
            scopes=wished_scopes(None, scopes_of_role(role)),
            seconds=asked.expires_in_seconds,
            service_account=account.id,
            spending=with_spending(asked),
        )
        key = new_key_to_wire(*await make_key(request, wish))
    return json_answer(wire.NewServiceAccount(account.id, account.name, role, account.created_at, key))


@get(
    ACCOUNTS,
    opt={"scope": "admin", "query": ListQuery, "answer": wire.ProjectServiceAccountList},
    operation_id="listServiceAccounts",
    summary="List the service accounts of a project",
    tags=TAGS,
)
async def list_service_accounts(request: Request[Any, Any, Any], project_id: str) -> ASGIApp:
    """The service accounts of a project, oldest first."""
    asked = asked_page(request)
    project = await project_of(request, project_id)
    accounts = access_of(request).service_accounts
    page = await accounts.page(project.id, limit=asked.limit, after=asked.after)
    shown = tuple(map(account_to_wire, page.data))
    ends = (shown[0].id, shown[-1].id) if shown else (None, None)
    return json_answer(wire.ProjectServiceAccountList(shown, page.has_more, *ends))


@get(
    ACCOUNT,
    opt={"scope": "admin", "answer": wire.ProjectServiceAccount},
    operation_id="retrieveServiceAccount",
    summary="Show a service account",
    tags=TAGS,
)
async def retrieve_service_account(
    request: Request[Any, Any, Any], project_id: str, service_account_id: str
) -> ASGIApp:
    """One service account of a project."""
    return json_answer(account_to_wire(await _find(request, project_id, service_account_id)))


@post(
    ACCOUNT,
    opt={"scope": "admin", "body": wire.UpdateServiceAccount, "answer": wire.ProjectServiceAccount},
    status_code=200,
    operation_id="updateServiceAccount",
    summary="Change a service account's name or role",
    tags=TAGS,
)
async def update_service_account(
    request: Request[Any, Any, Any], project_id: str, service_account_id: str
) -> ASGIApp:
    """Change a service account; its keys follow within a second."""
    asked = await body_of(request, _update)
    name = None if asked.name is None else printable(asked.name, param="name")
    access = access_of(request)
    event = await change(
        request,
        "service_account.updated",
        service_account_id,
        project=project_id,
        name=name,
        role=asked.role,
    )
    account = await access.service_accounts.update(
        project_id, service_account_id, name=name, role=asked.role, event=event
    )
    if account is None:
        raise missing("service account in this project", "service_account_id")
    access.keys.forget_recalled()
    return json_answer(account_to_wire(account))


@delete(
    ACCOUNT,
    opt={"scope": "admin", "answer": wire.ServiceAccountDeleted},
    status_code=200,
    operation_id="deleteServiceAccount",
    summary="Delete a service account and revoke its keys",
    tags=TAGS,
)
async def delete_service_account(
    request: Request[Any, Any, Any], project_id: str, service_account_id: str
) -> ASGIApp:
    """Delete a service account; its keys are revoked."""
    access = access_of(request)
    event = await change(request, "service_account.deleted", service_account_id, project=project_id)
    if not await access.service_accounts.delete(project_id, service_account_id, now=now(), event=event):
        raise missing("service account in this project", "service_account_id")
    access.keys.forget_recalled()
    return json_answer(wire.ServiceAccountDeleted(service_account_id))


@post(
    f"{ACCOUNT}/api_keys",
    opt={"scope": "admin", "body": wire.CreateServiceAccountKey, "answer": wire.NewServiceAccountKey},
    status_code=200,
    operation_id="createServiceAccountKey",
    summary="Make a further key of a service account",
    tags=TAGS,
)
async def create_service_account_key(
    request: Request[Any, Any, Any], project_id: str, service_account_id: str
) -> ASGIApp:
    """Make a further key of a service account; the answer is the only one with its secret."""
    asked = await body_of(request, _create_key)
    project = await project_of(request, project_id, active=True)
    account = await _find(request, project.id, service_account_id)
    wish = KeyWish(
        project=project.id,
        name=account.name if asked.name is None else printable(asked.name, param="name"),
        scopes=wished_scopes(asked.scopes, scopes_of_role(account.role)),
        agents=asked.agents,
        seconds=asked.expires_in_seconds,
        service_account=account.id,
        spending=with_spending(asked),
    )
    return json_answer(new_key_to_wire(*await make_key(request, wish)))


def account_to_wire(account: ServiceAccount) -> wire.ProjectServiceAccount:
    """A service account as the API shows it."""
    role = "member" if account.role == "viewer" else account.role
    return wire.ProjectServiceAccount(account.id, account.name, role, account.created_at)


def new_key_to_wire(key: KeyRecord, secret: str) -> wire.NewServiceAccountKey:
    """A new key with its secret."""
    return wire.NewServiceAccountKey(key.id, key.name, secret, key.created_at, key.expires_at)


async def _find(request: Request[Any, Any, Any], project: str, id: str) -> ServiceAccount:
    account = await access_of(request).service_accounts.get(project, id)
    if account is None:
        raise missing("service account in this project", "service_account_id")
    return account
