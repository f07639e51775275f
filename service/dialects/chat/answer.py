"""What a finished run says in Chat Completions: message, finish reason, usage, failure. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import UNSET

from specs.errors import Failure
from specs.events import Finish, RunEnded
from specs.items import FunctionCall, Item, Message, Part, Reasoning, Refusal, Summary, Text, Thought
from specs.items import UrlCitation as CitedUrl
from specs.openai import chat
from specs.openai.chat import (
    Annotation,
    AnswerMessage,
    CompletionTokensDetails,
    CompletionUsage,
    CustomToolCall,
    FinishReason,
    Logprobs,
    PromptTokensDetails,
    ToolCall,
    UrlCitation,
)
from specs.usage import Usage

_FINISH_REASONS: dict[Finish, FinishReason] = {
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
}
_UNEXPLAINED = {
    "failed": Failure(500, "server_error", "server_error", "The run failed."),
    "cancelled": Failure(499, "cancelled", "run_cancelled", "The run was cancelled."),
    "expired": Failure(504, "server_error", "run_expired", "The run took too long and was ended."),
}


def failure_of(ended: RunEnded) -> Failure | None:
    """Why a run gave no answer; None when it gave one, whole or not."""
    unexplained = _UNEXPLAINED.get(ended.status)
    return None if unexplained is None else ended.error or unexplained


def finish_reason(ended: RunEnded, *, calls: bool, old_form: bool) -> FinishReason:
    """Why the answer ends here; every limit but a filter is `length`."""
    if ended.status == "incomplete":
        filtered = "content_filter" in (ended.finish, ended.reason)
        return "content_filter" if filtered else "length"
    reason = _FINISH_REASONS.get(ended.finish, "stop")
    if reason == "stop" and calls:
        reason = "tool_calls"  # clients look here to know that they have to act
    return "function_call" if old_form and reason == "tool_calls" else reason


def answer_message(items: tuple[Item, ...], *, old_form: bool) -> AnswerMessage:
    """Join the output items to the one message this API knows.

    In the old form the first call is its `function_call`.
    """
    parts = [part for item in items if isinstance(item, Message) for part in item.content]
    content = "".join([part.text for part in parts if isinstance(part, Text)])
    refusal = "".join([part.text for part in parts if isinstance(part, Refusal)]) or None
    thoughts = [part for item in items if isinstance(item, Reasoning) for part in item.content]
    reasoning = "\n\n".join(
        [part.text for part in thoughts if isinstance(part, Summary | Thought) and part.text]
    )
    calls = [item for item in items if isinstance(item, FunctionCall)]
    in_old_form = calls[:1] if old_form else []
    in_new_form = calls[len(in_old_form) :]
    return AnswerMessage(
        content=content or (None if calls or refusal else ""),
        refusal=refusal,
        annotations=citations(items),
        tool_calls=tuple(map(_tool_call, in_new_form)) or UNSET,
        function_call=_function_call(in_old_form[0]) if in_old_form else UNSET,
        reasoning_content=reasoning or UNSET,
    )


def citations(items: Iterable[Item]) -> tuple[Annotation, ...]:
    """The cited pages, placed in the whole content. Cited files have no form in this API."""
    found: list[Annotation] = []
    offset = 0
    for part in _parts(items):
        if isinstance(part, Text):
            found.extend(_citation(each, offset) for each in part.annotations if isinstance(each, CitedUrl))
            offset += len(part.text)
    return tuple(found)


def logprobs(items: Iterable[Item]) -> Logprobs | None:
    """The log probabilities of the content's tokens, where the provider told them."""
    found = tuple(one for part in _parts(items) if isinstance(part, Text) for one in part.logprobs)
    return Logprobs(content=found) if found else None


def usage_of(usage: Usage) -> CompletionUsage:
    """A run's usage in this API's words; what is unknown counts as none."""
    written = (usage.cache_write, usage.cache_write_1h)
    return CompletionUsage(
        prompt_tokens=usage.input or 0,
        completion_tokens=usage.output or 0,
        total_tokens=usage.total,
        prompt_tokens_details=PromptTokensDetails(
            usage.cache_read or 0,
            usage.input_audio or 0,
            UNSET if written == (None, None) else sum(tokens or 0 for tokens in written),
        ),
        completion_tokens_details=CompletionTokensDetails(usage.reasoning or 0, usage.output_audio or 0),
        estimated=usage.estimated or UNSET,
    )


def _parts(items: Iterable[Item]) -> Iterator[Part]:
    return (part for item in items if isinstance(item, Message) for part in item.content)


def _citation(cited: CitedUrl, offset: int) -> Annotation:
    return Annotation(UrlCitation(cited.start + offset, cited.end + offset, cited.url, cited.title))


def _tool_call(call: FunctionCall) -> ToolCall | CustomToolCall:
    if call.custom:
        return CustomToolCall(call.call_id, chat.CustomCall(call.name, call.arguments))
    return ToolCall(call.call_id, _function_call(call))


def _function_call(call: FunctionCall) -> chat.FunctionCall:
    return chat.FunctionCall(call.name, call.arguments)
