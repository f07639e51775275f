"""The routes of the Conversations API."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from litestar import Request, delete, get, post
from litestar.types import ASGIApp

from service.dialects.responses.items import read_items
from service.dialects.responses.kept import kept_item, kept_items
from service.dialects.validation import checked_metadata, decode
from service.engine.compact import with_summaries
from service.engine.effective import with_references
from service.http.answers import json_answer, require_json
from service.http.house import House, house_of, key_of
from service.http.pages import page_of
from service.http.responses import DEFAULT_PAGE, MAX_PAGE, include_of, item_missing
from service.ids import new_id
from service.store.ports import KeyRecord
from service.store.state_ports import Conversation
from specs.errors import InvalidRequest, NotFound, PermissionDenied
from specs.items import Item
from specs.openai import stored as wire

T = TypeVar("T")

_create = msgspec.json.Decoder(wire.CreateConversation)
_update = msgspec.json.Decoder(wire.UpdateConversation)
_items = msgspec.json.Decoder(wire.CreateItems)


@post(
    "/conversations",
    opt={"scope": "conversations", "body": wire.CreateConversation, "answer": wire.Conversation},
    status_code=200,
    operation_id="createConversation",
    summary="Make a conversation",
    tags=["Conversations"],
)
async def create_conversation(request: Request[Any, Any, Any]) -> ASGIApp:
    """Make a conversation; `items` are what it begins with."""
    house, key = house_of(request), key_of(request)
    asked = await _body_or(request, _create, wire.CreateConversation())
    _allow_storing(house, key)
    metadata = checked_metadata(asked.metadata)
    items = await _read_new(house, key, asked.items or [])
    conversation = Conversation(new_id("conv"), key.project, metadata, house.state.now())
    await house.state.conversations.create(conversation, items)
    return json_answer(_to_wire(conversation))


@get(
    "/conversations/{conversation_id:str}",
    opt={"scope": "conversations", "answer": wire.Conversation},
    operation_id="retrieveConversation",
    summary="Show a conversation",
    tags=["Conversations"],
)
async def retrieve_conversation(request: Request[Any, Any, Any], conversation_id: str) -> ASGIApp:
    """A conversation of the key's project, without its items."""
    return json_answer(_to_wire(await _find(request, conversation_id)))


@post(
    "/conversations/{conversation_id:str}",
    opt={"scope": "conversations", "body": wire.UpdateConversation, "answer": wire.Conversation},
    status_code=200,
    operation_id="updateConversation",
    summary="Change a conversation's metadata",
    tags=["Conversations"],
)
async def update_conversation(request: Request[Any, Any, Any], conversation_id: str) -> ASGIApp:
    """Replace the metadata of a conversation."""
    require_json(request)
    asked = decode(await request.body(), _update)
    metadata = checked_metadata(asked.metadata)
    conversations = house_of(request).state.conversations
    found = await conversations.describe(key_of(request).project, conversation_id, metadata)
    if found is None:
        raise conversation_missing()
    return json_answer(_to_wire(found))


@delete(
    "/conversations/{conversation_id:str}",
    opt={"scope": "conversations", "answer": wire.ConversationDeleted},
    status_code=200,
    operation_id="deleteConversation",
    summary="Delete a conversation",
    tags=["Conversations"],
)
async def delete_conversation(request: Request[Any, Any, Any], conversation_id: str) -> ASGIApp:
    """Forget a conversation and its items; responses keep their own."""
    state = house_of(request).state
    if not await state.conversations.delete(key_of(request).project, conversation_id, now=state.now()):
        raise conversation_missing()
    return json_answer(wire.ConversationDeleted(conversation_id))


@post(
    "/conversations/{conversation_id:str}/items",
    opt={
        "scope": "conversations",
        "body": wire.CreateItems,
        "query": wire.ItemQuery,
        "answer": wire.ItemList,
    },
    status_code=200,
    operation_id="createConversationItems",
    summary="Add items to a conversation",
    tags=["Conversations"],
)
async def create_items(request: Request[Any, Any, Any], conversation_id: str) -> ASGIApp:
    """Add items at the end of a conversation."""
    require_json(request)
    include = include_of(request)
    asked = decode(await request.body(), _items)
    house, key = house_of(request), key_of(request)
    await _find(request, conversation_id)
    _allow_storing(house, key)
    items = await _read_new(house, key, asked.items)
    if not items:
        raise InvalidRequest("items must hold at least one item that can be used.", param="items")
    state = house.state
    if not await state.conversations.add(key.project, conversation_id, items, now=state.now()):
        raise conversation_missing()
    return json_answer(kept_items(items, include=include, has_more=False))


