"""The route that counts an input without running an agent."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, post
from litestar.types import ASGIApp
from msgspec import structs

from service.dialects.base import Reading
from service.engine.counting import InputCount
from service.engine.media import require_files
from service.http.answers import JSONAnswer, require_json
from service.http.begin import load_agent, without_store
from service.http.headers import Headers, run_headers
from service.http.house import House, house_of, key_of
from service.http.reading import read_body
from service.http.spellings import responses_dialect
from service.store.ports import KeyRecord
from specs.agents import Agent
from specs.events import Warned
from specs.openai.input_tokens import InputTokens
from specs.openai.responses import CreateResponse
from specs.requests import RunRequest
from specs.tools import McpServer

SERVERS = "tools: what servers offer is not counted: they are asked when a run begins."
ESTIMATED = "input_tokens is an estimate: the provider has no counter, or it failed."


@post(
    "/responses/input_tokens",
    opt={"scope": "inference", "limit": "requests", "body": CreateResponse, "answer": InputTokens},
    status_code=200,
    operation_id="countInputTokens",
    summary="Count the tokens of an input",
    tags=["Inference"],
)
async def count_input_tokens(request: Request[Any, Any, Any]) -> ASGIApp:
    """The input tokens that a request to `POST /v1/responses` would have. Nothing runs or is charged."""
    require_json(request)
    reading = await read_body(await request.body(), responses_dialect(request).read)
    counted, headers = await count_reading(request, reading)
    body = msgspec.json.encode(InputTokens(counted.tokens, counted.estimated))
    return JSONAnswer(body, headers=headers)


async def count_reading(request: Request[Any, Any, Any], reading: Reading) -> tuple[InputCount, Headers]:
    """Count what was read of a request; the headers tell what was left out, and whether it is a guess.

    Raises what `with_context`, `load_agent` and `Counting.count` raise.
    """
    house, key = house_of(request), key_of(request)
    asked = await with_context(house, key, reading)
    agent = await load_agent(house, key, asked.agent)
    counted = await house.counting.count(asked, agent=agent, project=key.project)
    told = (
        *asked.warnings,
        *((SERVERS,) if _has_servers(asked, agent) else ()),
        *((ESTIMATED,) if counted.estimated else ()),
    )
    return counted, run_headers([Warned(message) for message in told])


def _has_servers(request: RunRequest, agent: Agent) -> bool:
    return any(isinstance(tool, McpServer) for tool in (*request.hosted, *agent.tools))


async def with_context(house: House, key: KeyRecord, reading: Reading) -> RunRequest:
    """The request with all it goes on from; nothing is begun by it.

    Raises what `State.prepare` raises, NotFound for a file that is not there.
    """
    await require_files(house.archive, reading.files, project=key.project)
    state = structs.replace(without_store(reading.state), background=False)
    prepared = await house.state.prepare(reading.request, state, project=key.project)
    house.state.release(prepared)
    return prepared.request
