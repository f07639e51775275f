"""The routes of agents as objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request, delete, get, post
from litestar.types import ASGIApp
from msgspec import UnsetType

from service.dialects.agents import agent_to_wire, read_agent, read_sharing
from service.dialects.validation import decode, in_range
from service.engine.media import require_files
from service.http.agent_making import making_of
from service.http.agent_pages import agents_page, is_whole
from service.http.answers import json_answer, require_json
from service.http.house import House, house_of, key_of
from service.http.organization.common import notes_of
from service.http.pages import page_of
from service.ids import new_id
from service.store.agents import Known
from service.store.agents_records import AgentVersion, Sharing
from service.store.records import KeyRecord
from specs.agents import Agent
from specs.errors import InvalidRequest
from specs.openai import agents as wire
from specs.openai.agent_objects import (
    AgentDeleted,
    AgentList,
    AgentObject,
    AgentVersionList,
    AgentVersionObject,
)
from specs.requests import FilePlace

READ: Mapping[str, Any] = {"scope": "agents.read", "limit": "assistants"}
WRITE: Mapping[str, Any] = {"scope": "agents.write", "limit": "assistants"}
_FILES = "tool_resources.code_interpreter.file_ids"

_create = msgspec.json.Decoder(wire.CreateAgent)
_update = msgspec.json.Decoder(wire.UpdateAgent)
_restore = msgspec.json.Decoder(wire.RestoreAgent)


@post(
    "/agents",
    opt={**WRITE, "body": wire.CreateAgent, "answer": AgentObject},
    status_code=200,
    operation_id="createAgent",
    summary="Make an agent",
    tags=["Agents"],
)
async def create_agent(request: Request[Any, Any, Any]) -> ASGIApp:
    """Make an agent; its id is what requests name as `model`."""
    require_json(request)
    house, key = house_of(request), key_of(request)
    asked = decode(await request.body(), _create)
    id = new_id("agent")
    making = await making_of(house, asked.tools, project=key.project, agent=id)
    agent = read_agent(asked, Agent(id, ""), making)
    await require_own_files(house, key, agent)
    note = await notes_of(request, project=key.project)
    known = await house.agent_desk.create(agent, key, note, sharing=_sharing(asked))
    return json_answer(known_to_wire(known, key))


@get(
    "/agents",
    opt={**READ, "query": wire.ListAgents, "answer": AgentList},
    operation_id="listAgents",
    summary="List agents",
    tags=["Agents"],
)
async def list_agents(request: Request[Any, Any, Any]) -> ASGIApp:
    """The agents this key sees, newest first unless asked otherwise; those of the configuration count as the
    oldest. Plain `provider/model` agents are models: see `GET /v1/models`."""
    page = await agents_page(request)
    key = key_of(request)
    agents = tuple(known_to_wire(known, key) for known in page.known)
    first, last = (agents[0].id, agents[-1].id) if agents else (None, None)
    return json_answer(AgentList(agents, first, last, page.has_more))


@get(
    "/agents/{agent_id:str}",
    opt={**READ, "answer": AgentObject},
    operation_id="retrieveAgent",
    summary="Show an agent",
    tags=["Agents"],
)
async def retrieve_agent(request: Request[Any, Any, Any], agent_id: str) -> ASGIApp:
    """An agent as it is, or with `@version` behind its id as it was."""
    key, desk = key_of(request), house_of(request).agent_desk
    id, pinned, version = agent_id.rpartition("@")
    if not pinned or not (version.isascii() and version.isdigit() and len(version) < 11):
        return json_answer(known_to_wire(await desk.find(agent_id, key), key))
    known = await desk.find(id, key)
    past = await desk.version(known, int(version), key)
    return json_answer(known_to_wire(known, key, agent=past.agent))


@post(
    "/agents/{agent_id:str}",
    opt={**WRITE, "body": wire.UpdateAgent, "answer": AgentObject},
    status_code=200,
    operation_id="updateAgent",
    summary="Change an agent",
    tags=["Agents"],
)
async def update_agent(request: Request[Any, Any, Any], agent_id: str) -> ASGIApp:
    """Give an agent its next version. What is left out stays; where nothing changes, so does the version."""
    require_json(request)
    house, key = house_of(request), key_of(request)
    asked = decode(await request.body(), _update)
    version = None if isinstance(asked.version, UnsetType) else asked.version
    known = await house.agent_desk.find(agent_id, key)
    making = await making_of(house, asked.tools, project=key.project, agent=agent_id)
    if not isinstance(asked.tool_resources, UnsetType):
        await require_own_files(house, key, read_agent(asked, known.agent, making))
    known = await house.agent_desk.change(
        agent_id,
        key,
        await notes_of(request, project=key.project),
        lambda agent: read_agent(asked, agent, making),
        sharing=_sharing(asked),
        expected=in_range(version, 1, 2**31 - 1, param="version"),
    )
    return json_answer(known_to_wire(known, key))


@delete(
    "/agents/{agent_id:str}",
    opt={**WRITE, "answer": AgentDeleted},
    status_code=200,
    operation_id="deleteAgent",
    summary="Delete an agent",
    tags=["Agents"],
)
async def delete_agent(request: Request[Any, Any, Any], agent_id: str) -> ASGIApp:
    """Forget an agent with all its versions. Runs under way go on."""
    key = key_of(request)
    note = await notes_of(request, project=key.project)
    await house_of(request).agent_desk.delete(agent_id, key, note)
    return json_answer(AgentDeleted(agent_id))


@get(
    "/agents/{agent_id:str}/versions",
    opt={**READ, "query": wire.ListVersions, "answer": AgentVersionList},
    operation_id="listAgentVersions",
    summary="List the versions of an agent",
    tags=["Agents"],
)
async def list_agent_versions(request: Request[Any, Any, Any], agent_id: str) -> ASGIApp:
    """What an agent was, newest first unless asked otherwise."""
    key = key_of(request)
    asked = page_of(request, default=wire.DEFAULT_PAGE, most=wire.MAX_PAGE)
    after = None if asked.after is None else _version_of(asked.after, agent_id)
    page = await house_of(request).agent_desk.versions(
        agent_id, key, after=after, order=asked.order, limit=asked.limit
    )
    versions = tuple(_version_to_wire(page.known, version, key) for version in page.versions)
    first, last = (versions[0].id, versions[-1].id) if versions else (None, None)
    return json_answer(AgentVersionList(versions, first, last, page.has_more))


@post(
    "/agents/{agent_id:str}/restore",
    opt={**WRITE, "body": wire.RestoreAgent, "answer": AgentObject},
    status_code=200,
    operation_id="restoreAgent",
    summary="Set an agent back to a version",
    tags=["Agents"],
)
async def restore_agent(request: Request[Any, Any, Any], agent_id: str) -> ASGIApp:
    """Make an agent what it was at a version; that is its next version. Who sees it stays as it is."""
    require_json(request)
    asked = decode(await request.body(), _restore)
    in_range(asked.version, 1, 2**31 - 1, param="version")
    key = key_of(request)
    note = await notes_of(request, project=key.project)
    known = await house_of(request).agent_desk.restore(agent_id, key, note, asked.version)
    return json_answer(known_to_wire(known, key))


def known_to_wire(known: Known, key: KeyRecord, *, agent: Agent | None = None) -> AgentObject:
    """An agent as this key sees it; `agent` is the version that is shown, by default the newest."""
    return agent_to_wire(
        agent or known.agent,
        known.stored,
        showing="whole" if is_whole(known, key) else "outside",
        read_only=known.is_read_only(key),
    )


async def require_own_files(house: House, key: KeyRecord, agent: Agent) -> None:
    """Refuse files that the key's project does not have.

    Raises NotFound naming the field at fault.
    """
    ids = (agent.tool_resources.file_ids if agent.tool_resources else None) or ()
    places = tuple(FilePlace(id, f"{_FILES}[{index}]") for index, id in enumerate(ids))
    await require_files(house.archive, places, project=key.project)


def _sharing(asked: wire.CreateAgent | wire.UpdateAgent) -> Sharing | None:
    if isinstance(asked.sharing, UnsetType):
        return None
    return read_sharing(asked.sharing or wire.AgentSharing())


def _version_of(cursor: str, id: str) -> int:
    number = cursor.removeprefix(f"{id}@")
    if not (number.isascii() and number.isdigit() and len(number) < 11):
        raise InvalidRequest(f"after: {cursor[:80]!r} is no version of this agent.", param="after")
    return int(number)


def _version_to_wire(known: Known, version: AgentVersion, key: KeyRecord) -> AgentVersionObject:
    agent = version.agent
    return AgentVersionObject(
        f"{agent.id}@{agent.version}",
        agent.version,
        version.created_at,
        version.created_by,
        known_to_wire(known, key, agent=agent),
    )
