"""Chat Completions on the wire: what clients send, and what we promise to answer.

Requests are wide where clients differ (every optional field may be null; a message or part is one
Struct whose `role` or `type` says which fields count), so that reading them stays one pass and an
unknown tool fails nobody. Answers are exact. After OpenAI's OpenAPI document of 2026-08-21.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from msgspec import UNSET, Raw, Struct, UnsetType

from specs.openai.marks import (
    LARGEST,
    METADATA,
    MODEL,
    NOTHING,
    OBJECT,
    OBJECT_OR_NULL,
    OLD,
    TOOL_NAME,
    URL,
    listed,
    sized,
    within,
    words,
)
from specs.openai.search_tools import SearchOptionsParam

FinishReason: TypeAlias = Literal["stop", "length", "tool_calls", "content_filter", "function_call"]


class ImageUrl(Struct, frozen=True):
    url: Annotated[str, URL]
    """An http(s) URL or a `data:` URL."""
    detail: Annotated[str, words("auto", "low", "high", "original")] | None = None


class VideoUrl(Struct, frozen=True):
    url: Annotated[str, URL]


class InputAudio(Struct, frozen=True):
    data: str
    """Base64."""
    format: Annotated[str, words("wav", "mp3")]


class InputFile(Struct, frozen=True):
    file_data: str | None = None
    """Base64, bare or as a `data:` URL."""
    file_id: str | None = None
    filename: str | None = None


class ContentPart(Struct, frozen=True):
    """A part of a message's content; the field named after `type` holds it."""

    type: str
    """`text`, `image_url`, `input_audio`, `file`, `video_url` or `refusal`."""
    text: str | None = None
    image_url: ImageUrl | str | None = None
    input_audio: InputAudio | None = None
    file: InputFile | None = None
    video_url: VideoUrl | None = None
    refusal: str | None = None
    prompt_cache_breakpoint: Raw | UnsetType = UNSET


class CalledFunction(Struct, frozen=True):
    name: str
    arguments: str | None = None
    """JSON text, as the model wrote it."""


class CalledCustom(Struct, frozen=True):
    name: str
    input: str


class SentToolCall(Struct, frozen=True):
    """A call the assistant made earlier, sent back."""

    id: str
    type: str | None = None
    """`function` (also where it is absent) or `custom`."""
    function: CalledFunction | None = None
    custom: CalledCustom | None = None


class SentMessage(Struct, frozen=True):
    """A message of the conversation; `role` says which of the later fields count."""

    role: str
    """`system`, `developer`, `user`, `assistant`, `tool`, or the old `function`."""
    content: str | list[ContentPart] | None = None
    name: str | None = None
    refusal: str | None = None
    tool_calls: list[SentToolCall] | None = None
    tool_call_id: str | None = None
    reasoning_content: str | None = None
    """Raw reasoning sent back with the assistant's message, as compatible servers take it."""
    function_call: CalledFunction | None = None
    audio: Raw | UnsetType = UNSET


class Function(Struct, frozen=True):
    """A function the client runs."""

    name: Annotated[str, TOOL_NAME]
    description: str | None = None
    parameters: Annotated[Raw, OBJECT_OR_NULL] | UnsetType = UNSET
    """JSON Schema of the arguments, at most 256 KiB and 32 levels deep."""
    strict: bool | None = None


class Grammar(Struct, frozen=True):
    definition: Annotated[str, sized(0, 262_144)]
    syntax: Literal["lark", "regex"]


class CustomFormat(Struct, frozen=True):
    type: Literal["text", "grammar"]
    grammar: Grammar | None = None
    """Needed with the type `grammar`."""


class CustomSpec(Struct, frozen=True):
    """A tool that takes free text. Where a provider has none, it goes as a function of one string."""

    name: Annotated[str, TOOL_NAME]
    description: str | None = None
    format: CustomFormat | None = None


class SentTool(Struct, frozen=True):
    """A tool; only functions and custom tools are looked into."""

    type: str | None = None
    """`function`, also where it is absent beside one, or `custom`."""
    function: Raw | UnsetType = UNSET
    custom: Raw | UnsetType = UNSET


class FunctionName(Struct, frozen=True):
    name: Annotated[str, TOOL_NAME]


class AllowedTool(Struct, frozen=True):
    type: str | None = None
    function: FunctionName | None = None
    custom: FunctionName | None = None


