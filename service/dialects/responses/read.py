"""A request's body, read: every field honoured, warned about, or refused by a 400 naming it."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, UnsetType

from service.dialects.base import NewId, Reading
from service.dialects.responses.compaction import read_context_management
from service.dialects.responses.echo import Echo
from service.dialects.responses.items import Input, Said, Warn, read_input
from service.dialects.responses.settings import (
    SEALED_REASONING,
    SEARCH_RESULTS,
    SEARCH_SOURCES,
    read_include,
    read_settings,
)
from service.dialects.responses.tools import Tools, echo_choice, read_choice, read_tools
from service.dialects.validation import checked_metadata, decode, decode_part, is_given, required
from specs.errors import InvalidRequest
from specs.openai.responses import ConversationNamed, CreateResponse
from specs.requests import RunRequest
from specs.state import StateAsk


class _Conversation(CreateResponse, frozen=True):
    """A request whose input is messages, as nearly all are: those are read in the same pass."""

    input: str | list[Said] | None = None  # pyright: ignore[reportIncompatibleVariableOverride]


_messages = msgspec.json.Decoder(_Conversation)
_body = msgspec.json.Decoder(CreateResponse)
_conversation_named = msgspec.json.Decoder(str | ConversationNamed)
_NOT_HONOURED = (
    "moderation",
    "image",
    "access_programs",
    "prompt_cache_options",
    "prompt_cache_retention",
)


def read_request(body: bytes, new_id: NewId) -> Reading:
    """Read the body of `POST /v1/responses`."""
    wire = _decoded(body)
    _refuse_unserved(wire)
    conversation = _conversation(wire)
    goes_on = wire.previous_response_id is not None or conversation is not None
    model = _model(wire)
    warnings: list[str] = []
    _warn_of_unhonoured(wire, warnings.append)
    include = read_include(wire.include or ())
    settings = read_settings(wire, include=include, warn=warnings.append)
    tools = read_tools(wire.tools or [], warn=warnings.append)
    choice = read_choice(wire.tool_choice, warn=warnings.append)
    read = read_input(wire.input, new_id=new_id, warn=warnings.append, goes_on=goes_on)
    request = RunRequest(
        model,
        read.items,
        instructions=wire.instructions,
        tools=tools.functions,
        tool_choice=choice,
        settings=settings,
        metadata=checked_metadata(wire.metadata),
        max_tool_calls=wire.max_tool_calls,
        may_truncate=wire.truncation == "auto",
        compaction=read_context_management(wire.context_management, warn=warnings.append),
        hosted=tools.hosted,
        hosted_params=tools.params,
        may_ask=True,
        approvals=read.approvals,
        warnings=tuple(warnings),
    )
    state = _state(wire, conversation, read)
    echo = _echo(wire, request, tools, include)
    return Reading(request, echo, bool(wire.stream), state, read.files, tools.credentials)


def _decoded(body: bytes) -> CreateResponse | _Conversation:
    try:
        return decode(body, _messages)
    except InvalidRequest:  # there are other items too; or something is wrong, and reading each says what
        return decode(body, _body)


def _state(wire: CreateResponse, conversation: str | None, read: Input) -> StateAsk:
    return StateAsk(
        store=wire.store is not False,
        store_named=wire.store is not None,
        previous=wire.previous_response_id,
        conversation=conversation,
        background=bool(wire.background),
        references=read.references,
        results=read.results,
        summaries=read.summaries,
    )


def _model(wire: CreateResponse) -> str:
    """The agent; empty where that of the previous response goes on."""
    if wire.previous_response_id is not None:
        return wire.model or ""
    return required(wire.model or None, param="model")


def _conversation(wire: CreateResponse) -> str | None:
    """The conversation's id, which is sent bare or in an object."""
    if isinstance(wire.conversation, UnsetType) or not is_given(wire.conversation):
        return None
    named = decode_part(wire.conversation, _conversation_named, param="conversation")
    if wire.previous_response_id is not None:
        raise InvalidRequest(
            "conversation and previous_response_id exclude each other; send one.", param="conversation"
        )
    return named if isinstance(named, str) else named.id


def _echo(wire: CreateResponse, request: RunRequest, tools: Tools, include: frozenset[str]) -> Echo:
    return Echo(
        model=request.agent,
        instructions=request.instructions,
        tools=tools.echo,
        tool_choice=echo_choice(request.tool_choice, request.tools),
        max_tool_calls=wire.max_tool_calls,
        truncation=wire.truncation or "disabled",
        metadata=request.metadata,
        safety_identifier=wire.safety_identifier,
        prompt_cache_key=wire.prompt_cache_key,
        user=UNSET if wire.user is None else wire.user,
        sealed=SEALED_REASONING in include,
        sources=SEARCH_SOURCES in include,
        results=SEARCH_RESULTS in include,
        padded=bool(wire.stream_options and wire.stream_options.include_obfuscation),
    )


def _refuse_unserved(wire: CreateResponse) -> None:
    """No prompts are kept, and what runs in the background is: refuse what would need otherwise."""
    if wire.background and wire.store is False:
        raise InvalidRequest(
            "background: what is made in the background is stored; leave out store, or set it to true.",
            param="background",
        )
    if is_given(wire.prompt):
        raise InvalidRequest("prompt is not supported by this server.", param="prompt")


def _warn_of_unhonoured(wire: CreateResponse, warn: Warn) -> None:
    for field in _NOT_HONOURED:
        if is_given(getattr(wire, field)):
            warn(f"{field} is not honoured.")
