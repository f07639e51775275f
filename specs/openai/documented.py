"""How requests read in the OpenAPI document where what is decoded is wider: one type a kind of
message, part, item, tool and choice. Nothing is decoded with these."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct, UnsetType

from specs.openai import chat, mcp_tools, responses
from specs.openai.marks import TOOL_NAME, listed, sized, words
from specs.openai.response_items import (
    CustomToolCallParam,
    FunctionCallParam,
    InputAudio,
    InputText,
    InputVideo,
    McpApprovalRequestParam,
    McpApprovalResponseParam,
    McpCallParam,
    McpListToolsParam,
    OutputTextParam,
    Phase,
    ReasoningParam,
    RefusalPart,
)
from specs.openai.search_tools import SEARCH_TYPES, SearchCallParam, SearchToolParam


class TextPart(Struct, frozen=True, tag_field="type", tag="text"):
    text: str


class ImagePart(Struct, frozen=True, tag_field="type", tag="image_url"):
    image_url: chat.ImageUrl


class AudioPart(Struct, frozen=True, tag_field="type", tag="input_audio"):
    input_audio: chat.InputAudio


class FilePart(Struct, frozen=True, tag_field="type", tag="file"):
    file: Annotated[
        SentFile,
        Meta(extra_json_schema={"oneOf": [{"required": ["file_data"]}, {"required": ["file_id"]}]}),
    ]


class SentFile(Struct, frozen=True):
    file_data: str | UnsetType = UNSET
    """Base64, bare or as a `data:` URL."""
    file_id: str | UnsetType = UNSET
    """A file stored here."""
    filename: str | None = None


class VideoPart(Struct, frozen=True, tag_field="type", tag="video_url"):
    video_url: chat.VideoUrl


class ChatRefusalPart(Struct, frozen=True, tag_field="type", tag="refusal"):
    refusal: str


class SystemMessage(Struct, frozen=True, tag_field="role", tag="system"):
    """Instructions by the application."""

    content: str | Annotated[list[TextPart], listed(1, 8_192)]
    name: str | None = None


class DeveloperMessage(SystemMessage, frozen=True, tag_field="role", tag="developer"):
    """The newer name of a system message."""


class UserMessage(Struct, frozen=True, tag_field="role", tag="user"):
    """What the user says and shows."""

    content: str | Annotated[list[TextPart | ImagePart | AudioPart | FilePart | VideoPart], listed(1, 8_192)]
    name: str | None = None


class AssistantMessage(Struct, frozen=True, tag_field="role", tag="assistant"):
    """An earlier answer, sent back."""

    content: str | list[TextPart | ChatRefusalPart] | None = None
    name: str | None = None
    refusal: str | None = None
    tool_calls: list[FunctionToolCall | CustomToolCall] | None = None
    reasoning_content: str | None = None
    """Raw reasoning, as compatible servers take it back."""
    function_call: chat.CalledFunction | None = None
    """The older form of `tool_calls`."""


class FunctionToolCall(Struct, frozen=True, tag_field="type", tag="function"):
    id: str
    function: chat.CalledFunction


class CustomToolCall(Struct, frozen=True, tag_field="type", tag="custom"):
    """A call of a custom tool: free text."""

    id: str
    custom: chat.CalledCustom


class ToolMessage(Struct, frozen=True, tag_field="role", tag="tool"):
    """What a tool gave back."""

    tool_call_id: str
    """The id of a call of an earlier assistant message."""
    content: str | list[TextPart | ImagePart | FilePart] | None = None


class FunctionMessage(Struct, frozen=True, tag_field="role", tag="function"):
    """The older form of a tool's message."""

    name: str
    """The name in an earlier assistant message's `function_call`."""
    content: str | list[TextPart] | None = None


class ChatTool(Struct, frozen=True, tag_field="type", tag="function"):
    """A function that the caller runs."""

    function: chat.Function


class ChatCustomTool(Struct, frozen=True, tag_field="type", tag="custom"):
    """A tool of the caller's that takes free text."""

    custom: chat.CustomSpec


class ChatCustomChoice(Struct, frozen=True, tag_field="type", tag="custom"):
    """Call this custom tool."""

    custom: chat.FunctionName


class OtherTool(Struct, frozen=True):
    """A tool of any other type: it is left out, with a warning."""

    type: Annotated[str, words("web_search", "file_search", "code_interpreter", "mcp")]


class ChatNamedChoice(Struct, frozen=True, tag_field="type", tag="function"):
    """Call this function."""

    function: chat.FunctionName


class ChatAllowedChoice(Struct, frozen=True, tag_field="type", tag="allowed_tools"):
    """Choose among these."""

    allowed_tools: AllowedFunctions


class AllowedFunctions(Struct, frozen=True):
    mode: Literal["auto", "required"]
    tools: Annotated[list[ChatNamedChoice | ChatCustomChoice], listed(1, 128)]


class InputMessage(Struct, frozen=True):
    """A message; its `type` may be left out."""

    role: Literal["user", "assistant", "system", "developer"]
    content: str | list[InputPart]
    id: str | None = None
    status: str | None = None
    phase: Phase | None = None
    type: Literal["message"] | UnsetType = UNSET


class InputFunctionCall(FunctionCallParam, frozen=True, tag_field="type", tag="function_call"):
    """A call the assistant made, sent back."""