class AllowedTools(Struct, frozen=True):
    mode: str
    """`auto` or `required`."""
    tools: list[AllowedTool]


class ChosenTool(Struct, frozen=True):
    """A tool choice that is more than a word."""

    type: str | None = None
    """`function` (also where it is absent beside one), `allowed_tools` or `custom`."""
    function: FunctionName | None = None
    custom: FunctionName | None = None
    allowed_tools: AllowedTools | None = None


class JsonSchema(Struct, frozen=True):
    name: Annotated[str, TOOL_NAME]
    description: str | None = None
    schema: Annotated[Raw, OBJECT_OR_NULL] | UnsetType = UNSET
    """At most 256 KiB and 32 levels deep."""
    strict: bool | None = None


class SentResponseFormat(Struct, frozen=True):
    type: Annotated[str, words("text", "json_object", "json_schema")]
    json_schema: JsonSchema | None = None
    """Needed with the type `json_schema`."""


class StreamOptions(Struct, frozen=True):
    include_usage: bool | None = None
    """Send a last chunk with the usage; the others then carry `usage: null`."""
    include_obfuscation: bool | None = None
    """Only an explicit true adds padding to chunks."""


class ChatRequest(Struct, frozen=True):
    """The body of `POST /v1/chat/completions`. Null is the same as absent; unknown fields are ignored."""

    model: Annotated[str, MODEL]
    """An agent's id or alias."""
    messages: Annotated[list[SentMessage], listed(1, 8_192)]
    frequency_penalty: Annotated[float, within(-2, 2)] | None = None
    logit_bias: dict[str, Annotated[float, within(-100, 100)]] | None = None
    logprobs: bool | None = None
    max_completion_tokens: Annotated[int, within(1, LARGEST)] | None = None
    max_tokens: Annotated[int, within(1, LARGEST), OLD] | None = None
    """The older name of `max_completion_tokens`."""
    metadata: Annotated[dict[str, Annotated[str, sized(0, 512)]], METADATA] | None = None
    modalities: list[Annotated[str, words("text")]] | None = None
    n: Annotated[int, words(1)] | None = None
    """One answer a request."""
    parallel_tool_calls: bool | None = None
    presence_penalty: Annotated[float, within(-2, 2)] | None = None
    prompt_cache_key: str | None = None
    reasoning_effort: (
        Annotated[str, words("none", "minimal", "low", "medium", "high", "xhigh", "max")] | None
    ) = None
    response_format: SentResponseFormat | None = None
    safety_identifier: Annotated[str, sized(0, 64)] | None = None
    seed: Annotated[int, within(-(2**63), 2**63 - 1)] | None = None
    service_tier: Annotated[str, words("auto", "default", "flex", "scale", "priority", "fast")] | None = None
    stop: str | Annotated[list[Annotated[str, sized(1, LARGEST)]], listed(0, 4)] | None = None
    store: Annotated[bool, words(False)] | None = None
    """Answers are not stored."""
    stream: bool | None = None
    """Answer with server-sent events."""
    stream_options: StreamOptions | None = None
    temperature: Annotated[float, within(0, 2)] | None = None
    tool_choice: Annotated[str, words("none", "auto", "required")] | ChosenTool | None = None
    tools: Annotated[list[SentTool], listed(0, 1_024)] | None = None
    top_logprobs: Annotated[int, within(0, 20)] | None = None
    """Needs `logprobs`."""
    top_p: Annotated[float, within(0, 1)] | None = None
    user: Annotated[str, OLD] | None = None
    """The older name of `safety_identifier`."""
    verbosity: Annotated[str, words("low", "medium", "high")] | None = None
    functions: Annotated[list[Function], OLD] | None = None
    """The older form of `tools`; the answer then comes in the older form too."""
    function_call: Annotated[str, words("none", "auto")] | FunctionName | None = None
    """The older form of `tool_choice`."""
    audio: Annotated[Raw, NOTHING] | UnsetType = UNSET
    moderation: Annotated[Raw, NOTHING] | UnsetType = UNSET
    prediction: Annotated[Raw, OBJECT_OR_NULL] | UnsetType = UNSET
    """Not honoured; answered with a warning."""
    prompt_cache_options: Annotated[Raw, OBJECT_OR_NULL] | UnsetType = UNSET
    """Not honoured; answered with a warning."""
    prompt_cache_retention: Raw | UnsetType = UNSET
    """Not honoured; answered with a warning."""
    web_search_options: SearchOptionsParam | None = None
    """That the server may search the web for the model."""


