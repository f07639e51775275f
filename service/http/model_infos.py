"""The agents a key may use, as the Messages API lists models: in pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from specs.agents import Agent
from specs.anthropic.models import ModelInfo, ModelInfoList
from specs.errors import InvalidRequest

DEFAULT_PAGE = 20
MAX_PAGE = 1_000


def model_info(agent: Agent) -> ModelInfo:
    """An agent in the shape of this API's model object."""
    return ModelInfo(
        id=agent.id,
        display_name=agent.name or agent.id,
        created_at=datetime.fromtimestamp(agent.created_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        max_tokens=agent.limits.max_output_tokens,
    )


def model_page(agents: Sequence[Agent], query: Mapping[str, str]) -> ModelInfoList:
    """The page a query asks for: `limit`, and `after_id` or `before_id`.

    Raises InvalidRequest.
    """
    limit = _limit(query.get("limit"))
    ids = [agent.id for agent in agents]
    if "before_id" in query:
        end = _position(ids, query["before_id"], param="before_id")
        start = max(0, end - limit)
        has_more = start > 0
    else:
        start = _position(ids, query["after_id"], param="after_id") + 1 if "after_id" in query else 0
        end = min(len(ids), start + limit)
        has_more = end < len(ids)
    page = agents[start:end]
    return ModelInfoList(
        tuple(map(model_info, page)),
        has_more,
        first_id=page[0].id if page else None,
        last_id=page[-1].id if page else None,
    )


def _limit(given: str | None) -> int:
    if given is None:
        return DEFAULT_PAGE
    if not (given.isascii() and given.isdigit() and len(given) <= 4 and 1 <= int(given) <= MAX_PAGE):
        raise InvalidRequest(
            f"limit must be a number from 1 to {MAX_PAGE}; got {given[:100]!r}.", param="limit"
        )
    return int(given)


def _position(ids: Sequence[str], id: str, *, param: str) -> int:
    if id not in ids:
        raise InvalidRequest(f"{param}: there is no model {id[:200]!r} in this list.", param=param)
    return ids.index(id)
