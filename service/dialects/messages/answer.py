"""What a finished run says in the Messages API: blocks, why it stopped, usage. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, assert_never

import msgspec
from msgspec import UNSET, Raw, UnsetType

from service.dialects.messages.searches import search_result
from service.dialects.messages.thinking import seal, seal_call
from service.dialects.validation import is_deeper
from specs.anthropic.answers import (
    AnswerBlock,
    AnswerCompaction,
    AnswerMcpToolResult,
    AnswerMcpToolUse,
    AnswerRedactedThinking,
    AnswerSearchResult,
    AnswerSearchUse,
    AnswerText,
    AnswerThinking,
    AnswerToolUse,
    CacheCreation,
    CharLocation,
    Citation,
    OutputTokensDetails,
    RefusalDetails,
    ServerToolUsage,
    StopReason,
    Usage,
    WebSearchLocation,
)
from specs.events import Finish, RunEnded
from specs.items import (
    Annotation,
    Compaction,
    FunctionCall,
    HostedCall,
    Item,
    Message,
    MessagePart,
    Reasoning,
    ReasoningPart,
    Refusal,
    Sealed,
    Summary,
    Text,
    Thought,
    UrlCitation,
)
from specs.usage import Usage as Tokens

EMPTY_INPUT = Raw(b"{}")
DEEPEST_INPUT = 128
"""Levels; parsers of clients give up on a model's endless brackets, and lose the whole answer with them."""
_object = msgspec.json.Decoder(dict[str, Any])
_citation = msgspec.json.Decoder(Citation)

_STOPS: dict[Finish, StopReason] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "other": "end_turn",
}
_PASSED: dict[tuple[Finish, str], StopReason] = {
    ("length", "model_context_window_exceeded"): "model_context_window_exceeded",
    ("stop", "stop_sequence"): "stop_sequence",
    ("other", "pause_turn"): "pause_turn",
}
"""Reasons that a provider of this same wire tells finer than we do."""
_PAUSES = ("max_steps", "max_tool_calls")
"""Limits of ours after which the answer can be sent back to go on."""
_TIERS = ("standard", "priority", "batch")


def stop_reason(ended: RunEnded, *, raw: str | None, stopped_at: str | None, calls: bool) -> StopReason:
    """Why the answer ends here. `raw` is the provider's reason, `stopped_at` the stop sequence."""
    if "content_filter" in (ended.finish, ended.reason):
        return "refusal"
    if ended.reason in _PAUSES:
        return "pause_turn"
    if (passed := _PASSED.get((ended.finish, raw or ""))) is not None:
        return passed
    if ended.status == "incomplete":
        return "max_tokens"
    if calls:
        return "tool_use"  # clients look here to know that they have to act
    return "stop_sequence" if stopped_at is not None else _STOPS.get(ended.finish, "end_turn")


def refusal_details(reason: StopReason, items: Iterable[Item]) -> RefusalDetails | None:
    """What the model said of its refusal, where it refused."""
    if reason != "refusal":
        return None
    messages = (item for item in items if isinstance(item, Message))
    said = "".join(part.text for item in messages for part in item.content if isinstance(part, Refusal))
    return RefusalDetails(explanation=said or None)


def usage_of(usage: Tokens, service_tier: str | None = None) -> Usage:
    """A run's usage in this API's words, which count the cache beside the input; unknown is none."""
    read = usage.cache_read or 0
    written, written_1h = usage.cache_write or 0, usage.cache_write_1h or 0
    searches, fetches = usage.units.get("web_searches", 0), usage.units.get("web_fetches", 0)
    return Usage(
        input_tokens=max(0, (usage.input or 0) - read - written - written_1h),
        output_tokens=usage.output or 0,
        cache_creation_input_tokens=written + written_1h,
        cache_read_input_tokens=read,
        cache_creation=CacheCreation(written, written_1h),
        output_tokens_details=OutputTokensDetails(usage.reasoning or 0),
        server_tool_use=ServerToolUsage(searches, fetches) if searches or fetches else None,
        service_tier=next((tier for tier in _TIERS if tier == service_tier), None),
        estimated=usage.estimated or UNSET,
    )


