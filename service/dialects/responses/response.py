"""The response object: what a run's start, end and usage say in it."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Raw, UnsetType, structs

from service.dialects.responses.echo import Echo
from service.ids import response_id
from specs.events import RunCreated, RunEnded
from specs.openai.response_items import OutputItem
from specs.openai.responses import (
    ConversationNamed,
    Format,
    IncompleteDetails,
    InputTokensDetails,
    JsonObjectFormat,
    JsonSchemaFormat,
    OutputTokensDetails,
    ReasoningField,
    Response,
    ResponseError,
    ResponseStatus,
    ResponseUsage,
    TextField,
    TextFormat,
)
from specs.requests import ResponseFormat, Settings
from specs.usage import Usage

_STATUS: dict[str, ResponseStatus] = {"expired": "incomplete"}
"""Where a run's status is not a response's."""
_REASONS = ("max_output_tokens", "max_tool_calls", "content_filter")
"""Reasons the API names itself; ours take a prefix."""
_FINISH_REASONS = {"length": "max_output_tokens", "content_filter": "content_filter"}


def first_response(created: RunCreated, echo: Echo) -> Response:
    """The response as it begins: the caller's own words, and the settings that hold."""
    settings = created.request.settings
    return Response(
        id=response_id(created.run),
        created_at=created.created_at,
        status="in_progress",
        model=echo.model,
        instructions=echo.instructions,
        tools=echo.tools,
        tool_choice=echo.tool_choice,
        parallel_tool_calls=settings.parallel_tool_calls is not False,
        max_tool_calls=echo.max_tool_calls,
        text=_text(settings),
        reasoning=_reasoning(settings),
        temperature=_number(settings.temperature, 1.0),
        top_p=_number(settings.top_p, 1.0),
        presence_penalty=_number(settings.presence_penalty, 0.0),
        frequency_penalty=_number(settings.frequency_penalty, 0.0),
        top_logprobs=settings.top_logprobs or 0,
        max_output_tokens=settings.max_output_tokens,
        truncation=echo.truncation,
        service_tier=settings.service_tier or "default",
        metadata=echo.metadata,
        safety_identifier=echo.safety_identifier,
        prompt_cache_key=echo.prompt_cache_key,
        user=echo.user,
        previous_response_id=echo.previous,
        conversation=None if echo.conversation is None else ConversationNamed(echo.conversation),
        store=echo.store,
        background=echo.background,
    )


def last_response(begun: Response, output: tuple[OutputItem, ...], ended: RunEnded) -> Response:
    """The response as it ends."""
    return structs.replace(
        begun,
        status=_STATUS.get(ended.status, ended.status),
        completed_at=max(ended.completed_at, begun.created_at),
        output=output,
        error=_error(ended),
        incomplete_details=_incomplete_details(ended),
        usage=_usage(ended),
        service_tier=ended.service_tier or begun.service_tier,
    )


def usage_fields(usage: Usage) -> ResponseUsage:
    """Tokens in the API's words; what nobody counted is zero."""
    return ResponseUsage(
        usage.input or 0,
        InputTokensDetails(usage.cache_read or 0, (usage.cache_write or 0) + (usage.cache_write_1h or 0)),
        usage.output or 0,
        OutputTokensDetails(usage.reasoning or 0),
        usage.total,
        True if usage.estimated else UNSET,
    )


def _usage(ended: RunEnded) -> ResponseUsage | None:
    """Clients need the counts of every answer; of a failed run only if any are known."""
    unknown = ended.usage.input is None and ended.usage.output is None
    return None if ended.status == "failed" and unknown else usage_fields(ended.usage)


def _error(ended: RunEnded) -> ResponseError | None:
    if ended.status != "failed":
        return None
    if ended.error is None:
        return ResponseError("server_error", "The run failed.")
    return ResponseError(ended.error.code, ended.error.message)


def _incomplete_details(ended: RunEnded) -> IncompleteDetails | None:
    """Why there is no more. A cancelled or expired run gives that as its reason."""
    match ended.status:
        case "completed" | "failed":
            return None
        case "incomplete":
            reason = ended.reason or _FINISH_REASONS.get(ended.finish, ended.finish)
        case status:
            reason = status
    return IncompleteDetails(reason if reason in _REASONS else f"dragoman:{reason}")


def _number(value: float | None, default: float) -> float:
    return default if value is None else value


def _reasoning(settings: Settings) -> ReasoningField | None:
    if settings.reasoning_effort is None and settings.reasoning_summary is None:
        return None
    return ReasoningField(settings.reasoning_effort, settings.reasoning_summary)


def _text(settings: Settings) -> TextField:
    return TextField(_format(settings.response_format), settings.verbosity or UNSET)


def _format(wanted: ResponseFormat | None) -> Format:
    kind: Literal["text", "json_object", "json_schema"] = "text" if wanted is None else wanted.kind
    if wanted is None or kind == "text":
        return TextFormat()
    if kind == "json_object":
        return JsonObjectFormat()
    schema = Raw(b"{}") if isinstance(wanted.schema, UnsetType) else wanted.schema
    return JsonSchemaFormat(
        wanted.name or "response", schema, wanted.description or UNSET, bool(wanted.strict)
    )
