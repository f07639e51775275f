"""The projects of the organization."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, get, post
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
    refuse_given,
)
from service.ids import new_id
from service.store.records import Project
from specs.openai import organization as wire

TAGS = ["Organization"]
_NOT_HERE = "not supported; leave it out."

_create = msgspec.json.Decoder(wire.CreateProject)
_update = msgspec.json.Decoder(wire.UpdateProject)


@post(
    "/organization/projects",
    opt={"scope": "admin", "body": wire.CreateProject, "answer": wire.OrganizationProject},
    status_code=200,
    operation_id="createProject",
    summary="Make a project",
    tags=TAGS,
)
async def create_project(request: Request[Any, Any, Any]) -> ASGIApp:
    """Make a project."""
    asked = await body_of(request, _create)
    refuse_given(
        _NOT_HERE,
        external_key_id=asked.external_key_id,
        geography=asked.geography,
        residency=asked.residency,
    )
    project = Project(new_id("proj"), printable(asked.name, param="name"), now())
    event = await change(request, "project.created", project.id, project=project.id, name=project.name)
    return json_answer(project_to_wire(await access_of(request).projects.create(project, event)))


@get(
    "/organization/projects",
    opt={"scope": "admin", "query": wire.ProjectQuery, "answer": wire.OrganizationProjectList},
    operation_id="listProjects",
    summary="List the projects",
    tags=TAGS,
)
async def list_projects(request: Request[Any, Any, Any]) -> ASGIApp:
    """The projects, oldest first."""
    asked = asked_page(request)
    archived = request.query_params.get("include_archived", "").lower() in ("true", "1")
    page = await access_of(request).projects.page(limit=asked.limit, after=asked.after, archived=archived)
    shown = tuple(project_to_wire(project) for project in page.data)
    ends = (shown[0].id, shown[-1].id) if shown else (None, None)
    return json_answer(wire.OrganizationProjectList(shown, page.has_more, *ends))


@get(
    "/organization/projects/{project_id:str}",
    opt={"scope": "admin", "answer": wire.OrganizationProject},
    operation_id="retrieveProject",
    summary="Show a project",
    tags=TAGS,
)
async def retrieve_project(request: Request[Any, Any, Any], project_id: str) -> ASGIApp:
    """One project, an archived one too."""
    return json_answer(project_to_wire(await project_of(request, project_id)))


@post(
    "/organization/projects/{project_id:str}",
    opt={"scope": "admin", "body": wire.UpdateProject, "answer": wire.OrganizationProject},
    status_code=200,
    operation_id="updateProject",
    summary="Rename a project",
    tags=TAGS,
)
async def update_project(request: Request[Any, Any, Any], project_id: str) -> ASGIApp:
    """Give a project another name. Agents and settings that name the old one no longer mean it."""
    asked = await body_of(request, _update)
    refuse_given(_NOT_HERE, external_key_id=asked.external_key_id, geography=asked.geography)
    project = await project_of(request, project_id)
    if asked.name is not None:
        name = printable(asked.name, param="name")
        event = await change(request, "project.updated", project.id, project=project.id, name=name)
        project = await access_of(request).projects.rename(project.id, name, event) or project
        access_of(request).keys.forget_recalled()
    return json_answer(project_to_wire(project))


@post(
    "/organization/projects/{project_id:str}/archive",
    opt={"scope": "admin", "answer": wire.OrganizationProject},
    status_code=200,
    operation_id="archiveProject",
    summary="Archive a project and revoke its keys",
    tags=TAGS,
)
async def archive_project(request: Request[Any, Any, Any], project_id: str) -> ASGIApp:
    """Archive a project for good: its keys are revoked, what it has stored stays."""
    access = access_of(request)
    event = await change(request, "project.archived", project_id, project=project_id)
    archived = await access.projects.archive(project_id, now=now(), event=event)
    if archived is None:
        raise missing("project", "project_id")
    access.keys.forget_recalled()
    return json_answer(project_to_wire(archived))


def project_to_wire(project: Project) -> wire.OrganizationProject:
    """A project as the API shows it."""
    return wire.OrganizationProject(
        project.id,
        project.name,
        project.created_at,
        project.archived_at,
        "active" if project.archived_at is None else "archived",
    )
