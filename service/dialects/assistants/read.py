"""What a run on a thread is asked to be, laid over its assistant."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Struct, structs

from service.dialects.assistants.tools import (
    format_to_wire,
    read_choice,
    read_format,
    read_tools,
    tool_to_wire,
)
from service.dialects.validation import MAX_INTEGER, at_most, in_range, required
from specs.agents import Agent, Override
from specs.errors import InvalidRequest
from specs.openai import assistants_common as common
from specs.openai import assistants_runs as wire
from specs.requests import Settings
from specs.threads import RunTerms

FindModel = Callable[[str], "str | None"]
"""The `provider/model` that a name means; None where it means none."""


class RunEcho(Struct, frozen=True, kw_only=True):
    """What a run states back: its own copy of its assistant, and the caller's words."""

    model: str
    instructions: str
    tools: tuple[common.AssistantTool, ...]
    temperature: float | None
    top_p: float | None
    max_prompt_tokens: int | None
    max_completion_tokens: int | None
    truncation_strategy: wire.TruncationStrategy
    tool_choice: common.AssistantToolChoice
    parallel_tool_calls: bool
    response_format: common.AssistantFormat


class Assistant(Struct, frozen=True):
    """An assistant as a run begins on it."""

    agent: Agent
    """Its model as `provider/model`."""
    model: str
    """Its model as its maker wrote it."""
    shows: bool
    """Whether the caller may see its instructions."""


class ReadRun(Struct, frozen=True):
    terms: RunTerms
    echo: str


def read_run(asked: wire.RunSettings, assistant: Assistant, *, find_model: FindModel) -> ReadRun:
    """Lay a request over its assistant.

    Raises InvalidRequest naming the field at fault.
    """
    warnings: list[str] = []
    _check(asked)
    agent = _with_model(asked, assistant, find_model)
    agent = _with_instructions(asked, agent, warnings)
    if asked.tools is not None and _may(assistant.agent, "tools", asked.tools, warnings):
        agent = structs.replace(agent, tools=read_tools(asked.tools))
    truncation = asked.truncation_strategy or wire.TruncationStrategy("auto")
    terms = RunTerms(
        agent=agent,
        settings=_settings(asked),
        tool_choice=read_choice(asked.tool_choice, warnings),
        max_prompt_tokens=asked.max_prompt_tokens,
        max_completion_tokens=asked.max_completion_tokens,
        last_messages=truncation.last_messages if truncation.type == "last_messages" else None,
        warnings=tuple(warnings),
    )
    echo = _echo(asked, assistant, agent, truncation)
    return ReadRun(terms, msgspec.json.encode(echo).decode())


def _check(asked: wire.RunSettings) -> None:
    at_most(asked.instructions, common.MAX_INSTRUCTIONS, param="instructions")
    in_range(asked.temperature, 0.0, 2.0, param="temperature")
    in_range(asked.top_p, 0.0, 1.0, param="top_p")
    least = common.LEAST_TOKENS
    in_range(asked.max_prompt_tokens, least, MAX_INTEGER, param="max_prompt_tokens")
    in_range(asked.max_completion_tokens, least, MAX_INTEGER, param="max_completion_tokens")
    truncation = asked.truncation_strategy
    if truncation is not None and truncation.type == "last_messages":
        at = "truncation_strategy.last_messages"
        in_range(required(truncation.last_messages, param=at), 1, MAX_INTEGER, param=at)


def _with_model(asked: wire.RunSettings, assistant: Assistant, find_model: FindModel) -> Agent:
    agent = assistant.agent
    if asked.model is None or asked.model == assistant.model:
        return agent
    model = find_model(asked.model)
    if model is None:
        raise InvalidRequest(
            f"model: there is no model {asked.model[:200]!r} here. GET /v1/models lists yours.", param="model"
        )
    if model != agent.model and "model" not in agent.overrides:
        raise InvalidRequest(
            f"model: this assistant does not let callers replace its model {assistant.model!r}.",
            param="model",
        )
    return structs.replace(agent, model=model)


def _with_instructions(asked: wire.RunSettings, agent: Agent, warnings: list[str]) -> Agent:
    more = asked.additional_instructions if isinstance(asked, wire.NewRunBody) else None
    at_most(more, common.MAX_INSTRUCTIONS, param="additional_instructions")
    base = agent.instructions
    if asked.instructions is not None and _may(agent, "instructions", asked.instructions, warnings):
        base = asked.instructions
    if more and not _may(agent, "instructions", more, warnings, param="additional_instructions"):
        more = None
    both = [text for text in (base, more) if text]
    return structs.replace(agent, instructions="\n\n".join(both) or None)


def _may(
    agent: Agent, field: Override, value: object, warnings: list[str], *, param: str | None = None
) -> bool:
    """Whether callers may replace this; a warning where they may not."""
    if field in agent.overrides:
        return True
    if value != getattr(agent, field, None):
        warnings.append(f"{param or field}: this assistant does not let callers change it")
    return False


def _settings(asked: wire.RunSettings) -> Settings:
    return Settings(
        temperature=asked.temperature,
        top_p=asked.top_p,
        parallel_tool_calls=asked.parallel_tool_calls,
        response_format=read_format(asked.response_format),
        reasoning_effort=asked.reasoning_effort if isinstance(asked, wire.NewRunBody) else None,
    )


def _echo(
    asked: wire.RunSettings, assistant: Assistant, agent: Agent, truncation: wire.TruncationStrategy
) -> RunEcho:
    defaults = agent.settings
    parallel = asked.parallel_tool_calls
    if parallel is None:
        parallel = defaults.parallel_tool_calls
    replaced = agent.model != assistant.agent.model
    return RunEcho(
        model=(asked.model or assistant.model) if replaced else assistant.model,
        instructions=(agent.instructions if assistant.shows else _said(asked)) or "",
        tools=tuple(map(tool_to_wire, agent.assistant_tools)),
        temperature=_first(asked.temperature, defaults.temperature, 1.0),
        top_p=_first(asked.top_p, defaults.top_p, 1.0),
        max_prompt_tokens=asked.max_prompt_tokens,
        max_completion_tokens=asked.max_completion_tokens,
        truncation_strategy=truncation,
        tool_choice=asked.tool_choice or "auto",
        parallel_tool_calls=parallel is not False,
        response_format=asked.response_format or format_to_wire(defaults.response_format),
    )


def _said(asked: wire.RunSettings) -> str:
    """The instructions that the caller gave: those of an agent that is shared stay its owner's."""
    more = asked.additional_instructions if isinstance(asked, wire.NewRunBody) else None
    return "\n\n".join(text for text in (asked.instructions, more) if text)


def _first(*values: float | None) -> float | None:
    return next((value for value in values if value is not None), None)
