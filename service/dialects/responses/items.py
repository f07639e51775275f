"""Input items of a request, as neutral items: messages, calls and their results, reasoning, receipts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, cast

import msgspec
from msgspec import Raw, Struct, structs

from service.dialects.base import NewId
from service.dialects.responses.hosted_items import HOSTED_READERS, id_or_new, status_of
from service.dialects.responses.limits import MAX_CALL_ID, MAX_ITEMS, MAX_TEXT, bounded
from service.dialects.responses.parts import file_places, read_content
from service.dialects.responses.reasoning import is_ours, unseal
from service.dialects.responses.searches import read_search_call
from service.dialects.responses.spelling import plain_name
from service.dialects.validation import at_most, decode_part, name_of_tool, required, shown
from specs.errors import InvalidRequest
from specs.items import (
    ApprovalResponse,
    Compaction,
    FunctionCall,
    FunctionResult,
    Item,
    Message,
    Reasoning,
    Summary,
    Text,
    Thought,
)
from specs.openai.response_items import (
    CompactionParam,
    CustomToolCallParam,
    FunctionCallOutputParam,
    FunctionCallParam,
    MessageParam,
    ReasoningParam,
)
from specs.requests import ApprovalPlace, FilePlace
from specs.state import SEALED_SUMMARY, Reference, ResultPlace, SealedSummary


class Said(MessageParam, frozen=True):
    """An item that is a message, whether or not it says so."""

    type: Literal["message"] | None = None


class _Head(Struct, frozen=True):
    type: str | None = None
    role: str | None = None
    id: str | None = None


_head = msgspec.json.Decoder(_Head)
_message = msgspec.json.Decoder(MessageParam)
_call = msgspec.json.Decoder(FunctionCallParam)
_custom_call = msgspec.json.Decoder(CustomToolCallParam)
_output = msgspec.json.Decoder(FunctionCallOutputParam)
_reasoning = msgspec.json.Decoder(ReasoningParam)
_compaction = msgspec.json.Decoder(CompactionParam)

Warn = Callable[[str], None]
"""Takes a sentence naming what was left out."""


class Input(Struct, frozen=True):
    """What was read of `input`."""

    items: tuple[Item, ...]
    references: tuple[Reference, ...] = ()
    results: tuple[ResultPlace, ...] = ()
    files: tuple[FilePlace, ...] = ()
    summaries: tuple[SealedSummary, ...] = ()
    approvals: tuple[ApprovalPlace, ...] = ()


def read_input(
    value: str | list[Raw] | list[Said] | None, *, new_id: NewId, warn: Warn, goes_on: bool = False
) -> Input:
    """Read `input`: a string is one user message. One that goes on from something may be empty.

    Raises InvalidRequest where it is missing, wrong, or nothing of it can be used.
    """
    if value is None and goes_on:
        return Input(())
    match required(value, param="input"):
        case str(text):
            at_most(text, MAX_TEXT, param="input")
            return Input((Message(new_id("msg"), "user", (Text(text),)),))
        case [Said(), *_] as messages:
            read = _read_messages(cast("list[Said]", messages), param="input", new_id=new_id)
        case list(raws):
            read = read_items(cast("list[Raw]", raws), param="input", new_id=new_id, warn=warn)
    if not (read.items or read.references or goes_on):
        raise InvalidRequest("input must hold at least one item that can be used.", param="input")
    return read


def read_items(raws: list[Raw], *, param: str, new_id: NewId, warn: Warn) -> Input:
    """Read a list of items; those of unknown types are left out with a warning."""
    bounded(raws, MAX_ITEMS, param=param)
    items: list[Item] = []
    references: list[Reference] = []
    results: list[ResultPlace] = []
    files: list[FilePlace] = []
    summaries: list[SealedSummary] = []
    approvals: list[ApprovalPlace] = []
    for index, raw in enumerate(raws):
        place = f"{param}[{index}]"
        match _read_item(raw, place, new_id, warn):
            case Message() as item:
                files += file_places(item.content, param=f"{place}.content")
                items.append(item)
            case None:
                continue
            case str(id):
                references.append(Reference(len(items), id, f"{place}.id"))
                continue
            case Compaction() as item:
                summaries.append(SealedSummary(len(items), f"{place}.encrypted_content"))
                items.append(item)
            case ApprovalResponse() as item:
                approvals.append(ApprovalPlace(item.request, f"{place}.approval_request_id"))
                items.append(item)
            case FunctionResult(call_id=call_id) as item:
                results.append(ResultPlace(call_id, f"{place}.call_id"))
                files += file_places(item.output, param=f"{place}.output")
                items.append(item)
            case item:
                items.append(item)
    return Input(
        tuple(items), tuple(references), tuple(results), tuple(files), tuple(summaries), tuple(approvals)
    )


def _read_messages(wires: list[Said], *, param: str, new_id: NewId) -> Input:
    bounded(wires, MAX_ITEMS, param=param)
    items: list[Item] = []
    files: list[FilePlace] = []
    for index, wire in enumerate(wires):
        place = f"{param}[{index}]"
        item = _message_of(wire, place, new_id)
        if type(wire.content) is not str:
            files += file_places(item.content, param=f"{place}.content")
        items.append(item)
    return Input(tuple(items), files=tuple(files))


def _read_item(raw: Raw, param: str, new_id: NewId, warn: Warn) -> Item | str | None:
    """Read an item, or the id of one that is only referred to."""
    head = decode_part(raw, _head, param=param)
    kind = plain_name(head.type or _kind_without_type(head, param))
    if kind == "item_reference":
        return required(head.id, param=f"{param}.id")
    reader = _READERS.get(kind)
    if reader is None:
        warn(f"{param}: items of type {shown(kind)} cannot be used here; it was left out.")
        return None
    return reader(raw, param, new_id)


def _kind_without_type(head: _Head, param: str) -> str:
    if head.role is not None:
        return "message"
    if head.id is not None:
        return "item_reference"
    raise InvalidRequest(f"Missing required field '{param}.type'.", param=f"{param}.type")


def _read_message(raw: Raw, param: str, new_id: NewId) -> Message:
    return _message_of(decode_part(raw, _message, param=param), param, new_id)


def _message_of(wire: MessageParam, param: str, new_id: NewId) -> Message:
    if wire.content is None and wire.role != "assistant":
        required(wire.content, param=f"{param}.content")
    return Message(
        id_or_new(wire.id, "msg", new_id),
        wire.role,
        read_content(wire.content or [], param=f"{param}.content"),
        status=status_of(wire.status),
        phase=wire.phase if wire.role == "assistant" else None,
    )


def _read_call(raw: Raw, param: str, new_id: NewId) -> FunctionCall:
    wire = decode_part(raw, _call, param=param)
    return FunctionCall(
        id_or_new(wire.id, "fc", new_id),
        _call_id(wire.call_id, param=f"{param}.call_id"),
        name_of_tool(wire.name, param=f"{param}.name"),
        at_most(wire.arguments, MAX_TEXT, param=f"{param}.arguments") or "",
        status=status_of(wire.status),
    )


def _read_custom_call(raw: Raw, param: str, new_id: NewId) -> FunctionCall:
    wire = decode_part(raw, _custom_call, param=param)
    return FunctionCall(
        id_or_new(wire.id, "ctc", new_id),
        _call_id(wire.call_id, param=f"{param}.call_id"),
        name_of_tool(wire.name, param=f"{param}.name"),
        at_most(wire.input, MAX_TEXT, param=f"{param}.input") or "",
        status=status_of(wire.status),
        custom=True,
    )


def _read_custom_output(raw: Raw, param: str, new_id: NewId) -> FunctionResult:
    return structs.replace(_read_output(raw, param, new_id), custom=True)


def _read_output(raw: Raw, param: str, new_id: NewId) -> FunctionResult:
    wire = decode_part(raw, _output, param=param)
    return FunctionResult(
        id_or_new(wire.id, "fco", new_id),
        _call_id(wire.call_id, param=f"{param}.call_id"),
        read_content(wire.output, param=f"{param}.output"),
        status=status_of(wire.status),
    )


def _read_reasoning(raw: Raw, param: str, new_id: NewId) -> Reasoning:
    wire = decode_part(raw, _reasoning, param=param)
    id = id_or_new(wire.id, "rs", new_id)
    sealed = at_most(wire.encrypted_content, MAX_TEXT, param=f"{param}.encrypted_content")
    if sealed and is_ours(sealed):
        return unseal(sealed, id=id)
    shown_parts = (
        *(Summary(part.text) for part in wire.summary or ()),
        *(Thought(part.text) for part in wire.content or ()),
    )
    foreign = unseal(sealed, id=id).content if sealed else ()
    return Reasoning(id, (*shown_parts, *foreign), status=status_of(wire.status))


def _read_compaction(raw: Raw, param: str, new_id: NewId) -> Compaction:
    """Only its beginning can be judged here: opening it takes the key."""
    wire = decode_part(raw, _compaction, param=param)
    place = f"{param}.encrypted_content"
    at_most(wire.encrypted_content, MAX_TEXT, param=place)
    if not wire.encrypted_content.startswith(SEALED_SUMMARY):
        raise InvalidRequest(f"{place} was not issued by this server and cannot be opened.", param=place)
    return Compaction(id_or_new(wire.id, "cmp", new_id), wire.encrypted_content)


_READERS: dict[str, Callable[[Raw, str, NewId], Item]] = {
    "message": _read_message,
    "function_call": _read_call,
    "function_call_output": _read_output,
    "custom_tool_call": _read_custom_call,
    "custom_tool_call_output": _read_custom_output,
    "reasoning": _read_reasoning,
    **HOSTED_READERS,
    "web_search_call": read_search_call,
    "compaction": _read_compaction,
}


def _call_id(value: str, *, param: str) -> str:
    if not value:
        raise InvalidRequest(f"{param} must have 1 to {MAX_CALL_ID} characters; it has 0.", param=param)
    return at_most(value, MAX_CALL_ID, param=param) or ""
