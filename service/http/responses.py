"""The routes of stored responses."""

from __future__ import annotations

from typing import Any

from litestar import Request, delete, get
from litestar.types import ASGIApp

from service.dialects.responses.kept import kept_items
from service.dialects.responses.settings import read_include
from service.http.answers import json_answer
from service.http.background import end_here, find_kept, follow_stored, response_missing, shown
from service.http.house import house_of, key_of
from service.http.pages import page_of
from service.http.spellings import responses_dialect
from specs.errors import InvalidRequest, NotFound
from specs.openai.responses import Response
from specs.openai.stored import ItemList, ListItems, ResponseDeleted, ResponseQuery

MAX_PAGE = 100
DEFAULT_PAGE = 20
MAX_DIGITS = 16


@get(
    "/responses/{response_id:str}",
    opt={"scope": "inference", "query": ResponseQuery, "answer": Response},
    operation_id="retrieveResponse",
    summary="Show a stored response",
    tags=["Inference"],
)
async def retrieve_response(request: Request[Any, Any, Any], response_id: str) -> ASGIApp:
    """A response of the key's project, as its terminal event had it; one that goes on in the background
    with its output so far. Of one made in the background, `stream=true` sends all events again, or those
    after `starting_after`, and what follows."""
    include = include_of(request)
    after = starting_after(request)
    if flag(request, "stream"):
        return await follow_stored(
            request, response_id, after=after, padded=flag(request, "include_obfuscation")
        )
    house = house_of(request)
    kept = await find_kept(house, key_of(request).project, response_id)
    spelling = responses_dialect(request).spelling_for(kept.row.agent)
    return json_answer(await shown(house, kept, include=include, spelling=spelling))


@delete(
    "/responses/{response_id:str}",
    opt={"scope": "inference", "answer": ResponseDeleted},
    status_code=200,
    operation_id="deleteResponse",
    summary="Delete a stored response",
    tags=["Inference"],
)
async def delete_response(request: Request[Any, Any, Any], response_id: str) -> ASGIApp:
    """Forget a response. Responses that go on from it keep what they were given."""
    house = house_of(request)
    state = house.state
    await end_here(house, key_of(request).project, response_id)
    if not await state.responses.delete(key_of(request).project, response_id, now=state.now()):
        raise response_missing()
    return json_answer(ResponseDeleted(response_id))


@get(
    "/responses/{response_id:str}/input_items",
    opt={"scope": "inference", "query": ListItems, "answer": ItemList},
    operation_id="listInputItems",
    summary="List what a response was given",
    tags=["Inference"],
)
async def list_input_items(request: Request[Any, Any, Any], response_id: str) -> ASGIApp:
    """The input of a response, with all that went before it in its chain or conversation."""
    include = include_of(request)
    asked = page_of(request, default=DEFAULT_PAGE, most=MAX_PAGE)
    project, state = key_of(request).project, house_of(request).state
    row = await state.responses.row(project, response_id, now=state.now())
    if row is None:
        raise response_missing()
    page = await state.responses.inputs(
        project, response_id, order=asked.order, limit=asked.limit, after=asked.after
    )
    if page is None:
        raise item_missing("after")
    spelling = responses_dialect(request).spelling_for(row.agent)
    return json_answer(kept_items(page.items, include=include, has_more=page.has_more, spelling=spelling))


def include_of(request: Request[Any, Any, Any]) -> frozenset[str]:
    """What else a query asks to be shown: `include[]=a&include[]=b`, or without the brackets.

    Raises InvalidRequest naming what is not known.
    """
    query = request.query_params
    values = [value for name in ("include[]", "include") for value in query.getall(name, [])]
    return read_include(values)


def flag(request: Request[Any, Any, Any], name: str) -> bool | None:
    """A query's `true` or `false`; None where it is left out.

    Raises InvalidRequest.
    """
    value = request.query_params.get(name)
    if value not in (None, "true", "false"):
        raise InvalidRequest(f"{name}: expected true or false, got {value[:100]!r}", param=name)
    return None if value is None else value == "true"


def starting_after(request: Request[Any, Any, Any]) -> int:
    """The sequence number a stream goes on after; -1 is from its beginning.

    Raises InvalidRequest.
    """
    value = request.query_params.get("starting_after")
    if value is None:
        return -1
    if not (value.isascii() and value.isdigit() and len(value) < MAX_DIGITS):
        raise InvalidRequest(
            f"starting_after: expected a sequence number, got {value[:100]!r}", param="starting_after"
        )
    return int(value)


def item_missing(param: str = "item_id") -> NotFound:
    """No such item where it was looked for."""
    return NotFound("No such item is stored here.", param=param)
