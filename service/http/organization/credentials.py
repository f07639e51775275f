"""Routes of provider credentials: those of a project, for administrators, and a user's own."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, delete, get, post
from litestar.types import ASGIApp

from service.http.house import key_of
from service.http.organization.common import body_of, project_of
from service.http.organization.credential_desk import Desk
from service.store.credentials import OF_PROJECT
from specs.errors import PermissionDenied
from specs.openai import organization_credentials as wire
from specs.scopes import ADMIN, KEYS_CREATE

PATH = "/organization/projects/{project_id:str}/credentials"
ONE = f"{PATH}/{{credential_id:str}}"
OWN = "/credentials"
OWN_ONE = f"{OWN}/{{credential_id:str}}"
TAGS = ["Credentials"]

_create = msgspec.json.Decoder(wire.CreateCredential)
_rotate = msgspec.json.Decoder(wire.RotateCredential)
Asked = Request[Any, Any, Any]


@post(
    PATH,
    opt={"scope": ADMIN, "body": wire.CreateCredential, "answer": wire.Credential},
    status_code=200,
    operation_id="createProjectCredential",
    summary="Store a provider credential of a project",
    tags=TAGS,
)
async def create_project_credential(request: Asked, project_id: str) -> ASGIApp:
    """Store what keys of this project reach a provider with, where their users have none of their own."""
    asked = await body_of(request, _create)
    project = await project_of(request, project_id, active=True)
    return await Desk(request, project.id, OF_PROJECT).create(asked)


@get(
    PATH,
    opt={"scope": ADMIN, "answer": wire.CredentialList},
    operation_id="listProjectCredentials",
    summary="List the provider credentials of a project and its users",
    tags=TAGS,
)
async def list_project_credentials(request: Asked, project_id: str) -> ASGIApp:
    """The credentials of a project and of users in it."""
    return await (await _desk(request, project_id)).list()


@get(
    ONE,
    opt={"scope": ADMIN, "answer": wire.Credential},
    operation_id="retrieveProjectCredential",
    summary="Show a provider credential",
    tags=TAGS,
)
async def retrieve_project_credential(request: Asked, project_id: str, credential_id: str) -> ASGIApp:
    """All that is told of a credential."""
    return await (await _desk(request, project_id)).retrieve(credential_id)


@post(
    f"{ONE}/rotate",
    opt={"scope": ADMIN, "body": wire.RotateCredential, "answer": wire.Credential},
    status_code=200,
    operation_id="rotateProjectCredential",
    summary="Give a provider credential another secret",
    tags=TAGS,
)
async def rotate_project_credential(request: Asked, project_id: str, credential_id: str) -> ASGIApp:
    """Put another secret, and perhaps address, in its place."""
    asked = await body_of(request, _rotate)
    return await (await _desk(request, project_id)).rotate(credential_id, asked)


@post(
    f"{ONE}/validate",
    opt={"scope": ADMIN, "answer": wire.CredentialCheck},
    status_code=200,
    operation_id="validateProjectCredential",
    summary="Ask a provider whether it takes a credential",
    tags=TAGS,
)
async def validate_project_credential(request: Asked, project_id: str, credential_id: str) -> ASGIApp:
    """Ask the provider for its list of models with it."""
    return await (await _desk(request, project_id)).validate(credential_id)


@delete(
    ONE,
    opt={"scope": ADMIN, "answer": wire.CredentialDeleted},
    status_code=200,
    operation_id="deleteProjectCredential",
    summary="Take a provider credential away",
    tags=TAGS,
)
async def delete_project_credential(request: Asked, project_id: str, credential_id: str) -> ASGIApp:
    """Take it away for good."""
    return await (await _desk(request, project_id)).delete(credential_id)


@post(
    OWN,
    opt={"scope": KEYS_CREATE, "body": wire.CreateCredential, "answer": wire.Credential},
    status_code=200,
    operation_id="createCredential",
    summary="Store a provider credential of one's own",
    tags=TAGS,
)
async def create_credential(request: Asked) -> ASGIApp:
    """Store what one's own keys reach a provider with, before the project's."""
    return await _own(request).create(await body_of(request, _create))


@get(
    OWN,
    opt={"scope": KEYS_CREATE, "answer": wire.CredentialList},
    operation_id="listCredentials",
    summary="List one's own provider credentials",
    tags=TAGS,
)
async def list_credentials(request: Asked) -> ASGIApp:
    """One's own credentials in this project."""
    return await _own(request).list()


@get(
    OWN_ONE,
    opt={"scope": KEYS_CREATE, "answer": wire.Credential},
    operation_id="retrieveCredential",
    summary="Show one of one's provider credentials",
    tags=TAGS,
)
async def retrieve_credential(request: Asked, credential_id: str) -> ASGIApp:
    """All that is told of a credential."""
    return await _own(request).retrieve(credential_id)


@post(
    f"{OWN_ONE}/rotate",
    opt={"scope": KEYS_CREATE, "body": wire.RotateCredential, "answer": wire.Credential},
    status_code=200,
    operation_id="rotateCredential",
    summary="Give one of one's provider credentials another secret",
    tags=TAGS,
)
async def rotate_credential(request: Asked, credential_id: str) -> ASGIApp:
    """Put another secret, and perhaps address, in its place."""
    return await _own(request).rotate(credential_id, await body_of(request, _rotate))


@post(
    f"{OWN_ONE}/validate",
    opt={"scope": KEYS_CREATE, "answer": wire.CredentialCheck},
    status_code=200,
    operation_id="validateCredential",
    summary="Ask a provider whether it takes one's credential",
    tags=TAGS,
)
async def validate_credential(request: Asked, credential_id: str) -> ASGIApp:
    """Ask the provider for its list of models with it."""
    return await _own(request).validate(credential_id)


@delete(
    OWN_ONE,
    opt={"scope": KEYS_CREATE, "answer": wire.CredentialDeleted},
    status_code=200,
    operation_id="deleteCredential",
    summary="Take one of one's provider credentials away",
    tags=TAGS,
)
async def delete_credential(request: Asked, credential_id: str) -> ASGIApp:
    """Take it away for good."""
    return await _own(request).delete(credential_id)


async def _desk(request: Asked, project: str) -> Desk:
    """Everybody's in a project. Raises NotFound."""
    return Desk(request, (await project_of(request, project)).id, None)


def _own(request: Asked) -> Desk:
    """A user's own. Raises PermissionDenied for a key that is nobody's."""
    key = key_of(request)
    if key.user is None:
        raise PermissionDenied(
            "This key is no user's. Credentials of a project are an administrator's to store."
        )
    return Desk(request, key.project, key.user)


HANDLERS = (
    create_project_credential,
    list_project_credentials,
    retrieve_project_credential,
    rotate_project_credential,
    validate_project_credential,
    delete_project_credential,
    create_credential,
    list_credentials,
    retrieve_credential,
    rotate_credential,
    validate_credential,
    delete_credential,
)
"""The routes of credentials."""
