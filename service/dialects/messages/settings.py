"""How a request wants the model to answer: sampling, thinking, effort, format."""

from __future__ import annotations

from hashlib import sha256
from typing import Any, Literal, assert_never

import msgspec
from msgspec import Struct

from service.dialects.messages.tools import parallel_calls
from service.dialects.validation import MAX_INTEGER, free_object, in_range, required
from specs.anthropic.messages import (
    CreateMessage,
    OutputFormat,
    Thinking,
    ThinkingAdaptive,
    ThinkingBetweenTools,
    ThinkingDisabled,
    ThinkingEnabled,
)
from specs.errors import InvalidRequest
from specs.requests import Effort, ResponseFormat, Settings

MIN_BUDGET = 1_024
"""The fewest tokens thinking may be given."""
MAX_IDENTIFIER = 64
"""Characters of an identifier that every provider takes; a longer one goes as its digest."""
DEFAULT_EFFORT: Effort = "high"
"""What thinking as the model sees fit is done with where no effort is named; the API's default."""
_anything: msgspec.json.Decoder[Any] = msgspec.json.Decoder()
_TIERS: dict[str, str] = {"auto": "auto", "standard_only": "default"}


class Thought(Struct, frozen=True):
    """How the model is to think."""

    effort: Effort | None = None
    budget: int | None = None
    summary: Literal["auto"] | None = None


def read_settings(wire: CreateMessage, *, counts_only: bool, warnings: list[str]) -> Settings:
    """Read the settings; `max_tokens` may be left out where input is only counted."""
    cap = wire.max_tokens if counts_only else required(wire.max_tokens, param="max_tokens")
    in_range(cap, 1, MAX_INTEGER, param="max_tokens")
    thought = _thought(wire, warnings)
    return Settings(
        temperature=in_range(wire.temperature, 0, 1, param="temperature"),
        top_p=in_range(wire.top_p, 0, 1, param="top_p"),
        max_output_tokens=cap,
        stop=_stop(wire.stop_sequences),
        reasoning_effort=thought.effort,
        reasoning_summary=thought.summary,
        thinking_budget=thought.budget,
        response_format=_response_format(wire),
        parallel_tool_calls=parallel_calls(wire),
        service_tier=None if wire.service_tier is None else _TIERS[wire.service_tier],
        safety_identifier=_identifier(wire),
    )


def hides_thinking(thinking: Thinking | None) -> bool:
    """Whether the text of thinking is not to be shown."""
    return isinstance(thinking, ThinkingEnabled | ThinkingAdaptive) and thinking.display == "omitted"


def _thought(wire: CreateMessage, warnings: list[str]) -> Thought:
    effort = wire.output_config.effort if wire.output_config is not None else None
    summary = None if hides_thinking(wire.thinking) else "auto"
    match wire.thinking:
        case None:
            return Thought(effort)
        case ThinkingAdaptive():
            return Thought(effort or DEFAULT_EFFORT, summary=summary)
        case ThinkingEnabled(budget):
            _check_budget(budget, wire.max_tokens)
            return Thought(effort, budget, summary)
        case ThinkingDisabled():
            if effort is not None:
                warnings.append("output_config.effort was left out: thinking is disabled.")
            return Thought("none")
        case ThinkingBetweenTools():
            warnings.append("thinking: 'between_tools' is taken for 'disabled' by most models.")
            return Thought("none")
        case _:
            assert_never(wire.thinking)


def _check_budget(budget: int, cap: int | None) -> None:
    at = "thinking.budget_tokens"
    in_range(budget, MIN_BUDGET, MAX_INTEGER, param=at)
    if cap is not None and budget >= cap:
        raise InvalidRequest(f"{at} must be less than max_tokens ({cap}); got {budget}.", param=at)


def _stop(sequences: list[str] | None) -> tuple[str, ...] | None:
    if sequences and "" in sequences:
        at = f"stop_sequences[{sequences.index('')}]"
        raise InvalidRequest(f"{at} must not be empty.", param=at)
    return tuple(sequences) if sequences else None


def _response_format(wire: CreateMessage) -> ResponseFormat | None:
    """The format, in its place or in the older one."""
    within = wire.output_config.format if wire.output_config is not None else None
    if within is not None:
        return _json_schema(within, "output_config.format.schema")
    if wire.output_format is not None:
        return _json_schema(wire.output_format, "output_format.schema")
    return None


def _json_schema(wanted: OutputFormat, at: str) -> ResponseFormat:
    schema = free_object(wanted.schema, param=at)
    strict = True if _is_closed(_anything.decode(wanted.schema)) else None
    return ResponseFormat("json_schema", name="answer", schema=schema, strict=strict)


def _is_closed(schema: Any) -> bool:
    """Whether each object of a schema has all of its properties and no others: only then do the
    providers that decode strictly take it."""
    if isinstance(schema, list):
        return all(map(_is_closed, schema))
    if not isinstance(schema, dict):
        return True
    named = schema.get("properties")
    if isinstance(named, dict):
        closed = schema.get("additionalProperties") is False
        if not closed or set(named) != set(schema.get("required") or ()):
            return False
    return all(map(_is_closed, schema.values()))


def _identifier(wire: CreateMessage) -> str | None:
    user = wire.metadata.user_id if wire.metadata is not None else None
    if not user or len(user) <= MAX_IDENTIFIER:
        return user or None
    return sha256(user.encode()).hexdigest()
