"""Which spelling of the Responses API a request asks for: by its header, its key or its agent."""

from __future__ import annotations

from typing import Any

from litestar.connection import ASGIConnection

from service.dialects.responses import ResponsesDialect, responses, strict_responses
from service.http.begin import find_agent
from service.http.house import House, house_of
from service.store.ports import KeyRecord
from specs.errors import Failure, ModelNotFound
from specs.openai.common import ErrorBody

STRICT_HEADER = b"openresponses-version"


def responses_dialect(connection: ASGIConnection[Any, Any, Any, Any]) -> ResponsesDialect:
    """The spelling for a request: the strict one by any version in the header, for the keys and for the
    agents that are set to it.
    """
    house = house_of(connection)
    settings = house.settings.responses
    key: KeyRecord | None = connection.scope["state"].get("key")
    if any(name == STRICT_HEADER for name, _ in connection.scope["headers"]):
        return strict_responses
    if key is None:
        return responses
    if key.id in settings.strict_keys:
        return strict_responses
    if not settings.strict_agents:
        return responses
    return ResponsesDialect(is_strict=lambda agent: _has_strict_agent(house, key, agent))


def _has_strict_agent(house: House, key: KeyRecord, name: str) -> bool:
    strict = house.settings.responses.strict_agents
    if name.partition("@")[0] in strict:  # also where the agent is not remembered yet
        return True
    try:
        return find_agent(house, key, name).id in strict
    except ModelNotFound:
        return False


def spelled_error(connection: ASGIConnection[Any, Any, Any, Any], failure: Failure) -> ErrorBody:
    """A failure in the envelope, spelled as the request asks for it; only one API has spellings."""
    of_responses = "/responses" in connection.scope["path"]
    return (responses_dialect(connection) if of_responses else responses).error(failure)
