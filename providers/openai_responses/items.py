"""Items as the input of the Responses API."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

import msgspec
from msgspec import Raw

from providers.history import Warnings, Writing
from providers.openai_responses import body as wire
from providers.openai_responses.parts import input_parts, output_parts
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

_encode = msgspec.json.Encoder().encode


class InputWriting(Writing, frozen=True):
    """Writes what goes to one place; reasoning and searches that it did not make are left out."""

    origin: str

    def write(self, items: Sequence[ContextItem], warnings: Warnings, *, after: int) -> bytes:
        """See `Writing`."""
        found: list[wire.InputItem] = []
        for index, item in enumerate(items):
            if isinstance(item, Reasoning):
                if item.origin == self.origin and _is_followed(items, index):
                    found.extend(_reasoning(item))
            elif isinstance(item, HostedCall) and item.native is not None and item.origin == self.origin:
                found.append(Raw(item.native.encode()))
            else:
                found.extend(_item(item, f"input[{after + index}]", warnings))
        return _encode(found)[1:-1]


def _is_followed(items: Sequence[ContextItem], index: int) -> bool:
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
