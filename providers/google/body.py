"""The request we write, field by field.

Source: https://ai.google.dev/api/generate-content#method:-models.streamgeneratecontent (v1beta).
"""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Raw, Struct, UnsetType


class InlineData(Struct, frozen=True, rename="camel"):
    mime_type: str
    data: str
    """Base64."""


class FileData(Struct, frozen=True, rename="camel", omit_defaults=True):
    file_uri: str
    mime_type: str | UnsetType = UNSET


class FunctionCall(Struct, frozen=True, omit_defaults=True):
    id: str
    name: str
    args: Raw


class FunctionResponse(Struct, frozen=True, omit_defaults=True):
    id: str
    name: str
    response: dict[str, str]
    parts: tuple[Part, ...] = ()


class Part(Struct, frozen=True, rename="camel", omit_defaults=True):
    text: str | UnsetType = UNSET
    inline_data: InlineData | UnsetType = UNSET
    file_data: FileData | UnsetType = UNSET
    function_call: FunctionCall | UnsetType = UNSET
    function_response: FunctionResponse | UnsetType = UNSET
    thought_signature: str | UnsetType = UNSET


class Content(Struct, frozen=True):
    role: Literal["user", "model"]
    parts: tuple[Part, ...]


class SystemInstruction(Struct, frozen=True):
    parts: tuple[Part, ...]


class FunctionDeclaration(Struct, frozen=True, rename="camel", omit_defaults=True):
    name: str
    description: str | UnsetType = UNSET
    parameters_json_schema: Raw | UnsetType = UNSET


class GoogleSearch(Struct, frozen=True):
    """The provider searches the web."""


class Tools(Struct, frozen=True, rename="camel", omit_defaults=True):
    function_declarations: tuple[FunctionDeclaration, ...] = ()
    google_search: GoogleSearch | UnsetType = UNSET


class FunctionCallingConfig(Struct, frozen=True, rename="camel", omit_defaults=True):
    mode: Literal["AUTO", "ANY", "NONE"]
    allowed_function_names: tuple[str, ...] = ()


class ToolConfig(Struct, frozen=True, rename="camel"):
    function_calling_config: FunctionCallingConfig


class ThinkingConfig(Struct, frozen=True, rename="camel", omit_defaults=True):
    include_thoughts: bool = False
    thinking_budget: int | UnsetType = UNSET
    thinking_level: str | UnsetType = UNSET


class GenerationConfig(Struct, frozen=True, rename="camel", omit_defaults=True):
    temperature: float | None = None
    top_p: float | None = None
    max_output_tokens: int | None = None
    stop_sequences: tuple[str, ...] = ()
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    response_mime_type: str | None = None
    response_json_schema: Raw | UnsetType = UNSET
    response_logprobs: bool | None = None
    logprobs: int | None = None
    thinking_config: ThinkingConfig | None = None


class Body(Struct, frozen=True, rename="camel", omit_defaults=True):
    contents: tuple[Content, ...]
    system_instruction: SystemInstruction | None = None
    tools: tuple[Tools, ...] = ()
    tool_config: ToolConfig | None = None
    generation_config: GenerationConfig = GenerationConfig()
    service_tier: str | None = None
