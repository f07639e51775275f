"""`ModelRequest` → the body of `POST /responses`. Pure; what the wire lacks becomes a warning.

Nothing is stored upstream (`store: false`): reasoning comes back encrypted and is sent again as it
came, and items carry no ids but the one that reasoning needs.
"""

from __future__ import annotations

from typing import assert_never

import msgspec
from msgspec import Raw, structs

from providers.base import Encoded
from providers.efforts import nearest_effort
from providers.openai_responses import body as wire
from providers.openai_responses.parts import input_parts, output_parts
from providers.openai_responses.profile import ResponsesProfile
from providers.openai_responses.searches import SEARCH_INCLUDES, search_tool
from specs.items import (
    Compaction,
    ContextItem,
    FunctionCall,
    FunctionResult,
    HostedCall,
    Message,
    Reasoning,
    Sealed,
    Summary,
    Text,
    Thought,
    as_message,
)
from specs.requests import FunctionTool, ModelRequest, ResponseFormat, Settings, ToolChoice
from specs.tools import SEARCH_TOOL

LOGPROBS = "message.output_text.logprobs"
ENCRYPTED_REASONING = "reasoning.encrypted_content"
ANY_OBJECT = Raw(b'{"type":"object","properties":{}}')

WORDLESS = ("presence_penalty", "frequency_penalty", "stop", "seed", "logit_bias", "thinking_budget")
"""Settings for which the API has no field."""
NO_EFFECT: dict[str, object] = {
    "temperature": 1,
    "top_p": 1,
    "presence_penalty": 0,
    "frequency_penalty": 0,
    "stop": (),
    "logit_bias": {},
    "logprobs": False,
    "top_logprobs": 0,
    "verbosity": "medium",
}
"""Values that say what leaving the setting out says too."""

Warnings = list[tuple[str, str]]

_encode = msgspec.json.Encoder().encode


def encode(request: ModelRequest, *, profile: ResponsesProfile, origin: str) -> Encoded:
    """Write a model request; reasoning that `origin` did not make is left out."""
    warnings: Warnings = []
    settings = _honoured(request.settings, profile, warnings)
    search = search_tool(request, warnings)
    offers = bool(request.tools or search)
    body = wire.Body(
        model=request.model,
        instructions=request.instructions,
        input=_input(request.items, origin, warnings),
        tools=(*map(_tool, request.tools), *search),
        tool_choice=_tool_choice(request.tool_choice, request.tools) if offers else None,
        parallel_tool_calls=settings.parallel_tool_calls if request.tools else None,
        max_tool_calls=request.search.max_uses if request.search and search else None,
        include=(*_include(settings, profile), *(SEARCH_INCLUDES if search else ())),
        reasoning=_reasoning_options(settings, profile, warnings),
        text=_text_options(settings),
        temperature=settings.temperature,
        top_p=settings.top_p,
        top_logprobs=settings.top_logprobs or None,
        max_output_tokens=_cap(settings.max_output_tokens, profile),
        service_tier=settings.service_tier,
        prompt_cache_key=settings.prompt_cache_key,
        safety_identifier=settings.safety_identifier,
        stream=True,
        store=False,
    )
    return Encoded(_encode(body), tuple(warnings))


def _cap(tokens: int | None, profile: ResponsesProfile) -> int | None:
    return None if tokens is None else max(profile.min_output_tokens, tokens)


def _honoured(settings: Settings, profile: ResponsesProfile, warnings: Warnings) -> Settings:
    """The settings without those that the API or the model does not take, each told."""
    effort = settings.reasoning_effort or profile.default_effort
    free = profile.free_without_effort and effort == "none"
    dropped = {
        **dict.fromkeys(() if free else profile.refused, "this model does not take it"),
        **dict.fromkeys(WORDLESS, "this provider's API has no such setting"),
    }
    for name, why in dropped.items():
        value = getattr(settings, name)
        if value is not None and value != NO_EFFECT.get(name):
            warnings.append((name, f"{name} was left out: {why}"))
    return structs.replace(settings, **dict.fromkeys(dropped))


def _include(settings: Settings, profile: ResponsesProfile) -> tuple[str, ...]:
    include = [ENCRYPTED_REASONING] if profile.encrypted_reasoning else []
    if settings.logprobs or settings.top_logprobs:
        include.append(LOGPROBS)
    return tuple(include)


def _reasoning_options(
    settings: Settings, profile: ResponsesProfile, warnings: Warnings
) -> wire.ReasoningOptions | None:
    effort, summary = settings.reasoning_effort, settings.reasoning_summary
    if profile.efforts == ():
        given = {"reasoning_effort": effort, "reasoning_summary": summary}
        warnings.extend(
            (name, f"{name} was left out: this model does not reason")
            for name, value in given.items()
            if value not in (None, "none")
        )
        return None
    if effort is not None and profile.efforts is not None and effort not in profile.efforts:
        asked, effort = effort, nearest_effort(effort, profile.efforts)
        warnings.append(("reasoning_effort", f"reasoning_effort {asked!r} was sent as {effort!r}"))
    return None if effort is summary is None else wire.ReasoningOptions(effort, summary)


