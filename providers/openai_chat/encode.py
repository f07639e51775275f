"""A model request in the words of the Chat Completions wire. Pure."""

from __future__ import annotations

import msgspec
from msgspec import structs

from providers.base import Encoded
from providers.efforts import nearest_effort
from providers.history import Warnings, with_entries, write_all
from providers.openai_chat import request as wire
from providers.openai_chat.messages import MessagesWriting, instructing
from providers.openai_chat.profile import ChatProfile
from specs.requests import FunctionTool, ModelRequest, ResponseFormat, Settings, ToolChoice

SAME_NAME = (
    "temperature",
    "top_p",
    "presence_penalty",
    "frequency_penalty",
    "stop",
    "seed",
    "logprobs",
    "top_logprobs",
    "logit_bias",
    "verbosity",
    "service_tier",
    "prompt_cache_key",
    "safety_identifier",
)
"""Settings that the wire calls as we do."""
WORDLESS = ("reasoning_summary", "thinking_budget")
"""Settings for which the wire has no word."""
NO_EFFECT = {"temperature": 1, "top_p": 1, "presence_penalty": 0, "frequency_penalty": 0, "logprobs": False}
"""Values that say what leaving the setting out says too."""

_NOTHING_SET = Settings()
_encode_json = msgspec.json.Encoder().encode


def encode(request: ModelRequest, *, profile: ChatProfile, origin: str) -> Encoded:
    """Write the request body. `origin` is where reasoning must come from to be sent back."""
    warnings: Warnings = []
    settings = _honoured(request.settings, profile, warnings)
    cap = settings.max_output_tokens
    messages = write_all(
        request.items,
        MessagesWriting(profile, origin),
        warnings,
        first=instructing(request.instructions, profile),
    )
    tools = tuple(_tool(tool) for tool in request.tools)
    body = wire.ChatRequest(
        model=request.model,
        messages=(),
        stream=True,
        stream_options=wire.StreamOptions(include_usage=True) if profile.usage_option else None,
        tools=tools,
        tool_choice=_tool_choice(request.tool_choice, profile, warnings) if tools else None,
        parallel_tool_calls=settings.parallel_tool_calls if tools else None,
        max_tokens=cap if profile.cap_field == "max_tokens" else None,
        max_completion_tokens=cap if profile.cap_field == "max_completion_tokens" else None,
        reasoning_effort=_effort(settings, profile, warnings),
        response_format=_response_format(settings.response_format, profile, warnings),
        **{name: getattr(settings, name) for name in SAME_NAME},
    )
    return Encoded(with_entries(_encode_json(body), b"messages", messages), tuple(warnings))


def _honoured(settings: Settings, profile: ChatProfile, warnings: Warnings) -> Settings:
    """The settings without those the server or the model does not take, each told."""
    if settings == _NOTHING_SET:
        return settings
    free = profile.free_without_effort and settings.reasoning_effort == "none"
    dropped = {}
    for name in settings.__struct_fields__:
        value = getattr(settings, name)
        if value is None:
            continue
        if name in WORDLESS or name in profile.unsupported:
            why = f"{name} is left out: this model's provider has no such setting."
        elif name in profile.refused and not free:
            why = f"{name} is left out: this model does not take it."
        else:
            continue
        dropped[name] = None
        if NO_EFFECT.get(name, ...) != value:
            warnings.append((name, why))
    return structs.replace(settings, **dropped)


def _effort(settings: Settings, profile: ChatProfile, warnings: Warnings) -> str | None:
    """The effort asked for, or the nearest that there is."""
    asked, known = settings.reasoning_effort, profile.efforts
    if asked is None or known is None or asked in known:
        return asked
    sent = nearest_effort(asked, known) if known else None
    told = f"reasoning_effort {asked!r} is not known to this model: {sent!r} is sent."
    untold = "reasoning_effort is left out: this model has no such setting."
    warnings.append(("reasoning_effort", told if sent else untold))
    return sent


def _tool(tool: FunctionTool) -> wire.FunctionTool:
    return wire.FunctionTool(wire.FunctionSpec(tool.name, tool.description, tool.parameters, tool.strict))


def _tool_choice(choice: ToolChoice, profile: ChatProfile, warnings: Warnings) -> wire.ToolChoice | None:
    """`auto` is what leaving it out means. A subset the wire cannot name is kept by the engine."""
    if choice.mode == "required" and not profile.forced_tools:
        warnings.append(("tool_choice", "The model cannot be made to call a tool; it chooses by itself."))
        return None
    if choice.name is not None:
        return _named(choice.name)
    if choice.allowed is not None and profile.allowed_tools and choice.mode != "none":
        tools = tuple(_named(name) for name in choice.allowed)
        return wire.AllowedToolsChoice(wire.AllowedTools(choice.mode, tools))
    return None if choice.mode == "auto" else choice.mode


def _named(name: str) -> wire.NamedFunction:
    return wire.NamedFunction(wire.FunctionName(name))


def _response_format(
    asked: ResponseFormat | None, profile: ChatProfile, warnings: Warnings
) -> wire.ResponseFormat | None:
    if asked is None or asked.kind == "text":
        return None
    if asked.kind == "json_schema" and "json_schema" in profile.response_formats:
        return wire.ResponseFormat("json_schema", _schema(asked))
    if "json_object" not in profile.response_formats:
        warnings.append(("response_format", "The model was not held to JSON: its provider cannot do that."))
        return None
    if asked.kind == "json_schema":
        warnings.append(
            ("response_format", "The model was held to JSON, not to the schema: its provider cannot do that.")
        )
    return wire.ResponseFormat("json_object")


def _schema(asked: ResponseFormat) -> wire.JsonSchema:
    return wire.JsonSchema(asked.name or "response", asked.description, asked.schema, asked.strict)
