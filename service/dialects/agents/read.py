"""From a request that makes or changes an agent to the agent: what is left out stays as it was, null goes
back to the default, and whatever cannot be had is refused by name."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import TypeAlias, TypeVar

from msgspec import Struct, UnsetType, structs

from service.dialects.agents.making import Making
from service.dialects.agents.tools import read_resources, read_tools
from service.dialects.validation import (
    MAX_INTEGER,
    at_most,
    checked_metadata,
    free_object,
    in_range,
    name_of_tool,
    shown,
)
from service.store.agents_records import Sharing
from specs.agents import DEFAULT_OVERRIDES, Agent, AgentTool, Limits
from specs.errors import InvalidRequest
from specs.money import usd_to_nano
from specs.openai import agents as wire
from specs.requests import ResponseFormat, Settings

T = TypeVar("T")
D = TypeVar("D")
Asked: TypeAlias = wire.CreateAgent | wire.UpdateAgent


def read_agent(asked: Asked, agent: Agent, making: Making) -> Agent:
    """The agent as it is asked to be. Names of models, aliases, servers and files are taken as they are.

    Raises InvalidRequest naming the field at fault.
    """
    _refuse_what_is_not_served(asked)
    return structs.replace(
        agent,
        model=_model(asked, agent),
        fallbacks=_few(asked.fallbacks, agent.fallbacks, wire.MAX_FALLBACKS, param="fallbacks"),
        name=at_most(_or(asked.name, agent.name, None), wire.MAX_NAME, param="name"),
        description=at_most(
            _or(asked.description, agent.description, None), wire.MAX_DESCRIPTION, param="description"
        ),
        instructions=at_most(
            _or(asked.instructions, agent.instructions, None), wire.MAX_INSTRUCTIONS, param="instructions"
        ),
        tools=agent.tools if isinstance(asked.tools, UnsetType) else _tools(asked.tools or (), agent, making),
        tool_resources=(
            agent.tool_resources
            if isinstance(asked.tool_resources, UnsetType)
            else read_resources(asked.tool_resources)
        ),
        metadata=(
            agent.metadata if isinstance(asked.metadata, UnsetType) else checked_metadata(asked.metadata)
        ),
        settings=_settings(asked, agent.settings),
        aliases=tuple(dict.fromkeys(_few(asked.aliases, agent.aliases, wire.MAX_ALIASES, param="aliases"))),
        limits=agent.limits if isinstance(asked.limits, UnsetType) else _limits(asked.limits),
        overrides=tuple(dict.fromkeys(_or(asked.overrides, agent.overrides, DEFAULT_OVERRIDES))),
        on_disconnect=_or(asked.on_disconnect, agent.on_disconnect, "cancel"),
    )


def read_sharing(asked: wire.AgentSharing) -> Sharing:
    """Who is to see an agent.

    Raises InvalidRequest naming the field at fault.
    """
    for field, names in (("projects", asked.projects), ("users", asked.users)):
        at = f"sharing.{field}"
        if names and asked.visibility != "shared":
            raise InvalidRequest(
                f"{at}: only with the visibility 'shared'; got {asked.visibility!r}.", param=at
            )
        _few(names, (), wire.MAX_SHARES, param=at)
        for position, name in enumerate(names):
            at_most(_filled(name, param=f"{at}[{position}]"), 256, param=f"{at}[{position}]")
    return Sharing(asked.visibility, tuple(dict.fromkeys(asked.projects)), tuple(dict.fromkeys(asked.users)))


def _tools(asked: Sequence[wire.AgentToolParam], agent: Agent, making: Making) -> tuple[AgentTool, ...]:
    return read_tools(asked, structs.replace(making, before=agent.tools))


def _or(asked: T | UnsetType | None, before: D, default: D) -> T | D:
    """What is asked for; left out it is as before, null is the default."""
    if isinstance(asked, UnsetType):
        return before
    return default if asked is None else asked


def _model(asked: Asked, agent: Agent) -> str:
    if isinstance(asked.model, UnsetType):
        return agent.model
    return at_most(_filled(asked.model, param="model"), 256, param="model") or ""


def _settings(asked: Asked, before: Settings) -> Settings:
    reasoning, text = asked.reasoning, asked.text
    changes: dict[str, object] = {
        "temperature": in_range(_or(asked.temperature, before.temperature, None), 0, 2, param="temperature"),
        "top_p": in_range(_or(asked.top_p, before.top_p, None), 0, 1, param="top_p"),
        "max_output_tokens": in_range(
            _or(asked.max_output_tokens, before.max_output_tokens, None),
            1,
            MAX_INTEGER,
            param="max_output_tokens",
        ),
        "stop": _stop(asked, before),
        "parallel_tool_calls": _or(asked.parallel_tool_calls, before.parallel_tool_calls, None),
    }
    for name in ("presence_penalty", "frequency_penalty"):
        value = _or(getattr(asked, name), getattr(before, name), None)
        changes[name] = in_range(value, -2, 2, param=name)
    if not isinstance(asked.service_tier, UnsetType):
        changes["service_tier"] = None if asked.service_tier == "auto" else asked.service_tier
    if not isinstance(reasoning, UnsetType):
        changes["reasoning_effort"] = reasoning.effort if reasoning else None
        changes["reasoning_summary"] = reasoning.summary if reasoning else None
    if not isinstance(text, UnsetType):
        changes["verbosity"] = text.verbosity if text else None
        changes["response_format"] = _format(text.format if text else None)
    return structs.replace(before, **changes)


def _stop(asked: Asked, before: Settings) -> tuple[str, ...] | None:
    stops = _few(asked.stop, before.stop or (), wire.MAX_STOPS, param="stop")
    for position, stop in enumerate(stops):
        _filled(stop, param=f"stop[{position}]")
    return stops or None


def _format(asked: wire.Format | None) -> ResponseFormat | None:
    match asked:
        case None | wire.PlainFormat():
            return None
        case wire.ObjectFormat():
            return ResponseFormat("json_object")
        case wire.SchemaFormat():
            return ResponseFormat(
                "json_schema",
                name_of_tool(asked.name, param="text.format.name"),
                asked.description or None,
                free_object(asked.schema, param="text.format.schema"),
                asked.strict,
            )


def _limits(asked: wire.AgentLimits | None) -> Limits:
    asked = asked or wire.AgentLimits()
    for name in ("max_output_tokens", "max_tool_calls", "max_seconds"):
        in_range(getattr(asked, name), 1, MAX_INTEGER, param=f"limits.{name}")
    in_range(asked.max_steps, 1, 1_000, param="limits.max_steps")
    return Limits(
        max_output_tokens=asked.max_output_tokens,
        max_cost=None if asked.max_cost_usd is None else _money(asked.max_cost_usd),
        max_steps=asked.max_steps,
        max_tool_calls=asked.max_tool_calls,
        max_seconds=asked.max_seconds,
    )


def _money(usd: Decimal) -> int:
    param = "limits.max_cost_usd"
    try:
        nano = usd_to_nano(usd)
    except ValueError as error:
        raise InvalidRequest(f"{param}: {error}.", param=param) from error
    if not 0 <= nano < 2**62:
        raise InvalidRequest(f"{param} must be from 0 to 4000000000; got {shown(str(usd))}.", param=param)
    return nano


def _few(
    asked: Sequence[str] | UnsetType | None, before: tuple[str, ...], most: int, *, param: str
) -> tuple[str, ...]:
    values = tuple(_or(asked, before, ()))
    if len(values) > most:
        raise InvalidRequest(f"{param} may have at most {most} entries; it has {len(values)}.", param=param)
    return values


def _filled(value: str, *, param: str) -> str:
    if not value:
        raise InvalidRequest(f"{param} must not be empty.", param=param)
    return value


def _refuse_what_is_not_served(asked: Asked) -> None:
    """What OpenAI's API has and nothing here honours."""
    wanted: tuple[tuple[str, Struct | UnsetType | None, str], ...] = (
        ("compaction.async", asked.compaction, "async_"),
        ("experimental.time_awareness", asked.experimental, "time_awareness"),
        ("multi_agent.enabled", asked.multi_agent, "enabled"),
    )
    for param, given, field in wanted:
        if isinstance(given, Struct) and getattr(given, field):
            raise InvalidRequest(f"{param}: this is not served here; only false is allowed.", param=param)
