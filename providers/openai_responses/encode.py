"""`ModelRequest` → the body of `POST /responses`. Pure; what the wire lacks becomes a warning.

Nothing is stored upstream (`store: false`): reasoning comes back encrypted and is sent again as it
came, and items carry no ids but the one that reasoning needs.
"""

from __future__ import annotations

import msgspec
from msgspec import Raw, structs

from providers.base import Encoded
from providers.efforts import nearest_effort
from providers.history import Warnings, with_entries, write_all
from providers.openai_responses import body as wire
from providers.openai_responses.items import InputWriting
from providers.openai_responses.profile import ResponsesProfile
from providers.openai_responses.searches import SEARCH_INCLUDES, search_tool
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

_encode = msgspec.json.Encoder().encode


def encode(request: ModelRequest, *, profile: ResponsesProfile, origin: str) -> Encoded:
    """Write a model request; reasoning that `origin` did not make is left out."""
    warnings: Warnings = []
    settings = _honoured(request.settings, profile, warnings)
    search = search_tool(request, warnings)
    offers = bool(request.tools or search)
    input = write_all(request.items, InputWriting(origin), warnings)
    body = wire.Body(
        model=request.model,
        instructions=request.instructions,
        input=(),
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
    return Encoded(with_entries(_encode(body), b"input", input), tuple(warnings))


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
