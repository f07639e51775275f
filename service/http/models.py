"""The agents a key may use, as models."""

from __future__ import annotations

from typing import Any

from litestar import Request, get
from litestar.types import ASGIApp

from service.http.answers import json_answer
from service.http.begin import load_agent
from service.http.house import house_of, key_of
from service.http.model_infos import model_info, model_page
from service.http.wording import speaks_messages
from specs.agents import Agent
from specs.openai.models import Model, ModelList


@get(
    "/models",
    opt={"scope": "agents.read", "answer": ModelList},
    operation_id="listModels",
    summary="List the agents this key may use",
    tags=["Models"],
)
async def list_models(request: Request[Any, Any, Any]) -> ASGIApp:
    """Every agent the key's project sees and the key allows. Callers of the Messages API, which send its
    version header, get its shape, in pages."""
    key = key_of(request)
    agents = await house_of(request).agents.visible(key)
    if speaks_messages(request.scope):
        return json_answer(model_page(agents, request.query_params))
    return json_answer(ModelList(data=tuple(agent_to_model(agent) for agent in agents)))


@get(
    "/models/{model:path}",
    opt={"scope": "agents.read", "answer": Model},
    operation_id="retrieveModel",
    summary="Retrieve an agent",
    tags=["Models"],
)
async def retrieve_model(request: Request[Any, Any, Any], model: str) -> ASGIApp:
    """One agent, by id or alias; ids may hold slashes."""
    key = key_of(request)
    name = model.removeprefix("/")
    agent = await load_agent(house_of(request), key, name)
    return json_answer(model_info(agent) if speaks_messages(request.scope) else agent_to_model(agent))


def agent_to_model(agent: Agent) -> Model:
    """An agent in the shape of OpenAI's model object."""
    return Model(
        id=agent.id,
        created=agent.created_at,
        owned_by=agent.model.partition("/")[0],
        name=agent.name or agent.id,
        description=agent.description or "",
    )
