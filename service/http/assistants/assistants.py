"""The routes of assistants: agents by another API."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, delete, get, post
from litestar.types import ASGIApp

from service.dialects.assistants.assistant import assistant_to_wire, read_assistant
from service.dialects.assistants.objects import ends_of
from service.http.agent_pages import agents_page, is_whole
from service.http.answers import json_answer
from service.http.assistants.common import (
    ASSISTANTS,
    body_of,
    missing,
    require_named_files,
    speaks_v2,
    told,
)
from service.http.house import house_of, key_of
from service.http.organization.common import notes_of
from service.ids import new_id
from service.store.agents import Known
from service.store.records import KeyRecord
from specs.agents import DEFAULT_OVERRIDES, Agent, Override
from specs.errors import PermissionDenied
from specs.openai import assistants as wire
from specs.openai.assistants_common import ListObjects

PREFIX = "asst"
OVERRIDES: tuple[Override, ...] = (*DEFAULT_OVERRIDES, "model")
"""What a run may replace: as in the original, all."""
_create = msgspec.json.Decoder(wire.NewAssistant)
_update = msgspec.json.Decoder(wire.UpdateAssistant)


@post(
    "/assistants",
    opt={**ASSISTANTS, "body": wire.NewAssistant, "answer": wire.AssistantObject},
    guards=[speaks_v2],
    status_code=200,
    operation_id="createAssistant",
    summary="Make an assistant",
    tags=["Assistants"],
)
async def create_assistant(request: Request[Any, Any, Any]) -> ASGIApp:
    """Make an assistant; its id is also what other APIs name as `model`."""
    house, key = house_of(request), key_of(request)
    warnings: list[str] = []
    agent = read_assistant(
        await body_of(request, _create), Agent(new_id(PREFIX), "", overrides=OVERRIDES), warnings
    )
    await require_named_files(house, key, agent.tool_resources)
    note = await notes_of(request, project=key.project)
    known = await house.agent_desk.create(agent, key, note)
    return told(known_to_wire(known, key), warnings)


@get(
    "/assistants",
    opt={**ASSISTANTS, "query": ListObjects, "answer": wire.AssistantList},
    guards=[speaks_v2],
    operation_id="listAssistants",
    summary="List assistants",
    tags=["Assistants"],
)
async def list_assistants(request: Request[Any, Any, Any]) -> ASGIApp:
    """Every agent this key sees, however it was made, newest first unless asked otherwise."""
    page, key = await agents_page(request), key_of(request)
    data = tuple(known_to_wire(known, key) for known in page.known)
    first, last = ends_of([assistant.id for assistant in data])
    return json_answer(wire.AssistantList(data, first, last, page.has_more))


@get(
    "/assistants/{assistant_id:str}",
    opt={**ASSISTANTS, "answer": wire.AssistantObject},
    guards=[speaks_v2],
    operation_id="getAssistant",
    summary="Show an assistant",
    tags=["Assistants"],
)
async def retrieve_assistant(request: Request[Any, Any, Any], assistant_id: str) -> ASGIApp:
    """An assistant, or any other agent, as it is."""
    return json_answer(known_to_wire(await _find(request, assistant_id), key_of(request)))


@post(
    "/assistants/{assistant_id:str}",
    opt={**ASSISTANTS, "body": wire.UpdateAssistant, "answer": wire.AssistantObject},
    guards=[speaks_v2],
    status_code=200,
    operation_id="modifyAssistant",
    summary="Change an assistant",
    tags=["Assistants"],
)
async def modify_assistant(request: Request[Any, Any, Any], assistant_id: str) -> ASGIApp:
    """Give an assistant its next version. What is left out stays; runs keep what they began with."""
    house, key = house_of(request), key_of(request)
    asked = await body_of(request, _update)
    _check_may_change(await _find(request, assistant_id), key)
    warnings: list[str] = []
    await require_named_files(house, key, read_assistant(asked, Agent("", ""), warnings).tool_resources)
    note = await notes_of(request, project=key.project)
    known = await house.agent_desk.change(
        assistant_id, key, note, lambda agent: read_assistant(asked, agent, [])
    )
    return told(known_to_wire(known, key), warnings)


@delete(
    "/assistants/{assistant_id:str}",
    opt={**ASSISTANTS, "answer": wire.AssistantDeleted},
    guards=[speaks_v2],
    status_code=200,
    operation_id="deleteAssistant",
    summary="Delete an assistant",
    tags=["Assistants"],
)
async def delete_assistant(request: Request[Any, Any, Any], assistant_id: str) -> ASGIApp:
    """Forget an assistant with all its versions. Runs go on with what they began with."""
    key = key_of(request)
    _check_may_change(await _find(request, assistant_id), key)
    note = await notes_of(request, project=key.project)
    await house_of(request).agent_desk.delete(assistant_id, key, note)
    return json_answer(wire.AssistantDeleted(assistant_id))


def known_to_wire(known: Known, key: KeyRecord) -> wire.AssistantObject:
    """An agent as an assistant, as this key sees it."""
    return assistant_to_wire(known.agent, shows=is_whole(known, key))


async def _find(request: Request[Any, Any, Any], id: str) -> Known:
    known = await house_of(request).agents.get(id, key_of(request))
    if known is None:
        raise missing("assistant", id, param="assistant_id")
    return known


def _check_may_change(known: Known, key: KeyRecord) -> None:
    """What was not made as an assistant is changed by those who may write agents."""
    if not known.agent.id.startswith(f"{PREFIX}_") and "agents.write" not in key.scopes:
        raise PermissionDenied(f"Key \"{key.name}\" lacks the scope 'agents.write', which agents need.")


ASSISTANT_HANDLERS = (
    create_assistant,
    list_assistants,
    retrieve_assistant,
    modify_assistant,
    delete_assistant,
)