def blocks_of(items: Iterable[Item], *, hides_thinking: bool) -> Iterator[AnswerBlock]:
    """The content of a whole answer."""
    for item in items:
        match item:
            case Message():
                yield from (block for part in item.content if (block := _message_block(part)) is not None)
            case Reasoning():
                yield from (thinking_block(item, part, hidden=hides_thinking) for part in item.content)
            case FunctionCall():
                yield from signed_before(item)
                yield AnswerToolUse(item.call_id, item.name, call_input(item))
            case HostedCall():
                yield hosted_use(item)
                yield hosted_result(item)
            case Compaction():
                yield AnswerCompaction(item.summary)
            case _:
                pass


def signed_before(call: FunctionCall) -> Iterator[AnswerRedactedThinking]:
    """The block that carries a call's signature, where the provider signed it."""
    sealed = seal_call(call)
    if sealed is not None:
        yield AnswerRedactedThinking(sealed)


def _message_block(part: MessagePart) -> AnswerText | None:
    """A block without text would be refused where it is sent back."""
    match part:
        case Text(text, annotations) if text:
            return AnswerText(text, tuple(map(citation, annotations)) or None)
        case Refusal(text) if text:
            return AnswerText(text)
        case _:
            return None


def thinking_block(
    item: Reasoning, part: ReasoningPart, *, hidden: bool
) -> AnswerThinking | AnswerRedactedThinking:
    """A part of reasoning, with what restores it."""
    sealed = seal(item, part, with_text=hidden)
    match part:
        case Thought(text) | Summary(text):
            return AnswerThinking("" if hidden else text, sealed)
        case Sealed():
            return AnswerRedactedThinking(sealed)
        case _:
            assert_never(part)


def citation(annotation: Annotation) -> Citation:
    """A source of a text: as the provider told it where its words are ours, else what is known of it."""
    if not isinstance(annotation.raw, UnsetType):
        try:
            return _citation.decode(annotation.raw)
        except msgspec.DecodeError:
            pass  # a provider of another wire has words of its own
    if isinstance(annotation, UrlCitation):
        return WebSearchLocation(annotation.url, annotation.title or None)
    return CharLocation(annotation.filename or None, annotation.file_id or None)


def call_input(call: FunctionCall | HostedCall) -> Raw:
    """A call's arguments as the object this API wants; text that is none is kept inside one."""
    if isinstance(call, FunctionCall) and call.custom:
        return _wrapped("input", call.arguments)
    if not call.arguments.strip():
        return EMPTY_INPUT
    try:
        readable = not is_deeper(_object.decode(call.arguments), DEEPEST_INPUT)
    except (msgspec.DecodeError, RecursionError):
        readable = False
    return Raw(call.arguments.encode()) if readable else _wrapped("invalid_json", call.arguments)


def _wrapped(name: str, text: str) -> Raw:
    return Raw(msgspec.json.encode({name: text}))


def hosted_use(call: HostedCall) -> AnswerMcpToolUse | AnswerSearchUse:
    """A call the server ran."""
    if call.kind == "web_search":
        return AnswerSearchUse(call.call_id, call.name, call_input(call))
    return AnswerMcpToolUse(call.call_id, call.name, call.label, call_input(call))


def hosted_result(call: HostedCall) -> AnswerMcpToolResult | AnswerSearchResult:
    """What came of it; a call that was given up says so."""
    if call.kind == "web_search":
        return search_result(call)
    failed = call.error is not None or call.output is None
    text = call.error if call.error is not None else call.output
    content = (AnswerText(text),) if text else ()
    return AnswerMcpToolResult(call.call_id, failed, content)
