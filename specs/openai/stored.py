"""What is kept, as the Responses and Conversations APIs show it: items as they were given, lists in
pages, conversations.

https://platform.openai.com/docs/api-reference/conversations
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from specs.openai.marks import METADATA, listed, shaped, sized
from specs.openai.response_items import (
    AudioData,
    CompactionItem,
    CustomToolCallItem,
    CustomToolCallOutputItem,
    FunctionCallItem,
    InputText,
    ItemStatus,
    McpApprovalRequestItem,
    McpApprovalResponseItem,
    McpCallItem,
    McpListToolsItem,
    OutputText,
    Phase,
    ReasoningItem,
    RefusalPart,
)
from specs.openai.responses import INCLUDABLE
from specs.openai.search_tools import SearchCallItem

MOST_NEW_ITEMS = 20
"""Items that one request may put into a conversation."""
NewItems: TypeAlias = Annotated[
    list[Annotated[Raw, shaped("InputItem")]], Meta(extra_json_schema={"maxItems": MOST_NEW_ITEMS})
]


class KeptImage(Struct, frozen=True, tag_field="type", tag="input_image"):
    detail: str
    image_url: str | UnsetType = UNSET
    file_id: str | UnsetType = UNSET


class KeptFile(Struct, frozen=True, tag_field="type", tag="input_file"):
    file_data: str | UnsetType = UNSET
    file_url: str | UnsetType = UNSET
    file_id: str | UnsetType = UNSET
    filename: str | UnsetType = UNSET


class KeptVideo(Struct, frozen=True, tag_field="type", tag="input_video"):
    video_url: str


class KeptAudio(Struct, frozen=True, tag_field="type", tag="input_audio"):
    input_audio: AudioData


KeptPart: TypeAlias = InputText | OutputText | RefusalPart | KeptImage | KeptFile | KeptVideo | KeptAudio


class KeptMessage(Struct, frozen=True, tag_field="type", tag="message"):
    id: str
    status: ItemStatus
    role: Literal["user", "assistant", "system", "developer"]
    content: tuple[KeptPart, ...]
    phase: Phase | UnsetType = UNSET
    """Absent rather than null."""


class KeptFunctionOutput(Struct, frozen=True, tag_field="type", tag="function_call_output"):
    id: str
    call_id: str
    output: str | tuple[KeptPart, ...]
    status: ItemStatus


KeptItem: TypeAlias = (
    KeptMessage
    | FunctionCallItem
    | KeptFunctionOutput
    | CustomToolCallItem
    | CustomToolCallOutputItem
    | ReasoningItem
    | McpCallItem
    | McpListToolsItem
    | McpApprovalRequestItem
    | McpApprovalResponseItem
    | SearchCallItem
    | CompactionItem
)


class ItemList(Struct, frozen=True):
    """A page of items; `first_id` and `last_id` are empty where it is."""

    data: tuple[KeptItem, ...]
    first_id: str
    last_id: str
    has_more: bool
    object: Literal["list"] = "list"


class ResponseDeleted(Struct, frozen=True):
    id: str
    object: Literal["response"] = "response"
    deleted: bool = True


class ItemQuery(Struct, frozen=True):
    """The query of requests that are answered with items."""

    include: list[Annotated[str, INCLUDABLE]] | UnsetType = UNSET
    """What else to show; written `include[]` or `include`."""


class ResponseQuery(Struct, frozen=True):
    """The query of `GET /v1/responses/{id}`."""

    include: list[Annotated[str, INCLUDABLE]] | UnsetType = UNSET
    """What else to show; written `include[]` or `include`."""
    stream: bool = False
    """Send the events of a response made in the background, all of them and then live."""
    starting_after: Annotated[int, Meta(ge=0)] | UnsetType = UNSET
    """With `stream`: only the events after this sequence number."""
    include_obfuscation: bool | UnsetType = UNSET
    """With `stream`: whether deltas are padded; left out, as the response was made."""


class ListItems(Struct, frozen=True):
    """The query of a list of items."""

    after: str | UnsetType = UNSET
    """The id of the last item of the page before."""
    limit: Annotated[int, Meta(ge=1, le=100)] = 20
    order: Literal["asc", "desc"] = "desc"
    """From the oldest on, or from the newest back."""
    include: list[Annotated[str, INCLUDABLE]] | UnsetType = UNSET
    """What else to show; written `include[]` or `include`."""


class Conversation(Struct, frozen=True):
    id: str
    created_at: int
    metadata: dict[str, str]
    object: Literal["conversation"] = "conversation"


class ConversationDeleted(Struct, frozen=True):
    id: str
    object: Literal["conversation.deleted"] = "conversation.deleted"
    deleted: bool = True


class CreateConversation(Struct, frozen=True):
    """The body of `POST /v1/conversations`; it may be left out."""

    items: NewItems | None = None
    """What the conversation begins with."""
    metadata: Annotated[dict[str, Annotated[str, sized(0, 512)]], METADATA] | None = None


class UpdateConversation(Struct, frozen=True):
    """The body of `POST /v1/conversations/{id}`."""

    metadata: Annotated[dict[str, Annotated[str, sized(0, 512)]], METADATA] | None
    """Replaces the metadata; null empties it."""


class CreateItems(Struct, frozen=True):
    """The body of `POST /v1/conversations/{id}/items`."""

    items: Annotated[list[Annotated[Raw, shaped("InputItem")]], listed(1, MOST_NEW_ITEMS)]