class UrlCitation(Struct, frozen=True):
    start_index: int
    """Counted in characters of the message's whole content."""
    end_index: int
    url: str
    title: str


class Annotation(Struct, frozen=True, tag_field="type", tag="url_citation"):
    url_citation: UrlCitation


class Logprobs(Struct, frozen=True):
    """Log probabilities of the tokens of the content, or of the refusal."""

    content: tuple[Annotated[Raw, OBJECT], ...] | None = None
    refusal: tuple[Annotated[Raw, OBJECT], ...] | None = None


class FunctionCall(Struct, frozen=True):
    name: str
    arguments: str


class ToolCall(Struct, frozen=True, tag_field="type", tag="function"):
    id: str
    function: FunctionCall


class CustomCall(Struct, frozen=True):
    name: str
    input: str


class CustomToolCall(Struct, frozen=True, tag_field="type", tag="custom"):
    id: str
    custom: CustomCall


class AnswerMessage(Struct, frozen=True, tag_field="role", tag="assistant"):
    content: str | None
    """Null where the answer is only calls or a refusal."""
    refusal: str | None
    annotations: tuple[Annotation, ...] = ()
    tool_calls: tuple[ToolCall | CustomToolCall, ...] | UnsetType = UNSET
    function_call: FunctionCall | UnsetType = UNSET
    reasoning_content: str | UnsetType = UNSET


class Choice(Struct, frozen=True):
    index: int
    message: AnswerMessage
    logprobs: Logprobs | None
    finish_reason: FinishReason


class PromptTokensDetails(Struct, frozen=True):
    cached_tokens: int = 0
    audio_tokens: int = 0
    cache_write_tokens: int | UnsetType = UNSET
    """Only where the provider tells."""


class CompletionTokensDetails(Struct, frozen=True):
    reasoning_tokens: int = 0
    audio_tokens: int = 0
    accepted_prediction_tokens: int = 0
    rejected_prediction_tokens: int = 0


class CompletionUsage(Struct, frozen=True):
    """Tokens of the whole run."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokensDetails
    completion_tokens_details: CompletionTokensDetails
    estimated: bool | UnsetType = UNSET
    """True where we counted because the provider did not say; else absent."""


class Completion(Struct, frozen=True, tag_field="object", tag="chat.completion"):
    """A whole answer."""

    id: str
    created: int
    model: str
    choices: tuple[Choice, ...]
    usage: CompletionUsage
    service_tier: str | UnsetType = UNSET


class FunctionCallDelta(Struct, frozen=True, gc=False):
    name: str | UnsetType = UNSET
    arguments: str | UnsetType = UNSET


class CustomCallDelta(Struct, frozen=True, gc=False):
    name: str | UnsetType = UNSET
    input: str | UnsetType = UNSET


class ToolCallDelta(Struct, frozen=True, gc=False):
    """Part of a call; `id`, `type` and the name come in its first chunk only."""

    index: int
    id: str | UnsetType = UNSET
    type: str | UnsetType = UNSET
    function: FunctionCallDelta | UnsetType = UNSET
    custom: CustomCallDelta | UnsetType = UNSET


class ChunkDelta(Struct, frozen=True, gc=False):
    """What a chunk adds; it holds only the keys that grow."""

    role: str | UnsetType = UNSET
    content: str | UnsetType = UNSET
    refusal: str | UnsetType = UNSET
    reasoning_content: str | UnsetType = UNSET
    tool_calls: tuple[ToolCallDelta, ...] | UnsetType = UNSET
    function_call: FunctionCallDelta | UnsetType = UNSET
    annotations: tuple[Annotation, ...] | UnsetType = UNSET


class ChunkChoice(Struct, frozen=True, gc=False):
    index: int
    delta: ChunkDelta
    finish_reason: FinishReason | None = None
    logprobs: Logprobs | UnsetType = UNSET


class Chunk(Struct, frozen=True, gc=False, tag_field="object", tag="chat.completion.chunk"):
    """One event of a streamed answer."""

    id: str
    created: int
    model: str
    choices: tuple[ChunkChoice, ...]
    usage: CompletionUsage | UnsetType | None = UNSET
    """Absent unless asked for; then null in all but the last chunk."""
    service_tier: str | UnsetType = UNSET
    obfuscation: str | UnsetType = UNSET
    """Padding that hides the length of a delta; only where it was asked for."""