class InputFunctionCallOutput(Struct, frozen=True, tag_field="type", tag="function_call_output"):
    """What a function gave back."""

    call_id: Annotated[str, sized(1, 64)]
    """Of an earlier call."""
    output: str | list[InputPart]
    id: str | None = None
    status: str | None = None


class InputCustomToolCall(CustomToolCallParam, frozen=True, tag_field="type", tag="custom_tool_call"):
    """A call of a custom tool, sent back."""


class InputCustomToolCallOutput(Struct, frozen=True, tag_field="type", tag="custom_tool_call_output"):
    """What a custom tool gave back."""

    call_id: Annotated[str, sized(1, 64)]
    """Of an earlier call."""
    output: str | list[InputPart]
    id: str | None = None
    status: str | None = None


class InputReasoning(ReasoningParam, frozen=True, tag_field="type", tag="reasoning"):
    """Reasoning of an earlier answer, sent back."""


class InputMcpCall(McpCallParam, frozen=True, tag_field="type", tag="mcp_call"):
    """The receipt of a call that the server ran, sent back."""


class InputMcpListTools(McpListToolsParam, frozen=True, tag_field="type", tag="mcp_list_tools"):
    """What a server offered, sent back."""


class InputMcpApprovalRequest(
    McpApprovalRequestParam, frozen=True, tag_field="type", tag="mcp_approval_request"
):
    """A request for approval, sent back."""


class InputMcpApprovalResponse(
    McpApprovalResponseParam, frozen=True, tag_field="type", tag="mcp_approval_response"
):
    """The answer to a request for approval."""


class InputImagePart(Struct, frozen=True, tag_field="type", tag="input_image"):
    image_url: str
    """An https URL or a `data:` URL."""
    detail: Literal["low", "high", "auto", "original"] | None = None


class InputFilePart(Struct, frozen=True, tag_field="type", tag="input_file"):
    file_data: str
    """A `data:` URL, or bare base64. `file_url` may stand in its place."""
    filename: str | None = None


InputPart: TypeAlias = (
    InputText | OutputTextParam | RefusalPart | InputImagePart | InputFilePart | InputVideo | InputAudio
)


class ResponseFunctionTool(responses.FunctionToolParam, frozen=True, tag_field="type", tag="function"):
    """A function that the caller runs."""


class ResponseCustomTool(responses.CustomToolParam, frozen=True, tag_field="type", tag="custom"):
    """A tool of the caller's that takes free text."""


class ResponseMcpTool(mcp_tools.McpToolParam, frozen=True, tag_field="type", tag="mcp"):
    """A server of the Model Context Protocol, whose tools the server runs."""


class OtherResponseTool(Struct, frozen=True):
    """A tool of any other type: it is left out, with a warning."""

    type: Annotated[str, words("file_search", "code_interpreter")]


class ResponseMcpChoice(Struct, frozen=True, tag_field="type", tag="mcp"):
    """Call a tool of this server."""

    server_label: Annotated[str, TOOL_NAME]
    name: str | None = None


class ResponseSearchChoice(Struct, frozen=True):
    """Search the web."""

    type: Annotated[str, words(*SEARCH_TYPES)]


class InputSearchCall(SearchCallParam, frozen=True, tag_field="type", tag="web_search_call"):
    """A search that the server has made, sent back."""


class ResponseCustomChoice(Struct, frozen=True, tag_field="type", tag="custom"):
    """Call this custom tool."""

    name: Annotated[str, TOOL_NAME]


class ResponseNamedChoice(Struct, frozen=True, tag_field="type", tag="function"):
    """Call this function."""

    name: Annotated[str, TOOL_NAME]


class ResponseAllowedChoice(Struct, frozen=True, tag_field="type", tag="allowed_tools"):
    """Choose among these."""

    tools: Annotated[list[ResponseNamedChoice | ResponseCustomChoice | ResponseMcpChoice], listed(1, 128)]
    mode: responses.ChoiceMode = "auto"


COMPONENTS: dict[str, tuple[type[Struct], ...]] = {
    "SentMessage": (
        UserMessage,
        SystemMessage,
        DeveloperMessage,
        AssistantMessage,
        ToolMessage,
        FunctionMessage,
    ),
    "SentTool": (ChatTool, ChatCustomTool, OtherTool),
    "ChosenTool": (ChatNamedChoice, ChatCustomChoice, ChatAllowedChoice),
    "InputItem": (
        InputMessage,
        InputFunctionCall,
        InputFunctionCallOutput,
        InputCustomToolCall,
        InputCustomToolCallOutput,
        InputReasoning,
        InputMcpCall,
        InputMcpListTools,
        InputMcpApprovalRequest,
        InputMcpApprovalResponse,
        InputSearchCall,
    ),
    "ResponseTool": (
        ResponseFunctionTool,
        ResponseCustomTool,
        ResponseMcpTool,
        SearchToolParam,
        OtherResponseTool,
    ),
    "ToolChoiceParam": (
        ResponseNamedChoice,
        ResponseCustomChoice,
        ResponseMcpChoice,
        ResponseSearchChoice,
        ResponseAllowedChoice,
    ),
}
"""Components of the document that are one of several types, by the name fields refer to them with.
They take the place of the wide type of that name."""

REQUIRED: dict[str, tuple[str, ...]] = {"CreateResponse": ("model", "input")}
"""Fields that have to be there although decoding would do without: the dialect refuses by name."""
