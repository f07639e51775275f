"""What is written to a Responses API: the body of `POST /responses`, typed.

Source: the API reference of OpenAI (openai-python 3.52). Absent fields are left out, never null.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import UNSET, Raw, Struct, UnsetType


class InputText(Struct, frozen=True, tag_field="type", tag="input_text"):
    text: str


class InputImage(Struct, frozen=True, tag_field="type", tag="input_image", omit_defaults=True):
    detail: str
    image_url: str | None = None
    file_id: str | None = None


class InputFile(Struct, frozen=True, tag_field="type", tag="input_file", omit_defaults=True):
    file_data: str | None = None
    """A `data:` URL."""
    file_url: str | None = None
    file_id: str | None = None
    filename: str | None = None


class OutputText(Struct, frozen=True, tag_field="type", tag="output_text"):
    text: str
    annotations: tuple[()] = ()
    """Always empty: citations are for readers, and name files of whoever made them."""


class RefusalText(Struct, frozen=True, tag_field="type", tag="refusal"):
    refusal: str


InputPart: TypeAlias = InputText | InputImage | InputFile
OutputPart: TypeAlias = OutputText | RefusalText


class InputMessage(Struct, frozen=True, tag_field="type", tag="message", omit_defaults=True):
    role: str
    content: tuple[InputPart, ...] | tuple[OutputPart, ...]
    phase: str | None = None


class SummaryText(Struct, frozen=True, tag_field="type", tag="summary_text"):
    text: str


class ReasoningText(Struct, frozen=True, tag_field="type", tag="reasoning_text"):
    text: str


class InputReasoning(Struct, frozen=True, tag_field="type", tag="reasoning", omit_defaults=True):
    summary: tuple[SummaryText, ...]
    """Required, also when empty."""
    id: str | None = None
    content: tuple[ReasoningText, ...] = ()
    encrypted_content: str | None = None


class InputCall(Struct, frozen=True, tag_field="type", tag="function_call"):
    call_id: str
    name: str
    arguments: str


class InputCallOutput(Struct, frozen=True, tag_field="type", tag="function_call_output"):
    call_id: str
    output: str | tuple[InputPart, ...]


class InputCustomCall(Struct, frozen=True, tag_field="type", tag="custom_tool_call"):
    call_id: str
    name: str
    input: str


class InputCustomCallOutput(Struct, frozen=True, tag_field="type", tag="custom_tool_call_output"):
    call_id: str
    output: str | tuple[InputPart, ...]


InputItem: TypeAlias = (
    InputMessage
    | InputReasoning
    | InputCall
    | InputCallOutput
    | InputCustomCall
    | InputCustomCallOutput
    | Raw
)
"""Raw is what the provider has said itself, said to it again."""


class Function(Struct, frozen=True, tag_field="type", tag="function", omit_defaults=True):
    name: str
    parameters: Raw
    strict: bool
    """Always said: the API takes an absent one as true, which not every schema can satisfy."""
    description: str | None = None


class Grammar(Struct, frozen=True, tag_field="type", tag="grammar"):
    syntax: str
    definition: str


class Custom(Struct, frozen=True, tag_field="type", tag="custom", omit_defaults=True):
    """A tool that takes free text; without a format, any."""

    name: str
    description: str | None = None
    format: Grammar | None = None


class SearchFilters(Struct, frozen=True):
    allowed_domains: tuple[str, ...]


class SearchPlace(Struct, frozen=True, omit_defaults=True, tag_field="type", tag="approximate"):
    city: str | None = None
    country: str | None = None
    region: str | None = None
    timezone: str | None = None


class Search(Struct, frozen=True, tag_field="type", tag="web_search", omit_defaults=True):
    """The provider searches the web."""

    filters: SearchFilters | None = None
    search_context_size: str | None = None
    user_location: SearchPlace | None = None


class SearchChosen(Struct, frozen=True, tag_field="type", tag="web_search"):
    """That it has to."""


class FunctionName(Struct, frozen=True, tag_field="type", tag="function"):
    name: str


class CustomName(Struct, frozen=True, tag_field="type", tag="custom"):
    name: str


class AllowedTools(Struct, frozen=True, tag_field="type", tag="allowed_tools"):
    mode: str
    tools: tuple[FunctionName | CustomName | SearchChosen, ...]


ToolChoice: TypeAlias = (
    Literal["none", "auto", "required"] | FunctionName | CustomName | SearchChosen | AllowedTools
)


class TextFormat(Struct, frozen=True, omit_defaults=True):
    type: str
    name: str | None = None
    description: str | None = None
    schema: Raw | UnsetType = UNSET
    strict: bool | None = None


class TextOptions(Struct, frozen=True, omit_defaults=True):
    format: TextFormat | None = None
    verbosity: str | None = None


class ReasoningOptions(Struct, frozen=True, omit_defaults=True):
    effort: str | None = None
    summary: str | None = None


class Body(Struct, frozen=True, omit_defaults=True):
    model: str
    input: tuple[()]
    """It is written by itself, and put here."""
    stream: bool
    store: bool
    instructions: str | None = None
    tools: tuple[Function | Custom | Search, ...] = ()
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    max_tool_calls: int | None = None
    """Of the provider's own tools."""
    include: tuple[str, ...] = ()
    reasoning: ReasoningOptions | None = None
    text: TextOptions | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_logprobs: int | None = None
    max_output_tokens: int | None = None
    service_tier: str | None = None
    prompt_cache_key: str | None = None
    safety_identifier: str | None = None
