"""Settings of a request, each held to its limits (Open Responses 2026-04-24, `CreateResponseBody`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from service.dialects.responses.limits import MAX_PROMPT_CACHE_KEY, MAX_SAFETY_IDENTIFIER
from service.dialects.validation import MAX_INTEGER, at_most, free_object, in_range, name_of_tool, one_of
from specs.openai.responses import (
    CreateResponse,
    Format,
    JsonObjectFormat,
    JsonSchemaFormat,
    ReasoningConfigParam,
    TextFormat,
    TextParam,
)
from specs.requests import ResponseFormat, Settings

Warn = Callable[[str], None]

SEALED_REASONING = "reasoning.encrypted_content"
LOGPROBS = "message.output_text.logprobs"
SEARCH_RESULTS = "web_search_call.results"
SEARCH_SOURCES = "web_search_call.action.sources"
INCLUDABLE = (
    SEALED_REASONING,
    LOGPROBS,
    "file_search_call.results",
    SEARCH_RESULTS,
    SEARCH_SOURCES,
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
)


def read_include(values: Sequence[str]) -> frozenset[str]:
    """Read `include`; those that only hosted tools have are taken without effect."""
    for index, value in enumerate(values):
        one_of(value, INCLUDABLE, param=f"include[{index}]")
    return frozenset(values)


def read_settings(wire: CreateResponse, *, include: frozenset[str], warn: Warn) -> Settings:
    """Read how the model is to answer."""
    text = wire.text or TextParam()
    reasoning = wire.reasoning or ReasoningConfigParam()
    _warn_of_reasoning(reasoning, warn)
    in_range(wire.max_tool_calls, 1, MAX_INTEGER, param="max_tool_calls")
    top_logprobs = in_range(wire.top_logprobs, 0, 20, param="top_logprobs")
    logprobs = LOGPROBS in include or bool(top_logprobs)
    return Settings(
        temperature=in_range(wire.temperature, 0, 2, param="temperature"),
        top_p=in_range(wire.top_p, 0, 1, param="top_p"),
        presence_penalty=in_range(wire.presence_penalty, -2, 2, param="presence_penalty"),
        frequency_penalty=in_range(wire.frequency_penalty, -2, 2, param="frequency_penalty"),
        max_output_tokens=in_range(wire.max_output_tokens, 16, MAX_INTEGER, param="max_output_tokens"),
        logprobs=True if logprobs else None,
        top_logprobs=top_logprobs if logprobs else None,
        reasoning_effort=reasoning.effort,
        reasoning_summary=reasoning.summary or reasoning.generate_summary,
        verbosity=text.verbosity,
        response_format=read_format(text.format),
        parallel_tool_calls=wire.parallel_tool_calls,
        service_tier=wire.service_tier,
        prompt_cache_key=at_most(wire.prompt_cache_key, MAX_PROMPT_CACHE_KEY, param="prompt_cache_key"),
        safety_identifier=_safety_identifier(wire, warn),
    )


def read_format(wire: Format | None) -> ResponseFormat | None:
    """Read `text.format`."""
    match wire:
        case None:
            return None
        case TextFormat():
            return ResponseFormat("text")
        case JsonObjectFormat():
            return ResponseFormat("json_object")
        case JsonSchemaFormat():
            return ResponseFormat(
                "json_schema",
                name_of_tool(wire.name, param="text.format.name"),
                wire.description or None,
                free_object(wire.schema, param="text.format.schema"),
                wire.strict,
            )


def _safety_identifier(wire: CreateResponse, warn: Warn) -> str | None:
    """`user` is the former name of the field; it had no limit then, so a long one is no error now."""
    at_most(wire.safety_identifier, MAX_SAFETY_IDENTIFIER, param="safety_identifier")
    if wire.safety_identifier is not None or wire.user is None:
        return wire.safety_identifier
    if len(wire.user) <= MAX_SAFETY_IDENTIFIER:
        return wire.user
    warn(f"user is longer than the {MAX_SAFETY_IDENTIFIER} characters that can be passed on; left out.")
    return None


def _warn_of_reasoning(reasoning: ReasoningConfigParam, warn: Warn) -> None:
    if reasoning.context not in (None, "auto"):
        warn("reasoning.context is not honoured.")
    if reasoning.mode not in (None, "standard"):
        warn("reasoning.mode is not honoured.")
