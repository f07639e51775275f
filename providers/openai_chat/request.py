"""The request body of the Chat Completions wire: every field we can write.

https://platform.openai.com/docs/api-reference/chat/create
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import UNSET, Raw, Struct, UnsetType


class TextPart(Struct, frozen=True, tag="text"):
    text: str


class ImageUrl(Struct, frozen=True, omit_defaults=True):
    url: str
    detail: str | None = None


class ImagePart(Struct, frozen=True, tag="image_url"):
    image_url: ImageUrl


class AudioData(Struct, frozen=True):
    data: str
    format: str


class AudioPart(Struct, frozen=True, tag="input_audio"):
    input_audio: AudioData


class FileData(Struct, frozen=True, omit_defaults=True):
    file_data: str | None = None
    file_id: str | None = None
    filename: str | None = None


class FilePart(Struct, frozen=True, tag="file"):
    file: FileData


class VideoUrl(Struct, frozen=True):
    url: str


class VideoPart(Struct, frozen=True, tag="video_url"):
    video_url: VideoUrl


ContentPart: TypeAlias = TextPart | ImagePart | AudioPart | FilePart | VideoPart


class CalledFunction(Struct, frozen=True):
    name: str
    arguments: str


class ToolCall(Struct, frozen=True, tag="function"):
    id: str
    function: CalledFunction


class ChatMessage(Struct, frozen=True, omit_defaults=True):
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: str | tuple[ContentPart, ...] | UnsetType | None = UNSET
    name: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None


class FunctionSpec(Struct, frozen=True, omit_defaults=True):
    name: str
    description: str | None = None
    parameters: Raw | UnsetType = UNSET
    strict: bool | None = None


class FunctionTool(Struct, frozen=True, tag="function"):
    function: FunctionSpec


class FunctionName(Struct, frozen=True):
    name: str


class NamedFunction(Struct, frozen=True, tag="function"):
    function: FunctionName


class AllowedTools(Struct, frozen=True):
    mode: Literal["auto", "required"]
    tools: tuple[NamedFunction, ...]


class AllowedToolsChoice(Struct, frozen=True, tag="allowed_tools"):
    allowed_tools: AllowedTools


ToolChoice: TypeAlias = str | NamedFunction | AllowedToolsChoice


class JsonSchema(Struct, frozen=True, omit_defaults=True):
    name: str
    description: str | None = None
    schema: Raw | UnsetType = UNSET
    strict: bool | None = None


class ResponseFormat(Struct, frozen=True, omit_defaults=True):
    type: str
    json_schema: JsonSchema | None = None


class StreamOptions(Struct, frozen=True):
    include_usage: bool


class ChatRequest(Struct, frozen=True, omit_defaults=True):
    model: str
    messages: tuple[()]
    """They are written by themselves, and put here."""
    stream: bool
    stream_options: StreamOptions | None = None
    tools: tuple[FunctionTool, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    max_tokens: int | None = None
    max_completion_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    stop: tuple[str, ...] | None = None
    seed: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: dict[str, float] | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
    response_format: ResponseFormat | None = None
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    safety_identifier: str | None = None
