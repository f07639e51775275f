"""Lists of agents in pages, after one or before one."""

from __future__ import annotations

from typing import Any

from litestar import Request
from msgspec import Struct

from service.http.house import house_of, key_of
from service.http.pages import page_of
from service.store.agents import FIRST, LAST, Known
from service.store.agents_access import is_insider
from service.store.agents_records import Order
from service.store.records import KeyRecord
from specs.errors import InvalidRequest
from specs.openai.agents import DEFAULT_PAGE, MAX_PAGE


class AgentPage(Struct, frozen=True):
    """Some agents in order."""

    known: tuple[Known, ...]
    has_more: bool


async def agents_page(request: Request[Any, Any, Any]) -> AgentPage:
    """The agents that a request asks for of those its key sees.

    Raises InvalidRequest naming the parameter.
    """
    asked = page_of(request, default=DEFAULT_PAGE, most=MAX_PAGE)
    after = await _place(request, "after", asked.after)
    before = await _place(request, "before", request.query_params.get("before") or None)
    low, high = (after, before) if asked.order == "asc" else (before, after)
    backwards = before is not None and after is None
    found = await house_of(request).agents.page(
        key_of(request),
        low=FIRST if low is None else low,
        high=LAST if high is None else high,
        order=_turned(asked.order) if backwards else asked.order,
        limit=asked.limit + 1,
    )
    page = found[: asked.limit]
    return AgentPage(tuple(reversed(page) if backwards else page), len(found) > asked.limit)


async def _place(request: Request[Any, Any, Any], name: str, id: str | None) -> int | None:
    if id is None:
        return None
    known = await house_of(request).agents.get(id, key_of(request))
    if known is None:
        raise InvalidRequest(f"{name}: there is no such agent for this key.", param=name)
    return known.place


def _turned(order: Order) -> Order:
    return "asc" if order == "desc" else "desc"


def is_whole(known: Known, key: KeyRecord) -> bool:
    """Whether a key is shown all of an agent."""
    return known.stored is not None and is_insider(known.stored, key)
