"""Input items of a request, as neutral items: messages, calls and their results, reasoning, receipts."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Raw, Struct, structs

from service.dialects.base import NewId
from service.dialects.responses.limits import MAX_CALL_ID, MAX_ITEM_ID, MAX_ITEMS, MAX_TEXT, bounded
from service.dialects.responses.parts import file_places, read_content
from service.dialects.responses.reasoning import is_ours, unseal
from service.dialects.responses.spelling import plain_name
from service.dialects.validation import at_most, decode_part, is_given, name_of_tool, required, shown
from specs.errors import InvalidRequest
from specs.items import (
    Compaction,
    FunctionCall,
    FunctionResult,
    HostedCall,
    Item,
    Message,
    Reasoning,
    Status,
    Summary,
    Text,
    Thought,
)
from specs.openai.response_items import (
    CompactionParam,
    CustomToolCallParam,
    FunctionCallOutputParam,
    FunctionCallParam,
    McpCallParam,
    McpToolError,
    MessageParam,
    ReasoningParam,
)
from specs.requests import FilePlace
from specs.state import SEALED_SUMMARY, Reference, ResultPlace, SealedSummary


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
_receipt = msgspec.json.Decoder(McpCallParam)
_tool_error = msgspec.json.Decoder(McpToolError)

Warn = Callable[[str], None]
"""Takes a sentence naming what was left out."""


class Input(Struct, frozen=True):
    """What was read of `input`."""

    items: tuple[Item, ...]
    references: tuple[Reference, ...] = ()
    results: tuple[ResultPlace, ...] = ()
    files: tuple[FilePlace, ...] = ()
    summaries: tuple[SealedSummary, ...] = ()


def read_input(value: str | list[Raw] | None, *, new_id: NewId, warn: Warn, goes_on: bool = False) -> Input:
    """Read `input`: a string is one user message. One that goes on from something may be empty.

    Raises InvalidRequest where it is missing, wrong, or nothing of it can be used.
    """
    if value is None and goes_on:
        return Input(())
    match required(value, param="input"):
        case str(text):
            at_most(text, MAX_TEXT, param="input")
            return Input((Message(new_id("msg"), "user", (Text(text),)),))
        case list(raws):
            read = read_items(raws, param="input", new_id=new_id, warn=warn)
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
    for index, raw in enumerate(raws):
        place = f"{param}[{index}]"
        match _read_item(raw, place, new_id, warn):
            case None:
                continue
            case str(id):
                references.append(Reference(len(items), id, f"{place}.id"))
                continue
            case Compaction() as item:
                summaries.append(SealedSummary(len(items), f"{place}.encrypted_content"))
                items.append(item)
            case FunctionResult(call_id=call_id) as item:
                results.append(ResultPlace(call_id, f"{place}.call_id"))
                files += file_places(item.output, param=f"{place}.output")
                items.append(item)
            case Message() as item:
                files += file_places(item.content, param=f"{place}.content")
                items.append(item)
            case item:
                items.append(item)
    return Input(tuple(items), tuple(references), tuple(results), tuple(files), tuple(summaries))


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
    wire = decode_part(raw, _message, param=param)
    if wire.content is None and wire.role != "assistant":
        required(wire.content, param=f"{param}.content")
    return Message(
        _id_or_new(wire.id, "msg", new_id),
        wire.role,
        read_content(wire.content or [], param=f"{param}.content"),
        status=_status(wire.status),
        phase=wire.phase if wire.role == "assistant" else None,
    )


def _read_call(raw: Raw, param: str, new_id: NewId) -> FunctionCall:
    wire = decode_part(raw, _call, param=param)
    return FunctionCall(
        _id_or_new(wire.id, "fc", new_id),
        _call_id(wire.call_id, param=f"{param}.call_id"),
        name_of_tool(wire.name, param=f"{param}.name"),
        at_most(wire.arguments, MAX_TEXT, param=f"{param}.arguments") or "",
        status=_status(wire.status),
    )


def _read_custom_call(raw: Raw, param: str, new_id: NewId) -> FunctionCall:
    wire = decode_part(raw, _custom_call, param=param)
    return FunctionCall(
        _id_or_new(wire.id, "ctc", new_id),
        _call_id(wire.call_id, param=f"{param}.call_id"),
        name_of_tool(wire.name, param=f"{param}.name"),
        at_most(wire.input, MAX_TEXT, param=f"{param}.input") or "",
        status=_status(wire.status),
        custom=True,
    )


def _read_custom_output(raw: Raw, param: str, new_id: NewId) -> FunctionResult:
    return structs.replace(_read_output(raw, param, new_id), custom=True)


def _read_output(raw: Raw, param: str, new_id: NewId) -> FunctionResult:
    wire = decode_part(raw, _output, param=param)
    return FunctionResult(
        _id_or_new(wire.id, "fco", new_id),
        _call_id(wire.call_id, param=f"{param}.call_id"),
        read_content(wire.output, param=f"{param}.output"),
        status=_status(wire.status),
    )


def _read_reasoning(raw: Raw, param: str, new_id: NewId) -> Reasoning:
    wire = decode_part(raw, _reasoning, param=param)
    id = _id_or_new(wire.id, "rs", new_id)
    sealed = at_most(wire.encrypted_content, MAX_TEXT, param=f"{param}.encrypted_content")
    if sealed and is_ours(sealed):
        return unseal(sealed, id=id)
    shown_parts = (
        *(Summary(part.text) for part in wire.summary or ()),
        *(Thought(part.text) for part in wire.content or ()),
    )
    foreign = unseal(sealed, id=id).content if sealed else ()
    return Reasoning(id, (*shown_parts, *foreign), status=_status(wire.status))


def _read_receipt(raw: Raw, param: str, new_id: NewId) -> HostedCall:
    wire = decode_part(raw, _receipt, param=param)
    id = _id_or_new(wire.id, "mcp", new_id)
    return HostedCall(
        id,
        id,
        wire.server_label,
        wire.name,
        wire.arguments,
        output=wire.output,
        error=_error_text(wire),
        status=_status(wire.status),
    )


def _error_text(wire: McpCallParam) -> str | None:
    """The words of an error in our own shape; any other shape is kept as its JSON."""
    if isinstance(wire.error, msgspec.UnsetType) or not is_given(wire.error):
        return None
    try:
        return "".join(part.text for part in _tool_error.decode(wire.error).content)
    except msgspec.DecodeError:
        return bytes(wire.error).decode()


def _read_compaction(raw: Raw, param: str, new_id: NewId) -> Compaction:
    """Only its beginning can be judged here: opening it takes the key."""
    wire = decode_part(raw, _compaction, param=param)
    place = f"{param}.encrypted_content"
    at_most(wire.encrypted_content, MAX_TEXT, param=place)
    if not wire.encrypted_content.startswith(SEALED_SUMMARY):
        raise InvalidRequest(f"{place} was not issued by this server and cannot be opened.", param=place)
    return Compaction(_id_or_new(wire.id, "cmp", new_id), wire.encrypted_content)


_READERS: dict[str, Callable[[Raw, str, NewId], Item]] = {
    "message": _read_message,
    "function_call": _read_call,
    "function_call_output": _read_output,
    "custom_tool_call": _read_custom_call,
    "custom_tool_call_output": _read_custom_output,
    "reasoning": _read_reasoning,
    "mcp_call": _read_receipt,
    "compaction": _read_compaction,
}


def _id_or_new(id: str | None, prefix: str, new_id: NewId) -> str:
    """The caller's id of an item; one that is empty or too long to be of use is replaced."""
    return id if id and len(id) <= MAX_ITEM_ID else new_id(prefix)


def _call_id(value: str, *, param: str) -> str:
    if not value:
        raise InvalidRequest(f"{param} must have 1 to {MAX_CALL_ID} characters; it has 0.", param=param)
    return at_most(value, MAX_CALL_ID, param=param) or ""


def _status(status: str | None) -> Status:
    return status if status in ("incomplete", "failed") else "completed"
