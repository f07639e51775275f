"""A Chat Completions request, read into a `RunRequest`.

Every field of the API is honoured, warned about, or refused by name; unknown ones are ignored.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from service.dialects.base import NewId, Reading
from service.dialects.chat.messages import read_messages
from service.dialects.chat.tools import read_tool_choice, read_tools
from service.dialects.searches import read_options
from service.dialects.validation import (
    MAX_INTEGER,
    at_most,
    checked_metadata,
    decode,
    free_object,
    in_range,
    is_given,
    name_of_tool,
    one_of,
    required,
)
from specs.errors import InvalidRequest
from specs.openai.chat import ChatRequest, SentResponseFormat
from specs.requests import Effort, FilePlace, ResponseFormat, RunRequest, Settings

_EFFORTS: tuple[Effort, ...] = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_LEVELS: tuple[Literal["low", "medium", "high"], ...] = ("low", "medium", "high")
_TIERS = ("auto", "default", "flex", "scale", "priority", "fast")
_FORMATS = ("text", "json_object", "json_schema")
_UNSUPPORTED = ("audio", "moderation")
_LEFT_OUT = ("prediction", "prompt_cache_options", "prompt_cache_retention")

SEARCH_OPTIONS = "web_search_options"

_request = msgspec.json.Decoder(ChatRequest)


def read(body: bytes, new_id: NewId) -> Reading:
    """Read the body of a Chat Completions request.

    Raises InvalidRequest whose `param` names the field at fault.
    """
    wire = decode(body, _request)
    _refuse_unsupported(wire)
    warnings = _warnings(wire)
    files: list[FilePlace] = []
    search = read_options(wire.web_search_options, SEARCH_OPTIONS)
    request = RunRequest(
        agent=wire.model,
        items=read_messages(wire.messages, new_id, warnings, files),
        tools=read_tools(wire, warnings),
        tool_choice=read_tool_choice(wire, warnings),
        settings=_settings(wire),
        metadata=checked_metadata(wire.metadata),
        hosted=() if search is None else (search,),
        hosted_params=() if search is None else (SEARCH_OPTIONS,),
        warnings=tuple(warnings),
    )
    wire.messages.clear()  # nobody looks at them again, and a long history takes a while to let go of
    return Reading(request, wire, bool(wire.stream), files=tuple(files))


def answers_in_old_form(wire: ChatRequest) -> bool:
    """Whether the caller asked with `functions` and so reads `function_call`."""
    return bool(wire.functions) and not wire.tools


def _refuse_unsupported(wire: ChatRequest) -> None:
    if not at_most(wire.model, 256, param="model"):
        raise InvalidRequest("model must not be empty.", param="model")
    if wire.n is not None and wire.n != 1:
        raise InvalidRequest(f"n must be 1: one answer a request; got {wire.n}.", param="n")
    if wire.store:
        raise InvalidRequest("store must be false: answers are not stored here.", param="store")
    for modality in wire.modalities or ():
        one_of(modality, ("text",), param="modalities")
    for name in _UNSUPPORTED:
        if is_given(getattr(wire, name)):
            raise InvalidRequest(f"{name} is not supported.", param=name)


def _warnings(wire: ChatRequest) -> list[str]:
    found = [
        f"{name} is not supported and was left out." for name in _LEFT_OUT if is_given(getattr(wire, name))
    ]
    options = wire.stream_options
    if options is not None and not wire.stream:
        found.append("stream_options was left out: the answer is not streamed.")
    if None not in (limits := (wire.max_tokens, wire.max_completion_tokens)) and len(set(limits)) > 1:
        found.append("max_tokens was left out: max_completion_tokens says otherwise.")
    if wire.tool_choice is not None and wire.function_call is not None:
        found.append("function_call was left out: tool_choice says otherwise.")
    if wire.safety_identifier is None and len(wire.user or "") > 64:
        found.append("user is longer than 64 characters and was left out.")
    return found


def _settings(wire: ChatRequest) -> Settings:
    return Settings(
        temperature=in_range(wire.temperature, 0, 2, param="temperature"),
        top_p=in_range(wire.top_p, 0, 1, param="top_p"),
        presence_penalty=in_range(wire.presence_penalty, -2, 2, param="presence_penalty"),
        frequency_penalty=in_range(wire.frequency_penalty, -2, 2, param="frequency_penalty"),
        max_output_tokens=_max_output_tokens(wire),
        stop=_stop(wire.stop),
        seed=in_range(wire.seed, -(2**63), 2**63 - 1, param="seed"),
        logprobs=wire.logprobs,
        top_logprobs=_top_logprobs(wire),
        logit_bias=_logit_bias(wire.logit_bias),
        response_format=_response_format(wire.response_format),
        parallel_tool_calls=_parallel_tool_calls(wire),
        service_tier=one_of(wire.service_tier, _TIERS, param="service_tier"),
        prompt_cache_key=wire.prompt_cache_key,
        safety_identifier=_safety_identifier(wire),
        reasoning_effort=one_of(wire.reasoning_effort, _EFFORTS, param="reasoning_effort"),
        verbosity=one_of(wire.verbosity, _LEVELS, param="verbosity"),
    )


def _max_output_tokens(wire: ChatRequest) -> int | None:
    old = in_range(wire.max_tokens, 1, MAX_INTEGER, param="max_tokens")
    new = in_range(wire.max_completion_tokens, 1, MAX_INTEGER, param="max_completion_tokens")
    return old if new is None else new


def _stop(stop: str | list[str] | None) -> tuple[str, ...] | None:
    if not stop:
        return None
    stops = (stop,) if isinstance(stop, str) else tuple(stop)
    if len(stops) > 4:
        raise InvalidRequest(f"stop may have at most 4 sequences; it has {len(stops)}.", param="stop")
    if "" in stops:
        at = f"stop[{stops.index('')}]"
        raise InvalidRequest(f"{at} must not be empty.", param=at)
    return stops


def _top_logprobs(wire: ChatRequest) -> int | None:
    count = in_range(wire.top_logprobs, 0, 20, param="top_logprobs")
    if count and not wire.logprobs:
        raise InvalidRequest("top_logprobs needs logprobs to be true.", param="top_logprobs")
    return count


def _logit_bias(bias: dict[str, float] | None) -> dict[str, float] | None:
    for value in (bias or {}).values():
        in_range(value, -100, 100, param="logit_bias")
    return bias or None


def _parallel_tool_calls(wire: ChatRequest) -> bool | None:
    if wire.parallel_tool_calls is None and answers_in_old_form(wire):
        return False  # the old form of an answer holds one call
    return wire.parallel_tool_calls


def _safety_identifier(wire: ChatRequest) -> str | None:
    identifier = at_most(wire.safety_identifier, 64, param="safety_identifier")
    if identifier is None and wire.user and len(wire.user) <= 64:
        return wire.user
    return identifier


def _response_format(sent: SentResponseFormat | None) -> ResponseFormat | None:
    if sent is None:
        return None
    at = "response_format.json_schema"
    match one_of(sent.type, _FORMATS, param="response_format.type"):
        case "json_schema":
            wanted = required(sent.json_schema, param=at)
            name = name_of_tool(wanted.name, param=f"{at}.name")
            schema = free_object(wanted.schema, param=f"{at}.schema")
            return ResponseFormat("json_schema", name, wanted.description, schema, wanted.strict)
        case "json_object":
            return ResponseFormat("json_object")
        case _:
            return ResponseFormat("text")