def _text_options(settings: Settings) -> wire.TextOptions | None:
    if settings.response_format is None and settings.verbosity is None:
        return None
    return wire.TextOptions(_format(settings.response_format), settings.verbosity)


def _format(given: ResponseFormat | None) -> wire.TextFormat | None:
    if given is None or given.kind != "json_schema":
        return given and wire.TextFormat(given.kind)
    return wire.TextFormat(
        given.kind, given.name or "response", given.description, given.schema, given.strict
    )


def _tool(tool: FunctionTool) -> wire.Function | wire.Custom:
    if tool.custom is not None:
        syntax, definition = tool.custom.syntax, tool.custom.definition
        return wire.Custom(tool.name, tool.description, syntax and wire.Grammar(syntax, definition or ""))
    parameters = tool.parameters if isinstance(tool.parameters, Raw) else ANY_OBJECT
    return wire.Function(tool.name, parameters, bool(tool.strict), tool.description)


def _tool_choice(choice: ToolChoice, tools: tuple[FunctionTool, ...]) -> wire.ToolChoice | None:
    custom = {tool.name for tool in tools if tool.custom is not None}

    functions = {tool.name for tool in tools}

    def named(name: str) -> wire.FunctionName | wire.CustomName | wire.SearchChosen:
        if name == SEARCH_TOOL and name not in functions:
            return wire.SearchChosen()
        return wire.CustomName(name) if name in custom else wire.FunctionName(name)

    if choice.mode == "none" or choice.allowed == ():
        return "none"
    if choice.name is not None:
        return named(choice.name)
    if choice.allowed is not None:
        return wire.AllowedTools(choice.mode, tuple(map(named, choice.allowed)))
    return None if choice.mode == "auto" else choice.mode


def _input(items: tuple[ContextItem, ...], origin: str, warnings: Warnings) -> tuple[wire.InputItem, ...]:
    found: list[wire.InputItem] = []
    for index, item in enumerate(items):
        if isinstance(item, Reasoning):
            if item.origin == origin and _is_followed(items, index):
                found.extend(_reasoning(item))
        elif isinstance(item, HostedCall) and item.native is not None and item.origin == origin:
            found.append(Raw(item.native.encode()))
        else:
            found.extend(_item(item, f"input[{index}]", warnings))
    return tuple(found)


def _is_followed(items: tuple[ContextItem, ...], index: int) -> bool:
    """Whether the reasoning led to something: alone it is refused (`without its required following item`)."""
    for item in items[index + 1 :]:
        if not isinstance(item, Reasoning):
            return not (
                isinstance(item, FunctionResult) or (isinstance(item, Message) and item.role != "assistant")
            )
    return False


def _reasoning(item: Reasoning) -> list[wire.InputItem]:
    """Reasoning as it came. With neither sealed nor raw content the API would look it up by id, in vain."""
    sealed = next((part.data for part in item.content if isinstance(part, Sealed)), None)
    thoughts = tuple(wire.ReasoningText(part.text) for part in item.content if isinstance(part, Thought))
    if sealed is None and not thoughts:
        return []
    summary = tuple(wire.SummaryText(part.text) for part in item.content if isinstance(part, Summary))
    return [wire.InputReasoning(summary, item.upstream_id, thoughts, sealed)]


def _item(
    item: Message | FunctionCall | FunctionResult | HostedCall | Compaction, path: str, warnings: Warnings
) -> list[wire.InputItem]:
    match item:
        case Message():
            return _message(item, path, warnings)
        case Compaction():
            return _message(as_message(item), path, warnings)
        case FunctionCall():
            call = wire.InputCustomCall if item.custom else wire.InputCall
            return [call(item.call_id, item.name, item.arguments)]
        case FunctionResult():
            result = wire.InputCustomCallOutput if item.custom else wire.InputCallOutput
            return [result(item.call_id, _output(item, path, warnings))]
        case HostedCall():
            output = item.output if item.output is not None else item.error or ""
            return [
                wire.InputCall(item.call_id, item.tool, item.arguments),
                wire.InputCallOutput(item.call_id, output),
            ]
        case _:
            assert_never(item)


def _message(message: Message, path: str, warnings: Warnings) -> list[wire.InputItem]:
    if message.name is not None:
        warnings.append((f"{path}.name", "name was left out: this provider's API has no such field"))
    if message.role == "assistant":
        content = output_parts(message.content, f"{path}.content", warnings)
        return [wire.InputMessage("assistant", content, message.phase)] if content else []
    return [wire.InputMessage(message.role, input_parts(message.content, f"{path}.content", warnings))]


def _output(result: FunctionResult, path: str, warnings: Warnings) -> str | tuple[wire.InputPart, ...]:
    match result.output:
        case ():
            return ""
        case (Text(text=text),):
            return text
        case parts:
            return input_parts(parts, f"{path}.output", warnings)
