"""Input items of the tools that the server runs: receipts of calls, lists of tools, approvals."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Raw, UnsetType

from service.dialects.base import NewId
from service.dialects.responses.limits import MAX_ITEM_ID, MAX_TEXT, MAX_TOOLS, bounded
from service.dialects.validation import at_most, decode_part, free_object, is_given, required
from specs.items import (
    ApprovalRequest,
    ApprovalResponse,
    HostedCall,
    Item,
    ListedTool,
    Status,
    ToolListing,
)
from specs.openai.response_items import (
    ListedMcpToolParam,
    McpApprovalRequestParam,
    McpApprovalResponseParam,
    McpCallParam,
    McpListToolsParam,
    McpToolError,
)

MAX_LABEL = 256
"""Ours, as are those below."""
MAX_NAME = 256
MAX_REASON = 8_192

_receipt = msgspec.json.Decoder(McpCallParam)
_tool_error = msgspec.json.Decoder(McpToolError)
_listing = msgspec.json.Decoder(McpListToolsParam)
_request = msgspec.json.Decoder(McpApprovalRequestParam)
_response = msgspec.json.Decoder(McpApprovalResponseParam)
_NO_ARGUMENTS = Raw(b"{}")


def _read_receipt(raw: Raw, param: str, new_id: NewId) -> HostedCall:
    wire = decode_part(raw, _receipt, param=param)
    id = id_or_new(wire.id, "mcp", new_id)
    return HostedCall(
        id,
        id,
        wire.server_label,
        wire.name,
        wire.arguments,
        output=wire.output,
        error=_error_text(wire),
        status=status_of(wire.status),
        approval=at_most(wire.approval_request_id, MAX_ITEM_ID, param=f"{param}.approval_request_id"),
    )


def _error_text(wire: McpCallParam) -> str | None:
    """The words of an error in our own shape; any other shape is kept as its JSON."""
    if isinstance(wire.error, UnsetType) or not is_given(wire.error):
        return None
    try:
        return "".join(part.text for part in _tool_error.decode(wire.error).content)
    except msgspec.DecodeError:
        return bytes(wire.error).decode()


def _read_listing(raw: Raw, param: str, new_id: NewId) -> ToolListing:
    wire = decode_part(raw, _listing, param=param)
    bounded(wire.tools, MAX_TOOLS, param=f"{param}.tools")
    return ToolListing(
        id_or_new(wire.id, "mcpl", new_id),
        at_most(wire.server_label, MAX_LABEL, param=f"{param}.server_label") or "",
        tuple(_listed(tool, f"{param}.tools[{index}]") for index, tool in enumerate(wire.tools)),
        at_most(wire.error, MAX_TEXT, param=f"{param}.error"),
        status="completed" if wire.error is None else "failed",
    )


def _listed(wire: ListedMcpToolParam, param: str) -> ListedTool:
    schema = free_object(wire.input_schema, param=f"{param}.input_schema")
    return ListedTool(
        at_most(wire.name, MAX_NAME, param=f"{param}.name") or "",
        _NO_ARGUMENTS if isinstance(schema, UnsetType) else schema,
        at_most(wire.description, MAX_TEXT, param=f"{param}.description"),
        free_object(wire.annotations, param=f"{param}.annotations"),
    )


def _read_request(raw: Raw, param: str, new_id: NewId) -> ApprovalRequest:
    """Whether it was asked here is seen where it is answered."""
    wire = decode_part(raw, _request, param=param)
    id = at_most(required(wire.id or None, param=f"{param}.id"), MAX_ITEM_ID, param=f"{param}.id") or ""
    return ApprovalRequest(
        id,
        id,
        at_most(wire.server_label, MAX_LABEL, param=f"{param}.server_label") or "",
        at_most(wire.name, MAX_NAME, param=f"{param}.name") or "",
        at_most(wire.arguments, MAX_TEXT, param=f"{param}.arguments") or "",
    )


def _read_response(raw: Raw, param: str, new_id: NewId) -> ApprovalResponse:
    wire = decode_part(raw, _response, param=param)
    return ApprovalResponse(
        id_or_new(wire.id, "mcpa", new_id),
        required(wire.approval_request_id or None, param=f"{param}.approval_request_id"),
        wire.approve,
        at_most(wire.reason, MAX_REASON, param=f"{param}.reason"),
    )


HOSTED_READERS: dict[str, Callable[[Raw, str, NewId], Item]] = {
    "mcp_call": _read_receipt,
    "mcp_list_tools": _read_listing,
    "mcp_approval_request": _read_request,
    "mcp_approval_response": _read_response,
}
"""By the item's type."""


def id_or_new(id: str | None, prefix: str, new_id: NewId) -> str:
    """The caller's id of an item; one that is empty or too long to be of use is replaced."""
    return id if id and len(id) <= MAX_ITEM_ID else new_id(prefix)


def status_of(status: str | None) -> Status:
    """What an item that is sent back came to."""
    return status if status in ("incomplete", "failed") else "completed"