@get(
    "/conversations/{conversation_id:str}/items",
    opt={"scope": "conversations", "query": wire.ListItems, "answer": wire.ItemList},
    operation_id="listConversationItems",
    summary="List the items of a conversation",
    tags=["Conversations"],
)
async def list_items(request: Request[Any, Any, Any], conversation_id: str) -> ASGIApp:
    """The items of a conversation, newest first unless asked otherwise."""
    include = include_of(request)
    asked = page_of(request, default=DEFAULT_PAGE, most=MAX_PAGE)
    found = await _find(request, conversation_id)
    page = await house_of(request).state.conversations.items(
        found.project, found.id, order=asked.order, limit=asked.limit, after=asked.after
    )
    if page is None:
        raise item_missing("after")
    return json_answer(kept_items(page.items, include=include, has_more=page.has_more))


@get(
    "/conversations/{conversation_id:str}/items/{item_id:str}",
    opt={"scope": "conversations", "query": wire.ItemQuery, "answer": wire.KeptItem},
    operation_id="getConversationItem",
    summary="Show an item of a conversation",
    tags=["Conversations"],
)
async def retrieve_item(request: Request[Any, Any, Any], conversation_id: str, item_id: str) -> ASGIApp:
    """One item of a conversation."""
    include = include_of(request)
    found = await _find(request, conversation_id)
    item = await house_of(request).state.conversations.item(found.project, found.id, item_id)
    if item is None:
        raise item_missing()
    return json_answer(kept_item(item, include=include))


@delete(
    "/conversations/{conversation_id:str}/items/{item_id:str}",
    opt={"scope": "conversations", "answer": wire.Conversation},
    status_code=200,
    operation_id="deleteConversationItem",
    summary="Take an item out of a conversation",
    tags=["Conversations"],
)
async def delete_item(request: Request[Any, Any, Any], conversation_id: str, item_id: str) -> ASGIApp:
    """Take one item out; the answer is the conversation."""
    found = await _find(request, conversation_id)
    state = house_of(request).state
    if not await state.conversations.remove(found.project, found.id, item_id, now=state.now()):
        raise item_missing()
    return json_answer(_to_wire(found))


def conversation_missing() -> NotFound:
    """No such conversation for this key."""
    return NotFound("No such conversation is stored here.", param="conversation_id")


async def _find(request: Request[Any, Any, Any], id: str) -> Conversation:
    found = await house_of(request).state.conversations.get(key_of(request).project, id)
    if found is None:
        raise conversation_missing()
    return found


async def _body_or(request: Request[Any, Any, Any], decoder: msgspec.json.Decoder[T], default: T) -> T:
    """The body, which may be left out altogether."""
    body = await request.body()
    if not body:
        return default
    require_json(request)
    return decode(body, decoder)


def _allow_storing(house: House, key: KeyRecord) -> None:
    if not house.keeps_content(key):
        raise PermissionDenied("This project does not allow conversations to be stored.")


async def _read_new(house: House, key: KeyRecord, raws: list[msgspec.Raw]) -> tuple[Item, ...]:
    """Read items to add. What cannot be used is refused: nobody would be there to read a warning."""
    if len(raws) > wire.MOST_NEW_ITEMS:
        raise InvalidRequest(
            f"items may have at most {wire.MOST_NEW_ITEMS} entries; it has {len(raws)}.", param="items"
        )
    read = read_items(raws, param="items", new_id=new_id, warn=_refuse)
    state = house.state
    found = await state.items.find(key.project, [reference.id for reference in read.references])
    items = with_summaries(read.items, read.summaries, compactions=state.compactions, project=key.project)
    return with_references(items, read.references, found)


def _refuse(warning: str) -> None:
    raise InvalidRequest(warning, param=warning.partition(":")[0])


def _to_wire(conversation: Conversation) -> wire.Conversation:
    return wire.Conversation(conversation.id, conversation.created_at, conversation.metadata)
